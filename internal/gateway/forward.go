package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// timeouts of one route. Zero is the gateway's default.
type timeouts struct {
	connect time.Duration
	try     time.Duration // until the head of an answer
	total   time.Duration // until the head of the answer, retries included
	idle    time.Duration // between two pieces of a body
}

// idempotent are the methods that may be tried again (RFC 9110 9.2.2).
var idempotent = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}

// forward sends the request to an upstream and passes the answer on, trying
// another target where that is safe.
func (g *Gateway) forward(x *Exchange, u *upstream, in *h1.Head) {
	if u == nil {
		g.reject(x, 503, NoUpstream, "there is no upstream behind this route yet")
		return
	}
	if u.maxPending > 0 {
		if !u.enter(x, x.room(u.maxPending)) {
			g.reject(x, 503, Overloaded, "this upstream has as many requests under way as it may; try again in a moment")
			return
		}
		defer u.leave()
	}
	if u.breaker != nil {
		if ok, wait := u.breaker.allow(x.Start); !ok {
			if s := x.instead(); s != nil {
				g.forward(x, s, in)
				return
			}
			x.retryAfter(wait)
			g.reject(x, 503, NoUpstream, "this upstream fails too often and is left alone for a moment; try again later")
			return
		}
	}
	f := forwarding{g: g, x: x, u: u, in: in}
	ok := f.run()
	if u.breaker != nil {
		u.breaker.done(ok && f.u == u, time.Now())
	}
}

// forwarding is one request on its way to an upstream.
type forwarding struct {
	g  *Gateway
	x  *Exchange
	u  *upstream
	in *h1.Head // of the request, for what Connection names; nil in the other lane

	first    []byte // the first piece of the body
	framed   bool
	complete bool // first is all of it
	started  bool // more than first was taken: no second try
	clock    *uploadClock

	tries [4]*target
}

// run reports whether the upstream did its part.
func (f *forwarding) run() bool {
	x, u := f.x, f.u
	if u.h2 {
		x.unframe()
	}
	if x.Body {
		if err := x.lane.proceed(); err != nil {
			f.g.fail(x, ClientGone)
			return true
		}
		// A gRPC client may open a stream and wait for the server to begin.
		if !u.h2 || !x.grpc {
			var err error
			if f.first, f.framed, f.complete, err = x.lane.more(); err != nil {
				f.g.badBody(x, err)
				return true
			}
		}
	} else {
		f.framed, f.complete = true, true
	}
	u.budget.request()
	t := x.Route.timeouts
	deadline := x.Start.Add(t.total)
	for try := 1; ; try++ {
		now := time.Now()
		target := u.pick(x, f.tries[:min(try-1, len(f.tries))], now.UnixNano())
		if target == nil {
			if f.turn() {
				u, try = f.u, 0
				continue
			}
			f.g.reject(x, 503, NoUpstream, "no target of this upstream is in service; try again in a moment")
			return false
		}
		x.Attempts, x.Upstream = try, target
		if try <= len(f.tries) {
			f.tries[try-1] = target
		}
		until := now.Add(t.try)
		if until.After(deadline) {
			until = deadline
		}
		target.inflight.Add(1)
		outcome := f.attempt(target, now, until)
		target.inflight.Add(-1)
		if outcome != clientLeft {
			u.report(target, outcome != broken && outcome != again, time.Now())
		}
		if outcome != broken && outcome != again {
			return outcome != spoiled
		}
		if !f.mayRetry(try, deadline) {
			if x.Err == ConnectFailed && f.turn() {
				u, try = f.u, 0
				continue
			}
			f.g.reject(x, statusOf(x.Err), x.Err, reasonOf(x.Err))
			return false
		}
		x.noteTry(target, time.Since(now))
	}
}

// turn goes on with the stable version where a new one can't be reached.
func (f *forwarding) turn() bool {
	if f.started {
		return false
	}
	s := f.x.instead()
	if s == nil {
		return false
	}
	f.u, f.tries = s, [4]*target{}
	f.x.Err = OK
	return true
}

// outcome of one try.
type outcome uint8

const (
	served     outcome = iota // the answer was passed on
	broken                    // no answer; the request may have been worked on
	again                     // no answer, or one that asks for another try, and it is safe
	spoiled                   // the answer broke off
	clientLeft                // nobody waits any more
)

// mayRetry reports whether another try is allowed after one that failed.
func (f *forwarding) mayRetry(try int, deadline time.Time) bool {
	r := &f.u.retry
	if try >= r.attempts || f.started || !time.Now().Before(deadline) {
		return false
	}
	m := string(f.x.Method)
	if f.x.Err != ConnectFailed && !slices.Contains(idempotent, m) && !slices.Contains(r.methods, m) {
		return false // it may have been worked on
	}
	return f.u.budget.take()
}

