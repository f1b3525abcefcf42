package application_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/application"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

func as(t *testing.T, ws workspace.ID, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "m", Name: "Ada", Role: r})
}

func newService(t *testing.T) *application.Service {
	return on(t, dbtest.Open(t))
}

// on is a service as one node has it; all nodes have the same master key.
func on(t *testing.T, d *db.DB) *application.Service {
	t.Helper()
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return application.NewService(d, event.New(), slog.New(slog.DiscardHandler), box)
}

func opens(s *application.Service, key secret.Text) bool {
	c, _ := s.Ring().Find(sha256.Sum256([]byte(key.Reveal())))
	return c != nil && (c.Expires.IsZero() || c.Expires.After(time.Now()))
}

func TestKeysComeAndGo(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: " Web shop ", Plan: "gold", APIs: []string{"orders", "cart", "cart"}})
	if err != nil || app.Name != "Web shop" || len(app.APIs) != 2 {
		t.Fatalf("Create = %+v, %v", app, err)
	}
	k, text, err := s.CreateKey(ctx, app.ID, application.NewKey{Name: "one"})
	if err != nil {
		t.Fatal(err)
	}
	c, sure := s.Ring().Find(sha256.Sum256([]byte(text.Reveal())))
	if c == nil || !sure || c.Workspace != "w1" || c.Application != app.ID || c.Plan != "gold" || c.KeyID != k.ID || len(c.APIs) != 2 {
		t.Fatalf("the ring has %+v, sure %v", c, sure)
	}
	// A key that takes over: both work until the overlap is over.
	_, next, err := s.CreateKey(ctx, app.ID, application.NewKey{Replaces: k.ID, Overlap: "1h"})
	if err != nil || !opens(s, text) || !opens(s, next) {
		t.Errorf("while they overlap: old %v, new %v, %v", opens(s, text), opens(s, next), err)
	}
	third, last, err := s.CreateKey(ctx, app.ID, application.NewKey{Replaces: k.ID, Overlap: "0s"})
	if err != nil || opens(s, text) || !opens(s, last) {
		t.Errorf("without overlap: old %v, new %v, %v", opens(s, text), opens(s, last), err)
	}
	if err := s.RevokeKey(ctx, app.ID, third.ID); err != nil || opens(s, last) {
		t.Errorf("revoked: %v, still opens %v", err, opens(s, last))
	}
	if err := s.RevokeKey(ctx, app.ID, third.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	yes, no := true, false
	if _, err := s.Change(ctx, app.ID, application.Change{Disabled: &yes}); err != nil || opens(s, next) {
		t.Errorf("disabled: %v, still opens %v", err, opens(s, next))
	}
	if _, err := s.Change(ctx, app.ID, application.Change{Disabled: &no}); err != nil || !opens(s, next) {
		t.Errorf("enabled again: %v, opens %v", err, opens(s, next))
	}
}

func TestAnotherServiceFollows(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	here, there := on(t, d), on(t, d)
	ctx := as(t, "w1", workspace.Lead)
	if err := there.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	app, err := here.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	k, text, err := here.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	if err := there.Refresh(ctx); err != nil || !opens(there, text) {
		t.Errorf("the other node does not know the key: %v", err)
	}
	if err := here.RevokeKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	if err := there.Refresh(ctx); err != nil || opens(there, text) || there.Ring().Len() != 0 {
		t.Errorf("the other node still lets the key in: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Minute)
	for name, fn := range map[string]func() error{
		"no name":       func() error { _, err := s.Create(ctx, application.Input{Name: "  "}); return err },
		"bad plan":      func() error { _, err := s.Create(ctx, application.Input{Name: "y", Plan: "a b"}); return err },
		"bad API":       func() error { _, err := s.Create(ctx, application.Input{Name: "y", APIs: []string{"a,b"}}); return err },
		"expired":       func() error { _, _, err := s.CreateKey(ctx, app.ID, application.NewKey{ExpiresAt: &past}); return err },
		"strange lapse": func() error { _, _, err := s.CreateKey(ctx, app.ID, application.NewKey{Overlap: "soon"}); return err },
	} {
		if err := fn(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := s.Create(ctx, application.Input{Name: "x"}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the same name twice: %v", err)
	}
	if _, _, err := s.CreateKey(ctx, app.ID, application.NewKey{Replaces: "nothing"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("takes over from nothing: %v", err)
	}
}

func TestTenantsAndRoles(t *testing.T) {
	t.Parallel()
	s := newService(t)
	app, err := s.Create(as(t, "w1", workspace.Lead), application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := s.CreateKey(as(t, "w1", workspace.Lead), app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	other := as(t, "w2", workspace.Owner)
	if _, err := s.Get(other, app.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
	if list, err := s.List(other, application.Filter{Limit: 10}); err != nil || len(list) != 0 {
		t.Errorf("another workspace lists %v, %v", list, err)
	}
	if _, _, err := s.CreateKey(other, app.ID, application.NewKey{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace makes a key: %v", err)
	}
	if err := s.RevokeKey(other, app.ID, k.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace revokes a key: %v", err)
	}
	for _, r := range []workspace.Role{workspace.Responder, workspace.Viewer, workspace.Intake} {
		if _, _, err := s.CreateKey(as(t, "w1", r), app.ID, application.NewKey{}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s makes a key: %v", r, err)
		}
	}
}
