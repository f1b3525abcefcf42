package person

import (
	"context"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/web"
)

type cursor struct {
	At int64
	ID string
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /persons/{id}", "get-person", "A reporter with identities and attributes", func(ctx context.Context, in *web.ByID) (*web.Body[Person], error) {
		p, err := s.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Person]{Body: *p}, nil
	})
	web.Route(api, "GET /persons", "list-persons", "Reporters, newest first", func(ctx context.Context, in *struct {
		Q      string `query:"q" maxLength:"200" doc:"Part of the name or the e-mail address."`
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Person]], error) {
		c, err := web.ReadCursor[cursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, in.Q, c.At, c.ID, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(cursor{db.Micros(last.CreatedAt), last.ID})
		}
		return &web.Body[web.Page[*Person]]{Body: web.NewPage(list, next)}, nil
	})
}
