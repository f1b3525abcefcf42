package dup

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

type fileRow struct {
	id   string
	doc  Doc
	rank int // place by age
}

// readRows reads a whole file; bad tells the rows that cannot be read.
func readRows(in io.Reader) (rows []fileRow, bad []string, err error) {
	r := bufio.NewReaderSize(in, 1<<16)
	head, err := r.Peek(1 << 14)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, fmt.Errorf("read rows: %w", err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := r.Discard(3); err != nil {
			return nil, nil, fmt.Errorf("read rows: %w", err)
		}
		head = head[3:]
	}
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	p := rowParser{}
	switch {
	case len(trimmed) == 0:
		return nil, nil, nil
	case trimmed[0] == '{':
		err = p.lines(r)
	case trimmed[0] == '[':
		err = p.array(r)
	default:
		err = p.csv(r, head)
	}
	return p.rows, p.bad, err
}

type rowParser struct {
	rows []fileRow
	bad  []string
}

func (p *rowParser) fault(where string, n int, err error) {
	p.bad = append(p.bad, fmt.Sprintf("%s %d: %v", where, n, err))
}

func (p *rowParser) lines(r *bufio.Reader) error {
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if e := p.json(line); e != nil {
				p.fault("line", n, e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
	}
}

func (p *rowParser) array(r io.Reader) error {
	d := json.NewDecoder(r)
	if _, err := d.Token(); err != nil {
		return errs.Wrap(errs.Invalid, err, "The file is not JSON.")
	}
	for n := 1; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			p.fault("item", n, fmt.Errorf("the file breaks off or is not JSON here (%w); nothing after it was read", err))
			return nil
		}
		if err := p.json(raw); err != nil {
			p.fault("item", n, err)
		}
	}
	return nil
}

func (p *rowParser) json(b []byte) error {
	var v struct {
		ID, Created           any
		Title, Text, Language *string
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("not a JSON object with text fields (%w)", err)
	}
	str := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	id := ""
	switch x := v.ID.(type) {
	case nil:
	case string:
		id = x
	case json.Number:
		id = x.String()
	default:
		return errors.New("id is neither text nor a number")
	}
	at, err := parseTime(v.Created)
	if err != nil {
		return err
	}
	p.add(id, str(v.Title), str(v.Text), str(v.Language), at)
	return nil
}

func (p *rowParser) csv(r io.Reader, head []byte) error {
	c := csv.NewReader(r)
	c.Comma = delimiter(head)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	names, err := c.Read()
	if err != nil {
		return errs.Wrap(errs.Invalid, err, "The first line is not a CSV header; it must name the columns, text among them.")
	}
	col := map[string]int{}
	for i, n := range names {
		col[strings.ToLower(strings.TrimSpace(n))] = i
	}
	if _, ok := col["text"]; !ok {
		if _, ok := col["title"]; !ok {
			return errs.New(errs.Invalid, "The file is neither JSON nor CSV with a column named text or title; its first line must name the columns.")
		}
	}
	width := len(names)
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				p.fault("line", pe.StartLine, pe.Err)
				continue
			}
			return fmt.Errorf("read CSV: %w", err)
		}
		line, _ := c.FieldPos(0)
		if len(rec) != width {
			p.fault("line", line, fmt.Errorf("%d columns where the header has %d", len(rec), width))
			continue
		}
		get := func(n string) string {
			if i, ok := col[n]; ok {
				return rec[i]
			}
			return ""
		}
		var created any
		if s := get("created"); s != "" {
			created = s
		}
		at, err := parseTime(created)
		if err != nil {
			p.fault("line", line, err)
			continue
		}
		p.add(get("id"), get("title"), get("text"), get("language"), at)
	}
}

// delimiter picks the separator that the first line has most of.
func delimiter(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t', '|'} {
		if n := strings.Count(string(line), string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// add keeps a row; one without an id is called by its number in the file.
func (p *rowParser) add(id, title, text, lang string, at time.Time) {
	if id == "" {
		id = strconv.Itoa(len(p.rows) + len(p.bad) + 1)
	}
	p.rows = append(p.rows, fileRow{id: id, doc: Doc{Title: title, Text: text, Language: lang, At: at}})
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02"}

// parseTime reads RFC 3339 (also without zone, taken as UTC), or a number:
// seconds since 1970, or milli-, micro- or nanoseconds when it is too big.
func parseTime(v any) (time.Time, error) {
	var s string
	switch x := v.(type) {
	case nil:
		return time.Time{}, nil
	case string:
		s = strings.TrimSpace(x)
	case json.Number:
		s = x.String()
	default:
		return time.Time{}, errors.New("created is neither a time nor a number")
	}
	if s == "" {
		return time.Time{}, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		for math.Abs(f) >= 1e11 {
			f /= 1000
		}
		return time.UnixMicro(int64(f * 1e6)), nil
	}
	for _, l := range timeLayouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("created %q is not a time; write it like 2026-11-21T04:30:00Z", shorten(s, 40))
}
