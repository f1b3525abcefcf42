package static

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	maxBytes   = 16 << 10 // of text read
	maxWord    = 34       // runes of a word that are cut into n-grams
	shortGram  = 3        // n-grams of words: 3 to 5 runes, ends marked
	longGram   = 5
	ideoGram   = 3 // n-grams of scripts without spaces: 1 to 3 runes
	seedWord   = 14695981039346656037
	seedGram   = seedWord ^ 3
	seedIdeo   = seedWord ^ 7
	hashFactor = 1099511628211
)

// Features appends to out a 32-bit hash per feature of text: each word, its
// character n-grams, and n-grams of runs in scripts without spaces. The lowest
// bit is set for whole words.
func Features(text string, out []uint32) []uint32 {
	if len(text) > maxBytes {
		text = text[:maxBytes]
	}
	f := features{out: out}
	for _, r := range strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(text, " "))) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
			ideo := unspaced(r)
			if ideo != f.ideo {
				f.flush()
			}
			f.ideo = ideo
			f.run = append(f.run, r)
		default: // apostrophes too: l'application is two words
			f.flush()
		}
	}
	f.flush()
	return f.out
}

// features collects a run of letters until something ends it.
type features struct {
	out  []uint32
	run  []rune
	ideo bool // run is in a script without spaces
	buf  []rune
}

func (f *features) flush() {
	switch {
	case len(f.run) == 0:
	case f.ideo:
		for i := range f.run {
			h := uint64(seedIdeo)
			for n := 0; n < ideoGram && i+n < len(f.run); n++ {
				h = add(h, f.run[i+n])
				f.out = append(f.out, finish(h)&^1)
			}
		}
	default:
		f.word()
	}
	f.run = f.run[:0]
}

func (f *features) word() {
	h := uint64(seedWord)
	for _, r := range f.run {
		h = add(h, r)
	}
	f.out = append(f.out, finish(h)|1)
	f.buf = append(append(append(f.buf[:0], '<'), f.run...), '>')
	w := f.buf[:min(len(f.buf), maxWord)]
	for i := range w {
		h := uint64(seedGram)
		for n := 1; n <= longGram && i+n <= len(w); n++ {
			h = add(h, w[i+n-1])
			if n >= shortGram && n < len(w) {
				f.out = append(f.out, finish(h)&^1)
			}
		}
	}
}

// add hashes one rune (FNV-1a over its three bytes).
func add(h uint64, r rune) uint64 {
	for range 3 {
		h = (h ^ uint64(r&0xFF)) * hashFactor
		r >>= 8
	}
	return h
}

func finish(h uint64) uint32 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return uint32(h)
}

// unspaced says whether r belongs to a script written without spaces: Han,
// kana, Thai and their like. Hangul has spaces.
func unspaced(r rune) bool {
	return r >= 0x2E80 && r < 0xAC00 || r >= 0xF900 && r < 0xFB00 || r >= 0xE00 && r < 0xE80 || r >= 0x20000
}
