package evidence

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/hypercare/hypercare/internal/feedback"
)

// reading is what the text of a report says, in the words of calls.
type reading struct {
	words    map[string]bool     // folded, without those that say nothing
	concepts map[string]float64  // parts of the product that are named
	symptoms map[symptom]float64 // what it looked like
	statuses []int64             // numbers that may be one
	names    []string            // ids, orders, codes: what stands in paths
	url      []string            // segments of the address it was sent from
	about    float64             // how much it reads like a report of a failure: 0 to 1
	aboutSay string              // why not more
	version  string              // of the app
}

var (
	statusWords = regexp.MustCompile(`\b([45]\d\d)\b`)
	nameWords   = regexp.MustCompile(`[\pL\pN]+(?:[-_][\pL\pN]+)*`)
)

// read reads a report.
func read(f *feedback.Feedback) *reading {
	text := f.Title + "\n" + f.Text
	if f.Title == "" {
		text = f.Text
	}
	text = clip(text, maxText)
	flat := fold(text)
	for _, p := range polite {
		flat = strings.ReplaceAll(flat, p, "")
	}
	flat = strings.ReplaceAll(flat, " error message", " error") // no part of the product
	r := &reading{words: map[string]bool{}, concepts: map[string]float64{}, symptoms: map[symptom]float64{}, version: f.AppVersion}
	for w := range strings.FieldsSeq(flat) {
		if len(w) > 2 {
			r.words[w] = true
		}
	}
	for name, list := range concepts {
		if n := said(flat, list); n > 0 {
			r.concepts[name] = min(1, .7+.15*float64(n))
		}
	}
	for name, list := range symptoms {
		if n := said(flat, list); n > 0 {
			r.symptoms[symptom(name)] = min(1, .6+.2*float64(n))
		}
	}
	if said(flat, silently) > 0 { // "but no error": it answered, and wrongly
		delete(r.symptoms, broken)
		r.symptoms[wrong] = math.Max(r.symptoms[wrong], .8)
	}
	r.temper()
	for _, m := range statusWords.FindAllString(text, 8) {
		if n, err := strconv.ParseInt(m, 10, 64); err == nil {
			r.statuses = append(r.statuses, n)
		}
	}
	for _, m := range nameWords.FindAllString(strings.ToLower(text), 4000) {
		if len(m) >= 4 && strings.ContainsFunc(m, unicode.IsDigit) && len(r.names) < 40 {
			r.names = append(r.names, m)
		}
	}
	r.url = segments(pathOf(f.URL))
	r.judge(f)
	return r
}

// polite are phrases that excuse the letter and say nothing of a failure.
var polite = []string{" die storung", " for the disturbance", " to bother you", " for bothering you", " for the trouble", " las molestias", " la molestia", " de vous deranger", " il disturbo", " o incomodo", " voor het storen",
	" message d erreur", " messages d erreur", " mensaje de error", " messaggio di errore", " mensagem de erro"}

// silently are the words for a failure that says nothing.
var silently = table(map[string]string{"": `no error*, without an error, without any error, without error*, not even an error, kein fehler*, keine fehler*, keinen fehler*, ohne fehler*, sin error*, ningun error*, no da error, no sale error,
	pas d erreur*, tampoco un error, tampoco da error, tampoco sale error, sans erreur*, aucune erreur*, aucun message d erreur, nessun errore, senza errori, nenhum erro, sem erro, geen fout*, zonder fout*`})[""]

const maxText = 8000

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// temper weighs the general symptom less beside a special one: whoever says
// that signing in does not work says "does not work" too.
func (r *reading) temper() {
	special := false
	for s := range r.symptoms {
		special = special || s != broken
	}
	if special && r.symptoms[broken] > 0 {
		r.symptoms[broken] *= .35
	}
}

// judge says how much a report reads like one of a failure, by what triage
// made of it.
func (r *reading) judge(f *feedback.Feedback) {
	r.about = map[string]float64{"bug": 1, "performance": 1, "data": 1, "security": .9, "integration": .9, "usability": .75, "question": .6, "other": .6, "documentation": .3, "feature_request": .3, "praise": .1}[f.Category]
	if f.Category == "" {
		r.about = .7
	}
	switch {
	case f.Category == "praise" || f.Sentiment == "positive" && f.Category != "bug" && f.Category != "performance":
		r.aboutSay = "it reads like praise"
		r.about = min(r.about, .3)
	case f.Category == "feature_request":
		r.aboutSay = "it reads like a wish"
	case f.Category == "question" && len(r.symptoms) == 0:
		r.aboutSay = "it reads like a question"
	}
	if len(r.symptoms) > 0 && f.Sentiment != "positive" {
		r.about = min(1, r.about+.3)
	} else if len(r.symptoms) == 0 {
		r.about = max(0, r.about-.25)
	}
}

