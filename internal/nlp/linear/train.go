package linear

import (
	"math"
	"math/rand/v2"
)

// Example is one labelled text. Target has one value in [0, 1] per label;
// Unknown means that the source of the example does not say.
type Example struct {
	Doc    *Doc
	Dense  []float32
	Target []float32
	Weight float32
}

// Unknown marks a label that the source of an example is silent about; it
// adds nothing to the loss. Only Independent models allow it.
const Unknown float32 = -1

// Options steer training. The zero value of a field means its default.
type Options struct {
	Bits        int     // 1<<Bits buckets for hashed features; 0: no hashed features
	Dim         int     // length of Example.Dense; 0: none
	Independent bool    // labels do not exclude each other (one sigmoid each)
	Epochs      int     // default 12
	Rate        float32 // AdaGrad step, default 0.1
	L2          float32 // default 1e-6
	Drop        float32 // share of hashed features left out at each step, which keeps few words from carrying it all
	DenseScale  float32 // default 4
	// Balance is how far rare labels are made up for in Independent models:
	// 0 not at all, 1 until yes and no weigh the same. A yes then counts
	// (no/yes)^Balance times.
	Balance float64
	Seed    uint64
}

func (o Options) withDefaults() Options {
	if o.Epochs == 0 {
		o.Epochs = 12
	}
	if o.Rate == 0 {
		o.Rate = 0.1
	}
	if o.L2 == 0 {
		o.L2 = 1e-6
	}
	if o.DenseScale == 0 {
		o.DenseScale = 4
	}
	return o
}

// Trained is a model in full precision, as it comes out of training.
type Trained struct {
	Labels      []string
	Independent bool
	Bits, Dim   int
	DenseScale  float32
	w           []float32 // [1<<Bits][K]
	v           []float32 // [Dim][K]
	b           []float32
}

// Train fits a model by AdaGrad on the log loss, in a fixed order given by
// the seed: the same examples give the same model on every machine of one
// architecture.
func Train(labels []string, examples []Example, o Options) *Trained {
	o = o.withDefaults()
	k := len(labels)
	m := &Trained{Labels: labels, Independent: o.Independent, Bits: o.Bits, Dim: o.Dim, DenseScale: o.DenseScale, b: make([]float32, k), v: make([]float32, o.Dim*k)}
	t := trainer{m: m, o: o, k: k, gb: make([]float32, k), gv: make([]float32, o.Dim*k), p: make([]float32, k), rnd: rand.New(rand.NewPCG(o.Seed, 0x6865616473))}
	if o.Bits > 0 {
		m.w = make([]float32, k<<o.Bits)
		t.gw = make([]float32, k<<o.Bits)
	}
	t.yes = balance(examples, k, o)
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	var mean averager
	for epoch := range o.Epochs {
		t.rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			t.step(&examples[i])
		}
		if epoch >= o.Epochs/3 {
			mean.add(m)
		}
	}
	mean.store(m)
	return m
}

// averager keeps the mean of the weights after each of the later epochs: a
// steadier model than the last one.
type averager struct {
	n       float32
	w, v, b []float32
}

func (a *averager) add(m *Trained) {
	if a.n == 0 {
		a.w, a.v, a.b = make([]float32, len(m.w)), make([]float32, len(m.v)), make([]float32, len(m.b))
	}
	a.n++
	for i, x := range m.w {
		a.w[i] += x
	}
	for i, x := range m.v {
		a.v[i] += x
	}
	for i, x := range m.b {
		a.b[i] += x
	}
}

func (a *averager) store(m *Trained) {
	if a.n == 0 {
		return
	}
	for i, x := range a.w {
		m.w[i] = x / a.n
	}
	for i, x := range a.v {
		m.v[i] = x / a.n
	}
	for i, x := range a.b {
		m.b[i] = x / a.n
	}
}

type trainer struct {
	m          *Trained
	o          Options
	k          int
	gw, gv, gb []float32
	p, yes     []float32
	kept       []Feature
	rnd        *rand.Rand
}

