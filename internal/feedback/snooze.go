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

// PutOff puts feedback that is to be triaged off until then (the zero time:
// not any more), in tx. list is where it stands as the caller read it: if any
// of it was moved or put off meanwhile, PutOff fails as a conflict and nothing
// may be committed. After the commit the caller must call Moved.
func (s *Service) PutOff(ctx context.Context, tx *db.Tx, ws workspace.ID, list []Place, until time.Time) error {
	now := db.Micros(s.now())
	groups := map[time.Time][]string{}
	for _, p := range list {
		groups[p.SnoozedUntil] = append(groups[p.SnoozedUntil], p.ID)
	}
	for was, ids := range groups {
		for part := range slices.Chunk(ids, 500) {
			n, err := db.Affected(tx.ExecContext(ctx, `UPDATE feedback SET snoozed_until = $1, changed_at = $2
				WHERE workspace_id = $3 AND state = 'new' AND snoozed_until = $4 AND id IN (`+db.In(5, len(part))+`)`,
				append([]any{db.Micros(until), now, ws, db.Micros(was)}, db.Args(part)...)...))
			if err != nil {
				return fmt.Errorf("put %d feedback off: %w", len(part), err)
			}
			if n != int64(len(part)) {
				return errs.New(errs.Conflict, "Somebody else has just worked on this feedback; look again, then decide.")
			}
		}
	}
	return nil
}

// wakeBatch is how many are woken in one transaction.
const wakeBatch = 500

// Wake clears the time of feedback that was put off until now or earlier, in
// all workspaces, tells those who watch, and returns how many. Lists let it
// back by themselves when the time has come, so it may come late or run on
// several nodes at once; and it may be killed at any time, because each batch
// is whole.
func (s *Service) Wake(ctx context.Context) (int, error) {
	type woken struct {
		ws workspace.ID
		Place
	}
	total := 0
	for {
		now := db.Micros(s.now())
		var list []woken
		err := s.db.Tx(ctx, func(tx *db.Tx) error {
			var err error
			// All workspaces: this is the node's own work list.
			list, err = db.All(ctx, tx, func(r db.Scanner) (w woken, err error) { return w, r.Scan(&w.ws, &w.ID, &w.LaunchID) },
				`UPDATE feedback SET snoozed_until = 0, changed_at = $1 WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM feedback
					WHERE snoozed_until <> 0 AND snoozed_until <= $1 ORDER BY snoozed_until LIMIT $2 `+tx.SkipLocked()+`)
				RETURNING workspace_id, id, launch_id`, now, wakeBatch)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("wake what was put off: %w", err)
		}
		byWorkspace := map[workspace.ID][]Place{}
		for _, w := range list {
			byWorkspace[w.ws] = append(byWorkspace[w.ws], w.Place)
		}
		for ws, places := range byWorkspace {
			if err := s.Moved(ctx, ws, places); err != nil {
				return total, err
			}
		}
		if total += len(list); len(list) < wakeBatch {
			return total, nil
		}
	}
}
