package note

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// bench is a launch whose reports and issues can be written on.
type bench struct {
	*feedbacktest.Bench
	s       *Service
	issues  *issue.Service
	members *workspace.Service
	undo    *undo.Service
	t       testing.TB
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{Bench: feedbacktest.New(t), t: t}
	b.undo, b.members = undo.NewService(b.DB), workspace.NewService(b.DB, b.Bus)
	b.issues = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: b.undo, Log: slog.New(slog.DiscardHandler)})
	b.Feedback.NameIssues(b.issues.Refs)
	b.s = NewService(Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Issues: b.issues, Members: b.members, Undo: b.undo})
	return b
}

// member adds a person who can be called on, and returns the id and a context
// that acts as them.
func (b *bench) member(name string, r workspace.Role) (string, context.Context) {
	b.t.Helper()
	m, err := b.members.AddMember(b.Ctx, workspace.NewMember{Name: name, Email: strings.ReplaceAll(name, " ", ".") + "." + string(b.Workspace) + "@example.com", Password: secret.Text("correct horse " + name), Role: r})
	if err != nil {
		b.t.Fatal(err)
	}
	return m.ID, workspace.As(b.t.Context(), workspace.Actor{Workspace: b.Workspace, Kind: "member", ID: m.ID, Name: name, Role: r})
}

func (b *bench) add(ctx context.Context, on Subject, text string, mentions ...string) *Written {
	b.t.Helper()
	w, err := b.s.Add(ctx, on, Input{Text: text, Mentions: mentions})
	if err != nil {
		b.t.Fatalf("Add(%q): %v", text, err)
	}
	return w
}

func (b *bench) takeBack(ctx context.Context, undoID string) {
	b.t.Helper()
	if err := b.undo.Undo(ctx, undoID); err != nil {
		b.t.Fatal(err)
	}
}

// accept makes an issue of a report, or joins it to one.
func (b *bench) accept(id, into string) *issue.Accepted {
	b.t.Helper()
	a, err := b.issues.Accept(b.Ctx, id, into)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// texts are the notes of a list, newest first; what was deleted is "-".
func texts(list []*Note, err error) string {
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, n := range list {
		if n.DeletedAt != nil {
			out = append(out, "-")
			continue
		}
		out = append(out, n.Text)
	}
	return strings.Join(out, ", ")
}

// call sends a request as ctx acts, and returns the status and the JSON of the
// answer.
func (b *bench) call(ctx context.Context, route, body string) (int, map[string]any) {
	b.t.Helper()
	mux := http.NewServeMux()
	api := web.NewAPI(mux, "test")
	b.s.Routes(api)
	b.undo.Routes(api)
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequest(method, web.Prefix+path, strings.NewReader(body)).WithContext(ctx)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatalf("%s: %v in %s", route, err, w.Body)
		}
	}
	return w.Code, out
}

// removeAsImport takes a report away as undoing its import does.
func (b *bench) removeAsImport(id string) {
	b.t.Helper()
	err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(b.Ctx, `UPDATE delivery SET import_id = 'i' WHERE workspace_id = $1 AND id = $2`, b.Workspace, id); err != nil {
			return err
		}
		_, err := b.Feedback.RemoveImport(b.Ctx, tx, b.Workspace, b.LaunchID, "i", 10)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
