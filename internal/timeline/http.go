package timeline

import (
	"context"

	"github.com/hypercare/hypercare/internal/web"
)

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	type input struct {
		web.ByID
		Show   string `query:"show" enum:"all,notes,changes" doc:"all when absent."`
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"100 when absent."`
	}
	list := func(of func(context.Context, string, Query) (*Page, error)) func(context.Context, *input) (*web.Body[web.Page[Entry]], error) {
		return func(ctx context.Context, in *input) (*web.Body[web.Page[Entry]], error) {
			after, err := web.ReadCursor[Place](in.Cursor)
			if err != nil {
				return nil, err
			}
			p, err := of(ctx, in.ID, Query{Show: in.Show, After: after, Limit: web.Limit(in.Limit, 100, 200)})
			if err != nil {
				return nil, err
			}
			next := ""
			if p.More {
				next = web.Cursor(p.Last)
			}
			return &web.Body[web.Page[Entry]]{Body: web.NewPage(p.Items, next)}, nil
		}
	}
	web.Route(api, "GET /feedback/{id}/timeline", "feedback-timeline", "What happened to a feedback: arrival, readings, rules, decisions, corrections, notes; newest first", list(s.OfFeedback))
	web.Route(api, "GET /issues/{id}/timeline", "issue-timeline", "What happened to an issue: changes, reports, mergers, notes also of its feedback; newest first", list(s.OfIssue))
}
