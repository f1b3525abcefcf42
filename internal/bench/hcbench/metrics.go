package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/workspace"
)

// metrics fills the series of one workspace as the gateway does, with routes
// of ten series each, and asks what pages and rules ask.
func metrics(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	routes := fs.Int("routes", 1000, "routes; each has nine counters and a histogram")
	hours := fs.Int("hours", 3, "over how long")
	every := fs.Duration("every", 10*time.Second, "between samples")
	rounds := fs.Int("rounds", 20, "how often each query is asked")
	if err := fs.Parse(args); err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "hcbench-metrics-")
	if err != nil {
		return err
	}
	if c.keep {
		fmt.Printf("  data kept in %s\n", data)
	} else {
		defer func() { _ = os.RemoveAll(data) }()
	}
	b := &metricBench{report: &report{}, dir: data, routes: *routes, every: *every, rounds: *rounds, end: time.Now().Truncate(time.Second)}
	fmt.Printf("metrics, %s routes with 10 series each, %d h each %s, load average %s\n", thousands(float64(*routes)), *hours, *every, loadAverage())
	if err := b.fill(ctx, *hours); err != nil {
		return err
	}
	if err := b.ask(ctx); err != nil {
		return err
	}
	if err := b.reopen(ctx); err != nil {
		return err
	}
	fmt.Printf("  load average after: %s\n", loadAverage())
	return b.report.err(c.strict)
}

const metricSpace = workspace.ID("w1")

type metricBench struct {
	report *report
	dir    string
	routes int
	rounds int
	every  time.Duration
	end    time.Time
	store  *metric.Store
}

func (b *metricBench) open(ctx context.Context) (err error) {
	b.store, err = metric.Open(b.dir, metric.Options{MaxSeries: 20 * b.routes, OutOfOrder: time.Hour}, slog.New(slog.DiscardHandler))
	if err == nil {
		err = b.store.Wait(ctx)
	}
	return err
}

// names of a route's counters, by label.
var benchCounters = [][3]string{
	{"hypercare_gateway_requests_total", "class", "2xx"}, {"hypercare_gateway_requests_total", "class", "4xx"}, {"hypercare_gateway_requests_total", "class", "5xx"},
	{"hypercare_gateway_failures_total", "reason", "limited"}, {"hypercare_gateway_failures_total", "reason", "timed_out"}, {"hypercare_gateway_failures_total", "reason", "refused"},
	{"hypercare_gateway_bytes_total", "direction", "in"}, {"hypercare_gateway_bytes_total", "direction", "out"}, {"hypercare_gateway_retries_total", "", ""},
}

type benchRoute struct {
	counters []labels.Labels
	values   []float64
	latency  labels.Labels
	buckets  []int64 // absolute
}

func (b *metricBench) make() []benchRoute {
	list := make([]benchRoute, b.routes)
	for i := range list {
		name := []string{"api", "api" + strconv.Itoa(i/50), "instance", "host:8000", "job", "hypercare", "route", "route" + strconv.Itoa(i)}
		for _, c := range benchCounters {
			all := append(append([]string{}, name...), "__name__", c[0])
			if c[1] != "" {
				all = append(all, c[1], c[2])
			}
			list[i].counters = append(list[i].counters, labels.FromStrings(all...))
		}
		list[i].values = make([]float64, len(benchCounters))
		list[i].latency = labels.FromStrings(append(name, "__name__", "hypercare_gateway_request_duration_seconds")...)
		list[i].buckets = make([]int64, 40)
	}
	return list
}

