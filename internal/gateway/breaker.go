package gateway

import (
	"sync"
	"time"
)

// breaker stops asking an upstream that fails, for a while, then lets a few
// requests find out whether it is back: closed, open, half open.
type breaker struct {
	share float64       // of failures that opens it
	least int           // calls in the window before it may
	span  time.Duration // of the window
	rest  time.Duration // how long it stays open

	mu      sync.Mutex
	start   time.Time // of the present window
	calls   int
	failed  int
	until   time.Time // open until
	probing int       // requests under way while half open
	opened  uint64    // times
}

// probes is how many requests may find out at once.
const probes = 3

// allow reports whether a request may go on, and how long it had better wait
// when not.
func (b *breaker) allow(now time.Time) (bool, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return true, 0
	}
	if now.Before(b.until) {
		return false, b.until.Sub(now)
	}
	if b.probing >= probes {
		return false, b.rest
	}
	b.probing++
	return true, 0
}

// done tells how an allowed request went.
func (b *breaker) done(ok bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.until.IsZero() { // half open
		b.probing = max(0, b.probing-1)
		if ok {
			b.until, b.calls, b.failed, b.start = time.Time{}, 0, 0, now
		} else {
			b.until = now.Add(b.rest)
			b.opened++
		}
		return
	}
	if now.Sub(b.start) > b.span {
		b.start, b.calls, b.failed = now, 0, 0
	}
	b.calls++
	if !ok {
		b.failed++
	}
	if b.calls >= b.least && float64(b.failed) >= b.share*float64(b.calls) && b.failed > 0 {
		b.until, b.probing = now.Add(b.rest), 0
		b.opened++
	}
}
