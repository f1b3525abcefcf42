package gateway

import (
	"net/netip"
	"slices"
)

// snapshot is everything that is published at one moment: immutable.
type snapshot struct {
	router    router
	routes    []*Route
	upstreams map[string]*upstream // by workspace and name
	targets   []*target
	trusted   []netip.Prefix
	certHosts map[string]bool // whose clients are asked for a certificate
	hosts     []string        // that are published by their whole name
}

func (s *snapshot) close() {
	for _, t := range s.targets {
		t.pool.close()
	}
}

func sortedUnique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// sources are what the policies ask about tokens.
func (s *snapshot) sources() map[any]bool {
	used := map[any]bool{}
	for _, r := range s.routes {
		for _, p := range r.policies {
			if t, ok := p.policy.(interface{ uses() any }); ok {
				used[t.uses()] = true
			}
		}
	}
	return used
}

// prefixLen is how much of the path a prefix route stands for.
func (r *Route) prefixLen() int { return r.cut }
