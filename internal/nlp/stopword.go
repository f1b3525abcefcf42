package nlp

import (
	_ "embed" // for the list
	"strings"
	"sync"
)

//go:embed stopwords.txt
var stopwordList string

// stopwords holds the function words of each language; "" holds all together
// for texts whose language is unknown.
var stopwords = sync.OnceValue(func() map[string]map[string]bool {
	out := map[string]map[string]bool{"": {}}
	for line := range strings.Lines(stopwordList) {
		lang, words, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		set := map[string]bool{}
		for _, w := range strings.Fields(words) {
			set[w] = true
			out[""][w] = true
		}
		out[lang] = set
	}
	return out
})

// stopset returns the function words to skip in a text of language lang.
// English ones are always among them.
func stopset(lang string) func(folded string) bool {
	own, ok := stopwords()[lang]
	if !ok {
		own = stopwords()[""]
	}
	en := stopwords()["en"]
	return func(w string) bool { return own[w] || en[w] }
}
