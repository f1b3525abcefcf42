package app

import (
	"net/http"

	"github.com/hypercare/hypercare/internal/channel/importer"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/watch"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// events are the types of event that the stream brings, each with what it
// carries.
var events = web.Events{
	"feedback.created":    nil,
	"feedback.updated":    event.Rows[*feedback.Feedback]{},
	"feedback.deleted":    nil,
	"issue.created":       event.Rows[*issue.Issue]{},
	"issue.updated":       event.Rows[*issue.Issue]{},
	"import.progress":     importer.Moved{},
	"launch.created":      nil,
	"launch.updated":      nil,
	"proposals.updated":   nil,
	"rule.updated":        nil,
	"delivery.updated":    nil,
	"channel.updated":     nil,
	"alertgroup.updated":  nil,
	"release.updated":     nil,
	"error.updated":       nil,
	"member.updated":      nil,
	"workspace.updated":   nil,
	"message.updated":     nil,
	"note.created":        note.Told{},
	"note.updated":        note.Told{},
	"mention.updated":     note.Called{},
	"view.updated":        nil,
	"application.updated": nil,
	"plan.updated":        nil,
	"gateway.published":   nil,
	"target.updated":      gateway.TargetChange{},
	"rollout.created":     rollout.Told{},
	"rollout.updated":     rollout.Told{},
	"alert.updated":       watch.Change{},
	"rulegroup.updated":   nil,
	"evidence.updated":    nil,
}

// eventRoutes adds the stream of a workspace's events.
func (a *App) eventRoutes(api *web.API) {
	api.Raw("GET /events", "stream-events", "What changes, as it changes: Server-Sent Events, replayed behind Last-Event-ID", func(w http.ResponseWriter, r *http.Request) error {
		actor, err := workspace.Need(r.Context(), workspace.Read)
		if err != nil {
			return err
		}
		return web.Stream(w, r, a.bus, string(actor.Workspace), a.streams)
	}, nil, events)
}
