package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
)

// snapshot is everything that is published at one moment: immutable.
type snapshot struct {
	router    router
	retired   router             // looked at when nothing else takes a request
	drafts    map[string]*router // by hash of their preview key
	routes    []*Route
	upstreams map[string]*upstream // by workspace and name
	targets   []*target
	trusted   map[string][]netip.Prefix // by workspace: proxies in front of its hosts
	certHosts map[string]bool           // whose clients are asked for a certificate
	hosts     []string                  // that are published by their whole name
}

func newSnapshot() *snapshot {
	return &snapshot{upstreams: map[string]*upstream{}, trusted: map[string][]netip.Prefix{}}
}

// routerOf is where routes of an API belong by its state; nil for a draft that
// nobody can see.
func (s *snapshot) routerOf(a API) *router {
	switch a.Life() {
	case StateRetired:
		return &s.retired
	case StateDraft:
		if s.drafts == nil {
			s.drafts = map[string]*router{}
		}
		if s.drafts[a.PreviewKey] == nil {
			s.drafts[a.PreviewKey] = &router{}
		}
		return s.drafts[a.PreviewKey]
	}
	return &s.router
}

// sort makes the routers ready.
func (s *snapshot) sort(workspaces []string) {
	if len(workspaces) == 1 {
		s.router.one = workspaces[0]
	}
	s.router.sort()
	s.retired.sort()
	for _, r := range s.drafts {
		r.sort()
	}
}

// find finds the route of a request: of a draft whose key it carries, of what
// is published, or of what was.
func (s *snapshot) find(x *Exchange) find {
	if s.drafts != nil {
		if key, ok := x.value("x-preview-key"); ok {
			sum := sha256.Sum256(key)
			if r := s.drafts["sha256:"+hex.EncodeToString(sum[:])]; r != nil {
				if f := r.match(x); f.route != nil {
					f.workspace, f.known = f.route.Workspace, true
					return f
				}
			}
		}
	}
	f := s.router.match(x)
	if f.route != nil {
		return f
	}
	if old := s.retired.match(x); old.route != nil && (!f.known || old.route.Workspace == f.workspace) {
		f.route, f.workspace, f.known = old.route, old.route.Workspace, true
	}
	return f
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
