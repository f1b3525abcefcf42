// Package web holds what every HTTP handler in the product shares: the typed
// API, the one place where errors become answers, middleware, rate limits and
// the event stream. It knows HTTP and errs, no noun.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Problem is the body of every error answer (RFC 9457).
type Problem struct {
	Type   string         `json:"type,omitempty"`
	Title  string         `json:"title" example:"Not Found"`
	Status int            `json:"status" example:"404"`
	Detail string         `json:"detail" doc:"One sentence: what is wrong and what to do."`
	Code   string         `json:"code,omitempty" doc:"Kind of error, for programs." example:"not_found"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Each field that is wrong."`
	retry  int
}

// ProblemField names one wrong field.
type ProblemField struct {
	Location string `json:"location,omitempty" example:"body.rating"`
	Message  string `json:"message"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	if p.retry == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(p.retry)}}
}

var status = map[errs.Kind]int{
	errs.Invalid:         http.StatusUnprocessableEntity,
	errs.Unprocessable:   http.StatusUnprocessableEntity,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Denied:          http.StatusForbidden,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.TooLarge:        http.StatusRequestEntityTooLarge,
	errs.Busy:            http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
	errs.Internal:        http.StatusInternalServerError,
}

// ProblemOf turns err into an answer, and logs it when a person must look.
func ProblemOf(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	kind := errs.KindOf(err)
	if errors.Is(err, context.DeadlineExceeded) && kind == errs.Internal {
		kind = errs.Unavailable
		err = errs.Wrap(kind, err, "This took too long; try again in a moment.")
	}
	if kind == errs.Internal && db.IsBadText(err) {
		kind = errs.Invalid
		err = errs.Wrap(kind, err, "A text in this request holds a NUL character or invalid UTF-8; remove it.")
	}
	if kind == errs.Internal && !errors.Is(err, context.Canceled) {
		slog.ErrorContext(ctx, "request failed", "request_id", RequestID(ctx), "err", err)
	}
	p := &Problem{Title: http.StatusText(status[kind]), Status: status[kind], Detail: errs.Message(err), Code: string(kind)}
	for _, f := range errs.Fields(err) {
		p.Errors = append(p.Errors, ProblemField{f.Location, f.Message})
	}
	if wait := errs.RetryAfter(err); wait > 0 {
		p.retry = max(1, int(wait.Seconds()+0.5))
	}
	return p
}

// Error writes err as the answer of a raw handler.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(r.Context(), err)
	w.Header().Set("Content-Type", "application/problem+json")
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
}

// Handler is an http.Handler that may fail: it writes a response or returns
// an error, never both. For streams, uploads and hot paths; all else is typed
// by Route.
type Handler func(http.ResponseWriter, *http.Request) error

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		Error(w, r, err)
	}
}

// JSON writes v.
func JSON(w http.ResponseWriter, code int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
	return nil
}

// API is the typed surface: operations registered on it appear in the
// OpenAPI document from which the UI's types are made.
type API struct {
	huma huma.API
	Mux  *http.ServeMux
}

// NewAPI returns an API on mux.
func NewAPI(mux *http.ServeMux, version string) *API {
	cfg := huma.DefaultConfig("hypercare", version)
	cfg.Info.Description = "Feedback in, ranked issues out. Every answer is scoped to the workspace of the session or token that asks."
	cfg.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.DocsPath, cfg.SchemasPath, cfg.OpenAPIPath = "", "", ""
	cfg.CreateHooks = nil // no $schema links in answers
	cfg.Servers = []*huma.Server{{URL: Prefix}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token, hc_..."},
		"session": {Type: "apiKey", In: "cookie", Name: "hc_session"},
	}
	cfg.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	shapeErrors()
	a := &API{Mux: mux}
	a.huma = humago.NewWithPrefix(mux, Prefix, cfg)
	mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = JSON(w, http.StatusOK, a.huma.OpenAPI())
	})
	return a
}

// shapeErrors sets the framework's one global, once for all APIs of a process.
var shapeErrors = sync.OnceFunc(func() { huma.NewError = newHumaError })

// newHumaError gives the framework's own refusals (a body that is not JSON, a
// missing field) our shape.
func newHumaError(code int, msg string, list ...error) huma.StatusError {
	p := &Problem{Title: http.StatusText(code), Status: code, Detail: sentence(msg), Code: "invalid"}
	for _, e := range list {
		if e == nil {
			continue
		}
		if d, ok := errors.AsType[*huma.ErrorDetail](e); ok {
			p.Errors = append(p.Errors, ProblemField{d.Location, d.Message})
		} else {
			p.Errors = append(p.Errors, ProblemField{Message: e.Error()})
		}
	}
	if len(p.Errors) > 0 && p.Detail == "Validation failed." {
		f := p.Errors[0]
		p.Detail = sentence("This request can't be used: " + strings.TrimSpace(f.Location+" "+f.Message))
	}
	switch code {
	case http.StatusRequestEntityTooLarge:
		p.Code, p.Detail = string(errs.TooLarge), "The body is larger than this operation takes; send less at a time."
	case http.StatusInternalServerError:
		p.Code = string(errs.Internal)
	}
	return p
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// OpenAPI is the document that describes everything registered so far.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// Route registers a typed operation. route is "METHOD /path" below Prefix, id
// the operation id ("list-issues"). fn's error becomes the answer.
func Route[I, O any](a *API, route, id, summary string, fn func(context.Context, *I) (*O, error), opts ...func(*huma.Operation)) {
	method, path, _ := strings.Cut(route, " ")
	op := huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{tagOf(path)}, MaxBodyBytes: 1 << 20}
	if method == http.MethodDelete {
		op.DefaultStatus = http.StatusNoContent
	}
	for _, o := range opts {
		o(&op)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		return out, nil
	})
}

// tagOf groups operations by the noun they end at.
func tagOf(path string) string {
	tag := ""
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if !strings.HasPrefix(part, "{") && tag == "" || part == "feedback" || part == "issues" || part == "imports" || part == "rules" || part == "decisions" {
			tag = part
		}
	}
	return tag
}

// Public marks an operation that needs no sign-in.
func Public(op *huma.Operation) { op.Security = []map[string][]string{} }

// Status sets the status of success.
func Status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

// MaxBody sets the largest body in bytes.
func MaxBody(n int64) func(*huma.Operation) {
	return func(op *huma.Operation) { op.MaxBodyBytes = n }
}

// Raw registers a raw handler below Prefix and describes it: in and out are
// values of the types of the JSON body and answer, nil for none.
func (a *API) Raw(route, id, summary string, h Handler, in, out any, opts ...func(*huma.Operation)) {
	method, path, _ := strings.Cut(route, " ")
	a.Mux.Handle(method+" "+Prefix+path, h)
	op := &huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{tagOf(path)}, Responses: map[string]*huma.Response{}}
	for name := range pathParams(path) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	reg := a.huma.OpenAPI().Components.Schemas
	if in != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf(reg, in)}}}
	}
	ok := &huma.Response{Description: "Done"}
	if out != nil {
		kind := "application/json"
		switch out.(type) {
		case Events, EventsOf:
			kind = "text/event-stream"
		}
		ok.Content = map[string]*huma.MediaType{kind: {Schema: schemaOf(reg, out)}}
	}
	op.DefaultStatus = http.StatusOK
	for _, o := range opts {
		o(op)
	}
	if code := strconv.Itoa(op.DefaultStatus); op.Responses[code] == nil {
		op.Responses[code] = ok
	}
	op.Responses["default"] = &huma.Response{Description: "Refused", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schemaOf(reg, Problem{})}}}
	a.huma.OpenAPI().AddOperation(op)
}

func pathParams(path string) map[string]bool {
	out := map[string]bool{}
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			out[strings.Trim(part, "{}.")] = true
		}
	}
	return out
}
