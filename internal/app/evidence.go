package app

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/evidence"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/watch"
	"github.com/hypercare/hypercare/internal/workspace"
)

// buildEvidence makes what joins reports with calls, errors, alerts and
// releases. Each kind that is no call has an adapter below: the packages that
// keep them know nothing of evidence.
func (a *App) buildEvidence() (err error) {
	d := evidence.Deps{DB: a.db, Bus: a.bus, Log: a.log.With("component", "evidence"), Feedback: a.feedback, Issues: a.issues, Launches: a.launches,
		Sources: []evidence.Source{spans{a.spans}, logs{a.spans}, ruleAlerts{a.watch}, outsideAlerts{a.db}, knownIssues{a.issues}, metErrors{a}}}
	if a.callLog != nil {
		d.Calls = a.callLog
	}
	a.evidence, err = evidence.NewService(d)
	return err
}

// ruleAlerts are alerts of our own rules.
type ruleAlerts struct{ watch *watch.Service }

// Kind implements evidence.Source.
func (ruleAlerts) Kind() string { return evidence.Alert }

// Look implements evidence.Source.
func (s ruleAlerts) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	list, err := s.watch.During(ctx, ws, ask.From, ask.To, ask.Limit)
	out := make([]evidence.Found, len(list))
	for i, x := range list {
		out[i] = alertFound(x)
	}
	return out, err
}

// Get implements evidence.Source.
func (s ruleAlerts) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	x, err := s.watch.Alert(ctx, ws, id)
	if err != nil {
		return nil, err
	}
	f := alertFound(x)
	return &f, nil
}

func alertFound(x *watch.Alert) evidence.Found {
	said := cmp.Or(x.Annotations["summary"], x.Annotations["description"])
	f := evidence.Found{ID: x.ID, At: x.ActiveAt, Title: "Alert " + x.Rule, Words: said, Bad: .75, BadSay: "an alert was firing",
		Names: []string{x.Rule, x.Labels["route"], x.Labels["api"], x.Labels["service"], x.Labels["upstream"]},
		Thing: evidence.Thing{ID: x.ID, Title: x.Rule, Message: said, State: string(x.State), Level: x.Labels["severity"], From: &x.ActiveAt, To: x.ResolvedAt, Labels: x.Labels}}
	if said != "" {
		f.Title += ": " + said
	}
	if f.Until = time.Now(); x.ResolvedAt != nil {
		f.Until = *x.ResolvedAt
	}
	return f
}

// knownIssues are issues that a report may belong to.
type knownIssues struct{ issues *issue.Service }

// Kind implements evidence.Source.
func (knownIssues) Kind() string { return evidence.Issue }

// Look implements evidence.Source.
func (s knownIssues) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	list, err := s.issues.Suggest(workspace.System(ctx, ws), ask.FeedbackID)
	var out []evidence.Found
	for _, x := range list {
		f := issueFound(x.Issue)
		f.Join, f.JoinSay = evidence.ByText, "known issue"
		f.Bad, f.BadSay = .6*x.Confidence, strings.TrimSuffix(x.Reason, ".")
		out = append(out, f)
	}
	return out, err
}

// Get implements evidence.Source.
func (s knownIssues) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	x, err := s.issues.Get(workspace.System(ctx, ws), id)
	if err != nil {
		return nil, err
	}
	f := issueFound(x)
	return &f, nil
}

func issueFound(x *issue.Issue) evidence.Found {
	at := x.CreatedAt
	if x.FirstReceivedAt != nil {
		at = *x.FirstReceivedAt
	}
	f := evidence.Found{ID: x.ID, At: at, Until: time.Now(), Title: x.Key + " " + x.Title, Names: []string{x.Area}, Words: x.Title,
		Thing: evidence.Thing{ID: x.ID, Key: x.Key, Title: x.Title, State: x.Stage, Level: x.Severity, From: &at, To: x.ClosedAt, People: int64(x.Reach.People), Count: int64(x.Reach.Feedback)}}
	if x.ClosedAt != nil {
		f.Until = *x.ClosedAt
	}
	return f
}
