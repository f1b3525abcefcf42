package metric

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// RouteTraffic is what one route did in a range.
type RouteTraffic struct {
	API          string    `json:"api"`
	Version      string    `json:"version,omitempty"`
	Route        string    `json:"route"`
	Requests     float64   `json:"requests" doc:"In the range; rounded, since it is read off samples."`
	Rate         float64   `json:"rate" doc:"Requests a second, over the range."`
	P50          *float64  `json:"p50_ms,omitempty" doc:"Absent when nothing was asked."`
	P95          *float64  `json:"p95_ms,omitempty"`
	P99          *float64  `json:"p99_ms,omitempty"`
	Errors       float64   `json:"errors" doc:"Share of answers with 5xx, 0 to 1."`
	ClientErrors float64   `json:"client_errors" doc:"Share of answers with 4xx, 0 to 1."`
	Limited      float64   `json:"limited" doc:"Requests that a limit refused."`
	Spark        []float64 `json:"spark" nullable:"false" doc:"Requests a second, in 30 equal parts of the range, oldest first."`
}

// Traffic is what all routes did in a range.
type Traffic struct {
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"`
	Routes []RouteTraffic `json:"routes" nullable:"false" doc:"Those that were asked in the range, by API, version and route. What is published and was not asked is not among them."`
}

// sparks is how many points a sparkline has.
const sparks = 30

// routeKey is how routes are told apart in results.
type routeKey struct{ api, version, route string }

func keyOf(l labels.Labels) routeKey {
	return routeKey{l.Get("api"), l.Get("version"), l.Get("route")}
}

// window is a range as people ask for it.
type window struct {
	from, to time.Time
	length   time.Duration
}

func (s *Store) window(text string) (window, error) {
	if text == "" {
		text = "1h"
	}
	d, err := durationOf(text, "range")
	if err != nil {
		return window{}, err
	}
	if d < time.Minute || d > 32*24*time.Hour {
		return window{}, errs.New(errs.Invalid, "The range must be from 1m to 32d.")
	}
	to := s.now()
	return window{to.Add(-d), to, d}, nil
}

// promDuration writes a duration as PromQL reads it.
func promDuration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// Traffic of all routes of the actor's workspace.
func (s *Store) Traffic(ctx context.Context, rangeText string) (*Traffic, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	win, err := s.window(rangeText)
	if err != nil {
		return nil, err
	}
	p := s.In(a.Workspace)
	rows := map[routeKey]*RouteTraffic{}
	row := func(k routeKey) *RouteTraffic {
		if rows[k] == nil {
			rows[k] = &RouteTraffic{API: k.api, Version: k.version, Route: k.route, Spark: make([]float64, sparks)}
		}
		return rows[k]
	}
	in := "[" + promDuration(win.length) + "]"
	each := func(expr string, fn func(*RouteTraffic, labels.Labels, float64)) error {
		ans, err := p.Query(ctx, expr, win.to)
		if err != nil {
			return err
		}
		defer ans.Close()
		vec, _ := ans.Value.(promql.Vector)
		for _, one := range vec {
			if !math.IsNaN(one.F) {
				fn(row(keyOf(one.Metric)), one.Metric, one.F)
			}
		}
		return nil
	}
	classed := map[routeKey]map[string]float64{}
	if err := each(`sum by (api, version, route, class) (increase(`+nameRequests+in+`))`, func(t *RouteTraffic, l labels.Labels, v float64) {
		k := keyOf(l)
		if classed[k] == nil {
			classed[k] = map[string]float64{}
		}
		classed[k][l.Get("class")] += v
		t.Requests += v
	}); err != nil {
		return nil, err
	}
	for k, list := range classed {
		if t := rows[k]; t.Requests > 0 {
			t.Errors, t.ClientErrors = list["5xx"]/t.Requests, list["4xx"]/t.Requests
		}
	}
	if err := each(`sum by (api, version, route) (increase(`+nameFailures+`{reason="limited"}`+in+`))`, func(t *RouteTraffic, _ labels.Labels, v float64) {
		t.Limited = math.Round(v)
	}); err != nil {
		return nil, err
	}
	if err := latencies(ctx, p, win, row); err != nil {
		return nil, err
	}
	if err := s.sparklines(ctx, p, win, row); err != nil {
		return nil, err
	}
	out := &Traffic{From: win.from.UTC(), To: win.to.UTC(), Routes: []RouteTraffic{}}
	for _, t := range rows {
		if t.Requests == 0 {
			continue
		}
		t.Rate, t.Requests = t.Requests/win.length.Seconds(), math.Round(t.Requests)
		out.Routes = append(out.Routes, *t)
	}
	slices.SortFunc(out.Routes, func(a, b RouteTraffic) int {
		return strings.Compare(a.API+"\x00"+a.Version+"\x00"+a.Route, b.API+"\x00"+b.Version+"\x00"+b.Route)
	})
	return out, nil
}

// latencies reads the quantiles of all routes off one query: the histograms are
// what costs.
func latencies(ctx context.Context, p Space, win window, row func(routeKey) *RouteTraffic) error {
	ans, err := p.Query(ctx, `sum by (api, version, route) (increase(`+nameLatency+`[`+promDuration(win.length)+`]))`, win.to)
	if err != nil {
		return err
	}
	defer ans.Close()
	vec, _ := ans.Value.(promql.Vector)
	for _, one := range vec {
		if one.H == nil {
			continue
		}
		t := row(keyOf(one.Metric))
		for q, at := range map[float64]**float64{0.5: &t.P50, 0.95: &t.P95, 0.99: &t.P99} {
			v, _ := promql.HistogramQuantile(q, one.H, nameLatency, posrange.PositionRange{})
			if ms := v * 1000; !math.IsNaN(ms) {
				*at = &ms
			}
		}
	}
	return nil
}

