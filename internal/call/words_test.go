package call

import (
	"strings"
	"testing"
	"unicode"
)

func TestWordsAreFoundAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, search string
		found        bool
	}{
		{`{"order":"ORD-81727-x"}`, "ord-81727-x", true},
		{`{"order":"ORD-81727-x"}`, "81727", true},
		{`{"order":"ORD-81727-x"}`, "8172", false},
		{`{"order":"ORD-81727-x"}`, "81727-ord", false},
		{`{"order":"ORD-81727-x"}`, "order x", true},
		{"a a b", "a-b", true},
		{"a a c b", "a-b", false},
		{"a a b a a b c", "a-a-b-c", true},
		{"the quick brown fox", `"quick brown"`, true},
		{"the quick brown fox", `"quick fox"`, false},
		{"the quick brown fox", `fox "the quick"`, true},
		{"Grüße aus Köln", "KÖLN", true},
		{"Grüße aus Köln", "grüsse", false},
		{"新しい注文です", "注文", true},
		{"新しい注文です", "文注", false},
		{"заказ Оплачен", "оплачен", true},
		{"x\xffy", "y", true},
		{"", "a", false},
	} {
		terms, err := termsOf(c.search)
		if err != nil {
			t.Fatal(err)
		}
		x := newSearcher(terms)
		if got := x.in(c.text) == x.all; got != c.found {
			t.Errorf("%q in %q: %v", c.search, c.text, got)
		}
	}
	for _, bad := range []string{"---", strings.Repeat("a ", 17)} {
		if _, err := termsOf(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if terms, err := termsOf("  "); err != nil || terms != nil {
		t.Errorf("nothing to search: %v %v", terms, err)
	}
}

// FuzzWords holds the cutting into words against the plain way for texts of
// letters and digits.
func FuzzWords(f *testing.F) {
	f.Add("GET /v1/Orders-8?x=1", "orders")
	f.Add("a a b", "a b")
	f.Fuzz(func(t *testing.T, text, word string) {
		n := 0
		eachWord(text, func(h uint64) {
			if n++; h == 0 {
				t.Fatal("a hash is 0")
			}
		})
		plain := func(s string) bool {
			return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
		}
		if !plain(text) || !plain(word) {
			return
		}
		split := func(s string) []string {
			return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		}
		have, want := split(text), split(word)
		if len(have) != n {
			t.Fatalf("%q has %d words, not %d", text, len(have), n)
		}
		if strings.ContainsAny(word, " \t\n\v\f\r\"") {
			return
		}
		terms, err := termsOf(word)
		if err != nil || len(want) == 0 {
			return
		}
		in := strings.Contains(" "+strings.Join(have, " ")+" ", " "+strings.Join(want, " ")+" ")
		x := newSearcher(terms)
		if got := x.in(text) == x.all; got != in {
			t.Fatalf("%q in %q: %v", word, text, got)
		}
	})
}

func BenchmarkWords(b *testing.B) {
	text := strings.Repeat(`{"id":"ord_81727","customer":{"name":"Ada Lovelace","mail":"ada@example.com"},"total":12.50,"items":[1,2,3]} `, 9)
	b.SetBytes(int64(len(text)))
	n := 0
	for b.Loop() {
		eachWord(text, func(uint64) { n++ })
	}
}