func (b *metricBench) fill(ctx context.Context, hours int) error {
	if err := b.open(ctx); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same figures each time
	list := b.make()
	before := liveHeap()
	start := b.end.Add(-time.Duration(hours) * time.Hour)
	var samples int
	var heap uint64
	began, cpu := time.Now(), cpuTime()
	for at := start; !at.After(b.end); at = at.Add(b.every) {
		tally, err := b.store.In(metricSpace).Write(ctx, func(w *metric.Writer) error {
			for i := range list {
				if err := list[i].add(w, at.UnixMilli(), rnd); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if tally.Lost() > 0 {
			return errors.New(tally.Error())
		}
		samples += tally.Stored
		if heap == 0 && at.Sub(start) >= time.Hour {
			pause := time.Now()
			heap = liveHeap() - before
			began = began.Add(time.Since(pause))
		}
	}
	took, used := time.Since(began), cpuTime()-cpu
	b.report.line("samples appended", fmt.Sprintf("%s/s, %.2f us of CPU each", thousands(float64(samples)/took.Seconds()), float64(used.Microseconds())/float64(samples)), "100,000/s", float64(samples)/took.Seconds() >= 100_000)
	series, _, _ := b.store.Total()
	if heap > 0 {
		each := float64(heap) / float64(series)
		b.report.line("memory of a series, after an hour", fmt.Sprintf("%s bytes, %s MB for %s series", thousands(each), thousands(float64(heap>>20)), thousands(float64(series))), "8,000 bytes", each <= 8000)
	}
	return nil
}

func (r *benchRoute) add(w *metric.Writer, at int64, rnd *rand.Rand) error {
	for k, l := range r.counters {
		if rnd.IntN(3) > 0 {
			r.values[k] += float64(rnd.IntN(100))
		}
		if _, err := w.Append(0, l, 0, at, r.values[k], nil, nil, storage.AppendV2Options{}); err != nil {
			return err
		}
	}
	h := &histogram.Histogram{Schema: 3, PositiveSpans: []histogram.Span{{Offset: -60, Length: uint32(len(r.buckets))}}, PositiveBuckets: make([]int64, len(r.buckets))}
	last := int64(0)
	for i := range r.buckets {
		if rnd.IntN(4) == 0 {
			r.buckets[i] += int64(rnd.IntN(20))
		}
		h.PositiveBuckets[i] = r.buckets[i] - last
		last = r.buckets[i]
		h.Count += uint64(r.buckets[i])
	}
	h.Sum = float64(h.Count) * 0.02
	_, err := w.Append(0, r.latency, 0, at, 0, h, nil, storage.AppendV2Options{})
	return err
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (b *metricBench) time(name string, target time.Duration, one func() error) error {
	var took spread
	for range b.rounds {
		began := time.Now()
		if err := one(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	text := took.String()
	b.report.line(name, text, fmt.Sprintf("p95 %d ms", target.Milliseconds()), took.at(95) <= target)
	return nil
}

func (b *metricBench) ask(ctx context.Context) error {
	fmt.Println("  queries: p50 p95 p99 max")
	p := b.store.In(metricSpace)
	over := func(expr string, length, step time.Duration) func() error {
		return func() error {
			ans, err := p.QueryRange(ctx, expr, b.end.Add(-length), b.end, step)
			if err != nil {
				return err
			}
			defer ans.Close()
			if m, ok := ans.Value.(promql.Matrix); !ok || len(m) == 0 || len(m[0].Floats) < 60 {
				return fmt.Errorf("%s answered %d series", expr, len(m))
			}
			return nil
		}
	}
	as := workspace.System(ctx, metricSpace)
	for _, q := range []struct {
		name   string
		target time.Duration
		one    func() error
	}{
		{"one route, 1 h, 120 points", 50 * time.Millisecond, over(`sum by (class) (rate(hypercare_gateway_requests_total{route="route7"}[1m]))`, time.Hour, 30*time.Second)},
		{"p95 of one route, 1 h, 120 points", 50 * time.Millisecond, over(`histogram_quantile(0.95, sum(rate(hypercare_gateway_request_duration_seconds{route="route7"}[1m])))`, time.Hour, 30*time.Second)},
		{"rate of all routes, 1 h, 60 points", 2 * time.Second, over(`sum by (api) (rate(hypercare_gateway_requests_total[2m]))`, time.Hour, time.Minute)},
		{"Routes page, 15 min, all routes", 2 * time.Second, func() error { _, err := b.store.Traffic(as, "15m"); return err }},
		{"charts of one route, 1 h", 200 * time.Millisecond, func() error { _, err := b.store.RouteSeries(as, "api0", "", "route7", "1h"); return err }},
	} {
		if err := b.time(q.name, q.target, q.one); err != nil {
			return err
		}
	}
	return nil
}

// reopen measures a start on what is there, after an end that was asked for.
func (b *metricBench) reopen(ctx context.Context) error {
	_, stored, _ := b.store.Total()
	if err := b.store.Close(); err != nil {
		return err
	}
	var size int64
	if err := filepath.WalkDir(b.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err == nil {
			size += i.Size()
		}
		return err
	}); err != nil {
		return err
	}
	b.report.line("on disk, log and blocks", fmt.Sprintf("%.1f bytes a sample, %s MB", float64(size)/float64(stored), thousands(float64(size>>20))), "", true)
	began := time.Now()
	if err := b.open(ctx); err != nil {
		return err
	}
	b.report.line("start", fmt.Sprintf("%.2f s", time.Since(began).Seconds()), "", true)
	return b.store.Close()
}