func statusOf(c Class) int {
	switch c {
	case TimedOut:
		return 504
	case ClientGone:
		return 499
	}
	return 502
}

func reasonOf(c Class) string {
	switch c {
	case ConnectFailed:
		return "the upstream could not be reached; try again in a moment"
	case TimedOut:
		return "the upstream did not answer in time; try again in a moment"
	case UpstreamBad:
		return "the upstream's answer could not be understood"
	}
	return "the upstream ended the connection before it had answered; try again in a moment"
}

// attempt asks one target. A kept connection that turns out to be closed says
// nothing about the target: that try is made again on a new one.
func (f *forwarding) attempt(t *target, now, until time.Time) outcome {
	x := f.x
	if t.h2 {
		return f.attemptH2(t, until)
	}
	for fresh := false; ; fresh = true {
		var c *upConn
		var err error
		timeout := min(x.Route.timeouts.connect, until.Sub(now))
		if fresh {
			c, err = t.pool.connect(timeout)
		} else {
			c, err = t.pool.get(timeout, now)
		}
		if err != nil {
			x.Err = ConnectFailed
			if isTimeout(err) && !until.After(time.Now()) {
				x.Err = TimedOut
			}
			return broken
		}
		o, stale := f.talk(t, c, until)
		if !stale || f.started {
			return o
		}
	}
}

// talk sends the request on a connection and passes the answer on. stale
// reports that a kept connection was closed before a byte came back.
func (f *forwarding) talk(t *target, c *upConn, until time.Time) (o outcome, stale bool) {
	x := f.x
	c.out = f.appendHead(c.out[:0], t)
	c.out = f.appendBody(c.out, f.first, f.complete)
	x.Sent = time.Now()
	_ = c.SetDeadline(until)
	_, err := c.Write(c.out)
	if cap(c.out) > 128<<10 {
		c.out = nil
	}
	var up *upload
	if err == nil && !f.complete {
		f.started = true
		up = f.upload(c)
		f.clock = &up.clock
		defer up.wait()
	}
	if err != nil && up == nil {
		// It may have answered already and stopped reading.
		if _, perr := f.readHead(c); perr != nil {
			_ = c.Close()
			x.Err = UpstreamReset
			return broken, c.reused
		}
	} else if n, rerr := f.readHead(c); rerr != nil {
		_ = c.Close()
		if up != nil {
			up.wait()
			if up.client != nil {
				f.g.badBody(x, up.client)
				return clientLeft, false
			}
		}
		switch {
		case errors.Is(rerr, errClientGone):
			f.g.fail(x, ClientGone)
			return clientLeft, false
		case isTimeout(rerr):
			x.Err = TimedOut
		case errors.Is(rerr, io.EOF), errors.Is(rerr, net.ErrClosed), isReset(rerr):
			x.Err = UpstreamReset
			return broken, c.reused && n == 0
		default:
			x.Err = UpstreamBad
		}
		return broken, false
	}
	x.FirstByte = time.Now()
	if slices.Contains(f.u.retry.statuses, c.head.Status) && f.mayRetry(x.Attempts, until) {
		_ = c.Close()
		return again, false
	}
	if c.head.Status == 101 {
		return f.tunnel(c), false
	}
	return f.pass(t, c, up), false
}

var errClientGone = errors.New("the client has left")

// lookEvery is how often a slow upstream makes us look whether somebody still
// waits.
const lookEvery = 250 * time.Millisecond

// maxInterim bounds the interim answers to one request.
const maxInterim = 16

