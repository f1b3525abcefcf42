package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// pool keeps connections to one target for the next request, the latest used
// first: the others go idle and are closed.
type pool struct {
	way   connectionWay
	tls   *tlsTarget
	most  int // idle ones
	idle  time.Duration
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	h2    *http.Transport // in place of what is below; nil for HTTP/1.1
	names *names          // nil: the address of way is none
	left  atomic.Int64    // gen of names whose old connections were left

	mu     sync.Mutex
	free   []*upConn
	closed bool
}

// connectionWay is what makes connections exchangeable.
type connectionWay struct {
	addr   string
	secure bool
	h2     bool
	tls    TLSUp
}

func newPool(way connectionWay, t *tlsTarget, most int, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *pool {
	p := &pool{way: way, tls: t, most: most, idle: 55 * time.Second, dial: dial}
	if way.h2 {
		p.h2 = p.transport()
	}
	return p
}

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
	gen    int64 // of the target's names when this was made or last looked at
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
	c, raw, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return &upConn{Conn: c, raw: raw, buf: make([]byte, upBuffer)}, nil
}

// open makes a connection, and a secure one where the target wants that.
func (p *pool) open(ctx context.Context) (net.Conn, syscall.RawConn, error) {
	var c net.Conn
	var err error
	if p.names != nil {
		c, err = p.names.dial(ctx, "tcp", p.dial)
	} else {
		c, err = p.dial(ctx, "tcp", p.way.addr)
	}
	if err != nil {
		return nil, nil, err
	}
	var raw syscall.RawConn
	if s, ok := c.(syscall.Conn); ok {
		raw, _ = s.SyscallConn()
	}
	if p.tls == nil {
		return c, raw, nil
	}
	t, err := p.tls.handshake(ctx, c)
	if err != nil {
		_ = c.Close()
		return nil, nil, err
	}
	return t, raw, nil
}

// connectTimeout is the key of how long a connection for a request may take.
type connectTimeout struct{}

// dialError is a failure to reach a target.
type dialError struct{ err error }

func (e dialError) Error() string { return e.err.Error() }
func (e dialError) Unwrap() error { return e.err }

// transport keeps connections that speak HTTP/2.
func (p *pool) transport() *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		timeout, ok := ctx.Value(connectTimeout{}).(time.Duration)
		if !ok {
			timeout = 2 * time.Second
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		c, _, err := p.open(ctx)
		if err != nil {
			return nil, dialError{err}
		}
		return c, nil
	}
	var protocols http.Protocols
	protocols.SetHTTP2(p.way.secure)
	protocols.SetUnencryptedHTTP2(!p.way.secure)
	return &http.Transport{
		DialContext: dial, DialTLSContext: dial, Protocols: &protocols, DisableCompression: true,
		IdleConnTimeout: p.idle, MaxResponseHeaderBytes: 64 << 10,
		// A target that vanished without a word is noticed by a ping.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// put gives a connection back whose answer was read to its end.
func (p *pool) put(c *upConn, now time.Time) {
	c.used = now
	p.mu.Lock()
	if p.closed || len(p.free) >= p.most || !p.names.stays(c) {
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
	if p.h2 != nil {
		p.h2.CloseIdleConnections()
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

// metadata are addresses at which clouds give their machines credentials.
var metadata = []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("fd00:ec2::254")}

// noMetadata keeps connections from a cloud's metadata: targets may be in any
// network, but whoever publishes shall not get the machine's credentials.
func noMetadata(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	if slices.Contains(metadata, a.Addr().Unmap().WithZone("")) {
		return fmt.Errorf("%s is a cloud's metadata service, which is no upstream", a.Addr())
	}
	return nil
}
