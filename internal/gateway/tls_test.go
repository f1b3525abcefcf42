package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/gatewaytest"
)

// newSecure adds a listener with TLS to a rig and returns its address.
func (r *rig) newSecure(t *testing.T, o TLS) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Addr = ln.Addr()
	if err := r.SetTLS(o); err != nil {
		_ = ln.Close()
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.ServeTLS(ln) }()
	t.Cleanup(func() { _ = ln.Close(); <-served })
	return ln.Addr().String()
}

// secureClients are clients that choose HTTP/1.1 and HTTP/2.
func secureClients(t *testing.T, config *tls.Config, addr string) map[string]*http.Client {
	out := map[string]*http.Client{}
	for _, name := range []string{"h1", "h2"} {
		var p http.Protocols
		p.SetHTTP1(name == "h1")
		p.SetHTTP2(name == "h2")
		tr := &http.Transport{Protocols: &p, TLSClientConfig: config.Clone(), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}}
		t.Cleanup(tr.CloseIdleConnections)
		out[name] = &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return out
}

// pairFiles writes certificate and key and returns where they are.
func pairFiles(t *testing.T, ca *gatewaytest.Authority, names ...string) CertificateFiles {
	t.Helper()
	f := filepath.Join(t.TempDir(), "server")
	cert, key := ca.Issue(names...)
	gatewaytest.Write(t, f+".pem", cert)
	gatewaytest.Write(t, f+".key", key)
	return CertificateFiles{Cert: f + ".pem", Key: f + ".key"}
}

func TestBothLanesBehindTLS(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("X-Saw", r.Header.Get("X-Forwarded-Proto"))
		_, _ = io.Copy(w, r.Body)
	})
	g := newRig(t, oneUpstream(up))
	addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "one.example"), pairFiles(t, ca, "*.two.example", "three.example")}})
	for lane, c := range secureClients(t, &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, addr) {
		for _, host := range []string{"one.example", "a.two.example", "three.example"} {
			body := strings.Repeat("0123456789", 50_000)
			resp, err := c.Post("https://"+host+"/", "text/plain", strings.NewReader(body)) //nolint:noctx // the client has its own time-out
			if err != nil {
				t.Fatalf("%s %s: %v", lane, host, err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || string(got) != body || resp.Header.Get("X-Saw") != "https" || resp.ProtoMajor != map[string]int{"h1": 1, "h2": 2}[lane] {
				t.Errorf("%s %s: %s, %d bytes, %v, %v", lane, host, resp.Proto, len(got), resp.Header, err)
			}
		}
		if _, err := c.Get("https://four.example/"); err == nil { //nolint:noctx,bodyclose // there is none
			t.Errorf("%s: a host that no certificate is for", lane)
		}
	}
	for _, x := range g.recorded() {
		if !x.TLS {
			t.Errorf("recorded without TLS: %+v", x)
		}
	}
}

// TestUpgradesBehindTLS: a tunnel through the fast lane over crypto/tls.
func TestUpgradesBehindTLS(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "echo" {
			http.Error(w, "no upgrade: "+r.Header.Get("Upgrade"), 400)
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
	addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "one.example")}})
	open := func() *tls.Conn {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: "one.example", MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		return c
	}
	c := open()
	_, _ = io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
	_, _ = io.WriteString(c, "late")
	_ = c.CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 101 ") || !strings.HasSuffix(string(got), "\r\n\r\nhello early late") {
		t.Errorf("tunnel gave %q, %v", got, err)
	}
	// HTTP inside of HTTP would pass all policies by.
	c = open()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
	if got, _ := io.ReadAll(c); !strings.HasPrefix(string(got), "HTTP/1.1 400 ") || !strings.Contains(string(got), "no upgrade: \n") {
		t.Errorf("Upgrade: h2c got %.200q", got)
	}
}

