package launch_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

func as(t *testing.T, ws workspace.ID, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "m", Role: r})
}

func TestCreateChangeArchive(t *testing.T) {
	t.Parallel()
	s := launch.NewService(dbtest.Open(t), event.New())
	ctx := as(t, "w1", workspace.Lead)
	l, err := s.Create(ctx, launch.Input{Name: " Checkout 3.0 ", TimeZone: "Europe/Berlin", Services: []string{" pay ", ""}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(ctx, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, got); diff != "" {
		t.Errorf("stored launch -created +got:\n%s", diff)
	}
	if got.Name != "Checkout 3.0" || got.EndsAt.Sub(got.StartsAt) < 27*24*time.Hour || cmp.Diff(got.Services, []string{"pay"}) != "" {
		t.Errorf("launch = %+v", got)
	}
	if got.TriageTarget != launch.DefaultTriageTarget {
		t.Errorf("target for triage = %d minutes, want the usual", got.TriageTarget)
	}
	for _, minutes := range []int{30, 0} {
		changed, err := s.Change(ctx, l.ID, launch.Change{TriageTarget: &minutes})
		if want := map[int]int{30: 30, 0: launch.DefaultTriageTarget}[minutes]; err != nil || changed.TriageTarget != want {
			t.Errorf("set the target to %d: %+v, %v; want %d", minutes, changed, err, want)
		}
	}
	if err := s.Check(ctx, "w1", l.ID); err != nil {
		t.Errorf("an active launch refuses feedback: %v", err)
	}
	archived := launch.Archived
	if _, err := s.Change(ctx, l.ID, launch.Change{State: &archived}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(ctx, "w1", l.ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("an archived launch takes feedback: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := launch.NewService(dbtest.Open(t), event.New())
	ctx := as(t, "w1", workspace.Lead)
	now := time.Now()
	for name, in := range map[string]launch.Input{
		"no name":           {Name: "  "},
		"target of a year":  {Name: "x", TriageTarget: 60 * 24 * 365},
		"ends before start": {Name: "x", StartsAt: now, EndsAt: now.Add(-time.Hour)},
		"unknown time zone": {Name: "x", TimeZone: "Mars/Olympus"},
		"local time zone":   {Name: "x", TimeZone: "Local"},
	} {
		if _, err := s.Create(ctx, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestTenantsAndRoles(t *testing.T) {
	t.Parallel()
	s := launch.NewService(dbtest.Open(t), event.New())
	l, err := s.Create(as(t, "w1", workspace.Owner), launch.Input{Name: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	other := as(t, "w2", workspace.Owner)
	if _, err := s.Get(other, l.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
	name := "mine now"
	if _, err := s.Change(other, l.ID, launch.Change{Name: &name}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace changes it: %v", err)
	}
	if list, err := s.List(other); len(list) != 0 || err != nil {
		t.Errorf("another workspace lists %v, %v", list, err)
	}
	if err := s.Check(other, "w2", l.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace sends to it: %v", err)
	}
	for _, r := range []workspace.Role{workspace.Responder, workspace.Viewer, workspace.Intake} {
		if _, err := s.Create(as(t, "w1", r), launch.Input{Name: "x"}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s creates a launch: %v", r, err)
		}
	}
	if _, err := s.List(t.Context()); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("nobody lists launches: %v", err)
	}
}

func TestWIPLimits(t *testing.T) {
	t.Parallel()
	s := launch.NewService(dbtest.Open(t), event.New())
	s.SetStages([]string{"planning", "resolution"})
	ctx := as(t, "w1", workspace.Lead)
	l, err := s.Create(ctx, launch.Input{Name: "Checkout"})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ change, want map[string]int }{
		{map[string]int{"planning": 6}, map[string]int{"planning": 6}},
		{map[string]int{"resolution": 3}, map[string]int{"planning": 6, "resolution": 3}},
		{map[string]int{"planning": 0}, map[string]int{"resolution": 3}},
	} {
		if _, err := s.Change(ctx, l.ID, launch.Change{WIPLimits: step.change}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got.WIPLimits); diff != "" {
			t.Errorf("after %v -want +got:\n%s", step.change, diff)
		}
	}
	for name, bad := range map[string]map[string]int{"unknown stage": {"waiting": 2}, "negative": {"planning": -1}, "too many": {"planning": 10_000}} {
		if _, err := s.Change(ctx, l.ID, launch.Change{WIPLimits: bad}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s = %v, want invalid", name, err)
		}
	}
	if _, err := s.Change(as(t, "w1", workspace.Responder), l.ID, launch.Change{WIPLimits: map[string]int{"planning": 1}}); !errs.Is(err, errs.Denied) {
		t.Errorf("as responder = %v, want denied", err)
	}
	if _, err := s.Change(as(t, "w2", workspace.Owner), l.ID, launch.Change{WIPLimits: map[string]int{"planning": 1}}); !errs.Is(err, errs.NotFound) {
		t.Errorf("from another workspace = %v, want not found", err)
	}
}
