package gateway

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuantilesAreCloseToTheTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Uint64Range(0, 60_000_000), 1, 500).Draw(t, "microseconds")
		var h histogram
		for _, us := range list {
			h.add(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(list)
		for _, q := range []float64{0.5, 0.95, 0.99} {
			want := list[max(int(q*float64(len(list))+0.5), 1)-1]
			got := uint64(h.quantiles(q)[0].Microseconds())
			if got <= want || float64(got) > float64(want)*1.13+1 {
				t.Fatalf("quantile %v of %v is %d, want just above %d", q, list, got, want)
			}
		}
		n, _ := h.Buckets(func(float64, uint64) {})
		if n != uint64(len(list)) {
			t.Fatalf("%d counted, want %d", n, len(list))
		}
	})
}

func TestBucketsCoverEverything(t *testing.T) {
	t.Parallel()
	last := -1
	for us := uint64(0); us < 200_000_000; us = us + 1 + us/50 {
		i := bucketOf(us)
		if i < last || i >= histBuckets {
			t.Fatalf("%d us is in bucket %d, behind %d", us, i, last)
		}
		last = i
		if us < 100_000_000 && (us >= bucketTop(i) || i > 0 && us < bucketTop(i-1)) {
			t.Fatalf("%d us is in bucket %d, which ends at %d", us, i, bucketTop(i))
		}
	}
	if top := float64(bucketTop(histBuckets-1)) / 1e6; math.IsNaN(top) || top < 60 {
		t.Errorf("the last bucket ends at %v s", top)
	}
}
