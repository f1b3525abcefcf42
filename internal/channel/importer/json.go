package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// jsonReader reads objects that stand on lines, in a list, or one after the
// other. It holds one row at a time.
type jsonReader struct {
	plan  Plan
	w     *window
	row   int64
	users map[string]zendeskUser
	ended bool // the end, or damage that nothing can follow, was reported
}

func openJSON(f io.ReaderAt, size int64, p Plan, at position) (*jsonReader, error) {
	off := p.Start
	if at.set {
		off = at.offset
	}
	r := &jsonReader{plan: p, row: at.row, ended: at.set && at.offset > p.Bytes}
	if p.Users > 0 {
		stream, err := openStream(f, size, p, p.Users)
		if err != nil {
			return nil, err
		}
		if r.users, err = readUsers(newWindow(stream, p.Users)); err != nil {
			return nil, err
		}
	}
	stream, err := openStream(f, size, p, off)
	if err != nil {
		return nil, err
	}
	r.w = newWindow(stream, off)
	return r, nil
}

func (r *jsonReader) Columns() []string { return r.plan.Columns }
func (r *jsonReader) Close() error      { return nil }
func (r *jsonReader) Done() float64     { return share(r.w.off, r.plan.Bytes) }

func (r *jsonReader) Position() string {
	p := position{offset: r.w.off, row: r.row}
	if r.ended {
		p.offset = max(r.w.off, r.plan.Bytes) + 1
	}
	return p.String()
}

func (r *jsonReader) Next() (Row, error) {
	if r.ended {
		return Row{}, io.EOF
	}
	if r.plan.Layout == layoutLines {
		return r.line()
	}
	return r.element()
}

// line reads the next line that is not blank.
func (r *jsonReader) line() (Row, error) {
	for {
		end, from := -1, 0
		for end < 0 {
			data := r.w.bytes()
			if i := bytes.IndexByte(data[from:], '\n'); i >= 0 {
				end = from + i + 1
				break
			}
			from = len(data)
			if from > MaxJSONRow || !r.w.more() {
				break
			}
		}
		data := r.w.bytes()
		last := end < 0
		if last && len(data) == 0 {
			return Row{}, r.end()
		}
		r.row++
		if last && len(data) > MaxJSONRow || end > MaxJSONRow {
			err := r.refuse(fmt.Sprintf("is longer than %d MB", MaxJSONRow>>20), data)
			r.w.skipLine('\n')
			err.Offset = r.Position()
			return Row{}, err
		}
		if last {
			end = len(data)
		}
		raw := data[:end]
		r.w.advance(end)
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		return r.decode(bytes.TrimSpace(raw), last)
	}
}

// end is reached when no data is left: io.EOF unless reading failed.
func (r *jsonReader) end() error {
	switch {
	case r.w.err == nil && r.plan.Layout != layoutArray:
		r.ended = true
		return io.EOF
	case r.w.err != nil && !damaged(r.w.err):
		return fmt.Errorf("read row %d: %w", r.row+1, r.w.err)
	}
	r.row++
	r.ended = true
	if r.w.err != nil {
		return r.refuse("and what follows is lost: the compressed file is damaged from here on; compress and send it again", nil)
	}
	return r.refuse("is missing: the file ends before its list is closed; export it again", nil)
}

// element reads the next element of the list.
func (r *jsonReader) element() (Row, error) {
	for {
		c, err := peekByte(r.w)
		switch {
		case err != nil:
			return Row{}, r.end()
		case c == ',':
			r.w.advance(1)
			continue
		case c == ']' && r.plan.Layout == layoutArray:
			r.ended = true
			return Row{}, io.EOF
		}
		break
	}
	r.row++
	var b balance
	n := 0
	for {
		data := r.w.bytes()
		m, done := b.feed(data[n:])
		n += m
		if b.bad {
			return Row{}, r.broken("is not valid JSON: its brackets don't match")
		}
		if done && n > 0 && n <= MaxJSONRow {
			raw := data[:n]
			r.w.advance(n)
			return r.decode(raw, false)
		}
		if n > MaxJSONRow {
			return Row{}, r.oversized(&b, n, done)
		}
		if !r.w.more() {
			if b.scalar && r.w.err == nil { // a number at the end of the file
				raw := r.w.bytes()
				r.w.advance(len(raw))
				return r.decode(raw, true)
			}
			if r.w.err != nil && !damaged(r.w.err) {
				return Row{}, fmt.Errorf("read row %d: %w", r.row, r.w.err)
			}
			return Row{}, r.broken("is cut off: the file ends in the middle of it; export it again")
		}
	}
}

// oversized passes over an element that is too long, of which n bytes have
// been looked at.
func (r *jsonReader) oversized(b *balance, n int, done bool) error {
	err := r.refuse(fmt.Sprintf("is longer than %d MB", MaxJSONRow>>20), r.w.bytes())
	r.w.advance(n)
	for !done {
		if len(r.w.bytes()) == 0 && !r.w.more() {
			break
		}
		n, done = b.feed(r.w.bytes())
		r.w.advance(n)
		if b.bad {
			r.ended = true
			break
		}
	}
	err.Offset = r.Position()
	return err
}

