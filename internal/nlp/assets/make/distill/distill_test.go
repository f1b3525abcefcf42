package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// catalogue is a .mo file with the given messages.
func catalogue(msgs ...[2]string) []byte {
	le := binary.LittleEndian
	n := uint32(len(msgs))
	b := make([]byte, 28, 28+16*n)
	for i, v := range []uint32{0x950412de, 0, n, 28, 28 + 8*n} {
		le.PutUint32(b[4*i:], v)
	}
	at := 28 + 16*n
	var text []byte
	for side := range 2 {
		for _, m := range msgs {
			b = le.AppendUint32(b, uint32(len(m[side])))
			b = le.AppendUint32(b, at+uint32(len(text)))
			text = append(append(text, m[side]...), 0)
		}
	}
	return append(b, text...)
}

func TestReadMO(t *testing.T) {
	t.Parallel()
	var got [][2]string
	b := catalogue([2]string{"", "header"}, [2]string{"Open", "Öffnen"}, [2]string{"menu\x04~Save", "~Speichern"})
	if err := readMO(b, func(id, text string) { got = append(got, [2]string{cleanUI(id), cleanUI(text)}) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]string{{"Open", "Öffnen"}, {"Save", "Speichern"}}, got); diff != "" {
		t.Errorf("messages differ:\n%s", diff)
	}
}

func FuzzReadMO(f *testing.F) {
	f.Add(catalogue([2]string{"a", "b"}))
	f.Add([]byte{0xde, 0x12, 0x04, 0x95})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 28 {
			binary.LittleEndian.PutUint32(b[8:], binary.LittleEndian.Uint32(b[8:])%1000)
		}
		if err := readMO(b, func(id, text string) {
			if id == "" || text == "" {
				t.Error("an empty message was passed on")
			}
		}); err == nil && len(b) < 28 {
			t.Errorf("%d bytes were accepted as a catalogue", len(b))
		}
	})
}

func TestAlignSentences(t *testing.T) {
	t.Parallel()
	got := alignSentences("Open it. Then close it.", "Öffne es. Dann schließe es.")
	want := []pair{{"Open it.", "Öffne es."}, {"Then close it.", "Dann schließe es."}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(pair{})); diff != "" {
		t.Errorf("aligned sentences differ:\n%s", diff)
	}
	if got := alignSentences("Open it. Then close it.", "开关。"); len(got) != 1 {
		t.Errorf("%d pairs of unlike counts, want the whole as one", len(got))
	}
}

func TestLexiconFindsTranslations(t *testing.T) {
	t.Parallel()
	var ps []pair
	en, de := strings.Fields("red green blue black white"), strings.Fields("rot grün blau schwarz weiß")
	things := [][2]string{{"house", "Haus"}, {"dog", "Hund"}, {"table", "Tisch"}, {"door", "Tür"}}
	for i, e := range en {
		for _, th := range things {
			ps = append(ps, pair{"the " + e + " " + th[0], "das " + de[i] + " " + th[1]})
		}
	}
	got := lexicon(ps)
	for _, want := range []pair{{"red", "rot"}, {"house", "haus"}, {"the", "das"}} {
		if !slices.Contains(got, want) {
			t.Errorf("lexicon %v lacks %v", got, want)
		}
	}
}

func TestKernelsEqualPlainLoops(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(rng.NormFloat64())
		}
		return out
	}
	const k, n, rows = 96, 64, 16
	a, w := random(rows*k), random(k*n)
	got, want := make([]float32, rows*n), make([]float32, rows*n)
	new(panels).pack(k, n, w).mul(got, a, rows)
	wt := make([]float32, n*k)
	for r := range rows {
		for c := range n {
			var s float64
			for i := range k {
				s += float64(a[r*k+i]) * float64(w[i*n+c])
				wt[c*k+i] = w[i*n+c]
			}
			want[r*n+c] = float32(s)
		}
	}
	close := func(name string, got []float32) {
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-4 {
				t.Fatalf("%s differs at %d: %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	close("pack", got)
	new(panels).packT(k, n, wt).mul(got, a, rows)
	close("packT", got)
	e, g2, d := []float32{1, 2, 3}, []float32{0, 1, 4}, []float32{2, -2, 0}
	step(e, g2, d, 0.5, 0.1)
	for i, w := range []float32{0.9, 2.0707107, 3} {
		if math.Abs(float64(e[i]-w)) > 1e-5 {
			t.Errorf("AdaGrad gives %v at %d, want %v", e[i], i, w)
		}
	}
}

func TestQuantizeKeepsTheRow(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	row := make([]float32, 96)
	var norm, loss float64
	for i := range row {
		row[i] = float32(rng.NormFloat64())
	}
	half, nibbles := quantize(row)
	scale := math.Float32frombits(uint32(half) << 16)
	for i, v := range row {
		q := float32(int8(nibbles[i/2]<<(4*(1-i%2)))>>4) * scale
		norm += float64(v) * float64(v)
		loss += float64(v-q) * float64(v-q)
	}
	if r := math.Sqrt(loss / norm); r > 0.15 {
		t.Errorf("4 bits lose %.3f of a row's length, want at most 0.15", r)
	}
	if half, nibbles := quantize(make([]float32, 4)); half != 0 || nibbles[0] != 0 {
		t.Error("a zero row does not stay zero")
	}
}
