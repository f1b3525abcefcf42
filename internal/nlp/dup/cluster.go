package dup

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A Group is a set of documents that tell the same problem: a proposed issue.
type Group struct {
	Members []int    // places in the slice given to Cluster, ascending
	Name    string   // title, or first words, of the member that stands for it best
	Words   []string // what at least half of the members share, rarest first
}

// ClusterThreshold is a good threshold for Cluster: confidence from which a
// document joins a group.
const ClusterThreshold = 0.65

const (
	clusterBlock = 512 // documents that are compared with the same leaders
	rareTerms    = 16  // rarest terms of a document that find its leader
	rareList     = 256 // newest leaders kept of one term
	wordLeaders  = 12  // best by rare words that are compared closely
	signLeaders  = 12  // best by sign bits that are compared closely
	maxSignDiff  = 42  // of 128 bits; two texts of cosine 0.65 differ in about 35
)

// Cluster groups documents by leaders: each document, in the order given,
// joins the group whose first member it matches best with a confidence of
// threshold or more, else it founds a group. Groups of one are left out;
// largest first. Time is close to linear: a document is only compared with
// leaders that share one of its rarest words, its error, or most sign bits of
// its vector. The result does not depend on the number of processors.
func Cluster(ctx context.Context, docs []Doc, threshold float64) ([]Group, error) {
	k := newClusterer(docs, threshold)
	for from := 0; from < len(docs); from += clusterBlock {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k.block(from, min(from+clusterBlock, len(docs)))
	}
	return k.groups(docs), nil
}

// A clusterer holds what the leaders are found by.
type clusterer struct {
	c         *core
	w         weights
	threshold float64
	leaderOf  []uint32   // by document
	byTerm    [][]uint32 // leaders, oldest first
	byError   map[string]uint32
	signs     map[bool]*signTable // of sentence (true) and static vectors
	workers   []*search
}

func newClusterer(docs []Doc, threshold float64) *clusterer {
	x := New()
	a := new(analysis)
	for _, d := range docs {
		d.ID = "" // places name documents here
		a.read(d)
		n := x.c.add(d, a)
		x.c.static.set(n, d.Static)
		x.c.sentence.set(n, d.Sentence)
	}
	k := &clusterer{
		c: x.c, w: x.w, threshold: threshold,
		leaderOf: make([]uint32, len(docs)), byTerm: make([][]uint32, len(x.c.names)), byError: map[string]uint32{},
		signs: map[bool]*signTable{true: newSignTable(&x.c.sentence), false: newSignTable(&x.c.static)},
	}
	for range runtime.GOMAXPROCS(0) {
		k.workers = append(k.workers, &search{c: k.c, w: &k.w, older: uint32(len(docs)), inQuery: make([]uint16, len(k.c.names))})
	}
	return k
}

// block assigns documents from up to (not including) to. First all are
// compared with the leaders so far, in parallel; those without a leader then
// found groups, or join one that was founded in the same block.
func (k *clusterer) block(from, to int) {
	const none = ^uint32(0)
	var wg sync.WaitGroup
	for w, s := range k.workers {
		wg.Go(func() {
			for n := from + w; n < to; n += len(k.workers) {
				s.load(uint32(n))
				k.leaderOf[n] = none
				if l, ok := k.leader(s, uint32(n), 0); ok {
					k.leaderOf[n] = l
				}
				s.unload()
			}
		})
	}
	wg.Wait()
	s := k.workers[0]
	for n := uint32(from); n < uint32(to); n++ {
		if k.leaderOf[n] != none {
			continue
		}
		s.load(n)
		k.leaderOf[n] = n
		if l, ok := k.leader(s, n, uint32(from)); ok {
			k.leaderOf[n] = l
		}
		s.unload()
		if k.leaderOf[n] == n {
			k.found(s, n)
		}
	}
}

