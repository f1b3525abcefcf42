package gateway

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// targetTally counts what was asked of a target; it outlives snapshots.
type targetTally struct{ requests, failures atomic.Uint64 }

func (t *targetTally) count(ok bool) {
	if t == nil { // a target that a test made
		return
	}
	t.requests.Add(1)
	if !ok {
		t.failures.Add(1)
	}
}

// AppStats counts the exchanges of one application.
type AppStats struct {
	Workspace, Application, Name string

	classes [6]atomic.Uint64 // by status/100; 0: the client left
	limited atomic.Uint64
	in, out atomic.Uint64
}

func (s *AppStats) count(x *Exchange) {
	class := x.Status / 100
	if x.Status == 499 || class > 5 {
		class = 0
	}
	s.classes[class].Add(1)
	if x.Err == Limited {
		s.limited.Add(1)
	}
	s.in.Add(uint64(max(x.BytesIn, 0)))
	s.out.Add(uint64(max(x.BytesOut, 0)))
}

// AppTotals are what an application has done since the process started.
type AppTotals struct {
	Classes          [6]uint64
	Limited, In, Out uint64
}

// Totals reads the counters; they may be a few exchanges apart.
func (s *AppStats) Totals() AppTotals {
	t := AppTotals{Limited: s.limited.Load(), In: s.in.Load(), Out: s.out.Load()}
	for i := range s.classes {
		t.Classes[i] = s.classes[i].Load()
	}
	return t
}

// maxApps bounds the applications that are counted apart, over the process's
// life; what others do is counted as that of "other".
const maxApps = 10_000

// appBoard keeps the counters of applications. Looking one up takes no lock:
// the map is replaced whole when one comes.
type appBoard struct {
	mu   sync.Mutex
	list atomic.Pointer[map[string]*AppStats]
}

func (b *appBoard) of(c *Consumer) *AppStats {
	if m := b.list.Load(); m != nil {
		if s := (*m)[c.Application]; s != nil {
			return s
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	next := map[string]*AppStats{}
	if m := b.list.Load(); m != nil {
		next = maps.Clone(*m)
	}
	s := next[c.Application]
	switch {
	case s != nil:
		return s
	case len(next) < maxApps:
		s = &AppStats{Workspace: c.Workspace, Application: c.Application, Name: c.Name}
	default:
		s = &AppStats{Workspace: c.Workspace, Application: "other", Name: "other"}
		if o := next["other "+c.Workspace]; o != nil {
			s = o
		}
		next["other "+c.Workspace] = s
	}
	next[c.Application] = s
	b.list.Store(&next)
	return s
}

// Apps are the counters of all applications that called, in the order of
// their ids.
func (g *Gateway) Apps() []*AppStats {
	m := g.apps.list.Load()
	if m == nil {
		return nil
	}
	out := slices.Collect(maps.Values(*m))
	slices.SortFunc(out, func(a, b *AppStats) int {
		return cmpStrings(a.Workspace, b.Workspace, a.Application, b.Application)
	})
	return slices.Compact(out)
}

// UpstreamStats is how an upstream stands.
type UpstreamStats struct {
	Workspace, Upstream string
	Breaker             string // closed, open, half_open; "" without one
	Opened              uint64 // times since it was published
	Targets             []TargetStats
}

// TargetStats is how a target stands, and what it has done since the process
// started.
type TargetStats struct {
	TargetState
	Requests, Failures uint64
}

// Upstreams says how the upstreams of all workspaces stand.
func (g *Gateway) Upstreams() []UpstreamStats {
	var out []UpstreamStats
	now := time.Now()
	for key, u := range g.snap.Load().upstreams {
		s := UpstreamStats{Workspace: key[:len(key)-len(u.name)-1], Upstream: u.name}
		if u.breaker != nil {
			s.Breaker, s.Opened = u.breaker.state(now)
		}
		for _, t := range u.targets {
			s.Targets = append(s.Targets, TargetStats{TargetState: t.state(u.name, now), Requests: t.tally.requests.Load(), Failures: t.tally.failures.Load()})
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b UpstreamStats) int {
		return cmpStrings(a.Workspace, b.Workspace, a.Upstream, b.Upstream)
	})
	return out
}

func (t *target) state(upstream string, now time.Time) TargetState {
	s := TargetState{Upstream: upstream, Target: t.addr, Weight: t.weight, Priority: t.priority, Draining: t.drain, Healthy: t.healthy.Load(), Inflight: t.inflight.Load()}
	if until := time.Unix(0, t.ejected.Load()); until.After(now) {
		until = until.UTC()
		s.Ejected = &until
	}
	if why := t.why.Load(); why != nil && (!s.Healthy || s.Ejected != nil) {
		s.Why = *why
	}
	return s
}

// state is the breaker's, and how often it has opened.
func (b *breaker) state(now time.Time) (string, uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.until.IsZero():
		return "closed", b.opened
	case now.Before(b.until):
		return "open", b.opened
	}
	return "half_open", b.opened
}

// fine calls fn with each bucket of the histogram that holds something: its
// number (see BucketRange), and how many are in it.
func (h *histogram) fine(fn func(bucket int, n uint64)) (count uint64, sum float64) {
	for i := range histBuckets {
		if n := h.buckets[i].Load(); n > 0 {
			fn(i, n)
			count += n
		}
	}
	return count, float64(h.sum.Load()) / 1e6
}

// FineLatency is the histogram of how long exchanges took, bucket by bucket.
func (s *Stats) FineLatency(fn func(bucket int, n uint64)) (count uint64, sum float64) {
	return s.latency.fine(fn)
}

// FineUpstream is the histogram of how long upstreams took to the head of
// their answer, bucket by bucket.
func (s *Stats) FineUpstream(fn func(bucket int, n uint64)) (count uint64, sum float64) {
	return s.upstream.fine(fn)
}

// BucketRange is from where to where a bucket of histograms reaches, in
// seconds.
func BucketRange(bucket int) (from, to float64) {
	if bucket > 0 {
		from = float64(bucketTop(bucket-1)) / 1e6
	}
	return from, float64(bucketTop(bucket)) / 1e6
}

// Buckets is how many buckets histograms have.
const Buckets = histBuckets
