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
	web.Route(api, "GET /gateway/publications/{number}/diff", "diff-publication", "What a publication changed", func(ctx context.Context, in *struct {
		Number  int64 `path:"number"`
		Against int64 `query:"against" minimum:"0" doc:"Number to compare with; the one before when absent."`
	}) (*web.Body[Difference], error) {
		d, err := s.Diff(ctx, in.Number, in.Against)
		if err != nil {
			return nil, err
		}
		return &web.Body[Difference]{Body: *d}, nil
	})
	s.apiRoutes(api)
	s.openAPIRoutes(api)
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

// apiRoutes are the operations on versions of APIs.
func (s *Service) apiRoutes(api *web.API) {
	web.Route(api, "GET /gateway/apis", "list-apis", "What is published: APIs and their versions", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[API]], error) {
		list, err := s.APIs(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[API]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /gateway/apis/{api}/state", "set-api-state", "Bring a version of an API into another state: draft, published, deprecated or retired", func(ctx context.Context, in *struct {
		API  string `path:"api" maxLength:"100"`
		Body NextState
	}) (*web.Body[Publication], error) {
		return body(s.SetState(ctx, in.API, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "POST /gateway/apis/{api}/preview-key", "new-preview-key", "Give a draft a key with which it can be called; the one before no longer works", func(ctx context.Context, in *struct {
		API  string `path:"api" maxLength:"100"`
		Body struct {
			Version string `json:"version" maxLength:"100" doc:"Empty for an API without versions."`
		}
	}) (*web.Body[PreviewKey], error) {
		k, err := s.NewPreviewKey(ctx, in.API, in.Body.Version)
		if err != nil {
			return nil, err
		}
		return &web.Body[PreviewKey]{Body: *k}, nil
	}, web.Status(http.StatusCreated))
}

// openAPIRoutes are the operations on OpenAPI documents.
func (s *Service) openAPIRoutes(api *web.API) {
	web.Route(api, "POST /gateway/openapi", "import-openapi", "Make a version of an API out of an OpenAPI document, and say what would change; publish the document that it answers to bring it into force", func(ctx context.Context, in *web.Body[Import]) (*web.Body[Imported], error) {
		out, err := s.Import(ctx, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[Imported]{Body: *out}, nil
	}, web.MaxBody(9<<20))
	web.Route(api, "GET /gateway/openapi", "list-openapi", "OpenAPI documents that were imported, newest first", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[OpenAPI]], error) {
		before, err := web.ReadCursor[OpenAPICursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.ListOpenAPI(ctx, before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(OpenAPICursor{At: last.At.UnixMicro(), ID: last.ID})
		}
		return &web.Body[web.Page[OpenAPI]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /gateway/openapi/{id}", "get-openapi", "An OpenAPI document as it was imported", func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"71"`
	}) (*web.Body[OpenAPIText], error) {
		text, err := s.OpenAPIText(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[OpenAPIText]{Body: OpenAPIText{ID: in.ID, Document: string(text)}}, nil
	})
}

// OpenAPIText is an OpenAPI document with its text.
type OpenAPIText struct {
	ID       string `json:"id"`
	Document string `json:"document" doc:"JSON or YAML as it came."`
}
