package gateway

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

func snapshotOf(t testing.TB, doc string) *snapshot {
	t.Helper()
	c, err := Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return compiled(c)
}

func compiled(c *Config) *snapshot {
	s := newSnapshot()
	_ = (&Gateway{log: slog.New(slog.DiscardHandler)}).compile(s, "", c, &snapshot{}, newSpecs(nil))
	s.router.sort()
	return s
}

func exchangeOf(method, host, path string, headers ...string) *Exchange {
	x := &Exchange{Method: []byte(method), Host: []byte(host), Path: []byte(path), Target: []byte(path)}
	for i := 0; i+1 < len(headers); i += 2 {
		x.Fields = append(x.Fields, h1.Field{Name: []byte(headers[i]), Value: []byte(headers[i+1])})
	}
	return x
}

const routes = `
gateway: 1
upstreams:
  - {name: up, targets: [{url: "http://127.0.0.1:1"}]}
apis:
  - name: shop
    version: v1
    hosts: [shop.example, "*.shop.example"]
    base: /api
    strip_base: true
    upstream: up
    routes:
      - {name: list, path: /orders, methods: [GET]}
      - {name: create, path: /orders, methods: [POST]}
      - {name: one, path: "/orders/{id}", rewrite: "/v1/o/{id}/full"}
      - {name: mine, path: /orders/mine}
      - {name: beta, path: "/orders/{id}", headers: {X-Beta: "*"}}
      - {name: lines, path: "/orders/{id}/lines/{line}"}
      - {name: files, prefix: /files, rewrite: /store}
      - {name: deep, prefix: /files/deep/}
      - {name: old, regex: "/old/[0-9]+"}
  - name: rest
    upstream: up
    routes: [{name: rest, prefix: /}]
`

func TestRoutesAreFound(t *testing.T) {
	t.Parallel()
	s := snapshotOf(t, routes)
	for _, tc := range []struct {
		x       *Exchange
		want    string // "" for none
		target  string
		refused bool // the path is known, the method is not
	}{
		{exchangeOf("GET", "shop.example", "/api/orders"), "list", "/orders", false},
		{exchangeOf("POST", "shop.example", "/api/orders"), "create", "/orders", false},
		{exchangeOf("GET", "eu.shop.example", "/api/orders"), "list", "/orders", false},
		{exchangeOf("GET", "a.b.shop.example", "/api/orders"), "list", "/orders", false},
		{exchangeOf("GET", "notshop.example", "/api/orders"), "rest", "/api/orders", false},
		{exchangeOf("GET", "shop.example", "/api/orders/17"), "one", "/v1/o/17/full", false},
		{exchangeOf("GET", "shop.example", "/api/orders/mine"), "mine", "/orders/mine", false},
		{exchangeOf("GET", "shop.example", "/api/orders/17", "x-beta", "1"), "beta", "/orders/17", false},
		{exchangeOf("GET", "shop.example", "/api/orders/17/lines/3"), "lines", "/orders/17/lines/3", false},
		{exchangeOf("GET", "shop.example", "/api/orders/"), "rest", "/api/orders/", false},
		{exchangeOf("GET", "shop.example", "/api/orders//lines/3"), "rest", "/api/orders//lines/3", false},
		{exchangeOf("GET", "shop.example", "/api/files/a/b"), "files", "/store/a/b", false},
		{exchangeOf("GET", "shop.example", "/api/files"), "files", "/store", false},
		{exchangeOf("GET", "shop.example", "/api/filesystem"), "rest", "/api/filesystem", false},
		{exchangeOf("GET", "shop.example", "/api/files/deep/x"), "deep", "/files/deep/x", false},
		{exchangeOf("GET", "shop.example", "/old/12"), "old", "/old/12", false},
		{exchangeOf("GET", "shop.example", "/old/12x"), "rest", "/old/12x", false},
		{exchangeOf("DELETE", "shop.example", "/api/orders"), "rest", "/api/orders", false},
		{exchangeOf("OPTIONS", "shop.example", "*"), "", "", false},
	} {
		f := s.router.match(tc.x)
		name, target := "", ""
		if f.route != nil {
			name = f.route.Name
			target = string(f.route.rewritten(nil, tc.x, f.route.cut))
		}
		if name != tc.want || target != tc.target || f.other != tc.refused {
			t.Errorf("%s %s%s: route %q to %q (other %v); want %q to %q (%v)", tc.x.Method, tc.x.Host, tc.x.Path, name, target, f.other, tc.want, tc.target, tc.refused)
		}
	}
}

