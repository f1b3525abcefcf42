package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrases are the words of one language: what each operation is called, what
// people say of a symptom, and what they say when they say little.
type phrases struct {
	do       map[string][]string // route -> "pay for my order"
	thing    map[string][]string // route -> "the payment"
	symptom  map[Symptom][]string
	vague    []string // ~ before those that fit every symptom
	open     []string
	close    []string
	morning  []string // {since} of who no longer knows when
	coded    []string // "it says error {code}"
	chatter  []string // of other things
	greeting []string
}

// said reads "route = do ; do | thing ; thing" lines.
func said(text string) (do, thing map[string][]string) {
	do, thing = map[string][]string{}, map[string][]string{}
	for line := range strings.Lines(text) {
		route, rest, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			continue
		}
		d, t, _ := strings.Cut(rest, " | ")
		do[route], thing[route] = strings.Split(d, " ; "), strings.Split(t, " ; ")
	}
	return do, thing
}

// listed reads one phrase a line.
func listed(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// words picks the phrases of a language: those for tuning, or those held out.
func words(language string, held bool) *phrases {
	set := phrasebook
	if held {
		set = heldPhrasebook
	}
	if p := set[language]; p != nil {
		return p
	}
	return set["en"]
}

// story is what somebody tells of what they met.
type story struct {
	route   string
	symptom Symptom
	status  int
	vague   bool
	morning bool
	formal  bool // with greeting and name, as in a mail
	name    string
}

// tell writes a report.
func (w *phrases) tell(r *rand.Rand, s story) (title, text string) {
	var parts []string
	if r.IntN(3) == 0 {
		parts = append(parts, pick(r, w.open))
	}
	switch {
	case s.vague:
		parts = append(parts, strings.TrimPrefix(pick(r, w.littleOf(s.symptom)), "~ "))
	default:
		t := pick(r, w.symptom[s.symptom])
		t = strings.ReplaceAll(t, "{do}", pick(r, w.do[s.route]))
		t = strings.ReplaceAll(t, "{thing}", pick(r, w.thing[s.route]))
		parts = append(parts, t)
		if s.status >= 400 && r.IntN(4) == 0 {
			parts = append(parts, strings.ReplaceAll(pick(r, w.coded), "{code}", fmt.Sprint(s.status)))
		}
	}
	if s.morning {
		parts = append(parts, pick(r, w.morning))
	}
	if r.IntN(3) == 0 {
		parts = append(parts, pick(r, w.close))
	}
	for i := range parts {
		parts[i] = sentence(parts[i])
	}
	text = strings.Join(parts, " ")
	if !s.formal {
		return "", text
	}
	if !s.vague {
		title = sentence(pick(r, w.thing[s.route]))
	}
	return strings.TrimRight(title, "."), pick(r, w.greeting) + "\n\n" + text + "\n\n" + s.name
}

// littleOf is what who says little says of a symptom: nobody writes that
// nothing works where it is only slow. What fits everything begins with a ~.
func (w *phrases) littleOf(s Symptom) []string {
	if s != Slow && s != Wrong {
		return w.vague
	}
	var list []string
	for _, v := range w.vague {
		if strings.HasPrefix(v, "~ ") {
			list = append(list, v)
		}
	}
	return list
}

// sentence begins with a capital and ends with a stop.
func sentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if !strings.ContainsRune(".!?", rune(s[len(s)-1])) {
		s += "."
	}
	return s
}

func newPhrases(routes, broken, hanging, slow, denied, limited, wrong, rejected string) *phrases {
	p := &phrases{symptom: map[Symptom][]string{Broken: listed(broken), Hanging: listed(hanging), Slow: listed(slow), Denied: listed(denied),
		Limited: listed(limited), Wrong: listed(wrong), Rejected: listed(rejected)}}
	p.do, p.thing = said(routes)
	return p
}
