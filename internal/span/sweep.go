package span

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// sweepRows are dropped in one transaction: who writes waits no longer.
const sweepRows = 2000

// Sweep drops what is older than is kept, or more.
func (s *Service) Sweep(ctx context.Context) error {
	ids, err := db.All(ctx, s.db, func(r db.Scanner) (ws workspace.ID, err error) { return ws, r.Scan(&ws) },
		`SELECT DISTINCT workspace_id FROM span_service`)
	if err != nil {
		return fmt.Errorf("list workspaces that have telemetry: %w", err)
	}
	before := stamp(s.now().Add(-time.Duration(s.keep.Days) * 24 * time.Hour))
	for _, ws := range ids {
		for _, drop := range []func(context.Context, workspace.ID, string, int64) error{s.dropSpans, s.dropLogs} {
			if err := drop(ctx, ws, before, s.keep.Rows); err != nil {
				return err
			}
		}
		if err := s.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM span_service WHERE workspace_id = $1 AND last_at < $2`, ws, db.Micros(s.now().Add(-90*24*time.Hour)))
			return err
		}); err != nil {
			return fmt.Errorf("forget services: %w", err)
		}
	}
	return nil
}

func (s *Service) dropSpans(ctx context.Context, ws workspace.ID, before string, rows int64) error {
	var n int64
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM span WHERE workspace_id = $1`, ws).Scan(&n); err != nil {
		return fmt.Errorf("count spans: %w", err)
	}
	return s.drop(ctx, n-rows, func(tx *db.Tx, limit int) (int64, error) {
		return db.Affected(tx.ExecContext(ctx, `DELETE FROM span WHERE workspace_id = $1 AND id IN (SELECT id FROM span WHERE workspace_id = $1 ORDER BY id LIMIT $2)`, ws, limit))
	}, func(tx *db.Tx) (int64, error) {
		return db.Affected(tx.ExecContext(ctx, `DELETE FROM span WHERE workspace_id = $1 AND id IN (SELECT id FROM span WHERE workspace_id = $1 AND id < $2 ORDER BY id LIMIT $3)`, ws, before, sweepRows))
	})
}

func (s *Service) dropLogs(ctx context.Context, ws workspace.ID, before string, rows int64) error {
	var n int64
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM log_record WHERE workspace_id = $1`, ws).Scan(&n); err != nil {
		return fmt.Errorf("count log records: %w", err)
	}
	return s.drop(ctx, n-rows, func(tx *db.Tx, limit int) (int64, error) {
		return db.Affected(tx.ExecContext(ctx, `DELETE FROM log_record WHERE workspace_id = $1 AND id IN (SELECT id FROM log_record WHERE workspace_id = $1 ORDER BY id LIMIT $2)`, ws, limit))
	}, func(tx *db.Tx) (int64, error) {
		return db.Affected(tx.ExecContext(ctx, `DELETE FROM log_record WHERE workspace_id = $1 AND id IN (SELECT id FROM log_record WHERE workspace_id = $1 AND id < $2 ORDER BY id LIMIT $3)`, ws, before, sweepRows))
	})
}

// drop removes what is over, oldest first, and then what is old, some at a
// time.
func (s *Service) drop(ctx context.Context, over int64, oldest func(*db.Tx, int) (int64, error), old func(*db.Tx) (int64, error)) error {
	for {
		var n int64
		err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
			if over > 0 {
				n, err = oldest(tx, int(min(over, sweepRows)))
				return err
			}
			n, err = old(tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("drop old telemetry: %w", err)
		}
		if over > 0 && n > 0 {
			over -= n
			continue
		}
		if over <= 0 && n < sweepRows {
			return nil
		}
		over = 0
	}
}
