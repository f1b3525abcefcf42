package calllog

import (
	"cmp"
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// searchParams are those of a search, for operations that are not typed.
var searchParams = web.QueryParams("q", "Tokens: status:5xx route:/pay ms>1000", "from", "RFC 3339, or how long ago: 15m, 24h, 7d.", "to", "The same.")

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /calls", "list-calls", "Calls of the gateway, newest or oldest first", func(ctx context.Context, in *List) (*web.Body[Page], error) {
		return body(s.List(ctx, *in))
	})
	web.Route(api, "GET /calls/count", "count-calls", "How many calls a search means", func(ctx context.Context, in *Search) (*web.Body[Counted], error) {
		n, err := s.Count(ctx, *in)
		return body(&Counted{n}, err)
	})
	web.Route(api, "GET /calls/histogram", "get-call-histogram", "Calls over time, by class of status; the last hour when nothing is said", func(ctx context.Context, in *struct {
		Search
		Buckets int `query:"buckets" minimum:"0" maximum:"2000" doc:"60 when absent"`
	}) (*web.Body[Histogram], error) {
		return body(s.Histogram(ctx, in.Search, cmp.Or(in.Buckets, 60)))
	})
	web.Route(api, "GET /calls/heatmap", "get-call-heatmap", "Calls by time and latency; the last hour when nothing is said", func(ctx context.Context, in *struct {
		Search
		Columns int `query:"columns" minimum:"0" maximum:"500" doc:"60 when absent"`
	}) (*web.Body[Heatmap], error) {
		return body(s.Heatmap(ctx, in.Search, cmp.Or(in.Columns, 60)))
	})
	web.Route(api, "GET /calls/facets", "get-call-facets", "How the calls of a search divide over the values of fields, with latencies; the last hour when nothing is said", func(ctx context.Context, in *struct {
		Search
		Fields string `query:"fields" doc:"route,status,app: names of GET /calls/fields that are facets." example:"route,status"`
		Top    int    `query:"top" minimum:"0" maximum:"200" doc:"10 when absent"`
	}) (*web.Body[Facets], error) {
		return body(s.Facets(ctx, in.Search, cmp.Or(in.Fields, "route,status"), cmp.Or(in.Top, 10)))
	})
	web.Route(api, "GET /calls/fields", "list-call-fields", "The names that tokens of a search may begin with", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[FieldName]], error) {
		list, err := s.FieldNames(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[FieldName]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /calls/around", "list-calls-around", "The calls of somebody around a moment, oldest first", func(ctx context.Context, in *Around) (*web.Body[web.Page[Call]], error) {
		return list(s.Around(ctx, *in))
	})
	web.Route(api, "GET /calls/{id}", "get-call", "One call", func(ctx context.Context, in *web.ByID) (*web.Body[Call], error) {
		return body(s.Get(ctx, in.ID))
	})
	web.Route(api, "GET /calls/{id}/payload", "get-call-payload", "What was captured of a call; opening it is written into the audit log", func(ctx context.Context, in *web.ByID) (*web.Body[Payload], error) {
		return body(s.Payload(ctx, in.ID))
	})
	web.Route(api, "GET /traces/{id}/calls", "list-trace-calls", "The calls of a trace, oldest first", func(ctx context.Context, in *struct {
		web.ByID
		From string `query:"from" doc:"Makes it faster."`
		To   string `query:"to"`
	}) (*web.Body[web.Page[Call]], error) {
		return list(s.Trace(ctx, in.ID, in.From, in.To))
	})
	web.Route(api, "DELETE /calls", "erase-calls", "Erase all calls of a user for good", func(ctx context.Context, in *struct {
		User string `query:"user" required:"true" minLength:"1" maxLength:"256"`
	}) (*web.Body[Counted], error) {
		n, err := s.Erase(ctx, in.User)
		return body(&Counted{n}, err)
	}, web.Status(http.StatusOK))
	api.Raw("GET /calls/tail", "tail-calls", "Calls of a search as they come: Server-Sent Events \u201ccalls\u201d, each with a batch", s.tail, nil, web.EventsOf{Data: Tailed{}},
		web.QueryParams("q", "Tokens, as of GET /calls.", "backlog", "How many of those before come first: 100 when absent, 500 at most."))
	api.Raw("GET /calls/export", "export-calls", "The calls of a search as a file, a million at most, newest first", s.download, nil, nil, searchParams,
		web.QueryParams("format", "csv or jsonl", "columns", "Names of GET /calls/fields; of csv.", "limit", "How many at most.", "payload", "true: with what was captured (jsonl only; written into the audit log)."),
		web.Produces("text/csv", "application/x-ndjson"))
}

// Counted is how many calls there are.
type Counted struct {
	Count int64 `json:"count"`
}

func body[T any](v *T, err error) (*web.Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[T]{Body: *v}, nil
}

func list(items []Call, err error) (*web.Body[web.Page[Call]], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[web.Page[Call]]{Body: web.NewPage(items, "")}, nil
}
