package call

import (
	"context"
	"errors"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Erase removes the calls of a workspace that a query means, for good, and
// returns how many they were; see Log. What other nodes have not shipped yet
// may be left: erase again two seconds later where somebody is still calling.
func (c *Cluster) Erase(ctx context.Context, ws workspace.ID, q Query) (int64, error) {
	if len(q.Where)+len(q.Any) == 0 && q.From.IsZero() && q.To.IsZero() {
		return 0, errs.New(errs.Invalid, "Say which calls are to be erased.")
	}
	q.After, q.Limit = Cursor{}, 0
	p, err := q.plan(ws)
	if err != nil {
		return 0, err
	}
	where, err := p.where(q)
	if err != nil {
		return 0, err
	}
	if err := c.shipAll(ctx); err != nil {
		return 0, err
	}
	n, err := c.Count(ctx, ws, q)
	if err != nil || n == 0 {
		return 0, err
	}
	c.l.tail.forget(p)
	if _, err := c.ch.do(ctx, "ALTER TABLE calls DELETE WHERE "+where, nil); err != nil {
		return 0, asError(err)
	}
	// Parts are written anew in the background; it is not done before they are.
	for {
		answer, err := c.ch.do(ctx, "SELECT toInt64(count()) FROM system.mutations WHERE database = currentDatabase() AND table = 'calls' AND is_done = 0 FORMAT RowBinary", nil)
		if err != nil {
			return 0, asError(err)
		}
		if r := (&rows{b: answer}); r.int() == 0 && r.err == nil {
			return n, nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return 0, tooLong(err)
		}
	}
}

// shipAll waits until what this node has recorded is in the table.
func (c *Cluster) shipAll(ctx context.Context) error {
	if err := c.Sync(ctx); err != nil {
		return err
	}
	select {
	case c.l.seals <- struct{}{}:
	case <-c.l.quit:
		return errs.New(errs.Unavailable, "The call log is closed.")
	case <-ctx.Done():
		return tooLong(ctx.Err())
	}
	if err := c.Sync(ctx); err != nil { // then the head has ended
		return err
	}
	for {
		c.l.mu.Lock()
		waiting, why := len(c.l.sealed), c.l.trouble[partCluster]
		c.l.mu.Unlock()
		switch {
		case waiting == 0:
			return nil
		case why != "":
			return errs.New(errs.Unavailable, "%s", why)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return tooLong(err)
		}
	}
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err())
	}
}