// broken reports an element whose end can't be told. Where elements stand on
// lines of their own, reading goes on at the next that is indented alike;
// else the rest of the file is lost, and the reason says so.
func (r *jsonReader) broken(reason string) error {
	data := r.w.bytes()
	next := len(data)
	if r.plan.Indent >= 0 {
		mark := []byte("\n" + strings.Repeat(" ", r.plan.Indent) + "{")
		if i := bytes.Index(data[1:], mark); i >= 0 {
			next = 1 + i + len(mark) - 1
		}
	}
	if next == len(data) {
		r.ended = true
		if !r.w.eof {
			reason += "; what follows can't be told apart and is lost"
		}
	}
	err := r.refuse(reason, data[:next])
	r.w.advance(next)
	err.Offset = r.Position()
	return err
}

func (r *jsonReader) refuse(reason string, raw []byte) *RowError {
	return &RowError{Row: r.row, Offset: r.Position(), Reason: reason, Raw: cut(string(raw[:min(len(raw), rawLimit+1)]), rawLimit)}
}

// decode turns the text of one row into its fields.
func (r *jsonReader) decode(raw []byte, last bool) (Row, error) {
	if reason := badText(raw); reason != "" {
		return Row{}, r.refuse(reason, raw)
	}
	obj, err := parseObject(raw)
	if err != nil {
		var syntax *json.SyntaxError
		reason := "is not valid JSON: " + err.Error()
		switch {
		case errors.Is(err, errNotObject):
			reason = err.Error() + ` such as {"text": "..."}`
		case !last && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)):
			reason = "is not valid JSON: it ends too early"
		case last && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &syntax) && syntax.Offset >= int64(len(raw))):
			reason = "is cut off: the file ends in the middle of it; export it again"
		}
		return Row{}, r.refuse(reason, raw)
	}
	switch r.plan.Format {
	case Zendesk:
		obj = r.ticket(obj)
	case GitHub:
		if obj.has("pull_request") || strings.Contains(obj.text("html_url"), "/pull/") {
			return Row{}, r.refuse("is a pull request, not an issue; it was left out", raw)
		}
		obj = issueRow(obj)
	}
	names, values, err := flatten(obj)
	if err != nil {
		return Row{}, r.refuse(err.Error(), raw)
	}
	for _, v := range values {
		if strings.IndexByte(v, 0) >= 0 {
			return Row{}, r.refuse("contains a NUL character; remove it", raw)
		}
	}
	return Row{Number: r.row, Values: values, names: names, raw: raw}, nil
}

// probeJSON finds the list and the columns of a JSON file.
func probeJSON(f io.ReaderAt, size int64, p Plan) (Plan, error) {
	stream, err := openStream(f, size, p, p.Start)
	if err != nil {
		return p, err
	}
	if p.Layout == layoutArray {
		w := newWindow(stream, p.Start)
		c, err := peekByte(w)
		if err != nil {
			return p, fmt.Errorf("read the beginning of the list: %w", err)
		}
		p.Start = w.off + 1
		if c == '{' {
			loc, err := locateRows(w)
			if err != nil || loc.rows < 0 {
				return p, errs.Wrap(errs.Unprocessable, err, "The JSON file holds no list of objects; send an array, an object with an array in it, or one object a line.")
			}
			p.Start, p.Users = loc.rows, 0
			if p.Format == Zendesk && loc.users != loc.rows {
				p.Users = loc.users
			}
			p.Notes = append(p.Notes, fmt.Sprintf("The rows were taken from the list %q.", loc.key))
		}
		if p.Indent, err = elementIndent(f, size, p); err != nil {
			return p, err
		}
	}
	return jsonColumns(f, size, p)
}

// elementIndent returns by how many spaces the first element is indented on
// its line; -1 when it does not begin a line.
func elementIndent(f io.ReaderAt, size int64, p Plan) (int, error) {
	stream, err := openStream(f, size, p, p.Start)
	if err != nil {
		return -1, err
	}
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(stream, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return -1, fmt.Errorf("read the beginning of the list: %w", err)
	}
	i := bytes.IndexByte(head[:n], '{')
	if i < 0 {
		return -1, nil
	}
	nl := bytes.LastIndexByte(head[:i], '\n')
	if nl < 0 || len(bytes.Trim(head[nl+1:i], " ")) > 0 {
		return -1, nil
	}
	return i - nl - 1, nil
}

// jsonColumns reads the first rows to learn what they hold.
func jsonColumns(f io.ReaderAt, size int64, p Plan) (Plan, error) {
	r, err := openJSON(f, size, p, position{})
	if err != nil {
		return p, err
	}
	seen := map[string]bool{}
	var refused *RowError
	rows := 0
	for range sampleRows {
		row, err := r.Next()
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			if refused == nil {
				refused = bad
			}
			continue
		case errors.Is(err, io.EOF):
			if rows == 0 {
				return p, noRows(refused)
			}
			return p, nil
		case err != nil:
			return p, err
		}
		rows++
		for _, name := range row.names {
			if !seen[name] && len(p.Columns) < MaxColumns {
				seen[name] = true
				p.Columns = append(p.Columns, name)
			}
		}
		if r.w.off-p.Start > sampleBytes {
			break
		}
	}
	if rows == 0 {
		return p, noRows(refused)
	}
	return p, nil
}

// noRows says why a file has nothing to import.
func noRows(first *RowError) error {
	if first == nil {
		return errs.New(errs.Unprocessable, "The file holds no rows; choose one that holds feedback.")
	}
	return errs.New(errs.Unprocessable, "No row of the file can be read: row %d %s.", first.Row, first.Reason)
}
