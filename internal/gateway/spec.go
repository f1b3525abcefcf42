package gateway

import (
	"fmt"

	"github.com/hypercare/hypercare/internal/openapi"
)

// specs are the OpenAPI documents that policies of one snapshot look at, read
// once by content: a new snapshot takes over what the one before has read.
type specs struct {
	before *specs
	read   map[string]*openapi.Document // by workspace and id
	doc    Document                     // being compiled
	err    error                        // the first of this document that could not be had
}

func newSpecs(before *specs) *specs {
	if before != nil {
		before.before = nil
	}
	return &specs{before: before, read: map[string]*openapi.Document{}}
}

// of begins with the next document.
func (s *specs) of(d Document) { s.doc, s.err = d, nil }

// get returns an OpenAPI document; nil for the id "" and for one that can't be
// had, of which Load tells.
func (s *specs) get(id string) *openapi.Document {
	if id == "" {
		return nil
	}
	key := s.doc.Workspace + " " + id
	if d := s.read[key]; d != nil {
		return d
	}
	if s.before != nil && s.before.read[key] != nil {
		s.read[key] = s.before.read[key]
		return s.read[key]
	}
	d, err := s.load(id)
	if err != nil {
		if s.err == nil {
			s.err = fmt.Errorf("OpenAPI document %s: %w", id, err)
		}
		return nil
	}
	s.read[key] = d
	return d
}

func (s *specs) load(id string) (*openapi.Document, error) {
	if s.doc.OpenAPI == nil {
		return nil, fmt.Errorf("nobody here keeps OpenAPI documents")
	}
	text, err := s.doc.OpenAPI(id)
	if err != nil {
		return nil, err
	}
	return openapi.Read(text)
}

// spec is the OpenAPI document of the API and the operation of the route that
// are being built; nil where there is none. It is read when a policy asks.
func (b *building) spec() (*openapi.Document, *openapi.Operation) {
	d := b.specs.get(b.openapi)
	if d == nil {
		return nil, nil
	}
	return d, d.Operation(b.operation)
}