// TestCertificatesAreReplacedWithoutAPause: connections stay, new ones see the
// new certificate, and a file that is no good changes nothing.
func TestCertificatesAreReplacedWithoutAPause(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	var log syncBuffer
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	g := newRig(t, oneUpstream(up), func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	files := pairFiles(t, ca, "one.example")
	addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{files}})
	serial := func() string {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: "one.example", MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	kept, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: "one.example", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kept.Close() }()
	first := serial()
	certs := g.tls.Load().certs
	gatewaytest.Write(t, files.Cert, []byte("nonsense"))
	certs.refresh(time.Now())
	if got := serial(); got != first {
		t.Errorf("after a bad file: certificate %s, want %s", got, first)
	}
	if !strings.Contains(log.String(), "the old one stays") {
		t.Errorf("nobody was told: %s", log.String())
	}
	cert, key := ca.Issue("one.example")
	gatewaytest.Write(t, files.Cert, cert) // the key is still the old one's
	certs.refresh(time.Now())
	if got := serial(); got != first {
		t.Errorf("while the key is not there yet: certificate %s, want %s", got, first)
	}
	gatewaytest.Write(t, files.Key, key)
	certs.refresh(time.Now())
	if got := serial(); got == first {
		t.Error("the new certificate is not in use")
	}
	_ = kept.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(kept, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if got, _ := io.ReadAll(kept); !strings.HasSuffix(string(got), "ok") {
		t.Errorf("the connection from before: %q", got)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// seesCertificates is a policy that tells what it was shown.
type seesCertificates struct {
	pool *x509.CertPool
	told chan string
}

func (*seesCertificates) wantsClientCertificate() {}

func (p *seesCertificates) check(x *Exchange) *refusal {
	c := x.ClientCertificate()
	switch {
	case c == nil:
		p.told <- "none"
	default:
		p.told <- fmt.Sprintf("%s %v %x trusted=%v verified=%v", c.Subject, c.Names, c.SHA256[:2], c.Trusted, c.Verify(p.pool) == nil)
	}
	return nil
}

// TestClientsShowCertificatesWhereTheyAreWanted, in both lanes, and only
// there; who believes in them is said apart.
func TestClientsShowCertificatesWhereTheyAreWanted(t *testing.T) {
	t.Parallel()
	ca, other := gatewaytest.NewAuthority(t, "CA"), gatewaytest.NewAuthority(t, "Other")
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: all, upstream: up, hosts: [api.example], routes: [{name: all, prefix: /}]}\n  - {name: open, upstream: up, hosts: [open.example], routes: [{name: all, prefix: /}]}\n", up)
	g := newRig(t, doc)
	see := &seesCertificates{pool: ca.Pool(), told: make(chan string, 1)}
	snap := g.snap.Load()
	for _, r := range snap.routes {
		r.policies = append(r.policies, namedPolicy{"sees", see})
	}
	snap.wantCertificate(snap.routes[0], []string{"api.example"})
	addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "api.example", "open.example")}})
	for name, tc := range map[string]struct {
		pair *tls.Certificate
		host string
		want string
	}{
		"ours":       {new(ca.Pair("client-1", "10.1.2.3", "spiffe://a/b")), "api.example", "CN=client-1,O=Test [DNS:client-1 IP:10.1.2.3 URI:spiffe://a/b] "},
		"another's":  {new(other.Pair("client-2")), "api.example", "CN=client-2,O=Test [DNS:client-2] "},
		"none":       {nil, "api.example", "none"},
		"not wanted": {new(ca.Pair("client-3")), "open.example", "none"},
	} {
		config := &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
		if tc.pair != nil {
			// Shown whatever authorities the server names.
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tc.pair, nil }
		}
		for lane, c := range secureClients(t, config, addr) {
			resp, err := c.Get("https://" + tc.host + "/") //nolint:noctx // the client has its own time-out
			if err != nil {
				t.Fatalf("%s %s: %v", name, lane, err)
			}
			_ = resp.Body.Close()
			got := <-see.told
			if !strings.HasPrefix(got, tc.want) || tc.pair != nil && got != "none" && strings.HasSuffix(got, "verified=true") != (name == "ours") {
				t.Errorf("%s %s: the policy saw %s, want %s", name, lane, got, tc.want)
			}
		}
	}
}

