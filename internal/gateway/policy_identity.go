package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// IdentityPolicy says who the user of a call is, and which session it is of:
// what evidence is joined by.
type IdentityPolicy struct {
	User    *IdentitySource `yaml:"user,omitempty" json:"user,omitempty"`
	Session *IdentitySource `yaml:"session,omitempty" json:"session,omitempty"`
	Trust   string          `yaml:"trust,omitempty" json:"trust,omitempty" doc:"Whose headers and cookies are believed: anyone (default) or proxies, those of trusted_proxies. Of others they are taken off. Claims are always verified."`
}

// IdentitySource is where it stands: exactly one of header, cookie and claim.
type IdentitySource struct {
	Header string `yaml:"header,omitempty" json:"header,omitempty" doc:"Such as X-User-Id."`
	Cookie string `yaml:"cookie,omitempty" json:"cookie,omitempty" doc:"Kept as the first 32 hex digits of its SHA-256, since it is a secret, unless plain."`
	Claim  string `yaml:"claim,omitempty" json:"claim,omitempty" doc:"Of the token that a jwt or introspection policy verified."`
	Plain  bool   `yaml:"plain,omitempty" json:"plain,omitempty" doc:"The cookie is no secret and is kept as it is."`
	Send   string `yaml:"send,omitempty" json:"send,omitempty" doc:"Header by which the upstream is told; what clients send under this name is taken off."`
}

// Whose word counts.
const (
	trustAnyone  = "anyone"
	trustProxies = "proxies"
)

var identityKind = policyKind{
	name: "identity",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Identity == nil {
			return
		}
		path += ".identity"
		if p.Identity.User == nil && p.Identity.Session == nil {
			k.fault(path, "say where user or session stands")
		}
		switch p.Identity.Trust {
		case "", trustAnyone, trustProxies:
		default:
			k.fault(path+".trust", "%q can't be trusted; use anyone or proxies", p.Identity.Trust)
		}
		k.identity(path+".user", p.Identity.User)
		k.identity(path+".session", p.Identity.Session)
	},
	build: func(_ *building, p *Policies) policy {
		i := p.Identity
		if i == nil {
			return nil
		}
		proxies := i.Trust == trustProxies
		return &identity{user: i.User.compile(proxies), session: i.Session.compile(proxies), proxies: proxies}
	},
}

func (k *checker) identity(path string, s *IdentitySource) {
	if s == nil {
		return
	}
	n := 0
	for _, v := range []string{s.Header, s.Cookie, s.Claim} {
		if v != "" {
			n++
		}
	}
	if n != 1 {
		k.fault(path, "it stands in exactly one of header, cookie and claim")
	}
	for field, name := range map[string]string{"header": s.Header, "send": s.Send} {
		if name != "" && (!headerForm.MatchString(name) || reserved[strings.ToLower(name)]) {
			k.fault(path+"."+field, "%q can't carry it", name)
		}
	}
	if s.Cookie != "" && !headerForm.MatchString(s.Cookie) {
		k.fault(path+".cookie", "%q is no name of a cookie", s.Cookie)
	}
	if s.Plain && s.Cookie == "" {
		k.fault(path+".plain", "plain is for cookies")
	}
}

type identity struct {
	user, session *identitySource
	proxies       bool
}

type identitySource struct {
	header string // lower case
	cookie string
	claim  string
	plain  bool
	send   string
}

func (s *IdentitySource) compile(proxies bool) *identitySource {
	if s == nil {
		return nil
	}
	out := &identitySource{header: strings.ToLower(s.Header), cookie: s.Cookie, claim: s.Claim, plain: s.Plain}
	if s.Send != "" {
		out.send = http.CanonicalHeaderKey(s.Send)
	} else if proxies && s.Header != "" { // taken off what anyone sent, so put there again
		out.send = http.CanonicalHeaderKey(s.Header)
	}
	return out
}

// strips implements stripper: a header by which the upstream is told must be
// the gateway's word; one that only proxies may send goes on when they did.
func (p *identity) strips() []string {
	var out []string
	for _, s := range []*identitySource{p.user, p.session} {
		if s == nil {
			continue
		}
		if s.send != "" {
			out = append(out, strings.ToLower(s.send))
		}
		if p.proxies && s.header != "" {
			out = append(out, s.header)
		}
	}
	return out
}

func (p *identity) check(x *Exchange) *refusal {
	if v, ok := p.find(x, p.user); ok {
		x.User, x.Proven = v, p.user.claim != "" && v != ""
	}
	if v, ok := p.find(x, p.session); ok {
		x.Session = v
	}
	return nil
}

// find returns what the source says; not ok: nothing is asked of it.
func (p *identity) find(x *Exchange, s *identitySource) (v string, ok bool) {
	if s == nil {
		return "", false
	}
	believed := !p.proxies || x.trusted
	switch {
	case s.claim != "":
		if x.token != nil {
			v, _ = x.token.Text(s.claim)
		}
	case !believed:
	case s.header != "":
		b, _ := x.value(s.header)
		v = oneLine(string(b))
	default:
		if b := x.cookie(s.cookie); len(b) > 0 {
			v = oneLine(string(b))
			if !s.plain {
				sum := sha256.Sum256(b)
				v = hex.EncodeToString(sum[:16])
			}
		}
	}
	if v != "" && s.send != "" {
		x.added = h1.AppendLine(x.added, s.send, v)
	}
	return v, true
}

// maxIdentity bounds an id that is kept of each call.
const maxIdentity = 200

// oneLine returns a text if it can stand in a log as it is, else "".
func oneLine(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxIdentity || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return s
}
