//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/bench/rig"
)

// gatewayRun is what is measured of a gateway, beside nginx in the same run.
type gatewayRun struct {
	c       *common
	reps    int
	seconds float64
	only    string
	dir     string
	rig     *rig.Rig
	report  report
	rows    []gatewayRow
}

// work is one kind of traffic.
type work struct {
	name    string
	path    string
	request func(host, key string) []byte
	conns   int
	events  int // of a stream; 0: no stream
	budget  [2]float64
}

// gatewayRow is one repetition.
type gatewayRow struct {
	target, work string
	us           float64 // of processor time for a request, or for an event of a stream
	rate         float64
	failed       int
}

func filler(n int) string { return strings.Repeat("The quick brown fox reports a bug. ", n/35+1)[:n] }

func works() []work {
	post := func(path string, n int) func(host, key string) []byte {
		body := `{"model":"mock","messages":[{"role":"user","content":"` + filler(n) + `"}]}`
		return func(host, key string) []byte {
			return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nUser-Agent: hcbench/1\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, host, key, len(body), body)
		}
	}
	get := func(path string) func(host, key string) []byte {
		return func(host, key string) []byte {
			return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nUser-Agent: hcbench/1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n", path, host, key)
		}
	}
	return []work{
		{name: "GET 1 KiB", path: "/echo", request: get("/echo"), conns: 64, budget: [2]float64{1.3, 1.8}},
		{name: "chat 0.5 kB", path: "/chat", request: post("/chat", 500), conns: 64, budget: [2]float64{1.3, 2.2}},
		{name: "chat 20 kB", path: "/long", request: post("/long", 20_000), conns: 64, budget: [2]float64{1.3, 1.5}},
		{name: "SSE event", path: "/events", request: get("/events"), conns: 64, events: 200, budget: [2]float64{2.5, 2.5}},
	}
}

func answers() map[string]rig.Answer {
	json := func(n int) []byte {
		return []byte(`{"id":"c-1","object":"chat.completion","choices":[{"message":{"content":"` + filler(n) + `"}}]}`)
	}
	return map[string]rig.Answer{
		"/echo":   {Type: "text/plain", Body: []byte(filler(1024))},
		"/chat":   {Type: "application/json", Body: json(420)},
		"/long":   {Type: "application/json", Body: json(420)},
		"/events": {Type: "text/event-stream", Body: []byte("data: {\"delta\":\"" + filler(60) + "\"}\n\n"), Events: 200},
	}
}

// side is one gateway that is measured.
type side struct {
	name string
	addr netip.AddrPort
	key  string
	cpu  func() time.Duration
	rss  func() int64
	stop func() error
}

