package gateway

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Upstream is where requests go.
type Upstream struct {
	Name    string       `yaml:"name" json:"name"`
	Targets []Target     `yaml:"targets" json:"targets"`
	Balance string       `yaml:"balance,omitempty" json:"balance,omitempty" doc:"round_robin (default, by weight), least_outstanding, hash."`
	HashOn  string       `yaml:"hash_on,omitempty" json:"hash_on,omitempty" doc:"For hash: ip (default), path, header:NAME."`
	Retries *Retries     `yaml:"retries,omitempty" json:"retries,omitempty"`
	Eject   *Eject       `yaml:"eject,omitempty" json:"eject,omitempty" doc:"Leaves a target alone that fails in a row."`
	Breaker *Breaker     `yaml:"breaker,omitempty" json:"breaker,omitempty"`
	Most    int64        `yaml:"max_concurrent,omitempty" json:"max_concurrent,omitempty" doc:"Requests under way at once; more are refused with 503."`
	Queue   *Queue       `yaml:"queue,omitempty" json:"queue,omitempty" doc:"Lets requests wait for a moment that are more than max_concurrent."`
	Health  *HealthCheck `yaml:"health,omitempty" json:"health,omitempty" doc:"Asks each target whether it is up."`
	Bound   float64      `yaml:"hash_bound,omitempty" json:"hash_bound,omitempty" doc:"For hash: most requests under way at a target as a multiple of the mean, such as 1.25; more go to the next."`
	DNS     Duration     `yaml:"dns_ttl,omitempty" json:"dns_ttl,omitempty" doc:"How long the addresses of a target's name are believed; 30s when absent."`
	Slow    Duration     `yaml:"slow_start,omitempty" json:"slow_start,omitempty" doc:"How long a target that came back takes to get its whole share."`
	Speaks  string       `yaml:"protocol,omitempty" json:"protocol,omitempty" doc:"http1 (default) or h2: HTTP/2, over TLS or without it, which gRPC needs."`
	TLS     *TLSUp       `yaml:"tls,omitempty" json:"tls,omitempty" doc:"How targets with https:// are trusted, and who we are to them."`
	Idle    int          `yaml:"idle_connections,omitempty" json:"idle_connections,omitempty" doc:"Kept open for the next request, for each target; 256 when absent."`
}

// Target is one address of an upstream.
type Target struct {
	URL      string `yaml:"url" json:"url" doc:"http://host:port, https://host:port, or h2c://host:port for HTTP/2 without TLS."`
	Weight   int    `yaml:"weight,omitempty" json:"weight,omitempty" doc:"1 when absent."`
	Priority int    `yaml:"priority,omitempty" json:"priority,omitempty" doc:"Those of 0 are asked; those of 1 when none of 0 is fit, and so on."`
	State    string `yaml:"state,omitempty" json:"state,omitempty" doc:"drain: no new requests, those under way end."`
}

// Retries say when a request is tried again.
type Retries struct {
	Attempts int      `yaml:"attempts,omitempty" json:"attempts,omitempty" doc:"In all; 2 when absent, 1 for none."`
	Statuses []int    `yaml:"statuses,omitempty" json:"statuses,omitempty" doc:"Answers that are worth another try, such as 503."`
	Methods  []string `yaml:"methods,omitempty" json:"methods,omitempty" doc:"Besides the idempotent ones."`
	Budget   float64  `yaml:"budget,omitempty" json:"budget,omitempty" doc:"Retries per request, 0.2 when absent."`
}

// Eject says when a target is left alone.
type Eject struct {
	Failures int      `yaml:"failures" json:"failures" doc:"In a row."`
	Base     Duration `yaml:"for,omitempty" json:"for,omitempty" doc:"The first time; doubled each time after. 10s when absent."`
	Most     Duration `yaml:"at_most,omitempty" json:"at_most,omitempty" doc:"5m when absent."`
	Share    float64  `yaml:"max_share,omitempty" json:"max_share,omitempty" doc:"Of the targets that may be left alone at once, 0 to 1; 0.5 when absent. One may be, always."`
}

