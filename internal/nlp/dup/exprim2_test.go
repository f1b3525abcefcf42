package dup

import (
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"testing"
)

func auc(s []float64, y []bool) float64 {
	ix := make([]int, len(s))
	for i := range ix {
		ix[i] = i
	}
	sort.Slice(ix, func(a, b int) bool { return s[ix[a]] < s[ix[b]] })
	var rank, pos, n float64
	for i := 0; i < len(ix); {
		j := i
		for j < len(ix) && s[ix[j]] == s[ix[i]] {
			j++
		}
		r := float64(i+j+1) / 2
		for k := i; k < j; k++ {
			if y[ix[k]] {
				rank += r
				pos++
			}
		}
		i = j
	}
	n = float64(len(s)) - pos
	return (rank - pos*(pos+1)/2) / (pos * n)
}

func TestRIM(t *testing.T) {
	if os.Getenv("RIM") == "" {
		t.Skip()
	}
	rows := loadRIM()
	mode := os.Getenv("RIM")
	xs := map[string]*Index{}
	seen := map[string]bool{}
	for _, r := range rows {
		k := ""
		if strings.Contains(mode, "a") {
			k = r.App
		}
		if xs[k] == nil {
			xs[k] = New()
		}
		xs[r.App] = xs[k]
		x := xs[k]
		if !seen[r.App+r.Issue] {
			seen[r.App+r.Issue] = true
			x.Add(Doc{ID: r.App + r.Issue, Title: r.Title, Text: r.Body, Sentence: r.v[2], Static: r.st[1]})
		}
		if strings.Contains(mode, "r") && !seen[r.Rev] {
			seen[r.Rev] = true
			x.Add(Doc{ID: r.Rev, Text: r.Text, Sentence: r.v[0]})
		}
	}
	cols := map[string][]float64{}
	var y []bool
	for _, r := range rows {
		y = append(y, r.Label == "match")
		add := func(n string, v float64) { cols[n] = append(cols[n], v) }
		expFeats = func(s *search) {
			f := s.feats[0]
			add("score", f.score)
			lex := f.query * s.selfLex
			for _, p := range []float64{0, .25, .5, .75} {
				add(fmt.Sprint("score lex/self^", p), f.score-f.query+lex/math.Pow(s.selfLex, p)/math.Pow(150, 1-p))
				add(fmt.Sprint("score + .5lex/self^", p), f.score+.5*lex/math.Pow(s.selfLex, p)/math.Pow(150, 1-p))
			}
			add("score+same title cos", f.score)
			for _, v := range []float64{-.15, .1, .2, .4} {
				add(fmt.Sprint("score+doc ", v), f.score+v*f.doc2)
				add(fmt.Sprint("score+pairs ", v), f.score+v*f.pairs)
				add(fmt.Sprint("score+sent ", v), f.score+v*f.sentence)
				add(fmt.Sprint("score+query ", v), f.score+v*f.query)
				add(fmt.Sprint("score+named ", v), f.score+v*f.named)
				add(fmt.Sprint("score+geo ", v), f.score+v*math.Sqrt(f.named*f.query))
				add(fmt.Sprint("score+min ", v), f.score+v*math.Min(f.query, .5))
			}
		}
		xs[r.App].Compare(Doc{Text: r.Text, Sentence: r.v[0], Static: r.st[0]}, r.App+r.Issue)
		expFeats = nil
	}
	var ks []string
	for k := range cols {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	for _, k := range ks {
		fmt.Printf("AUC %-30s %.3f", k, auc(cols[k], y))
		for _, app := range []string{"org.mozilla.firefox", "org.videolan.vlc", "com.nextcloud.client", "org.thoughtcrime.securesms"} {
			var s []float64
			var yy []bool
			for i, r := range rows {
				if r.App == app {
					s = append(s, cols[k][i])
					yy = append(yy, y[i])
				}
			}
			fmt.Printf("  %.3f", auc(s, yy))
		}
		fmt.Println()
	}
}

func (s *search) titleCover(n uint32) float64 {
	in := map[uint32]bool{}
	for _, t := range s.query {
		if t.known {
			in[t.term] = true
		}
	}
	hit, all := 0.0, 1e-9
	for _, v := range s.c.seq(n) {
		if field(v&3) != fieldTitle {
			break
		}
		i := s.c.idf(len(s.c.post[v>>8]))
		all += i
		if in[v>>8] {
			hit += i
		}
	}
	return hit / all
}
