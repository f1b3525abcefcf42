package publication_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/workspace"
)

const doc = `gateway: 1
upstreams:
  - {name: up, targets: [{url: "http://127.0.0.1:9000"}]}
apis:
  - name: orders
    upstream: up
    routes:
      - {name: list, path: /orders}
`

// server records what it was told to serve.
type server struct{ docs []gateway.Document }

func (s *server) Load(docs []gateway.Document) error { s.docs = docs; return nil }

func setup(t *testing.T) (*publication.Service, *server, *db.DB) {
	t.Helper()
	d := dbtest.Open(t)
	for _, id := range []string{"w1", "w2"} {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, id, id, 1)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sv := &server{}
	return publication.NewService(d, event.New(), slog.New(slog.DiscardHandler), sv), sv, d
}

// at is a document for one host.
func at(host, doc string) string {
	return strings.Replace(doc, "    upstream: up\n", "    upstream: up\n    hosts: ["+host+"]\n", 1)
}

func as(t *testing.T, ws workspace.ID, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "m", Name: "Ada", Role: r})
}

func TestPublishCompareRollBack(t *testing.T) {
	t.Parallel()
	s, sv, _ := setup(t)
	ctx := as(t, "w1", workspace.Lead)
	if p, err := s.Current(ctx); err != nil || p.Number != 0 || p.Document != "" {
		t.Fatalf("at first: %+v, %v", p, err)
	}
	first, err := s.Publish(ctx, publication.Input{Document: doc, Note: "first"})
	if err != nil || first.Number != 1 || len(sv.docs) != 1 || string(sv.docs[0].Text) != doc || sv.docs[0].Workspace != "w1" {
		t.Fatalf("Publish = %+v, %v; served %v", first, err, sv.docs)
	}
	next := strings.Replace(doc, "path: /orders", "path: /orders, methods: [GET]", 1) + "      - {name: one, path: \"/orders/{id}\"}\n"
	c, err := s.Check(ctx, next)
	if err != nil || !c.Valid || len(c.Changes) != 2 || c.Changes[0].What != "route orders list" || !slices.Equal(c.Changes[0].Fields, []publication.FieldChange{{Field: "methods", To: "[GET]"}}) || c.Changes[1].Kind != "added" {
		t.Errorf("Check = %+v, %v", c, err)
	}
	if _, err := s.Publish(ctx, publication.Input{Document: next, Base: &first.Number}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(ctx, publication.Input{Document: doc, Base: &first.Number}); !errs.Is(err, errs.Conflict) {
		t.Errorf("from an old base: %v, want conflict", err)
	}
	if _, err := s.Publish(ctx, publication.Input{Document: next}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the same again: %v, want conflict", err)
	}
	back, err := s.RollBack(ctx, 0, "")
	if err != nil || back.Number != 3 || back.FromNum != 1 || string(sv.docs[0].Text) != doc {
		t.Errorf("RollBack = %+v, %v", back, err)
	}
	list, err := s.List(ctx, 0, 10)
	if err != nil || len(list) != 3 || !list[0].Live || list[1].Live || list[0].Document != "" {
		t.Errorf("List = %+v, %v", list, err)
	}
	if _, err := s.RollBack(ctx, 9, ""); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("back to the future: %v", err)
	}
}

func TestAFaultChangesNothing(t *testing.T) {
	t.Parallel()
	s, sv, _ := setup(t)
	ctx := as(t, "w1", workspace.Lead)
	bad := strings.Replace(doc, "upstream: up", "upstream: down", 1)
	_, err := s.Publish(ctx, publication.Input{Document: bad})
	if !errs.Is(err, errs.Invalid) || !strings.Contains(errs.Message(err), "line 6") || len(errs.Fields(err)) != 1 {
		t.Errorf("Publish = %v, fields %v", err, errs.Fields(err))
	}
	c, err := s.Check(ctx, bad)
	if err != nil || c.Valid || len(c.Faults) != 1 || c.Faults[0].Line != 6 {
		t.Errorf("Check = %+v, %v", c, err)
	}
	if p, err := s.Current(ctx); err != nil || p.Number != 0 || sv.docs != nil {
		t.Errorf("in force is %+v, served %v, %v", p, sv.docs, err)
	}
}

