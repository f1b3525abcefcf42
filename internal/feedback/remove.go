package feedback

import (
	"context"
	"fmt"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Removed is what RemoveImport took away; hand it to Forget after the commit.
type Removed struct {
	ws       workspace.ID
	launchID string
	ids      []string
	nums     []int64
	IssueIDs []string // issues that lost reports
}

// Len is how many feedback and waiting deliveries were removed.
func (r *Removed) Len() int { return len(r.ids) }

// RemoveImport takes up to limit reports of an import away in tx: the
// feedback with its decisions, notes and search entry goes, the delivery stays in
// the ledger as undone and gives its natural key back.
func (s *Service) RemoveImport(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID, importID string, limit int) (*Removed, error) {
	r := &Removed{ws: ws, launchID: launchID}
	type row struct {
		id, issue string
		num       int64
	}
	list, err := db.All(ctx, tx, func(q db.Scanner) (x row, err error) { return x, q.Scan(&x.id, &x.issue, &x.num) },
		`SELECT d.id, COALESCE(f.issue_id, ''), COALESCE(f.num, 0) FROM delivery d LEFT JOIN feedback f ON f.workspace_id = d.workspace_id AND f.id = d.id
		WHERE d.workspace_id = $1 AND d.import_id = $2 AND d.import_id <> '' AND d.launch_id = $3 AND d.state <> 'undone' LIMIT $4`, ws, importID, launchID, limit)
	if err != nil {
		return nil, fmt.Errorf("find reports of import %s: %w", importID, err)
	}
	if len(list) == 0 {
		return r, nil
	}
	seen := map[string]bool{}
	for _, x := range list {
		r.ids = append(r.ids, x.id)
		if x.num != 0 {
			r.nums = append(r.nums, x.num)
		}
		if x.issue != "" && !seen[x.issue] {
			seen[x.issue] = true
			r.IssueIDs = append(r.IssueIDs, x.issue)
		}
	}
	args := append([]any{ws}, db.Args(r.ids)...)
	in := db.In(2, len(r.ids))
	for _, text := range []string{
		`DELETE FROM decision WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM dismissal WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM correction WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM mention WHERE workspace_id = $1 AND note_id IN (SELECT id FROM note WHERE workspace_id = $1 AND feedback_id <> '' AND feedback_id IN (` + in + `))`,
		`DELETE FROM note WHERE workspace_id = $1 AND feedback_id <> '' AND feedback_id IN (` + in + `)`,
		`DELETE FROM attachment WHERE workspace_id = $1 AND delivery_id IN (` + in + `)`,
		`DELETE FROM feedback WHERE workspace_id = $1 AND id IN (` + in + `)`,
		`UPDATE delivery SET state = 'undone', natural_key = NULL WHERE workspace_id = $1 AND id IN (` + in + `)`,
	} {
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return nil, fmt.Errorf("remove reports of import %s: %w", importID, err)
		}
	}
	if err := privacy.Forget(ctx, tx, ws, privacy.Feedback, r.ids...); err != nil {
		return nil, err
	}
	return r, db.DropSearch(ctx, tx, string(ws), searchKind, r.nums)
}

// Forget brings lists and watchers up to date with what was removed.
func (s *Service) Forget(ctx context.Context, r *Removed) {
	s.drop(r.ws, r.launchID, r.ids, r.nums)
	if s.recounted != nil {
		s.recounted(ctx, r.ws, r.launchID, r.IssueIDs...)
	}
}
