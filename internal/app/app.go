// Package app wires the product together. It is the only package that knows
// every other.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/application"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/accesslog"
	"github.com/hypercare/hypercare/internal/channel/alert"
	"github.com/hypercare/hypercare/internal/channel/email"
	"github.com/hypercare/hypercare/internal/channel/importer"
	"github.com/hypercare/hypercare/internal/channel/otlp"
	"github.com/hypercare/hypercare/internal/channel/people"
	"github.com/hypercare/hypercare/internal/channel/sentry"
	"github.com/hypercare/hypercare/internal/channel/widget"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/evidence"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/measure"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/outbound"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/rollout/shadow"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/timeline"
	"github.com/hypercare/hypercare/internal/triage"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/view"
	"github.com/hypercare/hypercare/internal/watch"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Config is everything an operator sets when starting the process; the rest
// is state of the product. The zero value of each field is good.
type Config struct {
	Listen     string     // address of UI and API; ":8080" when empty
	Gateway    string     // address of the gateway; none when empty
	GatewayTLS GatewayTLS // the same with TLS
	Files      string     // folder of files that a gateway document may name; "gateway" in Data when empty
	// GatewayOnly serves traffic, and on Listen only how the node is; it needs
	// the records in PostgreSQL, where other nodes change them.
	GatewayOnly bool
	// TrustedProxies are in front of the gateway's listener; on Listen they say
	// for whom they call the addresses of channels.
	TrustedProxies []netip.Prefix
	Data           string      // data folder; "data" when empty
	DatabaseURL    secret.Text // postgres:// URL; records are in the data folder when empty
	MasterKey      secret.Text // seals secrets that have to be read again: 32 bytes in base64; a file in the data folder when empty
	Version        string
	PublicURL      string // how people and senders call this hypercare, such as https://care.example; what they say when empty
	// PrivateNetworks may be asked where a person gives an address (internal/outbound); none when empty.
	PrivateNetworks outbound.Networks
	Calls           CallLog
	Metrics         metric.Options
	Spans           span.Retention
	SMTP            SMTP
	OTLP            string // address that OTLP is taken at too, usually :4318; none when empty
}

func (c *Config) fill() {
	if c.Listen == "" {
		c.Listen = ":8080"
	}
	if c.Data == "" {
		c.Data = "data"
	}
	if c.Files == "" {
		c.Files = filepath.Join(c.Data, "gateway")
	}
	if c.Version == "" {
		c.Version = "dev"
	}
}

// App is the running product.
type App struct {
	cfg      Config
	log      *slog.Logger
	folder   *folder
	ln       net.Listener
	server   *http.Server
	api      *web.API
	stopping atomic.Bool
	streams  chan struct{}  // closed when event streams must end
	cleanup  []func() error // run last to first

	db         *db.DB
	bus        *event.Bus
	outbound   *outbound.Client
	jobs       *job.Runner
	workspaces *workspace.Service
	launches   *launch.Service
	people     *person.Service
	privacy    *privacy.Service
	feedback   *feedback.Service
	undo       *undo.Service
	ledger     *triage.Ledger
	rules      *triage.Rules
	triage     *triage.Service
	issues     *issue.Service
	notes      *note.Service
	notices    *notice.Service
	timeline   *timeline.Service
	imports    *importer.Service
	channels   *channel.Service
	widget     *widget.Service
	releases   *release.Service
	outside    *alert.Service // alerts of other systems
	customers  *people.Channel
	crashes    *crash.Service
	sentry     *sentry.Service
	views      *view.Service
	nodes      *nodes
	measures   *measure.Service

	box          *secret.Box
	applications *application.Service
	counters     *application.Counters
	publications *publication.Service
	calls        *calllog.Service
	callLog      calllog.Log // nil: none is kept here
	rollouts     *rollout.Service
	shadows      *shadow.Service
	gateway      *gateway.Gateway // nil: this node has none
	gatewayLn    net.Listener
	gatewayTLS   net.Listener
	metrics      *metric.Store
	spans        *span.Service
	otlp         *otlp.Service
	accessLogs   *accesslog.Service
	otlpServer   *http.Server // nil: no port of its own
	otlpLn       net.Listener
	email        *email.Service
	smtp         *email.Listener // nil: mail is not taken here
	smtpLn       net.Listener
	watch        *watch.Service
	evidence     *evidence.Service
}

