package issue

import (
	"context"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Merge moves everything that an issue gathered into another of the same
// launch. The issue itself stays, says where its feedback is now, and its key
// leads there. Nothing of the other changes but what it gathers: it has
// every reporter of both, the earlier of their first reports, and the links
// of both.
func (s *Service) Merge(ctx context.Context, id, into string) (*Changed, error) {
	return s.merge(ctx, "", []string{id}, into)
}

// maxMerged bounds how many issues one act merges.
const maxMerged = 100

// MergeMany merges issues of a launch into one of it, all in one act. The one
// that stays may be among them.
func (s *Service) MergeMany(ctx context.Context, launchID string, ids []string, into string) (*Changed, error) {
	if _, err := workspace.Need(ctx, workspace.WorkFeedback); err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	if len(ids) > maxMerged {
		return nil, errs.New(errs.TooLarge, "%d issues are too many for one merger; take at most %d at a time.", len(ids), maxMerged)
	}
	return s.merge(ctx, launchID, ids, into)
}

func (s *Service) merge(ctx context.Context, launchID string, ids []string, into string) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(into) == "" {
		return nil, errs.New(errs.Invalid, "Name the issue to merge into.")
	}
	var canonical string
	undoID, err := s.do(ctx, a, actMerge, func(t *act) error {
		from, to, all, err := t.toMerge(ctx, launchID, ids, into)
		if err != nil {
			return err
		}
		canonical = to.ID
		t.subject, t.id, t.detail["into"] = "issue", from[0].ID, to.ID
		if len(from) > 1 {
			merged := make([]string, len(from))
			for k, i := range from {
				merged[k] = i.ID
			}
			t.subject, t.id, t.detail["merged"] = "launch", to.LaunchID, merged
		}
		for _, i := range from {
			if err := t.merge(ctx, i, to, all); err != nil {
				return err
			}
		}
		return t.straight(ctx, to.LaunchID)
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a.Workspace, canonical, undoID)
}

// toMerge finds and locks the issues of a merger: those that go, the one that
// stays, and all that are linked to them. With a launch's id all must be of
// that launch, and the one that stays may be among those that go.
func (t *act) toMerge(ctx context.Context, launchID string, ids []string, into string) (from []*Issue, to *Issue, all map[string]*Issue, err error) {
	goes := make([]string, 0, len(ids))
	for _, id := range ids {
		i, err := get(ctx, t.tx, t.ws, id)
		if err != nil {
			return nil, nil, nil, err
		}
		if !slices.Contains(goes, i.ID) {
			goes = append(goes, i.ID)
		}
	}
	if to, err = resolve(ctx, t.tx, t.ws, into); err != nil {
		return nil, nil, nil, err
	}
	if launchID != "" {
		goes = slices.DeleteFunc(goes, func(id string) bool { return id == to.ID })
		if len(goes) == 0 {
			return nil, nil, nil, errs.New(errs.Invalid, "Name at least one issue that is merged into %s.", to.Key)
		}
	}
	// Held before links are read: they move, and nobody may add one meanwhile.
	if err := launch.Hold(ctx, t.tx, t.ws, to.LaunchID); err != nil {
		return nil, nil, nil, err
	}
	ties, err := linksOf(ctx, t.tx, t.ws, append([]string{to.ID}, goes...)...)
	if err != nil {
		return nil, nil, nil, err
	}
	others := slices.Clone(goes)
	for _, l := range ties {
		others = append(others, l.From, l.To)
	}
	if to, all, err = t.target(ctx, to.ID, others...); err != nil {
		return nil, nil, nil, err
	}
	for _, id := range goes {
		i := all[id]
		switch {
		case i.ID == to.ID:
			// Also when into was merged into id: a circle can't be made.
			return nil, nil, nil, errs.New(errs.Invalid, "%s can't be merged into itself; name another issue.", i.Key)
		case i.mergedInto != "":
			return nil, nil, nil, errs.New(errs.Conflict, "%s was merged already; merge the issue that has its feedback now.", i.Key)
		case i.LaunchID != to.LaunchID || launchID != "" && i.LaunchID != launchID:
			return nil, nil, nil, errs.New(errs.Unprocessable, "%s belongs to another launch than %s; an issue gathers feedback of one launch only.", i.Key, to.Key)
		}
		from = append(from, i)
	}
	return from, to, all, nil
}

func (t *act) merge(ctx context.Context, from, to *Issue, all map[string]*Issue) error {
	places, err := t.s.feedback.PlacesOfIssue(ctx, t.tx, t.ws, from.ID)
	if err != nil {
		return err
	}
	if err := t.move(ctx, places, feedback.Accepted, to.ID); err != nil {
		return err
	}
	if err := t.originate(ctx, from, to, movedIDs(places)); err != nil {
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
	return t.relink(ctx, from, to, all)
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
