package gateway

import "strings"

// The ways in which several kinds of authentication go together.
const (
	authAll  = "all"
	authAny  = "any"
	authNone = "none"
)

// authenticationKind stands behind the kinds that tell who asks: where any of
// them is enough, it refuses those for whom none was.
var authenticationKind = policyKind{
	name: "authentication",
	auth: true,
	check: func(k *checker, path string, p *Policies) {
		kinds := 0
		for _, there := range []bool{p.MTLS != nil, p.Key != nil, p.Basic != nil, p.Signature != nil, p.JWT != nil, p.Introspection != nil} {
			if there {
				kinds++
			}
		}
		switch p.Authentication {
		case "", authAll:
		case authAny:
			if kinds == 0 {
				k.fault(path+".authentication", "any of nothing is nobody; name key, jwt or another kind here")
			}
		case authNone:
			if kinds > 0 {
				k.fault(path+".authentication", "none and a kind of authentication contradict each other")
			} else if !strings.Contains(path, ".routes[") {
				k.fault(path+".authentication", "none is for routes: it turns off what the API asks for")
			}
		default:
			k.fault(path+".authentication", "%q is no way to authenticate; use all, any or none", p.Authentication)
		}
	},
	build: func(b *building, p *Policies) policy {
		if p.Authentication != authAny {
			return nil
		}
		return &someAuthentication{b.authentication(p)}
	},
}

// authentication is what the kinds have in common that tell who asks.
type authentication struct {
	any   bool // one of the kinds beside this one is enough
	bit   uint8
	realm string // the API, for challenges
	g     *Gateway

	workspace, api string
}

func (b *building) authentication(p *Policies) authentication {
	a := authentication{any: p.Authentication == authAny, bit: 1, realm: b.api, g: b.g, workspace: b.workspace, api: b.api}
	if b.ofRoute {
		a.bit = 2
	}
	return a
}

// settled reports whether another kind has told who asks, which is enough.
func (a *authentication) settled(x *Exchange) bool { return a.any && x.proven&a.bit != 0 }

// absent refuses a request without what this kind looks for, unless another
// kind may find what it looks for.
func (a *authentication) absent(x *Exchange, no *refusal) *refusal {
	if a.any {
		if no.challenge != "" {
			x.dares = append(x.dares, no.challenge)
		}
		return nil
	}
	return no
}

// found is for kinds that know who asks.
func (a *authentication) found(x *Exchange) { x.proven |= a.bit }

// admit takes an application whose credential was found, and refuses one
// without access to this API.
func (a *authentication) admit(x *Exchange, c *Consumer) *refusal {
	if !c.mayCall(x.Route) {
		return &refusal{status: 403, class: Refused, reason: "this application has no access to this API"}
	}
	x.Consumer = c
	c.touch(x.Start)
	a.found(x)
	return nil
}

type someAuthentication struct{ authentication }

func (p *someAuthentication) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	no := &refusal{status: 401, class: Refused, reason: "this API asks who is calling; send one of the credentials that its description names"}
	for i, c := range x.dares {
		if i < len(x.dares)-1 {
			x.say("WWW-Authenticate", c)
		} else {
			no.challenge = c
		}
	}
	if no.challenge == "" {
		no.status = 403 // a certificate can't be asked for by a challenge
	}
	return no
}

// challenge writes a WWW-Authenticate value: a scheme and parameters as name
// and value in turn. Values are the document's or ours, never the client's.
func challenge(scheme, realm string, params ...string) string {
	var b strings.Builder
	b.WriteString(scheme)
	b.WriteString(` realm="`)
	quote(&b, realm)
	b.WriteByte('"')
	for i := 0; i+1 < len(params); i += 2 {
		b.WriteString(", " + params[i] + `="`)
		quote(&b, params[i+1])
		b.WriteByte('"')
	}
	return b.String()
}

// quote writes the inside of a quoted-string (RFC 9110 5.6.4).
func quote(b *strings.Builder, s string) {
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		}
	}
}
