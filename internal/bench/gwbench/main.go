// Command gwbench serves the gateway alone, for measuring it: a document, or
// any number of routes and keys that it makes up.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:18200", "address")
	file := flag.String("config", "", "document")
	upstream := flag.String("upstream", "127.0.0.1:19001", "address, for made up routes")
	routes := flag.Int("routes", 0, "routes to make up, besides /echo")
	keys := flag.Int("keys", 0, "keys to make up: key-0, key-1, ...")
	flag.Parse()
	doc := made(*upstream, *routes)
	if *file != "" {
		var err error
		if doc, err = os.ReadFile(*file); err != nil {
			slog.Error("read", "err", err)
			os.Exit(1)
		}
	}
	g := gateway.New(gateway.Options{Log: slog.Default(), Keys: ringOf(*keys)})
	if err := g.Apply(doc); err != nil {
		slog.Error("apply", "err", err)
		os.Exit(1)
	}
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		slog.Error("listen", "err", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() { _ = g.Serve(ln) }()
	<-ctx.Done()
	_ = ln.Close()
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = g.Shutdown(end)
}

// made is a document with one API that asks for a key, and n routes beside
// the one that is called.
func made(upstream string, n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "gateway: 1\nupstreams:\n  - {name: up, targets: [{url: \"http://%s\"}], idle_connections: 512}\napis:\n  - name: bench\n    upstream: up\n", upstream)
	b.WriteString("    policies: {key: {}, limit: {rate: 1000000/s, burst: 1000000}}\n    routes:\n      - {name: echo, path: /echo}\n")
	for i := range n {
		fmt.Fprintf(&b, "      - {name: r%d, path: \"/things%d/{id}/parts\", methods: [GET]}\n", i, i)
	}
	return b.Bytes()
}

// ring is a fixed set of keys.
type ring map[[sha256.Size]byte]*gateway.Consumer

func ringOf(n int) ring {
	r := ring{}
	for i := range n {
		r[sha256.Sum256(fmt.Appendf(nil, "key-%d", i))] = &gateway.Consumer{Application: fmt.Sprint(i), KeyID: fmt.Sprint(i)}
	}
	return r
}

// Find implements gateway.Keys.
func (r ring) Find(sum [sha256.Size]byte) (*gateway.Consumer, bool) { return r[sum], true }
