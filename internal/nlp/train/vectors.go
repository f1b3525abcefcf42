package train

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/static"
	"github.com/hypercare/hypercare/internal/nlp/use"
)

// Encoder turns texts into sentence vectors, with an optional cache on disk:
// the vectors of a data set take minutes, everything else seconds.
type Encoder struct {
	use    *use.Encoder
	static *static.Encoder
	cache  string
}

// NewEncoder returns an encoder that keeps vectors in the folder cache, or
// nowhere when cache is "".
func NewEncoder(cache string) (*Encoder, error) {
	u, err := use.Load()
	if err != nil {
		return nil, fmt.Errorf("load the sentence encoder: %w", err)
	}
	st, err := static.Load()
	if err != nil {
		return nil, fmt.Errorf("load the subword encoder: %w", err)
	}
	return &Encoder{use: u, static: st, cache: cache}, nil
}

// Encode returns one vector per text, nil where a text cannot be read.
func (e *Encoder) Encode(texts []string) ([][]float32, error) {
	file := ""
	if e.cache != "" {
		h := fnv.New64a()
		for _, t := range texts {
			h.Write([]byte(t))
			h.Write([]byte{0})
		}
		file = filepath.Join(e.cache, fmt.Sprintf("%016x.vec", h.Sum64()))
		if raw, err := os.ReadFile(file); err == nil && len(raw) == len(texts)*use.Dim*4 {
			return unpack(raw, len(texts)), nil
		}
	}
	out := make([][]float32, len(texts))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				out[i] = e.use.Encode(texts[i])
			}
		})
	}
	for i := range texts {
		next <- i
	}
	close(next)
	wg.Wait()
	if file != "" {
		if err := os.WriteFile(file, pack(out), 0o644); err != nil {
			return nil, fmt.Errorf("keep sentence vectors: %w", err)
		}
	}
	return out, nil
}

func pack(vs [][]float32) []byte {
	out := make([]byte, 0, len(vs)*use.Dim*4)
	for _, v := range vs {
		if v == nil {
			v = make([]float32, use.Dim)
		}
		for _, x := range v {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return out
}

func unpack(raw []byte, n int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		v := make([]float32, use.Dim)
		zero := true
		for j := range v {
			v[j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[(i*use.Dim+j)*4:]))
			zero = zero && v[j] == 0
		}
		if !zero {
			out[i] = v
		}
	}
	return out
}
