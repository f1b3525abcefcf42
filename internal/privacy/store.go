package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// row is a policy as it is stored.
type row struct {
	launch string
	Settings
}

func policies(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) ([]row, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (r row, err error) {
		var kinds, roles string
		var at int64
		if err = s.Scan(&r.launch, &kinds, &roles, &r.RetentionDays, &at, &r.UpdatedBy); err != nil {
			return r, err
		}
		t := db.Time(at)
		r.UpdatedAt = &t
		for role := range strings.SplitSeq(roles, ",") {
			if role != "" {
				r.RevealRoles = append(r.RevealRoles, workspace.Role(role))
			}
		}
		return r, json.Unmarshal([]byte(kinds), &r.Kinds)
	}, `SELECT launch_id, kinds, reveal_roles, retention_days, updated_at, updated_by FROM privacy_policy WHERE workspace_id = $1 AND launch_id IN ('', $2) ORDER BY launch_id`, ws, launchID)
	if err != nil {
		return nil, fmt.Errorf("read privacy policy: %w", err)
	}
	return list, nil
}

func put(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, s Settings, now time.Time) error {
	kinds, err := json.Marshal(s.Kinds)
	if err != nil {
		return err
	}
	names := make([]string, len(s.RevealRoles))
	for i, r := range s.RevealRoles {
		names[i] = string(r)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO privacy_policy (workspace_id, launch_id, kinds, reveal_roles, retention_days, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (workspace_id, launch_id) DO UPDATE SET kinds = excluded.kinds, reveal_roles = excluded.reveal_roles, retention_days = excluded.retention_days,
		updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		ws, launchID, string(kinds), strings.Join(names, ","), s.RetentionDays, db.Micros(now), s.UpdatedBy)
	if err != nil {
		return fmt.Errorf("write privacy policy: %w", err)
	}
	return nil
}

// Sealed is what is kept of one original: a row for Keep.
type Sealed struct {
	Field    string
	Original mask.Original
}

// place names the row that an original is sealed for.
func place(ws workspace.ID, kind, id, field string, at int) string {
	return "privacy/" + string(ws) + "/" + kind + "/" + id + "/" + field + "/" + strconv.Itoa(at)
}

// Rows are what Insert writes of the originals of one subject.
func (s *Service) Rows(ws workspace.ID, kind, id string, days int, list []Sealed, now time.Time) [][]any {
	out := make([][]any, 0, len(list))
	end := now.AddDate(0, 0, days)
	for _, o := range list {
		out = append(out, []any{ws, kind, id, o.Field, o.Original.At, o.Original.Kind, s.box.Seal(secret.Text(o.Original.Value), place(ws, kind, id, o.Field, o.Original.At)), db.Micros(now), db.Micros(end)})
	}
	return out
}

// Insert writes Rows.
func Insert(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return db.Insert(ctx, tx, `INSERT INTO sealed_original (workspace_id, subject_kind, subject_id, field, place, kind, sealed, created_at, expires_at)`, "", rows)
}

// Forget deletes the originals of subjects, in the transaction that removes
// them.
func Forget(ctx context.Context, tx *db.Tx, ws workspace.ID, kind string, ids ...string) error {
	for part := range slices.Chunk(ids, 500) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sealed_original WHERE workspace_id = $1 AND subject_kind = $2 AND subject_id IN (`+db.In(3, len(part))+`)`,
			append([]any{ws, kind}, db.Args(part)...)...); err != nil {
			return fmt.Errorf("forget originals: %w", err)
		}
	}
	return nil
}

type sealedRow struct {
	Place
	sealed string
}

// sealedOf lists the originals of a subject whose time is not over.
func sealedOf(ctx context.Context, q db.Queryer, ws workspace.ID, kind, id string, now time.Time) ([]sealedRow, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (r sealedRow, err error) {
		return r, s.Scan(&r.Field, &r.At, &r.Kind, &r.sealed)
	}, `SELECT field, place, kind, sealed FROM sealed_original WHERE workspace_id = $1 AND subject_kind = $2 AND subject_id = $3 AND expires_at > $4 ORDER BY field, place`, ws, kind, id, db.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list originals of %s %s: %w", kind, id, err)
	}
	return list, nil
}

// Places tells where originals of a subject are sealed.
func (s *Service) Places(ctx context.Context, q db.Queryer, ws workspace.ID, kind, id string) ([]Place, error) {
	list, err := sealedOf(ctx, q, ws, kind, id, s.now())
	if err != nil {
		return nil, err
	}
	out := make([]Place, len(list))
	for i, r := range list {
		out[i] = r.Place
	}
	return out, nil
}

// Reveal returns the originals of a subject to a member whom the policy
// names, and writes into the audit log who saw them, and why.
func (s *Service) Reveal(ctx context.Context, kind, id, reason string) ([]Original, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	set, err := s.settings(ctx, a.Workspace, "")
	if err != nil {
		return nil, err
	}
	if a.Kind != "member" || !slices.Contains(set.RevealRoles, a.Role) {
		return nil, errs.New(errs.Denied, "The privacy policy does not let the role %s see originals; ask an owner or admin.", a.Role)
	}
	if reason = strings.TrimSpace(reason); len(reason) < 3 || len(reason) > maxReason {
		return nil, errs.New(errs.Invalid, "Say in a few words why you need to see this; it goes into the audit log.")
	}
	var out []Original
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		list, err := sealedOf(ctx, tx, a.Workspace, kind, id, s.now())
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.New(errs.NotFound, "Nothing of this is sealed: it was not, or its time is over.")
		}
		kinds := map[string]int{}
		out = nil
		for _, r := range list {
			text, err := s.box.Open(r.sealed, place(a.Workspace, kind, id, r.Field, r.At))
			if err != nil {
				return fmt.Errorf("open original of %s %s: %w", kind, id, err)
			}
			kinds[r.Kind]++
			out = append(out, Original{Place: r.Place, Value: text.Reveal()})
		}
		return a.Audit(ctx, tx, "privacy.reveal", kind, id, map[string]any{"reason": reason, "kinds": kinds})
	})
	return out, err
}

// Sweep deletes originals whose time is over.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		// All workspaces: the node's own housekeeping.
		if _, err := tx.ExecContext(ctx, `DELETE FROM sealed_original WHERE expires_at <= $1`, db.Micros(s.now())); err != nil {
			return fmt.Errorf("delete old originals: %w", err)
		}
		return nil
	})
}
