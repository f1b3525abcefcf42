package dup

import (
	"math"
	"strings"
	"sync"
)

const (
	maxDocs   = 1<<24 - 1 // documents, dead ones included, and terms that fit the packed postings
	compactAt = 4096      // dead documents below which compaction is not worth it
)

// An Index holds the documents of one launch. Any number of goroutines may
// search while one or more add, remove or set vectors; writers wait for each
// other.
type Index struct {
	write sync.Mutex   // serialises writers, so that one may prepare without mu
	mu    sync.RWMutex // guards c and what it points to
	c     *core
	w     weights
}

// New returns an empty index.
func New() *Index { return &Index{c: newCore(), w: defaultWeights} }

// Len is the number of documents that can be found.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.c.byID)
}

// A core is the data of an index.
//
// A posting packs document<<8 | body tf (4 bits) | title tf (2) | error tf
// (2). The text of a document is kept as its sequence of terms, packed
// term<<8 | fragment<<2 | field, in blocks that are never moved.
type core struct {
	terms map[string]uint32
	names []string // how each term was first written
	post  [][]uint32

	byID   map[string]uint32
	ids    []string
	at     []int64 // Unix microseconds; of the zero time, far in the past
	first  int64   // and last: the span of at, unset times left out
	last   int64
	lens   [][fieldCount]uint8
	lang   []uint8  // index in langs + 1, 0 when unknown
	langs  []string // few
	seqAt  []uint64 // block<<32 | offset
	seqLen []uint16
	blocks [][]uint32
	dead   []uint64
	deads  int
	total  [fieldCount]uint64 // summed lengths of all documents

	logs   []float64 // ln(df+½)
	logN   float64   // ln of logged
	logged int       // documents + 1

	errorOf map[uint32]errorRef
	byError map[string][]uint32

	static, sentence vectors
}

// noTime bounds the microseconds of times that were never set.
const noTime = -62_000_000_000_000_000

type errorRef struct{ fingerprint, name string }

func newCore() *core {
	return &core{
		terms: map[string]uint32{}, byID: map[string]uint32{},
		errorOf: map[uint32]errorRef{}, byError: map[string][]uint32{},
		logs: halfLogs(), first: math.MaxInt64, last: math.MinInt64,
	}
}

// Add indexes d. A document with the same ID is replaced; its vectors are
// forgotten with it, because they were made of another text.
func (x *Index) Add(d Doc) {
	a := analysers.Get().(*analysis)
	defer analysers.Put(a)
	a.read(d)

	x.write.Lock()
	defer x.write.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if old, ok := x.c.byID[d.ID]; ok {
		x.c.kill(old)
	}
	if len(x.c.ids) >= maxDocs {
		return
	}
	n := x.c.add(d, a)
	x.c.static.set(n, d.Static)
	x.c.sentence.set(n, d.Sentence)
}

// SetVectors gives the document id its vectors; nil leaves one as it is. It
// does nothing when the document is not there (any more).
func (x *Index) SetVectors(id string, static, sentence []int8) {
	x.write.Lock()
	defer x.write.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if n, ok := x.c.byID[id]; ok {
		x.c.static.set(n, static)
		x.c.sentence.set(n, sentence)
	}
}

// Remove makes the document id vanish and reports whether it was there.
func (x *Index) Remove(id string) bool {
	x.write.Lock()
	defer x.write.Unlock()
	x.mu.Lock()
	n, ok := x.c.byID[id]
	if ok {
		x.c.kill(n)
	}
	worth := x.c.deads >= compactAt && x.c.deads*4 > len(x.c.ids)
	x.mu.Unlock()
	if worth {
		// No other writer can change the core meanwhile, so it is read
		// without mu and readers go on.
		c := x.c.compact()
		x.mu.Lock()
		x.c = c
		x.mu.Unlock()
	}
	return ok
}

func (c *core) isDead(n uint32) bool { return c.dead[n>>6]&(1<<(n&63)) != 0 }

func (c *core) kill(n uint32) {
	c.dead[n>>6] |= 1 << (n & 63)
	c.deads++
	delete(c.byID, c.ids[n])
	if e, ok := c.errorOf[n]; ok {
		delete(c.errorOf, n)
		left := c.byError[e.fingerprint][:0:0]
		for _, m := range c.byError[e.fingerprint] {
			if m != n {
				left = append(left, m)
			}
		}
		if len(left) == 0 {
			delete(c.byError, e.fingerprint)
		} else {
			c.byError[e.fingerprint] = left
		}
	}
	c.static.drop(n)
	c.sentence.drop(n)
}

// add appends a document and returns its number.
func (c *core) add(d Doc, a *analysis) uint32 {
	seq := a.seq[:0]
	for i := range a.toks {
		if t, ok := c.term(&a.toks[i]); ok {
			seq = append(seq, pack(t, &a.toks[i]))
		}
	}
	a.seq = seq
	n := c.append(d.ID, d.At.UnixMicro(), d.Language, seq)
	if a.hasError {
		ref := errorRef{a.err.fingerprint(), a.err.String()}
		c.errorOf[n] = ref
		c.byError[ref.fingerprint] = append(c.byError[ref.fingerprint], n)
	}
	return n
}

// pack is a token of a sequence.
func pack(term uint32, t *token) uint32 {
	v := term<<8 | uint32(t.field)
	if t.fragment {
		v |= fragmentBit
	}
	return v
}

