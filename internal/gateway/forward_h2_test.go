package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hypercare/hypercare/internal/gateway/gatewaytest"
)

// upstreamH2 speaks HTTP/2 only; with TLS when a certificate is given.
func upstreamH2(t *testing.T, config *tls.Config, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP2(config != nil)
	s.Config.Protocols.SetUnencryptedHTTP2(config == nil)
	if s.TLS = config; config != nil {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL
}

func indent(s string, by int) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n"+strings.Repeat(" ", by))
}

// TestUpstreamsOverHTTP2 goes from both lanes to targets that speak HTTP/2,
// without TLS and with it, where the gateway has to show a certificate.
func TestUpstreamsOverHTTP2(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "Upstream CA")
	dir := t.TempDir()
	cert, key := ca.Issue("gateway")
	gatewaytest.Write(t, filepath.Join(dir, "client.pem"), cert, key)
	handler := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		who := ""
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s %s %s %s agent=%q te=%q len=%d", r.Proto, r.Method, r.RequestURI, r.Host, who, r.UserAgent(), r.Header.Get("Te"), r.ContentLength))
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(204)
			return
		case "/length":
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "fixed")
			return
		}
		_, _ = io.Copy(w, r.Body)
		w.Header().Set(http.TrailerPrefix+"X-Late", "sum="+r.Trailer.Get("X-Sum"))
	}
	clear := upstreamH2(t, nil, handler)
	secure := upstreamH2(t, &tls.Config{Certificates: []tls.Certificate{ca.Pair("127.0.0.1")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, handler)
	for name, doc := range map[string]string{
		"h2c":      oneUpstream(strings.Replace(clear, "http:", "h2c:", 1)),
		"protocol": oneUpstream(clear, "    protocol: h2\n"),
		"TLS":      oneUpstream(secure, "    protocol: h2\n    tls:\n      certificate_file: client.pem\n      ca: |\n        "+indent(string(ca.PEM), 8)+"\n"),
	} {
		g := newRig(t, doc, func(o *Options) { o.Files = dir })
		for lane, c := range clients(t) {
			for _, tc := range []struct {
				method, path, body, want string
				trailer                  bool
			}{
				{"GET", "/a%2Fb?q=1|2", "", "", false},
				{"GET", "/length", "", "fixed", false},
				{"HEAD", "/length", "", "", false},
				{"GET", "/none", "", "", false},
				{"POST", "/echo", "hello", "hello", false},
				{"POST", "/echo", "chunks with trailers", "chunks with trailers", true},
			} {
				at := name + " " + lane + " " + tc.method + " " + tc.path
				var body io.Reader
				if tc.body != "" {
					if body = strings.NewReader(tc.body); tc.trailer {
						body = io.MultiReader(body)
					}
				}
				req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+g.addr+tc.path, body)
				if err != nil {
					t.Fatal(err)
				}
				if tc.trailer {
					req.Trailer = http.Header{"X-Sum": {"7"}}
				}
				req.Header.Set("User-Agent", "test")
				resp, err := c.Do(req)
				if err != nil {
					t.Fatalf("%s: %v", at, err)
				}
				got, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || string(got) != tc.want {
					t.Errorf("%s: body %q, %v", at, got, err)
				}
				saw := resp.Header.Get("X-Saw")
				if want := "HTTP/2.0 " + tc.method + " " + tc.path; !strings.HasPrefix(saw, want) || !strings.Contains(saw, `agent="test"`) || name == "TLS" != strings.Contains(saw, " gateway ") {
					t.Errorf("%s: the upstream saw %s", at, saw)
				}
				if tc.trailer && resp.Trailer.Get("X-Late") != "sum=7" {
					t.Errorf("%s: trailers %v", at, resp.Trailer)
				}
			}
			want := sha256.New()
			const size = 8 << 20
			resp, err := c.Post("http://"+g.addr+"/echo", "application/octet-stream", io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), want)) //nolint:noctx // the client has its own time-out
			if err != nil {
				t.Fatal(err)
			}
			got := sha256.New()
			if n, err := io.Copy(got, resp.Body); err != nil || n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
				t.Errorf("%s %s: %d bytes came back, %v", name, lane, n, err)
			}
			_ = resp.Body.Close()
		}
		for _, x := range g.recorded() {
			if x.Err != OK || x.Attempts != 1 {
				t.Errorf("%s: recorded %+v", name, x)
			}
		}
	}
}