// found makes n a leader.
func (k *clusterer) found(s *search, n uint32) {
	for _, t := range k.rare(s, n) {
		l := k.byTerm[t]
		if len(l) == rareList {
			copy(l, l[1:])
			l = l[:rareList-1]
		}
		k.byTerm[t] = append(l, n)
	}
	if e, ok := k.c.errorOf[n]; ok {
		k.byError[e.fingerprint] = n
	}
	for _, sentence := range []bool{true, false} {
		k.signs[sentence].add(n)
	}
}

// rare returns the rarest terms of n that other documents have too.
func (k *clusterer) rare(s *search, n uint32) []uint32 {
	s.rare = s.rare[:0]
	for _, v := range k.c.seq(n) {
		if df := len(k.c.post[v>>8]); df > 1 {
			s.rare = append(s.rare, v>>8)
		}
	}
	slices.SortFunc(s.rare, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(len(k.c.post[a]), len(k.c.post[b])), cmp.Compare(a, b))
	})
	s.rare = slices.Compact(s.rare)
	return s.rare[:min(len(s.rare), rareTerms)]
}

// leader finds the leader that n joins among those numbered from and up: by
// words and errors, and by meaning when these find none.
func (k *clusterer) leader(s *search, n, from uint32) (uint32, bool) {
	k.byWords(s, n, from)
	if l, ok := k.best(s, n); ok {
		return l, true
	}
	s.pool = s.pool[:0]
	// Sentence vectors where there is one, else the static one.
	if v := k.c.sentence.get(n); v != nil {
		k.signs[true].near(s, v, from)
	} else if v := k.c.static.get(n); v != nil {
		k.signs[false].near(s, v, from)
	}
	return k.best(s, n)
}

// byWords fills the pool with leaders that share rare words or the error.
func (k *clusterer) byWords(s *search, n, from uint32) {
	s.touched, s.heap, s.pool = s.touched[:0], s.heap[:0], s.pool[:0]
	if len(s.acc) < len(k.leaderOf) {
		s.acc = make([]float32, len(k.leaderOf))
	}
	for _, t := range k.rare(s, n) {
		idf := float32(k.c.idf(len(k.c.post[t])))
		list := k.byTerm[t]
		for i := len(list) - 1; i >= 0 && list[i] >= from; i-- {
			l := list[i]
			if s.acc[l] == 0 {
				s.touched = append(s.touched, l)
			}
			s.acc[l] += idf
		}
	}
	for _, l := range s.touched {
		s.push(scored{l, s.acc[l]}, wordLeaders)
		s.acc[l] = 0
	}
	for _, h := range s.heap {
		s.pool = append(s.pool, h.doc)
	}
	if e, ok := k.c.errorOf[n]; ok {
		if l, ok := k.byError[e.fingerprint]; ok && l >= from {
			s.pool = append(s.pool, l)
		}
	}
}

// best is the leader of the pool that n matches best, if well enough.
func (k *clusterer) best(s *search, n uint32) (leader uint32, ok bool) {
	most, score := k.threshold, 0.0
	slices.Sort(s.pool)
	for _, l := range slices.Compact(s.pool) {
		f := s.compare(l)
		f.sentence, f.hasSent = cosine(k.c.sentence.get(n), k.c.sentence.get(l))
		f.static, f.hasStat = cosine(k.c.static.get(n), k.c.static.get(l))
		e, has := k.c.errorOf[n]
		f.same = has && k.c.errorOf[l].fingerprint == e.fingerprint
		f.foreign = s.lang != 0 && k.c.lang[l] != 0 && s.lang != k.c.lang[l]
		f.score = k.w.score.of(&f)
		if c := confidence(&f); c > most || c == most && (!ok || f.score > score) {
			leader, most, score, ok = l, c, f.score, true
		}
	}
	return leader, ok
}

