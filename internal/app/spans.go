package app

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/span"
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

// stampOf writes a time as questions have it; "" for none.
func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
