package measure

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBandNeedsEnoughDays(t *testing.T) {
	t.Parallel()
	if b := bandOf([]int{1, 2, 3}); b != nil {
		t.Errorf("three days say %+v, want nothing", b)
	}
	if diff := cmp.Diff(&Band{Low: 1, Mid: 5, High: 9}, bandOf([]int{10, 0, 3, 7, 5, 4, 6, 1, 2, 8, 9})); diff != "" {
		t.Errorf("band of 0 to 10 -want +got\n%s", diff)
	}
	if diff := cmp.Diff(&Band{Low: 1.3, Mid: 2.5, High: 3.7}, bandOf([]int{4, 3, 2, 1}), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); diff != "" {
		t.Errorf("band of 1 to 4 -want +got\n%s", diff)
	}
}

func TestPercentileIsThatOfTheSortedList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 60).Draw(t, "list")
		q := rapid.SampledFrom([]float64{0, .1, .25, .5, .9, 1}).Draw(t, "q")
		sorted := slices.Clone(list)
		slices.Sort(sorted)
		got := percentile(list, q)
		k := max(0, int(math.Ceil(q*float64(len(sorted))))-1)
		if got != sorted[k] {
			t.Fatalf("percentile %g of %v = %d, want %d", q, sorted, got, sorted[k])
		}
	})
}
