package issue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// linkStep is what an act did to one link: made it (no Before), took it away
// (no After), or moved it to another issue.
type linkStep struct {
	Before *tie `json:"before,omitempty"`
	After  *tie `json:"after,omitempty"`
}

// ends are the issues that a step concerns.
func (l linkStep) ends() []string {
	var ids []string
	for _, x := range []*tie{l.Before, l.After} {
		if x != nil {
			ids = append(ids, x.From, x.To)
		}
	}
	return ids
}

// launches are those whose links an act changed.
func (r *reversal) launches() []string {
	var ids []string
	for _, l := range r.Links {
		for _, x := range []*tie{l.Before, l.After} {
			if x != nil {
				ids = append(ids, x.LaunchID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// writeLinks takes steps and keeps them for the way back.
func (t *act) writeLinks(ctx context.Context, steps ...linkStep) error {
	for _, l := range steps {
		var err error
		switch {
		case l.After == nil:
			_, err = t.tx.ExecContext(ctx, `DELETE FROM issue_link WHERE workspace_id = $1 AND id = $2`, t.ws, l.Before.ID)
		case l.Before == nil:
			a := l.After
			err = db.Insert(ctx, t.tx, `INSERT INTO issue_link (workspace_id, `+tieColumns+`)`, "", [][]any{{t.ws, a.ID, a.LaunchID, a.From, a.Kind, a.To, a.By, a.At}})
		default:
			_, err = t.tx.ExecContext(ctx, `UPDATE issue_link SET from_id = $1, to_id = $2 WHERE workspace_id = $3 AND id = $4`, l.After.From, l.After.To, t.ws, l.Before.ID)
		}
		if err != nil {
			return fmt.Errorf("write link: %w", err)
		}
		t.back.Links = append(t.back.Links, l)
	}
	return nil
}

// noteLink says in the history of both ends how a link of theirs changed.
func (t *act) noteLink(before, after *tie, issues map[string]*Issue, reason string) {
	say := func(l *tie, id string) string {
		if l == nil || l.From != id && l.To != id {
			return ""
		}
		kind, other := l.seenFrom(id)
		if o := issues[other]; o != nil {
			return kind + " " + o.Key
		}
		return kind
	}
	ids := linkStep{before, after}.ends()
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if from, to := say(before, id), say(after, id); from != to {
			t.note(id, "linked", from, to, reason)
		}
	}
}

// relink moves the links of a merged issue to the one that has its feedback.
// A link between the two, and one that the other has as well, goes.
func (t *act) relink(ctx context.Context, from, to *Issue, issues map[string]*Issue) error {
	mine, err := linksOf(ctx, t.tx, t.ws, from.ID)
	if err != nil {
		return err
	}
	have, err := linksOf(ctx, t.tx, t.ws, to.ID)
	if err != nil {
		return err
	}
	for _, l := range mine {
		next := l
		if next.From == from.ID {
			next.From = to.ID
		}
		if next.To == from.ID {
			next.To = to.ID
		}
		next = next.tidy()
		step := linkStep{Before: &l, After: &next}
		if next.From == next.To || slices.ContainsFunc(have, next.same) {
			step.After = nil
		} else {
			have = append(have, next)
		}
		if err := t.writeLinks(ctx, step); err != nil {
			return err
		}
		t.noteLink(&l, step.After, issues, from.Key+" was merged into "+to.Key)
	}
	return nil
}

// straight refuses to go on when the blocking links of a launch go in a
// circle: nobody could ever begin.
func (t *act) straight(ctx context.Context, launchID string) error {
	list, err := db.All(ctx, t.tx, scanTie, `SELECT `+tieColumns+` FROM issue_link WHERE workspace_id = $1 AND launch_id = $2 AND kind = $3 ORDER BY created_at, id`, t.ws, launchID, blocks)
	if err != nil {
		return fmt.Errorf("read blocking links: %w", err)
	}
	next := map[string][]string{}
	for _, l := range list {
		next[l.From] = append(next[l.From], l.To)
	}
	var ids []string
	for _, l := range list {
		ids = append(ids, l.From)
	}
	circle := circleIn(ids, next)
	if circle == nil {
		return nil
	}
	names, err := refs(ctx, t.tx, t.ws, circle)
	if err != nil {
		return err
	}
	keys := make([]string, len(circle))
	for k, id := range circle {
		keys[k] = names[id].Key
	}
	return errs.New(errs.Conflict, "These would block each other in a circle: %s blocks %s. Take one of the links away first.", keys[0], strings.Join(append(keys[1:], keys[0]), ", which blocks "))
}

// circleIn returns the members of a circle in the order in which they follow
// each other, nil when there is none. Each node is looked at once.
func circleIn(nodes []string, next map[string][]string) []string {
	const (
		entered = 1
		left    = 2
	)
	state := map[string]int{}
	for _, start := range nodes {
		// The way so far, each with what of its neighbours is still to see.
		type place struct {
			id   string
			rest []string
		}
		var way []place
		enter := func(id string) {
			state[id] = entered
			way = append(way, place{id, next[id]})
		}
		if state[start] == 0 {
			enter(start)
		}
		for len(way) > 0 {
			top := &way[len(way)-1]
			if len(top.rest) == 0 {
				state[top.id] = left
				way = way[:len(way)-1]
				continue
			}
			id := top.rest[0]
			top.rest = top.rest[1:]
			switch state[id] {
			case 0:
				enter(id)
			case entered:
				var out []string
				for k := slices.IndexFunc(way, func(p place) bool { return p.id == id }); k < len(way); k++ {
					out = append(out, way[k].id)
				}
				return out
			}
		}
	}
	return nil
}

// unlink puts the links back that an act changed: only where they are as it
// left them, and where both ends are there.
func (t *act) unlink(ctx context.Context, r *reversal, list map[string]*Issue) error {
	if len(r.Links) == 0 {
		return nil
	}
	for _, l := range slices.Backward(r.Links) {
		now, err := t.standing(ctx, l)
		if err != nil {
			return err
		}
		if (now == nil) != (l.After == nil) || now != nil && *now != *l.After {
			return errs.New(errs.Conflict, "The link was changed since; undo what was done later first.")
		}
		if l.Before != nil {
			for _, id := range []string{l.Before.From, l.Before.To} {
				switch i := list[id]; {
				case i == nil:
					return errs.New(errs.Conflict, "An issue that was linked is gone, because what made it was undone.")
				case i.mergedInto != "":
					return errs.New(errs.Conflict, "%s, which was linked, was merged since; undo the merging first.", i.Key)
				}
			}
			if again, err := t.again(ctx, *l.Before); err != nil {
				return err
			} else if again {
				return errs.New(errs.Conflict, "%s and %s were linked again since; undo that first.", list[l.Before.From].Key, list[l.Before.To].Key)
			}
		}
		if err := t.writeLinks(ctx, linkStep{Before: l.After, After: l.Before}); err != nil {
			return err
		}
		t.noteLink(l.After, l.Before, list, undone)
	}
	for _, id := range r.launches() {
		if err := t.straight(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// standing is the link of a step as it is now, nil when it is gone.
func (t *act) standing(ctx context.Context, l linkStep) (*tie, error) {
	id := ""
	if l.After != nil {
		id = l.After.ID
	} else {
		id = l.Before.ID
	}
	now, err := scanTie(t.tx.QueryRowContext(ctx, `SELECT `+tieColumns+` FROM issue_link WHERE workspace_id = $1 AND id = $2`, t.ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read link %s: %w", id, err)
	}
	return &now, nil
}

// again reports whether a link that says the same has been made since.
func (t *act) again(ctx context.Context, l tie) (bool, error) {
	var n int
	err := t.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM issue_link WHERE workspace_id = $1 AND from_id = $2 AND kind = $3 AND to_id = $4 AND id <> $5`, t.ws, l.From, l.Kind, l.To, l.ID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for a link: %w", err)
	}
	return n > 0, nil
}

// originate keeps which feedback a merger brought, and from which issue: what
// came to that one by an earlier merger keeps its first home.
func (t *act) originate(ctx context.Context, from, to *Issue, ids []string) error {
	rows := make([][]any, len(ids))
	for k, id := range ids {
		rows[k] = []any{t.ws, id, from.ID, to.ID}
	}
	return db.Insert(ctx, t.tx, `INSERT INTO issue_origin (workspace_id, feedback_id, from_id, into_id)`,
		`ON CONFLICT (workspace_id, feedback_id) DO UPDATE SET into_id = excluded.into_id,
			from_id = CASE WHEN issue_origin.into_id = excluded.from_id THEN issue_origin.from_id ELSE excluded.from_id END`, rows)
}

// unoriginate is the way back of originate.
func (t *act) unoriginate(ctx context.Context, r *reversal, m merger) error {
	for _, move := range r.Moves {
		if move.From.Issue != m.ID || move.To.Issue != m.Into {
			continue
		}
		for part := range slices.Chunk(move.IDs, 500) {
			args := append([]any{t.ws, m.ID, m.Into}, db.Args(part)...)
			in := db.In(4, len(part))
			if _, err := t.tx.ExecContext(ctx, `DELETE FROM issue_origin WHERE workspace_id = $1 AND from_id = $2 AND into_id = $3 AND feedback_id IN (`+in+`)`, args...); err != nil {
				return fmt.Errorf("forget what %s brought: %w", m.ID, err)
			}
			if _, err := t.tx.ExecContext(ctx, `UPDATE issue_origin SET into_id = $2 WHERE workspace_id = $1 AND into_id = $3 AND feedback_id IN (`+in+`)`, args...); err != nil {
				return fmt.Errorf("give back what %s brought: %w", m.ID, err)
			}
		}
	}
	return nil
}

// origins names the issues by whose merging all reports of some reporters of
// an issue came, by reporter.
func origins(ctx context.Context, q db.Queryer, ws workspace.ID, issueID string, people []Reporter) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]string, len(people))
	for k, p := range people {
		ids[k] = p.PersonID
	}
	type came struct {
		person, from string
		n            int
	}
	list, err := db.All(ctx, q, func(r db.Scanner) (c came, err error) { return c, r.Scan(&c.person, &c.from, &c.n) },
		`SELECT f.person_id, o.from_id, COUNT(*) FROM issue_origin AS o JOIN feedback AS f ON f.workspace_id = o.workspace_id AND f.id = o.feedback_id
		WHERE o.workspace_id = $1 AND o.into_id = $2 AND f.issue_id = $2 AND f.person_id IN (`+db.In(3, len(ids))+`)
		GROUP BY f.person_id, o.from_id ORDER BY o.from_id`, append([]any{ws, issueID}, db.Args(ids)...)...)
	if err != nil {
		return fmt.Errorf("list what came to issue %s by merging: %w", issueID, err)
	}
	var from []string
	for _, c := range list {
		from = append(from, c.from)
	}
	slices.Sort(from)
	names, err := refs(ctx, q, ws, slices.Compact(from))
	if err != nil {
		return err
	}
	for k := range people {
		p := &people[k]
		n := 0
		for _, c := range list {
			if c.person == p.PersonID {
				n += c.n
				p.MergedFrom = append(p.MergedFrom, names[c.from])
			}
		}
		if n < p.Reports {
			p.MergedFrom = nil // this one came by another way as well
		}
	}
	return nil
}
