// Package span keeps what the launched product tells of itself, for evidence:
// spans of traces and log records, as OpenTelemetry has them. It answers for
// a trace, for somebody around a time, and for what failed, and says where
// the time of a trace went. How they come in is package channel/otlp's
// business; it keeps no metrics (package metric does), and calls of the
// gateway are in the call log.
package span

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
)

// Span is one operation of a service within a trace. Names follow the
// semantic conventions of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/).
type Span struct {
	TraceID     string          `json:"trace_id" doc:"32 hexadecimal digits."`
	SpanID      string          `json:"span_id" doc:"16 hexadecimal digits."`
	ParentID    string          `json:"parent_id,omitempty"`
	LaunchID    string          `json:"launch_id,omitempty"`
	Service     string          `json:"service" doc:"service.name"`
	Name        string          `json:"name"`
	Kind        string          `json:"kind,omitempty" enum:"internal,server,client,producer,consumer"`
	Start       time.Time       `json:"start"`
	Duration    time.Duration   `json:"-"`
	DurationMS  float64         `json:"duration_ms"`
	Status      string          `json:"status,omitempty" enum:"ok,error" doc:"Absent where the service says nothing."`
	Message     string          `json:"message,omitempty" doc:"What the status says, or the exception."`
	Method      string          `json:"method,omitempty" doc:"http.request.method"`
	Route       string          `json:"route,omitempty" doc:"http.route, or the path where there is none."`
	HTTPStatus  int             `json:"http_status,omitempty"`
	User        string          `json:"user,omitempty" doc:"user.id or enduser.id"`
	Session     string          `json:"session,omitempty" doc:"session.id"`
	Environment string          `json:"environment,omitempty" doc:"deployment.environment.name"`
	Release     string          `json:"release,omitempty" doc:"service.version"`
	Error       string          `json:"error,omitempty" doc:"exception.type or error.type"`
	Attrs       json.RawMessage `json:"attrs,omitempty" doc:"The other attributes, as they may be kept."`
	Events      []Event         `json:"events,omitempty" doc:"What happened within it, exceptions among it."`
}

// Event is a moment within a span.
type Event struct {
	At    time.Time       `json:"at"`
	Name  string          `json:"name" example:"exception"`
	Attrs json.RawMessage `json:"attrs,omitempty"`
}

// Log is one log record.
type Log struct {
	ID          string          `json:"id"`
	At          time.Time       `json:"at"`
	TraceID     string          `json:"trace_id,omitempty"`
	SpanID      string          `json:"span_id,omitempty"`
	LaunchID    string          `json:"launch_id,omitempty"`
	Service     string          `json:"service"`
	Severity    int             `json:"severity" doc:"As OpenTelemetry has it: 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal; 0 unknown."`
	Level       string          `json:"level,omitempty" enum:"trace,debug,info,warn,error,fatal"`
	Body        string          `json:"body"`
	User        string          `json:"user,omitempty"`
	Session     string          `json:"session,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Release     string          `json:"release,omitempty"`
	Error       string          `json:"error,omitempty" doc:"exception.type"`
	Attrs       json.RawMessage `json:"attrs,omitempty"`
}

// The statuses of a span.
const (
	OK    = "ok"
	Error = "error"
)

// SeverityError is where the severities of errors begin.
const SeverityError = 17

// Failed reports whether a span says that it failed.
func (s *Span) Failed() bool { return s.Status == Error }

// Failed reports whether a record tells of an error.
func (l *Log) Failed() bool { return l.Severity >= SeverityError }

// End is when a span was over.
func (s *Span) End() time.Time { return s.Start.Add(s.Duration) }

// Bounds of what is kept of one span or log record, in bytes.
const (
	maxName    = 200
	maxMessage = 2000
	MaxBody    = 8 << 10 // of a log record
	MaxAttrs   = 8 << 10 // of the attributes, and of the events, of one
)

// levels are the names of severities, four numbers each.
var levels = []string{"", "trace", "debug", "info", "warn", "error", "fatal"}

func level(severity int) string {
	if severity < 1 || severity > 24 {
		return ""
	}
	return levels[(severity+3)/4]
}

// Check tidies a span, or says why it can't be kept.
func (s *Span) Check(now time.Time) error {
	if !isID(s.TraceID, 32) || !isID(s.SpanID, 16) {
		return errs.New(errs.Invalid, "A span needs a trace id of 32 and a span id of 16 hexadecimal digits, not all zero.")
	}
	if s.ParentID != "" && !isID(s.ParentID, 16) {
		s.ParentID = ""
	}
	if err := checkTime("span", s.Start, now); err != nil {
		return err
	}
	s.Start = s.Start.UTC().Truncate(time.Microsecond)
	s.Duration = max(s.Duration, 0).Truncate(time.Microsecond)
	s.Service, s.Name = Clip(s.Service, maxName), Clip(s.Name, maxName)
	if s.Name == "" {
		s.Name = "unnamed"
	}
	s.Message, s.Error = Clip(s.Message, maxMessage), Clip(s.Error, maxName)
	s.Method, s.Route = Clip(s.Method, 20), Clip(s.Route, maxName)
	s.User, s.Session = Clip(s.User, maxName), Clip(s.Session, maxName)
	s.Environment, s.Release = Clip(s.Environment, maxName), Clip(s.Release, maxName)
	return nil
}

// Check tidies a log record, or says why it can't be kept.
func (l *Log) Check(now time.Time) error {
	if err := checkTime("log record", l.At, now); err != nil {
		return err
	}
	l.At = l.At.UTC().Truncate(time.Microsecond)
	if !isID(l.TraceID, 32) {
		l.TraceID = ""
	}
	if !isID(l.SpanID, 16) {
		l.SpanID = ""
	}
	l.Severity = min(max(l.Severity, 0), 24)
	l.Level = level(l.Severity)
	l.Service, l.Body, l.Error = Clip(l.Service, maxName), Clip(l.Body, MaxBody), Clip(l.Error, maxName)
	l.User, l.Session = Clip(l.User, maxName), Clip(l.Session, maxName)
	l.Environment, l.Release = Clip(l.Environment, maxName), Clip(l.Release, maxName)
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s\x00%d\x00%s\x00%s\x00%s\x00%s", l.Service, l.Severity, l.TraceID, l.SpanID, l.Body, l.Attrs) // a hash takes all
	l.ID = fmt.Sprintf("%s%016x", stamp(l.At), h.Sum64())
	return nil
}

func checkTime(what string, at, now time.Time) error {
	switch {
	case at.Unix() <= 0:
		return errs.New(errs.Invalid, "A %s has no time.", what)
	case at.After(now.Add(time.Hour)):
		return errs.New(errs.Invalid, "A %s of %s lies in the future; set the sender's clock.", what, at.UTC().Format(time.RFC3339))
	}
	return nil
}

// id orders spans by time, and is the same when one comes again.
func (s *Span) id() string { return stamp(s.Start) + s.SpanID }

// stamp is a time as ids begin with.
func stamp(t time.Time) string { return fmt.Sprintf("%016x", max(t.UnixMicro(), 0)) }

// isID reports whether a text is so many hexadecimal digits in lower case, not all zero.
func isID(s string, n int) bool {
	if len(s) != n || strings.Trim(s, "0") == "" {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil && strings.ToLower(s) == s
}

// Clip brings a text to at most max bytes of valid UTF-8 without NUL, which
// PostgreSQL does not hold.
func Clip(s string, max int) string {
	if len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	return s
}
