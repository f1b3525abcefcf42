package app

import "net/http"

// buildChannels makes the kinds of channels: each hands in its Kind, and who
// reads its deliveries.
func (a *App) buildChannels() {
}

// channelRoutes adds the addresses that senders call. They are outside the
// API: formats and errors are those of the senders.
func (a *App) channelRoutes(mux *http.ServeMux) {
	a.otlp.Routes(mux)
}
