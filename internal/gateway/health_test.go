package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// told gathers what becomes of targets.
type told struct{ c chan TargetChange }

func (c told) next(t *testing.T, state string) TargetChange {
	t.Helper()
	select {
	case ch := <-c.c:
		if ch.State != state {
			t.Fatalf("a target is %s (%s), want %s", ch.State, ch.Why, state)
		}
		return ch
	case <-time.After(20 * time.Second):
		t.Fatalf("no target became %s", state)
	}
	return TargetChange{}
}

// TestTargetsAreAskedWhetherTheyAreUp takes a target out of service that says
// it is down, and back when it says that it is up, by each kind of check. What
// is known outlives a change of the document.
func TestTargetsAreAskedWhetherTheyAreUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"type: http, path: /healthz, host: health.example, statuses: [204]", "type: tcp", "type: grpc, service: shop"} {
		t.Run(strings.Fields(kind)[1], func(t *testing.T) {
			t.Parallel()
			var down atomic.Bool
			serve := func(name string, down *atomic.Bool) string {
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !health(w, r, down.Load()) {
						_, _ = io.WriteString(w, name)
					}
				}))
				s.Config.Protocols = new(http.Protocols)
				s.Config.Protocols.SetHTTP1(true)
				s.Config.Protocols.SetUnencryptedHTTP2(true)
				s.Start()
				t.Cleanup(s.Close)
				if kind != "type: tcp" {
					return s.URL
				}
				return "http://" + behind(t, s.Listener.Addr().String(), down)
			}
			good, sick := serve("good", new(atomic.Bool)), serve("sick", &down)
			changes := told{make(chan TargetChange, 100)}
			doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - name: up\n    targets: [{url: %q}, {url: %q}]\n    health: {%s, interval: 100ms, timeout: 5s, healthy_after: 2, unhealthy_after: 2}\napis:\n  - {name: all, upstream: up, routes: [{name: all, prefix: /}]}\n", good, sick, kind)
			g := newRig(t, doc, func(o *Options) { o.Changed = func(c TargetChange) { changes.c <- c } })
			down.Store(true)
			if ch := changes.next(t, TargetDown); ch.Upstream != "up" || !strings.HasSuffix(sick, ch.Target) || !strings.Contains(ch.Why, "2 checks failed") {
				t.Errorf("told %+v", ch)
			}
			ask := func() map[string]int {
				got := map[string]int{}
				for range 10 {
					out := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
					got[out[len(out)-4:]]++
				}
				return got
			}
			if got := ask(); got["good"] != 10 {
				t.Errorf("while it is down: %v", got)
			}
			// Another document with the same targets knows what is known.
			if err := g.Apply([]byte(strings.Replace(doc, "name: all, prefix", "name: every, prefix", 1))); err != nil {
				t.Fatal(err)
			}
			if got := ask(); got["good"] != 10 {
				t.Errorf("after a change of the document: %v", got)
			}
			if s := g.Targets(""); len(s) != 2 || s[0].Healthy == s[1].Healthy {
				t.Errorf("Targets = %+v", s)
			}
			down.Store(false)
			changes.next(t, TargetUp)
			if got := ask(); got["sick"] != 5 {
				t.Errorf("when it is back: %v", got)
			}
		})
	}
}

// health answers checks over HTTP and gRPC.
func health(w http.ResponseWriter, r *http.Request, bad bool) bool {
	switch {
	case r.URL.Path == "/healthz" && r.Host == "health.example":
		w.WriteHeader(map[bool]int{false: 204, true: 200}[bad])
		return true
	case r.URL.Path == "/grpc.health.v1.Health/Check":
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		status := byte(1)
		if bad || string(b) != "\x00\x00\x00\x00\x06\x0a\x04shop" {
			status = 2
		}
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 8, status})
		w.Header().Set("Grpc-Status", "0")
		return true
	}
	return false
}

// behind is an address that leads to another, and is not there while down.
func behind(t *testing.T, to string, down *atomic.Bool) string {
	t.Helper()
	listen := func(addr string) net.Listener {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			t.Error(err)
			return nil
		}
		return ln
	}
	ln := listen("127.0.0.1:0")
	addr := ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	accept := func(ln net.Listener) {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				d, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer func() { _ = d.Close() }()
				stop := context.AfterFunc(ctx, func() { _ = c.Close(); _ = d.Close() })
				defer stop()
				wg.Go(func() { _, _ = io.Copy(d, c); _ = d.Close() })
				_, _ = io.Copy(c, d)
			})
		}
	}
	wg.Go(func() { accept(ln) })
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				_ = ln.Close()
				return
			case <-tick.C:
			}
			switch {
			case down.Load() && ln != nil:
				_ = ln.Close()
				ln = nil
			case !down.Load() && ln == nil:
				if ln = listen(addr); ln != nil {
					open := ln
					wg.Go(func() { accept(open) })
				}
			}
		}
	})
	return addr
}

