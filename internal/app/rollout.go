package app

import (
	"cmp"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/rollout/shadow"
)

// buildRollouts makes what brings new versions into service.
func (a *App) buildRollouts() {
	deps := rollout.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "rollout"), Publisher: a.publications, Users: a.people.UserIDs}
	if a.gateway != nil {
		deps.Server = a.gateway
	}
	a.rollouts = rollout.NewService(deps)
}

// mirrored gives what mirrors bring to who compares it.
func (a *App) mirrored(m gateway.Mirrored) {
	answer := func(o gateway.Outcome) shadow.Answer {
		out := shadow.Answer{Upstream: o.Upstream, Status: o.Status, Failed: o.Err.String(), Latency: o.Latency, Size: o.Size, Sum: o.Sum, Type: o.Type}
		if !o.Whole {
			out.Failed = cmp.Or(out.Failed, "broken_off")
		}
		return out
	}
	a.shadows.Record(shadow.Pair{Workspace: m.Workspace, API: m.API, Version: m.Version, Route: m.Route, ID: m.ID.String(), Method: m.Method, Path: m.Path, At: time.Now().UTC(),
		Primary: answer(m.Primary), Shadow: answer(m.Shadow)})
}
