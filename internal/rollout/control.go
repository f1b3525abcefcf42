package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout/analysis"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	tick  = 500 * time.Millisecond
	grace = 10 * time.Second // a promoted rollout stays on a node for so long at most, until the node has the document
	lease = 6 * time.Second  // of the node that decides
	alone = 5 * time.Second  // holding for no route for so long ends a rollout
	drain = 30 * time.Second // for calls under way at the stable upstream, at the end of a blue/green switch
)

// Run follows what is under way, reports what is counted here, and decides
// where no other node does, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "steer rollouts", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Tick does once what Run does again and again.
func (s *Service) Tick(ctx context.Context) error {
	if err := s.Load(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	list := make([]*record, 0, len(s.known))
	for _, r := range s.known {
		if !r.State.ended() {
			list = append(list, r)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b *record) int { return strings.Compare(a.ID, b.ID) })
	err := s.report(ctx)
	for _, r := range list {
		c := *r
		if e := s.steer(workspace.System(ctx, workspace.ID(r.workspace)), &c); e != nil && !errors.Is(e, errMoved) {
			err = errors.Join(err, fmt.Errorf("rollout %s: %w", r.ID, e))
		}
	}
	return err
}

// Load tells this node's gateway what is under way.
func (s *Service) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	records, err := live(ctx, s.DB, s.Now().Add(-grace))
	if err != nil {
		return err
	}
	s.known = make(map[string]*record, len(records))
	var told []gateway.Rollout
	var sign strings.Builder
	for _, r := range records {
		s.known[r.ID] = r
		if r.State.ended() && (r.State != Promoted || s.settled(r.ID)) {
			continue
		}
		fmt.Fprintf(&sign, "%s %d %g\n", r.ID, r.epoch, r.Weight)
		told = append(told, r.overlay(nil))
	}
	s.forget()
	if s.Server == nil || sign.String() == s.applied {
		return nil
	}
	for i := range told {
		users, err := s.usersOf(ctx, s.known[told[i].ID])
		if err != nil {
			return err
		}
		told[i] = s.known[told[i].ID].overlay(users)
	}
	if err := s.Server.SetRollouts(told); err != nil {
		return err
	}
	s.applied = sign.String()
	return nil
}

// settled reports whether the document here has taken over from a promoted
// rollout: from then on it must not come back, whatever the document says.
func (s *Service) settled(id string) bool {
	if s.Server == nil || s.done[id] {
		return true
	}
	for _, st := range s.Server.Rollouts() {
		if st.ID == id && st.Routes > 0 {
			return false
		}
	}
	s.done[id] = true
	return true
}

