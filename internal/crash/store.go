package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const groupColumns = `id, num, launch_id, grouping, title, kind, message, culprit, level, platform, state, resolved_in, state_at, state_by, regressions, regressed_at,
	first_at, last_at, events, users, first_release, last_release, burst_at, issue_id`

func scanGroup(r db.Scanner) (*Group, error) {
	g := &Group{Hours: []int64{}}
	var state, regressed, first, last int64
	err := r.Scan(&g.ID, &g.Number, &g.LaunchID, &g.Grouping, &g.Title, &g.Kind, &g.Message, &g.Culprit, &g.Level, &g.Platform, &g.State, &g.ResolvedIn, &state, &g.StateBy, &g.Regressions, &regressed,
		&first, &last, &g.Events, &g.Users, &g.FirstRelease, &g.LastRelease, &g.burstAt, &g.issueID)
	g.StateAt, g.RegressedAt, g.FirstAt, g.LastAt = at(state), at(regressed), db.Time(first), db.Time(last)
	return g, err
}

func at(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := db.Time(micros)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM error_group WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no error %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get error %s: %w", id, err)
	}
	return g, nil
}

func insertGroup(ctx context.Context, tx *db.Tx, ws workspace.ID, g *Group) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO error_group (workspace_id, id, num, launch_id, grouping, title, kind, message, culprit, level, platform, state, first_at, last_at, events, users, first_release, last_release)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		ws, g.ID, g.Number, g.LaunchID, g.Grouping, g.Title, g.Kind, g.Message, g.Culprit, g.Level, g.Platform, g.State, db.Micros(g.FirstAt), db.Micros(g.LastAt), g.Events, g.Users, g.FirstRelease, g.LastRelease)
	if err != nil {
		return fmt.Errorf("make error: %w", err)
	}
	return nil
}

const eventColumns = `id, launch_id, group_id, event_id, seq, pinned, at, received_at, title, level, release, environment, place, url,
	user_id, user_email, user_name, user_ip, session_id, trace_id, span_id, request_id`

func scanEvent(r db.Scanner) (*Event, error) {
	e := &Event{}
	var when, received int64
	err := r.Scan(&e.ID, &e.LaunchID, &e.GroupID, &e.EventID, &e.seq, &e.Pinned, &when, &received, &e.Title, &e.Level, &e.Release, &e.Environment, &e.Transaction, &e.URL,
		&e.User.ID, &e.User.Email, &e.User.Name, &e.User.IP, &e.SessionID, &e.TraceID, &e.SpanID, &e.RequestID)
	e.At, e.ReceivedAt = db.Time(when), db.Time(received)
	return e, err
}

func insertEvent(ctx context.Context, tx *db.Tx, ws workspace.ID, e *Event, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO error_event (workspace_id, `+eventColumns+`, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`,
		ws, e.ID, e.LaunchID, e.GroupID, e.EventID, e.seq, e.Pinned, db.Micros(e.At), db.Micros(e.ReceivedAt), e.Title, e.Level, e.Release, e.Environment, e.Transaction, e.URL,
		e.User.ID, e.User.Email, e.User.Name, e.User.IP, e.SessionID, e.TraceID, e.SpanID, e.RequestID, body)
	if err != nil {
		return fmt.Errorf("keep event %s: %w", e.EventID, err)
	}
	return nil
}

// Report is a feedback that names an event or a group of errors.
type Report struct {
	LaunchID   string
	NaturalKey string // of its delivery
	Channel    string
	EventID    string // the sender's; "" when it names the group itself
	GroupID    string
	TraceID    string
	At         time.Time
}

func putReport(ctx context.Context, tx *db.Tx, ws workspace.ID, r Report) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO error_report (workspace_id, launch_id, natural_key, channel, event_id, group_id, trace_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (workspace_id, launch_id, natural_key) DO UPDATE SET event_id = excluded.event_id, group_id = CASE WHEN excluded.group_id <> '' THEN excluded.group_id ELSE error_report.group_id END`,
		ws, r.LaunchID, r.NaturalKey, r.Channel, r.EventID, r.GroupID, r.TraceID, db.Micros(r.At))
	if err != nil {
		return fmt.Errorf("note report %s: %w", r.NaturalKey, err)
	}
	return nil
}

// linkReports joins reports that came before their event.
func linkReports(ctx context.Context, tx *db.Tx, ws workspace.ID, e *Event) error {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE error_report SET group_id = $1 WHERE workspace_id = $2 AND launch_id = $3 AND event_id = $4 AND event_id <> ''`, e.GroupID, ws, e.LaunchID, e.EventID))
	if err != nil {
		return fmt.Errorf("join reports of event %s: %w", e.EventID, err)
	}
	e.Pinned = e.Pinned || n > 0
	return nil
}

// contextName is the name and version that a context says.
func contextName(raw json.RawMessage) string {
	var c struct {
		Name    string `json:"name"`
		Version any    `json:"version"`
	}
	if json.Unmarshal(raw, &c) != nil || c.Name == "" {
		return ""
	}
	if v, ok := c.Version.(string); ok && v != "" {
		return c.Name + " " + v
	}
	return c.Name
}
