package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

// TestTheDemoShowsSomethingAndLeavesRealFoldersAlone starts the demo as a
// newcomer does, signs in with what it prints, and finds reports, calls and a
// release; Ctrl-C ends it. A folder that it did not make stays as it is.
func TestTheDemoShowsSomethingAndLeavesRealFoldersAlone(t *testing.T) {
	t.Parallel()
	skipOnPostgres(t, fresh(t))
	real := t.TempDir()
	if err := os.WriteFile(filepath.Join(real, "hypercare.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), binary, "demo", "--data", real).CombinedOutput()
	if list, lerr := os.ReadDir(real); err == nil || !strings.Contains(string(out), "left alone") || lerr != nil || len(list) != 1 {
		t.Errorf("on a folder of somebody's: %v, %v\n%s", err, list, out)
	}

	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	printed := &printed{}
	cmd := exec.Command(binary, "demo", "--data", filepath.Join(t.TempDir(), "demo"), "--listen", addr, "--gateway", "127.0.0.1:0", "--pace", "150ms")
	cmd.Stdout, cmd.Stderr = printed, printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }() // when something below fails
	waitFor(t, time.Minute, "the demo to begin", func() (bool, string) {
		return strings.Contains(printed.String(), "begins: "), printed.String()
	})
	password := regexp.MustCompile(`password\s+(\S+)`).FindStringSubmatch(printed.String())
	if password == nil {
		t.Fatalf("no password in %s", printed)
	}
	body, err := json.Marshal(map[string]string{"email": "lead@shop.example", "password": password[1]})
	if err != nil {
		t.Fatal(err)
	}
	var cookie *http.Cookie
	ask := func(method, path string, in []byte, to any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+"/api/v1"+path, bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if cookie != nil {
			req.AddCookie(cookie)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode >= 300 {
			t.Fatalf("%s %s: %s", method, path, resp.Status)
		}
		for _, c := range resp.Cookies() {
			cookie = c
		}
		if to != nil {
			if err := json.NewDecoder(resp.Body).Decode(to); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask("POST", "/session", body, nil)
	var launches struct {
		Items []struct {
			ID     string `json:"id"`
			Counts struct {
				Feedback int `json:"feedback"`
			} `json:"counts"`
		} `json:"items"`
	}
	var releases, calls struct {
		Items []any `json:"items"`
	}
	waitFor(t, time.Minute, "reports, failed calls and a release", func() (bool, string) {
		ask("GET", "/launches", nil, &launches)
		ask("GET", "/launches/"+launches.Items[0].ID+"/releases", nil, &releases)
		ask("GET", "/calls?q=status%3E%3D400", nil, &calls)
		return launches.Items[0].Counts.Feedback > 20 && len(calls.Items) > 20 && len(releases.Items) > 0, fmt.Sprintf("%+v, %d calls, %d releases\n%s", launches, len(calls.Items), len(releases.Items), printed)
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("ended with %v\n%s", err, printed)
	}
}

// printed is what a process wrote so far.
type printed struct {
	mu sync.Mutex
	b  strings.Builder
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}
