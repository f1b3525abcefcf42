// Package use turns English text into sentence vectors with the Universal
// Sentence Encoder Lite, a two-layer Transformer with 512-dimensional output
// (Cer et al. 2018, arXiv 1803.11175). Weights and activations are integers
// inside matrix products and every other step fixes its order of operations,
// so the vectors are the same to the bit on every machine and with or without
// assembly. It knows nothing but vectors; what they mean is decided above it.
package use

import (
	"fmt"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/assets"
)

// Dim is the length of a sentence vector.
const Dim = 512

const (
	maxLen   = 128 // tokens read of one text, as the model was trained
	embedDim = 256
	wide     = 1536 // width of the feed-forward layers
)

// Encoder computes sentence vectors. It is safe for concurrent use.
type Encoder struct {
	tok    *tokenizer
	vocab  int       // rows of the embedding table
	scale  []float32 // [vocab] of the embedding rows
	emb    []int8    // [vocab][256]
	timing []float32 // [128][256] position signal
	layer  [2]layer
	resid  matrix // 256 -> 512, carries the residual through layer 0
	head   matrix // 512 -> 512, before tanh
	kern   kernels
	pool   sync.Pool // of *scratch
}

var shared = sync.OnceValues(func() (*Encoder, error) { return decode(assets.USE(), fastest()) })

// Load returns the encoder, reading the embedded asset at the first call.
func Load() (*Encoder, error) {
	e, err := shared()
	if err != nil {
		return nil, fmt.Errorf("load sentence encoder: %w", err)
	}
	return e, nil
}

// Encode returns the unit vector of text, or nil when text holds nothing that
// can be read. Only the first 128 tokens (about 100 words) count.
func (e *Encoder) Encode(text string) []float32 {
	return e.EncodeBatch([]string{text})[0]
}

// EncodeBatch returns one vector per text, as Encode does but faster for
// short texts: weights are read once for several of them.
func (e *Encoder) EncodeBatch(texts []string) [][]float32 {
	out := make([][]float32, len(texts))
	var ids []int32
	var spans []span
	flush := func() {
		if len(spans) > 0 {
			e.forward(ids, spans, out)
			ids, spans = ids[:0], spans[:0]
		}
	}
	for i, t := range texts {
		tok := e.tok.encode(t, maxLen)
		if len(tok) == 0 {
			continue
		}
		if len(ids)+len(tok) > maxLen {
			flush()
		}
		spans = append(spans, span{i, len(ids), len(ids) + len(tok)})
		ids = append(ids, tok...)
	}
	flush()
	return out
}

// Tokens returns how many tokens the model would read of text, at most 128.
func (e *Encoder) Tokens(text string) int { return len(e.tok.encode(text, maxLen)) }

// span is a text's tokens inside a batch: rows [from, to) belong to text.
type span struct{ text, from, to int }
