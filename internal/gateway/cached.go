package gateway

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/cache"
	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// cacheState is what caches of all routes share.
type cacheState struct {
	store   *cache.Store
	flights flights
	renew   chan struct{} // slots for asking beside
}

const (
	// DefaultCacheBytes bounds the store where Options say nothing.
	DefaultCacheBytes = 64 << 20
	// passFor is how long it is remembered that an answer could not be kept.
	passFor = 10 * time.Second
	// flightWait bounds how long a request waits for another's answer.
	flightWait = 10 * time.Second
	// flightRounds is how often, where the one that was waited for failed or
	// got what does not fit.
	flightRounds = 3
	renewSlots   = 32
)

// cached is a GET or HEAD that a cache looks at.
type cached struct {
	lane
	policy     *caching
	x          *Exchange
	key        string
	get        bool
	request    cache.Directives
	conditions cache.Fields // of the client
	owners     []string
	known      bool
	personal   bool // the request has a cookie: nothing is kept that does not ask for it
	foreign    bool // the upstream gets credentials of the client's

	entry  *cache.Entry // being validated
	flight *flight      // others wait for this one
	status string       // of Cache-Status

	keep   *cache.Entry // being gathered
	body   []byte
	hollow bool // the client has it: what comes is only kept
}

// look finds what to do with the request.
func (c *cached) look() *refusal {
	x, p := c.x, c.policy
	c.owners, c.known = p.owners(x)
	_, c.personal = joined(x.Fields, "cookie")
	_, c.foreign = x.value("authorization")
	c.foreign = c.foreign && !x.dropped([]byte("authorization"))
	// A user who is only said to be one, or whom the upstream knows by a cookie,
	// is nobody to keep a private answer for: others can say the same.
	c.foreign = c.foreign || !x.Proven && (c.personal || x.User != "")
	if _, ranged := joined(x.Fields, "range"); ranged || c.request.NoStore || x.Body {
		x.bypass("request")
		return nil
	}
	for _, name := range []string{"if-match", "if-unmodified-since", "if-range"} {
		if _, ok := joined(x.Fields, name); ok {
			x.bypass("request")
			return nil
		}
	}
	state := &p.gateway.caches
	for round := 0; ; round++ {
		e, known := state.store.Get(c.key, c.owners, c.value)
		now := time.Now()
		if e != nil {
			switch e.Judge(c.request, now) {
			case cache.Fresh:
				return c.serve(e, CacheHit, "hit")
			case cache.Stale:
				return c.serve(e, CacheStale, "hit")
			case cache.Renew:
				c.renewBeside(e)
				return c.serve(e, CacheStale, "hit")
			}
			c.entry = e
		}
		if c.request.OnlyIfCached {
			return &refusal{status: 504, class: Refused, reason: "this is not kept, and the request wants nothing else (only-if-cached)"}
		}
		c.status = "fwd=uri-miss"
		switch {
		case c.entry != nil && c.entry.Left(now) > 0:
			c.status = "fwd=request"
		case c.entry != nil:
			c.status = "fwd=stale"
		case known:
			c.status = "fwd=vary-miss"
		}
		if !c.get || round == flightRounds {
			break
		}
		owner := c.owners[len(c.owners)-1]
		if c.entry == nil && state.store.Passes(c.key, owner, now) {
			break
		}
		if !c.known {
			break
		}
		lead, other := state.flights.join(c.key + "\x00" + owner)
		if lead != nil {
			c.flight = lead
			if again, _ := state.store.Get(c.key, c.owners, c.value); again == e {
				break
			}
			// The one before has landed since this one looked: its answer is there.
			c.land()
			c.flight = nil
		} else if !c.waitFor(other) {
			x.Err, x.Status, x.close = ClientGone, 499, true
			return &refusal{done: true}
		}
		c.entry = nil
	}
	c.ask()
	return nil
}

// value is a field of the request as the upstream is sent it.
func (c *cached) value(name string) string {
	v, _ := c.x.outValue(name)
	return v
}

