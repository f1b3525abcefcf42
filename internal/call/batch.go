package call

import (
	"context"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

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
	wideBuf []byte
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

// groupBatch is a row group of a segment.
type groupBatch struct {
	s  *scratch
	o  *openSegment
	at int
	rg parquet.RowGroup
}

func (b *groupBatch) rows() int    { return int(b.rg.NumRows()) }
func (b *groupBatch) sorted() bool { return true }

func (b *groupBatch) payloads() bool { return b.o.meta == nil || b.o.meta.Groups[b.at].Payloads > 0 }

// chunk is the stored column of a field; nil when the file is older than it.
func (b *groupBatch) chunk(f Field) *parquet.FileColumnChunk {
	if b.o.at[f] < 0 {
		return nil
	}
	c, _ := b.rg.ColumnChunks()[b.o.at[f]].(*parquet.FileColumnChunk)
	return c
}

// pages calls fn with every page of a field.
func (b *groupBatch) pages(f Field, fn func(parquet.Page) error) error {
	c := b.chunk(f)
	pages := c.PagesFrom(b.o.data)
	defer func() { _ = pages.Close() }()
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		err = fn(p)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
}

func (b *groupBatch) short(f Field, n int) error {
	if n != b.rows() {
		return fmt.Errorf("column %s has %d values for %d calls", f, n, b.rows())
	}
	return nil
}

func (b *groupBatch) ints(f Field) ([]int64, error) {
	buf := b.s.intBuf[f][:0]
	if b.s.have[f]&haveInts != 0 {
		return b.s.intBuf[f], nil
	}
	if b.chunk(f) == nil {
		buf = append(buf, make([]int64, b.rows())...)
	} else if err := b.pages(f, func(p parquet.Page) error {
		data := p.Data()
		if d := p.Dictionary(); d != nil {
			values := d.Page().Data()
			of := values.Int64()
			for _, code := range data.Int32() {
				buf = append(buf, of[code])
			}
			return nil
		}
		buf = append(buf, data.Int64()...)
		return nil
	}); err != nil {
		return nil, err
	}
	b.s.intBuf[f] = buf
	b.s.have[f] |= haveInts
	return buf, b.short(f, len(buf))
}

// values reads only the dictionary: often that settles that nothing is here.
func (b *groupBatch) values(f Field) ([]string, error) {
	if b.s.have[f]&haveValues != 0 {
		return b.s.valBuf[f], nil
	}
	list := b.s.valBuf[f][:0]
	if c := b.chunk(f); c == nil {
		list = append(list, "")
	} else {
		pages := c.PagesFrom(b.o.data)
		defer func() { _ = pages.Close() }()
		d, err := pages.ReadDictionary()
		if err != nil {
			return nil, err
		}
		if d == nil {
			return nil, fmt.Errorf("column %s has no dictionary", f)
		}
		data := d.Page().Data()
		text, offsets := data.ByteArray()
		b.s.textBuf[f] = append(b.s.textBuf[f][:0], text...)
		text = b.s.textBuf[f]
		for i := range len(offsets) - 1 {
			list = append(list, textOf(text[offsets[i]:offsets[i+1]]))
		}
	}
	b.s.valBuf[f] = list
	b.s.have[f] |= haveValues
	return list, nil
}

func (b *groupBatch) codes(f Field) ([]int32, error) {
	if b.s.have[f]&haveCodes != 0 {
		return b.s.codeBuf[f], nil
	}
	buf := b.s.codeBuf[f][:0]
	if b.chunk(f) == nil {
		buf = append(buf, make([]int32, b.rows())...)
	} else if err := b.pages(f, func(p parquet.Page) error {
		if p.Dictionary() == nil {
			return fmt.Errorf("column %s has no dictionary", f)
		}
		data := p.Data()
		buf = append(buf, data.Int32()...)
		return nil
	}); err != nil {
		return nil, err
	}
	b.s.codeBuf[f] = buf
	b.s.have[f] |= haveCodes
	return buf, b.short(f, len(buf))
}

func (b *groupBatch) ids(f Field) ([]byte, error) {
	if b.s.have[f]&haveIDs != 0 {
		return b.s.idBuf[f], nil
	}
	buf, size := b.s.idBuf[f][:0], columns[f].size
	if b.chunk(f) == nil {
		buf = append(buf, make([]byte, b.rows()*size)...)
	} else if err := b.pages(f, func(p parquet.Page) error {
		data := p.Data()
		v, n := data.FixedLenByteArray()
		if n != size {
			return fmt.Errorf("column %s has ids of %d bytes", f, n)
		}
		buf = append(buf, v...)
		return nil
	}); err != nil {
		return nil, err
	}
	b.s.idBuf[f] = buf
	b.s.have[f] |= haveIDs
	return buf, b.short(f, len(buf)/size)
}

// pagesOf calls fn with the pages that hold some rows, ascending, and for
// each page which of them it holds: rows[i:j], the first of them being its
// first row.
func (b *groupBatch) pagesOf(f Field, rows []int32, fn func(p parquet.Page, i, j int)) error {
	c := b.chunk(f)
	if c == nil {
		return nil
	}
	if _, err := c.OffsetIndexFrom(b.o.data); err != nil { // without it seeking reads all pages before
		return err
	}
	pages := c.PagesFrom(b.o.data)
	defer func() { _ = pages.Close() }()
	for i := 0; i < len(rows); {
		if err := pages.SeekToRow(int64(rows[i])); err != nil {
			return err
		}
		p, err := pages.ReadPage()
		if err != nil {
			return err
		}
		end, j := int64(rows[i])+p.NumRows(), i
		for j < len(rows) && int64(rows[j]) < end {
			j++
		}
		if j > i {
			fn(p, i, j)
		}
		parquet.Release(p)
		if j == i {
			return fmt.Errorf("column %s has an empty page", f)
		}
		i = j
	}
	return nil
}

func (b *groupBatch) wide(f Field, lo, hi int, fn func(row int, s string)) error {
	if !b.payloads() || b.chunk(f) == nil {
		return nil
	}
	rows := make([]int32, 0, hi-lo)
	for i := lo; i < hi; i++ {
		rows = append(rows, int32(i))
	}
	return b.pagesOf(f, rows, func(p parquet.Page, i, j int) {
		data := p.Data()
		text, offsets := data.ByteArray()
		for k := range j - i {
			if s := text[offsets[k]:offsets[k+1]]; len(s) > 0 {
				fn(lo+i+k, textOf(s))
			}
		}
	})
}

func (b *groupBatch) mayHave(f Field, value []byte) (bool, error) {
	switch columns[f].index {
	case fileBloom:
		if c := b.chunk(f); c != nil {
			filter, err := c.BloomFilterFrom(b.o.data)
			if err != nil { // none: a file that others wrote again
				return true, nil
			}
			return filter.Check(parquet.FixedLenByteArrayValue(value))
		}
	case ownBloom:
		if b.o.index != nil {
			return b.o.index.mayHave(b.at, f, textOf(value))
		}
	}
	return true, nil
}

func (b *groupBatch) blocks() []wordBlock {
	if b.o.index != nil && b.at < len(b.o.index.groups) {
		return b.o.index.groups[b.at].words
	}
	return evenBlocks(b.rows())
}

func (b *groupBatch) mayHaveWords(w wordBlock, terms []term) (bool, error) {
	if b.o.index == nil {
		return true, nil
	}
	return b.o.index.mayHaveWords(w, terms)
}

// evenBlocks are blocks for rows without an index.
func evenBlocks(rows int) []wordBlock {
	var list []wordBlock
	for at := 0; at < rows; at += wordRows {
		list = append(list, wordBlock{first: at, rows: min(wordRows, rows-at)})
	}
	return list
}

func (b *groupBatch) records(ctx context.Context, rows []int32, fields []Field, dst []Record) error {
	for _, f := range fields {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.payload() && !b.payloads() {
			continue
		}
		err := b.pagesOf(f, rows, func(p parquet.Page, i, j int) {
			fillPage(p, f, rows[i:j], dst[i:j])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillPage sets a field of the records of some rows, the first of which is
// the first of the page.
func fillPage(p parquet.Page, f Field, rows []int32, dst []Record) {
	data := p.Data()
	kind := columns[f].kind
	if d := p.Dictionary(); d != nil {
		codes := data.Int32()
		for k, row := range rows {
			v := d.Index(codes[row-rows[0]])
			if kind == kindInt {
				*dst[k].int(f) = v.Int64()
			} else {
				*dst[k].text(f) = string(v.ByteArray())
			}
		}
		return
	}
	switch kind {
	case kindInt:
		v := data.Int64()
		for k, row := range rows {
			*dst[k].int(f) = v[row-rows[0]]
		}
	case kindFixed:
		v, n := data.FixedLenByteArray()
		for k, row := range rows {
			copy(dst[k].fixed(f), v[int(row-rows[0])*n:])
		}
	default:
		text, offsets := data.ByteArray()
		for k, row := range rows {
			i := row - rows[0]
			*dst[k].text(f) = string(text[offsets[i]:offsets[i+1]])
		}
	}
}

// memBatch is a run of frames, decoded.
type memBatch struct {
	s    *scratch
	recs []Record
}

func (b *memBatch) rows() int                                    { return len(b.recs) }
func (b *memBatch) sorted() bool                                 { return false }
func (b *memBatch) payloads() bool                               { return true }
func (b *memBatch) mayHave(Field, []byte) (bool, error)          { return true, nil }
func (b *memBatch) codes(Field) ([]int32, error)                 { return nil, nil }
func (b *memBatch) blocks() []wordBlock                          { return evenBlocks(len(b.recs)) }
func (b *memBatch) mayHaveWords(wordBlock, []term) (bool, error) { return true, nil }

func (b *memBatch) ints(f Field) ([]int64, error) {
	buf := b.s.intBuf[f][:0]
	for i := range b.recs {
		buf = append(buf, *b.recs[i].int(f))
	}
	b.s.intBuf[f] = buf
	return buf, nil
}

func (b *memBatch) values(f Field) ([]string, error) {
	buf := b.s.valBuf[f][:0]
	for i := range b.recs {
		buf = append(buf, *b.recs[i].text(f))
	}
	b.s.valBuf[f] = buf
	return buf, nil
}

func (b *memBatch) ids(f Field) ([]byte, error) {
	buf := b.s.idBuf[f][:0]
	for i := range b.recs {
		buf = append(buf, b.recs[i].fixed(f)...)
	}
	b.s.idBuf[f] = buf
	return buf, nil
}

func (b *memBatch) wide(f Field, lo, hi int, fn func(int, string)) error {
	for i := lo; i < hi; i++ {
		if s := *b.recs[i].text(f); s != "" {
			fn(i, s)
		}
	}
	return nil
}

func (b *memBatch) records(_ context.Context, rows []int32, fields []Field, dst []Record) error {
	for k, row := range rows {
		from := &b.recs[row]
		for _, f := range fields {
			switch columns[f].kind {
			case kindInt:
				*dst[k].int(f) = *from.int(f)
			case kindFixed:
				copy(dst[k].fixed(f), from.fixed(f))
			default:
				*dst[k].text(f) = strings.Clone(*from.text(f))
			}
		}
	}
	return nil
}
