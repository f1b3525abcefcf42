package feedback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Place is where a feedback stands: what accepting, joining, ignoring,
// merging, splitting and putting off change, and nothing else. Thousands are
// moved at once when issues merge, so they are read and written without the
// wide columns.
type Place struct {
	ID           string
	Num          int64
	LaunchID     string
	State        string
	IssueID      string
	SnoozedUntil time.Time // zero: not put off
}

const placeColumns = `id, num, launch_id, state, issue_id, snoozed_until`

func scanPlace(s db.Scanner) (p Place, err error) {
	var snoozed int64
	err = s.Scan(&p.ID, &p.Num, &p.LaunchID, &p.State, &p.IssueID, &snoozed)
	p.SnoozedUntil = db.Time(snoozed)
	return p, err
}

// Places returns where feedback stands, in the order of ids; what is gone is
// left out.
func (s *Service) Places(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]Place, error) {
	found := make(map[string]Place, len(ids))
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanPlace, `SELECT `+placeColumns+` FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find %d feedback: %w", len(ids), err)
		}
		for _, p := range list {
			found[p.ID] = p
		}
	}
	out := make([]Place, 0, len(found))
	for _, id := range ids {
		if p, ok := found[id]; ok {
			out = append(out, p)
			delete(found, id) // an id named twice is one feedback
		}
	}
	return out, nil
}

// PlacesOfIssue returns where the feedback of an issue stands, oldest number
// first.
func (s *Service) PlacesOfIssue(ctx context.Context, q db.Queryer, ws workspace.ID, issueID string) ([]Place, error) {
	list, err := db.All(ctx, q, scanPlace, `SELECT `+placeColumns+` FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' ORDER BY num`, ws, issueID)
	if err != nil {
		return nil, fmt.Errorf("find feedback of issue %s: %w", issueID, err)
	}
	return list, nil
}

// Move puts feedback into another state and issue, in tx. list is where it
// stands as the caller read it: if any of it was moved meanwhile, Move fails
// as a conflict and nothing may be committed. After the commit the caller
// must call Moved.
func (s *Service) Move(ctx context.Context, tx *db.Tx, ws workspace.ID, list []Place, state, issueID string) error {
	now := db.Micros(s.now())
	type from struct{ state, issue string }
	groups := map[from][]string{}
	var order []from
	for _, p := range list {
		f := from{p.State, p.IssueID}
		if groups[f] == nil {
			order = append(order, f)
		}
		groups[f] = append(groups[f], p.ID)
	}
	for _, f := range order {
		for part := range slices.Chunk(groups[f], 500) {
			n, err := db.Affected(tx.ExecContext(ctx, `UPDATE feedback SET state = $1, issue_id = $2, changed_at = $3,
					triaged_at = CASE WHEN $1 = 'new' THEN 0 WHEN triaged_at = 0 THEN $3 ELSE triaged_at END
				WHERE workspace_id = $4 AND state = $5 AND issue_id = $6 AND id IN (`+db.In(7, len(part))+`)`,
				append([]any{state, issueID, now, ws, f.state, f.issue}, db.Args(part)...)...))
			if err != nil {
				return fmt.Errorf("move %d feedback: %w", len(part), err)
			}
			if n != int64(len(part)) {
				return errs.New(errs.Conflict, "Somebody else has just worked on this feedback; look again, then decide.")
			}
		}
	}
	return nil
}

// Moved brings lists and watchers up to date with feedback that was moved.
func (s *Service) Moved(ctx context.Context, ws workspace.ID, list []Place) error {
	byLaunch := map[string][]string{}
	for _, p := range list {
		byLaunch[p.LaunchID] = append(byLaunch[p.LaunchID], p.ID)
	}
	for launchID, ids := range byLaunch {
		s.mu.Lock()
		t := s.tables[tableKey{ws, launchID}]
		s.mu.Unlock()
		if t != nil {
			if err := s.reread(ctx, ws, t, ids); err != nil {
				return err
			}
		}
		s.tell(ctx, ws, launchID, ids)
	}
	return nil
}

// reread brings some rows of a loaded list up to date with the records.
func (s *Service) reread(ctx context.Context, ws workspace.ID, t *table, ids []string) error {
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, s.db, scanRow, `SELECT `+columnColumns+` FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("read moved feedback: %w", err)
		}
		for _, r := range list {
			t.cols.Put(r.Row)
		}
	}
	return nil
}
