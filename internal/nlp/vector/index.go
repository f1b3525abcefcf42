package vector

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

const (
	// prefilterFrom is the size from which a search first compares sign bits:
	// below it reading all vectors is as quick and exact.
	prefilterFrom = 300_000
	// candidates is how many vectors the sign bits let through, at least and
	// per hit asked for.
	minCandidates, candidatesPerHit = 1000, 40
	scanRows                        = 256 // rows per call of a kernel
)

// Hit is one answer of a search.
type Hit struct {
	ID     int
	Cosine float64
}

// Index holds vectors of one length under integer ids and searches them by
// brute force. Many may search while one changes it. The zero value is not
// usable; call NewIndex.
type Index struct {
	dim  int
	kern kernel

	mu   sync.RWMutex
	slab []int8    // [len(ids)][dim]
	inv  []float32 // 1 / length of each row, 0 of a zero one
	ids  []int     // of each row
	rows map[int]int32
	bits []uint64 // [len(ids)][dim/64] signs, kept from prefilterFrom on
	from int      // prefilterFrom, lower in tests
}

// NewIndex returns an empty index of vectors of length dim, a multiple of 64.
func NewIndex(dim int) *Index {
	if dim <= 0 || dim%block != 0 {
		panic(fmt.Sprintf("vector: dimension %d is not a multiple of %d", dim, block))
	}
	return &Index{dim: dim, kern: fastest(), rows: map[int]int32{}, from: prefilterFrom}
}

// Len returns the number of vectors.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.ids)
}

// Put adds the vector of id or replaces it. It keeps a copy. A vector of
// another length is refused.
func (x *Index) Put(id int, v []int8) error {
	if len(v) != x.dim {
		return fmt.Errorf("put vector %d: it has %d numbers, want %d", id, len(v), x.dim)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.rows[id]
	if !ok {
		r = int32(len(x.ids))
		x.rows[id] = r
		x.ids = append(x.ids, id)
		x.inv = append(x.inv, 0)
		x.slab = append(x.slab, v...)
		if x.bits != nil {
			x.bits = append(x.bits, make([]uint64, x.dim/64)...)
		}
	}
	copy(x.row(int(r)), v)
	x.inv[r] = inverse(x.kern.dot(v, v))
	switch {
	case x.bits != nil:
		signs(v, x.sign(int(r)))
	case len(x.ids) >= x.from:
		x.bits = make([]uint64, len(x.ids)*x.dim/64)
		for i := range x.ids {
			signs(x.row(i), x.sign(i))
		}
	}
	return nil
}

// Remove forgets the vector of id; an unknown id is no error.
func (x *Index) Remove(id int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.rows[id]
	if !ok {
		return
	}
	last := len(x.ids) - 1
	if int(r) != last { // the last row fills the hole
		copy(x.row(int(r)), x.row(last))
		x.inv[r], x.ids[r] = x.inv[last], x.ids[last]
		x.rows[x.ids[r]] = r
		if x.bits != nil {
			copy(x.sign(int(r)), x.sign(last))
		}
	}
	delete(x.rows, id)
	x.ids, x.inv, x.slab = x.ids[:last], x.inv[:last], x.slab[:last*x.dim]
	if x.bits != nil {
		x.bits = x.bits[:last*x.dim/64]
	}
}

func (x *Index) row(r int) []int8 { return x.slab[r*x.dim:][:x.dim] }

func (x *Index) sign(r int) []uint64 { return x.bits[r*x.dim/64:][:x.dim/64] }

// Search returns the at most k vectors nearest to q that keep accepts (nil:
// all), nearest first and by id where they are equally near. Up to 300,000
// vectors it is exact; above, vectors whose signs differ much from q's are
// not looked at.
func (x *Index) Search(q []int8, k int, keep func(id int) bool) []Hit {
	if len(q) != x.dim || k <= 0 {
		return nil
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := search{x: x, q: q, own: inverse(x.kern.dot(q, q)), k: k, keep: keep}
	if s.own == 0 {
		return nil
	}
	if x.bits != nil && len(x.ids) >= x.from {
		s.near()
	} else {
		s.all()
	}
	slices.SortFunc(s.hits, worse)
	slices.Reverse(s.hits)
	return s.hits
}

// worse orders hits from far to near, and equally near ones by falling id.
func worse(a, b Hit) int {
	return cmp.Or(cmp.Compare(a.Cosine, b.Cosine), cmp.Compare(b.ID, a.ID))
}

// inverse returns 1 / the length of a vector with the given square.
func inverse(square int32) float32 {
	if square == 0 {
		return 0
	}
	return float32(1 / math.Sqrt(float64(square)))
}

// search is one query. hits is a heap whose first is the worst.
type search struct {
	x    *Index
	q    []int8
	own  float32 // 1 / length of q
	k    int
	keep func(int) bool
	hits []Hit
}

func (s *search) all() {
	var dots [scanRows]int32
	x := s.x
	for r := 0; r < len(x.ids); r += scanRows {
		n := min(scanRows, len(x.ids)-r)
		x.kern.scan(s.q, x.slab[r*x.dim:(r+n)*x.dim], dots[:n])
		for i, d := range dots[:n] {
			s.offer(r+i, d)
		}
	}
}

// near rescores the vectors whose signs differ least from q's. Those that
// keep refuses are passed over before counting, so that a narrow filter still
// finds k.
func (s *search) near() {
	x := s.x
	words := x.dim / 64
	sign := make([]uint64, words)
	signs(s.q, sign)
	dist := make([]uint16, len(x.ids))
	x.kern.distance(sign, x.bits, dist)
	hist := make([]int, x.dim+1)
	for r, d := range dist {
		if s.keep != nil && !s.keep(x.ids[r]) {
			dist[r] = ^uint16(0)
			continue
		}
		hist[d]++
	}
	limit, sum := 0, 0
	for want := max(minCandidates, s.k*candidatesPerHit); limit < len(hist); limit++ {
		if sum += hist[limit]; sum >= want {
			break
		}
	}
	for r, d := range dist {
		if int(d) <= limit {
			s.offer(r, x.kern.dot(s.q, x.row(r)))
		}
	}
}

// offer considers row r, whose inner product with q is dot.
func (s *search) offer(r int, dot int32) {
	h := Hit{s.x.ids[r], min(1, float64(dot)*float64(s.own*s.x.inv[r]))}
	full := len(s.hits) == s.k
	if full && worse(h, s.hits[0]) <= 0 {
		return
	}
	if s.keep != nil && !s.keep(h.ID) {
		return
	}
	if full {
		s.hits[0] = h
		s.sink()
		return
	}
	s.hits = append(s.hits, h)
	for i := len(s.hits) - 1; i > 0; {
		up := (i - 1) / 2
		if worse(s.hits[up], s.hits[i]) <= 0 {
			break
		}
		s.hits[i], s.hits[up] = s.hits[up], s.hits[i]
		i = up
	}
}

// sink restores the heap after its first hit was replaced.
func (s *search) sink() {
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(s.hits) {
			return
		}
		if c+1 < len(s.hits) && worse(s.hits[c+1], s.hits[c]) < 0 {
			c++
		}
		if worse(s.hits[i], s.hits[c]) <= 0 {
			return
		}
		s.hits[i], s.hits[c] = s.hits[c], s.hits[i]
		i = c
	}
}
