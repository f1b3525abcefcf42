// Package audit records who changed what. A row is written in the same
// transaction as the change, or there is neither.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
)

// Actor is who did it.
type Actor struct {
	Kind string `json:"kind" doc:"member, token or system"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Subject is what it was done to.
type Subject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Entry is one line of the log.
type Entry struct {
	ID      string         `json:"id"`
	At      time.Time      `json:"at"`
	Actor   Actor          `json:"actor"`
	Action  string         `json:"action" example:"token.create"`
	Subject Subject        `json:"subject"`
	Detail  map[string]any `json:"detail"`
}

// Write adds an entry to the workspace's log. ID and At are filled in.
func Write(ctx context.Context, tx *db.Tx, workspaceID string, e Entry) error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (workspace_id, id, at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, workspaceID, db.NewID(), time.Now().UnixMicro(),
		e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Action, e.Subject.Kind, e.Subject.ID, string(detail))
	if err != nil {
		return fmt.Errorf("audit %s %s: %w", e.Action, e.Subject.ID, err)
	}
	return nil
}

// List returns at most limit entries, newest first, before the id cursor
// ("" for the newest).
func List(ctx context.Context, q db.Queryer, workspaceID, before string, limit int) ([]Entry, error) {
	if before == "" {
		before = "zz" // sorts behind every id, in any collation
	}
	return db.All(ctx, q, func(s db.Scanner) (e Entry, err error) {
		var at int64
		var detail string
		if err = s.Scan(&e.ID, &at, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Action, &e.Subject.Kind, &e.Subject.ID, &detail); err != nil {
			return e, err
		}
		e.At = db.Time(at)
		return e, json.Unmarshal([]byte(detail), &e.Detail)
	}, `SELECT id, at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, detail FROM audit
		WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, workspaceID, before, limit)
}

// Forget takes values out of the details of a workspace's log and returns how
// many entries named one: who is erased is not named there any more. Who did
// what, when and to what stays.
func Forget(ctx context.Context, d *db.DB, workspaceID string, values []string) (int64, error) {
	type row struct{ id, detail string }
	var n int64
	for after := ""; ; {
		list, err := db.All(ctx, d, func(s db.Scanner) (x row, err error) { return x, s.Scan(&x.id, &x.detail) },
			`SELECT id, detail FROM audit WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT 1000`, workspaceID, after)
		if err != nil {
			return n, fmt.Errorf("look through the audit log: %w", err)
		}
		if len(list) == 0 {
			return n, nil
		}
		after = list[len(list)-1].id
		for _, x := range list {
			var detail any
			if err := json.Unmarshal([]byte(x.detail), &detail); err != nil {
				return n, fmt.Errorf("read audit entry %s: %w", x.id, err)
			}
			if !blank(&detail, values) {
				continue
			}
			b, err := json.Marshal(detail)
			if err != nil {
				return n, err
			}
			if err := d.Tx(ctx, func(tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `UPDATE audit SET detail = $1 WHERE workspace_id = $2 AND id = $3`, string(b), workspaceID, x.id)
				return err
			}); err != nil {
				return n, fmt.Errorf("forget in audit entry %s: %w", x.id, err)
			}
			n++
		}
	}
}

// blank puts a word in the place of values, wherever they stand in v. A short
// one must be all of a text, or it would be found in everything.
func blank(v *any, values []string) (changed bool) {
	switch x := (*v).(type) {
	case string:
		for _, value := range values {
			if x == value || len(value) >= 6 && strings.Contains(x, value) {
				x, changed = strings.ReplaceAll(x, value, "(erased)"), true
			}
		}
		*v = x
	case map[string]any:
		for k, one := range x {
			if blank(&one, values) {
				x[k], changed = one, true
			}
		}
	case []any:
		for i := range x {
			if blank(&x[i], values) {
				changed = true
			}
		}
	}
	return changed
}
