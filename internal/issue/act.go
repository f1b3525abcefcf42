package issue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The kinds of act, as undo and the audit log know them.
const (
	actAccept = "issue.accept"
	actIgnore = "issue.ignore"
	actCreate = "issue.create"
	actChange = "issue.change"
	actMerge  = "issue.merge"
	actSplit  = "issue.split"
	actLink   = "issue.link"
	actUnlink = "issue.unlink"
)

// act is one verb at work in its transaction. Every verb does the same few
// things: it locks the issues it touches, moves feedback, makes, changes or
// merges issues; what follows from that (counts, history, audit, what it
// takes to go back, events) is done here for all of them.
type act struct {
	s       *Service
	tx      *db.Tx
	actor   workspace.Actor
	ws      workspace.ID
	now     time.Time
	back    reversal
	touched map[string]bool // issues to be counted anew
	made    map[string]bool
	moved   []feedback.Place
	history [][]any

	// What the audit log says.
	subject string
	id      string
	detail  map[string]any
	reason  string // of a decision about feedback
}

// do runs a verb in one transaction and tells watchers when it is committed.
func (s *Service) do(ctx context.Context, a workspace.Actor, kind string, verb func(*act) error) (undoID string, err error) {
	var done *act
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		t := s.begin(tx, a)
		if err := verb(t); err != nil {
			return err
		}
		if err := t.settle(ctx); err != nil {
			return err
		}
		if err := t.decide(ctx, false); err != nil {
			return err
		}
		if undoID, err = s.undo.Record(ctx, tx, a, kind, t.back); err != nil {
			return err
		}
		done = t
		return a.Audit(ctx, tx, kind, t.subject, t.id, t.detail)
	})
	if err != nil {
		return "", err
	}
	done.publish(ctx)
	return undoID, nil
}

// Decided is what an act made of some feedback, as far as it is new.
type Decided struct {
	LaunchID    string
	FeedbackIDs []string
	State       string // "" when it is as it was
	Moved       bool   // into Issue
	Issue       string // key of the issue it is part of now; "" for none
	Reason      string // as the person gave it
	Undone      bool   // the act took an earlier one back
}

// decide writes into the decision ledger what the act made of feedback.
func (t *act) decide(ctx context.Context, undone bool) error {
	if t.s.decided == nil || len(t.moved) == 0 {
		return nil
	}
	var into []string
	for _, m := range t.back.Moves {
		if m.To.Issue != "" {
			into = append(into, m.To.Issue)
		}
	}
	list, err := refs(ctx, t.tx, t.ws, into)
	if err != nil {
		return err
	}
	for _, m := range t.back.Moves {
		d := Decided{LaunchID: t.moved[0].LaunchID, FeedbackIDs: m.IDs, Moved: m.From.Issue != m.To.Issue, Issue: list[m.To.Issue].Key, Reason: t.reason, Undone: undone}
		if m.From.State != m.To.State {
			d.State = m.To.State
		}
		if err := t.s.decided(ctx, t.tx, t.actor, d); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) begin(tx *db.Tx, a workspace.Actor) *act {
	return &act{s: s, tx: tx, actor: a, ws: a.Workspace, now: s.micro(), touched: map[string]bool{}, made: map[string]bool{}, detail: map[string]any{}}
}

// lock claims issues for the rest of the transaction and returns them as they
// are now. Two acts on the same issue follow each other, so that both are in
// its counts. updated is written to them unless it is zero.
func lock(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string, updated int64) (map[string]*Issue, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	slices.Sort(ids) // always in the same order, or two would wait for each other
	ids = slices.Compact(ids)
	for _, id := range ids {
		var err error
		if updated == 0 {
			_, err = tx.ExecContext(ctx, `UPDATE issue SET updated_at = updated_at WHERE workspace_id = $1 AND id = $2`, ws, id)
		} else {
			_, err = tx.ExecContext(ctx, `UPDATE issue SET updated_at = $1 WHERE workspace_id = $2 AND id = $3`, updated, ws, id)
		}
		if err != nil {
			return nil, fmt.Errorf("lock issue %s: %w", id, err)
		}
	}
	return getMany(ctx, tx, ws, ids)
}

// lock claims issues that must be there.
func (t *act) lock(ctx context.Context, ids ...string) (map[string]*Issue, error) {
	list, err := lock(ctx, t.tx, t.ws, ids, db.Micros(t.now))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if id != "" && list[id] == nil {
			return nil, errs.New(errs.Conflict, "The issue is gone: what made it was undone. Look again, then decide.")
		}
	}
	return list, nil
}

