package web

import (
	"sync"
	"time"
)

// Limiter allows a number of tries per key and period (GCRA: one number a
// key, no history). It forgets keys that are idle, so an attacker who invents
// keys can't fill the memory.
type Limiter struct {
	every time.Duration // one try is earned back per
	burst time.Duration // how far ahead of time a key may be

	mu   sync.Mutex
	tat  map[string]time.Time // theoretical arrival time
	swep time.Time
}

// NewLimiter allows n tries per period for each key.
func NewLimiter(n int, period time.Duration) *Limiter {
	every := period / time.Duration(n)
	return &Limiter{every: every, burst: period, tat: map[string]time.Time{}}
}

// Allow takes one try for key at now; when there is none left it returns how
// long to wait.
func (l *Limiter) Allow(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swep) > l.burst || len(l.tat) > 100_000 {
		for k, t := range l.tat {
			if t.Before(now) {
				delete(l.tat, k)
			}
		}
		l.swep = now
	}
	t := l.tat[key]
	if t.Before(now) {
		t = now
	}
	next := t.Add(l.every)
	if over := next.Sub(now) - l.burst; over > 0 {
		return over, false
	}
	l.tat[key] = next
	return 0, true
}

// Refund gives a try back that turned out to be no guess, so that who signs in
// rightly again and again is never taken for somebody who tries passwords.
func (l *Limiter) Refund(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.tat[key]; ok {
		l.tat[key] = t.Add(-l.every)
	}
}
