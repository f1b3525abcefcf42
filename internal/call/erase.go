package call

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Segments are never changed. What is erased is left out of new ones that
// take their place, which the keeper does between its other work.

// erasure asks the keeper to erase.
type erasure struct {
	ctx   context.Context
	p     *plan
	reply chan erased
}

type erased struct {
	calls int64
	err   error
}

// Erase removes the calls of a workspace that a query means, for good, and
// returns how many they were. Calls that come meanwhile may be left. After an
// error some may be gone and others not; to erase again does no harm.
func (l *Log) Erase(ctx context.Context, ws workspace.ID, q Query) (int64, error) {
	if len(q.Where)+len(q.Any) == 0 && q.From.IsZero() && q.To.IsZero() {
		return 0, errs.New(errs.Invalid, "Say which calls are to be erased.")
	}
	q.After, q.Limit = Cursor{}, 0
	p, err := q.plan(ws)
	if err != nil {
		return 0, err
	}
	if err := l.Sync(ctx); err != nil { // only what is in a segment can be erased
		return 0, err
	}
	select {
	case l.seals <- struct{}{}:
	case <-l.quit:
		return 0, errs.New(errs.Unavailable, "The call log is closed.")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := l.Sync(ctx); err != nil { // then the head has ended
		return 0, err
	}
	e := erasure{ctx, p, make(chan erased, 1)}
	select {
	case l.erasures <- e:
	case <-l.quit:
		return 0, errs.New(errs.Unavailable, "The call log is closed.")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case done := <-e.reply:
		return done.calls, tooLong(done.err)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// erase does it, segment by segment.
func (k *keeper) erase(ctx context.Context, p *plan) (n int64, err error) {
	if err := k.cutAll(); err != nil {
		return 0, err
	}
	k.l.tail.forget(p)
	snap := k.l.look(p)
	defer snap.release()
	hits := map[*segment]map[int]bool{} // row groups in which something is meant
	for _, u := range snap.units {
		if u.seg == nil {
			continue // came meanwhile
		}
		s, err := k.l.borrow(ctx)
		if err != nil {
			return 0, err
		}
		found := false
		err = k.l.with(s, p, u, func(b batch) error {
			rows, err := p.rows(ctx, s, b, u.from, u.to)
			found = err == nil && !rows.empty()
			return err
		})
		k.l.giveBack(s)
		if err != nil {
			return 0, fmt.Errorf("look through segment %s: %w", u.seg.Name, err)
		}
		if found {
			if hits[u.seg] == nil {
				hits[u.seg] = map[int]bool{}
			}
			hits[u.seg][u.group] = true
		}
	}
	for s, groups := range hits {
		if k.stopped() || ctx.Err() != nil {
			return n, errs.New(errs.Unavailable, "The call log was closed, or time ran out, while it erased; do it again.")
		}
		gone, err := k.rewrite(s, groups, p)
		if err != nil {
			return n, fmt.Errorf("erase from segment %s: %w", s.Name, err)
		}
		n += gone
	}
	return n, nil
}

// rewrite makes a segment anew without what is meant.
func (k *keeper) rewrite(s *segment, groups map[int]bool, p *plan) (gone int64, err error) {
	l := k.l
	w := k.writer()
	path := filepath.Join(folderOf(l.cfg.Dir, s.Workspace), segmentName(s.From, l.manifest.Next))
	if err := w.begin(path, origin{Workspace: s.Workspace, Replaces: []string{s.Name}}); err != nil {
		return 0, err
	}
	gone, err = k.without(s, groups, p, w)
	left := w.rows()
	switch {
	case err == nil && left+int(gone) != s.Rows:
		err = fmt.Errorf("%d calls and %d that are erased are not the %d of before; nothing was changed", left, gone, s.Rows)
		fallthrough
	case err != nil:
		w.abort()
		return 0, err
	case left == 0:
		w.abort()
		return gone, k.commit(nil, []*segment{s}, nil)
	}
	meta, err := w.finish()
	if err != nil {
		return 0, err
	}
	return gone, k.commit([]segmentMeta{meta}, []*segment{s}, nil)
}

// without writes a segment's row groups, and leaves out what is meant.
func (k *keeper) without(s *segment, groups map[int]bool, p *plan, w *segmentWriter) (gone int64, err error) {
	defer caught(&err)
	o, err := k.l.files.get(s)
	if err != nil {
		return 0, err
	}
	defer k.l.files.put(o)
	words := newSearcher(p.terms)
	m := &merger{k: k, w: w}
	for i := range s.Groups {
		if !groups[i] && o.index != nil {
			if err := w.copyGroup(o, i); err != nil {
				return gone, err
			}
			continue
		}
		if err := newScratch().whole(o, i, func(r *Record) {
			if p.record(r, words) {
				gone++
				return
			}
			m.frames = appendFrame(m.frames, r)
			m.rows++
		}); err != nil {
			return gone, err
		}
		if err := m.flush(); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// forget takes what is erased out of the newest calls.
func (t *tail) forget(p *plan) {
	words := newSearcher(p.terms)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum, t.bytes = 0, 0
	for i, run := range t.runs {
		var left []byte
		rows := 0
		var r Record
		for rest := run; len(rest) > 0; {
			body, next := splitFrame(rest)
			if decode(body, &r) != nil || !p.record(&r, words) {
				left = append(left, rest[:len(rest)-len(next)]...)
				rows++
			}
			rest = next
		}
		t.runs[i], t.rows[i] = left, rows
		t.sum += rows
		t.bytes += len(left)
	}
}
