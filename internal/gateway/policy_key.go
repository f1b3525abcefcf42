package gateway

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"time"
)

// Keys knows who may call: the application package, which keeps all valid
// keys in memory and follows the records. A lookup must not wait.
type Keys interface {
	// Find returns whose key has a hash. sure is false when the records could
	// not be read lately, so that an unknown key may be a new one.
	Find(sum [sha256.Size]byte) (c *Consumer, sure bool)
}

// Consumer is an application by one of its keys, as a request carries it.
type Consumer struct {
	Workspace   string
	Application string // id
	Name        string
	Key         string // first characters of the key, to recognise it by
	KeyID       string
	Plan        string
	APIs        []string // that it may call; empty: all
	Expires     time.Time
}

// apiKey asks for a key of an application.
type apiKey struct {
	gateway *Gateway
	header  string // lower case
	query   string // parameter; "" for none

	workspace, api string
}

var bearer = []byte("bearer ")

func (p *apiKey) check(x *Exchange) *refusal {
	key, ok := x.value(p.header)
	if ok {
		x.hidden = p.header
		if len(key) > len(bearer) && bytes.EqualFold(key[:len(bearer)], bearer) {
			key = bytes.TrimSpace(key[len(bearer):])
		}
	} else if p.query != "" {
		key, ok = parameter(x.Query, p.query)
	}
	if !ok || len(key) == 0 {
		return &refusal{status: 401, class: Refused, reason: "this API asks for a key; send it as the header " + p.header}
	}
	keys := p.gateway.keys
	if keys == nil {
		return &refusal{status: 503, class: NoUpstream, reason: "keys can't be checked at the moment; try again", after: 5 * time.Second}
	}
	c, sure := keys.Find(sha256.Sum256(key))
	switch {
	case c == nil && !sure:
		return &refusal{status: 503, class: Refused, reason: "this key can't be checked at the moment; try again", after: 5 * time.Second}
	case c == nil || c.Workspace != p.workspace: // a tenant's key opens nothing of another's
		return &refusal{status: 401, class: Refused, reason: "this key is not known, or not valid any more"}
	case !c.Expires.IsZero() && c.Expires.Before(x.Start):
		return &refusal{status: 401, class: Refused, reason: "this key has expired; make a new one"}
	}
	x.Consumer = c
	if len(c.APIs) > 0 && !contains(c.APIs, p.api) {
		return &refusal{status: 403, class: Refused, reason: "the application of this key has no access to this API"}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// parameter returns the first value of a query's parameter as it stands there,
// which for keys is as it is.
func parameter(query []byte, name string) ([]byte, bool) {
	for len(query) > 0 {
		part := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			part, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		if k, v, ok := bytes.Cut(part, []byte("=")); ok && string(k) == name {
			return v, true
		}
	}
	return nil, false
}

// cors answers browsers that ask whether another origin may call (Fetch
// standard, 3.2 CORS protocol).
type cors struct {
	origins     map[string]bool
	any         bool
	methods     string
	headers     string
	expose      string
	credentials bool
	age         string
}

func (p *cors) check(x *Exchange) *refusal {
	origin, ok := x.value("origin")
	if !ok {
		return nil
	}
	if !p.any && !p.origins[string(origin)] {
		if string(x.Method) == "OPTIONS" {
			if _, asks := x.value("access-control-request-method"); asks {
				return &refusal{status: 403, class: Refused, reason: "this origin may not call this API from a browser"}
			}
		}
		return nil // the browser keeps the answer from the page
	}
	allow := string(origin)
	if p.any && !p.credentials {
		allow = "*"
	} else {
		x.say("Vary", "Origin")
	}
	x.say("Access-Control-Allow-Origin", allow)
	if p.credentials {
		x.say("Access-Control-Allow-Credentials", "true")
	}
	if _, asks := x.value("access-control-request-method"); asks && string(x.Method) == "OPTIONS" {
		x.say("Access-Control-Allow-Methods", p.methods)
		if p.headers != "" {
			x.say("Access-Control-Allow-Headers", p.headers)
		} else if h, ok := x.value("access-control-request-headers"); ok && !bytes.ContainsAny(h, "\r\n") {
			x.say("Access-Control-Allow-Headers", string(h))
		}
		x.say("Access-Control-Max-Age", p.age)
		return &refusal{status: 204}
	}
	if p.expose != "" {
		x.say("Access-Control-Expose-Headers", p.expose)
	}
	return nil
}

// headerChange sets and removes fields of the request on its way.
type headerChange struct {
	remove map[string]bool // lower case
	set    []setHeader
}

func (p *headerChange) check(x *Exchange) *refusal {
	x.changes = p
	return nil
}

// touches reports whether a field as it came is not passed on.
func (p *headerChange) touches(name []byte) bool {
	if p.remove[strings.ToLower(string(name))] {
		return true
	}
	for i := range p.set {
		if len(p.set[i].name) == len(name) && strings.EqualFold(p.set[i].name, string(name)) {
			return true
		}
	}
	return false
}
