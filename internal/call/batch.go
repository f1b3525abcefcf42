package call

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/hypercare/hypercare/internal/workspace"
)

// batch is a few ten thousand calls of one workspace that a query looks at,
// column by column: a row group of a segment, or a run of frames in memory.
// What it returns holds until the next batch of the same scratch.
type batch interface {
	rows() int
	sorted() bool // by time and id
	ints(f Field) ([]int64, error)
	// values are the texts of a field: one for each row when codes is nil for
	// it, else those that the codes stand for.
	values(f Field) ([]string, error)
	codes(f Field) ([]int32, error)
	ids(f Field) ([]byte, error) // of all rows, one after the other
	// wide calls fn with a field of payload of the rows from lo to hi.
	wide(f Field, lo, hi int, fn func(row int, s string)) error
	// mayHave reports whether a value may be in a field, at little cost.
	mayHave(f Field, value []byte) (bool, error)
	payloads() bool
	blocks() []wordBlock // that cover the rows
	mayHaveWords(w wordBlock, terms []term) (bool, error)
	// records fills dst with the given rows, ascending, and the fields asked
	// for; the texts are dst's own.
	records(ctx context.Context, rows []int32, fields []Field, dst []Record) error
}

var allFields = func() []Field {
	list := make([]Field, fieldCount)
	for f := range list {
		list[f] = Field(f)
	}
	return list
}()

// bitset is a set of rows.
type bitset []uint64

func (b bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b bitset) drop(i int)     { b[i>>6] &^= 1 << (i & 63) }

func (b bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// only leaves the rows from lo to hi.
func (b bitset) only(lo, hi int) {
	for i := range b {
		from, to := i<<6, (i+1)<<6
		switch {
		case to <= lo || from >= hi:
			b[i] = 0
		default:
			if from < lo {
				b[i] &= ^uint64(0) << (lo - from)
			}
			if to > hi {
				b[i] &= ^uint64(0) >> (to - hi)
			}
		}
	}
}

// dropRange takes out the rows from lo to hi.
func (b bitset) dropRange(lo, hi int) {
	for i := lo; i < hi; {
		if i&63 == 0 && hi-i >= 64 {
			b[i>>6] = 0
			i += 64
			continue
		}
		b.drop(i)
		i++
	}
}

// any reports whether a row from lo to hi is in.
func (b bitset) any(lo, hi int) bool {
	for i := lo; i < hi; {
		if i&63 == 0 && hi-i >= 64 {
			if b[i>>6] != 0 {
				return true
			}
			i += 64
			continue
		}
		if b.has(i) {
			return true
		}
		i++
	}
	return false
}

func (b bitset) empty() bool { return !slices.ContainsFunc(b, func(w uint64) bool { return w != 0 }) }

// each calls fn with every row that is in, in order.
func (b bitset) each(fn func(row int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			fn(i<<6 + bits.TrailingZeros64(w))
		}
	}
}

// scratch is the memory of one worker of a query: some megabytes, used again
// for each batch.
type scratch struct {
	intBuf  [fieldCount][]int64
	valBuf  [fieldCount][]string
	textBuf [fieldCount][]byte
	codeBuf [fieldCount][]int32
	idBuf   [fieldCount][]byte
	have    [fieldCount]uint8 // of the batch at hand
	bits    [3]bitset
	recs    []Record
	grp     groupBatch
	mem     memBatch
}

const (
	haveInts = 1 << iota
	haveValues
	haveCodes
	haveIDs
)

func newScratch() *scratch { return &scratch{} }

// maxScratch is how large a scratch may be to be kept. A row group has 32 MB
// at most, all its columns together, so that is what one may grow to.
const maxScratch = 16 << 20

func (s *scratch) size() (n int) {
	for f := range s.have {
		n += 8*cap(s.intBuf[f]) + 16*cap(s.valBuf[f]) + cap(s.textBuf[f]) + 4*cap(s.codeBuf[f]) + cap(s.idBuf[f])
	}
	return n + int(unsafe.Sizeof(record))*cap(s.recs)
}

// rowSet returns one of the scratch's sets with all of n rows in it, or none.
func (s *scratch) rowSet(which, n int, full bool) bitset {
	words := (n + 63) / 64
	b := slices.Grow(s.bits[which][:0], words)[:words]
	s.bits[which] = b
	fill := uint64(0)
	if full {
		fill = ^uint64(0)
	}
	for i := range b {
		b[i] = fill
	}
	if full {
		b.only(0, n)
	}
	return b
}

// group makes a batch of a row group.
func (s *scratch) group(o *openSegment, group int) batch {
	clear(s.have[:])
	s.grp = groupBatch{s: s, o: o, at: group, rg: o.file.RowGroups()[group]}
	return &s.grp
}

// memory makes a batch of frames: of those of one workspace, the others are
// never looked into.
func (s *scratch) memory(u memUnit, ws workspace.ID) (batch, error) {
	clear(s.have[:])
	s.recs = s.recs[:0]
	err := eachFrame([]memUnit{u}, func(body []byte) error {
		of, err := frameWorkspace(body)
		if err != nil || of != ws {
			return err
		}
		s.recs = append(s.recs, Record{})
		return decode(body, &s.recs[len(s.recs)-1])
	})
	s.mem = memBatch{s: s, recs: s.recs}
	return &s.mem, err
}

// caught turns a panic into an error: a damaged file may lead the library
// that reads it anywhere.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("damaged: %v", r)
	}
}

// evenBlocks are blocks for rows without an index.
func evenBlocks(rows int) []wordBlock {
	var list []wordBlock
	for at := 0; at < rows; at += wordRows {
		list = append(list, wordBlock{first: at, rows: min(wordRows, rows-at)})
	}
	return list
}