// target resolves an issue that feedback is to join and locks it together
// with others.
func (t *act) target(ctx context.Context, id string, others ...string) (*Issue, map[string]*Issue, error) {
	i, err := resolve(ctx, t.tx, t.ws, id)
	if err != nil {
		return nil, nil, err
	}
	list, err := t.lock(ctx, append(others, i.ID)...)
	if err != nil {
		return nil, nil, err
	}
	if i = list[i.ID]; i.mergedInto != "" {
		return nil, nil, errs.New(errs.Conflict, "%s has just been merged; look again, then decide.", i.Key)
	}
	return i, list, nil
}

// places returns where feedback stands; all of it must be there, and in one
// launch.
func (t *act) places(ctx context.Context, launchID string, ids []string) ([]feedback.Place, error) {
	switch {
	case len(ids) == 0:
		return nil, errs.New(errs.Invalid, "Name at least one feedback.")
	case len(ids) > maxIDs:
		return nil, errs.New(errs.TooLarge, "%d feedback are too many for one act; take at most %d at a time.", len(ids), maxIDs)
	}
	list, err := t.s.feedback.Places(ctx, t.tx, t.ws, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !storable(id) }))
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(list))
	for _, p := range list {
		known[p.ID] = true
		if launchID == "" {
			launchID = p.LaunchID
		}
		if p.LaunchID != launchID {
			return nil, errs.New(errs.Unprocessable, "Feedback %d belongs to another launch; an issue gathers feedback of one launch only.", p.Num)
		}
	}
	for _, id := range ids {
		if !known[id] {
			return nil, errs.New(errs.NotFound, "There is no feedback %.60s in this workspace; it may still be on its way.", id)
		}
	}
	return list, nil
}

// move puts feedback into a state and an issue ("" for none).
func (t *act) move(ctx context.Context, list []feedback.Place, state, issueID string) error {
	list = slices.DeleteFunc(slices.Clone(list), func(p feedback.Place) bool { return p.State == state && p.IssueID == issueID })
	if len(list) == 0 {
		return nil
	}
	if err := t.s.feedback.Move(ctx, t.tx, t.ws, list, state, issueID); err != nil {
		return err
	}
	for _, p := range list {
		t.back.move(p, stand{state, issueID})
		t.touch(p.IssueID)
	}
	t.touch(issueID)
	t.moved = append(t.moved, list...)
	return nil
}

func (t *act) touch(issueID string) {
	if issueID != "" {
		t.touched[issueID] = true
	}
}

// maxNamed is how many feedback a line of history names.
const maxNamed = 20

// note adds a line to an issue's history, which may be about some feedback.
func (t *act) note(issueID, field, from, to, reason string, about ...feedback.Place) {
	ids := movedIDs(about[:min(len(about), maxNamed)])
	// Lines of one act are a microsecond apart, so that they keep their order.
	at := db.Micros(t.now) + int64(len(t.history))
	t.history = append(t.history, []any{t.ws, db.NewID(), issueID, at, t.actor.Kind, t.actor.ID, t.actor.Name, field, from, to, reason, strings.Join(ids, ",")})
	t.touch(issueID)
}

