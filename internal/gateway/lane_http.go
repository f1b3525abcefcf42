package gateway

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// netHTTP is the lane of what is not plain HTTP/1.1: HTTP/2 with and without
// TLS. What it reads goes the same way as in the fast lane.
func (g *Gateway) netHTTP() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           http.HandlerFunc(g.serveHTTP),
		Protocols:         &protocols,
		ReadHeaderTimeout: g.limits.Head,
		IdleTimeout:       g.limits.Idle,
		MaxHeaderBytes:    clientBuffer,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,
			MaxReadFrameSize:     16 << 10, // larger ones are read whole before they are looked at
			// Streams may be silent for long: a ping shows whether somebody is there.
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			t, ok := c.(*tls.Conn)
			if !ok {
				return ctx
			}
			state := t.ConnectionState()
			return context.WithValue(ctx, clientKey{}, newClientCertificate(&state, g.tls.Load().clientCA))
		},
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				g.others.Add(1)
			case http.StateClosed, http.StateHijacked:
				g.others.Add(-1)
			}
		},
		ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelDebug), // what clients do wrong
	}
}

// clientKey is the key of a connection's client certificate.
type clientKey struct{}

// httpLane is one request of net/http.
type httpLane struct {
	g       *Gateway
	w       http.ResponseWriter
	rc      *http.ResponseController
	r       *http.Request
	buf     []byte
	ended   bool
	stopped atomic.Bool // nobody wants the request's body any more
	opened  bool        // a head was sent
	whole   bool        // and all of the body
	x       *Exchange
}

func (g *Gateway) serveHTTP(w http.ResponseWriter, r *http.Request) {
	l := &httpLane{g: g, w: w, r: r, rc: http.NewResponseController(w)}
	_ = l.rc.EnableFullDuplex()
	x := &Exchange{Method: []byte(r.Method), Host: hostOnly([]byte(r.Host)), HostAs: []byte(r.Host), Length: r.ContentLength, Body: r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0,
		Proto: HTTP11, TLS: r.TLS != nil, Start: time.Now(), lane: l, grpc: strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")}
	lowerHost(x.HostAs) // as the fast lane does it, where Host is part of it
	l.x = x
	x.client, _ = r.Context().Value(clientKey{}).(*ClientCertificate)
	if _, said := r.Header["Content-Length"]; x.Length == 0 && !said {
		x.Length = -1
	}
	switch {
	case r.ProtoMajor == 2:
		x.Proto = HTTP2
	case r.ProtoMinor == 0:
		x.Proto = HTTP10
	}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		x.Client = a.Addr().Unmap()
	}
	x.Target = []byte(r.URL.EscapedPath())
	if r.RequestURI != "" && r.RequestURI[0] == '/' || r.ProtoMajor == 2 {
		x.Target = []byte(r.RequestURI)
	}
	x.Path = x.Target
	if i := bytes.IndexByte(x.Target, '?'); i >= 0 {
		x.Path, x.Query = x.Target[:i], x.Target[i+1:]
	}
	hops := &h1.Head{}
	var wrong error
	for _, v := range r.Header["Connection"] {
		wrong = cmp.Or(wrong, hops.Nominate([]byte(v)))
	}
	for _, v := range r.Header["Te"] {
		x.te = x.te || h1.HasTrailers([]byte(v))
	}
	if len(r.Trailer) > 0 {
		x.Fields = append(x.Fields, h1.Field{Name: []byte("Trailer"), Value: []byte(strings.Join(slices.Sorted(maps.Keys(r.Trailer)), ", "))})
	}
	for name, values := range r.Header {
		for _, v := range values {
			f := h1.Field{Name: []byte(name), Value: []byte(v)}
			if !hops.HopByHop(f.Name) {
				x.Fields = append(x.Fields, f)
			}
		}
	}
	defer func() { g.finish(x) }()
	if err := cmp.Or(wrong, checkHTTP(r, x)); err != nil {
		x.close = true
		g.reject(x, statusOfHead(err), BadRequest, err.Error())
		return
	}
	g.handle(x, nil)
	l.awaitTrailers()
	if l.opened && !l.whole {
		// Half an answer must not look like a whole one.
		panic(http.ErrAbortHandler)
	}
}

