package measure

import "slices"

const (
	bandDays   = 14 // earlier days that say what is usual
	bandEnough = 4  // fewer say nothing
)

// bandOf is what is usual by the counts of the same time on earlier days; nil
// when they are too few.
func bandOf(samples []int) *Band {
	if len(samples) < bandEnough {
		return nil
	}
	slices.Sort(samples)
	return &Band{Low: quantile(samples, .1), Mid: quantile(samples, .5), High: quantile(samples, .9)}
}

// quantile interpolates between the two nearest of sorted values.
func quantile(sorted []int, q float64) float64 {
	at := q * float64(len(sorted)-1)
	k := int(at)
	if k+1 >= len(sorted) {
		return float64(sorted[len(sorted)-1])
	}
	return float64(sorted[k]) + (at-float64(k))*float64(sorted[k+1]-sorted[k])
}

// nth returns what stands at place k once list is sorted, in linear time; it
// moves the values about. Hundreds of thousands may be triaged in one act.
func nth(list []int64, k int) int64 {
	lo, hi := 0, len(list)-1
	for lo < hi {
		pivot := median3(list[lo], list[lo+(hi-lo)/2], list[hi])
		i, j := lo, hi
		for i <= j {
			for list[i] < pivot {
				i++
			}
			for list[j] > pivot {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return list[k]
		}
	}
	return list[k]
}

func median3(a, b, c int64) int64 { return max(min(a, b), min(max(a, b), c)) }

// percentile is the smallest value that at least the share q of list doesn't
// exceed.
func percentile(list []int64, q float64) int64 {
	k := int(q * float64(len(list)))
	if float64(k) == q*float64(len(list)) {
		k--
	}
	return nth(list, min(max(k, 0), len(list)-1))
}
