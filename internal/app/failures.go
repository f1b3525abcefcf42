package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hypercare/hypercare/internal/channel/otlp"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// failures puts what spans and log records tell of errors into the groups
// that trackers' events are in: neither package knows the other.
type failures struct{ crashes *crash.Service }

// rule of failures: the first of a group, and one that is back. Surges are
// otlp's own business: most failures name no user to count.
var failureRule = crash.Rule{New: true, Regression: true, Channel: otlp.Name}

func (x failures) Record(ctx context.Context, ws workspace.ID, launchID string, f *otlp.Failure) (otlp.Keep, error) {
	p, err := x.crashes.Prepare(ctx, ws, launchID, eventOf(f))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *db.Tx) (string, []feedback.Incoming, error) {
		k, err := x.crashes.Keep(ctx, tx, ws, p, failureRule)
		if err != nil {
			return "", nil, err
		}
		return k.GroupID, k.Reports, nil
	}, nil
}

func (x failures) Recorded(ws workspace.ID, launchID string, groups []string) {
	x.crashes.Tell(ws, launchID, groups...)
}

// eventOf is a failure as an event of a tracker. It is told by service,
// operation, and exception or message.
func eventOf(f *otlp.Failure) *crash.Event {
	id := sha256.Sum256([]byte(f.ID))
	e := &crash.Event{EventID: hex.EncodeToString(id[:16]), At: f.At, Level: "error", Release: f.Release, Environment: f.Environment, Transaction: f.Operation,
		User: crash.User{ID: f.User}, SessionID: f.Session, TraceID: f.TraceID, SpanID: f.SpanID,
		Body: &crash.Body{Platform: "opentelemetry", Server: f.Service, Tags: map[string]string{"service": f.Service},
			Fingerprint: []string{otlp.Name, f.Service, f.Operation, f.Type, f.Template}}}
	if f.Fatal {
		e.Level = "fatal"
	}
	if f.Type != "" {
		e.Body.Exceptions = []crash.Exception{{Type: f.Type, Value: f.Message, Module: f.Service}}
	} else {
		e.Body.Message = cmp.Or(f.Message, f.Title())
	}
	if f.Stack != "" {
		if extra, err := json.Marshal(map[string]string{"stacktrace": f.Stack}); err == nil {
			e.Body.Extra = extra
		}
	}
	return e
}
