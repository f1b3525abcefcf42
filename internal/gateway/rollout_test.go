package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// twoVersions is a document whose routes lead to the first of two upstreams.
func twoVersions(stable, canary string) string {
	return fmt.Sprintf(`gateway: 1
upstreams:
  - {name: v1, targets: [{url: %q}]}
  - {name: v2, targets: [{url: %q}]}
apis:
  - name: shop
    version: v1
    upstream: v1
    routes:
      - {name: list, path: /list}
      - {name: pay, path: /pay}
`, stable, canary)
}

// saying is an upstream that says its name.
func saying(t *testing.T, name string) string {
	return upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/pay" && name == "v2" {
			w.WriteHeader(500)
		}
		_, _ = io.WriteString(w, name)
	})
}

// ask sends a GET with header fields and answers the body.
func ask(t *testing.T, c *http.Client, url string, fields ...string) (string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp
}

// counted are the requests of the first rollout by variant, when all of them
// are counted: an answer is there a moment before.
func (r *rig) counted(t *testing.T, all uint64) map[Variant]uint64 {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		sum, n := map[Variant]uint64{}, uint64(0)
		for _, x := range r.Rollouts()[0].Tallies {
			for _, k := range x.Statuses {
				sum[x.Variant] += k
				n += k
			}
		}
		if n == all {
			return sum
		}
		if time.Now().After(end) {
			t.Fatalf("counted %v, want %d", sum, all)
		}
	}
}

func TestARolloutLiesOverWhatIsPublished(t *testing.T) {
	t.Parallel()
	g := newRig(t, twoVersions(saying(t, "v1"), saying(t, "v2")))
	url := "http://" + g.addr
	c := clients(t)["h1"]
	r := Rollout{ID: "r1", API: "shop", Version: "v1", Stable: "v1", Canary: "v2", Weight: 30, Sticky: Sticky{By: StickyHeader, Name: "X-User"}}
	if err := g.SetRollouts([]Rollout{r}); err != nil {
		t.Fatal(err)
	}
	of := func(user string) string { b, _ := ask(t, c, url+"/list", "X-User", user); return b }
	first := map[string]string{}
	n := 0
	for i := range 500 {
		u := fmt.Sprintf("user-%d", i)
		if first[u] = of(u); first[u] == "v2" {
			n++
		}
	}
	if n < 110 || n > 190 {
		t.Errorf("%d of 500 users have the canary at 30 %%", n)
	}
	// Nobody flips, and with a larger share nobody goes back.
	r.Weight, r.Epoch = 60, 2
	if err := g.SetRollouts([]Rollout{r}); err != nil {
		t.Fatal(err)
	}
	more := 0
	for u, was := range first {
		switch is := of(u); {
		case was == "v2" && is != "v2":
			t.Errorf("%s went back to stable", u)
		case is == "v2":
			more++
		}
	}
	if more <= n {
		t.Errorf("%d have it at 60 %%, %d had at 30", more, n)
	}
	s := g.Rollouts()
	if len(s) != 1 || s[0].Routes != 2 || s[0].Weight != 60 {
		t.Fatalf("state %+v", s)
	}
	sum := g.counted(t, 500)
	if sum[Canary] != uint64(more) || sum[Stable] != uint64(500-more) {
		t.Errorf("counted %v since the step, want %d for the canary", sum, more)
	}
	// A new document that says the same keeps it; one that leads elsewhere ends it.
	if err := g.Apply([]byte(twoVersions(saying(t, "v1"), saying(t, "v2")) + "      - {name: more, path: /more}\n")); err != nil {
		t.Fatal(err)
	}
	if s := g.Rollouts(); s[0].Routes != 3 || len(s[0].Tallies) != 9 {
		t.Errorf("behind a new document: %+v", s)
	}
	if err := g.Apply([]byte(strings.Replace(twoVersions(saying(t, "v1"), saying(t, "v2")), "upstream: v1", "upstream: v2", 1))); err != nil {
		t.Fatal(err)
	}
	if s := g.Rollouts(); s[0].Routes != 0 {
		t.Errorf("where the document leads to the canary: %+v", s)
	}
	if err := g.SetRollouts(nil); err != nil || len(g.Rollouts()) != 0 || len(g.rollouts.tallies) != 0 {
		t.Errorf("when all are over: %v, %d counts are kept", err, len(g.rollouts.tallies))
	}
}

