package nlp

import (
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// Background tells what items usually look like here: a few hundred recent
// ones of any kind, by their vectors. It is optional; without it only nearer
// items follow.
func (l *Lessons) Background(static, sentence [][]int8) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.background = [spaces][][]int8{newest(static), newest(sentence)}
	for s, vs := range l.background {
		l.usual[s] = middle{}
		for _, v := range vs {
			l.usual[s].add(v, 1)
		}
	}
	for _, f := range l.fields {
		for _, g := range f.groups {
			f.measure(g, l.background)
		}
	}
}

func newest(vs [][]int8) [][]int8 { return vs[max(0, len(vs)-probes):] }

// probes is how many items of a group, of others and of the background its
// cut is measured on.
const probes = 200

// ownProbes bounds the same for a group's own items, which cost most.
const ownProbes = 40

// measure works out from which score on an item counts as one of the group.
func (f *lessonField) measure(g *lessonGroup, background [spaces][][]int8) {
	own := g.members[max(0, len(g.members)-ownProbes):]
	for s := range spaces {
		var pos, neg []float64
		for _, i := range own {
			if v := f.items[i].vec[s]; len(v) > 0 && g.n[s] > 1 {
				pos = append(pos, g.score(f, s, v, own, i))
			}
		}
		for i := len(f.items) - 1; i >= 0 && len(neg) < ownProbes; i-- {
			if it := &f.items[i]; it.group != nil && it.group != g && len(it.vec[s]) > 0 {
				neg = append(neg, g.score(f, s, it.vec[s], own, -1))
			}
		}
		for _, v := range background[s] {
			if len(v) > 0 {
				neg = append(neg, g.score(f, s, v, own, -1))
			}
		}
		g.cut[s], g.own[s] = cutBetween(pos, neg)
	}
}

// cutBetween finds the score that tells pos from neg, and the usual score of
// pos. Background holds items of the group too, so only its lower three
// quarters are taken for others.
func cutBetween(pos, neg []float64) (cut, own float64) {
	if len(pos) < 2 {
		return 0.85, 0.95
	}
	slices.Sort(pos)
	slices.Sort(neg)
	own = pos[len(pos)/2]
	cut = pos[len(pos)*4/10]
	if len(neg) >= 20 {
		low := pos[len(pos)/10]
		cut = max(neg[len(neg)*3/4], min(low, cut))
		cut = min(cut, own)
	}
	// Few corrections say little about the whole kind: ask for more.
	cut += 0.25 / float64(len(pos))
	return min(cut, 0.9), max(own, cut+0.05)
}

// score is how well v fits the group: how near its nearest members are, and
// how much nearer their middle is than the middle of the background.
// The member without is left out, as is v itself from the middle then.
func (g *lessonGroup) score(f *lessonField, s int, v []int8, members []int, without int) float64 {
	var near [3]float64
	n := 0
	for _, i := range members {
		if w := f.items[i].vec[s]; i != without && len(w) == len(v) {
			keepTop(&near, vector.Cosine(v, w))
			n++
		}
	}
	if n == 0 {
		return 0
	}
	minus := float32(0)
	if without >= 0 {
		minus = 1
	}
	return fit(near, n, g.mid[s].cosine(v, minus)-f.usual[s].cosine(v, 0))
}

func fit(near [3]float64, n int, contrast float64) float64 {
	n = min(n, len(near))
	var sum float64
	for _, c := range near[:n] {
		sum += c
	}
	return 0.5*sum/float64(n) + 0.5*contrast
}

func keepTop(top *[3]float64, c float64) {
	switch {
	case c > top[0]:
		top[0], top[1], top[2] = c, top[0], top[1]
	case c > top[1]:
		top[1], top[2] = c, top[1]
	case c > top[2]:
		top[2] = c
	}
}
