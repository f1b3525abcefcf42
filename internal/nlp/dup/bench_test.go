package dup

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// corpus makes documents of about 40 words whose vocabulary follows Zipf's
// law, as feedback does; every fifth is a reworded copy of an older one.
// Vectors are random around one centre of 50 topics.
func corpus(n int, vectors bool) []Doc {
	rng := rand.New(rand.NewPCG(1, 2))
	vocab := words(rng, 60_000)
	zipf := rand.NewZipf(rng, 1.07, 8, uint64(len(vocab)-1))
	centres := make([][]float64, 50)
	for i := range centres {
		centres[i] = make([]float64, 512)
		for j := range centres[i] {
			centres[i][j] = rng.NormFloat64()
		}
	}
	docs := make([]Doc, n)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range docs {
		d := Doc{ID: "d" + strconv.Itoa(i), At: start.Add(time.Duration(i) * time.Minute), Language: "en"}
		var t []string
		if i > 100 && rng.IntN(5) == 0 {
			old := docs[rng.IntN(i)]
			t = strings.Fields(old.Title + " " + old.Text)
			for k := range t {
				if rng.IntN(3) == 0 {
					t[k] = vocab[zipf.Uint64()]
				}
			}
		} else {
			for range 20 + rng.IntN(40) {
				t = append(t, vocab[zipf.Uint64()])
			}
		}
		cut := min(7, len(t))
		d.Title, d.Text = strings.Join(t[:cut], " "), strings.Join(t[cut:], " ")
		if vectors {
			d.Static, d.Sentence = around(rng, centres[i%50]), around(rng, centres[i%50])
		}
		docs[i] = d
	}
	return docs
}

func words(rng *rand.Rand, n int) []string {
	syllables := strings.Fields("ba ce di fo gu ha ki lo mu na pe qui ra so tu ve wi xa yo ze bre cha dri flo gru ish ment port sync load crash page")
	seen := map[string]bool{}
	var out []string
	for len(out) < n {
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			out = append(out, b.String())
		}
	}
	return out
}

func around(rng *rand.Rand, centre []float64) []int8 {
	v := make([]int8, len(centre))
	for i, c := range centre {
		v[i] = int8(max(-127, min(127, (0.4*c+rng.NormFloat64())*5.2)))
	}
	return v
}

func fill(docs []Doc) *Index {
	x := New()
	for _, d := range docs {
		x.Add(d)
	}
	return x
}

var sizes = []int{10_000, 30_000, 100_000}

func BenchmarkSearch(b *testing.B) {
	for _, mode := range []string{"words", "vectors"} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", mode, n), func(b *testing.B) {
				docs := corpus(n, mode == "vectors")
				x := fill(docs)
				i := 0
				for b.Loop() {
					x.Search(docs[(i*7919)%n], Options{K: 20})
					i++
				}
			})
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			docs := corpus(n, false)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var x *Index
			for b.Loop() {
				x = fill(docs)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/doc")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heapB/doc")
			runtime.KeepAlive(x)
			runtime.KeepAlive(docs)
		})
	}
}

func BenchmarkCluster(b *testing.B) {
	for _, mode := range []string{"words", "vectors"} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", mode, n), func(b *testing.B) {
				docs := corpus(n, mode == "vectors")
				groups := 0
				for b.Loop() {
					g, err := Cluster(context.Background(), docs, ClusterThreshold)
					if err != nil {
						b.Fatal(err)
					}
					groups = len(g)
				}
				b.ReportMetric(float64(groups), "groups")
			})
		}
	}
}

func BenchmarkFingerprint(b *testing.B) {
	for name, text := range map[string]string{"trace": javaTrace, "prose": strings.Repeat("the page is slow and the spinner never ends. ", 8)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Fingerprint(text)
			}
		})
	}
}
