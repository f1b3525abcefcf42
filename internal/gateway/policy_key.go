package gateway

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"strings"
	"sync/atomic"
	"time"
)

// KeyPolicy asks for a key.
type KeyPolicy struct {
	Header string `yaml:"header,omitempty" json:"header,omitempty" doc:"X-API-Key when absent; Authorization takes Bearer."`
	Query  string `yaml:"query,omitempty" json:"query,omitempty" doc:"Parameter that is taken as well; the upstream does not see it."`
}

// Keys knows who may call: the application package, which keeps all valid
// keys in memory and follows the records. A lookup must not wait.
type Keys interface {
	// Find returns whose key has a hash. sure is false when the records could
	// not be read lately, so that an unknown key may be a new one.
	Find(sum [sha256.Size]byte) (c *Consumer, sure bool)
}

// Applications is what Keys may know besides, for kinds that find an
// application by something else than its key. A lookup must not wait.
type Applications interface {
	// Application returns one of a workspace by its id or name.
	Application(workspace, name string) (c *Consumer, sure bool)
	// Signer returns a secret to verify signatures with, by its id.
	Signer(id string) (s *Signer, sure bool)
	// Plan returns the limits of a plan, nil for none.
	Plan(workspace, name string) *Plan
}

// Consumer is an application by one of its keys, as a request carries it.
type Consumer struct {
	Workspace   string
	Application string // id
	Name        string
	Key         string // first characters of the key, to recognise it by; "" when it came without one
	KeyID       string
	Plan        string
	APIs        []string // that it may call, or one route of one as api/route; empty: all
	Expires     time.Time
	Used        *atomic.Int64 // when the key was last used, in seconds since 1970; may be nil
}

// Signer is a secret that an application signs with.
type Signer struct {
	Consumer
	Secret []byte
}

// mayCall reports whether the application has access to a route.
func (c *Consumer) mayCall(r *Route) bool {
	if len(c.APIs) == 0 {
		return true
	}
	for _, of := range c.APIs {
		if of == r.API || len(of) > len(r.API) && of[len(r.API)] == '/' && of[:len(r.API)] == r.API && of[len(r.API)+1:] == r.Name {
			return true
		}
	}
	return false
}

// touch notes that the key was used; once a second is enough.
func (c *Consumer) touch(now time.Time) {
	if c.Used == nil {
		return
	}
	if s := now.Unix(); c.Used.Load() < s {
		c.Used.Store(s)
	}
}

var keyKind = policyKind{
	name: "key",
	auth: true,
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
		return &apiKey{authentication: b.authentication(p), header: strings.ToLower(cmp.Or(q.Header, "X-API-Key")), query: q.Query}
	},
}

// apiKey asks for a key of an application.
type apiKey struct {
	authentication
	header string // lower case
	query  string // parameter; "" for none
}

var bearer = []byte("bearer ")

// KeyPrefix is how every key begins, so that it is told from a token.
const KeyPrefix = "hck_"

func (p *apiKey) strips() []string { return []string{p.header} }

func (p *apiKey) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	key, ok := x.value(p.header)
	if ok {
		if len(key) > len(bearer) && bytes.EqualFold(key[:len(bearer)], bearer) {
			key = bytes.TrimSpace(key[len(bearer):])
		}
	} else if p.query != "" {
		if key, ok = parameter(x.Query, p.query); ok {
			x.cutParameter(p.query)
		}
	}
	if !ok || len(key) == 0 || p.any && p.header == "authorization" && !bytes.HasPrefix(key, []byte(KeyPrefix)) {
		return p.absent(x, p.refuse("this API asks for a key; send it as the header "+p.header))
	}
	keys := p.g.keys
	if keys == nil {
		return &refusal{status: 503, class: NoUpstream, reason: "keys can't be checked at the moment; try again", after: 5 * time.Second}
	}
	c, sure := keys.Find(sha256.Sum256(key))
	switch {
	case c == nil && !sure:
		return &refusal{status: 503, class: Refused, reason: "this key can't be checked at the moment; try again", after: 5 * time.Second}
	case c == nil || c.Workspace != p.workspace: // a tenant's key opens nothing of another's
		return p.refuse("this key is not known, or not valid any more")
	case c.expired(x.Start):
		return p.refuse("this key has expired; make a new one")
	}
	return p.admit(x, c)
}

func (c *Consumer) expired(now time.Time) bool { return !c.Expires.IsZero() && !now.Before(c.Expires) }

// refuse is a 401. There is no registered scheme for keys; the name is what
// others use, and the parameter says where the key goes.
func (p *apiKey) refuse(reason string) *refusal {
	c := challenge("ApiKey", p.realm, "header", p.header)
	if p.header == "authorization" {
		c = challenge("Bearer", p.realm)
	}
	return &refusal{status: 401, class: Refused, reason: reason, challenge: c}
}

// cutParameter takes a parameter out of what the upstream gets: it is a
// secret.
func (x *Exchange) cutParameter(name string) {
	kept := make([]byte, 0, len(x.Target))
	kept = append(kept, x.Path...)
	sep := byte('?')
	for part := range bytes.SplitSeq(x.Query, []byte("&")) {
		if k, _, _ := bytes.Cut(part, []byte("=")); string(k) == name {
			continue
		}
		kept = append(kept, sep)
		kept = append(kept, part...)
		sep = '&'
	}
	x.Target = kept
	x.Path, x.Query = kept[:len(x.Path)], nil
	if len(kept) > len(x.Path)+1 {
		x.Query = kept[len(x.Path)+1:]
	}
}
