package publication_test

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/openapi"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/workspace"
)

const petstore = `openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: "https://pets.example/v1"}]
paths:
  /pets:
    get: {operationId: listPets, responses: {"200": {description: ok}}}
  /pets/{id}:
    get:
      operationId: getPet
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
`

// TestOpenAPIDocumentsAreKept keeps one by its content, for its workspace
// alone, and gives it to the gateway; an API can name no other.
func TestOpenAPIDocumentsAreKept(t *testing.T) {
	t.Parallel()
	s, sv, _ := setup(t)
	ctx := as(t, "w1", workspace.Lead)
	kept, err := s.KeepOpenAPI(ctx, []byte(petstore))
	if err != nil || kept.ID != openapi.ID([]byte(petstore)) || kept.Operations != 2 || kept.Title != "Pets" {
		t.Fatalf("KeepOpenAPI = %+v, %v", kept, err)
	}
	if again, err := s.KeepOpenAPI(ctx, []byte(petstore)); err != nil || again.ID != kept.ID {
		t.Errorf("kept twice: %+v, %v", again, err)
	}
	if list, err := s.ListOpenAPI(ctx, publication.OpenAPICursor{}, 10); err != nil || len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("ListOpenAPI = %+v, %v", list, err)
	}
	if _, err := s.OpenAPIText(as(t, "w2", workspace.Owner), kept.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
	if _, err := s.KeepOpenAPI(as(t, "w1", workspace.Responder), []byte(petstore)); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder keeps one: %v", err)
	}
	with := strings.Replace(doc, "    upstream: up\n", "    upstream: up\n    openapi: "+kept.ID+"\n", 1)
	if _, err := s.Publish(ctx, publication.Input{Document: with}); err != nil {
		t.Fatal(err)
	}
	if text, err := sv.docs[0].OpenAPI(kept.ID); err != nil || string(text) != petstore {
		t.Errorf("the gateway gets %q, %v", text, err)
	}
	if _, err := s.Publish(as(t, "w2", workspace.Lead), publication.Input{Document: with}); !errs.Is(err, errs.Invalid) || !strings.Contains(errs.Message(err), "line 7") {
		t.Errorf("one that is not kept here: %v", err)
	}
	for _, bad := range []string{"", "hello", "swagger: '2.0'\ninfo: {title: a, version: b}\npaths: {}\n", strings.Replace(petstore, "paths:", "wrong:", 1) + "\xff",
		strings.Replace(petstore, "schema: {type: string}", `schema: {$ref: "file:///etc/passwd"}`, 1)} {
		if _, err := s.KeepOpenAPI(ctx, []byte(bad)); !errs.Is(err, errs.Invalid) {
			t.Errorf("KeepOpenAPI(%.40q) = %v, want a refusal", bad, err)
		} else {
			t.Log(errs.Message(err))
		}
	}
}
