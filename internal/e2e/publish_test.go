package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

const petsDocument = `openapi: 3.0.3
info: {title: Pets, version: 1.0.0}
servers: [{url: "https://pets.example/v1"}]
paths:
  /pets/{id}:
    get:
      operationId: getPet
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
`

// published is what the API answers to a publication.
type published struct {
	Number   int64  `json:"number"`
	Document string `json:"document"`
}

// called makes a call through the gateway.
func called(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// TestAnAPIFromItsOpenAPIDocumentToItsEnd imports a document, publishes what
// comes of it, calls it, deprecates and retires it, and goes back, all over
// HTTP on the real binary.
func TestAnAPIFromItsOpenAPIDocumentToItsEnd(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "up "+r.URL.Path) }))
	defer up.Close()
	w := newWorld(t)
	var state struct {
		URL       string `json:"url"`
		Upstreams []struct {
			Upstream string `json:"upstream"`
			Fit      int    `json:"fit"`
		} `json:"upstreams"`
	}
	w.get(t, "/api/v1/gateway/state", &state)
	post := func(path string, in, out any) {
		t.Helper()
		if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/"+path, in, out); err != nil {
			t.Fatal(err)
		}
	}
	var imported struct {
		Document    string           `json:"document"`
		Number      int64            `json:"number"`
		Differences []map[string]any `json:"differences"`
		OpenAPI     struct {
			ID string `json:"id"`
		} `json:"openapi"`
	}
	post("openapi", map[string]any{"document": petsDocument, "upstream": up.URL}, &imported)
	if len(imported.Differences) != 1 || imported.Number != 0 {
		t.Errorf("import says %+v", imported)
	}
	if status, _, _ := called(t, state.URL+"/v1/pets/7"); status != 404 {
		t.Errorf("before it is published: %d", status)
	}
	var p published
	post("publications", map[string]any{"document": imported.Document, "base": imported.Number}, &p)
	if status, body, h := called(t, state.URL+"/v1/pets/7"); status != 200 || body != "up /v1/pets/7" || h.Get("Deprecation") != "" {
		t.Errorf("published: %d %s %v", status, body, h)
	}
	post("apis/pets/state", map[string]any{"version": "v1", "state": "deprecated", "sunset": "2099-01-01", "docs": "https://pets.example/v2"}, &p)
	status, _, h := called(t, state.URL+"/v1/pets/7")
	today := time.Now().UTC().Truncate(24 * time.Hour).Unix()
	if since := h.Get("Deprecation"); status != 200 || since != fmt.Sprintf("@%d", today) && since != fmt.Sprintf("@%d", today-86400) || h.Get("Sunset") != "Thu, 01 Jan 2099 00:00:00 GMT" || len(h.Values("Link")) != 2 {
		t.Errorf("deprecated: %d %v", status, h)
	}
	post("apis/pets/state", map[string]any{"version": "v1", "state": "retired"}, &p)
	if status, body, _ := called(t, state.URL+"/v1/pets/7"); status != 410 || !strings.Contains(body, "https://pets.example/v2") {
		t.Errorf("retired: %d %s", status, body)
	}
	post("roll-back", map[string]any{"to": 1}, &p)
	if status, _, h := called(t, state.URL+"/v1/pets/7"); status != 200 || h.Get("Sunset") != "" || p.Number != 4 {
		t.Errorf("back: %d %v %+v", status, h, p)
	}
	w.get(t, "/api/v1/gateway/state", &state)
	if len(state.Upstreams) != 1 || state.Upstreams[0].Fit != 1 {
		t.Errorf("state %+v", state)
	}
	var spec struct {
		Document string `json:"document"`
	}
	w.get(t, "/api/v1/gateway/openapi/"+imported.OpenAPI.ID, &spec)
	if spec.Document != petsDocument {
		t.Errorf("the OpenAPI document is kept as %q", spec.Document)
	}
	// By URL only from where anybody could.
	err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/openapi", map[string]any{"url": up.URL + "/openapi.yaml"}, nil)
	if err == nil || !strings.Contains(err.Error(), "may not be asked") {
		t.Errorf("an OpenAPI document of this machine's own network: %v", err)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := fresh(t)
	args := []string{"serve", "--listen", "127.0.0.1:0", "--gateway", ln.Addr().String(), "--data", cfg.Data}
	if cfg.DatabaseURL != "" {
		args = append(args, "--database-url", cfg.DatabaseURL)
	}
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "choose another address with --gateway, or none with --no-gateway") {
		t.Errorf("ended with %v:\n%s", err, out)
	}
}

// TestNodesOfTwoRoles has one node for people and one for traffic: what is
// published on the first is served by the second, under load and without a
// failed call.
func TestNodesOfTwoRoles(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_POSTGRES") == "" {
		t.Skip("nodes share PostgreSQL; run with scripts/with-postgres.sh")
	}
	var docs [2]string
	for i := range docs {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, "%d %s", i, r.URL.Path) }))
		t.Cleanup(up.Close)
		docs[i] = fmt.Sprintf("gateway: 1\nupstreams: [{name: up, targets: [{url: %q}]}]\napis: [{name: all, upstream: up, routes: [{name: all, prefix: /}]}]\n", up.URL)
	}
	cfg := fresh(t)
	cfg.Gateway = proc.None
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, w.Config, "admin")
	gatewayAt, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	other := cfg
	other.Addr, other.Data, other.Gateway, other.Args = "", t.TempDir(), gatewayAt, []string{"--gateway-only"}
	traffic := start(t, other)
	if status, _, _ := called(t, traffic.URL+"/api/v1/gateway"); status != 404 {
		t.Errorf("the API of a node that is only a gateway answers %d", status)
	}
	if status, body, _ := called(t, traffic.URL+"/metrics"); status != 200 || !strings.Contains(body, "hypercare_") {
		t.Errorf("/metrics answers %d", status)
	}
	var p published
	publish := func(i int) {
		t.Helper()
		if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": docs[i]}, &p); err != nil {
			t.Fatal(err)
		}
	}
	publish(0)
	waitFor(t, 20*time.Second, "the other node to serve it", func() (bool, string) {
		status, body, _ := called(t, "http://"+gatewayAt+"/a")
		return status == 200 && body == "0 /a", body
	})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var calls atomic.Int64
	for n := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				path := fmt.Sprintf("/%d/%d", n, i)
				if status, body, _ := called(t, "http://"+gatewayAt+path); status != 200 || body[1:] != " "+path {
					t.Errorf("%s: %d %s", path, status, body)
					return
				}
				calls.Add(1)
			}
		})
	}
	var longest time.Duration
	for i := range 10 {
		began := time.Now()
		publish((i + 1) % 2)
		waitFor(t, 20*time.Second, "the other node to serve the next", func() (bool, string) {
			_, body, _ := called(t, "http://"+gatewayAt+"/x")
			return strings.HasPrefix(body, fmt.Sprint((i+1)%2)), body
		})
		longest = max(longest, time.Since(began))
	}
	stop()
	wg.Wait()
	t.Logf("%d calls over 10 publications; the slowest was live after %v", calls.Load(), longest)
}
