package triage

import (
	"context"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// AlikeRow is a feedback that looks like another, with the reason.
type AlikeRow struct {
	Feedback   *feedback.Feedback `json:"feedback"`
	Score      float64            `json:"score"`
	Confidence float64            `json:"confidence" doc:"From 0.75 on a duplicate, below related."`
	Kind       string             `json:"kind" enum:"duplicate,related"`
	Reason     string             `json:"reason"`
}

// AlikeRows answers what is alike for showing.
func (s *Service) AlikeRows(ctx context.Context, feedbackID string, k int) ([]AlikeRow, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, feedbackID)
	if err != nil {
		return nil, err
	}
	found, err := s.Alike(ctx, a.Workspace, f.LaunchID, feedbackID, k)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.FeedbackID
	}
	rows, err := s.feedback.Rows(ctx, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	out := []AlikeRow{}
	for _, c := range found {
		if row := rows[c.FeedbackID]; row != nil {
			out = append(out, AlikeRow{row, c.Score, c.Confidence, c.Kind, c.Reason})
		}
	}
	return out, nil
}
