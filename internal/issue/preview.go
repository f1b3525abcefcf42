package issue

import (
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Outlook is what an issue would be.
type Outlook struct {
	Title             string              `json:"title"`
	Severity          string              `json:"severity"`
	Category          string              `json:"category"`
	Area              string              `json:"area"`
	Reports           int                 `json:"reports"`
	People            int                 `json:"people" doc:"Distinct persons: who reported to both counts once."`
	Unnamed           int                 `json:"unnamed"`
	Priority          float64             `json:"priority"`
	SuggestedSeverity *SeveritySuggestion `json:"suggested_severity,omitempty"`
}

func (c *counts) outlook(i *Issue) Outlook {
	return Outlook{Title: i.Title, Severity: i.Severity, Category: i.Category, Area: i.Area, Reports: c.reports, People: c.people, Unnamed: c.unnamed,
		Priority: c.score(i).Priority, SuggestedSeverity: suggestSeverity(i.Severity, i.DismissedSeverity, c.severities)}
}

// MergePreview is what a merger would make. Nobody is told of a merger.
type MergePreview struct {
	Into         *Issue   `json:"into" doc:"The issue that stays, as it is."`
	From         []*Issue `json:"from" nullable:"false" doc:"Those that go into it, as they are."`
	After        Outlook  `json:"after" doc:"What the one that stays would be."`
	LinksMoved   int      `json:"links_moved" doc:"Links of the others that it would have."`
	LinksDropped int      `json:"links_dropped" doc:"Links between them, and those it has already."`
}

// PreviewMerge says what merging issues of a launch into one would make.
func (s *Service) PreviewMerge(ctx context.Context, launchID string, ids []string, into string) (*MergePreview, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	to, err := resolve(ctx, s.db, a.Workspace, into)
	if err != nil {
		return nil, err
	}
	if len(ids) > maxMerged {
		return nil, errs.New(errs.TooLarge, "%d issues are too many for one merger; take at most %d at a time.", len(ids), maxMerged)
	}
	out := &MergePreview{Into: to, From: []*Issue{}}
	all := []string{to.ID}
	for _, id := range ids {
		i, err := get(ctx, s.db, a.Workspace, id)
		switch {
		case err != nil:
			return nil, err
		case i.LaunchID != to.LaunchID || i.LaunchID != launchID:
			return nil, errs.New(errs.Unprocessable, "%s belongs to another launch than %s; an issue gathers feedback of one launch only.", i.Key, to.Key)
		case slices.Contains(all, i.ID):
			continue
		}
		out.From, all = append(out.From, i), append(all, i.ID)
	}
	c := newCounts()
	if err := c.read(ctx, s.db, ofIssues(a.Workspace, all...), s.now()); err != nil {
		return nil, fmt.Errorf("count %d issues: %w", len(all), err)
	}
	out.After = c.outlook(to)
	if err := s.previewLinks(ctx, a.Workspace, all, out); err != nil {
		return nil, err
	}
	return out, dress(ctx, s.db, a.Workspace, s.now(), append([]*Issue{to}, out.From...)...)
}

// previewLinks counts what would become of the links of merged issues. all
// begins with the one that stays.
func (s *Service) previewLinks(ctx context.Context, ws workspace.ID, all []string, out *MergePreview) error {
	have, err := linksOf(ctx, s.db, ws, all[0])
	if err != nil {
		return err
	}
	mine, err := linksOf(ctx, s.db, ws, all[1:]...)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, l := range mine {
		if seen[l.ID] {
			continue // between two of those that go
		}
		seen[l.ID] = true
		if slices.Contains(all, l.From) {
			l.From = all[0]
		}
		if slices.Contains(all, l.To) {
			l.To = all[0]
		}
		if l = l.tidy(); l.From == l.To || slices.ContainsFunc(have, l.same) {
			out.LinksDropped++
			continue
		}
		have = append(have, l)
		out.LinksMoved++
	}
	return nil
}

// SplitPreview is what a split would make and leave.
type SplitPreview struct {
	New   Outlook `json:"new"`
	Stays Outlook `json:"stays"`
	Both  int     `json:"both" doc:"Persons who would be reporters of both."`
}

// PreviewSplit says what splitting feedback off an issue would make.
func (s *Service) PreviewSplit(ctx context.Context, id string, feedbackIDs []string) (*SplitPreview, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := resolve(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if len(feedbackIDs) == 0 || len(feedbackIDs) > maxIDs {
		return nil, errs.New(errs.Invalid, "Name from 1 to %d feedback that are split off.", maxIDs)
	}
	places, err := s.feedback.Places(ctx, s.db, a.Workspace, slices.DeleteFunc(slices.Clone(feedbackIDs), func(id string) bool { return !storable(id) }))
	if err != nil {
		return nil, err
	}
	if k := slices.IndexFunc(places, func(p feedback.Place) bool { return p.IssueID != i.ID }); k >= 0 || len(places) == 0 {
		return nil, errs.New(errs.Unprocessable, "Not all of these are part of %s; only what is can be split off.", i.Key)
	}
	made, err := s.blank(ctx, s.db, a.Workspace, s.micro(), places)
	if err != nil {
		return nil, err
	}
	ids := movedIDs(places)
	whole, moves, stays := newCounts(), newCounts(), newCounts()
	all := ofIssues(a.Workspace, i.ID)
	for _, x := range []struct {
		c    *counts
		span span
	}{{&whole, all}, {&moves, all.part(ids, false)}, {&stays, all.part(ids, true)}} {
		if err := x.c.read(ctx, s.db, x.span, s.now()); err != nil {
			return nil, fmt.Errorf("count parts of issue %s: %w", i.ID, err)
		}
	}
	return &SplitPreview{New: moves.outlook(made), Stays: stays.outlook(i), Both: moves.people + stays.people - whole.people}, nil
}

// maxGrouped bounds the feedback of an issue that is parted into groups, the
// newest first.
const maxGrouped = 500

// Groups parts the newest feedback of an issue into what tells the same, for
// splitting: the largest group first, those of one left out.
func (s *Service) Groups(ctx context.Context, id string) ([]Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := resolve(ctx, s.db, a.Workspace, id)
	if err != nil || s.grouper == nil {
		return nil, err
	}
	list, err := s.feedback.OfIssue(ctx, a.Workspace, i.ID, 0, maxGrouped)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	byID := make(map[string]*feedback.Feedback, len(list))
	for k, f := range list {
		ids[k], byID[f.ID] = f.ID, f
	}
	parts, err := s.group(ctx, a.Workspace, i.LaunchID, ids, true)
	if err != nil {
		return nil, err
	}
	out := []Group{}
	for _, p := range parts {
		if len(p) > 1 && len(p) < len(ids) {
			out = append(out, Group{Title: titleFrom(byID[p[0]]), FeedbackIDs: p})
		}
	}
	slices.SortStableFunc(out, func(x, y Group) int { return len(y.FeedbackIDs) - len(x.FeedbackIDs) })
	return out, nil
}

// Group is feedback of an issue that tells the same.
type Group struct {
	Title       string   `json:"title"`
	FeedbackIDs []string `json:"feedback_ids" nullable:"false"`
}

// SplitPreviewInput says what would become an issue of its own.
type SplitPreviewInput struct {
	FeedbackIDs []string `json:"feedback_ids" minItems:"1" maxItems:"1000"`
}

func (s *Service) previewRoutes(api *web.API) {
	web.Route(api, "GET /launches/{id}/issues/merge-preview", "preview-merge", "What merging issues into one would make; changes nothing", func(ctx context.Context, in *struct {
		web.ByID
		IDs  []string `query:"ids" minItems:"1" maxItems:"100" required:"true" doc:"Ids or keys of those that would go."`
		Into string   `query:"into" minLength:"1" required:"true" doc:"Id or key of the one that would stay."`
	}) (*web.Body[MergePreview], error) {
		p, err := s.PreviewMerge(ctx, in.ID, in.IDs, in.Into)
		if err != nil {
			return nil, err
		}
		return &web.Body[MergePreview]{Body: *p}, nil
	})
	web.Route(api, "POST /issues/{id}/split/preview", "preview-split", "What splitting feedback off an issue would make; changes nothing", func(ctx context.Context, in *struct {
		web.ByID
		Body SplitPreviewInput
	}) (*web.Body[SplitPreview], error) {
		p, err := s.PreviewSplit(ctx, in.ID, in.Body.FeedbackIDs)
		if err != nil {
			return nil, err
		}
		return &web.Body[SplitPreview]{Body: *p}, nil
	})
	web.Route(api, "GET /issues/{id}/groups", "list-issue-groups", "Feedback of an issue that tells the same, for splitting it off", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[Group]], error) {
		list, err := s.Groups(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Group]]{Body: web.NewPage(list, "")}, nil
	})
}
