package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rig is a gateway before upstreams, with what it recorded.
type rig struct {
	*Gateway
	addr string

	mu    sync.Mutex
	calls []Exchange
}

func (r *rig) recorded() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Exchange(nil), r.calls...)
}

func newRig(t *testing.T, doc string, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{}
	o := Options{Log: slog.New(slog.DiscardHandler), Record: func(x *Exchange) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, Exchange{TLS: x.TLS, Status: x.Status, Err: x.Err, Attempts: x.Attempts, Route: x.Route, Workspace: x.Workspace, BytesIn: x.BytesIn, BytesOut: x.BytesOut, ID: x.ID, Client: x.Client, Cache: x.Cache, User: x.User, Session: x.Session, Proven: x.Proven, Policy: x.Policy, Found: x.Found, Consumer: x.Consumer})
	}}
	for _, f := range change {
		f(&o)
	}
	r.Gateway = New(o)
	if err := r.Apply([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = r.Shutdown(ctx)
		<-served
	})
	return r
}

// oneUpstream is a document whose every path leads to one server.
func oneUpstream(url string, more ...string) string {
	return fmt.Sprintf("gateway: 1\nupstreams:\n  - name: up\n    targets: [{url: %q}]\n%sapis:\n  - name: all\n    upstream: up\n    routes: [{name: all, prefix: /}]\n", url, strings.Join(more, ""))
}

func upstreamServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// clients are one that speaks HTTP/1.1 and one that speaks HTTP/2 without TLS:
// both lanes.
func clients(t *testing.T) map[string]*http.Client {
	var h2 http.Protocols
	h2.SetUnencryptedHTTP2(true)
	list := map[string]*http.Transport{"h1": {}, "h2": {Protocols: &h2}}
	out := map[string]*http.Client{}
	for name, tr := range list {
		t.Cleanup(tr.CloseIdleConnections)
		out[name] = &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return out
}

func TestBothLanesPassRequestsOn(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Request]
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen.Store(r)
		w.Header().Set("X-Up", "yes")
		w.Header().Set("Connection", "X-Drop")
		w.Header().Set("X-Drop", "me")
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(204)
		case "/same":
			w.WriteHeader(304)
		case "/chunks":
			for i := range 3 {
				_, _ = fmt.Fprintf(w, "part %d;", i)
				w.(http.Flusher).Flush()
			}
		default:
			w.Header().Set("Content-Length", fmt.Sprint(len(body)+3))
			w.WriteHeader(201)
			_, _ = w.Write(append([]byte("got"), body...))
		}
	})
	g := newRig(t, oneUpstream(up))
	for lane, c := range clients(t) {
		for _, tc := range []struct {
			method, path, body string
			length             bool
			status             int
			want               string
		}{
			{"GET", "/a?q=1&q=2", "", true, 201, "got"},
			{"POST", "/a", "hello", true, 201, "gothello"},
			{"POST", "/a", "hello chunks", false, 201, "gothello chunks"},
			{"PUT", "/a%2Fb", strings.Repeat("x", 70_000), true, 201, "got" + strings.Repeat("x", 70_000)},
			{"HEAD", "/a", "", true, 201, ""},
			{"GET", "/none", "", true, 204, ""},
			{"GET", "/same", "", true, 304, ""},
			{"GET", "/chunks", "", true, 200, "part 0;part 1;part 2;"},
		} {
			name := lane + " " + tc.method + " " + tc.path
			var body io.Reader
			if tc.body != "" {
				if body = strings.NewReader(tc.body); !tc.length {
					body = io.MultiReader(body) // hides its length
				}
			}
			req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+g.addr+tc.path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Forwarded-For", "6.6.6.6")
			req.Header.Set("X-Keep", "kept")
			req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			resp, err := c.Do(req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != tc.status || string(got) != tc.want {
				t.Errorf("%s: %d %.40q, %v; want %d %.40q", name, resp.StatusCode, got, err, tc.status, tc.want)
			}
			if resp.Header.Get("X-Up") != "yes" || resp.Header.Get("X-Drop") != "" || len(resp.Header.Get("X-Request-Id")) != 32 {
				t.Errorf("%s: headers of the answer are %v", name, resp.Header)
			}
			r := seen.Load()
			if r.Header.Get("X-Request-Id") != resp.Header.Get("X-Request-Id") || r.Header.Get("X-Keep") != "kept" || r.Header.Get("X-Forwarded-For") != "127.0.0.1" || r.Header.Get("X-Forwarded-Host") != g.addr {
				t.Errorf("%s: headers upstream are %v", name, r.Header)
			}
			if tp := r.Header.Get("Traceparent"); !strings.HasPrefix(tp, "00-0af7651916cd43dd8448eb211c80319c-") || strings.Contains(tp, "b7ad6b7169203331") {
				t.Errorf("%s: traceparent upstream is %s: the trace stays, the span is ours", name, tp)
			}
			if path, query, _ := strings.Cut(tc.path, "?"); r.URL.EscapedPath() != path || r.URL.RawQuery != query {
				t.Errorf("%s: upstream saw %s", name, r.URL)
			}
		}
	}
	for _, x := range g.recorded() {
		if x.Err != OK || x.Attempts != 1 || x.Route == nil {
			t.Errorf("recorded %+v", x)
		}
	}
}

func TestLargeBodiesGoBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	// An echo that answers while it reads: who only reads after having written
	// everything would wait for ever.
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	})
	g := newRig(t, oneUpstream(up))
	const size = 24 << 20
	for lane, c := range clients(t) {
		want := sha256.New()
		body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), want)
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+"/", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", lane, err)
		}
		got := sha256.New()
		n, err := io.Copy(got, resp.Body)
		_ = resp.Body.Close()
		if err != nil || n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Errorf("%s: %d bytes came back, %v", lane, n, err)
		}
	}
}

// raw sends bytes on a connection of its own and returns all that comes back.
func (r *rig) raw(t *testing.T, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(c)
	return string(b)
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "<%s %s>", r.URL.Path, body)
	})
	g := newRig(t, oneUpstream(up))
	got := g.raw(t, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcPOST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	want := []string{"</1 >", "</2 abc>", "</3 de>", "</4 >"}
	at := 0
	for _, w := range want {
		i := strings.Index(got[at:], w)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in %q", w, got)
		}
		at += i
	}
	if n := strings.Count(got, "HTTP/1.1 200"); n != 4 {
		t.Errorf("%d answers", n)
	}
}

func TestHTTP10GetsAnAnswerItUnderstands(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "two")
	})
	g := newRig(t, oneUpstream(up))
	got := g.raw(t, "GET / HTTP/1.0\r\n\r\n")
	if strings.Contains(got, "chunked") || !strings.HasSuffix(got, "\r\n\r\none two") {
		t.Errorf("answer is %q", got)
	}
}

func TestUpgradeIsATunnel(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "echo" || r.Header.Get("Connection") != "Upgrade" {
			http.Error(w, "no upgrade", 400)
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ")
		_, _ = io.Copy(c, rw)
	})
	g := newRig(t, oneUpstream(up))
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
	_, _ = io.WriteString(c, "late")
	_ = c.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 101 ") || !strings.HasSuffix(string(got), "\r\n\r\nhello early late") {
		t.Errorf("tunnel gave %q, %v", got, err)
	}
}

// flaky is a TCP server that lets a function deal with each connection.
func flaky(t *testing.T, serve func(n int64, c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				serve(n.Add(1), c)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return "http://" + ln.Addr().String()
}

func readRequest(c net.Conn) (*http.Request, error) { return http.ReadRequest(bufio.NewReader(c)) }

func TestIdempotentRequestsAreTriedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	up := flaky(t, func(n int64, c net.Conn) {
		if _, err := readRequest(c); err != nil {
			return
		}
		asked.Add(1)
		if n%2 == 1 {
			return // hangs up
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	})
	g := newRig(t, oneUpstream(up))
	// The same server under another name is another target.
	second := strings.Replace(up, "127.0.0.1", "localhost", 1)
	if err := g.Apply([]byte(strings.Replace(oneUpstream(up), "}]", "}, {url: \""+second+"\"}]", 1))); err != nil {
		t.Fatal(err)
	}
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("GET: %.60q", got)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("upstream was asked %d times, want 2", n)
	}
	if got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"); !strings.HasPrefix(got, "HTTP/1.1 502") {
		t.Errorf("POST may have been worked on and must not be sent twice: %.60q", got)
	}
	calls := g.recorded()
	if len(calls) != 2 || calls[0].Attempts != 2 || calls[1].Attempts != 1 || calls[1].Err != UpstreamReset {
		t.Errorf("recorded %+v", calls)
	}
}

