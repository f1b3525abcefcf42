package release

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/web"
)

type cursor struct {
	At int64
	ID string
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /launches/{id}/releases", "list-releases", "What was changed and when, newest first", func(ctx context.Context, in *struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"500"`
	}) (*web.Body[web.Page[*Release]], error) {
		c, err := web.ReadCursor[cursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 500)
		list, err := s.List(ctx, in.ID, c.At, c.ID, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(cursor{db.Micros(last.At), last.ID})
		}
		return &web.Body[web.Page[*Release]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "POST /launches/{id}/releases", "mark-release", "Say that something was released; the same twice is one marker", func(ctx context.Context, in *struct {
		web.ByID
		Body Input
	}) (*web.Body[Release], error) {
		r, err := s.Mark(ctx, in.ID, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[Release]{Body: *r}, nil
	}, web.Status(http.StatusCreated))
	web.Route(api, "DELETE /releases/{id}", "delete-release", "Remove a marker that was a mistake", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return nil, s.Delete(ctx, in.ID)
	}, web.Status(http.StatusNoContent))
}
