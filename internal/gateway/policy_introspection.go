package gateway

import (
	"time"

	"github.com/hypercare/hypercare/internal/gateway/token"
	"github.com/hypercare/hypercare/internal/secret"
)

// IntrospectionPolicy asks for a token that its issuer calls active
// (RFC 7662).
type IntrospectionPolicy struct {
	Issuer       string      `yaml:"issuer,omitempty" json:"issuer,omitempty" doc:"iss, where the answer has one. Without endpoint it is found by OpenID Connect Discovery."`
	Endpoint     string      `yaml:"endpoint,omitempty" json:"endpoint,omitempty" doc:"Where the issuer is asked."`
	ClientID     string      `yaml:"client_id,omitempty" json:"client_id,omitempty" doc:"As whom."`
	ClientSecret secret.Text `yaml:"client_secret,omitempty" json:"client_secret,omitempty"`
	Cache        Duration    `yaml:"cache,omitempty" json:"cache,omitempty" doc:"How long a yes is believed, so how late a revocation is seen; 1m when absent."`
	CacheNo      Duration    `yaml:"cache_inactive,omitempty" json:"cache_inactive,omitempty" doc:"How long a no is believed; 10s when absent."`
	Stale        Duration    `yaml:"stale,omitempty" json:"stale,omitempty" doc:"How long a token without exp goes on while the issuer does not answer; 1h when absent. One with exp goes on until then."`
	TokenPolicy  `yaml:",inline"`
}

var introspectionKind = policyKind{
	name: "introspection",
	auth: true,
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Introspection == nil {
			return
		}
		i, path := *p.Introspection, path+".introspection"
		switch {
		case i.Endpoint != "":
			k.address(path+".endpoint", i.Endpoint)
		case i.Issuer == "":
			k.fault(path, "say whom to ask: endpoint or issuer")
		default:
			k.address(path+".issuer", i.Issuer)
		}
		if i.ClientSecret != "" && (i.ClientID == "" || i.ClientSecret.Reveal() == i.ClientSecret.String()) {
			k.fault(path+".client_secret", "a client_secret is of a client_id, and not the word that stands in its place in logs")
		}
		k.durations(path, map[string]Duration{"cache": i.Cache, "cache_inactive": i.CacheNo, "stale": i.Stale})
		k.token(path, i.TokenPolicy)
	},
	build: func(b *building, p *Policies) policy {
		i := p.Introspection
		if i == nil {
			return nil
		}
		if b.g.sources == nil {
			return refuseAll{reason: "this node can't verify tokens"}
		}
		cfg := token.IntrospectorConfig{Config: i.config(i.Issuer), Endpoint: i.Endpoint, ClientID: i.ClientID, Secret: i.ClientSecret,
			Active: or(i.Cache, time.Minute), Inactive: or(i.CacheNo, 10*time.Second), Stale: or(i.Stale, time.Hour)}
		if i.Endpoint == "" {
			cfg.Discover = i.Issuer
		}
		out := b.bearer(p, &i.TokenPolicy, b.g.sources.Introspector(identityOf(b.workspace, "introspection", []any{*i, i.ClientSecret.Reveal()}), cfg))
		return &out
	},
}
