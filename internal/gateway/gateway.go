// Package gateway is the listener that the launched product's traffic passes
// through: it finds the route of each request, holds it against the policies
// of that route, sends it to an upstream, passes the answer on, and tells what
// happened. It knows nothing of feedback; the database is not on its path.
//
// There are two lanes. HTTP/1.1 without TLS is read by our own strict codec
// (package h1), one goroutine a connection and no allocation for a usual
// request; HTTP/2, TLS and gRPC are read by net/http. Behind the lane all is
// the same code.
//
// What is published is one document (Config), compiled into an immutable
// snapshot that is swapped whole: a request goes its way with the snapshot
// that was there when it came.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/cache"
	"github.com/hypercare/hypercare/internal/gateway/h1"
	"github.com/hypercare/hypercare/internal/gateway/token"
	"github.com/hypercare/hypercare/internal/outbound"
)

// Limits bound what a client may take.
type Limits struct {
	Idle  time.Duration // between two requests on a connection
	Head  time.Duration // for a head, from its first byte
	Body  time.Duration // between two pieces of a body
	Write time.Duration // for one piece of an answer
	Conns int           // open at once; 0: no bound
}

// DefaultLimits are what a gateway has where nothing else is said.
var DefaultLimits = Limits{Idle: 75 * time.Second, Head: 10 * time.Second, Body: 30 * time.Second, Write: 30 * time.Second, Conns: 20_000}

// Gateway serves one listener. Make one with New, publish with Apply, serve
// with Serve, end with Shutdown.
type Gateway struct {
	limits   Limits
	log      *slog.Logger
	record   func(*Exchange)
	snap     atomic.Pointer[snapshot]
	draining atomic.Bool
	rollouts rolled // held by apply
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	keys     Keys
	files    string
	trusted  []netip.Prefix
	capture  func(*Exchange, *Logging) Tap
	board    board
	lost     *Stats // of what no route took
	apps     appBoard
	limiter  limiter // outlives snapshots: a new document forgives nothing
	slots    slots
	nonces   nonceBook
	counters Counters
	sources  *token.Sources // outlive snapshots too

	applications Applications // what keys knows besides; nil for nothing
	mirrored     func(Mirrored)
	mirrors      mirrorCounts
	caches       cacheState
	asides       asides

	apply   sync.Mutex                     // one Load at a time
	forces  map[string]inForce             // by workspace, under apply
	specs   *specs                         // under apply
	checks  map[checkup]context.CancelFunc // under apply
	changed func(TargetChange)
	conns   sync.WaitGroup
	mu      sync.Mutex
	open    map[*h1Conn]struct{}
	slow    *http.Server
	others  atomic.Int64 // connections in the other lane
	handoff *handoff
	tunnels tunnels
	ctx     context.Context //nolint:containedctx // ends what the gateway does in the background
	stop    context.CancelFunc
	tls     atomic.Pointer[secure] // nil: no secure listener
	bg      sync.WaitGroup
}

// Options are what a Gateway is made of.
type Options struct {
	Limits Limits
	Log    *slog.Logger
	// Record is told of every exchange when it has ended, on its goroutine: it
	// must not wait, and must not keep the exchange.
	Record func(*Exchange)
	// Capture is asked, where the policy "log" wants a call's payload, for
	// whom to tell what goes by; it may be nil, and may return nil.
	Capture func(*Exchange, *Logging) Tap
	// Mirrored is told of every copy that a mirror sent, when it was answered or
	// failed; nil: nobody compares.
	Mirrored func(Mirrored)
	// CacheBytes bounds the answers that caches keep, of all routes together; 0:
	// DefaultCacheBytes.
	CacheBytes int64
	// Keys knows who may call; nil: nobody with a key. What is Applications
	// too is asked for them.
	Keys Keys
	// Files is the folder of files that a document may name; "" for none.
	Files string
	// Counters keep quotas; nil: what has a quota is refused.
	Counters Counters
	// Outbound asks the issuers of tokens; nil: a client for public addresses.
	Outbound *outbound.Client
	Tokens   token.Limits
	// Resolve finds the addresses of targets' names; nil: as the machine does.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Changed is told of every target that comes into another state, now and
	// then on the goroutine of a request: it must not wait.
	Changed func(TargetChange)
	// Trusted are proxies in front of this listener, whose X-Forwarded-For is
	// believed for every workspace.
	Trusted []netip.Prefix
}

