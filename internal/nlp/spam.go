package nlp

import (
	"math"
	"strings"
	"unicode"
)

// spam flags advertising and noise by offers, links, shouting and repetition.
// A report that reads like one is spared: people paste links and capitals.
func (r *reading) spam() Flag {
	text := r.it.Title + "\n" + r.it.Text
	score := -3.0
	var why []string
	if n, first := r.sig.Count("spam", "offer"); n > 0 {
		score += 1.9 + 1.3*float64(min(n-1, 4))
		why = append(why, quoteList([]string{first})+" sounds like advertising")
	}
	words := len(r.sig.Doc.Words)
	links := strings.Count(text, "http://") + strings.Count(text, "https://") + strings.Count(text, "www.")
	if links > 0 && words > 0 {
		share := float64(links) * 8 / float64(words)
		score += math.Min(2, share)
		if share > 1 {
			why = append(why, "mostly links")
		}
		if len(why) > 0 && strings.Contains(why[0], "advertising") {
			score += 0.8
		}
	}
	if shouting(text) {
		score += 0.8
		why = append(why, "written in capitals")
	}
	if run := longestRun(text); run >= 8 {
		score += 1.5
		why = append(why, "one character over and over")
	}
	if words > 0 && gibberish(r.sig.Doc.Words) {
		score += 3.4
		why = append(why, "no words that mean anything")
	}
	useful := max(r.prob("bug"), r.prob("performance"), r.prob("security"), r.prob("data"))
	if useful > 0.5 {
		score -= 1.5
	}
	p := 1 / (1 + math.Exp(-score))
	f := Flag{Yes: p >= 0.5, Confidence: round(p), Reason: strings.Join(why, ", ")}
	if !f.Yes {
		f.Confidence = round(1 - p)
		f.Reason = "nothing looks like advertising"
	}
	return f
}

// shouting tells whether nearly all letters of a longer text are capitals.
func shouting(s string) bool {
	upper, lower := 0, 0
	for _, c := range clipBytes(s, 2000) {
		switch {
		case unicode.IsUpper(c):
			upper++
		case unicode.IsLower(c):
			lower++
		}
	}
	return upper > 30 && upper > 4*lower
}

func longestRun(s string) int {
	best, n := 0, 0
	var last rune
	for _, c := range clipBytes(s, 4000) {
		if c == last && !unicode.IsSpace(c) && !strings.ContainsRune("-=_*#.~─━", c) {
			n++
		} else {
			n = 1
		}
		last = c
		best = max(best, n)
	}
	return best
}

// gibberish recognises keyboard mashing: short texts of Latin words without a
// vowel or with one key row repeated.
func gibberish(words []string) bool {
	if len(words) > 6 {
		return false
	}
	bad, all := 0, 0
	for _, w := range words {
		low := strings.ToLower(w)
		if len(low) < 4 || low[0] < 'a' || low[0] > 'z' {
			continue
		}
		all++
		vowels := 0
		for i := 0; i < len(low); i++ {
			if strings.IndexByte("aeiouy", low[i]) >= 0 {
				vowels++
			}
			if low[i] >= 0x80 {
				vowels++
			}
		}
		if vowels == 0 && len(low) > 4 || mashed(low) {
			bad++
		}
	}
	return all > 0 && bad == all
}

// mashed recognises runs along a key row, as in "asdfasdf".
func mashed(w string) bool {
	for _, row := range [...]string{"qwertyuiopqwertyuiop", "asdfghjklasdfghjkl", "zxcvbnmzxcvbnm", "asdfasdfasdfasdf", "qwerqwerqwer", "sdfsdfsdfsdf", "jkljkljkljkl", "hjklhjkl", "dfgdfgdfg", "ghjghjghj"} {
		if strings.Contains(row, w) {
			return true
		}
	}
	return false
}