func TestTargetingWinsOverWeight(t *testing.T) {
	t.Parallel()
	k := &keyring{list: map[[32]byte]*Consumer{
		sha256.Sum256([]byte("a")): {Application: "id-a", Name: "web", Plan: "free"},
		sha256.Sum256([]byte("b")): {Application: "id-b", Name: "partner", Plan: "gold"},
	}}
	g := newRig(t, strings.Replace(twoVersions(saying(t, "v1"), saying(t, "v2")), "    upstream: v1\n", "    upstream: v1\n    policies: {key: {}}\n", 1), func(o *Options) { o.Keys = k })
	r := Rollout{ID: "r1", API: "shop", Version: "v1", Routes: []string{"list"}, Stable: "v1", Canary: "v2", Targeting: Targeting{
		Headers: []ValueMatch{{Name: "X-Beta", Equals: "yes"}, {Name: "User-Agent", Regex: "^curl/8"}},
		Cookies: []ValueMatch{{Name: "beta", Equals: "1"}}, Plans: []string{"gold"}}}
	if err := g.SetRollouts([]Rollout{r}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		fields []string
		want   string
	}{
		{[]string{"X-API-Key", "a"}, "v1"},
		{[]string{"X-API-Key", "a", "X-Beta", "yes"}, "v2"},
		{[]string{"X-API-Key", "a", "X-Beta", "no"}, "v1"},
		{[]string{"X-API-Key", "a", "User-Agent", "curl/8.1"}, "v2"},
		{[]string{"X-API-Key", "a", "User-Agent", "a curl/8.1"}, "v1"},
		{[]string{"X-API-Key", "a", "Cookie", "x=1; beta=1"}, "v2"},
		{[]string{"X-API-Key", "a", "Cookie", "notbeta=1"}, "v1"},
		{[]string{"X-API-Key", "b"}, "v2"},
	} {
		for lane, c := range clients(t) {
			if got, _ := ask(t, c, "http://"+g.addr+"/list", tc.fields...); got != tc.want {
				t.Errorf("%s %v went to %s, want %s", lane, tc.fields, got, tc.want)
			}
		}
	}
	// Another route is not in the rollout.
	if got, _ := ask(t, clients(t)["h1"], "http://"+g.addr+"/pay", "X-API-Key", "b"); got != "v1" {
		t.Errorf("a route that it is not for went to %s", got)
	}
	for _, bad := range []Rollout{
		{Weight: 101}, {Weight: -1}, {Sticky: Sticky{By: "moon"}}, {Sticky: Sticky{By: StickyCookie}},
		{Targeting: Targeting{Headers: []ValueMatch{{Name: "A"}}}}, {Targeting: Targeting{Cookies: []ValueMatch{{Name: "a", Regex: "("}}}},
		{Targeting: Targeting{Headers: []ValueMatch{{Name: "a b", Equals: "1"}}}},
	} {
		if err := g.SetRollouts([]Rollout{bad}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if s := g.Rollouts(); len(s) != 1 || s[0].Routes != 1 {
		t.Errorf("after what was refused: %+v", s)
	}
}

func TestACookieKeepsAPersonThatNobodyKnows(t *testing.T) {
	t.Parallel()
	g := newRig(t, twoVersions(saying(t, "v1"), saying(t, "v2")))
	if err := g.SetRollouts([]Rollout{{ID: "r1", API: "shop", Version: "v1", Stable: "v1", Canary: "v2", Weight: 50, Sticky: Sticky{By: StickyCookie, Name: "hc_variant"}}}); err != nil {
		t.Fatal(err)
	}
	c := clients(t)["h1"]
	got := map[string]int{}
	for range 40 {
		first, resp := ask(t, c, "http://"+g.addr+"/list")
		cookies := resp.Cookies()
		if len(cookies) != 1 || cookies[0].Name != "hc_variant" || !cookies[0].HttpOnly {
			t.Fatalf("cookies %v", cookies)
		}
		got[first]++
		for range 5 {
			if again, resp := ask(t, c, "http://"+g.addr+"/list", "Cookie", "a=b; hc_variant="+cookies[0].Value); again != first || len(resp.Cookies()) != 0 {
				t.Fatalf("went to %s, then to %s (cookies %v)", first, again, resp.Cookies())
			}
		}
	}
	if got["v1"] == 0 || got["v2"] == 0 {
		t.Errorf("40 new people: %v", got)
	}
}

func TestTalliesKnowWhatFailed(t *testing.T) {
	t.Parallel()
	dead := upstreamServer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	g := newRig(t, twoVersions(saying(t, "v1"), dead))
	if err := g.SetRollouts([]Rollout{{ID: "r1", API: "shop", Version: "v1", Stable: "v1", Canary: "v2", Weight: 50, Sticky: Sticky{By: StickyHeader, Name: "X-User"}}}); err != nil {
		t.Fatal(err)
	}
	c := clients(t)["h1"]
	failed, answered := uint64(0), uint64(0)
	for i := range 100 {
		if _, resp := ask(t, c, "http://"+g.addr+"/list", "X-User", fmt.Sprint(i)); resp.StatusCode >= 500 {
			failed++
		} else {
			answered++
		}
	}
	g.counted(t, 100)
	var stable, canary Tally
	for _, x := range g.Rollouts()[0].Tallies {
		switch {
		case x.Route != "list":
		case x.Variant == Stable:
			stable = x
		case x.Variant == Canary:
			canary = x
		}
	}
	// Once the canary is left alone for failing in a row, stable answers for it.
	if failed == 0 || canary.Statuses[5] != failed || canary.Failures != failed+canary.Statuses[2] || stable.Statuses[2]+canary.Statuses[2] != answered || stable.Failures != 0 {
		t.Errorf("%d failed, %d were answered; counted %+v and %+v", failed, answered, canary, stable)
	}
	n := uint64(0)
	for i, k := range stable.Latency {
		if low, high := LatencyBounds(i); k > 0 && (low >= high || high > time.Minute) {
			t.Errorf("bucket %d is from %v to %v", i, low, high)
		}
		n += k
	}
	if n != stable.Statuses[2] || len(canary.Latency) > 0 {
		t.Errorf("%d latencies of %d answers, %v of what failed", n, stable.Statuses[2], canary.Latency)
	}
}

func TestACanaryThatCannotBeReachedCostsNoCall(t *testing.T) {
	t.Parallel()
	doc := twoVersions(saying(t, "v1"), "http://127.0.0.1:1")
	for name, doc := range map[string]string{
		"refused": doc,
		"breaker": strings.Replace(doc, "name: v2,", "name: v2, breaker: {failures: 0.5, min_calls: 3},", 1),
		"ejected": strings.Replace(doc, "name: v2,", "name: v2, eject: {failures: 1}, retries: {attempts: 1},", 1),
	} {
		g := newRig(t, doc)
		if err := g.SetRollouts([]Rollout{{ID: "r1", API: "shop", Version: "v1", Stable: "v1", Canary: "v2", Weight: 100}}); err != nil {
			t.Fatal(err)
		}
		for lane, c := range clients(t) {
			for range 10 {
				if b, resp := ask(t, c, "http://"+g.addr+"/list"); b != "v1" || resp.StatusCode != 200 {
					t.Fatalf("%s, %s: %d %s", name, lane, resp.StatusCode, b)
				}
				// With a body, where it is not known whether it was worked on.
				resp, err := c.Post("http://"+g.addr+"/list", "text/plain", strings.NewReader("hello"))
				if err != nil || resp.StatusCode != 200 {
					t.Fatalf("%s, %s: POST %v, %v", name, lane, resp, err)
				}
				_ = resp.Body.Close()
			}
		}
		if n := g.counted(t, 40); n[Canary] != 40 {
			t.Errorf("%s: counted %v", name, n)
		}
		failed := uint64(0)
		for _, x := range g.Rollouts()[0].Tallies {
			failed += x.Failures
		}
		if failed != 40 {
			t.Errorf("%s: %d of 40 count as failures of the canary", name, failed)
		}
	}
}

func TestWhatKeepsRequestsTogether(t *testing.T) {
	t.Parallel()
	share := func(s Sticky, x *Exchange) uint64 {
		o, err := Rollout{ID: "r", Sticky: s}.compile()
		if err != nil {
			t.Fatal(err)
		}
		x.ID = newID(time.Now())
		return o.share(x)
	}
	app := &Consumer{Application: "a"}
	home := netip.MustParseAddr("192.0.2.1")
	for name, tc := range map[string]struct {
		sticky Sticky
		a, b   Exchange
		same   bool
	}{
		"user":             {Sticky{}, Exchange{User: "u", Session: "1"}, Exchange{User: "u", Session: "2"}, true},
		"other users":      {Sticky{}, Exchange{User: "u"}, Exchange{User: "v"}, false},
		"session":          {Sticky{By: StickyUser}, Exchange{Session: "s"}, Exchange{Session: "s"}, true},
		"nobody known":     {Sticky{}, Exchange{Consumer: app}, Exchange{Consumer: app}, false},
		"application":      {Sticky{By: StickyApplication}, Exchange{Consumer: app, User: "u"}, Exchange{Consumer: app, User: "v"}, true},
		"no application":   {Sticky{By: StickyApplication}, Exchange{User: "u"}, Exchange{User: "u"}, false},
		"address":          {Sticky{By: StickyAddress}, Exchange{Client: home, User: "u"}, Exchange{Client: home, User: "v"}, true},
		"request":          {Sticky{By: StickyNone}, Exchange{User: "u", Client: home}, Exchange{User: "u", Client: home}, false},
		"header not there": {Sticky{By: StickyHeader, Name: "A"}, Exchange{User: "u"}, Exchange{User: "u"}, false},
	} {
		same := true
		for range 20 {
			same = same && share(tc.sticky, &tc.a) == share(tc.sticky, &tc.b)
		}
		if same != tc.same {
			t.Errorf("%s: together is %v, want %v", name, same, tc.same)
		}
	}
}

func BenchmarkRolloutChoose(b *testing.B) {
	for name, r := range map[string]Rollout{
		"user":   {ID: "r", Weight: 20},
		"header": {ID: "r", Weight: 20, Sticky: Sticky{By: StickyHeader, Name: "X-User"}},
		"named":  {ID: "r", Weight: 20, Targeting: Targeting{Headers: []ValueMatch{{Name: "X-Beta", Equals: "yes"}}, Cookies: []ValueMatch{{Name: "beta", Equals: "1"}}}},
	} {
		o, err := r.compile()
		if err != nil {
			b.Fatal(err)
		}
		a := &attached{overlay: o, tallies: new([3]tally)}
		x := &Exchange{User: "someone", Fields: []h1.Field{{Name: []byte("Accept"), Value: []byte("*/*")}, {Name: []byte("Cookie"), Value: []byte("a=1; session=0123456789")}, {Name: []byte("X-User"), Value: []byte("someone")}}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.choose(x)
			}
		})
	}
}

