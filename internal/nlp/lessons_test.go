package nlp

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// printerTexts are reports about one matter, written for this test.
var printerTexts = []string{
	"The label printer in the warehouse prints blank labels", "Label printer does not pull the paper any more", "Zebra printer shows offline although it is switched on",
	"Labels come out of the printer shifted by one centimetre", "Printer driver for the label printer is missing on the new desk", "The warehouse printer jams with every second label",
	"Cannot print shipping labels, printer queue is stuck", "Shipping label printer prints only half of the barcode", "Our label printer lost its network address",
	"Print quality of the labels is bad, the barcode cannot be scanned", "Label printer beeps and prints nothing", "The printer in the warehouse needs a new print head",
	"Print job for labels stays in the queue", "Printer settings reset to A4 instead of labels", "Wrong label size selected on the printer after restart",
	"The printer at packing table 4 prints garbage instead of labels", "Paper jam in the label printer again", "Label printer cannot be found on the network",
	"Printing labels takes minutes since the printer was moved", "Label ribbon of the printer is torn and labels are empty",
	"Barcode labels from the warehouse printer are too pale", "The label printer only prints the first page", "Printer for shipping labels is offline again", "The label printer feeds two labels at once",
	"Labels stick in the printer and tear", "Printer in the warehouse does not print labels after the power cut",
}

// otherTexts are reports about anything else.
var otherTexts = []string{
	"I forgot my password and cannot sign in", "Please add a dark mode to the app", "The monthly report shows the wrong total", "How do I invite a colleague to my project?",
	"The app crashes when I open the camera", "My invoice has the wrong address", "Great service, thank you very much", "Search is very slow today",
	"I would like to cancel my subscription", "The video has no sound on my phone", "Notifications arrive too late", "The tutorial link is broken",
	"Can I pay by bank transfer?", "Map shows the wrong position", "Text is too small to read on my tablet", "Sync between phone and laptop fails",
}

func corrections(e *Engine, texts []string, field, to string) []Correction {
	var out []Correction
	for i, text := range texts {
		r := e.Read(Item{Text: text}, Full)
		out = append(out, Correction{Field: field, Text: text, Static: r.Static, Sentence: r.Sentence, From: current(&r, field), To: to, At: time.Unix(int64(i), 0)})
	}
	return out
}

func TestLessonsFollow(t *testing.T) {
	t.Parallel()
	l := NewLessons(nil)
	ask := func(texts []string) (n int) {
		for _, text := range texts {
			r := engine.Read(Item{Text: text}, Full)
			l.Apply(Item{Text: text}, &r)
			if top(r) == "integration" {
				n++
				if !strings.Contains(r.Categories[0].Reason, "corrected to integration") {
					t.Errorf("%q followed without saying so: %q", text, r.Categories[0].Reason)
				}
			}
		}
		return n
	}
	like, unlike := printerTexts[20:], otherTexts
	if n := ask(like); n > 1 {
		t.Fatalf("%d of %d printer reports are read as integration before any correction", n, len(like))
	}
	before := ask(unlike)
	for _, c := range corrections(engine, printerTexts[:20], "category", "integration") {
		l.Add(c)
	}
	if n := ask(like); n < len(like)-2 {
		t.Errorf("%d of %d unseen reports of the kind follow twenty corrections, want nearly all", n, len(like))
	}
	if n := ask(unlike); n > before+1 {
		t.Errorf("%d of %d other reports follow too, want none", n-before, len(unlike))
	}
}

func TestLessonsSingleCorrection(t *testing.T) {
	t.Parallel()
	cs := corrections(engine, printerTexts[:1], "severity", "sev1")
	l := NewLessons(cs)
	same := engine.Read(Item{Text: printerTexts[0]}, Full)
	l.Apply(Item{Text: printerTexts[0]}, &same)
	if same.Severity.Level != "sev1" {
		t.Errorf("the corrected text itself is %+v, want sev1", same.Severity)
	}
	for _, text := range otherTexts {
		r := engine.Read(Item{Text: text}, Full)
		was := r.Severity
		if l.Apply(Item{Text: text}, &r); r.Severity != was {
			t.Errorf("%q changed to %+v by one correction of something else", text, r.Severity)
		}
	}
}

