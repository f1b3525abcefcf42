package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const groupColumns = `name, document, updated_at, updated_by, evaluated_at, faults`

func scanGroup(s db.Scanner) (*Group, error) {
	var g Group
	var updated, evaluated int64
	var faults string
	if err := s.Scan(&g.Name, &g.Document, &updated, &g.UpdatedBy, &evaluated, &faults); err != nil {
		return nil, err
	}
	g.UpdatedAt, g.EvaluatedAt = db.Time(updated), pointer(db.Time(evaluated))
	if faults != "" {
		if err := json.Unmarshal([]byte(faults), &g.Faults); err != nil {
			return nil, fmt.Errorf("read the faults of group %s: %w", g.Name, err)
		}
	}
	return &g, nil
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func getGroup(ctx context.Context, q db.Queryer, ws workspace.ID, name string) (*Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM rule_group WHERE workspace_id = $1 AND name = $2 AND document <> ''`, ws, name))
	if db.IsNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no group of rules %.100s.", name)
	}
	return g, err
}

func listGroups(ctx context.Context, q db.Queryer, ws workspace.ID) ([]*Group, error) {
	list, err := db.All(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM rule_group WHERE workspace_id = $1 AND document <> '' ORDER BY name LIMIT 1000`, ws)
	if err != nil {
		return nil, fmt.Errorf("list groups of rules: %w", err)
	}
	return list, nil
}

func countGroups(ctx context.Context, q db.Queryer, ws workspace.ID) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM rule_group WHERE workspace_id = $1 AND document <> ''`, ws).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count groups of rules: %w", err)
	}
	return n, nil
}

// putGroup saves a document, or removes one with "". Its time is later than
// every other's, so that who follows by time misses none.
func putGroup(ctx context.Context, tx *db.Tx, ws workspace.ID, name, document string, now time.Time, by string) error {
	newest, err := newestGroup(ctx, tx)
	if err != nil {
		return err
	}
	at := max(db.Micros(now), newest+1)
	_, err = tx.ExecContext(ctx, `INSERT INTO rule_group (workspace_id, name, document, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (workspace_id, name) DO UPDATE SET document = $3, updated_at = $4, updated_by = $5, faults = ''`, ws, name, document, at, by)
	if err != nil {
		return fmt.Errorf("save group of rules %s: %w", name, err)
	}
	return nil
}

// newestGroup is when a group of any workspace was changed last.
func newestGroup(ctx context.Context, q db.Queryer) (at int64, err error) {
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(updated_at), 0) FROM rule_group`).Scan(&at); err != nil {
		return 0, fmt.Errorf("look for changed rules: %w", err)
	}
	return at, nil
}

// stored is a group with its workspace.
type stored struct {
	groupKey
	document  string
	updated   int64
	evaluated int64
}

// allGroups are those of all workspaces, removed ones too.
func allGroups(ctx context.Context, q db.Queryer) ([]stored, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (g stored, err error) {
		return g, s.Scan(&g.ws, &g.name, &g.document, &g.updated, &g.evaluated)
	}, `SELECT workspace_id, name, document, updated_at, evaluated_at FROM rule_group ORDER BY workspace_id, name`)
	if err != nil {
		return nil, fmt.Errorf("read all rules: %w", err)
	}
	return list, nil
}

// noteEvaluated writes when a group was evaluated, and what went wrong.
func noteEvaluated(ctx context.Context, tx *db.Tx, k groupKey, at time.Time, faults string) error {
	_, err := tx.ExecContext(ctx, `UPDATE rule_group SET evaluated_at = $1, faults = $2 WHERE workspace_id = $3 AND name = $4`, db.Micros(at), faults, k.ws, k.name)
	if err != nil {
		return fmt.Errorf("note the evaluation of %s: %w", k.name, err)
	}
	return nil
}

const alertColumns = `id, group_name, rule, fingerprint, labels, annotations, state, value, active_at, fired_at, resolved_at, keep_since, seen_at`

func scanAlert(s db.Scanner) (*Alert, error) {
	var a Alert
	var active, fired, resolved, keep, seen int64
	var labels, annotations string
	err := s.Scan(&a.ID, &a.Group, &a.Rule, &a.fingerprint, &labels, &annotations, &a.State, &a.value, &active, &fired, &resolved, &keep, &seen)
	if err != nil {
		return nil, err
	}
	a.ActiveAt, a.FiredAt, a.ResolvedAt = db.Time(active), pointer(db.Time(fired)), pointer(db.Time(resolved))
	a.keepSince, a.seenAt = db.Time(keep), db.Time(seen)
	if a.value != noNumber {
		a.Value = &a.value
	}
	if err = json.Unmarshal([]byte(labels), &a.Labels); err == nil {
		err = json.Unmarshal([]byte(annotations), &a.Annotations)
	}
	if err != nil {
		return nil, fmt.Errorf("read alert %s: %w", a.ID, err)
	}
	return &a, nil
}

