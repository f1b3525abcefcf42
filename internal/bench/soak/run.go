package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
)

type config struct {
	time    time.Duration
	clients int // of each kind
}

// soak is a run.
type soak struct {
	config
	g             *gateway.Gateway
	clear, secure net.Listener
	client        *tls.Config
	steady, shaky []*upstream // steady ones live all the time
	report        report
	wg            sync.WaitGroup
}

func run(ctx context.Context, c config, out io.Writer) (*report, error) {
	s := &soak{config: c, report: report{kinds: map[string]*count{}}}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := s.start(dir); err != nil {
		return nil, err
	}
	// Once for a moment, so that what is made once is there before it is counted.
	if err := s.traffic(ctx, min(2*time.Second, c.time), io.Discard); err != nil {
		return nil, err
	}
	s.report = report{kinds: map[string]*count{}}
	s.report.before = s.quiet()
	began := time.Now()
	if err := s.traffic(ctx, c.time, out); err != nil {
		return nil, err
	}
	s.report.took = time.Since(began)
	s.report.after = s.quiet()
	return &s.report, s.stop()
}

// start makes a gateway, with TLS and without, and what is behind it.
func (s *soak) start(dir string) error {
	for i := range 5 {
		u, err := newUpstream(i == 4)
		if err != nil {
			return err
		}
		s.steady = append(s.steady, u)
		if u, err = newUpstream(i == 4); err != nil {
			return err
		}
		s.shaky = append(s.shaky, u)
	}
	s.g = gateway.New(gateway.Options{Log: slog.New(slog.DiscardHandler)})
	file, client, err := certificate(dir)
	if err != nil {
		return err
	}
	s.client = client
	if err := s.g.SetTLS(gateway.TLS{Certificates: []gateway.CertificateFiles{{Cert: file}}}); err != nil {
		return err
	}
	if s.clear, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if s.secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.wg.Go(func() { _ = s.g.Serve(s.clear) })
	s.wg.Go(func() { _ = s.g.ServeTLS(s.secure) })
	return nil
}

func (s *soak) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := errors.Join(s.clear.Close(), s.secure.Close(), s.g.Shutdown(ctx))
	for _, u := range append(s.steady, s.shaky...) {
		u.kill()
	}
	s.wg.Wait()
	return err
}

// document publishes the steady upstreams under /steady and the others under
// /shaky; what else is in it changes from one to the next.
func (s *soak) document(n int) []byte {
	urls := func(list []*upstream) (out string) {
		for i, u := range list {
			if i > 0 && (i+n)%4 == 0 {
				continue // not all of them all the time
			}
			out += fmt.Sprintf("{url: \"http://%s\", weight: %d}, ", u.addr, 1+(n+i)%3)
		}
		return out
	}
	balance := []string{"round_robin", "least_outstanding", "hash"}[n%3]
	return fmt.Appendf(nil, `gateway: 1
upstreams:
  - {name: steady-%[1]d, balance: %[2]s, targets: [%[3]s]}
  - {name: shaky, balance: %[2]s, targets: [%[4]s], eject: {failures: 5, for: 100ms}, retries: {attempts: 3}}
  - {name: steady-h2, targets: [{url: "h2c://%[5]s"}]}
  - {name: shaky-h2, targets: [{url: "h2c://%[6]s"}]}
apis:
  - name: soak
    timeouts: {connect: 1s, try: 20s, total: 20s, idle: 20s}
    policies: {headers: {set: {X-Number: "%[1]d"}}}
    routes:
      - {name: steady, prefix: /steady, rewrite: /, upstream: steady-%[1]d}
      - {name: shaky, prefix: /shaky, rewrite: /, upstream: shaky}
      - {name: steady-h2, prefix: /steady-h2, rewrite: /, upstream: steady-h2}
      - {name: shaky-h2, prefix: /shaky-h2, rewrite: /, upstream: shaky-h2}
`, n%7, balance, urls(s.steady[:4]), urls(s.shaky[:4]), s.steady[4].addr, s.shaky[4].addr)
}

