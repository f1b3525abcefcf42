package app

import (
	"context"
	"errors"
	"slices"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// buildPeople tells the persons who keeps what of them. A package that keeps
// things of people adds its store here, and a follower when it keeps their
// ids.
func (a *App) buildPeople() {
	a.people.OnMove("feedback", a.feedback.MovePerson)
	a.people.OnChanged(func(ctx context.Context, ws workspace.ID, ids []string) {
		if err := a.feedback.PeopleChanged(ctx, ws, ids); err != nil {
			a.log.ErrorContext(ctx, "count issues of changed people anew", "workspace", ws, "err", err)
		}
	})
	a.people.Keep(
		// First what refers to the rest: it is found by what the rest says.
		person.Store{Name: "acts", Erase: a.eraseActs},
		a.issues.EraseStore(),
		a.widget.EraseStore(),
		a.notices.EraseStore(),
		person.Store{Name: "calls", Export: a.exportCalls, Erase: a.eraseCalls},
		person.Store{Name: "spans", Export: a.exportSpans, Erase: a.eraseSpans},
		a.errorStore(),
		a.feedback.EraseStore(),
		a.evidence.EraseStore(), // what was found beside reports that are gone now
		a.imports.EraseStore(),
		person.Store{Name: "audit", Erase: a.eraseAudit},
	)
}

// eraseActs forgets what could be undone to the person's reports: it may hold
// their words.
func (a *App) eraseActs(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	ids, err := a.feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return 0, err
	}
	issues, err := a.issues.OfFeedback(ctx, ws, ids)
	if err != nil {
		return 0, err
	}
	mergers, err := a.people.Mergers(ctx, ws, who.IDs)
	if err != nil {
		return 0, err
	}
	return a.undo.Forget(ctx, ws, slices.Concat(ids, issues, mergers))
}

// callers are whom the call log knows as the person's users and sessions.
func callers(who person.Who) (users, sessions []string) {
	return who.Values(person.UserID, person.Email, person.ExternalID), who.Values(person.SessionID)
}

func (a *App) eraseCalls(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	users, sessions := callers(who)
	return a.calls.ErasePerson(ctx, ws, users, sessions)
}

func (a *App) exportCalls(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
	users, sessions := callers(who)
	w, err := to.File("calls.jsonl")
	if err != nil {
		return err
	}
	return a.calls.ExportPerson(ctx, ws, users, sessions, w)
}

func (a *App) eraseSpans(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	users, sessions := callers(who)
	return a.spans.ErasePerson(ctx, ws, users, sessions)
}

func (a *App) exportSpans(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
	users, sessions := callers(who)
	w, err := to.File("telemetry.jsonl")
	if err != nil {
		return err
	}
	return a.spans.ExportPerson(ctx, ws, users, sessions, w)
}

// eraseAudit takes the person's identities out of the details of the audit
// log: it says what was done, not to whom.
func (a *App) eraseAudit(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	values := who.Values(person.UserID, person.Email, person.ExternalID, person.DeviceID, person.SessionID)
	if len(values)+len(who.IDs) == 0 {
		return 0, errors.New("an erasure of nobody")
	}
	return audit.Forget(ctx, a.db, string(ws), slices.Concat(values, who.IDs))
}

// PersonReport is a report on the page of the person who sent it.
type PersonReport struct {
	*feedback.Feedback
	Unanswered bool `json:"unanswered" doc:"The person waits for an answer: they wrote last, or were never answered."`
}

// personRoutes are what joins persons with what lies above them.
func (a *App) personRoutes(api *web.API) {
	web.Route(api, "GET /persons/{id}/calls", "list-person-calls", "The newest calls of a person's users and sessions", func(ctx context.Context, in *struct {
		web.ByID
		Failed bool `query:"failed" doc:"Only those that were answered with 400 or more."`
		Limit  int  `query:"limit" minimum:"0" maximum:"200" doc:"20 when absent."`
	}) (*web.Body[web.Page[calllog.Call]], error) {
		p, err := a.people.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		users, sessions := callers(person.Who{Identities: p.Identities})
		list, err := a.calls.PersonCalls(ctx, users, sessions, in.Failed, web.Limit(in.Limit, 20, 200))
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[calllog.Call]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /persons/{id}/feedback", "list-person-feedback", "What a person reported, in all launches, newest first", func(ctx context.Context, in *struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*PersonReport]], error) {
		before, err := web.ReadCursor[int64](in.Cursor)
		if err != nil {
			return nil, err
		}
		p, err := a.people.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := a.feedback.OfPerson(ctx, p.ID, before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].Number)
		}
		ids := make([]string, len(list))
		for i, f := range list {
			ids[i] = f.ID
		}
		actor, err := workspace.Need(ctx, workspace.Read)
		if err != nil {
			return nil, err
		}
		owed, err := a.notices.Owed(ctx, actor.Workspace, ids)
		if err != nil {
			return nil, err
		}
		out := make([]*PersonReport, len(list))
		for i, f := range list {
			out[i] = &PersonReport{Feedback: f, Unanswered: owed[f.ID] && f.State != feedback.Spam && f.State != feedback.Ignored}
		}
		return &web.Body[web.Page[*PersonReport]]{Body: web.NewPage(out, next)}, nil
	})
}
