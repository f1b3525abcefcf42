package linear

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Model is a shipped head: hashed n-gram weights as int8 and, apart from
// them, weights for a dense vector. The two parts were trained on their own;
// with both present their logits are mixed, which is the average of two
// models and beats one model trained on both.
type Model struct {
	Labels      []string
	Independent bool
	bits        uint
	slot        []uint32 // bucket -> row+1, 0 when the bucket was not kept
	rows        []int8   // companded weights, K a row
	lut         [256]float32
	gramBias    []float32
	gramHeat    float32 // temperature of the n-gram part alone
	dim         int
	dense       []int8
	denseStep   float32
	denseBias   []float32
	mix         float32 // share of the n-gram part when both are present
	mixHeat     float32 // temperature of the mixture
}

const (
	magic   = "HCL2"
	maxBits = 24
	maxDim  = 4096
	maxK    = 255
)

// Pack is what Encode writes.
type Pack struct {
	Grams *Trained // nil: no n-gram part
	Dense *Trained // nil: no dense part
	// Keep is how many buckets are kept, those with the largest weights.
	Keep int
	// Mix is the share of the n-gram part, 0 to 1, when both are present.
	Mix float32
	// GramHeat and MixHeat divide the logits (calibration); 0 means 1.
	GramHeat, MixHeat float32
}

// Encode writes a model in its shipped form.
func Encode(p Pack) ([]byte, error) {
	ref := p.Grams
	if ref == nil {
		ref = p.Dense
	}
	if ref == nil {
		return nil, errors.New("encode a model without parts")
	}
	if p.GramHeat == 0 {
		p.GramHeat = 1
	}
	if p.MixHeat == 0 {
		p.MixHeat = 1
	}
	k := len(ref.Labels)
	var o bytes.Buffer
	o.WriteString(magic)
	o.WriteByte(byte(k))
	flag := byte(0)
	if ref.Independent {
		flag = 1
	}
	o.WriteByte(flag)
	for _, l := range ref.Labels {
		o.WriteByte(byte(len(l)))
		o.WriteString(l)
	}
	f32(&o, p.Mix, p.GramHeat, p.MixHeat)
	if p.Grams != nil {
		p.Grams.encodeGrams(&o, p.Keep)
	} else {
		o.WriteByte(0)
	}
	if p.Dense != nil {
		p.Dense.encodeDense(&o)
	} else {
		u32(&o, 0)
	}
	return o.Bytes(), nil
}

func (m *Trained) encodeGrams(o *bytes.Buffer, keep int) {
	k := len(m.Labels)
	o.WriteByte(byte(m.Bits))
	f32(o, m.b...)
	type bucket struct {
		i      int
		weight float32
	}
	var kept []bucket
	var top float32
	for i := 0; i < len(m.w)/k; i++ {
		var big float32
		for _, v := range m.w[i*k : i*k+k] {
			big = max(big, abs(v))
		}
		if big > 0 {
			kept = append(kept, bucket{i, big})
			top = max(top, big)
		}
	}
	slices.SortFunc(kept, func(a, b bucket) int {
		if a.weight != b.weight {
			if a.weight > b.weight {
				return -1
			}
			return 1
		}
		return a.i - b.i
	})
	if keep > 0 && len(kept) > keep {
		kept = kept[:keep]
	}
	slices.SortFunc(kept, func(a, b bucket) int { return a.i - b.i })
	u32(o, uint32(len(kept)))
	f32(o, top)
	last := 0
	for _, b := range kept {
		o.Write(binary.AppendUvarint(nil, uint64(b.i-last)))
		last = b.i
		for _, v := range m.w[b.i*k : b.i*k+k] {
			o.WriteByte(byte(compand(v, top)))
		}
	}
}

func (m *Trained) encodeDense(o *bytes.Buffer) {
	u32(o, uint32(m.Dim))
	f32(o, m.b...)
	var top float32
	for _, v := range m.v {
		top = max(top, abs(v))
	}
	f32(o, top*m.DenseScale/127)
	for _, v := range m.v {
		q := int8(0)
		if top > 0 {
			q = int8(math.Round(float64(v / top * 127)))
		}
		o.WriteByte(byte(q))
	}
}

// compand maps a weight to int8 on a square-root scale: small weights, which
// are most of them, keep their differences.
func compand(v, top float32) int8 {
	if top == 0 {
		return 0
	}
	q := math.Round(math.Sqrt(float64(abs(v)/top)) * 127)
	if v < 0 {
		q = -q
	}
	return int8(q)
}

func abs(v float32) float32 { return float32(math.Abs(float64(v))) }

func f32(o *bytes.Buffer, vs ...float32) {
	for _, v := range vs {
		u32(o, math.Float32bits(v))
	}
}

func u32(o *bytes.Buffer, v uint32) { o.Write(binary.LittleEndian.AppendUint32(nil, v)) }