func TestAKnownPathWithAnotherMethodSaysWhichItHas(t *testing.T) {
	t.Parallel()
	s := snapshotOf(t, strings.Split(routes, "  - name: rest")[0])
	f := s.router.match(exchangeOf("DELETE", "shop.example", "/api/orders"))
	if got := strings.Join(sortedUnique(f.allow), " "); f.route != nil || !f.other || got != "GET POST" {
		t.Errorf("route %v, other %v, allow %q", f.route, f.other, got)
	}
	if f := s.router.match(exchangeOf("GET", "shop.example", "/nowhere")); f.route != nil || f.other {
		t.Errorf("an unknown path: route %v, other %v", f.route, f.other)
	}
}

// TestTheTreeFindsWhatALookAtEveryRouteFinds holds the tree against the rules
// read one by one.
func TestTheTreeFindsWhatALookAtEveryRouteFinds(t *testing.T) {
	t.Parallel()
	segment := rapid.SampledFrom([]string{"a", "b", "{x}", "{y}", "c"})
	rapid.Check(t, func(t *rapid.T) {
		var doc strings.Builder
		doc.WriteString("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: \"http://127.0.0.1:1\"}]}\napis:\n  - name: a\n    upstream: up\n    routes:\n")
		type rule struct {
			name, path string
			prefix     bool
		}
		var rules []rule
		for i := range rapid.IntRange(1, 12).Draw(t, "routes") {
			segs := rapid.SliceOfNDistinct(segment, 1, 4, func(s string) string { return s }).Draw(t, "path")
			r := rule{fmt.Sprintf("r%d", i), "/" + strings.Join(segs, "/"), rapid.Bool().Draw(t, "prefix")}
			rules = append(rules, r)
			kind := "path"
			if r.prefix {
				kind = "prefix"
			}
			fmt.Fprintf(&doc, "      - {name: %s, %s: %q}\n", r.name, kind, r.path)
		}
		c, err := Parse([]byte(doc.String()))
		if err != nil {
			t.Fatal(err)
		}
		s := compiled(c)
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 5).Draw(t, "asked"), "/")
		// The best rule: segment by segment static before parameter, whole path
		// before prefix, longer prefix before shorter, earlier before later.
		asked := strings.Split(path[1:], "/")
		best, bestKey := "", []int(nil)
		for i, r := range rules {
			segs := strings.Split(r.path[1:], "/")
			if len(segs) > len(asked) || !r.prefix && len(segs) != len(asked) {
				continue
			}
			key, ok := []int{}, true
			for k, s := range segs {
				switch {
				case isParam(s):
					key = append(key, 1)
				case s == asked[k]:
					key = append(key, 0)
				default:
					ok = false
				}
			}
			if !ok {
				continue
			}
			for len(key) < len(asked) {
				key = append(key, 2) // behind a prefix
			}
			kind := 0
			if r.prefix {
				kind = 1
			}
			key = append(key, kind, i)
			if bestKey == nil || slices.Compare(key, bestKey) < 0 {
				best, bestKey = r.name, key
			}
		}
		got := ""
		if f := s.router.match(exchangeOf("GET", "", path)); f.route != nil {
			got = f.route.Name
		}
		if got != best {
			t.Fatalf("%s: tree finds %q, the rules say %q\n%s", path, got, best, doc.String())
		}
	})
}

