package view

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `id, launch_id, owner_id, page, name, query, shared, position, created_at, updated_at`

func scan(s db.Scanner) (*View, error) {
	var v View
	var created, updated int64
	err := s.Scan(&v.ID, &v.LaunchID, &v.Owner.ID, &v.Page, &v.Name, &v.Query, &v.Shared, &v.Position, &created, &updated)
	v.CreatedAt, v.UpdatedAt = db.Time(created), db.Time(updated)
	return &v, err
}

// visible returns what an actor sees of a launch's views, shared ones first.
func visible(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, ownerID string) ([]*View, error) {
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM saved_view WHERE workspace_id = $1 AND launch_id = $2 AND (shared OR owner_id = $3)
		ORDER BY page, shared DESC, position, id LIMIT 5000`, ws, launchID, ownerID)
	if err != nil {
		return nil, fmt.Errorf("list views of launch %s: %w", launchID, err)
	}
	return list, nil
}

// group returns the views that one is ordered among: the shared ones of its
// page, or those that its owner keeps for themselves.
func group(ctx context.Context, q db.Queryer, ws workspace.ID, v *View) ([]*View, error) {
	who := ""
	if !v.Shared {
		who = v.Owner.ID
	}
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM saved_view WHERE workspace_id = $1 AND launch_id = $2 AND page = $3 AND shared = $4 AND ($5 = '' OR owner_id = $5)
		ORDER BY position, id`, ws, v.LaunchID, v.Page, v.Shared, who)
	if err != nil {
		return nil, fmt.Errorf("list views beside %s: %w", v.ID, err)
	}
	return list, nil
}

// find returns a view whoever it belongs to, nil when there is none.
func find(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*View, error) {
	if !plain(id) {
		return nil, nil // PostgreSQL refuses to look for it
	}
	v, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM saved_view WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get view %s: %w", id, err)
	}
	return v, nil
}

// get returns a view that the actor sees; another's private one is not there
// for them.
// held returns a view that nobody else changes until the transaction ends.
func held(ctx context.Context, tx *db.Tx, a workspace.Actor, id string) (*View, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE saved_view SET updated_at = updated_at WHERE workspace_id = $1 AND id = $2`, a.Workspace, id); err != nil {
		return nil, fmt.Errorf("hold view %s: %w", id, err)
	}
	return get(ctx, tx, a, id)
}

func get(ctx context.Context, q db.Queryer, a workspace.Actor, id string) (*View, error) {
	v, err := find(ctx, q, a.Workspace, id)
	if err == nil && (v == nil || !v.Shared && v.Owner.ID != a.ID) {
		return nil, errs.New(errs.NotFound, "There is no view %.60s here; it was removed, or its owner keeps it private.", id)
	}
	return v, err
}

func count(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, ownerID string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM saved_view WHERE workspace_id = $1 AND launch_id = $2 AND owner_id = $3`, ws, launchID, ownerID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count views of %s: %w", ownerID, err)
	}
	return n, nil
}

// put writes a view. A name that its owner uses already is refused.
func put(ctx context.Context, tx *db.Tx, ws workspace.ID, v *View) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO saved_view (workspace_id, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, query = excluded.query, shared = excluded.shared, position = excluded.position,
		updated_at = excluded.updated_at`,
		ws, v.ID, v.LaunchID, v.Owner.ID, v.Page, v.Name, v.Query, v.Shared, v.Position, db.Micros(v.CreatedAt), db.Micros(v.UpdatedAt))
	switch {
	case db.IsUnique(err):
		return errs.Wrap(errs.Conflict, err, "There is a view named %q on this page already; choose another name, or update that one.", v.Name)
	case err != nil:
		return fmt.Errorf("put view %s: %w", v.ID, err)
	}
	return nil
}

func remove(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM saved_view WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return fmt.Errorf("delete view %s: %w", id, err)
	}
	return nil
}

// renumber gives views the positions of the list, writing those that move.
func renumber(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*View, now time.Time) error {
	for i, v := range list {
		if v.Position == i+1 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE saved_view SET position = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4`, i+1, db.Micros(now), ws, v.ID); err != nil {
			return fmt.Errorf("move view %s: %w", v.ID, err)
		}
	}
	return nil
}
