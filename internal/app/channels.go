package app

import (
	"net/http"
	"path/filepath"

	"github.com/hypercare/hypercare/internal/channel/alert"
	"github.com/hypercare/hypercare/internal/channel/people"
	"github.com/hypercare/hypercare/internal/channel/sentry"
	"github.com/hypercare/hypercare/internal/channel/slack"
	"github.com/hypercare/hypercare/internal/channel/widget"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/ui"
	built "github.com/hypercare/hypercare/widget"
)

// buildChannels makes the kinds of channels: each hands in its Kind, and who
// reads its deliveries.
func (a *App) buildChannels() {
	a.outside = alert.NewService(alert.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "alert"), Channels: a.channels, Feedback: a.feedback,
		Notices: a.notices, Releases: a.releases})
	a.slack = slack.NewService(slack.Deps{DB: a.db, Log: a.log.With("component", "slack"), Channels: a.channels, Feedback: a.feedback, Outbound: a.outbound, Base: a.cfg.PublicURL})
	a.buildEmail() // before the page: an answer by mail is seen sooner
	a.customers = people.New(a.channels, a.feedback, a.people)
	a.crashes = crash.NewService(crash.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "crash"), Feedback: a.feedback, Issues: a.issues, Undo: a.undo,
		Files: feedback.NewFiles(filepath.Join(a.cfg.Data, "files")), CheckLaunch: a.launches.Check, Dir: filepath.Join(a.cfg.Data, "bundles"), Mask: a.storageMask})
	a.sentry = sentry.New(sentry.Deps{Channels: a.channels, Crash: a.crashes, Feedback: a.feedback, Releases: a.releases, Log: a.log.With("component", "sentry")})
	a.widget = widget.NewService(widget.Deps{DB: a.db, Log: a.log.With("component", "widget"), Channels: a.channels, Feedback: a.feedback, Issues: a.issues, Notices: a.notices,
		Files: built.Files(), Version: built.Version(), Tokens: ui.Tokens})
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
	mux.Handle("/api/", a.sentry.Handler()) // what is not below /api/v1/
	a.widget.Mount(mux)
	a.widget.Routes(a.api)
}
