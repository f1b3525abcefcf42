package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Call is what somebody met when they called the shop.
type Call struct {
	ID      string // as the gateway answered it
	Trace   string
	Person  *Person
	Session string
	Route   string
	Path    string
	At      time.Time
	Took    time.Duration
	Status  int
	Fault   string // id of the fault that failed it; empty: none
}

// Record is what happened in a play: the truth that an examination asks for.
type Record struct {
	Scenario *Scenario
	Launch   string
	From, To time.Time
	Calls    []*Call
	Reports  []*Report
	GaveUp   int64 // calls that had no answer within 15 s
}

// Play tells a story on a stage, and returns when it is over. What it returns
// with an error is what happened until then.
func Play(ctx context.Context, st *Stage, sc *Scenario, pace Pace) (*Record, error) {
	p := &play{Stage: st, sc: sc, pace: pace, began: time.Now(), rec: &Record{Scenario: sc, Launch: st.Launch, From: time.Now()},
		people: map[*Person]*standing{}, written: map[string]int{}}
	for _, one := range sc.People {
		p.people[one] = &standing{}
	}
	if err := p.introduce(ctx); err != nil {
		return p.rec, err
	}
	p.began = time.Now()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	run := func(at Minutes, what string, fn func() error) {
		wg.Go(func() {
			if !p.until(ctx, at) {
				return
			}
			if err := fn(); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	for _, f := range sc.Faults {
		run(f.From, f.ID, func() error { return p.inject(ctx, f) })
	}
	for _, d := range sc.Deploys {
		run(d.At, d.Service, func() error { return st.deploy(ctx, d.Service, d.Service, d.Release) })
	}
	for i := range sc.Visits {
		v := &sc.Visits[i]
		run(v.At, "visit", func() error { return p.visit(ctx, v) })
	}
	for i, c := range sc.Chatter {
		run(c.At, "chat", func() error { return p.chat(ctx, i, c) })
	}
	wg.Wait()
	p.rec.To, p.rec.GaveUp = time.Now(), p.gaveUp.Load()
	return p.rec, context.Cause(ctx)
}

// play is a story that is being told.
type play struct {
	*Stage
	sc    *Scenario
	pace  Pace
	began time.Time

	mu      sync.Mutex
	rec     *Record
	people  map[*Person]*standing
	written map[string]int // reports of each fault
	gaveUp  atomic.Int64   // calls that got no answer
}

// standing is where somebody is in the story.
type standing struct {
	session string
	calls   []*Call
	writing bool // a report is on its way, or was sent
}

// now is where the story is.
func (p *play) now() Minutes { return Minutes(float64(time.Since(p.began)) / float64(p.pace)) }

// until waits for a moment of the story; false when it is called off.
func (p *play) until(ctx context.Context, at Minutes) bool {
	return p.rest(ctx, time.Until(p.began.Add(p.pace.Of(at))))
}

func (p *play) rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// inject begins a fault and ends it when its time is over.
func (p *play) inject(ctx context.Context, f *Fault) error {
	f.began = time.Now()
	progress := func() float64 { return float64((p.now() - f.From) / (f.To - f.From)) }
	if err := p.Begin(ctx, f, progress); err != nil {
		return err
	}
	if p.until(ctx, f.From+(f.To-f.From)/5) { // nobody is told at once
		p.Senders.alert(ctx, f, true)
	}
	p.until(ctx, f.To)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	p.Senders.alert(end, f, false)
	return p.End(end, f)
}

// step is one thing that a visit does.
type step struct {
	route string
	think Minutes // before it
}

// journey is what somebody came for.
func journey(r *rand.Rand, kind string) []step {
	var routes []string
	maybe := func(share float64, list ...string) {
		if r.Float64() < share {
			routes = append(routes, list...)
		}
	}
	switch kind {
	case "buy":
		routes = append(routes, "login", "category", "product")
		maybe(0.6, "search", "product")
		maybe(0.4, "account")
		routes = append(routes, "stock", "add-to-cart")
		maybe(0.5, "product", "add-to-cart")
		routes = append(routes, "cart")
		maybe(0.5, "voucher")
		maybe(0.7, "address")
		routes = append(routes, "shipping-quote", "checkout", "pay")
		maybe(0.6, "orders")
	case "finish": // what was put into the cart before
		maybe(0.6, "login")
		routes = append(routes, "cart")
		maybe(0.3, "add-to-cart", "cart")
		maybe(0.6, "voucher")
		maybe(0.5, "address")
		routes = append(routes, "shipping-quote", "checkout", "pay")
		maybe(0.5, "orders", "order")
	case "look":
		maybe(0.5, "login")
		routes = append(routes, "category", "search", "product")
		maybe(0.7, "search", "product", "stock")
		maybe(0.5, "category", "product")
		maybe(0.4, "cart")
	default:
		routes = append(routes, "login", "orders", "order")
		maybe(0.6, "account")
		maybe(0.5, "order")
		maybe(0.4, "search", "product")
		maybe(0.3, "address")
	}
	list := make([]step, len(routes))
	for i, route := range routes {
		list[i] = step{route, between(r, 0.1, 0.8)}
	}
	return list
}

// visit goes through a journey as a person does: what fails is tried again,
// then left, or something else is tried; and some write of it.
func (p *play) visit(ctx context.Context, v *Visit) error {
	r := rand.New(rand.NewPCG(v.Seed, 1)) //nolint:gosec // a story, not a secret
	p.enter(v)
	defer p.leave(v)
	for _, s := range journey(r, v.Journey) {
		if !p.rest(ctx, p.pace.Of(s.think)) {
			return nil
		}
		c, err := p.call(ctx, v, s.route, r)
		if err != nil {
			return err
		}
		for tries := r.IntN(3); c.Fault != "" && c.Status != 200 && tries > 0; tries-- {
			if !p.rest(ctx, p.pace.Of(between(r, 0.1, 0.3))) {
				return nil
			}
			if c, err = p.call(ctx, v, s.route, r); err != nil {
				return err
			}
		}
		if c.Fault == "" {
			continue
		}
		if p.writes(c, r) {
			return p.report(ctx, v, c, r)
		}
		if c.Status != 200 && r.IntN(2) == 0 {
			return nil // goes away without a word, as most do
		}
	}
	return nil
}

func (p *play) enter(v *Visit) {
	p.mu.Lock()
	p.people[v.Person].session = v.Session
	p.mu.Unlock()
}

func (p *play) leave(v *Visit) {
	p.mu.Lock()
	if st := p.people[v.Person]; st.session == v.Session {
		st.session = ""
	}
	p.mu.Unlock()
}

// client calls the gateway as one of many: connections are shared.
var client = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}}

// call makes one call of a visit.
func (p *play) call(ctx context.Context, v *Visit, route string, r *rand.Rand) (*Call, error) {
	o := operationOf(route)
	c := &Call{Person: v.Person, Session: v.Session, Route: route, Trace: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())}
	id := fmt.Sprintf("p%d", 1000+r.IntN(900))
	if route == "product" && r.IntN(40) == 0 {
		id = fmt.Sprintf("p9%03d", r.IntN(1000)) // no longer sold
	}
	if strings.HasPrefix(route, "order") {
		id = fmt.Sprintf("o%d", 20000+r.IntN(9000))
	}
	c.Path = strings.NewReplacer("{id}", id, "{sku}", id).Replace(o.path)
	url := p.Gateway + c.Path
	switch route {
	case "search", "address":
		url += "?q=" + strings.ReplaceAll(pick(r, goods), " ", "+")
	case "shipping-quote", "orders":
		url += "?page=1"
	}
	var body io.Reader
	if o.method == http.MethodPost {
		body = strings.NewReader(fmt.Sprintf(`{"item":%q,"amount":%d,"method":"card"}`, id, 5+r.IntN(90)))
	}
	req, err := http.NewRequestWithContext(ctx, o.method, url, body)
	if err != nil {
		return nil, fmt.Errorf("call the shop: %w", err)
	}
	p.head(req, v, o, c, r)
	c.At = time.Now()
	resp, err := client.Do(req)
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout(): // nobody waits for ever: what became of it is not known
		p.gaveUp.Add(1)
		return c, nil
	default:
		return nil, fmt.Errorf("call the gateway: %w", err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("read what the gateway answered: %w", err)
	}
	c.Took, c.Status, c.ID = time.Since(c.At), resp.StatusCode, resp.Header.Get("X-Request-Id")
	p.judge(c)
	return c, nil
}

