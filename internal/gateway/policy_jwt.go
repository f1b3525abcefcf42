package gateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/hypercare/hypercare/internal/gateway/token"
	"github.com/hypercare/hypercare/internal/outbound"
	"github.com/hypercare/hypercare/internal/secret"
)

// JWTPolicy asks for a JSON Web Token (RFC 7519, RFC 8725).
type JWTPolicy struct {
	Issuer      string      `yaml:"issuer,omitempty" json:"issuer,omitempty" doc:"iss. Without jwks_url, keys and secret its key set is found by OpenID Connect Discovery."`
	JWKS        string      `yaml:"jwks_url,omitempty" json:"jwks_url,omitempty" doc:"Where the issuer's key set is."`
	Keys        []string    `yaml:"keys,omitempty" json:"keys,omitempty" doc:"Public keys: PEM, JWK or JWK set."`
	Secret      secret.Text `yaml:"secret,omitempty" json:"secret,omitempty" doc:"Shared secret for HS256 and the like, at least 32 characters."`
	Algorithms  []string    `yaml:"algorithms,omitempty" json:"algorithms,omitempty" doc:"That are taken; all with public keys when absent, HS256 with a secret. Never none."`
	Types       []string    `yaml:"types,omitempty" json:"types,omitempty" doc:"typ that is taken; JWT, at+jwt or none when absent."`
	NoExpiry    bool        `yaml:"without_expiry,omitempty" json:"without_expiry,omitempty" doc:"Takes tokens that never expire, too."`
	TokenPolicy `yaml:",inline"`
}

var jwtKind = policyKind{
	name: "jwt",
	auth: true,
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.JWT != nil {
			k.jwt(path+".jwt", *p.JWT)
		}
	},
	build: func(b *building, p *Policies) policy {
		j := p.JWT
		if j == nil {
			return nil
		}
		if b.g.sources == nil {
			return refuseAll{reason: "this node can't verify tokens"}
		}
		v, err := b.g.sources.Verifier(identityOf(b.workspace, "jwt", j.plain()), token.KeySource{Workspace: b.workspace, URL: j.JWKS, Issuer: j.Issuer, Static: j.Keys, Secret: j.Secret.Reveal()}, j.verifier())
		if err != nil {
			return refuseAll{reason: "this API's keys can't be read"} // checked before; never let in what can't be verified
		}
		out := b.bearer(p, &j.TokenPolicy, v)
		out.twoDots = true
		return &out
	},
}

// plain is the policy with its secret, to tell two apart.
func (j *JWTPolicy) plain() any {
	type open struct {
		JWTPolicy
		Secret string
	}
	return open{*j, j.Secret.Reveal()}
}

func (j *JWTPolicy) verifier() token.VerifierConfig {
	c := token.VerifierConfig{Config: j.config(j.Issuer)}
	c.NoExpiry = j.NoExpiry
	for _, t := range j.Types {
		c.Types = append(c.Types, strings.TrimPrefix(strings.ToLower(t), "application/"))
	}
	list := j.Algorithms
	if len(list) == 0 && j.Secret != "" {
		list = []string{"HS256"}
	}
	if len(list) == 0 {
		list = slices.DeleteFunc(slices.Clone(token.Algorithms), isHMAC)
	}
	for _, a := range list {
		c.Algorithms = append(c.Algorithms, jose.SignatureAlgorithm(a))
	}
	return c
}

func isHMAC(alg string) bool { return strings.HasPrefix(alg, "HS") }

// minSecret is the least length of a shared secret (RFC 7518 3.2).
const minSecret = 32

func (k *checker) jwt(path string, j JWTPolicy) {
	sources := 0
	for _, there := range []bool{j.JWKS != "", len(j.Keys) > 0, j.Secret != ""} {
		if there {
			sources++
		}
	}
	switch {
	case sources > 1:
		k.fault(path, "the keys come from one of jwks_url, keys and secret")
	case sources == 0 && j.Issuer == "":
		k.fault(path, "say where the keys are: issuer, jwks_url, keys or secret")
	case sources == 0:
		k.address(path+".issuer", j.Issuer)
	}
	if j.JWKS != "" {
		k.address(path+".jwks_url", j.JWKS)
	}
	if _, err := token.ParseKeys(j.Keys); err != nil {
		k.fault(path+".keys", "%v", err)
	}
	if s := j.Secret.Reveal(); s != "" && (len(s) < minSecret || s == j.Secret.String()) {
		k.fault(path+".secret", "a shared secret has at least %d characters", minSecret)
	}
	for i, a := range j.Algorithms {
		at := fmt.Sprintf("%s.algorithms[%d]", path, i)
		switch {
		case !slices.Contains(token.Algorithms, a):
			k.fault(at, "there is no algorithm %q here; use %s", a, strings.Join(token.Algorithms, ", "))
		case isHMAC(a) != (j.Secret != ""):
			k.fault(at, "%s does not go with these keys: HS256 and the like need a secret, the others public keys", a)
		}
	}
	k.token(path, j.TokenPolicy)
}

// address checks one that the gateway itself will ask; whether it may is seen
// when it does.
func (k *checker) address(path, s string) {
	if _, err := outbound.ParseURL(s); err != nil {
		k.fault(path, "%v", err)
	}
}

// refuseAll stands where a policy could not be built.
type refuseAll struct{ reason string }

func (p refuseAll) check(*Exchange) *refusal {
	return &refusal{status: 503, class: Refused, reason: p.reason}
}
