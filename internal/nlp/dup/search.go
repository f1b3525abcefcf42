package dup

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/vector"
)

const (
	poolPostings  = 100 // postings read for each place of a small pool
	maxQueryTerms = 64  // most informative terms of a looked-up text that are used
	lexicalTop    = 400 // best by words that are compared closely
	meaningTop    = 200 // best by each kind of vector
	errorTop      = 100 // newest with the same error
	commonParts   = 4   // terms of more than a quarter of the documents say nothing
	commonFloor   = 50  // documents that make a term common at least
	maxPairs      = 128 // neighbouring terms of a looked-up text that are used
	bm25K1        = 1.2 // saturation of repeated terms
)

// weights of the features; see features.go.
type weights struct {
	field [fieldCount]float32 // of an occurrence in title, body, error
	norm  [fieldCount]float32 // how much a field's length counts, 0 to 1
	score scoreWeights
}

// Search returns the documents that q most likely tells the same as, best
// first, ties by id. q itself (by ID) and what opt rules out are left out.
func (x *Index) Search(q Doc, opt Options) []Candidate {
	if opt.K <= 0 {
		opt.K = 10
	}
	a := analysers.Get().(*analysis)
	defer analysers.Put(a)
	a.read(q)
	s := searches.Get().(*search)
	defer searches.Put(s)

	x.mu.RLock()
	defer x.mu.RUnlock()
	s.c, s.w = x.c, &x.w
	s.admit(q, opt)
	s.terms(a)
	s.lexical()
	if opt.Scan != ScanNone {
		s.nearest(&s.c.sentence, q.Sentence)
		if opt.Scan == ScanAll || q.Sentence == nil {
			s.nearest(&s.c.static, q.Static)
		}
	}
	s.sameError(a)
	found := s.rank(q, a, opt)
	s.c = nil
	return found
}

// Compare says how much q and the document id tell the same, whatever their
// order in time; false when id is not there.
func (x *Index) Compare(q Doc, id string) (Candidate, bool) {
	a := analysers.Get().(*analysis)
	defer analysers.Put(a)
	a.read(q)
	s := searches.Get().(*search)
	defer searches.Put(s)

	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.c.byID[id]
	if !ok {
		return Candidate{}, false
	}
	s.c, s.w = x.c, &x.w
	s.terms(a)
	s.pool = append(s.pool[:0], n)
	found := s.rank(q, a, Options{K: 1})
	s.c = nil
	return found[0], true
}

// A search is the scratch space of one look-up, reused.
type search struct {
	pooled int // best by words that are compared closely
	budget int // postings that are read to find them
	c      *core
	w      *weights

	// What may be found.
	self     int64 // the looked-up document's own number, -1 when it is not indexed
	exclude  int64
	before   int64
	at       int64 // when the looked-up document was made
	older    uint32
	lang     uint8
	keep     func(string) bool
	query    []queryTerm // most informative first
	common   []queryTerm
	seq      []uint32 // the looked-up text as it would be indexed; empty when it has new words
	word     []byte
	selfLex  float64             // BM25 of the query against itself
	selfInfo float64             // informativeness of all its terms
	pairs    []queryPair         // neighbouring terms
	pairAt   [maxQueryTerms]bool // terms that start a pair

	acc     []float32
	touched []uint32
	pool    []uint32 // candidates, by document number
	heap    []scored
	inQuery []uint16 // by term: index in query + 1
	rare    []uint32
	feats   []features
}

type queryTerm struct {
	term        uint32
	known       bool
	weight      float64 // of the term in the query: field-weighted saturated frequency
	idf         float64
	tf          [fieldCount]uint16
	surf        string
	alternative bool // another spelling; no part of the text itself
}

// A queryPair is two terms, as places in the query + 1.
type queryPair struct{ first, second uint16 }

type scored struct {
	doc   uint32
	score float32
}

var searches = sync.Pool{New: func() any { return new(search) }}

