package person_test

import (
	"context"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

func as(t *testing.T, role workspace.Role, ws ...workspace.ID) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: append(ws, "w1")[0], Kind: "member", ID: "m1", Name: "Mia", Role: role})
}

func sameIdentities(p *person.Person, pairs ...string) bool {
	if len(p.Identities) != len(pairs)/2 {
		return false
	}
	have := map[person.Identity]bool{}
	for _, k := range p.Identities {
		have[k] = true
	}
	for i := 0; i < len(pairs); i += 2 {
		if !have[person.Identity{Kind: pairs[i], Value: pairs[i+1]}] {
			return false
		}
	}
	return true
}

func TestMergeMovesAllAndUndoGivesItBack(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	u := undo.NewService(d)
	s := person.NewService(d, u, feedbacktest.Phones(t))
	ann := seen("Ann", "email", "ann@x.example")
	ann.Email, ann.Attrs["tier"], ann.Attrs["region"] = "ann@x.example", "gold", "eu"
	web := seen("", "user_id", "7", "session_id", "s7")
	web.Attrs["tier"] = "free"
	ids := resolve(t, d, "w1", ann, web)
	ctx := as(t, workspace.Responder)

	if _, err := s.Merge(as(t, workspace.Viewer), ids[1], person.MergeInput{Into: ids[0], Reason: "x"}); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer merges: %v", err)
	}
	if _, err := s.Merge(as(t, workspace.Owner, "w2"), ids[1], person.MergeInput{Into: ids[0], Reason: "x"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace merges: %v", err)
	}
	if _, err := s.Merge(ctx, ids[1], person.MergeInput{Into: ids[0]}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a merger without a reason: %v", err)
	}
	preview, err := s.Merge(ctx, ids[1], person.MergeInput{Into: ids[0], Preview: true})
	if err != nil || preview.Identities != 2 || preview.UndoID != "" {
		t.Fatalf("preview = %+v, %v; want 2 identities", preview, err)
	}
	if p, err := s.Get(ctx, ids[1]); err != nil || p.MergedInto != "" || len(p.Identities) != 2 {
		t.Fatalf("a preview moved something: %+v, %v", p, err)
	}

	done, err := s.Merge(ctx, ids[1], person.MergeInput{Into: ids[0], Reason: "She told us."})
	if err != nil {
		t.Fatal(err)
	}
	if p := done.Person; p.ID != ids[0] || !sameIdentities(p, "email", "ann@x.example", "user_id", "7", "session_id", "s7") || p.Attrs["tier"] != "gold" {
		t.Errorf("after the merger: %+v", p)
	}
	if p, err := s.Get(ctx, ids[1]); err != nil || p.ID != ids[0] || p.MergedInto != ids[0] {
		t.Errorf("the old id leads to %+v, %v", p, err)
	}
	if list, err := s.List(ctx, person.Filter{}, 0, "", 10); err != nil || len(list) != 1 {
		t.Errorf("the list shows %d people, %v; want 1", len(list), err)
	}
	if again := resolve(t, d, "w1", seen("", "session_id", "s7")); again[0] != ids[0] {
		t.Errorf("a later report is %s's, want %s's", again[0], ids[0])
	}
	if _, err := s.Merge(ctx, ids[1], person.MergeInput{Into: ids[0], Reason: "again"}); !errs.Is(err, errs.Conflict) {
		t.Errorf("who was merged is merged again: %v", err)
	}
	if list, err := s.History(ctx, ids[0]); err != nil || len(list) != 1 || list[0].Reason != "She told us." || list[0].Identities != 2 || list[0].By.Name != "Mia" {
		t.Errorf("history = %+v, %v", list, err)
	}

	if err := u.Undo(ctx, done.UndoID); err != nil {
		t.Fatal(err)
	}
	a, _ := s.Get(ctx, ids[0])
	b, err := s.Get(ctx, ids[1])
	if err != nil || !sameIdentities(a, "email", "ann@x.example") || !sameIdentities(b, "user_id", "7", "session_id", "s7") || b.MergedInto != "" || b.Attrs["tier"] != "free" {
		t.Errorf("after the undo: %+v and %+v, %v", a, b, err)
	}
	if list, err := s.History(ctx, ids[1]); err != nil || len(list) != 1 || list[0].UndoneAt == nil {
		t.Errorf("history = %+v, %v; want it undone", list, err)
	}
}

func TestMergeFillsWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	u := undo.NewService(d)
	s := person.NewService(d, u, feedbacktest.Phones(t))
	bob := seen("Bob", "email", "bob@y.example")
	bob.Email, bob.Attrs["tier"] = "bob@y.example", "gold"
	ids := resolve(t, d, "w1", seen("", "user_id", "9"), bob)
	ctx := as(t, workspace.Responder)
	done, err := s.Merge(ctx, ids[1], person.MergeInput{Into: ids[0], Reason: "same"})
	if err != nil {
		t.Fatal(err)
	}
	if p := done.Person; p.Name != "Bob" || p.Email != "bob@y.example" || p.Attrs["tier"] != "gold" {
		t.Errorf("person = %+v", p)
	}
	// What was changed since stays, the rest goes back.
	if _, err := s.Change(ctx, ids[0], person.Edit{Attrs: map[string]string{"tier": "silver"}}); err != nil {
		t.Fatal(err)
	}
	if err := u.Undo(ctx, done.UndoID); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Get(ctx, ids[0]); err != nil || p.Name != "" || p.Email != "" || p.Attrs["tier"] != "silver" {
		t.Errorf("after the undo: %+v, %v", p, err)
	}
}

func TestSplitMakesTwoAndUndoOneAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	u := undo.NewService(d)
	s := person.NewService(d, u, feedbacktest.Phones(t))
	family := seen("Ann", "email", "ann@x.example", "device_id", "tablet")
	family.Email = "ann@x.example"
	ids := resolve(t, d, "w1", family, seen("", "email", "ann@x.example", "user_id", "bob"))
	ctx := as(t, workspace.Responder)
	pick := []person.Identity{{Kind: "user_id", Value: "bob"}}
	if _, err := s.Split(as(t, workspace.Viewer), ids[0], person.SplitInput{Identities: pick, Reason: "x"}); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer splits: %v", err)
	}
	if _, err := s.Split(as(t, workspace.Owner, "w2"), ids[0], person.SplitInput{Identities: pick, Reason: "x"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace splits: %v", err)
	}
	if _, err := s.Split(ctx, ids[0], person.SplitInput{Identities: []person.Identity{{Kind: "user_id", Value: "nobody"}}, Reason: "x"}); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("an identity of nobody is split off: %v", err)
	}
	done, err := s.Split(ctx, ids[0], person.SplitInput{Identities: pick, Name: "Bob", Reason: "Two people, one address."})
	if err != nil {
		t.Fatal(err)
	}
	if p := done.Person; p.ID == ids[0] || p.Name != "Bob" || !sameIdentities(p, "user_id", "bob") {
		t.Errorf("the new person is %+v", p)
	}
	if p, err := s.Get(ctx, ids[0]); err != nil || !sameIdentities(p, "email", "ann@x.example", "device_id", "tablet") || p.Email != "ann@x.example" {
		t.Errorf("the other is %+v, %v", p, err)
	}
	// Decided: the next report by both suggests nothing.
	resolve(t, d, "w1", seen("", "user_id", "bob", "email", "ann@x.example"))
	if list, err := s.Suggestions(ctx, "", person.SuggestionCursor{}, 10); err != nil || len(list) != 0 {
		t.Errorf("suggestions = %+v, %v; want none", list, err)
	}
	if err := u.Undo(ctx, done.UndoID); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Get(ctx, done.Person.ID); err != nil || p.ID != ids[0] || len(p.Identities) != 3 {
		t.Errorf("after the undo the new id leads to %+v, %v", p, err)
	}
	if list, err := s.List(ctx, person.Filter{}, 0, "", 10); err != nil || len(list) != 1 {
		t.Errorf("the list shows %d people, %v; want 1", len(list), err)
	}
}

