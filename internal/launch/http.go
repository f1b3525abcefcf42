package launch

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Counts says how much a launch holds. The nouns above count; app hands their
// answers in.
type Counts struct {
	Feedback   int `json:"feedback"`
	ToTriage   int `json:"to_triage"`
	IssuesOpen int `json:"issues_open"`
	Waiting    int `json:"waiting" doc:"Deliveries accepted and not yet processed."`
	Unread     int `json:"unread" doc:"Feedback that has had its first reading only; sentence vectors follow in the background."`
}

// View is a launch with its counts.
type View struct {
	Launch
	Counts Counts `json:"counts"`
}

// Counter counts what a launch holds.
type Counter func(ctx context.Context, ws workspace.ID, launchID string) (Counts, error)

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API, count Counter) {
	view := func(ctx context.Context, l *Launch) (View, error) {
		a, err := workspace.Need(ctx, workspace.Read)
		if err != nil {
			return View{}, err
		}
		c, err := count(ctx, a.Workspace, l.ID)
		return View{*l, c}, err
	}
	one := func(ctx context.Context, l *Launch, err error) (*web.Body[View], error) {
		if err != nil {
			return nil, err
		}
		v, err := view(ctx, l)
		return &web.Body[View]{Body: v}, err
	}
	web.Route(api, "GET /launches", "list-launches", "Launches, active ones first", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[View]], error) {
		list, err := s.List(ctx)
		if err != nil {
			return nil, err
		}
		out := make([]View, len(list))
		for i, l := range list {
			if out[i], err = view(ctx, l); err != nil {
				return nil, err
			}
		}
		return &web.Body[web.Page[View]]{Body: web.NewPage(out, "")}, nil
	})
	web.Route(api, "POST /launches", "create-launch", "Create a launch", func(ctx context.Context, in *web.Body[Input]) (*web.Body[View], error) {
		l, err := s.Create(ctx, in.Body)
		return one(ctx, l, err)
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /launches/{id}", "get-launch", "One launch", func(ctx context.Context, in *web.ByID) (*web.Body[View], error) {
		l, err := s.Get(ctx, in.ID)
		return one(ctx, l, err)
	})
	web.Route(api, "PATCH /launches/{id}", "change-launch", "Change a launch, or archive it", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[View], error) {
		l, err := s.Change(ctx, in.ID, in.Body)
		return one(ctx, l, err)
	})
}
