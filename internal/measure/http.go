package measure

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
)

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /launches/{id}/pulse", "get-pulse", "How a launch is, in one answer: verdict, figures, every hour, chart, open issues; now, or as it was", func(ctx context.Context, in *struct {
		web.ByID
		At    time.Time `query:"at" doc:"As of then, to a quarter of an hour; absent: now."`
		Range string    `query:"range" enum:"6h,24h,7d,launch" default:"7d" doc:"Of the chart and the mix of categories."`
	}) (*web.Body[Pulse], error) {
		p, err := s.Pulse(ctx, in.ID, in.At, in.Range)
		if err != nil {
			return nil, err
		}
		return &web.Body[Pulse]{Body: *p}, nil
	})
	web.Route(api, "GET /launches/{id}/activity", "list-activity", "What happened in a launch, newest first: reports that arrived, what people did", func(ctx context.Context, in *struct {
		web.ByID
		At     time.Time `query:"at" doc:"Nothing later; absent: now."`
		Source string    `query:"source" enum:"feedback,issue,decision" doc:"Only from one source; absent: all."`
		Cursor string    `query:"cursor"`
		Limit  int       `query:"limit" minimum:"0" maximum:"100" doc:"30 when absent."`
	}) (*web.Body[web.Page[Happening]], error) {
		after, err := web.ReadCursor[Cursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		for _, m := range after {
			if !utf8.ValidString(m.ID) || strings.ContainsRune(m.ID, 0) || m.At < 0 {
				return nil, errs.New(errs.Invalid, "The cursor is not one of ours; start again without it.")
			}
		}
		list, next, err := s.Activity(ctx, in.ID, in.At, in.Source, after, web.Limit(in.Limit, 30, 100))
		if err != nil {
			return nil, err
		}
		cursor := ""
		if next != nil {
			cursor = web.Cursor(next)
		}
		return &web.Body[web.Page[Happening]]{Body: web.NewPage(list, cursor)}, nil
	})
}
