package gateway

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// method is the method that the upstream is sent.
func (x *Exchange) outMethod() []byte {
	if x.shape != nil && x.shape.sent.method != nil {
		return x.shape.sent.method
	}
	return x.Method
}

// outTarget adds the path and query that the upstream is sent.
func (x *Exchange) outTarget(b []byte) []byte {
	if x.shape != nil && x.shape.sent.target != nil {
		return append(b, x.shape.sent.target...)
	}
	return x.Route.rewritten(b, x, x.Route.prefixLen())
}

// outFields are the request's fields as a policy may change them: those that
// are the connection's own, or written anew, are taken out at the first call.
func (x *Exchange) outFields() []h1.Field {
	s := x.shaped()
	if s.sent.fields == nil {
		s.sent.fields = make([]h1.Field, 0, len(x.Fields)+4)
		for _, f := range x.Fields {
			if x.in != nil && x.in.HopByHop(f.Name) || x.dropped(f.Name) {
				continue
			}
			s.sent.fields = append(s.sent.fields, f)
		}
	}
	return s.sent.fields
}

// outValue is a field as the upstream is sent it, lists joined.
func (x *Exchange) outValue(lower string) (string, bool) {
	if x.changes != nil {
		for i := range x.changes.set {
			if isName([]byte(x.changes.set[i].name), lower) {
				return x.changes.set[i].value, true
			}
		}
		if x.changes.remove[folded(lower)] {
			return "", false
		}
	}
	v, found := joined(x.outFields(), lower)
	for line := range bytes.SplitSeq(x.added, []byte("\r\n")) { // by policies
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && h1.Is(name, lower) {
			if found {
				v += ", "
			}
			v, found = v+string(value), true
		}
	}
	return v, found
}

// joined is the value of a field; several lines of it are one list (RFC 9110
// 5.3).
func joined(fields []h1.Field, lower string) (string, bool) {
	var out []byte
	found := false
	for i := range fields {
		if h1.Is(fields[i].Name, lower) {
			if found {
				out = append(out, ", "...)
			}
			out, found = append(out, fields[i].Value...), true
		}
	}
	return string(out), found
}

// setField puts a field in place of all of its name.
func setField(fields []h1.Field, name, value string) []h1.Field {
	return append(removeField(fields, name), h1.Field{Name: []byte(name), Value: []byte(value)})
}

// removeField takes a field out; name in any case, and as foldedName compares
// it. The slice is the same.
func removeField(fields []h1.Field, name string) []h1.Field {
	out, name := fields[:0], folded(name)
	for _, f := range fields {
		if !foldedName(f.Name, name) {
			out = append(out, f)
		}
	}
	return out
}

// held is the start of a request's body that a policy read before it is sent.
type held struct {
	lane
	buf   []byte
	whole bool // buf is all of it
	given bool // buf was passed on
}

// more implements lane.
func (l *held) more() ([]byte, bool, bool, error) {
	if !l.given {
		l.given = true
		if len(l.buf) > 0 || l.whole {
			return l.buf, false, l.whole, nil
		}
	}
	if l.whole {
		return nil, false, true, nil
	}
	return l.lane.more()
}

// proceed implements lane: the client was told already.
func (l *held) proceed() error { return nil }

// hold reads the request's body up to most bytes into memory; whole says that
// this is all of it. It is sent on all the same. A policy may change it by
// replaceBody.
func (x *Exchange) hold(most int64) (b []byte, whole bool, err error) {
	if !x.Body {
		return nil, true, nil
	}
	s := x.shaped()
	if s.held == nil {
		if err := x.lane.proceed(); err != nil {
			return nil, false, io.ErrClosedPipe
		}
		x.wrap(func(inner lane) lane { s.held = &held{lane: inner}; return s.held })
		if x.Length > 0 {
			s.held.buf = make([]byte, 0, min(x.Length, most, 64<<10))
		}
	}
	h := s.held
	until := x.Start.Add(x.Route.timeouts.total)
	for !h.whole && int64(len(h.buf)) <= most {
		if time.Now().After(until) {
			return h.buf, false, os.ErrDeadlineExceeded // a drop now and then keeps no memory for ever
		}
		piece, _, done, err := h.lane.more()
		if err != nil {
			return h.buf, false, err
		}
		h.buf = append(h.buf, piece...)
		h.whole = done
	}
	return h.buf, h.whole && int64(len(h.buf)) <= most, nil
}

// replaceBody sends another body in place of one that was held whole.
func (x *Exchange) replaceBody(b []byte) {
	x.shape.held.buf = b
	x.Length = int64(len(b))
}

// badHold answers a request whose body could not be read.
func (g *Gateway) badHold(x *Exchange, err error) *refusal {
	if errors.Is(err, io.ErrClosedPipe) {
		g.fail(x, ClientGone)
	} else {
		g.badBody(x, err)
	}
	return &refusal{done: true}
}
