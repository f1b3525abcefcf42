package evidence

import (
	"time"

	"github.com/hypercare/hypercare/internal/db"
)

// receivedAt moves a report to a time: what the ledger does by the clock.
func (r *rig) receivedAt(id string, at time.Time, both bool) {
	r.t.Helper()
	err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error {
		if both {
			if _, err := tx.ExecContext(r.Ctx, `UPDATE feedback SET occurred_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(at), r.Workspace, id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(r.Ctx, `UPDATE feedback SET received_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(at), r.Workspace, id)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
