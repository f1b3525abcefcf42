package gateway

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const written = `# What our shop publishes.
gateway: 1
upstreams:
  # the cluster in the cellar
  - name: shop
    targets:
      - {url: "http://127.0.0.1:9000"}
apis:
  # first
  - name: orders   # by team A
    version: v1
    upstream: shop
    policies: {limit: {rate: 10/s}}
    # what it serves
    routes:
      - {name: list, path: /orders}   # all
      # one
      - name: one
        path: "/orders/{id}"
        methods: [GET]

  # second
  - name: carts
    upstream: shop
    routes:
    - {name: all, prefix: /carts}
# the end
`

func TestEditKeepsTheRestOfTheText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		fn   func(*Config)
		diff string // lines that differ: - gone, + new
	}{
		{"nothing", func(*Config) {}, ""},
		{"a new member", func(c *Config) { c.APIs[0].State, c.APIs[0].Deprecated = "deprecated", "2026-11-27" },
			"+    state: deprecated\n+    deprecated: \"2026-11-27\"\n"},
		{"a member changes", func(c *Config) { c.APIs[0].Version = "v2" }, "-    version: v1\n+    version: v2\n"},
		{"a member goes", func(c *Config) { c.APIs[0].Upstream = "" }, "-    upstream: shop\n"},
		{"the first of an item", func(c *Config) { c.APIs[1].Upstream = "x" }, "-    upstream: shop\n+    upstream: x\n"},
		{"a route on one line", func(c *Config) { c.APIs[0].Routes[0].Methods = []string{"GET", "PUT"} },
			"-      - {name: list, path: /orders}   # all\n+      - {name: list, path: /orders, methods: [GET, PUT]}\n"},
		{"a route in a block", func(c *Config) { c.APIs[0].Routes[1].Methods = []string{"GET", "PUT"} },
			"-        methods: [GET]\n+        methods: [GET, PUT]\n"},
		{"a route more", func(c *Config) {
			c.APIs[0].Routes = append(c.APIs[0].Routes, RouteC{Name: "new", Path: "/orders/{id}/lines", Methods: []string{"GET"}})
		}, "+      - {name: new, path: \"/orders/{id}/lines\", methods: [GET]}\n"},
		{"a route in front", func(c *Config) {
			c.APIs[0].Routes = slices.Insert(c.APIs[0].Routes, 0, RouteC{Name: "new", Path: "/n"})
		}, "+      - {name: new, path: /n}\n"},
		{"a route less", func(c *Config) { c.APIs[0].Routes = c.APIs[0].Routes[1:] }, "-      - {name: list, path: /orders}   # all\n"},
		{"dashes not indented", func(c *Config) {
			c.APIs[1].Routes = append(c.APIs[1].Routes, RouteC{Name: "b", Prefix: "/b"})
		}, "+    - {name: b, prefix: /b}\n"},
		{"an API goes", func(c *Config) { c.APIs = c.APIs[:1] }, "-  - name: carts\n-    upstream: shop\n-    routes:\n-    - {name: all, prefix: /carts}\n"},
		{"an upstream more", func(c *Config) {
			c.Upstreams = append(c.Upstreams, Upstream{Name: "two", Targets: []Target{{URL: "http://127.0.0.1:1"}}})
		}, "+  - {name: two, targets: [{url: \"http://127.0.0.1:1\"}]}\n"},
		{"a target drains", func(c *Config) { c.Upstreams[0].Targets[0].Weight = 7 },
			"-      - {url: \"http://127.0.0.1:9000\"}\n+      - {url: \"http://127.0.0.1:9000\", weight: 7}\n"},
	} {
		out, err := Edit([]byte(written), func(c *Config) error { tc.fn(c); return nil })
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if d := cmp.Diff(tc.diff, lineDiff(written, string(out))); d != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", tc.name, d, out)
		}
	}
}