// head says who calls: the application by its key, the person by a header or
// a token, the visit by a header.
func (p *play) head(req *http.Request, v *Visit, o operation, c *Call, r *rand.Rand) {
	one := v.Person
	req.Host = hostOf(one.Region)
	h := req.Header
	h.Set("X-API-Key", p.keys[one.Device])
	h.Set("X-Session-Id", v.Session)
	h.Set("User-Agent", one.Agent)
	h.Set("X-Client", one.Device)
	h.Set("X-Client-Version", one.Version)
	h.Set("X-Forwarded-For", one.Address)
	h.Set("Accept-Language", one.Language)
	h.Set("Traceparent", fmt.Sprintf("00-%s-%016x-01", c.Trace, r.Uint64()|1))
	if req.Method == http.MethodPost {
		h.Set("Content-Type", "application/json")
	}
	if o.signed {
		h.Set("Authorization", "Bearer "+token(one, v.Session, time.Now()))
	} else {
		h.Set("X-User-Id", one.ID)
	}
	switch {
	case o.route == "account" && r.IntN(40) == 0:
		h.Set("X-Remember", "expired")
	case o.route == "voucher" && r.IntN(15) == 0:
		h.Set("X-Voucher", "used")
	}
}

// judge says whether a fault failed a call, and keeps it.
func (p *play) judge(c *Call) {
	id := p.Shop.blame(c.ID)
	p.Stage.mu.Lock()
	for _, f := range p.on {
		if fits := kinds[f.Kind].fits; id == "" && fits != nil && fits(f, c) {
			id = f.ID
		}
	}
	p.Stage.mu.Unlock()
	if f := p.sc.Fault(id); f != nil && (c.Status >= 400 || f.Kind == DataBug || c.Took >= failing) {
		c.Fault = id
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rec.Calls = append(p.rec.Calls, c)
	st := p.people[c.Person]
	st.calls = append(st.calls, c)
}