func TestLessonsLastCorrectionCounts(t *testing.T) {
	t.Parallel()
	l := NewLessons(corrections(engine, printerTexts[:5], "area", "warehouse"))
	for _, c := range corrections(engine, printerTexts[:5], "area", "devices") {
		l.Add(c)
	}
	if l.Len() != 5 {
		t.Errorf("%d corrections are followed, want 5: later ones replace earlier ones of the same text", l.Len())
	}
	r := engine.Read(Item{Text: printerTexts[0]}, Full)
	if l.Apply(Item{Text: printerTexts[0]}, &r); r.Area.Name != "devices" {
		t.Errorf("area = %+v, want the later correction", r.Area)
	}
}

func TestLessonsEveryField(t *testing.T) {
	t.Parallel()
	for field, to := range map[string]string{"category": "data", "severity": "sev1", "sentiment": "positive", "emotion": "joy", "area": "printer", "defect": "user_error", "security": "yes", "spam": "yes"} {
		l := NewLessons(corrections(engine, printerTexts[:1], field, to))
		r := engine.Read(Item{Text: printerTexts[0]}, Full)
		l.Apply(Item{Text: printerTexts[0]}, &r)
		if got := current(&r, field); got != to {
			t.Errorf("field %s = %s after a correction to %s", field, got, to)
		}
	}
}

func TestLessonsIgnoreNonsense(t *testing.T) {
	t.Parallel()
	l := NewLessons([]Correction{{}, {Field: "category", To: "bug"}, {Field: "category", To: "", Static: make([]int8, 512)}, {Field: "x", To: "y", Static: []int8{1}}})
	r := engine.Read(Item{Text: otherTexts[0]}, Full)
	l.Apply(Item{Text: otherTexts[0]}, &r)
	l.Apply(Item{}, &Result{})
}

// manyLessons makes 5,000 corrections from pseudo-random vectors.
func manyLessons() *Lessons {
	var cs []Correction
	seed := uint32(1)
	for i := range 5000 {
		v := make([]float32, 512)
		for j := range v {
			seed = seed*1664525 + 1013904223
			v[j] = float32(int32(seed)) / (1 << 31) / 13
		}
		q := vector.Quantize(v)
		cs = append(cs, Correction{Field: "category", Text: fmt.Sprint(i), Static: q, Sentence: q, From: "bug", To: Categories[i%len(Categories)]})
	}
	return NewLessons(cs)
}

func TestLessonsConcurrently(t *testing.T) {
	t.Parallel()
	l := NewLessons(nil)
	cs := corrections(engine, printerTexts[:8], "category", "integration")
	var wg sync.WaitGroup
	for _, c := range cs {
		wg.Go(func() { l.Add(c) })
		wg.Go(func() {
			r := engine.Read(Item{Text: c.Text}, First)
			l.Apply(Item{Text: c.Text}, &r)
		})
	}
	wg.Wait()
	if l.Len() != len(cs) {
		t.Errorf("%d corrections are followed, want %d", l.Len(), len(cs))
	}
}

func BenchmarkLessonsApply(b *testing.B) {
	l := manyLessons()
	r := engine.Read(Item{Text: otherTexts[0]}, Full)
	for b.Loop() {
		c := r
		l.Apply(Item{Text: otherTexts[0]}, &c)
	}
}

func BenchmarkLessonsAdd(b *testing.B) {
	l := manyLessons()
	c := corrections(engine, printerTexts[:1], "category", "integration")[0]
	for i := 0; b.Loop(); i++ {
		c.Text = fmt.Sprint("t", i)
		l.Add(c)
	}
}
