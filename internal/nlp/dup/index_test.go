package dup

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var vocabulary = strings.Fields("login page crash save order spinner payment card 3ds slow export pdf invoice DataNode getBlockSize user_id timeout café naïve Größe ошибка 登录失败 ใช้งานไม่ได้ v2.3.1 E11000 0x80070005")

func genDoc(t *rapid.T, id string) Doc {
	text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 1, 30).Draw(t, "text"), " ")
	title := ""
	if rapid.Bool().Draw(t, "titled") {
		title = strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 1, 6).Draw(t, "title"), " ")
	}
	return Doc{ID: id, Title: title, Text: text}
}

func genDocs(t *rapid.T) []Doc {
	docs := make([]Doc, rapid.IntRange(1, 40).Draw(t, "docs"))
	for i := range docs {
		docs[i] = genDoc(t, fmt.Sprint("d", i))
	}
	return docs
}

func TestACopyIsItsOwnBestCandidate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		docs := genDocs(t)
		x := fill(docs)
		for _, d := range docs {
			got := x.Search(Doc{Title: d.Title, Text: d.Text}, Options{K: 1})
			if len(got) != 1 {
				t.Fatalf("no candidate for a copy of %+v", d)
			}
			var best Doc
			for _, o := range docs {
				if o.ID == got[0].ID {
					best = o
				}
			}
			if best.Title != d.Title || best.Text != d.Text {
				t.Fatalf("best candidate of a copy of %q %q is %q %q (%+v)", d.Title, d.Text, best.Title, best.Text, got[0])
			}
			if got[0].Confidence < Duplicate && len(docs) > 5 && len(strings.Fields(d.Text)) > 5 {
				t.Fatalf("confidence of a copy of %+v is %.2f, want %.2f or more", d, got[0].Confidence, Duplicate)
			}
		}
	})
}

func TestRemovedDocumentsAreNotFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		docs := genDocs(t)
		x := fill(docs)
		gone := map[string]bool{}
		for _, d := range docs {
			if rapid.Bool().Draw(t, "remove") {
				gone[d.ID] = true
				if !x.Remove(d.ID) {
					t.Fatalf("Remove(%s) = false, want true", d.ID)
				}
				if x.Remove(d.ID) {
					t.Fatalf("second Remove(%s) = true, want false", d.ID)
				}
			}
		}
		if got, want := x.Len(), len(docs)-len(gone); got != want {
			t.Fatalf("Len = %d, want %d", got, want)
		}
		for _, d := range docs {
			for _, c := range x.Search(d, Options{K: 100}) {
				if gone[c.ID] {
					t.Fatalf("removed %s was found", c.ID)
				}
				if c.ID == d.ID {
					t.Fatalf("%s was found as its own candidate", c.ID)
				}
			}
		}
	})
}

func TestOrderOfAddingDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		docs := genDocs(t)
		x, y := fill(docs), fill(rapid.Permutation(docs).Draw(t, "order"))
		for _, d := range docs {
			a, b := x.Search(d, Options{K: 20}), y.Search(d, Options{K: 20})
			if diff := cmp.Diff(a, b); diff != "" {
				t.Fatalf("answers differ (-first +permuted):\n%s", diff)
			}
		}
	})
}

// TestCompactionKeepsAnswers removes so much that the index is rebuilt and
// compares it with one that never held the rest.
func TestCompactionKeepsAnswers(t *testing.T) {
	t.Parallel()
	docs := corpus(3*compactAt, true)
	x := fill(docs)
	var left []Doc
	for i, d := range docs {
		if i%2 == 0 {
			x.Remove(d.ID)
		} else {
			left = append(left, d)
		}
	}
	if x.c.deads*4 > len(x.c.ids) && x.c.deads >= compactAt {
		t.Fatalf("%d dead of %d documents were not compacted", x.c.deads, len(x.c.ids))
	}
	for i := range docs { // compact what is left of them
		if i%2 == 0 && len(x.c.ids) > len(left) {
			x.c = x.c.compact()
		}
	}
	y := fill(left)
	for i := 0; i < len(left); i += 97 {
		if diff := cmp.Diff(y.Search(left[i], Options{}), x.Search(left[i], Options{})); diff != "" {
			t.Fatalf("answers for %s differ (-fresh +compacted):\n%s", left[i].ID, diff)
		}
	}
}

