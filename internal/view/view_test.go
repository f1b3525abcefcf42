package view_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/view"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// desk is a workspace with a launch and people who save views.
type desk struct {
	s      *view.Service
	undo   *undo.Service
	db     *db.DB
	bus    *event.Bus
	launch string
	ws     workspace.ID
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := dbtest.Open(t)
	bus := event.New()
	launches := launch.NewService(d, bus)
	k := &desk{db: d, bus: bus, undo: undo.NewService(d), ws: workspace.ID(db.NewID())}
	k.s = view.NewService(d, bus, launches, k.undo)
	l, err := launches.Create(k.as(t, "lead", workspace.Lead), launch.Input{Name: "Go-live"})
	if err != nil {
		t.Fatal(err)
	}
	k.launch = l.ID
	return k
}

func (k *desk) as(t testing.TB, id string, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: k.ws, Kind: "member", ID: id, Name: strings.ToUpper(id), Role: r})
}

func (k *desk) make(t testing.TB, ctx context.Context, in view.Input) *view.View {
	t.Helper()
	if in.Page == "" {
		in.Page = "feedback"
	}
	v, err := k.s.Create(ctx, k.launch, in)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// names are the views that somebody sees, those of others with a star.
func (k *desk) names(t testing.TB, ctx context.Context) []string {
	t.Helper()
	list, err := k.s.List(ctx, k.launch)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, v := range list {
		star := ""
		if !v.Mine {
			star = "*"
		}
		out = append(out, v.Name+star)
	}
	return out
}

func p[T any](v T) *T { return &v }

func TestPrivateViewsAreTheirOwners(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada, sam := k.as(t, "ada", workspace.Responder), k.as(t, "sam", workspace.Admin)
	mine := k.make(t, ada, view.Input{Name: " Pay, severe ", Query: "?severity=sev1&q=pay"})
	if mine.Name != "Pay, severe" || mine.Query != "severity=sev1&q=pay" || !mine.Mine || !mine.Editable || mine.Shared || mine.Position != 1 {
		t.Errorf("view = %+v", mine)
	}
	got, err := k.s.Get(ada, mine.ID)
	if diff := cmp.Diff(mine, got); err != nil || diff != "" {
		t.Errorf("stored -created +got (%v):\n%s", err, diff)
	}
	if list := k.names(t, sam); len(list) != 0 {
		t.Errorf("an admin sees %v", list)
	}
	for what, err := range map[string]error{
		"read":   second(k.s.Get(sam, mine.ID)),
		"change": second(k.s.Change(sam, mine.ID, view.Change{Name: p("x")})),
		"delete": second(k.s.Delete(sam, mine.ID)),
	} {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("an admin may %s a private view: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSharedViewsAreEverybodys(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada, sam := k.as(t, "ada", workspace.Responder), k.as(t, "sam", workspace.Responder)
	lead, viewer := k.as(t, "lena", workspace.Lead), k.as(t, "vic", workspace.Viewer)
	v := k.make(t, ada, view.Input{Name: "Security", Query: "flag=security&tab=all", Shared: true})
	for who, ctx := range map[string]context.Context{"a responder": sam, "a viewer": viewer} {
		got, err := k.s.Get(ctx, v.ID)
		if err != nil || got.Query != v.Query || got.Mine || got.Editable || got.Owner.ID != "ada" {
			t.Errorf("%s sees %+v, %v", who, got, err)
		}
		if _, err := k.s.Change(ctx, v.ID, view.Change{Query: p("tab=all")}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s changes it: %v", who, err)
		}
		if _, err := k.s.Delete(ctx, v.ID); !errs.Is(err, errs.Denied) {
			t.Errorf("%s deletes it: %v", who, err)
		}
	}
	c, err := k.s.Change(lead, v.ID, view.Change{Name: p("Security first")})
	if err != nil || c.View.Name != "Security first" || !c.View.Editable {
		t.Fatalf("a lead renames it: %+v, %v", c, err)
	}
	// Kept private again it is its owner's alone.
	if _, err := k.s.Change(ada, v.ID, view.Change{Shared: p(false)}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.s.Get(sam, v.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("taken back and still there: %v", err)
	}
}

func TestViewersKeepViewsButShareNone(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	vic := k.as(t, "vic", workspace.Viewer)
	if _, err := k.s.Create(vic, k.launch, view.Input{Page: "issues", Name: "x", Shared: true}); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer shares: %v", err)
	}
	v := k.make(t, vic, view.Input{Page: "issues", Name: "Mine", Query: "owner=vic"})
	if _, err := k.s.Change(vic, v.ID, view.Change{Shared: p(true)}); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer shares afterwards: %v", err)
	}
	undoID, err := k.s.Delete(vic, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.undo.Undo(k.as(t, "ada", workspace.Owner), undoID); !errs.Is(err, errs.NotFound) {
		t.Errorf("somebody else brings a private view back: %v", err)
	}
	if err := k.undo.Undo(vic, undoID); err != nil {
		t.Fatal(err)
	}
	if got, err := k.s.Get(vic, v.ID); err != nil || got.Query != v.Query {
		t.Errorf("after undo: %+v, %v", got, err)
	}
	if _, err := k.s.List(k.as(t, "key", workspace.Intake), k.launch); !errs.Is(err, errs.Denied) {
		t.Errorf("an intake token reads views: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	for name, in := range map[string]view.Input{
		"no name":           {Page: "feedback", Name: "  "},
		"long name":         {Page: "feedback", Name: strings.Repeat("ä", 81)},
		"name of two lines": {Page: "feedback", Name: "a\nb"},
		"unknown page":      {Page: "settings", Name: "x"},
		"long query":        {Page: "feedback", Name: "x", Query: strings.Repeat("a", 2001)},
		"control character": {Page: "feedback", Name: "x", Query: "q=a\x00b"},
		"hidden in percent": {Page: "feedback", Name: "x", Query: "q=a%0d%0ab"},
		"half a percent":    {Page: "feedback", Name: "x", Query: "q=%zz"},
		"invalid UTF-8":     {Page: "feedback", Name: "x", Query: "q=%ff"},
		"semicolons":        {Page: "feedback", Name: "x", Query: "a=1;b=2"},
	} {
		if _, err := k.s.Create(ada, k.launch, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := k.s.Create(ada, "nowhere", view.Input{Page: "feedback", Name: "x"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("in a launch that is not there: %v", err)
	}
	one, two := k.make(t, ada, view.Input{Name: "One"}), k.make(t, ada, view.Input{Name: "Two"})
	_, err := k.s.Create(ada, k.launch, view.Input{Page: "feedback", Name: "One"})
	if !errs.Is(err, errs.Conflict) || !strings.Contains(errs.Message(err), `"One"`) {
		t.Errorf("a name twice: %v, want a conflict that says which", err)
	}
	if _, err := k.s.Change(ada, two.ID, view.Change{Name: p("One")}); !errs.Is(err, errs.Conflict) {
		t.Errorf("renamed to a name that is taken: %v", err)
	}
	if _, err := k.s.Change(ada, one.ID, view.Change{Name: p("One"), Query: p("tab=all")}); err != nil {
		t.Errorf("its own name: %v", err)
	}
	// The same name is free on another page, and for another person.
	k.make(t, ada, view.Input{Page: "issues", Name: "One"})
	k.make(t, k.as(t, "sam", workspace.Responder), view.Input{Name: "One"})
}

func TestAHundredViewsAPerson(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	for i := range 100 {
		k.make(t, ada, view.Input{Page: view.Pages[i%len(view.Pages)], Name: fmt.Sprint("View ", i)})
	}
	_, err := k.s.Create(ada, k.launch, view.Input{Page: "feedback", Name: "One more"})
	if !errs.Is(err, errs.Conflict) || !strings.Contains(errs.Message(err), "100") {
		t.Errorf("the 101st view: %v, want a conflict that says how many there are", err)
	}
	k.make(t, k.as(t, "sam", workspace.Responder), view.Input{Name: "Somebody else's"})
}

func TestOtherWorkspaces(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	v := k.make(t, ada, view.Input{Name: "Shared", Shared: true})
	undoID, err := k.s.Delete(ada, k.make(t, ada, view.Input{Name: "Gone", Shared: true}).ID)
	if err != nil {
		t.Fatal(err)
	}
	// The same person id in another workspace: nothing leaks by it.
	other := workspace.As(t.Context(), workspace.Actor{Workspace: "elsewhere", Kind: "member", ID: "ada", Role: workspace.Owner})
	for what, err := range map[string]error{
		"get":    second(k.s.Get(other, v.ID)),
		"list":   second(k.s.List(other, k.launch)),
		"create": second(k.s.Create(other, k.launch, view.Input{Page: "feedback", Name: "x"})),
		"change": second(k.s.Change(other, v.ID, view.Change{Name: p("x")})),
		"delete": second(k.s.Delete(other, v.ID)),
		"undo":   k.undo.Undo(other, undoID),
	} {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("another workspace may %s: %v", what, err)
		}
	}
	if _, err := k.s.List(t.Context(), k.launch); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("nobody lists views: %v", err)
	}
}

func TestMovingAndUndo(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	var ids []string
	for _, n := range []string{"a", "b", "c"} {
		ids = append(ids, k.make(t, ada, view.Input{Name: n}).ID)
	}
	c, err := k.s.Change(ada, ids[2], view.Change{Position: p(1)})
	if err != nil || c.UndoID != "" {
		t.Fatalf("move = %+v, %v", c, err)
	}
	if got := k.names(t, ada); !slices.Equal(got, []string{"c", "a", "b"}) {
		t.Errorf("after moving: %v", got)
	}
	// Shared ones stand first, and the last one shared goes last among them.
	for _, id := range ids[:2] {
		if _, err := k.s.Change(ada, id, view.Change{Shared: p(true)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := k.names(t, ada); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("after sharing two: %v", got)
	}
	renamed, err := k.s.Change(ada, ids[0], view.Change{Name: p("aa"), Query: p("tab=all")})
	if err != nil {
		t.Fatal(err)
	}
	removed, err := k.s.Delete(ada, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := k.undo.Undo(ada, renamed.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("the change of a removed view is taken back: %v", err)
	}
	if err := k.undo.Undo(k.as(t, "sam", workspace.Responder), removed); !errs.Is(err, errs.Denied) {
		t.Errorf("a colleague brings it back: %v", err)
	}
	if err := k.undo.Undo(ada, removed); err != nil {
		t.Fatal(err)
	}
	if err := k.undo.Undo(ada, removed); !errs.Is(err, errs.Conflict) {
		t.Errorf("brought back twice: %v", err)
	}
	if err := k.undo.Undo(ada, renamed.UndoID); err != nil {
		t.Fatal(err)
	}
	got, err := k.s.Get(ada, ids[0])
	if err != nil || got.Name != "a" || got.Query != "" || !got.Shared {
		t.Errorf("after both: %+v, %v", got, err)
	}
	log, err := audit.List(t.Context(), k.db, string(k.ws), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range log {
		if e.Subject.Kind == "view" {
			said = append(said, e.Action)
		}
	}
	slices.Reverse(said)
	if want := []string{"view.change", "view.change", "view.change", "view.delete", "view.change", "view.change"}; !slices.Equal(said, want) {
		t.Errorf("the log says %v of what others see, want %v", said, want)
	}
}

func TestOnlySharedViewsAreTold(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	sub, _, _ := k.bus.Subscribe(string(k.ws), "")
	defer sub.Close()
	k.make(t, ada, view.Input{Name: "Mine"})
	v := k.make(t, ada, view.Input{Name: "Ours", Shared: true})
	want := event.Event{Workspace: string(k.ws), Type: "view.updated", LaunchID: k.launch, ID: v.ID, By: &event.Actor{ID: "ada", Name: "ADA"}}
	if diff := cmp.Diff(want, <-sub.C, cmpopts.IgnoreFields(event.Event{}, "Seq", "At")); diff != "" || len(sub.C) != 0 {
		t.Errorf("%d more events; -want +got:\n%s", len(sub.C), diff)
	}
}

func TestOverHTTP(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	mux := http.NewServeMux()
	api := web.NewAPI(mux, "test")
	k.s.Routes(api)
	k.undo.Routes(api)
	call := func(ctx context.Context, route, body string) (int, string) {
		method, path, _ := strings.Cut(route, " ")
		r := httptest.NewRequestWithContext(ctx, method, web.Prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	ada, sam := k.as(t, "ada", workspace.Responder), k.as(t, "sam", workspace.Responder)
	code, body := call(ada, "POST /launches/"+k.launch+"/views", `{"page":"feedback","name":"Severe","query":"severity=sev1"}`)
	if code != 201 || !strings.Contains(body, `"severity=sev1"`) {
		t.Fatalf("POST = %d %s", code, body)
	}
	list, err := k.s.List(ada, k.launch)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	id := list[0].ID
	for route, want := range map[string]int{"GET /views/" + id: 404, "PATCH /views/" + id: 404, "DELETE /views/" + id: 404, "GET /views/%00": 404} {
		body := ""
		if strings.HasPrefix(route, "PATCH") {
			body = `{"name":"x"}`
		}
		if code, text := call(sam, route, body); code != want {
			t.Errorf("%s as a colleague = %d %s, want %d", route, code, text, want)
		}
	}
	if code, body := call(ada, "PATCH /views/"+id, `{"shared":true}`); code != 200 || !strings.Contains(body, `"undo_id"`) {
		t.Fatalf("PATCH = %d %s", code, body)
	}
	if code, body := call(sam, "GET /views/"+id, ""); code != 200 || !strings.Contains(body, `"severity=sev1"`) {
		t.Errorf("the shared view for a colleague = %d %s", code, body)
	}
	if code, body := call(sam, "GET /launches/"+k.launch+"/views", ""); code != 200 || !strings.Contains(body, `"editable":false`) {
		t.Errorf("GET views = %d %s", code, body)
	}
	if code, body := call(ada, "POST /launches/"+k.launch+"/views", `{"page":"feedback","name":"Severe","query":""}`); code != 409 {
		t.Errorf("the same name again = %d %s", code, body)
	}
	code, body = call(ada, "DELETE /views/"+id, "")
	if code != 200 || !strings.Contains(body, `"undo_id"`) {
		t.Errorf("DELETE = %d %s", code, body)
	}
}

// TestWhatIsSavedIsReadBack holds for every text that is accepted: it can be
// stored by both databases, comes back as it was, and is one line.
func TestWhatIsSavedIsReadBack(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	rapid.Check(t, func(t *rapid.T) {
		in := view.Input{Page: "issues", Name: rapid.String().Draw(t, "name"), Query: rapid.OneOf(rapid.String(), rapid.StringMatching(`(q|tab)=(%[0-9a-f]{2}|[a-z&=;]){0,8}`)).Draw(t, "query")}
		v, err := k.s.Create(ada, k.launch, in)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		got, err := k.s.Get(ada, v.ID)
		if err != nil || got.Name != strings.TrimSpace(in.Name) || got.Query != strings.TrimPrefix(in.Query, "?") {
			t.Fatalf("%+v read back as %+v, %v", in, got, err)
		}
		values, err := url.ParseQuery(got.Query)
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			if strings.ContainsFunc(name+strings.Join(list, "")+got.Name, unicode.IsControl) {
				t.Fatalf("a control character in %+v", got)
			}
		}
		if _, err := k.s.Delete(ada, v.ID); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOrderIsAlwaysWhatWasAsked moves views about: the one that was moved is
// where it was put, and the others keep their order among themselves.
func TestOrderIsAlwaysWhatWasAsked(t *testing.T) {
	t.Parallel()
	k := newDesk(t)
	ada := k.as(t, "ada", workspace.Responder)
	ids := map[string]string{}
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		ids[n] = k.make(t, ada, view.Input{Name: n}).ID
	}
	rapid.Check(t, func(r *rapid.T) {
		before := k.names(t, ada)
		what := rapid.SampledFrom(before).Draw(r, "what")
		to := rapid.IntRange(1, 9).Draw(r, "to")
		if _, err := k.s.Change(ada, ids[what], view.Change{Position: &to}); err != nil {
			r.Fatal(err)
		}
		rest := slices.DeleteFunc(slices.Clone(before), func(n string) bool { return n == what })
		want := slices.Insert(rest, min(to-1, len(rest)), what)
		if got := k.names(t, ada); !slices.Equal(got, want) {
			r.Fatalf("%v, %s to %d: %v, want %v", before, what, to, got, want)
		}
	})
}
