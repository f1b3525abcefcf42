package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Summary is what a list says of the evidence of a feedback.
type Summary struct {
	FeedbackID string    `json:"feedback_id"`
	Items      int       `json:"items" doc:"How much was found that is more than a hint, and what is pinned."`
	Strength   Strength  `json:"strength,omitempty" enum:"strong,likely,weak" doc:"Of the best; absent: nothing."`
	Title      string    `json:"title,omitempty" doc:"Of the best."`
	At         time.Time `json:"collected_at"`
}

// keep writes the best of what was found.
func (s *Service) keep(ctx context.Context, l *look, again time.Time) error {
	items := make([]Item, 0, keptItems)
	more := 0
	for _, c := range l.list {
		if c.strong != Weak {
			more++
		}
		if len(items) < keptItems && c.score >= leastScore {
			items = append(items, s.covered(c.itemOf()))
		}
	}
	var best Item
	if len(items) > 0 {
		best = items[0]
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		var there int
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM feedback WHERE workspace_id = $1 AND id = $2`, l.ws, l.f.ID).Scan(&there)
		if db.IsNoRows(err) {
			return nil // erased meanwhile
		} else if err != nil {
			return fmt.Errorf("look for feedback %s: %w", l.f.ID, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_found (workspace_id, feedback_id, launch_id, collected_at, again_at, items, strength, best_id, title)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (workspace_id, feedback_id) DO UPDATE SET collected_at = $4, again_at = $5, items = $6, strength = $7, best_id = $8, title = $9`,
			l.ws, l.f.ID, l.f.LaunchID, db.Micros(s.now()), db.Micros(again), more, string(best.Strength), best.ID, best.Title); err != nil {
			return fmt.Errorf("keep the evidence of %s: %w", l.f.ID, err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM evidence_item WHERE workspace_id = $1 AND feedback_id = $2`, l.ws, l.f.ID); err != nil {
			return fmt.Errorf("keep the evidence of %s: %w", l.f.ID, err)
		}
		rows := make([][]any, len(items))
		for i := range items {
			text, err := stored(&items[i])
			if err != nil {
				return err
			}
			rows[i] = []any{l.ws, l.f.ID, items[i].ID, i, db.Micros(items[i].At), items[i].Score, string(items[i].Strength), text}
		}
		return db.Insert(ctx, tx, `INSERT INTO evidence_item (workspace_id, feedback_id, evidence_id, place, at, score, strength, item)`, "ON CONFLICT DO NOTHING", rows)
	})
}

// Summaries says what was found for some feedback, in no order; what was not
// looked at is left out.
func (s *Service) Summaries(ctx context.Context, ids []string) ([]Summary, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (x Summary, err error) {
		var at int64
		err = r.Scan(&x.FeedbackID, &x.Items, &x.Strength, &x.Title, &at)
		x.At = db.Time(at)
		return x, err
	}, `SELECT f.feedback_id, f.items + (SELECT COUNT(*) FROM evidence_pin p WHERE p.workspace_id = f.workspace_id AND p.feedback_id = f.feedback_id AND p.by_hand), f.strength, f.title, f.collected_at
		FROM evidence_found f WHERE f.workspace_id = $1 AND f.feedback_id IN (`+db.In(2, len(ids))+`)`, append([]any{a.Workspace}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("list what evidence there is: %w", err)
	}
	return list, nil
}

// kept returns what was kept for some feedback, the best first, at most each.
func (s *Service) kept(ctx context.Context, ws workspace.ID, ids []string, each int) (map[string][]Item, error) {
	out := map[string][]Item{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (i Item, err error) {
			var text, of string
			if err := r.Scan(&of, &text); err != nil {
				return i, err
			}
			err = json.Unmarshal([]byte(text), &i)
			i.FeedbackID = of
			return i, err
		}, `SELECT feedback_id, item FROM evidence_item WHERE workspace_id = $1 AND place < $2 AND feedback_id IN (`+db.In(3, len(part))+`) ORDER BY feedback_id, place`,
			append([]any{ws, each}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("read kept evidence: %w", err)
		}
		for _, i := range list {
			out[i.FeedbackID] = append(out[i.FeedbackID], i)
		}
	}
	return out, nil
}

// When arrivals are looked at.
const (
	firstAfter = 3 * time.Second             // the call log has by then what was under way
	againAfter = usualLater + 10*time.Second // and by then what came after the report
	tooOld     = time.Hour                   // later than that nobody waits for it: it is looked for when asked
	atOnce     = 32                          // arrivals that are taken up together
	followTick = 2 * time.Second
)

// Follow looks for the evidence of reports as they arrive, until ctx ends.
// Its queue is the table of feedback: a node that dies loses nothing of it.
// During an import or a flood it falls behind, the newest first, and gives up
// what is older than an hour.
func (s *Service) Follow(ctx context.Context) {
	tick := time.NewTicker(followTick)
	defer tick.Stop()
	for {
		n, err := s.FollowOnce(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "look for the evidence of arrivals", "err", err)
		}
		if n == atOnce && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// arrival is a report whose evidence is to be looked for.
type arrival struct {
	ws workspace.ID
	id string
}

// FollowOnce takes up what has arrived and what is to be looked for again, and
// reports how much that was.
func (s *Service) FollowOnce(ctx context.Context) (int, error) {
	list, err := s.arrivals(ctx)
	if err != nil {
		return 0, err
	}
	var errList []error
	for _, a := range list {
		if ctx.Err() != nil {
			return len(list), ctx.Err()
		}
		if err := s.follow(ctx, a); err != nil {
			errList = append(errList, fmt.Errorf("feedback %s: %w", a.id, err))
		}
	}
	return len(list), errors.Join(errList...)
}

// arrivals are those of all workspaces: this is the node's own work list.
func (s *Service) arrivals(ctx context.Context) ([]arrival, error) {
	now := s.now()
	scan := func(r db.Scanner) (a arrival, err error) { return a, r.Scan(&a.ws, &a.id) }
	list, err := db.All(ctx, s.db, scan, `SELECT f.workspace_id, f.id FROM feedback f WHERE f.import_id = '' AND f.received_at > $1 AND f.received_at <= $2
		AND NOT EXISTS (SELECT 1 FROM evidence_found e WHERE e.workspace_id = f.workspace_id AND e.feedback_id = f.id) ORDER BY f.received_at DESC LIMIT $3`,
		db.Micros(now.Add(-tooOld)), db.Micros(now.Add(-firstAfter)), atOnce)
	if err != nil {
		return nil, fmt.Errorf("look for arrivals: %w", err)
	}
	if len(list) == atOnce {
		return list, nil
	}
	again, err := db.All(ctx, s.db, scan, `SELECT workspace_id, feedback_id FROM evidence_found WHERE again_at > 0 AND again_at <= $1 ORDER BY again_at LIMIT $2`, db.Micros(now), atOnce-len(list))
	if err != nil {
		return nil, fmt.Errorf("look for what is to be looked at again: %w", err)
	}
	return append(list, again...), nil
}

func (s *Service) follow(ctx context.Context, a arrival) error {
	l, err := s.of(ctx, a.ws, a.id)
	if err != nil {
		if gone(err) {
			return s.forget(ctx, a)
		}
		// Not again: one that can't be looked for must not hold up the others.
		return errors.Join(err, s.keep(ctx, &look{ws: a.ws, f: &feedback.Feedback{ID: a.id}}, time.Time{}))
	}
	var again time.Time
	if due := l.f.ReceivedAt.Add(againAfter); s.now().Before(due) {
		again = due
	}
	if err := s.keep(ctx, l, again); err != nil {
		return err
	}
	s.told(workspace.System(ctx, a.ws), a.ws, l.f)
	return nil
}

// forget drops what was kept for a feedback that is gone.
func (s *Service) forget(ctx context.Context, a arrival) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, text := range []string{`DELETE FROM evidence_found WHERE workspace_id = $1 AND feedback_id = $2`, `DELETE FROM evidence_item WHERE workspace_id = $1 AND feedback_id = $2`} {
			if _, err := tx.ExecContext(ctx, text, a.ws, a.id); err != nil {
				return fmt.Errorf("forget the evidence of %s: %w", a.id, err)
			}
		}
		return nil
	})
}

// Near are the reports that a call, an error or another thing stands behind,
// the likeliest first.
func (s *Service) Near(ctx context.Context, id string, limit int) ([]Report, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, _, err := split(id); err != nil {
		return nil, err
	}
	type place struct {
		of       string
		score    float64
		strength Strength
		item     string
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (p place, err error) { return p, r.Scan(&p.of, &p.score, &p.strength, &p.item) },
		`SELECT feedback_id, score, strength, item FROM evidence_item WHERE workspace_id = $1 AND evidence_id = $2 ORDER BY feedback_id LIMIT 1000`, a.Workspace, id)
	if err != nil {
		return nil, fmt.Errorf("list reports near %s: %w", id, err)
	}
	pins, err := db.All(ctx, s.db, func(r db.Scanner) (of string, err error) { return of, r.Scan(&of) },
		`SELECT feedback_id FROM evidence_pin WHERE workspace_id = $1 AND evidence_id = $2 ORDER BY feedback_id LIMIT 1000`, a.Workspace, id)
	if err != nil {
		return nil, fmt.Errorf("list reports that %s is pinned to: %w", id, err)
	}
	byID := map[string]*Report{}
	var ids []string
	for _, p := range list {
		var i Item
		if err := json.Unmarshal([]byte(p.item), &i); err != nil {
			return nil, fmt.Errorf("read kept evidence: %w", err)
		}
		byID[p.of] = &Report{Score: p.score, Strength: p.strength, Reason: i.Reason, Join: i.Join}
		ids = append(ids, p.of)
	}
	for _, of := range pins {
		if byID[of] == nil {
			byID[of] = &Report{Score: 1, Strength: Strong, Reason: "Pinned by hand.", Join: ByNothing}
			ids = append(ids, of)
		}
		byID[of].Pinned = true
	}
	rows, err := s.feedback.Listed(ctx, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Report, 0, len(rows))
	for _, f := range rows {
		r := byID[f.ID]
		r.Feedback = f
		out = append(out, *r)
	}
	slices.SortFunc(out, func(x, y Report) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Feedback.Number, x.Feedback.Number))
	})
	return out[:min(len(out), limit)], nil
}

// Report is a report that something stands behind.
type Report struct {
	Feedback *feedback.Feedback `json:"feedback"`
	Score    float64            `json:"score"`
	Strength Strength           `json:"strength" enum:"strong,likely,weak"`
	Join     Join               `json:"join" enum:"user_id,session,trace,email,application,device,address,time,text,none"`
	Reason   string             `json:"reason"`
	Pinned   bool               `json:"pinned"`
}
