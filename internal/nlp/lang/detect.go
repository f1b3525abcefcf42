package lang

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// evidence collects, over the segments of a text, the letters that speak for
// each language.
type evidence struct {
	d       *detector
	o       Options
	sum     []int
	weight  map[string]float64
	margin  map[string]float64 // weight times certainty
	total   float64
	scripts map[string]float64
}

// detect decides on text that has been cleaned and is UTF-8.
func (d *detector) detect(text string, o Options) (string, float64, string) {
	e := &evidence{
		d: d, o: o, sum: make([]int, len(d.codes)),
		weight: map[string]float64{}, margin: map[string]float64{}, scripts: map[string]float64{},
	}
	for _, seg := range segments(text) {
		e.segment(seg)
	}
	if e.total == 0 {
		return Unknown, 0, "no letters"
	}
	code := e.choose()
	if code == "" {
		return Unknown, 0, "in none of the expected languages"
	}
	conf := e.margin[code] / e.weight[code] * (0.5 + 0.5*e.weight[code]/e.total)
	reason := "written as " + code + " is"
	if share := e.weight[code] / e.total; share < 0.95 {
		reason = fmt.Sprintf("%.0f %% of it is %s", 100*share, code)
	}
	if hint := o.Hint; hint != "" && hint != code && conf < 0.75 && e.plausible(hint, text) {
		return hint, 0.5, "short or mixed: the person's language"
	}
	return code, min(conf, 0.999), reason
}

// choose returns the language that most letters speak for. English gives way
// to another language with a good share: reports mix their own language with
// English names, messages and template text, hardly ever the other way round.
func (e *evidence) choose() string {
	best := ""
	for _, code := range e.o.Languages { // in order, so that ties are stable
		if w := e.weight[code]; w > 0 && (best == "" || w > e.weight[best]) {
			best = code
		}
	}
	if best != "en" {
		return best
	}
	second := ""
	for _, code := range e.o.Languages {
		if w := e.margin[code]; code != "en" && w > 0 && (second == "" || w > e.margin[second]) {
			second = code
		}
	}
	if second != "" && e.margin[second] >= 0.15*e.total && e.margin[second] >= 8 {
		return second
	}
	return best
}

// plausible says whether a short text could be in the hinted language too.
func (e *evidence) plausible(hint, text string) bool {
	if !slices.Contains(e.o.Languages, hint) || utf8.RuneCountInString(text) > 40 {
		return false
	}
	e.d.table.scores(text, e.sum)
	top, own := 0, 0
	for i, v := range e.sum {
		if e.d.codes[i] == hint {
			own = max(own, v)
		}
		if slices.Contains(e.o.Languages, e.d.codes[i]) {
			top = max(top, v)
		}
	}
	return top == 0 || own*4 >= top*3
}

// segments cuts text where its language may change: at line ends and, in
// long lines, at sentence ends.
func segments(text string) []string {
	var out []string
	total := 0
	for line := range strings.SplitSeq(text, "\n") {
		for line != "" && total < maxSegments {
			cut := len(line)
			if len(line) > 300 {
				if i := strings.IndexAny(line[200:], ".!?"); i >= 0 {
					cut = 200 + i + 1
				}
				if cut > 1200 {
					cut = 1200
					for !utf8.RuneStart(line[cut]) {
						cut--
					}
				}
			}
			out = append(out, line[:cut])
			line = line[cut:]
			total++
		}
	}
	return out
}

const (
	maxSegments = 40
	// silent stands for the score of a text none of whose n-grams is known:
	// its letters may still tell.
	silent = 60
)

// segment adds one segment's evidence.
func (e *evidence) segment(seg string) {
	words := plainWords(seg)
	c := countScripts(words)
	if c.letters() == 0 {
		return
	}
	if lang, w := c.decisive(e.o.Languages); lang != "" {
		e.add(lang, w, 0.99)
		e.total += c.latin * 0.5 // names and terms between
		return
	}
	group := c.group()
	n := e.d.table.scores(words, e.sum)
	best, b1, b2 := "", 0, 0
	for i, v := range e.sum {
		code := e.d.codes[i]
		if !slices.Contains(e.o.Languages, code) || !writtenIn(code, group) {
			continue
		}
		v += c.bonus(code, max(v, silent))
		switch {
		case v > b1 && code != best:
			best, b1, b2 = code, v, b1
		case v > b1:
			b1 = v
		case v > b2 && code != best:
			b2 = v
		}
	}
	if best == "" || n == 0 {
		return
	}
	e.add(best, c.letters(), certainty(float64(b1-b2)/float64(b1), n))
}

func (e *evidence) add(code string, letters, certainty float64) {
	e.weight[code] += letters
	e.margin[code] += letters * certainty
	e.total += letters
}

// certainty maps the relative lead of the best language over n n-grams to a
// probability of being right, as measured on labelled texts.
func certainty(lead float64, n int) float64 {
	return 1 / (1 + math.Exp(-(-0.6 + 7*lead*math.Sqrt(float64(n)))))
}

// plainWords drops what is not a word of any language: identifiers, file
// names, version numbers, abbreviations among lower-case words.
func plainWords(seg string) string {
	fields := strings.Fields(seg)
	kept := make([]string, 0, len(fields))
	for _, f := range fields {
		if wordLike(f) {
			kept = append(kept, f)
		}
	}
	if len(kept) == 0 {
		return strings.Join(fields, " ")
	}
	return strings.Join(kept, " ")
}

func wordLike(f string) bool {
	letters, inner, caps, runes := 0, 0, 0, 0
	var last rune
	f = strings.Trim(f, `.,;:!?"'()[]{}<>«»„“”‘’…-`)
	for _, r := range f {
		runes++
		switch {
		case r >= 0x80 && unicode.IsLetter(r): // identifiers are ASCII
			return true
		case unicode.IsLetter(r):
			letters++
			if unicode.IsUpper(r) {
				caps++
				if unicode.IsLower(last) {
					inner++ // camelCase
				}
			}
		case strings.ContainsRune(`_/\=<>{}@#$%`, r):
			inner++
		case r == '.' || unicode.IsDigit(r):
			if letters > 0 {
				inner++ // file.name, v2
			}
		}
		last = r
	}
	return letters > 0 && inner == 0 && !(caps == letters && letters > 1 && runes > letters)
}
