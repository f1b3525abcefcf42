package gateway

import (
	"fmt"
	"net/netip"
)

// AddressPolicy lets in or keeps out.
type AddressPolicy struct {
	Allow []string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  []string `yaml:"deny,omitempty" json:"deny,omitempty"`
}

var addressKind = policyKind{
	name: "addresses",
	check: func(k *checker, path string, p *Policies) {
		if p.Addresses == nil {
			return
		}
		for i, s := range p.Addresses.Allow {
			k.network(fmt.Sprintf("%s.addresses.allow[%d]", path, i), s)
		}
		for i, s := range p.Addresses.Deny {
			k.network(fmt.Sprintf("%s.addresses.deny[%d]", path, i), s)
		}
	},
	build: func(_ *building, p *Policies) policy {
		if p.Addresses == nil {
			return nil
		}
		return &addresses{allow: networks(p.Addresses.Allow), deny: networks(p.Addresses.Deny)}
	},
}

func networks(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := network(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// addresses lets in, or keeps out, by address.
type addresses struct{ allow, deny []netip.Prefix }

func (p *addresses) check(x *Exchange) *refusal {
	in := func(list []netip.Prefix) bool {
		for _, n := range list {
			if n.Contains(x.Client) {
				return true
			}
		}
		return false
	}
	if in(p.deny) || len(p.allow) > 0 && !in(p.allow) {
		return &refusal{status: 403, class: Refused, reason: "requests from this address are not let in"}
	}
	return nil
}
