package openapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Request is what is held against an operation.
type Request struct {
	Params map[string]string // of the path, decoded
	Query  string            // as it stands in the address
	Header http.Header
	Body   []byte // nil for none
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Status int    // 400, 415 for a media type that is not described, 422 for content that breaks the schema
	In     string // path, query, header, cookie or body
	Name   string // of the parameter
	At     string // JSON Pointer into it (RFC 6901); "" for all of it
	Reason string // says nothing of the value, which may be a secret
}

// String is the fault as one clause.
func (f Fault) String() string {
	where := f.In
	if f.Name != "" {
		where += " " + f.Name
	}
	if f.At != "" {
		where += " " + f.At
	}
	return where + ": " + f.Reason
}

// maxFaults bounds what is told of one request.
const maxFaults = 20

// Check holds a request against an operation's parameters and body; nil when
// it keeps to them. Whether it is allowed to (security) is not looked at.
func (d *Document) Check(op *Operation, r Request) (faults []Fault) {
	defer func() {
		if p := recover(); p != nil { // of the library, on input that nobody foresaw
			faults = []Fault{{Status: 400, In: "body", Reason: "it can't be held against the description of this API"}}
		}
	}()
	req := &http.Request{Method: op.Method, URL: &url.URL{Path: op.Path, RawQuery: r.Query}, Header: r.Header, Body: http.NoBody}
	if len(r.Body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	}
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return []Fault{{Status: 400, In: "query", Reason: "it is not encoded as a query is"}}
	}
	item := d.Spec.Paths.Value(op.Path)
	spec, schema := d.bodies.of(d, op, r.Header.Get("Content-Type"))
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: r.Params, QueryParams: query,
		Route:   &routers.Route{Spec: spec, Path: op.Path, PathItem: item, Method: op.Method, Operation: op.Spec},
		Options: &openapi3filter.Options{MultiError: true, ExcludeRequestBody: schema != nil && len(r.Body) > 0, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		collect(&faults, err, Fault{Status: 400, In: "request"})
		if len(faults) == 0 {
			faults = []Fault{{Status: 400, In: "request", Reason: "it does not keep to the description of this API"}}
		}
	}
	if schema != nil && len(r.Body) > 0 && len(faults) < maxFaults {
		faults = append(faults, checkBody(schema, r.Body)...)
	}
	return faults
}

// collect turns the library's errors into faults; of is what is known so far.
func collect(list *[]Fault, err error, of Fault) {
	if err == nil || len(*list) >= maxFaults {
		return
	}
	var request *openapi3filter.RequestError
	var schema *openapi3.SchemaError
	var parse *openapi3filter.ParseError
	switch e := err.(type) { //nolint:errorlint // each level is taken apart by itself
	case openapi3.MultiError:
		for _, one := range e {
			collect(list, one, of)
		}
		return
	case *openapi3filter.RequestError:
		request = e
	case *openapi3.SchemaError:
		schema = e
	case *openapi3filter.ParseError:
		parse = e
	}
	switch {
	case request != nil:
		if p := request.Parameter; p != nil {
			of.In, of.Name = p.In, p.Name
		} else {
			of.In, of.Status = "body", 422
		}
		switch {
		case strings.Contains(request.Reason, "Content-Type"):
			of.Status, of.Reason = 415, "this media type is not described; see the operation's request body"
			*list = append(*list, of)
		case errors.Is(request.Err, openapi3filter.ErrInvalidRequired):
			of.Status, of.Reason = 400, "it is required and missing"
			*list = append(*list, of)
		case errors.Is(request.Err, openapi3filter.ErrInvalidEmptyValue):
			of.Status, of.Reason = 400, "it must not be empty"
			*list = append(*list, of)
		case request.Err == nil:
			of.Reason = oneLine(request.Reason)
			*list = append(*list, of)
		default:
			collect(list, request.Err, of)
		}
	case schema != nil && strings.Contains(schema.Reason, "\n"): // of 3.1: all that is wrong, line by line
		*list = append(*list, schemaFaults(schema.Reason, of)...)
	case schema != nil:
		if at := schema.JSONPointer(); len(at) > 0 {
			of.At = "/" + strings.Join(at, "/")
		}
		of.Reason = oneLine(schema.Reason)
		*list = append(*list, of)
	case parse != nil:
		of.Status, of.Reason = 400, "it can't be read as what it should be"
		if parse.Kind == openapi3filter.KindUnsupportedFormat && of.In == "body" {
			of.Status, of.Reason = 415, "this media type can't be checked"
		}
		*list = append(*list, of)
	default:
		of.Reason = "it does not keep to the description of this API"
		*list = append(*list, of)
	}
}