func TestUpstreamThatIsNotThere(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	g := newRig(t, oneUpstream("http://"+ln.Addr().String()))
	got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	if !strings.HasPrefix(got, "HTTP/1.1 503") && !strings.HasPrefix(got, "HTTP/1.1 502") || !strings.Contains(got, "application/problem+json") {
		t.Errorf("answer is %q", got)
	}
}

func TestSlowUpstreamTimesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	doc := strings.Replace(oneUpstream(up), "    upstream: up\n", "    upstream: up\n    timeouts: {try: 150ms, total: 400ms}\n", 1)
	g := newRig(t, doc)
	got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 504") {
		t.Errorf("answer is %.100q", got)
	}
	if calls := g.recorded(); len(calls) != 1 || calls[0].Err != TimedOut {
		t.Errorf("recorded %+v", calls)
	}
}

func TestWhoLeavesIsNoLongerWorkedFor(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	g := newRig(t, oneUpstream(up))
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	until(t, func() bool { return g.snap.Load().targets[0].inflight.Load() > 0 })
	_ = c.Close()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the upstream was not told that nobody waits")
	}
}

func TestHalfAnAnswerDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	up := flaky(t, func(_ int64, c net.Conn) {
		if r, err := readRequest(c); err == nil && r.URL.Path == "/chunks" {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		} else {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
		}
	})
	g := newRig(t, oneUpstream(up))
	for lane, c := range clients(t) {
		for _, path := range []string{"/length", "/chunks"} {
			resp, err := c.Get("http://" + g.addr + path) //nolint:noctx // the client has its own time-out
			if err != nil {
				continue
			}
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err == nil {
				t.Errorf("%s %s: the broken answer was read without an error", lane, path)
			}
		}
	}
}

func TestAmbiguousRequestsNeverReachAnUpstream(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	g := newRig(t, oneUpstream(up))
	for name, req := range map[string]string{
		"length and chunks":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
		"blank before colon": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"folded":             "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
		"bare LF":            "GET / HTTP/1.1\nHost: a\n\n",
		"two hosts":          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"chunk extension":    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
		"dot segments":       "GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"encoded climbing":   "GET /a/..%2fb HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"twice encoded":      "GET /a/%252e%252e/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"NUL in path":        "GET /a%00b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"huge head":          "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*clientBuffer) + "\r\n\r\n",
	} {
		got := g.raw(t, strings.TrimSuffix(req, "\r\n\r\n")+"\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Errorf("%s: %.80q", name, got)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d of them reached the upstream", n)
	}
	for _, x := range g.recorded() {
		if x.Err != BadRequest {
			t.Errorf("recorded %+v", x)
		}
	}
}

func TestSlowHeadsAreCutOff(t *testing.T) {
	t.Parallel()
	g := newRig(t, oneUpstream("http://127.0.0.1:1"), func(o *Options) {
		o.Limits = DefaultLimits
		o.Limits.Head = 100 * time.Millisecond
	})
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow"); !strings.HasPrefix(got, "HTTP/1.1 408") {
		t.Errorf("answer is %.80q", got)
	}
}

