package app

import (
	"net"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// instance names this node in its series, as Prometheus names whom it asks:
// the machine, and the port of its gateway.
func (a *App) instance() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "hypercare"
	}
	if _, port, err := net.SplitHostPort(a.gatewayLn.Addr().String()); err == nil {
		return net.JoinHostPort(name, port)
	}
	return name
}

// metricsHandler serves /metrics. Whoever reaches it sees the process and
// totals that name no tenant; with a token that may read, the routes of its
// workspace too, and of no other.
func (a *App) metricsHandler(reg *prometheus.Registry) http.Handler {
	reg.MustRegister(storeMetrics{a.metrics})
	if a.gateway != nil {
		reg.MustRegister(totalMetrics{a.gateway})
	}
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		from := prometheus.Gatherers{reg}
		if _, signedIn := workspace.ActorFrom(r.Context()); signedIn {
			actor, err := workspace.Need(r.Context(), workspace.Read)
			if err != nil {
				return err
			}
			if a.gateway != nil {
				own := prometheus.NewRegistry()
				own.MustRegister(gatewayMetrics{a.gateway, string(actor.Workspace)})
				from = append(from, own)
			}
		}
		promhttp.HandlerFor(from, promhttp.HandlerOpts{}).ServeHTTP(w, r)
		return nil
	})
}

// storeMetrics are how the store of metrics itself stands.
type storeMetrics struct{ s *metric.Store }

var (
	metricSeries  = prometheus.NewDesc("hypercare_metrics_active_series", "Active series of all workspaces.", nil, nil)
	metricStored  = prometheus.NewDesc("hypercare_metrics_samples_stored_total", "Samples stored.", nil, nil)
	metricRefused = prometheus.NewDesc("hypercare_metrics_samples_refused_total", "Samples that were not stored: beyond a limit, too old, of the future, not valid.", nil, nil)
	metricFailing = prometheus.NewDesc("hypercare_metrics_failing", "1 while nothing can be stored, such as with a full disk.", nil, nil)
	metricTLS     = prometheus.NewDesc("hypercare_gateway_tls_failures_total", "TLS handshakes that came to nothing.", nil, nil)
	metricTotal   = prometheus.NewDesc("hypercare_gateway_all_requests_total", "Requests of all tenants by class of status.", []string{"class"}, nil)
)

// Describe implements prometheus.Collector.
func (m storeMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metricSeries, metricStored, metricRefused, metricFailing} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m storeMetrics) Collect(ch chan<- prometheus.Metric) {
	series, stored, refused := m.s.Total()
	failing := 0.0
	if m.s.Failing() != "" {
		failing = 1
	}
	ch <- prometheus.MustNewConstMetric(metricSeries, prometheus.GaugeValue, float64(series))
	ch <- prometheus.MustNewConstMetric(metricStored, prometheus.CounterValue, float64(stored))
	ch <- prometheus.MustNewConstMetric(metricRefused, prometheus.CounterValue, float64(refused))
	ch <- prometheus.MustNewConstMetric(metricFailing, prometheus.GaugeValue, failing)
}

// totalMetrics are the gateway's counters over all tenants.
type totalMetrics struct{ g *gateway.Gateway }

// Describe implements prometheus.Collector.
func (m totalMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metricTotal, metricStore, metricCopies, metricTLS} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m totalMetrics) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(metricTLS, prometheus.CounterValue, float64(m.g.TLSFailures()))
	var sum [6]uint64
	for _, s := range m.g.Stats() {
		for i, n := range s.Totals().Classes {
			sum[i] += n
		}
	}
	for i, n := range sum {
		ch <- prometheus.MustNewConstMetric(metricTotal, prometheus.CounterValue, float64(n), className(i))
	}
	ch <- prometheus.MustNewConstMetric(metricStore, prometheus.GaugeValue, float64(m.g.Cache().Bytes))
	copies := m.g.Mirrors()
	for result, n := range map[string]uint64{"sent": copies.Sent, "dropped": copies.Dropped, "skipped": copies.Skipped} {
		ch <- prometheus.MustNewConstMetric(metricCopies, prometheus.CounterValue, float64(n), result)
	}
}

// gatewayMetrics are the gateway's counters of one workspace for /metrics.
type gatewayMetrics struct {
	g         *gateway.Gateway
	workspace string
}

var (
	metricRequests = prometheus.NewDesc("hypercare_gateway_requests_total", "Requests by route and class of status.", []string{"api", "version", "route", "class"}, nil)
	metricFailures = prometheus.NewDesc("hypercare_gateway_failures_total", "Requests that the gateway answered itself, by reason.", []string{"api", "version", "route", "reason"}, nil)
	metricBytes    = prometheus.NewDesc("hypercare_gateway_bytes_total", "Bytes of bodies, by direction.", []string{"api", "version", "route", "direction"}, nil)
	metricRetries  = prometheus.NewDesc("hypercare_gateway_retries_total", "Tries beyond the first.", []string{"api", "version", "route"}, nil)
	metricCache    = prometheus.NewDesc("hypercare_gateway_cache_total", "Requests that a cache looked at, by what came of it.", []string{"api", "version", "route", "result"}, nil)
	metricStore    = prometheus.NewDesc("hypercare_gateway_cache_bytes", "Bytes of answers that caches keep, of all tenants.", nil, nil)
	metricCopies   = prometheus.NewDesc("hypercare_gateway_mirrored_total", "Copies of requests of all tenants, by what came of them: sent, dropped, skipped.", []string{"result"}, nil)
	metricLatency  = prometheus.NewDesc("hypercare_gateway_request_duration_seconds", "Time from the head of the request to the end of the answer.", []string{"api", "version", "route"}, nil)
)

// Describe implements prometheus.Collector.
func (m gatewayMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metricRequests, metricFailures, metricBytes, metricRetries, metricCache, metricLatency} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m gatewayMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, s := range m.g.Stats() {
		t := s.Totals()
		if s.Workspace != m.workspace || t.Requests == 0 {
			continue
		}
		names := []string{s.API, s.Version, s.Route}
		counter := func(d *prometheus.Desc, v uint64, more ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append(names[:3:3], more...)...)
		}
		for i, n := range t.Classes {
			if n > 0 {
				counter(metricRequests, n, className(i))
			}
		}
		for result, n := range t.Caches {
			counter(metricCache, n, result)
		}
		for reason, n := range t.Errors {
			counter(metricFailures, n, reason)
		}
		counter(metricBytes, t.In, "in")
		counter(metricBytes, t.Out, "out")
		counter(metricRetries, t.Retries)
		buckets := map[float64]uint64{}
		n, sum := s.Latency(func(top float64, below uint64) { buckets[top] = below })
		ch <- prometheus.MustNewConstHistogram(metricLatency, n, sum, buckets, names...)
	}
}
