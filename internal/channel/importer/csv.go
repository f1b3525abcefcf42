package importer

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A csvSyntax is how one file separates its values.
type csvSyntax struct {
	delim byte // 0 for files of one column, which may hold any separator
	eol   byte // '\n', or '\r' for files that have no other
}

// csvStatus is how the reading of one record ended.
type csvStatus int

const (
	csvOK     csvStatus = iota
	csvMore             // the data ends within the record
	csvStray            // a quote within a quoted field is neither doubled nor at its end
	csvTooBig           // more fields than MaxColumns
)

// record reads one record from the beginning of data: RFC 4180, and bare
// quotes within fields that don't begin with one. encoding/csv can neither
// start at an offset nor go on after a bad record. last says that no more
// data follows; n is the record's length including its line end, or where it
// went wrong. Fields are appended to into, unquoted.
func (c csvSyntax) record(data []byte, last bool, into []string) (fields []string, n int, quoted bool, st csvStatus) {
	fields = into[:0]
	i := 0
	for {
		var f string
		if i < len(data) && data[i] == '"' {
			quoted = true
			end, ok := c.closing(data, i+1)
			if !ok {
				return fields, len(data), quoted, csvMore
			}
			f = strings.ReplaceAll(string(data[i+1:end]), `""`, `"`)
			i = end + 1
			for i < len(data) && data[i] == ' ' {
				i++
			}
			if i == len(data) && !last || i == len(data)-1 && data[i] == '\r' && c.eol == '\n' && !last {
				return fields, i, quoted, csvMore
			}
			if i < len(data) && data[i] != c.delim && data[i] != c.eol &&
				!(data[i] == '\r' && (i+1 == len(data) || data[i+1] == c.eol)) {
				return fields, i, quoted, csvStray
			}
			if i < len(data) && data[i] == '\r' && c.eol != '\r' {
				i++
			}
		} else {
			end := i
			for end < len(data) && data[end] != c.delim && data[end] != c.eol {
				end++
			}
			if end == len(data) && !last {
				return fields, end, quoted, csvMore
			}
			v := data[i:end]
			if (end == len(data) || data[end] == c.eol) && len(v) > 0 && v[len(v)-1] == '\r' {
				v = v[:len(v)-1]
			}
			f = string(v)
			i = end
		}
		if fields = append(fields, f); len(fields) > MaxColumns {
			return fields, i, quoted, csvTooBig
		}
		if i >= len(data) {
			return fields, i, quoted, csvOK
		}
		i++
		if data[i-1] == c.eol {
			return fields, i, quoted, csvOK
		}
	}
}

// closing returns the index of the quote that ends the field which begins at
// data[i].
func (c csvSyntax) closing(data []byte, i int) (int, bool) {
	for {
		j := bytes.IndexByte(data[min(i, len(data)):], '"')
		if j < 0 {
			return 0, false
		}
		i += j
		if i+1 < len(data) && data[i+1] == '"' {
			i += 2
			continue
		}
		return i, true
	}
}

type csvReader struct {
	csvSyntax
	plan   Plan
	w      *window
	row    int64 // rows before the next
	fields []string
	ended  bool // damaged data was reported; nothing follows
}

func openCSV(f io.ReaderAt, size int64, p Plan, at position) (Reader, error) {
	off := p.Start
	if at.set {
		off = at.offset
	}
	stream, err := openStream(f, size, p, off)
	if err != nil {
		return nil, err
	}
	r := &csvReader{plan: p, w: newWindow(stream, off), row: at.row, csvSyntax: csvSyntax{eol: '\n'}}
	r.ended = at.set && at.offset > p.Bytes
	if p.Delimiter != "" {
		r.delim = p.Delimiter[0]
	}
	if p.CR {
		r.eol = '\r'
	}
	if !at.set {
		r.row = p.Before
	}
	return r, nil
}

func (r *csvReader) Columns() []string { return r.plan.Columns }
func (r *csvReader) Close() error      { return nil }
func (r *csvReader) Done() float64     { return share(r.w.off, r.plan.Bytes) }

func (r *csvReader) Position() string {
	if r.ended {
		return position{offset: max(r.w.off, r.plan.Bytes) + 1, row: r.row}.String()
	}
	return position{offset: r.w.off, row: r.row}.String()
}

// share returns n/of within 0 to 1.
func share(n, of int64) float64 {
	if of <= 0 || n >= of {
		return 1
	}
	return float64(n) / float64(of)
}

func (r *csvReader) Next() (Row, error) {
	for {
		if r.ended {
			return Row{}, io.EOF
		}
		r.row++
		row, err := r.next()
		if err != nil || row.Values != nil {
			return row, err
		}
	}
}

// next reads one record; a Row without values for a blank line.
func (r *csvReader) next() (Row, error) {
	n, quoted, st := 0, false, csvMore
	for {
		if len(r.w.bytes()) == 0 && !r.w.more() {
			return Row{}, r.end()
		}
		last := r.w.eof && r.w.err == nil
		r.fields, n, quoted, st = r.record(r.w.bytes(), last, r.fields)
		if st != csvMore || last || len(r.w.bytes()) > MaxRow || !r.w.more() && r.w.err != nil {
			break
		}
	}
	data := r.w.bytes()
	if st == csvMore && r.w.eof && r.w.err != nil {
		if !damaged(r.w.err) {
			return Row{}, fmt.Errorf("read row %d: %w", r.row, r.w.err)
		}
		r.w.advance(len(data))
		r.ended = true
		return Row{}, r.refuse("is cut off: the compressed file is damaged from here on; compress and send it again", data)
	}
	if st == csvOK && n > MaxRow {
		st = csvMore
	}
	if st != csvOK {
		return r.broken(data, n, st)
	}
	raw := data[:n]
	r.w.advance(n)
	if !quoted && len(r.fields) == 1 && strings.TrimSpace(r.fields[0]) == "" {
		return Row{}, nil
	}
	return r.check(raw)
}

