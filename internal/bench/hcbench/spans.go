package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/span"
)

// spans fills the store of telemetry as exporters do, and asks it what
// evidence asks.
func spans(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	n := fs.Int("spans", 1_000_000, "spans to write")
	senders := fs.Int("senders", 8, "exporters at once")
	rounds := fs.Int("rounds", 200, "how often each question is asked, with other values each time")
	dir := fs.String("dir", filepath.Join("bin", "bench"), "`folder` that the data is made in")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	data, err := os.MkdirTemp(*dir, "spans-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }()
	cfg, kind := db.Config{Dir: data, File: "telemetry.db"}, "SQLite"
	if c.postgres {
		if cfg.URL, kind = os.Getenv("TEST_POSTGRES"), "PostgreSQL"; cfg.URL == "" {
			return errors.New("TEST_POSTGRES is not set; run this under scripts/with-postgres.sh --durable")
		}
	}
	d, err := db.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	fmt.Printf("spans, %s of them, %s on %s, load average %s\n", thousands(float64(*n)), kind, fileSystem(ctx, data), loadAverage())
	b := &spanBench{s: span.NewService(span.Deps{DB: d, Log: slog.New(slog.DiscardHandler)}), report: &report{}, end: time.Now().Add(-time.Minute), over: 24 * time.Hour}
	commit, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { b.s.Commit(commit) })
	err = b.fill(ctx, *n, *senders)
	if err == nil {
		err = b.ask(ctx, *rounds)
	}
	stop()
	wg.Wait()
	if size, statErr := os.Stat(filepath.Join(data, "telemetry.db")); statErr == nil && !c.postgres {
		b.report.line("on disk", fmt.Sprintf("%d B a span", size.Size()/int64(*n)), "", true)
	}
	return errors.Join(err, b.report.err(c.strict))
}

type spanBench struct {
	s      *span.Service
	report *report
	end    time.Time
	over   time.Duration

	mu     sync.Mutex
	traces []string // some of those that are there
	users  []string
	times  []time.Time
}

// fill writes n spans in requests of 512, as the batch processor of an SDK
// sends them.
func (b *spanBench) fill(ctx context.Context, n, senders int) error {
	const each = 512
	began := time.Now()
	var took spread
	var wg sync.WaitGroup
	var firstErr error
	for k := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 7))
			total := n / senders
			for i := 0; i < total; i += each {
				at := b.end.Add(-b.over + time.Duration(float64(b.over)*float64(i)/float64(total)))
				batch := b.batch(r, at, min(each, total-i))
				t := time.Now()
				err := b.s.Write(ctx, batch)
				b.mu.Lock()
				took = append(took, time.Since(t))
				firstErr = errors.Join(firstErr, err)
				b.mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if firstErr != nil {
		return firstErr
	}
	rate := float64(n) / time.Since(began).Seconds()
	b.report.line("written, durable", thousands(rate)+" spans/s", "> 3,000", rate > 3000)
	b.report.line(fmt.Sprintf("a request of %d spans", each), took.String(), "", true)
	return nil
}

var spanServices = []string{"shop-web", "checkout", "payment", "stock", "mail"}

// batch is some traces of eight spans.
func (b *spanBench) batch(r *rand.Rand, at time.Time, n int) *span.Batch {
	out := &span.Batch{Workspace: benchSpace}
	var trace, parent, user string
	for i := range n {
		if i%8 == 0 {
			trace, parent, user = fmt.Sprintf("%016x%016x", r.Uint64()|1, r.Uint64()), "", fmt.Sprintf("u%d", r.IntN(20_000))
			at = at.Add(time.Duration(r.IntN(2000)) * time.Microsecond)
			if r.IntN(100) == 0 {
				b.mu.Lock()
				b.traces, b.users, b.times = append(b.traces, trace), append(b.users, user), append(b.times, at)
				b.mu.Unlock()
			}
		}
		x := &span.Span{TraceID: trace, SpanID: fmt.Sprintf("%016x", r.Uint64()|1), ParentID: parent, Service: spanServices[i%len(spanServices)],
			Name: "GET /orders/{id}", Kind: "server", Start: at.Add(time.Duration(i%8) * time.Millisecond), Duration: time.Duration(r.IntN(200)) * time.Millisecond,
			Method: "GET", Route: "/orders/{id}", HTTPStatus: 200, Environment: "production", Release: "3.0.4"}
		if i%8 == 0 {
			x.User, x.Session = user, "s-"+user
		}
		if r.IntN(50) == 0 {
			x.Status, x.HTTPStatus, x.Error, x.Message = span.Error, 504, "TimeoutError", "no connection within 8000 ms"
		}
		x.Attrs, _ = json.Marshal(map[string]any{"url.path": fmt.Sprintf("/orders/%d", r.IntN(1e6)), "server.address": "shop.example", "server.port": 443, "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
			"network.peer.address": "10.0.0.7", "network.protocol.version": "1.1", "url.scheme": "https", "thread.id": r.IntN(64), "db.system.name": "postgresql", "db.query.text": "SELECT id, total, currency FROM orders WHERE id = $1"})
		parent = x.SpanID
		out.Spans = append(out.Spans, x)
	}
	return out
}

// ask measures what evidence asks. The window is that of a report: ten minutes
// before and two after.
func (b *spanBench) ask(ctx context.Context, rounds int) error {
	const target = 20 * time.Millisecond
	for _, q := range []struct {
		name string
		ask  func(i int) (int, error)
	}{
		{"a trace by its id", func(i int) (int, error) {
			list, err := b.s.ByTrace(ctx, benchSpace, b.traces[i])
			return len(list), err
		}},
		{"a user, 12 minutes", func(i int) (int, error) {
			list, err := b.s.Around(ctx, benchSpace, span.Who{User: b.users[i]}, b.times[i].Add(-10*time.Minute), b.times[i].Add(2*time.Minute), 200)
			return len(list), err
		}},
		{"a session, 12 minutes", func(i int) (int, error) {
			list, err := b.s.Around(ctx, benchSpace, span.Who{Session: "s-" + b.users[i]}, b.times[i].Add(-10*time.Minute), b.times[i].Add(2*time.Minute), 200)
			return len(list), err
		}},
		{"errors, 12 minutes, the last 200", func(i int) (int, error) {
			list, err := b.s.Errors(ctx, benchSpace, "", b.times[i].Add(-10*time.Minute), b.times[i].Add(2*time.Minute), 200)
			return len(list), err
		}},
	} {
		var took spread
		for i := range rounds {
			t := time.Now()
			n, err := q.ask(i % len(b.traces))
			took = append(took, time.Since(t))
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("%s: nothing was found", q.name)
			}
		}
		text := took.String()
		b.report.line(q.name, text, "p95 < 20 ms", took.at(95) < target)
	}
	return nil
}
