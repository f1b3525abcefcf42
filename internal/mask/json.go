package mask

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth bounds nesting: what is deeper is left out.
const maxDepth = 200

// scanner copies JSON while it covers values. It reads what was cut off in
// the middle, which a parser does not.
type scanner struct {
	m     *Masker
	in    []byte
	at    int
	out   []byte
	path  []string
	cut   bool
	depth int // of JSON within strings
}

type ended struct{ bad bool }

// json covers values in JSON, one or several one after the other.
func (m *Masker) json(body []byte, cut bool) []byte { return m.jsonAt(body, cut, 0) }

func (m *Masker) jsonAt(body []byte, cut bool, depth int) (out []byte) {
	s := &scanner{m: m, in: body, cut: cut, depth: depth, out: make([]byte, 0, len(body))}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case ended:
			if e.bad {
				s.out = fmt.Appendf(s.out, leftOut, "JSON")
			}
			out = s.out
		default:
			panic(e)
		}
	}()
	for {
		s.space()
		if s.at == len(s.in) {
			return s.out
		}
		s.value(0)
	}
}

func (s *scanner) stop(bad bool) { panic(ended{bad}) }

// peek is the next byte; at the end of what is there the scan ends.
func (s *scanner) peek() byte {
	if s.at >= len(s.in) {
		s.stop(!s.cut)
	}
	return s.in[s.at]
}

func (s *scanner) take() {
	s.out = append(s.out, s.in[s.at])
	s.at++
}

func (s *scanner) space() {
	for s.at < len(s.in) && strings.IndexByte(" \t\r\n", s.in[s.at]) >= 0 {
		s.take()
	}
}

func (s *scanner) value(nest int) {
	if nest > maxDepth {
		s.stop(true)
	}
	if s.m.named(s.path) {
		s.out = append(s.out, `"`+hidden+`"`...)
		s.skip(nest)
		return
	}
	switch c := s.peek(); {
	case c == '{':
		s.object(nest)
	case c == '[':
		s.array(nest)
	case c == '"':
		s.text()
	default:
		s.plain()
	}
}

func (s *scanner) object(nest int) {
	s.take()
	for {
		s.space()
		switch s.peek() {
		case '}':
			s.take()
			return
		case ',':
			s.take()
			continue
		case '"':
		default:
			s.stop(true)
		}
		raw, whole := s.string()
		if !whole {
			s.stop(false)
		}
		name, ok := unquote(raw)
		if !ok {
			s.stop(true)
		}
		s.out = append(s.out, s.m.keyText(raw, name)...)
		s.space()
		if s.peek() != ':' {
			s.stop(true)
		}
		s.take()
		s.space()
		s.path = append(s.path, fold(name))
		s.value(nest + 1)
		s.path = s.path[:len(s.path)-1]
	}
}

func (s *scanner) array(nest int) {
	s.take()
	for {
		s.space()
		switch s.peek() {
		case ']':
			s.take()
			return
		case ',':
			s.take()
		default:
			s.value(nest + 1)
		}
	}
}

// string reads a string with its quotation marks; whole is false when it was
// cut off.
func (s *scanner) string() (raw []byte, whole bool) {
	start := s.at
	for s.at++; s.at < len(s.in); s.at++ {
		switch s.in[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return s.in[start:s.at], true
		}
	}
	s.at = len(s.in)
	if !s.cut {
		s.stop(true)
	}
	return s.in[start:], false
}

// text covers what a string holds.
func (s *scanner) text() {
	raw, whole := s.string()
	if !whole {
		// What is left of it may end in a part of something.
		rest := strings.TrimRight(textBefore(string(raw[1:]), true), `\`)
		if text, ok := unquote([]byte(`"` + rest + `"`)); ok {
			s.out = append(s.out, quote(s.m.Text(text))...)
		}
		s.stop(false)
	}
	text, ok := unquote(raw)
	if !ok {
		s.stop(true)
	}
	masked := s.m.inText(s.name(), text, s.depth)
	if masked == text {
		s.out = append(s.out, raw...)
		return
	}
	s.out = append(s.out, quote(masked)...)
}

// name is that of the field that is being read; an array has its field's.
func (s *scanner) name() string {
	if len(s.path) == 0 {
		return ""
	}
	return s.path[len(s.path)-1]
}

// inText covers the text of a field, which may be JSON itself.
func (m *Masker) inText(name, text string, depth int) string {
	if t := strings.TrimSpace(text); depth < 3 && len(t) > 1 && (t[0] == '{' || t[0] == '[') && json.Valid([]byte(t)) {
		return string(m.jsonAt([]byte(text), false, depth+1))
	}
	return m.field(name, text)
}

// keyText covers the name of a field, which is data where objects are maps.
func (m *Masker) keyText(raw []byte, name string) []byte {
	if masked := m.Text(name); masked != name {
		return []byte(quote(masked))
	}
	return raw
}

// plain copies a number or a word; what looks like a card becomes a text.
func (s *scanner) plain() {
	start := s.at
	for s.at < len(s.in) && strings.IndexByte("+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", s.in[s.at]) >= 0 {
		s.at++
	}
	word := string(s.in[start:s.at])
	switch {
	case word == "":
		s.stop(true)
	case s.at == len(s.in) && s.cut:
		s.stop(false)
	case strings.Trim(word, "+-.0123456789eE") != "" && word != "true" && word != "false" && word != "null":
		s.stop(true)
	}
	if len(word) < 7 { // no number of so few digits means somebody
		s.out = append(s.out, word...)
		return
	}
	if masked := s.m.field(s.name(), word); masked != word {
		s.out = append(s.out, quote(masked)...)
		return
	}
	s.out = append(s.out, word...)
}

// skip passes over a value without copying it.
func (s *scanner) skip(nest int) {
	keep := len(s.out)
	path, m := s.path, s.m
	s.path, s.m = nil, &Masker{}
	defer func() {
		s.out, s.path, s.m = s.out[:keep], path, m // also when it was cut off
	}()
	s.value(nest + 1)
}

func unquote(raw []byte) (string, bool) {
	if inner := raw[1 : len(raw)-1]; simple(inner) {
		return string(inner), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

// simple texts stand in JSON as they are.
func simple(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c >= 0x80 || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always can be
	return strings.TrimSuffix(b.String(), "\n")
}
