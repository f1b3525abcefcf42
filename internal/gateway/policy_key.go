package gateway

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"strings"
	"time"
)

// KeyPolicy asks for a key.
type KeyPolicy struct {
	Header string `yaml:"header,omitempty" json:"header,omitempty" doc:"X-API-Key when absent; Authorization takes Bearer."`
	Query  string `yaml:"query,omitempty" json:"query,omitempty" doc:"Parameter that is taken as well."`
}

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

var keyKind = policyKind{
	name: "key",
	check: func(k *checker, path string, p *Policies) {
		if q := p.Key; q != nil && q.Header != "" && (!headerForm.MatchString(q.Header) || reserved[strings.ToLower(q.Header)]) {
			k.fault(path+".key.header", "%q can't carry a key", q.Header)
		}
	},
	build: func(b *building, p *Policies) policy {
		q := p.Key
		if q == nil {
			return nil
		}
		return &apiKey{gateway: b.g, header: strings.ToLower(cmp.Or(q.Header, "X-API-Key")), query: q.Query, workspace: b.workspace, api: b.api}
	},
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
