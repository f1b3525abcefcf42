package dup

import (
	"math/bits"
	"slices"
)

// A signTable holds 128 sign bits of the vectors of the leaders.
type signTable struct {
	v    *vectors
	mean []int32
	doc  []uint32
	bits [][2]uint64
}

// newSignTable centres the signs on the mean of a sample: components of one
// sign in all texts tell nothing.
func newSignTable(v *vectors) *signTable {
	t := &signTable{v: v, mean: make([]int32, v.dim)}
	step := max(1, len(v.docOf)/4096)
	count := int32(0)
	for slot := 0; slot < len(v.docOf); slot += step {
		for i, x := range v.at(int32(slot)) {
			t.mean[i] += int32(x)
		}
		count++
	}
	for i := range t.mean {
		t.mean[i] /= count
	}
	return t
}

func (t *signTable) signs(v []int8) (b [2]uint64) {
	step := max(1, len(v)/128)
	for i := range min(128, len(v)) {
		if int32(v[i*step]) > t.mean[i*step] {
			b[i/64] |= 1 << (i % 64)
		}
	}
	return b
}

func (t *signTable) add(n uint32) {
	if v := t.v.get(n); v != nil {
		t.doc = append(t.doc, n)
		t.bits = append(t.bits, t.signs(v))
	}
}

// near adds to the pool the leaders numbered from and up whose signs differ least from v's.
func (t *signTable) near(s *search, v []int8, from uint32) {
	q := t.signs(v)
	s.heap = s.heap[:0]
	limit := maxSignDiff
	first, _ := slices.BinarySearch(t.doc, from)
	for i := first; i < len(t.bits); i++ {
		d := bits.OnesCount64(t.bits[i][0]^q[0]) + bits.OnesCount64(t.bits[i][1]^q[1])
		if d <= limit {
			s.push(scored{t.doc[i], float32(-d)}, signLeaders)
			if len(s.heap) == signLeaders {
				limit = min(limit, int(-s.heap[0].score))
			}
		}
	}
	for _, h := range s.heap {
		s.pool = append(s.pool, h.doc)
	}
}