// noteMoves says in the history of every issue concerned how many feedback
// it had and has: joined to issue to ("" for none), gone from where they were.
func (t *act) noteMoves(before map[string]*Issue, list []feedback.Place, to *Issue, reason string) {
	left := map[string][]feedback.Place{}
	for _, p := range list {
		if p.IssueID != "" && (to == nil || p.IssueID != to.ID) {
			left[p.IssueID] = append(left[p.IssueID], p)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		if i := before[id]; i != nil {
			n := i.Reach.Feedback
			t.note(id, "feedback", fmt.Sprint(n), fmt.Sprint(n-len(left[id])), because(named(left[id])+" left", reason), left[id]...)
		}
	}
	if to != nil {
		n := to.Reach.Feedback
		t.note(to.ID, "feedback", fmt.Sprint(n), fmt.Sprint(n+len(list)), because(named(list)+" joined", reason), list...)
	}
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// named says which feedback in a few words.
func named(list []feedback.Place) string {
	const most = 5
	var nums []string
	for _, p := range list[:min(len(list), most)] {
		nums = append(nums, fmt.Sprint(p.Num))
	}
	switch {
	case len(list) > most:
		return fmt.Sprintf("Feedback %s and %d more", strings.Join(nums, ", "), len(list)-most)
	case len(list) > 1:
		last := len(nums) - 1
		return "Feedback " + strings.Join(nums[:last], ", ") + " and " + nums[last]
	}
	return "Feedback " + nums[0]
}

// settle counts the touched issues anew and writes the history.
func (t *act) settle(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(t.touched))
	list, err := getMany(ctx, t.tx, t.ws, ids)
	if err != nil {
		return err
	}
	var there []*Issue
	for _, id := range ids {
		if i := list[id]; i != nil {
			there = append(there, i)
		}
	}
	if err := recount(ctx, t.tx, t.ws, t.now, there...); err != nil {
		return err
	}
	t.history = slices.DeleteFunc(t.history, func(row []any) bool { return list[row[2].(string)] == nil })
	rows := make([][]any, len(t.history))
	for k, row := range t.history {
		rows[k] = append(slices.Clone(row), list[row[2].(string)].LaunchID)
	}
	return db.Insert(ctx, t.tx, `INSERT INTO issue_history (workspace_id, id, issue_id, at, actor_kind, actor_id, actor_name, field, was, becomes, reason, feedback, launch_id)`, "", rows)
}

// publish brings lists and watchers up to date, after the commit.
func (t *act) publish(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // committed is committed, whoever still waits
	if err := t.s.feedback.Moved(ctx, t.ws, t.moved); err != nil {
		t.s.log.ErrorContext(ctx, "bring lists up to date", "workspace", t.ws, "err", err)
	}
	ids := slices.Sorted(maps.Keys(t.touched))
	list, err := getMany(ctx, t.s.db, t.ws, ids)
	if err != nil {
		t.s.log.ErrorContext(ctx, "tell of changed issues", "workspace", t.ws, "err", err)
		return
	}
	type kind struct{ typ, launchID string }
	byKind := map[kind][]string{}
	var order []kind
	for _, id := range ids {
		k := kind{typ: "issue.updated"}
		if t.made[id] {
			k.typ = "issue.created"
		}
		if i := list[id]; i != nil {
			k.launchID = i.LaunchID
		} else if len(t.moved) > 0 {
			k.launchID = t.moved[0].LaunchID
		}
		if byKind[k] == nil {
			order = append(order, k)
		}
		byKind[k] = append(byKind[k], id)
	}
	for _, k := range order {
		t.s.tell(ctx, t.ws, k.typ, k.launchID, byKind[k])
	}
}

// tell lets watchers know of issues, with the rows themselves when they are
// few. What is gone is named only.
func (s *Service) tell(ctx context.Context, ws workspace.ID, typ, launchID string, ids []string) {
	s.publish(ctx, event.Event{Workspace: string(ws), Type: typ, LaunchID: launchID, By: workspace.By(ctx)}, ids)
}

// Elsewhere tells this node's watchers what another node did to issues.
func (s *Service) Elsewhere(ctx context.Context, e event.Event) {
	if len(e.IDs) == 0 {
		s.bus.Publish(e)
		return
	}
	s.publish(ctx, e, e.IDs)
}

func (s *Service) publish(ctx context.Context, e event.Event, ids []string) {
	ws := workspace.ID(e.Workspace)
	err := event.PublishRows(s.bus, e, ids, func(ids []string) ([]*Issue, error) {
		found, err := getMany(ctx, s.db, ws, ids)
		if err != nil {
			return nil, err
		}
		list := make([]*Issue, 0, len(found))
		for _, id := range ids {
			if i := found[id]; i != nil {
				list = append(list, i)
			}
		}
		return list, dress(ctx, s.db, ws, s.now(), list...)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "tell of changed issues", "workspace", ws, "err", err)
	}
}
