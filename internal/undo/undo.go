// Package undo takes acts back: accepting, joining, ignoring, merging,
// splitting, correcting. Whoever acts records, in the same transaction, what
// it takes to go back; the noun that acted knows how.
package undo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// keep is how long an act can be taken back.
const keep = 30 * 24 * time.Hour

// Handler takes one act back in tx. What it returns is called after the
// commit, to bring lists and watchers up to date; it may be nil.
type Handler func(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (after func(), err error)

// Service keeps acts and takes them back.
type Service struct {
	db       *db.DB
	handlers map[string]kindOf
	now      func() time.Time
}

// kindOf is what is known of one kind of act.
type kindOf struct {
	need workspace.Permission
	back Handler
}

// NewService returns the service on d.
func NewService(d *db.DB) *Service {
	return &Service{db: d, handlers: map[string]kindOf{}, now: time.Now}
}

// Handle says how acts of a kind (noun.verb) are taken back, by whoever works
// on feedback.
func (s *Service) Handle(kind string, h Handler) { s.HandleFor(workspace.WorkFeedback, kind, h) }

// HandleFor is Handle for acts that need another permission; whose act it was
// is for the handler to check.
func (s *Service) HandleFor(need workspace.Permission, kind string, h Handler) {
	s.handlers[kind] = kindOf{need, h}
}

// Record keeps an act in tx and returns the id to undo it by.
func (s *Service) Record(ctx context.Context, tx *db.Tx, a workspace.Actor, kind string, detail any) (string, error) {
	b, err := json.Marshal(detail)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", kind, err)
	}
	id := db.NewID()
	_, err = tx.ExecContext(ctx, `INSERT INTO undo (workspace_id, id, kind, detail, by_id, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.Workspace, id, kind, string(b), a.ID, db.Micros(s.now()))
	if err != nil {
		return "", fmt.Errorf("record %s: %w", kind, err)
	}
	return id, nil
}

// Undo takes an act back, once.
func (s *Service) Undo(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return err
	}
	var after func()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var kind, detail string
		var at, undone int64
		err := tx.QueryRowContext(ctx, `SELECT kind, detail, at, undone_at FROM undo WHERE workspace_id = $1 AND id = $2`, a.Workspace, id).Scan(&kind, &detail, &at, &undone)
		switch {
		case db.IsNoRows(err):
			return errs.New(errs.NotFound, "There is nothing to undo under %s.", id)
		case err != nil:
			return fmt.Errorf("get act %s: %w", id, err)
		}
		h, ok := s.handlers[kind]
		if !ok {
			return fmt.Errorf("no way to undo %q", kind)
		}
		if _, err := workspace.Need(ctx, h.need); err != nil {
			return err
		}
		switch {
		case undone != 0:
			return errs.New(errs.Conflict, "This was undone already.")
		case s.now().Sub(db.Time(at)) > keep:
			return errs.New(errs.Conflict, "This was done more than 30 days ago and can't be undone any more.")
		}
		if after, err = h.back(ctx, tx, a, json.RawMessage(detail)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE undo SET undone_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(s.now()), a.Workspace, id); err != nil {
			return fmt.Errorf("mark act %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "undo", kind, id, nil)
	})
	if err == nil && after != nil {
		after()
	}
	return err
}

// Forget removes the acts that name any of these ids: what was done to something that is erased can't be taken
// back, and what it takes to go back may hold its words.
func (s *Service) Forget(ctx context.Context, ws workspace.ID, ids []string) (int64, error) {
	type row struct{ id, detail string }
	gone := make(map[string]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	var n int64
	for after := ""; ; {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.detail) },
			`SELECT id, detail FROM undo WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT 500`, ws, after)
		if err != nil {
			return n, fmt.Errorf("look through acts: %w", err)
		}
		if len(list) == 0 {
			return n, nil
		}
		after = list[len(list)-1].id
		var hits []string
		for _, x := range list {
			words := strings.FieldsFuncSeq(x.detail, func(r rune) bool { return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			for w := range words {
				if gone[w] {
					hits = append(hits, x.id)
					break
				}
			}
		}
		if len(hits) == 0 {
			continue
		}
		if err := s.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM undo WHERE workspace_id = $1 AND id IN (`+db.In(2, len(hits))+`)`, append([]any{ws}, db.Args(hits)...)...)
			return err
		}); err != nil {
			return n, fmt.Errorf("forget acts: %w", err)
		}
		n += int64(len(hits))
	}
}

// Routes adds the operation of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "POST /undo/{id}", "undo", "Take an act back", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.Undo(ctx, in.ID)
	}, web.Status(http.StatusNoContent))
}