// TestBadTLSIsRefused with a word where there is one, counted and logged.
func TestBadTLSIsRefused(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	var log syncBuffer
	logged := func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }
	files := []CertificateFiles{pairFiles(t, ca, "one.example")}
	g := newRig(t, oneUpstream("http://127.0.0.1:1"), logged)
	addr := g.newSecure(t, TLS{Certificates: files})
	// Little time is only for who says nothing: others need some to be wrong in.
	hasty := newRig(t, oneUpstream("http://127.0.0.1:1"), logged, func(o *Options) {
		o.Limits = DefaultLimits
		o.Limits.Head = 300 * time.Millisecond
	})
	send := func(addr, what string) string {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(c, what)
		b, _ := io.ReadAll(c)
		return string(b)
	}
	if got := send(addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "https:// here.") {
		t.Errorf("HTTP on the port of HTTPS: %q", got)
	}
	if got := send(addr, "SSH-2.0-OpenSSH\r\n"); strings.HasPrefix(got, "HTTP") {
		t.Errorf("SSH: %q", got)
	}
	send(hasty.newSecure(t, TLS{Certificates: files}), "\x16\x03\x01") // and nothing more: it is not waited for
	for name, config := range map[string]*tls.Config{
		"TLS 1.1":          {InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"RSA key exchange": {InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
		"strange ALPN":     {InsecureSkipVerify: true, NextProtos: []string{"spdy/3"}},
	} {
		if c, err := tls.Dial("tcp", addr, config); err == nil {
			_ = c.Close()
			t.Errorf("%s was taken", name)
		}
	}
	// A connection is closed before it is counted.
	until(t, func() bool { return g.TLSFailures() >= 5 && hasty.TLSFailures() >= 1 })
	if n, m := g.TLSFailures(), hasty.TLSFailures(); n != 5 || m != 1 {
		t.Errorf("%d and %d failures were counted, want 5 and 1", n, m)
	}
	for _, want := range []string{"does not look like a TLS handshake", "took too long", "unsupported versions", "no cipher suite"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

func TestWhoComesWithoutTLSIsSentToIt(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t, "CA")
	g := newRig(t, oneUpstream("http://127.0.0.1:1"))
	addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{pairFiles(t, ca, "one.example")}, Redirect: true})
	_, port, _ := net.SplitHostPort(addr)
	got := g.raw(t, "POST /a%2Fb?c=d HTTP/1.1\r\nHost: One.example:80\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 308 ") || !strings.Contains(got, "\r\nLocation: https://one.example:"+port+"/a%2Fb?c=d\r\n") {
		t.Errorf("answer is %q", got)
	}
}

// TestWhoComesBeforeTLSIsPutOff: a port that is not known is not named.
func TestWhoComesBeforeTLSIsPutOff(t *testing.T) {
	t.Parallel()
	g := newRig(t, oneUpstream("http://127.0.0.1:1"))
	if err := g.SetTLS(TLS{Certificates: []CertificateFiles{pairFiles(t, gatewaytest.NewAuthority(t, "CA"), "one.example")}, Redirect: true}); err != nil {
		t.Fatal(err)
	}
	got := g.raw(t, "GET / HTTP/1.1\r\nHost: one.example\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "\r\nRetry-After: 1\r\n") || strings.Contains(got, "Location") {
		t.Errorf("answer is %q", got)
	}
}

func TestBadCertificateFilesAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	g := newRig(t, oneUpstream("http://127.0.0.1:1"))
	dir := t.TempDir()
	gatewaytest.Write(t, filepath.Join(dir, "bad"), []byte("nonsense"))
	for name, o := range map[string]TLS{
		"nothing":      {},
		"no file":      {Certificates: []CertificateFiles{{Cert: filepath.Join(dir, "none")}}},
		"no PEM":       {Certificates: []CertificateFiles{{Cert: filepath.Join(dir, "bad")}}},
		"no authority": {Certificates: []CertificateFiles{pairFiles(t, gatewaytest.NewAuthority(t, "CA"), "a.example")}, ClientCA: filepath.Join(dir, "bad")},
		"no folder":    {ACME: &ACME{}},
	} {
		if err := g.SetTLS(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
