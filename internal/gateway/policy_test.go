package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// keyring is a Keys for tests.
type keyring struct {
	list map[[32]byte]*Consumer
	sure atomic.Bool
}

func (k *keyring) Find(sum [32]byte) (*Consumer, bool) { return k.list[sum], k.sure.Load() }

func withPolicies(url, policies string) string {
	return strings.Replace(oneUpstream(url), "    upstream: up\n", "    upstream: up\n    policies:\n"+policies, 1)
}

func TestKeysOpenTheDoor(t *testing.T) {
	t.Parallel()
	ring := &keyring{list: map[[32]byte]*Consumer{
		sha256.Sum256([]byte("good")):  {Application: "app1", KeyID: "k1", Key: "go"},
		sha256.Sum256([]byte("old")):   {Application: "app1", KeyID: "k2", Expires: time.Now().Add(-time.Minute)},
		sha256.Sum256([]byte("other")): {Application: "app2", KeyID: "k3", APIs: []string{"else"}},
	}}
	ring.sure.Store(true)
	var carried atomic.Pointer[http.Header]
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) { h := r.Header.Clone(); carried.Store(&h) })
	g := newRig(t, withPolicies(up, "      key: {query: key}\n"), func(o *Options) { o.Keys = ring })
	for lane, c := range clients(t) {
		for _, tc := range []struct {
			name, header, path string
			unsure             bool
			want               int
		}{
			{"no key", "", "/", false, 401},
			{"a good one", "good", "/", false, 200},
			{"as a parameter", "", "/?a=b&key=good", false, 200},
			{"unknown", "bad", "/", false, 401},
			{"expired", "old", "/", false, 401},
			{"for another API", "other", "/", false, 403},
			{"good while the records are away", "good", "/", true, 200},
			{"unknown while the records are away", "new", "/", true, 503},
		} {
			ring.sure.Store(!tc.unsure)
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+tc.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tc.header != "" {
				req.Header.Set("X-Api-Key", tc.header)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != tc.want {
				t.Errorf("%s, %s: %d %s, want %d", lane, tc.name, resp.StatusCode, body, tc.want)
			}
			if h := carried.Load(); tc.header == "good" && h.Get("X-Api-Key") != "" {
				t.Errorf("%s: the key went on to the upstream", lane)
			}
		}
	}
}

func TestTenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	answer := func(name string) string {
		return upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
	}
	ring := &keyring{list: map[[32]byte]*Consumer{sha256.Sum256([]byte("k")): {Workspace: "w1", Application: "a", KeyID: "k"}}}
	ring.sure.Store(true)
	g := newRig(t, "gateway: 1\nupstreams: []\napis: []\n", func(o *Options) { o.Keys = ring })
	doc := func(url, host string) []byte {
		return []byte(strings.Replace(withPolicies(url, "      key: {}\n"), "  - name: all\n", "  - name: all\n    hosts: ["+host+"]\n", 1))
	}
	// Upstreams and APIs of the same names are two, and a key opens one door.
	if err := g.Load([]Document{{Workspace: "w1", Text: doc(answer("one"), "one.example")}, {Workspace: "w2", Text: doc(answer("two"), "two.example")}}); err != nil {
		t.Fatal(err)
	}
	ask := func(host string) string {
		return g.raw(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nX-API-Key: k\r\nConnection: close\r\n\r\n")
	}
	if got := ask("one.example"); !strings.HasSuffix(got, "\r\n\r\none") {
		t.Errorf("its own API: %q", got)
	}
	if got := ask("two.example"); !strings.HasPrefix(got, "HTTP/1.1 401") {
		t.Errorf("another workspace's API: %q", got)
	}
}

func TestTheLimiterNeverLetsMoreThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l limiter
		every := int64(rapid.IntRange(1, 1000).Draw(t, "every")) * int64(time.Millisecond)
		burst := int64(rapid.IntRange(1, 20).Draw(t, "burst"))
		now := int64(1_000_000_000_000)
		var passed []int64
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now += int64(rapid.IntRange(0, 1500).Draw(t, "pause")) * int64(time.Millisecond)
			ok, left, wait, _ := l.allow(7, every, burst, now)
			if left < 0 || left >= burst {
				t.Fatalf("%d left of %d", left, burst)
			}
			if !ok {
				if wait <= 0 {
					t.Fatalf("refused without a wait")
				}
				if again, _, _, _ := l.allow(7, every, burst, now+int64(wait)); !again {
					t.Fatalf("after the wait it is refused again")
				}
				now += int64(wait)
			}
			passed = append(passed, now)
			// In any window there are at most burst and what it earned.
			for i := range passed {
				if n, most := int64(len(passed)-i), burst+(now-passed[i])/every; n > most {
					t.Fatalf("%d passed in %v, at most %d may", n, time.Duration(now-passed[i]), most)
				}
			}
		}
	})
}

func TestLimitsSayWhatIsLeft(t *testing.T) {
	t.Parallel()
	ring := &keyring{list: map[[32]byte]*Consumer{}}
	ring.sure.Store(true)
	for i, plan := range []string{"", "", "large"} {
		ring.list[sha256.Sum256(fmt.Appendf(nil, "k%d", i))] = &Consumer{Application: fmt.Sprint(i), KeyID: fmt.Sprint(i), Plan: plan}
	}
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	g := newRig(t, withPolicies(up, "      key: {}\n      limit: {rate: 2/h, plans: {large: 5/h}}\n"), func(o *Options) { o.Keys = ring })
	ask := func(key string) string {
		return g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nX-API-Key: "+key+"\r\nConnection: close\r\n\r\n")
	}
	for i, want := range []string{`RateLimit: "all";r=1;`, `RateLimit: "all";r=0;`} {
		if got := ask("k0"); !strings.HasPrefix(got, "HTTP/1.1 200") || !strings.Contains(got, want) || !strings.Contains(got, `RateLimit-Policy: "all";q=2;w=3600`) {
			t.Errorf("request %d: %q", i, got)
		}
	}
	got := ask("k0")
	if !strings.HasPrefix(got, "HTTP/1.1 429") || !strings.Contains(got, "Retry-After: 1800") {
		t.Errorf("the third: %q", got)
	}
	if got := ask("k1"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("another key has a limit of its own: %.60q", got)
	}
	for range 5 {
		if got := ask("k2"); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("the larger plan: %.60q", got)
		}
	}
	// Publishing anew forgives nothing.
	if err := g.Apply([]byte(withPolicies(up, "      key: {}\n      limit: {rate: 2/h}\n"))); err != nil {
		t.Fatal(err)
	}
	if got := ask("k0"); !strings.HasPrefix(got, "HTTP/1.1 429") {
		t.Errorf("after a new document: %.60q", got)
	}
}

func TestBrowsersOfOtherOrigins(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	g := newRig(t, withPolicies(up, "      cors: {origins: [\"https://shop.example\"], credentials: true, expose: [X-Total]}\n      key: {}\n"))
	preflight := func(origin string) string {
		return g.raw(t, "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: "+origin+"\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\nConnection: close\r\n\r\n")
	}
	got := preflight("https://shop.example")
	for _, want := range []string{"HTTP/1.1 204", "Access-Control-Allow-Origin: https://shop.example\r\n", "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Headers: x-a", "Access-Control-Max-Age: 600", "Vary: Origin"} {
		if !strings.Contains(got, want) {
			t.Errorf("preflight lacks %q: %q", want, got)
		}
	}
	if got := preflight("https://evil.example"); !strings.HasPrefix(got, "HTTP/1.1 403") || strings.Contains(got, "Allow-Origin") {
		t.Errorf("another origin: %q", got)
	}
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 401") || !strings.Contains(got, "Allow-Origin") {
		t.Errorf("a refusal must be readable for the page: %q", got)
	}
}

