package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// lastRequest is how long a connection that is idle when the gateway stops
// still has for a request that may be on its way.
const lastRequest = 100 * time.Millisecond

const (
	clientBuffer = 16 << 10 // also the longest head
	// drainBody is how much of a body that nobody wants is worth reading so that
	// the connection can go on.
	drainBody = 256 << 10
	// wholeBody is the longest body that is read whole before it is passed on,
	// where its length is known: it goes out in one piece then, and can be sent
	// again to another target.
	wholeBody = 64 << 10
)

// h1Conn is a client's connection in the fast lane: our own codec, one
// goroutine, no allocation for a usual request.
type h1Conn struct {
	g      *Gateway
	c      net.Conn
	raw    syscall.RawConn
	peer   netip.Addr
	secure bool // c is a *tls.Conn
	client *ClientCertificate
	busy   atomic.Bool // with a request

	buf  []byte
	r, w int // buf[r:w] has been read and not used
	hold int // buf[:hold] is the head of the present request, which still points there
	out  []byte
	base []byte           // buf, while that is borrowed
	lent *[wholeBody]byte // behind buf; nil: it is the connection's own

	head    h1.Head
	body    h1.Body // of the request
	x       Exchange
	wait100 bool
	sent    framing
	chunked bool        // content is sent as chunks
	stopped atomic.Bool // nobody wants the request's body any more
	failed  bool        // writing to the client failed
	stolen  bool

	patience time.Time // until when the rest of a body is thrown away; zero before
}

// newH1Conn makes a connection's state; socket is what is below c.
func newH1Conn(g *Gateway, c, socket net.Conn) *h1Conn {
	hc := &h1Conn{g: g, c: c, buf: make([]byte, clientBuffer), out: make([]byte, 0, 1024), peer: addrOf(c.RemoteAddr())}
	if s, ok := socket.(syscall.Conn); ok {
		hc.raw, _ = s.SyscallConn()
	}
	return hc
}

func addrOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// preface is how a client begins HTTP/2 without TLS (RFC 9113 3.4).
var preface = []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

// serve works off requests until the connection ends. It returns what was
// read when the client turns out to speak HTTP/2.
func (c *h1Conn) serve() (h2 []byte) {
	defer c.giveBack()
	for first := true; ; first = false {
		n, err := c.readHead()
		if err != nil {
			if errors.Is(err, errPreface) && first {
				return c.buf[c.r:c.w]
			}
			c.refuse(err)
			return nil
		}
		c.busy.Store(true)
		c.exchange(n)
		if c.stolen || c.failed {
			return nil
		}
		if c.x.close && !c.body.Done() && c.x.Status != 499 {
			c.linger() // or the answer is lost with what was not read
		}
		if c.x.close || !c.skipBody() {
			return nil
		}
		if c.giveBack(); c.failed {
			return nil
		}
		c.busy.Store(false)
	}
}

var errPreface = errors.New("HTTP/2 preface")

// readHead waits for the next request and reads its head.
func (c *h1Conn) readHead() (int, error) {
	l := &c.g.limits
	started := c.w > c.r
	if started { // by a client that does not wait for answers
		_ = c.c.SetReadDeadline(time.Now().Add(l.Head))
	} else {
		c.r, c.w = 0, 0
		_ = c.c.SetReadDeadline(time.Now().Add(l.Idle))
		if c.g.draining.Load() { // asked after the deadline was set: Shutdown sets it after the flag
			_ = c.c.SetReadDeadline(time.Now().Add(lastRequest))
		}
	}
	for {
		if c.w > c.r {
			b := c.buf[c.r:c.w]
			if b[0] == 'P' && len(b) >= 3 && b[1] == 'R' && b[2] == 'I' {
				if n := min(len(b), len(preface)); bytes.Equal(b[:n], preface[:n]) && n == len(preface) {
					return 0, errPreface
				}
			}
			n, err := c.head.ParseRequest(b)
			if n > 0 || err != nil {
				return n, err
			}
			if !started {
				// Slow senders have this long for the whole head.
				_ = c.c.SetReadDeadline(time.Now().Add(l.Head))
				started = true
			}
			if c.w-c.r == len(c.buf) {
				return 0, h1.ErrTooLarge
			}
		}
		if c.w == len(c.buf) {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		n, err := c.c.Read(c.buf[c.w:])
		c.w += n
		if n == 0 && err != nil {
			if c.w > c.r && errors.Is(err, os.ErrDeadlineExceeded) {
				return 0, errSlow
			}
			return 0, io.EOF
		}
	}
}

var errSlow = errors.New("the request took too long to arrive")

// refuse answers what was no request, and logs it.
func (c *h1Conn) refuse(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, errPreface) {
		return
	}
	x := &c.x
	*x = Exchange{Proto: HTTP11, Client: c.peer, Start: time.Now(), Length: -1, lane: c, close: true, TLS: c.secure, client: c.client}
	c.g.reject(x, statusOfHead(err), BadRequest, err.Error())
	c.g.finish(x)
	c.linger()
}

