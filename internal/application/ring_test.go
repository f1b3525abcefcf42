package application_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/application"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// A node whose clock is an hour behind revokes a key; others see it at once,
// whatever their clocks say.
func TestClocksOfNodesMayDiffer(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	here, late := on(t, d), on(t, d)
	late.Clock(func() time.Time { return time.Now().Add(-time.Hour) })
	ctx := as(t, "w1", workspace.Lead)
	app, err := here.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	k, text, err := here.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil || !opens(here, text) {
		t.Fatalf("CreateKey: %v", err)
	}
	if err := late.RevokeKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	if err := here.Refresh(ctx); err != nil || opens(here, text) {
		t.Errorf("a key that a node with a late clock revoked still opens: %v", err)
	}
	// And by a node that is ahead, then by one that is not.
	_, one, err := late.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	late.Clock(func() time.Time { return time.Now().Add(time.Hour) })
	_, two, err := late.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	if err := here.Refresh(ctx); err != nil || !opens(here, one) || !opens(here, two) {
		t.Errorf("keys of the other node: %v, %v, %v", opens(here, one), opens(here, two), err)
	}
}

// Keys are made, revoked and looked up at the same time on two nodes; in the
// end both know the same.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	nodes := []*application.Service{on(t, d), on(t, d)}
	ctx := as(t, "w1", workspace.Lead)
	var mu sync.Mutex
	valid, gone := []secret.Text{}, []secret.Text{}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			s := nodes[n%2]
			app, err := s.Create(ctx, application.Input{Name: fmt.Sprint("app", n)})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 8 {
				k, text, err := s.CreateKey(ctx, app.ID, application.NewKey{})
				if err != nil {
					t.Error(err)
					return
				}
				if !opens(s, text) {
					t.Error("a key does not open on the node that made it")
				}
				if i%2 == 0 {
					if err := s.RevokeKey(ctx, app.ID, k.ID); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				if i%2 == 0 {
					gone = append(gone, text)
				} else {
					valid = append(valid, text)
				}
				mu.Unlock()
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, s := range nodes {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := s.Refresh(ctx); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
	for n, s := range nodes {
		if err := s.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		for _, k := range valid {
			if !opens(s, k) {
				t.Errorf("node %d lacks a key", n)
			}
		}
		for _, k := range gone {
			if opens(s, k) {
				t.Errorf("node %d has a key that was revoked", n)
			}
		}
		if s.Ring().Len() != len(valid) {
			t.Errorf("node %d has %d keys, want %d", n, s.Ring().Len(), len(valid))
		}
	}
}

// away is a database that a test takes away: a PostgreSQL behind a proxy that
// is cut, or the records of SQLite closed.
func away(t *testing.T) (d *db.DB, take func()) {
	t.Helper()
	cfg := dbtest.Config(t)
	if cfg.URL == "" {
		d, err := db.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return d, func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	network, server := "tcp", u.Host
	if h := u.Query().Get("host"); h != "" { // a socket in a folder
		port := u.Query().Get("port")
		if port == "" {
			port = "5432"
		}
		network, server = "unix", h+"/.s.PGSQL."+port
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	cut := false
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial(network, server)
			mu.Lock()
			if err != nil || cut {
				_ = c.Close()
			} else {
				conns = append(conns, c, b)
				go func() { _, _ = io.Copy(b, c) }()
				go func() { _, _ = io.Copy(c, b) }()
			}
			mu.Unlock()
		}
	}()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = ln.Addr().String(), q.Encode()
	cfg.URL = u.String()
	d, err = db.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	take = sync.OnceFunc(func() {
		_ = ln.Close()
		mu.Lock()
		defer mu.Unlock()
		cut = true
		for _, c := range conns {
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = d.Close(); take() })
	return d, take
}

// With the database away known keys open what they opened, and of unknown ones
// the gateway says that it can't tell.
func TestTheDatabaseIsTakenAway(t *testing.T) {
	t.Parallel()
	d, take := away(t)
	s := on(t, d)
	s.Trust(50 * time.Millisecond)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := s.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	counters := application.NewCounters(d, slog.New(slog.DiscardHandler))
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(up.Close)
	g := gateway.New(gateway.Options{Log: slog.New(slog.DiscardHandler), Keys: s.Ring(), Counters: counters})
	doc := fmt.Sprintf("gateway: 1\nupstreams: [{name: up, targets: [{url: %q}]}]\napis:\n  - name: a\n    upstream: up\n    policies: {key: {}, quotas: [{count: 6, per: month}]}\n    routes: [{name: all, prefix: /}]\n", up.URL)
	if err := g.Load([]gateway.Document{{Workspace: "w1", Text: []byte(doc)}}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.Serve(ln) })
	follow, stop := context.WithCancel(ctx)
	serving.Go(func() { s.Follow(follow) })
	serving.Go(func() { counters.Run(follow) })
	t.Cleanup(func() {
		stop()
		_ = ln.Close()
		end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = g.Shutdown(end)
		serving.Wait()
	})
	ask := func(key string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+ln.Addr().String()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if err := s.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if status, body := ask(key.Reveal()); status != 200 {
		t.Fatalf("a known key: %d %s", status, body)
	}
	take()
	if err := s.Refresh(ctx); err == nil {
		t.Fatal("the database still answers")
	}
	// What was unknown is 401 as long as the ring is known to be complete, then 503.
	for ctx.Err() == nil {
		status, body := ask("hck_unknown")
		if status == 503 && strings.Contains(body, "can't be checked at the moment") {
			break
		} else if status != 401 {
			t.Fatalf("an unknown key: %d %s", status, body)
		}
	}
	for range 5 {
		if status, body := ask(key.Reveal()); status != 200 {
			t.Errorf("a known key without the database: %d %s", status, body)
		}
		if status, body := ask("hck_unknown"); status != 503 {
			t.Errorf("an unknown key without the database: %d %s", status, body)
		}
	}
	// Quotas go on in memory.
	if status, body := ask(key.Reveal()); status != 429 {
		t.Errorf("the seventh of six calls: %d %s", status, body)
	}
}

func TestSecretsForSignatures(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := on(t, d)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	k, text, err := s.CreateKey(ctx, app.ID, application.NewKey{Kind: application.KindSignature})
	if err != nil || k.Kind != application.KindSignature || !strings.HasPrefix(text.Reveal(), "hcs_") {
		t.Fatalf("CreateKey = %+v, %v", k, err)
	}
	for name, node := range map[string]*application.Service{"here": s, "after a start": on(t, d)} {
		if err := node.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		got, sure := node.Ring().Signer(k.ID)
		if got == nil || !sure || string(got.Secret) != text.Reveal() || got.Application != app.ID {
			t.Errorf("%s: Signer = %+v, %v", name, got, sure)
		}
		if opens(node, text) {
			t.Errorf("%s: it opens as a key, too", name)
		}
	}
	other, err := secret.NewBox([]byte(strings.Repeat("k", secret.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	node := application.NewService(d, event.New(), slog.New(slog.DiscardHandler), other)
	if err := node.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if got, _ := node.Ring().Signer(k.ID); got != nil {
		t.Error("a node with another master key has the secret")
	}
	if err := s.RevokeKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	if got, sure := s.Ring().Signer(k.ID); got != nil || !sure {
		t.Error("a revoked secret still verifies")
	}
}

func TestApplicationsAreFoundByName(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "Web shop", Plan: "gold"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{app.ID, "Web shop"} {
		if c, sure := s.Ring().Application("w1", name); c == nil || !sure || c.Plan != "gold" {
			t.Errorf("%s: %+v, %v", name, c, sure)
		}
		if c, _ := s.Ring().Application("w2", name); c != nil {
			t.Errorf("%s is found in another workspace", name)
		}
	}
	name, yes := "Shop", true
	if _, err := s.Change(ctx, app.ID, application.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if c, _ := s.Ring().Application("w1", "Web shop"); c != nil {
		t.Error("it is found by its old name")
	}
	if _, err := s.Change(ctx, app.ID, application.Change{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if c, sure := s.Ring().Application("w1", "Shop"); c != nil || !sure {
		t.Error("it is found though it is disabled")
	}
}

func TestLastUse(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := on(t, d)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := s.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	use := func(at time.Time) {
		c, _ := s.Ring().Find(sha256.Sum256([]byte(text.Reveal())))
		c.Used.Store(at.Unix())
		if err := s.NoteUse(ctx); err != nil {
			t.Fatal(err)
		}
	}
	noted := func() int64 {
		got, err := s.Get(ctx, app.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Keys[0].UsedAt == nil {
			return 0
		}
		return got.Keys[0].UsedAt.Unix()
	}
	if n := noted(); n != 0 {
		t.Errorf("used before it was: %d", n)
	}
	use(now)
	if n := noted(); n != now.Unix() {
		t.Errorf("noted %d, want %d", n, now.Unix())
	}
	use(now.Add(10 * time.Second))
	if n := noted(); n != now.Unix() {
		t.Errorf("ten seconds later it was written again")
	}
	// A change of the application forgets nothing.
	plan := "p"
	if _, err := s.Change(ctx, app.ID, application.Change{Plan: &plan}); err != nil {
		t.Fatal(err)
	}
	use(now.Add(2 * time.Minute))
	if n := noted(); n != now.Add(2*time.Minute).Unix() {
		t.Errorf("noted %d, want %d", n, now.Add(2*time.Minute).Unix())
	}
}

// fill puts applications with keys straight into the records.
func fill(tb testing.TB, d *db.DB, apps, each int) []secret.Text {
	tb.Helper()
	var keys []secret.Text
	ctx := context.Background()
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var rows, keyRows [][]any
		for i := range apps {
			id := fmt.Sprintf("a%06d", i)
			rows = append(rows, []any{"w1", id, "app " + id, 1, 0})
			for k := range each {
				text := secret.New(gateway.KeyPrefix)
				keys = append(keys, text)
				keyRows = append(keyRows, []any{"w1", fmt.Sprintf("%sk%d", id, k), id, text.Reveal()[:10], text.Hash(), 1})
			}
		}
		if err := db.Insert(ctx, tx, `INSERT INTO application (workspace_id, id, name, created_at, changed_at)`, ``, rows); err != nil {
			return err
		}
		return db.Insert(ctx, tx, `INSERT INTO application_key (workspace_id, id, application_id, prefix, hash, created_at)`, ``, keyRows)
	})
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

// BenchmarkFind: a look-up costs the same however many keys there are.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		d := dbtest.Open(b)
		keys := fill(b, d, max(1, n/10), min(n, 10))
		s := application.NewService(d, event.New(), slog.New(slog.DiscardHandler), nil)
		start := time.Now()
		if err := s.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
		first := time.Since(start)
		sums := make([][32]byte, 0, 1024)
		for i := range min(1024, len(keys)) {
			sums = append(sums, sha256.Sum256([]byte(keys[i*len(keys)/min(1024, len(keys))].Reveal())))
		}
		b.Run(fmt.Sprintf("find/keys=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if c, _ := s.Ring().Find(sums[i%len(sums)]); c == nil {
					b.Fatal("a key is not found")
				}
				i++
			}
			b.ReportMetric(float64(first.Milliseconds()), "load-ms")
		})
		b.Run(fmt.Sprintf("change/keys=%d", n), func(b *testing.B) {
			ctx := workspace.As(b.Context(), workspace.Actor{Workspace: "w1", Kind: "member", ID: "m", Name: "Ada", Role: workspace.Lead})
			for b.Loop() {
				if _, _, err := s.CreateKey(ctx, "a000000", application.NewKey{Overlap: "0s"}); err != nil {
					b.StopTimer()
					app, _ := s.Get(ctx, "a000000")
					for _, k := range app.Keys {
						_ = s.RevokeKey(ctx, "a000000", k.ID)
					}
					b.StartTimer()
				}
			}
		})
	}
}

var _ gateway.Applications = (*application.Ring)(nil)

// counted events of a type.
func counted(t *testing.T, bus *event.Bus, kind string) *atomic.Int32 {
	t.Helper()
	var n atomic.Int32
	bus.Forward(func(e event.Event) {
		if e.Type == kind {
			n.Add(1)
		}
	})
	return &n
}