func TestUpstreamTLSIsChecked(t *testing.T) {
	t.Parallel()
	ca, other := gatewaytest.NewAuthority(t, "CA"), gatewaytest.NewAuthority(t, "Other CA")
	up := upstreamH2(t, &tls.Config{Certificates: []tls.Certificate{ca.Pair("inner.example")}, MinVersion: tls.VersionTLS12}, func(http.ResponseWriter, *http.Request) {})
	pem := func(a *gatewaytest.Authority) string {
		return "      ca: |\n        " + indent(string(a.PEM), 8) + "\n"
	}
	dir := t.TempDir()
	gatewaytest.Write(t, filepath.Join(dir, "ca.PEM"), ca.PEM)
	for name, tc := range map[string]struct {
		tls  string
		want int
	}{
		"no authority":    {"      server_name: inner.example\n", 502},
		"another one":     {"      server_name: inner.example\n" + pem(other), 502},
		"another name":    {pem(ca), 502},
		"right":           {"      server_name: inner.example\n" + pem(ca), 200},
		"right by file":   {"      server_name: inner.example\n      ca_file: ca.PEM\n", 200},
		"file is missing": {"      server_name: inner.example\n      ca_file: none.pem\n", 502},
		"not checked":     {"      insecure: true\n", 200},
	} {
		g := newRig(t, oneUpstream(up, "    protocol: h2\n    retries: {attempts: 1}\n    tls:\n"+tc.tls), func(o *Options) { o.Files = dir })
		if got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d", tc.want)) {
			t.Errorf("%s: %.200q", name, got)
		}
	}
	for doc, want := range map[string]string{
		oneUpstream("http://a", "    tls: {insecure: true}\n"):              "https://",
		oneUpstream("https://a", "    tls: {ca_file: ../a}\n"):              "without a path",
		oneUpstream("https://a", "    tls: {ca: x}\n"):                      "no certificate",
		oneUpstream("https://a", "    tls: {key_file: x}\n"):                "certificate_file",
		oneUpstream("https://a", "    protocol: h3\n"):                      "protocol",
		oneUpstream("https://a", "    tls: {insecure: true, ca_file: a}\n"): "not checked at all",
		oneUpstream("ftp://a"):                                              "h2c://",
	} {
		if _, err := Parse([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", doc, err)
		}
	}
}

// TestStreamsBothWaysOverHTTP2: the server begins before the client has said
// anything, and both go on in turns, as bidirectional gRPC streams do.
func TestStreamsBothWaysOverHTTP2(t *testing.T) {
	t.Parallel()
	up := upstreamH2(t, nil, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = io.WriteString(w, "welcome;")
		_ = rc.Flush()
		buf := make([]byte, 100)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				_, _ = fmt.Fprintf(w, "<%s>", buf[:n])
				_ = rc.Flush()
			}
			if err != nil {
				break
			}
		}
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "5")
	})
	// Shorter than the stream is silent at first: nobody waits for a head there.
	g := newRig(t, strings.Replace(oneUpstream(strings.Replace(up, "http:", "h2c:", 1)), "    upstream: up\n", "    upstream: up\n    timeouts: {try: 300ms, total: 500ms}\n", 1))
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+"/Service/Method", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/grpc+proto")
	resp, err := clients(t)["h2"].Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	read := func(want string) {
		t.Helper()
		b := make([]byte, len(want))
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != want {
			t.Fatalf("got %q, %v; want %q", b, err, want)
		}
	}
	read("welcome;")
	for i := range 3 {
		_, _ = fmt.Fprintf(w, "m%d", i)
		read(fmt.Sprintf("<m%d>", i))
	}
	_ = w.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 || resp.Trailer.Get("Grpc-Status") != "5" {
		t.Errorf("rest %q, %v, trailers %v", rest, err, resp.Trailer)
	}
}

