package span

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/web"
)

// Asked is what lists of spans and of log records have in common.
type Asked struct {
	LaunchID    string `query:"launch_id" doc:"What came by a token belongs to every launch."`
	Trace       string `query:"trace"`
	Service     string `query:"service"`
	User        string `query:"user"`
	Session     string `query:"session"`
	Environment string `query:"environment"`
	Release     string `query:"release"`
	Failed      bool   `query:"failed" doc:"Errors only."`
	From        string `query:"from" doc:"RFC 3339, or how long ago: 15m, 24h, 7d. A day ago when absent, or all the time where a trace, user or session is named."`
	To          string `query:"to" doc:"The same; it is not in the range any more. Now when absent."`
	Order       string `query:"order" enum:"newest,oldest" doc:"newest when absent"`
	Cursor      string `query:"cursor"`
	Limit       int    `query:"limit" minimum:"0" maximum:"1000" doc:"100 when absent"`
}

func (in *Asked) filter(now time.Time) (Filter, error) {
	f := Filter{LaunchID: in.LaunchID, TraceID: in.Trace, Service: in.Service, User: in.User, Session: in.Session, Environment: in.Environment,
		Release: in.Release, Failed: in.Failed, Oldest: in.Order == "oldest", Limit: web.Limit(in.Limit, 100, most)}
	var otherwise time.Time
	if in.Trace == "" && in.User == "" && in.Session == "" {
		otherwise = now.Add(-24 * time.Hour)
	}
	var err error
	if f.From, err = calllog.Moment(in.From, now, otherwise); err != nil {
		return f, err
	}
	if f.To, err = calllog.Moment(in.To, now, time.Time{}); err != nil {
		return f, err
	}
	f.Before, err = web.ReadCursor[string](in.Cursor)
	return f, err
}

// cursor is that of the next page, "" on the last one.
func cursor(n, limit int, last func() string) string {
	if n < limit {
		return ""
	}
	return web.Cursor(last())
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /traces/{trace_id}", "get-trace", "A trace as a waterfall, with the gateway's calls and where the time went", func(ctx context.Context, in *struct {
		TraceID string `path:"trace_id" doc:"32 hexadecimal digits."`
	}) (*web.Body[Trace], error) {
		t, err := s.Trace(ctx, in.TraceID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Trace]{Body: *t}, nil
	})
	web.Route(api, "GET /spans", "list-spans", "Spans that services sent, newest or oldest first", func(ctx context.Context, in *struct {
		Asked
		Name  string  `query:"name"`
		MinMS float64 `query:"min_ms" minimum:"0" doc:"Those that took so long, in milliseconds."`
	}) (*web.Body[web.Page[*Span]], error) {
		f, err := in.filter(s.now())
		if err != nil {
			return nil, err
		}
		f.Name, f.MinDuration = in.Name, time.Duration(in.MinMS*float64(time.Millisecond))
		list, err := s.Spans(ctx, f)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Span]]{Body: web.NewPage(list, cursor(len(list), f.Limit, func() string { return list[len(list)-1].id() }))}, nil
	})
	web.Route(api, "GET /logs", "list-logs", "Log records that services sent, newest or oldest first", func(ctx context.Context, in *struct {
		Asked
		Severity int    `query:"severity" minimum:"0" maximum:"24" doc:"At least so severe: 9 info, 13 warn, 17 error."`
		Text     string `query:"text" maxLength:"200" doc:"In the body."`
	}) (*web.Body[web.Page[*Log]], error) {
		f, err := in.filter(s.now())
		if err != nil {
			return nil, err
		}
		f.MinSeverity, f.Text = in.Severity, in.Text
		list, err := s.Logs(ctx, f)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Log]]{Body: web.NewPage(list, cursor(len(list), f.Limit, func() string { return list[len(list)-1].ID }))}, nil
	})
	web.Route(api, "GET /telemetry/services", "list-telemetry-services", "Services that send telemetry, with their versions", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[Seen]], error) {
		list, err := s.Services(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Seen]]{Body: web.NewPage(list, "")}, nil
	})
}
