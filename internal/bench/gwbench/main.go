// Command gwbench serves the gateway alone, for measuring it.
package main

import (
	"context"
	"flag"
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
	flag.Parse()
	doc, err := os.ReadFile(*file)
	if err != nil {
		slog.Error("read", "err", err)
		os.Exit(1)
	}
	g := gateway.New(gateway.Options{Log: slog.Default()})
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
