package rollout

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout/analysis"
)

// nodeCount is what one node has counted in one period.
type nodeCount struct {
	Routes   int         `json:"routes"`   // that the rollout holds for there
	Inflight int64       `json:"inflight"` // at the stable upstream
	Tallies  []nodeTally `json:"tallies,omitempty"`
}

// nodeTally is gateway.Tally with only the buckets that hold something.
type nodeTally struct {
	Route    string          `json:"r,omitempty"`
	Variant  gateway.Variant `json:"v"`
	Statuses [6]uint64       `json:"s"`
	Failures uint64          `json:"f,omitempty"`
	Latency  [][2]uint64     `json:"l,omitempty"` // bucket, count
}

func countOf(s gateway.RolloutState) nodeCount {
	c := nodeCount{Routes: s.Routes, Inflight: s.Inflight}
	for _, t := range s.Tallies {
		if t.Statuses == [6]uint64{} {
			continue
		}
		n := nodeTally{Route: t.Route, Variant: t.Variant, Statuses: t.Statuses, Failures: t.Failures}
		for i, k := range t.Latency {
			if k > 0 {
				n.Latency = append(n.Latency, [2]uint64{uint64(i), k})
			}
		}
		c.Tallies = append(c.Tallies, n)
	}
	return c
}

func (c nodeCount) text() string {
	b, _ := json.Marshal(c) // numbers and names
	return string(b)
}

// sample is a tally as the analysis takes it.
func (t nodeTally) sample(count4xx bool) analysis.Sample {
	s := analysis.Sample{Failures: t.Failures}
	for _, n := range t.Statuses {
		s.Calls += n
	}
	if count4xx {
		s.Failures += t.Statuses[4]
	}
	s.Failures = min(s.Failures, s.Calls) // counters are read one after another
	for _, l := range t.Latency {
		if at := int(min(l[0], 1<<10)); at >= len(s.Latency) {
			s.Latency = append(s.Latency, make(analysis.Histogram, at+1-len(s.Latency))...)
		}
		s.Latency[min(l[0], 1<<10)] += l[1]
	}
	return s
}

// evidence is what is known of a period, summed over nodes.
type evidence struct {
	reported bool // by some node
	routes   int  // that the rollout holds for, on the node with the most
	inflight int64
	byRoute  map[string]*[3]figures // by variant
	all      [3]figures
}

// figures are the sums of one variant.
type figures struct {
	analysis.Sample
	statuses [6]uint64
}

func (f *figures) add(t nodeTally, count4xx bool) {
	f.Add(t.sample(count4xx))
	for i, n := range t.Statuses {
		f.statuses[i] += n
	}
}

// stale is how old a node's report may be for what is under way there to count.
const stale = 10 * time.Second

func (r *record) gather(list []count, now time.Time) *evidence {
	e := &evidence{byRoute: map[string]*[3]figures{}}
	for _, c := range list {
		e.reported = true
		e.routes = max(e.routes, c.data.Routes)
		if now.Sub(c.at) < stale {
			e.inflight += c.data.Inflight
		}
		for _, t := range c.data.Tallies {
			if t.Variant < gateway.Stable || t.Variant > gateway.Targeted {
				continue
			}
			v := t.Variant - gateway.Stable
			if e.byRoute[t.Route] == nil {
				e.byRoute[t.Route] = &[3]figures{}
			}
			e.byRoute[t.Route][v].add(t, r.Analysis.Count4xx)
			e.all[v].add(t, r.Analysis.Count4xx)
		}
	}
	return e
}

// index of a variant in evidence.
const (
	stable = iota
	canary
	targeted
)

// pairs are what the analysis compares: all routes together, then each. Where
// nothing goes to the stable version any more, baseline is what it did before;
// where only named requests go to the canary, they stand for it.
func (r *record) pairs(e, baseline *evidence) []analysis.Pair {
	other := canary
	if r.Weight == 0 {
		other = targeted
	}
	pair := func(name string, now, before *[3]figures) analysis.Pair {
		p := analysis.Pair{Name: name, Canary: now[other].Sample, Stable: now[stable].Sample}
		if baseline != nil {
			p.Stable, p.Baseline = analysis.Sample{}, true
			if before != nil {
				p.Stable = before[stable].Sample
			}
		}
		return p
	}
	var before *[3]figures
	if baseline != nil {
		before = &baseline.all
	}
	out := []analysis.Pair{pair("", &e.all, before)}
	for _, name := range sortedNames(e.byRoute) {
		if name == "" {
			continue // those beyond the ones that are counted apart
		}
		if baseline != nil {
			before = baseline.byRoute[name]
		}
		out = append(out, pair(name, e.byRoute[name], before))
	}
	return out
}

