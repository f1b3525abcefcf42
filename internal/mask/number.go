package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// run is a number as it stands in a text: groups of digits with what is
// between them.
type run struct {
	start, end int
	d          [48]byte // its digits
	n          int
	groups     [24]group
	g          int
	plus       bool
	paren      bool
	seps       uint8 // which separators there are
}

// group is a run of digits within a number.
type group struct{ start, end, first int } // first: place in d

// separators within numbers.
const (
	sepSpace = 1 << iota
	sepDash
	sepDot
	sepSlash
	sepParen
)

// maxRun is how long a number is looked at.
const maxRun = 48

// number looks at the run of digits and separators that begins at i, decides
// between address, card, national id, phone and nothing, and returns where to
// go on.
func (f *finder) number(i int) int {
	end, n, dots := short(f.text, i)
	switch {
	case n == 0:
		return i + 1
	case n < 7 && dots < 3: // most numbers: 14, 3.0.4, 88-20431
		return end
	}
	var r run
	r.read(f.text, i)
	f.judge(&r)
	return max(r.end, i+1)
}

// short is read without the notes: where a run ends, and how many digits and
// dots it has.
func short(text string, i int) (end, n, dots int) {
	between := 0
	end = i
	for j := i; j < len(text) && j-i < maxRun; j++ {
		switch c := text[j]; {
		case digit(c):
			n++
			end, between = j+1, 0
			continue
		case c == '.':
			dots++
		case c == ' ', c == '-', c == '/', c == '(', c == ')', c == '+' && j == i, c == 0xC2 && j+1 < len(text) && text[j+1] == 0xA0:
		case c == 0xA0 && text[j-1] == 0xC2 && j > i:
			continue
		default:
			return end, n, dots
		}
		if between++; between > 2 && n > 0 || between > 3 {
			return end, n, dots
		}
	}
	return end, n, dots
}

// read fills in a run; the separators at its end are none.
func (r *run) read(text string, i int) {
	r.start, r.end = i, i
	between := 0
	var seps uint8
	for j := i; j < len(text) && j-i < maxRun && r.n < len(r.d); {
		c := text[j]
		if digit(c) {
			if r.n == 0 || j > r.end {
				if r.g == len(r.groups) {
					return
				}
				r.groups[r.g] = group{start: j, first: r.n}
				r.g++
			}
			r.seps |= seps
			r.d[r.n] = c - '0'
			r.n++
			j++
			r.end, r.groups[r.g-1].end = j, j
			between = 0
			continue
		}
		n := 1
		switch {
		case c == ' ':
			seps |= sepSpace
		case c == 0xC2 && j+1 < len(text) && text[j+1] == 0xA0: // no-break space
			seps |= sepSpace
			n = 2
		case c == '-':
			seps |= sepDash
		case c == '.':
			seps |= sepDot
		case c == '/':
			seps |= sepSlash
		case c == '(' || c == ')':
			seps |= sepParen
			r.paren = r.paren || j == i
		case c == '+' && j == i:
			r.plus = true
		default:
			return
		}
		if between++; between > 2 && r.n > 0 || between > 3 {
			return
		}
		j += n
	}
}

// judge says what a run is.
func (f *finder) judge(r *run) {
	if f.want&bit(IP) != 0 && r.seps&sepDot != 0 {
		f.ipv4(r)
	}
	if r.n < 7 {
		return
	}
	if r.n >= 13 && f.want&bit(Card) != 0 && f.cards(r) {
		return
	}
	before, after := f.around(r.start, r.end)
	if f.want&bit(ID) != 0 && f.national(r, before, after) {
		return
	}
	if f.want&bit(Phone) != 0 && f.phone(r, before, after) {
		f.add(r.start, r.end, Phone)
	}
}

// glued tells whether a neighbour makes a run a part of something larger: a
// word, an id, a time, a price, a fraction.
func glued(r rune) bool {
	return unicode.IsLetter(r) && r < 0x2E80 || r == '_' || r == '#' || r == '$' || r == '€' || r == '£' || r == '%' || r == '@' || r == '\\' || r == '&' || r == '[' || r == ']'
}

// joined is glued, and a time or an assignment.
func joined(r rune) bool { return glued(r) || r == ':' || r == '=' }

// ipv4 looks for dotted quads (RFC 791) among the words of a run.
func (f *finder) ipv4(r *run) {
	for g := 0; g+4 <= r.g; g++ {
		ok := true
		for k := range 4 {
			p := r.groups[g+k]
			if k < 3 && (f.text[p.end] != '.' || r.groups[g+k+1].start != p.end+1) || p.end-p.start > 3 || p.end-p.start > 1 && r.d[p.first] == 0 || value(r, p) > 255 {
				ok = false
				break
			}
		}
		start, end := r.groups[g].start, r.groups[g+3].end
		if !ok || value(r, r.groups[g]) == 0 || end < len(f.text) && f.text[end] == '.' && g+4 < r.g && r.groups[g+4].start == end+1 || start > 0 && f.text[start-1] == '.' {
			continue
		}
		before, after := f.around(start, end)
		if joined(before) && before != '=' && before != '@' && before != '[' || glued(after) && after != ']' || f.versionBefore(start) {
			continue
		}
		f.add(start, end, IP)
		g += 3
	}
}

