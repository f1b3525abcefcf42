package nlp

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// Correction is what a person changed in a reading.
type Correction struct {
	Field    string // "category", "severity", "sentiment", "emotion", "area", "defect", "security" or "spam"
	Title    string
	Text     string
	Static   []int8 // Result.Static of the corrected item
	Sentence []int8 // Result.Sentence, nil when there is none
	From, To string // the answer before and after
	At       time.Time
}

// Lessons are the corrections of one workspace, ready to be followed: items
// that are like corrected ones get the corrected answer. There is no training
// run; a correction counts from the moment it is added. Safe for concurrent
// use.
//
// How like is like enough is learnt from the corrections themselves: a kind of
// correction (one field, one answer) knows how near its own items lie to each
// other and how near other items lie to them, those of other corrections and
// of Background, and asks for a place among its own. One correction alone only
// reaches all but identical items.
type Lessons struct {
	mu         sync.RWMutex
	fields     map[string]*lessonField
	background [spaces][][]int8
	usual      [spaces]middle
}

// middle is the sum of some vectors.
type middle struct {
	sum []float32
}

// cosine of v and the middle less minus times v; 0 when there is none.
func (m middle) cosine(v []int8, minus float32) float64 {
	if len(m.sum) != len(v) {
		return 0
	}
	var ab, bb float64
	for j, x := range v {
		y := float64(m.sum[j] - minus*float32(x))
		ab += float64(x) * y
		bb += y * y
	}
	if bb == 0 {
		return 0
	}
	return ab / (vector.Unit * math.Sqrt(bb))
}

// spaces is how many vector spaces there are: static and sentence.
const spaces = 2

type lesson struct {
	vec      [spaces][]int8
	key      string // of the text, to find repeated corrections
	group    *lessonGroup
	from, to string
}

type lessonField struct {
	usual  *[spaces]middle // middle of the background, shared by all fields
	items  []lesson
	signs  [spaces][]uint64 // sign bits, 8 words an item; zeros where there is no vector
	groups []*lessonGroup
}

// lessonGroup is the corrections of a field to one answer.
type lessonGroup struct {
	to      string
	from    map[string]int
	members []int // items, oldest first
	mid     [spaces]middle
	n       [spaces]int
	// cut is the score from which on an item counts as one of the group; own
	// is the usual score of its items.
	cut, own [spaces]float64
}

// NewLessons builds the lessons from stored corrections, oldest first.
func NewLessons(cs []Correction) *Lessons {
	l := &Lessons{fields: map[string]*lessonField{}}
	touched := map[*lessonGroup]*lessonField{}
	for _, c := range cs {
		if f, g := l.insert(c); g != nil {
			touched[g] = f
		}
	}
	for g, f := range touched {
		f.measure(g, l.background)
	}
	return l
}

// Add takes one more correction into account at once.
func (l *Lessons) Add(c Correction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, g := l.insert(c); g != nil {
		f.measure(g, l.background)
	}
}

// Len is how many corrections are followed; one that was corrected again
// counts once.
func (l *Lessons) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := 0
	for _, f := range l.fields {
		for _, g := range f.groups {
			n += len(g.members)
		}
	}
	return n
}

func (l *Lessons) insert(c Correction) (*lessonField, *lessonGroup) {
	if c.To == "" || len(c.Static) == 0 && len(c.Sentence) == 0 {
		return nil, nil
	}
	f := l.fields[c.Field]
	if f == nil {
		f = &lessonField{usual: &l.usual}
		l.fields[c.Field] = f
	}
	it := lesson{vec: [spaces][]int8{c.Static, c.Sentence}, key: c.Title + "\x00" + c.Text, from: c.From, to: c.To}
	f.forget(it.key)
	g := f.groupOf(c.To)
	it.group = g
	at := len(f.items)
	f.items = append(f.items, it)
	g.members = append(g.members, at)
	g.from[c.From]++
	for s := range spaces {
		f.signs[s] = append(f.signs[s], signBits(it.vec[s])...)
		g.shift(s, it.vec[s], 1)
	}
	return f, g
}

// forget takes an older correction of the same text out of its group.
func (f *lessonField) forget(key string) {
	for i := range f.items {
		it := &f.items[i]
		if it.group == nil || it.key != key {
			continue
		}
		g := it.group
		g.members = slices.DeleteFunc(g.members, func(m int) bool { return m == i })
		g.from[it.from]--
		for s := range spaces {
			g.shift(s, it.vec[s], -1)
			clear(f.signs[s][8*i : 8*i+8])
		}
		it.group = nil
	}
}

