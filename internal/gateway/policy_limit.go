package gateway

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LimitPolicy bounds a rate.
type LimitPolicy struct {
	Rate  string            `yaml:"rate" json:"rate" doc:"Requests per time, such as 10/s, 600/m, 1000/h." example:"10/s"`
	Burst int64             `yaml:"burst,omitempty" json:"burst,omitempty" doc:"How many at once; the rate's number when absent."`
	By    string            `yaml:"by,omitempty" json:"by,omitempty" doc:"key (default with a key), application, ip (default without), route."`
	Plans map[string]string `yaml:"plans,omitempty" json:"plans,omitempty" doc:"Plan of the application to rate."`
}

var limitKind = policyKind{
	name: "limit",
	check: func(k *checker, path string, p *Policies) {
		if p.Limit != nil {
			k.limit(path+".limit", *p.Limit)
		}
	},
	build: func(b *building, p *Policies) policy {
		l := p.Limit
		if l == nil {
			return nil
		}
		out := b.g.compileLimit(*l, b.workspace, l.Rate, b.scope, l.Burst)
		for plan, rate := range l.Plans {
			if out.plans == nil {
				out.plans = map[string]*rateLimit{}
			}
			out.plans[plan] = b.g.compileLimit(*l, b.workspace, rate, b.scope, 0)
		}
		return out
	},
}

func (k *checker) limit(path string, l LimitPolicy) {
	if _, _, err := rateOf(l.Rate); err != nil {
		k.fault(path+".rate", "%v", err)
	}
	for _, plan := range slices.Sorted(maps.Keys(l.Plans)) {
		if _, _, err := rateOf(l.Plans[plan]); err != nil {
			k.fault(path+".plans", "%v", err)
		}
	}
	switch l.By {
	case "", "key", "application", "ip", "route":
	default:
		k.fault(path+".by", "there is no %q to limit by; use key, application, ip or route", l.By)
	}
	if l.Burst < 0 || l.Burst > 1_000_000 {
		k.fault(path+".burst", "a burst is from 1 to 1000000")
	}
}

// rateOf reads 10/s, 600/m, 1000/h, 10000/d.
func rateOf(s string) (count int64, per time.Duration, err error) {
	n, unit, _ := strings.Cut(s, "/")
	per = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	count, err = strconv.ParseInt(n, 10, 32)
	if err != nil || count < 1 || per == 0 || time.Duration(count) > per {
		return 0, 0, fmt.Errorf("%q is no rate; write it as 10/s, 600/m or 1000/h", s)
	}
	return count, per, nil
}

func (g *Gateway) compileLimit(l LimitPolicy, ws, rate, scope string, burst int64) *rateLimit {
	count, per, _ := rateOf(rate)
	return &rateLimit{name: scope, by: cmp.Or(l.By, "key"), every: int64(per) / count, burst: cmp.Or(burst, count), per: per, count: count, limit: &g.limiter, salt: fnv(ws+" "+scope, 0)}
}

// limiter allows a rate with a burst for each of many keys by GCRA (ITU-T
// I.371): one number a key, the theoretical time of its next arrival.
type limiter struct {
	shards [limitShards]limitShard
}

const (
	limitShards = 64
	// limitKeys bounds the keys of a shard: beyond it those that are at rest
	// are forgotten, so that nobody fills the memory by inventing keys.
	limitKeys = 20_000
)

type limitShard struct {
	mu    sync.Mutex
	tat   map[uint64]int64 // by hash of the key: nanoseconds
	swept int64
	_     [24]byte // shards lie on cache lines of their own
}

// allow takes one request at now. every is the time that earns one back, burst
// how many may come at once. It returns how many are left, after how long
// there is one more, and after how long all of them.
func (l *limiter) allow(key uint64, every, burst, now int64) (ok bool, left int64, wait, reset time.Duration) {
	s := &l.shards[key%limitShards]
	depth := every * burst
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tat == nil {
		s.tat = map[uint64]int64{}
	}
	if len(s.tat) > limitKeys && now-s.swept > int64(time.Second) {
		s.swept = now
		for k, t := range s.tat {
			if t <= now {
				delete(s.tat, k)
			}
		}
	}
	tat := max(s.tat[key], now)
	next := tat + every
	if next-now > depth {
		return false, 0, time.Duration(next - now - depth), time.Duration(tat - now)
	}
	s.tat[key] = next
	return true, (depth - (next - now)) / every, 0, time.Duration(next - now)
}

// rateLimit bounds requests by who sends them.
type rateLimit struct {
	name  string // as headers have it
	by    string // key, application, ip, route
	every int64  // nanoseconds
	burst int64
	per   time.Duration // as it was written, for the header
	count int64
	plans map[string]*rateLimit // by plan of the consumer; nil: the same for all
	limit *limiter
	salt  uint64
}

func (p *rateLimit) check(x *Exchange) *refusal {
	r := p
	if x.Consumer != nil && p.plans != nil {
		if of := p.plans[x.Consumer.Plan]; of != nil {
			r = of
		}
	}
	ok, left, wait, reset := r.limit.allow(r.keyOf(x), r.every, r.burst, x.Start.UnixNano())
	// draft-ietf-httpapi-ratelimit-headers: what holds, and what is left.
	x.extra = append(x.extra, "RateLimit-Policy: \""...)
	x.extra = append(x.extra, r.name...)
	x.extra = append(x.extra, "\";q="...)
	x.extra = strconv.AppendInt(x.extra, r.count, 10)
	x.extra = append(x.extra, ";w="...)
	x.extra = strconv.AppendInt(x.extra, max(1, int64(r.per/time.Second)), 10)
	x.extra = append(x.extra, "\r\nRateLimit: \""...)
	x.extra = append(x.extra, r.name...)
	x.extra = append(x.extra, "\";r="...)
	x.extra = strconv.AppendInt(x.extra, left, 10)
	x.extra = append(x.extra, ";t="...)
	x.extra = strconv.AppendInt(x.extra, int64((reset+time.Second-1)/time.Second), 10)
	x.extra = append(x.extra, '\r', '\n')
	if ok {
		return nil
	}
	return &refusal{status: 429, class: Limited, reason: "there were too many requests; send fewer, or ask for a larger plan", after: wait}
}

var limitSeed = maphash.MakeSeed()

// keyOf names who is counted. The salt keeps the policies of a document apart
// that share a limiter.
func (p *rateLimit) keyOf(x *Exchange) uint64 {
	h := p.salt
	switch {
	case p.by == "route":
	case p.by == "key" && x.Consumer != nil:
		h ^= maphash.String(limitSeed, x.Consumer.KeyID)
	case (p.by == "application" || p.by == "key") && x.Consumer != nil:
		h ^= maphash.String(limitSeed, x.Consumer.Application)
	default:
		b := x.Client.As16()
		if x.Client.Is6() && !x.Client.Is4In6() {
			clear(b[8:]) // who has one IPv6 address has 2^64 of them
		}
		h ^= maphash.Bytes(limitSeed, b[:])
	}
	return mix(h)
}