func value(r *run, g group) int {
	n := 0
	for k := range g.end - g.start {
		n = n*10 + int(r.d[g.first+k])
	}
	return n
}

// versionBefore tells whether the words before a number call it a version:
// "Chrome 119.0.0.0" is no address.
func (f *finder) versionBefore(i int) bool {
	before := strings.TrimRight(f.before(i, 24), " :=/")
	for _, w := range []string{"version", "ver", "ver.", "v", "v.", "build", "chrome", "chromium", "edge", "edg", "safari", "opera", "release", "firmware", "driver", "sdk", "kernel", "opr", "版本", "версия", "версии", "バージョン", "update", "app", "section", "chapter", "§", "clause"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// cards looks for payment cards among the groups of a run: as one number, or
// grouped as cards are written (ISO/IEC 7812-1).
func (f *finder) cards(r *run) bool {
	found := false
	for g := 0; g < r.g; g++ {
		n := 0
		for h := g; h < r.g && h-g < 6; h++ {
			p := r.groups[h]
			if h > g && (p.start-r.groups[h-1].end > 2 || strings.IndexByte("./()", f.text[r.groups[h-1].end]) >= 0 && !f.dotted(r, g, h)) {
				break
			}
			if n += p.end - p.start; n > 19 {
				break
			}
			if n < 13 || !f.card(r, g, h, n) {
				continue
			}
			f.add(r.groups[g].start, p.end, Card)
			found, g = true, h
			break
		}
	}
	return found
}

// dotted allows 4111.1111.1111.1111.
func (f *finder) dotted(r *run, g, h int) bool {
	return f.text[r.groups[h-1].end] == '.' && r.groups[h].start == r.groups[h-1].end+1 && r.groups[g].end-r.groups[g].start == 4 && r.seps == sepDot
}

// card judges the groups g to h of a run, n digits.
func (f *finder) card(r *run, g, h, n int) bool {
	d := r.d[r.groups[g].first : r.groups[g].first+n]
	if !issued(d) || !luhn(d) || same(d) {
		return false
	}
	start, end := r.groups[g].start, r.groups[h].end
	before, after := f.around(start, end)
	if unicode.IsLetter(before) && before < 0x2E80 || g == h && asciiLetter(after) {
		return false
	}
	if g == h {
		// Part of a longer number with dashes, and amounts, are none.
		if before == '-' && r.g > 1 || before == '.' || after == '.' && end+1 < len(f.text) && digit(f.text[end+1]) {
			return false
		}
		long := n > 16 || d[0] == 5 && (d[1] == 0 || d[1] > 5) // few cards, many ids
		return n != 13 && n != 14 && !long && before != '/' || f.cardBefore(start)
	}
	for k := g; k < h; k++ {
		if size := r.groups[k].end - r.groups[k].start; size < 4 || size > 6 {
			return false
		}
	}
	return h-g < 5
}

// cardBefore tells whether a word before calls a number a card's.
func (f *finder) cardBefore(i int) bool {
	before := f.before(i, contextBytes)
	for _, w := range []string{"card", "visa", "diners", "karte", "kreditkarte", "carte", "tarjeta", "cartão", "carta", "kaart", "cc", "pan"} {
		if hasWord(before, w) {
			return true
		}
	}
	return strings.Contains(before, "karte")
}

// issued tells whether a card number may begin with these digits and be so
// long: what the large issuers have.
func issued(d []byte) bool {
	n := len(d)
	two := int(d[0])*10 + int(d[1])
	four := two*100 + int(d[2])*10 + int(d[3])
	switch {
	case d[0] == 4: // Visa
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case two == 34, two == 37: // American Express
		return n == 15
	case two == 36, two == 38, two == 39, four >= 3000 && four <= 3059, four >= 3090 && four <= 3099: // Diners
		return n == 14 || n == 16
	case four >= 3528 && four <= 3589: // JCB
		return n >= 16
	case four >= 2200 && four <= 2204: // Mir
		return n >= 16
	case d[0] == 6, two == 50, two >= 56 && two <= 58: // Discover, UnionPay, RuPay, Maestro
		return n >= 16
	}
	return false
}

// luhn is the checksum of card numbers (ISO/IEC 7812-1, annex B).
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// runeBefore is the character before i, 0 at the beginning.
func runeBefore(s string, i int) rune {
	if i <= 0 {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}
