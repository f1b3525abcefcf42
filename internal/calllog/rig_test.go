package calllog

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

const home workspace.ID = "home"

// rig is a gateway whose calls go into a log on disk, with the service on it.
type rig struct {
	*Service
	log  *call.Log
	gw   *gateway.Gateway
	addr string
	dir  string // of the log
}

// ring knows one key.
type ring struct{}

const secretKey = "hck_secret"

func (ring) Find(sum [sha256.Size]byte) (*gateway.Consumer, bool) {
	if sum == sha256.Sum256([]byte(secretKey)) {
		return &gateway.Consumer{Workspace: string(home), Application: "app_1", Name: "acme", Key: "hck_sec"}, true
	}
	return nil, true
}

func newRig(t *testing.T, doc string, change ...func(*call.Config)) *rig {
	t.Helper()
	dir := t.TempDir()
	cfg := call.Config{Dir: dir, MinFree: 1}
	for _, f := range change {
		f(&cfg)
	}
	l, err := call.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := NewService(Deps{DB: dbtest.Open(t), Log: slog.New(slog.DiscardHandler), Node: "node-1", Done: t.Context().Done(),
		Each: func(ctx context.Context, fn func(context.Context, workspace.ID) error) error { return fn(ctx, home) }}, l)
	r := &rig{Service: s, log: l, dir: dir}
	r.gw = gateway.New(gateway.Options{Log: slog.New(slog.DiscardHandler), Record: s.Record, Capture: s.Capture, Keys: ring{}})
	if err := r.gw.Load([]gateway.Document{{Workspace: string(home), Text: []byte(doc)}}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served, ran := make(chan error, 1), make(chan struct{})
	go func() { served <- r.gw.Serve(ln) }()
	go func() { s.Run(ctx); close(ran) }()
	t.Cleanup(func() {
		_ = ln.Close()
		down, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		_ = r.gw.Shutdown(down)
		<-served
		cancel()
		<-ran
		if err := l.Close(); err != nil && len(change) == 0 {
			t.Error(err)
		}
	})
	r.wait(t, "the only workspace to be known", func() bool { return s.home.Load() != nil })
	return r
}

func (r *rig) wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// as is a context in which a role asks.
func (r *rig) as(t *testing.T, role workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: home, Kind: "member", ID: "ada", Name: "Ada", Role: role})
}

// calls waits until so many are logged and returns them, oldest first.
func (r *rig) calls(t *testing.T, n int) []call.Record {
	t.Helper()
	var page *call.Page
	r.wait(t, fmt.Sprintf("%d calls", n), func() bool {
		if err := r.log.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if page, err = r.log.Find(t.Context(), home, call.Query{Oldest: true, Limit: 1000, Payload: true}); err != nil {
			t.Fatal(err)
		}
		return len(page.Calls) >= n
	})
	if len(page.Calls) != n {
		t.Fatalf("%d calls, want %d", len(page.Calls), n)
	}
	return page.Calls
}

// raw sends bytes and returns the answer's status line.
func (r *rig) raw(t *testing.T, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func upstream(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