// readHead reads the head of the answer, past interim ones. n counts bytes
// that were read.
func (f *forwarding) readHead(c *upConn) (n int, err error) {
	deadline := f.x.Start.Add(f.x.Route.timeouts.total)
	if d := f.x.Sent.Add(f.x.Route.timeouts.try); d.Before(deadline) {
		deadline = d
	}
	for interim := 0; ; {
		if c.w > c.r {
			size, err := c.head.ParseResponse(c.buf[c.r:c.w])
			if err != nil {
				return n, err
			}
			if size > 0 {
				c.r += size
				if s := c.head.Status; s/100 != 1 || s == 101 {
					return n, nil
				}
				if interim++; interim > maxInterim {
					return n, h1.ErrTooLarge
				}
				// 100 Continue answers what we did not ask; others are the client's
				// (RFC 9110 15.2).
				if c.head.Status != 100 && f.x.lane.interim(&c.head) != nil {
					return n, errClientGone
				}
				continue
			}
			if c.w-c.r == len(c.buf) {
				return n, h1.ErrTooLarge
			}
		}
		now := time.Now()
		if f.clock != nil {
			deadline = f.clock.deadline(deadline)
		}
		next := now.Add(lookEvery)
		if next.After(deadline) {
			next = deadline
		}
		_ = c.SetReadDeadline(next)
		k, err := c.fill()
		n += k
		if k > 0 {
			continue
		}
		if f.clock != nil {
			deadline = f.clock.deadline(deadline)
		}
		if err != nil && isTimeout(err) && time.Now().Before(deadline) {
			if f.x.lane.gone() {
				return n, errClientGone
			}
			continue
		}
		if err != nil {
			return n, err
		}
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

// pass passes the answer's body on.
func (f *forwarding) pass(t *target, c *upConn, up *upload) outcome {
	x := f.x
	h := &c.head
	none := h.NoBody(string(x.Method) == "HEAD")
	c.body.Start(h, true, none)
	r := reply{status: h.Status, reason: h.Reason, fields: h.Fields, skip: h}
	switch {
	case none && string(x.Method) == "HEAD" && h.Length >= 0:
		r.framing, r.length = framedLength, h.Length
	case none:
		r.framing = framedNone
	case h.Chunked && x.Proto == HTTP11 && x.fast && !x.content:
		r.framing = framedChunks
	case h.Length >= 0:
		r.framing, r.length = framedLength, h.Length
	default:
		r.framing = framedContent
	}
	b, err := f.piece(c, r.framing)
	if err != nil {
		_ = c.Close()
		x.Err = UpstreamBad
		f.g.reject(x, 502, UpstreamBad, reasonOf(UpstreamBad))
		return spoiled
	}
	if r.body, r.last = b, c.body.Done(); r.last {
		r.trailers = passable(c.body.Trailers(nil))
	}
	x.Status = h.Status
	if l := x.Route.logging; l != nil && l.Release != "" {
		if v, ok := h.Get(l.Release); ok {
			x.Release = string(v)
		}
	}
	if err := x.lane.answer(&r); err != nil {
		_ = c.Close()
		x.left(err)
		return clientLeft
	}
	for !r.last {
		n, err := f.await(c)
		if errors.Is(err, errClientGone) {
			_ = c.Close()
			x.Err = ClientGone
			return clientLeft
		}
		if n == 0 && err != nil {
			if !errors.Is(err, io.EOF) || c.body.EOF() != nil {
				// Half an answer must not look like a whole one.
				_ = c.Close()
				x.Err, x.close = UpstreamReset, true
				if isTimeout(err) {
					x.Err = TimedOut
				}
				return spoiled
			}
			h.Close = true
		}
		b, err := f.piece(c, r.framing)
		if err != nil {
			_ = c.Close()
			x.Err, x.close = UpstreamBad, true
			return spoiled
		}
		if r.last = c.body.Done(); r.last {
			err = x.lane.finish(b, passable(c.body.Trailers(nil)))
		} else {
			err = x.lane.send(b)
		}
		if err != nil {
			_ = c.Close()
			x.left(err)
			return clientLeft
		}
	}
	if up != nil && up.all.Load() {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		up.wait() // it has only to say so
	}
	if up != nil && !up.done() {
		// It answered without reading all of the request: the lane throws the
		// rest away.
		_ = c.Close()
		x.lane.interrupt()
		return served
	}
	if h.Close || c.r != c.w {
		_ = c.Close() // also when it sent more than it had announced
	} else {
		t.pool.put(c, time.Now())
	}
	return served
}

// await reads more of the answer. A stream may be silent for long: now and
// then it is looked whether somebody still waits for it.
func (f *forwarding) await(c *upConn) (int, error) {
	now := time.Now()
	deadline := now.Add(f.x.Route.timeouts.idle)
	for {
		next := now.Add(4 * lookEvery)
		if next.After(deadline) {
			next = deadline
		}
		_ = c.SetReadDeadline(next)
		n, err := c.fill()
		if n > 0 || err == nil || !isTimeout(err) {
			return n, err
		}
		if f.x.lane.gone() {
			return 0, errClientGone
		}
		if now = time.Now(); !now.Before(deadline) {
			return 0, err
		}
	}
}

// piece takes what has been read of the body, with or without its framing.
func (f *forwarding) piece(c *upConn, framing framing) ([]byte, error) {
	if framing == framedChunks || !c.head.Chunked {
		n, used, err := c.body.Take(c.buf[c.r:c.w])
		b := c.buf[c.r : c.r+n]
		c.r += used
		return b, err
	}
	n, used, err := c.body.Content(c.buf[c.r:c.w])
	b := c.buf[c.r : c.r+n]
	c.r += used
	return b, err
}

// upload sends the rest of a request's body while the answer is awaited: an
// upstream may answer before it has read all of it, and would not read on
// while nobody reads from it.
type upload struct {
	wg     sync.WaitGroup
	clock  uploadClock
	all    atomic.Bool // the client has sent everything
	mu     sync.Mutex
	ended  bool
	client error // reading from the client failed
}

func (u *upload) wait() { u.wg.Wait() }

func (u *upload) done() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended && u.client == nil
}

func (f *forwarding) upload(c *upConn) *upload {
	u := &upload{}
	u.wg.Go(func() {
		var out []byte
		for {
			u.clock.set(f.x.Route.timeouts.silence())
			b, _, last, err := f.x.lane.more()
			u.clock.set(f.x.Route.timeouts.try)
			if err != nil {
				u.mu.Lock()
				u.client = err
				u.mu.Unlock()
				_ = c.Close() // half a request must not look like a whole one
				return
			}
			u.all.Store(last)
			_ = c.SetWriteDeadline(time.Now().Add(f.x.Route.timeouts.idle))
			if out = f.appendBody(out[:0], b, last); len(out) > 0 {
				if _, err := c.Write(out); err != nil {
					return
				}
				u.clock.set(f.x.Route.timeouts.try)
			}
			if last {
				u.mu.Lock()
				u.ended = true
				u.mu.Unlock()
				return
			}
		}
	})
	return u
}

// appendBody adds a piece of the request's body as the upstream gets it.
func (f *forwarding) appendBody(out, b []byte, last bool) []byte {
	if !f.x.Body || f.x.Length >= 0 {
		return append(out, b...)
	}
	if f.framed {
		out = append(out, b...)
	} else if out = h1.AppendChunk(out, b); last {
		out = append(out, h1.LastSize...)
	}
	if !last {
		return out
	}
	for _, t := range f.x.lane.trailers() {
		if !f.x.dropped(t.Name) && (f.x.changes == nil || !f.x.changes.touches(t.Name)) {
			out = h1.AppendField(out, t.Name, t.Value)
		}
	}
	return append(out, '\r', '\n')
}

// uploadClock says until when the upstream may be silent while the request's
// body is on its way.
type uploadClock struct{ until atomic.Int64 }

func (u *uploadClock) set(d time.Duration) { u.until.Store(time.Now().Add(d).UnixNano()) }

func (u *uploadClock) deadline(otherwise time.Time) time.Time {
	if until := u.until.Load(); until != 0 {
		return time.Unix(0, until)
	}
	return otherwise
}

// silence is how long an answer may take to begin while the client has yet to
// send more: that is not the upstream's fault, and streams are silent for long.
func (t *timeouts) silence() time.Duration { return max(t.try, t.idle) }

// mayUpgrade reports whether a protocol may be gone over to. HTTP itself may
// not: what comes behind would be requests that no policy has seen.
func mayUpgrade(protocol []byte) bool {
	for part := range bytes.SplitSeq(protocol, []byte(",")) {
		name, _, _ := bytes.Cut(bytes.ToLower(bytes.TrimSpace(part)), []byte("/"))
		switch string(name) {
		case "h2c", "h2", "h3", "http", "tls":
			return false
		}
	}
	return true
}

// tunnel goes over to another protocol: bytes both ways until one side ends.
func (f *forwarding) tunnel(c *upConn) outcome {
	x := f.x
	if len(x.upgrade) == 0 {
		_ = c.Close()
		f.g.reject(x, 502, UpstreamBad, reasonOf(UpstreamBad))
		return spoiled
	}
	x.Status = 101
	r := reply{status: 101, reason: c.head.Reason, fields: c.head.Fields, skip: &c.head, framing: framedNone}
	if v, ok := c.head.Get("upgrade"); ok {
		x.extra = h1.AppendLine(x.extra, "Upgrade", string(v))
	}
	if err := x.lane.answer(&r); err != nil {
		_ = c.Close()
		return clientLeft
	}
	conn, early, err := x.lane.hijack()
	if err != nil {
		_ = c.Close()
		x.Err = UpstreamBad
		return spoiled
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Time{})
	stop := f.g.tunnels.add(func() { _ = conn.Close(); _ = c.Close() })
	defer stop()
	if _, err := c.Write(early); err != nil {
		return served
	}
	x.BytesIn += int64(len(early))
	// Where one side has ended, the other has this long to say the rest.
	rest := x.Route.timeouts.idle
	var wg sync.WaitGroup
	wg.Go(func() {
		n, _ := io.Copy(c.Conn, conn)
		x.BytesIn += n
		if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
			_ = t.CloseWrite()
		}
		_ = c.SetReadDeadline(time.Now().Add(rest))
	})
	k, _ := conn.Write(c.buf[c.r:c.w])
	n, _ := io.Copy(conn, c.Conn)
	_ = conn.CloseWrite()
	_ = conn.SetDeadline(time.Now().Add(rest))
	x.BytesOut += n + int64(k)
	wg.Wait()
	return served
}