func (c *core) term(t *token) (uint32, bool) {
	if n, ok := c.terms[string(t.term)]; ok {
		return n, true
	}
	if len(c.names) >= maxDocs {
		return 0, false
	}
	n := uint32(len(c.names))
	s := string(t.term)
	c.terms[s] = n
	if string(t.surf) != s {
		s = string(t.surf)
	}
	c.names = append(c.names, s)
	c.post = append(c.post, nil)
	return n, true
}

// append stores the sequence and its postings.
func (c *core) append(id string, at int64, lang string, seq []uint32) uint32 {
	n := uint32(len(c.ids))
	c.byID[id] = n
	c.ids = append(c.ids, id)
	c.at = append(c.at, at)
	c.lang = append(c.lang, c.language(lang, true))
	if at > noTime {
		c.first, c.last = min(c.first, at), max(c.last, at)
	}
	if int(n>>6) >= len(c.dead) {
		c.dead = append(c.dead, 0)
	}
	c.store(seq)
	var lens [fieldCount]uint64
	for _, v := range seq {
		f := field(v & 3)
		lens[f]++
		c.count(v>>8, n, f)
	}
	var l [fieldCount]uint8
	for f := range lens {
		c.total[f] += lens[f]
		l[f] = packLen(lens[f])
	}
	c.lens = append(c.lens, l)
	c.logged = len(c.ids) + 1
	c.logN = math.Log(float64(c.logged))
	return n
}

// language numbers a language; 0 for unknown ones, and for new ones unless
// they are to be added.
func (c *core) language(lang string, add bool) uint8 {
	if lang == "" || lang == "unknown" {
		return 0
	}
	for i, l := range c.langs {
		if l == lang {
			return uint8(i + 1)
		}
	}
	if !add || len(c.langs) >= 254 {
		return 255
	}
	c.langs = append(c.langs, strings.Clone(lang))
	return uint8(len(c.langs))
}

func (c *core) langName(n uint32) string {
	if l := int(c.lang[n]); l > 0 && l <= len(c.langs) {
		return c.langs[l-1]
	}
	return ""
}

// fragmentBit marks a part of an identifier in a sequence.
const fragmentBit = 1 << 2

const blockSize = 1 << 16

func (c *core) store(seq []uint32) {
	b := len(c.blocks) - 1
	if b < 0 || len(c.blocks[b])+len(seq) > cap(c.blocks[b]) {
		// The first blocks are small, so that a small launch stays small.
		c.blocks = append(c.blocks, make([]uint32, 0, min(blockSize, 1024<<min(len(c.blocks), 6))))
		b++
	}
	c.seqAt = append(c.seqAt, uint64(b)<<32|uint64(len(c.blocks[b])))
	c.seqLen = append(c.seqLen, uint16(len(seq)))
	c.blocks[b] = append(c.blocks[b], seq...)
}

func (c *core) seq(n uint32) []uint32 {
	at := c.seqAt[n]
	return c.blocks[at>>32][uint32(at):][:c.seqLen[n]]
}

// count adds one occurrence of a term in document n, the newest one.
func (c *core) count(term, n uint32, f field) {
	p := c.post[term]
	if len(p) == 0 || p[len(p)-1]>>8 != n {
		if len(p) == cap(p) && len(p) >= 64 {
			grown := make([]uint32, len(p), len(p)+len(p)/4)
			copy(grown, p)
			p = grown
		}
		p = append(p, n<<8)
		c.post[term] = p
	}
	p[len(p)-1] = bump(p[len(p)-1], f)
}

// bump raises the count of a field in a posting, up to what its bits hold.
func bump(v uint32, f field) uint32 {
	switch f {
	case fieldTitle:
		if v&(3<<2) != 3<<2 {
			v += 1 << 2
		}
	case fieldError:
		if v&3 != 3 {
			v++
		}
	default:
		if v&(15<<4) != 15<<4 {
			v += 1 << 4
		}
	}
	return v
}

// packLen and unpackLen keep a length to about 3 % in a byte.
func packLen(n uint64) uint8 {
	if n < 32 {
		return uint8(n)
	}
	return uint8(min(255, 32+math.Round(math.Log2(float64(n)/32)*24)))
}

func unpackLen(b uint8) float64 {
	if b < 32 {
		return float64(b)
	}
	return 32 * math.Exp2(float64(b-32)/24)
}

// compact returns a core without the dead documents and the terms that only
// they had.
func (c *core) compact() *core {
	d := newCore()
	remap := make([]uint32, len(c.names)) // old term -> new term + 1
	forms := make([]string, len(c.names))
	for s, t := range c.terms {
		forms[t] = s
	}
	var seq []uint32
	for i := range c.ids {
		n := uint32(i)
		if c.isDead(n) {
			continue
		}
		seq = seq[:0]
		for _, v := range c.seq(n) {
			t := v >> 8
			if remap[t] == 0 {
				d.names = append(d.names, c.names[t])
				d.post = append(d.post, nil)
				remap[t] = uint32(len(d.names))
				d.terms[forms[t]] = remap[t] - 1
			}
			seq = append(seq, (remap[t]-1)<<8|v&255)
		}
		m := d.append(c.ids[n], c.at[n], c.langName(n), seq)
		if e, ok := c.errorOf[n]; ok {
			d.errorOf[m] = e
			d.byError[e.fingerprint] = append(d.byError[e.fingerprint], m)
		}
		d.static.set(m, c.static.get(n))
		d.sentence.set(m, c.sentence.get(n))
	}
	return d
}
