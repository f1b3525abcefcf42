package publication

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /gateway", "get-publication", "What is published on the gateway", func(ctx context.Context, _ *struct{}) (*web.Body[Publication], error) {
		return body(s.Current(ctx))
	})
	web.Route(api, "GET /gateway/outline", "get-outline", "APIs, routes and policies in force, in the order in which they are met", func(ctx context.Context, _ *struct{}) (*web.Body[Outline], error) {
		o, err := s.Outline(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[Outline]{Body: *o}, nil
	})
	web.Route(api, "POST /gateway/check", "check-publication", "What is wrong with a document, or what it would change", func(ctx context.Context, in *web.Body[struct {
		Document string `json:"document"`
	}]) (*web.Body[Check], error) {
		c, err := s.Check(ctx, in.Body.Document)
		if err != nil {
			return nil, err
		}
		return &web.Body[Check]{Body: *c}, nil
	}, web.MaxBody(9<<20))
	web.Route(api, "POST /gateway/publications", "publish", "Publish a document; with a fault nothing changes", func(ctx context.Context, in *web.Body[Input]) (*web.Body[Publication], error) {
		return body(s.Publish(ctx, in.Body))
	}, web.Status(http.StatusCreated), web.MaxBody(9<<20))
	web.Route(api, "GET /gateway/publications", "list-publications", "Everything that is or was published, newest first", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[Publication]], error) {
		before, err := web.ReadCursor[int64](in.Cursor)
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
			next = web.Cursor(list[limit-1].Number)
		}
		return &web.Body[web.Page[Publication]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /gateway/publications/{number}", "get-one-publication", "One publication with its document", func(ctx context.Context, in *struct {
		Number int64 `path:"number"`
	}) (*web.Body[Publication], error) {
		return body(s.Get(ctx, in.Number))
	})
	web.Route(api, "POST /gateway/roll-back", "roll-back", "Bring an earlier publication into force again", func(ctx context.Context, in *web.Body[struct {
		To   int64  `json:"to,omitempty" doc:"Number; the one before the present when absent."`
		Note string `json:"note,omitempty" maxLength:"500"`
	}]) (*web.Body[Publication], error) {
		return body(s.RollBack(ctx, in.Body.To, in.Body.Note))
	}, web.Status(http.StatusCreated))
}

func body(p *Publication, err error) (*web.Body[Publication], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[Publication]{Body: *p}, nil
}