func (f *lessonField) groupOf(to string) *lessonGroup {
	for _, g := range f.groups {
		if g.to == to {
			return g
		}
	}
	g := &lessonGroup{to: to, from: map[string]int{}}
	f.groups = append(f.groups, g)
	return g
}

// shift adds v to or takes it from the middle of the group.
func (g *lessonGroup) shift(s int, v []int8, sign float32) {
	if g.mid[s].add(v, sign) {
		g.n[s] += int(sign)
	}
}

// add adds sign times v; it tells whether v fits.
func (m *middle) add(v []int8, sign float32) bool {
	if len(v) == 0 {
		return false
	}
	if m.sum == nil {
		m.sum = make([]float32, len(v))
	}
	if len(v) != len(m.sum) {
		return false
	}
	for j, x := range v {
		m.sum[j] += sign * float32(x)
	}
	return true
}

func signBits(v []int8) []uint64 {
	out := make([]uint64, 8)
	for j, x := range v[:min(len(v), 512)] {
		if x > 0 {
			out[j/64] |= 1 << (j % 64)
		}
	}
	return out
}

// Apply changes r where corrections of like items say so, and says so in the
// reasons.
func (l *Lessons) Apply(it Item, r *Result) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(r.Static) == 0 && len(r.Sentence) == 0 {
		return
	}
	key := it.Title + "\x00" + it.Text
	for _, name := range correctable {
		f := l.fields[name]
		if f == nil {
			continue
		}
		if to, strength, n := f.follow(key, r, current(r, name)); to != "" {
			set(r, name, to, strength, n)
		}
	}
}

// correctable are the fields that Apply may change, in this order.
var correctable = []string{"category", "severity", "sentiment", "emotion", "area", "defect", "security", "spam"}

// follow looks for the group that the item fits best.
func (f *lessonField) follow(key string, r *Result, now string) (to string, strength float64, like int) {
	vec := [spaces][]int8{r.Static, r.Sentence}
	near := f.candidates(vec)
	var best *lessonGroup
	var bestZ float64
	for _, g := range f.groups {
		z, n, exact := f.place(g, vec, near, key)
		if exact {
			return g.to, 1, max(n, 1)
		}
		need := 0.5
		if g.from[now] == 0 && now != g.to && len(g.from) < 3 {
			need += 0.25 // nobody has yet corrected this answer to that one
		}
		if z >= need && (best == nil || z > bestZ) {
			best, bestZ, like = g, z, n
		}
	}
	if best == nil {
		return "", 0, 0
	}
	return best.to, min(1, bestZ), like
}

// place tells where the item lies for a group, 0.5 being the cut and 1 the
// usual place of its own, how many members are like it, and whether it is one of them.
func (f *lessonField) place(g *lessonGroup, vec [spaces][]int8, near []int, key string) (z float64, like int, exact bool) {
	used := 0.0
	for s := range spaces {
		if len(vec[s]) == 0 || g.n[s] == 0 || len(g.mid[s].sum) != len(vec[s]) {
			continue
		}
		var top [3]float64
		n, alike := 0, 0
		for _, i := range near {
			it := &f.items[i]
			if it.group != g || len(it.vec[s]) != len(vec[s]) {
				continue
			}
			if it.key == key {
				exact = true
			}
			c := vector.Cosine(vec[s], it.vec[s])
			keepTop(&top, c)
			n++
			if c >= g.cut[s]-0.05 {
				alike++
			}
		}
		used++
		if n > 0 {
			score := fit(top, min(n, g.n[s]), g.mid[s].cosine(vec[s], 0)-f.usual[s].cosine(vec[s], 0))
			z += 0.5 + 0.5*(score-g.cut[s])/(g.own[s]-g.cut[s]+0.05)
			like = max(like, alike)
		}
	}
	if used == 0 {
		return 0, 0, exact
	}
	return z / used, max(like, 1), exact
}

// look is how many of the nearest corrections are looked at closely.
const look = 24

// candidates returns the corrections nearest to the item by sign bits, in the
// sentence space when the item has a vector there, else in the static one.
func (f *lessonField) candidates(vec [spaces][]int8) []int {
	s := 0
	if len(vec[1]) > 0 && slices.ContainsFunc(f.groups, func(g *lessonGroup) bool { return g.n[1] > 0 }) {
		s = 1
	}
	return nearestSigns(signBits(vec[s]), f.signs[s])
}
