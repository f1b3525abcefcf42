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
	By    string            `yaml:"by,omitempty" json:"by,omitempty" doc:"key (default with a key), application, user, ip (default without), route."`
	Plans map[string]string `yaml:"plans,omitempty" json:"plans,omitempty" doc:"Plan of the application to rate."`
	Name  string            `yaml:"name,omitempty" json:"name,omitempty" doc:"In the RateLimit headers; the API's or route's when absent."`
}

var limitKind = policyKind{
	name: "limit",
	check: func(k *checker, path string, p *Policies) {
		if p.Limit != nil {
			k.limit(path+".limit", *p.Limit)
		}
		if len(p.Limits) > maxLimits {
			k.fault(path+".limits", "there are %d limits, more than %d", len(p.Limits), maxLimits)
		}
		names := map[string]bool{}
		for i, l := range p.Limits {
			at := fmt.Sprintf("%s.limits[%d]", path, i)
			k.limit(at, l)
			if l.Name != "" {
				k.name(at+".name", l.Name, names)
			}
		}
	},
	build: func(b *building, p *Policies) policy {
		list := p.Limits
		if p.Limit != nil {
			list = append([]LimitPolicy{*p.Limit}, list...)
		}
		if len(list) == 0 {
			return nil
		}
		out := &rateLimits{limit: &b.g.limiter}
		for i, l := range list {
			scope := b.scope
			if l.Name != "" {
				scope = l.Name
			} else if i > 0 {
				scope += "-" + strconv.Itoa(i+1)
			}
			out.list = append(out.list, compileLimit(l, b.workspace, b.scope, scope))
		}
		return out
	},
}

// maxLimits bounds the limits of one place.
const maxLimits = 10

func (k *checker) limit(path string, l LimitPolicy) {
	if _, _, err := rateOf(l.Rate); err != nil {
		k.fault(path+".rate", "%v", err)
	}
	for _, plan := range slices.Sorted(maps.Keys(l.Plans)) {
		if _, _, err := rateOf(l.Plans[plan]); err != nil {
			k.fault(path+".plans", "%v", err)
		}
	}
	k.by(path+".by", l.By, bySubject)
	if l.Burst < 0 || l.Burst > maxBurst {
		k.fault(path+".burst", "a burst is from 1 to %d", maxBurst)
	}
}

const maxBurst = 1_000_000

// By whom is counted.
const (
	byKey         = "key"
	byApplication = "application"
	byUser        = "user"
	byIP          = "ip"
	byRoute       = "route"
)

var bySubject = []string{byKey, byApplication, byUser, byIP, byRoute}

func (k *checker) by(path, by string, of []string) {
	if by != "" && !slices.Contains(of, by) {
		k.fault(path, "there is no %q to count by; use %s", by, strings.Join(of, ", "))
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

func compileLimit(l LimitPolicy, ws, scope, name string) *rateLimit {
	out := newRateLimit(l.Rate, l.Burst, name, l.By, fnv(ws+" "+name, 0))
	if l.Name != "" { // of one name there may be several on other routes
		out.salt = fnv(ws+" "+scope+" "+name, 0)
	}
	for plan, rate := range l.Plans {
		if out.plans == nil {
			out.plans = map[string]*rateLimit{}
		}
		out.plans[plan] = newRateLimit(rate, 0, name, l.By, out.salt)
	}
	return out
}

func newRateLimit(rate string, burst int64, name, by string, salt uint64) *rateLimit {
	count, per, _ := rateOf(rate)
	r := &rateLimit{by: cmp.Or(by, byKey), every: int64(per) / count, burst: cmp.Or(burst, count), salt: salt}
	r.policyLine = fmt.Sprintf("RateLimit-Policy: %q;q=%d;w=%d\r\n", name, count, max(1, int64(per/time.Second)))
	r.start = fmt.Sprintf("RateLimit: %q;r=", name)
	return r
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

// back gives one request back that another limit refused.
func (l *limiter) back(key uint64, every int64) {
	s := &l.shards[key%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, there := s.tat[key]; there {
		s.tat[key] = t - every
	}
}

// rateLimit bounds requests by who sends them.
type rateLimit struct {
	by    string
	every int64 // nanoseconds
	burst int64
	plans map[string]*rateLimit // by plan of the consumer; nil: the same for all
	salt  uint64
	// The headers as far as they do not change
	// (draft-ietf-httpapi-ratelimit-headers-10).
	policyLine, start string
}

// rateLimits are several, all of which must leave room.
type rateLimits struct {
	limit *limiter
	list  []*rateLimit
}

func (p *rateLimits) check(x *Exchange) *refusal { return checkRates(x, p.limit, p.list) }

// checkRates takes one request from each limit, or from none of them.
func checkRates(x *Exchange, l *limiter, list []*rateLimit) *refusal {
	var taken [maxLimits]struct {
		key   uint64
		every int64
	}
	for i, r := range list {
		if x.Consumer != nil && r.plans != nil {
			if of := r.plans[x.Consumer.Plan]; of != nil {
				r = of
			}
		}
		key := keyOf(x, r.by, r.salt)
		ok, left, wait, reset := l.allow(key, r.every, r.burst, x.Start.UnixNano())
		x.sayLimit(r.policyLine, r.start, left, reset)
		if !ok {
			for _, t := range taken[:min(i, maxLimits)] {
				l.back(t.key, t.every)
			}
			return &refusal{status: 429, class: Limited, reason: "there were too many requests; send fewer, or ask for a larger plan", after: wait}
		}
		if i < maxLimits {
			taken[i].key, taken[i].every = key, r.every
		}
	}
	return nil
}

// sayLimit says what holds, and what is left.
func (x *Exchange) sayLimit(policyLine, start string, left int64, reset time.Duration) {
	x.extra = append(x.extra, policyLine...)
	x.extra = append(x.extra, start...)
	x.extra = strconv.AppendInt(x.extra, left, 10)
	x.extra = append(x.extra, ";t="...)
	x.extra = strconv.AppendInt(x.extra, int64((reset+time.Second-1)/time.Second), 10)
	x.extra = append(x.extra, '\r', '\n')
}

var limitSeed = maphash.MakeSeed()

// vouched is the user that somebody stands for: a token, a trusted proxy, or
// the application that calls for them. Whom anybody can claim to be is "": by
// inventing users nobody gets around a limit, nor uses up another's.
func (x *Exchange) vouched() string {
	switch {
	case x.User == "" || x.Proven || x.trusted:
		return x.User
	case x.Consumer != nil:
		return x.Consumer.Application + "/" + x.User
	}
	return ""
}

// keyOf names who is counted. The salt keeps the policies of a document apart
// that share a limiter. Who can't be named is counted by address.
func keyOf(x *Exchange, by string, salt uint64) uint64 {
	h := salt
	c := x.Consumer
	switch {
	case by == byRoute:
	case by == byUser && x.vouched() != "":
		h ^= maphash.String(limitSeed, x.vouched())
	case by == byKey && c != nil && c.KeyID != "":
		h ^= maphash.String(limitSeed, c.KeyID)
	case (by == byApplication || by == byKey) && c != nil:
		h ^= maphash.String(limitSeed, c.Application)
	default:
		b := x.Client.As16()
		if x.Client.Is6() && !x.Client.Is4In6() {
			clear(b[8:]) // who has one IPv6 address has 2^64 of them
		}
		h ^= maphash.Bytes(limitSeed, b[:])
	}
	return mix(h)
}