func TestTargetsByPriorityAndDraining(t *testing.T) {
	t.Parallel()
	for _, balance := range []string{roundRobin, leastOutstanding, consistentHash} {
		u := upstreamOf(balance, 1, 1, 1, 1)
		u.targets[2].priority, u.targets[3].priority = 1, 1
		u.prepare()
		seen := func() string {
			got := map[*target]bool{}
			for i := range 200 {
				x := exchangeOf("GET", "h", fmt.Sprintf("/%d", i))
				u.hashOn = hashKey{kind: "path"}
				if p := u.pick(x, nil, 1); p != nil {
					got[p] = true
				}
			}
			out := ""
			for i, t := range u.targets {
				if got[t] {
					out += fmt.Sprint(i)
				}
			}
			return out
		}
		if s := seen(); s != "01" {
			t.Errorf("%s: asked %s, want 01", balance, s)
		}
		u.targets[0].drain = true
		if s := seen(); s != "1" {
			t.Errorf("%s: with one draining asked %s, want 1", balance, s)
		}
		u.targets[1].healthy.Store(false)
		if s := seen(); s != "23" {
			t.Errorf("%s: with the first ones out asked %s, want 23", balance, s)
		}
		u.targets[2].drain, u.targets[3].drain = true, true
		if s := seen(); s != "" {
			t.Errorf("%s: with none left asked %s", balance, s)
		}
	}
}

// TestRoundRobinPassesNoTurnOn: the turn of a target that is out of service is
// not its neighbour's.
func TestRoundRobinPassesNoTurnOn(t *testing.T) {
	t.Parallel()
	u := upstreamOf(roundRobin, 1, 1, 1, 1)
	u.targets[1].healthy.Store(false)
	got := map[string]int{}
	for range 3000 {
		got[u.pick(&Exchange{}, nil, 1).addr]++
	}
	for addr, n := range got {
		if n != 1000 {
			t.Errorf("%s got %d, want 1000", addr, n)
		}
	}
}

// TestHashingMovesOnlyTheKeysOfWhatIsGone takes any target out of any upstream.
func TestHashingMovesOnlyTheKeysOfWhatIsGone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 4), 2, 8).Draw(rt, "weights")
		gone := rapid.IntRange(0, len(weights)-1).Draw(rt, "gone")
		before, after := upstreamOf(consistentHash, weights...), upstreamOf(consistentHash, weights...)
		after.targets = append(after.targets[:gone:gone], after.targets[gone+1:]...)
		after.prepare()
		drained := upstreamOf(consistentHash, weights...)
		drained.targets[gone].drain = true
		for i := range 200 {
			x := exchangeOf("GET", "h", fmt.Sprintf("/%d/%d", i, gone))
			for _, u := range []*upstream{before, after, drained} {
				u.hashOn = hashKey{kind: "path"}
			}
			a, b, c := before.pick(x, nil, 1), after.pick(x, nil, 1), drained.pick(x, nil, 1)
			if a.addr != before.targets[gone].addr && a.addr != b.addr {
				rt.Fatalf("a key of %s moved to %s, though %s is what is gone", a.addr, b.addr, before.targets[gone].addr)
			}
			if b.addr != c.addr {
				rt.Fatalf("a key went to %s when the target was removed and to %s when it drained", b.addr, c.addr)
			}
		}
	})
}

func TestHashingWithABoundSpillsOver(t *testing.T) {
	t.Parallel()
	u := upstreamOf(consistentHash, 1, 1, 1, 1)
	u.hashOn, u.bound = hashKey{kind: "path"}, 1.25
	x := exchangeOf("GET", "h", "/hot")
	for i := range 100 {
		p := u.pick(x, nil, 1)
		p.inflight.Add(1)
		most := int64(1.25*float64(i+1)/4) + 1
		if n := p.inflight.Load(); n > most {
			t.Fatalf("%s has %d of %d under way, at most %d", p.addr, n, i+1, most)
		}
	}
}

func TestOnlyAShareOfTheTargetsIsLeftAlone(t *testing.T) {
	t.Parallel()
	u := upstreamOf(roundRobin, 1, 1, 1, 1)
	u.eject = ejectRule{failures: 1, base: time.Minute, most: time.Hour, share: 0.5}
	var states []string
	u.tell = func(t *target, state, _ string) { states = append(states, t.addr[7:8]+state) }
	now := time.Now()
	for _, x := range u.targets {
		u.report(x, false, now)
	}
	u.report(u.targets[0], true, now.Add(2*time.Minute))
	if got := fmt.Sprint(states); got != "[0ejected 1ejected 0up]" {
		t.Errorf("told %s", got)
	}
	one := upstreamOf(roundRobin, 1)
	one.eject = u.eject
	one.report(one.targets[0], false, now)
	if one.pick(&Exchange{}, nil, now.UnixNano()) == nil {
		t.Error("the only target is not asked any more")
	}
}

// TestWhatIsTooMuchWaitsForAMoment lets three requests in at once, two wait,
// and refuses the sixth.
func TestWhatIsTooMuchWaitsForAMoment(t *testing.T) {
	t.Parallel()
	var most, now atomic.Int64
	release := make(chan struct{})
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-release
		now.Add(-1)
		_, _ = io.WriteString(w, "ok")
	})
	g := newRig(t, oneUpstream(up, "    max_concurrent: 3\n    queue: {max: 2, wait: 30s}\n"))
	load := g.snap.Load().upstreams[" up"].load
	answers := make(chan string, 6)
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() { answers <- g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") })
		until(t, func() bool { return load.pending.Load()+load.waiting.Load() == int64(i+1) })
	}
	if out := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(out, "HTTP/1.1 503") {
		t.Errorf("one more than may wait: %s", out)
	}
	close(release)
	wg.Wait()
	close(answers)
	for out := range answers {
		if !strings.HasPrefix(out, "HTTP/1.1 200") {
			t.Errorf("one that waited: %s", out)
		}
	}
	if most.Load() > 3 || load.pending.Load() != 0 || load.waiting.Load() != 0 {
		t.Errorf("%d at once; then %d under way and %d waiting", most.Load(), load.pending.Load(), load.waiting.Load())
	}
}

// until waits for something that is about to be.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not come about")
		case <-tick.C:
		}
	}
}
