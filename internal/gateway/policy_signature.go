package gateway

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/signature"
)

// SignaturePolicy asks for an HTTP Message Signature (RFC 9421) with the
// secret of an application, over method, address, body and what else is named.
type SignaturePolicy struct {
	Components []string `yaml:"components,omitempty" json:"components,omitempty" doc:"Fields that must be signed besides @method, the address, and content-digest where there is a body; in lower case."`
	Window     Duration `yaml:"window,omitempty" json:"window,omitempty" doc:"How old a signature may be; 5m when absent, at most 1h."`
	Replay     bool     `yaml:"without_nonce,omitempty" json:"without_nonce,omitempty" doc:"Takes signatures without a nonce, which can be sent again within the window."`
	Tag        string   `yaml:"tag,omitempty" json:"tag,omitempty" doc:"That the signature must have."`
}

const (
	defaultWindow = 5 * time.Minute
	maxWindow     = time.Hour
	// futureSkew is how far ahead a signer's clock may be.
	futureSkew = 30 * time.Second
)

var signatureKind = policyKind{
	name: "signature",
	auth: true,
	once: true,
	check: func(k *checker, path string, p *Policies) {
		s := p.Signature
		if s == nil {
			return
		}
		path += ".signature"
		k.durations(path, map[string]Duration{"window": s.Window})
		if time.Duration(s.Window) > maxWindow {
			k.fault(path+".window", "a window is at most %s", maxWindow)
		}
		for _, c := range s.Components {
			if !headerForm.MatchString(c) || strings.ToLower(c) != c {
				k.fault(path+".components", "%q is no field in lower case", c)
			}
		}
		if len(s.Tag) > 100 || strings.ContainsFunc(s.Tag, func(r rune) bool { return r < ' ' || r > '~' }) {
			k.fault(path+".tag", "a tag is ASCII, at most 100 characters")
		}
	},
	build: func(b *building, p *Policies) policy {
		s := p.Signature
		if s == nil {
			return nil
		}
		return &signed{authentication: b.authentication(p), components: s.Components, window: or(s.Window, defaultWindow), nonce: !s.Replay, nonces: b.g.nonces.of(b.workspace), tag: s.Tag}
	},
}

type signed struct {
	authentication
	components []string
	window     time.Duration
	nonce      bool
	nonces     *nonces // of the workspace
	tag        string
}

func (p *signed) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	m := x.message()
	list, err := signature.Parse(&m)
	switch {
	case err != nil:
		return p.refuse(x, "the signature can't be used: "+err.Error())
	case len(list) == 0:
		return p.absent(x, p.refuse(x, "this API asks for a signature (RFC 9421) with an application's secret"))
	}
	no := p.refuse(x, "no signature here is made for this API")
	for i := range list {
		if p.tag != "" && list[i].Tag != p.tag {
			continue
		}
		if no = p.verify(x, &m, &list[i]); no == nil {
			return nil
		}
	}
	return no
}

func (p *signed) verify(x *Exchange, m *signature.Message, s *signature.Signature) *refusal {
	now := x.Start
	switch {
	case s.KeyID == "" || s.Created.IsZero() || p.nonce && s.Nonce == "":
		return p.refuse(x, "a signature says keyid, created and nonce")
	case now.Sub(s.Created) > p.window || s.Created.Sub(now) > futureSkew || !s.Expires.IsZero() && !now.Before(s.Expires):
		return p.refuse(x, "the signature is too old, or its clock is wrong; sign each request anew")
	}
	if name := p.unsigned(x, s); name != "" {
		return p.refuse(x, "the signature has to cover "+name)
	}
	var who *Signer
	sure := false
	if p.g.applications != nil {
		who, sure = p.g.applications.Signer(s.KeyID)
	}
	if who == nil && !sure {
		return &refusal{status: 503, class: Refused, reason: "this signature can't be checked at the moment; try again", after: 5 * time.Second}
	}
	if who == nil || who.Workspace != p.workspace || who.expired(now) {
		return p.refuse(x, "the signature's keyid is not known, or not valid any more")
	}
	if ok, err := s.Verify(m, who.Secret); err != nil {
		return p.refuse(x, "the signature can't be checked: "+err.Error())
	} else if !ok {
		return p.refuse(x, "the signature is wrong")
	}
	var digest *signature.Digest
	if x.Body {
		var err error
		if digest, err = signature.ParseDigest(m.Field("content-digest")); err != nil {
			return p.refuse(x, err.Error())
		}
	}
	if p.nonce { // only now: others must not use up somebody's nonces
		switch fresh, full := p.nonces.take(s.KeyID, s.Nonce, now, s.Created.Add(p.window)); {
		case full:
			return &refusal{status: 503, class: Overloaded, reason: "this application signed more requests within the window than are remembered; send fewer", after: time.Second}
		case !fresh:
			return p.refuse(x, "this signature was used before; sign each request with a nonce of its own")
		}
	}
	if no := p.admit(x, &who.Consumer); no != nil {
		return no
	}
	if digest != nil {
		x.wrap(func(inner lane) lane { return &digested{lane: inner, digest: digest, x: x} })
	}
	return nil
}

