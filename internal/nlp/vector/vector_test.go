package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func randomUnit(rng *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	var s float64
	for i := range v {
		v[i] = float32(rng.NormFloat64())
		s += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(s))
	}
	return v
}

func TestQuantizedCosineIsClose(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b := randomUnit(rng, 512), randomUnit(rng, 512)
		mix := float32(rng.Float64())
		var want, norm float64
		for i := range b {
			b[i] = mix*a[i] + (1-mix)*b[i]
			norm += float64(b[i]) * float64(b[i])
		}
		for i := range b {
			b[i] /= float32(math.Sqrt(norm))
			want += float64(a[i]) * float64(b[i])
		}
		if got := Cosine(Quantize(a), Quantize(b)); math.Abs(got-want) > 0.015 {
			t.Errorf("cosine of quantized vectors = %.4f, want about %.4f", got, want)
		}
	}
}

func TestCosineOfUnusableVectorsIsZero(t *testing.T) {
	t.Parallel()
	zero, one := make([]int8, 64), slices.Repeat([]int8{1}, 64)
	for _, c := range [][2][]int8{{zero, one}, {one, one[:32]}, {nil, nil}} {
		if got := Cosine(c[0], c[1]); got != 0 {
			t.Errorf("Cosine(%v, %v) = %v, want 0", c[0], c[1], got)
		}
	}
}

func TestKernelsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dim := block * rapid.IntRange(1, 10).Draw(t, "blocks")
		n := rapid.IntRange(1, 9).Draw(t, "rows")
		// Extremes are where saturation would show.
		num := rapid.OneOf(rapid.Int8(), rapid.SampledFrom([]int8{-128, -127, 127}))
		q := rapid.SliceOfN(num, dim, dim).Draw(t, "q")
		rows := rapid.SliceOfN(num, n*dim, n*dim).Draw(t, "slab")
		want := make([]int32, n)
		portable().scan(q, rows, want)
		for _, k := range available() {
			got := make([]int32, n)
			k.scan(q, rows, got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s scan differs from portable:\n%s", k.name, diff)
			}
			if got := k.dot(q, rows[:dim]); got != want[0] {
				t.Errorf("%s dot = %d, want %d", k.name, got, want[0])
			}
		}
	})
}

func TestDotOfAnyLength(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOf(rapid.Int8()).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Int8(), len(a), len(a)+5).Draw(t, "b")
		if got, want := Dot(a, b), dotGo(a, b); got != want {
			t.Errorf("Dot = %d, want %d", got, want)
		}
	})
}

// TestIndexEqualsAMap drives an index and a map alike, with and without the
// sign bits' shape (their filter lets everything through at this size).
func TestIndexEqualsAMap(t *testing.T) {
	t.Parallel()
	const dim = 64
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex(dim)
		x.from = rapid.SampledFrom([]int{4, prefilterFrom}).Draw(t, "prefilter from")
		model := map[int][]int8{}
		vec := rapid.SliceOfN(rapid.Int8Range(-9, 9), dim, dim)
		for range rapid.IntRange(0, 25).Draw(t, "changes") {
			id := rapid.IntRange(0, 9).Draw(t, "id")
			if rapid.Bool().Draw(t, "remove") {
				x.Remove(id)
				delete(model, id)
				continue
			}
			v := vec.Draw(t, "v")
			if err := x.Put(id, v); err != nil {
				t.Fatal(err)
			}
			model[id] = v
		}
		if x.Len() != len(model) {
			t.Fatalf("Len = %d, want %d", x.Len(), len(model))
		}
		q := vec.Draw(t, "q")
		even := func(id int) bool { return id%2 == 0 }
		k := rapid.IntRange(1, 6).Draw(t, "k")
		got := x.Search(q, k, even)
		var want []Hit
		for id, v := range model {
			if even(id) && Dot(q, q) > 0 {
				want = append(want, Hit{id, Cosine(q, v)})
			}
		}
		if len(got) != min(k, len(want)) {
			t.Fatalf("%d hits, want %d", len(got), min(k, len(want)))
		}
		slices.SortFunc(want, func(a, b Hit) int { return worse(b, a) })
		for i, h := range got {
			if math.Abs(h.Cosine-want[i].Cosine) > 1e-6 || math.Abs(h.Cosine-Cosine(q, model[h.ID])) > 1e-6 {
				t.Errorf("hit %d = %v, want %v", i, h, want[i])
			}
		}
	})
}

func TestPutRefusesAnotherLength(t *testing.T) {
	t.Parallel()
	x := NewIndex(64)
	if err := x.Put(1, make([]int8, 63)); err == nil {
		t.Error("a vector of 63 numbers was accepted")
	}
	if hits := x.Search(make([]int8, 63), 1, nil); hits != nil {
		t.Errorf("search by a vector of 63 numbers = %v, want none", hits)
	}
}

func TestSignBitsFindTheNearest(t *testing.T) {
	t.Parallel()
	const n, dim = 20_000, 512
	rng := rand.New(rand.NewPCG(3, 4))
	exact, quick := NewIndex(dim), NewIndex(dim)
	quick.from = n
	centres := make([][]float32, 400)
	for i := range centres {
		centres[i] = randomUnit(rng, dim)
	}
	near := func(c []float32) []int8 {
		v, noise := slices.Clone(c), randomUnit(rng, dim)
		for i := range v {
			v[i] = 0.75*v[i] + 0.66*noise[i]
		}
		return Quantize(v)
	}
	for id := range n {
		v := near(centres[id%len(centres)])
		for _, x := range []*Index{exact, quick} {
			if err := x.Put(id, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, all := 0, 0
	for i := range 50 {
		q := near(centres[i])
		got := quick.Search(q, 10, nil)
		for _, h := range exact.Search(q, 10, nil) {
			all++
			if slices.Contains(got, h) {
				found++
			}
		}
	}
	if recall := float64(found) / float64(all); recall < 0.97 {
		t.Errorf("recall at 10 through sign bits = %.3f, want >= 0.97", recall)
	}
}

func TestIndexIsSafeForManyReadersAndAWriter(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	vecs := make([][]int8, 64)
	for i := range vecs {
		vecs[i] = Quantize(randomUnit(rng, 64))
	}
	x := NewIndex(64)
	x.from = 16
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			for i := range 300 {
				for _, h := range x.Search(vecs[(i+reader)%len(vecs)], 3, nil) {
					if h.ID < 0 || h.ID >= len(vecs) {
						t.Errorf("hit with id %d that was never put", h.ID)
					}
				}
			}
		})
	}
	for i := range 600 {
		if i%3 == 2 {
			x.Remove(i * 7 % len(vecs))
		} else if err := x.Put(i%len(vecs), vecs[i%len(vecs)]); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(7, 8))
			pool := make([][]int8, 1000)
			for i := range pool {
				pool[i] = Quantize(randomUnit(rng, 512))
			}
			x := NewIndex(512)
			v := make([]int8, 512)
			for id := range n {
				copy(v, pool[rng.IntN(len(pool))])
				for range 64 {
					v[rng.IntN(512)] = int8(rng.IntN(20) - 10)
				}
				if err := x.Put(id, v); err != nil {
					b.Fatal(err)
				}
			}
			i := 0
			for b.Loop() {
				x.Search(pool[i%len(pool)], 10, nil)
				i++
			}
		})
	}
}
