package gateway

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stats counts the exchanges of one route. It outlives snapshots.
type Stats struct {
	Workspace, API, Version, Route string

	classes  [6]atomic.Uint64 // by status/100; 0: the client left
	errors   [len(classNames)]atomic.Uint64
	latency  histogram
	upstream histogram
	in, out  atomic.Uint64
	retries  atomic.Uint64
	caches   [len(cacheNames)]atomic.Uint64
	last     atomic.Int64
}

// cacheNames are the outcomes of a cache that are counted.
var cacheNames = [...]string{CacheHit, CacheMiss, CacheStale, CacheRevalidated, CacheBypass}

// classNames are the words of Class, in its order.
var classNames = [...]string{"", "bad_request", "no_route", "refused", "limited", "no_upstream", "connect_failed", "upstream_reset",
	"upstream_bad", "timed_out", "client_gone", "overloaded", "draining"}

// count adds an exchange that ends now.
func (s *Stats) count(x *Exchange, now time.Time) {
	class := x.Status / 100
	if x.Status == 499 || class > 5 {
		class = 0
	}
	s.classes[class].Add(1)
	if x.Err != OK {
		s.errors[x.Err].Add(1)
	}
	s.latency.add(now.Sub(x.Start))
	if !x.FirstByte.IsZero() {
		s.upstream.add(x.FirstByte.Sub(x.Sent))
	}
	s.in.Add(uint64(max(x.BytesIn, 0)))
	s.out.Add(uint64(max(x.BytesOut, 0)))
	if x.Attempts > 1 {
		s.retries.Add(uint64(x.Attempts - 1))
	}
	if x.Cache != "" {
		for i, name := range cacheNames {
			if x.Cache == name {
				s.caches[i].Add(1)
			}
		}
	}
	s.last.Store(now.UnixMicro())
}

// Latency is the histogram of how long exchanges took; see histogram.Buckets.
func (s *Stats) Latency(fn func(top float64, atOrBelow uint64)) (count uint64, sum float64) {
	return s.latency.Buckets(fn)
}

// Totals are what a route has done since the process started.
type Totals struct {
	Workspace string    `json:"-"`
	API       string    `json:"api"`
	Version   string    `json:"version,omitempty"`
	Route     string    `json:"route"`
	Requests  uint64    `json:"requests"`
	Classes   [6]uint64 `json:"classes" doc:"By first digit of the status; the first is clients that left."`
	Errors    map[string]uint64
	Caches    map[string]uint64 // by outcome of a cache; nil without one
	P50       time.Duration
	P95       time.Duration
	P99       time.Duration
	In, Out   uint64
	Retries   uint64
	Last      time.Time
}

// Totals reads the counters; they may be a few exchanges apart.
func (s *Stats) Totals() Totals {
	t := Totals{Workspace: s.Workspace, API: s.API, Version: s.Version, Route: s.Route, Errors: map[string]uint64{}, In: s.in.Load(), Out: s.out.Load(), Retries: s.retries.Load()}
	for i := range s.classes {
		t.Classes[i] = s.classes[i].Load()
		t.Requests += t.Classes[i]
	}
	for i := range s.caches {
		if n := s.caches[i].Load(); n > 0 {
			if t.Caches == nil {
				t.Caches = map[string]uint64{}
			}
			t.Caches[cacheNames[i]] = n
		}
	}
	for i := range s.errors {
		if n := s.errors[i].Load(); n > 0 {
			t.Errors[classNames[i]] = n
		}
	}
	q := s.latency.quantiles(0.5, 0.95, 0.99)
	t.P50, t.P95, t.P99 = q[0], q[1], q[2]
	if us := s.last.Load(); us != 0 {
		t.Last = time.UnixMicro(us).UTC()
	}
	return t
}

// histogram counts durations in buckets that grow by an eighth of an octave's
// size: 8 to each doubling, so that a quantile is within 6 % of the truth.
type histogram struct {
	buckets [histBuckets]atomic.Uint64
	sum     atomic.Uint64 // microseconds
}

const (
	histSub     = 8
	histOctaves = 27 // from 1 us to more than a minute
	histBuckets = histSub * histOctaves
)

func bucketOf(us uint64) int {
	if us < histSub {
		return int(us)
	}
	top := bits.Len64(us) - 1 // 3 and up
	i := (top-2)*histSub + int(us>>(top-3)) - histSub
	return min(i, histBuckets-1)
}

// bucketTop is the upper end of a bucket in microseconds, exclusive.
func bucketTop(i int) uint64 {
	if i < histSub {
		return uint64(i) + 1
	}
	octave, sub := i/histSub+2, i%histSub
	return uint64(histSub+sub+1) << (octave - 3)
}

func (h *histogram) add(d time.Duration) {
	us := uint64(max(d.Microseconds(), 0))
	h.buckets[bucketOf(us)].Add(1)
	h.sum.Add(us)
}

// quantiles are upper ends of the buckets that hold them; 0 without data.
func (h *histogram) quantiles(list ...float64) []time.Duration {
	var counts [histBuckets]uint64
	total := uint64(0)
	for i := range counts {
		counts[i] = h.buckets[i].Load()
		total += counts[i]
	}
	out := make([]time.Duration, len(list))
	if total == 0 {
		return out
	}
	for k, q := range list {
		want := uint64(q*float64(total) + 0.5)
		seen := uint64(0)
		for i, n := range counts {
			if seen += n; n > 0 && seen >= max(want, 1) {
				out[k] = time.Duration(bucketTop(i)) * time.Microsecond
				break
			}
		}
	}
	return out
}

// Buckets calls fn with the upper end of each bucket of a coarser histogram
// (one to each doubling) and how many are at or below it, and answers the
// count and the sum in seconds.
func (h *histogram) Buckets(fn func(top float64, atOrBelow uint64)) (count uint64, sum float64) {
	for i := range histBuckets {
		count += h.buckets[i].Load()
		if i%histSub == histSub-1 {
			fn(float64(bucketTop(i))/1e6, count)
		}
	}
	return count, float64(h.sum.Load()) / 1e6
}

// board keeps the counters of routes by name.
type board struct {
	mu   sync.Mutex
	list map[string]*Stats
}

// maxStats bounds the routes that are counted apart, over the process's life.
const maxStats = 50_000

func (b *board) of(ws, api, version, route string) *Stats {
	key := ws + "\x00" + api + "\x00" + version + "\x00" + route
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.list[key]; s != nil {
		return s
	}
	s := &Stats{Workspace: ws, API: api, Version: version, Route: route}
	if b.list == nil {
		b.list = map[string]*Stats{}
	}
	if len(b.list) < maxStats {
		b.list[key] = s
	}
	return s
}

// Stats are the counters of all routes that were ever published here, and of
// what no route took, in the order of their names.
func (g *Gateway) Stats() []*Stats {
	g.board.mu.Lock()
	defer g.board.mu.Unlock()
	out := make([]*Stats, 0, len(g.board.list))
	for _, s := range g.board.list {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Stats) int {
		return cmpStrings(a.Workspace, b.Workspace, a.API, b.API, a.Version, b.Version, a.Route, b.Route)
	})
	return out
}

func cmpStrings(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		switch {
		case pairs[i] < pairs[i+1]:
			return -1
		case pairs[i] > pairs[i+1]:
			return 1
		}
	}
	return 0
}
