// Package widget is the way in by the script that pages of a launched product
// load: it serves the script, takes what the script sends, and serves the page
// on which a reporter follows up. The script itself is in the folder widget.
package widget

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/web"
)

// Name is the kind of channel, and what its reports say they came by.
const Name = "widget"

// The formats in the ledger: reports, and what reporters add on their page.
const (
	formatReport = "widget"
	formatFollow = "follow"
)

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Log      *slog.Logger
	Channels *channel.Service
	Feedback *feedback.Service
	Issues   *issue.Service
	Notices  *notice.Service
	Files    fs.FS  // the built script with its parts
	Version  string // of the files; "" when they were not built
	Tokens   string // style sheet of the product's colours
}

// Service is the widget's half on the server.
type Service struct {
	Deps
	now    func() time.Time
	slots  chan struct{} // bounds the bodies that are in memory
	reads  *web.Limiter
	writes *web.Limiter
	style  []byte

	mu  sync.Mutex
	old map[string][]byte // files of earlier builds, gzip
}

const (
	maxBodies = 16
	// perSender is how many reports one address sends in a minute.
	perSender = 20
)

// NewService returns the service and hands in its kind, who reads its
// deliveries, and how reporters are answered on their page.
func NewService(d Deps) *Service {
	s := &Service{Deps: d, now: time.Now, slots: make(chan struct{}, maxBodies), reads: web.NewLimiter(120, time.Minute), writes: web.NewLimiter(10, time.Minute),
		style: pageStyle(d.Tokens), old: map[string][]byte{}}
	d.Channels.Add(channel.Kind{Name: Name, Label: "Widget", PerSender: perSender, Prefix: "pk_", Secrets: []string{signing}, Fields: fields,
		Note: "A button on your pages: what people say there, with a screenshot, their last steps and their failed calls.", Check: checkSettings, Setup: s.setup})
	d.Feedback.Handle(formatReport, s.read)
	d.Feedback.Handle(formatFollow, s.readFollow)
	d.Notices.Carry(viaPage, page{s})
	return s
}

// Start keeps this build, so that its address stays good after an update.
func (s *Service) Start(ctx context.Context) error {
	if s.Version == "" {
		return nil
	}
	return s.keepBuild(ctx)
}
