package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// echo answers with what it was asked, and who asked.
func echo(t *testing.T, name string) string {
	return upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s preview=%q", name, r.Method, r.URL.RequestURI(), r.Header.Get("X-Preview-Key"))
	})
}

// TestVersionsSideBySide has four versions of an API: one each by path, by
// header, as a draft and retired.
func TestVersionsSideBySide(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("hcv_secret"))
	doc := fmt.Sprintf(`gateway: 1
upstreams:
  - {name: old, targets: [{url: %q}]}
  - {name: new, targets: [{url: %q}]}
apis:
  - {name: orders, version: v0, state: retired, base: /v0, sunset: 2025-06-30, docs: "https://docs.example/v0", routes: [{name: list, path: /orders}]}
  - {name: orders, version: v1, state: deprecated, deprecated: 2026-01-02, sunset: 2027-03-31, docs: "https://docs.example/v1", base: /v1, upstream: old, routes: [{name: list, path: /orders}]}
  - {name: orders, version: v2, base: /v2, upstream: new, routes: [{name: list, path: /orders, methods: [GET]}, {name: legacy, path: /legacy, deprecated: 2026-05-06}]}
  - {name: orders, version: v3, base: /v2, headers: {X-Version: "3"}, upstream: new, strip_base: true, routes: [{name: list, path: /orders}]}
  - {name: orders, version: v4, state: draft, preview_key: "sha256:%s", base: /v2, upstream: old, routes: [{name: list, path: /orders}]}
  - {name: orders, version: v5, state: draft, base: /v5, upstream: old, routes: [{name: list, path: /orders}]}
`, echo(t, "old"), echo(t, "new"), hex.EncodeToString(sum[:]))
	g := newRig(t, doc)
	for proto, c := range clients(t) {
		for _, tc := range []struct {
			method, path string
			header       string
			status       int
			body         string
			life         string // Deprecation; Sunset; Links
		}{
			{"GET", "/v1/orders", "", 200, `old GET /v1/orders preview=""`, `@1767312000; Wed, 31 Mar 2027 00:00:00 GMT; <https://docs.example/v1>; rel="deprecation"; type="text/html", <https://docs.example/v1>; rel="sunset"; type="text/html"`},
			{"GET", "/v2/orders", "", 200, `new GET /v2/orders preview=""`, "; ; "},
			{"GET", "/v2/orders", "X-Version: 3", 200, `new GET /orders preview=""`, "; ; "},
			{"GET", "/v2/legacy", "", 200, "new GET /v2/legacy", "@1778025600; ; "},
			{"GET", "/v2/orders", "X-Preview-Key: hcv_secret", 200, `old GET /v2/orders preview=""`, "; ; "},
			{"GET", "/v2/orders", "X-Preview-Key: hcv_other", 200, `new GET /v2/orders preview=""`, "; ; "},
			{"GET", "/v1/orders", "X-Preview-Key: hcv_secret", 200, `old GET /v1/orders preview=""`, ""},
			{"GET", "/v5/orders", "", 404, "", "; ; "},
			{"GET", "/v5/orders", "X-Preview-Key: ", 404, "", "; ; "},
			{"GET", "/v0/orders", "", 410, "Version v0 of orders ended on 2025-06-30; what to use now is said at https://docs.example/v0.", `; Mon, 30 Jun 2025 00:00:00 GMT; <https://docs.example/v0>; rel="sunset"; type="text/html"`},
			{"HEAD", "/v2/orders", "", 200, "", "; ; "},
			{"POST", "/v2/orders", "", 405, "", "; ; "},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+g.addr+tc.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if name, value, ok := strings.Cut(tc.header, ": "); ok {
				req.Header.Set(name, value)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			life := resp.Header.Get("Deprecation") + "; " + resp.Header.Get("Sunset") + "; " + strings.Join(resp.Header.Values("Link"), ", ")
			if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.body) || tc.life != "" && life != tc.life {
				t.Errorf("%s %s %s (%s) = %d %s\n%s", proto, tc.method, tc.path, tc.header, resp.StatusCode, body, life)
			}
		}
	}
}

func TestConditionsOfRoutes(t *testing.T) {
	t.Parallel()
	s := snapshotOf(t, `gateway: 1
upstreams: [{name: up, targets: [{url: "http://127.0.0.1:1"}]}]
apis:
  - name: all
    upstream: up
    routes:
      - {name: exact, path: /a, headers: {X-V: v2}}
      - {name: like, path: /a, headers: {X-V: "~v[0-9]"}}
      - {name: present, path: /a, headers: {X-V: "*"}}
      - {name: absent, path: /a, headers: {X-V: "!"}, query: {q: "!"}}
      - {name: query, path: /a, query: {q: "a b"}}
      - {name: queryLike, path: /a, query: {q: "~[0-9]+"}}
      - {name: rest, path: /a}
`)
	for _, tc := range []struct{ target, header, want string }{
		{"/a", "", "absent"}, {"/a", "v2", "exact"}, {"/a", "v3", "like"}, {"/a", "v33", "present"}, {"/a", "xv2", "present"},
		{"/a?q=a%20b", "", "query"}, {"/a?x=1&q=a+b&y", "", "query"}, {"/a?q=12", "", "queryLike"}, {"/a?q=12x", "", "rest"}, {"/a?q", "", "rest"}, {"/a?%71=12", "", "queryLike"},
		{"/a?q=%zz", "", "rest"},
	} {
		path, query, _ := strings.Cut(tc.target, "?")
		x := exchangeOf("GET", "h", path)
		x.Query = []byte(query)
		if tc.header != "" {
			x = exchangeOf("GET", "h", path, "X-V", tc.header)
		}
		if f := s.find(x); f.route == nil || f.route.Name != tc.want {
			t.Errorf("%s with %q went to %+v, want %s", tc.target, tc.header, f.route, tc.want)
		}
	}
}

