package gateway

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/token"
)

// TokenPolicy is what policies for tokens have in common.
type TokenPolicy struct {
	Audience    []string          `yaml:"audience,omitempty" json:"audience,omitempty" doc:"One of them must be in aud; absent: not looked at."`
	Leeway      Duration          `yaml:"leeway,omitempty" json:"leeway,omitempty" doc:"How far clocks may differ; 30s when absent, at most 5m."`
	Header      string            `yaml:"header,omitempty" json:"header,omitempty" doc:"Where the token is; Authorization when absent, with Bearer."`
	Cookie      string            `yaml:"cookie,omitempty" json:"cookie,omitempty" doc:"Where it is taken from as well."`
	Forward     bool              `yaml:"forward,omitempty" json:"forward,omitempty" doc:"The upstream gets the token too; else the header is taken off."`
	User        string            `yaml:"user_claim,omitempty" json:"user_claim,omitempty" doc:"Claim that is the user's id; sub when absent."`
	Session     string            `yaml:"session_claim,omitempty" json:"session_claim,omitempty" doc:"Claim that is the session's id; sid when absent."`
	Application string            `yaml:"application_claim,omitempty" json:"application_claim,omitempty" doc:"Claim that is the id or name of an application, such as azp or client_id: its plan and access hold."`
	Headers     map[string]string `yaml:"claims_to_headers,omitempty" json:"claims_to_headers,omitempty" doc:"Header for the upstream to claim; what clients send under these names is taken off."`
}

// tokenDefaults of what is absent.
const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
)

func (k *checker) token(path string, t TokenPolicy) {
	k.durations(path, map[string]Duration{"leeway": t.Leeway})
	if time.Duration(t.Leeway) > maxLeeway {
		k.fault(path+".leeway", "a leeway is at most %s", maxLeeway)
	}
	if t.Header != "" && (!headerForm.MatchString(t.Header) || reserved[strings.ToLower(t.Header)]) {
		k.fault(path+".header", "%q can't carry a token", t.Header)
	}
	if t.Cookie != "" && !headerForm.MatchString(t.Cookie) {
		k.fault(path+".cookie", "%q is no name of a cookie", t.Cookie)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Headers)) {
		if !headerForm.MatchString(name) || reserved[strings.ToLower(name)] {
			k.fault(path+".claims_to_headers", "%q can't be set here", name)
		}
		if t.Headers[name] == "" {
			k.fault(path+".claims_to_headers", "name the claim that goes into %s", name)
		}
	}
}

// config is what a verifier needs of it.
func (t *TokenPolicy) config(issuer string) token.Config {
	c := token.Config{Issuer: issuer, Audiences: t.Audience, Leeway: or(t.Leeway, defaultLeeway), User: []string{cmp.Or(t.User, "sub")}, Session: []string{cmp.Or(t.Session, "sid")}}
	if t.Application != "" {
		c.Client = []string{t.Application}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Headers)) {
		c.Headers = append(c.Headers, token.Header{Name: http.CanonicalHeaderKey(name), Claim: t.Headers[name]})
	}
	return c
}

// verifier verifies a token, remembering those that it knows.
type verifier interface {
	Verify(raw []byte, now time.Time) (*token.Token, *token.Error)
}

// bearerToken asks for a token (RFC 6750).
type bearerToken struct {
	authentication
	verifier
	header  string // lower case
	cookie  string
	hides   []string
	toApp   bool
	twoDots bool // only what looks like a JSON Web Token is one
}

func (b *building) bearer(p *Policies, t *TokenPolicy, v verifier) bearerToken {
	out := bearerToken{authentication: b.authentication(p), verifier: v, header: strings.ToLower(cmp.Or(t.Header, "Authorization")), cookie: t.Cookie, toApp: t.Application != ""}
	if !t.Forward {
		out.hides = append(out.hides, out.header)
	}
	for name := range t.Headers {
		out.hides = append(out.hides, strings.ToLower(name))
	}
	return out
}

func (p *bearerToken) strips() []string { return p.hides }

func (p *bearerToken) uses() any { return p.verifier }

// carried returns the token that a request carries.
func (p *bearerToken) carried(x *Exchange) []byte {
	v, ok := x.value(p.header)
	if ok && len(v) > len(bearer) && bytes.EqualFold(v[:len(bearer)], bearer) {
		v = bytes.TrimSpace(v[len(bearer):])
	} else if p.header == "authorization" {
		v, ok = nil, false // another scheme
	}
	if !ok && p.cookie != "" {
		v = x.cookie(p.cookie)
	}
	if p.any && (p.twoDots && bytes.Count(v, []byte(".")) != 2 || bytes.HasPrefix(v, []byte(KeyPrefix))) {
		return nil // for another kind
	}
	return v
}

func (p *bearerToken) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	raw := p.carried(x)
	if len(raw) == 0 {
		// Without a token the challenge has no error code (RFC 6750 3.1).
		return p.absent(x, &refusal{status: 401, class: Refused, reason: "this API asks for a token; send it as Authorization: Bearer", challenge: challenge("Bearer", p.realm)})
	}
	t, err := p.Verify(raw, x.Start)
	switch {
	case err != nil && err.Unavailable:
		return &refusal{status: 503, class: Refused, reason: err.Reason, after: err.After}
	case err != nil:
		return p.invalid(err.Reason)
	case t.Thumb != "" && (x.client == nil || t.Thumb != thumbprint(x.client.Leaf.Raw)): // RFC 8705 3
		return p.invalid("the token is bound to another client certificate")
	}
	if p.toApp {
		if no := p.application(x, t); no != nil {
			return no
		}
	}
	x.token = t
	if t.User != "" {
		x.User, x.Proven = t.User, true
	}
	if t.Session != "" {
		x.Session = t.Session
	}
	x.added = append(x.added, t.Lines...)
	p.found(x)
	return nil
}

func (p *bearerToken) invalid(reason string) *refusal {
	return &refusal{status: 401, class: Refused, reason: reason, challenge: challenge("Bearer", p.realm, "error", "invalid_token", "error_description", reason)}
}

// application finds who the token was issued to.
func (p *bearerToken) application(x *Exchange, t *token.Token) *refusal {
	var c *Consumer
	sure := true
	if apps := p.g.applications; apps != nil && t.Client != "" {
		c, sure = apps.Application(p.workspace, t.Client)
	}
	switch {
	case c == nil && !sure:
		return &refusal{status: 503, class: Refused, reason: "the token's application can't be looked up at the moment; try again", after: 5 * time.Second}
	case c == nil:
		return &refusal{status: 403, class: Refused, reason: "the application that this token was issued to is not known here"}
	}
	return p.admit(x, c)
}

func thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// cookie returns a cookie of the request (RFC 6265 5.4): the first of the name.
func (x *Exchange) cookie(name string) []byte {
	for i := range x.Fields {
		if !isName(x.Fields[i].Name, "cookie") {
			continue
		}
		for part := range bytes.SplitSeq(x.Fields[i].Value, []byte(";")) {
			k, v, ok := bytes.Cut(bytes.TrimSpace(part), []byte("="))
			if ok && string(k) == name {
				return bytes.Trim(v, `"`)
			}
		}
	}
	return nil
}

// identityOf is what a verifier is found again by after a new publication.
func identityOf(workspace, kind string, cfg any) string {
	return fmt.Sprintf("%s %s %#v", workspace, kind, cfg)
}
