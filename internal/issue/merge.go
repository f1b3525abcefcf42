package issue

import (
	"context"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Merge moves everything that an issue gathered into another of the same
// launch. The issue itself stays, says where its feedback is now, and its key
// leads there. Nothing of the other changes but what it gathers: it has
// every reporter of both and the earlier of their first reports.
func (s *Service) Merge(ctx context.Context, id, into string) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(into) == "" {
		return nil, errs.New(errs.Invalid, "Name the issue to merge into.")
	}
	var canonical string
	undoID, err := s.do(ctx, a, actMerge, func(t *act) error {
		from, err := get(ctx, t.tx, t.ws, id)
		if err != nil {
			return err
		}
		to, list, err := t.target(ctx, into, from.ID)
		if err != nil {
			return err
		}
		from = list[from.ID]
		t.subject, t.id, t.detail["into"] = "issue", from.ID, to.ID
		canonical = to.ID
		switch {
		case from.ID == to.ID:
			// Also when into was merged into id: a circle can't be made.
			return errs.New(errs.Invalid, "%s can't be merged into itself; name another issue.", from.Key)
		case from.mergedInto != "":
			return errs.New(errs.Conflict, "%s was merged already; merge the issue that has its feedback now.", from.Key)
		case from.LaunchID != to.LaunchID:
			return errs.New(errs.Unprocessable, "%s belongs to another launch than %s; an issue gathers feedback of one launch only.", from.Key, to.Key)
		}
		return t.merge(ctx, from, to)
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a.Workspace, canonical, undoID)
}

func (t *act) merge(ctx context.Context, from, to *Issue) error {
	places, err := t.s.feedback.PlacesOfIssue(ctx, t.tx, t.ws, from.ID)
	if err != nil {
		return err
	}
	if err := t.move(ctx, places, feedback.Accepted, to.ID); err != nil {
		return err
	}
	from.mergedInto, from.UpdatedAt = to.ID, t.now
	if err := save(ctx, t.tx, t.ws, from); err != nil {
		return err
	}
	t.back.Merges = append(t.back.Merges, merger{ID: from.ID, Into: to.ID})
	along := "Nothing had been reported to it"
	if len(places) > 0 {
		along = named(places) + " came along"
	}
	t.note(from.ID, "merged_into", "", to.Key, to.Title)
	t.note(to.ID, "merged", "", from.Key, along, places...)
	return nil
}

// SplitOff is what Split leaves and makes.
type SplitOff struct {
	Issue    *Issue
	NewIssue *Issue
	UndoID   string
}

// Split makes an issue of its own from some of the feedback of another. An
// empty title is taken from the feedback.
func (s *Service) Split(ctx context.Context, id string, feedbackIDs []string, title string) (*SplitOff, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	var from, made string
	undoID, err := s.do(ctx, a, actSplit, func(t *act) error {
		i, list, err := t.target(ctx, id)
		if err != nil {
			return err
		}
		t.subject, t.id, from = "issue", i.ID, i.ID
		places, err := t.places(ctx, "", feedbackIDs)
		if err != nil {
			return err
		}
		if k := slices.IndexFunc(places, func(p feedback.Place) bool { return p.IssueID != i.ID }); k >= 0 {
			return errs.New(errs.Unprocessable, "Feedback %d is not part of %s; only what is can be split off.", places[k].Num, i.Key)
		}
		if len(places) == i.Reach.Feedback {
			return errs.New(errs.Unprocessable, "This is all of %s; leave at least one feedback in it, or change its title.", i.Key)
		}
		made, err = t.gather(ctx, places, func(n *Issue) {
			if strings.TrimSpace(title) != "" {
				n.Title = title
			}
		})
		if err != nil {
			return err
		}
		t.noteMoves(list, places, nil, "Split off")
		t.note(made, "split", i.Key, "", "Split off "+i.Key)
		t.detail["made"], t.detail["feedback"] = made, movedIDs(t.moved)
		return nil
	})
	if err != nil {
		return nil, err
	}
	old, err := s.changed(ctx, a.Workspace, from, undoID)
	if err != nil {
		return nil, err
	}
	part, err := s.changed(ctx, a.Workspace, made, undoID)
	if err != nil {
		return nil, err
	}
	return &SplitOff{Issue: old.Issue, NewIssue: part.Issue, UndoID: undoID}, nil
}
