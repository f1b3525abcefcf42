// Package train fits the heads that the engine ships and the ones that the
// evaluation compares it with. The committed command tools/nlptrain writes
// the former; nothing here runs inside the product.
package train

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
)

// Row is one labelled text of a data set.
type Row struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Text    string   `json:"text"` // starts with the title where there is one
	Labels  []string `json:"-"`
	Lang    string   `json:"lang"`
	Stars   float64  `json:"stars"`
	Project string   `json:"project"`
	Repo    string   `json:"repo"`
	Kind    string   `json:"kind"`
	Source  string   `json:"source"`
}

// Has tells whether the row carries a label.
func (r *Row) Has(label string) bool {
	for _, l := range r.Labels {
		if l == label {
			return true
		}
	}
	return false
}

// Body is the text without the title.
func (r *Row) Body() string {
	if r.Title != "" && len(r.Text) >= len(r.Title) && r.Text[:len(r.Title)] == r.Title {
		return r.Text[len(r.Title):]
	}
	return r.Text
}

// Read reads the data set called name from dir. A missing file is an error
// that wraps fs.ErrNotExist.
func Read(dir, name string) ([]Row, error) {
	f, err := os.Open(filepath.Join(dir, name+".jsonl"))
	if err != nil {
		return nil, fmt.Errorf("open data set %s: %w", name, err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	var out []Row
	for n := 1; sc.Scan(); n++ {
		var r struct {
			Row
			Label json.RawMessage `json:"label"`
		}
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("data set %s, line %d: %w", name, n, err)
		}
		var one string
		if json.Unmarshal(r.Label, &one) == nil {
			r.Labels = []string{one}
		} else if err := json.Unmarshal(r.Label, &r.Labels); err != nil {
			return nil, fmt.Errorf("data set %s, line %d: label: %w", name, n, err)
		}
		out = append(out, r.Row)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read data set %s: %w", name, err)
	}
	return out, nil
}

// Folds is into how many parts every set is divided.
const Folds = 5

// Fold puts a text into one of Folds parts by its hash, so that the same text
// in two sets lands in the same part. Part 0 is the test part: no shipped head
// has seen it.
func Fold(text string) int {
	h := fnv.New32a()
	h.Write([]byte(text))
	return int(h.Sum32()>>8) % Folds
}

// Split divides rows into the training part and the test part.
func Split(rows []Row) (train, test []Row) {
	for _, r := range rows {
		if Fold(r.Text) == 0 {
			test = append(test, r)
		} else {
			train = append(train, r)
		}
	}
	return train, test
}

// Licence says what a set may be used for.
type Licence struct {
	Name string
	// Ship is true when a shipped head may be trained on the set.
	Ship bool
	Note string
}

// Licences of the sets that this program knows, as their publishers state them.
var Licences = map[string]Licence{
	"senti4sd":         {"MIT", true, ""},
	"umsab_sentiment":  {"Apache-2.0", true, "texts are posts under the terms of their platform; only hashed n-gram weights are kept of them"},
	"maalej_reviews":   {"CC0", true, ""},
	"security_reports": {"EPL-1.0", true, ""},
	"banking77":        {"CC BY 4.0", true, ""},
	"it_tickets":       {"CC0", true, ""},
	"lang_id":          {"Apache-2.0 and CC BY 4.0", true, "only the bug reports that editors labelled with a language"},
	"nlbse24_issues":   {"none stated", false, "measuring only"},
	"so_emotions":      {"none stated", false, "measuring only"},
	"reviews_quality":  {"none stated", false, "measuring only"},
	"signal_issues":    {"none stated", false, "measuring only"},
	"mozilla_severity": {"none stated", false, "measuring only"},
}

// ReadForShipping is Read for sets whose licence allows shipping weights made
// from them; it refuses the others.
func ReadForShipping(dir, name string) ([]Row, error) {
	l, ok := Licences[name]
	if !ok || !l.Ship {
		return nil, fmt.Errorf("refusing to train a shipped head on %s: licence %q does not allow it", name, l.Name)
	}
	return Read(dir, name)
}
