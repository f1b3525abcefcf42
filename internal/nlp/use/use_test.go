package use

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hypercare/hypercare/internal/nlp/assets"
	"pgregory.net/rapid"
)

// reference reads texts and the vectors of the model's own TensorFlow.js
// program for them (npm @energetic-ai/embeddings 0.2.0, float32 weights).
func reference(t testing.TB) ([]string, [][]float32) {
	t.Helper()
	var texts []string
	b, err := os.ReadFile("testdata/texts.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &texts); err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile("testdata/reference.f32"); err != nil {
		t.Fatal(err)
	}
	vecs := make([][]float32, len(texts))
	for i := range vecs {
		vecs[i] = make([]float32, Dim)
		for j := range vecs[i] {
			vecs[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(b[(i*Dim+j)*4:]))
		}
	}
	return texts, vecs
}

func load(t testing.TB) *Encoder {
	t.Helper()
	e, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func with(t testing.TB, k kernels) *Encoder {
	t.Helper()
	e, err := decode(assets.USE(), k)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func TestVectorsEqualTheReference(t *testing.T) {
	t.Parallel()
	e := load(t)
	texts, want := reference(t)
	least := 1.0
	for i, s := range texts {
		got := dot(e.Encode(s), want[i])
		least = min(least, got)
		if got < 0.999 {
			t.Errorf("cosine of %q to the reference = %.5f, want >= 0.999", s, got)
		}
	}
	t.Logf("lowest cosine to the reference: %.6f", least)
}

// TestVectorsAreTheSameEverywhere pins the bits: whoever sees another sum on
// another machine has found a step whose order of operations is not fixed.
func TestVectorsAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const want = "b698c9f981a6c88847099f646bfaf28f614db13a3ce10a7b17470e6af4f0e736"
	texts, _ := reference(t)
	for _, k := range available() {
		h := sha256.New()
		for _, v := range with(t, k).EncodeBatch(texts) {
			if err := binary.Write(h, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s kernels: vectors hash to %s, want %s", k.name, got, want)
		}
	}
}

func TestBatchEqualsOneByOne(t *testing.T) {
	t.Parallel()
	e := load(t)
	texts, _ := reference(t)
	texts = append(texts, "", "  ", "again")
	for i, v := range e.EncodeBatch(texts) {
		if diff := cmp.Diff(e.Encode(texts[i]), v); diff != "" {
			t.Errorf("batch vector of %q differs:\n%s", texts[i], diff)
		}
	}
}

func TestNothingToReadGivesNoVector(t *testing.T) {
	t.Parallel()
	e := load(t)
	for _, s := range []string{"", " \n\t", "\x00\x00", "\xff\xfe"} {
		if v := e.Encode(s); v != nil {
			t.Errorf("Encode(%q) has %d numbers, want nil", s, len(v))
		}
	}
}

func TestVectorsTellMeanings(t *testing.T) {
	t.Parallel()
	e := load(t)
	crash := e.Encode("The app crashes when I open settings")
	same := e.Encode("Application quits unexpectedly after tapping the settings page")
	other := e.Encode("I love the new colours, great work")
	if s, o := dot(crash, same), dot(crash, other); s < 0.65 || o > 0.45 || s < o+0.25 {
		t.Errorf("cosine of a paraphrase = %.3f, of praise = %.3f, want >= 0.65 and <= 0.45", s, o)
	}
}

func TestKernelsAgree(t *testing.T) {
	t.Parallel()
	ks := available()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{1, 3, 4, 5, 8, 9, 13, 128} {
		for _, k := range []int{256, 512, 1536} {
			const n = 64
			a, w := make([]int16, maxLen*k), make([]int8, k*panel)
			for i := range a {
				a[i] = int16(rng.IntN(2*topLevel+1) - topLevel)
			}
			for i := range w {
				w[i] = int8(rng.IntN(255) - 127)
			}
			for i := range k { // the largest possible sum in one cell
				a[i], w[i/2*2*panel+i%2] = topLevel, 127
			}
			want := make([]int32, maxLen*n)
			ks[0].tile(k, a, w, want, n, rows)
			for _, kern := range ks[1:] {
				got := make([]int32, maxLen*n)
				kern.tile(k, a, w, got, n, rows)
				for r := range rows {
					if !slices.Equal(got[r*n:][:panel], want[r*n:][:panel]) {
						t.Errorf("%s tile of %d x %d differs in row %d", kern.name, rows, k, r)
					}
				}
			}
		}
	}
}

func TestFloatKernelsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		num := rapid.Float32Range(-40, 40)
		n := 8 * rapid.IntRange(1, 8).Draw(t, "eights")
		x := rapid.SliceOfN(num, n, n).Draw(t, "x")
		scale := rapid.SliceOfN(num, n, n).Draw(t, "scale")
		acc := rapid.SliceOfN(rapid.Int32Range(-1<<30, 1<<30), n, n).Draw(t, "acc")
		k := rapid.Float32Range(1e-6, 100).Draw(t, "k")
		floor := rapid.SampledFrom([]float32{0, float32(math.Inf(-1))}).Draw(t, "floor")
		keys := rapid.IntRange(1, 5).Draw(t, "keys")
		width := 64 * rapid.IntRange(1, 2).Draw(t, "width")
		values := rapid.SliceOfN(num, keys*width, keys*width).Draw(t, "values")
		run := func(kern kernels) (out []any) {
			q, wide := make([]int16, n), make([]float32, n)
			kern.round(q, x, k)
			kern.widen(wide, acc, k, scale, x, floor)
			p, blend := make([]float32, keys), make([]float32, width)
			kern.scores(p, values[:width], values, width)
			kern.blend(blend, p, values, width)
			return []any{kern.maxAbs(x), q, wide, p, blend}
		}
		want := run(portable())
		for _, kern := range available()[1:] {
			if diff := cmp.Diff(want, run(kern)); diff != "" {
				t.Errorf("%s kernels differ from portable:\n%s", kern.name, diff)
			}
		}
	})
}

