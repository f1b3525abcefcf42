package importer

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sheetReader reads the rows of one worksheet.
type sheetReader struct {
	plan  Plan
	wb    *workbook
	file  io.Closer
	scan  *xmlScan
	at    int64 // number of the row read last
	ended bool
	cells []string
}

func openSheet(f io.ReaderAt, size int64, p Plan, at position) (Reader, error) {
	wb, err := openWorkbook(f, size)
	if err != nil {
		return nil, err
	}
	if _, err := wb.sheets(); err != nil { // for its calendar
		return nil, err
	}
	r, err := wb.openSheet(p)
	if err != nil {
		return nil, err
	}
	skip := p.Before
	if at.set {
		skip = at.row
		r.ended = at.offset > p.Bytes
	}
	if r.ended || skip == 0 {
		return r, nil
	}
	if err := r.seek(skip); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openSheet begins to read the sheet of p.
func (wb *workbook) openSheet(p Plan) (*sheetReader, error) {
	if wb.shared.ends == nil {
		if err := wb.readStyles(); err != nil {
			return nil, err
		}
		if err := wb.readShared(); err != nil {
			return nil, err
		}
	}
	rc, _, err := wb.part(p.Sheet, MaxUnpacked)
	if err != nil {
		return nil, err
	}
	return &sheetReader{plan: p, wb: wb, file: rc, scan: newXMLScan(rc)}, nil
}

func (r *sheetReader) Columns() []string { return r.plan.Columns }
func (r *sheetReader) Close() error      { return r.file.Close() }
func (r *sheetReader) Done() float64     { return share(r.scan.guard.total, r.plan.Bytes) }

func (r *sheetReader) Position() string {
	p := position{row: r.at}
	if r.ended {
		p.offset = r.plan.Bytes + 1
	}
	return p.String()
}

// seek reads up to the end of row n.
func (r *sheetReader) seek(n int64) error {
	for r.at < n && !r.ended {
		err := r.record()
		var bad *RowError
		if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &bad) {
			return err
		}
	}
	return nil
}

func (r *sheetReader) Next() (Row, error) {
	for {
		if r.ended {
			return Row{}, io.EOF
		}
		if err := r.record(); err != nil {
			return Row{}, err
		}
		row := Row{Number: r.at, Values: make(map[string]string, len(r.cells)), names: r.plan.Columns}
		for i, c := range r.cells {
			if strings.TrimSpace(c) == "" {
				continue
			}
			if i >= len(r.plan.Columns) {
				return Row{}, r.refuse(fmt.Sprintf("has a value in column %d, where the header has %d columns", i+1, len(r.plan.Columns)))
			}
			if strings.IndexByte(c, 0) >= 0 {
				return Row{}, r.refuse("contains a NUL character; remove it")
			}
			row.Values[r.plan.Columns[i]] = c
		}
		if len(row.Values) > 0 {
			return row, nil
		}
	}
}

func (r *sheetReader) refuse(reason string) *RowError {
	return &RowError{Row: r.at, Offset: r.Position(), Reason: reason, Raw: cut(strings.Join(r.cells, "\t"), rawLimit)}
}

// lost ends the reading where the sheet can't be read any further.
func (r *sheetReader) lost(err error) error {
	r.ended = true
	r.at++
	reason := "and what follows is lost: the sheet ends in the middle of it; save it again"
	switch {
	case errors.Is(err, errLongToken):
		reason = "and what follows is lost: it has a cell of more than 1 MB"
	case err != nil && !errors.Is(err, io.EOF):
		reason = "and what follows is lost: the sheet is damaged (" + cut(err.Error(), 120) + "); save it again"
	}
	return r.refuse(reason)
}

// record reads the next row element into r.cells and r.at; io.EOF behind the
// last.
func (r *sheetReader) record() error {
	r.cells = r.cells[:0]
	for {
		t, err := r.scan.token()
		if err != nil {
			return r.lost(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			number := r.at + 1
			if n, err := strconv.ParseInt(attr(t, "r"), 10, 64); err == nil && n > r.at {
				number = n
			}
			return r.row(number)
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				r.ended = true
				return io.EOF
			}
		}
	}
}

// row reads the cells up to the end of the row element.
func (r *sheetReader) row(number int64) error {
	col, size := -1, 0
	var tooBig string
	for {
		t, err := r.scan.token()
		if err != nil {
			return r.lost(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if col++; attr(t, "r") != "" {
				if c, ok := columnIndex(attr(t, "r")); ok {
					col = c
				}
			}
			v, err := r.cell(t.Copy())
			if err != nil {
				return r.lost(err)
			}
			if v == "" {
				continue
			}
			switch size += len(v); {
			case col >= MaxColumns:
				tooBig = fmt.Sprintf("has more than %d columns", MaxColumns)
			case size > MaxRow:
				tooBig = fmt.Sprintf("is longer than %d kB", MaxRow>>10)
			default:
				for len(r.cells) <= col {
					r.cells = append(r.cells, "")
				}
				r.cells[col] = v
			}
		case xml.EndElement:
			if t.Name.Local != "row" {
				continue
			}
			if r.at = number; tooBig != "" {
				return r.refuse(tooBig)
			}
			return nil
		}
	}
}

// cell reads one c element and returns its value as text.
func (r *sheetReader) cell(start xml.StartElement) (string, error) {
	var text strings.Builder
	in, phonetic := false, false
	for {
		t, err := r.scan.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "v", "t":
				in = !phonetic
			case "rPh":
				phonetic = true
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v", "t":
				in = false
			case "rPh":
				phonetic = false
			case "c":
				return r.value(text.String(), attr(start, "t"), attr(start, "s")), nil
			}
		case xml.CharData:
			if in && text.Len() <= maxCell {
				text.Write(t)
			}
		}
	}
}

// value turns a cell's content into text by its type and style.
func (r *sheetReader) value(v, kind, style string) string {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil {
			return ""
		}
		s, _ := r.wb.shared.get(i)
		return unescapeExcel(s)
	case "inlineStr", "str":
		return unescapeExcel(v)
	case "b":
		return strconv.FormatBool(v == "1" || v == "true")
	case "e": // #N/A and the like
		return ""
	case "d":
		return v
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return v
	}
	if s, err := strconv.Atoi(style); err == nil && s >= 0 && s < len(r.wb.dates) && r.wb.dates[s] {
		return dateText(f, r.wb.date1904)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// dateText writes a day number as people do: without a time when it has none.
func dateText(days float64, date1904 bool) string {
	t := excelTime(days, date1904, time.UTC)
	switch {
	case days < 0 || days > 2958466: // the year 10000
		return strconv.FormatFloat(days, 'f', -1, 64)
	case days < 1:
		return t.Format("15:04:05")
	case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}

var reExcelEscape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescapeExcel undoes how Excel writes characters that XML can't hold.
func unescapeExcel(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return reExcelEscape.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil {
			return m
		}
		if n == '\r' {
			return "" // always before a line feed
		}
		return string(rune(n))
	})
}

// columnIndex returns the column of a reference such as AB12, from 0.
func columnIndex(ref string) (int, bool) {
	n := 0
	for i := range len(ref) {
		c := ref[i] | 0x20
		if c < 'a' || c > 'z' {
			return n - 1, i > 0
		}
		if n = n*26 + int(c-'a') + 1; n > 1<<20 {
			return 0, false
		}
	}
	return n - 1, n > 0
}
