package crash

import (
	"context"
	"fmt"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Link notes in tx that a report names an event, and returns that event where
// it is here. It may also come later: then they are joined then.
func (s *Service) Link(ctx context.Context, tx *db.Tx, ws workspace.ID, r Report) (*Event, error) {
	var e *Event
	if r.EventID != "" {
		found, err := scanEvent(tx.QueryRowContext(ctx, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND launch_id = $2 AND event_id = $3`, ws, r.LaunchID, r.EventID))
		switch {
		case err == nil:
			e, r.GroupID = found, found.GroupID
			if _, err := tx.ExecContext(ctx, `UPDATE error_event SET pinned = TRUE WHERE workspace_id = $1 AND id = $2`, ws, e.ID); err != nil {
				return nil, fmt.Errorf("pin event %s: %w", e.ID, err)
			}
		case !db.IsNoRows(err):
			return nil, fmt.Errorf("look for event %s: %w", r.EventID, err)
		}
	}
	return e, putReport(ctx, tx, ws, r)
}

// Feedback returns the reports of a group: what people said of it, and what
// the rules of channels made of it, newest first, at most 100.
func (s *Service) Feedback(ctx context.Context, groupID string) ([]*feedback.Feedback, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.db, a.Workspace, groupID); err != nil {
		return nil, err
	}
	ids, err := reportsOf(ctx, s.db, a.Workspace, groupID, 100)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := s.feedback.Rows(ctx, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	var out []*feedback.Feedback
	for _, id := range ids {
		if f := rows[id]; f != nil {
			out = append(out, f)
		}
	}
	return out, nil
}

func reportsOf(ctx context.Context, q db.Queryer, ws workspace.ID, groupID string, limit int) ([]string, error) {
	ids, err := db.All(ctx, q, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT d.id FROM error_report r JOIN delivery d ON d.workspace_id = r.workspace_id AND d.launch_id = r.launch_id AND d.channel = r.channel AND d.natural_key = r.natural_key
			JOIN feedback f ON f.workspace_id = d.workspace_id AND f.id = d.id
		WHERE r.workspace_id = $1 AND r.group_id = $2 AND r.group_id <> '' ORDER BY d.id DESC LIMIT $3`, ws, groupID, limit)
	if err != nil {
		return nil, fmt.Errorf("list reports of error %s: %w", groupID, err)
	}
	return ids, nil
}

// Of returns the group that a feedback names, "" when it names none.
func (s *Service) Of(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT r.group_id FROM delivery d JOIN error_report r ON r.workspace_id = d.workspace_id AND r.launch_id = d.launch_id AND r.natural_key = d.natural_key
		WHERE d.workspace_id = $1 AND d.id = $2`, ws, feedbackID).Scan(&id)
	if err != nil && !db.IsNoRows(err) {
		return "", fmt.Errorf("look for the error of feedback %s: %w", feedbackID, err)
	}
	return id, nil
}
