package openapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shop = `openapi: 3.1.0
info: {title: Shop, version: 1.2.0}
servers:
  - url: https://{region}.shop.example/v1/
    variables: {region: {default: eu}}
paths:
  /orders:
    get:
      operationId: listOrders
      tags: [orders]
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 100}}
        - {name: state, in: query, schema: {type: string, enum: [open, paid, sent]}}
      responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Order"}}}}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
      responses: {"201": {description: made}}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: "get order!", deprecated: true, responses: {"200": {description: ok}, "404": {description: none}}}
    delete: {operationId: listOrders2, responses: {"204": {description: gone}}}
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties:
        id: {type: string}
        total: {type: [number, "null"], minimum: 0}
        parent: {$ref: "#/components/schemas/Order"}
`

func read(t *testing.T, doc string) *Document {
	t.Helper()
	d, err := Read([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadNamesOperations(t *testing.T) {
	t.Parallel()
	d := read(t, shop)
	var got []string
	for _, o := range d.Operations {
		got = append(got, o.Name+" "+o.Method+" "+o.Path)
	}
	want := []string{"listOrders GET /orders", "post-orders POST /orders", "listOrders2 DELETE /orders/{id}", "get-order GET /orders/{id}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if origin, base := d.Server(); origin != "https://eu.shop.example" || base != "/v1" {
		t.Errorf("Server = %q, %q", origin, base)
	}
	if o := d.Operation("get-order"); o == nil || !o.Deprecated || len(o.Parameters) != 1 || o.ID != "get order!" {
		t.Errorf("get-order = %+v", o)
	}
	if d.OpenAPI != "3.1.0" || d.Title != "Shop" || d.Version != "1.2.0" || !IsID(d.ID) {
		t.Errorf("read %+v", d)
	}
	// Names stay apart.
	two := read(t, "openapi: 3.0.3\ninfo: {title: a, version: b}\npaths:\n  /a-b: {get: {responses: {'200': {description: x}}}}\n  /a/b: {get: {responses: {'200': {description: x}}}}\n")
	if two.Operations[0].Name != "get-a-b" || two.Operations[1].Name != "get-a-b-2" {
		t.Errorf("names %q, %q", two.Operations[0].Name, two.Operations[1].Name)
	}
}

func TestCompareNamesWhatBreaks(t *testing.T) {
	t.Parallel()
	old := read(t, shop)
	if d := Compare(old, read(t, "# a comment\n"+shop)); len(d) != 0 {
		t.Errorf("the same: %+v", d)
	}
	for _, tc := range []struct {
		name, from, to string
		want           string // "!" before what breaks
	}{
		{"an operation goes", "    delete: {operationId: listOrders2, responses: {\"204\": {description: gone}}}\n", "", "!the operation is gone"},
		{"an operation comes", "    post:\n", "    put: {responses: {\"200\": {description: ok}}}\n    post:\n", "a new operation"},
		{"only a parameter's name in the path", "/orders/{id}:\n    parameters: [{name: id,", "/orders/{order}:\n    parameters: [{name: order,", ""},
		{"a parameter is required", "{name: limit, in: query,", "{name: limit, in: query, required: true,", "!query parameter limit is required now"},
		{"a parameter comes, required", "      parameters:\n", "      parameters:\n        - {name: page, in: header, required: true, schema: {type: string}}\n", "!header parameter page is new and required"},
		{"a parameter comes", "      parameters:\n", "      parameters:\n        - {name: page, in: query, schema: {type: string}}\n", "query parameter page is new"},
		{"a parameter goes", "        - {name: limit, in: query, schema: {type: integer, maximum: 100}}\n", "", "!query parameter limit is gone"},
		{"a parameter is narrower", "maximum: 100", "maximum: 50", "!query parameter limit: maximum fell to 50"},
		{"a parameter is wider", "type: integer, maximum: 100", "type: number, maximum: 100", "query parameter limit may be number now, it was integer"},
		{"an enum is narrower", "enum: [open, paid, sent]", "enum: [open, paid]", "!query parameter state can no longer be sent"},
		{"an enum is wider", "enum: [open, paid, sent]", "enum: [open, paid, sent, lost]", "query parameter state can be lost"},
		{"a body is required", "requestBody: {content", "requestBody: {required: true, content", "!the body is required now"},
		{"it is deprecated", "operationId: listOrders\n", "operationId: listOrders\n      deprecated: true\n", "it is deprecated now"},
		{"an answer goes", `, "404": {description: none}`, "", "it no longer answers 404"},
		{"both ways", "type: [number, \"null\"]", "type: number", "answer 200[].total may only be number, it was null or number; !body.total may only be number, it was null or number"},
		{"a property is required", "required: [id]", "required: [id, total]", "answer 200[]: property total is required now; !body: property total is required now"},
		{"a property goes", "        total: {type: [number, \"null\"], minimum: 0}\n", "", "!answer 200[]: property total is gone; !body: property total is gone"},
	} {
		next := strings.Replace(shop, tc.from, tc.to, 1)
		if next == shop {
			t.Fatalf("%s: nothing changed", tc.name)
		}
		var got []string
		for _, d := range Compare(old, read(t, next)) {
			what := d.What
			if d.Breaking {
				what = "!" + what
			}
			got = append(got, what)
		}
		if s := strings.Join(got, "; "); s != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, s, tc.want)
		}
	}
}

// FuzzRead reads anything and never more than it should.
func FuzzRead(f *testing.F) {
	for _, s := range []string{shop, "", "{}", "openapi: 3.0.0\ninfo: {}\npaths: {}", `{"openapi":"3.1.0","info":{"title":"a","version":"b"},"paths":{"/a":{"$ref":"#/paths/~1a"}}}`,
		"openapi: 3.0.0\ninfo: &a {title: x, version: y, z: *a}\npaths: {}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Read(b)
		if err != nil {
			return
		}
		if got := Compare(d, d); len(got) != 0 {
			t.Errorf("differs from itself: %+v", got)
		}
		seen := map[string]bool{}
		for _, o := range d.Operations {
			if o.Name == "" || seen[o.Name] {
				t.Errorf("name %q of %s %s", o.Name, o.Method, o.Path)
			}
			seen[o.Name] = true
		}
		Compare(nil, d)
		d.Server()
	})
}