// TestGRPCCallsAreRefusedAsGRPC: by a head alone, with the status that says
// the same as that of HTTP.
func TestGRPCCallsAreRefusedAsGRPC(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - name: up\n    targets: [{url: %q}]\napis:\n  - name: all\n    upstream: up\n    routes:\n      - {name: down, prefix: /down}\n      - {name: keyed, prefix: /keyed, policies: {key: {}}}\n", "h2c://"+ln.Addr().String())
	g := newRig(t, doc)
	for path, want := range map[string]string{"/down/M": "14", "/keyed/M": "16", "/else/M": "12"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+path, strings.NewReader("\x00\x00\x00\x00\x00"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/grpc")
		resp, err := clients(t)["h2"].Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || len(body) > 0 || resp.Header.Get("Grpc-Status") != want || resp.Header.Get("Content-Type") != "application/grpc" || resp.Header.Get("Grpc-Message") == "" {
			t.Errorf("%s: %d %q %v %v", path, resp.StatusCode, body, resp.Header, err)
		}
	}
	for _, x := range g.recorded() {
		if x.Status < 400 || x.Err == OK {
			t.Errorf("recorded %+v", x)
		}
	}
}

// TestSlowUploadsHaveTheirTime: while a client still sends, the upstream's
// clock does not run.
func TestSlowUploadsHaveTheirTime(t *testing.T) {
	t.Parallel()
	handler := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	}
	for name, url := range map[string]string{"http1": upstreamServer(t, handler), "h2": strings.Replace(upstreamH2(t, nil, handler), "http:", "h2c:", 1)} {
		g := newRig(t, strings.Replace(oneUpstream(url), "    upstream: up\n", "    upstream: up\n    timeouts: {try: 400ms, total: 400ms}\n", 1))
		for lane, c := range clients(t) {
			r, w := io.Pipe()
			go func() {
				for range 8 {
					_, _ = io.WriteString(w, "x")
					<-time.After(100 * time.Millisecond) // a client that takes its time
				}
				_ = w.Close()
			}()
			resp, err := c.Post("http://"+g.addr+"/", "text/plain", r) //nolint:noctx // the client has its own time-out
			if err != nil {
				t.Fatalf("%s %s: %v", name, lane, err)
			}
			b, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != 200 || string(b) != "xxxxxxxx" {
				t.Errorf("%s %s: %d %q %v", name, lane, resp.StatusCode, b, err)
			}
		}
	}
}

// TestSilentUpstreamsOverHTTP2 time out, and stop working for who has left.
func TestSilentUpstreamsOverHTTP2(t *testing.T) {
	t.Parallel()
	asked, ended := make(chan struct{}, 8), make(chan struct{}, 8)
	up := upstreamH2(t, nil, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	})
	doc := oneUpstream(strings.Replace(up, "http:", "h2c:", 1))
	g := newRig(t, strings.Replace(doc, "    upstream: up\n", "    upstream: up\n    timeouts: {try: 150ms, total: 400ms}\n", 1))
	if got := g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"); !strings.HasPrefix(got, "HTTP/1.1 504") {
		t.Errorf("answer is %.100q", got)
	}
	<-asked
	<-ended
	if err := g.Apply([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	for lane, c := range clients(t) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+g.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-asked
			cancel()
		}()
		if resp, err := c.Do(req); err == nil {
			_ = resp.Body.Close()
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Errorf("%s: the upstream was not told that nobody waits", lane)
		}
	}
}

// h2raw speaks HTTP/2 by hand: what a proper client can't be made to send.
func h2raw(t *testing.T, addr string, fields [][2]string) (status string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(c, http2.ClientPreface)
	fr := http2.NewFramer(c, c)
	_ = fr.WriteSettings()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range fields {
		_ = enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
	dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Name == ":status" {
			status = f.Value
		}
	})
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch f := f.(type) {
		case *http2.HeadersFrame:
			_, _ = dec.Write(f.HeaderBlockFragment())
			return status
		case *http2.RSTStreamFrame:
			return "reset"
		case *http2.GoAwayFrame:
			return "goaway"
		}
	}
}

