// Package analysis says whether a canary does worse than the stable version:
// from counts of failures and histograms of latency of both, looked at again
// and again while they grow, with a bound on how often it is wrong. It is pure:
// no clock, no I/O, no other package of ours.
//
// What is asked of each pair of samples:
//
//   - Failures: Fisher's exact test, one-sided (Fisher 1935; the exact test of
//     two proportions, good for small samples too), and the difference has to
//     be larger than what is tolerated by Newcombe's interval (Newcombe 1998,
//     method 10: from two Wilson intervals).
//   - Latency: the Mann-Whitney U test with the correction for ties (Mann and
//     Whitney 1947; Lehmann 1975), and the quantile test (Mood's median test at
//     another quantile: who holds how many of the slowest calls; exact), since
//     the first hardly sees a tail that only a few calls are in. One of them has
//     to say so, and the quantile has to be larger by more than is tolerated.
//
// Who looks again and again finds something in the end even when there is
// nothing: see Watch for how that is bounded.
package analysis

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Histogram counts durations by bucket, the shortest first. Samples that are
// compared have the same buckets; missing ones at the end are empty.
type Histogram []uint64

// Count is how many durations there are.
func (h Histogram) Count() (n uint64) {
	for _, c := range h {
		n += c
	}
	return n
}

// Scale tells the bounds of a bucket.
type Scale func(bucket int) (low, high time.Duration)

// Quantile is the duration below which a share q lies, even inside a bucket;
// 0 without data.
func (h Histogram) Quantile(q float64, scale Scale) time.Duration {
	total := float64(h.Count())
	want, seen := q*total, 0.0
	for i, n := range h {
		if n == 0 {
			continue
		}
		if seen+float64(n) >= want {
			low, high := scale(i)
			return low + time.Duration((want-seen)/float64(n)*float64(high-low))
		}
		seen += float64(n)
	}
	return 0
}

// Sample is what is known of one variant.
type Sample struct {
	Calls    uint64    `json:"calls"`
	Failures uint64    `json:"failures"`
	Latency  Histogram `json:"latency,omitempty"` // of calls that did not fail
}

// Add adds another sample to this one.
func (s *Sample) Add(o Sample) {
	s.Calls += o.Calls
	s.Failures += o.Failures
	if len(s.Latency) < len(o.Latency) {
		s.Latency = append(s.Latency, make(Histogram, len(o.Latency)-len(s.Latency))...)
	}
	for i, n := range o.Latency {
		s.Latency[i] += n
	}
}

// Minus is what a sample has gained since an earlier one of itself.
func (s Sample) Minus(o Sample) Sample {
	out := Sample{Calls: less(s.Calls, o.Calls), Failures: less(s.Failures, o.Failures), Latency: append(Histogram(nil), s.Latency...)}
	for i := range min(len(out.Latency), len(o.Latency)) {
		out.Latency[i] = less(out.Latency[i], o.Latency[i])
	}
	return out
}

// less is a-b, and 0 where a counter began anew.
func less(a, b uint64) uint64 {
	if b > a {
		return 0
	}
	return a - b
}

// Rate is the share of calls that failed.
func (s Sample) Rate() float64 {
	if s.Calls == 0 {
		return 0
	}
	return float64(s.Failures) / float64(s.Calls)
}

// Limits say what counts as worse.
type Limits struct {
	MinSample          uint64        // calls of each variant before anything is said
	MaxErrorDifference float64       // share of calls that may fail more often, 0 to 1
	Quantile           float64       // of latency, such as 0.95
	MaxLatencyRatio    float64       // by which the quantile may grow, such as 1.25
	MinLatencyChange   time.Duration // below which a slower quantile is nothing
	Significance       float64       // chance of a false alarm in a whole rollout
	Scale              Scale         // of the histograms
}

// Verdict is what a look came to.
type Verdict string

// The verdicts.
const (
	NotEnough Verdict = "not_enough"
	Same      Verdict = "same"
	Better    Verdict = "better"
	Worse     Verdict = "worse"
)

// Finding is a verdict with its reason.
type Finding struct {
	Verdict Verdict `json:"verdict" enum:"not_enough,same,better,worse"`
	Reason  string  `json:"reason" doc:"In a sentence, with the figures." example:"canary fails 4.1 % of 812 calls, stable 0.3 % of 7,310; p < 0.001"`
	Metric  string  `json:"metric,omitempty" enum:"errors,latency" doc:"What decided it."`
	Name    string  `json:"route,omitempty" doc:"Route that decided it; absent when all together did."`
	P       float64 `json:"p,omitempty" doc:"Chance of such figures if both were alike."`
	Level   float64 `json:"level,omitempty" doc:"What p had to be below at this look."`
}

// Pair is a canary beside its stable version.
type Pair struct {
	Name           string // of a route; "" for all together
	Canary, Stable Sample
	Baseline       bool // the stable sample is of before: it does not grow
}