// appendHead writes the head of the request as the upstream gets it.
func (f *forwarding) appendHead(b []byte, t *target) []byte {
	x := f.x
	b = append(b, x.outMethod()...)
	b = append(b, ' ')
	b = x.outTarget(b)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	switch {
	case x.Route.keepHost:
		b = append(b, x.HostAs...)
	case x.Route.host != "":
		b = append(b, x.Route.host...)
	default:
		b = append(b, t.host...)
	}
	b = append(b, '\r', '\n')
	fields, asCame := x.Fields, true
	if x.shape != nil && x.shape.sent.fields != nil {
		fields, asCame = x.shape.sent.fields, false
	}
	for i := range fields {
		fd := &fields[i]
		if asCame && (f.in != nil && f.in.HopByHop(fd.Name) || x.dropped(fd.Name)) {
			continue
		}
		if x.changes != nil && x.changes.touches(fd.Name) {
			continue
		}
		b = h1.AppendField(b, fd.Name, fd.Value)
	}
	if x.changes != nil {
		for i := range x.changes.set {
			b = h1.AppendLine(b, x.changes.set[i].name, x.changes.set[i].value)
		}
	}
	b = append(b, x.added...)
	b = x.appendForwarded(b, x.HostAs)
	if x.Body {
		if x.Length >= 0 {
			b = append(b, "Content-Length: "...)
			b = strconv.AppendInt(b, x.Length, 10)
			b = append(b, '\r', '\n')
		} else {
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		}
	} else if x.Length == 0 {
		b = append(b, "Content-Length: 0\r\n"...)
	}
	switch {
	case len(x.upgrade) > 0:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, x.upgrade...)
		b = append(b, '\r', '\n')
	case x.te:
		b = append(b, "Connection: TE\r\nTE: trailers\r\n"...)
	}
	return append(b, '\r', '\n')
}

