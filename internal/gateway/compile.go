package gateway

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Document is what one workspace publishes.
type Document struct {
	Workspace string
	Text      []byte
}

// Apply publishes one document alone; see Load.
func (g *Gateway) Apply(doc []byte) error { return g.Load([]Document{{Text: doc}}) }

// Load publishes documents in place of those before. All are checked first:
// with a fault nothing changes, and the error is of type Faults. Requests
// under way end by the snapshot they came with; targets that are in both keep
// their connections and what is known of them. Where two workspaces publish
// the same address the one that is named first has it.
func (g *Gateway) Load(docs []Document) error {
	list := make([]*Config, len(docs))
	for i, d := range docs {
		var err error
		if list[i], err = Parse(d.Text); err != nil {
			return err
		}
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	old := g.snap.Load()
	next := &snapshot{upstreams: map[string]*upstream{}}
	for i, c := range list {
		g.compile(next, docs[i].Workspace, c, old)
	}
	next.router.sort()
	g.snap.Store(next)
	kept := map[*pool]bool{}
	for _, t := range next.targets {
		kept[t.pool] = true
	}
	for _, t := range old.targets {
		if !kept[t.pool] {
			t.pool.close()
		}
	}
	return nil
}

// compile adds a checked document to a snapshot.
func (g *Gateway) compile(s *snapshot, ws string, c *Config, old *snapshot) {
	for _, t := range c.Trusted {
		if p, err := network(t); err == nil {
			s.trusted = append(s.trusted, p)
		}
	}
	for _, u := range c.Upstreams {
		key := ws + " " + u.Name
		s.upstreams[key] = g.compileUpstream(u, old.upstreams[key])
		s.targets = append(s.targets, s.upstreams[key].targets...)
	}
	for _, a := range c.APIs {
		if a.State == "draft" || a.State == "retired" {
			continue
		}
		for _, r := range a.Routes {
			g.compileRoute(s, ws, a, r)
		}
	}
}

func (g *Gateway) compileUpstream(u Upstream, old *upstream) *upstream {
	out := &upstream{name: u.Name, balance: cmp.Or(u.Balance, roundRobin), maxPending: u.Most}
	out.hashOn, _ = hashOf(u.HashOn)
	r := Retries{}
	if u.Retries != nil {
		r = *u.Retries
	}
	out.retry = retryRule{attempts: cmp.Or(r.Attempts, 2), statuses: r.Statuses, methods: r.Methods}
	out.budget.share = int64(cmp.Or(r.Budget, 0.2) * 1000)
	out.budget.tokens.Store(budgetFloor)
	if e := u.Eject; e != nil {
		out.eject = ejectRule{failures: int32(e.Failures), base: or(e.Base, 10*time.Second), most: or(e.Most, 5*time.Minute)}
	}
	if b := u.Breaker; b != nil {
		out.breaker = &breaker{share: b.Share, least: cmp.Or(b.Least, 20), span: or(b.Span, 10*time.Second), rest: or(b.Rest, 5*time.Second)}
	}
	for _, t := range u.Targets {
		out.targets = append(out.targets, g.compileTarget(u, t, old))
	}
	out.prepare()
	return out
}

func (g *Gateway) compileTarget(u Upstream, t Target, old *upstream) *target {
	addr, secure, _ := targetOf(t.URL)
	host := strings.TrimSuffix(t.URL[strings.Index(t.URL, "//")+2:], "/")
	n := &target{addr: addr, host: host, weight: max(t.Weight, 1), slow: time.Duration(u.Slow)}
	n.healthy.Store(true)
	if secure {
		name, _, _ := net.SplitHostPort(addr)
		n.tls = &tlsTarget{tlsConfig(name)}
	}
	if old != nil {
		for _, o := range old.targets {
			if o.addr == n.addr && (o.tls == nil) == (n.tls == nil) {
				n.pool, n.tally = o.pool, o.tally
				n.healthy.Store(o.healthy.Load())
				n.ejected.Store(o.ejected.Load())
				n.ejects.Store(o.ejects.Load())
				n.since.Store(o.since.Load())
				return n
			}
		}
	}
	n.tally = &targetTally{}
	n.pool = &pool{addr: addr, tls: n.tls, most: cmp.Or(u.Idle, 256), idle: 55 * time.Second, dial: g.dial}
	return n
}

func or(d Duration, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return time.Duration(d)
}

func (g *Gateway) compileRoute(s *snapshot, ws string, a API, r RouteC) {
	kind, pattern := r.match()
	out := &Route{Workspace: ws, Name: r.Name, API: a.Name, Version: a.Version, State: cmp.Or(a.State, "published"), methods: r.Methods, place: len(s.routes),
		keepHost: a.KeepHost, host: r.Host}
	full := pattern
	if kind != matchRegex {
		full = strings.TrimSuffix(a.Base, "/") + pattern
		out.cut = len(strings.TrimSuffix(full, "/"))
	} else {
		out.regex = regexp.MustCompile(`^(?:` + pattern + `)$`)
	}
	out.pattern = full
	for name, value := range r.Headers {
		out.headers = append(out.headers, headerMatch{name: strings.ToLower(name), value: value, any: value == "*"})
	}
	switch {
	case r.Rewrite != "":
		out.rewrite, _ = pieces(r)
	case a.Strip && a.Base != "" && kind != matchRegex:
		out.rewrite = []piece{{param: -2}}
		out.cut = len(strings.TrimSuffix(a.Base, "/"))
	}
	split := r.Split
	if len(split) == 0 {
		split = []Split{{Upstream: cmp.Or(r.Upstream, a.Upstream), Weight: 1}}
	}
	sum := 0
	for _, p := range split {
		if p.Weight == 0 {
			continue
		}
		sum += p.Weight
		out.split = append(out.split, share{upTo: sum, upstream: s.upstreams[ws+" "+p.Upstream]})
	}
	out.timeouts = timeouts{
		connect: or(cmp.Or(r.Timeouts.Connect, a.Timeouts.Connect), 2*time.Second),
		try:     or(cmp.Or(r.Timeouts.Try, a.Timeouts.Try), 30*time.Second),
		total:   or(cmp.Or(r.Timeouts.Total, a.Timeouts.Total), 60*time.Second),
		idle:    or(cmp.Or(r.Timeouts.Idle, a.Timeouts.Idle), 60*time.Second),
	}
	out.headers2 = lifeHeaders(a)
	out.policies = append(g.compilePolicies(a.Policies, ws, a.Name, a.Name), g.compilePolicies(r.Policies, ws, a.Name, a.Name+"-"+r.Name)...)
	out.stats = g.board.of(ws, a.Name, a.Version, r.Name)
	s.routes = append(s.routes, out)
	hosts := []string{""}
	if len(a.Hosts) > 0 {
		hosts = a.Hosts
	}
	for i, h := range hosts {
		hosts[i] = strings.ToLower(h)
	}
	s.router.add(hosts, kind, full, out)
}

// lifeHeaders tell of an end that is coming (RFC 9745, RFC 8594).
func lifeHeaders(a API) []setHeader {
	var out []setHeader
	if a.State == "deprecated" {
		out = append(out, setHeader{"Deprecation", "@0"})
	}
	if d, err := time.Parse(time.DateOnly, a.Sunset); err == nil {
		out = append(out, setHeader{"Sunset", d.UTC().Format(http.TimeFormat)})
	}
	return out
}

// compilePolicies brings policies into the order in which they are checked:
// the cheap and decisive ones first, who asks before how much they may ask.
func (g *Gateway) compilePolicies(p Policies, ws, api, scope string) []policy {
	var out []policy
	if c := p.CORS; c != nil {
		out = append(out, compileCORS(*c))
	}
	if a := p.Addresses; a != nil {
		out = append(out, &addresses{allow: networks(a.Allow), deny: networks(a.Deny)})
	}
	if p.MaxBody != "" {
		n, _ := bytesOf(p.MaxBody)
		out = append(out, &size{n})
	}
	if q := p.Key; q != nil {
		out = append(out, &apiKey{gateway: g, header: strings.ToLower(cmp.Or(q.Header, "X-API-Key")), query: q.Query, workspace: ws, api: api})
	}
	if l := p.Limit; l != nil {
		r := g.compileLimit(*l, ws, l.Rate, scope, l.Burst)
		for plan, rate := range l.Plans {
			if r.plans == nil {
				r.plans = map[string]*rateLimit{}
			}
			r.plans[plan] = g.compileLimit(*l, ws, rate, scope, 0)
		}
		out = append(out, r)
	}
	if h := p.Headers; h != nil {
		change := &headerChange{remove: map[string]bool{}}
		for _, name := range h.Remove {
			change.remove[strings.ToLower(name)] = true
		}
		for _, name := range slices.Sorted(maps.Keys(h.Set)) {
			change.set = append(change.set, setHeader{name, h.Set[name]})
		}
		out = append(out, change)
	}
	return out
}

func (g *Gateway) compileLimit(l LimitPolicy, ws, rate, scope string, burst int64) *rateLimit {
	count, per, _ := rateOf(rate)
	return &rateLimit{name: scope, by: cmp.Or(l.By, "key"), every: int64(per) / count, burst: cmp.Or(burst, count), per: per, count: count, limit: &g.limiter, salt: fnv(ws+" "+scope, 0)}
}

func compileCORS(c CORSPolicy) *cors {
	out := &cors{origins: map[string]bool{}, credentials: c.Credentials, headers: strings.Join(c.Headers, ", "), expose: strings.Join(c.Expose, ", "),
		methods: cmp.Or(strings.Join(c.Methods, ", "), "GET, HEAD, POST, PUT, PATCH, DELETE"), age: strconv.Itoa(int(or(c.MaxAge, 10*time.Minute) / time.Second))}
	for _, o := range c.Origins {
		out.any = out.any || o == "*"
		out.origins[o] = true
	}
	return out
}

func networks(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := network(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}
