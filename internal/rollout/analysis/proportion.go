package analysis

import "math"

// Fisher is the one-sided exact test of two proportions (Fisher 1935): the
// chance that of fa+fb failures at least fa fall to the na calls of the first
// sample when failures take no side. Small says the first fails more often.
func Fisher(fa, na, fb, nb uint64) float64 {
	n, k := na+nb, fa+fb
	if n == 0 || k == 0 || fa == 0 {
		return 1
	}
	low := uint64(0)
	if k > nb {
		low = k - nb
	}
	high := min(k, na)
	if fa <= low {
		return 1
	}
	mode := uint64(float64(k+1) * float64(na+1) / float64(n+2))
	if fa > mode {
		return min(1, tail(fa, high, na, nb, k, +1))
	}
	return max(0, 1-tail(fa-1, low, na, nb, k, -1))
}

// tail sums the hypergeometric distribution from one value away from its mode
// to an end: each term from the one before, until they are nothing.
func tail(from, to, na, nb, k uint64, step int) float64 {
	x := float64(from)
	a, b, t := float64(na), float64(nb), float64(k)
	term := math.Exp(logChoose(a, x) + logChoose(b, t-x) - logChoose(a+b, t))
	sum := term
	for i := from; i != to; {
		if step > 0 {
			term *= (t - x) * (a - x) / ((x + 1) * (b - t + x + 1))
			x, i = x+1, i+1
		} else {
			term *= x * (b - t + x) / ((t - x + 1) * (a - x + 1))
			x, i = x-1, i-1
		}
		sum += term
		if term <= sum*1e-17 {
			break
		}
	}
	return sum
}

func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// Wilson is the score interval of a proportion (Wilson 1927), each side wrong
// with a chance of level.
func Wilson(f, n uint64, level float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	z := quantileOfNormal(level)
	p, m := float64(f)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

// Newcombe is the lower bound of the difference of two proportions, the first
// minus the second (Newcombe 1998, method 10): wrong with a chance of about
// level.
func Newcombe(fa, na, fb, nb uint64, level float64) float64 {
	if na == 0 || nb == 0 {
		return -1
	}
	pa, pb := float64(fa)/float64(na), float64(fb)/float64(nb)
	la, _ := Wilson(fa, na, level)
	_, ub := Wilson(fb, nb, level)
	return pa - pb - math.Sqrt((pa-la)*(pa-la)+(ub-pb)*(ub-pb))
}

// quantileOfNormal is the z that a normal variable exceeds with chance level.
func quantileOfNormal(level float64) float64 {
	return math.Sqrt2 * math.Erfcinv(2*min(max(level, 1e-300), 0.5))
}
