package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// TestANameIsFollowed has servers on one port of two addresses: the
// name leads to the first, to both, to none, then to the second alone.
func TestANameIsFollowed(t *testing.T) {
	t.Parallel()
	var ports [2]string
	serve := func(addr, name string) (net.Listener, error) {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, err
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })} //nolint:gosec // a test's
		go func() { _ = s.Serve(ln) }()
		t.Cleanup(func() { _ = s.Close() })
		return ln, nil
	}
	one, err := serve("127.0.0.1:0", "one")
	if err != nil {
		t.Fatal(err)
	}
	_, ports[0], _ = net.SplitHostPort(one.Addr().String())
	if _, err := serve("127.0.0.2:"+ports[0], "two"); err != nil {
		t.Skipf("this machine has no second address of its own: %v", err)
	}
	var leads atomic.Pointer[[]netip.Addr]
	lead := func(list ...string) {
		addrs := make([]netip.Addr, len(list))
		for i, a := range list {
			addrs[i] = netip.MustParseAddr(a)
		}
		leads.Store(&addrs)
	}
	lead("127.0.0.1")
	g := newRig(t, "gateway: 1\nupstreams: []\napis: []\n", func(o *Options) {
		o.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "shop.test" {
				return nil, fmt.Errorf("asked for %s", host)
			}
			if list := *leads.Load(); len(list) > 0 {
				return list, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: host}
		}
	})
	if err := g.Apply([]byte(oneUpstream("http://shop.test:"+ports[0], "    dns_ttl: 1ms\n"))); err != nil {
		t.Fatal(err)
	}
	ask := func() string {
		out := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		return out[strings.LastIndex(out, "\n")+1:]
	}
	if got := ask(); got != "one" {
		t.Errorf("asked %q, want one", got)
	}
	lead()
	until(t, func() bool { return ask() == "one" }) // what was known holds
	lead("127.0.0.2")
	until(t, func() bool { return ask() == "two" })
	for range 20 {
		if got := ask(); got != "two" {
			t.Fatalf("asked %q though the name leads to two", got)
		}
	}
	// An address that nobody answers at is passed over.
	lead("127.0.0.3", "127.0.0.1")
	until(t, func() bool { return ask() == "one" })
	for range 5 {
		if got := ask(); got != "one" {
			t.Fatalf("asked %q", got)
		}
	}
}
