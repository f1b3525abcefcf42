package gateway

import (
	"errors"
	"strings"
	"testing"
)

func TestFaultsNameTheirLine(t *testing.T) {
	t.Parallel()
	good := strings.Split(strings.TrimPrefix(routes, "\n"), "\n")
	for name, tc := range map[string]struct {
		line   int
		text   string
		reason string
	}{
		"version":             {1, "gateway: 2", "the version of this format is 1"},
		"target":              {3, `  - {name: up, targets: [{url: "ftp://x"}]}`, "http://"},
		"unknown field":       {8, "    bass: /api", "bass"},
		"host with a port":    {7, "    hosts: [\"shop.example:80\"]", "is no host"},
		"upstream":            {10, "    upstream: down", `no upstream "down"`},
		"name twice":          {13, "      - {name: list, path: /x}", "two with the name"},
		"method":              {12, "      - {name: list, path: /orders, methods: [get]}", "is no method"},
		"two matches":         {12, "      - {name: list, path: /orders, prefix: /o}", "exactly one"},
		"no match":            {12, "      - {name: list}", "exactly one"},
		"half a segment":      {14, `      - {name: one, path: "/orders/x{id}"}`, "whole segment"},
		"unknown parameter":   {14, `      - {name: one, path: "/orders/{id}", rewrite: "/{od}"}`, "is no parameter"},
		"regular expression":  {20, `      - {name: old, regex: "/old/["}`, "is no regular expression"},
		"dot segments":        {15, "      - {name: mine, path: /orders/../mine}", "is no path"},
		"not YAML":            {5, "  - name: [", ""},
		"no number":           {1, "gateway: one", ""},
		"policy":              {9, "    policies: {addresses: {deny: [10.0.0.0/99]}}", "neither an address"},
		"size":                {9, "    policies: {max_body: 5 apples}", "is no size"},
		"duration":            {9, "    timeouts: {try: soon}", "is no duration"},
		"shares without sum":  {12, "      - {name: list, path: /orders, split: [{upstream: up, weight: 0}]}", "needs a weight"},
		"upstream and shares": {12, "      - {name: list, path: /orders, upstream: up, split: [{upstream: up, weight: 1}]}", "either upstream or split"},
	} {
		lines := append([]string(nil), good...)
		lines[tc.line-1] = tc.text
		_, err := Parse([]byte(strings.Join(lines, "\n")))
		var faults Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: Parse = %v", name, err)
			continue
		}
		found := false
		for _, f := range faults {
			found = found || strings.Contains(f.Reason, tc.reason) && (f.Line == tc.line || tc.reason == "")
		}
		if !found {
			t.Errorf("%s: no fault with %q on line %d in\n%v", name, tc.reason, tc.line, err)
		}
	}
	if _, err := Parse([]byte(routes)); err != nil {
		t.Errorf("the good document is refused: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(routes))
	f.Add([]byte(`{"gateway":1,"upstreams":[],"apis":[]}`))
	f.Fuzz(func(_ *testing.T, doc []byte) {
		// Whatever comes, it is read or refused, and what is read compiles.
		if c, err := Parse(doc); err == nil {
			compiled(c)
		}
	})
}
