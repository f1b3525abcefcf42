package metric

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestNativeHistogramTellsQuantiles holds the histogram that is stored against
// the durations themselves.
func TestNativeHistogramTellsQuantiles(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	var durations []float64
	counts := map[int]uint64{}
	for range 20_000 {
		d := math.Exp(rnd.NormFloat64()*1.5 - 5) // seconds; 7 ms in the middle
		durations = append(durations, d)
		for i := range gateway.Buckets {
			if from, to := gateway.BucketRange(i); d >= from && d < to {
				counts[i]++
				break
			}
		}
	}
	h := native(func(fn func(int, uint64)) (n uint64, sum float64) {
		for i := range gateway.Buckets {
			if counts[i] > 0 {
				fn(i, counts[i])
				n += counts[i]
			}
		}
		return n, 1
	})
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(durations)
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
		want := durations[int(q*float64(len(durations)))]
		got, _ := promql.HistogramQuantile(q, h.ToFloat(nil), "h", posrange.PositionRange{})
		if math.Abs(got/want-1) > 0.1 {
			t.Errorf("q%v = %v, want %v within 10 %%", q, got, want)
		}
	}
	if empty := native(func(func(int, uint64)) (uint64, float64) { return 0, 0 }); empty.Validate() != nil || empty.Count != 0 {
		t.Errorf("empty: %+v", empty)
	}
}

// TestSamplerCountsFromNothing calls a gateway before it is sampled at all,
// and wants those calls in rates; a counter of the next process is not
// mistaken for the old one.
func TestSamplerCountsFromNothing(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	now := time.Now().Add(-10 * time.Minute)
	s.now = func() time.Time { return now }
	for process, want := range []string{`{class="2xx"} 3`, `{class="2xx"} 6`} {
		g, url, ended := serving(t)
		now = now.Add(time.Second)
		a := s.NewSampler(g, "n1")
		for range 3 {
			call(t, url)
			<-ended
		}
		for range 3 {
			now = now.Add(SampleEvery)
			if err := a.Sample(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		// Over all samples, without the ends that increase() adds.
		got := ask(t, s, "w1", `round(sum by (class) (increase(hypercare_gateway_requests_total[10m])))`, now)
		if got != want {
			t.Errorf("process %d: %s, want %s", process, got, want)
		}
		if got := ask(t, s, "w1", `histogram_count(hypercare_gateway_request_duration_seconds)`, now); got != `{api="a", instance="n1", job="hypercare", route="all"} 3` {
			t.Errorf("histogram: %s", got)
		}
		if got := ask(t, s, "w1", `sum by (upstream) (hypercare_gateway_target_requests_total)`, now); got != fmt.Sprintf(`{upstream="up"} %d`, 3+3*process) {
			t.Errorf("target: %s", got)
		}
		if got := ask(t, s, "w2", `count({__name__=~".+"})`, now); got != "" {
			t.Errorf("another workspace sees %s", got)
		}
	}
	ctx := workspace.System(t.Context(), "w1")
	traffic, err := s.Traffic(ctx, "10m")
	if err != nil || len(traffic.Routes) != 1 {
		t.Fatalf("traffic %+v %v", traffic, err)
	}
	if r := traffic.Routes[0]; r.API != "a" || r.Route != "all" || r.Requests != 6 || r.Errors != 0 || r.P99 == nil || slices.Max(r.Spark) == 0 {
		t.Errorf("route %+v", r)
	}
	chart, err := s.RouteSeries(ctx, "a", "", "all", "10m")
	if err != nil || len(chart.Series["rate"]) < 50 || chart.Series["2xx"] == nil || chart.Series["p50_ms"] == nil {
		t.Errorf("chart %+v %v", chart, err)
	}
	for _, bad := range []string{"1s", "99d", "x"} {
		if _, err := s.Traffic(ctx, bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("range %s: %v", bad, err)
		}
	}
	if _, err := s.Traffic(t.Context(), ""); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
}

// serving is a gateway with one route of workspace w1, in front of a server. It
// tells of every exchange that has ended, and was counted: that is after the
// client has its answer.
func serving(t *testing.T) (g *gateway.Gateway, url string, ended <-chan struct{}) {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(up.Close)
	told := make(chan struct{}, 100)
	g = gateway.New(gateway.Options{Log: slog.New(slog.DiscardHandler), Record: func(*gateway.Exchange) { told <- struct{}{} }})
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: a, upstream: up, routes: [{name: all, prefix: /}]}\n", up.URL)
	if err := g.Load([]gateway.Document{{Workspace: "w1", Text: []byte(doc)}}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- g.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		if err := g.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		<-done
	})
	return g, "http://" + ln.Addr().String(), told
}

func call(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}
