package use

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	reserved = 6        // control pieces at the start of the vocabulary
	space    = '\u2581' // stands for a space in pieces
	unknown  = 0
	// maxRunes caps the text read: 128 tokens of the longest pieces are fewer.
	maxRunes = 4096
)

type piece struct {
	text  string
	score float32 // log probability
}

// tokenizer splits text into the pieces with the highest total score
// (SentencePiece unigram, Kudo 2018), by Viterbi search over a trie.
type tokenizer struct {
	edges []edge // open-addressed hash table, a power of two long
	mask  uint64
	nodes []node
	runes []uint8 // length of each piece in runes
}

type edge struct {
	key uint64 // parent node << 21 | rune; 0 is free (no edge is labelled NUL)
	to  int32
}

type node struct {
	id    int32 // piece that ends here, or -1
	score float32
}

func newTokenizer(pieces []piece) *tokenizer {
	n, size := 0, 1
	for _, p := range pieces {
		n += utf8.RuneCountInString(p.text)
	}
	for size < 2*n+2 {
		size *= 2
	}
	t := &tokenizer{
		edges: make([]edge, size),
		mask:  uint64(size - 1),
		nodes: append(make([]node, 0, n/2), node{id: -1}),
		runes: make([]uint8, len(pieces)),
	}
	for i, p := range pieces {
		t.runes[i] = uint8(utf8.RuneCountInString(p.text))
		if i >= reserved {
			t.insert(p, int32(i))
		}
	}
	return t
}

func (t *tokenizer) insert(p piece, id int32) {
	at := int32(0)
	for _, r := range p.text {
		e := t.slot(at, r)
		if e.key == 0 {
			*e = edge{key(at, r), int32(len(t.nodes))}
			t.nodes = append(t.nodes, node{id: -1})
		}
		at = e.to
	}
	t.nodes[at] = node{id, p.score}
}

func key(at int32, r rune) uint64 { return uint64(at)<<21 | uint64(r) }

// slot returns the edge from node at by r, or the free slot it would take.
func (t *tokenizer) slot(at int32, r rune) *edge {
	k := key(at, r)
	h := k * 0x9E3779B97F4A7C15
	for i := h >> 32; ; i++ {
		if e := &t.edges[i&t.mask]; e.key == k || e.key == 0 {
			return e
		}
	}
}

// prepare normalises text to runes with U+2581 for spaces, as the model saw
// it in training: NFKC, runs of white space as one, none at the ends.
func prepare(text string) []rune {
	if len(text) > maxRunes*utf8.UTFMax {
		text = text[:maxRunes*utf8.UTFMax]
	}
	rs := make([]rune, 0, min(len(text), maxRunes)+1)
	gap := true
	for _, r := range norm.NFKC.String(strings.ToValidUTF8(text, " ")) {
		if len(rs) >= maxRunes {
			break
		}
		if unicode.IsSpace(r) || r == 0 {
			gap = true
			continue
		}
		if gap {
			rs, gap = append(rs, space), false
		}
		rs = append(rs, r)
	}
	return rs
}

// encode returns at most limit token ids. Runs of unknown characters count as
// one token.
func (t *tokenizer) encode(text string, limit int) []int32 {
	rs := prepare(text)
	n := len(rs)
	if n == 0 {
		return nil
	}
	const never = float32(-1e30)
	best := make([]float32, n+1) // score of the best split of rs[:i]
	last := make([]int32, n+1)   // its last piece
	for i := 1; i <= n; i++ {
		best[i] = never
	}
	for i := range n {
		if best[i] == never {
			continue
		}
		at, found := int32(0), false
		for j := i; j < n; j++ {
			e := t.slot(at, rs[j])
			if e.key == 0 || rs[j] == 0 {
				break
			}
			at = e.to
			nd := t.nodes[at]
			if nd.id < 0 {
				continue
			}
			found = true
			if s := best[i] + nd.score; s >= best[j+1] {
				best[j+1], last[j+1] = s, nd.id
			}
		}
		// Any one rune may stand alone as unknown, at no cost, where no
		// piece starts: that is how the reference implementation scores it.
		if !found && best[i] >= best[i+1] {
			best[i+1], last[i+1] = best[i], unknown
		}
	}
	return t.trace(last, limit)
}

// trace follows the best split back to its start.
func (t *tokenizer) trace(last []int32, limit int) []int32 {
	ids := make([]int32, 0, 64)
	inUnknown := false
	for i := len(last) - 1; i > 0; {
		id := last[i]
		if id != unknown || !inUnknown {
			ids = append(ids, id)
		}
		inUnknown = id == unknown
		i -= int(t.runes[id])
	}
	for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids[:min(len(ids), limit)]
}
