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
	web.Route(api, "GET /applications", "list-applications", "Applications and their keys, by name", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Application]], error) {
		list, err := s.List(ctx)
		return &web.Body[web.Page[*Application]]{Body: web.NewPage(list, "")}, err
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
}

func one(a *Application, err error) (*web.Body[Application], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[Application]{Body: *a}, nil
}
