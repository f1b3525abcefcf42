package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/call"
)

// calls fills a call log by the way that traffic goes, and asks it what the
// pages ask.
func calls(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	records := fs.Int("records", 10_000_000, "calls to generate")
	days := fs.Int("days", 30, "over how many days")
	payloads := fs.Int("payloads", 1_000_000, "calls with payload, in a log of their own")
	rounds := fs.Int("rounds", 20, "how often each query is asked, with other values each time")
	dir := fs.String("dir", filepath.Join("bin", "bench"), "`folder` that the data is made in")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	data, err := os.MkdirTemp(*dir, "calls-")
	if err != nil {
		return err
	}
	if c.keep {
		fmt.Printf("  data kept in %s\n", data)
	} else {
		defer func() { _ = os.RemoveAll(data) }()
	}
	fmt.Printf("calls, %s records over %d days on %s, load average %s\n", thousands(float64(*records)), *days, fileSystem(ctx, data), loadAverage())
	b := &callBench{report: &report{}, rounds: *rounds, end: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)}
	b.appends()
	for _, part := range []struct {
		name    string
		n       int
		days    int
		payload bool
		ask     func(context.Context) error
	}{{"plain", *records, *days, false, b.askPlain}, {"payload", *payloads, 1, true, b.askPayload}} {
		if part.n == 0 {
			continue
		}
		if err := b.fill(ctx, filepath.Join(data, part.name), part.n, part.days, part.payload); err != nil {
			return err
		}
		err := part.ask(ctx)
		if err = errors.Join(err, b.log.Close()); err != nil {
			return err
		}
	}
	fmt.Printf("  load average after: %s\n", loadAverage())
	return b.report.err(c.strict)
}

type callBench struct {
	report *report
	rounds int
	end    time.Time // of the calls
	begin  time.Time
	log    *call.Log
	gen    *callGen
	sample []call.Record // some of what is in the log
}

const benchSpace = "ws_bench"

