package issue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/workspace"
)

// Suggestion is an issue that something may belong to. Nothing is ever joined
// or merged by one: people decide.
type Suggestion struct {
	Issue      *Issue
	Confidence float64 // 0 to 1
	Reason     string
}

const (
	alikeLook    = 30 // alike feedback looked at for one feedback
	similarLook  = 12 // feedback of an issue whose alike ones are looked at
	maxSuggested = 10
)

// evidence is what speaks for one issue.
type evidence struct {
	best  Alike
	count map[string]bool // its feedback that is alike
}

// OnSuggest hands in who knows which issues people waved off for a feedback
// (it lies beside).
func (s *Service) OnSuggest(dismissed func(ctx context.Context, ws workspace.ID, feedbackID string) ([]string, error)) {
	s.dismissed = dismissed
}

// Suggest returns the issues that a feedback may belong to, best confidence
// first: those of the feedback that is alike. The issue that it is part of is
// not among them, nor is one that people waved off.
func (s *Service) Suggest(ctx context.Context, feedbackID string) ([]Suggestion, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, feedbackID)
	if err != nil || s.finder == nil {
		return nil, err
	}
	found := map[string]*evidence{}
	if err := s.gatherEvidence(ctx, a.Workspace, f.LaunchID, feedbackID, f.IssueID, found); err != nil {
		return nil, err
	}
	if s.dismissed != nil {
		gone, err := s.dismissed(ctx, a.Workspace, feedbackID)
		if err != nil {
			return nil, err
		}
		for _, id := range gone {
			delete(found, id)
		}
	}
	return s.suggestions(ctx, a.Workspace, found, func(e *evidence) string {
		if n := len(e.count); n > 1 {
			return fmt.Sprintf("%s; %d of its reports are alike", strings.TrimRight(e.best.Reason, "."), n)
		}
		return e.best.Reason
	})
}

// Similar returns the issues that an issue may be merged with, best
// confidence first: those whose reports are like its newest ones.
func (s *Service) Similar(ctx context.Context, id string) ([]Suggestion, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := resolve(ctx, s.db, a.Workspace, id)
	if err != nil || s.finder == nil {
		return nil, err
	}
	list, err := s.feedback.OfIssue(ctx, a.Workspace, i.ID, 0, similarLook)
	if err != nil {
		return nil, err
	}
	found := map[string]*evidence{}
	for _, f := range list {
		if err := s.gatherEvidence(ctx, a.Workspace, i.LaunchID, f.ID, i.ID, found); err != nil {
			return nil, err
		}
	}
	return s.suggestions(ctx, a.Workspace, found, func(e *evidence) string {
		verb := "reports are"
		if len(e.count) == 1 {
			verb = "report is"
		}
		return fmt.Sprintf("%d %s like ours; the closest: %s", len(e.count), verb, e.best.Reason)
	})
}

// gatherEvidence looks for feedback like one and notes which issues it is
// part of, except one of them.
func (s *Service) gatherEvidence(ctx context.Context, ws workspace.ID, launchID, feedbackID, except string, found map[string]*evidence) error {
	alike, err := s.finder.Alike(ctx, ws, launchID, feedbackID, alikeLook)
	if err != nil {
		return fmt.Errorf("find what is like feedback %s: %w", feedbackID, err)
	}
	ids := make([]string, len(alike))
	byID := make(map[string]Alike, len(alike))
	for k, x := range alike {
		ids[k] = x.FeedbackID
		if x.Confidence > byID[x.FeedbackID].Confidence {
			byID[x.FeedbackID] = x
		}
	}
	places, err := s.feedback.Places(ctx, s.db, ws, ids)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.IssueID == "" || p.IssueID == except || p.LaunchID != launchID || p.ID == feedbackID {
			continue
		}
		e := found[p.IssueID]
		if e == nil {
			e = &evidence{count: map[string]bool{}}
			found[p.IssueID] = e
		}
		e.count[p.ID] = true
		if x := byID[p.ID]; x.Confidence > e.best.Confidence {
			e.best = x
		}
	}
	return nil
}

func (s *Service) suggestions(ctx context.Context, ws workspace.ID, found map[string]*evidence, reason func(*evidence) string) ([]Suggestion, error) {
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	issues, err := getMany(ctx, s.db, ws, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Suggestion, 0, len(issues))
	for id, i := range issues {
		list = append(list, Suggestion{Issue: i, Confidence: found[id].best.Confidence, Reason: reason(found[id])})
	}
	slices.SortFunc(list, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(b.Issue.Priority, a.Issue.Priority), cmp.Compare(a.Issue.Number, b.Issue.Number))
	})
	list = list[:min(len(list), maxSuggested)]
	shown := make([]*Issue, len(list))
	for k := range list {
		shown[k] = list[k].Issue
	}
	return list, dress(ctx, s.db, ws, s.now(), shown...)
}
