package app

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

// marker is in everything that the person to be erased sends. It is one word
// of letters, so that the search index has it whole.
const marker = "zqxmarkerwvk"

// oneNode is one process with a gateway, on the database of the test.
func oneNode(t *testing.T) *node {
	t.Helper()
	c := dbtest.Config(t)
	cfg := Config{Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", Data: c.Dir, DatabaseURL: secret.Text(c.URL)}
	app, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- app.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	key, err := CreateToken(t.Context(), app.cfg, "test", "admin")
	if err != nil {
		t.Fatal(err)
	}
	return &node{App: app, t: t, token: key.Reveal()}
}

// until waits for something that happens in the background.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s did not happen", what)
		}
	}
}

// raw asks a node for something that is no JSON.
func (n *node) raw(method, url string, header map[string]string, body io.Reader) (int, []byte) {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, url, body)
	if err != nil {
		n.t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.StatusCode, b
}

func (n *node) people(q string) []*person.Person {
	n.t.Helper()
	var page web.Page[*person.Person]
	n.call("GET", "/persons?q="+q, nil, &page)
	return page.Items
}

func TestAPersonIsExportedAndErasedFromAllStores(t *testing.T) {
	t.Parallel()
	n := oneNode(t)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(500)
		_, _ = io.WriteString(w, `{"error": "no cart of `+marker+`"}`)
	}))
	t.Cleanup(up.Close)
	n.call("POST", "/gateway/publications", map[string]any{"document": fmt.Sprintf(`gateway: 1
upstreams:
  - {name: shop, targets: [{url: %q}]}
apis:
  - name: shop
    upstream: shop
    routes: [{name: all, prefix: /, policies: {identity: {user: {header: X-User}, session: {header: X-Session}}, log: {payload: all}}}]
`, up.URL)}, nil)
	var l launch.Launch
	n.call("POST", "/launches", map[string]any{"name": "Shop"}, &l)
	send := func(items ...map[string]any) {
		n.call("POST", "/launches/"+l.ID+"/feedback", map[string]any{"items": items}, nil)
	}
	author := func(fields map[string]any) map[string]any {
		fields["attrs"] = map[string]string{"tier": "gold " + marker}
		return fields
	}
	theirs := author(map[string]any{"name": "Ann " + marker, "email": marker + "@x.example", "session_id": "s-" + marker, "phone": "+49 170 7654321",
		"address": "192.0.2.7", "agent": "Agent " + marker})
	send(
		map[string]any{"text": "The cart is empty, says " + marker + " very loudly", "author": theirs, "external_id": "x-" + marker,
			"attachments": []map[string]any{{"name": marker + ".txt", "content_type": "text/plain", "data": []byte("file of " + marker)}, {"name": "same.txt", "content_type": "text/plain", "data": []byte("sent by two")}}},
		map[string]any{"text": "Payment fails for " + marker, "author": author(map[string]any{"user_id": "u-" + marker})},
		map[string]any{"text": "I like it", "author": map[string]any{"email": "bob@y.example"}, "attachments": []map[string]any{{"name": "same.txt", "content_type": "text/plain", "data": []byte("sent by two")}}})
	var list feedback.ListBody
	until(t, "processing", func() bool { n.call("GET", "/launches/"+l.ID+"/feedback", nil, &list); return list.Total == 3 })
	byText := map[string]*feedback.Feedback{}
	for _, f := range list.Items {
		byText[strings.Fields(f.Snippet)[0]] = f
	}
	if status, _ := n.raw("POST", n.GatewayURL()+"/cart?of="+marker, map[string]string{"X-User": "u-" + marker, "X-Session": "s-" + marker, "Content-Type": "application/json"}, strings.NewReader(`{"name": "`+marker+`"}`)); status != 500 {
		t.Fatalf("the call answered %d", status)
	}
	n.raw("GET", n.GatewayURL()+"/bob", map[string]string{"X-User": "bob"}, nil)
	calls := func(user string) int64 {
		var c struct{ Count int64 }
		n.call("GET", "/calls/count?q=user:"+user, nil, &c)
		return c.Count
	}
	until(t, "the calls' way into the log", func() bool { return calls("u-"+marker) == 1 && calls("bob") == 1 })

	// What people did to the reports: an issue named after one, a note, an
	// answer, a correction, and an undone merger.
	var made issue.AcceptedBody
	n.call("POST", "/feedback/"+byText["The"].ID+"/accept", map[string]any{}, &made)
	n.call("POST", "/feedback/"+byText["I"].ID+"/accept", map[string]any{"issue_id": made.Issue.ID}, nil)
	n.call("POST", "/feedback/"+byText["The"].ID+"/notes", map[string]any{"text": "Called " + marker}, nil)
	n.call("POST", "/launches/"+l.ID+"/feedback/correct", map[string]any{"ids": []string{byText["Payment"].ID}, "severity": "sev1"}, nil)
	ann := n.people(marker + "@")[0]
	var other *person.Person
	for _, p := range n.people("") {
		if p.Email == "" {
			other = p
		}
	}
	var merged person.Change
	n.call("POST", "/persons/"+other.ID+"/merge", map[string]any{"into": ann.ID, "reason": "It is " + marker}, &merged)
	if merged.Feedback != 1 {
		t.Fatalf("the merger moved %d reports, want 1", merged.Feedback)
	}
	var page web.Page[*PersonReport]
	n.call("GET", "/persons/"+ann.ID+"/feedback", nil, &page)
	if len(page.Items) != 2 || !page.Items[0].Unanswered {
		t.Fatalf("%d reports of the person, want 2 that wait for an answer", len(page.Items))
	}
	n.call("GET", "/launches/"+l.ID+"/feedback?person="+ann.ID, nil, &list)
	if list.Total != 2 {
		t.Errorf("the list shows %d of the merged person, want 2", list.Total)
	}

	// A copy of the call is pinned to their report, and to that of somebody else.
	var mine struct{ Items []struct{ ID string } }
	n.call("GET", "/calls?q=user:u-"+marker, nil, &mine)
	for _, of := range []string{"Payment", "I"} {
		n.call("POST", "/feedback/"+byText[of].ID+"/evidence/pins", map[string]any{"evidence_id": "call:" + mine.Items[0].ID, "note": "seen by " + marker}, nil)
	}

	var failed web.Page[calllog.Call]
	n.call("GET", "/persons/"+ann.ID+"/calls?failed=true", nil, &failed)
	if len(failed.Items) != 1 {
		t.Errorf("%d failed calls of the person, want 1", len(failed.Items))
	}
	checkExport(t, n, ann.ID)
	var e person.Erasure
	n.call("POST", "/persons/"+ann.ID+"/erase", nil, &e)
	until(t, "the erasure", func() bool {
		id := e.ID
		e = person.Erasure{}
		n.call("GET", "/people/erasures/"+id, nil, &e)
		return e.State == "done"
	})
	if e.Counts["feedback"] < 2 || e.Counts["calls"] != 1 || e.Counts["people"] != 2 || e.Counts["issues"] != 1 || e.PersonID != "" {
		t.Errorf("erased: %+v", e)
	}
	if calls("bob") != 1 {
		t.Error("somebody else's calls are gone")
	}
	n.call("GET", "/launches/"+l.ID+"/feedback", nil, &list)
	if list.Total != 1 || list.Items[0].Author.Email != "bob@y.example" {
		t.Errorf("the list shows %d reports, want Bob's", list.Total)
	}
	var bob feedback.Feedback
	n.call("GET", "/feedback/"+list.Items[0].ID, nil, &bob)
	if status, b := n.raw("GET", n.URL()+bob.Attachments[0].URL, map[string]string{"Authorization": "Bearer " + n.token}, nil); status != 200 || string(b) != "sent by two" {
		t.Errorf("the file that two sent = %d %q", status, b)
	}
	var i issue.Issue
	n.call("GET", "/issues/"+made.Issue.ID, nil, &i)
	if i.Title == "" || i.Reach.Feedback != 1 {
		t.Errorf("the issue is %q with %d reports", i.Title, i.Reach.Feedback)
	}
	checkGone(t, n)
}

