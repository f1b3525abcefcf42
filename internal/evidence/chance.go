package evidence

import "math"

// tail is the chance that at least k of n calls drawn from all, of which some
// have a value, have it: the upper tail of the hypergeometric distribution,
// which is Fisher's exact test to one side.
func tail(all, have int64, n, k int) float64 {
	N, K := float64(all), float64(min(have, all))
	if k <= 0 || all <= 0 {
		return 1
	}
	if N < float64(n) {
		N = float64(n)
	}
	sum := 0.0
	base := -choose(N, float64(n))
	for i := k; i <= n; i++ {
		x := float64(i)
		if x > K || float64(n)-x > N-K {
			continue
		}
		sum += math.Exp(base + choose(K, x) + choose(N-K, float64(n)-x))
	}
	return math.Min(1, sum)
}

// choose is the logarithm of the binomial coefficient.
func choose(n, k float64) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// differs is the chance of two rates as unlike as these, or more, when they
// are the same: a z test of two proportions with a correction for small
// numbers (Agresti and Caffo 2000).
func differs(aHit, aOf, bHit, bOf int64) float64 {
	if aOf == 0 || bOf == 0 {
		return 1
	}
	na, nb := float64(aOf)+2, float64(bOf)+2
	pa, pb := (float64(aHit)+1)/na, (float64(bHit)+1)/nb
	se := math.Sqrt(pa*(1-pa)/na + pb*(1-pb)/nb)
	if se == 0 {
		return 1
	}
	return math.Erfc(math.Abs(pa-pb) / se / math.Sqrt2)
}
