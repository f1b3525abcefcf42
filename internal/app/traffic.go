package app

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"

	"github.com/hypercare/hypercare/internal/application"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/rollout/shadow"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// buildGateway makes what traffic needs. A node without a gateway keeps what
// is published all the same.
func (a *App) buildGateway() {
	a.applications = application.NewService(a.db, a.bus, a.log.With("component", "application"), a.box)
	a.counters = application.NewCounters(a.db, a.log.With("component", "quota"))
	a.shadows = shadow.NewService(a.db, a.log.With("component", "shadow"))
	var server publication.Server
	if a.cfg.Gateway != "" || a.cfg.GatewayTLS.Listen != "" {
		a.gateway = gateway.New(a.logged(gateway.Options{Files: a.cfg.Files, Log: a.log.With("component", "gateway"), Keys: a.applications.Ring(),
			Counters: a.counters, Outbound: a.outbound, Trusted: a.cfg.TrustedProxies, Changed: a.targetChanged, Mirrored: a.mirrored}))
		server = a.gateway
	}
	a.publications = publication.NewService(a.db, a.bus, a.log.With("component", "publication"), server)
	a.publications.SetFetch(a.outbound.Get)
	a.buildRollouts()
}

// targetChanged tells who watches the workspace what became of a target.
func (a *App) targetChanged(c gateway.TargetChange) {
	data, err := json.Marshal(c)
	if err != nil {
		a.log.Error("tell of a target", "err", err)
		return
	}
	a.bus.Publish(event.Event{Workspace: c.Workspace, Type: "target.updated", ID: c.Upstream, Data: data})
}

// runGateway serves traffic, and follows what is published and who may call.
func (a *App) runGateway(work context.Context, workers, server *sync.WaitGroup, failed func(error)) {
	if a.gateway == nil {
		return
	}
	if err := errors.Join(a.counters.Load(work), a.applications.Refresh(work), a.publications.Load(work), a.rollouts.Load(work)); err != nil {
		a.log.ErrorContext(work, "load what is published", "err", err)
	}
	workers.Go(func() { a.applications.Follow(work) })
	workers.Go(func() { a.counters.Run(work) })
	workers.Go(func() { a.publications.Follow(work) })
	workers.Go(func() { a.metrics.NewSampler(a.gateway, a.instance()).Run(work) })
	workers.Go(func() { a.calls.Run(work) })
	workers.Go(func() { a.rollouts.Run(work) })
	workers.Go(func() { a.shadows.Run(work) })
	a.serveTraffic(server, failed)
}

// drainGateway lets calls under way end.
func (a *App) drainGateway(ctx context.Context) error {
	if a.gateway == nil {
		return nil
	}
	if err := a.closeTraffic(); err != nil {
		a.log.WarnContext(ctx, "close the gateway's listeners", "err", err)
	}
	return a.gateway.Shutdown(ctx)
}

// GatewayURL is where this machine reaches the gateway, "" without one.
func (a *App) GatewayURL() string {
	if a.gatewayLn == nil {
		return ""
	}
	return urlOf(a.gatewayLn.Addr().String())
}

// RouteState is a published route and what it has done on this node since the
// process started.
type RouteState struct {
	API       string            `json:"api"`
	Version   string            `json:"version,omitempty"`
	Route     string            `json:"route"`
	Requests  uint64            `json:"requests"`
	Statuses  map[string]uint64 `json:"statuses" doc:"Answers by class: 2xx, 3xx, 4xx, 5xx, and left for clients that did not wait."`
	Errors    map[string]uint64 `json:"errors" doc:"Answers that the gateway gave itself, by reason."`
	P50       float64           `json:"p50_ms"`
	P95       float64           `json:"p95_ms"`
	P99       float64           `json:"p99_ms"`
	BytesIn   uint64            `json:"bytes_in"`
	BytesOut  uint64            `json:"bytes_out"`
	Retries   uint64            `json:"retries"`
	LastMicro int64             `json:"last_at_us,omitempty" doc:"Microseconds since 1970 of the latest exchange; absent for none."`
}

// GatewayState is how the gateway of the node that answers stands.
type GatewayState struct {
	URL     string                `json:"url" doc:"Where it listens, seen from its own machine; empty for a node without a gateway."`
	Routes  []RouteState          `json:"routes" nullable:"false"`
	Targets []gateway.TargetState `json:"targets" nullable:"false"`
	// Upstreams are what Targets belong to.
	Upstreams []gateway.UpstreamState `json:"upstreams" nullable:"false"`
	CallLog   calllog.State           `json:"call_log"`
	// What lies over the document for a while.
	Rollouts []gateway.RolloutState `json:"rollouts" nullable:"false" doc:"New versions that get a share of the traffic."`
}

// trafficRoutes answers what the gateway itself knows.
func (a *App) trafficRoutes(api *web.API) {
	a.publications.Routes(api)
	a.rollouts.Routes(api)
	a.shadows.Routes(api)
	a.applications.Routes(api)
	a.calls.Routes(api)
	a.metrics.Routes(api, a.cfg.Version)
	a.watch.Routes(api)
	web.Route(api, "GET /gateway/state", "get-gateway-state", "Routes and targets of the gateway, and what they have done since it started", func(ctx context.Context, _ *struct{}) (*web.Body[GatewayState], error) {
		actor, err := workspace.Need(ctx, workspace.Read)
		if err != nil {
			return nil, err
		}
		out := GatewayState{URL: a.GatewayURL(), Routes: []RouteState{}, Targets: []gateway.TargetState{}, CallLog: a.calls.State(), Rollouts: []gateway.RolloutState{}}
		if a.gateway == nil {
			return &web.Body[GatewayState]{Body: out}, nil
		}
		for _, s := range a.gateway.Stats() {
			if s.Workspace == string(actor.Workspace) {
				out.Routes = append(out.Routes, stateOf(s.Totals()))
			}
		}
		out.Targets, out.Upstreams = a.gateway.Targets(string(actor.Workspace)), a.gateway.UpstreamsOf(string(actor.Workspace))
		for _, r := range a.gateway.Rollouts() {
			if r.Workspace == string(actor.Workspace) {
				out.Rollouts = append(out.Rollouts, r)
			}
		}
		return &web.Body[GatewayState]{Body: out}, nil
	})
}

func stateOf(t gateway.Totals) RouteState {
	r := RouteState{API: t.API, Version: t.Version, Route: t.Route, Requests: t.Requests, Statuses: map[string]uint64{}, Errors: t.Errors,
		P50: float64(t.P50.Microseconds()) / 1000, P95: float64(t.P95.Microseconds()) / 1000, P99: float64(t.P99.Microseconds()) / 1000,
		BytesIn: t.In, BytesOut: t.Out, Retries: t.Retries}
	for i, n := range t.Classes {
		if n > 0 {
			r.Statuses[className(i)] = n
		}
	}
	if !t.Last.IsZero() {
		r.LastMicro = t.Last.UnixMicro()
	}
	return r
}

func className(i int) string {
	if i == 0 {
		return "left"
	}
	return strconv.Itoa(i) + "xx"
}