// Breaker says when an upstream is left alone.
type Breaker struct {
	Share float64  `yaml:"failures" json:"failures" doc:"Share of failed requests that opens it, 0 to 1."`
	Least int      `yaml:"min_calls,omitempty" json:"min_calls,omitempty" doc:"20 when absent."`
	Span  Duration `yaml:"window,omitempty" json:"window,omitempty" doc:"10s when absent."`
	Rest  Duration `yaml:"open_for,omitempty" json:"open_for,omitempty" doc:"5s when absent."`
}

func (k *checker) upstream(path string, u Upstream) {
	if len(u.Targets) == 0 {
		k.fault(path+".targets", "an upstream needs at least one target")
	}
	seen := map[string]bool{}
	for i, t := range u.Targets {
		at := fmt.Sprintf("%s.targets[%d]", path, i)
		if _, err := targetOf(t.URL); err != nil {
			k.fault(at+".url", "%v", err)
		}
		if seen[t.URL] {
			k.fault(at+".url", "%s is there twice; give it more weight instead", t.URL)
		}
		seen[t.URL] = true
		if t.State != "" && t.State != "drain" {
			k.fault(at+".state", "there is no state %q of a target; drain is the only one", t.State)
		}
		if t.Priority < 0 || t.Priority > 9 {
			k.fault(at+".priority", "a priority is from 0 to 9")
		}
		if t.Weight < 0 || t.Weight > 1000 {
			k.fault(at+".weight", "a weight is from 1 to 1000")
		}
	}
	if u.Speaks != "" && u.Speaks != "http1" && u.Speaks != "h2" {
		k.fault(path+".protocol", "there is no protocol %q; use http1 or h2", u.Speaks)
	}
	k.tlsUp(path, u)
	switch u.Balance {
	case "", roundRobin, leastOutstanding, consistentHash:
	default:
		k.fault(path+".balance", "there is no way %q to balance; use round_robin, least_outstanding or hash", u.Balance)
	}
	if _, err := hashOf(u.HashOn); err != nil {
		k.fault(path+".hash_on", "%v", err)
	}
	if r := u.Retries; r != nil {
		if r.Attempts < 0 || r.Attempts > 5 {
			k.fault(path+".retries.attempts", "attempts are from 1 to 5")
		}
		if r.Budget < 0 || r.Budget > 1 {
			k.fault(path+".retries.budget", "a budget is a share from 0 to 1")
		}
		for i, s := range r.Statuses {
			if s < 400 || s > 599 {
				k.fault(fmt.Sprintf("%s.retries.statuses[%d]", path, i), "only answers from 400 to 599 can be tried again")
			}
		}
	}
	if b := u.Breaker; b != nil && (b.Share <= 0 || b.Share > 1) {
		k.fault(path+".breaker.failures", "the share of failures is above 0 and at most 1")
	}
	k.durations(path, map[string]Duration{"slow_start": u.Slow})
	if b := u.Breaker; b != nil {
		k.durations(path+".breaker", map[string]Duration{"window": b.Span, "open_for": b.Rest})
	}
	if e := u.Eject; e != nil {
		k.durations(path+".eject", map[string]Duration{"for": e.Base, "at_most": e.Most})
	}
	k.health(path, u)
	k.queue(path, u)
	if u.Bound != 0 && (u.Bound <= 1 || u.Bound > 10) {
		k.fault(path+".hash_bound", "the bound is above 1 and at most 10, such as 1.25")
	}
	k.durations(path, map[string]Duration{"dns_ttl": u.DNS})
	if u.Eject != nil && (u.Eject.Share < 0 || u.Eject.Share > 1) {
		k.fault(path+".eject.max_share", "a share is from 0 to 1")
	}
	if u.Eject != nil && (u.Eject.Failures < 1 || u.Eject.Failures > 1000) {
		k.fault(path+".eject.failures", "failures in a row are from 1 to 1000")
	}
}

