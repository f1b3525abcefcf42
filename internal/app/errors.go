package app

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/evidence"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// metErrors are the errors that the launched product met: those of the
// reporter, and of the traces of their calls.
type metErrors struct{ app *App }

// Kind implements evidence.Source.
func (metErrors) Kind() string { return evidence.Error }

// Look implements evidence.Source.
func (s metErrors) Look(ctx context.Context, ws workspace.ID, ask evidence.Ask) ([]evidence.Found, error) {
	tie := crash.Tie{Traces: ask.Traces}
	if w := ask.Who; w != nil {
		tie.UserIDs, tie.Emails, tie.Sessions = w.Users, w.Emails, w.Sessions
		for _, id := range w.Traces {
			tie.Traces = append(tie.Traces, id.String())
			tie.Requests = append(tie.Requests, id.String())
		}
	}
	list, err := crash.Tied(ctx, s.app.db, ws, ask.LaunchID, tie, ask.From, ask.To, ask.Limit)
	if err != nil {
		return nil, err
	}
	named, err := s.app.crashes.Of(ctx, s.app.db, ws, ask.FeedbackID)
	if err != nil {
		return nil, err
	}
	// One of each error: the newest that is tied, which comes first.
	var ids []string
	newest := map[string]*crash.Event{}
	for _, e := range list {
		if newest[e.GroupID] == nil && len(ids) < ask.Limit {
			newest[e.GroupID] = e
			ids = append(ids, e.GroupID)
		}
	}
	if named != "" && newest[named] == nil {
		ids = append(ids, named)
	}
	groups, err := crash.Groups(ctx, s.app.db, ws, ids)
	if err != nil {
		return nil, err
	}
	var out []evidence.Found
	for _, id := range ids {
		if g := groups[id]; g != nil {
			f := errorFound(g, newest[id])
			if id == named {
				f.Join, f.JoinSay = evidence.ByTrace, "the report is about this error"
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// Get implements evidence.Source.
func (s metErrors) Get(ctx context.Context, ws workspace.ID, id string) (*evidence.Found, error) {
	g, err := s.app.crashes.Get(workspace.System(ctx, ws), id)
	if err != nil {
		return nil, err
	}
	f := errorFound(g, nil)
	return &f, nil
}

// errorFound is an error as evidence has it; e is the event of it that is
// tied to the reporter, nil when there is none.
func errorFound(g *crash.Group, e *crash.Event) evidence.Found {
	first := g.FirstAt
	f := evidence.Found{ID: g.ID, At: g.LastAt, Title: g.Title, Names: []string{g.Culprit}, Words: g.Message, Bad: .7, BadSay: "an exception", Release: g.LastRelease,
		Thing: evidence.Thing{ID: g.ID, Title: g.Title, Message: g.Message, State: g.State, Level: g.Level, Release: g.LastRelease, From: &first, Count: g.Events, People: g.Users}}
	switch g.Level {
	case "fatal":
		f.Bad, f.BadSay = .95, "it crashed"
	case "warning":
		f.Bad, f.BadSay = .4, "a warning"
	case "info", "debug":
		f.Bad, f.BadSay = .1, ""
	}
	if g.State == crash.Ignored {
		f.Bad, f.BadSay = .2, "an error that is ignored"
	}
	if e != nil {
		f.At, f.Trace, f.Session, f.User, f.Email, f.Release = e.At, e.TraceID, e.SessionID, e.User.ID, e.User.Email, e.Release
		f.Names = append(f.Names, e.Transaction, e.URL)
		f.Thing.Trace, f.Thing.URL, f.Thing.Release = e.TraceID, e.URL, e.Release
		if e.At.Sub(g.FirstAt) < time.Hour && f.BadSay != "" {
			f.BadSay += " that is new"
		}
	}
	return f
}

// errorStore is what errors keep of somebody.
func (a *App) errorStore() person.Store {
	known := func(who person.Who) crash.Person {
		return crash.Person{IDs: who.Values(person.UserID, person.ExternalID), Emails: who.Values(person.Email), Sessions: who.Values(person.SessionID)}
	}
	return person.Store{Name: "errors",
		Export: func(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
			w, err := to.File("errors.jsonl")
			if err != nil {
				return err
			}
			return a.crashes.ExportPerson(ctx, ws, known(who), w)
		},
		Erase: func(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
			return a.crashes.ErasePerson(ctx, ws, known(who))
		}}
}
