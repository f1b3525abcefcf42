package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/use"
)

// report prints how often a text's own English twin is the nearest: over the
// pairs kept from training, and over the sentences of -test.
func (o options) report(m *model, c *corpus) error {
	pool, at := heldPool(c)
	hits, all := 0, 0
	var line strings.Builder
	for _, lang := range slices.Sorted(maps.Keys(c.held)) {
		h, n := 0, 0
		for _, p := range c.held[lang] {
			if n == 300 {
				break
			}
			n++
			if nearest(m.embed(p.text), pool) == at[p.en] {
				h++
			}
		}
		hits, all = hits+h, all+n
		fmt.Fprintf(&line, " %s %.0f", lang, 100*float64(h)/float64(n))
	}
	fmt.Printf("held out: %.1f %% of %d at rank 1 of %d;%s\n", 100*float64(hits)/float64(all), all, len(pool), line.String())
	if o.test == "" {
		return nil
	}
	return o.reportTest(m)
}

// heldPool returns the teaching vectors of the held-out texts and where each is.
func heldPool(c *corpus) (pool [][]float32, at map[int32]int) {
	at = map[int32]int{}
	for _, lang := range slices.Sorted(maps.Keys(c.held)) {
		for _, p := range c.held[lang] {
			if _, ok := at[p.en]; !ok {
				at[p.en] = len(pool)
				pool = append(pool, c.teacher[int(p.en)*out:][:out])
			}
		}
	}
	return pool, at
}

func nearest(v []float32, pool [][]float32) int {
	best, top := -1, float32(-2)
	for i, p := range pool {
		var s float32
		for j, x := range v {
			s += x * p[j]
		}
		if s > top {
			best, top = i, s
		}
	}
	return best
}

func (o options) reportTest(m *model) error {
	b, err := os.ReadFile(o.test)
	if err != nil {
		return fmt.Errorf("read parallel sentences: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	langs := strings.Split(lines[0], "\t")
	enc, err := use.Load()
	if err != nil {
		return err
	}
	var sentence, words [][]float32 // the English side by both encoders
	for _, l := range lines[1:] {
		en, _, _ := strings.Cut(l, "\t")
		sentence, words = append(sentence, enc.Encode(en)), append(words, m.embed(en))
	}
	var bySentence, byWords int
	var line strings.Builder
	for col := 1; col < len(langs); col++ {
		a, w := 0, 0
		for i, l := range lines[1:] {
			v := m.embed(strings.Split(l, "\t")[col])
			if nearest(v, sentence) == i {
				a++
			}
			if nearest(v, words) == i {
				w++
			}
		}
		bySentence, byWords = bySentence+a, byWords+w
		fmt.Fprintf(&line, " %s %d/%d", langs[col], a, w)
	}
	fmt.Printf("test: %d to sentence vectors, %d to subword vectors, of %d at rank 1;%s\n",
		bySentence, byWords, (len(langs)-1)*(len(lines)-1), line.String())
	return nil
}
