package demo

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPhrasesAreWholeAndHeldApart reads both books: every operation and
// symptom has words in every language, and no phrase is in both.
func TestPhrasesAreWholeAndHeldApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, book := range map[string]map[string]*phrases{"open": phrasebook, "held": heldPhrasebook} {
		for lang, p := range book {
			var all []string
			for _, o := range operations {
				if len(p.do[o.route]) == 0 || len(p.thing[o.route]) == 0 {
					t.Errorf("%s %s has no words for %s", name, lang, o.route)
				}
				all = append(append(all, p.do[o.route]...), p.thing[o.route]...)
			}
			for _, s := range []Symptom{Broken, Hanging, Slow, Denied, Limited, Wrong, Rejected} {
				if len(p.symptom[s]) == 0 {
					t.Errorf("%s %s has no words for %s", name, lang, s)
				}
				all = append(all, p.symptom[s]...)
			}
			for _, list := range [][]string{p.vague, p.open, p.close, p.morning, p.coded, p.chatter, p.greeting} {
				if len(list) == 0 {
					t.Errorf("%s %s lacks words", name, lang)
				}
				all = append(all, list...)
			}
			for _, s := range all {
				key := lang + " " + strings.ToLower(s)
				if other := seen[key]; other != "" && other != name {
					t.Errorf("%q is in both books", s)
				}
				seen[key] = name
			}
			if len(p.littleOf(Slow)) == 0 {
				t.Errorf("%s %s has nothing vague that fits every symptom", name, lang)
			}
			r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // texts
			for _, o := range operations {
				if _, text := p.tell(r, story{route: o.route, symptom: Broken, status: 500, formal: true, name: "Ada"}); strings.ContainsAny(text, "{}") || len(text) < 20 {
					t.Errorf("%s %s tells of %s as %q", name, lang, o.route, text)
				}
			}
		}
	}
}
