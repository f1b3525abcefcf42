package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/rollout/shadow"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

// TestMirrorsAreCompared sends calls through a route with a mirror whose
// upstream answers otherwise now and then, and reads what differed.
func TestMirrorsAreCompared(t *testing.T) {
	t.Parallel()
	c := dbtest.Config(t)
	app, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", Data: c.Dir, DatabaseURL: secret.Text(c.URL)}, slog.New(slog.DiscardHandler))
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
	key, err := CreateToken(t.Context(), app.cfg, "test", "admin")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{App: app, t: t, token: key.Reveal()}
	up := func(next bool) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case next && r.URL.Path == "/gone":
				w.WriteHeader(http.StatusNotFound)
			case next && r.URL.Path == "/breaks":
				w.WriteHeader(http.StatusInternalServerError)
			case next && r.URL.Path == "/other":
				_, _ = io.WriteString(w, "price: 10")
				return
			}
			_, _ = io.WriteString(w, "price: 9 for "+r.URL.Path)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	n.call("POST", "/gateway/publications", map[string]any{"document": fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: now, targets: [{url: %q}]}\n  - {name: next, targets: [{url: %q}]}\napis:\n  - name: shop\n    upstream: now\n    routes:\n      - {name: all, prefix: /, policies: {mirror: {upstream: next}}}\n", up(false), up(true))}, nil)
	for range 5 {
		for _, path := range []string{"/same", "/gone", "/breaks", "/other"} {
			resp, err := http.Get(app.GatewayURL() + path + "?token=secret") //nolint:noctx // ends with the test
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("GET %s: %v, %v", path, resp, err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
	var page web.Page[shadow.Comparison]
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); len(page.Items) == 0 || page.Items[0].Pairs < 20; {
		select {
		case <-end:
			t.Fatalf("compared %+v", page.Items)
		case <-tick.C:
			n.call("GET", "/gateway/shadows", nil, &page)
		}
	}
	s := page.Items[0]
	if s.Same != 5 || s.Status != 5 || s.Body != 5 || s.Failed != 5 || s.Upstream != "next" || s.Route != "all" || s.P50 <= 0 || s.ShadowP50 <= 0 {
		t.Errorf("compared %+v", s)
	}
	if len(s.Examples) != 15 || s.Examples[0].Primary.Upstream != "now" {
		t.Errorf("examples %+v", s.Examples)
	}
	for _, e := range s.Examples {
		if e.Path != "/gone" && e.Path != "/breaks" && e.Path != "/other" {
			t.Errorf("an example of %s", e.Path)
		}
	}
}
