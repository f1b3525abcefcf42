package call

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
)

// Words of texts are runs of letters and digits, in lower case; in scripts
// that put no space between words each sign is one. What is searched is cut
// up in the same way, and its words must stand one after the other: "7f3a-22"
// finds 7f3a-22, whatever stands around it.

// wordClass is what an ASCII byte is in a word: itself in lower case, or 0.
var wordClass = func() (t [128]byte) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z':
			t[c] = byte(c)
		case 'A' <= c && c <= 'Z':
			t[c] = byte(c | 0x20)
		}
	}
	return t
}()

const (
	wordSeed  = 0xcbf29ce484222325
	wordPrime = 0x100000001b3
)

// finish spreads a word's hash over all bits: Bloom filters take it as it is.
func finish(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return max(h^h>>32, 1) // 0 is an empty slot of a set
}

// eachWord calls fn with the hash of every word of s.
func eachWord(s string, fn func(uint64)) {
	h, in := uint64(wordSeed), false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c = wordClass[c]; c != 0 {
				h, in = (h^uint64(c))*wordPrime, true
			} else if in {
				fn(finish(h))
				h, in = wordSeed, false
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		alone, part := classify(r)
		if in && !part {
			fn(finish(h))
			h, in = wordSeed, false
		}
		if alone || part {
			for _, b := range utf8.AppendRune(nil, unicode.ToLower(r)) {
				h = (h ^ uint64(b)) * wordPrime
			}
		}
		if alone {
			fn(finish(h))
			h = wordSeed
		}
		in = in || part
	}
	if in {
		fn(finish(h))
	}
}

// spell writes the words of a text that eachWord finds, each between two
// spaces. One text contains the words of another in a row exactly when what is
// spelt of it contains what is spelt of the other.
func spell(b []byte, s string) []byte {
	in := false
	word := func() {
		if !in {
			if n := len(b); n == 0 || b[n-1] != ' ' {
				b = append(b, ' ')
			}
			in = true
		}
	}
	end := func() {
		if in {
			b, in = append(b, ' '), false
		}
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c = wordClass[c]; c != 0 {
				word()
				b = append(b, c)
			} else {
				end()
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch alone, part := classify(r); {
		case alone:
			end()
			word()
			b = utf8.AppendRune(b, unicode.ToLower(r))
			end()
		case part:
			word()
			b = utf8.AppendRune(b, unicode.ToLower(r))
		default:
			end()
		}
	}
	end()
	return b
}

// classify says whether a sign that is not ASCII is a word of its own, or part
// of one.
func classify(r rune) (alone, part bool) {
	alone = unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
	return alone, !alone && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// term is one thing that is searched: words in a row.
type term struct {
	words []uint64
	spelt string // the same, as spell writes them
	back  []int  // where to go on when the next word is another (Knuth, Morris, Pratt)
}

// maxTerms is how many things one search may look for.
const maxTerms = 16

// termsOf cuts up what is searched: terms are parted by spaces, or stand
// between double quotes.
func termsOf(text string) ([]term, error) {
	var list []term
	add := func(s string) {
		var t term
		eachWord(s, func(h uint64) { t.words = append(t.words, h) })
		t.spelt = string(spell(nil, s))
		if len(t.words) == 0 {
			return
		}
		t.back = make([]int, len(t.words)+1)
		for i, k := 1, 0; i < len(t.words); i++ {
			for k > 0 && t.words[i] != t.words[k] {
				k = t.back[k]
			}
			if t.words[i] == t.words[k] {
				k++
			}
			t.back[i+1] = k
		}
		list = append(list, t)
	}
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			add(part)
			continue
		}
		for w := range strings.FieldsSeq(part) {
			add(w)
		}
	}
	switch {
	case len(list) == 0 && strings.TrimSpace(text) != "":
		return nil, errs.New(errs.Invalid, "%.60q has no word to search for; give letters or digits.", text)
	case len(list) > maxTerms:
		return nil, errs.New(errs.Invalid, "A search takes %d words at most; leave some out.", maxTerms)
	}
	return list, nil
}

// searcher finds which terms are in texts.
type searcher struct {
	terms []term
	state [maxTerms]int
	all   uint32
}

func newSearcher(terms []term) *searcher {
	return &searcher{terms: terms, all: uint32(1)<<len(terms) - 1}
}

// in returns the terms that s contains, a bit each.
func (x *searcher) in(s string) (found uint32) {
	if s == "" {
		return 0
	}
	x.state = [maxTerms]int{}
	eachWord(s, func(h uint64) {
		for i := range x.terms {
			t, k := &x.terms[i], x.state[i]
			for k > 0 && (k == len(t.words) || t.words[k] != h) {
				k = t.back[k]
			}
			if t.words[k] == h {
				if k++; k == len(t.words) {
					found |= 1 << i
				}
			}
			x.state[i] = k
		}
	})
	return found
}

// inRecord reports whether a call has all terms, each in any of its texts.
func (x *searcher) inRecord(r *Record, fields []Field) bool {
	var found uint32
	for _, f := range fields {
		if found |= x.in(*r.text(f)); found == x.all {
			return true
		}
	}
	return false
}

// searched are the fields that words are looked for in.
var searched = []Field{Path, QueryKeys, RequestHead, RequestBody, ResponseHead, ResponseBody}

// bareFields are those of them that everybody may see who sees calls.
var bareFields = []Field{Path, QueryKeys}

// wordSet is a set of hashes, none of them 0, that is emptied often: open
// addressing, in one piece of memory.
type wordSet struct {
	slots []uint64
	used  int
}

func (s *wordSet) add(h uint64) {
	if 2*s.used >= len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := h >> 7 & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return
		case 0:
			s.slots[i] = h
			s.used++
			return
		}
	}
}

func (s *wordSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1024, 2*len(old)))
	s.used = 0
	for _, h := range old {
		if h != 0 {
			s.add(h)
		}
	}
}

// reset empties the set; what is far too large for what was in it is let go.
func (s *wordSet) reset() {
	if len(s.slots) > 1024 && s.used < len(s.slots)/16 {
		s.slots = make([]uint64, 1<<bits.Len(uint(4*s.used+512)))
	} else {
		clear(s.slots)
	}
	s.used = 0
}