// waitFor waits until another request has its answer; false when the client
// has left.
func (c *cached) waitFor(f *flight) bool {
	until := c.x.Start.Add(flightWait)
	for {
		left := time.Until(until)
		if left <= 0 {
			return true
		}
		t := time.NewTimer(min(left, lookEvery))
		select {
		case <-f.done:
			t.Stop()
			return true
		case <-t.C:
			if c.x.lane.gone() {
				return false
			}
		}
	}
}

// ask goes on to the upstream, with the store's conditions in place of the
// client's, and listens to the answer.
func (c *cached) ask() {
	x := c.x
	x.Cache = CacheMiss
	owner := c.owners[len(c.owners)-1]
	if c.get && (c.entry != nil || !c.policy.gateway.caches.store.Passes(c.key, owner, time.Now())) {
		fields := removeField(removeField(x.outFields(), "If-None-Match"), "If-Modified-Since")
		if c.entry != nil {
			for _, f := range c.entry.Validators() {
				fields = setField(fields, f.Name, f.Value)
			}
		}
		x.shaped().sent.fields = fields
	} else if c.entry != nil {
		c.entry = nil // HEAD is asked as it is
	}
	x.wrap(func(inner lane) lane { c.lane = inner; return c })
	x.atEnd(c.land)
}

// land lets those go on who wait, whatever became of this request.
func (c *cached) land() {
	if c.flight != nil {
		c.policy.gateway.caches.flights.land(c.flight)
	}
}

// serve answers from the store.
func (c *cached) serve(e *cache.Entry, outcome, status string) *refusal {
	x := c.x
	x.Cache = outcome
	r := c.replyOf(e, status)
	x.Status = r.status
	if err := x.lane.answer(r); err != nil {
		x.left(err)
	}
	return &refusal{done: true}
}

// replyOf is an entry as the client gets it.
func (c *cached) replyOf(e *cache.Entry, status string) *reply {
	now := time.Now()
	left := int64(e.Left(now) / time.Second)
	if status == "hit" || strings.HasPrefix(status, "fwd=stale") {
		status += "; ttl=" + strconv.FormatInt(left, 10)
	}
	c.x.say("Cache-Status", "hypercare; "+status)
	r := &reply{status: e.Status, reason: reasonPhrase(e.Status), framing: framedLength, length: int64(len(e.Body)), body: e.Body, last: true}
	if e.NotModified(c.conditions) {
		r.status, r.reason, r.framing, r.length, r.body = 304, reasonPhrase(304), framedNone, 0, nil
	}
	if noBody(r.status) {
		r.framing, r.length, r.body = framedNone, 0, nil
	}
	if string(c.x.Method) == "HEAD" {
		r.body = nil
	}
	r.fields = make([]h1.Field, 0, len(e.Fields)+1)
	for _, f := range e.Fields {
		if !strings.EqualFold(f.Name, "age") && (r.status != 304 || !strings.EqualFold(f.Name, "content-type")) {
			r.fields = append(r.fields, h1.Field{Name: []byte(f.Name), Value: []byte(f.Value)})
		}
	}
	age := int64(e.Age(now) / time.Second)
	r.fields = append(r.fields, h1.Field{Name: []byte("Age"), Value: strconv.AppendInt(nil, age, 10)})
	return r
}

// answer implements lane: it sees what the upstream answers.
func (c *cached) answer(r *reply) error {
	x := c.x
	now := time.Now()
	if e := c.entry; e != nil && (r.own && r.status >= 500 || !r.own && r.status >= 500 && r.status <= 504 && r.status != 501) && e.OnError(c.request, now) {
		x.Cache, x.Err = CacheStale, OK
		c.status += "; fwd-status=" + strconv.Itoa(r.status)
		return c.instead(e)
	}
	if r.own || r.status == 101 {
		return c.lane.answer(r)
	}
	a := cache.Answer{Status: r.status, Fields: cacheFields(r.endToEnd()), Requested: x.Sent, Received: now}
	if c.entry != nil && r.status == 304 {
		x.Cache = CacheRevalidated
		c.status += "; fwd-status=304"
		e := c.policy.freshen(c.entry, a, c)
		return c.instead(e)
	}
	if c.get {
		c.begin(a, r)
	}
	if c.keep != nil {
		c.status += "; stored"
	}
	x.say("Cache-Status", "hypercare; "+c.status)
	if c.get && r.status == 200 && len(c.conditions) > 0 && cache.NotModified(a.Fields, c.conditions) {
		// The client's conditions were held back from the upstream.
		if err := c.notModified(r); err != nil {
			return err
		}
		c.hollow = true
		c.take(r.body, r.last, len(r.trailers) > 0)
		return nil
	}
	c.take(r.body, r.last, len(r.trailers) > 0)
	return c.lane.answer(r)
}

