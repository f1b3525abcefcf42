package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of what is looked at of an issue.
const (
	mostReports = 200 // the newest
	mostFresh   = 40  // of them whose evidence is looked for now, because it was not kept
	ofIssue     = 100 // items of an answer
	ofEach      = 3   // of a feedback
)

// OfIssue is the evidence of all reports of an issue.
type OfIssue struct {
	Items    []Item `json:"items" nullable:"false" doc:"What is pinned, kept copies included, and the best of each report; the surest first."`
	Reports  int    `json:"reports"`
	Explored int    `json:"with_evidence" doc:"Reports beside which more than a hint was found."`
}

// reportsOf returns the newest reports of an issue.
func (s *Service) reportsOf(ctx context.Context, ws workspace.ID, issueID string) ([]*feedback.Feedback, error) {
	ids, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' ORDER BY num DESC LIMIT $3`, ws, issueID, mostReports)
	if err != nil {
		return nil, fmt.Errorf("list reports of issue %s: %w", issueID, err)
	}
	return s.feedback.GetMany(ctx, s.db, ws, ids)
}

// bestOf returns the kept evidence of some reports; where none was kept it is
// looked for now, for as many as can be waited for.
func (s *Service) bestOf(ctx context.Context, ws workspace.ID, reports []*feedback.Feedback, each int) (map[string][]Item, error) {
	ids := make([]string, len(reports))
	for i, f := range reports {
		ids[i] = f.ID
	}
	out, err := s.kept(ctx, ws, ids, each)
	if err != nil {
		return nil, err
	}
	looked := map[string]bool{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT feedback_id FROM evidence_found WHERE workspace_id = $1 AND feedback_id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("see what was looked for: %w", err)
		}
		for _, id := range list {
			looked[id] = true
		}
	}
	w, err := s.weights(ctx, ws)
	if err != nil {
		return nil, err
	}
	fresh := 0
	for _, f := range reports {
		if looked[f.ID] || fresh == mostFresh {
			continue
		}
		fresh++
		l, err := s.collect(ctx, ws, f, w)
		if err != nil {
			return nil, err
		}
		for _, c := range l.list[:min(len(l.list), each)] {
			if c.score >= leastScore {
				i := c.itemOf()
				i.FeedbackID = f.ID
				out[f.ID] = append(out[f.ID], i)
			}
		}
	}
	return out, nil
}

// OfIssue returns what stands behind the reports of an issue.
func (s *Service) OfIssue(ctx context.Context, id string) (*OfIssue, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	x, err := s.issues.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	reports, err := s.reportsOf(ctx, a.Workspace, x.ID)
	if err != nil {
		return nil, err
	}
	best, err := s.bestOf(ctx, a.Workspace, reports, ofEach)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(reports))
	for i, f := range reports {
		ids[i] = f.ID
	}
	pins, err := pinsOf(ctx, s.db, a.Workspace, ids...)
	if err != nil {
		return nil, err
	}
	out := &OfIssue{Items: []Item{}, Reports: len(reports)}
	pinned := map[string]bool{}
	for _, p := range pins {
		i := p.item
		i.FeedbackID, i.Kept = p.feedbackID, s.isGone(ctx, a.Workspace, p.id)
		pinned[p.feedbackID+" "+p.id] = true
		out.Items = append(out.Items, i)
	}
	var more []Item
	for _, f := range reports {
		if len(best[f.ID]) > 0 && best[f.ID][0].Strength != Weak {
			out.Explored++
		}
		for _, i := range best[f.ID] {
			if !pinned[f.ID+" "+i.ID] && i.Strength != Weak {
				more = append(more, i)
			}
		}
	}
	slices.SortStableFunc(more, func(x, y Item) int { return cmp.Or(cmp.Compare(y.Score, x.Score), y.At.Compare(x.At)) })
	out.Items = append(out.Items, more...)
	out.Items = out.Items[:min(len(out.Items), ofIssue)]
	return out, nil
}
