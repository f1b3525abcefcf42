package workspace

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
)

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

const memberColumns = `a.id, a.name, a.email, m.role, m.created_at, m.disabled_at`

func scanMember(s db.Scanner) (Member, error) {
	var m Member
	var created, disabled int64
	err := s.Scan(&m.ID, &m.Name, &m.Email, &m.Role, &created, &disabled)
	m.CreatedAt, m.DisabledAt = db.Time(created), timePtr(disabled)
	return m, err
}

func listMembers(ctx context.Context, q db.Queryer, ws ID) ([]Member, error) {
	return db.All(ctx, q, scanMember, `SELECT `+memberColumns+` FROM member m JOIN account a ON a.id = m.account_id
		WHERE m.workspace_id = $1 ORDER BY a.name, a.id LIMIT 1000`, ws)
}

func getMember(ctx context.Context, q db.Queryer, ws ID, id string) (Member, error) {
	m, err := scanMember(q.QueryRowContext(ctx, `SELECT `+memberColumns+` FROM member m JOIN account a ON a.id = m.account_id
		WHERE m.workspace_id = $1 AND a.id = $2`, ws, id))
	if db.IsNoRows(err) {
		return m, errs.New(errs.NotFound, "There is no member %s in this workspace.", id)
	}
	return m, err
}

// Names returns the names of members by id.
func Names(ctx context.Context, q db.Queryer, ws ID, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
			`SELECT a.id, a.name FROM member m JOIN account a ON a.id = m.account_id
			WHERE m.workspace_id = $1 AND a.id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("name members: %w", err)
		}
		for _, row := range list {
			out[row[0]] = row[1]
		}
	}
	return out, nil
}

const tokenColumns = `id, name, prefix, role, created_at, expires_at, revoked_at, last_used_at`

func scanToken(s db.Scanner) (Token, error) {
	var t Token
	var created, expires, revoked, used int64
	err := s.Scan(&t.ID, &t.Name, &t.Prefix, &t.Role, &created, &expires, &revoked, &used)
	t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.LastUsedAt = db.Time(created), timePtr(expires), timePtr(revoked), timePtr(used)
	return t, err
}

func listTokens(ctx context.Context, q db.Queryer, ws ID) ([]Token, error) {
	return db.All(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM api_token
		WHERE workspace_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1000`, ws)
}

func insertToken(ctx context.Context, tx *db.Tx, ws ID, t Token, hash, by string) error {
	var expires int64
	if t.ExpiresAt != nil {
		expires = db.Micros(*t.ExpiresAt)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO api_token (workspace_id, id, name, prefix, hash, role, created_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, ws, t.ID, t.Name, t.Prefix, hash, t.Role, by, db.Micros(t.CreatedAt), expires)
	if err != nil {
		return fmt.Errorf("insert token %s: %w", t.ID, err)
	}
	return nil
}

// credential is what a cookie or token resolves to.
type credential struct {
	actor   Actor
	expires int64 // 0: never
}

func findSession(ctx context.Context, q db.Queryer, hash string) (credential, error) {
	var c credential
	c.actor.Kind, c.actor.session = "member", hash
	err := q.QueryRowContext(ctx, `SELECT s.workspace_id, s.expires_at, a.id, a.name, a.email, m.role
		FROM session s JOIN account a ON a.id = s.account_id
		JOIN member m ON m.workspace_id = s.workspace_id AND m.account_id = s.account_id
		WHERE s.hash = $1 AND m.disabled_at = 0`, hash).
		Scan(&c.actor.Workspace, &c.expires, &c.actor.ID, &c.actor.Name, &c.actor.Email, &c.actor.Role)
	return c, err
}

func findToken(ctx context.Context, q db.Queryer, hash string) (credential, error) {
	var c credential
	c.actor.Kind = "token"
	err := q.QueryRowContext(ctx, `SELECT workspace_id, expires_at, id, name, role FROM api_token
		WHERE hash = $1 AND revoked_at = 0`, hash).
		Scan(&c.actor.Workspace, &c.expires, &c.actor.ID, &c.actor.Name, &c.actor.Role)
	return c, err
}

// Next takes n numbers of a named series of a workspace (HC-12) and returns
// the first.
func Next(ctx context.Context, tx *db.Tx, ws ID, name string, n int) (int64, error) {
	var last int64
	err := tx.QueryRowContext(ctx, `INSERT INTO counter (workspace_id, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (workspace_id, name) DO UPDATE SET value = counter.value + $3 RETURNING value`, ws, name, int64(n)).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("number %s: %w", name, err)
	}
	return last - int64(n) + 1, nil
}
