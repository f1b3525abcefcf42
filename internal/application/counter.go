package application

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/gateway"
)

// Counters count calls for quotas. A call is counted in memory and waits for
// nothing; what is counted is written a moment later, with a lease of calls in
// advance: a process that dies has claimed a little more than it used, and
// forgives nothing. It implements gateway.Counters.
//
// Nodes that share a database see each other's claims when they write their
// own: together they may let through what each of them counts within that
// moment.
type Counters struct {
	db     *db.DB
	log    *slog.Logger
	now    func() time.Time
	shards [counterShards]counterShard
	seed   maphash.Seed
}

const (
	counterShards = 64
	counterEach   = 4096 // bounds a shard; beyond it newcomers are counted together
	writeEach     = 500 * time.Millisecond
	writeMost     = 2_000            // counters a time; the rest waits
	keepUse       = 400 * 24 * 3600  // seconds that old periods are kept for
	sweepEach     = 10 * time.Minute // of old periods
)

type counterShard struct {
	mu    sync.Mutex
	list  map[gateway.Count]*counter
	swept int64    // second when a full shard was last looked through
	_     [40]byte // shards lie on cache lines of their own
}

// counter is one quota of one subject in one period.
type counter struct {
	ours    int64 // counted here
	claimed int64 // of ours, and of the lease, in the records
	others  int64 // in the records by other nodes, and by this one before it started
	most    int64 // what the quota is
	before  int64 // ours at the last writing, to tell how fast it goes
	busy    bool  // is being written
}

// NewCounters returns counters on d.
func NewCounters(d *db.DB, log *slog.Logger) *Counters {
	return &Counters{db: d, log: log, now: time.Now, seed: maphash.MakeSeed()}
}

// Take implements gateway.Counters.
func (c *Counters) Take(q gateway.Count, most int64) (left int64, ok bool) {
	s := &c.shards[maphash.Comparable(c.seed, q)%counterShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.list[q]
	if n == nil {
		n = s.add(q, c.now().Unix())
	}
	n.most = most
	if n.others+n.ours >= most {
		return 0, false
	}
	n.ours++
	return max(0, most-n.others-n.ours), true
}

// add makes room for a counter.
func (s *counterShard) add(q gateway.Count, now int64) *counter {
	if s.list == nil {
		s.list = map[gateway.Count]*counter{}
	}
	if len(s.list) >= counterEach && s.swept != now {
		s.swept = now
		for k, n := range s.list {
			if k.End <= now && n.ours == n.claimed && !n.busy {
				delete(s.list, k)
			}
		}
	}
	if len(s.list) >= counterEach {
		// Who invents users must not fill the memory: they share one quota.
		q.Subject = "others"
		if n := s.list[q]; n != nil {
			return n
		}
	}
	n := &counter{}
	s.list[q] = n
	return n
}

// want is what should be claimed: what was counted, and about as much as two
// writings' time brings, but never much of what is left.
func (n *counter) want() int64 {
	lease := min(2*(n.ours-n.before), (n.most-n.others-n.ours)/8)
	return n.ours + max(0, lease)
}

// Load reads what was counted of the periods that are under way.
func (c *Counters) Load(ctx context.Context) error {
	type row struct {
		gateway.Count
		used int64
	}
	// All workspaces: the node's gateway serves them all.
	rows, err := db.All(ctx, c.db, func(s db.Scanner) (r row, err error) {
		return r, s.Scan(&r.Workspace, &r.Scope, &r.Subject, &r.Start, &r.End, &r.used)
	}, `SELECT workspace_id, scope, subject, starts_at, ends_at, used FROM quota_use WHERE ends_at > $1 LIMIT $2`, c.now().Unix(), counterShards*counterEach/2)
	if err != nil {
		return fmt.Errorf("read what quotas have counted: %w", err)
	}
	for _, r := range rows {
		s := &c.shards[maphash.Comparable(c.seed, r.Count)%counterShards]
		s.mu.Lock()
		n := s.list[r.Count]
		if n == nil {
			n = s.add(r.Count, c.now().Unix())
		}
		n.others = max(n.others, r.used-n.claimed)
		s.mu.Unlock()
	}
	return nil
}

// Run writes what is counted until ctx ends, and then the rest of it.
func (c *Counters) Run(ctx context.Context) {
	tick, sweep := time.NewTicker(writeEach), time.NewTicker(sweepEach)
	defer tick.Stop()
	defer sweep.Stop()
	failing := false
	for {
		var err error
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := c.Settle(end); err != nil {
				c.log.ErrorContext(end, "write what quotas have counted", "err", err)
			}
			return
		case <-sweep.C:
			err = c.sweep(ctx)
		case <-tick.C:
			_, err = c.write(ctx, false)
		}
		if err != nil && ctx.Err() == nil && !failing {
			c.log.WarnContext(ctx, "write what quotas have counted; it goes on in memory", "err", err)
		}
		failing = err != nil
	}
}

// Settle writes all that was counted, and gives leases back.
func (c *Counters) Settle(ctx context.Context) error {
	for {
		n, err := c.write(ctx, true)
		if err != nil || n == 0 {
			return err
		}
	}
}

// claim is a change of one counter that is to be written.
type claim struct {
	gateway.Count
	n          *counter
	shard      *counterShard
	want, more int64
	total      int64 // in the records, after it
}

// write writes what should be claimed otherwise than it is. It returns how
// many counters were.
func (c *Counters) write(ctx context.Context, all bool) (int, error) {
	list := c.due(all)
	if len(list) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := c.db.Tx(ctx, func(tx *db.Tx) error {
		for _, x := range list {
			err := tx.QueryRowContext(ctx, `INSERT INTO quota_use (workspace_id, scope, subject, starts_at, ends_at, used) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (workspace_id, scope, subject, starts_at) DO UPDATE SET used = quota_use.used + excluded.used RETURNING used`,
				x.Workspace, x.Scope, x.Subject, x.Start, x.End, x.more).Scan(&x.total)
			if err != nil {
				return fmt.Errorf("count %d calls of %s for quota %s: %w", x.more, x.Subject, x.Scope, err)
			}
		}
		return nil
	})
	for _, x := range list {
		x.shard.mu.Lock()
		x.n.busy = false
		if err == nil {
			x.n.claimed = x.want
			x.n.others = max(0, x.total-x.want)
		}
		x.shard.mu.Unlock()
	}
	return len(list), err
}

// due are the counters to be written, in one order for all nodes.
func (c *Counters) due(all bool) []*claim {
	var list []*claim
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, n := range s.list {
			if len(list) >= writeMost {
				break
			}
			want := n.want()
			if all {
				want = n.ours
			}
			if n.busy || want == n.claimed {
				continue
			}
			n.busy, n.before = true, n.ours
			list = append(list, &claim{Count: k, n: n, shard: s, want: want, more: want - n.claimed})
		}
		s.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b *claim) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Start, b.Start))
	})
	return list
}

// sweep forgets periods that are long over.
func (c *Counters) sweep(ctx context.Context) error {
	now := c.now().Unix()
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, n := range s.list {
			if k.End <= now && n.ours == n.claimed && !n.busy {
				delete(s.list, k)
			}
		}
		s.mu.Unlock()
	}
	return c.db.Tx(ctx, func(tx *db.Tx) error {
		// All workspaces: the node's own housekeeping.
		if _, err := tx.ExecContext(ctx, `DELETE FROM quota_use WHERE ends_at < $1`, now-keepUse); err != nil {
			return fmt.Errorf("forget old periods of quotas: %w", err)
		}
		return nil
	})
}
