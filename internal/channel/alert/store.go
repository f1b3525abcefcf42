package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	groupColumns = `id, launch_id, channel_id, kind, group_key, title, severity, service, url, state, open, total, started_at, last_at, ended_at`
	alertColumns = `id, group_id, launch_id, channel_id, dedup_key, title, text, severity, state, labels, url, times, started_at, last_at, expires_at, ended_at`
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func scanGroup(s db.Scanner) (*Group, error) {
	g := &Group{}
	var started, last, ended int64
	err := s.Scan(&g.ID, &g.LaunchID, &g.ChannelID, &g.Kind, &g.key, &g.Title, &g.Severity, &g.Service, &g.URL, &g.State, &g.Open, &g.Total, &started, &last, &ended)
	g.StartedAt, g.LastAt, g.EndedAt = db.Time(started), db.Time(last), timePtr(ended)
	return g, err
}

func scanAlert(s db.Scanner) (*Alert, error) {
	a := &Alert{Labels: map[string]string{}}
	var labels string
	var started, last, expires, ended int64
	if err := s.Scan(&a.ID, &a.GroupID, &a.LaunchID, &a.channelID, &a.Key, &a.Title, &a.Text, &a.Severity, &a.State, &labels, &a.URL, &a.Times, &started, &last, &expires, &ended); err != nil {
		return nil, err
	}
	a.StartedAt, a.LastAt, a.EndedAt = db.Time(started), db.Time(last), timePtr(ended)
	if expires != 0 {
		a.expires = db.Time(expires)
	}
	return a, json.Unmarshal([]byte(labels), &a.Labels)
}

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil || t.IsZero() {
		return 0
	}
	return db.Micros(*t)
}

// hold makes deliveries of one channel wait for each other: what is open is
// one after the other's business.
func hold(ctx context.Context, tx *db.Tx, ws workspace.ID, channelID string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE channel SET enabled = enabled WHERE workspace_id = $1 AND id = $2`, ws, channelID); err != nil {
		return fmt.Errorf("hold channel %s: %w", channelID, err)
	}
	return nil
}

// openAlerts returns those of a channel that are open, by their keys.
func openAlerts(ctx context.Context, q db.Queryer, ws workspace.ID, channelID string, keys []string) (map[string]*Alert, error) {
	out := map[string]*Alert{}
	for part := range slices.Chunk(keys, 500) {
		list, err := db.All(ctx, q, scanAlert, `SELECT `+alertColumns+` FROM outside_alert WHERE workspace_id = $1 AND channel_id = $2 AND state <> 'resolved' AND dedup_key IN (`+db.In(3, len(part))+`)`,
			append([]any{ws, channelID}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find open alerts: %w", err)
		}
		for _, a := range list {
			out[a.Key] = a
		}
	}
	return out, nil
}

// known tells which of these alerts were there, by key and start, resolved or
// not: what is told late is not new.
func known(ctx context.Context, q db.Queryer, ws workspace.ID, channelID string, keys []string, since time.Time) (map[occurrence]bool, error) {
	out := map[occurrence]bool{}
	for part := range slices.Chunk(keys, 500) {
		list, err := db.All(ctx, q, func(r db.Scanner) (o occurrence, err error) { return o, r.Scan(&o.key, &o.started) },
			`SELECT dedup_key, started_at FROM outside_alert WHERE workspace_id = $1 AND channel_id = $2 AND started_at >= $3 AND dedup_key IN (`+db.In(4, len(part))+`)`,
			append([]any{ws, channelID, db.Micros(since)}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find known alerts: %w", err)
		}
		for _, o := range list {
			out[o] = true
		}
	}
	return out, nil
}

type occurrence struct {
	key     string
	started int64
}

func openGroups(ctx context.Context, q db.Queryer, ws workspace.ID, channelID string, keys []string) (map[string]*Group, error) {
	out := map[string]*Group{}
	for part := range slices.Chunk(keys, 500) {
		list, err := db.All(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE workspace_id = $1 AND channel_id = $2 AND state <> 'resolved' AND group_key IN (`+db.In(3, len(part))+`)`,
			append([]any{ws, channelID}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find open groups of alerts: %w", err)
		}
		for _, g := range list {
			out[g.key] = g
		}
	}
	return out, nil
}

func groupsByID(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]*Group, error) {
	out := map[string]*Group{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("get groups of alerts: %w", err)
		}
		for _, g := range list {
			out[g.ID] = g
		}
	}
	return out, nil
}