// unsigned returns what the signature had to cover and does not.
func (p *signed) unsigned(x *Exchange, s *signature.Signature) string {
	switch {
	case !s.Covers("@method"):
		return "@method"
	case !s.CoversTarget(len(x.Query) > 0):
		return "@target-uri"
	case x.Body && !s.Covers("content-digest"):
		return "content-digest"
	}
	for _, c := range p.components {
		if !s.Covers(c) {
			return c
		}
	}
	return ""
}

// refuse is a 401 that says what would be taken (RFC 9421 5.1).
func (p *signed) refuse(x *Exchange, reason string) *refusal {
	list := `"@method" "@target-uri"`
	if x.Body {
		list += ` "content-digest"`
	}
	for _, c := range p.components {
		list += ` "` + c + `"`
	}
	accept := "sig=(" + list + ");created;keyid;alg=\"" + signature.Algorithm + `"`
	if p.nonce {
		accept += `;nonce`
	}
	if p.tag != "" {
		var b strings.Builder
		quote(&b, p.tag)
		accept += `;tag="` + b.String() + `"`
	}
	if !p.any {
		x.say("Accept-Signature", accept)
	}
	return &refusal{status: 401, class: Refused, reason: reason, challenge: challenge("Signature", p.realm)}
}

// message is the request as its signer saw it.
func (x *Exchange) message() signature.Message {
	m := signature.Message{Method: string(x.Method), Scheme: "http", Authority: string(x.HostAs), Target: string(x.Target), Field: func(lower string) (list []string) {
		for i := range x.Fields {
			if isName(x.Fields[i].Name, lower) {
				list = append(list, string(x.Fields[i].Value))
			}
		}
		return list
	}}
	if x.TLS {
		m.Scheme = "https"
	}
	if x.trusted { // by a proxy of ours that took the TLS off
		if v, ok := x.value("x-forwarded-proto"); ok && string(v) == "https" {
			m.Scheme = "https"
		}
	}
	return m
}

// digested holds the body against what was signed. Its last piece is passed on
// when all of it is right: an upstream never gets a whole request that is not.
type digested struct {
	lane
	digest *signature.Digest
	x      *Exchange
}

var errDigest = errors.New("the body is not what was signed")

// more implements lane.
func (l *digested) more() ([]byte, bool, bool, error) {
	b, framed, done, err := l.lane.more()
	if err != nil {
		return b, framed, done, err
	}
	_, _ = l.digest.Write(b)
	if done && !l.digest.Holds() {
		return nil, framed, false, errDigest
	}
	return b, framed, done, nil
}

// nonceBook has the nonces of each workspace: one that floods its own harms no
// other. It outlives publications.
type nonceBook struct {
	mu   sync.Mutex
	list map[string]*nonces
}

func (b *nonceBook) of(workspace string) *nonces {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.list == nil {
		b.list = map[string]*nonces{}
	}
	if b.list[workspace] == nil {
		b.list[workspace] = &nonces{}
	}
	return b.list[workspace]
}

// nonces remembers which were used, bounded: those of one key share a shard,
// so that an application that floods it refuses itself.
type nonces struct {
	shards [64]nonceShard
}

// noncesEach bounds a shard.
const noncesEach = 8192

type nonceShard struct {
	mu    sync.Mutex
	until map[[16]byte]int64 // seconds
	swept int64
}

// take uses a nonce up. full: nothing more can be remembered.
func (n *nonces) take(key, nonce string, now, until time.Time) (fresh, full bool) {
	sum := sha256.Sum256([]byte(key + "\x00" + nonce))
	of := sha256.Sum256([]byte(key))
	s := &n.shards[int(of[0])%len(n.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[[16]byte]int64{}
	}
	id := [16]byte(sum[:16])
	if t, used := s.until[id]; used && t >= now.Unix() {
		return false, false
	}
	if len(s.until) >= noncesEach && s.swept < now.Unix() {
		s.swept = now.Unix()
		for k, t := range s.until {
			if t < now.Unix() {
				delete(s.until, k)
			}
		}
	}
	if len(s.until) >= noncesEach {
		return false, true
	}
	s.until[id] = until.Unix() + 1
	return true, false
}
