package calllog

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// TestACallIsLoggedWithAllThatIsKnown sends one request in each lane and
// holds its record against what is known of it.
func TestACallIsLoggedWithAllThatIsKnown(t *testing.T) {
	t.Parallel()
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "made it")
	})
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: shop, targets: [{url: %q}]}\napis:\n  - name: orders\n    version: v2\n    upstream: shop\n    policies: {key: {}}\n    routes:\n      - {name: make, path: /orders, methods: [POST]}\n", up))
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	var h2 http.Protocols
	h2.SetUnencryptedHTTP2(true)
	var ids []string
	for _, tr := range []*http.Transport{{}, {Protocols: &h2}} {
		defer tr.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.addr+"/orders?coupon=SECRET&page=2&flag", strings.NewReader("0123456789"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "API.Example.com"
		req.Header.Set("X-Api-Key", secretKey)
		req.Header.Set("User-Agent", "test/1.0")
		req.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		ids = append(ids, resp.Header.Get("X-Request-Id"))
	}
	tid, _ := call.ParseID(trace)
	for i, c := range r.calls(t, 2) {
		if c.ID.String() != ids[i] {
			t.Errorf("id %s, the caller was told %s", c.ID, ids[i])
		}
		if c.Span == (call.SpanID{}) || c.Parent.String() != parent || c.Trace != tid {
			t.Errorf("trace %s, span %s, parent %s", c.Trace, c.Span, c.Parent)
		}
		if c.Latency <= 0 || c.FirstByte <= 0 || c.FirstByte > c.Latency || c.UpstreamLatency <= 0 || c.UpstreamLatency > c.FirstByte || time.Since(c.At()) > time.Minute {
			t.Errorf("times: %+v", c)
		}
		want := call.Record{API: "orders", Version: "v2", Route: "make", Method: "POST", Host: "api.example.com", Path: "/orders", Query: "coupon&page&flag",
			Protocol: []string{"HTTP/1.1", "HTTP/2.0"}[i], Status: 201, Upstream: "shop/" + strings.TrimPrefix(up, "http://"), Attempts: 1,
			Application: "acme", Key: "hck_sec", Client: "127.0.0.1", Agent: "test/1.0", BytesIn: 10, BytesOut: 7, Node: "node-1"}
		opt := cmpopts.IgnoreFields(call.Record{}, "Time", "ID", "Trace", "Span", "Parent", "Workspace", "Latency", "FirstByte", "UpstreamLatency")
		if d := cmp.Diff(want, c, opt); d != "" {
			t.Errorf("record (-want +got):\n%s", d)
		}
	}
}

// TestRefusalsAndFailuresAreLogged covers what no upstream has answered:
// requests that are none, addresses where nothing is, policies that say no,
// upstreams that are not there.
func TestRefusalsAndFailuresAreLogged(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := ln.Addr().String()
	_ = ln.Close()
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: gone, retries: {attempts: 1}, targets: [{url: \"http://%s\"}]}\napis:\n  - name: a\n    upstream: gone\n    routes:\n      - {name: closed, prefix: /closed, policies: {key: {}}}\n      - {name: slow, prefix: /slow, policies: {limit: {rate: 1/h, burst: 1}}}\n      - {name: open, prefix: /open}\n", gone))
	const end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, tc := range []struct{ send, status string }{
		{"POST /open" + end + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"}, // smuggling
		{"GET /../etc/passwd" + end + "\r\n", "400"},
		{"GET /nowhere" + end + "\r\n", "404"},
		{"GET /closed" + end + "\r\n", "401"},
		{"GET /open" + end + "\r\n", "502"},
		{"GET /slow" + end + "\r\n", "502"},
		{"GET /slow" + end + "\r\n", "429"},
	} {
		if got := r.raw(t, tc.send); !strings.HasPrefix(got, "HTTP/1.1 "+tc.status) {
			t.Fatalf("%q answered %q, want %s", tc.send, got, tc.status)
		}
	}
	type row struct {
		Status                      int64
		Path, Route, Err, Pol, Limt string
		Tried                       int64
	}
	var got []row
	for _, c := range r.calls(t, 7) {
		if c.Trace == (call.ID{}) || c.ID == (call.ID{}) {
			t.Errorf("no id: %+v", c)
		}
		got = append(got, row{c.Status, c.Path, c.Route, c.Error, c.Policy, c.Limit, c.Attempts})
	}
	want := []row{
		{400, "", "", "bad_request", "", "", 0},
		{400, "/../etc/passwd", "", "bad_request", "", "", 0},
		{404, "/nowhere", "", "no_route", "", "", 0},
		{401, "/closed", "closed", "refused", "key", "", 0},
		{502, "/open", "open", "connect_failed", "", "", 1},
		{502, "/slow", "slow", "connect_failed", "", "", 1},
		{429, "/slow", "slow", "limited", "limit", "limit", 0},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}

func TestARetryThatServesIsNoFailure(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := ln.Addr().String()
	_ = ln.Close()
	up := upstream(t, func(http.ResponseWriter, *http.Request) {})
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: two, retries: {attempts: 2}, targets: [{url: \"http://%s\"}, {url: %q}]}\napis:\n  - {name: a, upstream: two, routes: [{name: all, prefix: /}]}\n", gone, up))
	for range 4 {
		if got := r.raw(t, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Fatal(got)
		}
	}
	retried := 0
	for _, c := range r.calls(t, 4) {
		if c.Error != "" {
			t.Errorf("served, and logged as %s", c.Error)
		}
		if c.Attempts == 2 {
			retried++
			if !strings.HasPrefix(c.Tries, "two/"+gone+" connect_failed ") {
				t.Errorf("tries %q", c.Tries)
			}
		}
	}
	if retried == 0 {
		t.Error("nothing was tried twice")
	}
}

// TestRecordingAllocatesNothing keeps the log off the garbage collector's
// account.
func TestRecordingAllocatesNothing(t *testing.T) {
	x := &gateway.Exchange{Method: []byte("GET"), Host: []byte("api.example.com"), Path: []byte("/orders/17"), Query: []byte("a=1&b=2"), Client: netip.MustParseAddr("2001:db8::1"),
		Fields: []h1.Field{{Name: []byte("User-Agent"), Value: []byte("test")}}, Start: time.Now(), End: time.Now(), Status: 200}
	var b scratch
	if n := testing.AllocsPerRun(100, func() { b.fill(x, home, "node", nil) }); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
	if b.record.Query != "a&b" || b.record.Client != "2001:db8::1" || b.record.Agent != "test" {
		t.Errorf("record %+v", b.record)
	}
}
