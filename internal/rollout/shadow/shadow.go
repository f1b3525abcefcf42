// Package shadow compares what a mirror's upstream answers to copies of
// requests with what callers got: a new version under real traffic before
// anybody depends on it. It counts by route, keeps some examples of answers
// that differ, and knows no more of bodies than their size and hash.
package shadow

import (
	"slices"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout/analysis"
)

// Answer is what one upstream answered.
type Answer struct {
	Upstream string        `json:"upstream"`
	Status   int           `json:"status"`
	Failed   string        `json:"failed,omitempty" doc:"Why there is no whole answer, as the call log names it."`
	Latency  time.Duration `json:"latency_ns" doc:"Until its first byte."`
	Size     int64         `json:"size" doc:"Of the body."`
	Sum      uint64        `json:"-"` // of the body: equal for equal bytes
	Type     string        `json:"content_type,omitempty"`
}

// Pair is a request with the answer that its caller got, and with its
// shadow's.
type Pair struct {
	Workspace, API, Version, Route string
	ID                             string // of the request
	Method, Path                   string
	At                             time.Time
	Primary, Shadow                Answer
}

// Difference is in what two answers differ.
type Difference string

// The differences; each pair is in the first that holds.
const (
	None        Difference = "none"
	ShadowFails Difference = "shadow_failed" // no answer, or 5xx where the caller got none
	Status      Difference = "status"
	Body        Difference = "body"
	BothFail    Difference = "both_failed" // nothing to compare
	CallerFails Difference = "primary_failed"
)

// Compare says in what a pair differs.
func (p Pair) Compare() Difference {
	bad := func(a Answer) bool { return a.Failed != "" || a.Status/100 == 5 }
	switch {
	case bad(p.Primary) && bad(p.Shadow):
		return BothFail
	case bad(p.Shadow):
		return ShadowFails
	case bad(p.Primary):
		return CallerFails
	case p.Primary.Status != p.Shadow.Status:
		return Status
	case p.Primary.Size != p.Shadow.Size || p.Primary.Sum != p.Shadow.Sum:
		return Body
	}
	return None
}

// Example is a pair whose answers differ.
type Example struct {
	ID         string     `json:"request_id"`
	At         time.Time  `json:"at"`
	Method     string     `json:"method"`
	Path       string     `json:"path" doc:"Without its query."`
	Difference Difference `json:"difference" enum:"shadow_failed,status,body,both_failed,primary_failed"`
	Primary    Answer     `json:"primary"`
	Shadow     Answer     `json:"shadow"`
}

// maxExamples of a route are kept by a node, the newest of each difference.
const maxExamples = 20

// maxPath bounds what is kept of a path.
const maxPath = 500

// tally is what is known of one route.
type tally struct {
	Upstream string                `json:"upstream"` // of the shadow
	Counts   map[Difference]uint64 `json:"counts"`
	Primary  latencies             `json:"primary"`
	Shadow   latencies             `json:"shadow"`
	Examples []Example             `json:"examples,omitempty"` // newest first

	since   time.Time
	changed bool
	written bool // it has a row: one that is gone was reset by another node
}

// latencies is a histogram that is kept without its empty buckets.
type latencies map[int]uint64

func (l latencies) histogram() analysis.Histogram {
	var h analysis.Histogram
	for at, n := range l {
		if at >= len(h) {
			h = append(h, make(analysis.Histogram, at+1-len(h))...)
		}
		h[at] += n
	}
	return h
}

func newTally(at time.Time) *tally {
	return &tally{Counts: map[Difference]uint64{}, Primary: latencies{}, Shadow: latencies{}, since: at}
}

func (t *tally) add(p Pair) {
	d := p.Compare()
	t.changed = true
	t.Upstream = p.Shadow.Upstream
	t.Counts[d]++
	if d == None || d == Status || d == Body { // both answered
		t.Primary[gateway.LatencyBucket(p.Primary.Latency)]++
		t.Shadow[gateway.LatencyBucket(p.Shadow.Latency)]++
	}
	if d == None {
		return
	}
	t.keep(Example{ID: p.ID, At: p.At, Method: p.Method, Path: p.Path[:min(len(p.Path), maxPath)], Difference: d, Primary: p.Primary, Shadow: p.Shadow})
}

