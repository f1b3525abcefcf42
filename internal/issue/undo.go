package issue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

// reversal is what it takes to go back behind an act: the same for every
// verb, because all of them only move feedback, make, merge and change
// issues.
type reversal struct {
	Moves   []movement `json:"moves,omitempty"`
	Made    []making   `json:"made,omitempty"`
	Merges  []merger   `json:"merges,omitempty"`
	Changes []change   `json:"changes,omitempty"`
	Links   []linkStep `json:"links,omitempty"`
}

// stand is where a feedback stood.
type stand struct {
	State string `json:"state"`
	Issue string `json:"issue,omitempty"`
}

// movement is feedback that went the same way.
type movement struct {
	From stand    `json:"from"`
	To   stand    `json:"to"`
	IDs  []string `json:"ids"`
}

// making is an issue that the act made, as it made it.
type making struct {
	ID     string            `json:"id"`
	Fields map[string]string `json:"fields"`
}

// untouched reports whether an issue is as it was made. A field that acts of
// an older version did not know was empty then.
func (m *making) untouched(i *Issue) bool {
	for field, value := range i.fields() {
		if m.Fields[field] != value {
			return false
		}
	}
	return true
}

type merger struct {
	ID   string `json:"id"`
	Into string `json:"into"`
}

type change struct {
	Issue string `json:"issue"`
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func (r *reversal) move(p feedback.Place, to stand) {
	from := stand{p.State, p.IssueID}
	for k := range r.Moves {
		if r.Moves[k].From == from && r.Moves[k].To == to {
			r.Moves[k].IDs = append(r.Moves[k].IDs, p.ID)
			return
		}
	}
	r.Moves = append(r.Moves, movement{From: from, To: to, IDs: []string{p.ID}})
}

// takeBack undoes one act. It goes back only from where the act left things:
// what a later act changed must be undone first, so that nothing that people
// did is lost without their knowing. Feedback that is gone (an import was
// taken back) is passed over.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (after func(), err error) {
	var r reversal
	if err := json.Unmarshal(detail, &r); err != nil {
		return nil, fmt.Errorf("read act: %w", err)
	}
	t := s.begin(tx, a)
	for _, id := range r.launches() {
		if err := launch.Hold(ctx, tx, t.ws, id); err != nil {
			return nil, err
		}
	}
	list, err := lock(ctx, tx, t.ws, r.issues(), db.Micros(t.now))
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *reversal, map[string]*Issue) error{t.unmerge, t.unlink, t.unchange, t.unmove, t.unmake} {
		if err := step(ctx, &r, list); err != nil {
			return nil, err
		}
	}
	if err := t.settle(ctx); err != nil {
		return nil, err
	}
	if err := t.decide(ctx, true); err != nil {
		return nil, err
	}
	return func() { t.publish(ctx) }, nil
}

// issues are the ids of all issues that an act concerns.
func (r *reversal) issues() []string {
	ids := map[string]bool{}
	for _, m := range r.Moves {
		ids[m.From.Issue], ids[m.To.Issue] = true, true
	}
	for _, m := range r.Made {
		ids[m.ID] = true
	}
	for _, m := range r.Merges {
		ids[m.ID], ids[m.Into] = true, true
	}
	for _, c := range r.Changes {
		ids[c.Issue] = true
	}
	for _, l := range r.Links {
		for _, end := range l.ends() {
			ids[end] = true
		}
	}
	delete(ids, "")
	return slices.Sorted(maps.Keys(ids))
}

const undone = "Undone"

func (t *act) unmerge(ctx context.Context, r *reversal, list map[string]*Issue) error {
	for _, m := range r.Merges {
		from, to := list[m.ID], list[m.Into]
		if from == nil || to == nil || from.mergedInto != m.Into {
			return errs.New(errs.Conflict, "This merger was changed since; undo what was done later first.")
		}
		from.mergedInto, from.UpdatedAt = "", t.now
		if err := save(ctx, t.tx, t.ws, from); err != nil {
			return err
		}
		if err := t.unoriginate(ctx, r, m); err != nil {
			return err
		}
		t.note(from.ID, "merged_into", to.Key, "", undone)
		t.note(to.ID, "merged", from.Key, "", undone)
	}
	return nil
}

