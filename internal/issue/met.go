package issue

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Owned names an issue and whose it is, for the node's own work.
type Owned struct {
	Workspace workspace.ID
	ID        string
}

// Burning lists open issues of all workspaces that were reported since a
// moment, the latest first.
func (s *Service) Burning(ctx context.Context, since time.Time, limit int) ([]Owned, error) {
	// All workspaces: this is the node's own work list.
	list, err := db.All(ctx, s.db, func(r db.Scanner) (p Owned, err error) { return p, r.Scan(&p.Workspace, &p.ID) },
		`SELECT workspace_id, id FROM issue WHERE closed_at = 0 AND merged_into = '' AND last_received_at > $1 ORDER BY last_received_at DESC LIMIT $2`, db.Micros(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list issues that are reported now: %w", err)
	}
	return list, nil
}

// SetMet says how many people met the failure of an issue without reporting
// it, which its reach and priority follow. Who knows it lies above.
func (s *Service) SetMet(ctx context.Context, p Owned, met int) error {
	var changed *Issue
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		changed = nil
		held, err := lock(ctx, tx, p.Workspace, []string{p.ID}, 0)
		if err != nil {
			return err
		}
		i := held[p.ID]
		if i == nil || i.mergedInto != "" || i.facts.Met == met {
			return nil
		}
		i.facts.Met = met
		changed = i
		return recount(ctx, tx, p.Workspace, s.now(), i)
	})
	if err != nil {
		return fmt.Errorf("set how many met issue %s: %w", p.ID, err)
	}
	if changed != nil {
		s.Recounted(ctx, p.Workspace, changed.LaunchID, p.ID)
	}
	return nil
}
