package dup

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A field says where in a document a token stands; each has a weight of its
// own and its own length normalisation.
type field uint8

const (
	fieldTitle field = iota
	fieldBody
	fieldError // exception types and messages, stack frames, error lines
	fieldCount
)

const (
	maxText     = 64 << 10 // bytes of a text that are read; the rest says nothing new
	maxTokens   = 400      // tokens kept of one document
	maxTermLen  = 48       // bytes of a term; longer runs are noise (base64, minified code)
	maxWordRead = 256      // bytes of one unbroken run that are looked at
)

// A token is one term of a text: the stemmed, lower-cased form that is
// indexed and where it was written. Both live in buffers of the analyser and
// hold until its next use.
type token struct {
	term     []byte
	surf     []byte
	field    field
	fragment bool // part of an identifier whose whole precedes it
}

// An analyser turns text into tokens. It is reused to spare allocations and
// must not be shared between goroutines.
type analyser struct {
	toks  []token
	arena []byte
	word  []byte
	cuts  []int
}

func (a *analyser) reset() {
	a.toks, a.arena = a.toks[:0], a.arena[:0]
}

// keep copies b to the arena. The arena may move as it grows; what was
// handed out before stays valid because the old array is kept alive by it.
func (a *analyser) keep(b []byte) []byte {
	n := len(a.arena)
	a.arena = append(a.arena, b...)
	return a.arena[n:len(a.arena):len(a.arena)]
}

// add appends the tokens of text to a.toks.
func (a *analyser) add(text, lang string, f field) {
	if len(text) > maxText {
		text = text[:maxText]
	}
	english := lang == "" || lang == "en" || lang == "unknown"
	for i := 0; i < len(text) && len(a.toks) < maxTokens; {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case isUnspaced(r):
			i = a.grams(text, i, f)
		case isWord(r):
			j := i + n
			for j < len(text) {
				r2, n2 := rune(text[j]), 1
				if r2 >= utf8.RuneSelf {
					r2, n2 = utf8.DecodeRuneInString(text[j:])
				}
				if isUnspaced(r2) || !isWord(r2) && !joins(text, j, n2, r2) {
					break
				}
				j += n2
			}
			a.run(text[i:j], english, f)
			i = j
		default:
			i += n
		}
	}
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// joins reports whether the rune of n bytes at j only joins two parts of a
// word: an apostrophe between letters, or a point between digits (3.14).
func joins(text string, j, n int, r rune) bool {
	if j == 0 || j+n >= len(text) {
		return false
	}
	p, q := text[j-1], text[j+n]
	switch r {
	case '\'', '’':
		return isLower(p) && isLower(q)
	case '.':
		return isDigit(p) && isDigit(q)
	}
	return false
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isUnspaced reports scripts that are written without spaces between words,
// and Hangul, whose endings change too much for whole words to match.
func isUnspaced(r rune) bool {
	if r < 0x0E00 {
		return false
	}
	return r <= 0x0EFF || // Thai, Lao
		r >= 0x1000 && r <= 0x109F || // Myanmar
		r >= 0x1780 && r <= 0x17FF || // Khmer
		r >= 0x3005 && r <= 0x3007 || r >= 0x3040 && r <= 0x30FF || // kana
		r >= 0x3400 && r <= 0x9FFF || r >= 0xAC00 && r <= 0xD7AF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF
}

// grams emits overlapping pairs of characters (triples where an alphabet is
// written without spaces) of the run that starts at i and returns its end.
func (a *analyser) grams(text string, i int, f field) int {
	n := 2
	if r, _ := utf8.DecodeRuneInString(text[i:]); r < 0x1800 {
		n = 3
	}
	var starts [4]int // of the last n characters
	count := 0
	for i < len(text) && len(a.toks) < maxTokens {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isUnspaced(r) && !(n == 3 && unicode.IsMark(r)) {
			break
		}
		copy(starts[:], starts[1:n])
		starts[n-1] = i
		count++
		i += size
		if count >= n {
			b := a.keep([]byte(text[starts[0]:i]))
			a.toks = append(a.toks, token{term: b, surf: b, field: f})
		}
	}
	if count > 0 && count < n {
		b := a.keep([]byte(text[starts[n-count]:i]))
		a.toks = append(a.toks, token{term: b, surf: b, field: f})
	}
	return i
}

// run emits one unbroken run of word characters: itself and, when it is an
// identifier (camelCase, snake_case, letters with digits), its parts.
func (a *analyser) run(w string, english bool, f field) {
	if len(w) > maxWordRead {
		w = w[:maxWordRead]
	}
	for len(w) > 0 && w[0] == '_' {
		w = w[1:]
	}
	for len(w) > 0 && w[len(w)-1] == '_' {
		w = w[:len(w)-1]
	}
	if w == "" || isOpaque(w) {
		return
	}
	a.split(w)
	a.emit(w, english, f, false)
	if len(a.cuts) > 0 {
		from := 0
		for k := 0; k <= len(a.cuts); k++ {
			to := len(w)
			if k < len(a.cuts) {
				to = a.cuts[k]
			}
			part := w[from:to]
			from = to
			for len(part) > 0 && part[0] == '_' {
				part = part[1:]
			}
			if len(part) > 1 {
				a.emit(part, english, f, true)
			}
		}
	}
}

// split fills a.cuts with the places where an identifier falls into words.
// Only ASCII has them: aB, ABc (before B), a1 and 1a of long parts, a_b.
func (a *analyser) split(w string) {
	a.cuts = a.cuts[:0]
	for i := 1; i < len(w); i++ {
		p, c := w[i-1], w[i]
		switch {
		case c == '_',
			isLower(p) && isUpper(c),
			isUpper(p) && isUpper(c) && i+1 < len(w) && isLower(w[i+1]) && i+2 < len(w) && isLower(w[i+2]),
			isDigit(p) && isUpper(c) && i+1 < len(w) && isLower(w[i+1]):
			a.cuts = append(a.cuts, i)
		}
	}
}

// isOpaque reports runs that name one run of a machine and nothing else:
// long hexadecimal (hashes, addresses, parts of UUIDs) and long numbers.
func isOpaque(w string) bool {
	if len(w) < 8 {
		return false
	}
	digits, hex := 0, true
	s := w
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s = s[2:]
		if len(s) <= 8 { // an error code such as 0x80070005
			return false
		}
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case isDigit(c):
			digits++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		default:
			hex = false
		}
	}
	return digits == len(s) && len(s) > 9 || hex && digits > 0 && len(s) >= 12
}