// size is the effective size of a pair: half the harmonic mean of its samples.
func (p Pair) size() float64 {
	c, s := float64(p.Canary.Calls), float64(p.Stable.Calls)
	if c == 0 || s == 0 {
		return 0
	}
	return 1 / (1/c + 1/s)
}

func (p Pair) enough(l Limits) bool {
	return p.Canary.Calls >= l.MinSample && p.Stable.Calls >= l.MinSample
}

// Test looks at a pair once, with a chance of a false alarm of level at most.
func (p Pair) Test(l Limits, level float64) Finding {
	if !p.enough(l) {
		return Finding{Verdict: NotEnough, Name: p.Name, Reason: fmt.Sprintf("%scanary has %s calls and stable %s; %s of each are needed",
			p.of(), count(p.Canary.Calls), count(p.Stable.Calls), count(l.MinSample))}
	}
	c, s := p.Canary, p.Stable
	// Half of the level for failures, a quarter for each of the tests of latency.
	half, quarter := level/2, level/4
	if pv := Fisher(c.Failures, c.Calls, s.Failures, s.Calls); pv <= half && l.beyond(c, s, half) {
		return Finding{Verdict: Worse, Metric: "errors", Name: p.Name, P: pv, Level: half, Reason: p.failures() + "; " + chance(pv)}
	}
	slow, slowP := p.slower(l, c.Latency, s.Latency)
	if slow && slowP <= quarter {
		return Finding{Verdict: Worse, Metric: "latency", Name: p.Name, P: slowP, Level: quarter, Reason: p.latency(l) + "; " + chance(slowP)}
	}
	if pv := Fisher(s.Failures, s.Calls, c.Failures, c.Calls); pv <= half && l.beyond(s, c, half) {
		return Finding{Verdict: Better, Metric: "errors", Name: p.Name, P: pv, Level: half, Reason: p.failures() + "; " + chance(pv)}
	}
	if fast, fastP := p.slower(l, s.Latency, c.Latency); fast && fastP <= quarter {
		return Finding{Verdict: Better, Metric: "latency", Name: p.Name, P: fastP, Level: quarter, Reason: p.latency(l) + "; " + chance(fastP)}
	}
	return Finding{Verdict: Same, Name: p.Name, Level: level, Reason: "no difference found: " + p.failures() + "; " + p.latency(l)}
}

// beyond reports whether a fails more often than b by more than is tolerated.
func (l Limits) beyond(a, b Sample, level float64) bool {
	return l.MaxErrorDifference == 0 || Newcombe(a.Failures, a.Calls, b.Failures, b.Calls, level) > l.MaxErrorDifference
}

// slower reports whether the quantile of a is larger than b's by more than is
// tolerated, and how likely that is by chance.
func (p Pair) slower(l Limits, a, b Histogram) (bool, float64) {
	if l.Scale == nil || a.Count() == 0 || b.Count() == 0 {
		return false, 1
	}
	qa, qb := a.Quantile(l.Quantile, l.Scale), b.Quantile(l.Quantile, l.Scale)
	if float64(qa) <= float64(qb)*l.MaxLatencyRatio || qa-qb < l.MinLatencyChange {
		return false, 1
	}
	return true, min(MannWhitney(a, b), QuantileTest(a, b, l.Quantile))
}

// of begins a sentence about a route.
func (p Pair) of() string {
	if p.Name == "" {
		return ""
	}
	return "on route " + p.Name + " "
}

func (p Pair) stable() string {
	if p.Baseline {
		return "stable before"
	}
	return "stable"
}

func (p Pair) failures() string {
	return fmt.Sprintf("%scanary fails %s of %s calls, %s %s of %s", p.of(), percent(p.Canary.Rate()), count(p.Canary.Calls), p.stable(), percent(p.Stable.Rate()), count(p.Stable.Calls))
}

func (p Pair) latency(l Limits) string {
	if l.Scale == nil {
		return ""
	}
	c, s := p.Canary.Latency.Quantile(l.Quantile, l.Scale), p.Stable.Latency.Quantile(l.Quantile, l.Scale)
	if c == 0 || s == 0 {
		return "no latency to compare"
	}
	q := strings.TrimSuffix(fmt.Sprintf("%.1f", 100*l.Quantile), ".0")
	return fmt.Sprintf("%sp%s of canary is %s over %s calls, of %s %s over %s (%.1f times)", p.of(), q, duration(c), count(p.Canary.Latency.Count()),
		p.stable(), duration(s), count(p.Stable.Latency.Count()), float64(c)/float64(s))
}

// chance writes a p-value as people do.
func chance(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.3f", p)
}

func percent(share float64) string {
	switch v := 100 * share; {
	case v == 0 || v == 100:
		return fmt.Sprintf("%.0f %%", v)
	case v < 0.1:
		return fmt.Sprintf("%.2f %%", v)
	default:
		return fmt.Sprintf("%.1f %%", v)
	}
}

// count writes 7310 as 7,310.
func count(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func duration(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.*f ms", int(math.Max(1, 2-math.Floor(math.Log10(math.Max(ms, 0.001))))), ms)
	}
}
