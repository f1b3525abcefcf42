package gateway

import "time"

// Document is what one workspace publishes.
type Document struct {
	Workspace string
	Text      []byte
}

// Apply publishes one document alone; see Load.
func (g *Gateway) Apply(doc []byte) error { return g.Load([]Document{{Text: doc}}) }

// Load publishes documents in place of those before. All are checked first:
// with a fault nothing changes, and the error is of type Faults. Requests
// under way end by the snapshot they came with; targets that are in both keep
// their connections and what is known of them. Where two workspaces publish
// the same address the one that is named first has it.
func (g *Gateway) Load(docs []Document) error {
	list := make([]*Config, len(docs))
	for i, d := range docs {
		var err error
		if list[i], err = Parse(d.Text); err != nil {
			return err
		}
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	old := g.snap.Load()
	next := &snapshot{upstreams: map[string]*upstream{}}
	for i, c := range list {
		g.compile(next, docs[i].Workspace, c, old)
	}
	next.router.sort()
	g.overlay(next)
	g.snap.Store(next)
	kept := map[*pool]bool{}
	for _, t := range next.targets {
		kept[t.pool] = true
	}
	for _, t := range old.targets {
		if !kept[t.pool] {
			t.pool.close()
		}
	}
	return nil
}

// compile adds a checked document to a snapshot.
func (g *Gateway) compile(s *snapshot, ws string, c *Config, old *snapshot) {
	for _, t := range c.Trusted {
		if p, err := network(t); err == nil {
			s.trusted = append(s.trusted, p)
		}
	}
	for _, u := range c.Upstreams {
		key := ws + " " + u.Name
		s.upstreams[key] = g.compileUpstream(u, old.upstreams[key])
		s.targets = append(s.targets, s.upstreams[key].targets...)
	}
	for _, a := range c.APIs {
		if a.State == "draft" || a.State == "retired" {
			continue
		}
		for _, r := range a.Routes {
			g.compileRoute(s, ws, a, r)
		}
	}
}

func or(d Duration, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return time.Duration(d)
}
