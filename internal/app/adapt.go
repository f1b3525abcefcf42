package app

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/measure"
	"github.com/hypercare/hypercare/internal/triage"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// likeness gives issues what triage knows of alike feedback; neither package
// knows the other.
type likeness struct{ *triage.Service }

func (l likeness) Alike(ctx context.Context, ws workspace.ID, launchID, feedbackID string, k int) ([]issue.Alike, error) {
	list, err := l.Service.Alike(ctx, ws, launchID, feedbackID, k)
	out := make([]issue.Alike, len(list))
	for i, a := range list {
		out[i] = issue.Alike{FeedbackID: a.FeedbackID, Confidence: a.Confidence, Reason: a.Reason}
	}
	return out, err
}

func (l likeness) Clusters(ctx context.Context, ws workspace.ID, launchID string) ([]issue.Cluster, int, time.Time, error) {
	c, err := l.Service.Clusters(ctx, ws, launchID)
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	out := make([]issue.Cluster, len(c.List))
	for i, g := range c.List {
		out[i] = issue.Cluster(g)
	}
	return out, c.Considered, c.At, nil
}

// issueNames names issues beside feedback.
func (a *App) issueNames(ctx context.Context, ws workspace.ID, ids []string) (map[string]feedback.IssueRef, error) {
	return a.issues.Refs(ctx, ws, ids)
}

// issuesChanged counts issues again whose feedback was taken away.
func (a *App) issuesChanged(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string) error {
	return a.issues.Recount(ctx, tx, ws, ids...)
}

// decided writes what a person did with feedback into the decision ledger.
func (a *App) decided(ctx context.Context, tx *db.Tx, by workspace.Actor, d issue.Decided) error {
	outcome, reason := map[string]any{}, by.Name+" moved it"
	if d.Moved {
		outcome[triage.FieldIssue] = d.Issue
	}
	if d.State != "" {
		outcome[triage.FieldState], reason = d.State, by.Name+" "+d.State+" it"
	}
	switch {
	case d.Undone:
		reason = "Undone"
	case d.Reason != "":
		reason = d.Reason
	}
	return a.ledger.Human(ctx, tx, by, d.LaunchID, d.FeedbackIDs, outcome, reason)
}

// setAside tells what people ignored, among what happened in a launch.
func (a *App) setAside(ctx context.Context, ws workspace.ID, launchID string, mark measure.Mark, limit int) ([]measure.Told, error) {
	list, err := a.ledger.SetAside(ctx, ws, launchID, mark.ID, mark.At, limit)
	out := make([]measure.Told, len(list))
	for i, x := range list {
		out[i] = measure.Told{Happening: measure.Happening{ID: x.ID, At: x.At, Kind: measure.Ignored, Count: x.Count, Actor: &audit.Actor{Kind: "member", Name: x.By}},
			Next: measure.Mark{At: mark.At, ID: x.Next}}
		if x.Row != nil {
			out[i].Report = measure.ReportOf(x.Row)
		}
	}
	return out, err
}

// Related is what is suggested for a feedback: what it may belong to, other
// feedback and issues, and the fields that triage filled.
type Related struct {
	Items  []triage.AlikeRow        `json:"items" nullable:"false"`
	Issues []issue.SuggestionBody   `json:"issues" nullable:"false" doc:"Without those that people waved off."`
	Fields []triage.FieldSuggestion `json:"fields" nullable:"false" doc:"What triage filled and nobody has confirmed, corrected or waved off."`
}

// relatedRoutes answers what two nouns know of one feedback at once.
func (a *App) relatedRoutes(api *web.API) {
	web.Route(api, "GET /feedback/{id}/related", "list-related", "Feedback like this one, and issues it may belong to, each with the reason", func(ctx context.Context, in *web.ByID) (*web.Body[Related], error) {
		items, err := a.triage.AlikeRows(ctx, in.ID, 10)
		if err != nil {
			return nil, err
		}
		issues, err := a.issues.Suggest(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		fields, err := a.ledger.SuggestedFields(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := Related{Items: items, Fields: fields, Issues: make([]issue.SuggestionBody, len(issues))}
		for i, x := range issues {
			out.Issues[i] = issue.SuggestionBody(x)
		}
		return &web.Body[Related]{Body: out}, nil
	})
}
