package analysis

import "math"

// MannWhitney is the one-sided test of Mann and Whitney (1947) on two
// histograms: the chance that a is as far above b as it is when both come from
// one distribution. All of a bucket are ties, for which the variance is
// corrected (Lehmann 1975); the distribution of U is taken as normal, with
// continuity correction, which holds from some twenty of each.
func MannWhitney(a, b Histogram) float64 {
	u, variance, na, nb := rankSum(a, b)
	if variance <= 0 {
		return 1
	}
	return upperTail((u - na*nb/2 - 0.5) / math.Sqrt(variance))
}

// rankSum is U of a (pairs in which a is larger, ties count half), its variance
// with ties, and the sizes.
func rankSum(a, b Histogram) (u, variance, na, nb float64) {
	below, ties := 0.0, 0.0
	for i := range max(len(a), len(b)) {
		ca, cb := a.at(i), b.at(i)
		u += ca * (below + cb/2)
		below += cb
		na, nb = na+ca, nb+cb
		t := ca + cb
		ties += t*t*t - t
	}
	n := na + nb
	if na == 0 || nb == 0 || n < 2 {
		return u, 0, na, nb
	}
	return u, na * nb / 12 * (n + 1 - ties/(n*(n-1))), na, nb
}

func (h Histogram) at(i int) float64 {
	if i < len(h) {
		return float64(h[i])
	}
	return 0
}

// upperTail is the chance that a normal variable is above z.
func upperTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// QuantileTest is Mood's median test at another quantile: of the calls above
// the quantile q of both samples together, does a hold more than its share? It
// is exact (hypergeometric), since the border is the same whoever made which
// call.
func QuantileTest(a, b Histogram, q float64) float64 {
	na, nb := a.Count(), b.Count()
	want := q * float64(na+nb)
	seen := 0.0
	var ca, cb uint64
	for i := range max(len(a), len(b)) {
		ca, cb = ca+uint64(a.at(i)), cb+uint64(b.at(i))
		if seen = float64(ca + cb); seen >= want {
			break
		}
	}
	return Fisher(na-ca, na, nb-cb, nb)
}
