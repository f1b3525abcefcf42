package importer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// headSize is how much of a file is looked at to recognise it.
const headSize = 256 << 10

// Sniff recognises the format of a file by its first bytes (some 100 kB do;
// fewer may mistake JSON rows that are long) and, where these leave a doubt,
// by its name. The error says what the file is instead and what to do.
func Sniff(name string, head []byte) (Format, error) {
	k, err := recognise(name, head)
	return k.format, err
}

// kind is what the beginning of a file tells.
type kind struct {
	format   Format
	layout   layout
	gzip     bool
	encoding encoding
	text     []byte // decoded head, without byte order mark
	start    int64  // length of the byte order mark in the decoded stream
}

var foreign = []struct{ magic, what string }{
	{"\xD0\xCF\x11\xE0", "an old Excel (.xls), Word or Outlook file, or has a password; save it as .xlsx without one, or as CSV"},
	{"%PDF", "a PDF; export the feedback as CSV, JSON or XLSX"},
	{"7z\xBC\xAF", "a 7-Zip archive; unpack it and import the files in it"},
	{"Rar!", "a RAR archive; unpack it and import the files in it"},
	{"BZh", "a bzip2 archive; unpack it, or use gzip"},
	{"\xFD7zXZ", "an xz archive; unpack it, or use gzip"},
	{"\x28\xB5\x2F\xFD", "a zstd archive; unpack it, or use gzip"},
	{"SQLite format 3", "an SQLite database; export the table as CSV"},
	{"PAR1", "a Parquet file; export it as CSV or JSONL"},
	{"\x89PNG", "a picture; import the feedback as text"},
	{"\xFF\xD8\xFF", "a picture; import the feedback as text"},
}

func recognise(name string, head []byte) (kind, error) {
	var k kind
	if len(head) == 0 {
		return k, errs.New(errs.Unprocessable, "The file is empty; choose one that holds feedback.")
	}
	if bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		k.gzip = true
		inner, err := gunzipHead(head)
		if err != nil {
			return k, err
		}
		head = inner
		name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		switch {
		case k.gzip:
			return k, errs.New(errs.Unprocessable, "The file is a zip inside gzip; unpack it first.")
		case !bytes.Contains(head, []byte("[Content_Types].xml")) && !bytes.Contains(head, []byte("xl/")) && !strings.EqualFold(filepath.Ext(name), ".xlsx"):
			return k, errs.New(errs.Unprocessable, "The file is a zip archive; unpack it and import the files in it, or compress one file with gzip.")
		}
		k.format, k.layout = XLSX, layoutSheet
		return k, nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return k, errs.New(errs.Unprocessable, "The file is %s.", f.what)
		}
	}
	k.decodeHead(head)
	if !textual(k.text) {
		return k, errs.New(errs.Unprocessable, "The file is not text, nor an Excel workbook; export the feedback as CSV, JSON or XLSX.")
	}
	k.recogniseText(name)
	if len(bytes.TrimSpace(k.text)) == 0 {
		return k, errs.New(errs.Unprocessable, "The file holds nothing but white space; choose one that holds feedback.")
	}
	return k, nil
}

// textual reports whether text is free of control characters but for a few
// that slipped in.
func textual(text []byte) bool {
	control := 0
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1B {
			control++
		}
	}
	return control <= 2 || control*50 <= len(text)
}

func gunzipHead(head []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil, errs.Wrap(errs.Unprocessable, err, "The file says it is gzip-compressed but can't be unpacked; compress it again.")
	}
	out := make([]byte, headSize)
	n, err := io.ReadFull(z, out)
	if n == 0 && err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errs.New(errs.Unprocessable, "The compressed file is empty; choose one that holds feedback.")
		}
		return nil, errs.Wrap(errs.Unprocessable, err, "The compressed file is damaged; compress it again.")
	}
	return out[:n], nil
}

