package otlp_test

import (
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel/otlp"
)

// TestASurgeIsMuchMoreThanBefore counts two an hour, then a storm.
func TestASurgeIsMuchMoreThanBefore(t *testing.T) {
	t.Parallel()
	var s otlp.Surge
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	for range 12 { // an hour of ten in five minutes
		for range 10 {
			if _, began := s.Count(now); began != 0 {
				t.Fatalf("a surge at %v", now)
			}
			now = now.Add(30 * time.Second)
		}
	}
	began, one := 0, 0
	for range 200 {
		counted, n := s.Count(now)
		if n > 0 {
			began++
		}
		if counted {
			one++
		}
	}
	if began != 1 || one != 20 {
		t.Errorf("%d surges, %d counted one by one; want 1 and 20", began, one)
	}
	now = now.Add(48 * time.Hour)
	for range 49 {
		if _, n := s.Count(now); n > 0 {
			t.Error("49 are no surge")
		}
	}
	if _, n := s.Count(now); n != 50 {
		t.Errorf("after two quiet days 50 are a surge, got %d", n)
	}
}

func TestWhatIsNewIsNoSurge(t *testing.T) {
	t.Parallel()
	var s otlp.Surge
	for range 500 {
		if _, n := s.Count(time.Unix(1_800_000_000, 0)); n > 0 {
			t.Fatal("a surge of what was never there before")
		}
	}
}
