package metric

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// SampleEvery is how often the gateway's counters become samples.
const SampleEvery = 10 * time.Second

// The names of the gateway's series; docs/reference/metrics.md says what each
// counts.
const (
	nameRequests   = "hypercare_gateway_requests_total"
	nameFailures   = "hypercare_gateway_failures_total"
	nameBytes      = "hypercare_gateway_bytes_total"
	nameRetries    = "hypercare_gateway_retries_total"
	nameCache      = "hypercare_gateway_cache_total"
	nameLatency    = "hypercare_gateway_request_duration_seconds"
	nameUpstream   = "hypercare_gateway_upstream_duration_seconds"
	nameAppCalls   = "hypercare_gateway_application_requests_total"
	nameAppLimited = "hypercare_gateway_application_limited_total"
	nameAppBytes   = "hypercare_gateway_application_bytes_total"
	nameBreaker    = "hypercare_gateway_breaker_state"
	nameOpened     = "hypercare_gateway_breaker_opened_total"
	nameUp         = "hypercare_gateway_target_healthy"
	nameInflight   = "hypercare_gateway_target_inflight_requests"
	nameAsked      = "hypercare_gateway_target_requests_total"
	nameTargetBad  = "hypercare_gateway_target_failures_total"
)

var described = map[string]metadata.Metadata{
	nameRequests:   {Type: model.MetricTypeCounter, Help: "Requests by route and class of status."},
	nameFailures:   {Type: model.MetricTypeCounter, Help: "Requests that the gateway answered itself, by reason; limited ones are reason=\"limited\"."},
	nameBytes:      {Type: model.MetricTypeCounter, Unit: "bytes", Help: "Bytes of bodies, by direction."},
	nameRetries:    {Type: model.MetricTypeCounter, Help: "Tries beyond the first."},
	nameCache:      {Type: model.MetricTypeCounter, Help: "Requests that a cache looked at, by what came of it: hit, miss, stale, revalidated, bypass."},
	nameLatency:    {Type: model.MetricTypeHistogram, Unit: "seconds", Help: "Time from the head of the request to the end of the answer."},
	nameUpstream:   {Type: model.MetricTypeHistogram, Unit: "seconds", Help: "Time from the request to the head of the upstream's answer."},
	nameAppCalls:   {Type: model.MetricTypeCounter, Help: "Requests by application and class of status."},
	nameAppLimited: {Type: model.MetricTypeCounter, Help: "Requests of an application that a limit refused."},
	nameAppBytes:   {Type: model.MetricTypeCounter, Unit: "bytes", Help: "Bytes of bodies of an application, by direction."},
	nameBreaker:    {Type: model.MetricTypeGauge, Help: "State of an upstream's circuit breaker: 0 closed, 1 open, 0.5 half open."},
	nameOpened:     {Type: model.MetricTypeCounter, Help: "Times that a circuit breaker opened."},
	nameUp:         {Type: model.MetricTypeGauge, Help: "1 for a target that is in service, 0 for one that is down or ejected."},
	nameInflight:   {Type: model.MetricTypeGauge, Help: "Requests under way to a target."},
	nameAsked:      {Type: model.MetricTypeCounter, Help: "Requests sent to a target."},
	nameTargetBad:  {Type: model.MetricTypeCounter, Help: "Requests that a target failed: no connection, no answer, 502, 503, 504."},
}

// Sampler turns the gateway's counters into samples.
type Sampler struct {
	store    *Store
	gateway  *gateway.Gateway
	instance string
	last     time.Time           // of the previous round
	seen     map[uint64]struct{} // series that have a sample of this process
}

// NewSampler returns a sampler; instance names the node, as Prometheus names
// whom it asks.
func (s *Store) NewSampler(g *gateway.Gateway, instance string) *Sampler {
	return &Sampler{store: s, gateway: g, instance: instance, last: s.now(), seen: map[uint64]struct{}{}}
}

// Run samples until ctx ends, and once more then.
func (a *Sampler) Run(ctx context.Context) {
	if a.store.Wait(ctx) != nil {
		return
	}
	tick := time.NewTicker(SampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			a.round(last)
			return
		case <-tick.C:
			a.round(ctx)
		}
	}
}

func (a *Sampler) round(ctx context.Context) {
	// Why nothing can be stored is told by the store, once.
	if err := a.Sample(ctx); err != nil && a.store.Failing() == "" && ctx.Err() == nil {
		a.store.log.WarnContext(ctx, "sample the gateway", "err", err)
	}
}

// Sample stores all counters as they are now.
func (a *Sampler) Sample(ctx context.Context) error {
	now := a.store.now()
	batches := map[string][]func(*batch){}
	add := func(ws string, fn func(*batch)) {
		if ws != "" { // what no route took is of nobody
			batches[ws] = append(batches[ws], fn)
		}
	}
	for _, s := range a.gateway.Stats() {
		add(s.Workspace, func(b *batch) { b.route(s) })
	}
	for _, s := range a.gateway.Apps() {
		add(s.Workspace, func(b *batch) { b.application(s) })
	}
	for _, s := range a.gateway.Upstreams() {
		add(s.Workspace, func(b *batch) { b.upstream(s) })
	}
	for ws, list := range batches {
		_, err := a.store.In(workspace.ID(ws)).Write(ctx, func(w *Writer) error {
			b := &batch{w: w, a: a, t: now.UnixMilli(), names: labels.NewScratchBuilder(8)}
			for _, fn := range list {
				fn(b)
			}
			return b.err
		})
		if err != nil {
			return err
		}
	}
	a.last = now
	return nil
}

