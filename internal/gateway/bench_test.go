package gateway

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"testing"
)

// BenchmarkFastLane is one request on a kept connection through the gateway
// and back, with a client and an upstream that allocate nothing: what is
// allocated is the gateway's. A route without policies must show 0.
func BenchmarkFastLane(b *testing.B) {
	for _, bm := range []struct{ name, policies string }{
		{"plain", ""},
		{"headers", "      headers: {set: {X-Tier: gold}}\n"},
		{"limit", "      limit: {rate: 1000000/s}\n"},
	} {
		b.Run(bm.name, func(b *testing.B) { benchFastLane(b, bm.policies) })
	}
}

var benchRequest = []byte("GET /api/v1/orders/17?x=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n")

func benchFastLane(b *testing.B, policies string) {
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = up.Close() }()
	answer := append([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n"), bytes.Repeat([]byte("x"), 1024)...)
	go func() {
		for {
			c, err := up.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil { // one write is one request here
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	doc := oneUpstream("http://" + up.Addr().String())
	if policies != "" {
		doc = withPolicies("http://"+up.Addr().String(), policies)
	}
	g := New(Options{Log: slog.New(slog.DiscardHandler)})
	if err := g.Apply([]byte(doc)); err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = g.Serve(ln) }()
	defer func() { _ = ln.Close(); _ = g.Shutdown(b.Context()) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	buf := make([]byte, 8192)
	ask := func() {
		if _, err := c.Write(benchRequest); err != nil {
			b.Fatal(err)
		}
		for n, want := 0, -1; want < 0 || n < want; {
			k, err := c.Read(buf[n:])
			if err != nil && err != io.EOF || k == 0 {
				b.Fatal(err)
			}
			if n += k; want < 0 {
				if i := bytes.Index(buf[:n], []byte("\r\n\r\n")); i >= 0 {
					want = i + 4 + 1024
				}
			}
		}
	}
	ask()
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}
