package application_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/application"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestPlansComeAndGo(t *testing.T) {
	t.Parallel()
	bus := event.New()
	told := counted(t, bus, "plan.updated")
	d := dbtest.Open(t)
	s := application.NewService(d, bus, slog.New(slog.DiscardHandler), nil)
	there := on(t, d)
	ctx := as(t, "w1", workspace.Lead)
	limits := gateway.PlanLimits{Limits: []gateway.PlanRate{{Rate: "10/s", Burst: 20}}, Quotas: []gateway.PlanQuota{{Count: 1000, Per: "month", Zone: "Europe/Berlin"}}, Concurrent: 5, Priority: "low"}
	p, err := s.CreatePlan(ctx, application.NewPlan{Name: "gold", PlanLimits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if s.Ring().Plan("w1", "gold") == nil || s.Ring().Plan("w2", "gold") != nil {
		t.Error("the ring does not have the plan, or gives it to others")
	}
	if _, err := s.CreatePlan(ctx, application.NewPlan{Name: "gold"}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the same name twice: %v", err)
	}
	if _, err := s.CreatePlan(as(t, "w2", workspace.Lead), application.NewPlan{Name: "gold"}); err != nil {
		t.Errorf("the same name in another workspace: %v", err)
	}
	for name, in := range map[string]application.NewPlan{
		"no name":  {},
		"bad rate": {Name: "x", PlanLimits: gateway.PlanLimits{Limits: []gateway.PlanRate{{Rate: "fast"}}}},
		"bad zone": {Name: "x", PlanLimits: gateway.PlanLimits{Quotas: []gateway.PlanQuota{{Count: 1, Per: "day", Zone: "Moon/Base"}}}},
		"two days": {Name: "x", PlanLimits: gateway.PlanLimits{Quotas: []gateway.PlanQuota{{Count: 1, Per: "day"}, {Count: 2, Per: "day"}}}},
		"priority": {Name: "x", PlanLimits: gateway.PlanLimits{Priority: "top"}},
	} {
		if _, err := s.CreatePlan(ctx, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	app, err := s.Create(ctx, application.Input{Name: "x", Plan: "gold"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeletePlan(ctx, p.ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("deleted though an application has it: %v", err)
	}
	text := "for all"
	changed, err := s.ChangePlan(ctx, p.ID, application.PlanChange{Description: &text})
	if err != nil || changed.Description != text || changed.Applications != 1 || changed.Concurrent != 5 || changed.Limits[0].Burst != 20 {
		t.Errorf("ChangePlan = %+v, %v", changed, err)
	}
	before := there.Ring().Plan("w1", "gold")
	if err := there.Refresh(ctx); err != nil || before != nil || there.Ring().Plan("w1", "gold") == nil {
		t.Errorf("another node does not follow: %v", err)
	}
	list, err := s.Plans(ctx)
	if err != nil || len(list) != 1 || list[0].Name != "gold" || list[0].Quotas[0].Zone != "Europe/Berlin" {
		t.Errorf("Plans = %+v, %v", list, err)
	}
	none := ""
	if _, err := s.Change(ctx, app.ID, application.Change{Plan: &none}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeletePlan(ctx, p.ID); err != nil || s.Ring().Plan("w1", "gold") != nil {
		t.Errorf("DeletePlan: %v", err)
	}
	if err := there.Refresh(ctx); err != nil || there.Ring().Plan("w1", "gold") != nil {
		t.Errorf("another node keeps it: %v", err)
	}
	if n := told.Load(); n != 4 { // made twice, changed, deleted
		t.Errorf("%d events, want 4", n)
	}
	other := as(t, "w3", workspace.Owner)
	if _, err := s.ChangePlan(other, p.ID, application.PlanChange{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace changes it: %v", err)
	}
	for _, r := range []workspace.Role{workspace.Responder, workspace.Viewer, workspace.Intake} {
		if _, err := s.CreatePlan(as(t, "w1", r), application.NewPlan{Name: "y"}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s makes a plan: %v", r, err)
		}
		if err := s.DeletePlan(as(t, "w1", r), p.ID); !errs.Is(err, errs.Denied) {
			t.Errorf("%s deletes a plan: %v", r, err)
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	fill(t, d, 25, 2)
	s := on(t, d)
	ctx := as(t, "w1", workspace.Viewer)
	var names []string
	after := ""
	for range 10 {
		page, err := s.List(ctx, application.Filter{After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			names = append(names, a.Name)
			if len(a.Keys) != 2 || a.Keys[0].State != application.Active || a.Keys[0].Kind != application.KindKey {
				t.Errorf("%s has the keys %+v", a.Name, a.Keys)
			}
		}
		if len(page) < 10 {
			break
		}
		after = page[len(page)-1].Name
	}
	if len(names) != 25 || !slices.IsSorted(names) || len(slices.Compact(names)) != 25 {
		t.Errorf("pages have %d: %v", len(names), names)
	}
	for search, want := range map[string]int{"A00002": 5, "%": 0, "_": 0, "app a000003": 1} {
		if got, err := s.List(ctx, application.Filter{Search: search, Limit: 100}); err != nil || len(got) != want {
			t.Errorf("search %q: %d, %v, want %d", search, len(got), err, want)
		}
	}
}

func TestKeysThatEndSoonAreMarked(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "x", APIs: []string{"orders/list", "cart"}})
	if err != nil || app.APIs[1] != "orders/list" {
		t.Fatalf("Create = %+v, %v", app, err)
	}
	now := time.Now()
	want := map[string]string{}
	for state, in := range map[string]time.Duration{application.Active: 30 * 24 * time.Hour, application.Expiring: 13 * 24 * time.Hour, application.Expired: time.Hour} {
		at := now.Add(in)
		k, _, err := s.CreateKey(ctx, app.ID, application.NewKey{ExpiresAt: &at})
		if err != nil {
			t.Fatal(err)
		}
		want[k.ID] = state
	}
	k, _, err := s.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	want[k.ID] = application.Revoked
	s.Clock(func() time.Time { return now.Add(2 * time.Hour) })
	page, err := s.List(ctx, application.Filter{Limit: 10})
	if err != nil || len(page) != 1 || page[0].Expiring != 1 {
		t.Fatalf("List = %+v, %v", page, err)
	}
	for _, k := range page[0].Keys {
		if k.State != want[k.ID] {
			t.Errorf("a key is %s, want %s", k.State, want[k.ID])
		}
	}
}

func count(scope, subject string) gateway.Count {
	start := time.Now().Truncate(24 * time.Hour)
	return gateway.Count{Workspace: "w1", Scope: scope, Subject: subject, Start: start.Unix(), End: start.Add(24 * time.Hour).Unix()}
}

func TestQuotasOutliveTheProcess(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	log := slog.New(slog.DiscardHandler)
	q := count("day", "application x")
	take := func(c *application.Counters, n int) (taken int) {
		for range n {
			if _, ok := c.Take(q, 100); ok {
				taken++
			}
		}
		return taken
	}
	start := func() *application.Counters {
		c := application.NewCounters(d, log)
		if err := c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	// One that ends in order: what was leased and not used comes back.
	first := start()
	if n := take(first, 40); n != 40 {
		t.Fatalf("%d of 40 taken", n)
	}
	if _, err := application.Write(first, t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := first.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	// One that is killed: what it counted after its last writing is in its lease.
	second := start()
	if left, ok := second.Take(q, 100); !ok || left != 59 {
		t.Errorf("after a start %d are left, want 59", left)
	}
	take(second, 9)
	if _, err := application.Write(second, t.Context(), false); err != nil {
		t.Fatal(err)
	}
	take(second, 5)
	third := start()
	if n := take(third, 100); n > 45 || n < 30 {
		t.Errorf("after a kill %d calls pass, want at most the 45 that were left, less the lease", n)
	}
	if _, ok := third.Take(q, 100); ok {
		t.Error("more pass than the quota has")
	}
	// Another subject, quota and period have their own.
	for _, other := range []gateway.Count{count("day", "application y"), count("month", "application x")} {
		if left, ok := third.Take(other, 100); !ok || left != 99 {
			t.Errorf("%+v: %d left, %v", other, left, ok)
		}
	}
	// A larger plan has room at once.
	if left, ok := third.Take(q, 1000); !ok || left < 800 {
		t.Errorf("with a larger quota: %d left, %v", left, ok)
	}
}

// Two nodes together let through what the quota has, once they know of each
// other.
func TestQuotasOfSeveralNodes(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	log := slog.New(slog.DiscardHandler)
	nodes := []*application.Counters{application.NewCounters(d, log), application.NewCounters(d, log)}
	q := count("day", "application x")
	passed := 0
	for range 200 {
		for _, c := range nodes {
			if _, ok := c.Take(q, 300); ok {
				passed++
			}
			if _, err := application.Write(c, t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 20 { // near the end leases keep a little back
		for _, c := range nodes {
			if _, err := application.Write(c, t.Context(), false); err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Take(q, 300); ok {
				passed++
			}
		}
	}
	if passed < 295 || passed > 301 {
		t.Errorf("%d calls passed on two nodes, want 300", passed)
	}
}

func TestUsageIsShown(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := on(t, d)
	ctx := as(t, "w1", workspace.Lead)
	app, err := s.Create(ctx, application.Input{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := s.CreateKey(ctx, app.ID, application.NewKey{})
	if err != nil {
		t.Fatal(err)
	}
	c := application.NewCounters(d, slog.New(slog.DiscardHandler))
	for i, q := range []gateway.Count{count("plan-day", "application "+app.ID), count("orders-day", "key "+k.ID), count("orders-day", "application else")} {
		for range i + 1 {
			c.Take(q, 10)
		}
	}
	if err := c.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Usage(ctx, app.ID)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, u := range got {
		text = append(text, fmt.Sprint(u.Quota, " ", u.Subject, " ", u.Used))
	}
	if want := "orders-day key " + k.ID + " 2,plan-day application 1"; strings.Join(text, ",") != want {
		t.Errorf("Usage = %q, want %q", text, want)
	}
	if _, err := s.Usage(as(t, "w2", workspace.Lead), app.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
}

// Who invents subjects does not fill the memory.
func TestCountersAreBounded(t *testing.T) {
	t.Parallel()
	c := application.NewCounters(dbtest.Open(t), slog.New(slog.DiscardHandler))
	refused := 0
	for i := range 400_000 {
		if _, ok := c.Take(count("day", fmt.Sprint("user ", i)), 10); !ok {
			refused++
		}
	}
	if refused < 100_000 {
		t.Errorf("%d of 400,000 invented users were refused", refused)
	}
}

func BenchmarkTake(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint("subjects=", n), func(b *testing.B) {
			c := application.NewCounters(dbtest.Open(b), slog.New(slog.DiscardHandler))
			list := make([]gateway.Count, n)
			for i := range list {
				list[i] = count("day", fmt.Sprint("application ", i))
				c.Take(list[i], 1<<40)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.Take(list[i%n], 1<<40)
				i++
			}
		})
	}
}
