package rollout

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// Act says why something is done to a rollout.
type Act struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For its history."`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /gateway/rollouts", "list-rollouts", "Rollouts of new versions, newest first", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Rollout]], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].ID)
		}
		return &web.Body[web.Page[*Rollout]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "POST /gateway/rollouts", "start-rollout", "Send a share of an API's traffic to a new version, or switch all of it", func(ctx context.Context, in *web.Body[Input]) (*web.Body[Rollout], error) {
		return body(s.Start(ctx, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /gateway/rollouts/{id}", "get-rollout", "One rollout with its figures and its history", func(ctx context.Context, in *web.ByID) (*web.Body[Detail], error) {
		return body(s.Get(ctx, in.ID))
	})
	for _, v := range []struct{ verb, summary string }{
		{Pause, "Stay at the present share"},
		{Resume, "Go on by itself"},
		{Advance, "Go to the next step now"},
		{Promote, "Make the new version the stable one, by a publication"},
		{Abort, "Send everything back to the stable version at once"},
	} {
		web.Route(api, "POST /gateway/rollouts/{id}/"+v.verb, v.verb+"-rollout", v.summary, func(ctx context.Context, in *struct {
			web.ByID
			Body Act
		}) (*web.Body[Rollout], error) {
			return body(s.Act(ctx, in.ID, v.verb, in.Body.Reason))
		})
	}
}

func body[T any](v *T, err error) (*web.Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[T]{Body: *v}, nil
}
