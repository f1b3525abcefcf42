package call

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding"
)

// Bounds of a row group: what a query reads at once, and what a merge holds
// in memory. With more than 65,536 rows the codes of a dictionary would need
// more than 16 bits, which are read ten times slower.
const (
	groupRows  = 1 << 16
	groupBytes = 32 << 20
	fileRows   = 1 << 20 // a segment takes no more
)

// codec is shared: it keeps its encoders and decoders.
var codec = &zstd.Codec{Level: zstd.SpeedFastest}

// ordered is a group whose fields stay in the order of a record; Parquet's
// own sorts them by name.
type ordered struct{ parquet.Group }

// Fields are the columns in the order of a record.
func (g ordered) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, f := range g.Group.Fields() {
		byName[f.Name()] = f
	}
	list := make([]parquet.Field, 0, len(byName))
	for _, c := range columns {
		list = append(list, byName[c.name])
	}
	return list
}

// schema is what a segment has. Nothing is ever null: what is not known is
// empty or 0. A column may be added; a reader takes one that is missing as
// empty.
var schema = parquet.NewSchema("call", func() parquet.Node {
	g := parquet.Group{}
	for f := range fieldCount {
		g[columns[f].name] = node(f)
	}
	return ordered{g}
}())

func node(f Field) parquet.Node {
	as := func(n parquet.Node, e encoding.Encoding) parquet.Node {
		return parquet.Compressed(parquet.Encoded(n, e), codec)
	}
	switch c := columns[f]; {
	case f == Time:
		return as(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	case f == Status || f == Attempts: // few values
		return as(parquet.Int(64), &parquet.RLEDictionary)
	case c.kind == kindInt:
		return as(parquet.Int(64), &parquet.DeltaBinaryPacked)
	case c.kind == kindText:
		return as(parquet.String(), &parquet.RLEDictionary)
	case f == RequestHead || f == ResponseHead:
		return as(parquet.String(), &parquet.DeltaLengthByteArray)
	case c.kind == kindWide: // a body may be no text
		return as(parquet.Leaf(parquet.ByteArrayType), &parquet.DeltaLengthByteArray)
	default: // ids: random, so nothing compresses them
		return parquet.Leaf(parquet.FixedLenByteArrayType(c.size))
	}
}

// writerOptions are how segments are written. Bounds of pages are kept where
// somebody could prune by them.
func writerOptions() []parquet.WriterOption {
	list := []parquet.WriterOption{schema, parquet.CreatedBy("hypercare", "call log 1", "")}
	var filters []parquet.BloomFilterColumn
	for f := range fieldCount {
		c := columns[f]
		if c.index == fileBloom {
			filters = append(filters, parquet.SplitBlockFilter(10, c.name))
		}
		if f != Time && f != Status && f != Latency {
			list = append(list, parquet.SkipPageBounds(c.name))
		}
	}
	return append(list, parquet.BloomFilters(filters...))
}