// decodeHead finds the encoding of head, so far as its first bytes tell it;
// Windows-1252 is told from UTF-8 by a survey of the whole file.
func (k *kind) decodeHead(head []byte) {
	k.encoding, k.text = utf8Text, head
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		k.start, k.text = 3, head[3:]
		return
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		k.encoding = utf16LE
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		k.encoding = utf16BE
	default:
		// UTF-16 without a mark: every other byte of mostly Latin text is 0.
		pair, even, odd := len(head)/2, 0, 0
		for i := 0; i+1 < len(head); i += 2 {
			if head[i] == 0 {
				even++
			}
			if head[i+1] == 0 {
				odd++
			}
		}
		switch {
		case pair > 3 && odd*2 > pair && even*20 < pair:
			k.encoding = utf16LE
		case pair > 3 && even*2 > pair && odd*20 < pair:
			k.encoding = utf16BE
		default:
			return
		}
	}
	endian := unicode.LittleEndian
	if k.encoding == utf16BE {
		endian = unicode.BigEndian
	}
	// A head cut within a character decodes to U+FFFD at the end: harmless.
	text, _ := unicode.UTF16(endian, unicode.IgnoreBOM).NewDecoder().Bytes(head[:len(head)&^1])
	if bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")) {
		k.start, text = 3, text[3:]
	}
	k.text = text
}

// recogniseText tells CSV from the kinds of JSON.
func (k *kind) recogniseText(name string) {
	ext := strings.ToLower(filepath.Ext(name))
	body := bytes.TrimLeft(k.text, " \t\r\n")
	next := byte(0)
	if rest := bytes.TrimLeft(body[min(1, len(body)):], " \t\r\n"); len(rest) > 0 {
		next = rest[0]
	}
	byName := ext == ".json" || ext == ".jsonl" || ext == ".ndjson"
	switch {
	case len(body) > 0 && body[0] == '[' && (next == '{' || next == ']' || byName):
		k.format, k.layout = JSON, layoutArray
	case ext == ".jsonl" || ext == ".ndjson":
		k.format, k.layout = JSONL, layoutLines
	case len(body) > 0 && body[0] == '{' && (next == '"' || next == '}' || byName):
		k.format, k.layout = JSONL, layoutLines
		if !linewise(body) {
			k.format, k.layout = JSON, layoutBare
			if key := rowsKey(body); key != "" {
				k.layout = layoutArray
			}
		}
	default:
		k.format, k.layout = CSV, layoutCSV
		return
	}
	k.format = dialect(k.format, k.layout, body)
}

// linewise reports whether JSON that begins with an object has an object on
// each line, as opposed to one object over all lines or the file.
func linewise(body []byte) bool {
	var b balance
	n, done := b.feed(body)
	line := bytes.IndexByte(body, '\n')
	switch {
	case line < 0 && done: // the whole file is one object, or the first of several
		return len(bytes.TrimSpace(body[n:])) == 0 && rowsKey(body) == ""
	case line < 0: // one line longer than the head
		return rowsKey(body) == ""
	case done && n <= line+1:
		// The first line is a row; or the whole file is {"tickets":[...]}.
		return len(bytes.TrimSpace(body[n:])) > 0 || rowsKey(body) == ""
	}
	// The first line alone is not an object. If others are, it is a bad row.
	lines, good := bytes.Split(body, []byte("\n")), 0
	for _, l := range lines[1:min(len(lines), 20)] {
		l = bytes.TrimSpace(l)
		if len(l) > 2 && l[0] == '{' && json.Valid(l) {
			good++
		}
	}
	return good > 0 && good*2 >= min(len(lines), 20)-2
}

// dialect tells tickets and issues from other JSON by the fields of the first
// rows.
func dialect(f Format, l layout, body []byte) Format {
	tickets, issues, seen := 0, 0, 0
	listed := l == layoutArray && rowsKey(body) == "tickets"
	for _, raw := range firstValues(l, body, 20) {
		obj, err := parseObject(raw)
		if err != nil {
			continue
		}
		seen++
		if isTicket(obj) || listed && obj.has("subject") {
			tickets++
		}
		if isIssue(obj) {
			issues++
		}
	}
	switch {
	case seen > 0 && issues*2 > seen:
		return GitHub
	case seen > 0 && tickets*2 > seen:
		return Zendesk
	}
	return f
}

