package nlp

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

// phrase is a candidate key phrase.
type phrase struct {
	text  string // as first written
	key   string // folded
	score float64
	first int
}

// keyPhrases returns up to n phrases that say what a text is about, best
// first: runs of words between function words and punctuation (Rose et al.
// 2010, RAKE), scored by how often their words turn up, how long the run is and
// how early it stands. Words of the title count double.
func keyPhrases(title, text, lang string, n int) []string {
	words := linear.SplitWords(title)
	titleLen := len(words)
	words = append(words, "\n")
	words = append(words, linear.SplitWords(clipBytes(text, 4000))...)
	stop := stopset(lang)
	freq, degree := map[string]float64{}, map[string]float64{}
	var cands []phrase
	for i := 0; i < len(words); {
		j := i
		for j < len(words) && j-i < phraseLimit(words[i]) && keyWord(words[j], stop) && linear.NoSpaces(firstRune(words[j])) == linear.NoSpaces(firstRune(words[i])) {
			j++
		}
		if j == i {
			i++
			continue
		}
		if c, ok := candidate(words[i:j]); ok {
			c.first = i
			c.score = 1
			if i < titleLen {
				c.score = 2
			}
			cands = append(cands, c)
			for _, w := range words[i:j] {
				f := linear.Fold(w)
				freq[f] += c.score
				degree[f] += c.score * math.Sqrt(float64(j-i))
			}
		}
		i = j
	}
	return bestPhrases(cands, freq, degree, len(words), n)
}

// phraseLimit is how many words a phrase may have: three, or six characters.
func phraseLimit(first string) int {
	if linear.NoSpaces(firstRune(first)) {
		return 6
	}
	return 3
}

func firstRune(w string) rune {
	r, _ := utf8.DecodeRuneInString(w)
	return r
}

func keyWord(w string, stop func(string) bool) bool {
	r := firstRune(w)
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return false
	}
	f := linear.Fold(w)
	return !stop(f) && !stop(strings.TrimSuffix(f, "'s"))
}

// candidate drops runs of digits, single letters and code.
func candidate(words []string) (phrase, bool) {
	letters := 0
	for _, w := range words {
		if strings.Contains(w, "_") || utf8.RuneCountInString(w) > 24 {
			return phrase{}, false
		}
		for _, r := range w {
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	bare := linear.NoSpaces(firstRune(words[0]))
	if letters < 3 && !bare || bare && len(words) < 2 {
		return phrase{}, false
	}
	sep := " "
	if bare {
		sep = ""
	}
	text := strings.Join(words, sep)
	return phrase{text: text, key: strings.ToLower(text)}, true
}

func bestPhrases(cands []phrase, freq, degree map[string]float64, total, n int) []string {
	byKey := map[string]int{}
	var uniq []phrase
	for _, c := range cands {
		if at, ok := byKey[c.key]; ok {
			uniq[at].score += c.score
			continue
		}
		byKey[c.key] = len(uniq)
		uniq = append(uniq, c)
	}
	for i, c := range uniq {
		ws := linear.SplitWords(c.text)
		var s float64
		for _, w := range ws {
			f := linear.Fold(w)
			s += degree[f] / max(1, math.Sqrt(freq[f]))
		}
		early := 1 + 0.5*(1-float64(c.first)/float64(total+1))
		uniq[i].score = s / math.Sqrt(float64(len(ws))) * math.Sqrt(c.score) * early
	}
	slices.SortStableFunc(uniq, func(a, b phrase) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.first, b.first), cmp.Compare(a.key, b.key))
	})
	out := []string{}
	for _, c := range uniq {
		if len(out) == n {
			break
		}
		if slices.ContainsFunc(out, func(o string) bool { return strings.Contains(strings.ToLower(o), c.key) }) {
			continue
		}
		out = append(out, c.text)
	}
	return out
}
