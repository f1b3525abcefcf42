package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

// evidence measures how long the evidence of one report takes beside many
// calls and spans: of people who are known, of nobody, and the cause of an
// issue.
func evidence(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	records := fs.Int("records", 10_000_000, "calls to generate, over 29 days")
	spanCount := fs.Int("spans", 1_000_000, "spans to generate, over the last two days")
	reports := fs.Int("reports", 200, "reports whose evidence is asked for")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	if c.postgres {
		return errors.New("the records of this measurement are in the data folder; run it without -postgres")
	}
	fmt.Printf("evidence, %s calls and %s spans on %s, load average %s\n", thousands(float64(*records)), thousands(float64(*spanCount)), fileSystem(ctx, cfg.Data), loadAverage())
	b := &evidenceBench{cfg: cfg, report: &report{}, end: time.Now().Add(-time.Minute)}
	if err := b.prepare(ctx, *records, *spanCount); err != nil {
		return err
	}
	if err := b.ask(ctx, *reports); err != nil {
		return err
	}
	fmt.Printf("  load average after: %s\n", loadAverage())
	return b.report.err(c.strict)
}

type evidenceBench struct {
	cfg    proc.Config
	report *report
	end    time.Time

	token, launch string
	ws            workspace.ID
	sample        []call.Record // calls that reports are about
	traced        []call.Record // calls that have spans
}

// prepare makes the data folder: a launch, the calls, the spans.
func (b *evidenceBench) prepare(ctx context.Context, records, spanCount int) error {
	s, token, launch, err := setUp(ctx, b.cfg)
	if err != nil {
		return err
	}
	b.token, b.launch = token, launch
	if err := s.Stop(); err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Config{Dir: b.cfg.Data})
	if err != nil {
		return err
	}
	err = d.QueryRowContext(ctx, `SELECT workspace_id FROM launch WHERE id = $1`, b.launch).Scan(&b.ws)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	began := time.Now()
	if err := b.fillCalls(ctx, records, spanCount); err != nil {
		return err
	}
	calls := time.Since(began)
	began = time.Now()
	if err := b.fillSpans(ctx, spanCount); err != nil {
		return err
	}
	fmt.Printf(" calls made in %.0f s, spans in %.0f s (load average %s)\n", calls.Seconds(), time.Since(began).Seconds(), loadAverage())
	return nil
}

const (
	callDays  = 29
	tracedFor = 48 * time.Hour
)

