package gateway

import (
	"sync/atomic"
	"time"
)

// Queue lets requests wait that are more than an upstream may have at once.
type Queue struct {
	Most int64    `yaml:"max" json:"max" doc:"Requests that may wait; more are refused."`
	Wait Duration `yaml:"wait,omitempty" json:"wait,omitempty" doc:"How long each may; 500ms when absent."`
}

// load is how much an upstream has under way; it outlives snapshots.
type load struct {
	pending atomic.Int64
	waiting atomic.Int64
	freed   chan struct{} // one place has become free
}

// maxQueue bounds how many may wait.
const maxQueue = 10_000

func newLoad() *load { return &load{freed: make(chan struct{}, maxQueue)} }

// queueRule says who may wait.
type queueRule struct {
	most int64
	wait time.Duration
}

func queueOf(q *Queue) queueRule {
	if q == nil {
		return queueRule{}
	}
	return queueRule{most: q.Most, wait: or(q.Wait, 500*time.Millisecond)}
}

func (k *checker) queue(path string, u Upstream) {
	q := u.Queue
	if q == nil {
		return
	}
	if u.Most == 0 {
		k.fault(path+".queue", "a queue needs max_concurrent: what is more than that waits")
	}
	if q.Most < 1 || q.Most > maxQueue {
		k.fault(path+".queue.max", "from 1 to %d requests can wait", maxQueue)
	}
	k.durations(path+".queue", map[string]Duration{"wait": q.Wait})
	if q.Wait > Duration(time.Minute) {
		k.fault(path+".queue.wait", "at most a minute")
	}
}

// enter takes a place for a request, waiting for one where the rule allows it.
// Who gets one gives it back with leave.
func (u *upstream) enter(x *Exchange, most int64) bool {
	l := u.load
	if l.pending.Add(1) <= most {
		return true
	}
	l.pending.Add(-1)
	if u.queue.most == 0 || l.waiting.Add(1) > u.queue.most {
		if u.queue.most > 0 {
			l.waiting.Add(-1)
		}
		return false
	}
	defer l.waiting.Add(-1)
	end := time.NewTimer(u.queue.wait)
	defer end.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		// Before the wait: a place may have become free before this one was counted as waiting.
		if l.pending.Add(1) <= most {
			return true
		}
		l.pending.Add(-1)
		select {
		case <-l.freed:
		case <-look.C:
			if x.lane != nil && x.lane.gone() {
				return false
			}
		case <-end.C:
			return false
		}
	}
}

// leave gives a place back.
func (u *upstream) leave() {
	u.load.pending.Add(-1)
	if u.load.waiting.Load() > 0 {
		select {
		case u.load.freed <- struct{}{}:
		default:
		}
	}
}

// takeOver continues what the upstream of this name has under way: a change of
// the document must not forget that it fails or is full.
func (u *upstream) takeOver(old *upstream) {
	u.load = newLoad()
	if old == nil {
		return
	}
	u.load = old.load
	if old.budget.share == u.budget.share {
		u.budget = old.budget
	}
	if a, b := old.breaker, u.breaker; a != nil && b != nil && a.share == b.share && a.least == b.least && a.span == b.span && a.rest == b.rest {
		u.breaker = a
	}
}