// statusOfHead is what is answered to a head that is refused.
func statusOfHead(err error) int {
	switch {
	case errors.Is(err, errSlow):
		return 408
	case errors.Is(err, h1.ErrTooLarge):
		return 431
	case errors.Is(err, h1.ErrVersion):
		return 505
	case errors.Is(err, h1.ErrCoding):
		return 501
	}
	return 400
}

// linger lets the client read the answer before the connection is reset: what
// it still sends is thrown away for a moment.
func (c *h1Conn) linger() {
	if t, ok := c.c.(tunnel); ok {
		_ = t.CloseWrite()
	}
	_ = c.c.SetReadDeadline(time.Now().Add(lingerTime))
	for {
		if _, err := c.c.Read(c.buf); err != nil {
			return
		}
	}
}

// lingerTime is how long a client may take to read the last answer before
// the connection is reset.
const lingerTime = time.Second

// exchange works off one request whose head has n bytes.
func (c *h1Conn) exchange(n int) {
	h := &c.head
	c.r += n
	c.hold = c.r
	c.body.Start(h, false, false)
	c.sent, c.chunked = framedNone, false
	c.stopped.Store(false)
	c.patience = time.Time{}
	c.wait100 = h.Continue && !c.body.Done()
	x := &c.x
	*x = Exchange{Method: h.Method, Host: hostOnly(h.Host), HostAs: h.Host, Target: h.Target, Fields: h.Fields, Length: h.Length, Body: !c.body.Done(),
		Proto: Proto(h.Minor), Client: c.peer, Start: time.Now(), lane: c, close: h.Close, grpc: h.GRPC, te: h.Trailers, fast: true, TLS: c.secure, client: c.client}
	x.Path = h.Target
	if i := bytes.IndexByte(h.Target, '?'); i >= 0 {
		x.Path, x.Query = h.Target[:i], h.Target[i+1:]
	}
	if h.Upgrade {
		if x.upgrade, _ = h.Get("upgrade"); !mayUpgrade(x.upgrade) {
			x.upgrade = nil
		}
	}
	if x.Body && h.Length < 0 {
		x.Length = -1
	}
	if c.g.draining.Load() {
		x.close = true
	}
	if !c.handle() {
		return
	}
	x.BytesIn += c.body.Size()
	c.g.finish(x)
}

// handle reports whether the exchange went as it should. A fault of ours in one
// must not end everybody's, as in the other lane, where net/http sees to it.
func (c *h1Conn) handle() (ok bool) {
	x := &c.x
	defer func() {
		if ok {
			return
		}
		p := recover()
		c.g.log.Error("a fault of the gateway ended an exchange", "request", x.ID.String(), "err", p, "stack", string(debug.Stack()))
		x.close = true
		if x.Status == 0 && !c.stolen {
			c.g.reject(x, 500, x.Err, "the gateway failed at this request; tell who runs it its id")
		}
		c.failed = true
		c.g.finish(x)
	}()
	c.g.handle(x, &c.head)
	return true
}

// hostOnly cuts the port off.
func hostOnly(host []byte) []byte {
	if len(host) == 0 || host[len(host)-1] == ']' {
		return host
	}
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && (host[0] == '[' || bytes.IndexByte(host, ':') == i) {
		return host[:i]
	}
	return host
}

