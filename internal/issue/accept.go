package issue

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Accepted is a feedback that became or joined an issue.
type Accepted struct {
	Feedback *feedback.Feedback
	Issue    *Issue
	Joined   bool // the issue was there before
	UndoID   string
}

// Accept makes an issue from a feedback, or joins it to the one with an id or
// key. A feedback that is part of another issue moves.
func (s *Service) Accept(ctx context.Context, feedbackID, issueID string) (*Accepted, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	var into string
	undoID, err := s.do(ctx, a, actAccept, func(t *act) error {
		t.subject, t.id = "feedback", feedbackID
		places, err := t.places(ctx, "", []string{feedbackID})
		if err != nil {
			return err
		}
		if issueID == "" {
			if p := places[0]; p.IssueID != "" {
				return t.already(ctx, p)
			}
			if into, err = t.gather(ctx, places, nil); err != nil {
				return err
			}
		} else if into, err = t.join(ctx, places, issueID); err != nil {
			return err
		} else if into == "" {
			return t.already(ctx, places[0])
		}
		t.detail["issue"] = into
		return nil
	})
	if err != nil {
		return nil, err
	}
	c, err := s.changed(ctx, a.Workspace, into, undoID)
	if err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, feedbackID)
	return &Accepted{Feedback: f, Issue: c.Issue, Joined: issueID != "", UndoID: undoID}, err
}

// already refuses what is part of an issue.
func (t *act) already(ctx context.Context, p feedback.Place) error {
	i, err := get(ctx, t.tx, t.ws, p.IssueID)
	if err != nil {
		return err
	}
	return errs.New(errs.Conflict, "Feedback %d is part of %s already; name another issue to move it there.", p.Num, i.Key)
}

// AcceptedMany is feedback that became or joined issues.
type AcceptedMany struct {
	Issues   []*Issue // of all that were made, or the one that was joined
	Accepted int      // feedback that was not part of it before
	UndoID   string
}

