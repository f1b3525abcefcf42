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

// compare reads the words of candidate n once.
func (s *search) compare(n uint32) features {
	f := features{doc: n, equal: len(s.seq) > 0 && slices.Equal(s.seq, s.c.seq(n))}
	var tf [maxQueryTerms][fieldCount]uint16
	var pairHit [maxPairs]bool
	var pairSum float64
	info := 0.0 // of all of the candidate's words
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
			if i := slices.Index(s.pairs, queryPair{prev, k}); i >= 0 && !pairHit[i] {
				pairHit[i] = true
				pairSum += math.Min(s.query[prev-1].idf, s.query[k-1].idf)
			}
		}
		prev = k
	}
	var norm [fieldCount]float64
	l := &s.c.lens[n]
	docs := float64(len(s.c.ids))
	for i := range fieldCount {
		b := float64(s.w.norm[i])
		norm[i] = float64(s.w.field[i]) / (1 - b + b*unpackLen(l[i])/max(float64(s.c.total[i])/docs, 1))
	}
	var lex, info2, shared, qTitle, hitTitle, crossTitle float64
	var best [4]float64
	for i := range s.query {
		q := &s.query[i]
		if q.tf[fieldTitle] > 0 {
			qTitle += q.idf
		}
		if tf[i] == [fieldCount]uint16{} {
			continue
		}
		var w float64
		occ := 0.0
		for fi, c := range tf[i] {
			w += float64(min(c, 15)) * norm[fi]
			occ += float64(c)
		}
		gain := q.idf * w * (bm25K1 + 1) / (w + bm25K1)
		lex += gain
		info2 += q.idf
		shared += q.idf * occ
		if q.tf[fieldTitle] > 0 {
			crossTitle += q.idf
			if tf[i][fieldTitle] > 0 {
				hitTitle += q.idf
			}
		}
		for j := range best {
			if gain > best[j] {
				copy(best[j+1:], best[j:])
				copy(f.shared[j+1:], f.shared[j:])
				best[j], f.shared[j] = gain, uint16(i)+1
				break
			}
		}
	}
	f.query = math.Min(1, lex/(s.selfLex+1e-9))
	f.info = info2
	f.found = math.Min(1, shared/(info+1e-9))
	hit, dTitle := s.titleInfo(n)
	f.named = hit / (dTitle + 1e-9)
	f.untitled = qTitle == 0
	if qTitle > 0 {
		f.cross = crossTitle / qTitle
		f.title = 2 * hitTitle / (qTitle + dTitle + 1e-9)
	}
	f.pairs = pairSum / (s.selfInfo + 1e-9)
	f.gap = s.gap(n)
	return f
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
	return s
}

var defaultWeights = weights{
	field: [fieldCount]float32{2, 1, 1},
	norm:  [fieldCount]float32{0.5, 0.75, 0.75},
	score: scoreWeights{query: 1, doc: 0.15, title: 0.2, cross: 0.05, named: 0.4, pairs: 0.1, sentence: 0.4, static: 0.15, meaning: 0.45, same: 0.4, equal: 1.5, gap: 0.0175},
}
