package crash

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
)

// sessionDays is how long a session may be told of again.
const sessionDays = 5

// sweepBatch is how many rows one statement removes: it holds the writer only
// so long.
const sweepBatch = 2000

// Sweep forgets what has served its time, in all workspaces: events, their
// hours and the figures of releases after the time that the service keeps
// them. Groups stay, as what is known of them is small.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	old := now.Add(-s.keep)
	day := int64(24 * time.Hour / time.Second)
	for range 50 {
		n := int64(0)
		for _, q := range []struct {
			text string
			arg  int64
		}{
			{`DELETE FROM error_event WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM error_event WHERE received_at < $1 AND NOT pinned ORDER BY received_at LIMIT $2)`, db.Micros(old)},
			{`DELETE FROM error_hour WHERE (workspace_id, group_id, hour) IN (SELECT workspace_id, group_id, hour FROM error_hour WHERE hour < $1 LIMIT $2)`, old.Unix() / 3600},
			{`DELETE FROM crash_health WHERE (workspace_id, launch_id, release, environment, hour) IN (SELECT workspace_id, launch_id, release, environment, hour FROM crash_health WHERE hour < $1 LIMIT $2)`, old.Unix() / 3600},
			{`DELETE FROM crash_user WHERE (workspace_id, launch_id, release, environment, day, who) IN (SELECT workspace_id, launch_id, release, environment, day, who FROM crash_user WHERE day < $1 LIMIT $2)`, old.Unix() / day},
			{`DELETE FROM crash_session WHERE (workspace_id, launch_id, id) IN (SELECT workspace_id, launch_id, id FROM crash_session WHERE at < $1 LIMIT $2)`, db.Micros(now.Add(-sessionDays * 24 * time.Hour))},
		} {
			err := s.db.Tx(ctx, func(tx *db.Tx) error {
				gone, err := db.Affected(tx.ExecContext(ctx, q.text, q.arg, sweepBatch))
				n += gone
				return err
			})
			if err != nil {
				return fmt.Errorf("sweep errors: %w", err)
			}
		}
		if n == 0 {
			break
		}
	}
	return s.sources.sweep(now)
}
