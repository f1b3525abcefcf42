package application

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// CreatedKey carries the secret, once.
type CreatedKey struct {
	Key
	Secret string `json:"secret" doc:"Shown this once; keep it where secrets are kept."`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /applications", "list-applications", "Applications and their keys, by name", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"100 when absent."`
		Search string `query:"search" maxLength:"100" doc:"Part of the name."`
		Plan   string `query:"plan" maxLength:"100"`
	}) (*web.Body[web.Page[*Application]], error) {
		after, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 100, 200)
		list, err := s.List(ctx, Filter{After: after, Search: in.Search, Plan: in.Plan, Limit: limit})
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].Name)
		}
		return &web.Body[web.Page[*Application]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "POST /applications", "create-application", "Make an application", func(ctx context.Context, in *web.Body[Input]) (*web.Body[Application], error) {
		return one(s.Create(ctx, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /applications/{id}", "get-application", "One application", func(ctx context.Context, in *web.ByID) (*web.Body[Application], error) {
		return one(s.Get(ctx, in.ID))
	})
	web.Route(api, "PATCH /applications/{id}", "change-application", "Change an application, or disable it", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[Application], error) {
		return one(s.Change(ctx, in.ID, in.Body))
	})
	web.Route(api, "POST /applications/{id}/keys", "create-key", "Make a key, or one that takes over from another", func(ctx context.Context, in *struct {
		web.ByID
		Body NewKey
	}) (*web.Body[CreatedKey], error) {
		k, text, err := s.CreateKey(ctx, in.ID, in.Body)
		return &web.Body[CreatedKey]{Body: CreatedKey{k, text.Reveal()}}, err
	}, web.Status(http.StatusCreated))
	web.Route(api, "DELETE /applications/{id}/keys/{key}", "revoke-key", "Revoke a key, at once", func(ctx context.Context, in *struct {
		web.ByID
		Key string `path:"key"`
	}) (*struct{}, error) {
		return &struct{}{}, s.RevokeKey(ctx, in.ID, in.Key)
	})
	web.Route(api, "GET /applications/{id}/usage", "get-application-usage", "What an application uses of its quotas", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[Usage]], error) {
		list, err := s.Usage(ctx, in.ID)
		return &web.Body[web.Page[Usage]]{Body: web.NewPage(list, "")}, err
	})
	s.planRoutes(api)
}

func (s *Service) planRoutes(api *web.API) {
	web.Route(api, "GET /plans", "list-plans", "Plans, by name", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Plan]], error) {
		list, err := s.Plans(ctx)
		return &web.Body[web.Page[*Plan]]{Body: web.NewPage(list, "")}, err
	})
	web.Route(api, "POST /plans", "create-plan", "Make a plan", func(ctx context.Context, in *web.Body[NewPlan]) (*web.Body[Plan], error) {
		return onePlan(s.CreatePlan(ctx, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "PATCH /plans/{id}", "change-plan", "Change what a plan allows, at once for all who have it", func(ctx context.Context, in *struct {
		web.ByID
		Body PlanChange
	}) (*web.Body[Plan], error) {
		return onePlan(s.ChangePlan(ctx, in.ID, in.Body))
	})
	web.Route(api, "DELETE /plans/{id}", "delete-plan", "Delete a plan that no application has", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.DeletePlan(ctx, in.ID)
	})
}

func onePlan(p *Plan, err error) (*web.Body[Plan], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[Plan]{Body: *p}, nil
}

func one(a *Application, err error) (*web.Body[Application], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[Application]{Body: *a}, nil
}