// firstValues cuts up to n JSON values out of the beginning of a file.
func firstValues(l layout, body []byte, n int) [][]byte {
	var out [][]byte
	switch l {
	case layoutLines:
		for line := range bytes.Lines(body) {
			if line = bytes.TrimSpace(line); len(line) > 0 && len(out) < n {
				out = append(out, line)
			}
		}
		return out
	case layoutArray:
		if body[0] == '{' {
			loc, err := locateRows(newWindow(bytes.NewReader(body), 0))
			if err != nil || loc.rows < 0 {
				return nil
			}
			body = body[loc.rows:]
		} else {
			body = body[1:]
		}
	}
	for len(out) < n {
		body = bytes.TrimLeft(body, " \t\r\n,")
		if len(body) == 0 || body[0] == ']' {
			return out
		}
		var b balance
		end, done := b.feed(body)
		if !done || b.bad || end == 0 {
			return out
		}
		out = append(out, body[:end])
		body = body[end:]
	}
	return out
}

// rowsKey returns the name of the list that holds the rows of a JSON object;
// empty when there is none in sight.
func rowsKey(body []byte) string {
	loc, err := locateRows(newWindow(bytes.NewReader(body), 0))
	if err != nil {
		return ""
	}
	return loc.key
}

// Probe looks at a whole file (one or two passes, nothing kept) and plans how
// to read it. name is the name it was sent under.
func Probe(f io.ReaderAt, size int64, name string) (Plan, error) {
	if size > MaxFile {
		return Plan{}, errs.New(errs.TooLarge, "The file is larger than %d MB; split it, or compress it with gzip.", MaxFile>>20)
	}
	head := make([]byte, min(size, headSize))
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), head); err != nil {
		return Plan{}, fmt.Errorf("read the beginning of %s: %w", name, err)
	}
	k, err := recognise(name, head)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Format: k.format, Layout: k.layout, Gzip: k.gzip, Encoding: k.encoding, Start: k.start, Bytes: size, Indent: -1}
	if k.layout == layoutSheet {
		p.Encoding = ""
		return probeSheet(f, size, p)
	}
	stream, err := openStream(f, size, p, 0)
	if err != nil {
		return Plan{}, err
	}
	s, err := surveyStream(stream)
	if err != nil {
		return Plan{}, fmt.Errorf("read %s: %w", name, err)
	}
	p.Bytes = s.bytes
	if p.Gzip {
		p.Notes = append(p.Notes, "The file is gzip-compressed; it is unpacked while it is read.")
	}
	if p.Encoding != utf8Text {
		p.Notes = append(p.Notes, "The file is in UTF-16; it was converted.")
	}
	if k.layout != layoutCSV {
		return probeJSON(f, size, p)
	}
	if s.invalid > s.multi {
		// Were it UTF-8 with a few bad rows, well-formed characters would
		// prevail.
		p.Encoding, p.Start = windows1252, 0
		if stream, err = openStream(f, size, p, 0); err != nil {
			return Plan{}, err
		}
		decoded, err := surveyStream(stream)
		if err != nil {
			return Plan{}, fmt.Errorf("decode %s: %w", name, err)
		}
		p.Bytes = decoded.bytes
		p.Notes = append(p.Notes, "The file is not UTF-8; it was read as Windows-1252 (Western European). If letters look wrong, save it as UTF-8 and send it again.")
		if k.text, err = charmap.Windows1252.NewDecoder().Bytes(k.text); err != nil {
			return Plan{}, fmt.Errorf("decode the beginning of %s: %w", name, err)
		}
	} else if s.invalid > 0 {
		p.Notes = append(p.Notes, "Some rows are not valid UTF-8; these are refused.")
	}
	for len(k.text) > 0 && s.bytes > int64(len(head)) && !utf8.Valid(k.text[len(k.text)-1:]) {
		k.text = k.text[:len(k.text)-1] // a character that the head cut
	}
	return probeCSV(p, k.text, s.bytes <= int64(len(k.text))+k.start)
}
