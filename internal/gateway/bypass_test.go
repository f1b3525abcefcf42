package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestNoPolicyIsTalkedOut: what a client says of its protocol, while the
// upstream speaks plain HTTP, must not keep policies from looking.
func TestNoPolicyIsTalkedOut(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Internal", "secret")
		_, _ = io.WriteString(w, "done")
	})
	g := newRig(t, oneUpstream(up))
	const upgrade = "Connection: close, Upgrade\r\nUpgrade: nothing\r\n"
	post := func(path, kind, more, body string) string {
		return g.raw(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: api.example\r\nAccept: */*\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s", path, kind, len(body), more, body))
	}
	specDoc(t, g, up, "3.0.3", "      validate: {}\n", shopRoutes)
	for name, got := range map[string]string{
		"an upgrade":           post("/v1/orders", "application/json", upgrade, `{"amount": 2}`),
		"gRPC in HTTP/1.1":     post("/v1/orders", "application/grpc", "Connection: close\r\n", `{"amount": 2}`),
		"gRPC in HTTP/1.1 too": post("/v1/orders", "application/grpc+json", "Connection: close\r\n", `{"amount": 2}`),
	} {
		if !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Errorf("validate and %s: %.80q", name, got)
		}
	}
	grpc := http.Header{"Content-Type": {"application/grpc"}}
	resp, body := call{method: "POST", path: "/v1/orders", body: `{"amount": 2}`, header: grpc}.do(t, plainClients(t)["h2"], g.addr)
	if resp.StatusCode != 415 {
		t.Errorf("validate and gRPC in HTTP/2: %d %s", resp.StatusCode, body)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the upstream was asked %d times", n)
	}

	if err := g.Apply([]byte(withPolicies(up, "      waf: {mode: block}\n"))); err != nil {
		t.Fatal(err)
	}
	if got := post("/", "application/json", upgrade, `{"q":"1' UNION SELECT password FROM users -- "}`); !strings.HasPrefix(got, "HTTP/1.1 403") {
		t.Errorf("waf and an upgrade: %.80q", got)
	}

	if err := g.Apply([]byte(withPolicies(up, "      transform: [{response: {headers: {remove: [X-Internal]}}}]\n"))); err != nil {
		t.Fatal(err)
	}
	for lane, c := range plainClients(t) {
		resp, _ := call{method: "GET", path: "/", header: grpc}.do(t, c, g.addr)
		if resp.StatusCode != 200 || resp.Header.Get("X-Internal") != "" {
			t.Errorf("transform and gRPC, %s: %d %v", lane, resp.StatusCode, resp.Header)
		}
	}
}

// TestUnderscoresForgeNothing: servers that hand fields to programs as
// variables (RFC 3875 4.1.18) take X_Forwarded_For for X-Forwarded-For.
func TestUnderscoresForgeNothing(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Header]
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) { seen.Store(&r.Header) })
	g := newRig(t, oneUpstream(up))
	if err := g.Apply([]byte(withPolicies(up, "      headers: {set: {X-Tenant: acme}, remove: [X-Debug]}\n"))); err != nil {
		t.Fatal(err)
	}
	for lane, c := range plainClients(t) {
		forged := http.Header{"X_Forwarded_For": {"6.6.6.6"}, "X_Forwarded-Proto": {"https"}, "X_Forwarded_Host": {"evil"}, "X_Request_Id": {"1"}, "Transfer_Encoding": {"chunked"},
			"X_Tenant": {"other"}, "X_Debug": {"1"}, "X_Mine": {"stays"}}
		if resp, body := (call{method: "GET", path: "/", header: forged}).do(t, c, g.addr); resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", lane, resp.StatusCode, body)
		}
		for name := range forged {
			if got := seen.Load().Get(name); (got != "") != (name == "X_Mine") {
				t.Errorf("%s: the upstream was sent %s: %q", lane, name, got)
			}
		}
	}
}

// faulty is a part of the program that fails.
type faulty struct{}

func (faulty) Find([sha256.Size]byte) (*Consumer, bool) { panic("a fault") }

// TestAFaultEndsOneExchangeOnly, not the process that all of them are in.
func TestAFaultEndsOneExchangeOnly(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") })
	g := newRig(t, oneUpstream(up), func(o *Options) { o.Keys = faulty{} })
	if err := g.Apply([]byte(strings.Replace(oneUpstream(up), "routes: [", "routes: [{name: keyed, path: /keyed, policies: {key: {}}}, ", 1))); err != nil {
		t.Fatal(err)
	}
	if got := g.raw(t, "GET /keyed HTTP/1.1\r\nHost: a\r\nX-API-Key: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 500 ") || !strings.Contains(got, "\r\nConnection: close\r\n") {
		t.Errorf("the faulty one: %q", got)
	}
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "fine") {
		t.Errorf("the next one: %q", got)
	}
	if calls := g.recorded(); len(calls) != 2 || calls[0].Status != 500 {
		t.Errorf("recorded %+v", calls)
	}
}