// putAlerts writes alerts, those that ended first: one of a key is open at a
// time.
func putAlerts(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Alert) error {
	for _, ended := range []bool{true, false} {
		var rows [][]any
		for _, a := range list {
			if (a.State == Resolved) != ended {
				continue
			}
			labels, err := json.Marshal(a.Labels)
			if err != nil {
				return err
			}
			rows = append(rows, []any{ws, a.ID, a.GroupID, a.LaunchID, a.channelID, a.Key, a.Title, a.Text, a.Severity, a.State, string(labels), a.URL, a.Times,
				db.Micros(a.StartedAt), db.Micros(a.LastAt), micros(&a.expires), micros(a.EndedAt)})
		}
		err := db.Insert(ctx, tx, `INSERT INTO outside_alert (workspace_id, `+alertColumns+`)`, `ON CONFLICT (workspace_id, id) DO UPDATE SET title = excluded.title,
			text = excluded.text, severity = excluded.severity, state = excluded.state, labels = excluded.labels, url = excluded.url, times = excluded.times,
			last_at = excluded.last_at, expires_at = excluded.expires_at, ended_at = excluded.ended_at`, rows)
		if err != nil {
			return fmt.Errorf("keep alerts: %w", err)
		}
	}
	return nil
}

func putGroups(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Group) error {
	for _, ended := range []bool{true, false} {
		var rows [][]any
		for _, g := range list {
			if (g.State == Resolved) == ended {
				rows = append(rows, []any{ws, g.ID, g.LaunchID, g.ChannelID, g.Kind, g.key, g.Title, g.Severity, g.Service, g.URL, g.State, g.Open, g.Total,
					db.Micros(g.StartedAt), db.Micros(g.LastAt), micros(g.EndedAt)})
			}
		}
		err := db.Insert(ctx, tx, `INSERT INTO alert_group (workspace_id, `+groupColumns+`)`, `ON CONFLICT (workspace_id, id) DO UPDATE SET title = excluded.title,
			severity = excluded.severity, state = excluded.state, open = excluded.open, total = excluded.total, last_at = excluded.last_at, ended_at = excluded.ended_at`, rows)
		if err != nil {
			return fmt.Errorf("keep groups of alerts: %w", err)
		}
	}
	return nil
}

// Filter selects groups; empty fields select all.
type Filter struct {
	LaunchID, State string
	BeforeAt        int64 // where the page before ended
	BeforeID        string
	Limit           int
}

func listGroups(ctx context.Context, q db.Queryer, ws workspace.ID, f Filter) ([]*Group, error) {
	if f.BeforeAt == 0 {
		f.BeforeAt = 1 << 62
	}
	where, args := `workspace_id = $1 AND (started_at, id) < ($2, $3)`, []any{ws, f.BeforeAt, f.BeforeID}
	if f.LaunchID != "" {
		args = append(args, f.LaunchID)
		where += fmt.Sprintf(` AND launch_id = $%d`, len(args))
	}
	switch f.State {
	case "":
	case "open":
		where += ` AND state <> 'resolved'`
	default:
		args = append(args, f.State)
		where += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	args = append(args, f.Limit)
	list, err := db.All(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE `+where+fmt.Sprintf(` ORDER BY started_at DESC, id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list groups of alerts: %w", err)
	}
	return list, nil
}

func getGroup(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM alert_group WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no group of alerts %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get group of alerts %s: %w", id, err)
	}
	return g, nil
}

func alertsOf(ctx context.Context, q db.Queryer, ws workspace.ID, groupID string, open bool, limit int) ([]*Alert, error) {
	where := ""
	if open {
		where = ` AND state <> 'resolved'`
	}
	list, err := db.All(ctx, q, scanAlert, `SELECT `+alertColumns+` FROM outside_alert WHERE workspace_id = $1 AND group_id = $2`+where+` ORDER BY started_at DESC, id DESC LIMIT $3`, ws, groupID, limit)
	if err != nil {
		return nil, fmt.Errorf("list alerts of %s: %w", groupID, err)
	}
	return list, nil
}

// lapsed finds open alerts of all workspaces that nobody told again.
func lapsed(ctx context.Context, q db.Queryer, now time.Time, limit int) ([]lapse, error) {
	return db.All(ctx, q, func(r db.Scanner) (l lapse, err error) { return l, r.Scan(&l.ws, &l.channelID, &l.key) },
		`SELECT workspace_id, channel_id, dedup_key FROM outside_alert WHERE state <> 'resolved' AND expires_at <> 0 AND expires_at < $1 ORDER BY expires_at LIMIT $2`, db.Micros(now), limit)
}

type lapse struct {
	ws        workspace.ID
	channelID string
	key       string
}
