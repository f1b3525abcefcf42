package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
	"github.com/hypercare/hypercare/ui"
)

// handler is the whole surface on one page.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	a.api = web.NewAPI(mux, a.cfg.Version)

	a.workspaces.Routes(a.api)
	a.launches.Routes(a.api, a.count)
	a.people.Routes(a.api)
	a.privacy.Routes(a.api)
	a.personRoutes(a.api)
	a.feedback.Routes(a.api)
	a.relatedRoutes(a.api)
	a.ledger.Routes(a.api)
	a.rules.Routes(a.api)
	a.issues.Routes(a.api)
	a.notes.Routes(a.api)
	a.notices.Routes(a.api)
	a.timeline.Routes(a.api)
	a.imports.Routes(a.api)
	a.channels.Routes(a.api, web.BaseOf)
	a.releases.Routes(a.api)
	a.crashes.Routes(a.api)
	a.channelRoutes(mux)
	a.evidence.Routes(a.api)
	a.views.Routes(a.api)
	a.measures.Routes(a.api)
	a.undo.Routes(a.api)
	a.trafficRoutes(a.api)
	a.spans.Routes(a.api)
	a.eventRoutes(a.api)
	mux.Handle(web.Prefix+"/", web.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		return errs.New(errs.NotFound, "There is no %s %s; see %s/openapi.json for what there is.", r.Method, r.URL.Path, web.Prefix)
	}))

	reg := prometheus.NewRegistry()
	reg.MustRegister(a.calls)
	if a.cfg.GatewayOnly {
		mux = http.NewServeMux() // how the node is, and nothing else
	}
	mux.Handle("GET /metrics", a.metricsHandler(reg))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_ = web.JSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("GET /readyz", web.Handler(a.ready))
	if a.cfg.GatewayOnly {
		mux.Handle("/", web.Handler(func(http.ResponseWriter, *http.Request) error {
			return errs.New(errs.NotFound, "This node is only a gateway; here are /healthz, /readyz and /metrics. UI and API are on another node.")
		}))
	} else {
		mux.Handle("/", ui.Handler())
	}

	return web.Chain(web.Routes(mux),
		web.Access(a.log.With("component", "http"), a.observe(reg)),
		web.Drain(&a.stopping),
		web.Protect,
		web.Base(a.cfg.PublicURL),
		web.Forwarded(a.cfg.TrustedProxies),
		a.workspaces.Authentication,
	)
}

func (a *App) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if a.stopping.Load() {
		return errs.New(errs.Unavailable, "This node is shutting down.")
	}
	if err := a.db.Ping(ctx); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The database does not answer.")
	}
	return web.JSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// count gathers a launch's numbers from the nouns above it.
func (a *App) count(ctx context.Context, ws workspace.ID, launchID string) (launch.Counts, error) {
	var c launch.Counts
	n, err := a.feedback.Count(ctx, ws, launchID)
	if err != nil {
		return c, err
	}
	c.Feedback, c.ToTriage, c.Waiting, c.Unread = n.All, n.New, n.Waiting, n.Unread
	c.IssuesOpen, err = a.issues.CountOpen(ctx, ws, launchID)
	return c, err
}

// observe makes the metrics of the process and returns what feeds them.
func (a *App) observe(reg *prometheus.Registry) func(route, method string, status int, took time.Duration) {
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "hypercare_http_request_duration_seconds", Help: "Time to answer, by route, method and class of status.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route", "method", "class"})
	gauge := func(name, help string, fn func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, fn))
	}
	gauge("hypercare_intake_queued_items", "Reports waiting for the next commit.", func() float64 { n, _, _ := a.feedback.Stats(); return float64(n) })
	gauge("hypercare_intake_backlog_items", "Deliveries on disk, not yet processed.", func() float64 { _, n, _ := a.feedback.Stats(); return float64(n) })
	reg.MustRegister(requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "hypercare_intake_items_total", Help: "Reports written since start."},
			func() float64 { _, _, n := a.feedback.Stats(); return float64(n) }))
	classes := [6]string{"", "1xx", "2xx", "3xx", "4xx", "5xx"}
	return func(route, method string, status int, took time.Duration) {
		if route == "" {
			route = "none" // a path nobody serves must not make a series of its own
		}
		requests.WithLabelValues(route, method, classes[min(max(status/100, 0), 5)]).Observe(took.Seconds())
	}
}
