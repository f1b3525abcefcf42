package call

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/hypercare/hypercare/internal/workspace"
)

// groupMeta is what is known of a row group without opening its file.
type groupMeta struct {
	Rows     int   `json:"rows"`
	From     int64 `json:"from"` // time of the first
	To       int64 `json:"to"`   // and of the last: both are in it
	Bytes    int64 `json:"raw"`  // as frames
	Payloads int   `json:"payloads,omitempty"`
}

// origin says what a segment was made of. It stands in the segment itself, so
// that the manifest can be made again from the files.
type origin struct {
	Workspace workspace.ID `json:"workspace"`
	Spools    []uint64     `json:"spools,omitempty"`   // spool files it was cut from
	Replaces  []string     `json:"replaces,omitempty"` // segments it was merged from
	Groups    []groupMeta  `json:"groups"`
}

const originKey = "hypercare.call"

// partSuffix is what a file has at its end while it is written.
const partSuffix = ".part"

// segmentWriter writes one segment and its index. It can be used again after
// finish or abort, which saves its tables.
type segmentWriter struct {
	disk disk
	pw   *parquet.GenericWriter[any]
	cols []*parquet.ColumnWriter
	vals [fieldCount][]parquet.Value
	held int    // rows in vals
	ids  []byte // what the ids in vals point to

	from  origin
	group groupMeta
	path  string // without suffix
	data  *sink
	index *sink
	out   *bufio.Writer
	ixOut *bufio.Writer
	ix    *indexWriter
}

const valuesAtOnce = 256

// begin starts a segment at path, which has no suffix.
func (w *segmentWriter) begin(path string, from origin) (err error) {
	w.path, w.from, w.group, w.held = path, from, groupMeta{}, 0
	w.from.Groups = nil
	if err := w.disk.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	if w.data, err = w.create(dataSuffix); err == nil {
		w.index, err = w.create(indexSuffix)
	}
	if err != nil {
		w.abort()
		return err
	}
	if w.out == nil {
		w.out, w.ixOut = bufio.NewWriterSize(w.data, 256<<10), bufio.NewWriterSize(w.index, 64<<10)
		w.pw = parquet.NewGenericWriter[any](w.out, writerOptions()...)
		w.ids = make([]byte, 0, valuesAtOnce*64)
	} else {
		w.out.Reset(w.data)
		w.ixOut.Reset(w.index)
		w.pw.Reset(w.out)
	}
	w.cols = w.pw.ColumnWriters()
	w.ix = newIndexWriter(w.ixOut)
	return nil
}

// sink is a file that remembers that writing to it failed.
type sink struct {
	outFile
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.outFile.Write(b)
	if err != nil {
		s.err = err
	}
	return n, err
}

func (w *segmentWriter) create(suffix string) (*sink, error) {
	f, err := w.disk.create(w.path + suffix + partSuffix)
	if err != nil {
		return nil, err
	}
	return &sink{outFile: f}, nil
}

// failed is the error of writing, if there was one: what went wrong then was
// not what was read.
func (w *segmentWriter) failed() error { return errors.Join(w.data.err, w.index.err) }

// add takes the next call, in the order of time within a row group. The
// memory that r points to must stay as it is until addDone.
func (w *segmentWriter) add(r *Record, size int) error {
	if w.group.Rows == 0 {
		w.group.From = r.Time
	}
	w.group.To = r.Time
	w.group.Rows++
	w.group.Bytes += int64(size)
	if r.captured() {
		w.group.Payloads++
	}
	for _, f := range intFields {
		w.vals[f] = append(w.vals[f], parquet.Int64Value(*r.int(f)))
	}
	for _, f := range textFields {
		w.vals[f] = append(w.vals[f], parquet.ByteArrayValue(bytesOf(*r.text(f))))
	}
	for _, f := range fixedFields {
		at := len(w.ids)
		w.ids = append(w.ids, r.fixed(f)...)
		w.vals[f] = append(w.vals[f], parquet.FixedLenByteArrayValue(w.ids[at:]))
	}
	w.ix.row(r)
	if w.held++; w.held == valuesAtOnce {
		return w.addDone()
	}
	return nil
}