// batch appends the samples of one workspace of one round.
type batch struct {
	w     *Writer
	a     *Sampler
	t     int64
	names labels.ScratchBuilder
	err   error
}

// add appends one sample; pairs are names and values of labels, those without
// a value are left out.
func (b *batch) add(name string, v float64, h *histogram.Histogram, pairs ...string) {
	if b.err != nil {
		return
	}
	b.names.Reset()
	b.names.Add(model.MetricNameLabel, name)
	b.names.Add(model.JobLabel, "hypercare")
	b.names.Add(model.InstanceLabel, b.a.instance)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.names.Add(pairs[i], pairs[i+1])
		}
	}
	b.names.Sort()
	l := b.names.Labels()
	m := described[name]
	var st int64
	key := l.Hash() ^ b.w.salt()
	if _, seen := b.a.seen[key]; !seen && m.Type != model.MetricTypeGauge {
		// It counts from nothing since the last round, so that what happened
		// before its first sample is in rates.
		st = b.a.last.UnixMilli()
	}
	if _, b.err = b.w.Append(0, l, st, b.t, v, h, nil, storage.AppendV2Options{Metadata: m}); b.err == nil {
		b.a.seen[key] = struct{}{}
	}
}

// classes are the words for the first digit of a status.
var classes = [6]string{"left", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (b *batch) route(s *gateway.Stats) {
	t := s.Totals()
	if t.Requests == 0 {
		return
	}
	names := []string{"api", s.API, "version", s.Version, "route", s.Route}
	with := func(more ...string) []string { return append(names[:6:6], more...) }
	for result, n := range t.Caches {
		b.add(nameCache, float64(n), nil, with("result", result)...)
	}
	for i, n := range t.Classes {
		if n > 0 {
			b.add(nameRequests, float64(n), nil, with("class", classes[i])...)
		}
	}
	for reason, n := range t.Errors {
		b.add(nameFailures, float64(n), nil, with("reason", reason)...)
	}
	b.add(nameBytes, float64(t.In), nil, with("direction", "in")...)
	b.add(nameBytes, float64(t.Out), nil, with("direction", "out")...)
	b.add(nameRetries, float64(t.Retries), nil, names...)
	b.add(nameLatency, 0, native(s.FineLatency), names...)
	if h := native(s.FineUpstream); h.Count > 0 {
		b.add(nameUpstream, 0, h, names...)
	}
}

func (b *batch) application(s *gateway.AppStats) {
	t := s.Totals()
	names := []string{"application", s.Application, "application_name", s.Name}
	with := func(more ...string) []string { return append(names[:4:4], more...) }
	for i, n := range t.Classes {
		if n > 0 {
			b.add(nameAppCalls, float64(n), nil, with("class", classes[i])...)
		}
	}
	if t.Limited > 0 {
		b.add(nameAppLimited, float64(t.Limited), nil, names...)
	}
	b.add(nameAppBytes, float64(t.In), nil, with("direction", "in")...)
	b.add(nameAppBytes, float64(t.Out), nil, with("direction", "out")...)
}

func (b *batch) upstream(s gateway.UpstreamStats) {
	if s.Breaker != "" {
		v := map[string]float64{"open": 1, "half_open": 0.5}[s.Breaker]
		b.add(nameBreaker, v, nil, "upstream", s.Upstream)
		b.add(nameOpened, float64(s.Opened), nil, "upstream", s.Upstream)
	}
	for _, t := range s.Targets {
		names := []string{"upstream", s.Upstream, "target", t.Target}
		up := 0.0
		if t.Healthy && t.Ejected == nil {
			up = 1
		}
		b.add(nameUp, up, nil, names...)
		b.add(nameInflight, float64(t.Inflight), nil, names...)
		b.add(nameAsked, float64(t.Requests), nil, names...)
		b.add(nameTargetBad, float64(t.Failures), nil, names...)
	}
}

// schema of the native histograms: eight buckets to each doubling, as the
// gateway's own have.
const schema = 3

// nativeBucket maps the gateway's buckets, which are of equal size within a
// doubling, to those of a native histogram, each by its middle.
var nativeBucket = func() (out [gateway.Buckets]int32) {
	for i := range out {
		from, to := gateway.BucketRange(i)
		out[i] = int32(math.Ceil(math.Log2((from+to)/2) * (1 << schema)))
	}
	return out
}()

// native makes a native histogram
// (https://prometheus.io/docs/specs/native_histograms/) of the gateway's.
func native(fine func(func(bucket int, n uint64)) (uint64, float64)) *histogram.Histogram {
	h := &histogram.Histogram{Schema: schema}
	at, before := int32(math.MinInt32), int64(0) // the last bucket, and what is in it
	put := func(index int32, n int64) {
		if index == at {
			h.PositiveBuckets[len(h.PositiveBuckets)-1] += n
			before += n
			return
		}
		switch {
		case len(h.PositiveSpans) == 0:
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: index, Length: 1})
		case index == at+1:
			h.PositiveSpans[len(h.PositiveSpans)-1].Length++
		default:
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: index - at - 1, Length: 1})
		}
		h.PositiveBuckets = append(h.PositiveBuckets, n-before)
		at, before = index, n
	}
	h.Count, h.Sum = fine(func(bucket int, n uint64) { put(nativeBucket[bucket], int64(n)) })
	return h
}

func (w *Writer) salt() uint64 {
	n := uint64(14695981039346656037)
	for _, c := range []byte(w.ws) {
		n = (n ^ uint64(c)) * 1099511628211
	}
	return n
}

func quote(s string) string { return strconv.Quote(s) }