func TestAddressesSizesAndHeaders(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Header]
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) { h := r.Header.Clone(); seen.Store(&h) })
	g := newRig(t, withPolicies(up, "      addresses: {deny: [127.0.0.0/8]}\n"))
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 403") {
		t.Errorf("a denied address: %.60q", got)
	}
	if err := g.Apply([]byte(withPolicies(up, "      max_body: 10B\n      headers: {set: {X-Tier: gold}, remove: [Cookie]}\n"))); err != nil {
		t.Fatal(err)
	}
	if got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world"); !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("a large body: %.60q", got)
	}
	if got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("a large body in chunks: %.60q", got)
	}
	g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nCookie: secret\r\nx-tier: iron\r\nConnection: close\r\n\r\n")
	if h := seen.Load(); h == nil || h.Get("Cookie") != "" || len(h.Values("X-Tier")) != 1 || h.Get("X-Tier") != "gold" {
		t.Errorf("upstream saw %v", h)
	}
}

// TestWhatOnlyProxiesMaySay: fields by which upstreams learn of the client are
// passed on from trusted proxies alone.
func TestWhatOnlyProxiesMaySay(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Real-Ip", "X_Real_Ip", "True-Client-Ip", "X-Original-Url", "X-Forwarded-Prefix", "X-Forwarded-Port"} {
			if v := r.Header.Get(name); v != "" {
				w.Header().Add("Saw", name+"="+v)
			}
		}
	})
	for trusted, want := range map[bool]int{false: 0, true: 5} {
		g := newRig(t, oneUpstream(up), func(o *Options) {
			if trusted {
				o.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		for lane, c := range clients(t) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.addr+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"X-Real-Ip", "True-Client-Ip", "X-Original-Url", "X-Forwarded-Prefix", "X-Forwarded-Port"} {
				req.Header.Set(name, "forged")
			}
			if !trusted {
				req.Header["X_Real_Ip"] = []string{"forged"}
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Values("Saw"); len(got) != want {
				t.Errorf("%s, trusted %v: the upstream saw %v", lane, trusted, got)
			}
		}
	}
}

// TestInventedUsersGetAroundNoLimit: a user whom nobody stands for is counted
// by address.
func TestInventedUsersGetAroundNoLimit(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	g := newRig(t, strings.Replace(oneUpstream(up), "    upstream: up\n", "    upstream: up\n    policies: {identity: {user: {header: X-User}}, limit: {rate: 1/h, by: user}}\n", 1))
	for i, want := range []int{200, 429} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-User", fmt.Sprint("invented-", i))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("user %d: %d, want %d", i, resp.StatusCode, want)
		}
	}
}

func TestMetadataIsNoUpstream(t *testing.T) {
	t.Parallel()
	g := newRig(t, oneUpstream("http://169.254.169.254"))
	resp, err := http.Get("http://" + g.addr + "/latest/meta-data") //nolint:noctx // answered at once
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode < 500 {
		t.Errorf("answered %d", resp.StatusCode)
	}
	for _, a := range []string{"169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[fd00:ec2::254]:80"} {
		if noMetadata("tcp", a, nil) == nil {
			t.Errorf("%s may be dialled", a)
		}
	}
	if err := noMetadata("tcp", "127.0.0.1:80", nil); err != nil {
		t.Error(err)
	}
}

func TestNoncesOfOneWorkspaceHarmNoOther(t *testing.T) {
	t.Parallel()
	var b nonceBook
	now := time.Now()
	full := false
	for i := 0; !full && i < 2*noncesEach; i++ {
		_, full = b.of("a").take("key", fmt.Sprint(i), now, now.Add(time.Hour))
	}
	if fresh, over := b.of("b").take("key", "1", now, now.Add(time.Hour)); !full || !fresh || over {
		t.Errorf("full %v; the other workspace: fresh %v, full %v", full, fresh, over)
	}
}