// New returns a gateway that knows no route yet.
func New(o Options) *Gateway {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Record == nil {
		o.Record = func(*Exchange) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{limits: o.Limits, log: o.Log, record: o.Record, mirrored: o.Mirrored, keys: o.Keys, files: o.Files, trusted: o.Trusted, changed: o.Changed, capture: o.Capture, open: map[*h1Conn]struct{}{}, handoff: newHandoff()}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	g.caches.store, g.caches.renew = cache.NewStore(o.CacheBytes), make(chan struct{}, renewSlots)
	g.lost = g.board.of("", "", "", "")
	g.counters = o.Counters
	g.applications, _ = o.Keys.(Applications)
	if o.Outbound == nil {
		o.Outbound = outbound.New(outbound.Config{})
	}
	g.sources = token.NewSources(o.Outbound, o.Log, o.Tokens)
	d := &net.Dialer{KeepAlive: 30 * time.Second, Control: noMetadata}
	g.dial = d.DialContext
	g.resolve = o.Resolve
	if g.resolve == nil {
		g.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	g.snap.Store(newSnapshot())
	g.slow = g.netHTTP()
	g.ctx, g.stop = context.WithCancel(context.Background())
	g.bg.Go(func() { g.housekeep(g.ctx) })
	g.bg.Go(func() { _ = g.slow.Serve(g.handoff) })
	return g
}

// Serve accepts connections in the fast lane until the listener is closed.
func (g *Gateway) Serve(ln net.Listener) error {
	g.handoff.setAddr(ln.Addr())
	return g.accept(ln, func(c net.Conn) *h1Conn { return newH1Conn(g, c, c) })
}

// accept takes connections until the listener is closed.
func (g *Gateway) accept(ln net.Listener, make func(net.Conn) *h1Conn) error {
	var wait time.Duration
	for {
		c, err := ln.Accept()
		if err != nil {
			if g.draining.Load() || errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of files: those that are open will end.
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			g.log.Warn("accept", "err", err)
			t := time.NewTimer(wait)
			<-t.C
			continue
		}
		wait = 0
		hc := make(c)
		g.mu.Lock()
		full := g.limits.Conns > 0 && len(g.open)+int(g.others.Load()) >= g.limits.Conns
		if !full {
			g.open[hc] = struct{}{}
		}
		g.mu.Unlock()
		if full {
			_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			if !hc.secure {
				_, _ = c.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 1\r\n\r\n"))
			}
			_ = c.Close()
			now := time.Now()
			g.finish(&Exchange{ID: newID(now), Start: now, Proto: HTTP11, TLS: hc.secure, Client: addrOf(c.RemoteAddr()), Status: 503, Err: Overloaded})
			continue
		}
		g.conns.Go(func() { g.serve(hc) })
	}
}

// serve works off one connection, or hands it to the other lane.
func (g *Gateway) serve(hc *h1Conn) {
	next := "http/1.1"
	if hc.secure {
		next = g.handshake(hc)
	}
	var early []byte
	if next == "http/1.1" {
		early = hc.serve()
	}
	g.mu.Lock()
	delete(g.open, hc)
	g.mu.Unlock()
	switch {
	case next == "h2":
		// It must be the *tls.Conn itself: net/http looks what was negotiated.
		_ = hc.c.SetDeadline(time.Time{})
		if g.handoff.give(hc.c) {
			return
		}
	case early != nil && !hc.secure: // HTTP/2 over TLS is negotiated, not guessed
		_ = hc.c.SetDeadline(time.Time{})
		if g.handoff.give(&prefixed{Conn: hc.c, head: early}) {
			return
		}
	}
	if !hc.stolen {
		_ = hc.c.Close()
	}
}

// Shutdown lets requests under way end, until ctx does. The listener is
// closed by who opened it, before.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.draining.Store(true)
	g.stop()
	g.mu.Lock()
	for c := range g.open {
		if !c.busy.Load() {
			_ = c.c.SetReadDeadline(time.Now().Add(lastRequest))
		}
	}
	g.mu.Unlock()
	err := g.slow.Shutdown(ctx)
	g.handoff.close()
	done := make(chan struct{})
	go func() { g.conns.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		g.tunnels.close()
		g.mu.Lock()
		for c := range g.open {
			_ = c.c.Close()
		}
		g.mu.Unlock()
		<-done
	}
	g.tunnels.close()
	_ = g.slow.Close()
	g.asides.close()
	g.apply.Lock()
	g.checkups(newSnapshot())
	g.apply.Unlock()
	g.bg.Wait()
	g.sources.Close()
	g.snap.Load().close()
	return err
}

// handle takes an exchange through the gateway. in is the head as the fast
// lane read it; nil in the other.
func (g *Gateway) handle(x *Exchange, in *h1.Head) {
	s := g.snap.Load()
	x.in = in
	x.extra = x.lines[:0]
	x.ID = newID(x.Start)
	x.peer = x.Client
	x.traceOf()
	lowerHost(x.Host)
	if !x.TLS {
		if t := g.tls.Load(); t != nil && t.instead(g, x) {
			return
		}
	}
	if !cleanPath(x.Path) {
		x.Workspace = s.router.owner(x.Host)
		g.whoAsks(x, s)
		g.reject(x, 400, BadRequest, "the path has dot segments or characters that it must not have; send it without")
		return
	}
	f := s.find(x)
	x.Workspace = f.workspace
	g.whoAsks(x, s)
	if f.route == nil {
		if f.other {
			x.extra = h1.AppendLine(x.extra, "Allow", strings.Join(sortedUnique(f.allow), ", "))
			g.reject(x, 405, NoRoute, "this method is not published here; see the Allow header")
			return
		}
		g.reject(x, 404, NoRoute, "nothing is published at this address")
		return
	}
	x.Route = f.route
	x.grpc = x.grpc && x.Proto == HTTP2 && f.route.takesGRPC()
	if f.route.farewell != "" {
		g.reject(x, 410, NoRoute, f.route.farewell)
		return
	}
	for i := range f.route.policies {
		p := &f.route.policies[i]
		if no := p.check(x); no != nil {
			x.Policy = p.name
			if no.done {
				return
			}
			if no.after > 0 {
				x.retryAfter(no.after)
			}
			if no.challenge != "" {
				x.say("WWW-Authenticate", no.challenge)
			}
			if no.status == 204 { // a policy's own answer
				x.Status = 204
				_ = x.lane.answer(&reply{status: 204, reason: []byte("No Content"), framing: framedNone, last: true})
				return
			}
			x.rejectOn(x.lane, no.status, no.class, no.reason, no.details)
			return
		}
	}
	g.forward(x, f.route.choose(x), in)
}

// choose takes a share of the route's upstreams.
func (r *Route) choose(x *Exchange) *upstream {
	if a := r.overlay.Load(); a != nil {
		return a.choose(x)
	}
	switch len(r.split) {
	case 0:
		return nil // there are only mocks yet
	case 1:
		return r.split[0].upstream
	}
	n := int(x.ID[15])<<8 | int(x.ID[14])
	at := n * r.split[len(r.split)-1].upTo >> 16
	for i := range r.split {
		if at < r.split[i].upTo {
			return r.split[i].upstream
		}
	}
	return r.split[0].upstream
}

// share of a route's requests: those up to a cumulated weight.
type share struct {
	upTo     int
	upstream *upstream
}

// lowerHost brings a host into lower case, in place: it is ours to write to.
func lowerHost(h []byte) {
	for i, c := range h {
		if 'A' <= c && c <= 'Z' {
			h[i] = c | 0x20
		}
	}
}

func (x *Exchange) retryAfter(d time.Duration) {
	secs := max(1, int((d+time.Second-1)/time.Second))
	x.extra = h1.AppendLine(x.extra, "Retry-After", strconv.Itoa(secs))
}

// problem is how the gateway answers for itself (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	ID     string `json:"request_id"`

	Errors []detail `json:"errors,omitempty"`
}

