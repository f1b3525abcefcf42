package publication_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestImportMakesAnAPI imports an OpenAPI document into what is published and
// then a newer one: the rest of the text and what was set by hand stay.
func TestImportMakesAnAPI(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	ctx := as(t, "w1", workspace.Lead)
	before := strings.Replace(doc, "apis:", "# ours\napis:", 1)
	if _, err := s.Publish(ctx, publication.Input{Document: before}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Import(ctx, publication.Import{Document: petstore, Upstream: "http://127.0.0.1:7000", Hosts: []string{"pets.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.API != "pets" || got.Version != "v1" || got.Number != 1 || got.Breaking != 0 || len(got.Differences) != 2 || !strings.HasPrefix(got.Document, before[:strings.Index(before, "apis:")][:20]) {
		t.Errorf("Import = %+v", got)
	}
	if !strings.Contains(got.Document, "# ours\n") || !strings.Contains(got.Text, "+      - {name: listPets, path: /pets, methods: [GET]}") {
		t.Errorf("the document is\n%s\n%s", got.Document, got.Text)
	}
	c, err := gateway.Parse([]byte(got.Document))
	if err != nil {
		t.Fatal(err)
	}
	api := c.APIs[1]
	if api.Base != "/v1" || api.Upstream != "pets" || c.Upstreams[1].Targets[0].URL != "http://127.0.0.1:7000" || api.OpenAPI != got.OpenAPI.ID || len(api.Routes) != 2 || api.Routes[1].Path != "/pets/{id}" {
		t.Errorf("the API is %+v", api)
	}
	// By hand: a policy, and a route of its own.
	byHand := strings.Replace(got.Document, "{name: listPets, path: /pets, methods: [GET]}", "{name: listPets, path: /pets, methods: [GET], policies: {limit: {rate: 5/s}}} # slow\n      - {name: own, path: /own}", 1)
	if _, err := s.Publish(ctx, publication.Input{Document: byHand, Base: &got.Number}); err != nil {
		t.Fatal(err)
	}
	newer := strings.NewReplacer("    get: {operationId: listPets", "    post: {operationId: addPet, deprecated: true, tags: [write], responses: {\"201\": {description: ok}}}\n    get: {operationId: listPets",
		"/pets/{id}:", "/pets/{id}.json:", "version: 1.0.0", "version: 1.1.0").Replace(petstore)
	got, err = s.Import(ctx, publication.Import{Document: newer})
	if err != nil {
		t.Fatal(err)
	}
	if got.Number != 2 || got.Version != "v1" || got.Breaking != 1 || len(got.Differences) != 3 {
		t.Errorf("the newer one: %+v", got)
	}
	if c, err = gateway.Parse([]byte(got.Document)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range c.APIs[1].Routes {
		names = append(names, r.Name)
	}
	if !slices.Equal(names, []string{"listPets", "own", "getPet", "addPet"}) || c.APIs[1].Routes[0].Policies.Limit == nil || !strings.Contains(got.Document, "# slow") {
		t.Errorf("routes %v in\n%s", names, got.Document)
	}
	if r := c.APIs[1].Routes[2]; r.Regex != `/v1/pets/[^/]+\.json` || r.Path != "" || len(got.Notes) != 1 {
		t.Errorf("part of a segment: %+v, notes %v", r, got.Notes)
	}
	if r := c.APIs[1].Routes[3]; r.Deprecated == "" || !slices.Equal(r.Tags, []string{"write"}) {
		t.Errorf("deprecated: %+v", r)
	}
	// Beside it, another version; by URL.
	s.SetFetch(func(_ context.Context, address string, _ int64) ([]byte, http.Header, error) {
		return []byte(strings.ReplaceAll(petstore, "/v1", "/v2")), nil, nil
	})
	v2 := "v2"
	got, err = s.Import(ctx, publication.Import{URL: "https://pets.example/openapi.yaml", API: "pets", Version: &v2, State: "draft"})
	if err != nil || !strings.Contains(strings.Join(got.Notes, ";"), "https://pets.example") {
		t.Fatalf("by URL: %+v, %v", got, err)
	}
	if c, err = gateway.Parse([]byte(got.Document)); err != nil || len(c.APIs) != 3 || c.APIs[2].State != "draft" || c.APIs[2].Base != "/v2" {
		t.Errorf("two versions: %+v, %v", c, err)
	}
	for _, bad := range []publication.Import{{}, {Document: petstore, URL: "x"}, {Document: petstore, Upstream: "http://a/b"}, {Document: strings.Replace(petstore, "https://pets.example", "", 1), API: "new"}} {
		if _, err := s.Import(ctx, bad); errs.KindOf(err) == errs.Internal || err == nil {
			t.Errorf("Import(%+v) = %v", bad, err)
		}
	}
}

// TestAVersionLivesAndEnds walks a version through its states, each a
// publication of its own.
func TestAVersionLivesAndEnds(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	ctx := as(t, "w1", workspace.Lead)
	if _, err := s.Publish(ctx, publication.Input{Document: strings.Replace(doc, "    upstream: up\n", "    version: v1 # the first\n    state: draft\n    upstream: up\n", 1)}); err != nil {
		t.Fatal(err)
	}
	key, err := s.NewPreviewKey(ctx, "orders", "v1")
	if err != nil || key.Publication.Number != 2 || !strings.HasPrefix(key.Key, "hcv_") || strings.Contains(key.Publication.Document, key.Key) {
		t.Fatalf("NewPreviewKey = %+v, %v", key, err)
	}
	sunset := "2099-03-31"
	for _, next := range []publication.NextState{{Version: "v1", State: "published"}, {Version: "v1", State: "deprecated", Sunset: &sunset}, {Version: "v1", State: "retired"}} {
		p, err := s.SetState(ctx, "orders", next)
		if err != nil || !strings.Contains(p.Document, "# the first") {
			t.Fatalf("SetState(%s) = %+v, %v", next.State, p, err)
		}
		apis, err := s.APIs(ctx)
		if err != nil || len(apis) != 1 || apis[0].Versions[0].State != next.State {
			t.Fatalf("APIs = %+v, %v", apis, err)
		}
		v := apis[0].Versions[0]
		if late := next.State != "published"; (v.Deprecated != "") != late || (v.Sunset == sunset) != late {
			t.Errorf("%s: %+v", next.State, v)
		}
	}
	if _, err := s.NewPreviewKey(ctx, "orders", "v1"); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("a preview key for what is retired: %v", err)
	}
	if _, err := s.SetState(ctx, "orders", publication.NextState{Version: "v9", State: "retired"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("no such version: %v", err)
	}
	early := "2020-01-01"
	if _, err := s.SetState(ctx, "orders", publication.NextState{Version: "v1", State: "deprecated", Sunset: &early}); !errs.Is(err, errs.Invalid) {
		t.Errorf("an end before its beginning: %v", err)
	}
	if c, err := s.Check(ctx, strings.Replace(doc, "    upstream: up\n", "    state: deprecated\n    upstream: up\n", 1)); err != nil || len(c.Faults) != 1 || c.Faults[0].Line != 6 || !strings.Contains(c.Faults[0].Reason, "since when") {
		t.Errorf("deprecated since nobody knows when: %+v, %v", c, err)
	}
	old := int64(1)
	if _, err := s.SetState(ctx, "orders", publication.NextState{Version: "v1", State: "published", Base: &old}); !errs.Is(err, errs.Conflict) {
		t.Errorf("from an old base: %v", err)
	}
	if _, err := s.SetState(as(t, "w1", workspace.Responder), "orders", publication.NextState{Version: "v1", State: "published"}); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder: %v", err)
	}
	d, err := s.Diff(ctx, 4, 0)
	if err != nil || len(d.Changes) != 1 || !strings.Contains(d.Text, "+    state: deprecated") || d.Against != 3 {
		t.Errorf("Diff = %+v, %v", d, err)
	}
}
