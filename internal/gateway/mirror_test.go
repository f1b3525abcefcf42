package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func twoUpstreams(one, two, policies string) string {
	return strings.Replace(withPolicies(one, policies), "apis:\n", fmt.Sprintf("  - name: shadow\n    targets: [{url: %q}]\napis:\n", two), 1)
}

func TestMirrorsGetCopies(t *testing.T) {
	t.Parallel()
	copies := make(chan asSeen, 100)
	one := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "one %s", b)
	})
	two := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		copies <- asSeen{r.Method, r.RequestURI, string(b), r.Header.Clone()}
		if r.URL.Path == "/differs" {
			w.WriteHeader(500)
		}
		_, _ = fmt.Fprintf(w, "one %s", b)
	})
	pairs := make(chan Mirrored, 100)
	g := newRig(t, twoUpstreams(one, two, "      mirror: {upstream: shadow, max_body: 1kB}\n      transform: [{request: {headers: {set: {X-Who: \"{client}\"}}, query: {set: {v: \"2\"}}}}]\n"),
		func(o *Options) { o.Mirrored = func(m Mirrored) { pairs <- m } })
	large := strings.Repeat("x", 3000)
	for lane, c := range plainClients(t) {
		for _, tc := range []struct {
			method, path, body string
			chunks, same       bool
		}{
			{"GET", "/a?q=1", "", false, true},
			{"POST", "/a", "hello", false, true},
			{"POST", "/a", "hello", true, true},
			{"POST", "/differs", "hello", false, false},
		} {
			name := lane + " " + tc.method + " " + tc.path
			resp, body := call{method: tc.method, path: tc.path, body: tc.body, chunks: tc.chunks, header: http.Header{"X-Mine": {"1"}}}.do(t, c, g.addr)
			if resp.StatusCode != 200 || body != "one "+tc.body {
				t.Errorf("%s: the call itself got %d %q", name, resp.StatusCode, body)
			}
			s := <-copies
			want := strings.Replace(tc.path+"?v=2", "q=1?", "q=1&", 1)
			if s.method != tc.method || s.body != tc.body || s.target != want || s.header.Get("X-Shadow-Request") != "1" || s.header.Get("X-Mine") != "1" || s.header.Get("X-Who") != "127.0.0.1" {
				t.Errorf("%s: the copy was %+v", name, s)
			}
			m := <-pairs
			if m.ID.String() != resp.Header.Get("X-Request-Id") || m.Primary.Status != 200 || m.Primary.Upstream != "up" || m.Shadow.Upstream != "shadow" || m.Primary.Latency <= 0 || m.Shadow.Latency <= 0 || !m.Primary.Whole || !m.Shadow.Whole {
				t.Errorf("%s: compared %+v", name, m)
			}
			if m.Primary.Sum != m.Shadow.Sum || m.Primary.Size != int64(len(body)) || m.Shadow.Size != m.Primary.Size || (m.Shadow.Status == 200) != tc.same {
				t.Errorf("%s: compared %+v", name, m)
			}
		}
		if _, body := (call{method: "POST", path: "/", body: large}).do(t, c, g.addr); body != "one "+large {
			t.Errorf("%s: a large body got %d bytes", lane, len(body))
		}
	}
	// What was answered has not ended yet.
	until(t, func() bool { s := g.Mirrors(); return s.Sent+s.Skipped+s.Dropped >= 10 })
	if s := g.Mirrors(); s.Sent != 8 || s.Skipped != 2 || s.Dropped != 0 {
		t.Errorf("counted %+v", s)
	}
}

// TestAMirrorThatHangsHarmsNobody: its copies fill their slots and no more,
// calls go on, and the gateway ends without waiting for it.
func TestAMirrorThatHangsHarmsNobody(t *testing.T) {
	t.Parallel()
	one := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "one") })
	hang, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hang.Close() })
	g := New(Options{Log: slog.New(slog.DiscardHandler)})
	if err := g.Apply([]byte(twoUpstreams(one, "http://"+hang.Addr().String(), "      mirror: {upstream: shadow, max_concurrent: 3, timeout: 30s}\n"))); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = g.Serve(ln) }()
	lanes := plainClients(t)
	for lane, c := range lanes {
		for range 10 {
			if resp, body := (call{method: "GET", path: "/"}).do(t, c, ln.Addr().String()); resp.StatusCode != 200 || body != "one" {
				t.Errorf("%s: %d %q", lane, resp.StatusCode, body)
			}
		}
	}
	// What was answered has not ended yet, nor has what is sent beside begun.
	until(t, func() bool { s := g.Mirrors(); return s.Sent+s.Skipped+s.Dropped >= 20 })
	if s := g.Mirrors(); s.Sent != 3 || s.Dropped != 17 {
		t.Errorf("counted %+v", s)
	}
	_ = ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, c := range lanes {
		c.CloseIdleConnections()
	}
	_ = g.Shutdown(ctx)
	if ctx.Err() != nil {
		t.Error("the gateway waited for the mirror")
	}
}

