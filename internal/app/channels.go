package app

import (
	"net/http"

	"github.com/hypercare/hypercare/internal/channel/alert"
	"github.com/hypercare/hypercare/internal/channel/people"
	"github.com/hypercare/hypercare/internal/channel/slack"
)

// buildChannels makes the kinds of channels: each hands in its Kind, and who
// reads its deliveries.
func (a *App) buildChannels() {
	a.outside = alert.NewService(alert.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "alert"), Channels: a.channels, Feedback: a.feedback,
		Notices: a.notices, Releases: a.releases})
	a.slack = slack.NewService(slack.Deps{DB: a.db, Log: a.log.With("component", "slack"), Channels: a.channels, Feedback: a.feedback, Outbound: a.outbound, Base: a.cfg.PublicURL})
	a.customers = people.New(a.channels, a.feedback, a.people)
}

// channelRoutes adds the addresses that senders call. They are outside the
// API: formats and errors are those of the senders.
func (a *App) channelRoutes(mux *http.ServeMux) {
	a.outside.Routes(a.api)
	a.outside.Mount(mux)
	a.slack.Mount(mux)
	a.otlp.Routes(mux)
	mux.Handle("POST /in/people/{key}", a.customers)
	a.accessLogs.Routes(mux)
}