// New builds the product, takes the data folder and binds the port, but
// serves nothing yet.
func New(ctx context.Context, cfg Config, log *slog.Logger) (_ *App, err error) {
	cfg.fill()
	if cfg.GatewayOnly && cfg.DatabaseURL == "" {
		return nil, errs.New(errs.Invalid, "A node that is only a gateway (--gateway-only) needs --database-url: the records in a data folder belong to one process.")
	}
	a := &App{cfg: cfg, log: log, streams: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.folder, err = openFolder(cfg.Data); err != nil {
		return nil, err
	}
	a.cleanup = append(a.cleanup, a.folder.close)
	if a.db, err = db.Open(ctx, db.Config{Dir: cfg.Data, URL: cfg.DatabaseURL.Reveal()}); err != nil {
		return nil, err
	}
	a.cleanup = append(a.cleanup, a.db.Close)
	a.outbound = outbound.New(outbound.Config{Allow: cfg.PrivateNetworks, UserAgent: "hypercare/" + cfg.Version})
	a.cleanup = append(a.cleanup, a.outbound.Close)
	if a.box, err = a.folder.box(cfg.MasterKey); err != nil {
		return nil, err
	}
	if a.metrics, err = metric.Open(filepath.Join(cfg.Data, "metrics"), cfg.Metrics, log.With("component", "metrics")); err != nil {
		return nil, err
	}
	a.cleanup = append(a.cleanup, a.metrics.Close)
	a.bus = event.New()
	if a.jobs, err = job.New(ctx, a.db, log); err != nil {
		return nil, err
	}
	if err := a.build(); err != nil {
		return nil, err
	}
	a.registerJobs()
	if err := a.feedback.CountBacklog(ctx); err != nil {
		return nil, err
	}
	a.server = &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       15 * time.Minute, // a large import on a slow line; raw bodies are bounded
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if a.ln, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	a.cleanup = append(a.cleanup, a.ln.Close)
	if err := a.listenTraffic(); err != nil {
		return nil, err
	}
	if err := a.listenOTLP(); err != nil {
		return nil, err
	}
	if err := a.listenSMTP(); err != nil {
		return nil, err
	}
	return a, a.folder.announce(a.URL())
}

// build makes the services, in the order of their dependencies.
func (a *App) build() (err error) {
	a.workspaces = workspace.NewService(a.db, a.bus)
	a.undo = undo.NewService(a.db)
	a.launches = launch.NewService(a.db, a.bus)
	phones := person.NewPhones(a.box)
	a.people = person.NewService(a.db, a.undo, phones)
	a.views = view.NewService(a.db, a.bus, a.launches, a.undo)
	a.privacy = privacy.NewService(a.db, a.box, a.launches.Check)
	a.feedback = feedback.NewService(feedback.Deps{DB: a.db, Privacy: a.privacy, Bus: a.bus, Log: a.log.With("component", "feedback"),
		Files: feedback.NewFiles(filepath.Join(a.cfg.Data, "files")), Phones: phones, CheckLaunch: a.launches.Check})
	a.ledger = triage.NewLedger(triage.LedgerDeps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "ledger"),
		Feedback: a.feedback, Launches: a.launches, Members: a.workspaces, Undo: a.undo})
	if a.rules, err = triage.NewRules(triage.RulesDeps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "rules"),
		Feedback: a.feedback, Launches: a.launches, Members: a.workspaces}); err != nil {
		return err
	}
	a.triage = triage.NewService(triage.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "triage"), Feedback: a.feedback,
		Engine: nlp.New(), Ledger: a.ledger, Rules: a.rules})
	a.issues = issue.NewService(issue.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "issue"), Feedback: a.feedback,
		Launches: a.launches, Undo: a.undo})
	a.notes = note.NewService(note.Deps{DB: a.db, Bus: a.bus, Feedback: a.feedback, Issues: a.issues, Members: a.workspaces, Undo: a.undo})
	a.notices = notice.NewService(notice.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "notice"), Feedback: a.feedback, Issues: a.issues, Undo: a.undo})
	a.timeline = timeline.NewService(timeline.Deps{DB: a.db, Feedback: a.feedback, Ledger: a.ledger, Issues: a.issues, Notes: a.notes, Notices: a.notices})
	a.imports = importer.NewService(importer.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "import"), Jobs: a.jobs,
		Feedback: a.feedback, CheckLaunch: a.launches.Check, TimeZone: a.launches.TimeZone, IssuesChanged: a.issuesChanged, Dir: filepath.Join(a.cfg.Data, "imports")})
	a.releases = release.NewService(a.db, a.bus, a.launches.Check)
	a.channels = channel.NewService(channel.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "channel"), Box: a.box,
		Feedback: a.feedback, CheckLaunch: a.launches.Check})
	a.buildChannels()
	a.measures = measure.NewService(measure.Deps{Feedback: a.feedback, Issues: a.issues, Launches: a.launches,
		Sources: []measure.Source{{Name: "decision", Before: a.setAside}}})
	if err := a.buildCalls(); err != nil {
		return err
	}
	a.metrics.Share(a.db)
	if err := a.buildTelemetry(); err != nil {
		return err
	}
	a.watch = watch.NewService(a.db, a.bus, a.log.With("component", "watch"), a.metrics)
	a.buildGateway()
	if err := a.buildEvidence(); err != nil {
		return err
	}
	a.buildPeople()
	// What lies lower is told here what lies higher.
	a.feedback.SetReader(a.triage)
	a.nodes = newNodes(a)
	a.feedback.OnDrop(a.nodes.dropped)
	a.feedback.NameIssues(a.issueNames)
	a.feedback.OnRecount(a.issues.Recount)
	a.feedback.OnRecounted(a.issues.Recounted)
	a.issues.SetFinder(likeness{a.triage})
	a.issues.SetGrouper(a.triage)
	a.issues.OnDecided(a.decided)
	a.issues.OnSuggest(a.ledger.DismissedIssues)
	a.issues.SetClusterer(likeness{a.triage})
	a.cleanup = append(a.cleanup, func() error { a.triage.Close(); a.feedback.Close(); return nil })
	return nil
}

