package dup

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// features compare the looked-up text with one candidate; all but gap
// are in [0, 1] or close to it.
type features struct {
	doc      uint32
	query    float64 // BM25 share of the query's informative words found in the candidate
	found    float64 // share of the candidate's own information that the query has
	title    float64 // overlap of the two titles
	cross    float64 // share of the query's title found anywhere in the candidate
	named    float64 // share of the candidate's title found anywhere in the query
	pairs    float64 // share of neighbouring query words that are neighbours there too
	sentence float64
	static   float64
	hasSent  bool
	hasStat  bool
	untitled bool    // the query has no title
	foreign  bool    // the two are in different languages
	info     float64 // information of the shared words, in nats
	same     bool    // the same error
	equal    bool    // word for word
	gap      float64
	score    float64
	shared   [4]uint16 // query terms that contribute most, + 1
}

type scoreWeights struct {
	query, doc, title, cross, named, pairs, sentence, static, meaning, same, equal, gap float64
}

// rank compares all candidates of the pool closely and returns the best.
func (s *search) rank(q Doc, a *analysis, opt Options) []Candidate {
	slices.Sort(s.pool)
	s.pool = slices.Compact(s.pool)
	if len(s.pool) == 0 {
		return nil
	}
	s.at, s.lang = q.At.UnixMicro(), s.c.language(q.Language, false)
	s.prepare(a)
	s.feats = s.feats[:0]
	fp := ""
	if a.hasError {
		fp = a.err.fingerprint()
	}
	for _, n := range s.pool {
		f := s.compare(n)
		f.sentence, f.hasSent = cosine(q.Sentence, s.c.sentence.get(n))
		f.static, f.hasStat = cosine(q.Static, s.c.static.get(n))
		if fp != "" {
			f.same = s.c.errorOf[n].fingerprint == fp
		}
		f.foreign = s.lang != 0 && s.c.lang[n] != 0 && s.lang != s.c.lang[n]
		f.score = s.w.score.of(&f)
		s.feats = append(s.feats, f)
	}
	s.unload()
	slices.SortFunc(s.feats, func(p, q features) int {
		return cmp.Or(cmp.Compare(q.score, p.score), strings.Compare(s.c.ids[p.doc], s.c.ids[q.doc]))
	})
	var out []Candidate
	for i := range s.feats {
		if len(out) == opt.K {
			break
		}
		f := &s.feats[i]
		c := Candidate{ID: s.c.ids[f.doc], Score: f.score, Confidence: confidence(f), Lexical: f.query, SameError: f.same}
		if f.hasSent {
			c.Meaning = f.sentence
		} else if f.hasStat {
			c.Meaning = f.static
		}
		if c.Confidence < opt.MinConfidence {
			continue
		}
		c.Reason = s.reason(f, a, c.Confidence)
		out = append(out, c)
	}
	return out
}

// prepare fills the tables that compare reads.
func (s *search) prepare(a *analysis) {
	s.index()
	s.clearPairs()
	s.seq = s.seq[:0]
	whole := true
	prev := uint16(0)
	for i := range a.toks {
		t := &a.toks[i]
		n, ok := s.c.terms[string(t.term)]
		whole = whole && ok
		s.seq = append(s.seq, pack(n, t))
		if t.fragment {
			continue
		}
		cur := uint16(0)
		if ok {
			cur = s.inQuery[n]
		}
		s.pair(prev, cur)
		prev = cur
	}
	if !whole {
		s.seq = s.seq[:0]
	}
}

// index notes the place of each query term; unload forgets it again.
func (s *search) index() {
	if n := len(s.c.names); len(s.inQuery) < n {
		s.inQuery = append(s.inQuery, make([]uint16, n-len(s.inQuery))...)
	}
	for i, t := range s.query {
		if t.known {
			s.inQuery[t.term] = uint16(i) + 1
		}
	}
}

func (s *search) unload() {
	for _, t := range s.query {
		if t.known {
			s.inQuery[t.term] = 0
		}
	}
}

func (s *search) clearPairs() {
	clear(s.pairAt[:])
	s.pairs = s.pairs[:0]
}

// pair notes that two query terms are neighbours in the query.
func (s *search) pair(prev, cur uint16) {
	if prev == 0 || cur == 0 || prev == cur {
		return
	}
	p := queryPair{prev, cur}
	if !slices.Contains(s.pairs, p) && len(s.pairs) < maxPairs {
		s.pairs = append(s.pairs, p)
		s.pairAt[prev-1] = true
	}
}

// counts are the occurrences of each query term in a candidate, by field.
type counts [maxQueryTerms][fieldCount]uint16

// scan reads the words of candidate n once: the query terms it holds, the
// information of all its words, and that of the query's pairs found in it.
func (s *search) scan(n uint32, tf *counts) (info, pairs float64) {
	var hit [maxPairs]bool
	prev := uint16(0)
	for _, v := range s.c.seq(n) {
		term := v >> 8
		k := s.inQuery[term]
		if k != 0 {
			tf[k-1][v&3]++
		}
		if v&fragmentBit != 0 {
			continue
		}
		if df := len(s.c.post[term]); k != 0 || !s.c.isCommon(df) {
			info += s.c.idf(df)
		}
		if prev != 0 && k != 0 && s.pairAt[prev-1] {
			if i := slices.Index(s.pairs, queryPair{prev, k}); i >= 0 && !hit[i] {
				hit[i] = true
				pairs += math.Min(s.query[prev-1].idf, s.query[k-1].idf)
			}
		}
		prev = k
	}
	return info, pairs
}