// more implements lane.
func (c *h1Conn) more() ([]byte, bool, bool, error) {
	if c.body.Done() {
		return nil, true, true, nil
	}
	if err := c.gather(); err != nil {
		return nil, true, false, err
	}
	if c.r == c.w {
		// The head stands at the front of the buffer and is still needed.
		c.await()
		if len(c.buf)-c.hold < 2048 {
			// What points into the old buffer keeps it.
			c.buf = append(make([]byte, 0, 2*len(c.buf)), c.buf...)[:2*len(c.buf)]
		}
		c.r, c.w = c.hold, c.hold
		if c.stopped.Load() {
			return nil, true, false, errInterrupted
		}
		n, err := c.c.Read(c.buf[c.hold:])
		c.w += n
		if n == 0 && err != nil {
			return nil, true, false, err
		}
	}
	n, used, err := c.body.Take(c.buf[c.r:c.w])
	if err != nil {
		return nil, true, false, err
	}
	if c.x.most > 0 && c.body.Size() > c.x.most {
		return nil, true, false, errTooLong
	}
	b := c.buf[c.r : c.r+n]
	c.r += used
	return b, true, c.body.Done(), nil
}

var largeBuffers = sync.Pool{New: func() any { return new([wholeBody]byte) }}

// await sets how long the next piece of the body may take.
func (c *h1Conn) await() {
	until := c.patience
	if until.IsZero() {
		until = time.Now().Add(c.g.limits.Body)
	}
	_ = c.c.SetReadDeadline(until)
}

