package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `workspace_id, id, spec, state, step, step_at, epoch, epoch_at, reason, finding, watch, publication, by_name, created_at, ended_at, rev`

func scan(s db.Scanner) (*record, error) {
	r := &record{}
	var spec, finding, watch string
	var stepAt, epochAt, created, ended int64
	if err := s.Scan(&r.workspace, &r.ID, &spec, &r.State, &r.Step, &stepAt, &r.epoch, &epochAt, &r.Reason, &finding, &watch, &r.Publication, &r.By, &created, &ended, &r.rev); err != nil {
		return nil, err
	}
	r.StepAt, r.epochAt, r.CreatedAt = db.Time(stepAt), db.Time(epochAt), db.Time(created)
	if ended != 0 {
		t := db.Time(ended)
		r.EndedAt = &t
	}
	for _, x := range []struct {
		text string
		into any
	}{{spec, &r.Input}, {finding, &r.Finding}, {watch, &r.watch}} {
		if err := json.Unmarshal([]byte(x.text), x.into); err != nil {
			return nil, fmt.Errorf("read rollout %s: %w", r.ID, err)
		}
	}
	return r, r.settle()
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*record, error) {
	r, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM rollout WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no rollout %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get rollout %s: %w", id, err)
	}
	return r, nil
}

// held returns a rollout that nobody else changes until the transaction ends.
func held(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) (*record, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE rollout SET rev = rev WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return nil, fmt.Errorf("hold rollout %s: %w", id, err)
	}
	return get(ctx, tx, ws, id)
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID, before string, limit int) ([]*record, error) {
	if before == "" {
		before = "zz" // sorts behind every id
	}
	out, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM rollout WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, ws, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list rollouts: %w", err)
	}
	return out, nil
}

func underWay(ctx context.Context, q db.Queryer, ws workspace.ID, api, version string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM rollout WHERE workspace_id = $1 AND api = $2 AND version = $3 AND ended_at = 0`, ws, api, version).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("look for a rollout of %s: %w", api, err)
	}
	return n, nil
}

// maxLive bounds the rollouts that a node follows.
const maxLive = 1000

// live returns what is under way or ended since, in all workspaces.
func live(ctx context.Context, q db.Queryer, since time.Time) ([]*record, error) {
	// All workspaces: the node's gateway serves them all.
	out, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM rollout WHERE ended_at = 0 OR ended_at > $1 ORDER BY workspace_id, id LIMIT $2`, db.Micros(since), maxLive)
	if err != nil {
		return nil, fmt.Errorf("read what is under way: %w", err)
	}
	return out, nil
}

