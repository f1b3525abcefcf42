package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// attemptH2 asks a target that speaks HTTP/2. Its connections are net/http's;
// the head is written by the same code as for HTTP/1.1 and then taken apart.
func (f *forwarding) attemptH2(t *target, until time.Time) outcome {
	x := f.x
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	body := &upBody{f: f, rest: f.first, ended: f.complete}
	req, err := f.requestH2(context.WithValue(ctx, connectTimeout{}, min(x.Route.timeouts.connect, time.Until(until))), t, body)
	if err != nil {
		f.g.reject(x, 400, BadRequest, "the request can't be passed on: "+err.Error())
		return clientLeft
	}
	w := watchOver(cancel, x.lane, until)
	defer w.end()
	body.clock = w
	// Nobody may read from the client any more once this try is over.
	defer body.shut()
	x.Sent = time.Now()
	resp, err := t.pool.h2.RoundTrip(req)
	if err != nil {
		body.shut()
		if body.client != nil {
			f.g.badBody(x, body.client)
			return clientLeft
		}
		return f.failedH2(ctx, err, until)
	}
	defer func() { _ = resp.Body.Close() }()
	x.FirstByte = time.Now()
	if slices.Contains(f.u.retry.statuses, resp.StatusCode) && (f.complete || !x.Body) && f.mayRetry(x.Attempts, until) {
		return again
	}
	return f.passH2(ctx, resp, body, w)
}

// failedH2 says why there is no answer.
func (f *forwarding) failedH2(ctx context.Context, err error, until time.Time) outcome {
	var dial dialError
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errClientGone):
		f.g.fail(f.x, ClientGone)
		return clientLeft
	case errors.Is(cause, errOverdue):
		f.x.Err = TimedOut
	case errors.As(err, &dial):
		f.x.Err = ConnectFailed
		if isTimeout(err) && !until.After(time.Now()) {
			f.x.Err = TimedOut
		}
	default:
		f.x.Err = UpstreamReset
	}
	return broken
}

// requestH2 takes the head apart that appendHead writes.
func (f *forwarding) requestH2(ctx context.Context, t *target, body *upBody) (*http.Request, error) {
	x := f.x
	var head h1.Head
	if _, err := head.ParseRequest(f.appendHead(nil, t)); err != nil {
		return nil, err
	}
	host := string(head.Host)
	req := &http.Request{Method: string(head.Method), Host: host, Header: make(http.Header, len(head.Fields)+1),
		URL: &url.URL{Scheme: "http", Host: t.addr, Opaque: "//" + host + string(head.Target)}}
	if t.tls != nil {
		req.URL.Scheme = "https"
	}
	if string(head.Target) == "*" {
		req.URL.Opaque = "*"
	}
	for i := range head.Fields {
		fd := &head.Fields[i]
		switch {
		case head.HopByHop(fd.Name), h1.Is(fd.Name, "host"), h1.Is(fd.Name, "content-length"), h1.Is(fd.Name, "transfer-encoding"):
		case h1.Is(fd.Name, "trailer"):
			if x.Body {
				req.Trailer = announced(req.Trailer, fd.Value)
			}
		default:
			req.Header.Add(string(fd.Name), string(fd.Value))
		}
	}
	if req.Header["User-Agent"] == nil {
		req.Header["User-Agent"] = []string{""} // not net/http's own
	}
	if x.te || x.grpc {
		req.Header["Te"] = []string{"trailers"}
	}
	if x.Body {
		req.Body, req.ContentLength = body, x.Length
		body.trailer = req.Trailer
	}
	return req.WithContext(ctx), nil
}

// announced adds the trailers that a field names.
func announced(to http.Header, value []byte) http.Header {
	for name := range bytes.SplitSeq(value, []byte(",")) {
		fields := passable([]h1.Field{{Name: bytes.TrimSpace(name)}})
		if len(fields) == 0 || !headerForm.Match(fields[0].Name) {
			continue
		}
		if to == nil {
			to = http.Header{}
		}
		to[http.CanonicalHeaderKey(string(fields[0].Name))] = nil
	}
	return to
}