// gather reads what is still to come of a short body. Where the connection's
// own buffer is too short another is borrowed until the exchange has ended: a
// connection that rests shall not hold it.
func (c *h1Conn) gather() error {
	left := c.body.Left()
	if left <= 0 || left > wholeBody || left != c.x.Length || int64(c.w-c.r) >= left {
		return nil // it is longer in all, or here
	}
	if c.r+int(left) > len(c.buf) {
		c.lent = largeBuffers.Get().(*[wholeBody]byte)
		n := copy(c.lent[:], c.buf[c.r:c.w])
		c.base, c.buf = c.buf, c.lent[:]
		c.r, c.w, c.hold = 0, n, 0
	}
	for end := c.r + int(left); c.w < end; {
		c.await()
		if c.stopped.Load() { // asked after the deadline was set: interrupt sets it after the flag
			return errInterrupted
		}
		n, err := c.c.Read(c.buf[c.w:end])
		c.w += n
		if n == 0 && err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes the connection's own buffer again. Nothing of the next
// request is in the other: no more than the body was read into it.
func (c *h1Conn) giveBack() {
	if c.lent == nil {
		return
	}
	if c.r != c.w { // of a body that nobody wanted
		c.failed = true
	}
	largeBuffers.Put(c.lent)
	c.buf, c.base, c.lent = c.base, nil, nil
	c.r, c.w, c.hold = 0, 0, 0
}

// trailers implements lane.
func (c *h1Conn) trailers() []h1.Field { return passable(c.body.Trailers(nil)) }

// proceed implements lane.
func (c *h1Conn) proceed() error {
	if !c.wait100 {
		return nil
	}
	c.wait100 = false
	return c.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

func (c *h1Conn) write(b []byte) error {
	_ = c.c.SetWriteDeadline(time.Now().Add(c.g.limits.Write))
	if _, err := c.c.Write(b); err != nil {
		c.failed = true
		return err
	}
	return nil
}

// interim implements lane. HTTP/1.0 knows no such answers.
func (c *h1Conn) interim(h *h1.Head) error {
	if c.x.Proto == HTTP10 {
		return nil
	}
	b := h1.AppendStatus(c.out[:0], h.Status, h.Reason)
	for i := range h.Fields {
		if f := &h.Fields[i]; !framesOrHops(h, f.Name) {
			b = h1.AppendField(b, f.Name, f.Value)
		}
	}
	c.out = append(b, '\r', '\n')
	return c.write(c.out)
}

// framesOrHops reports fields of a head that are between two neighbours only.
func framesOrHops(h *h1.Head, name []byte) bool {
	return h != nil && (h.HopByHop(name) || h1.Is(name, "transfer-encoding") || h1.Is(name, "content-length"))
}

// answer implements lane.
func (c *h1Conn) answer(r *reply) error {
	x := &c.x
	x.close = x.close || c.g.draining.Load()
	if c.wait100 {
		// It was answered instead: the body never comes, or comes unasked.
		c.wait100, x.close = false, true
	}
	if r.last && !c.body.Done() && x.Length-c.body.Size() > drainBody {
		x.close = true // nobody reads the rest, and there is much of it
	}
	framing := r.framing
	if x.Proto == HTTP10 && (framing == framedChunks || framing == framedContent) {
		x.close = true
	}
	b := h1.AppendStatus(c.out[:0], r.status, r.reason)
	for i := range r.fields {
		f := &r.fields[i]
		if framesOrHops(r.skip, f.Name) {
			continue
		}
		b = h1.AppendField(b, f.Name, f.Value)
	}
	b = x.appendFields(b)
	head := string(x.Method) == "HEAD"
	c.sent, c.chunked = framing, false
	switch framing {
	case framedLength:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.length, 10)
		b = append(b, '\r', '\n')
	case framedChunks, framedContent:
		if x.Proto == HTTP10 {
			break // ends with the connection
		}
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		c.chunked = true
	}
	if r.status == 101 {
		b = append(b, "Connection: Upgrade\r\n"...)
	} else if x.close {
		b = append(b, "Connection: close\r\n"...)
	} else if x.Proto == HTTP10 {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	b = append(b, '\r', '\n')
	if !head {
		b = c.appendBody(b, r.body)
		if r.last {
			b = c.appendEnd(b, r.trailers)
		}
	} else {
		c.chunked = false
	}
	x.BytesOut += int64(len(r.body))
	c.out = b
	if cap(c.out) > 64<<10 {
		c.out = make([]byte, 0, 4096)
	}
	return c.write(b)
}

// appendBody adds a piece of the answer's body as the client gets it.
func (c *h1Conn) appendBody(out, b []byte) []byte {
	if c.sent == framedContent && c.chunked {
		return h1.AppendChunk(out, b)
	}
	return append(out, b...)
}

// appendEnd adds what is behind the body, once.
func (c *h1Conn) appendEnd(b []byte, trailers []h1.Field) []byte {
	if !c.chunked {
		return b
	}
	c.chunked = false
	if c.sent == framedContent {
		b = append(b, h1.LastSize...)
	}
	for _, f := range trailers {
		b = h1.AppendField(b, f.Name, f.Value)
	}
	return append(b, '\r', '\n')
}

// send implements lane.
func (c *h1Conn) send(b []byte) error {
	if len(b) == 0 || string(c.x.Method) == "HEAD" {
		return nil
	}
	c.x.BytesOut += int64(len(b))
	if c.sent == framedContent && c.chunked {
		c.out = c.appendBody(c.out[:0], b)
		b = c.out
	}
	return c.write(b)
}

// finish implements lane.
func (c *h1Conn) finish(b []byte, trailers []h1.Field) error {
	if !c.chunked {
		return c.send(b)
	}
	c.x.BytesOut += int64(len(b))
	c.out = c.appendEnd(c.appendBody(c.out[:0], b), trailers)
	return c.write(c.out)
}

// interrupt implements lane.
func (c *h1Conn) interrupt() {
	c.stopped.Store(true)
	_ = c.c.SetReadDeadline(time.Unix(1, 0))
}

var errInterrupted = errors.New("nobody wants the body any more")

// gone implements lane. A client leaves TLS by saying so before: there is
// something to read then, and only the socket itself knows more.
func (c *h1Conn) gone() bool {
	if c.raw == nil {
		return false
	}
	if c.secure {
		return hungUp(c.raw)
	}
	return peek(c.raw) == peekClosed
}

// skipBody reads what is left of a body that nobody wanted; false when it does
// not end soon. Until it has ended the client can't take the connection for
// its next request: one that is closed then was not promised to anybody.
func (c *h1Conn) skipBody() bool {
	if c.body.Done() {
		return true
	}
	c.stopped.Store(false)
	c.patience = time.Now().Add(lingerTime)
	for !c.body.Done() {
		if _, _, _, err := c.more(); err != nil {
			return false
		}
	}
	return true
}

// tunnel is a connection that was handed over.
type tunnel interface {
	io.ReadWriteCloser
	CloseWrite() error
	SetDeadline(time.Time) error
}

// hijack implements lane.
func (c *h1Conn) hijack() (tunnel, []byte, error) {
	c.stolen = true
	_ = c.c.SetDeadline(time.Time{})
	t, ok := c.c.(tunnel)
	if !ok {
		return nil, nil, errors.New("this connection can't be handed over")
	}
	return t, c.buf[c.r:c.w], nil
}