func (b *evidenceBench) fillCalls(ctx context.Context, n, spanCount int) (err error) {
	length := callDays * 24 * time.Hour
	begin := b.end.Add(-length)
	var now atomic.Int64
	now.Store(begin.UnixMicro())
	dir := filepath.Join(b.cfg.Data, "calls")
	l, err := call.Open(call.Config{Dir: dir, Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	g := newCallGen(begin, length, n, false)
	g.ws = b.ws
	recent := b.end.Add(-tracedFor).UnixMicro()
	every := max(1, int(float64(n)*tracedFor.Hours()/length.Hours())/max(spanCount/8, 1))
	var r call.Record
	for i := range n {
		g.next(&r)
		if i%max(n/4000, 1) == 0 || i%37 == 0 && r.Status >= 500 && len(b.sample) < 20_000 {
			x := r
			x.Detach()
			b.sample = append(b.sample, x)
			now.Store(r.Time)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if r.Time > recent && i%every == 0 && len(b.traced) < spanCount/8 {
			x := r
			x.Detach()
			b.traced = append(b.traced, x)
		}
		for !l.Append(&r) {
			if err := synced(ctx, l); err != nil {
				return err
			}
		}
	}
	now.Store(time.Now().UnixMicro())
	if err := synced(ctx, l); err != nil {
		return err
	}
	return settle(ctx, l, dir)
}

func (b *evidenceBench) fillSpans(ctx context.Context, n int) (err error) {
	d, err := db.Open(ctx, db.Config{Dir: b.cfg.Data, File: "telemetry.db"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s := span.NewService(span.Deps{DB: d, Log: slog.New(slog.DiscardHandler)})
	commit, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { s.Commit(commit) })
	defer func() { stop(); wg.Wait() }()
	maker := &spanBench{end: b.end, over: tracedFor}
	r := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // the same data each time
	for at := 0; at < min(n, 8*len(b.traced)); at += 512 {
		batch := maker.batch(r, b.end, min(512, n-at))
		batch.Workspace = b.ws
		for i, x := range batch.Spans {
			c := &b.traced[min((at+i)/8, len(b.traced)-1)]
			x.TraceID, x.LaunchID = c.Trace.String(), b.launch
			x.Start = c.At().Add(time.Duration(i%8) * time.Millisecond)
			if x.User != "" {
				x.User, x.Session = c.User, c.Session
			}
		}
		if err := s.Write(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// texts are what reporters write, of all that they do.
var texts = []string{"I can't pay, it says error", "The list of my orders is empty", "Search is terribly slow since this morning", "Die Rechnung lässt sich nicht öffnen", "Something is broken",
	"No puedo ver mis productos", "The coupon was rejected with error 404", "I get logged out all the time, access denied"}

func (b *evidenceBench) ask(ctx context.Context, n int) error {
	s, err := proc.Start(ctx, b.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	r := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // the same questions each time
	var items []map[string]any
	for i := range n {
		c := b.sample[r.IntN(len(b.sample))]
		if i%2 == 0 { // half of them of a time that has spans
			c = b.traced[r.IntN(len(b.traced))]
		}
		in := map[string]any{"text": texts[i%len(texts)], "occurred_at": c.At().Add(20 * time.Second), "external_id": fmt.Sprint("bench-", i)}
		if i%4 != 3 { // the fourth names nobody
			in["author"] = map[string]any{"user_id": c.User, "session_id": c.Session}
		}
		items = append(items, in)
	}
	if err := s.Call(ctx, b.token, "POST", "/api/v1/launches/"+b.launch+"/feedback", map[string]any{"items": items}, nil); err != nil {
		return err
	}
	if err := b.read(ctx, s, n); err != nil {
		return err
	}
	var list struct {
		Items []struct {
			ID     string `json:"id"`
			Author struct {
				PersonID string `json:"person_id"`
			} `json:"author"`
		} `json:"items"`
	}
	if err := s.Call(ctx, b.token, "GET", fmt.Sprintf("/api/v1/launches/%s/feedback?limit=%d", b.launch, min(n, 200)), nil, &list); err != nil {
		return err
	}
	const target = 300 * time.Millisecond
	for _, round := range []string{"first time", "again"} {
		var known, nobody spread
		found := 0
		for _, f := range list.Items {
			var got struct {
				TookMS float64 `json:"took_ms"`
				Items  []any   `json:"items"`
			}
			if err := s.Call(ctx, b.token, "GET", "/api/v1/feedback/"+f.ID+"/evidence", nil, &got); err != nil {
				return err
			}
			took := time.Duration(got.TookMS * float64(time.Millisecond))
			if f.Author.PersonID != "" {
				known = append(known, took)
			} else {
				nobody = append(nobody, took)
			}
			if len(got.Items) > 0 {
				found++
			}
		}
		text := known.String()
		b.report.line("of somebody known, "+round, "p50 p95 p99 max "+text, "p95 <= 300 ms", known.at(95) <= target)
		text = nobody.String()
		b.report.line("of nobody, "+round, "p50 p95 p99 max "+text, "p95 <= 300 ms", nobody.at(95) <= target)
		b.report.line("with something found", fmt.Sprintf("%d of %d", found, len(list.Items)), "", true)
	}
	ids := make([]string, len(list.Items))
	for i, f := range list.Items {
		ids[i] = f.ID
	}
	if err := b.cause(ctx, s, ids[:min(len(ids), 40)]); err != nil {
		return err
	}
	_, peak := s.RSS()
	b.report.line("peak memory", fmt.Sprintf("%d MB", peak>>20), "", true)
	return nil
}

// read waits until the reports are processed.
func (b *evidenceBench) read(ctx context.Context, s *proc.Server, n int) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := counts(ctx, s, b.token, b.launch)
		if err != nil || c.Counts.Waiting == 0 && c.Counts.Feedback == n {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// cause asks for the cause of an issue of many reports.
func (b *evidenceBench) cause(ctx context.Context, s *proc.Server, ids []string) error {
	var made struct {
		Issue struct {
			ID string `json:"id"`
		} `json:"issue"`
	}
	if err := s.Call(ctx, b.token, "POST", "/api/v1/feedback/"+ids[0]+"/accept", map[string]any{}, &made); err != nil {
		return err
	}
	if err := s.Call(ctx, b.token, "POST", "/api/v1/launches/"+b.launch+"/feedback/accept", map[string]any{"ids": ids[1:], "issue_id": made.Issue.ID}, nil); err != nil {
		return err
	}
	for _, round := range []string{"first time", "again"} {
		began := time.Now()
		var out struct{}
		if err := s.Call(ctx, b.token, "GET", "/api/v1/issues/"+made.Issue.ID+"/cause", nil, &out); err != nil {
			return err
		}
		b.report.line(fmt.Sprintf("cause of %d reports, %s", len(ids), round), ms(time.Since(began))+" ms", "", true)
	}
	return nil
}