func (t *act) unchange(ctx context.Context, r *reversal, list map[string]*Issue) error {
	changed := map[string]bool{}
	for _, c := range r.Changes {
		i := list[c.Issue]
		if i == nil {
			return errs.New(errs.Conflict, "The issue that was changed is gone.")
		}
		if now := i.fields()[c.Field]; now != c.To {
			return errs.New(errs.Conflict, "The %s of %s was changed again since; undo that first.", c.Field, i.Key)
		}
		if err := i.setField(c.Field, c.From); err != nil {
			return fmt.Errorf("undo change of %s: %w", c.Issue, err)
		}
		changed[c.Issue] = true
		switch c.Field {
		case fieldStageEnteredAt, fieldClosedAt, fieldUrgencyBy:
		default:
			t.note(i.ID, c.Field, c.To, c.From, undone)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		list[id].UpdatedAt = t.now
		if err := save(ctx, t.tx, t.ws, list[id]); err != nil {
			return err
		}
	}
	return nil
}

func (t *act) unmove(ctx context.Context, r *reversal, list map[string]*Issue) error {
	for _, m := range r.Moves {
		places, err := t.s.feedback.Places(ctx, t.tx, t.ws, m.IDs)
		if err != nil {
			return err
		}
		for _, p := range places {
			if p.State != m.To.State || p.IssueID != m.To.Issue {
				return t.movedOn(ctx, p)
			}
		}
		if len(places) == 0 {
			continue
		}
		into := list[m.From.Issue]
		if m.From.Issue != "" {
			if into == nil {
				return errs.New(errs.Conflict, "The issue that this came from is gone, because what made it was undone.")
			}
			if into.mergedInto != "" {
				return errs.New(errs.Conflict, "%s, where this came from, was merged since; undo the merging first.", into.Key)
			}
		}
		t.noteMoves(list, places, into, undone)
		if err := t.move(ctx, places, m.From.State, m.From.Issue); err != nil {
			return err
		}
		// The next movement counts from here.
		for id, i := range list {
			if id == m.From.Issue {
				i.Reach.Feedback += len(places)
			} else if id == m.To.Issue {
				i.Reach.Feedback -= len(places)
			}
		}
	}
	return nil
}

// movedOn refuses to go back for what was worked on since.
func (t *act) movedOn(ctx context.Context, p feedback.Place) error {
	where := "is " + p.State + " now"
	if p.IssueID != "" {
		i, err := get(ctx, t.tx, t.ws, p.IssueID)
		if err != nil {
			return err
		}
		where = "is part of " + i.Key + " now"
	}
	return errs.New(errs.Conflict, "Feedback %d %s: it was worked on since. Undo what was done later first.", p.Num, where)
}

// unmake takes issues away that the act made, unless somebody has worked on
// them: those stay, without what the act put into them.
func (t *act) unmake(ctx context.Context, r *reversal, list map[string]*Issue) error {
	for _, m := range r.Made {
		i := list[m.ID]
		if i == nil || i.mergedInto != "" || !m.untouched(i) {
			continue
		}
		left, err := t.s.feedback.PlacesOfIssue(ctx, t.tx, t.ws, i.ID)
		if err != nil {
			return err
		}
		var merged int
		if err := t.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM issue WHERE workspace_id = $1 AND merged_into = $2 AND merged_into <> ''`, t.ws, i.ID).Scan(&merged); err != nil {
			return fmt.Errorf("count what was merged into %s: %w", i.ID, err)
		}
		links, err := linksOf(ctx, t.tx, t.ws, i.ID)
		if err != nil {
			return err
		}
		if len(left) > 0 || merged > 0 || len(links) > 0 {
			continue
		}
		if t.s.worked != nil {
			worked, err := t.s.worked(ctx, t.tx, t.ws, i.ID)
			if err != nil {
				return err
			}
			if worked {
				continue
			}
		}
		if err := remove(ctx, t.tx, t.ws, i); err != nil {
			return err
		}
		t.touch(i.ID)
	}
	return nil
}
