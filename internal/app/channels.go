package app

import (
	"net/http"

	"github.com/hypercare/hypercare/internal/channel/alert"
	"github.com/hypercare/hypercare/internal/channel/people"
	"github.com/hypercare/hypercare/internal/channel/widget"
	"github.com/hypercare/hypercare/ui"
	built "github.com/hypercare/hypercare/widget"
)

// buildChannels makes the kinds of channels: each hands in its Kind, and who
// reads its deliveries.
func (a *App) buildChannels() {
	a.outside = alert.NewService(alert.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "alert"), Channels: a.channels, Feedback: a.feedback,
		Notices: a.notices, Releases: a.releases})
	a.customers = people.New(a.channels, a.feedback, a.people)
	a.widget = widget.NewService(widget.Deps{DB: a.db, Log: a.log.With("component", "widget"), Channels: a.channels, Feedback: a.feedback, Issues: a.issues, Notices: a.notices,
		Files: built.Files(), Version: built.Version(), Tokens: ui.Tokens})
}

// channelRoutes adds the addresses that senders call. They are outside the
// API: formats and errors are those of the senders.
func (a *App) channelRoutes(mux *http.ServeMux) {
	a.outside.Routes(a.api)
	a.outside.Mount(mux)
	a.otlp.Routes(mux)
	mux.Handle("POST /in/people/{key}", a.customers)
	a.accessLogs.Routes(mux)
	a.widget.Mount(mux)
	a.widget.Routes(a.api)
}
