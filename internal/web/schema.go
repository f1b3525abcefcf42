package web

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// OneOf describes a body that may have several shapes.
type OneOf []any

func schemaOf(reg huma.Registry, v any) *huma.Schema {
	if many, ok := v.(OneOf); ok {
		s := &huma.Schema{}
		for _, one := range many {
			s.OneOf = append(s.OneOf, schemaOf(reg, one))
		}
		return s
	}
	return reg.Schema(reflect.TypeOf(v), true, "")
}

// Describe adds a type to the document that no operation names, for example
// the events of the stream.
func (a *API) Describe(v any) { schemaOf(a.huma.OpenAPI().Components.Schemas, v) }

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

// HeaderParam documents a request header of a raw operation.
func HeaderParam(name, doc string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: "string"}})
	}
}
