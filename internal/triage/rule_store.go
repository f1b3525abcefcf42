package triage

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

const ruleColumns = `id, launch_id, name, position, enabled, condition, actions, hits, failures, error, created_at, updated_at`

func scanRule(s db.Scanner) (r Rule, err error) {
	var actions string
	var created, updated int64
	if err = s.Scan(&r.ID, &r.LaunchID, &r.Name, &r.Position, &r.Enabled, &r.When, &actions, &r.Hits, &r.Failures, &r.Error, &created, &updated); err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt = db.Time(created), db.Time(updated)
	if err = json.Unmarshal([]byte(actions), &r.Then); err != nil {
		return r, fmt.Errorf("read actions of rule %s: %w", r.ID, err)
	}
	return r, nil
}

func listRules(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) ([]Rule, error) {
	list, err := db.All(ctx, q, scanRule, `SELECT `+ruleColumns+` FROM rule WHERE workspace_id = $1 AND launch_id = $2 ORDER BY position, id`, ws, launchID)
	if err != nil {
		return nil, fmt.Errorf("list rules of launch %s: %w", launchID, err)
	}
	return list, nil
}

func getRule(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (Rule, error) {
	r, err := scanRule(q.QueryRowContext(ctx, `SELECT `+ruleColumns+` FROM rule WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return r, errs.New(errs.NotFound, "There is no rule %s in this workspace.", id)
	case err != nil:
		return r, fmt.Errorf("get rule %s: %w", id, err)
	}
	return r, nil
}

// putRule writes a rule. Hits are counted elsewhere, by adding.
func putRule(ctx context.Context, tx *db.Tx, ws workspace.ID, r Rule) error {
	actions, err := json.Marshal(r.Then)
	if err != nil {
		return fmt.Errorf("put rule %s: %w", r.ID, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO rule (workspace_id, `+ruleColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, position = excluded.position, enabled = excluded.enabled, condition = excluded.condition,
		actions = excluded.actions, failures = excluded.failures, error = excluded.error, updated_at = excluded.updated_at`,
		ws, r.ID, r.LaunchID, r.Name, r.Position, r.Enabled, r.When, string(actions), r.Hits, r.Failures, r.Error, db.Micros(r.CreatedAt), db.Micros(r.UpdatedAt))
	if err != nil {
		return fmt.Errorf("put rule %s: %w", r.ID, err)
	}
	return nil
}

func deleteRule(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM rule WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return fmt.Errorf("delete rule %s: %w", id, err)
	}
	return nil
}

// renumber gives rules the positions of the list, writing those that move.
func renumber(ctx context.Context, tx *db.Tx, ws workspace.ID, list []Rule, now time.Time) error {
	for i, r := range list {
		if r.Position == i+1 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE rule SET position = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4`, i+1, db.Micros(now), ws, r.ID); err != nil {
			return fmt.Errorf("move rule %s: %w", r.ID, err)
		}
	}
	return nil
}

// ruleMark changes whenever a launch's rules do, whatever the clocks of the
// nodes that changed them say.
func ruleMark(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) (m [2]int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(updated_at), 0) AS BIGINT) FROM rule WHERE workspace_id = $1 AND launch_id = $2`, ws, launchID).Scan(&m[0], &m[1])
	if err != nil {
		return m, fmt.Errorf("look for changed rules of launch %s: %w", launchID, err)
	}
	return m, nil
}

// tally is what one batch adds to a rule.
type tally struct {
	hits, failures int64
	err            string
}

// countRules adds to the rules' counters, always in the same order so that
// nodes don't wait for each other in a circle.
func countRules(ctx context.Context, tx *db.Tx, ws workspace.ID, add map[string]*tally) error {
	for _, id := range slices.Sorted(maps.Keys(add)) {
		t := add[id]
		_, err := tx.ExecContext(ctx, `UPDATE rule SET hits = hits + $1, failures = failures + $2, error = CASE WHEN $2 > 0 THEN $3 ELSE error END WHERE workspace_id = $4 AND id = $5`,
			t.hits, t.failures, t.err, ws, id)
		if err != nil {
			return fmt.Errorf("count hits of rule %s: %w", id, err)
		}
	}
	return nil
}
