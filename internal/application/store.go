package application

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `id, name, contact, plan, apis, created_at, disabled_at`

func scan(s db.Scanner) (*Application, error) {
	a := &Application{Keys: []Key{}}
	var apis string
	var created, disabled int64
	err := s.Scan(&a.ID, &a.Name, &a.Contact, &a.Plan, &apis, &created, &disabled)
	a.APIs, a.CreatedAt, a.DisabledAt = split(apis), db.Time(created), timePtr(disabled)
	return a, err
}

func split(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

// maxApplications bounds a workspace's applications.
const maxApplications = 10_000

// room refuses one more than may be.
func room(ctx context.Context, tx *db.Tx, ws workspace.ID) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM application WHERE workspace_id = $1`, ws).Scan(&n); err != nil {
		return fmt.Errorf("count applications: %w", err)
	}
	if n >= maxApplications {
		return errs.New(errs.Conflict, "The workspace has %d applications, the most it may have.", maxApplications)
	}
	return nil
}

// tick moves the clock of changes on and holds it until the transaction ends:
// changes are committed in the order of their changed_at, on any node.
func tick(ctx context.Context, tx *db.Tx, now time.Time) (time.Time, error) {
	var at int64
	err := tx.QueryRowContext(ctx, `UPDATE application_clock SET at = CASE WHEN at >= $1 THEN at + 1 ELSE $1 END WHERE id = 1 RETURNING at`, db.Micros(now)).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("move the clock of changes on: %w", err)
	}
	return db.Time(at), nil
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID, f Filter) ([]*Application, error) {
	where, args := `workspace_id = $1 AND name > $2`, []any{ws, f.After}
	if f.Search != "" {
		args = append(args, "%"+escape(strings.ToLower(f.Search))+"%")
		where += fmt.Sprintf(` AND lower(name) LIKE $%d ESCAPE '!'`, len(args))
	}
	if f.Plan != "" {
		args = append(args, f.Plan)
		where += fmt.Sprintf(` AND plan = $%d`, len(args))
	}
	args = append(args, f.Limit)
	apps, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM application WHERE `+where+fmt.Sprintf(` ORDER BY name LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	if len(apps) == 0 {
		return apps, nil
	}
	byID := map[string]*Application{}
	args = []any{ws}
	for _, a := range apps {
		byID[a.ID] = a
		args = append(args, a.ID)
	}
	keys, err := db.All(ctx, q, scanKey, `SELECT application_id, `+keyColumns+` FROM application_key WHERE workspace_id = $1 AND application_id IN (`+db.In(2, len(apps))+`) ORDER BY application_id, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	for _, k := range keys {
		byID[k.app].Keys = append(byID[k.app].Keys, k.Key)
	}
	return apps, nil
}

// escape makes a text stand for itself in LIKE.
func escape(s string) string { return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) }

// held returns an application that nobody else changes until the transaction
// ends.
func held(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) (*Application, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE application SET changed_at = changed_at WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return nil, fmt.Errorf("hold application %s: %w", id, err)
	}
	return get(ctx, tx, ws, id)
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Application, error) {
	a, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM application WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no application %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get application %s: %w", id, err)
	}
	keys, err := db.All(ctx, q, scanKey, `SELECT application_id, `+keyColumns+` FROM application_key WHERE workspace_id = $1 AND application_id = $2 ORDER BY id`, ws, id)
	if err != nil {
		return nil, fmt.Errorf("list keys of %s: %w", id, err)
	}
	for _, k := range keys {
		a.Keys = append(a.Keys, k.Key)
	}
	return a, nil
}

func put(ctx context.Context, tx *db.Tx, ws workspace.ID, a *Application, now time.Time) error {
	var other int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM application WHERE workspace_id = $1 AND name = $2 AND id <> $3`, ws, a.Name, a.ID).Scan(&other); err != nil {
		return fmt.Errorf("look for application %s: %w", a.Name, err)
	}
	if other > 0 {
		return errs.New(errs.Conflict, "There is an application %s already; choose another name.", a.Name)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO application (workspace_id, `+columns+`, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, contact = excluded.contact, plan = excluded.plan, apis = excluded.apis,
		disabled_at = excluded.disabled_at, changed_at = excluded.changed_at`,
		ws, a.ID, a.Name, a.Contact, a.Plan, strings.Join(a.APIs, ","), db.Micros(a.CreatedAt), micros(a.DisabledAt), db.Micros(now))
	if err != nil {
		return fmt.Errorf("write application %s: %w", a.ID, err)
	}
	return nil
}

func touch(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE application SET changed_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(now), ws, id); err != nil {
		return fmt.Errorf("note change of application %s: %w", id, err)
	}
	return nil
}

const keyColumns = `id, name, kind, prefix, created_at, expires_at, revoked_at, used_at`

type ownedKey struct {
	app string
	Key
}

func scanKey(s db.Scanner) (k ownedKey, err error) {
	var created, expires, revoked, used int64
	err = s.Scan(&k.app, &k.ID, &k.Name, &k.Kind, &k.Prefix, &created, &expires, &revoked, &used)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.UsedAt = db.Time(created), timePtr(expires), timePtr(revoked), timePtr(used)
	return k, err
}

func insertKey(ctx context.Context, tx *db.Tx, ws workspace.ID, appID string, k Key, hash, sealed string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO application_key (workspace_id, application_id, `+keyColumns+`, hash, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		ws, appID, k.ID, k.Name, k.Kind, k.Prefix, db.Micros(k.CreatedAt), micros(k.ExpiresAt), int64(0), int64(0), hash, sealed)
	if err != nil {
		return fmt.Errorf("write key %s: %w", k.ID, err)
	}
	return nil
}

// endKey lets a key expire at a time, unless it ends before.
func endKey(ctx context.Context, tx *db.Tx, ws workspace.ID, appID, keyID string, at time.Time) error {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE application_key SET expires_at = CASE WHEN expires_at = 0 OR expires_at > $1 THEN $1 ELSE expires_at END
		WHERE workspace_id = $2 AND application_id = $3 AND id = $4 AND revoked_at = 0`, db.Micros(at), ws, appID, keyID))
	if err != nil {
		return fmt.Errorf("end key %s: %w", keyID, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "There is no valid key %.60s of this application to take over from.", keyID)
	}
	return nil
}
