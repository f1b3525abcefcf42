package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// memory is a Counters for tests of what the gateway makes of one.
type memory struct {
	mu   sync.Mutex
	used map[Count]int64
}

func (m *memory) Take(c Count, most int64) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used == nil {
		m.used = map[Count]int64{}
	}
	if m.used[c] >= most {
		return 0, false
	}
	m.used[c]++
	return most - m.used[c], true
}

// once sends a request in the fast lane only.
func (r *rig) once(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return answer{status: resp.StatusCode, header: resp.Header}
}

func TestSeveralLimitsAtOnce(t *testing.T) {
	t.Parallel()
	a := newApps()
	for i, app := range []string{"a", "a", "b"} {
		a.key(fmt.Sprint("k", i), Consumer{Application: app, KeyID: fmt.Sprint("id", i)})
	}
	g := newRig(t, withPolicies(echoUpstream(t, nil), `      key: {}
      identity: {user: {header: X-User}}
      limits:
        - {rate: 3/h, by: application, name: app}
        - {rate: 2/h, by: user, name: user}
        - {rate: 5/h, by: route, name: all}
`), func(o *Options) { o.Keys = a })
	for i, tc := range []struct {
		key, user string
		want      int
		header    string
	}{
		{"k0", "ada", 200, `"app";r=2;t=1200, "user";r=1;t=1800, "all";r=4;t=720`},
		{"k1", "ada", 200, `"app";r=1`},
		{"k0", "ada", 429, `"user";r=0`}, // the user's; the application gets its call back
		{"k0", "eve", 200, `"app";r=0`},
		{"k1", "bob", 429, `"app";r=0`},
		{"k2", "bob", 200, `"all";r=1`},
		{"k2", "cid", 200, `"all";r=0`},
		{"k2", "dan", 429, `"all";r=0`},
	} {
		got := g.once(t, "/", "X-API-Key", tc.key, "X-User", tc.user)
		header := strings.Join(got.header.Values("RateLimit"), ", ")
		if got.status != tc.want || !strings.Contains(header, tc.header) {
			t.Errorf("call %d: %d, RateLimit %s, want %d with %s", i+1, got.status, header, tc.want, tc.header)
		}
		if i == 0 {
			if p := strings.Join(got.header.Values("RateLimit-Policy"), ", "); p != `"app";q=3;w=3600, "user";q=2;w=3600, "all";q=5;w=3600` {
				t.Errorf("RateLimit-Policy %s", p)
			}
		}
		if got.status == 429 && got.header.Get("Retry-After") == "" {
			t.Errorf("call %d: no Retry-After", i+1)
		}
	}
}

