package rollout

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
)

func TestPromotionChangesOnlyTheWordsThatChange(t *testing.T) {
	t.Parallel()
	const ups = `gateway: 1
# Both versions.
upstreams:
  - {name: v1, targets: [{url: "http://127.0.0.1:9001"}]} # v1 is the old one
  - {name: v2, targets: [{url: "http://127.0.0.1:9002"}]}
apis:
`
	for _, tc := range []struct{ name, before, after string }{
		{"the API's upstream",
			"  - name: shop\n    upstream: v1 # stable\n    routes:\n      - {name: a, path: /a}\n      - {name: b, path: /b}\n",
			"  - name: shop\n    upstream: v2 # stable\n    routes:\n      - {name: a, path: /a}\n      - {name: b, path: /b}\n"},
		{"quoted, and a route of its own",
			"  - name: shop\n    upstream: \"v1\"\n    routes:\n      - {name: a, path: /a, upstream: 'v1'}\n      - {name: b, path: /v1, upstream: v3}\n",
			"  - name: shop\n    upstream: \"v2\"\n    routes:\n      - {name: a, path: /a, upstream: 'v2'}\n      - {name: b, path: /v1, upstream: v3}\n"},
		{"one route, in a flow",
			"  - name: shop\n    upstream: v1\n    routes:\n      - {name: pay, path: /a} # ünlike the others\n      - {name: b, path: /b}\n",
			"  - name: shop\n    upstream: v1\n    routes:\n      - {name: pay, upstream: v2, path: /a} # ünlike the others\n      - {name: b, path: /b}\n"},
		{"one route, in a block",
			"  - name: shop\n    upstream: v1\n    routes:\n      - name: pay # the till\n        path: /a\n      - name: b\n        path: /b\n",
			"  - name: shop\n    upstream: v1\n    routes:\n      - name: pay # the till\n        upstream: v2\n        path: /a\n      - name: b\n        path: /b\n"},
		{"one route, name not first",
			"  - name: shop\n    upstream: v1\n    routes:\n      - path: /a\n        name: pay\n",
			"  - name: shop\n    upstream: v1\n    routes:\n      - path: /a\n        name: pay\n        upstream: v2\n"},
		{"JSON",
			"  - {\"name\": \"shop\", \"upstream\": \"v1\", \"routes\": [{\"name\": \"pay\", \"path\": \"/a\"}]}\n",
			"  - {\"name\": \"shop\", \"upstream\": \"v1\", \"routes\": [{\"name\": \"pay\", \"upstream\": \"v2\", \"path\": \"/a\"}]}\n"},
		{"nothing to do",
			"  - name: shop\n    upstream: v2\n    routes:\n      - {name: pay, path: /a}\n",
			"  - name: shop\n    upstream: v2\n    routes:\n      - {name: pay, path: /a}\n"},
	} {
		head := ups
		if strings.Contains(tc.before, "v3") {
			head = strings.Replace(ups, "apis:", "  - {name: v3, targets: [{url: \"http://127.0.0.1:9003\"}]}\napis:", 1)
		}
		in := Input{API: "shop", Stable: "v1", Canary: "v2"}
		if strings.Contains(tc.name, "one route") || tc.name == "JSON" {
			in.Routes = []string{"pay"}
		}
		got, err := promoted(head+tc.before, in)
		if err != nil || got != head+tc.after {
			t.Errorf("%s: %v\n%s\nwant\n%s", tc.name, err, got, head+tc.after)
		}
	}
}

func TestWhatCannotBeFollowedIsWrittenAnew(t *testing.T) {
	t.Parallel()
	doc := "gateway: 1\nupstreams:\n  - {name: v1, targets: [{url: \"http://127.0.0.1:1\"}]}\n  - {name: v2, targets: [{url: \"http://127.0.0.1:2\"}]}\napis:\n  - name: shop\n    upstream: >-\n      v1\n    routes:\n      - {name: a, path: /a}\n"
	got, err := promoted(doc, Input{API: "shop", Stable: "v1", Canary: "v2"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := gateway.Parse([]byte(got))
	if err != nil || c.APIs[0].Upstream != "v2" || len(c.Upstreams) != 2 || len(c.APIs[0].Routes) != 1 {
		t.Errorf("%v in\n%s", err, got)
	}
}

func TestARolloutHasToFitTheDocument(t *testing.T) {
	t.Parallel()
	const doc = `gateway: 1
upstreams:
  - {name: v1, targets: [{url: "http://127.0.0.1:9001"}]}
  - {name: v2, targets: [{url: "http://127.0.0.1:9002"}]}
  - {name: v3, targets: [{url: "http://127.0.0.1:9003"}]}
apis:
  - name: shop
    version: v1
    upstream: v1
    routes:
      - {name: a, path: /a}
      - {name: b, path: /b, split: [{upstream: v1, weight: 1}, {upstream: v2, weight: 1}]}
      - {name: c, path: /c, upstream: v3}
`
	for _, tc := range []struct {
		doc  string
		in   Input
		says string
	}{
		{"", Input{API: "shop", Canary: "v2"}, "Nothing is published yet"},
		{doc, Input{API: "none", Canary: "v2"}, "There is no API none"},
		{doc, Input{API: "shop", Canary: "v2"}, "There is no API shop"},
		{doc, Input{API: "shop", Version: "v1", Canary: "v9"}, "There is no upstream \"v9\""},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2"}, "lead to 2 upstreams besides v2"},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2", Stable: "v1"}, ""},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2", Routes: []string{"a"}}, ""},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2", Routes: []string{"b"}}, "Route b is split"},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2", Routes: []string{"z"}}, "There is no route \"z\""},
		{doc, Input{API: "shop", Version: "v1", Canary: "v2", Stable: "v1", Routes: []string{"a", "c"}}, "Not all of these routes"},
		{doc, Input{API: "shop", Version: "v1", Canary: "v1", Stable: "v3"}, ""},
		{doc, Input{API: "shop", Version: "v1", Canary: "v3", Stable: "v2"}, "None of these routes"},
	} {
		err := tc.in.fit(tc.doc)
		if tc.says == "" && err != nil || tc.says != "" && (!errs.Is(err, errs.Unprocessable) || !strings.Contains(errs.Message(err), tc.says)) {
			t.Errorf("%+v: %v, want %q", tc.in, err, tc.says)
		}
	}
	in := Input{API: "shop", Version: "v1", Canary: "v2", Routes: []string{"a"}}
	if err := in.fit(doc); err != nil || in.Stable != "v1" {
		t.Errorf("stable is %q, %v", in.Stable, err)
	}
}
