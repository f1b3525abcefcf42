package analysis

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// service is how a version behaves.
type service struct {
	fails  float64 // share of calls
	median time.Duration
	sigma  float64 // of the logarithm of latency
	slow   float64 // share of calls that take eight times as long
}

func (s service) add(to *Sample, n int, r *rand.Rand) {
	if to.Latency == nil {
		to.Latency = make(Histogram, 216)
	}
	for range n {
		to.Calls++
		if r.Float64() < s.fails {
			to.Failures++
			continue
		}
		us := float64(s.median.Microseconds()) * math.Exp(s.sigma*r.NormFloat64())
		if r.Float64() < s.slow {
			us *= 8
		}
		to.Latency[bucketOfMicros(uint64(us))]++
	}
}

// bucketOfMicros is bucketFor without a search.
func bucketOfMicros(us uint64) int {
	if us < 8 {
		return int(us)
	}
	octave := int(math.Log2(float64(us)))
	return min((octave-2)*8+int(us>>(octave-3))-8, 215)
}

// rollOut lets a canary run for so many seconds in steps of rising weight, and
// answers after how many seconds it was called worse, or 0.
func rollOut(canary, stable service, rate, seconds int, r *rand.Rand) int {
	var w Watch
	weights := []int{5, 10, 25, 50}
	var p Pair
	for s := range seconds {
		step := s * len(weights) / seconds
		w.Begin(int64(step))
		if w.Size == 0 && s == step*seconds/len(weights) {
			p = Pair{}
		}
		n := 0
		for range rate {
			if r.IntN(100) < weights[step] {
				n++
			}
		}
		canary.add(&p.Canary, n, r)
		stable.add(&p.Stable, rate-n, r)
		if f, _ := w.Look(limits, []Pair{p}); f.Verdict == Worse {
			return s + 1
		}
	}
	return 0
}

// TestFalseAlarmsAndPower measures how often a canary that is just as good is
// rolled back (looked at each second of a whole rollout), and how often and how
// soon one is that is worse.
func TestFalseAlarmsAndPower(t *testing.T) {
	t.Parallel()
	good := service{fails: 0.003, median: 60 * time.Millisecond, sigma: 0.5, slow: 0.02}
	with := func(f func(*service)) service { s := good; f(&s); return s }
	for _, tc := range []struct {
		name           string
		canary         service
		stable         service
		rate, seconds  int
		rollouts       int
		atMost, atLeas float64 // share that is called worse
	}{
		{"A/A, 20/s, 0.3 % fail", good, good, 20, 240, 500, 0.01, 0},
		{"A/A, 100/s, 0.3 % fail", good, good, 100, 240, 100, 0.01, 0},
		{"A/A, 20/s, 20 % fail", with(func(s *service) { s.fails = 0.2 }), with(func(s *service) { s.fails = 0.2 }), 20, 240, 500, 0.01, 0},
		{"A/A, 20/s, wide latency", with(func(s *service) { s.sigma = 1.5 }), with(func(s *service) { s.sigma = 1.5 }), 20, 240, 500, 0.01, 0},
		{"half of the calls fail", with(func(s *service) { s.fails = 0.5 }), good, 20, 240, 100, 1, 1},
		{"4 % fail", with(func(s *service) { s.fails = 0.04 }), good, 20, 240, 200, 1, 0.85},
		{"1 % fail, five times as long", with(func(s *service) { s.fails = 0.01 }), good, 100, 1200, 20, 1, 0.8},
		{"twice as slow", with(func(s *service) { s.median *= 2 }), good, 20, 240, 200, 1, 0.99},
		{"1.5 times as slow", with(func(s *service) { s.median = s.median * 3 / 2 }), good, 20, 240, 200, 1, 0.95},
		{"a tail: 15 % take 8 times as long", with(func(s *service) { s.slow = 0.15 }), good, 20, 240, 200, 1, 0.9},
	} {
		r := rand.New(rand.NewPCG(1, 2)) // the same figures every time
		worse, soon := 0, 0
		for range tc.rollouts {
			if at := rollOut(tc.canary, tc.stable, tc.rate, tc.seconds, r); at > 0 {
				worse++
				soon += at
			}
		}
		share := float64(worse) / float64(tc.rollouts)
		t.Logf("%-36s called worse in %5.1f %% of %4d rollouts, after %3d s on average", tc.name, 100*share, tc.rollouts, soon/max(worse, 1))
		if share > tc.atMost || share < tc.atLeas {
			t.Errorf("%s: called worse in %.1f %%, want %.0f to %.0f %%", tc.name, 100*share, 100*tc.atLeas, 100*tc.atMost)
		}
	}
}
