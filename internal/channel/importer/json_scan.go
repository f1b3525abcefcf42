package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// balance finds the end of one JSON value by its brackets and quotes, over
// any number of pieces and without keeping them.
type balance struct {
	open    []byte // brackets not yet closed
	started bool
	scalar  bool
	inStr   bool
	escaped bool
	bad     bool // the brackets don't match, or are too many
}

const maxDepth = 1000

// feed looks at the next piece and returns how many of its bytes belong to
// the value, and whether the value ends there. A number or word ends before
// what delimits it, so at the end of the file it stays open.
func (b *balance) feed(p []byte) (n int, done bool) {
	for i, c := range p {
		switch {
		case b.inStr:
			switch {
			case b.escaped:
				b.escaped = false
			case c == '\\':
				b.escaped = true
			case c == '"':
				b.inStr = false
				if len(b.open) == 0 {
					return i + 1, true
				}
			}
		case c == '"':
			if b.scalar {
				return i, true
			}
			b.started, b.inStr = true, true
		case c == '{' || c == '[':
			if b.scalar {
				return i, true
			}
			b.started = true
			if b.open = append(b.open, c); len(b.open) > maxDepth {
				b.bad = true
				return i, true
			}
		case c == '}' || c == ']':
			if len(b.open) == 0 {
				b.bad = !b.scalar
				return i, true
			}
			if top := b.open[len(b.open)-1]; (top == '{') != (c == '}') {
				b.bad = true
				return i, true
			}
			if b.open = b.open[:len(b.open)-1]; len(b.open) == 0 {
				return i + 1, true
			}
		case len(b.open) > 0:
		case c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r':
			if b.scalar || c == ',' {
				b.bad = !b.scalar
				return i, true
			}
		default:
			b.started, b.scalar = true, true
		}
	}
	return len(p), false
}

// location is where the rows lie in a JSON file whose root is an object.
type location struct {
	rows  int64  // offset behind the [ of the list; -1 when there is none
	key   string // path of the list
	users int64  // offset of the [ of side-loaded users; 0 when there are none
	rank  int
	isRow bool // the object itself says something: it is a row, not a wrapper
}

// rowKeys are the usual names of the list that holds the rows, best first.
// Behind the first strongKeys a list may also be a part of one row.
var rowKeys = []string{"tickets", "issues", "feedback", "feedbacks", "reviews", "responses", "items", "records", "rows", "results", "data",
	"comments", "conversations", "messages", "entries", "entry", "posts", "nodes", "list"}

const strongKeys = 11

var errNotJSON = errors.New("not JSON")

// locateRows walks the root object of w (which stands at its start) and finds
// its list of rows: the one with the most usual name, else the first.
func locateRows(w *window) (location, error) {
	loc := location{rows: -1, rank: len(rowKeys) + 1}
	err := loc.object(w, "", 0)
	if loc.isRow && loc.rank >= strongKeys {
		loc.rows, loc.key = -1, ""
	}
	if loc.rows >= 0 {
		return loc, nil // what follows it may be cut off
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return loc, err
	}
	return loc, nil
}

func (loc *location) object(w *window, path string, depth int) error {
	if c, err := peekByte(w); err != nil || c != '{' {
		return errors.Join(err, errNotJSON)
	}
	w.advance(1)
	for {
		c, err := peekByte(w)
		switch {
		case err != nil:
			return err
		case c == '}':
			w.advance(1)
			return nil
		case c == ',':
			w.advance(1)
			continue
		case c != '"':
			return errNotJSON
		}
		key, err := readKey(w)
		if err != nil {
			return err
		}
		c, err = peekByte(w)
		if err != nil {
			return err
		}
		if c == '{' && depth < 3 {
			if err := loc.object(w, path+key+".", depth+1); err != nil {
				return err
			}
			continue
		}
		if c == '"' && depth == 0 && (key == "subject" || fieldOf(key) == fieldText) {
			loc.isRow = true
		}
		if c == '[' {
			if err := loc.list(w, path, key); err != nil {
				return err
			}
		}
		if err := skipValue(w); err != nil {
			return err
		}
	}
}

// list notes the list at which w stands, if it is the best so far. It reads
// nothing of it but the beginning.
func (loc *location) list(w *window, path, key string) error {
	at := w.off + 1
	i := 1
	for {
		data := w.bytes()
		for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
			i++
		}
		if i < len(data) || len(data) > 64<<10 {
			break
		}
		if !w.more() {
			return w.err
		}
	}
	if data := w.bytes(); i >= len(data) || data[i] != '{' {
		return nil
	}
	if path == "" && key == "users" {
		loc.users = at
	}
	rank := len(rowKeys)
	for r, k := range rowKeys {
		if k == key {
			rank = r
		}
	}
	if rank < loc.rank {
		loc.rows, loc.key, loc.rank = at, path+key, rank
	}
	return nil
}

// peekByte returns the next byte that is not white space.
func peekByte(w *window) (byte, error) {
	for {
		data := w.bytes()
		rest := bytes.TrimLeft(data, " \t\r\n")
		w.advance(len(data) - len(rest))
		if len(rest) > 0 {
			return rest[0], nil
		}
		if !w.more() {
			if w.err != nil {
				return 0, w.err
			}
			return 0, io.EOF
		}
	}
}

// readKey reads a member's name and the colon behind it.
func readKey(w *window) (string, error) {
	var key string
	for {
		var b balance
		data := w.bytes()
		if n, done := b.feed(data); done {
			if err := json.Unmarshal(data[:n], &key); err != nil {
				return "", fmt.Errorf("%w: %w", errNotJSON, err)
			}
			w.advance(n)
			break
		}
		if len(data) > 64<<10 || !w.more() {
			return "", errNotJSON
		}
	}
	if c, err := peekByte(w); err != nil || c != ':' {
		return "", errors.Join(err, errNotJSON)
	}
	w.advance(1)
	return key, nil
}

// skipValue reads past the value at which w stands, keeping nothing.
func skipValue(w *window) error {
	var b balance
	for {
		n, done := b.feed(w.bytes())
		w.advance(n)
		if b.bad {
			return errNotJSON
		}
		if done {
			return nil
		}
		if !w.more() {
			if w.err != nil {
				return w.err
			}
			return io.EOF
		}
	}
}
