// Package cue finds words and phrases that speak for something: a category, a
// feeling, how bad it is, whose fault it is. The lists are written by hand for
// some twenty languages; they carry the languages that no trained head covers
// and are features of the trained heads elsewhere.
package cue

import (
	_ "embed" // for the lists
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

//go:embed cues.txt
var source string

// Hit is one cue found in a text.
type Hit struct {
	Kind    string // "category", "sentiment", "emotion", "severity", "fault"
	Name    string // what it speaks for within the kind
	Lang    string // language of the list it is from
	Text    string // the words as written in the text
	Word    int    // index of its first word
	Span    int    // how many words
	Negated bool   // a negation stands right before it
}

// Set holds the cue lists, ready for matching. It is safe for concurrent use.
type Set struct {
	names  []name
	exact  map[string][]entry // by first word
	prefix map[string][]entry // by stem of the first word
	stems  [2]int             // shortest and longest stem in bytes
}

type name struct{ kind, name, lang string }

type pattern struct {
	text   string
	prefix bool
}

type entry struct {
	rest []pattern
	name int
}

// Load parses the built-in lists at the first call.
var Load = sync.OnceValue(func() *Set {
	s, err := parse(source)
	if err != nil {
		panic("cue lists in the program are broken: " + err.Error())
	}
	return s
})

func parse(text string) (*Set, error) {
	s := &Set{exact: map[string][]entry{}, prefix: map[string][]entry{}, stems: [2]int{1 << 10, 0}}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		head, list, ok := strings.Cut(line, ": ")
		key, lang, ok2 := strings.Cut(head, " ")
		kind, nm, ok3 := strings.Cut(key, ".")
		if !ok || !ok2 || !ok3 {
			return nil, fmt.Errorf("line %d: want \"kind.name language: phrase; phrase\"", n+1)
		}
		s.names = append(s.names, name{kind, nm, lang})
		for _, phrase := range strings.Split(list, "; ") {
			if err := s.add(strings.TrimSpace(phrase), len(s.names)-1); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
		}
	}
	return s, nil
}

// inflected are the languages whose words take endings so freely that a cue of
// some length stands for all words that begin with it.
var inflected = map[string]int{"ko": 2, "tr": 5, "fi": 5, "hi": 4}

func (s *Set) add(phrase string, name int) error {
	star := strings.HasSuffix(phrase, "*")
	words := linear.SplitWords(strings.TrimSuffix(phrase, "*"))
	if len(words) == 0 {
		return fmt.Errorf("empty phrase %q", phrase)
	}
	var ps []pattern
	for _, w := range words {
		ps = append(ps, pattern{text: linear.Fold(w)})
	}
	last := &ps[len(ps)-1]
	if n, ok := inflected[s.names[name].lang]; ok && len([]rune(last.text)) >= n {
		star = true
	}
	last.prefix = star
	e := entry{rest: ps[1:], name: name}
	if ps[0].prefix {
		s.prefix[ps[0].text] = append(s.prefix[ps[0].text], e)
		s.stems[0] = min(s.stems[0], len(ps[0].text))
		s.stems[1] = max(s.stems[1], len(ps[0].text))
	} else {
		s.exact[ps[0].text] = append(s.exact[ps[0].text], e)
	}
	return nil
}

// Find returns the cues in words (as linear.SplitWords gives them), in order.
// Lists of other languages than lang are left out, except English ones; with
// lang "" every list counts. A cue inside a longer one of the same kind is
// dropped ("leak" in "memory leak").
// Emoji and smileys (lists of language "*") always count.
func (s *Set) Find(words []string, lang string) []Hit {
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = linear.Fold(w)
	}
	var out []Hit
	for i, w := range folded {
		for _, e := range s.exact[w] {
			s.try(e, words, folded, i, lang, &out)
		}
		for n := s.stems[0]; n <= len(w) && n <= s.stems[1]; n++ {
			if n < len(w) && w[n]&0xC0 == 0x80 { // inside a rune
				continue
			}
			for _, e := range s.prefix[w[:n]] {
				s.try(e, words, folded, i, lang, &out)
			}
		}
	}
	return longest(out)
}

func (s *Set) try(e entry, words, folded []string, at int, lang string, out *[]Hit) {
	nm := s.names[e.name]
	if lang != "" && nm.lang != lang && nm.lang != "en" && nm.lang != "*" {
		return
	}
	if at+len(e.rest) >= len(folded) {
		return
	}
	for j, p := range e.rest {
		w := folded[at+1+j]
		if w != p.text && !(p.prefix && strings.HasPrefix(w, p.text)) {
			return
		}
	}
	span := len(e.rest) + 1
	*out = append(*out, Hit{
		Kind: nm.kind, Name: nm.name, Lang: nm.lang, Word: at, Span: span,
		Text: Join(words[at : at+span]), Negated: negated(folded, at),
	})
}

// negated looks at the two words before at.
func negated(folded []string, at int) bool {
	if linear.IsNegation(folded[at]) {
		return false // the cue says so itself: "not working"
	}
	for j := at - 1; j >= 0 && j >= at-2; j-- {
		switch w := folded[j]; {
		case w == "不" || w == "没" || w == "沒" || w == "無" || w == "未":
			return j == at-1
		case linear.IsNegation(w):
			return true
		case w == "." || w == "," || w == "!" || w == "?" || w == ";" || w == "only":
			return false
		}
	}
	return false
}

// longest drops hits that lie inside a longer hit of the same kind. Signs of
// severity add up instead: "nobody can work" is an outage and tells its scope.
func longest(hits []Hit) []Hit {
	inside := func(h Hit) bool {
		return slices.ContainsFunc(hits, func(o Hit) bool {
			return o.Kind == h.Kind && (o.Name == h.Name || h.Kind != "severity") && o.Span > h.Span && o.Word <= h.Word && o.Word+o.Span >= h.Word+h.Span
		})
	}
	out := hits[:0:0]
	for _, h := range hits {
		if !inside(h) {
			out = append(out, h)
		}
	}
	return out
}

// Join puts words back together as they would be written.
func Join(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			r, p := []rune(w), []rune(words[i-1])
			if len(r) > 0 && len(p) > 0 && !(linear.NoSpaces(r[0]) && linear.NoSpaces(p[0])) && w != "?" && w != "!" {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w)
	}
	return b.String()
}
