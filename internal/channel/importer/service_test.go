package importer

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// bench is a service on a database of its own, whose jobs run when a test
// calls them.
type bench struct {
	*feedbacktest.Bench
	*Service
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{Bench: feedbacktest.New(t)}
	jobs, err := job.New(b.Ctx, b.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b.Service = NewService(Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Jobs: jobs, Feedback: b.Feedback, CheckLaunch: b.Launches.Check, Dir: filepath.Join(t.TempDir(), "imports")})
	// Time flies, so that work gives its worker free after a few steps.
	var calls atomic.Int64
	b.now = func() time.Time { return noon.Add(time.Duration(calls.Add(1)) * 20 * time.Second) }
	return b
}

func (b *bench) upload(t *testing.T, name, file string) *Import {
	t.Helper()
	i, err := b.Upload(b.Ctx, b.LaunchID, name, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// job runs an import's work as the runner does: again until it is done, with
// reports processed in between.
func (b *bench) job(t *testing.T, id string) *Import {
	t.Helper()
	args := runArgs{b.Workspace, id}
	for range 100 {
		if err := b.run(b.Ctx, args); err != nil && !errors.Is(err, job.ErrAgain) {
			t.Fatal(err)
		}
		b.Process()
		if i := b.get(t, id); i.State != Running && i.State != Triaging {
			return i
		}
	}
	t.Fatal("the import does not end")
	return nil
}

func (b *bench) get(t *testing.T, id string) *Import {
	t.Helper()
	i, err := b.Get(b.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (b *bench) start(t *testing.T, i *Import) {
	t.Helper()
	if _, err := b.Start(b.Ctx, i.ID, nil); err != nil {
		t.Fatal(err)
	}
}

// texts are the external ids and texts that the launch holds, in order.
func (b *bench) texts(t *testing.T) []string {
	t.Helper()
	var out []string
	err := b.Feedback.Each(b.Ctx, b.Workspace, b.LaunchID, func(list []*feedback.Feedback) error {
		for _, f := range list {
			out = append(out, f.ExternalID+" "+f.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const smallFile = "id,text,stars,created_at\n1,It crashes at start,1,2024-01-02\n2,<b>'; DROP TABLE feedback; --</b>,5,2024-01-03\n3,ragged\n4,from tomorrow,3,2031-01-01\n5,\"two\nlines\",4,2024-01-04\n1,again the first,2,2024-01-05\n"

func TestImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.upload(t, `C:\tmp\reviews.csv`, smallFile)
	if i.FileName != "reviews.csv" || i.Format != CSV || i.State != Uploaded || i.Mapping.Text != "text" || i.GuessReason["rating"] == "" || i.CreatedBy.Name != "Ada owner" {
		t.Errorf("Upload = %+v", i)
	}
	if len(i.Sample) != 6 || i.Sample[0].Feedback.Text != "It crashes at start" || *i.Sample[0].Feedback.Rating != 1 || !strings.Contains(i.Sample[2].Error, "fields") || !strings.Contains(i.Sample[3].Error, "future") || i.Sample[3].Row != 5 {
		t.Errorf("sample = %+v", i.Sample)
	}

	dry, err := b.Preview(b.Ctx, i.ID, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := dry.DryRun; d.Rows != 6 || d.Good != 3 || d.Duplicates != 1 || d.Bad != 2 || len(d.Errors) != 2 || d.Errors[1].Row != 5 {
		t.Errorf("dry run = %+v", d)
	}
	if got := b.texts(t); got != nil {
		t.Errorf("a dry run kept %q", got)
	}

	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	b.start(t, i)
	got := b.job(t, i.ID)
	want := Progress{RowsTotal: 6, RowsRead: 6, Accepted: 3, Duplicates: 1, Bad: 2, Processed: 3, Embedded: 0, Percent: 100}
	if d := cmp.Diff(want, got.Progress); d != "" || got.State != Finished || got.StartedAt == nil || got.FinishedAt == nil || got.Sample != nil {
		t.Errorf("import = %+v\nprogress (-want +got):\n%s", got, d)
	}
	if d := cmp.Diff([]string{"1 It crashes at start", "2 <b>'; DROP TABLE feedback; --</b>", "5 two\nlines"}, b.texts(t)); d != "" {
		t.Errorf("feedback (-want +got):\n%s", d)
	}
	if _, err := os.Stat(b.path(i.ID)); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	last := ""
	for len(sub.C) > 0 {
		if e := <-sub.C; e.Type == "import.progress" && e.ID == i.ID {
			last = string(e.Data)
		}
	}
	if !strings.Contains(last, `"state":"done"`) {
		t.Errorf("last event = %s, want the state done", last)
	}
	bad, err := b.Errors(b.Ctx, i.ID, 0, 10)
	if err != nil || len(bad) != 2 || bad[0].Row != 4 || bad[0].Raw != "3,ragged" || !strings.Contains(bad[1].Reason, "future") || bad[1].Raw != "4,from tomorrow,3,2031-01-01" {
		t.Errorf("Errors = %+v, %v", bad, err)
	}

	// What is here already is not kept again, whether rows have ids or not.
	again := b.upload(t, "reviews.csv", smallFile)
	b.start(t, again)
	if p := b.job(t, again.ID).Progress; p.Accepted != 0 || p.Duplicates != 4 {
		t.Errorf("second import = %+v, want 4 duplicates", p)
	}
	for n := range 2 {
		i := b.upload(t, "plain.csv", "feedback\nGreat\nGreat\nBad\n")
		b.start(t, i)
		if p := b.job(t, i.ID).Progress; p.Accepted != int64(3-3*n) || p.Duplicates != int64(3*n) {
			t.Errorf("import %d of rows without id = %+v", n, p)
		}
	}
}

// TestFormatsEndToEnd: every kind of file becomes feedback with its fields.
func TestFormatsEndToEnd(t *testing.T) {
	t.Parallel()
	sheet := string(sheetFile(t, [][]any{{"id", "text", "rating", "date"}, {7, "from a sheet", 4, time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)}}))
	for name, tc := range map[string]struct {
		file, channel, title, text, author string
		at                                 time.Time
	}{
		"a.xlsx": {sheet, "import", "", "from a sheet", "", time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)},
		"a.jsonl": {`{"id":"7","text":"from lines","created":"2024-01-02T03:04:05"}`, "import", "", "from lines", "",
			time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)},
		"zendesk.json": {`{"tickets":[{"id":7,"subject":"Help","description":"from a ticket","created_at":"2024-01-02T03:04:05Z","requester":{"name":"Ann","email":"ann@example.com"},"via":{"channel":"email"}}]}`,
			"email", "Help", "from a ticket", "ann@example.com", time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)},
		"github.json": {`[{"number":7,"title":"Crash","body":"from an issue","user":{"login":"ann"},"created_at":"2024-01-02T03:04:05Z","html_url":"https://github.com/o/r/issues/7"}]`,
			"github", "Crash", "from an issue", "ann", time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			i := b.upload(t, name, tc.file)
			b.start(t, i)
			if got := b.job(t, i.ID); got.Progress.Accepted != 1 || got.Progress.Bad != 0 {
				t.Fatalf("import = %+v", got)
			}
			err := b.Feedback.Each(b.Ctx, b.Workspace, b.LaunchID, func(list []*feedback.Feedback) error {
				f := list[0]
				author := f.Author.Email
				if author == "" {
					author = f.Author.Name
				}
				if f.Channel != tc.channel || f.Title != tc.title || f.Text != tc.text || author != tc.author || !f.OccurredAt.Equal(tc.at) || f.ImportID != i.ID {
					t.Errorf("feedback = %+v", f)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestResume: whatever ends the work, every row is kept once, and two workers
// side by side don't take the same rows.
func TestResume(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.chunk = 7
	const rows = 200
	file := repeat("text,stars", "row number #,3", rows)
	i := b.upload(t, "rows.csv", file)
	b.start(t, i)
	ctx := workspace.System(b.Ctx, b.Workspace)
	commits := 0
	for done := false; !done; {
		// A worker commits up to three chunks and dies: nothing of it remains
		// but what is on disk.
		if err := b.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := setState(ctx, tx, b.Workspace, i.ID, Running, []State{Queued}, noon)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		at, err := get(ctx, b.DB, b.Workspace, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		f, r, o, err := b.open(ctx, b.Workspace, at, at.position)
		if err != nil {
			t.Fatal(err)
		}
		late, rival := *at, *at
		for range 3 {
			c, err := b.nextChunk(r, at, o)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := b.commit(ctx, b.Workspace, at, c)
			if err != nil || !ours {
				t.Fatalf("commit = %v, %v", ours, err)
			}
			commits++
			if ours, err := b.commit(ctx, b.Workspace, &late, c); err != nil || ours {
				t.Fatalf("a worker that is behind committed the same rows: %v, %v", ours, err)
			}
			late = rival
			if done = c.end; done {
				break
			}
		}
		_ = f.Close()
	}
	got := b.job(t, i.ID)
	if got.Progress.Accepted != rows || got.Progress.Duplicates != 0 || got.Progress.RowsRead != rows || got.State != Finished {
		t.Errorf("import = %+v after %d commits", got, commits)
	}
	texts := b.texts(t)
	seen := map[string]bool{}
	for _, s := range texts {
		if seen[s] {
			t.Errorf("%q is there twice", s)
		}
		seen[s] = true
	}
	if len(texts) != rows {
		t.Errorf("%d rows are there, want %d", len(texts), rows)
	}
}

func TestCancelAndUndo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.chunk = 10
	kept := b.Add("was here before")
	i := b.upload(t, "rows.csv", repeat("id,text", "#,row number #", 45))
	b.start(t, i)
	done := b.job(t, i.ID)
	if done.State != Finished || len(b.texts(t)) != 46 {
		t.Fatalf("import = %+v", done)
	}
	if _, err := b.Cancel(b.Ctx, i.ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("Cancel of a finished import = %v, want Conflict", err)
	}
	var changed []string
	b.deps.IssuesChanged = func(_ context.Context, _ *db.Tx, _ workspace.ID, ids []string) error {
		changed = append(changed, ids...)
		return nil
	}
	undo, err := b.Undo(b.Ctx, i.ID)
	if err != nil || undo.State != Undoing {
		t.Fatalf("Undo = %+v, %v", undo, err)
	}
	// The work is interrupted after each part.
	for range 20 {
		err := b.undo(b.Ctx, undoArgs{b.Workspace, i.ID})
		if err != nil && !errors.Is(err, job.ErrAgain) {
			t.Fatal(err)
		}
	}
	got := b.get(t, i.ID)
	if got.State != Undone || got.Progress.Removed != 45 || got.Progress.Percent != 100 {
		t.Errorf("undone import = %+v", got)
	}
	if d := cmp.Diff([]string{" was here before"}, b.texts(t)); d != "" {
		t.Errorf("feedback after undo (-want +got):\n%s\nkept %v", d, kept)
	}
	if _, err := b.Undo(b.Ctx, i.ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("second Undo = %v, want Conflict", err)
	}
	// The same file may come again.
	again := b.upload(t, "rows.csv", repeat("id,text", "#,row number #", 45))
	b.start(t, again)
	if p := b.job(t, again.ID).Progress; p.Accepted != 45 {
		t.Errorf("import after undo = %+v, want 45 accepted", p)
	}

	// Cancelled while rows remain: what is in stays, the rest never comes.
	c := b.upload(t, "more.csv", repeat("id,text", "more-#,another row #", 30))
	b.start(t, c)
	if _, err := b.Cancel(b.Ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if got := b.job(t, c.ID); got.State != Cancelled || got.Progress.Accepted != 0 {
		t.Errorf("cancelled import = %+v", got)
	}
	if _, err := b.Start(b.Ctx, c.ID, nil); !errs.Is(err, errs.Conflict) {
		t.Errorf("Start of a cancelled import = %v, want Conflict", err)
	}
}

// TestUndoIsWholeInRunner: the jobs run on the product's own runner too.
func TestJobsRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.now = time.Now
	b.Jobs(b.deps.Jobs)
	if err := b.deps.Jobs.Start(b.Ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.deps.Jobs.Stop(context.Background()) })
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	until := func(id string, want State) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			b.Process()
			if got := b.get(t, id); got.State == want {
				return
			}
			select {
			case <-sub.C:
			case <-deadline:
				t.Fatalf("import = %+v, want %s", b.get(t, id), want)
			}
		}
	}
	i := b.upload(t, "rows.csv", repeat("id,text", "#,row number #", 20))
	b.start(t, i)
	until(i.ID, Finished)
	if _, err := b.Undo(b.Ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	until(i.ID, Undone)
}

func TestFailed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.upload(t, "rows.csv", smallFile)
	b.start(t, i)
	if err := os.Remove(b.path(i.ID)); err != nil {
		t.Fatal(err)
	}
	if got := b.job(t, i.ID); got.State != Failed || !strings.Contains(got.Error, "gone") || got.FinishedAt == nil {
		t.Errorf("import = %+v, want failed as its file is gone", got)
	}
	other := b.upload(t, "rows.csv", smallFile)
	if err := os.Remove(b.path(other.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(b.Ctx, other.ID, nil); !errs.Is(err, errs.Conflict) {
		t.Errorf("Start without the file = %v, want Conflict", err)
	}
	if _, err := b.Start(b.Ctx, "nope", nil); !errs.Is(err, errs.NotFound) {
		t.Errorf("Start of nothing = %v, want NotFound", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.upload(t, "rows.csv", smallFile)
	b.now = time.Now
	for _, step := range []struct {
		age  time.Duration
		gone bool
	}{{time.Hour, false}, {keepFiles + time.Hour, true}} {
		at := time.Now().Add(-step.age)
		if err := os.Chtimes(b.path(i.ID), at, at); err != nil {
			t.Fatal(err)
		}
		if err := b.sweep(b.Ctx, sweepArgs{}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(b.path(i.ID)); os.IsNotExist(err) != step.gone {
			t.Errorf("after %v the file is gone: %v, want %v", step.age, os.IsNotExist(err), step.gone)
		}
	}
}

// TestManyBadRows: the count is exact, the kept rows are bounded.
func TestManyBadRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.upload(t, "rows.csv", "id,text\n1,ok\n"+strings.Repeat("only one field\n", maxErrors+700)+"2,ok\n")
	b.start(t, i)
	if p := b.job(t, i.ID).Progress; p.Bad != maxErrors+700 || p.Accepted != 2 {
		t.Errorf("progress = %+v", p)
	}
	bad, err := b.Errors(b.Ctx, i.ID, 0, 20_000)
	if err != nil || len(bad) != maxErrors {
		t.Errorf("%d bad rows kept, %v; want %d", len(bad), err, maxErrors)
	}
}

func TestPermissionsAndTenants(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.upload(t, "rows.csv", smallFile)
	other := b.Other()
	acts := map[string]func(context.Context) error{
		"get":     func(ctx context.Context) error { _, err := b.Get(ctx, i.ID); return err },
		"preview": func(ctx context.Context) error { _, err := b.Preview(ctx, i.ID, nil, false); return err },
		"start":   func(ctx context.Context) error { _, err := b.Start(ctx, i.ID, nil); return err },
		"cancel":  func(ctx context.Context) error { _, err := b.Cancel(ctx, i.ID); return err },
		"undo":    func(ctx context.Context) error { _, err := b.Undo(ctx, i.ID); return err },
		"upload": func(ctx context.Context) error {
			_, err := b.Upload(ctx, b.LaunchID, "x.csv", strings.NewReader(smallFile))
			return err
		},
	}
	for name, act := range acts {
		if err := act(other.Ctx); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s from another workspace = %v, want NotFound", name, err)
		}
		if err := act(b.As(workspace.Responder)); name != "get" && !errs.Is(err, errs.Denied) {
			t.Errorf("%s as responder = %v, want Denied", name, err)
		}
		if err := act(context.Background()); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s without actor = %v, want Unauthenticated", name, err)
		}
	}
	if list, err := b.List(other.Ctx, b.LaunchID, "", 10); err != nil || len(list) != 0 {
		t.Errorf("List from another workspace = %v, %v", list, err)
	}
	if list, err := b.Errors(other.Ctx, i.ID, 0, 10); err != nil || len(list) != 0 {
		t.Errorf("Errors from another workspace = %v, %v", list, err)
	}
}

// server serves the API as the bench's owner.
func (b *bench) server(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	b.Routes(web.NewAPI(mux, "test"))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, _ := workspace.ActorFrom(b.Ctx)
		mux.ServeHTTP(w, r.WithContext(workspace.As(r.Context(), a)))
	}))
	t.Cleanup(srv.Close)
	return srv
}

func call(t *testing.T, srv *httptest.Server, method, path, kind string, body io.Reader) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+web.Prefix+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func form(t *testing.T, field, name, file string) (string, io.Reader) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.WriteField("note", "first"); err != nil {
		t.Fatal(err)
	}
	part, err := m.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, file)
	_ = m.Close()
	return m.FormDataContentType(), &b
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv := b.server(t)
	kind, body := form(t, "file", "größe.csv", smallFile+"6,\"=1+1\"\n")
	status, answer, _ := call(t, srv, "POST", "/launches/"+b.LaunchID+"/imports", kind, body)
	var i Import
	if err := json.Unmarshal([]byte(answer), &i); err != nil || status != http.StatusCreated || i.FileName != "größe.csv" || i.Mapping.ExternalID != "id" {
		t.Fatalf("upload = %d %s %v", status, answer, err)
	}
	const jsonKind = "application/json"
	for _, tc := range []struct {
		method, path, kind, body string
		status                   int
		want                     string
	}{
		{"GET", "/imports/" + i.ID, "", "", 200, `"state":"uploaded"`},
		{"POST", "/imports/" + i.ID + "/preview", jsonKind, `{"mapping":{"text":"nope"}}`, 422, "no column"},
		{"POST", "/imports/" + i.ID + "/preview", jsonKind, `{"mapping":{"txt":"text"}}`, 422, "txt"},
		{"POST", "/imports/" + i.ID + "/preview", jsonKind, `{"mapping":{"text":"text","attrs":{"s":"stars"}},"dry_run":true}`, 200, `"good":5`},
		{"POST", "/imports/" + i.ID + "/start", jsonKind, `{"mapping":{"external_id":"id"}}`, 422, "text"},
		{"POST", "/imports/" + i.ID + "/start", jsonKind, `{"mapping":{"text":"text","external_id":"id"}}`, 200, `"state":"queued"`},
		{"POST", "/imports/" + i.ID + "/start", jsonKind, `{}`, 409, "queued"},
		{"GET", "/launches/" + b.LaunchID + "/imports", "", "", 200, `"items":[{"id":"` + i.ID},
		{"GET", "/imports/nope", "", "", 404, "no import"},
		{"POST", "/launches/nope/imports", kind, "", 422, "form"},
		{"POST", "/launches/" + b.LaunchID + "/imports", jsonKind, `{}`, 422, "multipart"},
	} {
		status, answer, _ := call(t, srv, tc.method, tc.path, tc.kind, strings.NewReader(tc.body))
		if status != tc.status || !strings.Contains(answer, tc.want) {
			t.Errorf("%s %s %s = %d %s, want %d with %q", tc.method, tc.path, tc.body, status, answer, tc.status, tc.want)
		}
	}
	for _, tc := range []struct{ field, name, file, want string }{
		{"upload", "a.csv", smallFile, "no part named file"},
		{"file", "a.pdf", "%PDF-1.4", "PDF"},
		{"file", "a.csv", "", "empty"},
	} {
		kind, body := form(t, tc.field, tc.name, tc.file)
		if status, answer, _ := call(t, srv, "POST", "/launches/"+b.LaunchID+"/imports", kind, body); status != 422 || !strings.Contains(answer, tc.want) {
			t.Errorf("upload of %s = %d %s, want 422 with %q", tc.name, status, answer, tc.want)
		}
	}
	if files, err := os.ReadDir(b.deps.Dir); err != nil || len(files) != 1 {
		t.Errorf("%d files are kept, %v; want the one that is queued", len(files), err)
	}

	b.job(t, i.ID)
	status, answer, h := call(t, srv, "GET", "/imports/"+i.ID+"/errors", "", nil)
	recs, err := csv.NewReader(strings.NewReader(answer)).ReadAll()
	if err != nil || status != 200 || len(recs) != 3 || recs[1][2] != "3,ragged" || recs[2][0] != "8" || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("error file = %d %q %v %v", status, answer, err, h)
	}
	status, answer, _ = call(t, srv, "GET", "/imports/"+i.ID+"/errors?format=json&limit=1", "", nil)
	var page web.Page[RowIssue]
	if err := json.Unmarshal([]byte(answer), &page); err != nil || status != 200 || len(page.Items) != 1 || *page.Total != 2 || page.NextCursor == "" {
		t.Errorf("error page = %d %s %v", status, answer, err)
	}
	_, answer, _ = call(t, srv, "GET", "/imports/"+i.ID+"/errors?format=json&limit=5&cursor="+page.NextCursor, "", nil)
	if !strings.Contains(answer, `"row":8`) || strings.Contains(answer, `"row":4`) {
		t.Errorf("second error page = %s", answer)
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "-1": "'-1", "a=1": "a=1", "": ""} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestUploadLimits: too large, broken off, too many at once.
func TestUploadLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.most = 1 << 20
	if _, err := b.Upload(b.Ctx, b.LaunchID, "big.csv", io.LimitReader(zeros{}, b.most+10)); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too large an upload = %v, want TooLarge", err)
	}
	if _, err := b.Upload(b.Ctx, b.LaunchID, "cut.csv", io.MultiReader(strings.NewReader("id,text\n"), brokenReader{})); !errs.Is(err, errs.Invalid) {
		t.Errorf("a broken upload = %v, want Invalid", err)
	}
	if files, err := os.ReadDir(b.deps.Dir); err != nil || len(files) != 0 {
		t.Errorf("%d files are left over, %v", len(files), err)
	}
	for range maxUploads {
		b.slots <- struct{}{}
	}
	if _, err := b.Upload(b.Ctx, b.LaunchID, "a.csv", strings.NewReader(smallFile)); !errs.Is(err, errs.Busy) {
		t.Errorf("one upload too many = %v, want Busy", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, fmt.Errorf("part: %w", io.ErrUnexpectedEOF) }
