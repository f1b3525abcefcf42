package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel/alert"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/evidence"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of what is asked of telemetry for one report.
const (
	tracesAsked = 6 // of the reporter's calls, the worst first
	usersAsked  = 3
	slowSpan    = time.Second // a span as long is shown although it did not fail
)

// asked are whose spans are looked for: of one user and session at a time, as
// indexes have them.
func asked(ask evidence.Ask) []span.Who {
	out := []span.Who{{Traces: ask.Traces[:min(len(ask.Traces), tracesAsked)]}}
	for i := range usersAsked {
		var w span.Who
		if i < len(ask.Who.Users) {
			w.User = ask.Who.Users[i]
		}
		if i < len(ask.Who.Sessions) {
			w.Session = ask.Who.Sessions[i]
		}
		if w.User != "" || w.Session != "" {
			out = append(out, w)
		}
	}
	return out
}

// spans are what the launched product's services did.
type spans struct{ spans *span.Service }

// Kind implements evidence.Source.
func (spans) Kind() string { return evidence.Span }

// Look implements evidence.Source.
func (s spans) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	seen := map[string]bool{}
	var out []evidence.Found
	take := func(list []*span.Span, err error) error {
		for _, x := range list {
			if id := x.TraceID + ":" + x.SpanID; !seen[id] && (x.Failed() || x.Duration >= slowSpan) && len(out) < ask.Limit {
				seen[id] = true
				out = append(out, spanFound(x))
			}
		}
		return err
	}
	for _, w := range asked(ask) {
		if err := take(s.spans.Around(ctx, ws, w, ask.From, ask.To, 100)); err != nil {
			return nil, err
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return out, take(s.spans.Errors(ctx, ws, ask.LaunchID, ask.From, ask.To, ask.Limit))
}

// Get implements evidence.Source.
func (s spans) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	trace, own, _ := strings.Cut(id, ":")
	x, err := s.spans.One(ctx, ws, trace, own)
	if err != nil {
		return nil, err
	}
	f := spanFound(x)
	return &f, nil
}

func spanFound(x *span.Span) evidence.Found {
	took := fmt.Sprintf("%.0f ms", x.DurationMS)
	f := evidence.Found{ID: x.TraceID + ":" + x.SpanID, At: x.Start, Until: x.End(), Title: x.Service + ": " + x.Name, Names: []string{x.Service, x.Name, x.Route}, Words: x.Message,
		Status: int64(x.HTTPStatus), Trace: x.TraceID, User: x.User, Session: x.Session, Release: x.Release, Bad: .5, BadSay: "it took " + took,
		Thing: evidence.Thing{ID: x.SpanID, Title: x.Name, Message: x.Message, Service: x.Service, State: x.Status, Release: x.Release, Trace: x.TraceID, Took: x.DurationMS}}
	if x.Failed() {
		f.Bad, f.BadSay = .8, "the span failed"
		f.Title += " failed after " + took
	} else {
		f.Title += " took " + took
	}
	if said := cmp.Or(x.Message, x.Error); said != "" {
		f.Title += ": " + span.Clip(said, 160)
	}
	return f
}

// logs are what the services wrote of failures.
type logs struct{ spans *span.Service }

// Kind implements evidence.Source.
func (logs) Kind() string { return evidence.Log }

// Look implements evidence.Source.
func (s logs) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	seen := map[string]bool{}
	var out []evidence.Found
	take := func(list []*span.Log, err error) error {
		for _, x := range list {
			if !seen[x.ID] && x.Failed() && len(out) < ask.Limit {
				seen[x.ID] = true
				out = append(out, logFound(x))
			}
		}
		return err
	}
	for _, w := range asked(ask) {
		if err := take(s.spans.LogsAround(ctx, ws, w, ask.From, ask.To, 100)); err != nil {
			return nil, err
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return out, take(s.spans.ErrorLogs(ctx, ws, ask.LaunchID, ask.From, ask.To, ask.Limit))
}

// Get implements evidence.Source.
func (s logs) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	x, err := s.spans.OneLog(ctx, ws, id)
	if err != nil {
		return nil, err
	}
	f := logFound(x)
	return &f, nil
}

func logFound(x *span.Log) evidence.Found {
	return evidence.Found{ID: x.ID, At: x.At, Title: x.Service + " logged: " + span.Clip(x.Body, 160), Names: []string{x.Service}, Words: x.Body, Trace: x.TraceID, User: x.User, Session: x.Session,
		Release: x.Release, Bad: .7, BadSay: "an error was logged",
		Thing: evidence.Thing{ID: x.ID, Message: span.Clip(x.Body, 1000), Service: x.Service, Level: x.Level, Release: x.Release, Trace: x.TraceID}}
}

// outsideAlerts are those that other systems told of.
type outsideAlerts struct{ db *db.DB }

// Kind implements evidence.Source.
func (outsideAlerts) Kind() string { return evidence.Alert }

// Look implements evidence.Source.
func (s outsideAlerts) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	list, err := alert.Between(ctx, s.db, ws, ask.LaunchID, ask.From, ask.To, ask.Limit)
	out := make([]evidence.Found, len(list))
	for i, x := range list {
		out[i] = outsideFound(x)
	}
	return out, err
}

// Get implements evidence.Source.
func (s outsideAlerts) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	x, err := alert.Find(ctx, s.db, ws, id)
	if err != nil {
		return nil, err
	}
	f := outsideFound(x)
	return &f, nil
}

func outsideFound(x *alert.Alert) evidence.Found {
	f := evidence.Found{ID: x.ID, At: x.StartedAt, Title: "Alert " + x.Title, Words: x.Text, Bad: .75, BadSay: "an alert was open",
		Names: []string{x.Title, x.Labels["route"], x.Labels["api"], x.Labels["service"], x.Labels["job"], x.Labels["upstream"]},
		Thing: evidence.Thing{ID: x.ID, Title: x.Title, Message: x.Text, State: x.State, Level: x.Severity, URL: x.URL, From: &x.StartedAt, To: x.EndedAt, Labels: x.Labels, Count: int64(x.Times)}}
	f.Names = slices.DeleteFunc(f.Names, func(s string) bool { return s == "" })
	if f.Until = time.Now(); x.EndedAt != nil {
		f.Until = *x.EndedAt
	}
	return f
}
