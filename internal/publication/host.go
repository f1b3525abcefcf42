package publication

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// claimHosts makes the hosts of a document the workspace's own, and gives up
// those that it no longer has. A host belongs to the workspace that published
// it first: another's publication with it is refused. Who calls it holds the
// head of all publications (see nextSeq).
func claimHosts(ctx context.Context, tx *db.Tx, ws workspace.ID, c *gateway.Config, now time.Time) error {
	want := c.HostNames()
	// All workspaces: the gateway is theirs together.
	taken, err := db.All(ctx, tx, func(r db.Scanner) (h string, err error) { return h, r.Scan(&h) },
		`SELECT host FROM gateway_host WHERE workspace_id <> $1 ORDER BY host`, ws)
	if err != nil {
		return fmt.Errorf("read hosts: %w", err)
	}
	for _, h := range want {
		i := slices.IndexFunc(taken, func(t string) bool { return gateway.HostsOverlap(h, t) })
		switch {
		case i < 0:
		case h == gateway.AnyHost:
			return errs.New(errs.Conflict, "Calls to any host belong to another workspace of this gateway; name the hosts of your APIs, as in hosts: [api.example.com].")
		case taken[i] == h:
			return errs.New(errs.Conflict, "The host %s belongs to another workspace of this gateway; choose another, or ask its owner to publish without it.", h)
		default:
			return errs.New(errs.Conflict, "The host %s overlaps with %s, which belongs to another workspace of this gateway; choose another, or ask its owner to publish without it.", h, taken[i])
		}
	}
	have, err := db.All(ctx, tx, func(r db.Scanner) (h string, err error) { return h, r.Scan(&h) },
		`SELECT host FROM gateway_host WHERE workspace_id = $1 ORDER BY host`, ws)
	if err != nil {
		return fmt.Errorf("read hosts: %w", err)
	}
	for _, h := range have {
		if !slices.Contains(want, h) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM gateway_host WHERE workspace_id = $1 AND host = $2`, ws, h); err != nil {
				return fmt.Errorf("give up host %s: %w", h, err)
			}
		}
	}
	for _, h := range want {
		if !slices.Contains(have, h) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO gateway_host (host, workspace_id, at) VALUES ($1, $2, $3)`, h, ws, db.Micros(now)); err != nil {
				return fmt.Errorf("take host %s: %w", h, err)
			}
		}
	}
	return nil
}

// nextSeq counts one more publication of all workspaces and holds the count
// until the transaction ends: publications come one after the other, whatever
// the clocks of who writes them say.
func nextSeq(ctx context.Context, tx *db.Tx) error {
	var seq int64
	if err := tx.QueryRowContext(ctx, `UPDATE gateway_head SET seq = seq + 1 WHERE id = 1 RETURNING seq`).Scan(&seq); err != nil {
		return fmt.Errorf("count publications: %w", err)
	}
	return nil
}

// head is how many publications there were of all workspaces.
func head(ctx context.Context, q db.Queryer) (seq int64, err error) {
	if err = q.QueryRowContext(ctx, `SELECT seq FROM gateway_head WHERE id = 1`).Scan(&seq); err != nil {
		return 0, fmt.Errorf("look for news: %w", err)
	}
	return seq, nil
}
