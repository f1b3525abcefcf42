package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// pool keeps connections to one target for the next request, the latest used
// first: the others go idle and are closed.
type pool struct {
	addr string
	tls  *tlsTarget
	most int // idle ones
	idle time.Duration
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu     sync.Mutex
	free   []*upConn
	closed bool
}

// tlsTarget is how a target is spoken to over TLS.
type tlsTarget struct{ config *tls.Config }

// upConn is a connection to a target with its codec and buffers.
type upConn struct {
	net.Conn
	raw    syscall.RawConn
	buf    []byte
	r, w   int // buf[r:w] has been read and not used
	out    []byte
	head   h1.Head
	body   h1.Body
	used   time.Time
	reused bool
}

const upBuffer = 16 << 10

// get takes a connection that is still open, or makes one.
func (p *pool) get(timeout time.Duration, now time.Time) (*upConn, error) {
	for {
		p.mu.Lock()
		n := len(p.free)
		if n == 0 {
			p.mu.Unlock()
			return p.connect(timeout)
		}
		c := p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
		p.mu.Unlock()
		// One that has lain idle may have been closed: a look is cheaper than a
		// request that fails.
		if now.Sub(c.used) > 100*time.Millisecond && !c.quiet() {
			_ = c.Close()
			continue
		}
		c.reused = true
		return c, nil
	}
}

// connect makes a new connection.
func (p *pool) connect(timeout time.Duration) (*upConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := p.dial(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	u := &upConn{Conn: c, buf: make([]byte, upBuffer)}
	if s, ok := c.(syscall.Conn); ok {
		u.raw, _ = s.SyscallConn()
	}
	if p.tls != nil {
		t := tls.Client(c, p.tls.config)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		u.Conn = t
	}
	return u, nil
}

// put gives a connection back whose answer was read to its end.
func (p *pool) put(c *upConn, now time.Time) {
	c.used = now
	p.mu.Lock()
	if p.closed || len(p.free) >= p.most {
		p.mu.Unlock()
		_ = c.Close()
		return
	}
	p.free = append(p.free, c)
	p.mu.Unlock()
}

// sweep closes what has been idle too long.
func (p *pool) sweep(now time.Time) {
	p.mu.Lock()
	n := 0
	for n < len(p.free) && now.Sub(p.free[n].used) > p.idle {
		n++
	}
	old := append([]*upConn(nil), p.free[:n]...)
	p.free = append(p.free[:0], p.free[n:]...)
	p.mu.Unlock()
	for _, c := range old {
		_ = c.Close()
	}
}

// close ends the pool: what is under way goes on and is closed when given
// back.
func (p *pool) close() {
	p.mu.Lock()
	old := p.free
	p.free, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range old {
		_ = c.Close()
	}
}

// quiet reports whether the other side has neither closed the connection nor
// sent anything that nobody asked for.
func (c *upConn) quiet() bool {
	if c.w > c.r {
		return false
	}
	return c.raw == nil || peek(c.raw) == peekNothing
}

// fill reads more into the buffer, which must have room.
func (c *upConn) fill() (int, error) {
	if c.r == c.w {
		c.r, c.w = 0, 0
	} else if c.w == len(c.buf) {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	n, err := c.Read(c.buf[c.w:])
	c.w += n
	return n, err
}
