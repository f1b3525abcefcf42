package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/outbound"
)

func networks(t *testing.T, s string) outbound.Networks {
	t.Helper()
	n, err := outbound.ParseNetworks(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func client(t *testing.T, cfg outbound.Config) *outbound.Client {
	t.Helper()
	c := outbound.New(cfg)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func refused(err error) bool {
	_, ok := errors.AsType[*outbound.Refused](err)
	return ok
}

func TestThisHostIsNotAskedUnlessAllowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, r.UserAgent())
	})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	shut := client(t, outbound.Config{})
	// Every way to write it; localhost is only looked up when it is asked.
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]", "127.1.2.3"} {
		if _, _, err := shut.Get(t.Context(), "http://"+host+":"+port+"/", 0); !refused(err) {
			t.Errorf("%s: %v, want it refused", host, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Fatalf("the server was asked %d times", n)
	}
	for _, allow := range []string{"all", "127.0.0.0/8", "10.0.0.0/8, 127.0.0.1"} {
		c := client(t, outbound.Config{Allow: networks(t, allow), UserAgent: "hypercare/1"})
		body, _, err := c.Get(t.Context(), "http://127.0.0.1:"+port+"/", 0)
		if err != nil || string(body) != "hypercare/1" {
			t.Errorf("allowed by %q: %q, %v", allow, body, err)
		}
	}
}

func TestNoRedirectLeadsToARefusedPlace(t *testing.T) {
	t.Parallel()
	var inner atomic.Int32
	other, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this machine has no 127.0.0.2")
	}
	hidden := &httptest.Server{Listener: other, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inner.Add(1) })}}
	hidden.Start()
	t.Cleanup(hidden.Close)
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(w, r, hidden.URL, http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, "end")
		}
	})
	c := client(t, outbound.Config{Allow: networks(t, "127.0.0.1")})
	for _, path := range []string{"/inside", "/file"} {
		if _, _, err := c.Get(t.Context(), s.URL+path, 0); !refused(err) {
			t.Errorf("%s: %v, want it refused", path, err)
		}
	}
	if _, _, err := c.Get(t.Context(), s.URL+"/round", 0); err == nil || !strings.Contains(err.Error(), "more than 5 times") {
		t.Errorf("/round: %v", err)
	}
	if body, _, err := c.Get(t.Context(), s.URL+"/once", 0); err != nil || string(body) != "end" {
		t.Errorf("/once: %q, %v", body, err)
	}
	if n := inner.Load(); n != 0 {
		t.Errorf("the inner server was asked %d times", n)
	}
	tls := httptest.NewTLSServer(http.RedirectHandler(s.URL, http.StatusFound))
	t.Cleanup(tls.Close)
	pool := tls.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c = client(t, outbound.Config{Allow: networks(t, "all"), TLS: &outbound.TLS{Roots: pool}})
	if _, _, err := c.Get(t.Context(), tls.URL, 0); !refused(err) {
		t.Errorf("from https down to http: %v", err)
	}
	if _, _, err := client(t, outbound.Config{Allow: networks(t, "all")}).Get(t.Context(), tls.URL, 0); err == nil || refused(err) {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	_, _ = z.Write(bytes.Repeat([]byte("a"), 100_000))
	_ = z.Close()
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			w.Header().Set("Content-Length", "1001")
			_, _ = w.Write(make([]byte, 1001))
		case "/chunks":
			for range 20 {
				_, _ = w.Write(make([]byte, 100))
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zip.Bytes())
		case "/fits":
			_, _ = w.Write(make([]byte, 1000))
		case "/gone":
			w.WriteHeader(http.StatusGone)
		}
	})
	c := client(t, outbound.Config{Allow: networks(t, "all")})
	for _, path := range []string{"/long", "/chunks", "/bomb"} {
		if _, _, err := c.Get(t.Context(), s.URL+path, 1000); !errors.Is(err, outbound.ErrTooLarge) {
			t.Errorf("%s: %v, want too large", path, err)
		}
	}
	if b, _, err := c.Get(t.Context(), s.URL+"/fits", 1000); err != nil || len(b) != 1000 {
		t.Errorf("/fits: %d bytes, %v", len(b), err)
	}
	if _, _, err := c.Get(t.Context(), s.URL+"/gone", 0); err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("/gone: %v", err)
	}
}