// dropped are the fields that are written anew, or that are the gateway's
// business alone.
func (x *Exchange) dropped(name []byte) bool {
	for _, s := range x.Route.strips {
		if foldedName(name, s) {
			return true
		}
	}
	if !x.trusted && claimsOrigin(name) {
		return true
	}
	switch len(name) {
	case 4:
		return foldedName(name, "host")
	case 6:
		return foldedName(name, "expect")
	case 9:
		return foldedName(name, "forwarded")
	case 11:
		return foldedName(name, "traceparent")
	case 12:
		return foldedName(name, "x-request-id")
	case 13:
		return foldedName(name, "x-preview-key")
	case 14:
		return foldedName(name, "content-length") || foldedName(name, "http2-settings")
	case 15:
		return foldedName(name, "x-forwarded-for")
	case 16:
		return foldedName(name, "x-forwarded-host")
	case 17:
		return foldedName(name, "transfer-encoding") || foldedName(name, "x-forwarded-proto")
	case 19:
		return foldedName(name, "proxy-authorization")
	}
	return false
}

// claimsOrigin are fields that upstreams believe about who asks and for what,
// as a proxy in front of them would write them: from somebody who is none they
// are forged. X-Forwarded-For and its kin are written anew in any case.
func claimsOrigin(name []byte) bool {
	switch len(name) {
	case 9:
		return foldedName(name, "x-real-ip")
	case 11:
		return foldedName(name, "x-client-ip")
	case 13:
		return foldedName(name, "x-rewrite-url")
	case 14:
		return foldedName(name, "true-client-ip") || foldedName(name, "x-original-url")
	case 15:
		return foldedName(name, "x-original-host")
	case 16:
		return foldedName(name, "cf-connecting-ip") || foldedName(name, "x-forwarded-port")
	case 18:
		return foldedName(name, "x-forwarded-prefix") || foldedName(name, "x-forwarded-server")
	case 19:
		return foldedName(name, "x-cluster-client-ip")
	}
	return false
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
