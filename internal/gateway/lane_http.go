package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
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
	}
}

// httpLane is one request of net/http.
type httpLane struct {
	g      *Gateway
	w      http.ResponseWriter
	rc     *http.ResponseController
	r      *http.Request
	buf    []byte
	ended  bool
	opened bool
	x      *Exchange
}

func (g *Gateway) serveHTTP(w http.ResponseWriter, r *http.Request) {
	l := &httpLane{g: g, w: w, r: r, rc: http.NewResponseController(w)}
	_ = l.rc.EnableFullDuplex()
	x := &Exchange{Method: []byte(r.Method), Host: hostOnly([]byte(r.Host)), HostAs: []byte(r.Host), Length: r.ContentLength, Body: r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0,
		Proto: HTTP11, TLS: r.TLS != nil, Start: time.Now(), lane: l, grpc: strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")}
	l.x = x
	if _, said := r.Header["Content-Length"]; x.Length == 0 && !said {
		x.Length = -1
	}
	if r.ProtoMajor == 2 {
		x.Proto = HTTP2
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		x.Cert = r.TLS.VerifiedChains[0][0]
	}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		x.Client = a.Addr().Unmap()
	}
	x.Target = []byte(r.URL.EscapedPath())
	if r.RequestURI != "" && r.RequestURI[0] == '/' {
		x.Target = []byte(r.RequestURI)
	}
	x.Path = x.Target
	if i := bytes.IndexByte(x.Target, '?'); i >= 0 {
		x.Path, x.Query = x.Target[:i], x.Target[i+1:]
	}
	drop := &h1.Head{}
	for name, values := range r.Header {
		for _, v := range values {
			f := h1.Field{Name: []byte(name), Value: []byte(v)}
			if !drop.HopByHop(f.Name) {
				x.Fields = append(x.Fields, f)
			}
		}
	}
	defer func() { g.finish(x) }()
	g.handle(x, nil)
	if x.Err != OK && l.opened && x.Status < 500 && x.close {
		// Half an answer must not look like a whole one.
		panic(http.ErrAbortHandler)
	}
}

// more implements lane.
func (l *httpLane) more() ([]byte, bool, bool, error) {
	if l.ended {
		return nil, false, true, nil
	}
	if l.buf == nil {
		l.buf = make([]byte, clientBuffer)
	}
	_ = l.rc.SetReadDeadline(time.Now().Add(l.g.limits.Body))
	for {
		n, err := l.r.Body.Read(l.buf)
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

// answer implements lane.
func (l *httpLane) answer(r *reply) error {
	h := l.w.Header()
	for i := range r.fields {
		f := &r.fields[i]
		if r.skip != nil && (r.skip.HopByHop(f.Name) || h1.Is(f.Name, "transfer-encoding") || h1.Is(f.Name, "content-length")) {
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
	if r.last && len(r.body) == 0 {
		return nil
	}
	return l.send(r.body)
}

// send implements lane.
func (l *httpLane) send(b []byte) error {
	l.x.BytesOut += int64(len(b))
	_ = l.rc.SetWriteDeadline(time.Now().Add(l.g.limits.Write))
	if len(b) > 0 && l.r.Method != http.MethodHead {
		if _, err := l.w.Write(b); err != nil {
			return err
		}
	}
	return l.rc.Flush()
}

// finish implements lane.
func (l *httpLane) finish(trailers []h1.Field) error {
	for _, t := range trailers {
		l.w.Header().Add(http.TrailerPrefix+string(t.Name), string(t.Value))
	}
	return nil
}

func (l *httpLane) interrupt() { _ = l.rc.SetReadDeadline(time.Unix(1, 0)) }

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
	addr net.Addr
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
	if h.addr == nil {
		return &net.TCPAddr{}
	}
	return h.addr
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
