package use

import "math"

const heads = 4

// layer holds one Transformer layer of the given input width.
type layer struct {
	width, head        int // 256 or 512, and a quarter of it
	dotScale           float32
	normGain, normBias []float32
	ffGain, ffBias     []float32
	qkv, out, ff1, ff2 matrix
}

// scratch holds the activations of at most 128 tokens.
type scratch struct {
	h, norm, res []float32 // [128][512]
	x            []float32 // [128][1536]
	q            []int16   // [128][1536] activations as integers
	rowScale     []float32 // [128] of q
	acc          []int32   // [128][1536]
	prob         []float32 // [128]
}

func newScratch() *scratch {
	return &scratch{
		h:        make([]float32, maxLen*Dim),
		norm:     make([]float32, maxLen*Dim),
		res:      make([]float32, maxLen*Dim),
		x:        make([]float32, maxLen*wide),
		q:        make([]int16, maxLen*wide),
		rowScale: make([]float32, maxLen),
		acc:      make([]int32, maxLen*wide),
		prob:     make([]float32, maxLen),
	}
}

// forward runs the model over the tokens of several texts and sets out[text]
// for each span. There are at most 128 ids.
func (e *Encoder) forward(ids []int32, spans []span, out [][]float32) {
	s, _ := e.pool.Get().(*scratch)
	if s == nil {
		s = newScratch()
	}
	defer e.pool.Put(s)
	for _, sp := range spans {
		for i, id := range ids[sp.from:sp.to] {
			e.embed(s.h[(sp.from+i)*embedDim:][:embedDim], int(id), i)
		}
	}
	e.attend(&e.layer[0], s, len(ids), spans)
	e.attend(&e.layer[1], s, len(ids), spans)
	e.pool512(s, spans)
	rows := len(spans)
	e.quantize(s, s.norm, rows, Dim)
	e.product(&e.head, s, s.res, rows, false)
	for i, sp := range spans {
		out[sp.text] = unitTanh(s.res[i*Dim:][:Dim])
	}
}

// embed writes 2x + position signal for one token.
func (e *Encoder) embed(dst []float32, id, pos int) {
	row := e.emb[id*embedDim:][:embedDim]
	signal := e.timing[pos*embedDim:][:embedDim]
	scale := 2 * e.scale[id]
	for i, v := range row {
		dst[i] = float32(float32(v)*scale) + signal[i]
	}
}

// attend runs one layer over s.h in place; its width becomes 512.
func (e *Encoder) attend(l *layer, s *scratch, rows int, spans []span) {
	d := l.width
	narrow := d != Dim
	if narrow { // layer 0 widens: its residual goes through a matrix
		e.quantize(s, s.h, rows, d)
		e.product(&e.resid, s, s.res, rows, false)
	}
	layerNorm(s.norm, s.h, l.normGain, l.normBias, rows, d)
	e.quantize(s, s.norm, rows, d)
	e.product(&l.qkv, s, s.x, rows, false)
	for _, sp := range spans {
		e.mix(l, s, sp)
	}
	e.quantize(s, s.norm, rows, d)
	if narrow {
		e.product(&l.out, s, s.h, rows, false)
		add(s.h[:rows*Dim], s.res)
	} else {
		e.product(&l.out, s, s.res, rows, false)
		add(s.h[:rows*Dim], s.res)
	}
	layerNorm(s.norm, s.h, l.ffGain, l.ffBias, rows, Dim)
	e.quantize(s, s.norm, rows, Dim)
	e.product(&l.ff1, s, s.x, rows, true)
	e.quantize(s, s.x, rows, wide)
	e.product(&l.ff2, s, s.res, rows, false)
	add(s.h[:rows*Dim], s.res)
}

// mix computes multi-head attention of one text from s.x (queries, keys and
// values side by side) into s.norm.
func (e *Encoder) mix(l *layer, s *scratch, sp span) {
	d, n := l.width, sp.to-sp.from
	stride := 3 * d
	x := s.x[sp.from*stride : sp.to*stride]
	for h := range heads {
		off := h * l.head
		for i := range n {
			q := x[i*stride+off:][:l.head]
			p := s.prob[:n]
			e.kern.scores(p, q, x[d+off:], stride)
			softmax(p, l.dotScale)
			e.kern.blend(s.norm[(sp.from+i)*d+off:][:l.head], p, x[2*d+off:], stride)
		}
	}
}