// reject answers in the gateway's own name.
func (g *Gateway) reject(x *Exchange, status int, class Class, why string) {
	x.rejectOn(x.lane, status, class, why, nil)
}

// rejectOn is reject for a policy's lane, which answers on the lane behind it.
func (x *Exchange) rejectOn(l lane, status int, class Class, why string, details []detail) {
	x.Status, x.Err = status, class
	if status == 499 {
		x.close = true
		return
	}
	if x.ID == (ID{}) {
		x.ID = newID(x.Start)
	}
	if why != "" {
		why = strings.ToUpper(why[:1]) + why[1:] + "."
	}
	if x.grpc && x.Proto == HTTP2 {
		if class == UpstreamReset && x.overdue(time.Now()) {
			status, why = http.StatusGatewayTimeout, "The deadline of the call has passed."
		}
		x.rejectGRPC(l, status, why)
		return
	}
	title := http.StatusText(status)
	body, err := json.Marshal(problem{Title: title, Status: status, Detail: why, Code: class.String(), ID: x.ID.String(), Errors: details})
	if err != nil {
		body = nil
	}
	r := reply{status: status, reason: []byte(title), framing: framedLength, length: int64(len(body)), body: body, last: true, own: true,
		fields: []h1.Field{{Name: []byte("Content-Type"), Value: []byte("application/problem+json")}}}
	if err := l.answer(&r); err != nil {
		x.Err = ClientGone
	}
}

