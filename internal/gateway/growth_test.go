package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// manyRoutes is a document of n routes with a key and a limit.
func manyRoutes(n int) string {
	var doc strings.Builder
	doc.WriteString("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: \"http://127.0.0.1:1\"}]}\napis:\n  - name: a\n    upstream: up\n    hosts: [a.example]\n    policies: {limit: {rate: 1000000/s}}\n    routes:\n")
	for i := range n {
		fmt.Fprintf(&doc, "      - {name: r%d, path: \"/api/service%d/orders/{id}\", methods: [GET]}\n", i, i)
	}
	return doc.String()
}

// BenchmarkLoad prints how long a publication takes to come into force.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		docs := []string{manyRoutes(n), manyRoutes(n) + "# again\n"}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := New(Options{})
			defer func() { _ = g.Shutdown(b.Context()) }()
			i := 0
			for b.Loop() {
				i++
				if err := g.Apply([]byte(docs[i%2])); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGrowth prints how the cost of a whole call grows with the number of
// routes: over a socket, through both the lane and an upstream's connection.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchCall(b, n) })
	}
}

func benchCall(b *testing.B, routes int) {
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = up.Close() }()
	go func() {
		for {
			c, err := up.Accept()
			if err != nil {
				return
			}
			go answerAll(c)
		}
	}()
	g := New(Options{})
	defer func() { _ = g.Shutdown(b.Context()) }()
	if err := g.Apply([]byte(strings.Replace(manyRoutes(routes), "127.0.0.1:1\"", up.Addr().String()+"\"", 1))); err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() { _ = g.Serve(ln) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	i := 0
	for b.Loop() {
		i++
		if _, err := fmt.Fprintf(c, "GET /api/service%d/orders/%d HTTP/1.1\r\nHost: a.example\r\n\r\n", i*7919%routes, i); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 200 {
			b.Fatal(resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	}
}

// answerAll answers every request on a connection with two bytes.
func answerAll(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	for {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}