// end returns the error at the end of the data: io.EOF unless reading failed.
func (r *csvReader) end() error {
	r.row-- // there was no such row
	if r.w.err == nil {
		return io.EOF
	}
	if !damaged(r.w.err) {
		return fmt.Errorf("read row %d: %w", r.row+1, r.w.err)
	}
	r.ended = true
	r.row++
	return r.refuse("and what follows is lost: the compressed file is damaged from here on; compress and send it again", nil)
}

// check turns the fields that were read into a row, unless they can't be.
func (r *csvReader) check(raw []byte) (Row, error) {
	if len(r.fields) != len(r.plan.Columns) {
		reason := fmt.Sprintf("has %s where the header has %d; put quotes around fields that contain the separator %q",
			counted(len(r.fields), "field"), len(r.plan.Columns), string(r.delim))
		raw = bytes.Clone(raw) // looking ahead reuses the buffer
		if r.atEnd() && len(r.fields) < len(r.plan.Columns) && !bytes.HasSuffix(raw, []byte{r.eol}) {
			reason = fmt.Sprintf("is cut off: the file ends after %s of %d; export it again", counted(len(r.fields), "field"), len(r.plan.Columns))
		}
		return Row{}, r.refuse(reason, raw)
	}
	if reason := badText(raw); reason != "" {
		return Row{}, r.refuse(reason, raw)
	}
	row := Row{Number: r.row, Values: make(map[string]string, len(r.fields)), names: r.plan.Columns, raw: trimEOL(raw)}
	for i, f := range r.fields {
		if f != "" {
			row.Values[r.plan.Columns[i]] = f
		}
	}
	return row, nil
}

func (r *csvReader) atEnd() bool {
	return len(r.w.bytes()) == 0 && !r.w.more()
}

// badText says what makes raw unusable as text; empty when nothing does.
func badText(raw []byte) string {
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		return "contains a NUL character; remove it"
	case !utf8.Valid(raw):
		return "is not valid UTF-8; save the file as UTF-8"
	}
	return ""
}

func trimEOL(raw []byte) []byte { return bytes.TrimRight(raw, "\r\n") }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (r *csvReader) refuse(reason string, raw []byte) *RowError {
	return &RowError{Row: r.row, Offset: r.Position(), Reason: reason, Raw: cut(string(trimEOL(raw[:min(len(raw), rawLimit+1)])), rawLimit)}
}

// broken handles a record that could not be read: st says why, n is where it
// went wrong. It goes on at the next line that reads like a row, so that a
// quote which is never closed does not swallow the rows behind it.
func (r *csvReader) broken(data []byte, n int, st csvStatus) (Row, error) {
	single := len(r.plan.Columns) == 1
	lineEnd := len(data)
	if i := bytes.IndexByte(data, r.eol); i >= 0 {
		lineEnd = i + 1
	}
	if single && !r.plan.Quotes && st != csvTooBig && lineEnd <= MaxRow && (lineEnd < len(data) || r.w.eof) {
		// A list of plain lines, where quotes mean nothing.
		raw := data[:lineEnd]
		r.w.advance(lineEnd)
		r.fields = append(r.fields[:0], string(trimEOL(raw)))
		return r.check(raw)
	}
	reason := ""
	stop := len(data) // go on here when no line before it is a row
	switch {
	case st == csvStray:
		reason = "has a quote inside a quoted field; write it twice (\"\")"
	case st == csvTooBig:
		reason = fmt.Sprintf("has more than %d fields", MaxColumns)
	case len(data) > MaxRow || n > MaxRow:
		reason = fmt.Sprintf("is longer than %d kB, or has a quote that is never closed", MaxRow>>10)
	default:
		reason = "is cut off: the file ends inside a quoted field; export it again, or close the quote"
	}
	if st != csvMore {
		if i := bytes.IndexByte(data[n:], r.eol); i >= 0 {
			stop = n + i + 1
		}
	}
	next := stop
	if !single {
		next = r.resync(data, lineEnd, stop)
	}
	refused := r.refuse(reason, data[:next])
	tail := next == len(data) && !r.w.eof && data[len(data)-1] != r.eol
	r.w.advance(next)
	if tail {
		r.w.skipLine(r.eol)
	}
	refused.Offset = r.Position()
	return Row{}, refused
}

// resync returns where the first line of data[from:to] begins that alone is
// a record of the right width; to when there is none.
func (r *csvReader) resync(data []byte, from, to int) int {
	var fields []string
	for from < to {
		end := len(data)
		if i := bytes.IndexByte(data[from:], r.eol); i >= 0 {
			end = from + i + 1
		}
		var st csvStatus
		fields, _, _, st = r.record(data[from:end], true, fields)
		if st == csvOK && len(fields) == len(r.plan.Columns) {
			return from
		}
		from = end
	}
	return to
}
