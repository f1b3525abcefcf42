package span

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

const spanColumns = `id, trace_id, parent_id, launch_id, duration, service, name, kind, status, message, method, route, http_status,
	user_id, session_id, environment, release, error, attrs, events`

const logColumns = `id, trace_id, span_id, launch_id, service, severity, body, user_id, session_id, environment, release, error, attrs`

var statuses = []string{"", OK, Error} // by OTLP's numbers

func statusNumber(s string) int {
	for i, name := range statuses {
		if name == s {
			return i
		}
	}
	return 0
}

func scanSpan(r db.Scanner) (*Span, error) {
	var s Span
	var id, attrs, events string
	var duration int64
	var status int
	if err := r.Scan(&id, &s.TraceID, &s.ParentID, &s.LaunchID, &duration, &s.Service, &s.Name, &s.Kind, &status, &s.Message, &s.Method, &s.Route, &s.HTTPStatus,
		&s.User, &s.Session, &s.Environment, &s.Release, &s.Error, &attrs, &events); err != nil {
		return nil, err
	}
	s.Start, s.SpanID = timeOf(id), id[16:]
	s.Duration = time.Duration(duration) * time.Microsecond
	s.DurationMS = float64(duration) / 1000
	if status > 0 && status < len(statuses) {
		s.Status = statuses[status]
	}
	if attrs != "" {
		s.Attrs = json.RawMessage(attrs)
	}
	if events != "" {
		if err := json.Unmarshal([]byte(events), &s.Events); err != nil {
			return nil, fmt.Errorf("read events of span %s: %w", id, err)
		}
	}
	return &s, nil
}

func scanLog(r db.Scanner) (*Log, error) {
	var l Log
	var attrs string
	if err := r.Scan(&l.ID, &l.TraceID, &l.SpanID, &l.LaunchID, &l.Service, &l.Severity, &l.Body, &l.User, &l.Session, &l.Environment, &l.Release, &l.Error, &attrs); err != nil {
		return nil, err
	}
	l.At, l.Level = timeOf(l.ID), level(l.Severity)
	if attrs != "" {
		l.Attrs = json.RawMessage(attrs)
	}
	return &l, nil
}

func timeOf(id string) time.Time {
	var us int64
	_, _ = fmt.Sscanf(id[:16], "%016x", &us) // ids are made by stamp
	return db.Time(us)
}

func spanRow(ws workspace.ID, s *Span) ([]any, error) {
	events := ""
	if len(s.Events) > 0 {
		b, err := json.Marshal(s.Events)
		if err != nil {
			return nil, fmt.Errorf("write events: %w", err)
		}
		events = string(b)
	}
	return []any{ws, s.id(), s.TraceID, s.ParentID, s.LaunchID, s.Duration.Microseconds(), s.Service, s.Name, s.Kind, statusNumber(s.Status), s.Message, s.Method, s.Route, s.HTTPStatus,
		s.User, s.Session, s.Environment, s.Release, s.Error, string(s.Attrs), events}, nil
}

func logRow(ws workspace.ID, l *Log) []any {
	failed := 0
	if l.Failed() {
		failed = 1
	}
	return []any{ws, l.ID, l.TraceID, l.SpanID, l.LaunchID, l.Service, l.Severity, failed, l.Body, l.User, l.Session, l.Environment, l.Release, l.Error, string(l.Attrs)}
}

const (
	insertSpan = `INSERT INTO span (workspace_id, ` + spanColumns + `)`
	insertLog  = `INSERT INTO log_record (workspace_id, id, trace_id, span_id, launch_id, service, severity, failed, body, user_id, session_id, environment, release, error, attrs)`
)

// put writes rows and returns the ids of those that were not there yet, of
// those it is asked to tell apart.
func put(ctx context.Context, tx *db.Tx, head string, plain, told [][]any) (map[string]bool, error) {
	if err := db.Insert(ctx, tx, head, "ON CONFLICT DO NOTHING", plain); err != nil {
		return nil, err
	}
	ids, err := db.InsertReturning(ctx, tx, head, "ON CONFLICT DO NOTHING RETURNING id", told, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return nil, err
	}
	fresh := make(map[string]bool, len(ids))
	for _, id := range ids {
		fresh[id] = true
	}
	return fresh, nil
}

// Filter says which spans or log records are meant; what is empty does not
// matter.
type Filter struct {
	LaunchID    string
	TraceID     string
	Service     string
	Name        string // of a span
	User        string
	Session     string
	Environment string
	Release     string
	Failed      bool
	MinDuration time.Duration // of a span
	MinSeverity int           // of a log record
	Text        string        // in the body of a log record
	From, To    time.Time     // To is not in it any more
	Before      string        // id that ended the last page: older ones follow
	Oldest      bool          // oldest first
	Limit       int
}

// where builds the conditions of a filter over one of the two tables, behind
// that of the workspace ($1). Each stands as its index has it.
func (f *Filter) where(ws workspace.ID, spans bool) (string, []any) {
	text, args := "", []any{ws}
	add := func(cond string, v any) {
		args = append(args, v)
		text += fmt.Sprintf(" AND "+cond, len(args))
	}
	equal := func(column, v string, partial bool) {
		if v == "" {
			return
		}
		add(column+" = $%d", v)
		if partial {
			text += " AND " + column + " <> ''"
		}
	}
	equal("trace_id", f.TraceID, !spans)
	equal("user_id", f.User, true)
	equal("session_id", f.Session, true)
	equal("service", f.Service, false)
	equal("environment", f.Environment, false)
	equal("release", f.Release, false)
	if f.LaunchID != "" {
		add("launch_id IN ('', $%d)", f.LaunchID)
	}
	if !f.From.IsZero() {
		add("id >= $%d", stamp(f.From))
	}
	if !f.To.IsZero() {
		add("id < $%d", stamp(f.To))
	}
	if f.Before != "" {
		if f.Oldest {
			add("id > $%d", f.Before)
		} else {
			add("id < $%d", f.Before)
		}
	}
	if !spans {
		if f.Failed {
			text += " AND failed = 1"
		}
		if f.MinSeverity > 0 {
			add("severity >= $%d", f.MinSeverity)
		}
		if f.Text != "" {
			add(`lower(body) LIKE $%d ESCAPE '\'`, "%"+escapeLike(strings.ToLower(f.Text))+"%")
		}
		return text, args
	}
	if f.Failed {
		text += " AND status = 2"
	}
	equal("name", f.Name, false)
	if f.MinDuration > 0 {
		add("duration >= $%d", f.MinDuration.Microseconds())
	}
	return text, args
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func (f *Filter) order() string {
	if f.Oldest {
		return "ORDER BY id"
	}
	return "ORDER BY id DESC"
}

func findSpans(ctx context.Context, q db.Queryer, ws workspace.ID, f Filter) ([]*Span, error) {
	where, args := f.where(ws, true)
	args = append(args, f.Limit)
	list, err := db.All(ctx, q, scanSpan, `SELECT `+spanColumns+` FROM span WHERE workspace_id = $1`+where+` `+f.order()+fmt.Sprintf(" LIMIT $%d", len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("find spans: %w", err)
	}
	return list, nil
}

func findLogs(ctx context.Context, q db.Queryer, ws workspace.ID, f Filter) ([]*Log, error) {
	where, args := f.where(ws, false)
	args = append(args, f.Limit)
	list, err := db.All(ctx, q, scanLog, `SELECT `+logColumns+` FROM log_record WHERE workspace_id = $1`+where+` `+f.order()+fmt.Sprintf(" LIMIT $%d", len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("find log records: %w", err)
	}
	return list, nil
}
