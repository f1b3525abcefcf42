package openapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const pets = `
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets/{id}:
    get: {operationId: one, parameters: [{name: id, in: path, required: true, schema: {type: string}}], responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}}
  /pets/mine:
    get: {operationId: mine, responses: {default: {description: any, content: {text/plain: {example: mine}}}}}
  /files/{name}.{kind}:
    get: {operationId: file, parameters: [{name: name, in: path, required: true, schema: {type: string}}, {name: kind, in: path, required: true, schema: {type: string}}], responses: {"4XX": {description: none}}}
  /pets:
    post:
      operationId: make
      requestBody: {$ref: "#/components/requestBodies/Pet"}
      responses: {"201": {description: made}}
components:
  requestBodies:
    Pet: {required: true, content: {"application/vnd.pet+json": {schema: {$ref: "#/components/schemas/Pet"}}, application/x-www-form-urlencoded: {schema: {type: object, required: [name], properties: {name: {type: string}}}}}}
  schemas:
    Pet:
      type: object
      required: [name]
      unevaluatedProperties: false
      properties:
        name: {type: string, minLength: 2}
        kind: {const: cat}
        born: {type: [string, "null"], format: date}
        mother: {$ref: "#/components/schemas/Pet"}
        friends: {type: array, items: {$ref: "#/components/schemas/Pet"}}
`

func TestOperationsAreFoundByAddress(t *testing.T) {
	t.Parallel()
	d, err := Read([]byte(pets))
	if err != nil {
		t.Fatal(err)
	}
	m := d.Matcher()
	for _, tc := range []struct{ method, path, id, param, value string }{
		{"GET", "/pets/17", "one", "id", "17"},
		{"GET", "/pets/a%2Fb", "one", "id", "a/b"},
		{"GET", "/pets/mine", "mine", "", ""},
		{"GET", "/files/a.b.txt", "file", "kind", "txt"},
		{"GET", "/pets/17/more", "", "", ""},
		{"DELETE", "/pets/17", "", "", ""},
		{"GET", "/petsX17", "", "", ""},
	} {
		op, params := m.Find(tc.method, tc.path)
		if tc.id == "" {
			if op != nil {
				t.Errorf("%s %s: found %s", tc.method, tc.path, op.ID)
			}
			continue
		}
		if op == nil || op.ID != tc.id || tc.param != "" && params[tc.param] != tc.value {
			t.Errorf("%s %s: found %v with %v, want %s", tc.method, tc.path, op, params, tc.id)
		}
	}
}

func TestBodiesOfOpenAPI31(t *testing.T) {
	t.Parallel()
	d, err := Read([]byte(pets))
	if err != nil {
		t.Fatal(err)
	}
	op := d.Operation("make")
	d.Matcher(op)
	if len(d.bodies.schemas) != 1 {
		t.Errorf("%d schemas were compiled", len(d.bodies.schemas))
	}
	for _, tc := range []struct {
		kind, body string
		status     int
		at         string
	}{
		{"application/vnd.pet+json", `{"name":"Tom","kind":"cat","born":null,"friends":[{"name":"Jo"}]}`, 0, ""},
		{"Application/Vnd.Pet+JSON; charset=utf-8", `{"name":"Tom"}`, 0, ""},
		{"application/vnd.pet+json", `{"name":"Tom","kind":"dog"}`, 422, "/kind"},
		{"application/vnd.pet+json", `{"name":"Tom","more":1}`, 422, ""},
		{"application/vnd.pet+json", `{"name":"Tom","friends":[{"name":"J"}]}`, 422, "/friends/0/name"},
		{"application/vnd.pet+json", `{"friends":[]}`, 422, "/name"},
		{"application/vnd.pet+json", `{"name":`, 400, ""},
		{"application/vnd.pet+json", ``, 400, ""},
		{"application/x-www-form-urlencoded", `name=Tom`, 0, ""},
		{"application/x-www-form-urlencoded", `other=Tom`, 422, "/name"},
		{"text/plain", `Tom`, 415, ""},
	} {
		faults := d.Check(op, Request{Header: http.Header{"Content-Type": {tc.kind}}, Body: []byte(tc.body)})
		if tc.status == 0 {
			if len(faults) != 0 {
				t.Errorf("%s %s: %v", tc.kind, tc.body, faults)
			}
			continue
		}
		if len(faults) == 0 || Faults(faults).Status() != tc.status || tc.at != "" && faults[0].At != tc.at {
			t.Errorf("%s %s: %+v, want %d at %s", tc.kind, tc.body, faults, tc.status, tc.at)
		}
	}
}

func TestExamplesAreMadeOfSchemas(t *testing.T) {
	t.Parallel()
	d, err := Read([]byte(pets))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := d.Operation("one").Example(Wanted{})
	var pet map[string]any
	if !ok || got.Status != 200 || got.Type != "application/json" || json.Unmarshal(got.Body, &pet) != nil || pet["name"] != "text" || len(got.Body) > 100_000 {
		t.Errorf("%v %+v %.200s", ok, got.Status, got.Body)
	}
	if got, ok := d.Operation("mine").Example(Wanted{Type: "text/*"}); !ok || got.Status != 200 || string(got.Body) != "mine" || !strings.HasPrefix(got.Type, "text/plain") {
		t.Errorf("%v %+v", ok, got)
	}
	if got, ok := d.Operation("file").Example(Wanted{Status: 404}); !ok || got.Status != 404 || len(got.Body) != 0 {
		t.Errorf("%v %+v", ok, got)
	}
	if _, ok := d.Operation("one").Example(Wanted{Status: 500}); ok {
		t.Error("there is an example of what is not described")
	}
}
