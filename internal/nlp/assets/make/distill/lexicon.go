package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

const (
	emRounds    = 6
	lexiconMin  = 3   // times a word must be seen
	lexiconSure = 0.4 // share of a word's translations that one must have
	maxAligned  = 40  // words of a sentence
)

// lexicon derives word translations from sentence pairs with IBM model 1
// (Brown et al. 1993). Learning words on their own keeps the student from
// spreading a sentence's meaning over whatever words stand in it.
func lexicon(ps []pair) []pair {
	m := aligner{en: map[string]int32{"": 0}, other: map[string]int32{}}
	for _, p := range ps {
		m.add(words(p.en), words(p.other))
	}
	m.run()
	return m.best()
}

// words are the lower-case words of s; runs in scripts without spaces give
// their pairs of signs.
func words(s string) []string {
	var out []string
	for _, f := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r)
	}) {
		rs := []rune(f)
		if rs[0] < 0x0E00 || rs[0] >= 0xAC00 && rs[0] < 0xF900 {
			out = append(out, f)
			continue
		}
		for i := range rs {
			if i+1 < len(rs) {
				out = append(out, string(rs[i:i+2]))
			}
		}
	}
	return out
}

// aligner estimates p(en | other) over the pairs of words seen together.
type aligner struct {
	en, other map[string]int32
	sents     [][2][]int32
	prob      map[uint64]float32 // other<<32 | en
	seen      []int32            // of each other word
}

func (m *aligner) add(en, other []string) {
	if len(en) == 0 || len(other) == 0 || len(en) > maxAligned || len(other) > 2*maxAligned {
		return
	}
	number := func(ws []string, ids map[string]int32) []int32 {
		out := make([]int32, len(ws))
		for i, w := range ws {
			id, ok := ids[w]
			if !ok {
				id = int32(len(ids))
				ids[w] = id
			}
			out[i] = id
		}
		return out
	}
	s := [2][]int32{number(en, m.en), number(other, m.other)}
	for len(m.seen) < len(m.other) {
		m.seen = append(m.seen, 0)
	}
	for _, f := range s[1] {
		m.seen[f]++
	}
	m.sents = append(m.sents, s)
}

// run is expectation maximisation: each English word was caused by one of the
// other side's words.
func (m *aligner) run() {
	for round := range emRounds {
		next := make(map[uint64]float32, len(m.prob))
		total := make([]float32, len(m.other))
		for _, s := range m.sents {
			for _, e := range s[0] {
				var z float32
				for _, f := range s[1] {
					z += m.p(round, e, f)
				}
				if z == 0 {
					continue
				}
				for _, f := range s[1] {
					w := m.p(round, e, f) / z
					if w < 1e-3 {
						continue
					}
					next[uint64(f)<<32|uint64(e)] += w
					total[f] += w
				}
			}
		}
		for k, w := range next {
			next[k] = w / total[k>>32]
		}
		m.prob = next
	}
}

func (m *aligner) p(round int, e, f int32) float32 {
	if round == 0 {
		return 1
	}
	return m.prob[uint64(f)<<32|uint64(e)]
}

// best returns each word with the translation that is sure enough.
func (m *aligner) best() []pair {
	en, other := names(m.en), names(m.other)
	top := map[int32]uint64{}
	for k, p := range m.prob {
		f := int32(k >> 32)
		old, ok := top[f]
		if q := m.prob[old]; !ok || p > q || p == q && k < old {
			top[f] = k
		}
	}
	var out []pair
	for f, k := range top {
		p := pair{en[uint32(k)], other[f]}
		if m.prob[k] >= lexiconSure && m.seen[f] >= lexiconMin && p.en != p.other && len(p.en) > 1 {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b pair) int { return cmp.Or(cmp.Compare(a.en, b.en), cmp.Compare(a.other, b.other)) })
	return out
}

func names(ids map[string]int32) []string {
	out := make([]string, len(ids))
	for w, id := range ids {
		out[id] = w
	}
	return out
}
