package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

// unit is what one worker of a query reads at once: a row group, or a run of
// frames in memory.
type unit struct {
	seg      *segment // nil: memory
	group    int
	mem      memUnit
	from, to int64
	rows     int
}

// snapshot is what a query sees: each call once, whatever is cut, merged or
// dropped meanwhile.
type snapshot struct {
	l     *Log
	segs  []*segment
	units []unit
}

// look returns the units that may hold what a query is after, in the order
// that it wants them in.
func (l *Log) look(p *plan) *snapshot {
	s := &snapshot{l: l}
	l.mu.Lock()
	for _, seg := range l.segments {
		if seg.Workspace != p.ws || seg.To < p.from || seg.From > p.to {
			continue
		}
		seg.users++
		s.segs = append(s.segs, seg)
		for i, g := range seg.Groups {
			if g.To >= p.from && g.From <= p.to {
				s.units = append(s.units, unit{seg: seg, group: i, from: g.From, to: g.To, rows: g.Rows})
			}
		}
	}
	add := func(h *head) {
		for _, u := range h.units {
			if u.to >= p.from && u.from <= p.to {
				s.units = append(s.units, unit{mem: u, from: u.from, to: u.to, rows: u.rows})
			}
		}
	}
	for _, h := range l.sealed {
		add(h)
	}
	add(l.head)
	l.mu.Unlock()
	slices.SortStableFunc(s.units, func(a, b unit) int {
		if p.oldest {
			return cmp.Compare(a.from, b.from)
		}
		return cmp.Compare(b.to, a.to)
	})
	return s
}

// release lets go of the segments; those that were dropped meanwhile are
// removed by whom used them last.
func (s *snapshot) release() {
	var unused []*segment
	s.l.mu.Lock()
	for _, seg := range s.segs {
		if seg.users--; seg.users == 0 && seg.gone {
			unused = append(unused, seg)
		}
	}
	s.l.mu.Unlock()
	for _, seg := range unused {
		s.l.forget(seg)
	}
}

// Info is what answering took.
type Info struct {
	Took       time.Duration `json:"took"`
	Scanned    int64         `json:"scanned" doc:"Calls in the parts that were read."`
	Unreadable int64         `json:"unreadable,omitempty" doc:"Calls in parts that are damaged: they are missing."`
}

// run is one pass over units by several workers.
type run struct {
	p     *plan
	snap  *snapshot
	stop  func(unit) bool // nothing that counts is in this unit or those behind it
	visit func(worker int, u int, b batch, rows bitset) error

	next       atomic.Int64
	done       []atomic.Bool
	end        atomic.Int64 // units from here on don't count
	scanned    atomic.Int64
	unreadable atomic.Int64
}

// workers is how many a run has.
func (r *run) workers() int { return min(cap(r.snap.l.slots), len(r.snap.units)) }

// do visits the units. With an error, which is that of the context or that
// of visit, some were not.
func (r *run) do(ctx context.Context) error {
	r.done = make([]atomic.Bool, len(r.snap.units))
	r.end.Store(int64(len(r.snap.units)))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for w := range r.workers() {
		wg.Go(func() {
			for {
				at := int(r.next.Add(1)) - 1
				if at >= len(r.snap.units) || ctx.Err() != nil {
					return
				}
				if err := r.one(ctx, w, at); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range r.end.Load() {
		if !r.done[i].Load() {
			return context.Cause(ctx)
		}
	}
	return nil // even if time ran out just then
}

// one reads one unit, with one of the scratches that all queries share.
func (r *run) one(ctx context.Context, worker, at int) error {
	u := r.snap.units[at]
	if r.stop != nil && r.stop(u) {
		for end := r.end.Load(); int64(at) < end && !r.end.CompareAndSwap(end, int64(at)); end = r.end.Load() {
		}
		r.next.Store(int64(len(r.snap.units)))
		return nil
	}
	l := r.snap.l
	s, err := l.borrow(ctx)
	if err != nil {
		return err
	}
	defer l.giveBack(s)
	err = l.with(s, r.p, u, func(b batch) error {
		rows, err := r.p.rows(ctx, s, b, u.from, u.to)
		if err != nil || rows.empty() {
			return err
		}
		return r.visit(worker, at, b, rows)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && u.seg == nil {
		return err
	}
	if err != nil {
		l.files.damaged(u.seg, err)
		r.unreadable.Add(int64(u.rows))
	} else {
		r.scanned.Add(int64(u.rows))
	}
	r.done[at].Store(true)
	return nil
}

// borrow takes a scratch, as soon as one is free. There are as many as there
// may be readers at work, so that their memory is bounded however many ask.
func (l *Log) borrow(ctx context.Context) (*scratch, error) {
	select {
	case s := <-l.slots:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *Log) giveBack(s *scratch) {
	if s.size() > maxScratch {
		s = newScratch()
	}
	l.slots <- s
}

// enter lets a query in, when not too many are under way.
func (l *Log) enter(ctx context.Context) error {
	select {
	case l.queries <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.queries <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Log) leave() { <-l.queries }

// with calls fn with a unit as a batch.
func (l *Log) with(s *scratch, p *plan, u unit, fn func(batch) error) (err error) {
	defer caught(&err)
	if u.seg == nil {
		b, err := s.memory(u.mem, p.ws)
		if err != nil {
			return err
		}
		return fn(b)
	}
	o, err := l.files.get(u.seg)
	if err != nil {
		return err
	}
	defer l.files.put(o)
	return fn(s.group(o, u.group))
}

func (r *run) info(began time.Time) Info {
	return Info{Took: time.Since(began), Scanned: r.scanned.Load(), Unreadable: r.unreadable.Load()}
}

// tooLong turns the end of a context into a sentence.
func tooLong(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errs.Wrap(errs.Busy, err, "Looking through so many calls took too long; ask for a shorter time or more exactly.")
	}
	return err
}