func (c *cached) notModified(r *reply) error {
	out := *r
	out.status, out.reason, out.framing, out.body, out.last, out.trailers = 304, reasonPhrase(304), framedNone, nil, true, nil
	out.fields, out.skip = removeField(r.endToEnd(), "Content-Type"), nil
	c.x.Status = 304
	return c.lane.answer(&out)
}

// instead answers with an entry; what else the upstream sends is dropped.
func (c *cached) instead(e *cache.Entry) error {
	r := c.replyOf(e, c.status)
	c.x.Status = r.status
	err := c.lane.answer(r)
	c.lane = dropping{c.lane}
	return err
}

// begin decides whether the answer is kept.
func (c *cached) begin(a cache.Answer, r *reply) {
	store := c.policy.gateway.caches.store
	owner, ok := c.ownerOf(a)
	rules := c.policy.rules
	if c.personal {
		rules.Lifetime = 0
	}
	if ok {
		c.keep = cache.New(a, c.request, !c.known, rules)
	}
	if c.keep != nil && (c.x.Variant != 0 || r.framing == framedLength && r.length > c.policy.most) {
		c.keep = nil
	}
	if c.keep == nil {
		store.Pass(c.key, c.owners[len(c.owners)-1], time.Now().Add(passFor))
		c.land()
		return
	}
	c.owners = []string{owner}
}

// ownerOf is for whom an answer is kept: everybody where it is said to be
// public, else who asked, be it nobody in particular.
func (c *cached) ownerOf(a cache.Answer) (string, bool) {
	control, _ := a.Fields.Get("Cache-Control")
	if d := cache.Parse(control, ""); d.Shareable() || len(c.owners) == 1 {
		return c.owners[0], true
	}
	if c.foreign {
		return "", false // they go on to the upstream, which may tell more apart than the gateway
	}
	return c.owners[1], true
}

// take gathers the body of an answer that is kept.
func (c *cached) take(b []byte, last, trailers bool) {
	if c.keep == nil {
		return
	}
	if int64(len(c.body)+len(b)) > c.policy.most || trailers {
		c.keep, c.body = nil, nil
		c.policy.gateway.caches.store.Pass(c.key, c.owners[len(c.owners)-1], time.Now().Add(passFor))
		c.land()
		return
	}
	c.body = append(c.body, b...)
	if last {
		e := *c.keep
		e.Body = c.body
		c.keep = nil
		c.policy.gateway.caches.store.Put(c.key, c.owners[0], &e, c.value)
		c.land()
	}
}

// send implements lane.
func (c *cached) send(b []byte) error {
	c.take(b, false, false)
	if c.hollow {
		return nil
	}
	return c.lane.send(b)
}

// finish implements lane.
func (c *cached) finish(b []byte, trailers []h1.Field) error {
	c.take(b, true, len(trailers) > 0)
	if c.hollow {
		return nil
	}
	return c.lane.finish(b, trailers)
}

func cacheFields(list []h1.Field) cache.Fields {
	out := make(cache.Fields, len(list))
	for i, f := range list {
		out[i] = cache.Field{Name: string(f.Name), Value: string(f.Value)}
	}
	return out
}