// usersOf are the signed-in users of a rollout's segments.
func (s *Service) usersOf(ctx context.Context, r *record) (out []string, err error) {
	if s.Users == nil {
		return nil, nil
	}
	for _, g := range r.Targeting.Segments {
		list, err := s.Users(ctx, workspace.ID(r.workspace), g.Attribute, g.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// forget drops what was held in memory of rollouts that have ended.
func (s *Service) forget() {
	under := func(id string) bool { r := s.known[id]; return r != nil && !r.State.ended() }
	for id := range s.watches {
		if !under(id) {
			delete(s.watches, id)
			delete(s.lone, id)
			delete(s.leads, id)
		}
	}
	for key := range s.said {
		if id, _, _ := strings.Cut(key, " "); !under(id) {
			delete(s.said, key)
		}
	}
	for id := range s.done {
		if s.known[id] == nil {
			delete(s.done, id)
		}
	}
	for key := range s.before {
		if id, _, _ := strings.Cut(key, " "); !under(id) {
			delete(s.before, key)
		}
	}
}

// report writes what this node has counted, where that is news.
func (s *Service) report(ctx context.Context) error {
	if s.Server == nil {
		return nil
	}
	type line struct {
		r    *record
		key  string
		text string
	}
	var lines []line
	states := s.Server.Rollouts()
	s.mu.Lock()
	for _, st := range states {
		r := s.known[st.ID]
		if r == nil || r.State.ended() || r.epoch != st.Epoch {
			continue
		}
		l := line{r, fmt.Sprintf("%s %d", st.ID, st.Epoch), countOf(st).text()}
		if s.said[l.key] != l.text {
			lines = append(lines, l)
		}
	}
	s.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, l := range lines {
			if err := putCount(ctx, tx, l.r, s.node, s.micro(), l.text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lines {
		s.said[l.key] = l.text
	}
	return nil
}

// leads reports whether this node decides about a rollout.
func (s *Service) leading(ctx context.Context, r *record) (bool, error) {
	if !s.DB.Shared() {
		return true, nil
	}
	now := s.Now()
	s.mu.Lock()
	until := s.leads[r.ID]
	s.mu.Unlock()
	if now.Add(lease / 2).Before(until) {
		return true, nil
	}
	var ok bool
	end := now.Add(lease)
	err := s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		ok, err = lead(ctx, tx, r, s.node, now, end)
		return err
	})
	if err != nil || !ok {
		return false, err
	}
	s.mu.Lock()
	s.leads[r.ID] = end
	s.mu.Unlock()
	return true, nil
}

// steer decides what becomes of a rollout now.
func (s *Service) steer(ctx context.Context, r *record) error {
	if ok, err := s.leading(ctx, r); err != nil || !ok {
		return err
	}
	if r.State == Promoting {
		return s.publish(ctx, r)
	}
	list, err := counts(ctx, s.DB, workspace.ID(r.workspace), r.ID, r.epoch)
	if err != nil {
		return err
	}
	now := s.micro()
	e := r.gather(list, now)
	if s.isAlone(r, e, now) {
		reason := fmt.Sprintf("the document in force sends no route of it to %s any more", r.Stable)
		return s.decide(ctx, r, "aborted", reason, func(r *record) { r.end(Aborted, now) })
	}
	if !r.Analysis.Off {
		baseline, err := s.baseline(ctx, r)
		if err != nil {
			return err
		}
		f, err := s.look(ctx, r, r.pairs(e, baseline))
		if err != nil {
			return err
		}
		if f.Verdict == analysis.Worse {
			return s.decide(ctx, r, "rolled_back", f.Reason, func(r *record) {
				r.Finding = f
				r.end(RolledBack, now)
			})
		}
	}
	return s.advance(ctx, r, e, now)
}

// isAlone reports whether a rollout has held for no route for a while.
func (s *Service) isAlone(r *record, e *evidence, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.reported || e.routes > 0 {
		delete(s.lone, r.ID)
		return false
	}
	if s.lone[r.ID].IsZero() {
		s.lone[r.ID] = now
	}
	return now.Sub(s.lone[r.ID]) >= alone
}

// baseline is what the stable version did before, for a step that sends it
// nothing; nil for other steps, and where there is none.
func (s *Service) baseline(ctx context.Context, r *record) (*evidence, error) {
	if r.Weight < 100 {
		return nil, nil
	}
	key := fmt.Sprintf("%s %d", r.ID, r.Step)
	s.mu.Lock()
	e, ok := s.before[key]
	s.mu.Unlock()
	if ok {
		return e, nil
	}
	all, err := counts(ctx, s.DB, workspace.ID(r.workspace), r.ID, 0)
	if err != nil {
		return nil, err
	}
	e = r.before(all, s.Now())
	s.mu.Lock()
	s.before[key] = e
	s.mu.Unlock()
	return e, nil
}

// look judges the evidence, and keeps what came out.
func (s *Service) look(ctx context.Context, r *record, pairs []analysis.Pair) (analysis.Finding, error) {
	s.mu.Lock()
	w := s.watches[r.ID]
	if w == nil {
		w = &analysis.Watch{}
		*w = r.watch
		s.watches[r.ID] = w
	}
	w.Looks, w.Blocks = max(w.Looks, r.watch.Looks), max(w.Blocks, r.watch.Blocks) // another node may have led
	w.Begin(r.epoch)
	f, looked := w.Look(r.limits(), pairs)
	spent := w.Looks != r.watch.Looks || w.Blocks != r.watch.Blocks
	kept := *w
	s.mu.Unlock()
	was := r.Finding
	if f.Verdict == analysis.Worse || !looked && !spent && f.Verdict == was.Verdict && f.Reason == was.Reason {
		return f, nil
	}
	if !looked && f.Verdict == analysis.NotEnough && was.Verdict != analysis.NotEnough {
		return f, nil // a new period: what was found before stays until there is more
	}
	r.Finding, r.watch = f, kept
	told := looked && f.Verdict != was.Verdict
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := keepFinding(ctx, tx, r); err != nil {
			return err
		}
		if !told {
			return nil
		}
		a, _ := workspace.ActorFrom(ctx)
		return addEvent(ctx, tx, r, a, "judged", f.Reason, s.micro())
	})
	if err == nil && told {
		s.moved(ctx, r, "judged", f.Reason, "rollout.updated")
	}
	return f, err
}

// advance goes on to what is next when it is time.
func (s *Service) advance(ctx context.Context, r *record, e *evidence, now time.Time) error {
	step := r.Steps[r.Step]
	switch {
	case r.State == Running && !now.Before(r.StepAt.Add(step.hold)) && s.enough(r, e):
	case now.Sub(r.epochAt) >= r.Analysis.window && s.enough(r, e):
		return s.renew(ctx, r, now) // where calls are rare a period lasts until it has enough
	default:
		return nil
	}
	last := r.Step == len(r.Steps)-1
	switch {
	case step.Pause:
		reason := fmt.Sprintf("step %d was held for %s and waits for somebody to go on", r.Step+1, step.Hold)
		return s.decide(ctx, r, "paused", reason, func(r *record) { r.State = Paused })
	case last && r.Confirm:
		return s.decide(ctx, r, "paused", "the last step is over; it waits for somebody to promote it", func(r *record) { r.State = Paused })
	case last:
		if r.Strategy == BlueGreen && e.inflight > 0 && now.Before(r.StepAt.Add(step.hold+drain)) {
			return nil // calls under way at the old version end first
		}
		// The next tick publishes.
		return s.decide(ctx, r, "promoting", cmp.Or(r.Finding.Reason, "the last step is over"), func(r *record) { r.promote(now) })
	case r.Strategy == BlueGreen && r.Steps[r.Step+1].Weight == 100:
		if err := s.healthy(ctx, r.workspace, &r.Input); err != nil {
			return s.decide(ctx, r, "paused", "before the switch: "+errs.Message(err), func(r *record) { r.State = Paused })
		}
	}
	next := *r
	next.next(now)
	return s.decide(ctx, r, "advanced", next.describe(), func(r *record) { r.next(now) })
}

// enough reports whether there is what a verdict needs.
func (s *Service) enough(r *record, e *evidence) bool {
	if r.Analysis.Off || r.Weight == 0 {
		return true
	}
	least, calls := uint64(r.Analysis.MinSample), e.all[stable].Calls
	if r.Weight == 100 {
		s.mu.Lock()
		b := s.before[fmt.Sprintf("%s %d", r.ID, r.Step)]
		s.mu.Unlock()
		if b == nil {
			return true // there is nothing to hold it against: time decides
		}
		calls = b.all[stable].Calls
	}
	return e.all[canary].Calls >= least && calls >= least
}

// renew begins a new period when the window is over; nothing else changes.
func (s *Service) renew(ctx context.Context, r *record, now time.Time) error {
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		h, err := held(ctx, tx, workspace.ID(r.workspace), r.ID)
		if err != nil {
			return err
		}
		if h.rev != r.rev {
			return errMoved
		}
		h.renew(now)
		if err := save(ctx, tx, h); err != nil {
			return err
		}
		return dropCounts(ctx, tx, h, h.epoch-keptPeriods)
	})
	if err != nil {
		return err
	}
	return s.Load(ctx)
}

// keptPeriods of one step stay, for the figures and as what was before.
const keptPeriods = 3

// decide changes a rollout unless it has moved on since it was read.
func (s *Service) decide(ctx context.Context, r *record, kind, reason string, fn func(*record)) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, a, r.ID, kind, func(h *record) (string, error) {
		if h.rev != r.rev {
			return "", errMoved
		}
		fn(h)
		return reason, nil
	})
	return err
}