func (s *search) admit(q Doc, opt Options) {
	s.self, s.exclude, s.before = -1, -1, math.MaxInt64
	if n, ok := s.c.byID[q.ID]; ok && q.ID != "" {
		s.self = int64(n)
	}
	if n, ok := s.c.byID[opt.Exclude]; ok && opt.Exclude != "" {
		s.exclude = int64(n)
	}
	if !opt.Before.IsZero() {
		s.before = opt.Before.UnixMicro()
	}
	s.older, s.keep = uint32(len(s.c.ids)), opt.Keep
	s.pooled, s.budget = lexicalTop, math.MaxInt
	if opt.Pool > 0 {
		s.pooled, s.budget = opt.Pool, opt.Pool*poolPostings
	}
	if opt.older > 0 {
		s.older = min(s.older, opt.older-1)
	}
}

func (s *search) allowed(n uint32) bool {
	return n < s.older && !s.c.isDead(n) && int64(n) != s.self && int64(n) != s.exclude &&
		s.c.at[n] < s.before && (s.keep == nil || s.keep(s.c.ids[n]))
}

// idf is the informativeness of a term that df documents have, in nats:
// BM25's ln(1 + (n-df+½)/(df+½)), which is ln(n+1) - ln(df+½).
func (c *core) idf(df int) float64 {
	if df < len(c.logs) {
		return c.logDocs() - c.logs[df]
	}
	return c.logDocs() - math.Log(float64(df)+0.5)
}

func (c *core) logDocs() float64 {
	if n := len(c.ids) + 1; n != c.logged {
		return math.Log(float64(n))
	}
	return c.logN
}

func (c *core) isCommon(df int) bool { return df > commonFloor && df*commonParts > len(c.ids) }

// halfLogs tabulates ln(df+½), which every comparison needs for every word.
var halfLogs = sync.OnceValue(func() []float64 {
	t := make([]float64, 1<<13)
	for i := range t {
		t[i] = math.Log(float64(i) + 0.5)
	}
	return t
})

const (
	fewTerms  = 4 // informative terms below which common ones are used too
	someTerms = 8 // terms that a query is filled up to with them
)

// terms makes the query of the analysed text.
func (s *search) terms(a *analysis) {
	s.query, s.common = s.query[:0], s.common[:0]
	at := make(map[string]int, len(a.toks)) // place in query, or -1 - place in common
	for i := range a.toks {
		t := &a.toks[i]
		j, ok := at[string(t.term)]
		if !ok {
			n, known := s.c.terms[string(t.term)]
			df := 0
			if known {
				df = len(s.c.post[n])
			}
			q := queryTerm{term: n, known: known, idf: s.c.idf(max(df, 1)), surf: string(t.surf)}
			if s.c.isCommon(df) {
				j = -1 - len(s.common)
				s.common = append(s.common, q)
			} else {
				j = len(s.query)
				s.query = append(s.query, q)
			}
			at[string(t.term)] = j
		}
		if j >= 0 {
			s.query[j].tf[t.field]++
		} else {
			s.common[-1-j].tf[t.field]++
		}
	}
	s.fillUp()
	s.alternatives(a)
	s.weigh()
}

// fillUp adds common terms to a query of nearly nothing else: when everybody
// says "app is down", these are the words to find it by.
func (s *search) fillUp() {
	if len(s.query) >= fewTerms {
		return
	}
	slices.SortStableFunc(s.common, func(p, q queryTerm) int { return cmp.Compare(q.idf, p.idf) })
	s.query = append(s.query, s.common[:min(len(s.common), someTerms-len(s.query))]...)
}

// weigh orders the query's terms by what they say and keeps the best.
func (s *search) weigh() {
	for i := range s.query {
		t := &s.query[i]
		var w float64
		for f, n := range t.tf {
			w += float64(s.w.field[f]) * float64(n)
		}
		t.weight = w * (bm25K1 + 1) / (w + bm25K1)
	}
	slices.SortStableFunc(s.query, func(p, q queryTerm) int {
		return cmp.Or(cmp.Compare(q.weight*q.idf, p.weight*p.idf), strings.Compare(p.surf, q.surf))
	})
	if len(s.query) > maxQueryTerms {
		s.query = s.query[:maxQueryTerms]
	}
	s.selfLex, s.selfInfo = 0, 0
	for _, t := range s.query {
		if !t.alternative {
			s.selfLex += t.weight * t.idf
			s.selfInfo += t.idf
		}
	}
}

