package gateway

import (
	"bytes"
	"fmt"
	"time"
)

// Document is what one workspace publishes.
type Document struct {
	Workspace string
	Text      []byte
	// Config is what Parse made of Text, where that was done already.
	Config *Config
	// OpenAPI returns the OpenAPI document that an API of this one names; nil:
	// there are none.
	OpenAPI func(id string) ([]byte, error)
}

// inForce is a document that was taken over, and what it says.
type inForce struct {
	text   []byte
	config *Config
}

// Apply publishes one document alone; see Load.
func (g *Gateway) Apply(doc []byte) error { return g.Load([]Document{{Text: doc}}) }

// Load publishes documents in place of those before. Each is checked first: of
// a workspace whose document has a fault nothing changes, and the error, for
// the first of them, holds Faults. Requests under way end by the snapshot they
// came with; targets that are in both keep their connections and what is known
// of them.
func (g *Gateway) Load(docs []Document) error {
	g.apply.Lock()
	defer g.apply.Unlock()
	var failed error
	note := func(ws string, err error) {
		if failed == nil {
			failed = fmt.Errorf("workspace %q: %w", ws, err)
		}
	}
	old := g.snap.Load()
	forces := map[string]inForce{}
	for _, d := range docs {
		now := g.forces[d.Workspace]
		if now.config == nil || !bytes.Equal(now.text, d.Text) {
			c, err := d.Config, error(nil)
			if c == nil {
				c, err = Parse(d.Text)
			}
			if err != nil {
				note(d.Workspace, err)
			} else {
				now = inForce{text: d.Text, config: c}
			}
		}
		forces[d.Workspace] = now
	}
	var next *snapshot
	var specs *specs
	for next == nil {
		specs = newSpecs(g.specs)
		next = g.build(docs, forces, old, specs, note)
	}
	next.sort(workspacesOf(docs))
	next.hosts = sortedUnique(next.hosts)
	g.overlay(next)
	g.checkups(next)
	g.snap.Store(next)
	g.forces, g.specs = forces, specs
	kept := map[*pool]bool{}
	for _, t := range next.targets {
		kept[t.pool] = true
	}
	for _, t := range old.targets {
		if !kept[t.pool] {
			t.pool.close()
		}
	}
	if t := g.tls.Load(); t != nil && t.acme != nil {
		t.acme.look()
	}
	return failed
}

func workspacesOf(docs []Document) []string {
	out := make([]string, len(docs))
	for i := range docs {
		out[i] = docs[i].Workspace
	}
	return out
}

// build compiles all documents; nil when one of them could not be, whose
// workspace then has what it had before.
func (g *Gateway) build(docs []Document, forces map[string]inForce, old *snapshot, specs *specs, note func(string, error)) *snapshot {
	next := newSnapshot()
	for _, d := range docs {
		now := forces[d.Workspace]
		if now.config == nil {
			continue
		}
		specs.of(d)
		err := g.compile(next, d.Workspace, now.config, old, specs)
		if err == nil {
			continue
		}
		note(d.Workspace, err)
		if was := g.forces[d.Workspace]; was.config != now.config {
			forces[d.Workspace] = was
		} else {
			forces[d.Workspace] = inForce{}
		}
		return nil
	}
	return next
}

// compile adds a checked document to a snapshot.
func (g *Gateway) compile(s *snapshot, ws string, c *Config, old *snapshot, specs *specs) error {
	for _, t := range c.Trusted {
		if p, err := network(t); err == nil {
			s.trusted[ws] = append(s.trusted[ws], p)
		}
	}
	for _, u := range c.Upstreams {
		key := ws + " " + u.Name
		s.upstreams[key] = g.compileUpstream(u, old.upstreams[key])
		s.targets = append(s.targets, s.upstreams[key].targets...)
	}
	for _, a := range c.APIs {
		if a.Life() == StateDraft && a.PreviewKey == "" {
			continue
		}
		s.hosts = append(s.hosts, fullHosts(a.Hosts)...)
		a.Policies.Log = a.Policies.Log.under(c.Log)
		for _, r := range a.Routes {
			g.compileRoute(s, ws, a, r, specs)
		}
	}
	return specs.err
}

func or(d Duration, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return time.Duration(d)
}