func TestAddReplacesTheOldText(t *testing.T) {
	t.Parallel()
	x := New()
	x.Add(Doc{ID: "a", Text: "spinner never stops on the payment page", Sentence: make([]int8, 64)})
	x.Add(Doc{ID: "b", Text: "export of invoices makes an empty file"})
	x.Add(Doc{ID: "a", Text: "dark mode please"})
	if got := x.Search(Doc{Text: "spinner on the payment page"}, Options{}); len(got) != 0 {
		t.Errorf("the replaced text was found: %+v", got)
	}
	if got := x.Search(Doc{Text: "please add a dark mode"}, Options{}); len(got) != 1 || got[0].ID != "a" {
		t.Errorf("new text: got %+v, want a", got)
	}
	if v := x.c.sentence.get(x.c.byID["a"]); v != nil {
		t.Error("the vector of the replaced text is still there")
	}
}

func TestVectorsMayComeLater(t *testing.T) {
	t.Parallel()
	docs := corpus(200, true)
	x := New()
	for _, d := range docs {
		late := d
		late.Static, late.Sentence = nil, nil
		x.Add(late)
	}
	for _, d := range docs {
		x.SetVectors(d.ID, d.Static, nil)
		x.SetVectors(d.ID, nil, d.Sentence)
	}
	x.SetVectors("nobody", docs[0].Static, nil)
	y := fill(docs)
	for _, d := range docs[:40] {
		if diff := cmp.Diff(y.Search(d, Options{}), x.Search(d, Options{})); diff != "" {
			t.Fatalf("answers differ (-at once +later):\n%s", diff)
		}
	}
}

func TestOptionsNarrow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	x := New()
	for i := range 6 {
		x.Add(Doc{ID: fmt.Sprint(i), Text: fmt.Sprintf("payment fails with code %d after the update", i), At: at.Add(time.Duration(i) * time.Hour)})
	}
	ids := func(o Options) string {
		var b strings.Builder
		for _, c := range x.Search(Doc{ID: "3", Text: "payment fails after the update", At: at.Add(3 * time.Hour)}, o) {
			b.WriteString(c.ID)
		}
		return b.String()
	}
	for _, test := range []struct {
		name, without string
		opt           Options
		want          int
	}{
		{"none", "3", Options{}, 5},
		{"before", "345", Options{Before: at.Add(3 * time.Hour)}, 3},
		{"exclude", "31", Options{Exclude: "1"}, 4},
		{"keep", "3024", Options{Keep: func(id string) bool { return id == "1" || id == "5" }}, 2},
		{"k", "3", Options{K: 2}, 2},
		{"confidence", "012345", Options{MinConfidence: 0.999}, 0},
		{"older", "345", Options{older: 4}, 3},
	} {
		got := ids(test.opt)
		if len(got) != test.want || strings.ContainsAny(got, test.without) {
			t.Errorf("%s: found %q, want %d and none of %q", test.name, got, test.want, test.without)
		}
	}
}

func TestMeaningFindsWhatWordsDoNot(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	same := around(rng, make([]float64, 512))
	x := New()
	for i := range 50 {
		x.Add(Doc{ID: fmt.Sprint(i), Text: fmt.Sprintf("nothing in common number%d", i), Language: "en", Static: around(rng, make([]float64, 512))})
	}
	x.Add(Doc{ID: "twin", Text: "Die Seite stürzt beim Speichern ab", Language: "de", Static: same})
	got := x.Search(Doc{Text: "page crashes when I save", Language: "en", Static: same}, Options{K: 1})
	if len(got) != 1 || got[0].ID != "twin" || got[0].Confidence < Related {
		t.Fatalf("got %+v, want twin, related at least", got)
	}
	if !strings.Contains(got[0].Reason, "another language") {
		t.Errorf("reason %q does not say that the language differs", got[0].Reason)
	}
}

func TestSameErrorCounts(t *testing.T) {
	t.Parallel()
	x := New()
	for i := range 200 {
		x.Add(Doc{ID: fmt.Sprint("noise", i), Text: fmt.Sprintf("saving order number%d is slow in the morning", i)})
	}
	x.Add(Doc{ID: "trace", Text: "Kunde meldet:\n" + javaTrace[strings.IndexByte(javaTrace, '\n')+1:]})
	moved := strings.NewReplacer(":31", ":77", ":85", ":91", "4711", "99").Replace(javaTrace)
	got := x.Search(Doc{Text: "It broke again for me\n" + moved}, Options{K: 3})
	if len(got) == 0 || got[0].ID != "trace" || !got[0].SameError || got[0].Confidence < Duplicate {
		t.Fatalf("got %+v, want trace with the same error, a duplicate", got)
	}
	if want := "same error NullPointerException at CustomerCache.lookup"; !strings.Contains(got[0].Reason, want) {
		t.Errorf("reason %q, want it to hold %q", got[0].Reason, want)
	}
}

