package issue

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// bench is a workspace with feedback and the service under test.
type bench struct {
	*feedbacktest.Bench
	s    *Service
	undo *undo.Service
	t    testing.TB
}

func newBench(t testing.TB) *bench {
	b := &bench{Bench: feedbacktest.New(t), t: t}
	b.undo = undo.NewService(b.DB)
	b.s = NewService(Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: b.undo, Log: slog.New(slog.DiscardHandler)})
	b.Feedback.NameIssues(b.s.Refs)
	// The clock stands, just behind what the tests send, so that counts by
	// the hour don't depend on when a test runs.
	noon := time.Now().Add(time.Second)
	b.s.now = func() time.Time { return noon }
	return b
}

// must unwraps what may not fail.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) accept(feedbackID, issueID string) *Accepted {
	b.t.Helper()
	return must(b.s.Accept(b.Ctx, feedbackID, issueID))(b.t)
}

func (b *bench) get(id string) *Issue {
	b.t.Helper()
	return must(b.s.Get(b.Ctx, id))(b.t)
}

func (b *bench) takeBack(undoID string) {
	b.t.Helper()
	if err := b.undo.Undo(b.Ctx, undoID); err != nil {
		b.t.Fatalf("undo: %v", err)
	}
}

// member makes somebody who can own issues.
func (b *bench) member(name string) string {
	b.t.Helper()
	m := must(workspace.NewService(b.DB, b.Bus).AddMember(b.Ctx, workspace.NewMember{Name: name, Email: name + "@example.org", Password: "correct horse battery staple", Role: workspace.Responder}))(b.t)
	return m.ID
}

// fakeFinder answers what a test says is alike.
type fakeFinder map[string][]Alike

func (f fakeFinder) Alike(_ context.Context, _ workspace.ID, _, id string, k int) ([]Alike, error) {
	return f[id][:min(k, len(f[id]))], nil
}

// fakeGrouper answers groups as they are.
type fakeGrouper [][]string

func (g fakeGrouper) Group(context.Context, workspace.ID, string, []string) ([][]string, error) {
	return g, nil
}

// places returns where feedback of a launch stands, by number.
func (b *bench) places(launchID string) []feedback.Place {
	b.t.Helper()
	list, err := db.All(b.Ctx, b.DB, func(r db.Scanner) (p feedback.Place, err error) {
		return p, r.Scan(&p.ID, &p.Num, &p.LaunchID, &p.State, &p.IssueID)
	}, `SELECT id, num, launch_id, state, issue_id FROM feedback WHERE workspace_id = $1 AND launch_id = $2 ORDER BY num`, b.Workspace, launchID)
	return must(list, err)(b.t)
}

// issues returns every issue of a launch as it is in the records.
func (b *bench) issues(launchID string) []*Issue {
	b.t.Helper()
	return must(db.All(b.Ctx, b.DB, scan, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND launch_id = $2 ORDER BY num`, b.Workspace, launchID))(b.t)
}
