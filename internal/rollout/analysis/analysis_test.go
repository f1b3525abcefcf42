package analysis

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// eighths is the scale of the gateway: eight buckets to each doubling, here in
// milliseconds of its microseconds.
func eighths(i int) (low, high time.Duration) {
	edge := func(i int) time.Duration {
		if i < 8 {
			return time.Duration(i) * time.Microsecond
		}
		return time.Duration(8+i%8) << (i/8 - 1) * time.Microsecond
	}
	return edge(i), edge(i + 1)
}

func bucketFor(d time.Duration) int {
	for i := 0; ; i++ {
		if _, high := eighths(i); d < high {
			return i
		}
	}
}

func TestFisherIsTheHypergeometricTail(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		na, nb := rapid.Uint64Range(1, 60).Draw(t, "na"), rapid.Uint64Range(1, 60).Draw(t, "nb")
		fa, fb := rapid.Uint64Range(0, na).Draw(t, "fa"), rapid.Uint64Range(0, nb).Draw(t, "fb")
		// Brute force in whole numbers: ways with at least fa failures in a.
		ways := new(big.Int)
		for x := fa; x <= min(na, fa+fb); x++ {
			if fa+fb-x <= nb {
				ways.Add(ways, new(big.Int).Mul(choose(na, x), choose(nb, fa+fb-x)))
			}
		}
		want, _ := new(big.Rat).SetFrac(ways, choose(na+nb, fa+fb)).Float64()
		if got := Fisher(fa, na, fb, nb); math.Abs(got-want) > 1e-9*want+1e-12 {
			t.Fatalf("Fisher(%d/%d, %d/%d) = %g, want %g", fa, na, fb, nb, got, want)
		}
	})
}

func choose(n, k uint64) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }

func TestFisherOnPublishedAndLargeTables(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fa, na, fb, nb uint64
		want           float64
	}{
		{3, 4, 1, 4, 17.0 / 70},          // Fisher's lady tasting tea
		{8, 10, 1, 6, 0.02447552447552},  // by hand: (45·6+10·1)/11440
		{0, 100, 0, 100, 1},              // nothing failed
		{100, 100, 100, 100, 1},          // all failed
		{0, 10, 5, 10, 1},                // the other is worse
		{1000, 1000, 0, 1_000_000, 0},    // far below what a float holds
		{3000, 1e6, 30000, 1e7, 0.50266}, // as many for each
	} {
		if got := Fisher(tc.fa, tc.na, tc.fb, tc.nb); math.Abs(got-tc.want) > 1e-3*tc.want+1e-9 {
			t.Errorf("Fisher(%d/%d, %d/%d) = %g, want %g", tc.fa, tc.na, tc.fb, tc.nb, got, tc.want)
		}
	}
}

// TestIntervalsOfNewcombe are rows (a), (b), (d) and (g) of table II in
// Newcombe 1998, method 10, 95 %.
func TestIntervalsOfNewcombe(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fa, na, fb, nb uint64
		low            float64
	}{
		{56, 70, 48, 80, 0.0524}, {9, 10, 3, 10, 0.1705}, {5, 56, 0, 29, -0.0381}, {10, 10, 0, 20, 0.6791},
	} {
		if got := Newcombe(tc.fa, tc.na, tc.fb, tc.nb, 0.025); math.Abs(got-tc.low) > 5e-5 {
			t.Errorf("Newcombe(%d/%d - %d/%d) = %.4f, want %.4f", tc.fa, tc.na, tc.fb, tc.nb, got, tc.low)
		}
	}
}

func TestRankSumCountsPairs(t *testing.T) {
	t.Parallel()
	hist := rapid.SliceOfN(rapid.Uint64Range(0, 6), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b := Histogram(hist.Draw(t, "a")), Histogram(hist.Draw(t, "b"))
		u, variance, na, nb := rankSum(a, b)
		// Brute force: every pair, and the variance out of all midranks (Lehmann
		// 1975, 1.34: m n/(N (N-1)) times the squares of the ranks' distances).
		va, vb := a.values(), b.values()
		want := 0.0
		for _, x := range va {
			for _, y := range vb {
				switch {
				case x > y:
					want++
				case x == y:
					want += 0.5
				}
			}
		}
		if u != want {
			t.Fatalf("U = %g, want %g", u, want)
		}
		all := append(append([]int(nil), va...), vb...)
		n := float64(len(all))
		if na == 0 || nb == 0 || n < 2 {
			return
		}
		squares := 0.0
		for _, x := range all {
			rank := 0.5
			for _, y := range all {
				switch {
				case y < x:
					rank++
				case y == x:
					rank += 0.5
				}
			}
			squares += (rank - (n+1)/2) * (rank - (n+1)/2)
		}
		if exact := na * nb / (n * (n - 1)) * squares; math.Abs(variance-exact) > 1e-6*(1+exact) {
			t.Fatalf("variance = %g, want %g", variance, exact)
		}
		if back, _, _, _ := rankSum(b, a); math.Abs(u+back-na*nb) > 1e-9 {
			t.Fatalf("U of a and of b make %g, want %g", u+back, na*nb)
		}
	})
}

func (h Histogram) values() (out []int) {
	for i, n := range h {
		for range n {
			out = append(out, i)
		}
	}
	return out
}

func TestQuantilesLieInTheirBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := Histogram(rapid.SliceOfN(rapid.Uint64Range(0, 5), 1, 80).Draw(t, "h"))
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		values := h.values()
		if len(values) == 0 {
			if h.Quantile(q, eighths) != 0 {
				t.Fatal("a quantile of nothing")
			}
			return
		}
		at := values[max(0, int(math.Ceil(q*float64(len(values))-1e-9))-1)]
		low, high := eighths(at)
		if got := h.Quantile(q, eighths); got < low || got > high {
			t.Fatalf("quantile %g = %v, want within %v and %v", q, got, low, high)
		}
	})
}

// limits are those of the product's defaults.
var limits = Limits{MinSample: 50, Quantile: 0.95, MaxLatencyRatio: 1.25, MinLatencyChange: 5 * time.Millisecond, Significance: 0.01, Scale: eighths}

// calls are n calls, some failed, the others as long as said.
func calls(n, failed uint64, took time.Duration) Sample {
	s := Sample{Calls: n, Failures: failed, Latency: make(Histogram, 216)}
	s.Latency[bucketFor(took)] = n - failed
	return s
}

func TestVerdictsAndTheirSentences(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for _, tc := range []struct {
		name           string
		canary, stable Sample
		tolerate       float64
		want           Verdict
		says           string
	}{
		{"fails", calls(812, 33, 50*ms), calls(7310, 22, 50*ms), 0, Worse, "canary fails 4.1 % of 812 calls, stable 0.3 % of 7,310; p < 0.001"},
		{"fails as much as may be", calls(812, 33, 50*ms), calls(7310, 22, 50*ms), 0.05, Same, "no difference found"},
		{"slow", calls(500, 0, 310*ms), calls(5000, 0, 120*ms), 0, Worse, "p95 of canary is 3"},
		{"slow by nothing", calls(500, 0, 3*ms), calls(5000, 0, time.Millisecond), 0, Same, "no difference found"},
		{"alike", calls(812, 3, 50*ms), calls(7310, 22, 50*ms), 0, Same, "no difference found: canary fails 0.4 % of 812 calls"},
		{"better", calls(5000, 2, 50*ms), calls(5000, 200, 50*ms), 0, Better, "canary fails 0.04 % of 5,000"},
		{"faster", calls(500, 0, 60*ms), calls(5000, 0, 120*ms), 0, Better, "p95 of canary is"},
		{"few", calls(12, 12, 50*ms), calls(310, 0, 50*ms), 0, NotEnough, "canary has 12 calls and stable 310; 50 of each are needed"},
		{"all fail", calls(50, 50, 0), calls(50, 0, 50*ms), 0, Worse, "canary fails 100 % of 50 calls, stable 0 % of 50"},
		{"both fail", calls(500, 500, 0), calls(500, 500, 0), 0, Same, "no latency to compare"},
	} {
		l := limits
		l.MaxErrorDifference = tc.tolerate
		f := Pair{Canary: tc.canary, Stable: tc.stable}.Test(l, 0.005)
		if f.Verdict != tc.want || !strings.Contains(f.Reason, tc.says) {
			t.Errorf("%s: %s, %q; want %s, %q", tc.name, f.Verdict, f.Reason, tc.want, tc.says)
		}
	}
	if f := (Pair{Name: "pay", Canary: calls(50, 50, 0), Stable: calls(50, 0, 0), Baseline: true}).Test(limits, 0.005); !strings.HasPrefix(f.Reason, "on route pay canary") || !strings.Contains(f.Reason, "stable before 0 %") {
		t.Errorf("a route beside what was before: %q", f.Reason)
	}
}

func TestALongPeriodDoesNotHideWhatBreaksInIt(t *testing.T) {
	t.Parallel()
	var w Watch
	canary, stable := calls(100, 0, 50*time.Millisecond), calls(900, 0, 50*time.Millisecond)
	p := Pair{Canary: Sample{}, Stable: Sample{}}
	look := func() Finding {
		p.Canary.Add(canary)
		p.Stable.Add(stable)
		f, _ := w.Look(limits, []Pair{p})
		return f
	}
	for i := range 3600 { // an hour at 1,000 a second
		if f := look(); f.Verdict == Worse {
			t.Fatalf("after %d s: %+v", i, f)
		}
	}
	canary = calls(100, 20, 50*time.Millisecond)
	if f := look(); f.Verdict != Worse || f.Metric != "errors" {
		t.Errorf("a second after a fifth of the calls failed: %+v", f)
	}
}

func TestOneRouteAmongManyIsFound(t *testing.T) {
	t.Parallel()
	pairs := []Pair{{}}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		pairs = append(pairs, Pair{Name: name, Canary: calls(2000, 20, 50*time.Millisecond), Stable: calls(20_000, 200, 50*time.Millisecond)})
	}
	pairs = append(pairs, Pair{Name: "pay", Canary: calls(60, 30, 50*time.Millisecond), Stable: calls(600, 6, 50*time.Millisecond)})
	for _, p := range pairs[1:] {
		pairs[0].Canary.Add(p.Canary)
		pairs[0].Stable.Add(p.Stable)
	}
	var w Watch
	if f, looked := w.Look(limits, pairs); !looked || f.Verdict != Worse || f.Name != "pay" {
		t.Errorf("%+v, %v", f, looked)
	}
}

func TestLooksSpendNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	sum := 0.0
	for k := 1; k < 1e6; k++ {
		sum += spend(0.01, k)
	}
	if sum > 0.01 || sum < 0.00999 {
		t.Errorf("a million looks spend %g of 0.01", sum)
	}
}