func TestASlowServerIsLeft(t *testing.T) {
	t.Parallel()
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := client(t, outbound.Config{Allow: networks(t, "all"), Timeout: 50 * time.Millisecond})
	_, _, err := c.Get(t.Context(), s.URL, 0)
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		t.Errorf("Get = %v, want a time-out", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Get(ctx, s.URL, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Get after cancel = %v", err)
	}
}

func TestAddressesAreToldApart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		addr            string
		none, all, list bool // allowed by nothing, by all, by a list that names it
	}{
		{"8.8.8.8", true, true, true},
		{"2606:4700::1111", true, true, true},
		{"10.1.2.3", false, true, true},
		{"172.31.255.255", false, true, true},
		{"172.32.0.1", true, true, true},
		{"192.168.1.1", false, true, true},
		{"100.100.100.200", false, true, true},
		{"127.0.0.1", false, true, true},
		{"::1", false, true, true},
		{"fd12::1", false, true, true},
		{"::ffff:10.0.0.1", false, true, true},
		{"64:ff9b::a00:1", false, true, true},
		{"64:ff9b::808:808", true, true, true},
		{"169.254.169.254", false, false, true},
		{"::ffff:169.254.169.254", false, false, true},
		{"64:ff9b::a9fe:a9fe", false, false, true},
		{"fd00:ec2::254", false, false, true},
		{"168.63.129.16", false, false, true},
		{"fe80::1", false, false, true},
		{"255.255.255.255", false, false, true},
		{"::2", false, false, true},
		{"224.0.0.1", false, false, false},
		{"ff02::1", false, false, false},
		{"0.0.0.0", false, false, false},
		{"::", false, false, false},
	} {
		url := "http://" + net.JoinHostPort(tc.addr, "80")
		a := netip.MustParseAddr(tc.addr).Unmap()
		for allow, want := range map[string]bool{"": tc.none, "all": tc.all, a.String(): tc.list} {
			if err := client(t, outbound.Config{Allow: networks(t, allow)}).Check(url); (err == nil) != want {
				t.Errorf("%s with %q allowed: %v, want allowed %v", tc.addr, allow, err, want)
			}
		}
	}
	c := client(t, outbound.Config{})
	for _, bad := range []string{"", "example.com", "ftp://example.com/", "//example.com", "http://", "http://:80/", "https://a:b@example.com/", "http://exa mple", "mailto:a@b.c"} {
		if err := c.Check(bad); err == nil {
			t.Errorf("%q was taken for an address", bad)
		}
	}
}

func TestNetworksAreAFlag(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ args, want string }{
		{"", ""},
		{"-allow", "all"},
		{"-allow=10.0.0.1/8,::1", "10.0.0.0/8,::1/128"},
		{"-allow=false", ""},
	} {
		var n outbound.Networks
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		fs.Var(&n, "allow", "")
		if err := fs.Parse(strings.Fields(tc.args)); err != nil || n.String() != tc.want {
			t.Errorf("%q = %q, %v, want %q", tc.args, n.String(), err, tc.want)
		}
	}
	if _, err := outbound.ParseNetworks("10.0.0.0/33"); err == nil {
		t.Error("10.0.0.0/33 was taken")
	}
}

// FuzzCheck: no literal address of this host or of a cloud's metadata passes,
// however it is written.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1", "http://[::1]:80/x", "https://169.254.169.254/latest", "http://[::ffff:7f00:1]", "http://0x7f.1", "http://[fe80::1%25eth0]/"} {
		f.Add(s)
	}
	c := outbound.New(outbound.Config{})
	f.Fuzz(func(t *testing.T, s string) {
		if c.Check(s) != nil {
			return
		}
		u, err := outbound.ParseURL(s)
		if err != nil {
			t.Fatalf("%q passed and is no URL: %v", s, err)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			if a = a.Unmap(); a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
				t.Fatalf("%q passed", s)
			}
		}
	})
}