// pieces of answers from HTTP/2 are read into these.
var pieceBuffers = sync.Pool{New: func() any { b := make([]byte, upBuffer); return &b }}

// passH2 passes the answer on.
func (f *forwarding) passH2(ctx context.Context, resp *http.Response, body *upBody, w *watch) outcome {
	x := f.x
	var head h1.Head
	head.Status = resp.StatusCode
	none := head.NoBody(string(x.Method) == "HEAD")
	r := reply{status: resp.StatusCode, reason: []byte(http.StatusText(resp.StatusCode)), fields: fieldsOf(resp.Header), skip: &head}
	switch {
	case none && string(x.Method) == "HEAD" && resp.ContentLength >= 0, !none && resp.ContentLength >= 0:
		r.framing, r.length = framedLength, resp.ContentLength
	case none:
		r.framing = framedNone
	default:
		r.framing = framedContent
	}
	idle := x.Route.timeouts.idle
	w.by(time.Now().Add(idle))
	buf, _ := pieceBuffers.Get().(*[]byte)
	defer pieceBuffers.Put(buf)
	var n int
	var err error
	switch {
	case none:
		err = io.EOF
	case resp.ContentLength >= 0: // it is on its way: head and body go out as one
		if n, err = resp.Body.Read(*buf); err == nil && int64(n) == resp.ContentLength && n < len(*buf) {
			_, err = resp.Body.Read((*buf)[n:]) // the end, with trailers or without
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		x.Err = UpstreamReset
		f.g.reject(x, 502, UpstreamReset, reasonOf(UpstreamReset))
		return spoiled
	}
	r.body = (*buf)[:n]
	if r.last = errors.Is(err, io.EOF); r.last {
		r.trailers = passable(fieldsOf(resp.Trailer))
	}
	if !none && len(resp.Trailer) > 0 && x.Proto == HTTP11 {
		r.framing = framedContent // only chunks have trailers there
	}
	f.ended(resp, r.last)
	x.Status = resp.StatusCode
	if err := x.lane.answer(&r); err != nil {
		x.left(err)
		return clientLeft
	}
	for !r.last {
		w.by(time.Now().Add(idle))
		n, err := resp.Body.Read(*buf)
		r.last = errors.Is(err, io.EOF)
		if err != nil && !r.last {
			return f.brokenOff(ctx, body)
		}
		var sent error
		if f.ended(resp, r.last); r.last {
			sent = x.lane.finish((*buf)[:n], passable(fieldsOf(resp.Trailer)))
		} else {
			sent = x.lane.send((*buf)[:n])
		}
		if sent != nil {
			x.left(sent)
			return clientLeft
		}
	}
	body.shut() // where it answered without reading all, the lane throws the rest away
	return served
}

// brokenOff ends an answer that stopped in the middle: half an answer must not
// look like a whole one.
func (f *forwarding) brokenOff(ctx context.Context, body *upBody) outcome {
	x := f.x
	x.Err, x.close = UpstreamReset, true
	cause := context.Cause(ctx)
	body.shut()
	switch {
	case errors.Is(cause, errClientGone), body.client != nil:
		x.Err = ClientGone
		return clientLeft
	case errors.Is(cause, errOverdue):
		x.Err = TimedOut
	}
	return spoiled
}

// ended keeps the status that a gRPC call ended with: it is in the trailers,
// or in the head of an answer without a body.
func (f *forwarding) ended(resp *http.Response, last bool) {
	if !f.x.grpc || !last {
		return
	}
	v := resp.Trailer.Get("Grpc-Status")
	if v == "" {
		v = resp.Header.Get("Grpc-Status")
	}
	if code, err := strconv.ParseUint(v, 10, 7); err == nil {
		f.x.grpcEnd = uint8(code) + 1
	}
}

// fieldsOf are the fields of a head that net/http has read, by name.
func fieldsOf(h http.Header) []h1.Field {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	list := make([]h1.Field, 0, len(h))
	for _, name := range names {
		for _, v := range h[name] {
			list = append(list, h1.Field{Name: []byte(name), Value: []byte(v)})
		}
	}
	return list
}

// upBody is the request's body as net/http reads it, on a goroutine of its
// own. It is closed from yet another, maybe long after its exchange has ended.
type upBody struct {
	f       *forwarding
	trailer http.Header // of the request, to be filled at its end; nil: none are sent
	clock   *watch

	reading sync.Mutex // held while it is read
	rest    []byte     // of the piece that was read last
	ended   bool       // rest is the last
	over    bool
	client  error // reading from the client failed

	state  sync.Mutex
	closed bool
	waits  bool // for the client
}

var errBodyShut = errors.New("the try is over")

// Read implements io.Reader.
func (b *upBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	b.state.Lock()
	closed := b.closed
	b.state.Unlock()
	if closed {
		return 0, errBodyShut // what rest points to is another exchange's by now
	}
	for len(b.rest) == 0 {
		if b.ended {
			return 0, b.end()
		}
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	if b.rest = b.rest[n:]; len(b.rest) == 0 && b.ended {
		return n, b.end()
	}
	return n, nil
}

// next takes another piece from the client.
func (b *upBody) next() error {
	b.state.Lock()
	closed := b.closed
	b.waits = !closed
	b.state.Unlock()
	if closed {
		return errBodyShut
	}
	b.f.started = true
	b.clock.upload(b.f.x.Route.timeouts.silence())
	piece, _, done, err := b.f.x.lane.more()
	b.clock.upload(b.f.x.Route.timeouts.try)
	b.state.Lock()
	defer b.state.Unlock()
	b.waits = false
	if err != nil {
		if !b.closed {
			b.client = err
		}
		return err
	}
	b.rest, b.ended = piece, done
	return nil
}

func (b *upBody) end() error {
	if !b.over && b.trailer != nil {
		for _, t := range b.f.x.lane.trailers() {
			if !b.f.x.dropped(t.Name) && (b.f.x.changes == nil || !b.f.x.changes.touches(t.Name)) {
				b.trailer.Add(string(t.Name), string(t.Value))
			}
		}
	}
	b.over = true
	return io.EOF
}

// Close implements io.Closer: a Read that waits for the client ends. net/http
// counts on that when a connection dies; what waits for the answer would not
// be told before.
func (b *upBody) Close() error {
	b.state.Lock()
	defer b.state.Unlock()
	if b.closed = true; b.waits {
		b.f.x.lane.interrupt()
	}
	return nil
}

// shut ends reading and waits for who is at it.
func (b *upBody) shut() {
	_ = b.Close()
	b.reading.Lock()
	defer b.reading.Unlock()
}

// errOverdue is why a request was cancelled whose time is over.
var errOverdue = errors.New("the upstream did not answer in time")

// watch cancels a request to an upstream when its time is over, or when
// nobody waits for it any more.
type watch struct {
	cancel context.CancelCauseFunc
	lane   lane

	mu     sync.Mutex
	timer  *time.Timer
	until  time.Time
	headed bool // the answer has begun: the upload does not set the time any more
	over   bool
}

func watchOver(cancel context.CancelCauseFunc, l lane, until time.Time) *watch {
	w := &watch{cancel: cancel, lane: l, until: until}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(min(lookEvery, time.Until(until)), w.look)
	return w
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	left := time.Until(w.until)
	switch {
	case left <= 0:
		w.cancel(errOverdue)
	case w.lane.gone():
		w.cancel(errClientGone)
	default:
		w.timer.Reset(min(left, lookEvery))
	}
}

// by sets the time of what comes next, once the answer has begun.
func (w *watch) by(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.headed, w.until = true, t
}

// upload sets the time while the client's body is on its way.
func (w *watch) upload(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.headed {
		w.until = time.Now().Add(d)
	}
}

// end stops watching; nothing is cancelled after it.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}