// lineDiff lists lines that are in one text only, in order.
func lineDiff(a, b string) string {
	la, lb := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	n := make([][]int, len(la)+1)
	for i := range n {
		n[i] = make([]int, len(lb)+1)
	}
	for i := len(la) - 1; i >= 0; i-- {
		for j := len(lb) - 1; j >= 0; j-- {
			if n[i][j] = max(n[i+1][j], n[i][j+1]); la[i] == lb[j] {
				n[i][j] = n[i+1][j+1] + 1
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(la) || j < len(lb); {
		switch {
		case i < len(la) && j < len(lb) && la[i] == lb[j]:
			i, j = i+1, j+1
		case i < len(la) && (j == len(lb) || n[i+1][j] >= n[i][j+1]):
			fmt.Fprintf(&out, "-%s", la[i])
			i++
		default:
			fmt.Fprintf(&out, "+%s", lb[j])
			j++
		}
	}
	return out.String()
}

// TestEditOfAnyStyle changes documents that can't be edited line by line, and
// begins one.
func TestEditOfAnyStyle(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"",
		"# nothing yet\ngateway: 1\nupstreams: []\napis: []\n",
		`{"gateway": 1, "upstreams": [], "apis": [{"name": "a", "routes": []}]}`,
		"gateway: 1\nupstreams: [{name: u, targets: [{url: 'http://a:1'}]}]\napis: [{name: a, upstream: u,\n  routes: [{name: r, path: /r}]}]",
		"gateway: 1\r\nupstreams: []\r\napis:\r\n- name: a\r\n  routes: []\r\n",
	} {
		out, err := Edit([]byte(doc), func(c *Config) error {
			c.Upstreams = append(c.Upstreams, Upstream{Name: "new", Targets: []Target{{URL: "http://127.0.0.1:1"}}, Breaker: &Breaker{Share: 0.5, Rest: Duration(1500000000)}})
			c.APIs = append(c.APIs, API{Name: "b", Base: "/b", Upstream: "new", Docs: "https://x.example/a?b=c&d", Policies: Policies{Key: &KeyPolicy{}},
				Routes: []RouteC{{Name: "r", Path: "/{id}", Headers: map[string]string{"X-A": "*", "x": "true", "y": "12", "z": "~a#: b"}}}})
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", doc, err)
			continue
		}
		c, err := Parse(out)
		if err != nil || len(c.APIs) == 0 {
			t.Errorf("%q became\n%s\n%v", doc, out, err)
			continue
		}
		a := c.APIs[len(c.APIs)-1]
		if a.Policies.Key == nil || a.Routes[0].Headers["z"] != "~a#: b" || a.Routes[0].Headers["x"] != "true" || a.Docs != "https://x.example/a?b=c&d" {
			t.Errorf("%q became\n%s", doc, out)
		}
		if strings.Contains(doc, "# nothing yet") && !strings.HasPrefix(string(out), "# nothing yet\n") {
			t.Errorf("the comment is gone:\n%s", out)
		}
	}
}

// FuzzEdit changes any document that can be read: what it says afterwards is
// what it should, or it is refused.
func FuzzEdit(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte("gateway: 1\nupstreams: [{name: u, targets: [{url: 'http://a:1'}]}]\napis: [{name: a, upstream: u,\n  routes: [{name: r, path: /r}]}]"))
	f.Add([]byte("gateway: 1\napis:\n- name: &a x\n  version: *a\n  routes:\n  -\n    name: r\n    path: >-\n      /a\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := decode(doc); err != nil {
			return
		}
		var want []API
		out, err := Edit(doc, func(c *Config) error {
			if len(c.APIs) > 0 {
				c.APIs[0].State, c.APIs[0].Deprecated = "deprecated", "2026-11-27"
				c.APIs[0].Routes = append(c.APIs[0].Routes, RouteC{Name: "added by edit", Path: "/{x}", Methods: []string{"GET"}})
			}
			c.APIs = append(c.APIs, API{Name: "added by edit", Docs: "https://x.example/: #", Routes: []RouteC{{Name: "r", Path: "/"}}})
			want = c.APIs
			return nil
		})
		if err != nil {
			return
		}
		c, err := decode(out)
		if err != nil {
			t.Fatalf("%q became %q: %v", doc, out, err)
		}
		if d := cmp.Diff(treeOf(reflect.ValueOf(want)), treeOf(reflect.ValueOf(c.APIs)), cmp.AllowUnexported(yamlMember{})); d != "" {
			t.Errorf("%q became %q:\n%s", doc, out, d)
		}
	})
}
