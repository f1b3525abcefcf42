package nlp

import (
	"cmp"
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/seed"
	"github.com/hypercare/hypercare/internal/nlp/static"
	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// neighbours are the labelled examples of package seed in the space that all
// languages share.
type neighbours struct {
	examples []seed.Example
	vectors  [][]int8
	labels   [][]int // category indices
}

// neighbour is an example near a text.
type neighbour struct {
	example int
	cosine  float64
}

// nearCosine is from where on an example says something about a text: unlike
// pairs lie around 0.2, translations of each other around 0.6.
const nearCosine = 0.35

// newNeighbours computes the examples' vectors; enc may be nil.
func newNeighbours(enc *static.Encoder) *neighbours {
	n := &neighbours{}
	if enc == nil {
		return n
	}
	for _, e := range seed.Categories() {
		v := enc.Encode(e.Title+" "+e.Text, e.Lang)
		if v == nil {
			continue
		}
		var labels []int
		for _, l := range e.Labels {
			labels = append(labels, slices.Index(Categories, l))
		}
		n.examples = append(n.examples, e)
		n.vectors = append(n.vectors, vector.Quantize(v))
		n.labels = append(n.labels, labels)
	}
	return n
}

// nearest returns the up to eight nearest examples above nearCosine.
func (n *neighbours) nearest(v []float32) []neighbour {
	if v == nil {
		return nil
	}
	const most = 8
	q := vector.Quantize(v)
	var out []neighbour
	for i, x := range n.vectors {
		if c := vector.Cosine(q, x); c >= nearCosine && (len(out) < most || c > out[len(out)-1].cosine) {
			at, _ := slices.BinarySearchFunc(out, c, func(a neighbour, c float64) int { return cmp.Compare(c, a.cosine) })
			out = slices.Insert(out, at, neighbour{i, c})
			out = out[:min(len(out), most)]
		}
	}
	return out
}

// votes turns neighbours into a share per category and how much they can be
// trusted, both in [0, 1].
func (n *neighbours) votes(near []neighbour) (share []float64, trust float64) {
	share = make([]float64, len(Categories))
	var sum float64
	for _, x := range near {
		w := (x.cosine - nearCosine + 0.02) * (x.cosine - nearCosine + 0.02)
		for _, l := range n.labels[x.example] {
			share[l] += w
		}
		sum += w
	}
	if sum == 0 {
		return share, 0
	}
	for i := range share {
		share[i] = min(1, share[i]/sum)
	}
	return share, min(1, (near[0].cosine-nearCosine)/0.4)
}
