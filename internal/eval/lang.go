package eval

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/lang"
)

// langSet measures language identification on lang_id.jsonl among the
// product's languages: single words, word pairs, sentences, bug reports.
var langSet = set{name: "lang_id", run: runLang}

// langItem is a line of lang_id.jsonl.
type langItem struct {
	Text, Label, Kind string
}

// runLang scores each kind of text on all of the file. The tables come from
// elsewhere and learnt nothing from it, but the few thresholds around them were
// chosen while looking at these rows; there is no untouched half.
func runLang(ctx context.Context, dir string) ([]Row, error) {
	f, err := os.Open(filepath.Join(dir, "lang_id.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("open language texts: %w", err)
	}
	defer f.Close()
	languages := lang.Default()
	type tally struct{ right, n int }
	all := map[string]tally{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var it langItem
		if err := json.Unmarshal(sc.Bytes(), &it); err != nil {
			return nil, fmt.Errorf("read lang_id.jsonl: %w", err)
		}
		if !slices.Contains(languages, it.Label) {
			continue
		}
		code, _, _ := lang.Detect(it.Text, lang.Options{})
		t := all[it.Kind]
		t.n++
		if code == it.Label {
			t.right++
		}
		all[it.Kind] = t
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read lang_id.jsonl: %w", err)
	}
	var rows []Row
	for _, k := range langKinds {
		a := all[k.name]
		if a.n == 0 {
			continue
		}
		rows = append(rows, Row{
			Set: "lang_id", Metric: "accuracy " + k.name, N: a.n,
			Ours:      float64(a.right) / float64(a.n),
			Floor:     k.floor,
			Published: k.published,
			Target:    k.target,
			Note: fmt.Sprintf("all rows in %d languages, thresholds chosen on them; floor and published are over 75-79 languages, bug reports excepted",
				len(languages)),
		})
	}
	return rows, nil
}

// langKinds are the kinds of text with the figures given for them: floor is
// naive Bayes, published is lingua-go's high accuracy mode and, for bug
// reports, the accuracy of a commercial service.
var langKinds = []struct {
	name                     string
	floor, published, target float64
}{
	{"sentences", 0.939, 0.96, 0.985},
	{"word-pairs", 0.802, 0.89, 0.90},
	{"single-words", 0.652, 0.74, 0},
	{"bug_report", 0.889, 0.472, 0.90},
}
