package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/secret"
)

// TestARolloutHoldsOnEveryNode starts one on one node and calls through the
// other: its share is there at once, its figures are summed, and when it breaks
// both send everything back.
func TestARolloutHoldsOnEveryNode(t *testing.T) {
	t.Parallel()
	c := dbtest.Config(t)
	if c.URL == "" {
		t.Skip("several nodes need PostgreSQL: run by make test-pg")
	}
	start := func() *node {
		app, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", Data: t.TempDir(), DatabaseURL: secret.Text(c.URL)}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- app.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		<-app.nodes.hears
		return &node{App: app, t: t}
	}
	a, b := start(), start()
	key, err := CreateToken(t.Context(), a.cfg, "test", "admin")
	if err != nil {
		t.Fatal(err)
	}
	a.token, b.token = key.Reveal(), key.Reveal()
	up := func(name string, status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, name)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	a.call("POST", "/gateway/publications", map[string]any{"document": fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: v1, targets: [{url: %q}]}\n  - {name: v2, targets: [{url: %q}]}\napis:\n  - name: shop\n    upstream: v1\n    routes:\n      - {name: list, path: /list}\n",
		up("v1", 200), up("v2", 500))}, nil)
	seen := b.watch()
	var r rollout.Rollout
	a.call("POST", "/gateway/rollouts", map[string]any{"api": "shop", "canary": "v2", "steps": []any{map[string]any{"weight": 100, "hold": "1h"}}, "analysis": map[string]any{"off": true}}, &r)
	call := func(n *node) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.GatewayURL()+"/list", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for end := time.After(15 * time.Second); !ok(); {
			select {
			case <-end:
				t.Fatalf("waited for %s", what)
			case <-tick.C:
			}
		}
	}
	if got := call(a); got != "v2" {
		t.Errorf("the node that was asked sends to %s", got)
	}
	await("the other node's share", func() bool { return call(b) == "v2" })
	b.call("POST", "/gateway/rollouts/"+r.ID+"/abort", map[string]any{"reason": "enough"}, nil)
	await("the first node to send everything back", func() bool { return call(a) == "v1" })

	// Half of it now, judged: both nodes' calls count, one node decides.
	a.call("POST", "/gateway/rollouts", map[string]any{"api": "shop", "canary": "v2", "sticky": map[string]any{"by": "none"}, "steps": []any{map[string]any{"weight": 50, "hold": "1h"}}}, &r)
	var d rollout.Detail
	await("the rollback", func() bool {
		call(a)
		call(b)
		a.call("GET", "/gateway/rollouts/"+r.ID, nil, &d)
		return d.State == rollout.RolledBack
	})
	if d.Figures.Nodes != 2 || len(d.Events) != 2 {
		t.Errorf("%d nodes counted; history %+v", d.Figures.Nodes, d.Events)
	}
	await("the other node to send everything back", func() bool { return call(b) == "v1" })
	for e := range seen { // ends with the test's time, if it never comes
		if strings.Contains(e, `"rollout.updated"`) && strings.Contains(e, r.ID) {
			return
		}
	}
	t.Error("who watches the other node was not told")
}
