package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/gatewaytest"
)

// wire is an upstream that keeps every byte it gets and answers each head
// with 200: what it counts is what a careless server would take for requests.
type wire struct {
	mu  sync.Mutex
	got bytes.Buffer
}

func (w *wire) serve(_ int64, c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.got.Write(buf[:n])
		w.mu.Unlock()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}
}

func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.got.String()
	w.got.Reset()
	return s
}

// TestAmbiguousRequestsEndTheirConnection: each is refused with the status
// that fits, nothing of it reaches the upstream, what stands behind it on the
// connection is never taken for a request, and it is recorded. With TLS it is
// the same.
func TestAmbiguousRequestsEndTheirConnection(t *testing.T) {
	t.Parallel()
	up := &wire{}
	g := newRig(t, oneUpstream(flaky(t, up.serve)))
	ca := gatewaytest.NewAuthority(t, "CA")
	secure := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "a.example")}})
	const behind = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	post := func(fields, body string) string { return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body }
	chunked := func(body string) string { return post("Transfer-Encoding: chunked\r\n", body) }
	cases := map[string]struct {
		status int
		raw    string
	}{
		// What neighbours disagree about.
		"length and chunks":             {400, post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX")},
		"chunks and length":             {400, post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
		"two lengths":                   {400, post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
		"the same length twice":         {400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
		"lengths in a list":             {400, post("Content-Length: 5, 6\r\n", "hello!")},
		"signed length":                 {400, post("Content-Length: +5\r\n", "hello")},
		"length below zero":             {400, post("Content-Length: -1\r\n", "")},
		"length with a fraction":        {400, post("Content-Length: 5.0\r\n", "hello")},
		"length beyond all bounds":      {400, post("Content-Length: 18446744073709551621\r\n", "hello")},
		"unknown coding":                {501, post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
		"identity and a length":         {501, post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")},
		"coding behind a control":       {400, post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")},
		"gzip, chunked":                 {501, post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
		"chunked, identity":             {501, post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
		"blank before the colon":        {400, post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
		"two codings":                   {400, post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
		"coding in a folded line":       {501, post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
		"folded line":                   {400, "GET /x HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\tc\r\n\r\n"},
		"bare LF":                       {400, "GET /x HTTP/1.1\nHost: a\n\n"},
		"bare LF before the end":        {400, "GET /x HTTP/1.1\r\nHost: a\r\n\n"},
		"bare LF in a field":            {400, "GET /x HTTP/1.1\r\nHost: a\r\nX-A: b\nTransfer-Encoding: chunked\r\n\r\n"},
		"bare CR":                       {400, "GET /x HTTP/1.1\r\nHost: a\r\nX-A: b\rX-B: c\r\n\r\n"},
		"NUL":                           {400, "GET /x HTTP/1.1\r\nHost: a\r\nX-A: b\x00\r\n\r\n"},
		"blank in a name":               {400, "GET /x HTTP/1.1\r\nHost: a\r\nX A: b\r\n\r\n"},
		"two hosts":                     {400, "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		"no host":                       {400, "GET /x HTTP/1.1\r\n\r\n"},
		"host with a path":              {400, "GET /x HTTP/1.1\r\nHost: a/../b\r\n\r\n"},
		"host in a list":                {400, "GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n"},
		"chunks of HTTP/1.0":            {400, "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"Connection takes a length":     {400, post("Connection: Content-Length\r\nContent-Length: 36\r\n", "")},
		"CONNECT":                       {400, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
		"version of the future":         {505, "GET /x HTTP/1.2\r\nHost: a\r\n\r\n"},
		"HTTP/0.9":                      {400, "GET /x\r\n\r\n"},
		"request in the request's line": {400, "GET /x HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"},
		"empty line first":              {400, "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"},
		"huge field":                    {431, "GET /x HTTP/1.1\r\nHost: a\r\nX-A: " + strings.Repeat("x", 2*clientBuffer) + "\r\n\r\n"},
		"huge target":                   {431, "GET /" + strings.Repeat("x", 2*clientBuffer) + " HTTP/1.1\r\nHost: a\r\n\r\n"},
		"very many fields":              {431, "GET /x HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 1000) + "\r\n"},
		// Chunks: what came before may be on its way already, but not as a whole.
		"LF behind a chunk's size": {400, chunked("5\nhello\r\n0\r\n\r\n")},
		"LF in a chunk extension":  {400, chunked("5;a\nb\r\nhello\r\n0\r\n\r\n")},
		"chunk extension":          {400, chunked("5;a=b\r\nhello\r\n0\r\n\r\n")},
		"chunk below zero":         {400, chunked("-5\r\nhello\r\n0\r\n\r\n")},
		"chunk with 0x":            {400, chunked("0x5\r\nhello\r\n0\r\n\r\n")},
		"chunk with blanks":        {400, chunked(" 5\r\nhello\r\n0\r\n\r\n")},
		"chunk beyond all bounds":  {400, chunked("fffffffffffffffff5\r\nhello\r\n0\r\n\r\n")},
		"chunk longer than it is":  {400, chunked("5\r\nhello!\r\n0\r\n\r\n")},
		"trailer with a blank":     {400, chunked("0\r\nX A: b\r\n\r\n")},
		"folded trailer":           {400, chunked("0\r\nX-A: b\r\n c\r\n\r\n")},
	}
	for name, tc := range cases {
		for lane, dial := range map[string]func() (net.Conn, error){
			"clear": func() (net.Conn, error) { return net.Dial("tcp", g.addr) },
			"TLS": func() (net.Conn, error) {
				return tls.Dial("tcp", secure, &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example", MinVersion: tls.VersionTLS12})
			},
		} {
			c, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(c, tc.raw+behind)
			got, _ := io.ReadAll(c)
			_ = c.Close()
			if !strings.HasPrefix(string(got), fmt.Sprintf("HTTP/1.1 %d ", tc.status)) || strings.Count(string(got), "HTTP/1.1 ") != 1 {
				t.Errorf("%s, %s: %.300q, want one %d", name, lane, got, tc.status)
			}
			if s := up.take(); strings.Contains(s, "smuggled") || strings.Contains(s, "\r\n0\r\n") {
				t.Errorf("%s, %s: the upstream got %q", name, lane, s)
			}
		}
	}
	calls := g.recorded()
	if len(calls) != 2*len(cases) {
		t.Errorf("%d of %d were recorded", len(calls), 2*len(cases))
	}
	for _, x := range calls {
		if x.Err != BadRequest {
			t.Errorf("recorded %+v", x)
		}
	}
}

// TestUnusualRequestsArePassedOnAsOneRequest: what is allowed and could be
// read otherwise is written so that it can't be.
func TestUnusualRequestsArePassedOnAsOneRequest(t *testing.T) {
	t.Parallel()
	type seen struct{ line, body, fields string }
	var mu sync.Mutex
	var got []seen
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, seen{r.Method + " " + r.RequestURI, string(b), fmt.Sprint(r.ContentLength, r.TransferEncoding, r.Header["X-Evil"], r.Header["Expect"])})
	})
	g := newRig(t, oneUpstream(up))
	for name, tc := range map[string]struct {
		raw  string
		want []seen
	}{
		"GET with a body":      {"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", []seen{{"GET /a", "hello", "5 [] [] []"}}},
		"DELETE with chunks":   {"DELETE /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", []seen{{"DELETE /a", "hello", "-1 [chunked] [] []"}}},
		"a request as a body":  {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", []seen{{"POST /a", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "35 [] [] []"}}},
		"chunked in capitals":  {"POST /a HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n", []seen{{"POST /a", "hi", "-1 [chunked] [] []"}}},
		"absolute target":      {"GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", []seen{{"GET /c", "", "0 [] [] []"}}},
		"named in Connection":  {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: X-Evil\r\nX-Evil: 1\r\n\r\n", []seen{{"GET /a", "", "0 [] [] []"}}},
		"length without body":  {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", []seen{{"POST /a", "", "0 [] [] []"}}},
		"trailing fields":      {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Evil: 1\r\nContent-Length: 9\r\n\r\n", []seen{{"POST /a", "", "-1 [chunked] [] []"}}},
		"strange but safe":     {"GET /a;b=c/%2F?%00=%zz HTTP/1.1\r\nHost: a\r\n\r\n", []seen{{"GET /a;b=c/%2F?%00=%zz", "", "0 [] [] []"}}},
		"an end in the target": {"GET /a%20HTTP/1.1?b HTTP/1.1\r\nHost: a\r\n\r\n", []seen{{"GET /a%20HTTP/1.1?b", "", "0 [] [] []"}}},
	} {
		got = nil
		answer := g.raw(t, tc.raw+"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		mu.Lock()
		if want := append(tc.want, seen{"GET /next", "", "0 [] [] []"}); fmt.Sprint(got) != fmt.Sprint(want) || strings.Count(answer, "HTTP/1.1 200 OK") != 2 {
			t.Errorf("%s: the upstream got %q, want %q; answers %q", name, got, want, answer)
		}
		mu.Unlock()
	}
}

// TestPathsThatClimbAreRefused in both lanes, however they are written.
func TestPathsThatClimbAreRefused(t *testing.T) {
	t.Parallel()
	up := &wire{}
	g := newRig(t, oneUpstream(flaky(t, up.serve)))
	for _, path := range []string{"/../b", "/a/..", "/a/../b", "/a/./b", "/.", "/a/%2e%2e/b", "/a/%2E./b", "/a/.%2e/b", "/a/..%2fb", "/a%2f..%2fb", "/a/%2e%2e%2fb", "/a/..;/b", "/a/..;x=y/b", "/a/%252e%252e/b",
		"/a/..%5cb", "/a\\b", "/a/%5c..", "/a%00b", "/a%0d%0ab", "/a%0ab", "/a%7fb", "/a%", "/a%2", "/a%zz", "/a%2fb/%2e%2e", "/%c0%ae%c0%ae/../b"} {
		got := g.raw(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("HTTP/1.1 %s: %.100q", path, got)
		}
		if got := h2raw(t, g.addr, [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}}); got != "400" && got != "reset" {
			t.Errorf("HTTP/2 %s: %s", path, got)
		}
	}
	for _, path := range []string{"/a..b/c", "/...", "/a/.b", "/.well-known/x", "/a%2Fb", "/a;b/c", "/%e2%82%ac", "/a+b%20c", "/a%25b"} {
		if got := g.raw(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("%s is a path like any other: %.100q", path, got)
		}
	}
}

// TestFieldsOfTheGatewayCantBeForged: what it tells upstreams is its own, and
// what an upstream says can't end the head of the answer.
func TestFieldsOfTheGatewayCantBeForged(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Header.Values("X-Forwarded-For"), r.Header.Values("X-Forwarded-Proto"), r.Header.Values("X-Forwarded-Host"), len(r.Header.Values("X-Request-Id")), r.Header.Values("Forwarded"))
	})
	g := newRig(t, oneUpstream(up))
	for lane, c := range clients(t) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "asked.example"
		for _, n := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Forwarded"} {
			req.Header[n] = []string{"evil", "for=evil"}
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := string(b); got != "[127.0.0.1] [http] [asked.example] 1 []" {
			t.Errorf("%s: the upstream got %s", lane, got)
		}
	}
	for name, head := range map[string]string{
		"bare LF":           "X-A: b\nX-Evil: 1\r\n",
		"bare CR":           "X-A: b\rX-Evil: 1\r\n",
		"folded":            "X-A: b\r\n X-Evil: 1\r\n",
		"blank in name":     "X A: b\r\n",
		"NUL":               "X-A: \x00\r\n",
		"length and chunks": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
		"two lengths":       "Content-Length: 2\r\nContent-Length: 3\r\n",
	} {
		up := flaky(t, func(_ int64, c net.Conn) {
			if _, err := readRequest(c); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+head+"\r\nok")
			}
		})
		g := newRig(t, oneUpstream(up, "    retries: {attempts: 1}\n"))
		if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 502 ") || strings.Contains(got, "Evil") {
			t.Errorf("%s: %.200q", name, got)
		}
	}
}

// TestSlowClientsAreCutOff, in heads and in bodies, on plain connections, in
// handshakes and behind them.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	g := newRig(t, oneUpstream(upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })), func(o *Options) {
		o.Limits = Limits{Idle: 300 * time.Millisecond, Head: 200 * time.Millisecond, Body: 200 * time.Millisecond, Write: time.Second}
	})
	secure := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "a.example")}})
	drip := func(c net.Conn, s string) string {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for i := 0; i < len(s) && ctx.Err() == nil; i++ {
				_, _ = io.WriteString(c, s[i:i+1])
				<-time.After(20 * time.Millisecond) // this client is slow
			}
		}()
		b, _ := io.ReadAll(c)
		_ = c.Close()
		return string(b)
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := drip(dial(), "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("y", 500)); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("a head in drops: %.100q", got)
	}
	c := dial()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo")
	if got := drip(c, ""); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.Contains(got, "HTTP/1.1 408 ") {
		t.Errorf("half a second request: %.300q", got)
	}
	if got := drip(dial(), ""); got != "" {
		t.Errorf("a silent connection got %q", got)
	}
	c = dial()
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
	if got := drip(c, ""); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("half a body: %.100q", got)
	}
	s, err := tls.Dial("tcp", secure, &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	if got := drip(s, "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("y", 500)); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("a head in drops behind TLS: %.100q", got)
	}
	slow := 0
	for _, x := range g.recorded() {
		if x.Status == 408 && x.Err == BadRequest {
			slow++
		}
	}
	if slow != 4 {
		t.Errorf("%d slow requests were recorded, want 4", slow)
	}
}

// TestAnswersBeforeTheAnswer: 103 reaches the client, 100 is the gateway's own
// word to give, and a policy's refusal comes instead of it.
func TestAnswersBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Expect", r.Header.Get("Expect"))
		_, _ = w.Write(b)
	}
	doc := strings.Replace(oneUpstream(upstreamServer(t, handler)), "routes: [", "routes: [{name: keyed, prefix: /keyed, policies: {key: {}}}, ", 1)
	g := newRig(t, doc)
	for lane, c := range clients(t) {
		var hints []string
		continued := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints = append(hints, fmt.Sprint(code, h["Link"]))
				return nil
			},
			Got100Continue: func() { continued = true },
		})
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+g.addr+"/", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if fmt.Sprint(hints) != "[103 [</a.css>; rel=preload]]" || string(b) != "hello" || resp.Header.Get("Link") != "" || continued {
			t.Errorf("%s: hints %v, answer %q %v", lane, hints, b, resp.Header)
		}
	}
	if got := g.raw(t, "GET / HTTP/1.0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("HTTP/1.0 got %.100q", got)
	}
	got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
	if !strings.HasPrefix(got, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 ") || !strings.HasSuffix(got, "hello") || !strings.Contains(got, "X-Expect: \r\n") {
		t.Errorf("Expect: %q", got)
	}
	got = g.raw(t, "POST /keyed HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 401 ") || !strings.Contains(got, "Connection: close") {
		t.Errorf("refused before the body: %q", got)
	}
}
