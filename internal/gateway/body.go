package gateway

import (
	"errors"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// Policies that look at bodies stand between the exchange and its lane: a
// lane in front of the lane, which sees what is read of the request and what
// is sent as the answer. The one that is put there first is nearest to the
// client. A route without such policies keeps the bare lane and pays nothing.
//
// Behind the first of them bodies are content: framing is taken off on the way
// in and put on again on the way out, the same in both lanes. The request's
// body may be read on another goroutine than the one that answers, since an
// upstream may answer before it has read all.

// shaping is what an exchange carries besides, once a policy asked for it.
type shaping struct {
	ends []func() // run when the exchange has ended, the last first
	sent outgoing // where the request as it is sent differs from what came
	held *held    // start of the request's body; nil: nobody read it
}

// outgoing is what of the request is not sent as it came; nil for what is.
type outgoing struct {
	method []byte
	target []byte
	fields []h1.Field
}

func (x *Exchange) shaped() *shaping {
	if x.shape == nil {
		x.shape = &shaping{}
	}
	return x.shape
}

// wrap puts a policy's lane in front of the one that is there.
func (x *Exchange) wrap(make func(inner lane) lane) {
	x.unframe()
	x.lane = make(x.lane)
}

// unframe makes bodies go by as content from here on.
func (x *Exchange) unframe() {
	if x.content {
		return
	}
	p := &plain{lane: x.lane}
	if p.chunked = x.Body && x.Length < 0; p.chunked {
		p.body.Start(&h1.Head{Chunked: true, Length: -1}, false, false)
	}
	x.lane, x.content = p, true
}

// atEnd has something done when the exchange has ended, however it did.
func (x *Exchange) atEnd(f func()) {
	s := x.shaped()
	s.ends = append(s.ends, f)
}

// ended runs what was to be done at the end.
func (s *shaping) ended() {
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
	s.ends = nil
}

// plain takes the framing off the request's body.
type plain struct {
	lane
	chunked bool
	body    h1.Body
}

// more implements lane.
func (l *plain) more() ([]byte, bool, bool, error) {
	b, framed, done, err := l.lane.more()
	if framed && l.chunked && err == nil {
		n, _, cerr := l.body.Content(b)
		return b[:n], false, done, cerr
	}
	return b, false, done, err
}

// errReplaced is what a policy's lane returns that gave another answer than the
// one it was sent: there is nothing more to pass on.
var errReplaced = errors.New("answered otherwise")

// left notes why an answer could not be passed on.
func (x *Exchange) left(err error) {
	if !errors.Is(err, errReplaced) {
		x.Err = ClientGone
	}
}

// endToEnd are the fields of an answer that reach the client: without those
// of the upstream's connection and without framing. The slice is the caller's.
func (r *reply) endToEnd() []h1.Field {
	out := make([]h1.Field, 0, len(r.fields)+2)
	for _, f := range r.fields {
		if r.skip != nil && (r.skip.HopByHop(f.Name) || h1.Is(f.Name, "transfer-encoding") || h1.Is(f.Name, "content-length")) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// Tap is told what goes by in the bodies of one exchange: content, without
// framing, the answer's before it is compressed. It must neither wait nor keep
// the slices. Request may be called at the same time as the others; it is
// called before the exchange has ended, like they are.
type Tap interface {
	// Request is told the next piece of the request's body.
	Request(content []byte)
	// Head is told the head of the answer; fields are without framing.
	Head(status int, fields []h1.Field)
	// Answer is told the next piece of the answer's body.
	Answer(content []byte)
}

// Tap lets t see what goes by from here on: for a policy's check to call. What
// was read of the request's body before is not told.
func (x *Exchange) Tap(t Tap) {
	x.wrap(func(inner lane) lane { return &tapped{lane: inner, tap: t, head: string(x.Method) == "HEAD"} })
}

type tapped struct {
	lane
	tap  Tap
	head bool
}

// more implements lane.
func (l *tapped) more() ([]byte, bool, bool, error) {
	b, framed, done, err := l.lane.more()
	if len(b) > 0 {
		l.tap.Request(b)
	}
	return b, framed, done, err
}

// answer implements lane.
func (l *tapped) answer(r *reply) error {
	l.tap.Head(r.status, r.endToEnd())
	if len(r.body) > 0 && !l.head {
		l.tap.Answer(r.body)
	}
	return l.lane.answer(r)
}

// send implements lane.
func (l *tapped) send(b []byte) error {
	if len(b) > 0 && !l.head {
		l.tap.Answer(b)
	}
	return l.lane.send(b)
}

// finish implements lane.
func (l *tapped) finish(b []byte, trailers []h1.Field) error {
	if len(b) > 0 && !l.head {
		l.tap.Answer(b)
	}
	return l.lane.finish(b, trailers)
}
