package linear

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"I can't open it!!!", []string{"I", "can't", "open", "it", "!!!"}},
		{"great :) thanks", []string{"great", ":)", "thanks"}},
		{"see http://x.y", []string{"see", "http", ":", "//", "x", ".", "y"}},
		{"😡😡😡 no", []string{"😡", "no"}},
		{"打不开 app", []string{"打", "不", "开", "app"}},
		{"a\xffb\x00c", []string{"a", "b", "c"}},
		{"", nil},
	} {
		if got := SplitWords(c.text); !slices.Equal(got, c.want) {
			t.Errorf("SplitWords(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"SOOOOO": "soo", "Don’t": "don't", "plain": "plain", "ÄRGER": "ärger", "1000": "1000"} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestExtractBounds(t *testing.T) {
	t.Parallel()
	d := Extract(Text{Title: strings.Repeat("word ", 700), Body: strings.Repeat("x", 1<<20)})
	if len(d.Words) > maxWords {
		t.Errorf("%d words are read, want at most %d", len(d.Words), maxWords)
	}
	for i, f := range d.Features {
		if i > 0 && d.Features[i-1].Hash == f.Hash && d.Features[i-1].Group == f.Group {
			t.Fatal("a feature is there twice")
		}
	}
}

// reports is a small task: what kind of report is it?
func reports() (labels []string, examples []Example) {
	labels = []string{"bug", "wish", "praise"}
	texts := [][]string{
		{"the app crashes on start", "it crashes when saving", "an error when I open it", "crash again and again", "the button is broken and shows an error"},
		{"please add a dark mode", "would be nice to have export", "add an option please", "please support sorting", "it would be nice to add tags"},
		{"great app love it", "love this so much", "best app ever great work", "great and fast", "I love it thank you"},
	}
	for c, ts := range texts {
		for _, text := range ts {
			target := make([]float32, len(labels))
			target[c] = 1
			dense := make([]float32, 8)
			dense[c] = 1
			examples = append(examples, Example{Doc: Extract(Text{Body: text}), Dense: dense, Target: target, Weight: 1})
		}
	}
	return labels, examples
}

func packed(t *testing.T, independent bool) (*Model, []Example) {
	t.Helper()
	labels, examples := reports()
	grams := Train(labels, examples, Options{Bits: 14, Independent: independent})
	dense := Train(labels, examples, Options{Dim: 8, Independent: independent})
	raw, err := Encode(Pack{Grams: grams, Dense: dense, Mix: 0.5})
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	m, err := Decode(raw)
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	return m, examples
}

func TestTrainAndPredict(t *testing.T) {
	t.Parallel()
	for _, independent := range []bool{false, true} {
		m, examples := packed(t, independent)
		for _, c := range []struct{ text, want string }{
			{"it crashes with an error", "bug"}, {"please add sorting", "wish"}, {"great, I love the app", "praise"},
		} {
			p := m.Predict(Extract(Text{Body: c.text}), nil)
			best := 0
			for i, v := range p {
				if v > p[best] {
					best = i
				}
				if v < 0 || v > 1 {
					t.Errorf("probability %v", v)
				}
			}
			if m.Labels[best] != c.want {
				t.Errorf("independent=%v: %q is %s %v, want %s", independent, c.text, m.Labels[best], p, c.want)
			}
		}
		// The dense part alone must be able to overrule silence of the words.
		p := m.Predict(Extract(Text{Body: "zzz"}), examples[0].Dense)
		if p[0] < p[1] || p[0] < p[2] {
			t.Errorf("independent=%v: the vector of a bug gives %v", independent, p)
		}
	}
}

func TestTrainIsDeterministic(t *testing.T) {
	t.Parallel()
	labels, examples := reports()
	pack := func() []byte {
		raw, err := Encode(Pack{Grams: Train(labels, examples, Options{Bits: 12, Drop: 0.3, Seed: 7})})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if !bytes.Equal(pack(), pack()) {
		t.Error("two trainings on the same examples differ")
	}
}

func TestUnknownTargetsTeachNothing(t *testing.T) {
	t.Parallel()
	labels, examples := reports()
	for i := range examples {
		examples[i].Target[2] = Unknown
	}
	m := Train(labels, examples, Options{Bits: 12, Independent: true})
	p := Probabilities(m.Logits(examples[0].Doc, nil), true)
	if math.Abs(float64(p[2])-0.5) > 1e-6 {
		t.Errorf("a label that was always unknown has probability %v, want 0.5", p[2])
	}
}

func TestKeepDropsWeakBuckets(t *testing.T) {
	t.Parallel()
	labels, examples := reports()
	grams := Train(labels, examples, Options{Bits: 14})
	all, _ := Encode(Pack{Grams: grams})
	some, _ := Encode(Pack{Grams: grams, Keep: 50})
	if len(some) >= len(all) || len(some) > 600 {
		t.Errorf("50 buckets take %d bytes, all take %d", len(some), len(all))
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	m, _ := packed(t, false)
	var got []string
	for _, e := range m.Explain(Extract(Text{Body: "Yesterday the app crashes, sadly"}), 0, 2) {
		got = append(got, e.Text)
	}
	if len(got) == 0 || !strings.Contains(got[0], "crashes") {
		t.Errorf("Explain says %q decided, want \"crashes\" first", got)
	}
	if e := m.Explain(Extract(Text{}), 0, 3); len(e) != 0 {
		t.Errorf("Explain of an empty text = %v", e)
	}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	_, examples := reports()
	got := balance(examples, 3, Options{Independent: true, Balance: 1})
	if d := cmp.Diff([]float32{2, 2, 2}, got); d != "" {
		t.Errorf("a yes among two noes: %s", d)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add("Title", "soooo \xff 打不开 :-) don't")
	f.Fuzz(func(t *testing.T, title, body string) {
		d := Extract(Text{Title: title, Body: body, Extras: []string{"x"}})
		for _, f := range d.Features {
			if int(f.Word)+int(f.Span) > len(d.Words) || f.Word < -1 {
				t.Fatalf("feature %+v of %d words", f, len(d.Words))
			}
			if v := d.Value(f); !(v > 0) || v > 1 {
				t.Fatalf("value %v", v)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	labels, examples := reports()
	raw, _ := Encode(Pack{Grams: Train(labels, examples, Options{Bits: 8}), Dense: Train(labels, examples, Options{Dim: 8}), Keep: 20})
	f.Add(raw)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Decode(raw)
		if err != nil {
			return
		}
		d := Extract(Text{Body: "the app crashes"})
		m.Predict(d, make([]float32, m.Dim()))
		m.Explain(d, 0, 3)
	})
}
