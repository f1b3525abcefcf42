package dup

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"
)

type xrow struct {
	ID, Text, Created string
	DupOf             []string `json:"dup_of"`
	at                time.Time
	t, f, c           []int8
	st                []int8
}

func loadX(name string) []*xrow {
	f, err := os.Open("/work/shared/data/" + name + ".jsonl")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 1<<22), 1<<22)
	var rows []*xrow
	for sc.Scan() {
		r := &xrow{}
		if json.Unmarshal(sc.Bytes(), r) == nil {
			r.at, _ = time.Parse("2006-01-02T15:04:05", strings.Replace(r.Created, " ", "T", 1))
			rows = append(rows, r)
		}
	}
	if b, err := os.ReadFile("/tmp/dupx/" + name + ".vec"); err == nil && os.Getenv("NOVEC") == "" {
		for i, r := range rows {
			v := func(k int) []int8 {
				o := make([]int8, 512)
				for j := range o {
					o[j] = int8(b[(i*3+k)*512+j])
				}
				return o
			}
			r.t, r.f, r.c = v(0), v(1), v(2)
		}
	}
	if b, err := os.ReadFile("/tmp/dupx/" + name + ".st"); err == nil && os.Getenv("NOST") == "" {
		for i, r := range rows {
			r.st = make([]int8, 512)
			for j := range r.st {
				r.st[j] = int8(b[i*512+j])
			}
		}
	}
	return rows
}

type xacc struct{ r1, r5, r10, r20, mrr, n float64 }

func (a xacc) String() string {
	return fmt.Sprintf("q %4.0f RR@1 %.3f @5 %.3f @10 %.3f @20 %.3f MRR %.3f", a.n, a.r1/a.n, a.r5/a.n, a.r10/a.n, a.r20/a.n, a.mrr/a.n)
}
func (a *xacc) add(pos int) {
	a.n++
	if pos == 0 {
		return
	}
	if pos <= 1 {
		a.r1++
	}
	if pos <= 5 {
		a.r5++
	}
	if pos <= 10 {
		a.r10++
	}
	if pos <= 20 {
		a.r20++
	}
	a.mrr += 1 / float64(pos)
}

func evalX(rows []*xrow, w weights, causal bool) (first, second xacc) {
	x := New()
	x.w = w
	nq := 0
	for _, r := range rows {
		if len(r.DupOf) > 0 {
			nq++
		}
	}
	if !causal {
		for _, r := range rows {
			x.Add(Doc{At: r.at, ID: r.ID, Text: r.Text, Sentence: r.c, Static: r.st})
		}
	}
	k := 0
	for i, r := range rows {
		if len(r.DupOf) > 0 {
			k++
			rel := map[string]bool{}
			for _, d := range r.DupOf {
				rel[d] = true
			}
			opt := Options{K: 100}
			if !causal {
				opt.older = uint32(i) + 1
			}
			pos := 0
			for j, c := range x.Search(Doc{At: r.at, ID: r.ID, Text: r.Text, Sentence: r.c, Static: r.st}, opt) {
				if rel[c.ID] {
					pos = j + 1
					break
				}
			}
			if k*2 <= nq {
				first.add(pos)
			} else {
				second.add(pos)
			}
		}
		if causal {
			x.Add(Doc{At: r.at, ID: r.ID, Text: r.Text, Sentence: r.c, Static: r.st})
		}
	}
	return
}

var _ = binary.LittleEndian
var _ = sort.Ints
var _ = strings.Cut

func TestExp(t *testing.T) {
	sets := map[string][]*xrow{"hadoop_dups": loadX("hadoop_dups"), "openoffice_dups": loadX("openoffice_dups")}
	run := func(label string, mod func(w *weights)) {
		w := defaultWeights
		mod(&w)
		for _, n := range []string{"hadoop_dups", "openoffice_dups"} {
			t0 := time.Now()
			a, b := evalX(sets[n], w, os.Getenv("CAUSAL") != "")
			fmt.Printf("%-28s %-8.8s 1st %s | 2nd %s  %.1fs\n", label, n, a, b, time.Since(t0).Seconds())
		}
	}
	f := experiments[os.Getenv("EXP")]
	if f != nil {
		f(run)
	}
}

var experiments = map[string]func(run func(string, func(*weights))){
	"lex": func(run func(string, func(*weights))) {
		run("base", func(w *weights) {})
		for _, v := range []float32{1, 1.5, 3} {
			run(fmt.Sprint("titlew ", v), func(w *weights) { w.field[0] = v })
		}
		for _, v := range []float32{0.5, 1.5} {
			run(fmt.Sprint("errw ", v), func(w *weights) { w.field[2] = v })
		}
		for _, v := range []float32{0, 0.3, 0.75} {
			run(fmt.Sprint("normT ", v), func(w *weights) { w.norm[0] = v })
		}
		for _, v := range []float32{0.3, 0.5, 1} {
			run(fmt.Sprint("normB ", v), func(w *weights) { w.norm[1] = v; w.norm[2] = v })
		}
	},
	"feat": func(run func(string, func(*weights))) {
		run("base", func(w *weights) {})
		for _, v := range []float64{0.1, 0.3, 0.6} {
			run(fmt.Sprint("doc ", v), func(w *weights) { w.score.doc = v })
			run(fmt.Sprint("title ", v), func(w *weights) { w.score.title = v })
			run(fmt.Sprint("cross ", v), func(w *weights) { w.score.cross = v })
			run(fmt.Sprint("pairs ", v), func(w *weights) { w.score.pairs = v })
			run(fmt.Sprint("same ", v), func(w *weights) { w.score.same = v })
			run(fmt.Sprint("recent ", v/20), func(w *weights) { w.score.gap = v / 20 })
		}
	},
}