// softmax turns scaled scores into probabilities in place.
func softmax(p []float32, scale float32) {
	top := float32(math.Inf(-1))
	for i, v := range p {
		p[i] = v * scale
		top = max(top, p[i])
	}
	var sum float32
	for i, v := range p {
		p[i] = exp(v - top)
		sum += p[i]
	}
	k := 1 / sum
	for i := range p {
		p[i] *= k
	}
}

// pool512 averages each text's rows of s.h into s.norm, one row per text.
func (e *Encoder) pool512(s *scratch, spans []span) {
	for i, sp := range spans {
		mean := s.norm[i*Dim:][:Dim]
		clear(mean)
		for r := sp.from; r < sp.to; r++ {
			add(mean, s.h[r*Dim:])
		}
		k := 1 / float32(sp.to-sp.from)
		for j := range mean {
			mean[j] *= k
		}
	}
}

// unitTanh returns tanh of x, scaled to length 1.
func unitTanh(x []float32) []float32 {
	out := make([]float32, len(x))
	var sum float64
	for i, v := range x {
		t := tanh(v)
		out[i] = t
		sum += float64(float64(t) * float64(t))
	}
	k := float32(1 / math.Sqrt(max(sum, 1e-12)))
	for i := range out {
		out[i] *= k
	}
	return out
}

func add(dst, src []float32) {
	for i, v := range src[:len(dst)] {
		dst[i] += v
	}
}

// layerNorm normalises rows of width d, a multiple of 8, adding up in eight
// lanes so that a vector unit could do the same.
func layerNorm(dst, src, gain, bias []float32, rows, d int) {
	for r := range rows {
		x, y := src[r*d:][:d], dst[r*d:][:d]
		var sum [8]float32
		for i := 0; i+8 <= len(x); i += 8 {
			v := (*[8]float32)(x[i:])
			sum[0] += v[0]
			sum[1] += v[1]
			sum[2] += v[2]
			sum[3] += v[3]
			sum[4] += v[4]
			sum[5] += v[5]
			sum[6] += v[6]
			sum[7] += v[7]
		}
		mean := fold(&sum) / float32(d)
		sum = [8]float32{}
		for i := 0; i+8 <= len(x); i += 8 {
			v := (*[8]float32)(x[i:])
			sum[0] += square(v[0] - mean)
			sum[1] += square(v[1] - mean)
			sum[2] += square(v[2] - mean)
			sum[3] += square(v[3] - mean)
			sum[4] += square(v[4] - mean)
			sum[5] += square(v[5] - mean)
			sum[6] += square(v[6] - mean)
			sum[7] += square(v[7] - mean)
		}
		k := float32(1 / math.Sqrt(float64(fold(&sum)/float32(d))+1e-6))
		for i, v := range x {
			y[i] = float32(float32((v-mean)*k)*gain[i]) + bias[i]
		}
	}
}

// square rounds its product, so that no compiler fuses it into a sum.
func square(v float32) float32 { return float32(v * v) }

// fold adds eight lanes in the order a vector unit halves them.
func fold(s *[8]float32) float32 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// exp is e^x for x in [-87, 87], the same on every machine: math.Exp is
// assembly on some. Float64 inside keeps the error below float32's rounding.
func exp(x float32) float32 {
	if x < -87 {
		return 0
	}
	const (
		log2e = 1.4426950408889634
		ln2   = 0.6931471805599453
	)
	n := math.Floor(float64(float64(x)*log2e) + 0.5)
	r := float64(x) - float64(n*ln2)
	// Taylor to the 8th power: |r| <= ln2/2, remainder below 2e-10.
	p := 1.0 / 40320
	for _, c := range [...]float64{1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1} {
		p = float64(p*r) + c
	}
	return float32(p * math.Float64frombits(uint64(int64(n)+1023)<<52))
}

func tanh(x float32) float32 {
	if x < 0 {
		return -tanh(-x)
	}
	if x > 20 {
		return 1
	}
	t := float64(exp(-2 * x))
	return float32((1 - t) / (1 + t))
}
