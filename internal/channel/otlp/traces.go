package otlp

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/hypercare/hypercare/internal/span"
)

func (s *Service) traces(w http.ResponseWriter, r *http.Request) {
	req := ptraceotlp.NewExportRequest()
	s.exchange(w, r, req, func(r *http.Request, f *sender) (answer, error) {
		b := &span.Batch{Workspace: f.ws}
		rejected, why, err := s.readTraces(r.Context(), f, req.Traces(), b)
		if err != nil {
			return nil, err
		}
		if err := s.keep(r.Context(), f, b); err != nil {
			return nil, err
		}
		s.arrived(f, len(b.Spans), why)
		res := ptraceotlp.NewExportResponse()
		if rejected > 0 {
			res.PartialSuccess().SetRejectedSpans(int64(rejected))
			res.PartialSuccess().SetErrorMessage(why)
		}
		return res, nil
	})
}

// readTraces puts the spans of a request into a batch; it returns how many
// can't be kept, and why the first can't.
func (s *Service) readTraces(ctx context.Context, f *sender, td ptrace.Traces, b *span.Batch) (rejected int, why string, err error) {
	m, err := s.mask(ctx, f.ws, f.launch())
	if err != nil {
		return 0, "", err
	}
	rd := &reader{m: m, known: map[string]string{}}
	now := s.now()
	for _, rs := range td.ResourceSpans().All() {
		res := resourceOf(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			for _, x := range ss.Spans().All() {
				out := rd.span(res, x)
				out.LaunchID = f.launch()
				if err := out.Check(now); err != nil {
					if rejected++; why == "" {
						why = err.Error()
					}
					continue
				}
				b.Spans = append(b.Spans, out)
			}
		}
	}
	if rejected > 1 {
		why = fmt.Sprintf("%s So with %d spans.", why, rejected)
	}
	return rejected, why, nil
}

var kinds = map[ptrace.SpanKind]string{ptrace.SpanKindInternal: "internal", ptrace.SpanKindServer: "server", ptrace.SpanKindClient: "client",
	ptrace.SpanKindProducer: "producer", ptrace.SpanKindConsumer: "consumer"}

func (r *reader) span(res resource, x ptrace.Span) *span.Span {
	a := x.Attributes()
	traceID, spanID, parent := x.TraceID(), x.SpanID(), x.ParentSpanID()
	out := &span.Span{TraceID: hex.EncodeToString(traceID[:]), SpanID: hex.EncodeToString(spanID[:]), Service: res.service, Name: r.said(x.Name(), maxValue), Kind: kinds[x.Kind()],
		Start: timeOf(x.StartTimestamp()), Method: text(a, "http.request.method", "http.method"), Route: r.said(routeOf(a), maxValue), HTTPStatus: number(a, "http.response.status_code", "http.status_code"),
		Environment: res.environment, Release: res.release, Error: text(a, "error.type")}
	if !parent.IsEmpty() {
		out.ParentID = hex.EncodeToString(parent[:])
	}
	if end := timeOf(x.EndTimestamp()); end.After(out.Start) {
		out.Duration = end.Sub(out.Start)
	}
	out.User, out.Session = who(a, res)
	switch x.Status().Code() {
	case ptrace.StatusCodeOk:
		out.Status = span.OK
	case ptrace.StatusCodeError:
		out.Status = span.Error
	}
	out.Message = r.said(x.Status().Message(), 2000)
	out.Attrs = r.object(&res, a, span.MaxAttrs)
	r.events(out, x.Events())
	return out
}

// timeOf keeps the zero time: it would be 1970.
func timeOf(t pcommon.Timestamp) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return t.AsTime()
}

// routeOf is http.route, or the path where the service names none.
func routeOf(a pcommon.Map) string {
	if route := text(a, "http.route"); route != "" {
		return route
	}
	path := text(a, "url.path", "http.target")
	if path == "" {
		if u, err := url.Parse(text(a, "url.full", "http.url")); err == nil {
			path = u.Path
		}
	}
	if u, err := url.Parse(path); err == nil { // http.target has the query too
		path = u.Path
	}
	return path
}

// maxEvents of a span are kept, exceptions first.
const maxEvents = 20

func (r *reader) events(out *span.Span, list ptrace.SpanEventSlice) {
	room := span.MaxAttrs
	for _, exceptions := range []bool{true, false} {
		for _, e := range list.All() {
			if (e.Name() == "exception") != exceptions || len(out.Events) == maxEvents {
				continue
			}
			if exceptions {
				out.Error = cmp.Or(text(e.Attributes(), "exception.type"), out.Error)
				out.Message = cmp.Or(out.Message, r.said(text(e.Attributes(), "exception.message"), 2000))
			}
			attrs := r.object(nil, e.Attributes(), room)
			room -= len(attrs)
			if room < 0 {
				return
			}
			out.Events = append(out.Events, span.Event{At: timeOf(e.Timestamp()).UTC(), Name: span.Clip(e.Name(), 200), Attrs: attrs})
		}
	}
}

// exception is the text of the first exception among a span's events.
func exception(events []span.Event) (kind, message, stack string) {
	for _, e := range events {
		if e.Name != "exception" {
			continue
		}
		return exceptionIn(e.Attrs)
	}
	return "", "", ""
}

func exceptionIn(attrs json.RawMessage) (kind, message, stack string) {
	var all map[string]any
	if len(attrs) == 0 || json.Unmarshal(attrs, &all) != nil {
		return "", "", ""
	}
	get := func(k string) string { v, _ := all[k].(string); return v }
	return get("exception.type"), get("exception.message"), get("exception.stacktrace")
}
