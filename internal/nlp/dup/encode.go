package dup

import (
	"math"

	"github.com/hypercare/hypercare/internal/nlp/lang"
	"github.com/hypercare/hypercare/internal/nlp/static"
	"github.com/hypercare/hypercare/internal/nlp/use"
	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// An Encoder makes the vectors of documents the way the weights of this
// package expect them.
type Encoder struct {
	static   *static.Encoder
	sentence *use.Encoder // nil when only the first pass is wanted
}

// LoadEncoder loads the embedded models. Without sentences it makes only
// static vectors, about a hundred times faster.
func LoadEncoder(sentences bool) (*Encoder, error) {
	st, err := static.Load()
	if err != nil {
		return nil, err
	}
	e := &Encoder{static: st}
	if sentences {
		if e.sentence, err = use.Load(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Encode returns the static and the sentence vector of d, of unit length
// times 127; the second only for English texts. The title counts twice: alone
// and as the start of the text.
func (e *Encoder) Encode(d Doc) (staticVec, sentenceVec []int8) {
	title, body := titleAndBody(d)
	whole := d.Text
	if d.Title != "" {
		whole = d.Title + "\n" + body
	}
	code := d.Language
	if code == "" {
		code, _, _ = lang.Detect(whole, lang.Options{})
	}
	if v := e.static.Encode(title+"\n"+whole, code); v != nil {
		staticVec = vector.Quantize(v)
	}
	if e.sentence == nil || code != "en" {
		return staticVec, nil
	}
	texts := []string{whole}
	if title != "" {
		texts = append(texts, title)
	}
	if v := mean(e.sentence.EncodeBatch(texts)); v != nil {
		sentenceVec = vector.Quantize(v)
	}
	return staticVec, sentenceVec
}

// mean is the unit vector between unit vectors; nil ones do not count.
func mean(vs [][]float32) []float32 {
	var sum []float32
	for _, v := range vs {
		if sum == nil {
			sum = append(sum, v...)
			continue
		}
		for i, x := range v {
			sum[i] += x
		}
	}
	var norm float64
	for _, x := range sum {
		norm += float64(float64(x) * float64(x))
	}
	if norm == 0 {
		return nil
	}
	k := float32(1 / math.Sqrt(norm))
	for i := range sum {
		sum[i] *= k
	}
	return sum
}