func gatewayBench(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	b := &gatewayRun{c: c}
	fs.IntVar(&b.reps, "reps", 3, "repetitions, the targets in turn")
	fs.Float64Var(&b.seconds, "seconds", 4, "of each measurement")
	fs.StringVar(&b.only, "only", "", "only kinds of traffic whose name has this")
	growth := fs.Bool("growth", true, "measure 10,000 routes and 100,000 keys too")
	held := fs.Int("connections", 10_000, "keep-alive connections for the memory figure; 0: none")
	if err := fs.Parse(args); err != nil {
		return err
	}
	// The rig stays on one processor, what is measured on the other.
	if os.Getenv("HC_RIG_PINNED") == "" {
		if _, err := exec.LookPath("taskset"); err == nil {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", "1", self}, os.Args[1:]...)...)
			cmd.Env = append(os.Environ(), "HC_RIG_PINNED=1", "GOMAXPROCS=1")
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
			cmd.WaitDelay = 10 * time.Second
			return cmd.Run()
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	var err error
	if b.rig, err = rig.New(answers()); err != nil {
		return err
	}
	defer b.rig.Close()
	if b.dir, err = os.MkdirTemp("", "hcgateway"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	fmt.Printf("gateway: nginx with a 25-field access log, and hypercare with a key, a rate limit and metrics, each alone on one core; load %s\n", loadAverage())
	sides, err := b.sides(ctx)
	if err != nil {
		return err
	}
	for rep := range b.reps {
		for _, w := range works() {
			if b.only != "" && !strings.Contains(w.name, b.only) {
				continue
			}
			for _, start := range sides {
				if err := b.measure(ctx, start, w, rep); err != nil {
					return err
				}
			}
		}
	}
	b.print()
	if err := b.latency(ctx, sides); err != nil {
		return err
	}
	if err := b.visible(ctx); err != nil {
		return err
	}
	if *held > 0 {
		if err := b.memory(ctx, sides, *held); err != nil {
			return err
		}
	}
	if *growth {
		if err := b.growth(ctx); err != nil {
			return err
		}
	}
	return b.report.err(c.strict)
}

// starter starts one side; it is started anew for each measurement, so that
// nobody inherits another's heap.
type starter struct {
	name  string
	start func(ctx context.Context) (*side, error)
}

const (
	nginxName = "nginx, 25-field log"
	plainName = "hypercare, no call log"
	fullName  = "hypercare, call log"
)

func (b *gatewayRun) sides(ctx context.Context) ([]starter, error) {
	var out []starter
	if bin, err := exec.LookPath("nginx"); err != nil {
		fmt.Println("  nginx is not installed (Debian's package nginx): no ratios")
	} else {
		out = append(out, starter{nginxName, func(ctx context.Context) (*side, error) { return b.nginx(ctx, bin) }})
	}
	out = append(out, starter{plainName, func(ctx context.Context) (*side, error) { return b.hypercare(ctx, false) }})
	return append(out, starter{fullName, func(ctx context.Context) (*side, error) { return b.hypercare(ctx, true) }}), nil
}

func (b *gatewayRun) measure(ctx context.Context, st starter, w work, rep int) (err error) {
	s, err := st.start(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	load := rig.Load{To: s.addr, Request: w.request(s.addr.String(), s.key), Conns: w.conns, Warm: 500 * time.Millisecond, Duration: time.Duration(b.seconds * float64(time.Second))}
	if rep == 0 { // a first, short one: connections and pools are made
		short := load
		short.Duration = 500 * time.Millisecond
		if _, err := b.rig.Run(short); err != nil {
			return err
		}
	}
	// Warming is part of the processor's time: it is the same share for all.
	before := s.cpu()
	load.Warm = 0
	res, err := b.rig.Run(load)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", st.name, w.name, err)
	}
	used := s.cpu() - before
	n := res.Done
	if w.events > 0 {
		n = res.Events
	}
	if n == 0 {
		return fmt.Errorf("%s, %s: nothing was answered (%s)", st.name, w.name, res.FirstFail)
	}
	if res.Failed > 0 {
		fmt.Printf("  %s, %s: %d failed, the first: %s\n", st.name, w.name, res.Failed, res.FirstFail)
	}
	b.rows = append(b.rows, gatewayRow{target: st.name, work: w.name, us: float64(used.Microseconds()) / float64(n), rate: float64(n) / res.Elapsed.Seconds(), failed: res.Failed})
	return nil
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

func (b *gatewayRun) of(target, work string) (us, rate float64) {
	var u, r []float64
	for _, row := range b.rows {
		if row.target == target && row.work == work {
			u, r = append(u, row.us), append(r, row.rate)
		}
	}
	return median(u), median(r)
}

func (b *gatewayRun) print() {
	fmt.Println("  processor time a request (an event for SSE), median of the repetitions; requests a second on one core")
	for _, w := range works() {
		base, rate := b.of(nginxName, w.name)
		if base > 0 {
			b.report.line(w.name+", nginx", fmt.Sprintf("%.1f us, %s/s", base, thousands(rate)), "", true)
		}
		for i, name := range []string{plainName, fullName} {
			us, rate := b.of(name, w.name)
			if us == 0 {
				continue
			}
			figure := fmt.Sprintf("%.1f us, %s/s", us, thousands(rate))
			if base == 0 {
				b.report.line(w.name+", "+name, figure, "", true)
				continue
			}
			b.report.line(w.name+", "+name, fmt.Sprintf("%s: %.2f times nginx", figure, us/base), fmt.Sprintf("<= %.1f", w.budget[i]), us/base <= w.budget[i])
		}
	}
	failed := 0
	for _, row := range b.rows {
		failed += row.failed
	}
	b.report.line("failed requests", fmt.Sprint(failed), "0", failed == 0)
}

// latency compares what each adds at two fifths of nginx's rate, open loop.
func (b *gatewayRun) latency(ctx context.Context, sides []starter) error {
	_, rate := b.of(nginxName, "GET 1 KiB")
	if rate == 0 {
		return nil
	}
	rate = min(rate*0.4, 8000)
	w := works()[0]
	direct := b.rig.Addr()
	var base spread
	var at50, at99 time.Duration
	var nginx50, nginx99 time.Duration
	for _, s := range append([]starter{{name: "direct"}}, sides...) {
		var all spread
		for range max(b.reps, 1) {
			to, key, stop := direct, "", func() error { return nil }
			if s.start != nil {
				up, err := s.start(ctx)
				if err != nil {
					return err
				}
				to, key, stop = up.addr, up.key, up.stop
			}
			res, err := b.rig.Run(rig.Load{To: to, Request: w.request(to.String(), key), Conns: 64, Rate: rate, Warm: time.Second, Duration: time.Duration(b.seconds * float64(time.Second))})
			if err = errors.Join(err, stop()); err != nil {
				return err
			}
			all = append(all, res.Latency...)
		}
		slices.Sort(all)
		if s.start == nil {
			base = all
			continue
		}
		at50, at99 = all.at(50)-base.at(50), all.at(99)-base.at(99)
		figure := fmt.Sprintf("p50 %d us, p99 %d us", at50.Microseconds(), at99.Microseconds())
		if s.name == nginxName {
			nginx50, nginx99 = at50, at99
			b.report.line(fmt.Sprintf("added at %s/s, nginx", thousands(rate)), figure, "", true)
			continue
		}
		b.report.line("added, "+s.name, figure, "p50 <= nginx, p99 <= 2x", at50 <= nginx50 && at99 <= 2*nginx99)
	}
	return nil
}

// memory holds many connections open that each made a request.
func (b *gatewayRun) memory(ctx context.Context, sides []starter, conns int) error {
	w := works()[0]
	for _, st := range sides[len(sides)-1:] {
		s, err := st.start(ctx)
		if err != nil {
			return err
		}
		idle := s.rss()
		var rss int64
		held, err := b.rig.Hold(s.addr, w.request(s.addr.String(), s.key), conns, func() {
			time.Sleep(time.Second)
			rss = s.rss()
		})
		if err = errors.Join(err, s.stop()); err != nil {
			return err
		}
		b.report.line(fmt.Sprintf("memory, %s connections held", thousands(float64(held))), fmt.Sprintf("%d MB, %d MB before", rss>>20, idle>>20), "250 MB, 150 MB", rss <= 250<<20 && idle <= 150<<20)
	}
	return nil
}

// growth compares few routes and keys with many, in the gateway alone.
func (b *gatewayRun) growth(ctx context.Context) error {
	bin := filepath.Join(b.dir, "gwbench")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "./internal/bench/gwbench")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build gwbench: %w", err)
	}
	w := works()[0]
	sizes := [][2]int{{10, 100}, {10_000, 100_000}}
	us := [2][]float64{}
	for range max(b.reps, 1) {
		for i, n := range sizes {
			addr, err := proc.FreeAddr()
			if err != nil {
				return err
			}
			cmd := exec.CommandContext(ctx, "taskset", "-c", "0", bin, "-listen", addr, "-upstream", b.rig.Addr().String(), "-routes", fmt.Sprint(n[0]), "-keys", fmt.Sprint(n[1]))
			s, err := b.started(cmd, addr)
			if err != nil {
				return err
			}
			s.key = "key-7"
			res, err := b.spent(s, w)
			if err = errors.Join(err, s.stop()); err != nil {
				return err
			}
			us[i] = append(us[i], res)
		}
	}
	few, many := median(us[0]), median(us[1])
	b.report.line("10,000 routes and 100,000 keys", fmt.Sprintf("%.1f us; 10 and 100: %.1f us: %+.0f %%", many, few, 100*(many/few-1)), "+10 %", many/few <= 1.1)
	return nil
}

// spent is the processor time of one request.
func (b *gatewayRun) spent(s *side, w work) (float64, error) {
	load := rig.Load{To: s.addr, Request: w.request(s.addr.String(), s.key), Conns: w.conns, Duration: 500 * time.Millisecond}
	if _, err := b.rig.Run(load); err != nil {
		return 0, err
	}
	load.Duration = time.Duration(b.seconds * float64(time.Second))
	before := s.cpu()
	res, err := b.rig.Run(load)
	if err != nil {
		return 0, err
	}
	if res.Done == 0 || res.Failed > 0 {
		return 0, fmt.Errorf("%d answered, %d failed (%s)", res.Done, res.Failed, res.FirstFail)
	}
	return float64((s.cpu() - before).Microseconds()) / float64(res.Done), nil
}
