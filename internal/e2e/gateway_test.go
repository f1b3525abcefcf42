package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestTrafficThroughTheRealBinary puts an API behind a running hypercare over
// the API, calls it with curl, HTTP/1.1 and HTTP/2, with a key and without,
// takes the publication back, and finds its counters.
func TestTrafficThroughTheRealBinary(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
	}))
	defer up.Close()
	w := newWorld(t)
	doc := func(path string) string {
		return fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - name: orders\n    base: /shop\n    strip_base: true\n    upstream: up\n    policies: {key: {}, limit: {rate: 1000/m}}\n    routes:\n      - {name: all, prefix: %s}\n", up.URL, path)
	}
	publish := func(text string) error {
		return w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": text}, nil)
	}
	if err := publish(doc("/")); err != nil {
		t.Fatal(err)
	}
	var app struct {
		ID string `json:"id"`
	}
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/applications", map[string]any{"name": "web"}, &app); err != nil {
		t.Fatal(err)
	}
	var key struct {
		Secret string `json:"secret"`
	}
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/applications/"+app.ID+"/keys", map[string]any{}, &key); err != nil {
		t.Fatal(err)
	}
	var state struct {
		URL    string `json:"url"`
		Routes []struct {
			Route    string            `json:"route"`
			Requests uint64            `json:"requests"`
			Statuses map[string]uint64 `json:"statuses"`
		} `json:"routes"`
	}
	w.get(t, "/api/v1/gateway/state", &state)
	if state.URL == "" {
		t.Fatal("the node has no gateway")
	}
	curl := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "curl", append([]string{"-s", "--max-time", "10", "-w", "|%{http_version} %{http_code}"}, args...)...)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("curl %v: %v", args, err)
		}
		return out.String()
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{state.URL + "/shop/a?b=c", "-H", "X-API-Key: " + key.Secret}, "GET /a?b=c |1.1 200"},
		{[]string{state.URL + "/shop/a", "-H", "X-API-Key: " + key.Secret, "-d", "hello"}, "POST /a hello|1.1 200"},
		{[]string{state.URL + "/shop/a", "-H", "X-API-Key: " + key.Secret, "-d", "hello", "--http2-prior-knowledge"}, "POST /a hello|2 200"},
		{[]string{state.URL + "/shop/a", "-H", "X-API-Key: " + key.Secret, "-H", "Transfer-Encoding: chunked", "-d", "chunks"}, "POST /a chunks|1.1 200"},
	} {
		if got := curl(tc.args...); got != tc.want {
			t.Errorf("curl %v = %q, want %q", tc.args, got, tc.want)
		}
	}
	if got := curl(state.URL + "/shop/a"); !strings.HasSuffix(got, "|1.1 401") {
		t.Errorf("without a key: %q", got)
	}
	if got := curl(state.URL + "/else"); !strings.HasSuffix(got, "|1.1 404") {
		t.Errorf("what is not published: %q", got)
	}
	w.get(t, "/api/v1/gateway/state", &state)
	if len(state.Routes) != 1 || state.Routes[0].Requests != 5 || state.Routes[0].Statuses["2xx"] != 4 || state.Routes[0].Statuses["4xx"] != 1 {
		t.Errorf("counted %+v", state.Routes)
	}
	if !strings.Contains(w.text(t, w.token, "/metrics"), `hypercare_gateway_requests_total{api="orders",class="2xx",route="all"`) {
		t.Error("/metrics lacks the requests of the route")
	}
	// What is published next is live at once, and taken back with one verb.
	if err := publish(doc("/only/here")); err != nil {
		t.Fatal(err)
	}
	if got := curl(state.URL+"/shop/a", "-H", "X-API-Key: "+key.Secret); !strings.HasSuffix(got, "|1.1 404") {
		t.Errorf("after the change: %q", got)
	}
	if err := publish(strings.Replace(doc("/"), "upstream: up", "upstream: down", 1)); err == nil || !strings.Contains(err.Error(), "line 8") {
		t.Errorf("a bad document: %v", err)
	}
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/roll-back", map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := curl(state.URL+"/shop/a", "-H", "X-API-Key: "+key.Secret); got != "GET /a |1.1 200" {
		t.Errorf("after the roll-back: %q", got)
	}
	// A restart serves what was published.
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	again := world{Server: start(t, w.Config), token: w.token}
	waitFor(t, 10*time.Second, "the gateway to serve again", func() (bool, string) {
		var s json.RawMessage
		again.get(t, "/api/v1/gateway/state", &s)
		if err := json.Unmarshal(s, &state); err != nil {
			t.Fatal(err)
		}
		got := curl(state.URL+"/shop/a", "-H", "X-API-Key: "+key.Secret)
		return got == "GET /a |1.1 200", got
	})
}