// Addr is where the product listens; useful when Config.Listen ends in ":0".
func (a *App) Addr() string { return a.ln.Addr().String() }

// URL is where this machine's browser finds it.
func (a *App) URL() string { return urlOf(a.Addr()) }

func urlOf(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// SetupURL is the one-time link that makes the owner, "" when there is one.
func (a *App) SetupURL(ctx context.Context) (string, error) {
	link, err := a.workspaces.NewSetupLink(ctx)
	if err != nil || link == "" {
		return "", err
	}
	return a.URL() + "/setup?token=" + link.Reveal(), nil
}

// drainTime is how long requests under way may take to end.
const drainTime = 10 * time.Second

// Run serves until ctx ends, then drains: requests under way are answered,
// what was acknowledged is on disk, the rest goes on at the next start.
func (a *App) Run(ctx context.Context) error {
	serving, failed := context.WithCancelCause(ctx)
	defer failed(nil)
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	commit, stopCommit := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommit()

	var workers, committer, server sync.WaitGroup
	workers.Go(func() { a.nodes.run(work) })
	if !a.cfg.GatewayOnly {
		committer.Go(func() { a.feedback.Commit(commit) })
		committer.Go(func() { a.spans.Commit(commit) })
		for range 2 { // one reads while the other writes
			workers.Go(func() { a.feedback.Process(work) })
		}
		workers.Go(func() { a.triage.Reread(work) })
		workers.Go(func() { a.channels.Run(work) })
		if err := a.widget.Start(ctx); err != nil {
			failed(err)
		}
		workers.Go(func() { a.notices.Run(work) })
		workers.Go(func() { a.email.Run(work) })
		workers.Go(func() { a.watch.Run(work) })
		workers.Go(func() { a.evidence.Follow(work) })
		workers.Go(func() { a.metrics.Exchange(work) })
		if err := a.jobs.Start(work); err != nil {
			failed(err)
		}
	}
	a.runGateway(work, &workers, &server, failed)
	a.runOTLP(&server, failed)
	a.runSMTP(&server, failed)
	server.Go(func() {
		if err := a.server.Serve(a.ln); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	})
	<-serving.Done()

	a.stopping.Store(true)
	close(a.streams)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := errors.Join(a.server.Shutdown(drain), a.drainOTLP(drain), a.drainSMTP(drain), a.drainGateway(drain))
	server.Wait()
	stopCommit() // nobody can send any more: the last group is written
	committer.Wait()
	if !a.cfg.GatewayOnly {
		err = errors.Join(err, a.jobs.Stop(drain))
	}
	stopWork()
	workers.Wait()
	if cause := context.Cause(serving); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return errors.Join(err, a.close())
}

// OpenAPI returns the document of everything the product serves.
func (a *App) OpenAPI() any { return a.api.OpenAPI() }

func (a *App) close() error {
	var list []error
	for i := len(a.cleanup) - 1; i >= 0; i-- {
		if err := a.cleanup[i](); err != nil && !errors.Is(err, net.ErrClosed) {
			list = append(list, err)
		}
	}
	a.cleanup = nil
	return errors.Join(list...)
}
