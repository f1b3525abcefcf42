package person_test

import (
	"sync"
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

func resolve(t *testing.T, d *db.DB, ws workspace.ID, list ...person.Sighting) []string {
	t.Helper()
	var ids []string
	err := d.Tx(t.Context(), func(tx *db.Tx) (err error) {
		ids, err = person.Resolve(t.Context(), tx, ws, list, time.Now())
		return err
	})
	if err != nil {
		t.Error(err)
		return make([]string, len(list))
	}
	return ids
}

func seen(name string, pairs ...string) person.Sighting {
	s := person.Sighting{Name: name, Attrs: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Identities = append(s.Identities, person.Identity{Kind: pairs[i], Value: pairs[i+1]})
	}
	return s
}

func TestIdentitiesDecideWhoIsTheSame(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	gold := seen("", "email", "ann@x.example")
	gold.Attrs["tier"] = "gold"
	ids := resolve(t, d, "w1",
		seen("Ann", "email", "ann@x.example"),
		seen("Ann"), // a name alone is nobody
		seen("Ann B.", "user_id", "7", "email", "ann@x.example"),
		seen("Bob", "session_id", "s1"),
		gold)
	if ids[0] == "" || ids[1] != "" || ids[2] != ids[0] || ids[3] == ids[0] || ids[4] != ids[0] {
		t.Errorf("ids = %q", ids)
	}
	// Later the user id alone is enough, and the strongest identity decides.
	again := resolve(t, d, "w1", seen("", "user_id", "7"), seen("", "user_id", "7", "session_id", "s1"))
	if again[0] != ids[0] || again[1] != ids[0] {
		t.Errorf("again = %q, want %q", again, ids[0])
	}
	if other := resolve(t, d, "w2", seen("", "user_id", "7")); other[0] == ids[0] {
		t.Error("two workspaces share a person")
	}
	s := service(t, d)
	ctx := workspace.As(t.Context(), workspace.Actor{Workspace: "w1", Role: workspace.Viewer})
	p, err := s.Get(ctx, ids[0])
	if err != nil || p.Name != "Ann" || p.Attrs["tier"] != "gold" || len(p.Identities) != 2 {
		t.Errorf("person = %+v, %v", p, err)
	}
	if list, err := s.List(ctx, person.Filter{}, 0, "", 10); err != nil || len(list) != 2 {
		t.Errorf("List = %d people, %v; want 2", len(list), err)
	}
	elsewhere := workspace.As(t.Context(), workspace.Actor{Workspace: "w3", Role: workspace.Owner})
	if _, err := s.Get(elsewhere, ids[0]); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads a person: %v", err)
	}
	if _, err := s.Get(workspace.As(t.Context(), workspace.Actor{Workspace: "w1", Role: workspace.Intake}), ids[0]); !errs.Is(err, errs.Denied) {
		t.Errorf("an intake token reads a person: %v", err)
	}
}

func TestPeopleAreFoundByNameAndAddress(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	bob := seen("100% Bob_by", "email", "bob@y.example")
	bob.Email = "bob@y.example"
	resolve(t, d, "w1", seen("Ann Özil", "email", "ann@x.example"), bob, seen("Çağla", "user_id", "3"))
	resolve(t, d, "w2", seen("Ann Elsewhere", "email", "ann@z.example"))
	s := service(t, d)
	ctx := workspace.As(t.Context(), workspace.Actor{Workspace: "w1", Role: workspace.Viewer})
	for q, want := range map[string]string{"ann": "Ann Özil", "ANN ö": "Ann Özil", "özil": "Ann Özil", "@y.EX": "100% Bob_by", "çağ": "Çağla",
		"0%": "100% Bob_by", "b_b": "100% Bob_by", "%": "100% Bob_by", "elsewhere": "", "nobody": "", "a\x00b": "", "\xff": "", `\`: ""} {
		list, err := s.List(ctx, person.Filter{Text: q}, 0, "", 10)
		got := ""
		if len(list) > 0 {
			got = list[0].Name
		}
		if err != nil || len(list) > 1 || got != want {
			t.Errorf("List(%q) = %d people, first %q, %v; want %q", q, len(list), got, err, want)
		}
	}
}

// TestManyMeetTheSamePersonAtOnce: whoever is first makes the person.
func TestManyMeetTheSamePersonAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	got := make([]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = resolve(t, d, "w1", seen("Ann", "email", "ann@x.example", "user_id", "7"))[0] })
	}
	wg.Wait()
	for i, id := range got {
		if id != got[0] {
			t.Errorf("caller %d made person %s, the first %s", i, id, got[0])
		}
	}
}

func service(t *testing.T, d *db.DB) *person.Service {
	t.Helper()
	return person.NewService(d, undo.NewService(d), feedbacktest.Phones(t))
}
