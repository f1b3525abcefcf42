package use

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

const magic = "HCUSE1\x00\x00"

var errShort = errors.New("asset ends too early")

// reader walks the asset and keeps the first error.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		if r.err == nil {
			r.err = errShort
		}
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u32() int {
	if b := r.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// floats copies n numbers: embedded bytes need not be aligned for them.
func (r *reader) floats(n int) []float32 {
	b := r.take(4 * n)
	if b == nil {
		return nil
	}
	f := make([]float32, n)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return f
}

// int8s views n bytes in place.
func (r *reader) int8s(n int) []int8 {
	b := r.take(n)
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(&b[0])), n)
}

func (r *reader) matrix(k, n int) matrix {
	m := matrix{k: k, n: n}
	m.scale, m.bias = r.floats(n), r.floats(n)
	m.w = r.int8s(k * n)
	return m
}

// decode reads the asset written by internal/nlp/assets/make/use. The result
// keeps pointing into b.
func decode(b []byte, kern kernels) (*Encoder, error) {
	r := &reader{b: b}
	if m := r.take(len(magic)); string(m) != magic {
		return nil, errors.New("asset is not a sentence encoder: wrong magic")
	}
	e := &Encoder{kern: kern}
	e.vocab = r.u32()
	e.scale = r.floats(e.vocab)
	e.emb = r.int8s(e.vocab * embedDim)
	e.timing = r.floats(maxLen * embedDim)
	for i := range e.layer {
		d := embedDim << i
		l := &e.layer[i]
		l.width, l.head = d, d/heads
		l.dotScale = float32(1 / math.Sqrt(float64(l.head)))
		l.normGain, l.normBias = r.floats(d), r.floats(d)
		l.ffGain, l.ffBias = r.floats(Dim), r.floats(Dim)
		l.qkv, l.out = r.matrix(d, 3*d), r.matrix(d, Dim)
		l.ff1, l.ff2 = r.matrix(Dim, wide), r.matrix(wide, Dim)
	}
	e.resid, e.head = r.matrix(embedDim, Dim), r.matrix(Dim, Dim)
	pieces := make([]piece, r.u32())
	for i := range pieces {
		score := r.floats(1)
		size := r.take(1)
		if r.err != nil {
			break
		}
		pieces[i] = piece{string(r.take(int(size[0]))), score[0]}
	}
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d bytes left over", len(r.b))
	}
	if r.err == nil && len(pieces) > e.vocab {
		r.err = fmt.Errorf("%d pieces for %d vectors", len(pieces), e.vocab)
	}
	if r.err != nil {
		return nil, r.err
	}
	e.tok = newTokenizer(pieces)
	return e, nil
}