func (t *trainer) step(e *Example) {
	feats, dense := t.features(e.Doc), e.Dense
	if t.o.Dim == 0 {
		dense = nil
	}
	t.m.logits(e.Doc, feats, dense, t.p)
	gradient(t.p, e.Target, t.yes, e.Weight, t.m.Independent)
	if t.o.Bits > 0 && e.Doc != nil {
		mask := uint32(1)<<t.o.Bits - 1
		for _, f := range feats {
			o, val := int(f.Hash&mask)*t.k, e.Doc.Value(f)
			t.update(t.m.w[o:o+t.k], t.gw[o:o+t.k], val)
		}
	}
	for j, v := range dense {
		o := j * t.k
		t.update(t.m.v[o:o+t.k], t.gv[o:o+t.k], v*t.o.DenseScale)
	}
	t.update(t.m.b, t.gb, 1)
}

// features returns the document's features, some left out when Drop is set.
func (t *trainer) features(d *Doc) []Feature {
	if d == nil || t.o.Drop == 0 {
		if d == nil {
			return nil
		}
		return d.Features
	}
	t.kept = t.kept[:0]
	for _, f := range d.Features {
		if f.Group == Extras || t.rnd.Float32() >= t.o.Drop {
			t.kept = append(t.kept, f)
		}
	}
	return t.kept
}

func (t *trainer) update(w, g []float32, val float32) {
	for c := range w {
		gr := t.p[c]*val + t.o.L2*w[c]
		if gr == 0 {
			continue
		}
		g[c] += gr * gr
		w[c] -= t.o.Rate * gr / (float32(math.Sqrt(float64(g[c]))) + 1e-6)
	}
}

// balance returns how much a yes counts for each label.
func balance(examples []Example, k int, o Options) []float32 {
	out := make([]float32, k)
	for c := range out {
		var yes, no float64
		for i := range examples {
			if t := examples[i].Target[c]; t != Unknown {
				yes += float64(t * examples[i].Weight)
				no += float64((1 - t) * examples[i].Weight)
			}
		}
		out[c] = 1
		if o.Independent && yes > 0 && no > yes {
			out[c] = float32(math.Pow(no/yes, o.Balance))
		}
	}
	return out
}

// gradient turns logits into the gradient of the weighted log loss.
func gradient(p, target, yes []float32, weight float32, independent bool) {
	if independent {
		for c := range p {
			if target[c] == Unknown {
				p[c] = 0
				continue
			}
			q := sigmoid(p[c])
			p[c] = weight * (q*(1-target[c]) - yes[c]*(1-q)*target[c])
		}
		return
	}
	softmax(p)
	for c := range p {
		p[c] = weight * (p[c] - target[c])
	}
}

func (m *Trained) logits(d *Doc, feats []Feature, dense []float32, out []float32) {
	copy(out, m.b)
	k := len(m.b)
	if m.Bits > 0 && d != nil {
		mask := uint32(1)<<m.Bits - 1
		for _, f := range feats {
			val := d.Value(f)
			o := int(f.Hash&mask) * k
			for c, w := range m.w[o : o+k] {
				out[c] += w * val
			}
		}
	}
	for j, v := range dense {
		v *= m.DenseScale
		for c, w := range m.v[j*k : j*k+k] {
			out[c] += w * v
		}
	}
}

// Logits returns the raw score of every label.
func (m *Trained) Logits(d *Doc, dense []float32) []float32 {
	out := make([]float32, len(m.b))
	var f []Feature
	if d != nil {
		f = d.Features
	}
	m.logits(d, f, dense, out)
	return out
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func softmax(x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	var sum float32
	for i, v := range x {
		x[i] = float32(math.Exp(float64(v - top)))
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// Probabilities turns logits into probabilities in place and returns them.
func Probabilities(logits []float32, independent bool) []float32 {
	if !independent {
		softmax(logits)
		return logits
	}
	for i, v := range logits {
		logits[i] = sigmoid(v)
	}
	return logits
}
