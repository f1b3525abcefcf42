package openapi

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled are the schemas of JSON bodies of a document in OpenAPI 3.1, whose
// schemas are JSON Schema 2020-12. The library that reads documents would
// compile them anew for every request, which takes 25 times as long.
type compiled struct {
	once    sync.Once
	plain   *openapi3.T                   // the document as if it were 3.0, for parameters
	schemas map[string]*jsonschema.Schema // by operation and media type
}

// nowhere is a loader that follows no reference out of the document.
type nowhere struct{}

// Load implements jsonschema.URLLoader.
func (nowhere) Load(string) (any, error) {
	return nil, errors.New("references out of the document are not followed")
}

// make compiles what it can; what it can't is left to the library.
func (c *compiled) make(d *Document) {
	c.once.Do(func() {
		if !d.Spec.IsOpenAPI31OrLater() {
			return
		}
		text, err := d.Spec.MarshalJSON()
		if err != nil {
			return
		}
		root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		compiler := jsonschema.NewCompiler()
		compiler.UseLoader(nowhere{})
		compiler.DefaultDraft(jsonschema.Draft2020)
		if compiler.AddResource("openapi.json", root) != nil {
			return
		}
		plain := *d.Spec
		plain.OpenAPI = "3.0.3"
		c.plain, c.schemas = &plain, map[string]*jsonschema.Schema{}
		for i := range d.Operations {
			o := &d.Operations[i]
			if !o.NeedsBody() {
				continue
			}
			at := "/paths/" + escaped(o.Path) + "/" + strings.ToLower(o.Method) + "/requestBody"
			if ref, ok := strings.CutPrefix(o.Spec.RequestBody.Ref, "#"); ok {
				at = ref
			}
			for kind, media := range o.Spec.RequestBody.Value.Content {
				if media.Schema == nil || !isJSON(kind) {
					continue
				}
				if s, err := compiler.Compile("openapi.json#" + at + "/content/" + escaped(kind) + "/schema"); err == nil {
					c.schemas[o.Name+"\x00"+kind] = s
				}
			}
		}
	})
}

// of returns the document to hold parameters against, and the schema of the
// body; nil where the library has to do it.
func (c *compiled) of(d *Document, o *Operation, contentType string) (*openapi3.T, *jsonschema.Schema) {
	c.make(d)
	if c.plain == nil || !o.NeedsBody() {
		if c.plain != nil {
			return c.plain, nil
		}
		return d.Spec, nil
	}
	bare, _, _ := strings.Cut(contentType, ";")
	for _, kind := range []string{contentType, strings.ToLower(strings.TrimSpace(bare))} {
		if s := c.schemas[o.Name+"\x00"+kind]; s != nil {
			return c.plain, s
		}
	}
	return d.Spec, nil
}

// checkBody holds a JSON body against its schema.
func checkBody(s *jsonschema.Schema, body []byte) []Fault {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []Fault{{Status: 400, In: "body", Reason: "it can't be read as what it should be"}}
	}
	err = s.Validate(value)
	if err == nil {
		return nil
	}
	of := Fault{Status: 422, In: "body"}
	if list := schemaFaults(err.Error(), of); len(list) > 0 {
		return list
	}
	of.Reason = "it does not keep to its schema"
	return []Fault{of}
}

// escaped is a name in a JSON Pointer (RFC 6901) in a URL.
func escaped(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D", "#", "%23", "?", "%3F", " ", "%20", "+", "%2B", "^", "%5E", "\"", "%22", "\\", "%5C", "|", "%7C", "`", "%60", "<", "%3C", ">", "%3E").Replace(s)
}

func isJSON(kind string) bool {
	bare, _, _ := strings.Cut(kind, ";")
	bare = strings.ToLower(strings.TrimSpace(bare))
	return bare == "application/json" || strings.HasSuffix(bare, "+json")
}