func TestPathsThatCanBeReadTwoWays(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/a/b": true, "/a.b/c..d/...": true, "/a%20b": true, "/a%2Fb": true, "/.well-known/x": true, "/100%25": true, "/a;b=c": true,
		"/..": false, "/a/../b": false, "/a/./b": false, "/a/.": false, "/%2e%2e/b": false, "/a/%2E/b": false, "/a%2f..%2fb": false, "/..%2fa": false,
		"/a\\b": false, "/a%5cb": false, "/a%00": false, "/a%0d%0ab": false, "/a%": false, "/a%2": false, "/a%zz": false, "/a/..;/b": false, "/a/%2e%2e;x/b": false,
		"/%252e%252e/b": false, "/a%252fb": false, "/a%255cb": false,
	} {
		if got := cleanPath([]byte(path)); got != want {
			t.Errorf("cleanPath(%q) = %v", path, got)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	f.Add([]byte("/a/%2e%2e/b"))
	f.Fuzz(func(t *testing.T, path []byte) {
		if !cleanPath(path) {
			return
		}
		plain := path
		for range 2 {
			plain = unescape(plain)
			for seg := range strings.SplitSeq(strings.ReplaceAll(string(plain), "\\", "/"), "/") {
				name, _, _ := strings.Cut(seg, ";")
				if name == "." || name == ".." {
					t.Fatalf("%q is let through and reads %q when decoded", path, plain)
				}
			}
		}
	})
}

func unescape(p []byte) []byte {
	var out []byte
	for i := 0; i < len(p); i++ {
		if p[i] == '%' && i+2 < len(p) && unhex(p[i+1]) >= 0 && unhex(p[i+2]) >= 0 {
			out = append(out, byte(unhex(p[i+1])<<4|unhex(p[i+2])))
			i += 2
			continue
		}
		out = append(out, p[i])
	}
	return out
}

// FuzzRouter: a route that is found fits the request, judged by the document's
// own words, and none is found only where none fits.
func FuzzRouter(f *testing.F) {
	type rule struct {
		host, kind, path, method string
	}
	rules := []rule{
		{"", "path", "/a", ""}, {"", "path", "/a/{x}", "GET"}, {"", "path", "/a/{x}/b", ""}, {"", "prefix", "/a/c", "POST"}, {"", "prefix", "/p/", ""},
		{"h.example", "path", "/a/{x}", ""}, {"h.example", "prefix", "/", "PUT"}, {"*.example", "path", "/{x}/{y}", ""}, {"*.h.example", "regex", "/r[0-9]+(/.*)?", ""}, {"", "regex", "/(s|t)/.*", "GET"},
	}
	var doc strings.Builder
	doc.WriteString("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: \"http://127.0.0.1:1\"}]}\napis:\n")
	for i, r := range rules {
		fmt.Fprintf(&doc, "  - name: a%d\n    upstream: up\n    hosts: [%q]\n    routes: [{name: r, %s: %q, methods: [%s]}]\n", i, r.host, r.kind, r.path, r.method)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(doc.String(), "    hosts: [\"\"]\n", ""), ", methods: []", "")
	s := snapshotOf(f, text)
	fits := func(r rule, method, host, path string) bool {
		if r.method != "" && r.method != method {
			return false
		}
		if suffix, ok := strings.CutPrefix(r.host, "*"); ok && !strings.HasSuffix(host, suffix) || !ok && r.host != "" && r.host != host {
			return false
		}
		pattern := regexp.QuoteMeta(r.path)
		pattern = regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(pattern, "[^/]+")
		switch r.kind {
		case "regex":
			pattern = r.path
		case "prefix":
			pattern = strings.TrimSuffix(pattern, "/") + "(/(?s:.*))?"
		}
		return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(path)
	}
	for _, s := range []string{"GET h.example /a/1", "POST x.example /a/c/d", "PUT h.example /", "GET a.h.example /r12/x", "GET other /s/", "GET other /a/", "GET other /p", "GET other //"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, request string) {
		method, rest, _ := strings.Cut(request, " ")
		host, path, _ := strings.Cut(rest, " ")
		if !strings.HasPrefix(path, "/") || !utf8.ValidString(path) {
			return
		}
		got := s.router.match(exchangeOf(method, host, path))
		for i, r := range rules {
			yes := fits(r, method, host, path)
			if got.route != nil && got.route.API == fmt.Sprintf("a%d", i) && !yes {
				t.Fatalf("%q found %v, which does not fit", request, r)
			}
			if got.route == nil && yes {
				t.Fatalf("%q found nothing, but %v fits", request, r)
			}
		}
	})
}

// BenchmarkMatch prints how the cost of finding a route grows.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		var doc strings.Builder
		doc.WriteString("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: \"http://127.0.0.1:1\"}]}\napis:\n  - name: a\n    upstream: up\n    routes:\n")
		for i := range n {
			fmt.Fprintf(&doc, "      - {name: r%d, path: \"/api/service%d/orders/{id}\", methods: [GET]}\n", i, i)
		}
		s := snapshotOf(b, doc.String())
		x := exchangeOf("GET", "a.example", fmt.Sprintf("/api/service%d/orders/17", n/2))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if f := s.router.match(x); f.route == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
