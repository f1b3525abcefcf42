package app

import (
	"net/http"

	"github.com/hypercare/hypercare/internal/channel/alert"
)

// buildChannels makes the kinds of channels: each hands in its Kind, and who
// reads its deliveries.
func (a *App) buildChannels() {
	a.outside = alert.NewService(alert.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "alert"), Channels: a.channels, Feedback: a.feedback,
		Notices: a.notices, Releases: a.releases})
	a.buildEmail()
}

// channelRoutes adds the addresses that senders call. They are outside the
// API: formats and errors are those of the senders.
func (a *App) channelRoutes(mux *http.ServeMux) {
	a.outside.Routes(a.api)
	a.outside.Mount(mux)
	a.otlp.Routes(mux)
}
