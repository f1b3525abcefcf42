package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/nlp/seed"
	"github.com/hypercare/hypercare/internal/nlp/train"
)

// writeSet writes a small set in the format of the labelled data, from the
// examples written for the project.
func writeSet(t *testing.T, dir, name string, labelOf func(seed.Example) string) {
	t.Helper()
	var b bytes.Buffer
	for i, e := range seed.Emotions() {
		if e.Lang != "en" {
			continue
		}
		raw, err := json.Marshal(map[string]any{"id": fmt.Sprint(i), "text": e.Text, "label": labelOf(e)})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(raw, '\n'))
	}
	if err := os.WriteFile(filepath.Join(dir, name+".jsonl"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRunPrintsATable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeSet(t, dir, "senti4sd", func(e seed.Example) string {
		switch e.Labels[0] {
		case "joy", "love":
			return "positive"
		case "anger", "sadness", "fear":
			return "negative"
		}
		return "neutral"
	})
	var out bytes.Buffer
	if err := Run(t.Context(), dir, []string{"senti4sd"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"set", "macro F1, shipped engine", "trained on its own train part", "0.730", "0.850"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestOutcomeScores(t *testing.T) {
	t.Parallel()
	o := &outcome{
		rows:       []train.Row{{Labels: []string{"a"}}, {Labels: []string{"b"}}, {Labels: []string{"a"}}},
		probs:      [][]float32{{0.9, 0.1}, {0.2, 0.8}, {0.4, 0.6}},
		thresholds: [][]float32{{0.3, 0.7}, {0.3, 0.7}, {0.3, 0.7}},
	}
	acc, _, _ := o.single([]string{"a", "b"})
	if acc < 0.66 || acc > 0.67 {
		t.Errorf("accuracy = %v, want two of three", acc)
	}
	per, mean := o.each([]string{"a", "b"})
	if per[0] != 1 || per[1] != 1 || mean != 1 {
		t.Errorf("each = %v, %v, want all right at the thresholds", per, mean)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Row{"-": {Ours: 1}, "0.500 reached": {Ours: 0.5, Target: 0.5}, "0.600 missed": {Ours: 0.5, Target: 0.6}} {
		if got := verdict(r); got != want {
			t.Errorf("verdict(%+v) = %q, want %q", r, got, want)
		}
	}
}
