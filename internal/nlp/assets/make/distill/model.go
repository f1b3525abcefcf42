package main

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/static"
)

const out = static.Dim

// model is the student: a text is the mean of its features' rows, projected.
type model struct {
	c        *corpus
	dim      int
	sharp    float32
	rows     []float32 // [features][dim]
	rowsG2   []float32 // AdaGrad sums
	proj     []float32 // [dim][512]
	projG2   []float32
	mean     []float32 // [batch][dim]
	vec      []float32 // [batch][512] unit
	target   []float32 // [batch][512]
	norm     []float32
	sim, tru []float32 // [batch][batch]
	dvec     []float32
	dmean    []float32
	meanT    []float32
	dproj    []float32
	a, b     panels
}

func newModel(c *corpus, o options) *model {
	f := func(n int) []float32 { return make([]float32, n) }
	const n = batchSize
	m := &model{
		c: c, dim: o.dim, sharp: float32(o.sharp),
		rows: f(len(c.keys) * o.dim), rowsG2: f(len(c.keys) * o.dim),
		proj: f(o.dim * out), projG2: f(o.dim * out),
		mean: f(n * o.dim), vec: f(n * out), target: f(n * out), norm: f(n),
		sim: f(n * n), tru: f(n * n), dvec: f(n * out),
		dmean: f(n * o.dim), meanT: f(n * o.dim), dproj: f(o.dim * out),
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range m.rows {
		m.rows[i] = float32(rng.NormFloat64()) * 0.5
	}
	for i := range m.proj {
		m.proj[i] = float32(rng.NormFloat64()) * 0.05
	}
	return m
}

// learn takes one step and returns the batch's mean loss: the divergence of
// the similarities student-teacher from those teacher-teacher, and one minus
// the cosine to the own teacher.
func (m *model) learn(batch []example, rate float64) float64 {
	clear(m.mean)
	for i, e := range batch {
		mean := m.mean[i*m.dim:][:m.dim]
		for _, r := range e.rows {
			sum(mean, m.rows[int(r)*m.dim:][:m.dim])
		}
		k := 1 / float32(len(e.rows))
		for j := range mean {
			mean[j] *= k
		}
		copy(m.target[i*out:][:out], m.c.teacher[int(e.en)*out:][:out])
	}
	m.a.pack(m.dim, out, m.proj).mul(m.vec, m.mean, batchSize)
	for i := range m.norm {
		m.norm[i] = unit(m.vec[i*out:][:out])
	}
	m.b.packT(out, batchSize, m.target)
	m.b.mul(m.sim, m.vec, batchSize)
	m.b.mul(m.tru, m.target, batchSize)
	loss := 0.0
	for i := range batch {
		loss += m.gradSim(m.sim[i*batchSize:][:batchSize], m.tru[i*batchSize:][:batchSize], i)
	}
	m.descend(batch, float32(rate))
	return loss / batchSize
}

// gradSim replaces a row of similarities by its gradient.
func (m *model) gradSim(sim, tru []float32, own int) float64 {
	loss := 1 - float64(sim[own])
	m.softmax(sim)
	m.softmax(tru)
	for j, q := range tru {
		if q > 1e-6 {
			loss += float64(q) * math.Log(float64(q)/math.Max(float64(sim[j]), 1e-9))
		}
		sim[j] = m.sharp * (sim[j] - q) / 4
	}
	sim[own]--
	return loss
}

func (m *model) softmax(x []float32) {
	top := slices.Max(x)
	var z float32
	for i, v := range x {
		x[i] = float32(math.Exp(float64((v - top) * m.sharp)))
		z += x[i]
	}
	for i := range x {
		x[i] /= z
	}
}

// descend sends the gradient back through the normalisation, the projection
// and the rows.
func (m *model) descend(batch []example, rate float32) {
	m.b.pack(batchSize, out, m.target).mul(m.dvec, m.sim, batchSize)
	for i := range batch {
		v, d := m.vec[i*out:][:out], m.dvec[i*out:][:out]
		var p float32
		for j := range d {
			p += v[j] * d[j]
		}
		for j := range d {
			d[j] = (d[j] - p*v[j]) / m.norm[i]
		}
	}
	m.a.packT(out, m.dim, m.proj).mul(m.dmean, m.dvec, batchSize)
	for i := range batchSize {
		for j := range m.dim {
			m.meanT[j*batchSize+i] = m.mean[i*m.dim+j]
		}
	}
	m.b.pack(batchSize, out, m.dvec).mul(m.dproj, m.meanT, m.dim)
	step(m.proj, m.projG2, m.dproj, 1.0/batchSize, rate*0.2)
	for i, e := range batch {
		d := m.dmean[i*m.dim:][:m.dim]
		for _, r := range e.rows {
			at := int(r) * m.dim
			step(m.rows[at:][:m.dim], m.rowsG2[at:][:m.dim], d, 1/float32(len(e.rows)), rate)
		}
	}
}

// embed returns the unit vector of a text, zero when nothing in it is known.
func (m *model) embed(text string) []float32 {
	mean := make([]float32, m.dim)
	rows := m.c.rows(text)
	for _, r := range rows {
		sum(mean, m.rows[int(r)*m.dim:][:m.dim])
	}
	v := make([]float32, out)
	for j, x := range mean {
		for k, w := range m.proj[j*out:][:out] {
			v[k] += x * w
		}
	}
	unit(v)
	return v
}

// encode writes the asset as static.decode reads it: rows by ascending key,
// the upper half of the key given by how many rows share it; numbers of 4 bits
// with a scale that has the upper half of a float32.
func (m *model) encode(keys []uint32) []byte {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	le := binary.LittleEndian
	b := []byte("HCSTA2\x00\x00")
	b = le.AppendUint32(b, uint32(len(keys)))
	b = le.AppendUint32(b, uint32(m.dim))
	counts := make([]uint16, 1<<16)
	for _, k := range keys {
		counts[k>>16]++
	}
	for _, n := range counts {
		b = le.AppendUint16(b, n)
	}
	var low, scales, table []byte
	for _, r := range order {
		half, nibbles := quantize(m.rows[r*m.dim:][:m.dim])
		low = le.AppendUint16(low, uint16(keys[r]))
		scales = le.AppendUint16(scales, half)
		table = append(table, nibbles...)
	}
	b = slices.Concat(b, low, scales, table)
	for _, v := range m.proj {
		b = le.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// quantize rounds a row to whole numbers in [-7, 7], two a byte, low one
// first, with the scale that loses least.
func quantize(row []float32) (half uint16, nibbles []byte) {
	var top float64
	for _, v := range row {
		top = math.Max(top, math.Abs(float64(v)))
	}
	best := math.Inf(1)
	for try := range 24 {
		h := uint16(math.Float32bits(float32(top*(1-0.025*float64(try))/7)) >> 16)
		scale := float64(math.Float32frombits(uint32(h) << 16))
		if scale == 0 {
			break
		}
		loss := 0.0
		for _, v := range row {
			d := float64(v) - scale*level(float64(v)/scale)
			loss += d * d
		}
		if loss < best {
			best, half = loss, h
		}
	}
	scale := float64(math.Float32frombits(uint32(half) << 16))
	nibbles = make([]byte, len(row)/2)
	if scale == 0 {
		return half, nibbles
	}
	for i, v := range row {
		nibbles[i/2] |= byte(int8(level(float64(v)/scale))&15) << (4 * (i % 2))
	}
	return half, nibbles
}

func level(v float64) float64 { return math.Max(-7, math.Min(7, math.Round(v))) }
