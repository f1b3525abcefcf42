package span

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Retention says what is kept of each workspace. The zero value is good.
type Retention struct {
	Days int   // 7 when 0
	Rows int64 // spans, and as many log records; 5 million when 0
}

// What is kept where nothing else is said.
const (
	DefaultDays = 7
	DefaultRows = 5_000_000
)

func (r *Retention) fill() {
	if r.Days == 0 {
		r.Days = DefaultDays
	}
	if r.Rows == 0 {
		r.Rows = DefaultRows
	}
}

// Deps are what a Service is made of.
type Deps struct {
	DB        *db.DB // a file of its own on SQLite, see decision 16
	Log       *slog.Logger
	Retention Retention
	// Calls returns the gateway's calls of a trace; nil: there is no call log.
	Calls func(ctx context.Context, trace string, from, to time.Time) ([]calllog.Call, error)
}

// Service is what the rest of the product may do with spans and log records.
type Service struct {
	db    *db.DB
	log   *slog.Logger
	keep  Retention
	calls func(ctx context.Context, trace string, from, to time.Time) ([]calllog.Call, error)
	now   func() time.Time
	queue queue

	mu   sync.Mutex
	seen map[version]time.Time // when it was noted last
}

// NewService returns the service; Commit must run for it to keep anything.
func NewService(d Deps) *Service {
	d.Retention.fill()
	return &Service{db: d.DB, log: d.Log, keep: d.Retention, calls: d.Calls, now: time.Now, queue: queue{c: make(chan *Batch, 1024)}, seen: map[version]time.Time{}}
}

// most is how many rows one question may bring.
const most = 1000

func limited(n, otherwise int) int {
	if n <= 0 {
		n = otherwise
	}
	return min(n, most)
}

// ByTrace returns the spans of a trace, earliest first, for the program
// itself: the caller has checked that its actor may read.
func (s *Service) ByTrace(ctx context.Context, ws workspace.ID, trace string) ([]*Span, error) {
	return findSpans(ctx, s.db, ws, Filter{TraceID: trace, Oldest: true, Limit: MaxTrace})
}

// MaxTrace is how many spans of a trace are looked at.
const MaxTrace = 5000

// Who is somebody who was served, by what is known of them: what is empty is
// unknown, and a span by any of the rest is theirs.
type Who struct {
	User, Session string
	Traces        []string // of their calls
}

// Around returns the spans of somebody in a time, newest first, at most limit
// by each of what is known of them. Most services note the user at their first
// span only: ask ByTrace for the rest of it.
func (s *Service) Around(ctx context.Context, ws workspace.ID, who Who, from, to time.Time, limit int) ([]*Span, error) {
	var out []*Span
	seen := map[string]bool{}
	for _, f := range who.filters(from, to, limited(limit, 200)) {
		list, err := findSpans(ctx, s.db, ws, f)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			if key := x.TraceID + x.SpanID; !seen[key] {
				seen[key] = true
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// LogsAround is Around for log records.
func (s *Service) LogsAround(ctx context.Context, ws workspace.ID, who Who, from, to time.Time, limit int) ([]*Log, error) {
	var out []*Log
	seen := map[string]bool{}
	for _, f := range who.filters(from, to, limited(limit, 200)) {
		list, err := findLogs(ctx, s.db, ws, f)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			if !seen[x.ID] {
				seen[x.ID] = true
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// filters are one for each of what is known of somebody: each has an index,
// an OR of them has none.
func (w Who) filters(from, to time.Time, limit int) []Filter {
	base := Filter{From: from, To: to, Limit: limit}
	var out []Filter
	add := func(set func(*Filter)) {
		f := base
		set(&f)
		out = append(out, f)
	}
	if w.User != "" {
		add(func(f *Filter) { f.User = w.User })
	}
	if w.Session != "" {
		add(func(f *Filter) { f.Session = w.Session })
	}
	for _, t := range w.Traces {
		if isID(t, 32) {
			// Without the time: SQLite would rather walk through all of it than
			// take the few rows of a trace by their index.
			add(func(f *Filter) { f.TraceID, f.From, f.To = t, time.Time{}, time.Time{} })
		}
	}
	return out
}

// Errors returns the spans of a launch that failed in a time, newest first.
// Those that came by a token belong to every launch.
func (s *Service) Errors(ctx context.Context, ws workspace.ID, launchID string, from, to time.Time, limit int) ([]*Span, error) {
	return findSpans(ctx, s.db, ws, Filter{LaunchID: launchID, Failed: true, From: from, To: to, Limit: limited(limit, 200)})
}

// ErrorLogs is Errors for log records.
func (s *Service) ErrorLogs(ctx context.Context, ws workspace.ID, launchID string, from, to time.Time, limit int) ([]*Log, error) {
	return findLogs(ctx, s.db, ws, Filter{LaunchID: launchID, Failed: true, From: from, To: to, Limit: limited(limit, 200)})
}

// One returns a span of a trace.
func (s *Service) One(ctx context.Context, ws workspace.ID, trace, id string) (*Span, error) {
	list, err := s.ByTrace(ctx, ws, trace)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if x.SpanID == id {
			return x, nil
		}
	}
	return nil, errs.New(errs.NotFound, "There is no span %.40s of trace %.40s; it may be older than what is kept.", id, trace)
}

// OneLog returns a log record.
func (s *Service) OneLog(ctx context.Context, ws workspace.ID, id string) (*Log, error) {
	l, err := scanLog(s.db.QueryRowContext(ctx, `SELECT `+logColumns+` FROM log_record WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no log record %.40s; it may be older than what is kept.", id)
	case err != nil:
		return nil, fmt.Errorf("get log record %s: %w", id, err)
	}
	return l, nil
}

// listTime bounds a list whose filter finds little.
const listTime = 8 * time.Second

// Spans returns spans, newest first, for who may read.
func (s *Service) Spans(ctx context.Context, f Filter) ([]*Span, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	f.Limit = limited(f.Limit, 100)
	return findSpans(ctx, s.db, a.Workspace, f)
}

// Logs returns log records, newest first, for who may read.
func (s *Service) Logs(ctx context.Context, f Filter) ([]*Log, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	f.Limit = limited(f.Limit, 100)
	return findLogs(ctx, s.db, a.Workspace, f)
}
