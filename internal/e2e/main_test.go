package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/db/dbtest"
)

// binary is what every test runs: HYPERCARE_BIN, or built once from here.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if testing.Short() {
		fmt.Println("e2e: left out by -short")
		return 0, nil
	}
	defer func() { err = errors.Join(err, os.RemoveAll(peers.dir)) }()
	if binary = os.Getenv("HYPERCARE_BIN"); binary != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "hce2e")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "hypercare")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/hypercare")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// fresh returns a configuration on records of the test's own, on the database
// that this run is about.
func fresh(t *testing.T) proc.Config {
	t.Helper()
	c := dbtest.Config(t)
	return proc.Config{Bin: binary, Data: c.Dir, DatabaseURL: c.URL}
}

// start runs the server until the test ends.
func start(t *testing.T, cfg proc.Config) *proc.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := proc.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-s.Done():
		default:
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			log := s.Log()
			t.Logf("end of the server's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

// world is a running server with an admin's token and a launch.
type world struct {
	*proc.Server
	token, launch string
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{Server: start(t, fresh(t))}
	w.token = newToken(t, w.Config, "admin")
	w.launch = newLaunch(t, w.Server, w.token)
	return w
}

type madeChannel struct {
	ID, Key, State string
	Received       int
}

// channel makes a channel of the launch, with the kind's settings.
func (w world) channel(t *testing.T, kind string, settings map[string]any) madeChannel {
	t.Helper()
	var c madeChannel
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/launches/"+w.launch+"/channels", map[string]any{"kind": kind, "settings": settings}, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// clients is where the clients of others are that npm installs, unmodified
// (tools/clients); the test is left out where they are not.
func clients(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "tools", "clients"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".installed")); err != nil {
		t.Skip("tools/clients is not installed (make clients installs it, where the npm registry is reachable)")
	}
	return dir
}

func newToken(t *testing.T, cfg proc.Config, role string) string {
	t.Helper()
	token, err := cfg.NewToken(t.Context(), role, "test-"+role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newLaunch(t *testing.T, s *proc.Server, token string) string {
	t.Helper()
	var l struct {
		ID string `json:"id"`
	}
	if err := s.Call(t.Context(), token, "POST", "/api/v1/launches", map[string]any{"name": "First launch"}, &l); err != nil {
		t.Fatal(err)
	}
	return l.ID
}

// get calls the API or ends the test.
func (w world) get(t *testing.T, path string, out any) {
	t.Helper()
	if err := w.Call(t.Context(), w.token, "GET", path, nil, out); err != nil {
		t.Fatal(err)
	}
}

// feedback returns every feedback of the launch, page by page.
func (w world) feedback(t *testing.T) []item {
	t.Helper()
	var all []item
	for cursor := ""; ; {
		var page struct {
			Items []item `json:"items"`
			Next  string `json:"next_cursor"`
		}
		w.get(t, "/api/v1/launches/"+w.launch+"/feedback?limit=200&cursor="+cursor, &page)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

type item struct {
	ID         string `json:"id"`
	ExternalID string `json:"external_id"`
	Snippet    string `json:"snippet"`
}

// processed waits until nothing is left to process.
func (w world) processed(t *testing.T) {
	t.Helper()
	waitFor(t, 3*time.Minute, "every delivery to be processed", func() (bool, string) {
		var l struct {
			Counts struct {
				Feedback int `json:"feedback"`
				Waiting  int `json:"waiting"`
			} `json:"counts"`
		}
		w.get(t, "/api/v1/launches/"+w.launch, &l)
		return l.Counts.Waiting == 0, fmt.Sprintf("%+v", l.Counts)
	})
}

// waitFor polls until done says so.
func waitFor(t *testing.T, limit time.Duration, what string, done func() (ok bool, state string)) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(limit)
	for {
		ok, state := done()
		if ok {
			return
		}
		select {
		case <-end:
			t.Fatalf("waited %s for %s; now: %s", limit, what, state)
		case <-t.Context().Done():
			t.Fatalf("test ended while waiting for %s", what)
		case <-tick.C:
		}
	}
}
