// Package openapi reads OpenAPI documents (3.0 and 3.1, the OpenAPI Initiative's
// specification): which operations they describe, under which names the
// gateway knows them, and what a newer document changes for those who call. It
// keeps nothing, fetches nothing and knows no noun.
package openapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// MaxSize bounds a document in bytes.
const MaxSize = 8 << 20

// Document is one that was read and found valid.
type Document struct {
	ID         string // of its bytes, see ID
	Title      string
	Version    string // of the API, as its author counts
	OpenAPI    string // of the format, such as 3.1.0
	Operations []Operation
	Spec       *openapi3.T // with all references resolved

	bodies compiled
}

// Operation is one method of one path.
type Operation struct {
	Name       string // unique in the document and fit for a route: operationId, or method and path
	ID         string // operationId as written; "" for none
	Method     string
	Path       string // with {parameters}
	Summary    string
	Tags       []string
	Deprecated bool

	Spec       *openapi3.Operation
	Parameters []*openapi3.Parameter // of the path and the operation
}

// idForm is what ID returns.
var idForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ID is the name of a document by its content.
func ID(doc []byte) string {
	sum := sha256.Sum256(doc)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// IsID reports whether s has the form of an ID.
func IsID(s string) bool { return idForm.MatchString(s) }

// Read reads and checks a document, in JSON or YAML. Its error is a sentence.
// References to other files or addresses are refused.
func Read(doc []byte) (_ *Document, err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, on input that nobody foresaw
			err = fmt.Errorf("this OpenAPI document can't be read: %v", p)
		}
	}()
	if len(doc) > MaxSize {
		return nil, fmt.Errorf("this OpenAPI document is larger than %d MB; split it", MaxSize>>20)
	}
	loader := openapi3.NewLoader() // follows no reference out of the document
	spec, err := loader.LoadFromData(doc)
	if err != nil {
		return nil, fmt.Errorf("this is no OpenAPI document that can be read: %s", short(err))
	}
	switch {
	case spec.OpenAPI == "":
		return nil, errors.New(`this is no OpenAPI document: it has no "openapi: 3.x" (Swagger 2.0 has to be converted first)`)
	case !spec.IsOpenAPI30() && !spec.IsOpenAPI31OrLater():
		return nil, fmt.Errorf("OpenAPI %s is not supported; use 3.0 or 3.1", spec.OpenAPI)
	}
	opts := []openapi3.ValidationOption{openapi3.DisableExamplesValidation(), openapi3.DisableSchemaPatternValidation(), openapi3.DisableSchemaDefaultsValidation()}
	if spec.IsOpenAPI31OrLater() {
		opts = append(opts, openapi3.IsOpenAPI31OrLater())
	}
	if err := spec.Validate(context.Background(), opts...); err != nil {
		return nil, fmt.Errorf("this OpenAPI document is not valid: %s", short(err))
	}
	d := &Document{ID: ID(doc), OpenAPI: spec.OpenAPI, Spec: spec}
	if spec.Info != nil {
		d.Title, d.Version = spec.Info.Title, spec.Info.Version
	}
	d.operations()
	return d, nil
}

// short is the first line of an error, bounded: the library prints schemas.
func short(err error) string {
	s, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

func (d *Document) operations() {
	for path, item := range d.Spec.Paths.Map() {
		if item == nil {
			continue
		}
		for method, op := range item.Operations() {
			o := Operation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Tags: op.Tags, Deprecated: op.Deprecated, Spec: op}
			o.Parameters = merged(item.Parameters, op.Parameters)
			d.Operations = append(d.Operations, o)
		}
	}
	slices.SortFunc(d.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	used := map[string]bool{}
	for i := range d.Operations {
		o := &d.Operations[i]
		name := nameOf(o.ID)
		if name == "" {
			name = nameOf(strings.ToLower(o.Method) + "-" + strings.Trim(o.Path, "/"))
		}
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s-%d", strings.TrimSuffix(name, fmt.Sprintf("-%d", n-1)), n)
		}
		used[name] = true
		o.Name = name
	}
}

// merged are the parameters of a path, but for those that the operation
// overrides, and of the operation.
func merged(path, op openapi3.Parameters) []*openapi3.Parameter {
	var out []*openapi3.Parameter
	for _, p := range path {
		if p.Value != nil && op.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			out = append(out, p.Value)
		}
	}
	for _, p := range op {
		if p.Value != nil {
			out = append(out, p.Value)
		}
	}
	return out
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// nameOf makes a name of a route from a text.
func nameOf(s string) string {
	s = strings.Trim(notInName.ReplaceAllString(s, "-"), "-._")
	if len(s) > 90 {
		s = strings.TrimRight(s[:90], "-._")
	}
	return s
}

// Operation returns one by its name; nil for none.
func (d *Document) Operation(name string) *Operation {
	for i := range d.Operations {
		if d.Operations[i].Name == name {
			return &d.Operations[i]
		}
	}
	return nil
}

// Server is where the document says the API is: its first server, variables at
// their defaults. A relative one has no origin.
func (d *Document) Server() (origin, base string) {
	if len(d.Spec.Servers) == 0 || d.Spec.Servers[0] == nil {
		return "", ""
	}
	s := d.Spec.Servers[0]
	text := s.URL
	for name, v := range s.Variables {
		if v != nil {
			text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
		}
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	if u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		origin = u.Scheme + "://" + u.Host
	}
	base = strings.TrimRight(u.EscapedPath(), "/")
	if base != "" && base[0] != '/' {
		base = "/" + base
	}
	return origin, base
}