// reader reads a packed model and remembers the first failure.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		if r.err == nil {
			r.err = errors.New("unexpected end")
		}
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) f32s(n int) []float32 {
	b := r.take(4 * n)
	if b == nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func (r *reader) f32() float32 {
	if v := r.f32s(1); v != nil {
		return v[0]
	}
	return 0
}

// Decode reads what Encode wrote. It checks everything it reads.
func Decode(b []byte) (*Model, error) {
	r := &reader{b: b}
	if string(r.take(len(magic))) != magic {
		return nil, errors.New("decode model: not a model file")
	}
	m := &Model{}
	k := int(r.byte())
	m.Independent = r.byte() == 1
	for range k {
		m.Labels = append(m.Labels, string(r.take(int(r.byte()))))
	}
	m.mix, m.gramHeat, m.mixHeat = r.f32(), r.f32(), r.f32()
	m.bits = uint(r.byte())
	if m.bits > 0 && r.err == nil {
		m.decodeGrams(r, k)
	}
	m.dim = int(r.u32())
	if m.dim > 0 && r.err == nil {
		if m.dim > maxDim {
			return nil, fmt.Errorf("decode model: dense part of %d is too long", m.dim)
		}
		m.denseBias = r.f32s(k)
		m.denseStep = r.f32()
		raw := r.take(m.dim * k)
		m.dense = make([]int8, len(raw))
		for i, v := range raw {
			m.dense[i] = int8(v)
		}
	}
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("decode model: %w", r.err)
	case k == 0:
		return nil, errors.New("decode model: no labels")
	case len(r.b) != 0:
		return nil, fmt.Errorf("decode model: %d bytes too many", len(r.b))
	case m.gramHeat <= 0 || m.mixHeat <= 0 || m.mix < 0 || m.mix > 1:
		return nil, errors.New("decode model: bad calibration")
	}
	return m, nil
}

func (m *Model) decodeGrams(r *reader, k int) {
	if m.bits > maxBits {
		r.err = fmt.Errorf("2^%d buckets are too many", m.bits)
		return
	}
	m.gramBias = r.f32s(k)
	n := int(r.u32())
	top := r.f32()
	if r.err != nil || n > len(r.b) {
		if r.err == nil {
			r.err = errors.New("unexpected end")
		}
		return
	}
	for q := -127; q <= 127; q++ {
		v := float32(q) / 127
		m.lut[uint8(int8(q))] = v * abs(v) * top
	}
	m.slot = make([]uint32, 1<<m.bits)
	m.rows = make([]int8, 0, n*k)
	at := uint64(0)
	for i := range n {
		d, size := binary.Uvarint(r.b)
		if size <= 0 {
			r.err = errors.New("bad bucket number")
			return
		}
		r.take(size)
		at += d
		if at >= uint64(len(m.slot)) {
			r.err = errors.New("bucket number out of range")
			return
		}
		m.slot[at] = uint32(i + 1)
		for _, v := range r.take(k) {
			m.rows = append(m.rows, int8(v))
		}
		if r.err != nil {
			return
		}
	}
}

// Dim is the length of the dense vector that the model was trained with, 0
// when it has no dense part.
func (m *Model) Dim() int { return m.dim }

// Predict returns one probability per label. dense may be nil (the n-gram
// part decides alone); it is the unit vector that the model was trained with.
func (m *Model) Predict(d *Doc, dense []float32) []float32 {
	return Probabilities(m.Logits(d, dense), m.Independent)
}

// Logits returns the calibrated score of every label.
func (m *Model) Logits(d *Doc, dense []float32) []float32 {
	k := len(m.Labels)
	out := make([]float32, k)
	useDense := m.dim > 0 && len(dense) == m.dim
	heat, share := m.gramHeat, float32(1)
	if useDense {
		heat, share = m.mixHeat, m.mix
	}
	if m.bits > 0 {
		copy(out, m.gramBias)
		mask := uint32(1)<<m.bits - 1
		for _, f := range d.Features {
			s := m.slot[f.Hash&mask]
			if s == 0 {
				continue
			}
			val := d.scale[f.Group]
			o := int(s-1) * k
			for c, q := range m.rows[o : o+k] {
				out[c] += m.lut[uint8(q)] * val
			}
		}
		for c := range out {
			out[c] *= share
		}
	}
	if useDense {
		acc := make([]float32, k)
		for j, v := range dense {
			if v == 0 {
				continue
			}
			for c, q := range m.dense[j*k : j*k+k] {
				acc[c] += float32(q) * v
			}
		}
		rest := 1 - share
		if m.bits == 0 {
			rest = 1
		}
		for c, v := range acc {
			out[c] += rest * (v*m.denseStep + m.denseBias[c])
		}
	}
	for c := range out {
		out[c] /= heat
	}
	return out
}
