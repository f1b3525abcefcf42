package mask

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Find returns personal data and secrets in a text, in order and without
// overlaps. It reads the text once, with a look around at what may begin
// something, and takes time in proportion to its length. It would rather miss
// than take a version, an order number or a time for somebody's phone.
func Find(text string) []Span { return find(text, "", all) }

// classes of bytes.
const (
	cOther = iota
	cLower
	cUpper
	cDigit
	cUnder
	cHigh // part of a character beyond ASCII
	cAt
	cColon
	cPlus  // + (
	cDash  // -
	cParts = 1<<cLower | 1<<cUpper | 1<<cDigit | 1<<cUnder
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z':
			t[c] = cLower
		case c >= 'A' && c <= 'Z':
			t[c] = cUpper
		case c >= '0' && c <= '9':
			t[c] = cDigit
		case c == '_':
			t[c] = cUnder
		case c >= 0x80:
			t[c] = cHigh
		case c == '@':
			t[c] = cAt
		case c == ':':
			t[c] = cColon
		case c == '+' || c == '(':
			t[c] = cPlus
		case c == '-':
			t[c] = cDash
		}
	}
	return t
}()

// finder looks through one text.
type finder struct {
	text string
	hint string // the name of the field that the text stands in
	want set
	out  []Span
	auth int // the @ of an address's user part, which is no e-mail's

	wordsTo, dotsTo int // up to where no secret is, and no web token
}

func find(text, hint string, want set) []Span {
	f := finder{text: text, hint: hint, want: want, auth: -1}
	f.scan()
	return f.settled()
}

func (f *finder) add(start, end int, kind string) {
	if f.want&bit(kind) != 0 && end > start {
		f.out = append(f.out, Span{start, end, kind})
	}
}

// scan goes over the text word by word.
func (f *finder) scan() {
	text := f.text
	for i := 0; i < len(text); {
		switch class[text[i]] {
		case cOther:
			i++
		case cAt:
			f.email(i)
			i++
		case cColon:
			i = f.colon(i)
		case cPlus:
			i = f.number(i)
		case cDash:
			i = f.dashes(i)
		case cDigit:
			end, seen := wordEnd(text, i)
			if seen == 1<<cDigit {
				i = f.number(i)
				continue
			}
			f.mixedWord(i, end)
			i = end
		case cHigh:
			i = f.foreign(i)
		default:
			end, seen := wordEnd(text, i)
			i = f.word(i, end, seen)
		}
	}
}

// wordEnd returns where a run of ASCII letters, digits and underscores ends,
// and the classes in it.
func wordEnd(text string, i int) (end int, seen uint32) {
	for end = i; end < len(text); end++ {
		c := uint32(1) << class[text[end]]
		if c&cParts == 0 {
			break
		}
		seen |= c
	}
	return end, seen
}

// word looks at one that does not begin with a digit. Most are letters alone,
// and none that says what follows: those cost little.
func (f *finder) word(i, end int, seen uint32) int {
	text := f.text
	plain := seen&(1<<cDigit|1<<cUnder) == 0
	if plain && (end == len(text) || text[end] != '-' && text[end] != '.') {
		switch {
		case end < len(text) && text[end] >= 0x80, mayBegin(text[i], end-i), seen == 1<<cLower|1<<cUpper && end-i > 5:
			return f.keyword(i, end)
		case end-i == 2 && seen == 1<<cUpper:
			f.spacedLetters(i)
		}
		return end
	}
	if next := f.prefixed(i); next > end {
		return next
	}
	if seen&(1<<cDigit) != 0 {
		f.mixedWord(i, end)
	}
	return f.keyword(i, end)
}

// settled brings what was found into order. What overlaps becomes one, of the
// graver kind, so that nothing of either is left.
func (f *finder) settled() []Span {
	if len(f.out) < 2 {
		return f.out
	}
	slices.SortStableFunc(f.out, func(a, b Span) int { return cmp.Or(a.Start-b.Start, b.End-a.End) })
	kept := f.out[:1]
	for _, s := range f.out[1:] {
		last := &kept[len(kept)-1]
		if s.Start >= last.End {
			kept = append(kept, s)
			continue
		}
		if bit(s.Kind) < bit(last.Kind) && s.End-s.Start > 4 {
			last.Kind = s.Kind
		}
		last.End = max(last.End, s.End)
	}
	return kept
}

// around returns the runes next to a part of the text, 0 at the ends.
func (f *finder) around(i, end int) (before, after rune) {
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(f.text[:i])
	}
	if end < len(f.text) {
		after, _ = utf8.DecodeRuneInString(f.text[end:])
	}
	return before, after
}

// contextBytes is how far back words are looked for that say what a number is.
const contextBytes = 48

// before returns what stands before i, in lower case: at most n bytes of the
// text, or the name of its field.
func (f *finder) before(i, n int) string {
	from := max(0, i-n)
	s := strings.ToLower(strings.ToValidUTF8(f.text[from:i], " "))
	if from == 0 && f.hint != "" {
		s = strings.Map(func(r rune) rune {
			if r == '_' || r == '-' || r == '.' {
				return ' '
			}
			return r
		}, f.hint) + ": " + s
	}
	return s
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func lower(c byte) bool { return c >= 'a' && c <= 'z' }

func letter(c byte) bool { return lower(c) || upper(c) }

func alnum(c byte) bool { return letter(c) || digit(c) }

// wordSuffix tells whether s ends with the word w.
func wordSuffix(s, w string) bool {
	if !strings.HasSuffix(s, w) {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s[:len(s)-len(w)])
	first, _ := utf8.DecodeRuneInString(w)
	return len(s) == len(w) || !unicode.IsLetter(r) || first >= 0x2E80
}

// hasWord tells whether a word stands anywhere in s.
func hasWord(s, w string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return false
		}
		i += from
		after, _ := utf8.DecodeRuneInString(s[i+len(w):])
		if wordSuffix(s[:i+len(w)], w) && (i+len(w) == len(s) || !unicode.IsLetter(after) || after >= 0x2E80) {
			return true
		}
		from = i + len(w)
	}
}
