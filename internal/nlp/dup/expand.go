package dup

import "bytes"

// alternativeShare is what a term counts that the text does not hold as such
// but written together or apart.
const alternativeShare = 0.5

const (
	minPart    = 3 // letters of a part of a compound
	partOfMany = 3 // documents that must know each part
	rarity     = 4 // how much rarer a compound must be than its parts
)

// alternatives adds to the query what is only spelt differently elsewhere:
// neighbours written as one word ("log in", "login"), and the parts of a word
// that nearly nobody else writes as one ("mailmerge"). Only words that the
// index knows count, so nothing is invented.
func (s *search) alternatives(a *analysis) {
	for i := range a.toks {
		t := &a.toks[i]
		if t.fragment || !isLetters(t.surf) {
			continue
		}
		if i+1 < len(a.toks) {
			if u := &a.toks[i+1]; !u.fragment && u.field == t.field && isLetters(u.surf) {
				s.word = append(append(s.word[:0], t.surf...), u.surf...)
				s.alternative(stemEnglish(lower(s.word)), string(t.surf)+" "+string(u.surf), t.field)
			}
		}
		if len(t.surf) >= 2*minPart+1 {
			s.apart(t)
		}
	}
}

// apart adds the two parts of a compound.
func (s *search) apart(t *token) {
	own := 0
	if n, ok := s.c.terms[string(t.term)]; ok {
		own = len(s.c.post[n])
	}
	most, at := max(partOfMany, own*rarity+1)-1, 0
	for cut := minPart; cut+minPart <= len(t.surf); cut++ {
		if df := min(s.known(t.surf[:cut]), s.known(t.surf[cut:])); df > most {
			most, at = df, cut
		}
	}
	if at == 0 {
		return
	}
	for _, part := range [][]byte{t.surf[:at], t.surf[at:]} {
		s.word = append(s.word[:0], part...)
		s.alternative(stemEnglish(lower(s.word)), string(t.surf), t.field)
	}
}

// known is the number of documents that hold the word.
func (s *search) known(word []byte) int {
	s.word = append(s.word[:0], word...)
	if n, ok := s.c.terms[string(stemEnglish(lower(s.word)))]; ok {
		return len(s.c.post[n])
	}
	return 0
}

func (s *search) alternative(term []byte, surf string, f field) {
	n, ok := s.c.terms[string(term)]
	if !ok || len(s.query) >= 2*maxTokens {
		return
	}
	for _, q := range s.query {
		if q.known && q.term == n {
			return
		}
	}
	df := len(s.c.post[n])
	if s.c.isCommon(df) {
		return
	}
	q := queryTerm{term: n, known: true, alternative: true, idf: alternativeShare * s.c.idf(df), surf: surf}
	q.tf[f] = 1
	s.query = append(s.query, q)
}

func isLetters(w []byte) bool {
	for _, c := range w {
		if !isLower(c) && !isUpper(c) {
			return false
		}
	}
	return len(w) > 1
}

func lower(w []byte) []byte {
	copy(w, bytes.ToLower(w)) // ASCII: the length stays
	return w
}
