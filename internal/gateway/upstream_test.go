package gateway

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"
)

func upstreamOf(balance string, weights ...int) *upstream {
	u := &upstream{balance: balance, hashOn: hashKey{kind: "ip"}}
	for i, w := range weights {
		t := &target{addr: fmt.Sprintf("10.0.0.%d:80", i), weight: w, standing: newStanding()}
		u.targets = append(u.targets, t)
	}
	u.prepare()
	return u
}

func TestRoundRobinFollowsWeightsEvenly(t *testing.T) {
	t.Parallel()
	u := upstreamOf(roundRobin, 5, 1, 1)
	var order string
	for range 7 {
		order += u.pick(&Exchange{}, nil, 1).addr[7:8]
	}
	// As nginx does it, from wherever the counter stands: never five in a row.
	if n := len(order); n != 7 {
		t.Fatal(order)
	}
	counts := map[*target]int{}
	for range 7000 {
		counts[u.pick(&Exchange{}, nil, 1)]++
	}
	for i, want := range []int{5000, 1000, 1000} {
		if got := counts[u.targets[i]]; got != want {
			t.Errorf("target %d got %d, want %d", i, got, want)
		}
	}
}

func TestOnlyFitTargetsAreAsked(t *testing.T) {
	t.Parallel()
	now := time.Now()
	u := upstreamOf(roundRobin, 1, 1, 1)
	u.eject = ejectRule{failures: 2, base: time.Minute, most: time.Hour}
	u.targets[0].healthy.Store(false)
	u.report(u.targets[1], false, now)
	u.report(u.targets[1], false, now)
	for range 10 {
		if got := u.pick(&Exchange{}, nil, now.UnixNano()); got != u.targets[2] {
			t.Fatalf("asked %s", got.addr)
		}
	}
	if got := u.pick(&Exchange{}, []*target{u.targets[2]}, now.UnixNano()); got != u.targets[1] {
		t.Errorf("when none is fit a healthy one is better than nothing: %v", got)
	}
	later := now.Add(2 * time.Minute).UnixNano()
	seen := map[*target]bool{}
	for range 10 {
		seen[u.pick(&Exchange{}, nil, later)] = true
	}
	if !seen[u.targets[1]] || seen[u.targets[0]] {
		t.Errorf("after its time the ejected one is asked again, the unhealthy one is not: %v", seen)
	}
}

func TestLeastOutstandingMindsWeights(t *testing.T) {
	t.Parallel()
	u := upstreamOf(leastOutstanding, 1, 3)
	for range 400 {
		u.pick(&Exchange{}, nil, 1).inflight.Add(1)
	}
	if a, b := u.targets[0].inflight.Load(), u.targets[1].inflight.Load(); a != 100 || b != 300 {
		t.Errorf("%d and %d under way, want 100 and 300", a, b)
	}
}

func TestHashingKeepsKeysWhereTheyWere(t *testing.T) {
	t.Parallel()
	before, after := upstreamOf(consistentHash, 1, 1, 1, 1), upstreamOf(consistentHash, 1, 1, 1, 1, 1)
	const keys = 20_000
	moved := 0
	counts := map[string]int{}
	for i := range keys {
		x := &Exchange{Client: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		a, b := before.pick(x, nil, 1), after.pick(x, nil, 1)
		counts[a.addr]++
		if a.addr != b.addr {
			moved++
			if b.addr != after.targets[4].addr {
				t.Fatalf("a key moved between targets that were there before")
			}
		}
	}
	if share := float64(moved) / keys; math.Abs(share-0.2) > 0.06 {
		t.Errorf("%.2f of the keys moved to the fifth target, want about 0.20", share)
	}
	for addr, n := range counts {
		if share := float64(n) / keys; math.Abs(share-0.25) > 0.06 {
			t.Errorf("%s has %.2f of the keys, want about 0.25", addr, share)
		}
	}
}

func TestBreakerOpensAndFindsOut(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := &breaker{share: 0.5, least: 4, span: 10 * time.Second, rest: 5 * time.Second}
	for _, ok := range []bool{true, false, false} {
		b.done(ok, now)
	}
	if ok, _ := b.allow(now); !ok {
		t.Fatal("it opened before it had seen enough")
	}
	b.done(false, now)
	if ok, wait := b.allow(now); ok || wait != 5*time.Second {
		t.Fatalf("allow = %v, %v after 3 of 4 failed", ok, wait)
	}
	now = now.Add(6 * time.Second)
	for i := range probes {
		if ok, _ := b.allow(now); !ok {
			t.Fatalf("probe %d is not let through", i)
		}
	}
	if ok, _ := b.allow(now); ok {
		t.Fatal("more than a few probes are let through")
	}
	b.done(false, now)
	if ok, _ := b.allow(now); ok {
		t.Fatal("a probe failed and it is not open again")
	}
	now = now.Add(6 * time.Second)
	b.allow(now)
	b.done(true, now)
	if ok, _ := b.allow(now); !ok {
		t.Error("a probe went well and it stays open")
	}
}

func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	var b retryBudget
	b.share = 200
	allowed := 0
	for range 1000 {
		b.request()
		for b.take() {
			allowed++
		}
	}
	if allowed < 200 || allowed > 250 {
		t.Errorf("%d retries for 1000 requests, want 200 and a few to begin with", allowed)
	}
}