// freshen puts the entry that a 304 confirmed in place of the one before.
func (p *caching) freshen(e *cache.Entry, a cache.Answer, c *cached) *cache.Entry {
	owner, ok := c.ownerOf(cache.Answer{Fields: e.Fields})
	next := e.Freshen(a, c.request, !c.known, p.rules)
	if next == nil || !ok {
		p.gateway.caches.store.Delete(c.key)
		return e
	}
	p.gateway.caches.store.Put(c.key, owner, next, c.value)
	return next
}

// renewBeside asks for an answer again while nobody waits.
func (c *cached) renewBeside(e *cache.Entry) {
	x, p := c.x, c.policy
	state := &p.gateway.caches
	owner := c.owners[len(c.owners)-1]
	f, _ := state.flights.join(c.key + "\x00" + owner)
	if f == nil {
		return // somebody asks already
	}
	select {
	case state.renew <- struct{}{}:
	default:
		state.flights.land(f)
		return
	}
	a := x.asideOf(&p.gateway.asides, nil)
	a.most = int(p.most)
	a.x.Route = x.Route.within(x.Route.timeouts.total)
	s := &a.x.shape.sent
	s.method = []byte("GET")
	a.x.Method = s.method
	s.fields = removeField(removeField(s.fields, "If-None-Match"), "If-Modified-Since")
	for _, v := range e.Validators() {
		a.set(v.Name, v.Value)
	}
	up := x.Route.choose(x)
	later := &cached{policy: p, x: &a.x, key: c.key, owners: c.owners, known: c.known, personal: c.personal, foreign: c.foreign}
	if !p.gateway.asides.start(func() {
		defer func() { <-state.renew; state.flights.land(f) }()
		later.renewed(a, up, e)
	}) {
		<-state.renew
		state.flights.land(f)
	}
}

// renewed keeps what was answered beside.
func (c *cached) renewed(a *aside, up *upstream, e *cache.Entry) {
	c.policy.gateway.forward(&a.x, up, nil)
	if a.head.own || !a.answered || !a.whole || a.cut {
		return
	}
	got := cache.Answer{Status: a.head.status, Fields: cacheFields(a.head.fields), Requested: a.x.Sent, Received: time.Now()}
	if got.Status == 304 {
		c.policy.freshen(e, got, c)
		return
	}
	owner, ok := c.ownerOf(got)
	rules := c.policy.rules
	if c.personal {
		rules.Lifetime = 0
	}
	store := c.policy.gateway.caches.store
	if next := cache.New(got, cache.Directives{}, !c.known, rules); next != nil && ok {
		next.Body = a.body
		store.Put(c.key, owner, next, c.value)
	} else if got.Status < 500 {
		store.Delete(c.key)
	}
}

// invalidating forgets what an unsafe method changed (RFC 9111 4.4).
type invalidating struct {
	lane
	policy *caching
	key    string
	x      *Exchange
}

// answer implements lane.
func (l *invalidating) answer(r *reply) error {
	if !r.own && r.status/100 >= 2 && r.status/100 <= 3 {
		store := l.policy.gateway.caches.store
		store.Delete(l.key)
		for _, name := range []string{"location", "content-location"} {
			if v, ok := joined(r.fields, name); ok {
				if u, err := url.Parse(v); err == nil && (u.Host == "" || strings.EqualFold(u.Host, string(l.x.HostAs))) && strings.HasPrefix(u.Path, "/") {
					store.Delete(l.policy.keyOf(l.x, u.RequestURI()))
				}
			}
		}
	}
	return l.lane.answer(r)
}

// flights lets one request ask for what many want.
type flights struct {
	mu   sync.Mutex
	list map[string]*flight
}

type flight struct {
	key  string
	done chan struct{}
}

// join returns a flight to lead, or the one that is under way.
func (s *flights) join(key string) (lead, other *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.list[key]; f != nil {
		return nil, f
	}
	if s.list == nil {
		s.list = map[string]*flight{}
	}
	f := &flight{key: key, done: make(chan struct{})}
	s.list[key] = f
	return f, nil
}

// land ends a flight; once is enough, more do no harm.
func (s *flights) land(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list[f.key] == f {
		delete(s.list, f.key)
		close(f.done)
	}
}
