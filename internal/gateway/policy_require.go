package gateway

import (
	"maps"
	"slices"
	"strings"
)

// RequirePolicy is what a token has to hold besides being valid.
type RequirePolicy struct {
	Scopes []string            `yaml:"scopes,omitempty" json:"scopes,omitempty" doc:"All of them."`
	Claims map[string][]string `yaml:"claims,omitempty" json:"claims,omitempty" doc:"Claim, with dots where it is inside another, to values one of which it has; no values: it is there."`
}

var requireKind = policyKind{
	name: "require",
	auth: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Require == nil {
			return
		}
		path += ".require"
		if len(p.Require.Scopes)+len(p.Require.Claims) == 0 {
			k.fault(path, "name scopes or claims")
		}
		for _, s := range p.Require.Scopes {
			if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r >= 0x7f }) { // RFC 6749 3.3
				k.fault(path+".scopes", "%q is no scope", s)
			}
		}
		for name := range p.Require.Claims {
			if name == "" {
				k.fault(path+".claims", "a claim has a name")
			}
		}
	},
	build: func(b *building, p *Policies) policy {
		r := p.Require
		if r == nil {
			return nil
		}
		out := &require{realm: b.api, scopes: r.Scopes}
		for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
			out.claims = append(out.claims, requiredClaim{name, r.Claims[name]})
		}
		return out
	},
}

type require struct {
	realm  string
	scopes []string
	claims []requiredClaim
}

type requiredClaim struct {
	name   string
	values []string
}

func (p *require) check(x *Exchange) *refusal {
	if x.token == nil {
		return &refusal{status: 403, class: Refused, reason: "this needs a token with certain rights; call with one"}
	}
	for _, s := range p.scopes {
		if !x.token.HasScope(s) {
			return &refusal{status: 403, class: Refused, reason: "the token lacks the scope " + s,
				challenge: challenge("Bearer", p.realm, "error", "insufficient_scope", "scope", strings.Join(p.scopes, " "))} // RFC 6750 3.1
		}
	}
	for _, c := range p.claims {
		_, there := x.token.Claim(c.name)
		if !there || len(c.values) > 0 && !slices.ContainsFunc(c.values, func(v string) bool { return x.token.Holds(c.name, v) }) {
			return &refusal{status: 403, class: Refused, reason: "the token's claim " + c.name + " does not give access to this"}
		}
	}
	return nil
}
