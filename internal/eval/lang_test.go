package eval

import (
	"errors"
	"io/fs"
	"testing"
)

// measured runs a set on the labelled data, or skips where it is missing.
func measured(t *testing.T, s set) []Row {
	t.Helper()
	rows, err := s.run(t.Context(), dataDir())
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("labelled data is missing: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestLanguagesReachTheirTargets(t *testing.T) {
	t.Parallel()
	for _, r := range measured(t, langSet) {
		t.Logf("%s: %.4f of %d (%s)", r.Metric, r.Ours, r.N, r.Note)
		if r.Target > 0 && r.Ours < r.Target {
			t.Errorf("%s = %.4f, want >= %.3f", r.Metric, r.Ours, r.Target)
		}
	}
}

func TestTranslationsFindTheirTwins(t *testing.T) {
	t.Parallel()
	for _, r := range measured(t, parallelSet) {
		t.Logf("%s: %.4f of %d", r.Metric, r.Ours, r.N)
		if r.Ours < 0.7 { // well below what is reached: this guards against damage
			t.Errorf("%s = %.4f, want >= 0.7", r.Metric, r.Ours)
		}
	}
}
