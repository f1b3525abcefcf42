package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

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
		if errors.Is(err, io.EOF) {
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

// whole calls fn with every call of a row group; what it points to holds
// until the next. All columns but the payload are in memory meanwhile.
func (s *scratch) whole(o *openSegment, group int, fn func(*Record)) error {
	b := s.group(o, group)
	var (
		ints  [fieldCount][]int64
		texts [fieldCount][]string
		codes [fieldCount][]int32
		ids   [fieldCount][]byte
		wide  [fieldCount][]string
		err   error
	)
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	for f := range fieldCount {
		var e error
		switch columns[f].kind {
		case kindInt:
			ints[f], e = b.ints(f)
		case kindText:
			texts[f], e = b.values(f)
			keep(e)
			codes[f], e = b.codes(f)
		case kindFixed:
			ids[f], e = b.ids(f)
		default:
			wide[f] = make([]string, wordRows)
		}
		keep(e)
	}
	if err != nil {
		return err
	}
	var r Record
	for lo := 0; lo < b.rows(); lo += wordRows {
		hi := min(lo+wordRows, b.rows())
		for f := range wide {
			clear(wide[f])
			if wide[f] == nil {
				continue
			}
			if err := b.wide(Field(f), lo, hi, func(row int, text string) { wide[f][row-lo] = strings.Clone(text) }); err != nil {
				return err
			}
		}
		for row := lo; row < hi; row++ {
			for f := range fieldCount {
				switch columns[f].kind {
				case kindInt:
					*r.int(f) = ints[f][row]
				case kindText:
					*r.text(f) = texts[f][codes[f][row]]
				case kindFixed:
					n := columns[f].size
					copy(r.fixed(f), ids[f][row*n:(row+1)*n])
				default:
					*r.text(f) = wide[f][row-lo]
				}
			}
			fn(&r)
		}
	}
	return nil
}
