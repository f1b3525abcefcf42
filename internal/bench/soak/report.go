package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures are what must not grow.
type figures struct {
	goroutines int
	files      int // open ones; 0 where that is unknown
	heap       uint64
}

// report is what came of a run.
type report struct {
	mu             sync.Mutex
	kinds          map[string]*count
	wrong          []string // the first of what must not be
	reloads, kills atomic.Int64
	before, after  figures
	took           time.Duration
}

// count is of one kind of traffic.
type count struct {
	mu      sync.Mutex
	good    int
	refused map[int]int // by the gateway, while an upstream was down
	broken  int         // answers that an upstream's death broke off
	lost    int         // requests without an answer
	times   []time.Duration
}

func (r *report) kind(name string) *count {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kinds[name] == nil {
		r.kinds[name] = &count{refused: map[int]int{}}
	}
	return r.kinds[name]
}

func (r *report) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.wrong) < 20 {
		r.wrong = append(r.wrong, what)
	}
}

// sampled bounds the times that are kept of one kind.
const sampled = 200_000

// add counts an exchange. Where upstreams die, the gateway may say so, and an
// answer may break off; where they live, nothing but the answer is right.
// Nowhere may a request stay without an answer, or get another's.
func (c *count) add(kind string, d time.Duration, err error, shaky bool, note func(string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var refused errRefused
	switch {
	case err == nil:
		if c.good++; len(c.times) < sampled {
			c.times = append(c.times, d)
		}
		return
	case shaky && errors.As(err, &refused):
		c.refused[refused.status]++
		return
	case shaky && errors.Is(err, errBroken):
		c.broken++
		return
	}
	c.lost++
	note(fmt.Sprintf("%s, upstream dies: %v, after %s: %v", kind, shaky, d.Round(time.Millisecond), err))
}

func (r *report) line() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	good, wrong := 0, 0
	for _, k := range r.kinds {
		k.mu.Lock()
		good += k.good
		wrong += k.lost
		k.mu.Unlock()
	}
	return fmt.Sprintf("%d exchanges, %d wrong, %d publications, %d upstreams killed", good, wrong, r.reloads.Load(), r.kills.Load())
}

// String is the report as people read it.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.took.Round(time.Second), r.line())
	fmt.Fprintf(&b, "%-14s %9s %8s %8s %8s  %s\n", "traffic", "answered", "p50 ms", "p99 ms", "broken", "refused while an upstream was down")
	for _, name := range slices.Sorted(maps.Keys(r.kinds)) {
		k := r.kinds[name]
		slices.Sort(k.times)
		at := func(q float64) float64 {
			if len(k.times) == 0 {
				return 0
			}
			return float64(k.times[int(q*float64(len(k.times)-1))].Microseconds()) / 1000
		}
		fmt.Fprintf(&b, "%-14s %9d %8.1f %8.1f %8d  %v\n", name, k.good, at(0.5), at(0.99), k.broken, k.refused)
	}
	fmt.Fprintf(&b, "goroutines %d -> %d, open files %d -> %d, heap %.1f -> %.1f MB\n", r.before.goroutines, r.after.goroutines, r.before.files, r.after.files,
		float64(r.before.heap)/1e6, float64(r.after.heap)/1e6)
	return b.String()
}

// faults are what must not be.
func (r *report) faults() (list []string) {
	for _, w := range r.wrong {
		list = append(list, "lost or wrong: "+w)
	}
	for name, k := range r.kinds {
		if k.good == 0 {
			list = append(list, "no answer at all: "+name)
		}
	}
	if r.after.goroutines > r.before.goroutines+5 {
		list = append(list, fmt.Sprintf("goroutines grew from %d to %d", r.before.goroutines, r.after.goroutines))
	}
	if r.after.files > r.before.files+5 {
		list = append(list, fmt.Sprintf("open files grew from %d to %d", r.before.files, r.after.files))
	}
	// The times that this program itself keeps are part of it.
	if r.after.heap > r.before.heap+32<<20 {
		list = append(list, fmt.Sprintf("the heap grew from %d to %d MB", r.before.heap>>20, r.after.heap>>20))
	}
	return list
}