// load makes indexed document n the query.
func (s *search) load(n uint32) {
	s.query, s.common = s.query[:0], s.common[:0]
	for _, v := range s.c.seq(n) {
		t := v >> 8
		j := s.inQuery[t]
		if j == 0 {
			df := len(s.c.post[t])
			q := queryTerm{term: t, known: true, idf: s.c.idf(df), surf: s.c.names[t]}
			if s.c.isCommon(df) {
				s.common = append(s.common, q)
				s.common[len(s.common)-1].tf[v&3]++
				continue
			}
			s.query = append(s.query, q)
			j = uint16(len(s.query))
			s.inQuery[t] = j
		}
		s.query[j-1].tf[v&3]++
	}
	if len(s.query) < fewTerms {
		s.mergeCommon()
	}
	s.unload()
	s.fillUp()
	s.weigh()
	s.at, s.lang = s.c.at[n], s.c.lang[n]
	s.seq = append(s.seq[:0], s.c.seq(n)...)
	s.index()
	s.clearPairs()
	prev := uint16(0)
	for _, v := range s.c.seq(n) {
		if v&fragmentBit == 0 {
			cur := s.inQuery[v>>8]
			s.pair(prev, cur)
			prev = cur
		}
	}
}

// mergeCommon adds up the occurrences of each common term.
func (s *search) mergeCommon() {
	slices.SortStableFunc(s.common, func(p, q queryTerm) int { return cmp.Compare(p.term, q.term) })
	merged := s.common[:0]
	for _, q := range s.common {
		if n := len(merged); n > 0 && merged[n-1].term == q.term {
			for f := range q.tf {
				merged[n-1].tf[f] += q.tf[f]
			}
			continue
		}
		merged = append(merged, q)
	}
	s.common = merged
}

// groups collects and names the groups of two and more.
func (k *clusterer) groups(docs []Doc) []Group {
	size := make([]int32, len(docs))
	for _, l := range k.leaderOf {
		size[l]++
	}
	at := make([]int32, len(docs))
	var groups []Group
	for n, l := range k.leaderOf {
		if size[l] < 2 {
			continue
		}
		if int(l) == n {
			groups = append(groups, Group{Members: make([]int, 0, size[l])})
			at[n] = int32(len(groups) - 1)
		}
		g := &groups[at[l]]
		g.Members = append(g.Members, n)
	}
	for i := range groups {
		k.name(&groups[i], docs)
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(len(b.Members), len(a.Members)) })
	return groups
}

// isName reports words that people can read; numbers and codes are not.
func isName(w string) bool {
	return len(w) > 2 && !strings.ContainsAny(w, "0123456789_")
}

const nameSample = 64 // members that name a group

// name finds the words that a group shares and the member that has most of
// them for its length.
func (k *clusterer) name(g *Group, docs []Doc) {
	sample := g.Members[:min(len(g.Members), nameSample)]
	count := map[uint32]int{}
	var terms []uint32
	for _, n := range sample {
		terms = terms[:0]
		for _, v := range k.c.seq(uint32(n)) {
			if v&fragmentBit == 0 {
				terms = append(terms, v>>8)
			}
		}
		slices.Sort(terms)
		for _, t := range slices.Compact(terms) {
			count[t]++
		}
	}
	shared := map[uint32]float64{}
	var words []uint32
	for t, n := range count {
		if df := len(k.c.post[t]); n >= 2 && n*2 >= len(sample) && !k.c.isCommon(df) {
			shared[t] = k.c.idf(df) * float64(n)
			if isName(k.c.names[t]) {
				words = append(words, t)
			}
		}
	}
	slices.SortFunc(words, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(shared[b], shared[a]), strings.Compare(k.c.names[a], k.c.names[b]))
	})
	for _, t := range words[:min(len(words), 5)] {
		g.Words = append(g.Words, k.c.names[t])
	}
	best, most := sample[0], -1.0
	for _, n := range sample {
		seq := k.c.seq(uint32(n))
		seq = seq[:min(len(seq), 24)] // title and first words
		sum := 0.0
		for _, v := range seq {
			sum += shared[v>>8]
		}
		if sum /= float64(len(seq) + 4); sum > most {
			best, most = n, sum
		}
	}
	title, body := titleAndBody(docs[best])
	if title == "" {
		title = body
	}
	g.Name = shorten(strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " "), 80)
}
