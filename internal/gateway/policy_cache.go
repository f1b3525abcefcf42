package gateway

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/cache"
)

// CachePolicy keeps answers and sends them again, by the rules of a shared
// cache (RFC 9111).
type CachePolicy struct {
	TTL       Duration `yaml:"ttl,omitempty" json:"ttl,omitempty" doc:"How long answers are fresh that say nothing of it; absent: they are not kept."`
	Errors    Duration `yaml:"stale_if_error,omitempty" json:"stale_if_error,omitempty" doc:"How long an answer may be sent stale while the upstream fails, where it says nothing of it."`
	Renew     Duration `yaml:"stale_while_revalidate,omitempty" json:"stale_while_revalidate,omitempty" doc:"How long an answer may be sent stale while it is asked for again, where it says nothing of it."`
	MaxAnswer string   `yaml:"max_answer,omitempty" json:"max_answer,omitempty" doc:"Larger answers are not kept; 1MB when absent."`
	Clients   string   `yaml:"clients,omitempty" json:"clients,omitempty" doc:"obeyed (default): what a request's Cache-Control asks for; ignored: only no-store is."`
	When      string   `yaml:"when,omitempty" json:"when,omitempty" doc:"Condition in CEL; see transform."`
}

// maxCachedAnswer bounds one answer in the cache.
const maxCachedAnswer = 4 << 20

var cacheKind = policyKind{
	name: "cache",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		c := p.Cache
		if c == nil {
			return
		}
		path += ".cache"
		k.durations(path, map[string]Duration{"ttl": c.TTL, "stale_if_error": c.Errors, "stale_while_revalidate": c.Renew})
		if c.MaxAnswer != "" {
			if n, err := bytesOf(c.MaxAnswer); err != nil {
				k.fault(path+".max_answer", "%v", err)
			} else if n > maxCachedAnswer {
				k.fault(path+".max_answer", "answers are kept in memory: at most %d MB each", maxCachedAnswer>>20)
			}
		}
		if c.Clients != "" && c.Clients != "obeyed" && c.Clients != "ignored" {
			k.fault(path+".clients", "%q is not known; requests' directives are obeyed or ignored", c.Clients)
		}
		if _, err := compileCondition(c.When); err != nil {
			k.fault(path+".when", "%v", err)
		}
	},
	build: func(b *building, p *Policies) policy {
		c := p.Cache
		if c == nil {
			return nil
		}
		out := &caching{gateway: b.g, params: b.params, most: 1_000_000, ignore: c.Clients == "ignored",
			rules: cache.Rules{Lifetime: time.Duration(c.TTL), Errors: time.Duration(c.Errors), Revalidate: time.Duration(c.Renew)}}
		out.when, _ = compileCondition(c.When)
		if c.MaxAnswer != "" {
			out.most, _ = bytesOf(c.MaxAnswer)
		}
		out.scope = b.workspace + "\x00" + b.api + "\x00"
		// What is published otherwise may answer otherwise.
		out.route = strconv.FormatUint(b.print(), 16) + "\x00"
		return out
	},
}

// Cache says how much the caches of all routes keep.
func (g *Gateway) Cache() cache.Stats { return g.caches.store.Stats() }

// fingerprint changes with what a route does.
func fingerprint(a API, r RouteC, targets []string) uint64 {
	a.Routes, a.State, a.Sunset = nil, "", ""
	b, err := json.Marshal(struct {
		A API
		R RouteC
		T []string
	}{a, r, targets})
	if err != nil {
		return 0
	}
	return fnvMore(fnvStart, b)
}

// The outcomes of a cache, as Exchange.Cache has them.
const (
	CacheHit         = "hit"         // sent from the store, fresh
	CacheMiss        = "miss"        // asked for
	CacheStale       = "stale"       // sent from the store, stale
	CacheRevalidated = "revalidated" // sent from the store; the upstream said that it still holds
	CacheBypass      = "bypass"      // not asked of the store
)

// caching is a shared cache in front of a route.
type caching struct {
	gateway *Gateway
	scope   string // of addresses: workspace and API
	route   string // tells the answers of routes apart
	when    *condition
	params  []string
	rules   cache.Rules
	most    int64
	ignore  bool // directives of requests
}

func (p *caching) check(x *Exchange) *refusal {
	if len(x.upgrade) > 0 || x.grpc || x.Route.overlay.Load() != nil || !p.when.holds(x, p.params) {
		x.bypass("bypass")
		return nil
	}
	method := string(x.outMethod())
	key := p.keyOf(x, string(x.Target))
	switch method {
	case "GET", "HEAD":
	case "OPTIONS", "TRACE":
		x.bypass("method")
		return nil
	default:
		x.bypass("method")
		x.wrap(func(inner lane) lane { return &invalidating{lane: inner, policy: p, key: key, x: x} })
		return nil
	}
	c := &cached{policy: p, x: x, key: key, get: method == "GET", request: p.directives(x)}
	c.conditions = clientConditions(x)
	return c.look()
}

// keyOf names the address as the client has it, so that what changes it by
// another route is found too.
func (p *caching) keyOf(x *Exchange, target string) string {
	// With the port and the scheme: the upstream is told both, and may use them
	// in what it answers.
	secure := "\x00"
	if x.TLS {
		secure = "s\x00"
	}
	return p.scope + string(x.HostAs) + secure + target
}

func (p *caching) directives(x *Exchange) cache.Directives {
	control, _ := joined(x.Fields, "cache-control")
	pragma, _ := joined(x.Fields, "pragma")
	d := cache.Parse(control, pragma)
	if p.ignore {
		d = cache.Directives{NoStore: d.NoStore}
	}
	return d
}

// bypass notes that the store was not asked, and why (RFC 9211 2.2).
func (x *Exchange) bypass(why string) {
	x.Cache = CacheBypass
	x.say("Cache-Status", "hypercare; fwd="+why)
}

// clientConditions are the client's own conditions on the answer.
func clientConditions(x *Exchange) cache.Fields {
	var out cache.Fields
	for _, name := range []string{"If-None-Match", "If-Modified-Since"} {
		if v, ok := joined(x.Fields, strings.ToLower(name)); ok {
			out = append(out, cache.Field{Name: name, Value: v})
		}
	}
	return out
}

// owners are for whom answers may be: everybody, and who asks, where the
// gateway knows that; each on this route, as the upstream is asked. known is
// false for credentials whose owner nobody here knows.
func (p *caching) owners(x *Exchange) (list []string, known bool) {
	all := p.route + string(x.outTarget(nil)) + "\x00"
	_, sent := x.value("authorization")
	credentials := sent || x.Consumer != nil || x.token != nil || x.client != nil || x.proven != 0
	switch {
	case !credentials && x.User == "":
		return []string{all, all + "\x02"}, true // nobody in particular
	case x.User == "" && (x.Consumer == nil || x.token != nil):
		return []string{all}, false // somebody, but nobody here can tell whom
	}
	if !x.Proven && x.Consumer == nil {
		return []string{all}, false // anybody can say that they are this user
	}
	// What the upstream is told of them besides tells apart, too.
	who := all + "\x01" + x.User + "\x01" + string(x.added)
	if x.Consumer != nil {
		who += "\x01" + x.Consumer.Application
	}
	return []string{all, who}, true
}
