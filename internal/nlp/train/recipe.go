package train

import (
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/signal"
	"github.com/hypercare/hypercare/internal/nlp/use"
)

// Sample is a text with what a head should say of it.
type Sample struct {
	In     signal.Input
	Target []float32 // one per label; linear.Unknown where the source is silent
	Weight float32
	set    string
}

// Recipe says how a head is fitted.
type Recipe struct {
	Labels      []string
	Independent bool // labels do not exclude each other
	Grams       linear.Options
	Dense       linear.Options
	Mix         float32 // share of the n-gram part in the mixture
	Keep        int     // buckets kept when packed
	// AllLanguages gives texts that are not English their static vector, too;
	// otherwise they are judged by n-grams alone.
	AllLanguages bool
}

// withDefaults fills in the options that cross-validation chose once for all
// heads (see REPORT.md).
func (r Recipe) withDefaults() Recipe {
	if r.Grams.Bits == 0 {
		r.Grams.Bits = 18
	}
	if r.Grams.Drop == 0 {
		r.Grams.Drop = 0.3
	}
	if r.Dense.Epochs == 0 {
		r.Dense.Epochs = 20
	}
	if r.Dense.L2 == 0 {
		r.Dense.L2 = 1e-4
	}
	if r.Mix == 0 {
		r.Mix = 0.5
	}
	r.Grams.Independent, r.Dense.Independent = r.Independent, r.Independent
	r.Dense.Dim = use.Dim
	return r
}

// Prepared are samples with their features, ready for training or scoring.
type Prepared struct {
	Samples []Sample
	Docs    []*linear.Doc
	Signals []*signal.Signal
	Vectors [][]float32 // sentence vectors of English texts, static ones of others; both live in one space
}

// Prepare computes the features of samples. English texts get sentence
// vectors and the others static ones, as in the engine.
func (e *Encoder) Prepare(samples []Sample) (*Prepared, error) {
	p := &Prepared{Samples: samples, Docs: make([]*linear.Doc, len(samples)), Signals: make([]*signal.Signal, len(samples)), Vectors: make([][]float32, len(samples))}
	var texts []string
	var at []int
	for i, s := range samples {
		p.Signals[i] = signal.Of(s.In)
		p.Docs[i] = p.Signals[i].Doc
		if s.In.Lang == "en" {
			texts = append(texts, signal.Sentence(s.In.Title, signal.Prose(s.In.Text)))
			at = append(at, i)
		} else {
			p.Vectors[i] = e.static.Encode(signal.Sentence(s.In.Title, signal.Prose(s.In.Text)), s.In.Lang)
		}
	}
	vs, err := e.Encode(texts)
	if err != nil {
		return nil, err
	}
	for j, i := range at {
		p.Vectors[i] = vs[j]
	}
	return p, nil
}

// Subset returns the samples for which keep is true.
func (p *Prepared) Subset(keep func(i int) bool) *Prepared {
	out := &Prepared{}
	for i, s := range p.Samples {
		if keep(i) {
			out.Samples = append(out.Samples, s)
			out.Docs = append(out.Docs, p.Docs[i])
			out.Signals = append(out.Signals, p.Signals[i])
			out.Vectors = append(out.Vectors, p.Vectors[i])
		}
	}
	return out
}

// Head is a fitted head in its shipped form and its packed bytes.
type Head struct {
	*linear.Model
	Packed       []byte
	allLanguages bool
}

// Fit trains both parts of a head and packs them.
func Fit(r Recipe, p *Prepared) (*Head, error) {
	r = r.withDefaults()
	var grams, dense []linear.Example
	for i, s := range p.Samples {
		w := s.Weight
		if w == 0 {
			w = 1
		}
		grams = append(grams, linear.Example{Doc: p.Docs[i], Target: s.Target, Weight: w})
		if p.Vectors[i] != nil && (r.AllLanguages || s.In.Lang == "en") {
			dense = append(dense, linear.Example{Dense: p.Vectors[i], Target: s.Target, Weight: w})
		}
	}
	pack := linear.Pack{Grams: linear.Train(r.Labels, grams, r.Grams), Keep: r.Keep, Mix: r.Mix}
	if len(dense) > 0 {
		pack.Dense = linear.Train(r.Labels, dense, r.Dense)
	}
	raw, err := linear.Encode(pack)
	if err != nil {
		return nil, err
	}
	m, err := linear.Decode(raw)
	if err != nil {
		return nil, err
	}
	return &Head{m, raw, r.AllLanguages}, nil
}

// Predictions returns the head's probabilities for every sample; dense turns
// the vectors on.
func (h *Head) Predictions(p *Prepared, dense bool) [][]float32 {
	out := make([][]float32, len(p.Docs))
	for i, d := range p.Docs {
		var v []float32
		if dense && (h.allLanguages || p.Samples[i].In.Lang == "en") {
			v = p.Vectors[i]
		}
		out[i] = h.Predict(d, v)
	}
	return out
}

// oneHot is a target with a single yes.
func oneHot(labels []string, label string) []float32 {
	t := make([]float32, len(labels))
	if i := slices.Index(labels, label); i >= 0 {
		t[i] = 1
	}
	return t
}

// unknowns is a target that says nothing yet.
func unknowns(n int) []float32 {
	t := make([]float32, n)
	for i := range t {
		t[i] = linear.Unknown
	}
	return t
}