// keep holds the newest examples.
func (t *tally) keep(list ...Example) {
	t.Examples = append(t.Examples, list...)
	slices.SortStableFunc(t.Examples, func(a, b Example) int { return b.At.Compare(a.At) })
	of := map[Difference]int{}
	for _, x := range t.Examples {
		of[x.Difference]++
	}
	for len(t.Examples) > maxExamples {
		// The oldest of the most frequent goes: it must not push out all others.
		most := t.Examples[0].Difference
		for d, n := range of {
			if n > of[most] || n == of[most] && d < most {
				most = d
			}
		}
		for i := len(t.Examples) - 1; i >= 0; i-- {
			if t.Examples[i].Difference == most {
				t.Examples = slices.Delete(t.Examples, i, i+1)
				of[most]--
				break
			}
		}
	}
}

func (t *tally) merge(o *tally) {
	t.Upstream = o.Upstream
	for d, n := range o.Counts {
		t.Counts[d] += n
	}
	for at, n := range o.Primary {
		t.Primary[at] += n
	}
	for at, n := range o.Shadow {
		t.Shadow[at] += n
	}
	t.keep(o.Examples...)
	if o.since.Before(t.since) {
		t.since = o.since
	}
}

// Comparison is how a route's shadow does.
type Comparison struct {
	API       string    `json:"api"`
	Version   string    `json:"version,omitempty"`
	Route     string    `json:"route"`
	Upstream  string    `json:"upstream" doc:"That answers the copies."`
	Since     time.Time `json:"since"`
	At        time.Time `json:"at" doc:"Of the latest pair, within two seconds."`
	Pairs     uint64    `json:"pairs"`
	Same      uint64    `json:"same" doc:"Same status and same body."`
	Status    uint64    `json:"status_differs"`
	Body      uint64    `json:"body_differs" doc:"Same status, other bytes."`
	Failed    uint64    `json:"shadow_failed" doc:"The shadow gave no whole answer, or 5xx, where the caller got one."`
	Primary   uint64    `json:"primary_failed" doc:"The other way round."`
	Both      uint64    `json:"both_failed"`
	P50       float64   `json:"p50_ms" doc:"Until the first byte of what callers got, where both answered."`
	P95       float64   `json:"p95_ms"`
	ShadowP50 float64   `json:"shadow_p50_ms"`
	ShadowP95 float64   `json:"shadow_p95_ms"`
	Slower    float64   `json:"p" doc:"Chance that the shadow is as slow as this by luck, by the Mann-Whitney U test."`
	Examples  []Example `json:"examples" nullable:"false" doc:"Newest first, at most 20."`
}

func (t *tally) comparison(k key, at time.Time) *Comparison {
	c := &Comparison{API: k.api, Version: k.version, Route: k.route, Upstream: t.Upstream, Since: t.since, At: at, Same: t.Counts[None], Status: t.Counts[Status], Body: t.Counts[Body],
		Failed: t.Counts[ShadowFails], Primary: t.Counts[CallerFails], Both: t.Counts[BothFail], Examples: t.Examples}
	for _, n := range t.Counts {
		c.Pairs += n
	}
	if c.Examples == nil {
		c.Examples = []Example{}
	}
	p, s := t.Primary.histogram(), t.Shadow.histogram()
	ms := func(h analysis.Histogram, q float64) float64 {
		return float64(h.Quantile(q, gateway.LatencyBounds).Microseconds()) / 1000
	}
	c.P50, c.P95, c.ShadowP50, c.ShadowP95, c.Slower = ms(p, 0.5), ms(p, 0.95), ms(s, 0.5), ms(s, 0.95), analysis.MannWhitney(s, p)
	return c
}

// key names a route.
type key struct{ workspace, api, version, route string }

// maxRoutes are compared on one node; more are not counted.
const maxRoutes = 2000

// Counter counts what mirrors bring; its Record may be called from anywhere.
type Counter struct {
	mu   sync.Mutex
	list map[key]*tally
}

// Record counts a pair. It does not wait for anything.
func (c *Counter) Record(p Pair) {
	k := key{p.Workspace, p.API, p.Version, p.Route}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.list[k]
	if t == nil {
		if len(c.list) >= maxRoutes {
			return
		}
		if c.list == nil {
			c.list = map[key]*tally{}
		}
		t = newTally(p.At)
		c.list[k] = t
	}
	t.add(p)
}
