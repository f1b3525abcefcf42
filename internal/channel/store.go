package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `workspace_id, id, num, launch_id, kind, name, key, COALESCE(old_key, ''), old_key_until, secrets, settings, origins, per_minute, enabled,
	received, refused, first_at, last_at, last_refused_at, last_refusal, trouble, trouble_at, created_at`

func scan(s db.Scanner) (*Channel, error) {
	c := &Channel{secrets: map[string]string{}, Settings: map[string]any{}, Origins: []string{}}
	var secrets, settings, origins string
	var oldUntil, first, last, refused, trouble, created int64
	if err := s.Scan(&c.Workspace, &c.ID, &c.Number, &c.LaunchID, &c.Kind, &c.Name, &c.Key, &c.oldKey, &oldUntil, &secrets, &settings, &origins, &c.Limit, &c.Enabled,
		&c.Received, &c.Refused, &first, &last, &refused, &c.LastRefusal, &c.Trouble, &trouble, &created); err != nil {
		return nil, err
	}
	c.OldKeyUntil, c.FirstAt, c.LastAt, c.LastRefusedAt, c.TroubleAt, c.CreatedAt = at(oldUntil), at(first), at(last), at(refused), at(trouble), db.Time(created)
	if origins != "" {
		c.Origins = strings.Split(origins, "\n")
	}
	if err := json.Unmarshal([]byte(secrets), &c.secrets); err != nil {
		return nil, fmt.Errorf("read secrets of channel %s: %w", c.ID, err)
	}
	if err := json.Unmarshal([]byte(settings), &c.Settings); err != nil {
		return nil, fmt.Errorf("read settings of channel %s: %w", c.ID, err)
	}
	c.finish()
	return c, nil
}

func at(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := db.Time(micros)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Channel, error) {
	c, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM channel WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no channel %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get channel %s: %w", id, err)
	}
	return c, nil
}

// byKey finds a channel in all workspaces: the key says which it is.
func byKey(ctx context.Context, q db.Queryer, key string) (*Channel, error) {
	c, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM channel WHERE key = $1 OR old_key = $1`, key))
	if err != nil && !db.IsNoRows(err) {
		return nil, fmt.Errorf("find channel by key: %w", err)
	}
	return c, err
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) ([]*Channel, error) {
	out, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM channel WHERE workspace_id = $1 AND launch_id = $2 ORDER BY id LIMIT $3`, ws, launchID, maxChannels)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return out, nil
}

// ofKind lists the channels of a kind in all workspaces: what a node connects
// to by itself, such as mailboxes.
func ofKind(ctx context.Context, q db.Queryer, kind string) ([]*Channel, error) {
	out, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM channel WHERE kind = $1 ORDER BY id LIMIT 10000`, kind)
	if err != nil {
		return nil, fmt.Errorf("list channels of kind %s: %w", kind, err)
	}
	return out, nil
}

func put(ctx context.Context, tx *db.Tx, c *Channel, by string) error {
	secrets, err := json.Marshal(c.secrets)
	if err != nil {
		return err
	}
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return errs.New(errs.Invalid, "The settings are no JSON: %v.", err)
	}
	if len(settings) > maxSettings {
		return errs.New(errs.TooLarge, "The settings have %d bytes, at most %d are kept.", len(settings), maxSettings)
	}
	var old any
	if c.oldKey != "" {
		old = c.oldKey
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO channel (workspace_id, id, num, launch_id, kind, name, key, old_key, old_key_until, secrets, settings, origins, per_minute, enabled, created_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, key = excluded.key, old_key = excluded.old_key, old_key_until = excluded.old_key_until,
			secrets = excluded.secrets, settings = excluded.settings, origins = excluded.origins, per_minute = excluded.per_minute, enabled = excluded.enabled`,
		c.Workspace, c.ID, c.Number, c.LaunchID, c.Kind, c.Name, c.Key, old, micros(c.OldKeyUntil), string(secrets), string(settings),
		strings.Join(c.Origins, "\n"), c.Limit, c.Enabled, db.Micros(c.CreatedAt), by)
	if err != nil {
		return fmt.Errorf("keep channel %s: %w", c.ID, err)
	}
	return nil
}

func remove(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM channel WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return fmt.Errorf("remove channel %s: %w", id, err)
	}
	return nil
}

// noteHealth adds what a node counted.
func noteHealth(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, h *health) error {
	_, err := tx.ExecContext(ctx, `UPDATE channel SET received = received + $1, refused = refused + $2,
			first_at = CASE WHEN first_at = 0 THEN $3 ELSE first_at END,
			last_at = CASE WHEN last_at < $3 THEN $3 ELSE last_at END,
			last_refusal = CASE WHEN last_refused_at < $4 THEN $5 ELSE last_refusal END,
			last_refused_at = CASE WHEN last_refused_at < $4 THEN $4 ELSE last_refused_at END
		WHERE workspace_id = $6 AND id = $7`, h.received, h.refused, h.last, h.lastRefused, h.refusal, ws, id)
	if err != nil {
		return fmt.Errorf("note health of channel %s: %w", id, err)
	}
	return nil
}

func noteTrouble(ctx context.Context, tx *db.Tx, ws workspace.ID, id, trouble string, now int64) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE channel SET trouble = $1, trouble_at = $2 WHERE workspace_id = $3 AND id = $4 AND trouble <> $1`, trouble, now, ws, id))
	if err != nil {
		return false, fmt.Errorf("note trouble of channel %s: %w", id, err)
	}
	return n > 0, nil
}
