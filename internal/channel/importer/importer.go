// Package importer brings files of feedback into a launch: it recognises the
// format, guesses which column means what, and reads the rows one after the
// other, so that a bad row costs that row only and a stopped import goes on
// where it was.
//
// The decoders (this file, source.go, csv.go, json*.go, xlsx*.go, mapping.go
// and their like) know no database; service.go keeps imports and runs them.
// It never shows nor interprets what a row says: markup and SQL in a text are
// text.
package importer

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// Limits of one file. They hold whatever a file claims about itself.
const (
	// MaxFile is the largest upload, in bytes.
	MaxFile = 512 << 20
	// MaxRow is the longest CSV record; a quote that never ends costs at most
	// this much look-ahead.
	MaxRow = 1 << 20
	// MaxJSONRow is the longest JSON line or element. Tickets carry their
	// whole conversation, so it is larger than MaxRow.
	MaxJSONRow = 4 << 20
	// MaxColumns bounds the columns of one row.
	MaxColumns = 500
	// MaxUnpacked is how much a compressed file may unpack to.
	MaxUnpacked = 2 << 30

	maxRatio      = 200      // unpacked to packed; feedback text stays under 30
	ratioFreeSize = 32 << 20 // below this a high ratio harms nobody
	sampleRows    = 1000     // rows that decide columns, mapping and date order
	sampleBytes   = 8 << 20
)

// A Format is a kind of file that can be imported.
type Format string

// The formats. Each may also be gzip-compressed, except XLSX.
const (
	CSV     Format = "csv"     // separated values, also by semicolon, tab or bar
	JSONL   Format = "jsonl"   // one JSON object a line
	JSON    Format = "json"    // an array of objects, also inside an object
	Zendesk Format = "zendesk" // tickets, as array, lines or {"tickets": [...]}
	GitHub  Format = "github"  // issues, as array or lines
	XLSX    Format = "xlsx"    // an Excel workbook
)

// A layout is how rows lie in the stream; a Format says what they mean.
type layout string

const (
	layoutCSV   layout = "csv"
	layoutLines layout = "lines"  // a JSON value a line
	layoutArray layout = "array"  // elements of one JSON array
	layoutBare  layout = "values" // JSON values one after the other
	layoutSheet layout = "sheet"
)

// A Plan is everything that was found out about a file before its first row
// is read. It is kept with the import, so that a resumed import reads the
// file exactly as the first attempt did.
type Plan struct {
	Format   Format   `json:"format"`
	Layout   layout   `json:"layout"`
	Gzip     bool     `json:"gzip,omitempty"`
	Encoding encoding `json:"encoding,omitempty"`
	// Bytes is the size of the decoded stream (of a sheet: of its XML), which
	// progress is measured against.
	Bytes int64 `json:"bytes,omitempty"`
	// Start is the offset of the first row in the decoded stream.
	Start     int64    `json:"start,omitempty"`
	Before    int64    `json:"before,omitempty"` // rows before Start: the header and what stands above it
	Delimiter string   `json:"delimiter,omitempty"`
	Header    bool     `json:"header,omitempty"`
	Quotes    bool     `json:"quotes,omitempty"` // the sample holds well-formed quoted fields
	CR        bool     `json:"cr,omitempty"`     // lines end by a lone carriage return
	Indent    int      `json:"indent,omitempty"` // spaces before each array element; -1 when they are not on lines of their own
	Users     int64    `json:"users,omitempty"`  // offset of Zendesk's side-loaded users; 0 when there are none
	Sheet     string   `json:"sheet,omitempty"`  // part of the workbook that holds the sheet
	Columns   []string `json:"columns"`
	// Notes tell people what was assumed.
	Notes []string `json:"notes,omitempty"`
}

// A Row is one good row.
type Row struct {
	// Number counts the rows of the file from 1, a CSV header and JSONL blank
	// lines included, so that it is the row which an editor or a spreadsheet
	// shows (as long as no field contains line breaks).
	Number int64
	// Values holds the non-empty fields by column name.
	Values map[string]string

	names []string // columns in file order
	raw   []byte
}

// Raw returns the row as it stands in the file (as JSON where the file has no
// text form of it). It is valid until the reader's next Next.
func (r Row) Raw() string {
	if r.raw != nil {
		return string(r.raw)
	}
	b, err := json.Marshal(r.Values)
	if err != nil { // strings always marshal
		return ""
	}
	return string(b)
}

// A RowError is one row that can't be read. Reading goes on after it.
type RowError struct {
	Row    int64
	Offset string // where the next row begins; see Reader.Position
	Reason string // completes "Row 5 ..."
	Raw    string // at most rawLimit bytes
}

const rawLimit = 2 << 10

// Error implements error.
func (e *RowError) Error() string { return fmt.Sprintf("row %d %s", e.Row, e.Reason) }

// A Reader yields the rows of one file.
type Reader interface {
	// Columns returns the names that rows have, in file order. JSON rows may
	// hold others that did not occur in the sample.
	Columns() []string
	// Next returns the next row; a *RowError for one that is bad, after which
	// reading goes on; io.EOF at the end; any other error ends the reading.
	Next() (Row, error)
	// Position returns a token with which Open starts behind the row or
	// RowError that Next returned last.
	Position() string
	// Done returns how much of the file has been read, from 0 to 1.
	Done() float64
	Close() error
}

// Open starts reading f, which Probe has looked at, at the row that resume
// (from Position) names; from the beginning when resume is empty.
func Open(f io.ReaderAt, size int64, p Plan, resume string) (Reader, error) {
	at, err := parsePosition(resume)
	if err != nil {
		return nil, err
	}
	switch p.Layout {
	case layoutCSV:
		return openCSV(f, size, p, at)
	case layoutLines, layoutArray, layoutBare:
		return openJSON(f, size, p, at)
	case layoutSheet:
		return openSheet(f, size, p, at)
	}
	return nil, fmt.Errorf("open import: layout %q is unknown", p.Layout)
}

// position is where the next row begins: an offset in the decoded stream and
// the number of rows before it.
type position struct {
	offset int64
	row    int64
	set    bool
}

func (p position) String() string {
	return strconv.FormatInt(p.offset, 10) + ":" + strconv.FormatInt(p.row, 10)
}

func parsePosition(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	a, b, ok := strings.Cut(s, ":")
	off, err1 := strconv.ParseInt(a, 10, 64)
	row, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil || off < 0 || row < 0 {
		return position{}, errs.New(errs.Invalid, "%.40q is not a position in an import file; start the import again.", s)
	}
	return position{off, row, true}, nil
}

// cut shortens s to at most n bytes at a rune border and makes it valid
// UTF-8 without NUL, so that it can be kept anywhere.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
		for i := 0; i < 4 && len(s) > 0 && s[len(s)-1]&0xC0 == 0x80; i++ {
			s = s[:len(s)-1]
		}
		if len(s) > 0 && s[len(s)-1] >= 0xC0 {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}
