package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/channel/accesslog"
	"github.com/hypercare/hypercare/internal/channel/otlp"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// spanFile is where spans and log records are, in the data folder.
const spanFile = "telemetry.db"

// buildSpans opens what keeps telemetry: a file with a writer of its own, so
// that who reports something does not wait for thousands of spans. On
// PostgreSQL it is the same database.
func (a *App) buildSpans() error {
	d := a.db
	if a.cfg.DatabaseURL == "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var err error
		if d, err = db.Open(ctx, db.Config{Dir: a.cfg.Data, File: spanFile}); err != nil {
			return fmt.Errorf("open telemetry: %w", err)
		}
		a.cleanup = append(a.cleanup, d.Close)
	}
	deps := span.Deps{DB: d, Log: a.log.With("component", "spans"), Retention: a.cfg.Spans}
	if a.calls.On() {
		deps.Calls = func(ctx context.Context, trace string, from, to time.Time) ([]calllog.Call, error) {
			return a.calls.Trace(ctx, trace, stampOf(from), stampOf(to))
		}
	}
	a.spans = span.NewService(deps)
	return nil
}

// buildTelemetry makes what takes telemetry in, and what keeps it.
func (a *App) buildTelemetry() (err error) {
	if err := a.buildSpans(); err != nil {
		return err
	}
	a.otlp, err = otlp.NewService(otlp.Deps{DB: a.db, Log: a.log.With("component", "otlp"), Channels: a.channels, Feedback: a.feedback, Releases: a.releases,
		Spans: a.spans, Metrics: a.metrics, Mask: a.storageMask, Record: failures{a.crashes}})
	a.accessLogs = accesslog.NewService(a.channels, a.calls.Import)
	return err
}

// storageMask is what the workspace's or the launch's policy covers before
// something is stored.
func (a *App) storageMask(ctx context.Context, ws workspace.ID, launchID string) (*mask.Masker, error) {
	c, err := a.privacy.Cover(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	return c.Storage, nil
}

// listenOTLP binds the port that exporters find without being told, where
// that is wanted.
func (a *App) listenOTLP() (err error) {
	if a.cfg.OTLP == "" || a.cfg.GatewayOnly {
		return nil
	}
	mux := http.NewServeMux()
	a.otlp.Routes(mux)
	a.otlpServer = &http.Server{Handler: web.Chain(mux, web.Access(a.log.With("component", "otlp"), func(string, string, int, time.Duration) {}), web.Drain(&a.stopping), web.Protect,
		a.workspaces.Authentication), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	if a.otlpLn, err = net.Listen("tcp", a.cfg.OTLP); err != nil {
		return fmt.Errorf("listen for OTLP on %s: %w", a.cfg.OTLP, err)
	}
	a.cleanup = append(a.cleanup, a.otlpLn.Close)
	return nil
}

// OTLPURL is where this machine's exporters find the port; "" when there is none.
func (a *App) OTLPURL() string {
	if a.otlpLn == nil {
		return ""
	}
	return urlOf(a.otlpLn.Addr().String())
}

func (a *App) runOTLP(server *sync.WaitGroup, failed func(error)) {
	if a.otlpServer == nil {
		return
	}
	server.Go(func() {
		if err := a.otlpServer.Serve(a.otlpLn); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	})
}

func (a *App) drainOTLP(ctx context.Context) error {
	if a.otlpServer == nil {
		return nil
	}
	return a.otlpServer.Shutdown(ctx)
}

// stampOf writes a time as questions have it; "" for none.
func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
