package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// TestClusterCallLogSurvivesAKill kills the process while traffic passes and
// calls go to ClickHouse: what was answered a second before is there once,
// after the next start.
func TestClusterCallLogSurvivesAKill(t *testing.T) {
	t.Parallel()
	server := os.Getenv("TEST_CLICKHOUSE")
	if server == "" {
		t.Skip("TEST_CLICKHOUSE is not set; run this under scripts/with-clickhouse.sh")
	}
	database := fmt.Sprintf("e2e_%d", time.Now().UnixNano())
	ask(t, server, "CREATE DATABASE "+database)
	t.Cleanup(func() { ask(t, server, "DROP DATABASE "+database) })
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer up.Close()
	cfg := fresh(t)
	cfg.Args = append(cfg.Args, "--call-log-url", server+"/"+database)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, cfg, "admin")
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: shop, upstream: up, routes: [{name: all, prefix: /}]}\n", up.URL)
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		t.Fatal(err)
	}
	answered, killed := w.killInTraffic(t, 4, 3*time.Second)
	w.Server = start(t, cfg)
	safe := 0
	for _, a := range answered {
		if killed.Sub(a.at) > time.Second {
			safe++
		}
	}
	if safe < 50 {
		t.Fatalf("only %d calls were made; this test says nothing", safe)
	}
	found := map[string]bool{}
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); <-time.After(200 * time.Millisecond) {
		ids := strings.Fields(ask(t, server, "SELECT lower(hex(id)) FROM "+database+".calls"))
		clear(found)
		for _, id := range ids {
			if found[id] {
				t.Fatalf("call %s is there twice", id)
			}
			found[id] = true
		}
		if missing(answered, found, killed) == 0 {
			break
		}
	}
	if n := missing(answered, found, killed); n > 0 {
		t.Errorf("%d of %d calls that were answered a second before the kill are gone", n, safe)
	}
	var page struct {
		Items []struct {
			Route string `json:"route"`
		} `json:"items"`
	}
	w.get(t, "/api/v1/calls?q="+url.QueryEscape("route:all")+"&limit=5", &page)
	if len(page.Items) != 5 || page.Items[0].Route != "all" {
		t.Errorf("over the API: %+v", page)
	}
}

func missing(answered []passed, found map[string]bool, killed time.Time) (n int) {
	for _, a := range answered {
		if killed.Sub(a.at) > time.Second && !found[a.id] {
			n++
		}
	}
	return n
}

func ask(t *testing.T, server, statement string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server, bytes.NewReader([]byte(statement)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", statement, resp.StatusCode, b, err)
	}
	return string(b)
}