func (a *analyser) emit(w string, english bool, f field, fragment bool) {
	if len(a.toks) >= maxTokens {
		return
	}
	a.word = a.word[:0]
	ascii, letters := true, true
	for i := range len(w) {
		c := w[i]
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
		if isUpper(c) {
			c += 'a' - 'A'
		} else if !isLower(c) {
			letters = letters && c == '\''
		}
		a.word = append(a.word, c)
	}
	if !ascii {
		a.word = fold(a.word[:0], w)
		ascii = isLetters(a.word)
	}
	var term []byte
	switch {
	case ascii && letters && english:
		term = stemEnglish(a.word)
	case letters || !ascii:
		term = stemOther(a.word)
	default:
		term = a.word
	}
	if len(term) > maxTermLen {
		return
	}
	if len(term) < 2 && !(len(term) == 1 && isDigit(term[0])) {
		return
	}
	a.toks = append(a.toks, token{term: a.keep(term), surf: a.keep([]byte(w)), field: f, fragment: fragment})
}

// fold lower-cases w and drops the marks of Latin, Greek and Cyrillic
// letters, so that "é" typed in two ways, or not at all, is one term.
func fold(dst []byte, w string) []byte {
	for _, r := range norm.NFKD.String(w) {
		if r == utf8.RuneError || unicode.Is(unicode.Mn, r) && r < 0x0600 {
			continue
		}
		r = unicode.ToLower(r)
		switch r {
		case 'ß':
			dst = append(dst, "ss"...)
		case 'ø':
			dst = append(dst, 'o')
		case 'ł':
			dst = append(dst, 'l')
		case 'ı':
			dst = append(dst, 'i')
		case '’':
			dst = append(dst, '\'')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
