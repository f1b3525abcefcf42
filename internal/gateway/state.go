package gateway

import (
	"slices"
	"time"
)

// TargetState is how one target of an upstream stands.
type TargetState struct {
	Upstream string     `json:"upstream"`
	Target   string     `json:"target"`
	Weight   int        `json:"weight"`
	Priority int        `json:"priority"`
	Draining bool       `json:"draining" doc:"Gets no new requests."`
	Healthy  bool       `json:"healthy" doc:"By health checks; true without them."`
	Ejected  *time.Time `json:"ejected_until,omitempty"`
	Why      string     `json:"why,omitempty" doc:"Of a target that is down or left alone."`
	Inflight int64      `json:"inflight"`
}

// UpstreamState is how an upstream stands.
type UpstreamState struct {
	Upstream string `json:"upstream"`
	Balance  string `json:"balance" enum:"round_robin,least_outstanding,hash"`
	Targets  int    `json:"targets"`
	Fit      int    `json:"fit" doc:"Targets that may be asked now."`
	Checked  bool   `json:"checked" doc:"It has health checks."`
	Breaker  string `json:"breaker" enum:"none,closed,open,half_open"`
	Inflight int64  `json:"inflight" doc:"Requests under way, where they are bounded."`
	Most     int64  `json:"max_concurrent,omitempty"`
	Waiting  int64  `json:"waiting"`
}

// Targets says how the targets of a workspace's upstreams stand.
func (g *Gateway) Targets(workspace string) []TargetState {
	out := []TargetState{}
	now := time.Now()
	for key, u := range g.snap.Load().upstreams {
		if key != workspace+" "+u.name {
			continue
		}
		for _, t := range u.targets {
			out = append(out, t.state(u.name, now))
		}
	}
	slices.SortFunc(out, func(a, b TargetState) int { return cmpStrings(a.Upstream, b.Upstream, a.Target, b.Target) })
	return out
}

// UpstreamsOf says how a workspace's upstreams stand.
func (g *Gateway) UpstreamsOf(workspace string) []UpstreamState {
	out := []UpstreamState{}
	now := time.Now()
	for key, u := range g.snap.Load().upstreams {
		if key != workspace+" "+u.name {
			continue
		}
		s := UpstreamState{Upstream: u.name, Balance: u.balance, Targets: len(u.targets), Checked: u.health != nil, Breaker: "none",
			Inflight: u.load.pending.Load(), Most: u.maxPending, Waiting: u.load.waiting.Load()}
		if u.breaker != nil {
			s.Breaker, _ = u.breaker.state(now)
		}
		for _, t := range u.targets {
			if !t.drain && t.healthy.Load() && t.ejected.Load() <= now.UnixNano() {
				s.Fit++
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b UpstreamState) int { return cmpStrings(a.Upstream, b.Upstream) })
	return out
}
