package gateway

import (
	"cmp"
	"sync"
	"time"
)

// ConcurrencyPolicy bounds the calls of one caller that are under way at once.
type ConcurrencyPolicy struct {
	Most int64  `yaml:"at_once" json:"at_once" doc:"Calls."`
	By   string `yaml:"by,omitempty" json:"by,omitempty" doc:"key (default), application, user, ip, route."`
}

var concurrencyKind = policyKind{
	name: "concurrency",
	check: func(k *checker, path string, p *Policies) {
		if p.Concurrency == nil {
			return
		}
		if p.Concurrency.Most < 1 {
			k.fault(path+".concurrency.at_once", "at least one call has to be possible")
		}
		k.by(path+".concurrency.by", p.Concurrency.By, bySubject)
	},
	build: func(b *building, p *Policies) policy {
		c := p.Concurrency
		if c == nil {
			return nil
		}
		return &concurrency{slots: &b.g.slots, most: c.Most, by: cmp.Or(c.By, byKey), salt: fnv(b.workspace+" concurrency "+b.scope, 0)}
	},
}

type concurrency struct {
	slots *slots
	most  int64
	by    string
	salt  uint64
}

func (p *concurrency) check(x *Exchange) *refusal {
	return p.slots.hold(x, keyOf(x, p.by, p.salt), p.most)
}

// slots count the calls that are under way: as many entries as there are
// calls at most.
type slots struct {
	shards [limitShards]struct {
		mu   sync.Mutex
		held map[uint64]int64
		_    [40]byte // shards lie on cache lines of their own
	}
}

// hold takes a slot until the exchange ends.
func (s *slots) hold(x *Exchange, key uint64, most int64) *refusal {
	sh := &s.shards[key%limitShards]
	sh.mu.Lock()
	if sh.held == nil {
		sh.held = map[uint64]int64{}
	}
	full := sh.held[key] >= most
	if !full {
		sh.held[key]++
	}
	sh.mu.Unlock()
	if full {
		return &refusal{status: 429, class: Limited, reason: "there are as many calls under way as may be at once; wait for one to end", after: time.Second}
	}
	x.atEnd(func() {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if sh.held[key]--; sh.held[key] <= 0 {
			delete(sh.held, key)
		}
	})
	return nil
}

var priorityKind = policyKind{
	name: "priority",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if _, err := priorityOf(p.Priority); err != nil {
			k.fault(path+".priority", "%v", err)
		}
	},
	build: func(_ *building, p *Policies) policy {
		n, err := priorityOf(p.Priority)
		if err != nil || n == 0 {
			return nil
		}
		return priority(n)
	},
}

// priority says who is refused first when an upstream fills up.
type priority uint8

func (p priority) check(x *Exchange) *refusal {
	x.priority = max(x.priority, uint8(p))
	return nil
}

// room is how much of an upstream's bound a request may fill: all of it, or
// three quarters, or half.
func (x *Exchange) room(most int64) int64 { return max(1, most-most*int64(x.priority)/4) }
