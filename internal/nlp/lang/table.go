package lang

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Magic starts the n-gram asset.
const Magic = "HCELD1\x00\x00"

const (
	buckets   = 1 << 16
	baseScore = 53 // subtracted from every stored score to save space
)

// Hash returns the 40-bit hash under which the asset keeps an n-gram.
func Hash(gram []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range gram {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h >> 24
}

// table is the n-gram asset: for each n-gram the languages that use it and
// how typical it is of them. It reads the embedded bytes in place.
type table struct {
	codes []string
	start []uint32 // first n-gram of each bucket (upper 16 bits of the hash)
	pair  []uint32 // first language-score pair of each bucket
	low   []byte   // lower 24 bits of each n-gram's hash
	sizes []byte   // pairs of each n-gram
	pairs []byte   // language, score ...
}

// readTable reads the asset written by internal/nlp/assets/make/eld.
func readTable(b []byte) (*table, error) {
	short := errors.New("asset ends too early")
	if len(b) < len(Magic)+1 || string(b[:len(Magic)]) != Magic {
		return nil, errors.New("asset is not a language table: wrong magic")
	}
	t := &table{}
	langs := int(b[len(Magic)])
	b = b[len(Magic)+1:]
	for range langs {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return nil, short
		}
		t.codes = append(t.codes, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	if len(b) < 8 {
		return nil, short
	}
	grams, pairs := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	b = b[8:]
	if len(b) != buckets+4*grams+pairs {
		return nil, fmt.Errorf("asset has %d bytes for %d n-grams", len(b), grams)
	}
	counts := b[:buckets]
	t.low, b = b[buckets:buckets+3*grams], b[buckets+3*grams:]
	t.sizes, t.pairs = b[:grams], b[grams:]
	return t, t.index(counts)
}

// index adds up where each bucket starts.
func (t *table) index(counts []byte) error {
	t.start, t.pair = make([]uint32, buckets+1), make([]uint32, buckets+1)
	gram, pair := 0, 0
	for i, n := range counts {
		t.start[i], t.pair[i] = uint32(gram), uint32(pair)
		if gram+int(n) > len(t.sizes) {
			return errors.New("asset's buckets hold more n-grams than there are")
		}
		for range n {
			pair += 2 * int(t.sizes[gram])
			gram++
		}
	}
	t.start[buckets], t.pair[buckets] = uint32(gram), uint32(pair)
	if gram != len(t.sizes) || pair != len(t.pairs) {
		return errors.New("asset's buckets do not add up")
	}
	for i := 0; i < len(t.pairs); i += 2 {
		if int(t.pairs[i]) >= len(t.codes) {
			return errors.New("asset scores a language that it does not name")
		}
	}
	return nil
}

// find returns the language-score pairs of an n-gram, nil if it is unknown.
func (t *table) find(h uint64) []byte {
	bucket, rest := h>>24, uint32(h&0xFFFFFF)
	at := t.pair[bucket]
	for i := t.start[bucket]; i < t.start[bucket+1]; i++ {
		size := 2 * uint32(t.sizes[i])
		if l := t.low[3*i:]; uint32(l[0])|uint32(l[1])<<8|uint32(l[2])<<16 == rest {
			return t.pairs[at : at+size]
		}
		at += size
	}
	return nil
}