// TestConfigurationChangesDropNoCall hammers the gateway while what is
// published changes, and checks that every answer belongs to its request.
func TestConfigurationChangesDropNoCall(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }
	a, b := upstreamServer(t, echo), upstreamServer(t, echo)
	both := func(more string) string {
		return strings.Replace(oneUpstream(a), "}]\n", more+"}, {url: "+b+"}]\n", 1)
	}
	docs := []string{oneUpstream(a), both(""), both(", state: drain"), oneUpstream(b), both(", weight: 3")}
	g := newRig(t, docs[0])
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	var served, wrong atomic.Int64
	for lane, c := range clients(t) {
		for w := range 8 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					path := fmt.Sprintf("/%s/%d/%d", lane, w, i)
					resp, err := c.Get("http://" + g.addr + path) //nolint:noctx // the client has its own time-out
					if err != nil {
						wrong.Add(1)
						t.Errorf("%s: %v", path, err)
						return
					}
					b, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil || resp.StatusCode != 200 || string(b) != path {
						wrong.Add(1)
						t.Errorf("%s: %d %q %v", path, resp.StatusCode, b, err)
						return
					}
					served.Add(1)
				}
			})
		}
	}
	changes := 0
	for ctx.Err() == nil {
		changes++
		if err := g.Apply([]byte(docs[changes%len(docs)])); err != nil {
			t.Error(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	wg.Wait()
	t.Logf("%d calls over %d changes", served.Load(), changes)
	if served.Load() == 0 || wrong.Load() > 0 {
		t.Errorf("%d served, %d wrong", served.Load(), wrong.Load())
	}
}

func TestABadDocumentIsRefusedAndTheOldOneServes(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "old") })
	g := newRig(t, oneUpstream(up))
	err := g.Apply([]byte("gateway: 1\nupstreams: []\napis:\n  - name: all\n    upstream: nowhere\n    routes: [{name: all, prefix: /}]\n"))
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(faults[0].Reason, `no upstream "nowhere"`) {
		t.Errorf("Apply = %v", err)
	}
	if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "old") {
		t.Errorf("answer is %q", got)
	}
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	g := New(Options{Log: slog.New(slog.DiscardHandler)})
	if err := g.Apply([]byte(oneUpstream(up))); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = g.Serve(ln) }()
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + ln.Addr().String()) //nolint:noctx // ends with the test
		if err != nil {
			answer <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		answer <- string(b)
	}()
	<-entered
	idle, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	_ = ln.Close()
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- g.Shutdown(ctx)
	}()
	_ = idle.SetReadDeadline(time.Now().Add(3 * time.Second))
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection was not closed: %v", err)
	}
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

func TestOnlyTrustedProxiesNameTheClient(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	for name, tc := range map[string]struct{ trusted, forwarded, want string }{
		"nobody is trusted":     {"[]", "9.9.9.9", "127.0.0.1"},
		"the peer is":           {"[127.0.0.1]", "9.9.9.9", "9.9.9.9"},
		"a chain":               {"[127.0.0.1, 10.0.0.0/8]", "1.1.1.1, 9.9.9.9, 10.1.2.3", "9.9.9.9"},
		"nonsense in the chain": {"[127.0.0.1]", "9.9.9.9, what", "127.0.0.1"},
	} {
		g := newRig(t, "trusted_proxies: "+tc.trusted+"\n"+oneUpstream(up))
		g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: "+tc.forwarded+"\r\n\r\n")
		if calls := g.recorded(); len(calls) != 1 || calls[0].Client.String() != tc.want {
			t.Errorf("%s: client is %v, want %s", name, calls, tc.want)
		}
	}
}

// TestConnectionsBeyondTheBoundAreAnsweredAndTold opens one too many.
func TestConnectionsBeyondTheBoundAreAnsweredAndTold(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	limits := DefaultLimits
	limits.Conns = 1
	r := newRig(t, oneUpstream(up), func(o *Options) { o.Limits = limits })
	first, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	in := bufio.NewReader(first)
	_, _ = io.WriteString(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Fatalf("the first: %q %v", line, err)
	}
	second, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if text, err := io.ReadAll(second); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 503 ") {
		t.Fatalf("the second: %q %v", text, err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(r.recorded()) < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("told of %+v", r.recorded())
		}
		runtime.Gosched()
	}
	refused := 0
	for _, c := range r.recorded() {
		if c.Status == 503 && c.Err == Overloaded && c.ID != (ID{}) && c.Client.IsLoopback() {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("told of %d connections that were refused", refused)
	}
}