// fail ends an exchange that nobody waits for any more.
func (g *Gateway) fail(x *Exchange, class Class) {
	x.Err, x.close = class, true
	x.Status = 499
}

// badBody answers a request whose body could not be read.
func (g *Gateway) badBody(x *Exchange, err error) {
	x.close = true
	switch {
	case isTimeout(err):
		g.reject(x, 408, BadRequest, "the body took too long to arrive")
	case errors.Is(err, h1.ErrChunk), errors.Is(err, h1.ErrTrailers), errors.Is(err, h1.ErrTooLarge):
		g.reject(x, 400, BadRequest, "the body's framing is wrong: "+err.Error())
	case errors.Is(err, errDigest):
		x.Policy = signatureKind.name
		g.reject(x, 400, Refused, "the body is not what was signed: its Content-Digest is another")
	case errors.Is(err, errTooLong):
		g.reject(x, 413, BadRequest, "the body is larger than this route takes")
	default:
		g.fail(x, ClientGone)
	}
}

var errTooLong = errors.New("body too long")

// finish tells what became of an exchange.
func (g *Gateway) finish(x *Exchange) {
	if x.shape != nil {
		x.shape.ended()
	}
	now := time.Now()
	x.End = now
	if x.Route != nil {
		x.Route.stats.count(x, now)
	} else {
		if x.Workspace == "" { // it was refused before its head was understood
			x.Workspace = g.snap.Load().router.one
		}
		g.lost.count(x, now)
	}
	if x.tally != nil {
		x.tally.count(x, now)
	}
	if x.Consumer != nil {
		g.apps.of(x.Consumer).count(x)
	}
	g.record(x)
}

// housekeep closes idle connections to targets.
func (g *Gateway) housekeep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if s := g.tls.Load(); s != nil {
				s.certs.refresh(now)
			}
			s := g.snap.Load()
			g.lookUp(ctx, s, now)
			for _, t := range s.targets {
				if n%5 == 0 {
					t.pool.sweep(now)
				}
				if t.tls != nil && n%2 == 0 {
					t.tls.refresh()
				}
			}
			g.apply.Lock() // what is being published is in no snapshot yet
			g.sources.Housekeep(now, g.snap.Load().sources())
			g.apply.Unlock()
		}
	}
}

// tunnels are connections that went over to another protocol: they have no
// end of their own when the gateway stops.
type tunnels struct {
	mu   sync.Mutex
	list map[*func()]struct{}
}

func (t *tunnels) add(end func()) (remove func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil {
		t.list = map[*func()]struct{}{}
	}
	t.list[&end] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.list, &end)
	}
}

func (t *tunnels) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for end := range t.list {
		(*end)()
	}
}

// whoAsks believes X-Forwarded-For as far as trusted proxies wrote it: the
// last address that is not one of theirs. Trusted are those of the process,
// and for its own hosts those that a workspace names (docs/adr/0012).
func (g *Gateway) whoAsks(x *Exchange, s *snapshot) {
	of := s.trusted[x.Workspace]
	if len(of)+len(g.trusted) == 0 || !trusts(x.peer, g.trusted, of) {
		return
	}
	x.trusted = true
	for i := len(x.Fields) - 1; i >= 0; i-- {
		if !h1.Is(x.Fields[i].Name, "x-forwarded-for") {
			continue
		}
		list := strings.Split(string(x.Fields[i].Value), ",")
		for k := len(list) - 1; k >= 0; k-- {
			a, err := netip.ParseAddr(strings.TrimSpace(list[k]))
			if err != nil {
				return
			}
			x.Client = a.Unmap()
			if !trusts(x.Client, g.trusted, of) {
				return
			}
		}
	}
}

func trusts(a netip.Addr, lists ...[]netip.Prefix) bool {
	for _, list := range lists {
		for _, p := range list {
			if p.Contains(a) {
				return true
			}
		}
	}
	return false
}