func TestNobodyIsMergedButSuggested(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	ctx := as(t, workspace.Responder)
	place := func(p person.Sighting, where string) person.Sighting {
		p.Signs = []person.Sign{{Kind: person.AddressAgent, Value: where}, {Kind: person.Application, Value: "shop"}}
		return p
	}
	at := func(p person.Sighting, address string) person.Sighting { p.Email = address; return p }
	ids := resolve(t, d, "w1",
		seen("Ann Lee", "user_id", "7"), at(seen("Ann Lee", "email", "ann@acme.example"), "ann@acme.example"),
		seen("", "user_id", "7", "email", "ann@acme.example"), // strong: one report names both
		at(seen("Jo Doe", "email", "jo@acme.example"), "jo@acme.example"), at(seen("Jo Doe", "email", "j.doe@acme.example"), "j.doe@acme.example"),
		at(seen("Kim Ho", "email", "kim@gmail.com"), "kim@gmail.com"), at(seen("Kim Ho", "email", "kim2@gmail.com"), "kim2@gmail.com"),
		place(seen("", "session_id", "s1"), "desk"), place(seen("", "session_id", "s2"), "desk"),
		place(seen("", "user_id", "u1"), "office"), place(seen("", "user_id", "u2"), "office"))
	list, err := s.Suggestions(ctx, "", person.SuggestionCursor{}, 20)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range list {
		got[x.A.ID+x.B.ID] = x.Kind
	}
	pair := func(i, k int) string { return min(ids[i], ids[k]) + max(ids[i], ids[k]) }
	want := map[string]string{pair(0, 1): "identities", pair(3, 4): "name_organisation", pair(7, 8): "address_agent"}
	if len(got) != len(want) {
		t.Errorf("%d suggestions, want %d: %v", len(got), len(want), got)
	}
	for k, kind := range want {
		if got[k] != kind {
			t.Errorf("suggestion of %s = %q, want %q", k, got[k], kind)
		}
	}
	if list[0].Kind != "identities" || ids[2] != ids[0] {
		t.Errorf("the surest is %+v; the report of both is %s's, want %s's", list[0], ids[2], ids[0])
	}
	// What people decide stays decided.
	if err := s.Different(as(t, workspace.Viewer), list[0].ID); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer decides: %v", err)
	}
	if err := s.Different(ctx, list[0].ID); err != nil {
		t.Fatal(err)
	}
	resolve(t, d, "w1", seen("", "user_id", "7", "email", "ann@acme.example"))
	if again, err := s.Suggestions(ctx, ids[0], person.SuggestionCursor{}, 20); err != nil || len(again) != 0 {
		t.Errorf("it is suggested again: %+v, %v", again, err)
	}
}

func TestSuggestionsFollowAMerger(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	u := undo.NewService(d)
	s := person.NewService(d, u, feedbacktest.Phones(t))
	ctx := as(t, workspace.Responder)
	ids := resolve(t, d, "w1", seen("", "user_id", "a"), seen("", "user_id", "b"), seen("", "external_id", "c"),
		seen("", "user_id", "a", "external_id", "c"))
	done, err := s.Merge(ctx, ids[0], person.MergeInput{Into: ids[1], Reason: "same"})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Suggestions(ctx, ids[1], person.SuggestionCursor{}, 20); err != nil || len(list) != 1 {
		t.Errorf("about who stays: %+v, %v; want one", list, err)
	}
	if err := u.Undo(ctx, done.UndoID); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Suggestions(ctx, "", person.SuggestionCursor{}, 20); err != nil || len(list) != 1 || list[0].A.ID != min(ids[0], ids[2]) {
		t.Errorf("after the undo: %+v, %v", list, err)
	}
}

func TestAttributesOfOneBatchAddUp(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	one, two := seen("", "user_id", "7"), seen("", "user_id", "7")
	one.Attrs["tier"], two.Attrs["region"] = "gold", "eu"
	ids := resolve(t, d, "w1", seen("", "user_id", "7"), one, two)
	p, err := service(t, d).Get(as(t, workspace.Viewer), ids[0])
	if err != nil || p.Attrs["tier"] != "gold" || p.Attrs["region"] != "eu" {
		t.Errorf("attributes = %v, %v", p.Attrs, err)
	}
}

func TestWeakSignsAreForgotten(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	x := seen("", "user_id", "7")
	x.Signs = []person.Sign{{Kind: person.Application, Value: "shop"}}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := person.Resolve(t.Context(), tx, "w1", []person.Sighting{x}, time.Now().Add(-60*24*time.Hour))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := d.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM person_sign WHERE workspace_id = 'w1'`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d signs are left, %v", n, err)
	}
}