// TestFloodOfCommonWords: when everybody says the same, no word is rare, and
// still they must find each other.
func TestFloodOfCommonWords(t *testing.T) {
	t.Parallel()
	x := New()
	for i := range 400 {
		x.Add(Doc{ID: fmt.Sprint(i), Text: "the app is down"})
	}
	got := x.Search(Doc{Text: "The app is DOWN!!"}, Options{})
	if len(got) != 10 || got[0].Confidence < Duplicate {
		t.Fatalf("got %d candidates, first %+v; want 10 duplicates", len(got), got)
	}
}

func TestSpellingApartOrTogether(t *testing.T) {
	t.Parallel()
	x := New()
	for i := range 30 {
		x.Add(Doc{ID: fmt.Sprint(i), Text: fmt.Sprintf("mail number%d and merge number%d", i, i+100)})
	}
	x.Add(Doc{ID: "one", Text: "mailmerge drops the address"})
	x.Add(Doc{ID: "two", Text: "mail merge loses pictures"})
	if got := x.Search(Doc{Text: "mail merge drops things"}, Options{K: 1}); len(got) != 1 || got[0].ID != "one" {
		t.Errorf("written apart: got %+v, want one", got)
	}
	if got := x.Search(Doc{Text: "mailmerge loses"}, Options{K: 1}); len(got) != 1 || got[0].ID != "two" {
		t.Errorf("written together: got %+v, want two", got)
	}
}

func TestUnspacedScripts(t *testing.T) {
	t.Parallel()
	x := New()
	x.Add(Doc{ID: "zh", Text: "登录失败，页面一直转圈", Language: "zh"})
	x.Add(Doc{ID: "th", Text: "เข้าสู่ระบบไม่ได้", Language: "th"})
	x.Add(Doc{ID: "ko", Text: "결제가 되지 않아요", Language: "ko"})
	for id, q := range map[string]string{"zh": "无法登录，登录失败了", "th": "ระบบไม่ได้เลย", "ko": "결제 되지 않는다"} {
		if got := x.Search(Doc{Text: q}, Options{K: 1}); len(got) != 1 || got[0].ID != id {
			t.Errorf("%q: got %+v, want %s", q, got, id)
		}
	}
}

func TestReadersAndWriters(t *testing.T) {
	t.Parallel()
	docs := corpus(2000, true)
	x := New()
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < len(docs); i += 2 {
				d := docs[i]
				d.Static, d.Sentence = nil, nil
				x.Add(d)
				x.SetVectors(d.ID, docs[i].Static, docs[i].Sentence)
				if i%5 == 0 {
					x.Remove(d.ID)
				}
			}
		})
	}
	for r := range 3 {
		wg.Go(func() {
			for i := r; i < 300; i++ {
				for _, c := range x.Search(docs[i*5%len(docs)], Options{K: 5}) {
					if c.ID == "" || c.Reason == "" {
						t.Errorf("half a candidate: %+v", c)
					}
				}
				x.Compare(docs[i], docs[i+1].ID)
			}
		})
	}
	wg.Wait()
	if got, want := x.Len(), len(docs)-len(docs)/5; got != want {
		t.Errorf("Len = %d, want %d", got, want)
	}
}

func TestHugeAndBrokenTexts(t *testing.T) {
	t.Parallel()
	x := New()
	for i, text := range []string{"", "\x00\x00", "\xff\xfe\xfd broken", strings.Repeat("a", 1<<20), strings.Repeat("word ", 1<<18), strings.Repeat("\n\tat a.b(C.java:1)", 1<<16), strings.Repeat("登", 1<<19)} {
		d := Doc{ID: fmt.Sprint(i), Title: text, Text: text}
		x.Add(d)
		for _, c := range x.Search(Doc{Text: text}, Options{}) {
			if !utf8.ValidString(c.Reason) {
				t.Errorf("reason of text %d is not UTF-8: %q", i, c.Reason)
			}
		}
	}
	if x.Len() != 7 {
		t.Errorf("Len = %d, want 7", x.Len())
	}
}
