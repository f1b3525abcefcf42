package gateway

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// FuzzPolicies: a document whose policies were found good can be put into
// force, whatever stands in it.
func FuzzPolicies(f *testing.F) {
	for _, s := range []string{
		"transform: [{when: \"method == 'GET'\", request: {path: \"/{path.id}\", query: {set: {a: b}}, json: {set: {/a: 1}}}, response: {status: {404: 204}}}]",
		"cache: {ttl: 1m, max_answer: 10kB, clients: ignored}", "compress: {codings: [gzip], min_size: 1kB, level: 9}",
		"mirror: {upstream: up, share: 0.5, max_body: 1kB}", "mock: {status: 404, body: \"{client}\", headers: {X-A: b}}", "fault: {delay: {time: 1s}, abort: {share: 1}}",
		"waf: {mode: block, paranoia: 1, exclude: [1]}", "validate: {mode: report}", "headers: {set: {A: b}}",
	} {
		f.Add(s)
	}
	g := New(Options{Log: slog.New(slog.DiscardHandler)})
	f.Cleanup(func() { _ = g.Shutdown(f.Context()) })
	f.Fuzz(func(t *testing.T, policies string) {
		if strings.Contains(policies, "paranoia") && !strings.Contains(policies, "paranoia: 1") {
			return // a rule set more for each level: too slow here
		}
		doc := []byte(withPolicies("http://127.0.0.1:1", "      "+policies+"\n"))
		if _, err := Parse(doc); err != nil {
			return
		}
		if err := g.Apply(doc); err != nil {
			t.Fatalf("%q was found good and is not: %v", policies, err)
		}
	})
}

// FuzzTemplate: what a template makes of a request never ends a header line,
// and never leaves the path when it is one.
func FuzzTemplate(f *testing.F) {
	f.Add("/v2/{path.id}", "/a/b", "a=b", "x")
	f.Add("{header.x-a}{query.a}{{", "/a/%2e%2e", "a=%0d%0a", "..")
	f.Add("/{header.x-a}", "/a", "", "a/../../b")
	f.Fuzz(func(t *testing.T, text, path, query, value string) {
		tpl, err := compileTemplate(text)
		if err != nil || !cleanPath([]byte(path)) {
			return
		}
		x := &Exchange{Method: []byte("GET"), Path: []byte(path), Query: []byte(query), Target: []byte(path + "?" + query), User: value, Client: netip.MustParseAddr("192.0.2.1"),
			Fields: []h1.Field{{Name: []byte("X-A"), Value: []byte(value)}}, Route: &Route{}}
		if got := lineSafe(tpl.fill(x, []string{"id"})); strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%q made %q", text, got)
		}
		if !strings.HasPrefix(text, "/") {
			return
		}
		p := &transform{params: []string{"id"}}
		if no := p.retarget(x, &transformRule{path: tpl}); no == nil {
			got, _, _ := strings.Cut(string(x.shape.sent.target), "?")
			if !cleanPath([]byte(got)) || strings.ContainsAny(got, " \r\n#") || got[0] != '/' {
				t.Fatalf("%q made the path %q", text, got)
			}
		}
	})
}

// FuzzCondition: whatever was compiled can be asked of any request.
func FuzzCondition(f *testing.F) {
	f.Add(`method == "GET" && headers["x-a"].startsWith("b")`, "GET", "/a", "a=b", "c")
	f.Add(`path.matches("^/a") || query["a"] in ["b", "c"]`, "POST", "/b", "", "")
	f.Add(`size(headers) > 1 && params.exists(p, p == "id")`, "GET", "/", "", "")
	f.Fuzz(func(_ *testing.T, source, method, path, query, value string) {
		c, err := compileCondition(source)
		if err != nil {
			return
		}
		c.holds(&Exchange{Method: []byte(method), Path: []byte(path), Query: []byte(query), Fields: []h1.Field{{Name: []byte("X-A"), Value: []byte(value)}}}, []string{"id"})
	})
}
