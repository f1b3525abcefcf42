package gateway

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// aside is a request that the gateway sends for itself while nobody waits: a
// copy of one that a client sent. It is the lane of its own exchange.
type aside struct {
	x     Exchange
	owner *asides
	most  int // bytes of the answer that are kept

	request []byte
	given   bool

	answered bool
	head     reply
	body     []byte
	cut      bool // there was more than is kept
	whole    bool // the answer came to its end
	size     int64
	sum      uint64 // FNV-1a of the body
}

// asideOf copies what is sent upstream for x. body is the request's body; nil
// for none. What is copied holds for ever.
func (x *Exchange) asideOf(owner *asides, body []byte) *aside {
	a := &aside{owner: owner, request: body}
	a.x = Exchange{Method: bytes.Clone(x.outMethod()), Host: bytes.Clone(x.Host), HostAs: bytes.Clone(x.HostAs), Length: -1, Proto: HTTP11, TLS: x.TLS, Client: x.Client,
		ID: x.ID, Route: x.Route, Consumer: x.Consumer, User: x.User, Session: x.Session, Start: time.Now(),
		trace: x.trace, span: x.span, parent: x.parent, sampled: x.sampled, changes: x.changes, added: bytes.Clone(x.added), peer: x.peer, trusted: x.trusted, content: true}
	a.x.Target = bytes.Clone(x.Target)
	a.x.Path = a.x.Target
	if i := bytes.IndexByte(a.x.Target, '?'); i >= 0 {
		a.x.Path, a.x.Query = a.x.Target[:i], a.x.Target[i+1:]
	}
	a.x.shape = &shaping{sent: outgoing{method: a.x.Method, target: x.outTarget(nil), fields: cloneFields(x.outFields())}}
	if body != nil {
		a.x.Body, a.x.Length = true, int64(len(body))
	}
	a.x.lane = a
	return a
}

// set puts a field in place of what was copied.
func (a *aside) set(name, value string) {
	s := &a.x.shape.sent
	s.fields = setField(s.fields, name, value)
}

// more implements lane.
func (a *aside) more() ([]byte, bool, bool, error) {
	if a.given {
		return nil, false, true, nil
	}
	a.given = true
	return a.request, false, true, nil
}

// trailers implements lane.
func (*aside) trailers() []h1.Field { return nil }

// proceed implements lane.
func (*aside) proceed() error { return nil }

// interim implements lane.
func (*aside) interim(*h1.Head) error { return nil }

// answer implements lane.
func (a *aside) answer(r *reply) error {
	a.answered, a.head = true, *r
	a.head.fields, a.head.skip = cloneFields(r.endToEnd()), nil
	a.head.reason, a.head.body = bytes.Clone(r.reason), nil
	a.whole = r.last
	a.sum = fnvStart
	return a.keep(r.body)
}

func (a *aside) keep(b []byte) error {
	a.size += int64(len(b))
	a.sum = fnvMore(a.sum, b)
	n := min(len(b), a.most-len(a.body))
	a.body = append(a.body, b[:n]...)
	a.cut = a.cut || n < len(b)
	if a.owner.ended() {
		return errors.New("the gateway is about to stop")
	}
	return nil
}

// send implements lane.
func (a *aside) send(b []byte) error { return a.keep(b) }

// finish implements lane.
func (a *aside) finish(b []byte, _ []h1.Field) error {
	a.whole = true
	return a.keep(b)
}

// interrupt implements lane.
func (*aside) interrupt() {}

// gone implements lane.
func (a *aside) gone() bool { return a.owner.ended() }

// hijack implements lane.
func (*aside) hijack() (tunnel, []byte, error) {
	return nil, nil, errors.New("nobody is there to hand the connection to")
}

// asides owns what is sent while nobody waits: it ends with the gateway.
type asides struct {
	mu     sync.Mutex
	closed atomic.Bool
	wg     sync.WaitGroup
}

// start runs f beside; false when the gateway is about to stop. Who calls it
// bounds how many there are.
func (s *asides) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return false
	}
	s.wg.Go(f)
	return true
}

func (s *asides) ended() bool { return s.closed.Load() }

// close waits for what is under way; it ends at its next look.
func (s *asides) close() {
	s.mu.Lock()
	s.closed.Store(true)
	s.mu.Unlock()
	s.wg.Wait()
}

const fnvStart = uint64(14695981039346656037)

func fnvMore(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// within is a route for a request of the gateway's own, which has less time.
func (r *Route) within(d time.Duration) *Route {
	return &Route{Workspace: r.Workspace, Name: r.Name, API: r.API, Version: r.Version, State: r.State, pattern: r.pattern, host: r.host, keepHost: r.keepHost,
		timeouts: timeouts{connect: min(r.timeouts.connect, d), try: min(r.timeouts.try, d), total: min(r.timeouts.total, d), idle: min(r.timeouts.idle, d)}, stats: r.stats}
}