// noNumber stands for what is no number or infinite, which SQLite has no form
// for.
const noNumber = -math.MaxFloat64

func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return noNumber
	}
	return v
}

func listAlerts(ctx context.Context, q db.Queryer, ws workspace.ID, states []State, before string, limit int) ([]*Alert, error) {
	if before == "" {
		before = "~" // behind every id
	}
	args := []any{ws, before, limit}
	for _, st := range states {
		args = append(args, string(st))
	}
	list, err := db.All(ctx, q, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE workspace_id = $1 AND state IN (`+db.In(4, len(states))+`) AND id < $2
		ORDER BY id DESC LIMIT $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return list, nil
}

// During returns the alerts that fired at some time between two moments, the
// newest first. The caller has checked that its actor may read.
func (s *Service) During(ctx context.Context, ws workspace.ID, from, to time.Time, limit int) ([]*Alert, error) {
	list, err := db.All(ctx, s.db, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE workspace_id = $1 AND state IN ('firing', 'resolved')
		AND fired_at > 0 AND active_at < $2 AND (resolved_at = 0 OR resolved_at >= $3) ORDER BY id DESC LIMIT $4`, ws, db.Micros(to), db.Micros(from), limit)
	if err != nil {
		return nil, fmt.Errorf("list alerts of a time: %w", err)
	}
	return list, nil
}

// Alert returns one alert. The caller has checked that its actor may read.
func (s *Service) Alert(ctx context.Context, ws workspace.ID, id string) (*Alert, error) {
	a, err := scanAlert(s.db.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM alert WHERE workspace_id = $1 AND id = $2`, ws, id))
	if db.IsNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no alert %.60s in this workspace any more.", id)
	} else if err != nil {
		return nil, fmt.Errorf("get alert %s: %w", id, err)
	}
	return a, nil
}

func countAlerts(ctx context.Context, q db.Queryer, ws workspace.ID) (*Counts, error) {
	var c Counts
	err := q.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN state = 'firing' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), 0)
		FROM alert WHERE workspace_id = $1 AND state IN ('firing', 'pending')`, ws).Scan(&c.Firing, &c.Pending)
	if err != nil {
		return nil, fmt.Errorf("count alerts: %w", err)
	}
	return &c, nil
}

// openAlerts are those of a group that have not ended.
func openAlerts(ctx context.Context, q db.Queryer, k groupKey) ([]*Alert, error) {
	list, err := db.All(ctx, q, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE workspace_id = $1 AND group_name = $2 AND resolved_at = 0 ORDER BY id`, k.ws, k.name)
	if err != nil {
		return nil, fmt.Errorf("read the alerts of %s: %w", k.name, err)
	}
	return list, nil
}

// saveAlert writes a row that is new or has changed.
func saveAlert(ctx context.Context, tx *db.Tx, ws workspace.ID, a *Alert) error {
	labels, err := packed(a.Labels)
	if err != nil {
		return err
	}
	annotations, err := packed(a.Annotations)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO alert (workspace_id, `+alertColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (workspace_id, id) DO UPDATE SET annotations = $7, state = $8, value = $9, active_at = $10, fired_at = $11, resolved_at = $12, keep_since = $13, seen_at = $14`,
		ws, a.ID, a.Group, a.Rule, a.fingerprint, labels, annotations, string(a.State), finite(a.value), db.Micros(a.ActiveAt), db.Micros(moment(a.FiredAt)),
		db.Micros(moment(a.ResolvedAt)), db.Micros(a.keepSince), db.Micros(a.seenAt))
	if err != nil {
		return fmt.Errorf("save alert %s: %w", a.ID, err)
	}
	return nil
}

// dropAlert forgets one that never fired.
func dropAlert(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM alert WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return fmt.Errorf("forget alert %s: %w", id, err)
	}
	return nil
}

func dropOld(ctx context.Context, tx *db.Tx, before time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM alert WHERE resolved_at > 0 AND resolved_at < $1`, db.Micros(before)); err != nil {
		return fmt.Errorf("forget old alerts: %w", err)
	}
	return nil
}

// takeLease makes this node the one that does some work, if no other is; it
// reports whether this node is.
func takeLease(ctx context.Context, tx *db.Tx, name, self string, now, until time.Time) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO node_lease (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3 WHERE node_lease.holder = $2 OR node_lease.until < $4`, name, self, db.Micros(until), db.Micros(now)))
	if err != nil {
		return false, fmt.Errorf("take the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// leaveLease lets another node take over at once.
func leaveLease(ctx context.Context, tx *db.Tx, name, self string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM node_lease WHERE name = $1 AND holder = $2`, name, self); err != nil {
		return fmt.Errorf("leave the lease of %s: %w", name, err)
	}
	return nil
}