func sortedNames(m map[string]*[3]figures) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// before picks, out of all counts, those of the latest earlier step in which
// the stable version was called; nil for none.
func (r *record) before(list []count, now time.Time) *evidence {
	for step := r.Step - 1; step >= 0; step-- {
		var of []count
		for _, c := range list {
			if c.step == step {
				of = append(of, c)
			}
		}
		if e := r.gather(of, now); e.all[stable].Calls > 0 {
			return e
		}
	}
	return nil
}

// Variant is what one version did in the present period of evidence.
type Variant struct {
	Variant  string            `json:"variant" enum:"stable,canary,targeted"`
	Upstream string            `json:"upstream"`
	Calls    uint64            `json:"calls"`
	Failures uint64            `json:"failures"`
	Statuses map[string]uint64 `json:"statuses" doc:"Answers by class: 2xx, 3xx, 4xx, 5xx, and left for clients that did not wait."`
	P50      float64           `json:"p50_ms"`
	P95      float64           `json:"p95_ms"`
	P99      float64           `json:"p99_ms"`
	Before   bool              `json:"before,omitempty" doc:"Of an earlier step: nothing goes there now."`
}

// RouteFigures are the versions on one route.
type RouteFigures struct {
	Route    string    `json:"route" doc:"Empty for those beyond the ones that are counted apart."`
	Variants []Variant `json:"variants" nullable:"false"`
}

// Figures are what is known of the present period.
type Figures struct {
	Since     time.Time      `json:"since" doc:"When the period began: with a step, or when the window was over."`
	Held      int            `json:"held_routes" doc:"Routes that the rollout holds for."`
	Inflight  int64          `json:"inflight_stable" doc:"Calls under way at the stable upstream."`
	Variants  []Variant      `json:"variants" nullable:"false"`
	Routes    []RouteFigures `json:"routes" nullable:"false"`
	Nodes     int            `json:"nodes" doc:"That have counted."`
	Compared  string         `json:"compared" doc:"The figures in a sentence, as they are now."`
	EnoughFor bool           `json:"enough" doc:"There are enough calls for a verdict."`
}

func (r *record) figures(list []count, baseline *evidence, now time.Time) Figures {
	e := r.gather(list, now)
	f := Figures{Since: r.epochAt, Held: e.routes, Inflight: e.inflight, Nodes: len(list), Variants: r.variants(&e.all), Routes: []RouteFigures{}}
	if baseline != nil {
		before := r.variants(&baseline.all)[:1]
		before[0].Before = true
		f.Variants = append(f.Variants, before...)
	}
	for _, name := range sortedNames(e.byRoute) {
		f.Routes = append(f.Routes, RouteFigures{Route: name, Variants: r.variants(e.byRoute[name])})
	}
	now1 := r.pairs(e, baseline)[0].Test(r.limits(), 1e-300) // figures only: nothing is that unlikely
	f.Compared, f.EnoughFor = now1.Reason, now1.Verdict != analysis.NotEnough
	return f
}

func (r *record) variants(of *[3]figures) []Variant {
	out := []Variant{}
	for v := range of {
		f := &of[v]
		if v == targeted && f.Calls == 0 {
			continue
		}
		x := Variant{Variant: (gateway.Stable + gateway.Variant(v)).String(), Upstream: r.Canary, Calls: f.Calls, Failures: f.Failures, Statuses: map[string]uint64{}}
		if v == stable {
			x.Upstream = r.Stable
		}
		for i, n := range f.statuses {
			if n > 0 {
				x.Statuses[[...]string{"left", "1xx", "2xx", "3xx", "4xx", "5xx"}[i]] = n
			}
		}
		ms := func(q float64) float64 {
			return float64(f.Latency.Quantile(q, gateway.LatencyBounds).Microseconds()) / 1000
		}
		x.P50, x.P95, x.P99 = ms(0.5), ms(0.95), ms(0.99)
		out = append(out, x)
	}
	return out
}
