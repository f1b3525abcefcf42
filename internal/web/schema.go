package web

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hypercare/hypercare/internal/event"
)

// OneOf describes a body that may have several shapes.
type OneOf []any

// Events describes the answer of an event stream: what each type of event
// carries as data, by type; nil for nothing.
type Events map[string]any

// schema puts an event of each type into the document, and the union of them
// all. The mapping is written out: without it the makers of types take the
// names of the schemas for the values of "type".
func (e Events) schema(reg huma.Registry) *huma.Schema {
	const prefix = "#/components/schemas/"
	union := &huma.Schema{Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: map[string]string{}}}
	for _, typ := range slices.Sorted(maps.Keys(e)) {
		one := *huma.SchemaFromType(reg, reflect.TypeFor[event.Event]())
		one.Properties = maps.Clone(one.Properties)
		one.Properties["type"] = &huma.Schema{Type: "string", Enum: []any{typ}}
		delete(one.Properties, "data")
		if data := e[typ]; data != nil {
			one.Properties["data"] = schemaOf(reg, data)
		}
		name := "Event"
		for part := range strings.FieldsFuncSeq(typ, func(r rune) bool { return r == '.' || r == '_' }) {
			name += strings.ToUpper(part[:1]) + part[1:]
		}
		reg.Map()[name] = &one
		union.OneOf = append(union.OneOf, &huma.Schema{Ref: prefix + name})
		union.Discriminator.Mapping[typ] = prefix + name
	}
	reg.Map()["StreamEvent"] = union
	return &huma.Schema{Ref: prefix + "StreamEvent"}
}

func schemaOf(reg huma.Registry, v any) *huma.Schema {
	if list, ok := v.(Events); ok {
		return list.schema(reg)
	}
	if one, ok := v.(EventsOf); ok {
		return schemaOf(reg, one.Data)
	}
	if many, ok := v.(OneOf); ok {
		s := &huma.Schema{}
		for _, one := range many {
			s.OneOf = append(s.OneOf, schemaOf(reg, one))
		}
		return s
	}
	return reg.Schema(reflect.TypeOf(v), true, "")
}

// Page is one page of a list. NextCursor is empty on the last one.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Pass it as cursor to read on; absent on the last page."`
	Total      *int   `json:"total,omitempty"`
}

// NewPage returns items as a page whose list is never null.
func NewPage[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextCursor: next}
}

// Body wraps a value as the answer of a typed operation.
type Body[T any] struct{ Body T }

// ByID is the input of operations on one thing.
type ByID struct {
	ID string `path:"id"`
}

// QueryParams documents the query of a raw operation: name, what it is, and so
// on.
func QueryParams(pairs ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		for i := 0; i+1 < len(pairs); i += 2 {
			op.Parameters = append(op.Parameters, &huma.Param{Name: pairs[i], In: "query", Description: pairs[i+1], Schema: &huma.Schema{Type: "string"}})
		}
	}
}

// Produces sets the content types of a raw operation's answer that is no JSON.
func Produces(types ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "Done", Content: map[string]*huma.MediaType{}}
		for _, t := range types {
			op.Responses["200"].Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
		}
	}
}

// HeaderParam documents a request header of a raw operation.
func HeaderParam(name, doc string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: "string"}})
	}
}

var qualified = regexp.MustCompile(`(?:[\w.-]+/)*(\w+)\.(\w+)`)

// schemaName names a type in the document by its package too (LaunchInput),
// unless its own name says it (IssueRef) or it is of this package.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	full := t.PkgPath() + "." + t.Name() // of a generic type: pkg.Page[pkg.Item]
	parts := qualified.ReplaceAllStringFunc(full, func(s string) string {
		m := qualified.FindStringSubmatch(s)
		pkg, name := m[1], strings.ToUpper(m[2][:1])+m[2][1:]
		if pkg == "web" || strings.HasPrefix(strings.ToLower(name), pkg) {
			return name
		}
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name
	})
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			return r
		}
		return -1
	}, parts)
}