func TestMocksAnswer(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "real") })
	g := newRig(t, routeWith(up, `"/orders/{id}"`, `
      mock:
        when: "!('x-real' in headers)"
        status: 201
        headers: {X-Mock: "{path.id}"}
        json: {id: 1, list: [a]}
`))
	for lane, c := range plainClients(t) {
		for _, tc := range []struct {
			method string
			header http.Header
			status int
			body   string
		}{
			{"GET", nil, 201, `{"id":1,"list":["a"]}`},
			{"HEAD", nil, 201, ""},
			{"POST", nil, 201, `{"id":1,"list":["a"]}`},
			{"GET", http.Header{"X-Real": {"1"}}, 200, "real"},
		} {
			c2 := call{method: tc.method, path: "/orders/17", header: tc.header}
			if tc.method == "POST" {
				c2.body = "something"
			}
			resp, body := c2.do(t, c, g.addr)
			if resp.StatusCode != tc.status || body != tc.body || tc.status == 201 && (resp.Header.Get("X-Mock") != "17" || resp.Header.Get("Content-Type") != "application/json") {
				t.Errorf("%s %s: %d %q %v", lane, tc.method, resp.StatusCode, body, resp.Header)
			}
		}
	}
	for _, x := range g.recorded() {
		if x.Err != OK || x.Status == 201 && x.Attempts != 0 {
			t.Errorf("recorded %+v", x)
		}
	}
	// Before there is an upstream, mocks are all there is.
	doc := "gateway: 1\nupstreams: []\napis:\n  - name: new\n    routes:\n      - {name: one, path: /one, policies: {mock: {body: \"hello {client}\", when: \"query['x'] == ''\"}}}\n"
	if err := g.Apply([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	for lane, c := range plainClients(t) {
		if resp, body := (call{method: "GET", path: "/one?x="}).do(t, c, g.addr); resp.StatusCode != 200 || body != "hello 127.0.0.1" {
			t.Errorf("%s: %d %q", lane, resp.StatusCode, body)
		}
		if resp, body := (call{method: "GET", path: "/one"}).do(t, c, g.addr); resp.StatusCode != 503 || !strings.Contains(body, "no upstream behind this route") {
			t.Errorf("%s: %d %q", lane, resp.StatusCode, body)
		}
	}
}

func TestFaultsAreRehearsed(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "real") })
	g := newRig(t, withPolicies(up, "      fault: {header: X-Rehearse, delay: {time: 20ms}, abort: {status: 504}}\n"))
	for lane, c := range plainClients(t) {
		if resp, body := (call{method: "GET", path: "/"}).do(t, c, g.addr); resp.StatusCode != 200 || body != "real" {
			t.Errorf("%s: without the header %d %q", lane, resp.StatusCode, body)
		}
		start := time.Now()
		resp, body := (call{method: "GET", path: "/", header: http.Header{"X-Rehearse": {"1"}}}).do(t, c, g.addr)
		if resp.StatusCode != 504 || !strings.Contains(body, "on purpose") {
			t.Errorf("%s: with the header %d %q", lane, resp.StatusCode, body)
		}
		if d := time.Since(start); d < 20*time.Millisecond {
			t.Errorf("%s: it waited %v only", lane, d)
		}
	}
	if err := g.Apply([]byte(withPolicies(up, "      fault: {abort: {share: 0.5}}\n"))); err != nil {
		t.Fatal(err)
	}
	c := plainClients(t)["h1"]
	failed := 0
	for range 200 {
		if resp, _ := (call{method: "GET", path: "/"}).do(t, c, g.addr); resp.StatusCode == 503 {
			failed++
		}
	}
	if failed < 50 || failed > 150 { // 7 standard deviations
		t.Errorf("%d of 200 failed, want about half", failed)
	}
}