// addDone hands the values on, column by column.
func (w *segmentWriter) addDone() error {
	for f := range w.vals {
		if len(w.vals[f]) == 0 {
			continue
		}
		if _, err := w.cols[f].WriteRowValues(w.vals[f]); err != nil {
			return fmt.Errorf("write column %s: %w", Field(f), err)
		}
		clear(w.vals[f]) // they would keep what they point to
		w.vals[f] = w.vals[f][:0]
	}
	w.held, w.ids = 0, w.ids[:0]
	return nil
}

// endGroup ends a row group.
func (w *segmentWriter) endGroup() error {
	if w.group.Rows == 0 {
		return nil
	}
	if err := w.addDone(); err != nil {
		return err
	}
	if err := w.pw.Flush(); err != nil {
		return fmt.Errorf("write row group: %w", err)
	}
	w.ix.endGroup()
	w.from.Groups = append(w.from.Groups, w.group)
	w.group = groupMeta{}
	return nil
}

// copyGroup takes over a row group of another segment as it is.
func (w *segmentWriter) copyGroup(from *openSegment, group int) error {
	if from.index == nil {
		return errIndex
	}
	if _, err := w.pw.WriteRowGroup(from.file.RowGroups()[group]); err != nil {
		return fmt.Errorf("copy row group: %w", err)
	}
	if err := w.ix.copyGroup(from.index, group); err != nil {
		return err
	}
	w.from.Groups = append(w.from.Groups, from.meta.Groups[group])
	return nil
}

// rows is how many calls were taken.
func (w *segmentWriter) rows() (n int) {
	for _, g := range w.from.Groups {
		n += g.Rows
	}
	return n + w.group.Rows
}

// finish makes the segment durable under its name. It is not in the log
// before the manifest names it.
func (w *segmentWriter) finish() (segmentMeta, error) {
	meta, err := w.complete()
	if err != nil {
		w.abort()
		return meta, fmt.Errorf("write segment: %w", err)
	}
	return meta, nil
}

func (w *segmentWriter) complete() (segmentMeta, error) {
	meta := segmentMeta{Name: filepath.Base(w.path)}
	if err := w.endGroup(); err != nil {
		return meta, err
	}
	about, err := json.Marshal(w.from)
	if err != nil {
		return meta, err
	}
	w.pw.SetKeyValueMetadata(originKey, string(about))
	if err := errors.Join(w.pw.Close(), w.ix.close()); err != nil {
		return meta, err
	}
	if err := errors.Join(w.out.Flush(), w.ixOut.Flush()); err != nil {
		return meta, err
	}
	for _, f := range []*sink{w.data, w.index} {
		if err := f.Sync(); err != nil {
			return meta, err
		}
		n, err := f.Seek(0, 1)
		if err != nil {
			return meta, err
		}
		meta.Bytes += n
	}
	err = errors.Join(w.data.Close(), w.index.Close())
	w.data, w.index = nil, nil
	if err != nil {
		return meta, err
	}
	for _, suffix := range []string{indexSuffix, dataSuffix} {
		if err := w.disk.rename(w.path+suffix+partSuffix, w.path+suffix); err != nil {
			return meta, err
		}
	}
	meta.origin = w.from
	meta.sum()
	return meta, w.disk.syncDir(filepath.Dir(w.path))
}

// abort removes what was written.
func (w *segmentWriter) abort() {
	for _, f := range []*sink{w.data, w.index} {
		if f != nil {
			_ = f.Close()
		}
	}
	w.data, w.index = nil, nil
	for f := range w.vals {
		w.vals[f] = w.vals[f][:0]
	}
	w.held, w.ids = 0, w.ids[:0]
	w.out = nil // the writer may be in any state: make another
	for _, suffix := range []string{dataSuffix, indexSuffix} {
		_ = os.Remove(w.path + suffix + partSuffix)
		_ = os.Remove(w.path + suffix)
	}
}