// AcceptMany makes issues from feedback of one launch: one each, or one for
// all that are alike when group is set. With an issue's id or key all join
// that one. What is part of an issue already stays there, unless an issue is
// named. At most 1,000 at a time.
func (s *Service) AcceptMany(ctx context.Context, launchID string, ids []string, group bool, issueID string) (*AcceptedMany, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	if len(ids) > maxIDs {
		return nil, errs.New(errs.TooLarge, "%d feedback are too many for one act; take at most %d at a time.", len(ids), maxIDs)
	}
	groups, err := s.group(ctx, a.Workspace, launchID, ids, group && issueID == "")
	if err != nil {
		return nil, err
	}
	out := &AcceptedMany{}
	var into []string
	out.UndoID, err = s.do(ctx, a, actAccept, func(t *act) error {
		into = nil
		t.subject, t.id = "launch", launchID
		places, err := t.places(ctx, launchID, ids)
		if err != nil {
			return err
		}
		if issueID != "" {
			id, err := t.join(ctx, places, issueID)
			if err != nil {
				return err
			}
			into = append(into, id)
		} else if into, err = t.gatherGroups(ctx, places, groups); err != nil {
			return err
		}
		if len(t.moved) == 0 {
			return errs.New(errs.Conflict, "All of these are part of an issue already; name another issue to move them there.")
		}
		out.Accepted = len(t.moved)
		t.detail["feedback"], t.detail["issues"] = movedIDs(t.moved), into
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := getMany(ctx, s.db, a.Workspace, into)
	if err != nil {
		return nil, err
	}
	for _, id := range into {
		if i := list[id]; i != nil {
			out.Issues = append(out.Issues, i)
		}
	}
	return out, dress(ctx, s.db, a.Workspace, s.now(), out.Issues...)
}

// group parts ids: alike ones together when asked to and somebody can tell,
// each alone otherwise. What the grouper answers is taken as advice: every id
// is in exactly one group afterwards.
func (s *Service) group(ctx context.Context, ws workspace.ID, launchID string, ids []string, alike bool) ([][]string, error) {
	var advice [][]string
	if alike && s.grouper != nil {
		var err error
		if advice, err = s.grouper.Group(ctx, ws, launchID, ids); err != nil {
			return nil, err
		}
	}
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	var out [][]string
	take := func(group []string) {
		var mine []string
		for _, id := range group {
			if left[id] {
				delete(left, id)
				mine = append(mine, id)
			}
		}
		if len(mine) > 0 {
			out = append(out, mine)
		}
	}
	for _, g := range advice {
		take(g)
	}
	for _, id := range ids {
		take([]string{id})
	}
	return out, nil
}

// gatherGroups makes an issue of each group, of what is in none yet.
func (t *act) gatherGroups(ctx context.Context, places []feedback.Place, groups [][]string) ([]string, error) {
	free := make(map[string]feedback.Place, len(places))
	for _, p := range places {
		if p.IssueID == "" {
			free[p.ID] = p
		}
	}
	var lists [][]feedback.Place
	for _, g := range groups {
		var list []feedback.Place
		for _, id := range g {
			if p, ok := free[id]; ok {
				list = append(list, p)
			}
		}
		if len(list) > 0 {
			lists = append(lists, list)
		}
	}
	made, err := t.make(ctx, lists, nil)
	ids := make([]string, len(made))
	for k, i := range made {
		ids[k] = i.ID
	}
	return ids, err
}

// gather makes one issue of feedback; fill may decide what it says.
func (t *act) gather(ctx context.Context, list []feedback.Place, fill func(*Issue)) (string, error) {
	made, err := t.make(ctx, [][]feedback.Place{list}, fill)
	if err != nil {
		return "", err
	}
	return made[0].ID, nil
}

// make makes an issue of each list of feedback. Title, severity, category and
// area come from what triage said of it.
func (t *act) make(ctx context.Context, lists [][]feedback.Place, fill func(*Issue)) ([]*Issue, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	made := make([]*Issue, len(lists))
	for k, list := range lists {
		i, err := t.s.blank(ctx, t.tx, t.ws, t.now, list)
		if err != nil {
			return nil, err
		}
		if fill != nil {
			fill(i)
		}
		if err := i.validate(); err != nil {
			return nil, err
		}
		made[k] = i
	}
	if err := t.insert(ctx, made); err != nil {
		return nil, err
	}
	for k, i := range made {
		if err := t.move(ctx, lists[k], feedback.Accepted, i.ID); err != nil {
			return nil, err
		}
		t.note(i.ID, "created", "", i.Title, "From "+lowerFirst(named(lists[k])), lists[k]...)
	}
	return made, nil
}

// blank is a new issue as its feedback suggests it.
func (s *Service) blank(ctx context.Context, q db.Queryer, ws workspace.ID, now time.Time, list []feedback.Place) (*Issue, error) {
	i := &Issue{LaunchID: list[0].LaunchID, Stage: Intake, StageEnteredAt: now, Tags: []string{}, CreatedAt: now, UpdatedAt: now}
	ids := make([]string, len(list))
	for k, p := range list {
		ids[k] = p.ID
	}
	all, err := s.feedback.GetMany(ctx, q, ws, ids)
	if err != nil {
		return nil, err
	}
	first := slices.MinFunc(all, func(a, b *feedback.Feedback) int { return int(a.Number - b.Number) })
	i.Title = titleFrom(first)
	var severities, categories, areas []string
	for _, f := range all {
		severities, categories, areas = append(severities, f.Severity), append(categories, f.Category), append(areas, f.Area)
	}
	i.Severity = oneOf(Severities, common(severities), "sev3")
	i.Category = oneOf(nlp.Categories, common(categories), "other")
	if i.Area = strings.ReplaceAll(common(areas), ",", " "); len([]rune(i.Area)) > maxArea || i.Area == "none" || i.Area == "any" {
		i.Area = ""
	}
	return i, nil
}

// oneOf returns v if it is among list, fallback otherwise.
func oneOf(list []string, v, fallback string) string {
	if slices.Contains(list, v) {
		return v
	}
	return fallback
}

// join adds feedback to an issue that is there and returns its id, "" when
// all of it was there before.
func (t *act) join(ctx context.Context, list []feedback.Place, issueID string) (string, error) {
	var from []string
	for _, p := range list {
		from = append(from, p.IssueID)
	}
	into, before, err := t.target(ctx, issueID, from...)
	if err != nil {
		return "", err
	}
	if into.LaunchID != list[0].LaunchID {
		return "", errs.New(errs.Unprocessable, "%s belongs to another launch than the feedback; an issue gathers feedback of one launch only.", into.Key)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(p feedback.Place) bool { return p.IssueID == into.ID })
	if len(list) == 0 {
		return "", nil
	}
	t.noteMoves(before, list, into, "")
	return into.ID, t.move(ctx, list, feedback.Accepted, into.ID)
}

// Ignored is feedback that needs nothing done.
type Ignored struct {
	Ignored int
	UndoID  string
}

// Ignore sets feedback aside: it needs nothing done. What was part of an
// issue leaves it. With a launch's id all must be of that launch.
func (s *Service) Ignore(ctx context.Context, launchID string, ids []string, reason string) (*Ignored, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if launchID != "" {
		if _, err := s.launches.Get(ctx, launchID); err != nil {
			return nil, err
		}
	}
	if reason, err = validReason(reason); err != nil {
		return nil, err
	}
	out := &Ignored{}
	out.UndoID, err = s.do(ctx, a, actIgnore, func(t *act) error {
		places, err := t.places(ctx, launchID, ids)
		if err != nil {
			return err
		}
		t.subject, t.id = "feedback", places[0].ID
		var from []string
		for _, p := range places {
			from = append(from, p.IssueID)
		}
		before, err := t.lock(ctx, from...)
		if err != nil {
			return err
		}
		t.reason = reason
		t.noteMoves(before, places, nil, because("Ignored", reason))
		if err := t.move(ctx, places, feedback.Ignored, ""); err != nil {
			return err
		}
		if out.Ignored = len(t.moved); out.Ignored == 0 {
			return errs.New(errs.Conflict, "All of these are ignored already.")
		}
		t.detail["feedback"], t.detail["reason"] = movedIDs(t.moved), reason
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func movedIDs(list []feedback.Place) []string {
	ids := make([]string, len(list))
	for k, p := range list {
		ids[k] = p.ID
	}
	return ids
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
