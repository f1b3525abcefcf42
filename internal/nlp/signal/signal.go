// Package signal gathers what is seen in one text before anything is judged:
// words and n-grams, cues, and the shape of the text. Training and the engine
// both read texts through it, so that a head meets at work what it met at
// school.
package signal

import (
	"math/bits"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/cue"
	"github.com/hypercare/hypercare/internal/nlp/linear"
)

// Input is one text to look at.
type Input struct {
	Title, Text string
	Lang        string  // ISO 639-1; "" when unknown
	Rating      float64 // 1 to 5, 0 for none
}

// Signal is what was seen.
type Signal struct {
	Doc  *linear.Doc
	Hits []cue.Hit
	// Stack and Code tell that the text holds a stack trace or code.
	Stack, Code bool
}

// Of looks at a text.
func Of(in Input) *Signal {
	s := &Signal{Stack: hasStack(in.Text), Code: hasCode(in.Text)}
	words := linear.SplitWords(in.Title)
	titleLen := len(words)
	words = append(words, linear.SplitWords(in.Text)...)
	s.Hits = cue.Load().Find(words, in.Lang)
	s.Doc = linear.Extract(linear.Text{Title: in.Title, Body: in.Text, Extras: s.extras(in, words, titleLen)})
	return s
}

// Count returns how many different cues of a kind and name were found that are
// not negated, and the first of them.
func (s *Signal) Count(kind, name string) (n int, first string) {
	var seen [8]string
	for _, h := range s.Hits {
		if h.Kind != kind || h.Name != name || h.Negated {
			continue
		}
		dup := false
		for _, t := range seen[:min(n, len(seen))] {
			dup = dup || strings.EqualFold(t, h.Text)
		}
		if dup {
			continue
		}
		if n < len(seen) {
			seen[n] = h.Text
		}
		if n == 0 {
			first = h.Text
		}
		n++
	}
	return n, first
}

// extras names the features beside words.
func (s *Signal) extras(in Input, words []string, titleLen int) []string {
	out := make([]string, 0, 24)
	add := func(x string) {
		for _, o := range out {
			if o == x {
				return
			}
		}
		out = append(out, x)
	}
	for _, h := range s.Hits {
		key := h.Kind + "." + h.Name
		switch {
		case h.Negated:
			add("not " + key)
			continue
		case h.Word < titleLen:
			add("title " + key)
		}
		add(key)
	}
	for _, key := range out[:len(out):len(out)] {
		kind, name, _ := strings.Cut(key, ".")
		if n, _ := s.Count(kind, name); n > 1 {
			add("more " + key)
		}
	}
	if s.Stack {
		add("stack trace")
	}
	if s.Code {
		add("code")
	}
	if n := len(words); n > 0 {
		switch words[n-1] {
		case "?", "？":
			add("ends with ?")
		case "!", "！", "!!", "!!!":
			add("ends with !")
		}
		if titleLen > 0 && titleLen < n && (words[titleLen-1] == "?" || words[titleLen-1] == "？") {
			add("title asks")
		}
		add(lengthNames[min(bits.Len(uint(n)), len(lengthNames)-1)])
	}
	if in.Rating >= 1 && in.Rating <= 5 {
		add(ratingNames[int(in.Rating+0.5)-1])
	}
	return out
}

var (
	lengthNames = [...]string{"0 words", "1 word", "2 words", "4 words", "8 words", "16 words", "32 words", "64 words", "128 words", "256 words", "512 words"}
	ratingNames = [...]string{"1 star", "2 stars", "3 stars", "4 stars", "5 stars"}
)

// hasStack recognises the stack traces of the usual languages.
func hasStack(s string) bool {
	for _, mark := range [...]string{"Traceback (most recent call last)", "\n\tat ", "\n    at ", "\n  at ", "Exception in thread", "goroutine 1 [", "Stack trace:", "stack backtrace:", "\n  File \"", "Caused by: "} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return false
}

func hasCode(s string) bool {
	if strings.Contains(s, "```") || strings.Contains(s, "<code>") {
		return true
	}
	lines := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \r\n")
		if strings.HasSuffix(line, ";") || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "};") || strings.HasPrefix(line, "$ ") {
			if lines++; lines > 1 {
				return true
			}
		}
	}
	return false
}
