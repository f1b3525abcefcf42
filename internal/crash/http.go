package crash

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// ErrorList is a page of errors, and how many there are in each state.
type ErrorList struct {
	Items      []*Group `json:"items" nullable:"false"`
	NextCursor string   `json:"next_cursor,omitempty" doc:"Pass it as cursor to read on; absent on the last page."`
	Counts     Counts   `json:"counts"`
}

// ErrorDetail is one error with what is shown beside it.
type ErrorDetail struct {
	Group
	Tags   []Tag  `json:"tags" nullable:"false"`
	Latest *Event `json:"latest,omitempty" doc:"The newest event that is kept, with its body."`
}

// ReleaseHealth is how the releases of a launch do.
type ReleaseHealth struct {
	Since    time.Time `json:"since"`
	Releases []Health  `json:"releases" nullable:"false"`
	Dropped  []Dropped `json:"dropped" nullable:"false" doc:"What senders dropped themselves, and what came and is not kept."`
}

type place struct {
	At int64
	ID string
}

type listInput struct {
	web.ByID
	State       string `query:"state" enum:"unresolved,resolved,ignored,all" default:"unresolved"`
	Release     string `query:"release" maxLength:"512"`
	Environment string `query:"environment" maxLength:"512"`
	Q           string `query:"q" maxLength:"200" doc:"Words in title or place."`
	User        string `query:"user" maxLength:"512" doc:"Id, e-mail or name of who met it."`
	Sort        string `query:"sort" enum:"last,first,events,users" default:"last"`
	Cursor      string `query:"cursor"`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /launches/{id}/errors", "list-errors", "Errors of a launch", func(ctx context.Context, in *listInput) (*web.Body[ErrorList], error) {
		after, err := web.ReadCursor[place](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, in.ID, Query{State: in.State, Release: in.Release, Environment: in.Environment, Text: in.Q, User: in.User, Sort: in.Sort, BeforeValue: after.At, BeforeID: after.ID, Limit: limit + 1})
		if err != nil {
			return nil, err
		}
		out := ErrorList{Items: []*Group{}}
		if len(list) > limit {
			list = list[:limit]
			last := list[limit-1]
			out.NextCursor = web.Cursor(place{last.value(in.Sort), last.ID})
		}
		out.Items = append(out.Items, list...)
		out.Counts, err = s.Count(ctx, in.ID)
		return &web.Body[ErrorList]{Body: out}, err
	})
	web.Route(api, "GET /errors/{id}", "get-error", "One error with its tags and its newest event", func(ctx context.Context, in *web.ByID) (*web.Body[ErrorDetail], error) {
		d, err := s.detail(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[ErrorDetail]{Body: *d}, nil
	})
	web.Route(api, "PATCH /errors/{id}", "change-error", "Resolve, ignore or reopen an error", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[Changed], error) {
		c, err := s.Change(ctx, in.ID, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[Changed]{Body: *c}, nil
	})
	web.Route(api, "POST /errors/{id}/issue", "join-error", "Make an issue of an error, or join it to one", func(ctx context.Context, in *struct {
		web.ByID
		Body struct {
			IssueID string `json:"issue_id,omitempty" doc:"Id or key of the issue to join; absent: a new one."`
		}
	}) (*web.Body[Joined], error) {
		j, err := s.Join(ctx, in.ID, in.Body.IssueID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Joined]{Body: *j}, nil
	})
	s.eventRoutes(api)
	web.Route(api, "GET /errors/{id}/feedback", "list-error-feedback", "What people said of an error, and what was reported of it by rule", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[*feedback.Feedback]], error) {
		list, err := s.Feedback(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*feedback.Feedback]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /launches/{id}/release-health", "get-release-health", "Crash-free sessions and users by release", func(ctx context.Context, in *struct {
		web.ByID
		Environment string `query:"environment" maxLength:"512"`
		Days        int    `query:"days" minimum:"1" maximum:"90" default:"14"`
	}) (*web.Body[ReleaseHealth], error) {
		since := s.now().UTC().Add(-time.Duration(max(in.Days, 1)) * 24 * time.Hour).Truncate(time.Hour)
		list, err := s.HealthOf(ctx, in.ID, in.Environment, since)
		if err != nil {
			return nil, err
		}
		dropped, err := s.DroppedOf(ctx, in.ID, since)
		if err != nil {
			return nil, err
		}
		return &web.Body[ReleaseHealth]{Body: ReleaseHealth{Since: since, Releases: append([]Health{}, list...), Dropped: append([]Dropped{}, dropped...)}}, nil
	})
}

func (s *Service) eventRoutes(api *web.API) {
	web.Route(api, "GET /errors/{id}/events", "list-error-events", "Events that are kept of an error, newest first", func(ctx context.Context, in *struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}) (*web.Body[web.Page[*Event]], error) {
		before, err := web.ReadCursor[int64](in.Cursor)
		if err != nil {
			return nil, err
		}
		list, next, err := s.Events(ctx, in.ID, before, web.Limit(in.Limit, 50, 100))
		if err != nil {
			return nil, err
		}
		cursor := ""
		if next != 0 {
			cursor = web.Cursor(next)
		}
		return &web.Body[web.Page[*Event]]{Body: web.NewPage(list, cursor)}, nil
	})
	web.Route(api, "GET /errors/{id}/users", "list-error-users", "Who met an error, latest first", func(ctx context.Context, in *struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}) (*web.Body[web.Page[Affected]], error) {
		after, err := web.ReadCursor[place](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 100)
		list, err := s.Users(ctx, in.ID, after.At, after.ID, limit+1)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) > limit {
			list = list[:limit]
			next = web.Cursor(place{list[limit-1].LastAt.UnixMicro(), list[limit-1].Who})
		}
		return &web.Body[web.Page[Affected]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /error-events/{id}", "get-error-event", "One event with its stack and surroundings", func(ctx context.Context, in *web.ByID) (*web.Body[Event], error) {
		e, err := s.Event(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Event]{Body: *e}, nil
	})
	api.Raw("GET /error-events/{id}/attachments/{at}", "get-error-attachment", "The bytes of a file that came with an event", s.handleAttachment, nil, nil)
}

func (s *Service) detail(ctx context.Context, id string) (*ErrorDetail, error) {
	g, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	d := &ErrorDetail{Group: *g, Tags: []Tag{}}
	tags, err := s.tags(ctx, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	d.Tags = append(d.Tags, tags...)
	list, _, err := s.Events(ctx, id, 0, 1)
	if err != nil || len(list) == 0 {
		return d, err
	}
	d.Latest = list[0]
	return d, s.fill(ctx, a.Workspace, d.Latest)
}

func (s *Service) handleAttachment(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Event(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(r.PathValue("at"))
	if err != nil || at < 0 || at >= len(e.Body.Attachments) {
		return errs.New(errs.NotFound, "The event has no file number %.20s.", r.PathValue("at"))
	}
	file := e.Body.Attachments[at]
	f, err := s.sources.files.Open(file.SHA256)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "The file %.100s is not on this node's disk.", file.Name)
	}
	defer func() { _ = f.Close() }() // only read
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = io.Copy(w, f) // the client is gone if this fails
	return nil
}