func TestAnotherNodeLoadsAllWorkspaces(t *testing.T) {
	t.Parallel()
	s, _, d := setup(t)
	for _, ws := range []workspace.ID{"w1", "w2"} {
		if _, err := s.Publish(as(t, ws, workspace.Lead), publication.Input{Document: at(string(ws)+".example", doc)}); err != nil {
			t.Fatal(err)
		}
	}
	sv := &server{}
	other := publication.NewService(d, event.New(), slog.New(slog.DiscardHandler), sv)
	if err := other.Load(t.Context()); err != nil || len(sv.docs) != 2 || sv.docs[0].Workspace != "w1" {
		t.Errorf("the other node serves %v, %v", sv.docs, err)
	}
}

func TestTenantsAndRoles(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	if _, err := s.Publish(as(t, "w1", workspace.Lead), publication.Input{Document: doc}); err != nil {
		t.Fatal(err)
	}
	other := as(t, "w2", workspace.Owner)
	if p, err := s.Current(other); err != nil || p.Number != 0 {
		t.Errorf("another workspace sees %+v, %v", p, err)
	}
	if _, err := s.Get(other, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads number 1: %v", err)
	}
	if _, err := s.RollBack(other, 0, ""); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("another workspace rolls back: %v", err)
	}
	for _, r := range []workspace.Role{workspace.Responder, workspace.Viewer} {
		if _, err := s.Publish(as(t, "w1", r), publication.Input{Document: doc + "\n"}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s publishes: %v", r, err)
		}
	}
	if _, err := s.Check(as(t, "w1", workspace.Intake), doc); !errs.Is(err, errs.Denied) {
		t.Errorf("an intake token checks a document: %v", err)
	}
}

func TestOutlineSaysWhatIsInForce(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	lead := as(t, "w1", workspace.Lead)
	if o, err := s.Outline(lead); err != nil || o.Number != 0 || o.APIs == nil || len(o.APIs) != 0 || o.At != nil {
		t.Fatalf("at first: %+v, %v", o, err)
	}
	text := strings.Replace(doc, "    routes:", "    base: /shop\n    policies: {limit: {rate: 10/s}, key: {}}\n    routes:", 1) +
		"      - {name: one, regex: \"/orders/[0-9]+\", policies: {headers: {set: {Authorization: secret}}}}\n"
	if _, err := s.Publish(lead, publication.Input{Document: text, Note: "first"}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		role workspace.Role
		want string
	}{{workspace.Lead, "headers set:\n  Authorization: secret"}, {workspace.Viewer, "headers "}} {
		o, err := s.Outline(as(t, "w1", tc.role))
		if err != nil || o.Number != 1 || o.By != "Ada" || len(o.APIs) != 1 || len(o.APIs[0].Routes) != 2 {
			t.Fatalf("as %s: %+v, %v", tc.role, o, err)
		}
		a := o.APIs[0]
		if a.State != "published" || a.Policies[0].Kind != "key" || a.Policies[1].Kind != "limit" {
			t.Errorf("the key is asked for before the rate is counted: %+v", a.Policies)
		}
		if r := a.Routes[0]; r.Path != "/shop/orders" || r.Shares[0].Upstream != "up" {
			t.Errorf("the first route: %+v", r)
		}
		if r := a.Routes[1]; len(r.Policies) != 3 || r.Policies[0].Of != "api" || r.Policies[2].Of != "route" {
			t.Errorf("the second route meets %+v", r.Policies)
		}
		if p := a.Routes[1].Policies[2]; a.Routes[1].Path != "/orders/[0-9]+" || p.Kind+" "+p.Detail != tc.want {
			t.Errorf("as %s the second route says %q, want %q", tc.role, p.Kind+" "+p.Detail, tc.want)
		}
	}
	if o, err := s.Outline(as(t, "w2", workspace.Lead)); err != nil || o.Number != 0 || len(o.APIs) != 0 {
		t.Errorf("another workspace sees %+v, %v", o, err)
	}
}