// How the library's validator of JSON Schema 2020-12 tells of faults.
var (
	schemaLine = regexp.MustCompile(`(?m)^\s*- at '([^']*)': (.+)$`)
	missing    = regexp.MustCompile(`^missing property '([^']*)'$`)
)

// schemaFaults takes apart what that validator says.
func schemaFaults(text string, of Fault) (list []Fault) {
	for _, m := range schemaLine.FindAllStringSubmatch(text, maxFaults) {
		of.At, of.Reason = m[1], oneLine(m[2])
		if name := missing.FindStringSubmatch(m[2]); name != nil {
			of.At += "/" + name[1]
		}
		list = append(list, of)
	}
	return list
}

// oneLine is the first line of what a library says, bounded.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// pathForm is a path of the document as a regular expression.
type pathForm struct {
	re    *regexp.Regexp
	names []string
}

var pathParam = regexp.MustCompile(`\{[^{}/]+\}`)

// form reads the path of an operation.
func (o *Operation) form() pathForm {
	var out pathForm
	var b strings.Builder
	b.WriteByte('^')
	rest := o.Path
	for {
		at := pathParam.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]) + "([^/]+)")
		out.names = append(out.names, rest[at[0]+1:at[1]-1])
		rest = rest[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(rest) + "$")
	out.re = regexp.MustCompile(b.String())
	return out
}

// Matcher finds operations by the addresses of requests.
type Matcher struct {
	operations []*Operation
	forms      []pathForm
}

// Matcher is made of all operations, or of those that are named. What Check
// needs is made ready too.
func (d *Document) Matcher(only ...*Operation) *Matcher {
	d.bodies.make(d)
	m := &Matcher{operations: only}
	if len(only) == 0 {
		for i := range d.Operations {
			m.operations = append(m.operations, &d.Operations[i])
		}
	}
	for _, o := range m.operations {
		m.forms = append(m.forms, o.form())
	}
	return m
}

// Find returns the operation of a method and an escaped path, and the path's
// parameters, decoded; nil for none. A path without parameters goes before one
// with.
func (m *Matcher) Find(method, path string) (*Operation, map[string]string) {
	var best *Operation
	var values map[string]string
	for i, o := range m.operations {
		if o.Method != method || best != nil && len(m.forms[i].names) >= len(values) {
			continue
		}
		got := m.forms[i].re.FindStringSubmatch(path)
		if got == nil {
			continue
		}
		best, values = o, map[string]string{}
		for k, name := range m.forms[i].names {
			v, err := url.PathUnescape(got[k+1])
			if err != nil {
				v = got[k+1]
			}
			values[name] = v
		}
	}
	return best, values
}

// NeedsBody reports whether an operation describes a request's body.
func (o *Operation) NeedsBody() bool {
	return o.Spec.RequestBody != nil && o.Spec.RequestBody.Value != nil
}

// Faults is a list of faults as one sentence.
type Faults []Fault

// Error implements error.
func (f Faults) Error() string {
	if len(f) == 0 {
		return "nothing is wrong"
	}
	s := "the request does not keep to the description of this API: " + f[0].String()
	if len(f) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(f)-1)
	}
	return s
}

// Status is what a request with such faults is answered.
func (f Faults) Status() int {
	status := 422
	for _, one := range f {
		switch {
		case one.Status == 415:
			return 415
		case one.Status == 400:
			status = 400
		}
	}
	return status
}
