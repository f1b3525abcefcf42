package watch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	lease      = "watch.evaluate"
	leaseFor   = 15 * time.Second
	leaseEvery = 4 * time.Second
	atOnce     = 2               // groups that are evaluated side by side
	turnFor    = 5 * time.Second // a workspace may take of a round before the others' groups go first
)

// Run evaluates all groups when they are due, until ctx ends: on one node,
// where several share the records.
func (s *Service) Run(ctx context.Context) {
	if s.metrics.Wait(ctx) != nil {
		return
	}
	var wg sync.WaitGroup
	if s.db.Shared() {
		wg.Go(func() { s.lead(ctx) })
	} else {
		s.ours.Store(true)
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var followed time.Time
	was := false
	for {
		now, ours := s.now(), s.ours.Load()
		if was && !ours {
			s.forget()
		}
		was = ours
		if ours {
			if now.Sub(followed) >= 2*time.Second || now.Before(followed) {
				s.follow(ctx)
				followed = now
			}
			s.round(ctx, now)
		}
		select {
		case <-ctx.Done():
			wg.Wait()
			s.leave(context.WithoutCancel(ctx))
			return
		case <-s.changed:
			followed = time.Time{}
		case <-tick.C:
		}
	}
}

// lead asks again and again which node evaluates.
func (s *Service) lead(ctx context.Context) {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for {
		s.ours.Store(s.renew(ctx, s.now()))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// renew reports whether this node evaluates.
func (s *Service) renew(ctx context.Context, now time.Time) (ours bool) {
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		ours, err = takeLease(ctx, tx, lease, s.self, now, now.Add(leaseFor))
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "ask who evaluates rules", "err", err)
	}
	return ours && err == nil
}

// leave lets another node go on at once.
func (s *Service) leave(ctx context.Context) {
	if !s.ours.Load() || !s.db.Shared() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.db.Tx(ctx, func(tx *db.Tx) error { return leaveLease(ctx, tx, lease, s.self) }); err != nil {
		s.log.WarnContext(ctx, "leave the evaluation of rules", "err", err)
	}
}

// forget drops what was loaded: another node goes on.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.loaded)
	s.newest = -1
}

// follow loads groups that changed.
func (s *Service) follow(ctx context.Context) {
	if err := s.load(ctx); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "read the rules", "err", err)
	}
}

func (s *Service) load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest, err := newestGroup(ctx, s.db)
	if err != nil || newest == s.newest {
		return err
	}
	list, err := allGroups(ctx, s.db)
	if err != nil {
		return err
	}
	for _, st := range list {
		old := s.loaded[st.groupKey]
		if old != nil && old.updated == st.updated {
			continue
		}
		if st.document == "" && old == nil && s.newest >= 0 {
			continue // removed before it was ever evaluated here
		}
		r, err := s.build(st)
		if err != nil {
			s.log.ErrorContext(ctx, "rules are not evaluated", "workspace", st.ws, "group", st.name, "err", err)
			delete(s.loaded, st.groupKey)
			continue
		}
		if old != nil {
			r.takeOver(old)
		}
		r.next = s.now()
		s.loaded[st.groupKey] = r
	}
	s.newest = newest
	return nil
}

// round evaluates the groups that are due. What a workspace with slow rules
// does not get done in its turn is still due in the next round: it may be late
// itself, but keeps nobody else waiting.
func (s *Service) round(ctx context.Context, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	var turns turns
	for _, r := range s.due(now) {
		slots <- struct{}{}
		if turns.taken(r.ws) > s.patience {
			<-slots
			continue
		}
		if r.removed {
			delete(s.loaded, r.groupKey) // after this last evaluation
		}
		wg.Go(func() {
			begun := time.Now()
			defer func() { turns.took(r.ws, time.Since(begun)); <-slots }()
			// At the group's own place within the interval, so that restarts
			// and nodes keep to the same times.
			at := r.group.EvalTimestamp(now.UnixNano())
			if r.last.IsZero() || r.removed || !at.After(r.last) {
				at = now
			}
			own, cancel := context.WithTimeout(ctx, max(r.interval, 30*time.Second))
			defer cancel()
			err := s.evaluate(own, r, at)
			if errors.Is(err, errNotOurs) {
				s.ours.Store(false)
			} else if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "evaluate rules", "workspace", r.ws, "group", r.name, "err", err)
			}
			r.next = r.group.EvalTimestamp(s.now().UnixNano()).Add(r.interval)
		})
	}
	wg.Wait()
}

// due lists the groups to be evaluated, those that wait longest first.
func (s *Service) due(now time.Time) []*running {
	var list []*running
	for _, r := range s.loaded {
		if !now.Before(r.next) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *running) int {
		return cmp.Or(a.next.Compare(b.next), strings.Compare(string(a.ws), string(b.ws)), strings.Compare(a.name, b.name))
	})
	return list
}

// turns are how long the groups of each workspace took in a round.
type turns struct {
	mu   sync.Mutex
	list map[workspace.ID]time.Duration
}

func (t *turns) took(ws workspace.ID, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil {
		t.list = map[workspace.ID]time.Duration{}
	}
	t.list[ws] += d
}

func (t *turns) taken(ws workspace.ID) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list[ws]
}