// TestStepsUnderLoadLoseNothing changes weights while requests are under way.
func TestStepsUnderLoadLoseNothing(t *testing.T) {
	t.Parallel()
	g := newRig(t, twoVersions(saying(t, "v1"), saying(t, "v2")))
	const each = 300
	var wg sync.WaitGroup
	answered := make(chan struct{}, 1) // a step each; without a bound they take a core to themselves
	wg.Go(func() {
		for i := int64(1); ; i++ {
			if _, more := <-answered; !more {
				return
			}
			if err := g.SetRollouts([]Rollout{{ID: "r1", API: "shop", Version: "v1", Stable: "v1", Canary: "v2", Weight: float64(i % 101), Epoch: i}}); err != nil {
				t.Error(err)
				return
			}
			g.Rollouts()
		}
	})
	var load sync.WaitGroup
	for range 4 {
		c := clients(t)["h1"]
		load.Go(func() {
			for range each {
				if b, resp := ask(t, c, "http://"+g.addr+"/list"); resp.StatusCode != 200 || b != "v1" && b != "v2" {
					t.Errorf("%d %s", resp.StatusCode, b)
					return
				}
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		})
	}
	load.Wait()
	close(answered)
	wg.Wait()
}

func TestProbesAskEveryTarget(t *testing.T) {
	t.Parallel()
	well := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			w.WriteHeader(404)
		}
	})
	g := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}, {url: \"http://127.0.0.1:1\"}]}\napis: []\n", well))
	for path, want := range map[string]int{"/health": 200, "/else": 404, "": 200} {
		list, err := g.ProbeUpstream(t.Context(), "", "up", path, 5*time.Second)
		if err != nil || len(list) != 2 || list[0].Status != want || list[0].OK() != (want == 200) || list[1].OK() || list[1].Error == "" {
			t.Errorf("probe %q = %+v, %v", path, list, err)
		}
	}
	if _, err := g.ProbeUpstream(t.Context(), "", "none", "/", time.Second); err == nil {
		t.Error("an upstream that is not there was asked")
	}
}