// awaitTrailers reads on where the answer came before the end of a request
// that announced trailers: net/http ends the whole connection when they arrive
// on a stream that it has closed.
func (l *httpLane) awaitTrailers() {
	if len(l.r.Trailer) == 0 || l.ended || l.x.Proto != HTTP2 {
		return
	}
	_ = l.rc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, l.r.Body)
}

// checkHTTP holds what net/http has read against the rules of our own codec:
// in HTTP/2 a method or a path may hold blanks, and a host anything.
func checkHTTP(r *http.Request, x *Exchange) error {
	if len(r.Header["Content-Length"]) > 1 || len(r.Header["Host"]) > 0 && !strings.EqualFold(r.Header["Host"][0], r.Host) {
		return h1.ErrAmbiguous
	}
	if v := r.Header["Content-Length"]; len(v) == 1 && (r.ContentLength < 0 || v[0] != strconv.FormatInt(r.ContentLength, 10)) {
		return h1.ErrAmbiguous
	}
	host := x.HostAs
	if len(host) == 0 && x.Proto == HTTP10 {
		host = []byte("none") // it need not name one
	}
	return h1.Check(x.Method, x.Target, host, x.Fields)
}

// more implements lane.
func (l *httpLane) more() ([]byte, bool, bool, error) {
	if l.ended {
		return nil, false, true, nil
	}
	if l.buf == nil {
		l.buf = make([]byte, clientBuffer)
	}
	if l.x.grpc {
		_ = l.rc.SetReadDeadline(time.Time{}) // a stream may be silent for long
	} else {
		_ = l.rc.SetReadDeadline(time.Now().Add(l.g.limits.Body))
	}
	if l.stopped.Load() {
		return nil, false, false, errInterrupted
	}
	for {
		n, err := l.r.Body.Read(l.buf)
		if l.r.ContentLength >= 0 && err == nil && l.x.BytesIn+int64(n) == l.r.ContentLength {
			// The last piece is told as the last: an upstream that has the length
			// takes it for the whole request, and policies want to see the end first.
			// What is beyond the length, net/http refuses.
			var more int
			if more, err = io.ReadFull(l.r.Body, make([]byte, 1)); more > 0 {
				return nil, false, false, h1.ErrAmbiguous
			}
		}
		if l.x.BytesIn += int64(n); l.x.most > 0 && l.x.BytesIn > l.x.most {
			return nil, false, false, errTooLong
		}
		if errors.Is(err, io.EOF) {
			l.ended = true
			return l.buf[:n], false, true, nil
		}
		if err != nil {
			return nil, false, false, err
		}
		if n > 0 {
			return l.buf[:n], false, false, nil
		}
	}
}

// proceed implements lane: net/http does it at the first read.
func (l *httpLane) proceed() error { return nil }

// interim implements lane.
func (l *httpLane) interim(head *h1.Head) error {
	h := l.w.Header()
	for i := range head.Fields {
		if f := &head.Fields[i]; !framesOrHops(head, f.Name) {
			h.Add(string(f.Name), string(f.Value))
		}
	}
	l.w.WriteHeader(head.Status)
	clear(h)
	return nil
}

// answer implements lane.
func (l *httpLane) answer(r *reply) error {
	h := l.w.Header()
	for i := range r.fields {
		f := &r.fields[i]
		if framesOrHops(r.skip, f.Name) {
			continue
		}
		h.Add(string(f.Name), string(f.Value))
	}
	// What the gateway itself says is written as lines for the other lane.
	for line := range bytes.SplitSeq(bytes.TrimSuffix(l.x.appendFields(nil), []byte("\r\n")), []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(": "))
		h.Add(string(name), string(value))
	}
	if r.framing == framedLength {
		h.Set("Content-Length", strconv.FormatInt(r.length, 10))
	}
	l.opened = true
	l.w.WriteHeader(r.status)
	l.whole = r.framing == framedNone
	if r.last {
		return l.finish(r.body, r.trailers)
	}
	return l.send(r.body)
}

