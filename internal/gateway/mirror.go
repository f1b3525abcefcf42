package gateway

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// MirrorPolicy sends copies of requests to another upstream, whose answers
// nobody gets. The call itself neither waits for the copy nor fails with it.
type MirrorPolicy struct {
	Upstream string   `yaml:"upstream" json:"upstream"`
	Share    float64  `yaml:"share,omitempty" json:"share,omitempty" doc:"Of requests, above 0 to 1; 1 when absent."`
	When     string   `yaml:"when,omitempty" json:"when,omitempty" doc:"Condition in CEL; see transform."`
	MaxBody  string   `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"Requests with a larger body are not copied; 64kB when absent."`
	Timeout  Duration `yaml:"timeout,omitempty" json:"timeout,omitempty" doc:"For the copy, 5s when absent."`
	Most     int      `yaml:"max_concurrent,omitempty" json:"max_concurrent,omitempty" doc:"Copies under way at once; more are dropped. 32 when absent."`
}

// Mirrored is what became of a request and of its copy, for who compares them
// (Options.Mirrored). The answers are compared as the upstreams gave them.
type Mirrored struct {
	Workspace, API, Version, Route string
	ID                             ID
	Method                         string
	Path                           string
	Primary, Shadow                Outcome
}

// Outcome is one answer of an upstream.
type Outcome struct {
	Upstream string // its name in the document
	Target   string // the address that answered; "" for none
	Status   int    // what the gateway answered where Err is set
	Err      Class
	Latency  time.Duration // from sending to the first byte of the answer; to the failure where there is none
	Size     int64         // of the body
	Sum      uint64        // of the body (FNV-1a): equal for equal bytes
	Whole    bool          // the answer came to its end
	Type     string        // Content-Type
}

// MirrorStats count copies since the process started.
type MirrorStats struct {
	Sent    uint64 // copies that were sent
	Dropped uint64 // not sent: too many under way, or the gateway is about to stop
	Skipped uint64 // not sent: the body was too large, or not read to its end
}

type mirrorCounts struct{ sent, dropped, skipped atomic.Uint64 }

// Mirrors counts the copies of all mirrors.
func (g *Gateway) Mirrors() MirrorStats {
	m := &g.mirrors
	return MirrorStats{m.sent.Load(), m.dropped.Load(), m.skipped.Load()}
}

var mirrorKind = policyKind{
	name: "mirror",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		m := p.Mirror
		if m == nil {
			return
		}
		path += ".mirror"
		if !k.upstreams[m.Upstream] {
			k.fault(path+".upstream", "there is no upstream %q", m.Upstream)
		}
		k.share(path+".share", m.Share)
		if _, err := compileCondition(m.When); err != nil {
			k.fault(path+".when", "%v", err)
		}
		k.heldBody(path+".max_body", m.MaxBody)
		k.durations(path, map[string]Duration{"timeout": m.Timeout})
		if m.Most < 0 || m.Most > 1000 {
			k.fault(path+".max_concurrent", "copies under way are from 1 to 1000")
		}
	},
	build: func(b *building, p *Policies) policy {
		m := p.Mirror
		if m == nil {
			return nil
		}
		out := &mirror{gateway: b.g, upstream: b.upstreams(m.Upstream), share: shareOf(m.Share), params: b.params, most: 64_000, timeout: or(m.Timeout, 5*time.Second)}
		out.when, _ = compileCondition(m.When)
		if m.MaxBody != "" {
			out.most, _ = bytesOf(m.MaxBody)
		}
		n := m.Most
		if n == 0 {
			n = 32
		}
		out.slots = make(chan struct{}, n)
		return out
	},
}

// heldBody checks the size of a body that is held in memory.
func (k *checker) heldBody(path, size string) {
	if size == "" {
		return
	}
	if n, err := bytesOf(size); err != nil {
		k.fault(path, "%v", err)
	} else if n > maxHeldBody {
		k.fault(path, "bodies are held in memory for this: at most %d MB", maxHeldBody>>20)
	}
}

type mirror struct {
	gateway  *Gateway
	upstream *upstream
	share    float64
	when     *condition
	params   []string
	most     int64
	timeout  time.Duration
	slots    chan struct{}
}

func (p *mirror) check(x *Exchange) *refusal {
	if x.grpc || len(x.upgrade) > 0 || !chance(p.share) || !p.when.holds(x, p.params) {
		return nil
	}
	m := &mirroring{policy: p, x: x, sum: fnvStart, compare: p.gateway.mirrored != nil}
	x.wrap(func(inner lane) lane { m.lane = inner; return m })
	x.atEnd(m.ended)
	return nil
}

