package call

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestErasedCallsAreGone erases a user whose calls are in several segments, in
// the spool and in the tail, and looks for them everywhere, also when the
// manifest has to be made again.
func TestErasedCallsAreGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Log {
		t.Helper()
		l, err := Open(Config{Dir: dir, MinFree: 1, Now: (&clock{start}).now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			tune: tuning{flush: defaults.flush, cutRows: 1 << 20, cutBytes: 1 << 30, cutAge: defaults.cutAge, heads: 50, mergeAt: 100, grace: defaults.grace, late: defaults.late, fileRows: 400, groupRows: 64}})
		must(t, err)
		return l
	}
	l := open()
	var all, theirs int64
	add := func(from, to int) {
		for n := from; n < to; n++ {
			r := testRecord(n)
			if n%170 == 3 { // one more that shares nothing but the name
				r.Workspace = "ws_b"
			} else if all++; r.User == "u_3" {
				theirs++
			}
			put(t, l, r)
		}
	}
	add(0, 300)
	sealNow(t, l)
	add(300, 340) // row groups without the user are moved as they are
	sealNow(t, l)
	add(340, 400)
	q := Query{Where: []Filter{{Field: User, Values: []string{"u_3"}}}}
	if _, err := l.Erase(t.Context(), "ws_a", Query{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("all is erased: %v", err)
	}
	n, err := l.Erase(t.Context(), "ws_a", q)
	if err != nil || n != theirs || theirs < 20 {
		t.Fatalf("erased %d of %d, %v", n, theirs, err)
	}
	check := func(when string) {
		t.Helper()
		for _, c := range []struct {
			ws   string
			q    Query
			want int64
		}{{"ws_a", q, 0}, {"ws_a", Query{}, all - theirs}, {"ws_b", q, 3}} {
			if got, err := l.Count(t.Context(), workspace.ID(c.ws), c.q); err != nil || got != c.want {
				t.Errorf("%s: %d calls in %s, want %d, %v", when, got, c.ws, c.want, err)
			}
		}
		tail, err := l.Tail("ws_a", Query{Where: q.Where, Limit: 1000})
		must(t, err)
		if len(tail.calls) > 0 {
			t.Errorf("%s: %d calls in the tail", when, len(tail.calls))
		}
		tail.Close()
	}
	check("then")
	if n, err := l.Erase(t.Context(), "ws_a", q); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	must(t, l.Close())
	l = open()
	check("after a restart")
	must(t, l.Close())
	must(t, os.Remove(filepath.Join(dir, manifestName)))
	l = open()
	check("with a manifest made again")
	if n, err := l.Erase(t.Context(), "ws_a", Query{Where: []Filter{{Field: API, Values: []string{"orders"}}}}); err != nil || n != all-theirs {
		t.Errorf("all of a workspace: %d, %v", n, err)
	}
	if n, err := l.Count(t.Context(), "ws_a", Query{}); err != nil || n != 0 {
		t.Errorf("%d are left, %v", n, err)
	}
	must(t, l.Close())
}