// send implements lane.
func (l *httpLane) send(b []byte) error {
	if err := l.write(b); err != nil {
		return err
	}
	return l.rc.Flush()
}

func (l *httpLane) write(b []byte) error {
	l.x.BytesOut += int64(len(b))
	_ = l.rc.SetWriteDeadline(time.Now().Add(l.g.limits.Write))
	if len(b) > 0 && l.r.Method != http.MethodHead {
		if _, err := l.w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// trailers implements lane.
func (l *httpLane) trailers() []h1.Field {
	var list []h1.Field
	for _, name := range slices.Sorted(maps.Keys(l.r.Trailer)) {
		for _, v := range l.r.Trailer[name] {
			list = append(list, h1.Field{Name: []byte(name), Value: []byte(v)})
		}
	}
	return passable(list)
}

// finish implements lane.
func (l *httpLane) finish(b []byte, trailers []h1.Field) error {
	if err := l.write(b); err != nil {
		return err
	}
	l.whole = true
	if len(trailers) > 0 {
		// Otherwise net/http would give the body a length, behind which some
		// clients expect nothing more.
		if err := l.rc.Flush(); err != nil {
			return err
		}
	}
	for _, t := range trailers {
		l.w.Header().Add(http.TrailerPrefix+string(t.Name), string(t.Value))
	}
	return nil
}

// interrupt implements lane. In HTTP/2 what still comes is to be thrown away: a
// deadline in the past would reset the stream, and the answer with it.
func (l *httpLane) interrupt() {
	l.stopped.Store(true)
	switch {
	case l.x.Proto == HTTP2 && len(l.r.Trailer) > 0:
		_ = l.rc.SetReadDeadline(time.Now().Add(lookEvery)) // see awaitTrailers, which reads on
	case l.x.Proto == HTTP2:
		_ = l.r.Body.Close()
	default:
		_ = l.rc.SetReadDeadline(time.Unix(1, 0))
	}
}

// gone implements lane.
func (l *httpLane) gone() bool { return l.r.Context().Err() != nil }

// hijack implements lane.
func (l *httpLane) hijack() (tunnel, []byte, error) {
	c, rw, err := l.rc.Hijack()
	if err != nil {
		return nil, nil, err
	}
	t, ok := c.(tunnel)
	if !ok {
		return nil, nil, errors.New("this connection can't be handed over")
	}
	early := make([]byte, rw.Reader.Buffered())
	_, err = io.ReadFull(bufio.NewReader(rw.Reader), early)
	return t, early, err
}

// handoff is a listener whose connections come from the fast lane: clients
// that turned out to speak HTTP/2.
type handoff struct {
	addr atomic.Pointer[net.Addr] // of the listener, for net/http to show
	c    chan net.Conn
	once sync.Once
	done chan struct{}
}

func newHandoff() *handoff { return &handoff{c: make(chan net.Conn), done: make(chan struct{})} }

func (h *handoff) give(c net.Conn) bool {
	select {
	case h.c <- c:
		return true
	case <-h.done:
		return false
	}
}

func (h *handoff) setAddr(a net.Addr) { h.addr.Store(&a) }

// Accept implements net.Listener.
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.c:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handoff) close() { h.once.Do(func() { close(h.done) }) }

// Close implements net.Listener.
func (h *handoff) Close() error { h.close(); return nil }

// Addr implements net.Listener.
func (h *handoff) Addr() net.Addr {
	if a := h.addr.Load(); a != nil {
		return *a
	}
	return &net.TCPAddr{}
}

// prefixed is a connection some of whose bytes were read already.
type prefixed struct {
	net.Conn
	head []byte
}

// Read implements net.Conn.
func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