// lexical fills pool with the best documents by words.
func (s *search) lexical() {
	s.pool, s.touched = s.pool[:0], s.touched[:0]
	if n := len(s.c.ids); cap(s.acc) < n {
		s.acc = make([]float32, n, n+n/4)
	} else {
		s.acc = s.acc[:n] // all zero: cleared below
	}
	var norm [fieldCount][256]float32
	s.lengthNorms(&norm)
	left := s.budget
	for _, t := range s.query { // what says most first
		if !t.known {
			continue
		}
		if left -= len(s.c.post[t.term]); left < 0 && len(s.touched) >= s.pooled {
			break
		}
		w := float32(t.idf)
		for _, p := range s.c.post[t.term] {
			n := p >> 8
			if n >= s.older {
				break
			}
			l := &s.c.lens[n]
			tf := float32(p>>4&15) * norm[fieldBody][l[fieldBody]]
			if p&15 != 0 {
				tf += float32(p>>2&3)*norm[fieldTitle][l[fieldTitle]] + float32(p&3)*norm[fieldError][l[fieldError]]
			}
			if s.acc[n] == 0 {
				s.touched = append(s.touched, n)
			}
			s.acc[n] += w * tf * (bm25K1 + 1) / (tf + bm25K1)
		}
	}
	s.heap = s.heap[:0]
	for _, n := range s.touched {
		v := s.acc[n]
		if (len(s.heap) < s.pooled || v > s.heap[0].score) && s.allowed(n) {
			s.push(scored{n, v}, s.pooled)
		}
	}
	for _, h := range s.heap {
		s.pool = append(s.pool, h.doc)
	}
	for _, n := range s.touched {
		s.acc[n] = 0
	}
}

// lengthNorms tabulates field weight / (1 - b + b * length / mean length).
func (s *search) lengthNorms(norm *[fieldCount][256]float32) {
	docs := float64(max(len(s.c.ids), 1))
	for f := range fieldCount {
		mean := max(float64(s.c.total[f])/docs, 1)
		b := float64(s.w.norm[f])
		for i := range 256 {
			norm[f][i] = float32(float64(s.w.field[f]) / (1 - b + b*unpackLen(uint8(i))/mean))
		}
	}
}

// push keeps the top best scored documents in a min-heap; of equals the one
// added first stays.
func (s *search) push(v scored, top int) {
	h := s.heap
	if len(h) < top {
		h = append(h, v)
		for i := len(h) - 1; i > 0; {
			p := (i - 1) / 2
			if !worse(h[i], h[p]) {
				break
			}
			h[i], h[p] = h[p], h[i]
			i = p
		}
		s.heap = h
		return
	}
	if !worse(h[0], v) {
		return
	}
	h[0] = v
	for i := 0; ; {
		l := 2*i + 1
		if l >= len(h) {
			return
		}
		if l+1 < len(h) && worse(h[l+1], h[l]) {
			l++
		}
		if !worse(h[l], h[i]) {
			return
		}
		h[i], h[l] = h[l], h[i]
		i = l
	}
}

func worse(a, b scored) bool { return a.score < b.score || a.score == b.score && a.doc > b.doc }

// nearest adds the best documents by one kind of vector.
func (s *search) nearest(v *vectors, q []int8) {
	if len(q) == 0 || len(q) != v.dim {
		return
	}
	s.heap = s.heap[:0]
	for b, block := range v.blocks {
		for i := 0; i < vecBlock && b*vecBlock+i < len(v.docOf); i++ {
			n := v.docOf[b*vecBlock+i]
			if n == noDoc {
				continue
			}
			d := scored{n, float32(vector.Dot(q, block[i*v.dim:(i+1)*v.dim:(i+1)*v.dim]))}
			if (len(s.heap) < meaningTop || worse(s.heap[0], d)) && s.allowed(n) {
				s.push(d, meaningTop)
			}
		}
	}
	for _, h := range s.heap {
		s.pool = append(s.pool, h.doc)
	}
}

// sameError adds the newest documents with the same error.
func (s *search) sameError(a *analysis) {
	if !a.hasError {
		return
	}
	added := 0
	same := s.c.byError[a.err.fingerprint()]
	for i := len(same) - 1; i >= 0 && added < errorTop; i-- {
		if s.allowed(same[i]) {
			s.pool = append(s.pool, same[i])
			added++
		}
	}
}