func TestElementaryFunctions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float32Range(-86, 20).Draw(t, "x")
		if got, want := float64(exp(x)), math.Exp(float64(x)); math.Abs(got-want) > 1e-6*want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
		if got, want := float64(tanh(x)), math.Tanh(float64(x)); math.Abs(got-want) > 1e-6 {
			t.Errorf("tanh(%v) = %v, want %v", x, got, want)
		}
	})
}

func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	b := assets.USE()
	for _, bad := range [][]byte{nil, b[:7], b[:100], b[:len(b)/2], b[:len(b)-1], append(slices.Clone(b), 0)} {
		if _, err := decode(bad, portable()); err == nil {
			t.Errorf("an asset of %d bytes was accepted", len(bad))
		}
	}
}

func FuzzTokenize(f *testing.F) {
	for _, s := range []string{"", "The app crashes", "a\x00b\xff", "支払いができません", strings.Repeat("👩‍👩‍👧 ", 50), "ﬁ①Å"} {
		f.Add(s)
	}
	e := load(f)
	f.Fuzz(func(t *testing.T, s string) {
		ids := e.tok.encode(s, maxLen)
		if len(ids) > maxLen {
			t.Errorf("%d tokens of %q, want at most %d", len(ids), s, maxLen)
		}
		for i, id := range ids {
			if id < 0 || int(id) >= e.vocab {
				t.Errorf("token %d of %q is %d, out of range", i, s, id)
			}
			if id == unknown && i > 0 && ids[i-1] == unknown {
				t.Errorf("two unknown tokens in a row in %q", s)
			}
		}
		if diff := cmp.Diff(ids, e.tok.encode(" "+s+" ", maxLen)); diff != "" && len(s) < maxRunes {
			t.Errorf("white space around %q changes its tokens:\n%s", s, diff)
		}
	})
}

func TestTokenizerCapsItsWork(t *testing.T) {
	t.Parallel()
	e := load(t)
	long := strings.Repeat("no spaces\u0301here", 1<<16) // about 1 MB
	if n := e.Tokens(long); n != maxLen {
		t.Errorf("%d tokens of a long text, want %d", n, maxLen)
	}
	if n := len(prepare(long)); n > maxRunes+1 {
		t.Errorf("%d characters read, want at most %d", n, maxRunes+1)
	}
}

// 52 tokens, about 40 words: the length of a usual feedback.
const usual = "I have been using this application for two years and since the last update the synchronisation does not work any more. Whenever I open the project list it shows an empty page and I need to log out and log in again."

func BenchmarkEncode(b *testing.B) {
	for _, k := range available() {
		b.Run(k.name, func(b *testing.B) {
			e := with(b, k)
			for b.Loop() {
				e.Encode(usual)
			}
			b.ReportMetric(float64(e.Tokens(usual)), "tokens")
		})
	}
}

func BenchmarkEncodeBatchOfShortTexts(b *testing.B) {
	e := load(b)
	texts := slices.Repeat([]string{"The export is slow and fails"}, 16)
	for b.Loop() {
		e.EncodeBatch(texts)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(texts)), "µs/text")
}

func BenchmarkTokenize(b *testing.B) {
	e := load(b)
	for b.Loop() {
		e.tok.encode(usual, maxLen)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		with(b, fastest())
	}
}