// address is where a target is, and how it is spoken to.
type address struct {
	at     string // host:port
	secure bool
	h2     bool
}

// targetOf reads the address of a target.
func targetOf(s string) (address, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return address{}, fmt.Errorf("%q is no address; write http://host:port", s)
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "h2c":
		return address{}, fmt.Errorf("%q has to begin with http://, https:// or h2c://", s)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		return address{}, fmt.Errorf("%q has to be host and port only; use rewrite for paths", s)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "h2c": "80", "https": "443"}[u.Scheme]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return address{}, fmt.Errorf("%q has no valid port", s)
	}
	return address{net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", u.Scheme == "h2c"}, nil
}

func hashOf(s string) (hashKey, error) {
	switch {
	case s == "" || s == "ip":
		return hashKey{kind: "ip"}, nil
	case s == "path":
		return hashKey{kind: "path"}, nil
	case strings.HasPrefix(s, "header:") && len(s) > 7:
		return hashKey{kind: "header", name: strings.ToLower(s[7:])}, nil
	}
	return hashKey{}, fmt.Errorf("%q can't be hashed on; use ip, path or header:NAME", s)
}

func (g *Gateway) compileUpstream(u Upstream, old *upstream) *upstream {
	out := &upstream{name: u.Name, balance: cmp.Or(u.Balance, roundRobin), maxPending: u.Most}
	out.hashOn, _ = hashOf(u.HashOn)
	r := Retries{}
	if u.Retries != nil {
		r = *u.Retries
	}
	out.retry = retryRule{attempts: cmp.Or(r.Attempts, 2), statuses: r.Statuses, methods: r.Methods}
	out.budget = &retryBudget{share: int64(cmp.Or(r.Budget, 0.2) * 1000)}
	out.budget.tokens.Store(budgetFloor)
	if e := u.Eject; e != nil {
		out.eject = ejectRule{failures: int32(e.Failures), base: or(e.Base, 10*time.Second), most: or(e.Most, 5*time.Minute), share: cmp.Or(e.Share, 0.5)}
	}
	if b := u.Breaker; b != nil {
		out.breaker = &breaker{share: b.Share, least: cmp.Or(b.Least, 20), span: or(b.Span, 10*time.Second), rest: or(b.Rest, 5*time.Second)}
	}
	for _, t := range u.Targets {
		out.targets = append(out.targets, g.compileTarget(u, t, old))
	}
	for _, t := range out.targets {
		out.h2 = out.h2 || t.h2
	}
	out.bound, out.health = u.Bound, u.Health
	out.queue = queueOf(u.Queue)
	out.takeOver(old)
	out.prepare()
	return out
}

func (g *Gateway) compileTarget(u Upstream, t Target, old *upstream) *target {
	at, _ := targetOf(t.URL)
	host := strings.TrimSuffix(t.URL[strings.Index(t.URL, "//")+2:], "/")
	n := &target{addr: at.at, label: u.Name + "/" + at.at, host: host, weight: max(t.Weight, 1), slow: time.Duration(u.Slow), h2: at.h2 || u.Speaks == "h2"}
	n.standing, n.priority, n.drain = newStanding(), t.Priority, t.State == "drain"
	way := connectionWay{addr: at.at, secure: at.secure, h2: n.h2}
	if at.secure && u.TLS != nil {
		way.tls = *u.TLS
	}
	if old != nil {
		for _, o := range old.targets {
			if o.pool.way == way {
				n.pool, n.tls, n.tally = o.pool, o.tls, o.tally
				n.pool.names.believe(or(u.DNS, 30*time.Second))
				n.standing = o.standing
				return n
			}
		}
	}
	if at.secure {
		n.tls = newTLSTarget(way, g.files, g.log)
	}
	n.tally = &targetTally{}
	n.pool = newPool(way, n.tls, cmp.Or(u.Idle, 256), g.dial)
	n.pool.names = newNames(at.at, or(u.DNS, 30*time.Second), g.resolve)
	return n
}