// mirroring keeps the request's body as it goes by, and what the upstream
// answers as far as it is compared.
type mirroring struct {
	lane
	policy  *mirror
	x       *Exchange
	compare bool

	request  []byte
	complete atomic.Bool // the request was read to its end
	large    atomic.Bool

	status int
	kind   string
	size   int64
	sum    uint64
	whole  bool
}

// more implements lane. It may run on another goroutine than the answer; what
// it keeps is read when the exchange has ended.
func (m *mirroring) more() ([]byte, bool, bool, error) {
	b, framed, done, err := m.lane.more()
	if int64(len(m.request)+len(b)) > m.policy.most {
		m.large.Store(true)
	} else if !m.large.Load() {
		m.request = append(m.request, b...)
	}
	if done && err == nil {
		m.complete.Store(true)
	}
	return b, framed, done, err
}

// answer implements lane.
func (m *mirroring) answer(r *reply) error {
	if !r.own {
		m.status, m.whole = r.status, r.last
		if m.compare {
			m.kind, _ = joined(r.fields, "content-type")
		}
		m.note(r.body)
	}
	return m.lane.answer(r)
}

func (m *mirroring) note(b []byte) {
	m.size += int64(len(b))
	if m.compare {
		m.sum = fnvMore(m.sum, b)
	}
}

// send implements lane.
func (m *mirroring) send(b []byte) error {
	m.note(b)
	return m.lane.send(b)
}

// finish implements lane.
func (m *mirroring) finish(b []byte, trailers []h1.Field) error {
	m.whole = true
	m.note(b)
	return m.lane.finish(b, trailers)
}

// ended sends the copy.
func (m *mirroring) ended() {
	p, x := m.policy, m.x
	c := &p.gateway.mirrors
	if m.large.Load() || x.Body && !m.complete.Load() {
		c.skipped.Add(1)
		return
	}
	select {
	case p.slots <- struct{}{}:
	default:
		c.dropped.Add(1)
		return
	}
	var body []byte
	if x.Body {
		body = append([]byte{}, m.request...)
	}
	a := x.asideOf(&p.gateway.asides, body)
	a.x.Route = x.Route.within(p.timeout)
	a.set("X-Shadow-Request", "1")
	primary := m.outcome()
	if !p.gateway.asides.start(func() {
		defer func() { <-p.slots }()
		p.run(a, primary)
	}) {
		<-p.slots
		c.dropped.Add(1)
	}
}

func (p *mirror) run(a *aside, primary Outcome) {
	g := p.gateway
	g.mirrors.sent.Add(1)
	g.forward(&a.x, p.upstream, nil)
	if g.mirrored == nil || g.asides.ended() {
		return
	}
	r := a.x.Route
	shadow := a.x.outcome(p.upstream.name)
	shadow.Size, shadow.Sum, shadow.Whole = a.size, a.sum, a.whole && !a.head.own
	shadow.Type, _ = joined(a.head.fields, "content-type")
	g.mirrored(Mirrored{Workspace: r.Workspace, API: r.API, Version: r.Version, Route: r.Name, ID: a.x.ID, Method: string(a.x.Method), Path: string(a.x.Path),
		Primary: primary, Shadow: shadow})
}

func (m *mirroring) outcome() Outcome {
	o := m.x.outcome("")
	if m.x.Upstream != nil {
		o.Upstream, _, _ = strings.Cut(m.x.Upstream.label, "/")
	}
	if m.status != 0 {
		o.Status = m.status // before policies changed it
	}
	o.Size, o.Sum, o.Whole, o.Type = m.size, m.sum, m.whole, m.kind
	return o
}

// outcome is how asking an upstream went.
func (x *Exchange) outcome(name string) Outcome {
	o := Outcome{Upstream: name, Status: x.Status, Err: x.Err}
	if x.Upstream != nil {
		o.Target = x.Upstream.addr
	}
	switch {
	case x.Sent.IsZero():
	case x.FirstByte.Before(x.Sent):
		o.Latency = time.Since(x.Sent)
	default:
		o.Latency = x.FirstByte.Sub(x.Sent)
	}
	return o
}

// String is for people who read a difference.
func (o Outcome) String() string {
	return fmt.Sprintf("%s: %d, %d bytes in %v", o.Upstream, o.Status, o.Size, o.Latency.Round(time.Millisecond))
}
