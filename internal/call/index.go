package call

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
)

// An index file lies beside a segment and says what is not in it: for each
// row group, a Bloom filter of the values of some fields, and one of the words
// for every 1,024 rows. It is apart from the Parquet file so that row groups
// can be moved into another segment as they are, with their part of the
// index. A segment without it is read in full.
//
//	filters, each a number of blocks of 32 bytes
//	directory: varints (see writeDirectory)
//	length and CRC32C of the directory, magic: 12 bytes
const (
	indexMagic    = "HCI1"
	indexTail     = 12
	wordRows      = 1024    // rows that share a filter of words
	wordsAtOnce   = 1 << 18 // distinct words after which a filter ends early
	bitsPerWord   = 12
	bitsPerValue  = 10
	maxDirectory  = 64 << 20
	indexedFields = 3
)

// indexed are the fields with a filter of values in the index file.
var indexed = [indexedFields]Field{User, Session, Client}

// filterRef says where a filter is, in blocks; of no blocks: nothing is in.
type filterRef struct{ at, blocks uint64 }

// wordBlock is the filter of the words of some rows.
type wordBlock struct {
	first, rows int
	filter      filterRef
}

// groupIndex is the index of one row group.
type groupIndex struct {
	values [indexedFields]filterRef
	words  []wordBlock
}

func valueHash(s string) uint64 { return max(xxhash.Sum64(bytesOf(s)), 1) }

// indexWriter makes an index file.
type indexWriter struct {
	w      io.Writer
	err    error
	blocks uint64 // written
	groups []groupIndex

	values [indexedFields]wordSet
	words  wordSet
	now    groupIndex
	first  int // row that the block of words began at
	rows   int // of the group
	add    func(uint64)
}

func newIndexWriter(w io.Writer) *indexWriter {
	x := &indexWriter{w: w}
	x.add = x.words.add
	return x
}

// row takes the next call of the group.
func (x *indexWriter) row(r *Record) {
	for i, f := range indexed {
		if s := *r.text(f); s != "" {
			x.values[i].add(valueHash(s))
		}
	}
	for _, f := range searched {
		if s := *r.text(f); s != "" {
			eachWord(s, x.add)
		}
	}
	if x.rows++; x.rows-x.first == wordRows || x.words.used > wordsAtOnce {
		x.endBlock()
	}
}

func (x *indexWriter) endBlock() {
	if x.rows > x.first {
		x.now.words = append(x.now.words, wordBlock{x.first, x.rows - x.first, x.filter(&x.words, bitsPerWord)})
		x.first = x.rows
	}
}

// endGroup ends a row group.
func (x *indexWriter) endGroup() {
	x.endBlock()
	for i := range x.values {
		x.now.values[i] = x.filter(&x.values[i], bitsPerValue)
	}
	x.groups = append(x.groups, x.now)
	x.now, x.first, x.rows = groupIndex{}, 0, 0
}

// filter writes a set as a Bloom filter, and empties it.
func (x *indexWriter) filter(s *wordSet, bits uint) filterRef {
	if s.used == 0 {
		return filterRef{}
	}
	f := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(s.used), bits))
	for _, h := range s.slots {
		if h != 0 {
			f.Insert(h)
		}
	}
	s.reset()
	return x.write(f.Bytes())
}

func (x *indexWriter) write(b []byte) filterRef {
	ref := filterRef{x.blocks, uint64(len(b) / bloom.BlockSize)}
	if x.err == nil {
		_, x.err = x.w.Write(b)
	}
	x.blocks += ref.blocks
	return ref
}

// copyGroup takes over the index of a row group of another segment.
func (x *indexWriter) copyGroup(from *indexFile, group int) error {
	g := from.groups[group]
	move := func(r *filterRef) error {
		b := make([]byte, r.blocks*bloom.BlockSize)
		if len(b) == 0 {
			return nil
		}
		if _, err := from.r.ReadAt(b, int64(r.at*bloom.BlockSize)); err != nil {
			return fmt.Errorf("read index: %w", err)
		}
		*r = x.write(b)
		return nil
	}
	for i := range g.values {
		if err := move(&g.values[i]); err != nil {
			return err
		}
	}
	g.words = append([]wordBlock(nil), g.words...)
	for i := range g.words {
		if err := move(&g.words[i].filter); err != nil {
			return err
		}
	}
	x.groups = append(x.groups, g)
	return nil
}

// close writes the directory.
func (x *indexWriter) close() error {
	var b []byte
	num := func(v uint64) { b = binary.AppendUvarint(b, v) }
	ref := func(r filterRef) { num(r.at); num(r.blocks) }
	num(uint64(len(x.groups)))
	for _, g := range x.groups {
		for _, r := range g.values {
			ref(r)
		}
		num(uint64(len(g.words)))
		for _, w := range g.words {
			num(uint64(w.first))
			num(uint64(w.rows))
			ref(w.filter)
		}
	}
	n, sum := len(b), crc32.Checksum(b, castagnoli)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = append(b, indexMagic...)
	if x.err == nil {
		_, x.err = x.w.Write(b)
	}
	return x.err
}

// indexFile reads an index.
type indexFile struct {
	r      io.ReaderAt
	groups []groupIndex
}

var errIndex = errors.New("not an index of ours, or damaged")

func openIndex(f *os.File) (*indexFile, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readIndex(f, st.Size())
}

func readIndex(r io.ReaderAt, size int64) (*indexFile, error) {
	var tail [indexTail]byte
	if size < indexTail {
		return nil, errIndex
	}
	if _, err := r.ReadAt(tail[:], size-indexTail); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[8:]) != indexMagic || n > maxDirectory || n > size-indexTail {
		return nil, errIndex
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, size-indexTail-n); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(tail[4:]) {
		return nil, errIndex
	}
	x := &indexFile{r: r}
	limit := uint64(size) / bloom.BlockSize
	bad := false
	num := func() uint64 {
		v, k := binary.Uvarint(b)
		if k <= 0 {
			bad = true
			return 0
		}
		b = b[k:]
		return v
	}
	ref := func() filterRef {
		r := filterRef{num(), num()}
		if r.at > limit || r.blocks > limit-r.at {
			bad = true
		}
		return r
	}
	for range num() {
		var g groupIndex
		for i := range g.values {
			g.values[i] = ref()
		}
		for range num() {
			g.words = append(g.words, wordBlock{int(num()), int(num()), ref()})
			if bad {
				return nil, errIndex
			}
		}
		x.groups = append(x.groups, g)
		if bad {
			return nil, errIndex
		}
	}
	return x, nil
}

// may reports whether a hash may be in a filter.
func (x *indexFile) may(r filterRef, h uint64) (bool, error) {
	if r.blocks == 0 {
		return false, nil
	}
	size := int64(r.blocks) * bloom.BlockSize
	return bloom.CheckSplitBlock(io.NewSectionReader(x.r, int64(r.at)*bloom.BlockSize, size), size, h)
}

// mayHave reports whether a row group may have a value in one of the indexed
// fields.
func (x *indexFile) mayHave(group int, f Field, s string) (bool, error) {
	for i := range indexed {
		if indexed[i] == f && group < len(x.groups) && s != "" {
			return x.may(x.groups[group].values[i], valueHash(s))
		}
	}
	return true, nil
}

// mayHaveWords reports whether rows may have all words of all terms.
func (x *indexFile) mayHaveWords(w wordBlock, terms []term) (bool, error) {
	for _, t := range terms {
		for _, h := range t.words {
			if ok, err := x.may(w.filter, h); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}