// compare computes the features that words give of candidate n.
func (s *search) compare(n uint32) features {
	f := features{doc: n, equal: len(s.seq) > 0 && slices.Equal(s.seq, s.c.seq(n))}
	var tf counts
	info, pairs := s.scan(n, &tf)
	norm := s.fieldNorms(n)
	var lex, shared, inTitle, bothTitles, anywhere float64
	var best [len(f.shared)]float64
	for i := range s.query {
		q := &s.query[i]
		if q.tf[fieldTitle] > 0 {
			inTitle += q.idf
		}
		if tf[i] == [fieldCount]uint16{} {
			continue
		}
		var w, times float64
		for j, c := range tf[i] {
			w += float64(min(c, 15)) * norm[j]
			times += float64(c)
		}
		gain := q.idf * w * (bm25K1 + 1) / (w + bm25K1)
		lex += gain
		f.info += q.idf
		shared += q.idf * times
		if q.tf[fieldTitle] > 0 {
			anywhere += q.idf
			if tf[i][fieldTitle] > 0 {
				bothTitles += q.idf
			}
		}
		for j := range best { // keep the terms that contribute most
			if gain > best[j] {
				copy(best[j+1:], best[j:])
				copy(f.shared[j+1:], f.shared[j:])
				best[j], f.shared[j] = gain, uint16(i)+1
				break
			}
		}
	}
	const tiny = 1e-9
	hit, title := s.titleInfo(n)
	f.query = math.Min(1, lex/(s.selfLex+tiny))
	f.found = math.Min(1, shared/(info+tiny))
	f.named = hit / (title + tiny)
	f.untitled = inTitle == 0
	f.cross = anywhere / (inTitle + tiny)
	f.title = 2 * bothTitles / (inTitle + title + tiny)
	f.pairs = pairs / (s.selfInfo + tiny)
	f.gap = s.gap(n)
	return f
}

// fieldNorms is what one occurrence counts in each field of candidate n.
func (s *search) fieldNorms(n uint32) (norm [fieldCount]float64) {
	docs := float64(len(s.c.ids))
	for i, l := range s.c.lens[n] {
		b := float64(s.w.norm[i])
		norm[i] = float64(s.w.field[i]) / (1 - b + b*unpackLen(l)/max(float64(s.c.total[i])/docs, 1))
	}
	return norm
}

// gap is the time between the looked-up document and candidate n on a log
// scale, in units of the mean time between two documents: duplicates come in
// bursts. 0 when either has no time.
func (s *search) gap(n uint32) float64 {
	at := s.c.at[n]
	if at <= noTime || s.at <= noTime || s.c.last <= s.c.first {
		return 0
	}
	mean := float64(s.c.last-s.c.first) / float64(len(s.c.ids))
	return math.Log2(1 + math.Abs(float64(s.at-at))/mean)
}

// titleInfo is the information of candidate n's title, and how much of it
// the query has.
func (s *search) titleInfo(n uint32) (hit, all float64) {
	for _, v := range s.c.seq(n) {
		if field(v&3) != fieldTitle {
			break // titles come first
		}
		if df := len(s.c.post[v>>8]); !s.c.isCommon(df) {
			idf := s.c.idf(df)
			all += idf
			if s.inQuery[v>>8] != 0 {
				hit += idf
			}
		}
	}
	return hit, all
}

func cosine(a, b []int8) (float64, bool) {
	if len(a) == 0 || len(a) != len(b) {
		return 0, false
	}
	return math.Min(1, float64(vector.Dot(a, b))/unitSquare), true
}

// words is the share of words found; between two languages, where words
// cannot tell, what the meaning lets expect.
func (f *features) words() float64 {
	if !f.foreign || !f.hasStat {
		return f.query
	}
	return math.Max(f.query, math.Min(1, math.Max(0, 2*(f.static-0.3))))
}

func (w *scoreWeights) of(f *features) float64 {
	s := w.query*f.words() + w.doc*f.found + w.pairs*f.pairs - w.gap*f.gap
	if f.untitled {
		s += w.named * f.named
	} else {
		s += w.title*f.title + w.cross*f.cross
	}
	switch {
	case f.hasSent && f.hasStat:
		s += w.sentence*f.sentence + w.static*f.static
	case f.hasSent:
		s += w.meaning * f.sentence
	case f.hasStat:
		s += w.meaning * f.static
	default: // vectors come later: what texts that share so many words have on average
		s += w.meaning * (0.3 + 0.5*math.Min(1, f.query))
	}
	if f.same {
		s += w.same
	}
	if f.equal {
		s += w.equal
	}
	return math.Round(s*1e9) / 1e9 // processors differ in the last bits
}

var defaultWeights = weights{
	field: [fieldCount]float32{2, 1, 1},
	norm:  [fieldCount]float32{0.5, 0.75, 0.75},
	score: scoreWeights{query: 1, doc: 0.15, title: 0.2, cross: 0.05, named: 0.4, pairs: 0.1, sentence: 0.4, static: 0.15, meaning: 0.45, same: 0.4, equal: 1.5, gap: 0.0175},
}