func insert(ctx context.Context, tx *db.Tx, r *record, byID string) error {
	spec, err := json.Marshal(r.Input)
	if err != nil {
		return fmt.Errorf("write rollout: %w", err)
	}
	finding, err := json.Marshal(r.Finding)
	if err != nil {
		return fmt.Errorf("write rollout: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO rollout (workspace_id, id, api, version, spec, finding, state, step, step_at, epoch, epoch_at, by_id, by_name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.workspace, r.ID, r.API, r.Version, string(spec), string(finding), r.State, r.Step, db.Micros(r.StepAt), r.epoch, db.Micros(r.epochAt), byID, r.By, db.Micros(r.CreatedAt))
	if err != nil {
		return fmt.Errorf("write rollout %s: %w", r.ID, err)
	}
	return nil
}

// save writes what may change of a held rollout.
func save(ctx context.Context, tx *db.Tx, r *record) error {
	finding, err := json.Marshal(r.Finding)
	if err != nil {
		return fmt.Errorf("save rollout %s: %w", r.ID, err)
	}
	watch, err := json.Marshal(r.watch)
	if err != nil {
		return fmt.Errorf("save rollout %s: %w", r.ID, err)
	}
	ended := int64(0)
	if r.EndedAt != nil {
		ended = db.Micros(*r.EndedAt)
	}
	_, err = tx.ExecContext(ctx, `UPDATE rollout SET state = $1, step = $2, step_at = $3, epoch = $4, epoch_at = $5, reason = $6, finding = $7, watch = $8,
		publication = $9, ended_at = $10, rev = rev + 1 WHERE workspace_id = $11 AND id = $12`,
		r.State, r.Step, db.Micros(r.StepAt), r.epoch, db.Micros(r.epochAt), r.Reason, string(finding), string(watch), r.Publication, ended, r.workspace, r.ID)
	if err != nil {
		return fmt.Errorf("save rollout %s: %w", r.ID, err)
	}
	r.rev++
	return nil
}

// keepFinding writes what a look came to, unless the rollout has moved on.
func keepFinding(ctx context.Context, tx *db.Tx, r *record) error {
	finding, err := json.Marshal(r.Finding)
	if err != nil {
		return fmt.Errorf("keep finding of %s: %w", r.ID, err)
	}
	watch, err := json.Marshal(r.watch)
	if err != nil {
		return fmt.Errorf("keep finding of %s: %w", r.ID, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE rollout SET finding = $1, watch = $2 WHERE workspace_id = $3 AND id = $4 AND rev = $5`,
		string(finding), string(watch), r.workspace, r.ID, r.rev); err != nil {
		return fmt.Errorf("keep finding of %s: %w", r.ID, err)
	}
	return nil
}

// lead reports whether this node is the one that decides about a rollout, and
// makes it so where nobody is.
func lead(ctx context.Context, tx *db.Tx, r *record, node string, now, until time.Time) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE rollout SET leader = $1, leader_until = $2 WHERE workspace_id = $3 AND id = $4 AND (leader = $1 OR leader_until < $5)`,
		node, db.Micros(until), r.workspace, r.ID, db.Micros(now)))
	if err != nil {
		return false, fmt.Errorf("lead rollout %s: %w", r.ID, err)
	}
	return n > 0, nil
}

func addEvent(ctx context.Context, tx *db.Tx, r *record, a workspace.Actor, kind, reason string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rollout_event (workspace_id, rollout_id, id, at, kind, state, step, by_kind, by_id, by_name, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.workspace, r.ID, db.NewID(), db.Micros(at), kind, r.State, r.Step, a.Kind, a.ID, a.Name, reason)
	if err != nil {
		return fmt.Errorf("write history of rollout %s: %w", r.ID, err)
	}
	return nil
}

// maxEvents bounds a history as it is shown.
const maxEvents = 500

func events(ctx context.Context, q db.Queryer, ws workspace.ID, id string) ([]Event, error) {
	out, err := db.All(ctx, q, func(s db.Scanner) (e Event, err error) {
		var at int64
		err = s.Scan(&e.ID, &at, &e.Kind, &e.State, &e.Step, &e.ByKind, &e.By, &e.Reason)
		e.At = db.Time(at)
		return e, err
	}, `SELECT id, at, kind, state, step, by_kind, by_name, reason FROM rollout_event WHERE workspace_id = $1 AND rollout_id = $2 ORDER BY id DESC LIMIT $3`, ws, id, maxEvents)
	if err != nil {
		return nil, fmt.Errorf("read history of rollout %s: %w", id, err)
	}
	return out, nil
}

// count is what a node reports of a period.
type count struct {
	epoch int64
	step  int
	node  string
	at    time.Time
	data  nodeCount
}

func putCount(ctx context.Context, tx *db.Tx, r *record, node string, now time.Time, data string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rollout_count (workspace_id, rollout_id, epoch, node, step, at, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (workspace_id, rollout_id, epoch, node) DO UPDATE SET at = excluded.at, data = excluded.data`,
		r.workspace, r.ID, r.epoch, node, r.Step, db.Micros(now), data)
	if err != nil {
		return fmt.Errorf("report rollout %s: %w", r.ID, err)
	}
	return nil
}

// counts reads what all nodes reported from a period on.
func counts(ctx context.Context, q db.Queryer, ws workspace.ID, id string, fromEpoch int64) ([]count, error) {
	out, err := db.All(ctx, q, func(s db.Scanner) (c count, err error) {
		var at int64
		var data string
		if err = s.Scan(&c.epoch, &c.step, &c.node, &at, &data); err != nil {
			return c, err
		}
		c.at = db.Time(at)
		return c, json.Unmarshal([]byte(data), &c.data)
	}, `SELECT epoch, step, node, at, data FROM rollout_count WHERE workspace_id = $1 AND rollout_id = $2 AND epoch >= $3 ORDER BY epoch, node`, ws, id, fromEpoch)
	if err != nil {
		return nil, fmt.Errorf("read counts of rollout %s: %w", id, err)
	}
	return out, nil
}

// dropCounts forgets old periods of a step.
func dropCounts(ctx context.Context, tx *db.Tx, r *record, beforeEpoch int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM rollout_count WHERE workspace_id = $1 AND rollout_id = $2 AND epoch < $3 AND step = $4`, r.workspace, r.ID, beforeEpoch, r.Step)
	if err != nil {
		return fmt.Errorf("forget counts of rollout %s: %w", r.ID, err)
	}
	return nil
}
