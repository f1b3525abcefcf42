package gateway

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
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

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
