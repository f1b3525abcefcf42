package corpus

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGeneratorRepeatsItselfAndVaries(t *testing.T) {
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	a, b := New(1, end), New(1, end)
	texts, words := map[string]bool{}, 0
	const n = 5000
	for range n {
		x := a.Next()
		if diff := cmp.Diff(x, b.Next()); diff != "" {
			t.Fatalf("the same seed gave other items (-a +b):\n%s", diff)
		}
		if x.Text == "" || strings.ContainsAny(x.Text, "{}") || x.OccurredAt.After(end) {
			t.Fatalf("malformed item: %+v", x)
		}
		texts[x.Text] = true
		words += len(strings.Fields(x.Text))
	}
	if len(texts) < n*95/100 {
		t.Errorf("%d different texts among %d", len(texts), n)
	}
	if mean := words / n; mean < 28 || mean > 55 {
		t.Errorf("mean length = %d words, want about 40", mean)
	}
}

func TestSharesAddUp(t *testing.T) {
	sum := 0
	for _, l := range languages {
		sum += l.share
	}
	if sum != 100 {
		t.Errorf("language shares add up to %d, want 100", sum)
	}
}
