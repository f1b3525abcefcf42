package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// upstream is where requests go: targets, and how one is chosen.
type upstream struct {
	name    string
	targets []*target
	h2      bool     // some of them speak HTTP/2
	groups  []*group // by priority; the first that has a fit target is asked
	balance string
	hashOn  hashKey
	bound   float64 // of consistent hashing: most load of a target, as a multiple of the mean; 0: none

	retry      retryRule
	budget     *retryBudget
	maxPending int64
	load       *load
	queue      queueRule
	breaker    *breaker // nil: none
	eject      ejectRule
	health     *HealthCheck // nil: none
	tell       func(t *target, state, why string)
}

// group are the targets of one priority.
type group struct {
	targets []*target
	order   []uint16 // weighted round robin: targets as often as their weight, spread out
	ring    []ringPoint
	next    atomic.Uint64
}

// target is one address of an upstream.
type target struct {
	addr     string // host:port
	label    string // how the call log names it
	host     string // Host when the route does not keep the client's
	tls      *tlsTarget
	h2       bool
	weight   int
	priority int
	drain    bool // gets no new requests; those under way end
	pool     *pool
	slow     time.Duration
	tally    *targetTally
	*standing
}

// standing is what is known of a target. It lives as long as its address is in
// the configuration: a new snapshot takes it over from the old one.
type standing struct {
	inflight atomic.Int64
	healthy  atomic.Bool            // by active checks; true without them
	ejected  atomic.Int64           // unix nanoseconds until which it is left alone
	failures atomic.Int32           // in a row
	ejects   atomic.Int32           // in a row: each lasts longer
	since    atomic.Int64           // unix nanoseconds from which it is in service: slow start
	why      atomic.Pointer[string] // what the latest failed check or ejection said
}

func newStanding() *standing {
	s := &standing{}
	s.healthy.Store(true)
	return s
}

// The ways to choose a target.
const (
	roundRobin       = "round_robin"
	leastOutstanding = "least_outstanding"
	consistentHash   = "hash"
)

// fit reports whether a target may be asked now.
func (t *target) fit(now int64) bool {
	return t.healthy.Load() && t.ejected.Load() <= now && t.warm(now)
}

// warm lets a target that has just come back take its share little by little.
func (t *target) warm(now int64) bool {
	if t.slow == 0 {
		return true
	}
	age := now - t.since.Load()
	if age >= int64(t.slow) {
		return true
	}
	return rand.Float64() < 0.1+0.9*float64(age)/float64(t.slow) //nolint:gosec // a share of traffic, no secret
}

// pick chooses a target that is fit, other than those tried already, of the
// first priority that has one. Where none is, any that was not tried is better
// than nothing, but for those that active checks say are down or that drain.
func (u *upstream) pick(x *Exchange, tried []*target, now int64) *target {
	for _, g := range u.groups {
		if t := u.choose(g, x, tried, func(t *target) bool { return t.fit(now) }); t != nil {
			return t
		}
	}
	for _, g := range u.groups {
		if t := u.choose(g, x, tried, func(t *target) bool { return t.healthy.Load() }); t != nil {
			return t
		}
	}
	return nil
}

func (u *upstream) choose(g *group, x *Exchange, tried []*target, ok func(*target) bool) *target {
	free := func(t *target) bool { return !t.drain && ok(t) && !slices.Contains(tried, t) }
	switch {
	case len(g.targets) == 1:
		if t := g.targets[0]; free(t) {
			return t
		}
		return nil
	case u.balance == leastOutstanding:
		return g.least(free)
	case u.balance == consistentHash:
		return g.onRing(u.hashOn.sum(x), free, u.mostOf(g, free))
	}
	// A target that is passed over uses up its own turn, not its neighbour's.
	for range len(g.order) {
		if t := g.targets[g.order[g.next.Add(1)%uint64(len(g.order))]]; free(t) {
			return t
		}
	}
	for _, t := range g.targets { // others took the turns meanwhile
		if free(t) {
			return t
		}
	}
	return nil
}

// least is the target with the fewest requests under way for its weight; ties
// go round.
func (g *group) least(free func(*target) bool) *target {
	var best *target
	load := math.Inf(1)
	n := len(g.targets)
	start := int(g.next.Add(1) % uint64(n))
	for i := range n {
		t := g.targets[(start+i)%n]
		if l := float64(t.inflight.Load()) / float64(t.weight); l < load && free(t) {
			best, load = t, l
		}
	}
	return best
}

// most is how much a target may have under way: consistent hashing with
// bounded loads (Mirrokni, Thorup, Zadimoghaddam 2016). What is too much for
// one goes to the next on the ring.
type most struct {
	bound        float64 // 0: none
	all, weights int64
}

func (u *upstream) mostOf(g *group, free func(*target) bool) most {
	m := most{bound: u.bound}
	if u.bound == 0 {
		return m
	}
	for _, t := range g.targets {
		if free(t) {
			m.all += t.inflight.Load()
			m.weights += int64(t.weight)
		}
	}
	return m
}

func (m *most) allows(t *target) bool {
	if m.bound == 0 {
		return true
	}
	limit := math.Ceil(m.bound * float64(m.all+1) * float64(t.weight) / float64(max(m.weights, 1)))
	return float64(t.inflight.Load()+1) <= limit
}

// ringPoint is a place on the ring of consistent hashing (Karger et al. 1997).
type ringPoint struct {
	hash   uint64
	target uint16
}

