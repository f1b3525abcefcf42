package crash

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Tie says to whom or what events belong; what is empty ties nothing.
type Tie struct {
	UserIDs, Emails, Sessions, Traces, Requests, IPs []string
}

// Tied returns the events of a launch within a time that belong to any of a
// tie, newest first: each column is asked by its own index. The caller has
// checked that its actor may read.
func Tied(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, t Tie, from, to time.Time, limit int) ([]*Event, error) {
	seen := map[string]bool{}
	var out []*Event
	for _, by := range []struct {
		column string
		values []string
	}{{"trace_id", t.Traces}, {"request_id", t.Requests}, {"session_id", t.Sessions}, {"user_id", t.UserIDs}, {"user_email", t.Emails}, {"user_ip", t.IPs}} {
		values := make([]string, 0, len(by.values))
		for _, v := range by.values {
			if v != "" && len(values) < 100 {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		args := append([]any{ws, launchID, db.Micros(from), db.Micros(to), limit}, db.Args(values)...)
		list, err := db.All(ctx, q, scanEvent, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND launch_id = $2 AND at >= $3 AND at < $4
			AND `+by.column+` <> '' AND `+by.column+` IN (`+db.In(6, len(values))+`) ORDER BY at DESC, id DESC LIMIT $5`, args...)
		if err != nil {
			return nil, fmt.Errorf("find events by %s: %w", strings.TrimSuffix(by.column, "_id"), err)
		}
		for _, e := range list {
			if !seen[e.ID] {
				seen[e.ID] = true
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// Between returns the events of a launch within a time, newest first. The
// caller has checked that its actor may read.
func Between(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, from, to time.Time, limit int) ([]*Event, error) {
	list, err := db.All(ctx, q, scanEvent, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND launch_id = $2 AND at >= $3 AND at < $4 ORDER BY at DESC, id DESC LIMIT $5`,
		ws, launchID, db.Micros(from), db.Micros(to), limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// Groups returns groups by id, for showing beside something else. The caller
// has checked that its actor may read.
func Groups(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]*Group, error) {
	out := map[string]*Group{}
	if len(ids) == 0 {
		return out, nil
	}
	list, err := db.All(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM error_group WHERE workspace_id = $1 AND id IN (`+db.In(2, len(ids))+`)`, append([]any{ws}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("get %d errors: %w", len(ids), err)
	}
	for _, g := range list {
		out[g.ID] = g
	}
	return out, nil
}
