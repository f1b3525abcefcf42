package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// names finds the addresses behind a target's name, keeps them for a while,
// and takes them in turn, so that a name that leads elsewhere is followed
// though connections are kept.
type names struct {
	host string
	port string
	ttl  atomic.Int64 // nanoseconds
	look func(ctx context.Context, host string) ([]netip.Addr, error)
	gen  atomic.Int64 // of addrs: rises when they change

	mu    sync.Mutex
	addrs []string // host:port; the latest answer
	at    time.Time
	next  int
}

// newNames returns nil for a target that is an address.
func newNames(addr string, ttl time.Duration, look func(context.Context, string) ([]netip.Addr, error)) *names {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	n := &names{host: host, port: port, look: look}
	n.believe(ttl)
	return n
}

// believe says for how long addresses hold from now on.
func (n *names) believe(ttl time.Duration) {
	if n != nil {
		n.ttl.Store(int64(ttl))
	}
}

// refresh looks the name up again. What was known stays where that fails.
func (n *names) refresh(ctx context.Context) error {
	list, err := n.look(ctx, n.host)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s has no address", n.host)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at = time.Now() // also after a failure: not at once again
	if err != nil {
		if len(n.addrs) > 0 {
			return nil
		}
		return err
	}
	addrs := make([]string, len(list))
	for i, a := range list {
		addrs[i] = net.JoinHostPort(a.Unmap().String(), n.port)
	}
	slices.Sort(addrs)
	if !slices.Equal(addrs, n.addrs) {
		n.addrs = addrs
		n.gen.Add(1)
	}
	return nil
}

// old reports whether the addresses have been used and are no longer believed.
func (n *names) old(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.at.IsZero() && now.Sub(n.at) >= time.Duration(n.ttl.Load())
}

// stays reports whether a connection still leads where the name does.
func (n *names) stays(c *upConn) bool {
	if n == nil {
		return true
	}
	gen := n.gen.Load()
	if c.gen == gen || n.knows(c.RemoteAddr()) {
		c.gen = gen
		return true
	}
	return false
}

// knows reports whether an address is still one of the name's.
func (n *names) knows(addr net.Addr) bool {
	a, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return true
	}
	at := net.JoinHostPort(a.Addr().Unmap().String(), n.port)
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.addrs) == 0 || slices.Contains(n.addrs, at)
}

// turn are the addresses to try, another first each time.
func (n *names) turn(ctx context.Context) ([]string, error) {
	n.mu.Lock()
	known := len(n.addrs) > 0
	n.mu.Unlock()
	if !known {
		if err := n.refresh(ctx); err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next++
	out := make([]string, 0, len(n.addrs))
	for i := range n.addrs {
		out = append(out, n.addrs[(n.next+i)%len(n.addrs)])
	}
	return out, nil
}

// dial connects to one of the addresses of a name, each with its share of
// the time that is left.
func (n *names) dial(ctx context.Context, network string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (net.Conn, error) {
	list, err := n.turn(ctx)
	if err != nil {
		return nil, err
	}
	for i, addr := range list {
		var c net.Conn
		if c, err = dialWithin(ctx, network, addr, len(list)-i, dial); err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func dialWithin(ctx context.Context, network, addr string, left int, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return dial(ctx, network, addr)
}

// lookUp follows the names of a snapshot's targets: those whose time is up are
// looked up again, and idle connections to where they no longer lead are
// closed.
func (g *Gateway) lookUp(ctx context.Context, s *snapshot, now time.Time) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, t := range s.targets {
		n := t.pool.names
		if n == nil || !n.old(now) {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if err := n.refresh(ctx); err != nil && ctx.Err() == nil {
				g.log.Warn("look up a target", "host", n.host, "err", err)
			}
			t.pool.leaveOld()
		})
	}
	wg.Wait()
}

// leaveOld closes idle connections to addresses that are no longer the
// target's.
func (p *pool) leaveOld() {
	p.mu.Lock()
	var old []*upConn
	p.free = slices.DeleteFunc(p.free, func(c *upConn) bool {
		if p.names.stays(c) {
			return false
		}
		old = append(old, c)
		return true
	})
	p.mu.Unlock()
	if p.h2 != nil && p.left.Swap(p.names.gen.Load()) != p.names.gen.Load() {
		p.h2.CloseIdleConnections() // those under way go on
	}
	for _, c := range old {
		_ = c.Close()
	}
}