// ringPoints is how often a target of weight 1 stands on the ring: enough for
// shares within a few percent.
const ringPoints = 160

func (g *group) onRing(key uint64, free func(*target) bool, m most) *target {
	at, _ := slices.BinarySearchFunc(g.ring, key, func(p ringPoint, k uint64) int { return cmp.Compare(p.hash, k) })
	for i := range g.ring {
		if t := g.targets[g.ring[(at+i)%len(g.ring)].target]; free(t) && m.allows(t) {
			return t
		}
	}
	return nil
}

// prepare builds what choosing needs. The ring depends on addresses and
// weights only, so that every node and every restart maps keys alike.
func (u *upstream) prepare() {
	levels := map[int]*group{}
	for _, t := range u.targets {
		if levels[t.priority] == nil {
			levels[t.priority] = &group{}
		}
		levels[t.priority].targets = append(levels[t.priority].targets, t)
	}
	u.groups = nil
	for _, p := range slices.Sorted(maps.Keys(levels)) {
		g := levels[p]
		g.order = spread(g.targets)
		u.groups = append(u.groups, g)
		if u.balance != consistentHash {
			continue
		}
		for i, t := range g.targets {
			for k := range ringPoints * t.weight {
				g.ring = append(g.ring, ringPoint{fnv(t.addr, uint64(k)), uint16(i)})
			}
		}
		slices.SortFunc(g.ring, func(a, b ringPoint) int { return cmp.Compare(a.hash, b.hash) })
	}
}

// spread lists targets as often as their weights say, each as evenly as can
// be (smooth weighted round robin, as nginx does it).
func spread(targets []*target) []uint16 {
	sum, div := 0, 0
	for _, t := range targets {
		sum += t.weight
		div = gcd(div, t.weight)
	}
	if div == 0 {
		return nil
	}
	current := make([]int, len(targets))
	out := make([]uint16, 0, sum/div)
	for range sum / div {
		best := 0
		for i, t := range targets {
			current[i] += t.weight
			if current[i] > current[best] {
				best = i
			}
		}
		current[best] -= sum
		out = append(out, uint16(best))
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// fnv is FNV-1a of a text and a number, finished by a mixer: FNV alone puts
// neighbours side by side.
func fnv(s string, n uint64) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	for range 8 {
		h = (h ^ n&0xff) * 1099511628211
		n >>= 8
	}
	return mix(h)
}

// mix is the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// hashKey is what consistent hashing looks at.
type hashKey struct {
	kind string // ip, header, path, key
	name string
}

func (k hashKey) sum(x *Exchange) uint64 {
	switch k.kind {
	case "header":
		for i := range x.Fields {
			if isName(x.Fields[i].Name, k.name) {
				return fnvBytes(x.Fields[i].Value)
			}
		}
	case "path":
		return fnvBytes(x.Path)
	}
	b := x.Client.As16()
	return fnvBytes(b[:])
}

func fnvBytes(s []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range s {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

// ejectRule leaves a target alone that fails too often in a row.
type ejectRule struct {
	failures int32
	base     time.Duration
	most     time.Duration
	share    float64 // of the targets that may be left alone at once
}

// report tells a target how a request went. ok is false for what the target
// is to blame for: no connection, no answer, 502, 503 and 504.
func (u *upstream) report(t *target, ok bool, now time.Time) {
	t.tally.count(ok)
	if ok {
		if t.failures.Load() != 0 {
			t.failures.Store(0)
		}
		if t.ejects.Load() != 0 && t.ejects.Swap(0) != 0 {
			u.say(t, TargetUp, "it answers again")
		}
		return
	}
	n := t.failures.Add(1)
	if u.eject.failures == 0 || n < u.eject.failures || !u.mayEject(t, now.UnixNano()) {
		return
	}
	t.failures.Store(0)
	times := t.ejects.Add(1)
	wait := min(u.eject.base<<min(times-1, 10), u.eject.most)
	until := now.Add(wait)
	t.ejected.Store(until.UnixNano())
	t.since.Store(until.UnixNano())
	u.say(t, TargetEjected, fmt.Sprintf("%d requests failed in a row; it is left alone for %v", n, wait))
}

// mayEject keeps a share of the targets in service, whatever happens.
func (u *upstream) mayEject(t *target, now int64) bool {
	out, all := 1, 0
	for _, o := range u.targets {
		if o.drain {
			continue
		}
		all++
		if o != t && o.ejected.Load() > now {
			out++
		}
	}
	return out == 1 || float64(out) <= u.eject.share*float64(all)
}

func (u *upstream) say(t *target, state, why string) {
	if state != TargetUp {
		t.why.Store(&why)
	}
	if u.tell != nil {
		u.tell(t, state, why)
	}
}

// retryRule says when a request is tried again.
type retryRule struct {
	attempts int // in all
	statuses []int
	methods  []string // besides the idempotent ones
}

// retryBudget allows retries for a share of the requests, so that retries
// can't double the load of an upstream that is down already.
type retryBudget struct {
	share  int64        // per thousand
	tokens atomic.Int64 // thousandths
}

const budgetFloor, budgetMost = 10_000, 100_000

func (b *retryBudget) request() {
	if b.tokens.Load() < budgetMost {
		b.tokens.Add(b.share)
	}
}

// take reports whether one more retry is allowed.
func (b *retryBudget) take() bool {
	if b.tokens.Add(-1000) >= -budgetFloor {
		return true
	}
	b.tokens.Add(1000)
	return false
}
