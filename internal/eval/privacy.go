package eval

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hypercare/hypercare/internal/mask"
)

//go:embed testdata/privacy/*.txt
var privacyTexts embed.FS

// privacySets measure what finds personal data and secrets: on texts that were
// written for it and looked at while it was made, on others that were written
// afterwards and changed nothing, and on texts of others.
var privacySets = []set{
	{"privacy", func(context.Context, string) ([]Row, error) { return runPrivacy("texts", "seen while it was made") }},
	{"privacy_unseen", func(context.Context, string) ([]Row, error) {
		return runPrivacy("unseen", "written afterwards, nothing was changed for it")
	}},
	{"privacy_others", runPrivacyOthers},
}

// marked is a text with the places of what is personal in it.
type marked struct {
	text  string
	spans []mask.Span
}

// readMarked takes "⟦kind|value⟧" out of a line.
func readMarked(line string) (marked, error) {
	var m marked
	var b strings.Builder
	for rest := strings.ReplaceAll(line, "~", ""); ; {
		before, after, found := strings.Cut(rest, "⟦")
		b.WriteString(before)
		if !found {
			m.text = b.String()
			return m, nil
		}
		kind, after, ok := strings.Cut(after, "|")
		value, after, closed := strings.Cut(after, "⟧")
		if !ok || !closed || !mask.Known(kind) {
			return m, fmt.Errorf("%q is not marked as it should be", line)
		}
		m.spans = append(m.spans, mask.Span{Start: b.Len(), End: b.Len() + len(value), Kind: kind})
		b.WriteString(value)
		rest = after
	}
}

func readMarkedFile(name string) ([]marked, error) {
	f, err := privacyTexts.Open("testdata/privacy/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // embedded
	var out []marked
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		if line := sc.Text(); line != "" && !strings.HasPrefix(line, "# ") {
			m, err := readMarked(line)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	return out, sc.Err()
}

// alike are kinds that may stand for one another: a token behind the word
// password is one or the other.
func alike(a, b string) bool {
	secret := func(k string) bool { return k == mask.Password || k == mask.Token }
	return a == b || secret(a) && secret(b)
}

// Targets of recall and precision by kind.
var privacyTargets = map[string][2]float64{
	mask.Card: {0.95, 0.95}, mask.IBAN: {0.95, 0.95}, mask.Email: {0.95, 0.95}, mask.Token: {0.95, 0.95}, mask.Password: {0.9, 0.95}, mask.Phone: {0.9, 0.95}, mask.ID: {0.9, 0.95},
}

// misses, when set by a test, is told what was missed or found in vain.
type misses func(kind, what, text string)

func scorePrivacy(list []marked, tell misses) (right, all, found, true_ map[string]int, clean, wrong int) {
	right, all, found, true_ = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range list {
		got := mask.Find(m.text)
		if len(m.spans) == 0 {
			clean++
			if len(got) > 0 {
				wrong++
			}
		}
		for _, s := range m.spans {
			all[s.Kind]++
			ok := false
			for _, g := range got {
				ok = ok || alike(s.Kind, g.Kind) && g.Start <= s.Start && g.End >= s.End
			}
			if ok {
				right[s.Kind]++
			} else if tell != nil {
				tell(s.Kind, "missed "+m.text[s.Start:s.End], m.text)
			}
		}
		for _, g := range got {
			found[g.Kind]++
			ok := false
			for _, s := range m.spans {
				ok = ok || alike(s.Kind, g.Kind) && g.Start < s.End && s.Start < g.End
			}
			if ok {
				true_[g.Kind]++
			} else if tell != nil {
				tell(g.Kind, "found in vain "+m.text[g.Start:g.End], m.text)
			}
		}
	}
	return right, all, found, true_, clean, wrong
}

func runPrivacy(name, note string) ([]Row, error) {
	list, err := readMarkedFile(name)
	if err != nil {
		return nil, err
	}
	set := "privacy"
	if name != "texts" {
		set += "_" + name
	}
	right, all, found, true_, clean, wrong := scorePrivacy(list, nil)
	var rows []Row
	for _, k := range mask.Kinds {
		if all[k] == 0 {
			continue
		}
		t := privacyTargets[k]
		rows = append(rows, Row{Set: set, Metric: k + " recall", N: all[k], Ours: ratio(right[k], all[k]), Target: t[0], Note: note},
			Row{Set: set, Metric: k + " precision", N: found[k], Ours: ratio(true_[k], found[k]), Target: t[1], Note: note})
	}
	return append(rows, Row{Set: set, Metric: "clean texts with a finding, per 1,000", N: clean, Ours: 1000 * ratio(wrong, clean), Note: note + "; hard negatives only"}), nil
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// runPrivacyOthers counts what is found in texts of others, which are not
// marked: reviews and questions to a bank have next to nothing personal in
// them, so what is found there is mostly wrong; issues have addresses and
// e-mails of their own.
func runPrivacyOthers(ctx context.Context, dir string) ([]Row, error) {
	var rows []Row
	for _, name := range []string{"banking77", "maalej_reviews", "umsab_sentiment", "nlbse24_issues", "it_tickets"} {
		texts, err := textsOf(filepath.Join(dir, name+".jsonl"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		with, by := 0, map[string]int{}
		for _, t := range texts {
			got := mask.Find(t)
			if len(got) > 0 {
				with++
			}
			seen := map[string]bool{}
			for _, g := range got {
				if !seen[g.Kind] {
					seen[g.Kind] = true
					by[g.Kind]++
				}
			}
		}
		note := "found, not marked by hand:"
		for _, k := range mask.Kinds {
			if by[k] > 0 {
				note += fmt.Sprintf(" %s %d", k, by[k])
			}
		}
		rows = append(rows, Row{Set: "privacy_others", Metric: name + ": texts with a finding, per 1,000", N: len(texts), Ours: 1000 * ratio(with, len(texts)), Note: note})
	}
	if rows == nil {
		return nil, fmt.Errorf("texts of others: %w", fs.ErrNotExist)
	}
	return rows, nil
}

// textsOf reads the texts of a file of JSON lines.
func textsOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	var out []string
	d := json.NewDecoder(bufio.NewReader(f))
	for d.More() {
		var row struct{ Text, Title, Body string }
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
		if t := strings.TrimSpace(row.Title + "\n" + row.Text + row.Body); t != "" {
			out = append(out, t)
		}
	}
	return out, nil
}
