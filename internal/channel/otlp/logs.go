package otlp

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/hypercare/hypercare/internal/span"
)

func (s *Service) logs(w http.ResponseWriter, r *http.Request) {
	req := plogotlp.NewExportRequest()
	s.exchange(w, r, req, func(r *http.Request, f *sender) (answer, error) {
		b := &span.Batch{Workspace: f.ws}
		rejected, why, err := s.readLogs(r.Context(), f, req.Logs(), b)
		if err != nil {
			return nil, err
		}
		if err := s.keep(r.Context(), f, b); err != nil {
			return nil, err
		}
		s.arrived(f, len(b.Logs), why)
		res := plogotlp.NewExportResponse()
		if rejected > 0 {
			res.PartialSuccess().SetRejectedLogRecords(int64(rejected))
			res.PartialSuccess().SetErrorMessage(why)
		}
		return res, nil
	})
}

func (s *Service) readLogs(ctx context.Context, f *sender, ld plog.Logs, b *span.Batch) (rejected int, why string, err error) {
	m, err := s.mask(ctx, f.ws, f.launch())
	if err != nil {
		return 0, "", err
	}
	rd := &reader{m: m, known: map[string]string{}}
	now := s.now()
	for _, rl := range ld.ResourceLogs().All() {
		res := resourceOf(rl.Resource())
		for _, sl := range rl.ScopeLogs().All() {
			for _, x := range sl.LogRecords().All() {
				out := rd.log(res, x)
				if out.Severity < f.settings.minSeverity {
					continue
				}
				out.LaunchID = f.launch()
				if err := out.Check(now); err != nil {
					if rejected++; why == "" {
						why = err.Error()
					}
					continue
				}
				b.Logs = append(b.Logs, out)
			}
		}
	}
	if rejected > 1 {
		why = fmt.Sprintf("%s So with %d log records.", why, rejected)
	}
	return rejected, why, nil
}

func (r *reader) log(res resource, x plog.LogRecord) *span.Log {
	a := x.Attributes()
	out := &span.Log{At: timeOf(x.Timestamp()), Service: res.service, Severity: severityOf(x), Body: r.said(x.Body().AsString(), span.MaxBody),
		Environment: res.environment, Release: res.release, Error: text(a, "exception.type", "error.type")}
	if out.At.IsZero() {
		out.At = timeOf(x.ObservedTimestamp())
	}
	if id := x.TraceID(); !id.IsEmpty() {
		out.TraceID = hex.EncodeToString(id[:])
	}
	if id := x.SpanID(); !id.IsEmpty() {
		out.SpanID = hex.EncodeToString(id[:])
	}
	if out.Body == "" {
		out.Body = r.said(text(a, "exception.message"), span.MaxBody)
	}
	out.User, out.Session = who(a, res)
	out.Attrs = r.object(&res, a, span.MaxAttrs)
	return out
}

// severities are names of levels, as loggers write them.
var severities = map[string]int{"trace": 1, "debug": 5, "info": 9, "notice": 10, "information": 9, "warn": 13, "warning": 13, "error": 17, "err": 17, "severe": 17,
	"critical": 21, "crit": 21, "fatal": 21, "alert": 22, "emergency": 24, "emerg": 24, "panic": 21}

// severityOf is the number, or what the text says where there is none; an
// exception without either is an error.
func severityOf(x plog.LogRecord) int {
	if n := int(x.SeverityNumber()); n > 0 {
		return n
	}
	if n := severities[strings.ToLower(strings.TrimSpace(x.SeverityText()))]; n > 0 {
		return n
	}
	if _, ok := x.Attributes().Get("exception.type"); ok {
		return span.SeverityError
	}
	return 0
}