// TestWhatNoRouteTakesBelongsToTheHostsOwner gives refused calls to the
// workspace whose host they came to, and never looks for them at another's.
func TestWhatNoRouteTakesBelongsToTheHostsOwner(t *testing.T) {
	t.Parallel()
	doc := func(hosts, path string) []byte {
		return fmt.Appendf(nil, "gateway: 1\nupstreams: [{name: up, targets: [{url: \"http://127.0.0.1:1\"}]}]\napis:\n  - {name: a, upstream: up, %s routes: [{name: r, path: %s}]}\n", hosts, path)
	}
	load := func(list ...Document) *snapshot {
		g := New(Options{})
		t.Cleanup(func() { _ = g.Shutdown(t.Context()) })
		if err := g.Load(list); err != nil {
			t.Fatal(err)
		}
		return g.snap.Load()
	}
	three := load(Document{Workspace: "w1", Text: doc("hosts: [one.example, '*.wide.example'],", "/one")},
		Document{Workspace: "w2", Text: doc("hosts: [two.example],", "/two")}, Document{Workspace: "w3", Text: doc("", "/any")})
	single := load(Document{Workspace: "w1", Text: doc("hosts: [one.example],", "/one")})
	none := load(Document{Workspace: "w1", Text: doc("hosts: [one.example],", "/one")}, Document{Workspace: "w2", Text: doc("hosts: [two.example],", "/two")})
	for _, tc := range []struct {
		s          *snapshot
		host, path string
		route      bool
		workspace  string
	}{
		{three, "one.example", "/one", true, "w1"}, {three, "one.example", "/two", false, "w1"}, {three, "x.y.wide.example", "/", false, "w1"},
		{three, "two.example", "/any", false, "w2"}, {three, "else.example", "/any", true, "w3"}, {three, "else.example", "/one", false, "w3"},
		{single, "else.example", "/", false, "w1"}, {none, "else.example", "/", false, ""}, {none, "two.example", "/", false, "w2"},
	} {
		f := tc.s.find(exchangeOf("GET", tc.host, tc.path))
		if (f.route != nil) != tc.route || f.workspace != tc.workspace {
			t.Errorf("%s%s: route %v of workspace %q, want %v of %q", tc.host, tc.path, f.route != nil, f.workspace, tc.route, tc.workspace)
		}
		if o := tc.s.router.owner([]byte(tc.host)); o != tc.workspace {
			t.Errorf("%s is owned by %q, want %q", tc.host, o, tc.workspace)
		}
	}
}

// TestTrustedProxiesOfAWorkspaceHoldForItsOwnHosts: what one names does not
// let anybody lie to another.
func TestTrustedProxiesOfAWorkspaceHoldForItsOwnHosts(t *testing.T) {
	t.Parallel()
	doc := func(host, more string) []byte {
		return fmt.Appendf(nil, "gateway: 1\n%supstreams: [{name: up, targets: [{url: %q}]}]\napis:\n  - {name: a, hosts: [%s], upstream: up, routes: [{name: r, prefix: /}]}\n", more, echo(t, host), host)
	}
	for _, tc := range []struct {
		process  []netip.Prefix
		one, two string
	}{
		{nil, "9.9.9.9", "127.0.0.1"},
		{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "9.9.9.9", "9.9.9.9"},
	} {
		g := newRig(t, "gateway: 1\nupstreams: []\napis: []\n", func(o *Options) { o.Trusted = tc.process })
		if err := g.Load([]Document{{Workspace: "w1", Text: doc("one.example", "trusted_proxies: [127.0.0.1]\n")}, {Workspace: "w2", Text: doc("two.example", "")}}); err != nil {
			t.Fatal(err)
		}
		for i, host := range []string{"one.example", "two.example"} {
			g.raw(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nX-Forwarded-For: 1.2.3.4, 9.9.9.9\r\nConnection: close\r\n\r\n")
			want := []string{tc.one, tc.two}[i]
			if calls := g.recorded(); len(calls) != i+1 || calls[i].Client.String() != want || calls[i].Workspace != []string{"w1", "w2"}[i] {
				t.Errorf("with process %v, %s: %+v, want %s", tc.process, host, calls, want)
			}
		}
	}
}