// appends measures what the gateway pays: on one goroutine, the writer kept
// from writing by a buffer that takes all.
func (b *callBench) appends() {
	dir, err := os.MkdirTemp("", "hcbench-append-")
	if err != nil {
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, err := call.Open(call.Config{Dir: dir, Buffer: 2 << 30})
	if err != nil {
		return
	}
	defer func() { _ = l.Close() }()
	g := newCallGen(b.end.Add(-time.Hour), time.Hour, 100_000, false)
	list := make([]call.Record, 20_000)
	for i := range list {
		g.next(&list[i])
	}
	var before, after runtime.MemStats
	best := time.Hour
	runtime.ReadMemStats(&before)
	const passes = 5
	for range passes {
		began := time.Now()
		for i := range list {
			l.Append(&list[i])
		}
		best = min(best, time.Since(began)/time.Duration(len(list)))
	}
	runtime.ReadMemStats(&after)
	b.report.line("append", fmt.Sprintf("%d ns, %.2f allocations", best.Nanoseconds(), float64(after.Mallocs-before.Mallocs)/float64(passes*len(list))), "", true)
}

// fill makes a log through Append, as fast as it takes them.
func (b *callBench) fill(ctx context.Context, dir string, n, days int, payload bool) error {
	span := time.Duration(days) * 24 * time.Hour
	b.begin = b.end.Add(-span)
	// What generating costs is measured apart, and taken off.
	var r call.Record
	g := newCallGen(b.begin, span, n, payload)
	cpu := cpuTime()
	trial := min(n, 200_000)
	for range trial {
		g.next(&r)
	}
	each := float64(cpuTime()-cpu) / float64(trial)

	var now atomic.Int64
	now.Store(b.begin.UnixMicro())
	l, err := call.Open(call.Config{Dir: dir, Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	if err != nil {
		return err
	}
	b.log, b.gen, b.sample = l, newCallGen(b.begin, span, n, payload), nil
	began, cpu := time.Now(), cpuTime()
	for i := range n {
		b.gen.next(&r)
		if i%max(n/2000, 1) == 0 {
			s := r
			s.Path, s.Request.Body = strings.Clone(r.Path), strings.Clone(r.Request.Body)
			b.sample = append(b.sample, s)
			now.Store(r.Time)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		for !l.Append(&r) { // full: wait as traffic never would
			if err := synced(ctx, l); err != nil {
				return err
			}
		}
	}
	now.Store(b.end.Add(8 * time.Hour).UnixMicro())
	if err := synced(ctx, l); err != nil {
		return err
	}
	if err := settle(ctx, l, dir); err != nil {
		return err
	}
	used := float64(cpuTime()-cpu)/float64(n) - each
	s := l.Stats()
	if s.Calls != int64(n) {
		return fmt.Errorf("%d calls were put in, the log has %d", n, s.Calls)
	}
	what := "records"
	if payload {
		what = "records with payload"
	}
	fmt.Printf(" %s %s in %d segments, made in %.0f s (load average %s)\n", thousands(float64(n)), what, s.Segments, time.Since(began).Seconds(), loadAverage())
	b.report.line("write, merges included, CPU", fmt.Sprintf("%.2f us a record", used/1000), "", true)
	size := float64(s.Bytes) / float64(n)
	if payload {
		b.report.line("on disk", fmt.Sprintf("%.1f bytes a record, of %.0f captured", size, float64(b.gen.captured)/float64(n)), "", true)
	} else {
		b.report.line("on disk", fmt.Sprintf("%.1f bytes a record, %.2f GB", size, float64(s.Bytes)/1e9), "<= 120 bytes", size <= 120)
	}
	return nil
}

// synced waits until all is written, however far the log is behind.
func synced(ctx context.Context, l *call.Log) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for l.Sync(ctx) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// settle waits until nothing is left to be cut or merged.
func settle(ctx context.Context, l *call.Log, dir string) error {
	l.SetRetention(call.Retention{}) // wakes the keeper
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	was, since := "", time.Now()
	for {
		s := l.Stats()
		if s.State != "" {
			return errors.New(s.State)
		}
		files, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		parts, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*.part"))
		if err != nil {
			return err
		}
		if is := fmt.Sprint(len(files), s.Segments, len(parts)); is != was || len(parts) > 0 {
			was, since = is, time.Now()
		}
		if time.Since(since) > 3*time.Second {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ask times a question over many samples.
func (b *callBench) ask(name string, target time.Duration, one func(r *call.Record) error) error {
	var took spread
	at := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // repeatable
	for range b.rounds {
		r := &b.sample[at.IntN(len(b.sample))]
		began := time.Now()
		if err := one(r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	text := took.String() // sorts
	p95 := took.at(95)
	goal := ""
	if target > 0 {
		goal = fmt.Sprintf("p95 <= %d ms", target.Milliseconds())
	}
	b.report.line(name, "p50 p95 p99 max "+text, goal, target == 0 || p95 <= target)
	return nil
}

func (b *callBench) askPlain(ctx context.Context) error {
	l := b.log
	hour := func(r *call.Record) call.Query {
		from := r.At().Truncate(time.Hour)
		return call.Query{From: from, To: from.Add(time.Hour)}
	}
	day := func(r *call.Record) call.Query {
		from := r.At().Truncate(24 * time.Hour)
		return call.Query{From: from, To: from.Add(24 * time.Hour)}
	}
	is := func(q call.Query, f call.Field, v string) call.Query {
		q.Where = append(q.Where, call.Filter{Field: f, Op: call.Is, Values: []string{v}})
		return q
	}
	all := call.Query{From: b.begin, To: b.end}
	some := func(page *call.Page, err error) error {
		if err == nil && len(page.Calls) == 0 {
			err = errors.New("nothing was found that must be there")
		}
		return err
	}
	b.restPeak()
	for _, q := range []struct {
		name   string
		target time.Duration
		one    func(r *call.Record) error
	}{
		{"trace id within a known hour", 50 * time.Millisecond, func(r *call.Record) error {
			return some(l.Find(ctx, benchSpace, is(hour(r), call.Trace, r.Trace.String())))
		}},
		{"trace id anywhere", time.Second, func(r *call.Record) error {
			return some(l.Find(ctx, benchSpace, is(call.Query{}, call.Trace, r.Trace.String())))
		}},
		{"one call by its id", 0, func(r *call.Record) error { _, err := l.Get(ctx, benchSpace, r.ID); return err }},
		{"one user's calls in an hour", 100 * time.Millisecond, func(r *call.Record) error {
			return some(l.Find(ctx, benchSpace, is(hour(r), call.User, r.User)))
		}},
		{"calls of a user around a moment", 0, func(r *call.Record) error {
			_, err := l.UserCalls(ctx, benchSpace, call.Who{User: r.User, Session: r.Session}, r.At(), 15*time.Minute, 15*time.Minute, 50)
			return err
		}},
		{"one user's calls anywhere", 0, func(r *call.Record) error {
			return some(l.Find(ctx, benchSpace, is(call.Query{}, call.User, r.User)))
		}},
		{"count and p95 by route, an hour", 300 * time.Millisecond, func(r *call.Record) error {
			_, err := l.Facets(ctx, benchSpace, hour(r), []call.Field{call.Route}, 100)
			return err
		}},
		{"seven facets, an hour", 0, func(r *call.Record) error {
			_, err := l.Facets(ctx, benchSpace, hour(r), []call.Field{call.Route, call.Status, call.Method, call.Application, call.Upstream, call.Error, call.User}, 20)
			return err
		}},
		{"newest 100 of everything", 0, func(*call.Record) error { return some(l.Find(ctx, benchSpace, call.Query{})) }},
		{"newest 100 errors of a day", 0, func(r *call.Record) error { return some(l.Find(ctx, benchSpace, is(day(r), call.Status, "5xx"))) }},
		{"histogram of an hour", 0, func(r *call.Record) error { _, err := l.Histogram(ctx, benchSpace, hour(r), 60); return err }},
		{"histogram of a day", 0, func(r *call.Record) error { _, err := l.Histogram(ctx, benchSpace, day(r), 96); return err }},
		{"heatmap of a day", 0, func(r *call.Record) error { _, err := l.Heatmap(ctx, benchSpace, day(r), 96); return err }},
		{"rare word of a path, a day", 0, func(r *call.Record) error {
			q := day(r)
			q.Text = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
			return some(l.Find(ctx, benchSpace, q))
		}},
	} {
		if err := b.ask(q.name, q.target, q.one); err != nil {
			return err
		}
	}
	// Once: it reads everything.
	rounds := b.rounds
	b.rounds = 3
	err := b.ask("histogram of all", 0, func(*call.Record) error { _, err := l.Histogram(ctx, benchSpace, all, 90); return err })
	if err == nil {
		err = b.ask("count and p95 by route of all", 0, func(*call.Record) error {
			_, err := l.Facets(ctx, benchSpace, all, []call.Field{call.Route}, 100)
			return err
		})
	}
	b.rounds = rounds
	if err != nil {
		return err
	}
	b.peak()
	return b.visible(ctx)
}

func (b *callBench) askPayload(ctx context.Context) error {
	b.restPeak()
	err := b.ask("rare word in payloads", time.Duration(max(1, b.log.Stats().Calls/1_000_000))*time.Second, func(r *call.Record) error {
		_, word, _ := strings.Cut(r.Request.Body, `"reference":"`)
		word, _, _ = strings.Cut(word, `"`)
		page, err := b.log.Find(ctx, benchSpace, call.Query{Text: word})
		if err == nil && (len(page.Calls) != 1 || page.Calls[0].ID != r.ID) {
			err = fmt.Errorf("%q was found %d times", word, len(page.Calls))
		}
		return err
	})
	if err == nil {
		err = b.ask("a word that is nowhere", 0, func(*call.Record) error {
			_, err := b.log.Find(ctx, benchSpace, call.Query{Text: "zyzzyva"})
			return err
		})
	}
	if err == nil {
		err = b.ask("a frequent word, newest 100", 0, func(*call.Record) error {
			_, err := b.log.Find(ctx, benchSpace, call.Query{Text: "lovelace"})
			return err
		})
	}
	b.peak()
	return err
}

// visible measures how soon a call is in queries and in the tail.
func (b *callBench) visible(ctx context.Context) error {
	var query, tail spread
	for range b.rounds {
		var r call.Record
		b.gen.next(&r)
		r.Time = b.end.UnixMicro()
		r.User = fmt.Sprintf("visible-%d", rand.Uint64()) //nolint:gosec // a name
		q := call.Query{From: b.end, Where: []call.Filter{{Field: call.User, Op: call.Is, Values: []string{r.User}}}}
		w, err := b.log.Tail(benchSpace, q)
		if err != nil {
			return err
		}
		began := time.Now()
		if !b.log.Append(&r) {
			return errors.New("a call was dropped")
		}
		if _, _, err := w.Next(ctx); err != nil {
			return err
		}
		tail = append(tail, time.Since(began))
		w.Close()
		for n := int64(0); n == 0; {
			if n, err = b.log.Count(ctx, benchSpace, q); err != nil {
				return err
			}
		}
		query = append(query, time.Since(began))
	}
	b.report.line("in the tail after", "p50 p95 p99 max "+tail.String(), "", true)
	text := query.String()
	b.report.line("in queries after", "p50 p95 p99 max "+text, "<= 3000 ms", query.at(100) <= 3*time.Second)
	return nil
}

// restPeak lets the process's peak of memory begin anew.
func (b *callBench) restPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

func (b *callBench) peak() {
	_, peak := proc.RSS(os.Getpid())
	b.report.line("memory at most while asking", fmt.Sprintf("%d MB", peak>>20), "<= 512 MB", peak <= 512<<20)
}
