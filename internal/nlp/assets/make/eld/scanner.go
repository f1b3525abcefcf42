package main

import (
	"errors"
	"strings"
	"unicode/utf8"
)

var errScript = errors.New("the table's JavaScript is not as expected")

// scanner reads the few shapes of JavaScript literals that the tables use:
// words, quoted or bare, between punctuation.
type scanner struct {
	s   string
	at  int
	err error
}

func (s *scanner) peek() byte {
	if s.at >= len(s.s) {
		s.err = errScript
		return '}'
	}
	return s.s[s.at]
}

// skip passes separators and returns the next byte, '}' at the end.
func (s *scanner) skip() byte {
	for s.at < len(s.s) && strings.IndexByte(" \n\r\t,:", s.s[s.at]) >= 0 {
		s.at++
	}
	return s.peek()
}

// word reads a quoted or bare word.
func (s *scanner) word() string {
	q := s.skip()
	if q != '\'' && q != '"' {
		from := s.at
		for s.at < len(s.s) && strings.IndexByte(" ,:{}[]", s.s[s.at]) < 0 {
			s.at++
		}
		return s.s[from:s.at]
	}
	s.at++
	var b strings.Builder
	for s.at < len(s.s) {
		r, n := utf8.DecodeRuneInString(s.s[s.at:])
		s.at += n
		switch {
		case r == rune(q):
			return b.String()
		case r == '\\' && s.at < len(s.s):
			r, n = utf8.DecodeRuneInString(s.s[s.at:])
			s.at += n
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	s.err = errScript
	return ""
}
