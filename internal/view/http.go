package view

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// changedBody is a view after a change.
type changedBody struct {
	View
	UndoID string `json:"undo_id,omitempty" doc:"Takes the change back; absent when only its place changed."`
}

// removedBody says how to bring a view back.
type removedBody struct {
	UndoID string `json:"undo_id"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	one := func(v *View, err error) (*web.Body[View], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[View]{Body: *v}, nil
	}
	web.Route(api, "GET /launches/{id}/views", "list-views", "Saved views of a launch: your own and the shared ones", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[*View]], error) {
		list, err := s.List(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*View]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /launches/{id}/views", "create-view", "Save a view, for yourself or shared", func(ctx context.Context, in *struct {
		web.ByID
		Body Input
	}) (*web.Body[View], error) {
		return one(s.Create(ctx, in.ID, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /views/{id}", "get-view", "One view, your own or a shared one", func(ctx context.Context, in *web.ByID) (*web.Body[View], error) {
		return one(s.Get(ctx, in.ID))
	})
	web.Route(api, "PATCH /views/{id}", "change-view", "Rename, overwrite, share or move a view", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[changedBody], error) {
		c, err := s.Change(ctx, in.ID, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[changedBody]{Body: changedBody{*c.View, c.UndoID}}, nil
	})
	web.Route(api, "DELETE /views/{id}", "delete-view", "Remove a view; it can be brought back", func(ctx context.Context, in *web.ByID) (*web.Body[removedBody], error) {
		id, err := s.Delete(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[removedBody]{Body: removedBody{id}}, nil
	}, web.Status(http.StatusOK))
}