// traffic lets everything happen at once for a while.
func (s *soak) traffic(ctx context.Context, d time.Duration, out io.Writer) error {
	if err := s.g.Apply(s.document(0)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	wg.Go(func() {
		if err := s.chaos(ctx); err != nil {
			failed.Store(&err)
			cancel()
		}
	})
	wg.Go(func() {
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_, _ = fmt.Fprintln(out, s.report.line())
			}
		}
	})
	var transports []*http.Transport
	for _, c := range s.kindsOfTraffic(&transports) {
		k := s.report.kind(c.kind)
		for range s.clients {
			wg.Go(func() {
				for ctx.Err() == nil {
					// A request that has begun may end.
					s.one(context.WithoutCancel(ctx), c, k)
				}
			})
		}
	}
	wg.Wait()
	for _, t := range transports {
		t.CloseIdleConnections()
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// one sends a request where upstreams live, or where they die.
func (s *soak) one(ctx context.Context, c *client, k *count) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	paths := []string{"/steady/x", "/shaky/x", "/steady-h2/x", "/shaky-h2/x"}
	if c.kind == "gRPC" {
		paths = paths[2:]
	} else if c.secure != nil || c.http == nil {
		paths = paths[:2]
	}
	i := rand.IntN(len(paths))
	began := time.Now()
	err := c.once(ctx, paths[i])
	k.add(c.kind, time.Since(began), err, i%2 == 1, s.report.note)
}

// kindsOfTraffic are the kinds of traffic.
func (s *soak) kindsOfTraffic(transports *[]*http.Transport) []*client {
	over := func(kind string, ln net.Listener, h2, secure bool) *client {
		t := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: s.client.Clone(), MaxIdleConnsPerHost: 64, DisableCompression: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, ln.Addr().String())
			}}
		t.Protocols.SetHTTP1(!h2)
		t.Protocols.SetHTTP2(h2)
		t.Protocols.SetUnencryptedHTTP2(h2)
		*transports = append(*transports, t)
		scheme := "http"
		if secure {
			scheme = "https"
		}
		return &client{kind: kind, url: scheme + "://soak.example", http: &http.Client{Transport: t}, addr: ln.Addr().String()}
	}
	return []*client{
		over("HTTP/1.1", s.clear, false, false), over("HTTP/1.1 TLS", s.secure, false, true),
		over("h2c", s.clear, true, false), over("HTTP/2 TLS", s.secure, true, true),
		over("gRPC", s.secure, true, true),
		{kind: "upgrade", addr: s.clear.Addr().String()}, {kind: "upgrade TLS", addr: s.secure.Addr().String(), secure: s.client.Clone()},
	}
}

// chaos publishes anew and kills.
func (s *soak) chaos(ctx context.Context) error {
	down := map[*upstream]bool{}
	for n := 1; ; n++ {
		wait := time.NewTimer(time.Duration(20+rand.IntN(80)) * time.Millisecond)
		select {
		case <-ctx.Done():
			wait.Stop()
			for u := range down {
				if err := u.start(); err != nil {
					return err
				}
			}
			return nil
		case <-wait.C:
		}
		if err := s.g.Apply(s.document(n)); err != nil {
			return err
		}
		s.report.reloads.Add(1)
		u := s.shaky[rand.IntN(len(s.shaky))]
		switch {
		case down[u]:
			delete(down, u)
			if err := u.start(); err != nil {
				return err
			}
		case rand.IntN(3) == 0 && len(down) < 3:
			u.kill()
			down[u] = true
			s.report.kills.Add(1)
		}
	}
}

// quiet closes what is idle and counts what is left.
func (s *soak) quiet() figures {
	_ = s.g.Apply([]byte("gateway: 1\nupstreams: []\napis: []\n"))
	var f figures
	for range 50 { // connections take a moment to end
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		g := figures{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc, files: openFiles()}
		if g.goroutines == f.goroutines && g.files == f.files {
			return g
		}
		f = g
		t := time.NewTimer(200 * time.Millisecond)
		<-t.C
	}
	return f
}

func openFiles() int {
	list, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return 0
	}
	return len(list)
}
