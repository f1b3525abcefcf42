package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/nlp/static"
)

const (
	batchSize = 256
	minCount  = 4 // a rarer part of a word is noise
	minWord   = 2 // a rarer word is a name or a slip
	// heldShare of the longer English texts, 1 in so many, is kept from
	// training to report on.
	heldShare = 150
)

// example is a text to learn: the rows of its features and its English twin.
type example struct {
	en    int32
	rows  []int32
	short bool // fewer than three English words
}

// corpus is everything the training reads.
type corpus struct {
	en      []string
	teacher []float32 // [len(en)][512], unit length
	keys    []uint32  // feature of each row, most frequent first
	row     map[uint32]int32
	train   []example
	held    map[string][]pairID // by language
}

// pairID is a translation of English text en.
type pairID struct {
	en   int32
	text string
}

func (o options) train() error {
	c, err := o.load()
	if err != nil {
		return err
	}
	m := newModel(c, o)
	long := 0
	for _, x := range c.train {
		if !x.short {
			long++
		}
	}
	perEpoch := long + int(o.short*float64(len(c.train)-long))
	fmt.Printf("%d English texts, %d examples, %d per epoch, %d features\n", len(c.en), len(c.train), perEpoch, len(c.keys))
	total, done, start := o.epochs*(perEpoch/batchSize), 0, time.Now()
	for epoch := range o.epochs {
		rng := rand.New(rand.NewPCG(uint64(epoch), 7))
		rng.Shuffle(len(c.train), func(i, j int) { c.train[i], c.train[j] = c.train[j], c.train[i] })
		batch, loss := make([]example, 0, batchSize), 0.0
		for _, x := range c.train {
			if x.short && rng.Float64() >= o.short {
				continue
			}
			if o.drop > 0 {
				x.rows = thin(x.rows, o.drop, rng)
			}
			if batch = append(batch, x); len(batch) == batchSize {
				done++
				loss += m.learn(batch, o.rate*max(0.02, 1-float64(done)/float64(total+1)))
				batch = batch[:0]
				if done%500 == 0 {
					fmt.Printf("epoch %d step %d/%d loss %.4f %s\n", epoch, done, total, loss/500, time.Since(start).Round(time.Second))
					loss = 0
				}
			}
		}
		if err := o.report(m, c); err != nil {
			return err
		}
		b := m.encode(c.keys)
		if err := os.WriteFile(o.out, b, 0o644); err != nil {
			return fmt.Errorf("write asset: %w", err)
		}
		fmt.Println("wrote", o.out, len(b), "bytes")
	}
	return nil
}

// load reads texts, teaching vectors and pairs, and chooses the features.
func (o options) load() (*corpus, error) {
	b, err := os.ReadFile(filepath.Join(o.dir, "teach", "en.txt"))
	if err != nil {
		return nil, fmt.Errorf("read teaching texts (run the step teach): %w", err)
	}
	c := &corpus{en: strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"), held: map[string][]pairID{}}
	if b, err = os.ReadFile(filepath.Join(o.dir, "teach", "vectors.i8")); err != nil {
		return nil, fmt.Errorf("read teaching vectors: %w", err)
	}
	if len(b) != len(c.en)*static.Dim {
		return nil, fmt.Errorf("%d bytes of vectors for %d texts (run the step teach again)", len(b), len(c.en))
	}
	c.teacher = make([]float32, len(b))
	for i, x := range b {
		c.teacher[i] = float32(int8(x))
	}
	for i := range c.en {
		unit(c.teacher[i*static.Dim:][:static.Dim])
	}
	texts, err := o.texts(c)
	if err != nil {
		return nil, err
	}
	c.choose(texts, o)
	return c, nil
}

// texts lists what is learnt from: translations, and three times the English
// itself; held-out pairs go to c.held.
func (o options) texts(c *corpus) ([]pairID, error) {
	index := make(map[string]int32, len(c.en))
	for i, s := range c.en {
		index[s] = int32(i)
	}
	var out []pairID
	err := o.eachPair(func(lang string, p pair) {
		i, ok := index[p.en]
		switch {
		case !ok:
		case held(p.en):
			c.held[lang] = append(c.held[lang], pairID{i, p.other})
		default:
			out = append(out, pairID{i, p.other})
		}
	})
	for range 3 {
		for i, s := range c.en {
			if !held(s) {
				out = append(out, pairID{int32(i), s})
			}
		}
	}
	return out, err
}

func held(en string) bool {
	h := uint32(2166136261)
	for i := range len(en) {
		h = (h ^ uint32(en[i])) * 16777619
	}
	return strings.Count(en, " ") >= 3 && (h>>4)%heldShare == 0
}

// choose keeps the most frequent features and turns texts into examples.
func (c *corpus) choose(texts []pairID, o options) {
	count := map[uint32]int32{}
	var buf []uint32
	for _, t := range texts {
		buf = static.Features(t.text, buf[:0])
		for _, h := range buf {
			count[h]++
		}
	}
	words := 0
	for h, n := range count {
		if n < minCount && (h&1 == 0 || n < minWord) {
			continue
		}
		c.keys = append(c.keys, h)
		if h&1 == 1 { // a word says more than a part of one
			count[h] *= int32(o.word)
			words++
		}
	}
	slices.SortFunc(c.keys, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	fmt.Println("features seen", len(count), "often enough", len(c.keys), "of them words", words)
	c.keys = c.keys[:min(o.rows, len(c.keys))]
	fmt.Println("rarest feature kept was seen", count[c.keys[len(c.keys)-1]], "times")
	c.row = make(map[uint32]int32, len(c.keys))
	for i, h := range c.keys {
		c.row[h] = int32(i)
	}
	for _, t := range texts {
		if rows := c.rows(t.text); len(rows) > 0 {
			c.train = append(c.train, example{t.en, rows, strings.Count(c.en[t.en], " ") < 2})
		}
	}
}

// rows returns the rows of a text's features.
func (c *corpus) rows(text string) []int32 {
	hs := static.Features(text, nil)
	out := make([]int32, 0, len(hs))
	for _, h := range hs {
		if i, ok := c.row[h]; ok {
			out = append(out, i)
		}
	}
	return slices.Clip(out)
}

// thin leaves out a random share of rows, but never all.
func thin(rows []int32, share float64, rng *rand.Rand) []int32 {
	out := make([]int32, 0, len(rows))
	for _, r := range rows {
		if rng.Float64() >= share {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return rows
	}
	return out
}

// unit scales v to length 1 and returns its length before.
func unit(v []float32) float32 {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	n := float32(math.Sqrt(s) + 1e-9)
	for i := range v {
		v[i] /= n
	}
	return n
}
