package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCallsFromTheCommandLine sends traffic through a running hypercare and
// asks for it as people do in a terminal: search, tail, export, erase.
func TestCallsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(500)
		}
	}))
	defer up.Close()
	cfg := fresh(t)
	skipOnPostgres(t, cfg)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, cfg, "admin")
	doc := fmt.Sprintf("gateway: 1\nlog: {payload: all}\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: shop, upstream: up, routes: [{name: all, prefix: /}]}\n", up.URL)
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		t.Fatal(err)
	}
	var state struct {
		URL     string `json:"url"`
		CallLog struct {
			On       bool  `json:"on"`
			Appended int64 `json:"appended"`
		} `json:"call_log"`
	}
	w.get(t, "/api/v1/gateway/state", &state)
	send := func(path string) (id string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", state.URL+path, strings.NewReader(`{"password":"hunter2"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get("X-Request-Id")
	}
	run := func(args ...string) string {
		t.Helper()
		out, errOut, err := cfg.Run(t.Context(), append([]string{"calls"}, args...)...)
		if err != nil {
			t.Fatalf("calls %v: %v\n%s", args, err, errOut)
		}
		return out
	}
	first := send("/good/1")
	bad := send("/bad/1?secret=x")
	waitFor(t, 10*time.Second, "the calls to be found", func() (bool, string) {
		out := run("--json", "--from", "1h")
		return strings.Count(out, "\n") == 2, out
	})
	if out := run("status:5xx", "--from", "1h"); strings.Count(out, "\n") != 1 || !strings.Contains(out, bad) || !strings.Contains(out, "500 POST") || strings.Contains(out, first) {
		t.Errorf("errors: %s", out)
	}
	if _, errOut, err := cfg.Run(t.Context(), "calls", "colour:red"); err == nil || !strings.Contains(errOut, "colour:red") {
		t.Errorf("a wrong token: %v %s", err, errOut)
	}
	file := filepath.Join(t.TempDir(), "calls.csv")
	run("export", "path:/bad*", "--columns", "path,status,query", "-o", file)
	if text, err := os.ReadFile(file); err != nil || string(text) != "path,status,query\n/bad/1,500,secret\n" {
		t.Errorf("export %q %v", text, err)
	}
	out := run("export", "--format", "jsonl", "--payload")
	if !strings.Contains(out, `{\"password\":\"[masked]\"}`) || strings.Contains(out, "hunter2") {
		t.Errorf("payloads: %s", out)
	}
	// Follow, with a token that may only read, over the address.
	viewer := newToken(t, cfg, "viewer")
	tail := exec.CommandContext(t.Context(), binary, "calls", "status:5xx", "--follow", "--json", "--limit", "1", "--url", w.URL, "--token", viewer)
	pipe, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tail.Process.Kill(); _ = tail.Wait() }()
	lines := bufio.NewScanner(pipe)
	next := func() (c struct {
		ID string `json:"id"`
	}) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the tail ended")
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := next(); c.ID != bad {
		t.Errorf("the tail begins with %s", c.ID)
	}
	send("/good/2")
	worse := send("/bad/2")
	if c := next(); c.ID != worse {
		t.Errorf("the tail goes on with %s, want %s", c.ID, worse)
	}
	if resp, err := http.Get(w.URL + "/metrics"); err != nil { //nolint:noctx // ends with the server
		t.Error(err)
	} else {
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(text), `hypercare_call_log_calls_total{outcome="written"} 4`) {
			t.Error("/metrics does not count what was logged")
		}
	}
	if out := run("erase", "--user", "nobody"); out != "0 calls erased.\n" {
		t.Errorf("erase: %q", out)
	}
	// The folder alone answers too, when nobody serves it.
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	if out := run("--from", "1h"); strings.Count(out, "\n") != 4 {
		t.Errorf("without a server: %s", out)
	}
}
