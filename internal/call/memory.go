package call

import (
	"context"
	"strings"
)

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
