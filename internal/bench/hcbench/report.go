package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// report prints figures beside their targets and remembers what was missed.
type report struct{ missed []string }

// line prints one figure; ok says whether it meets the target ("" for none).
func (r *report) line(name, figure, target string, ok bool) {
	verdict := ""
	if target != "" {
		verdict = "ok"
		if !ok {
			verdict = "MISSED"
			r.missed = append(r.missed, name)
		}
		target = "target " + target
	}
	fmt.Println(strings.TrimRight(fmt.Sprintf("  %-34s %-44s %-22s %s", name, figure, target, verdict), " "))
}

func (r *report) err(strict bool) error {
	if strict && len(r.missed) > 0 {
		return errors.New("missed: " + strings.Join(r.missed, ", "))
	}
	return nil
}

// spread is a set of durations.
type spread []time.Duration

// at returns the p-th percentile; the set must be sorted.
func (s spread) at(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(p/100*float64(len(s))))]
}

func (s spread) String() string {
	slices.Sort(s)
	return fmt.Sprintf("%s %s %s %s ms", ms(s.at(50)), ms(s.at(95)), ms(s.at(99)), ms(s.at(100)))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

// thousands writes 12345 as 12,345.
func thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