// said counts how many words of a list a folded text holds.
func said(flat string, list []string) (n int) {
	for _, w := range list {
		head, any := strings.CutSuffix(w, "*")
		at := strings.Index(flat, " "+head)
		for at >= 0 {
			end := at + 1 + len(head)
			if any || end == len(flat) || flat[end] == ' ' {
				n++
				break
			}
			next := strings.Index(flat[end:], " "+head)
			if next < 0 {
				break
			}
			at = end + next
		}
	}
	return n
}

// fold brings a text into the form that words are compared in: words of lower
// case, without accents, each behind one space.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	space := true
	b.WriteByte(' ')
	for _, c := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case c == 'ß':
			b.WriteString("ss")
			space = false
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(unicode.ToLower(c))
			space = false
		case !space:
			b.WriteByte(' ')
			space = true
		}
	}
	return b.String()
}

// pathOf is the path of an address.
func pathOf(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		url = rest
	}
	path, _, _ := strings.Cut(url, "?")
	path, _, _ = strings.Cut(path, "#")
	return path
}

// segments are the words of a path: its parts that are no ids, and the names
// of operations taken apart at humps, hyphens and dots.
func segments(names ...string) []string {
	var out []string
	for _, name := range names {
		for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			for _, w := range humps(part) {
				if len(w) < 2 || strings.ContainsFunc(w, unicode.IsDigit) || common[w] || slices.Contains(out, w) {
					continue
				}
				out = append(out, w)
			}
		}
	}
	return out
}

// common are words of paths and operations that name nothing.
var common = map[string]bool{"api": true, "rest": true, "graphql": true, "get": true, "list": true, "create": true, "update": true, "delete": true, "remove": true, "put": true, "post": true, "patch": true,
	"all": true, "new": true, "id": true, "ids": true, "by": true, "the": true, "and": true, "of": true, "to": true, "in": true, "default": true, "index": true, "public": true, "private": true, "internal": true,
	"html": true, "json": true, "www": true, "com": true, "service": true, "services": true, "svc": true, "http": true, "https": true, "main": true, "shop": true, "app": true, "local": true}

// humps parts camelCase into words of lower case.
func humps(s string) []string {
	var out []string
	from := 0
	runes := []rune(s)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) {
			out = append(out, strings.ToLower(string(runes[from:i])))
			from = i
		}
	}
	return out
}

// conceptsOf are the parts of the product that words name.
func conceptsOf(words []string) map[string]bool {
	flat := fold(strings.Join(words, " "))
	out := map[string]bool{}
	for name, list := range concepts {
		if said(flat, list) > 0 {
			out[name] = true
		}
	}
	return out
}

// names says how well a report names a thing, from 0 to 1, and by what.
// rare says how telling a word of the thing is: 1 for one that few operations
// have.
func (r *reading) naming(words []string, own map[string]bool, rare func(string) float64) (float64, string) {
	best, say := 0.0, ""
	take := func(v float64, what string) {
		if v > best {
			best, say = v, what
		}
	}
	for _, w := range words {
		if len(w) < 3 {
			continue
		}
		k := rare(w)
		if r.words[w] {
			take(k, w)
			continue
		}
		if len(w) < 4 {
			continue
		}
		for x := range r.words {
			if alike(w, x) {
				take(.9*k, x)
			}
		}
	}
	for c := range own {
		for said, v := range r.concepts {
			switch {
			case said == c:
				take(.85*v*rare(c), c)
			case near[[2]string{said, c}] > 0:
				take(near[[2]string{said, c}]*v*rare(c), c)
			case near[[2]string{c, said}] > 0:
				take(near[[2]string{c, said}]*v*rare(c), c)
			}
		}
	}
	return best, say
}

// named is how well a text names the words of a thing.
type named struct {
	value float64
	say   string
}

// alike reports whether two words have the same stem, as far as one can tell
// without knowing the language.
func alike(a, b string) bool {
	n := min(len(a), len(b))
	if n < 4 {
		return false
	}
	same := 0
	for same < n && a[same] == b[same] {
		same++
	}
	return same >= max(4, max(len(a), len(b))-3)
}