// checkExport looks for everything in the file.
func checkExport(t *testing.T, n *node, id string) {
	t.Helper()
	status, b := n.raw("GET", n.URL()+"/api/v1/persons/"+id+"/export", map[string]string{"Authorization": "Bearer " + n.token}, nil)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if status != 200 || err != nil {
		t.Fatalf("export = %d, %v", status, err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		_ = r.Close()
		files[f.Name] += string(text)
	}
	for name, want := range map[string]string{"person.json": marker + "@x.example", "feedback/1/feedback.json": marker + " very loudly", "feedback/1/delivery.raw": "x-" + marker,
		"feedback/1/files/1-" + marker + ".txt": "file of " + marker, "feedback/2/feedback.json": "u-" + marker, "calls.jsonl": "/cart", "messages.json": "[]"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s of the export lacks %q: %.300s", name, want, files[name])
		}
	}
	if strings.Contains(files["feedback/1/delivery.raw"], "7654321") {
		t.Error("the ledger keeps the number of a telephone")
	}
}

// checkGone greps everything that is kept: each table of the database, and
// each file of the data folder.
func checkGone(t *testing.T, n *node) {
	t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_doc%' AND name NOT LIKE 'sqlite_%'`
	text := func(table string) string { return "" }
	if n.db.Postgres() {
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
		text = func(table string) string {
			return `SELECT COUNT(*) FROM "` + table + `" x WHERE CAST(x AS TEXT) LIKE $1`
		}
	}
	rows, err := n.db.QueryContext(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Close(); err != nil || len(names) < 30 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	for _, name := range names {
		if text(name) == "" {
			continue // SQLite: the file itself is read below
		}
		var found int
		if err := n.db.QueryRowContext(t.Context(), text(name), "%"+marker+"%").Scan(&found); err != nil {
			t.Fatal(err)
		}
		if found > 0 {
			t.Errorf("%d rows of %s hold the marker", found, name)
		}
	}
	err = filepath.WalkDir(n.cfg.Data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(path, marker) {
			t.Errorf("a file is named %s", path)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if k := bytes.Index(b, []byte(marker)); k >= 0 {
			t.Errorf("%s holds the marker: %q", path, b[max(0, k-80):min(len(b), k+60)])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