// rateOver is over how long a rate must look to see two samples for sure.
func rateOver(step time.Duration) time.Duration { return max(step, 3*SampleEvery) }

func (s *Store) sparklines(ctx context.Context, p Space, win window, row func(routeKey) *RouteTraffic) error {
	step := win.length / sparks
	start := win.from.Add(step)
	ans, err := p.QueryRange(ctx, `sum by (api, version, route) (rate(`+nameRequests+`[`+promDuration(rateOver(step))+`]))`, start, win.to, step)
	if err != nil {
		return err
	}
	defer ans.Close()
	m, _ := ans.Value.(promql.Matrix)
	for _, one := range m {
		t := row(keyOf(one.Metric))
		for _, pt := range one.Floats {
			if i := int((pt.T - start.UnixMilli()) / step.Milliseconds()); i >= 0 && i < sparks {
				t.Spark[i] = pt.F
			}
		}
	}
	return nil
}

// RouteSeries is one route over time, for its charts.
type RouteSeries struct {
	From   time.Time             `json:"from"`
	StepMS int64                 `json:"step_ms"`
	Series map[string][]*float64 `json:"series" doc:"By name: requests a second (rate, 2xx, 3xx, 4xx, 5xx, left), milliseconds (p50_ms, p95_ms, p99_ms), bytes a second (in, out). Null where there is nothing to tell."`
}

// chartPoints is about how many points a chart has.
const chartPoints = 120

// RouteSeries of one route of the actor's workspace.
func (s *Store) RouteSeries(ctx context.Context, api, version, route, rangeText string) (*RouteSeries, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	win, err := s.window(rangeText)
	if err != nil {
		return nil, err
	}
	step := max(SampleEvery, (win.length / chartPoints).Truncate(time.Second))
	end := win.to.Truncate(step)
	start := end.Add(-win.length).Truncate(step)
	points := int(end.Sub(start)/step) + 1
	out := &RouteSeries{From: start.UTC(), StepMS: step.Milliseconds(), Series: map[string][]*float64{}}
	where := `{api=` + quote(api) + `,version=` + quote(version) + `,route=` + quote(route) + `}[` + promDuration(rateOver(step)) + `]`
	p := s.In(a.Workspace)
	read := func(expr string, name func(labels.Labels) string, scale float64) error {
		ans, err := p.QueryRange(ctx, expr, start, end, step)
		if err != nil {
			return err
		}
		defer ans.Close()
		m, _ := ans.Value.(promql.Matrix)
		for _, one := range m {
			list := make([]*float64, points)
			for _, pt := range one.Floats {
				if i := int((pt.T - start.UnixMilli()) / step.Milliseconds()); i >= 0 && i < points && !math.IsNaN(pt.F) {
					v := pt.F * scale
					list[i] = &v
				}
			}
			out.Series[name(one.Metric)] = list
		}
		return nil
	}
	fixed := func(s string) func(labels.Labels) string { return func(labels.Labels) string { return s } }
	by := func(label string) func(labels.Labels) string {
		return func(l labels.Labels) string { return l.Get(label) }
	}
	for _, q := range []struct {
		expr  string
		name  func(labels.Labels) string
		scale float64
	}{
		{`sum(rate(` + nameRequests + where + `))`, fixed("rate"), 1},
		{`sum by (class) (rate(` + nameRequests + where + `))`, by("class"), 1},
		{`sum by (direction) (rate(` + nameBytes + where + `))`, by("direction"), 1},
		{`histogram_quantile(0.5, sum(rate(` + nameLatency + where + `)))`, fixed("p50_ms"), 1000},
		{`histogram_quantile(0.95, sum(rate(` + nameLatency + where + `)))`, fixed("p95_ms"), 1000},
		{`histogram_quantile(0.99, sum(rate(` + nameLatency + where + `)))`, fixed("p99_ms"), 1000},
	} {
		if err := read(q.expr, q.name, q.scale); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) trafficRoutes(api *web.API) {
	web.Route(api, "GET /gateway/traffic", "get-gateway-traffic", "Rate, latency and errors of every route that was asked in a range", func(ctx context.Context, in *struct {
		Range string `query:"range" doc:"From 1m to 32d; 1h when absent." example:"6h"`
	}) (*web.Body[Traffic], error) {
		t, err := s.Traffic(ctx, in.Range)
		if err != nil {
			return nil, err
		}
		return &web.Body[Traffic]{Body: *t}, nil
	})
	web.Route(api, "GET /gateway/traffic/route", "get-route-traffic", "One route over time, for charts", func(ctx context.Context, in *struct {
		API     string `query:"api" required:"true"`
		Version string `query:"version"`
		Route   string `query:"route" required:"true"`
		Range   string `query:"range" doc:"From 1m to 32d; 1h when absent." example:"6h"`
	}) (*web.Body[RouteSeries], error) {
		t, err := s.RouteSeries(ctx, in.API, in.Version, in.Route, in.Range)
		if err != nil {
			return nil, err
		}
		return &web.Body[RouteSeries]{Body: *t}, nil
	})
}