// TestHTTP2CantBeMadeIntoAnotherRequest: what HTTP/2 can carry and HTTP/1.1
// would read otherwise gets nowhere.
func TestHTTP2CantBeMadeIntoAnotherRequest(t *testing.T) {
	t.Parallel()
	var seen []string
	up := upstreamServer(t, func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Method+" "+r.RequestURI) })
	g := newRig(t, oneUpstream(up))
	head := func(method, path, host string, more ...[2]string) [][2]string {
		return append([][2]string{{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", host}}, more...)
	}
	if got := h2raw(t, g.addr, head("GET", "/fine", "a")); got != "200" {
		t.Fatalf("a proper request got %s", got)
	}
	for name, fields := range map[string][][2]string{
		"blank in path":         head("GET", "/x HTTP/1.1", "a"),
		"request in path":       head("GET", "/x HTTP/1.1\r\nHost: a\r\n\r\nGET /evil", "a"),
		"fragment":              head("GET", "/x#y", "a"),
		"blank in method":       head("GET /evil HTTP/1.1\tX", "/x", "a"),
		"request in method":     head("GET /evil HTTP/1.1\r\nHost: a\r\n\r\nGET", "/x", "a"),
		"no path":               head("GET", "", "a"),
		"relative path":         head("GET", "x", "a"),
		"absolute path":         head("GET", "http://b/x", "a"),
		"asterisk":              head("GET", "*", "a"),
		"CONNECT":               {{":method", "CONNECT"}, {":authority", "a:443"}},
		"extended CONNECT":      head("CONNECT", "/ws", "a", [2]string{":protocol", "websocket"}),
		"line in host":          head("GET", "/x", "a\r\nX-Evil: 1"),
		"blank in host":         head("GET", "/x", "a b"),
		"user in host":          head("GET", "/x", "u@a"),
		"path in host":          head("GET", "/x", "a/b"),
		"no host":               {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}},
		"another Host":          head("GET", "/x", "a", [2]string{"host", "b"}),
		"line in value":         head("GET", "/x", "a", [2]string{"x-a", "b\r\nTransfer-Encoding: chunked"}),
		"NUL in value":          head("GET", "/x", "a", [2]string{"x-a", "b\x00c"}),
		"colon in name":         head("GET", "/x", "a", [2]string{"x-a: b\r\nx-b", "c"}),
		"upper case name":       head("GET", "/x", "a", [2]string{"X-A", "b"}),
		"Transfer-Encoding":     head("POST", "/x", "a", [2]string{"transfer-encoding", "chunked"}),
		"Connection":            head("GET", "/x", "a", [2]string{"connection", "x-a"}),
		"Upgrade":               head("GET", "/x", "a", [2]string{"upgrade", "websocket"}),
		"wrong length":          head("POST", "/x", "a", [2]string{"content-length", "5"}),
		"two lengths":           head("POST", "/x", "a", [2]string{"content-length", "0"}, [2]string{"content-length", "5"}),
		"length with plus":      head("POST", "/x", "a", [2]string{"content-length", "+0"}),
		"dot segments":          head("GET", "/a/../b", "a"),
		"encoded dots":          head("GET", "/a/%2e%2e/b", "a"),
		"pseudo field late":     {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {"x-a", "b"}, {":path", "/x"}},
		"pseudo field twice":    head("GET", "/x", "a", [2]string{":path", "/y"}),
		"unknown pseudo field":  head("GET", "/x", "a", [2]string{":evil", "1"}),
		"huge head":             head("GET", "/x", "a", [2]string{"x-a", strings.Repeat("x", 64<<10)}),
		"more fields than many": append(head("GET", "/x", "a"), many(300)...),
	} {
		got := h2raw(t, g.addr, fields)
		if strings.HasPrefix(got, "2") || strings.HasPrefix(got, "5") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if len(seen) != 1 || seen[0] != "GET /fine" {
		t.Errorf("the upstream was asked %q", seen)
	}
}

func many(n int) (list [][2]string) {
	for i := range n {
		list = append(list, [2]string{fmt.Sprintf("x-%d", i), "y"})
	}
	return list
}
