package train

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name+".jsonl"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir := write(t, "x", `{"id":"1","title":"T","text":"T\nbody","label":"bug"}`+"\n"+`{"id":"2","text":"b","label":["a","c"],"stars":4}`+"\n")
	rows, err := Read(dir, "x")
	if err != nil || len(rows) != 2 {
		t.Fatalf("Read = %v, %v", rows, err)
	}
	if rows[0].Body() != "\nbody" || !rows[0].Has("bug") || !rows[1].Has("c") || rows[1].Stars != 4 {
		t.Errorf("rows = %+v", rows)
	}
	if _, err := Read(dir, "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing set gives %v, want fs.ErrNotExist", err)
	}
	for _, bad := range []string{"{", `{"text":"x"}`, `{"text":"x","label":3}`} {
		if _, err := Read(write(t, "bad", bad), "bad"); err == nil {
			t.Errorf("Read accepted %q", bad)
		}
	}
}

func TestShippingRefusesSetsWithoutLicence(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nlbse24_issues", "so_emotions", "reviews_quality", "signal_issues", "mozilla_severity", "anything"} {
		dir := write(t, name, `{"id":"1","text":"x","label":"bug"}`)
		if _, err := ReadForShipping(dir, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("ReadForShipping(%s) = %v, want a refusal by name", name, err)
		}
	}
	if _, err := ReadForShipping(write(t, "senti4sd", `{"id":"1","text":"x","label":"neutral"}`), "senti4sd"); err != nil {
		t.Errorf("an MIT set was refused: %v", err)
	}
}

func TestSplitKeepsSameTextsTogether(t *testing.T) {
	t.Parallel()
	var rows []Row
	for i := range 500 {
		rows = append(rows, Row{ID: string(rune(i)), Text: strings.Repeat("a", i%250)})
	}
	train, test := Split(rows)
	if len(test) < 50 || len(test) > 150 {
		t.Errorf("%d of 500 are in the test part", len(test))
	}
	seen := map[string]bool{}
	for _, r := range train {
		seen[r.Text] = true
	}
	for _, r := range test {
		if seen[r.Text] {
			t.Fatal("a text is in both parts")
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	acc, macro, per := MacroF1([]int{0, 0, 1, 1}, []int{0, 1, 1, 1}, 2)
	if acc != 0.75 || math.Abs(per[0]-2.0/3) > 1e-9 || math.Abs(per[1]-0.8) > 1e-9 || math.Abs(macro-(2.0/3+0.8)/2) > 1e-9 {
		t.Errorf("MacroF1 = %v %v %v", acc, macro, per)
	}
	if f := F1([]bool{true, true, false}, []bool{true, false, true}); f != 0.5 {
		t.Errorf("F1 = %v, want 0.5", f)
	}
	if f := F1([]bool{false}, []bool{true}); f != 0 {
		t.Errorf("F1 without a hit = %v", f)
	}
	th, best := BestThreshold([]float32{0.9, 0.8, 0.3, 0.1}, []bool{true, true, false, false})
	if best != 1 || th <= 0.3 || th > 0.8 {
		t.Errorf("BestThreshold = %v, %v", th, best)
	}
}

func TestWeakLabels(t *testing.T) {
	t.Parallel()
	at := func(target []float32, label string) float32 {
		for i, l := range CategoryLabels {
			if l == label {
				return target[i]
			}
		}
		return -9
	}
	if got := weakReport("Add an option to sort"); at(got, "feature_request") != 1 || at(got, "bug") != linear.Unknown {
		t.Errorf("a wish is labelled %v", got)
	}
	if got := weakReport("It throws a NullPointerException"); at(got, "bug") != 1 {
		t.Errorf("an exception is labelled %v", got)
	}
	if got := weakReport("Blue"); at(got, "bug") != linear.Unknown {
		t.Errorf("a text that says nothing is labelled %v", got)
	}
	if got := postTarget(&Row{Text: "How do I sort a map by value?"}); got == nil || at(got, "question") != 1 {
		t.Errorf("a question is labelled %v", got)
	}
}

func TestEmotionSamplesStayWithinThePolarity(t *testing.T) {
	t.Parallel()
	got := EmotionSamples([]Row{{Text: "I hate this, it is horrible", Labels: []string{"negative"}}, {Text: "thanks, I love it", Labels: []string{"positive"}}, {Text: "ok", Labels: []string{"neutral"}}})
	for i, want := range []string{"anger", "love", "none"} {
		if best := EmotionLabels[ArgMax(got[i].Target)]; best != want {
			t.Errorf("%q becomes %s, want %s", got[i].In.Text, best, want)
		}
		var sum float32
		for _, v := range got[i].Target {
			sum += v
		}
		if math.Abs(float64(sum-1)) > 1e-5 {
			t.Errorf("target of %q sums to %v", got[i].In.Text, sum)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	enc, err := NewEncoder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := enc.Prepare(EmotionSeeds())
	if err != nil {
		t.Fatal(err)
	}
	r := EmotionRecipe
	r.Grams.Bits, r.Grams.Epochs = 14, 5
	h, err := Fit(r, p)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, q := range h.Predictions(p, true) {
		if ArgMax(q) == ArgMax(p.Samples[i].Target) {
			right++
		}
	}
	if right < len(p.Samples)*8/10 {
		t.Errorf("%d of %d training examples are right, the head learnt nothing", right, len(p.Samples))
	}
	// The second time the vectors come from the cache and are the same.
	q, err := enc.Prepare(EmotionSeeds())
	if err != nil || q.Vectors[0][0] != p.Vectors[0][0] {
		t.Errorf("cached vectors differ: %v", err)
	}
}