func TestQuotasOfTheCalendar(t *testing.T) {
	t.Parallel()
	a := newApps()
	a.key("small", Consumer{Application: "a", KeyID: "1"})
	a.key("large", Consumer{Application: "b", KeyID: "2", Plan: "gold"})
	c := &memory{}
	doc := withPolicies(echoUpstream(t, nil), "      key: {}\n      quotas: [{count: 2, per: day, plans: {gold: 3}}, {count: 100, per: month, zone: Asia/Tokyo, by: route, name: everyone}]\n")
	g := newRig(t, doc, func(o *Options) { o.Keys, o.Counters = a, c })
	for i, tc := range []struct {
		key  string
		want int
		left string
	}{
		{"small", 200, `"all-day";r=1;t=`}, {"small", 200, `"all-day";r=0;t=`}, {"small", 429, `"all-day";r=0;t=`},
		{"large", 200, `"all-day";r=2;t=`}, {"large", 200, `"everyone";r=96;t=`},
	} {
		got := g.once(t, "/", "X-API-Key", tc.key)
		header := strings.Join(got.header.Values("RateLimit"), ", ")
		if got.status != tc.want || !strings.Contains(header, tc.left) {
			t.Errorf("call %d: %d, %s, want %d with %s", i+1, got.status, header, tc.want, tc.left)
		}
		if got.status == 429 {
			var secs int
			if _, err := fmt.Sscan(got.header.Get("Retry-After"), &secs); err != nil || secs < 1 || secs > 24*3600 {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
		}
	}
	// Without anything that counts, nothing with a quota passes.
	bare := newRig(t, doc, func(o *Options) { o.Keys = a })
	if got := bare.once(t, "/", "X-API-Key", "small"); got.status != 503 {
		t.Errorf("without counters: %d", got.status)
	}
}

func TestDaysAndMonths(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		zone       *time.Location
		month      bool
		at         string
		start, end string
	}{
		{time.UTC, false, "2026-11-27T02:26:19Z", "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"},
		{time.UTC, true, "2026-02-28T23:59:59Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{berlin, false, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"}, // 23 hours
		{berlin, false, "2026-10-25T23:30:00+01:00", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"}, // 25 hours
		{berlin, true, "2026-12-31T23:30:00Z", "2027-01-01T00:00:00+01:00", "2027-02-01T00:00:00+01:00"},
	} {
		unix := func(s string) int64 {
			at, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			return at.Unix()
		}
		c := calendar{zone: tc.zone, month: tc.month}
		for range 2 { // the second is remembered
			if p := c.at(time.Unix(unix(tc.at), 0)); p.start != unix(tc.start) || p.end != unix(tc.end) {
				t.Errorf("%s in %v: from %d to %d, want %d to %d", tc.at, tc.zone, p.start, p.end, unix(tc.start), unix(tc.end))
			}
		}
		if p := c.at(time.Unix(unix(tc.end), 0)); p.start != unix(tc.end) {
			t.Errorf("%s: the next period starts at %d", tc.at, p.start)
		}
	}
}

func TestPlansLimitAllRoutesTogether(t *testing.T) {
	t.Parallel()
	a := newApps()
	plan := func(name string, l PlanLimits) {
		p, err := CompilePlan("", name, l)
		if err != nil {
			t.Fatal(err)
		}
		a.plans.Store(named{"", name}, p)
	}
	plan("gold", PlanLimits{Limits: []PlanRate{{Rate: "3/h"}}, Quotas: []PlanQuota{{Count: 2, Per: "month"}}})
	plan("free", PlanLimits{Limits: []PlanRate{{Rate: "1/h"}}})
	a.key("gold", Consumer{Application: "a", KeyID: "1", Plan: "gold"})
	a.key("other", Consumer{Application: "b", KeyID: "2"})
	a.key("strange", Consumer{Application: "c", KeyID: "3", Plan: "nothing"})
	doc := fmt.Sprintf(`gateway: 1
upstreams: [{name: up, targets: [{url: %q}]}]
apis:
  - name: one
    upstream: up
    policies: {key: {}, plan: {default: free}}
    routes: [{name: a, path: /a}, {name: b, path: /b}]
`, echoUpstream(t, nil))
	g := newRig(t, doc, func(o *Options) { o.Keys, o.Counters = a, &memory{} })
	for i, tc := range []struct {
		path, key string
		want      int
		header    string
	}{
		{"/a", "gold", 200, `"plan-gold";r=2`},
		{"/b", "gold", 200, `"plan-month";r=0`},
		{"/a", "gold", 429, `"plan-month";r=0`},
		{"/a", "other", 200, `"plan-free";r=0`},
		{"/b", "other", 429, `"plan-free";r=0`},
		{"/a", "strange", 200, ``},
	} {
		got := g.once(t, tc.path, "X-API-Key", tc.key)
		if header := strings.Join(got.header.Values("RateLimit"), ", "); got.status != tc.want || !strings.Contains(header, tc.header) {
			t.Errorf("call %d: %d, %s, want %d with %s", i+1, got.status, header, tc.want, tc.header)
		}
	}
	// A larger plan holds at once.
	plan("gold", PlanLimits{Limits: []PlanRate{{Rate: "100/h"}}, Quotas: []PlanQuota{{Count: 50, Per: "month"}}})
	if got := g.once(t, "/a", "X-API-Key", "gold"); got.status != 200 {
		t.Errorf("after the plan grew: %d", got.status)
	}
}

func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	arrived := make(chan struct{}, 10)
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			<-gate
		}
	})
	a := newApps()
	a.key("one", Consumer{Application: "a", KeyID: "1"})
	a.key("two", Consumer{Application: "b", KeyID: "2"})
	g := newRig(t, withPolicies(up, "      key: {}\n      concurrency: {at_once: 2}\n"), func(o *Options) { o.Keys = a })
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { g.once(t, "/wait", "X-API-Key", "one") })
	}
	<-arrived
	<-arrived
	if got := g.once(t, "/", "X-API-Key", "one"); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("a third call of the same key: %d", got.status)
	}
	if got := g.once(t, "/", "X-API-Key", "two"); got.status != 200 {
		t.Errorf("a call of another key: %d", got.status)
	}
	close(gate)
	wg.Wait()
	g.nth(t, 3)
	for range 5 {
		if got := g.once(t, "/", "X-API-Key", "one"); got.status != 200 {
			t.Errorf("after they ended: %d", got.status)
		}
	}
	held := 0
	for i := range g.slots.shards {
		g.slots.shards[i].mu.Lock()
		held += len(g.slots.shards[i].held)
		g.slots.shards[i].mu.Unlock()
	}
	g.nth(t, 8)
	if held > 1 { // the last may not have ended yet
		t.Errorf("%d slots are still held", held)
	}
}

func TestTheLeastImportantIsRefusedFirst(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	arrived := make(chan struct{}, 10)
	var reached atomic.Int32
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		if r.URL.Query().Has("wait") {
			arrived <- struct{}{}
			<-gate
		}
	})
	doc := fmt.Sprintf(`gateway: 1
upstreams: [{name: up, max_concurrent: 4, targets: [{url: %q}]}]
apis:
  - name: a
    upstream: up
    routes:
      - {name: high, path: /high}
      - {name: medium, path: /medium, policies: {priority: medium}}
      - {name: low, path: /low, policies: {priority: low}}
`, up)
	g := newRig(t, doc)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(gate)
	for _, tc := range []struct{ low, medium, high int }{{200, 200, 200}, {200, 200, 200}, {503, 200, 200}, {503, 503, 200}, {503, 503, 503}} {
		for path, want := range map[string]int{"/low": tc.low, "/medium": tc.medium, "/high": tc.high} {
			if got := g.once(t, path); got.status != want {
				t.Errorf("%s beside %d calls: %d, want %d", path, len(arrived), got.status, want)
			}
		}
		wg.Go(func() { g.once(t, "/high?wait") })
		if tc.high == 200 {
			<-arrived
		}
	}
}
