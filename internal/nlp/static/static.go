// Package static gives texts of 30 languages vectors in one space, the one of
// package use, so that the same complaint in two languages lies close. It adds
// up learnt vectors of words and character n-grams: quick, blind to word order
// and to negation. internal/nlp/assets/make/distill makes its table.
package static

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/assets"
)

// Dim is the length of a vector, as in package use.
const Dim = 512

const (
	magic   = "HCSTA2\x00\x00"
	buckets = 1 << 16
)

// Encoder computes vectors. It is safe for concurrent use.
type Encoder struct {
	rows, dim int
	start     []uint32  // first row of each value of a key's upper half, and rows at the end
	low       []byte    // [rows] lower halves of the keys, ascending within a bucket
	scales    []byte    // [rows] upper halves of float32
	table     []byte    // [rows][dim/2] numbers of 4 bits, low one first
	proj      []float32 // [dim][512]
}

var shared = sync.OnceValues(func() (*Encoder, error) { return decode(assets.Static()) })

// Load returns the encoder, reading the embedded asset at the first call.
func Load() (*Encoder, error) {
	e, err := shared()
	if err != nil {
		return nil, fmt.Errorf("load subword encoder: %w", err)
	}
	return e, nil
}

// decode reads the asset written by the trainer. The result keeps pointing
// into b: embedded tables cost memory only for the rows that are used.
func decode(b []byte) (*Encoder, error) {
	const head = len(magic) + 8 + 2*buckets
	if len(b) < head || string(b[:len(magic)]) != magic {
		return nil, errors.New("asset is not a subword encoder: wrong magic")
	}
	e := &Encoder{
		rows: int(binary.LittleEndian.Uint32(b[8:])),
		dim:  int(binary.LittleEndian.Uint32(b[12:])),
	}
	if e.rows < 1 || e.dim < 2 || e.dim > Dim || e.dim%2 != 0 || len(b) != head+e.rows*(4+e.dim/2)+4*Dim*e.dim {
		return nil, fmt.Errorf("asset has %d bytes for %d rows of %d", len(b), e.rows, e.dim)
	}
	counts := b[16:head]
	b = b[head:]
	e.low, b = b[:2*e.rows], b[2*e.rows:]
	e.scales, b = b[:2*e.rows], b[2*e.rows:]
	e.table, b = b[:e.rows*e.dim/2], b[e.rows*e.dim/2:]
	e.proj = make([]float32, e.dim*Dim)
	for i := range e.proj {
		e.proj[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	e.start = make([]uint32, buckets+1)
	for i := range buckets {
		e.start[i+1] = e.start[i] + uint32(binary.LittleEndian.Uint16(counts[2*i:]))
	}
	if int(e.start[buckets]) != e.rows {
		return nil, fmt.Errorf("asset's buckets hold %d of %d rows", e.start[buckets], e.rows)
	}
	return e, nil
}

// row returns the row of a feature, or -1.
func (e *Encoder) row(k uint32) int {
	for i := e.start[k>>16]; i < e.start[k>>16+1]; i++ {
		if binary.LittleEndian.Uint16(e.low[2*i:]) == uint16(k) {
			return int(i)
		}
	}
	return -1
}

// Encode returns the unit vector of text, or nil when it holds no word the
// table knows. lang is the text's language (ISO 639-1) if known; the table
// shares its rows among all languages, so a wrong one does no harm.
func (e *Encoder) Encode(text, lang string) []float32 {
	sum := make([]float32, e.dim)
	known := false
	for _, k := range Features(text, make([]uint32, 0, 512)) {
		r := e.row(k)
		if r < 0 {
			continue
		}
		known = true
		scale := math.Float32frombits(uint32(binary.LittleEndian.Uint16(e.scales[2*r:])) << 16)
		for j, x := range e.table[r*e.dim/2:][:e.dim/2] {
			pair := (*[2]float32)(sum[2*j:])
			pair[0] += float32(scale * float32(int8(x<<4)>>4)) // rounded: never fused
			pair[1] += float32(scale * float32(int8(x)>>4))
		}
	}
	if !known {
		return nil
	}
	return e.project(sum)
}

// project maps a sum of rows to the shared space.
func (e *Encoder) project(sum []float32) []float32 {
	out := make([]float32, Dim)
	for j, x := range sum {
		w := (*[Dim]float32)(e.proj[j*Dim:])
		for k := range w {
			out[k] += float32(x * w[k])
		}
	}
	var norm float64
	for _, x := range out {
		norm += float64(float64(x) * float64(x))
	}
	if norm == 0 {
		return nil
	}
	k := float32(1 / math.Sqrt(norm))
	for i := range out {
		out[i] *= k
	}
	return out
}
