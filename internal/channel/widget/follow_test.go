package widget_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/channel/widget"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// send what is due now, not in half a minute.
func (r *rig) sendReplies(t *testing.T) {
	t.Helper()
	err := r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE message SET due_at = 1 WHERE workspace_id = $1 AND state = 'queued'`, r.Workspace)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.notices.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) page(t *testing.T, path string, header ...string) string {
	t.Helper()
	res, text := r.do(t, http.MethodGet, "/"+path, "", nil, header...)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, res.StatusCode, text)
	}
	h := res.Header
	if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
	if len(text) > 30_000 || strings.Contains(text, "<script") || strings.Contains(text, " style=") {
		t.Errorf("%d bytes, or script or style of its own", len(text))
	}
	return text
}

func TestReportersReadAnswersAndAddMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, told := r.send(t, id1, map[string]any{"text": "Der <b>Knopf</b> tut nichts", "details": true, "env": map[string]string{"zone": "Europe/Berlin"}, "crumbs": []map[string]any{{"kind": "error", "message": "x"}}},
		map[string]string{"bild.png": "PNG"})
	if text := r.page(t, told.Follow); !strings.Contains(text, "Ihre Meldung ist bei uns") || !strings.Contains(text, told.Ref) || strings.Contains(text, "<form") {
		t.Errorf("before it is read: %s", text)
	}
	f := r.only(t)
	text := r.page(t, told.Follow)
	for _, want := range []string{"Der &lt;b&gt;Knopf&lt;/b&gt; tut nichts", `lang="de"`, "bild.png", "Ergänzen", "aria-current=\"step\">Eingegangen"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "breadcrumbs") {
		t.Error("shows what the reporter did not write")
	}
	if text := r.page(t, told.Follow+"?lang=pl"); !strings.Contains(text, "Mamy Twoje zgłoszenie") {
		t.Errorf("in Polish: %s", text)
	}

	// The team answers: half a minute later it stands on the page.
	reply, err := r.notices.Reply(r.Ctx, f.ID, notice.Input{Text: "Wir sehen nach.", Files: []feedback.AttachmentInput{{Name: "wie.txt", ContentType: "text/plain", Data: []byte("so")}}})
	if err != nil || len(reply.Messages) != 1 || reply.Messages[0].Via != "page" {
		t.Fatalf("%+v %v", reply, err)
	}
	if text := r.page(t, told.Follow); strings.Contains(text, "Wir sehen nach.") {
		t.Error("a reply that can be taken back is shown")
	}
	r.sendReplies(t)
	text = r.page(t, told.Follow)
	if !strings.Contains(text, "Wir sehen nach.") || !strings.Contains(text, "Ada owner") {
		t.Errorf("answer: %s", text)
	}
	_, rest, _ := strings.Cut(text, `href="`+strings.TrimPrefix(told.Follow, "f/")+`/files/`)
	for rest != "" { // the last file is the team's
		if _, next, ok := strings.Cut(rest, "/files/"); ok {
			rest = next
			continue
		}
		break
	}
	id, _, _ := strings.Cut(rest, `"`)
	if res, body := r.do(t, http.MethodGet, "/"+told.Follow+"/files/"+id, "", nil); res.StatusCode != 200 || body != "so" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "inline") {
		t.Errorf("file: %d %q %v", res.StatusCode, body, res.Header)
	}

	// The reporter adds more; a repeat is the same.
	ctx, stop := context.WithCancel(t.Context())
	processing := make(chan struct{})
	go func() { defer close(processing); r.Feedback.Process(ctx) }()
	defer func() { stop(); <-processing }()
	ct, body := form(t, map[string]string{"id": id1, "text": "Jetzt geht es\r\nwieder"}, map[string]string{"x.svg": "<svg onload=alert(1)>"})
	for range 2 {
		res, _ := r.do(t, http.MethodPost, "/"+told.Follow, ct, body)
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != strings.TrimPrefix(told.Follow, "f/")+"?sent" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
	}
	thread, err := r.notices.Thread(r.Ctx, f.ID)
	if err != nil || len(thread.Items) != 2 || thread.Items[1].Text != "Jetzt geht es\nwieder" || len(thread.Items[1].Attachments) != 1 || !thread.Unanswered {
		t.Fatalf("%+v %v", thread, err)
	}
	if text := r.page(t, told.Follow+"?sent"); !strings.Contains(text, "Ihre Nachricht ist bei uns.") || !strings.Contains(text, "Jetzt geht es\nwieder") {
		t.Errorf("added: %s", text)
	}
	if res, _ := r.do(t, http.MethodGet, "/"+told.Follow+"/files/"+thread.Items[1].Attachments[0].ID, "", nil); !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") || res.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("an SVG is shown: %v", res.Header)
	}
}

func TestNothingIsLeftOfAnErasedPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, told := r.send(t, id1, map[string]any{"email": "ana@people.example"}, nil)
	_, other := r.send(t, strings.Repeat("d", 32), map[string]any{"email": "bob@people.example"}, nil)
	f := r.all(t)[1]
	ctx, stop := context.WithCancel(t.Context())
	processing := make(chan struct{})
	go func() { defer close(processing); r.Feedback.Process(ctx) }()
	defer func() { stop(); <-processing }()
	ct, body := form(t, map[string]string{"text": "My number is in the file"}, map[string]string{"long.txt": strings.Repeat("0171 ", 20<<10)})
	for _, link := range []string{told.Follow, other.Follow} {
		if res, _ := r.do(t, http.MethodPost, "/"+link, ct, body); res.StatusCode != http.StatusSeeOther {
			t.Fatal(res.StatusCode)
		}
	}
	who := person.Who{IDs: []string{f.Author.PersonID}}
	for _, s := range []person.Store{r.widget.EraseStore(), r.notices.EraseStore(), r.Feedback.EraseStore()} {
		if _, err := s.Erase(workspace.System(t.Context(), r.Workspace), r.Workspace, who); err != nil {
			t.Fatal(err)
		}
	}
	if res, text := r.do(t, http.MethodGet, "/"+told.Follow, "", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	if text := r.page(t, other.Follow); !strings.Contains(text, "My number is in the file") {
		t.Error("somebody else's message is gone")
	}
	list, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{LaunchID: r.LaunchID, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, d := range list {
		d, err := r.Feedback.Delivery(r.Ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Format == "follow" && d.Size > 0 {
			kept++
		}
		if strings.Contains(d.Payload, "ana@people.example") {
			t.Errorf("kept: %+v", d)
		}
	}
	if kept != 1 {
		t.Errorf("%d messages are kept raw, not the other person's one", kept)
	}
}

func TestThePageSaysWhereAReportStands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, told := r.send(t, id1, map[string]any{"language": "en"}, nil)
	f := r.only(t)
	i, err := r.issues.Accept(r.Ctx, f.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[string]string{"analysis": "We are looking into it", "planning": "It is planned", "resolution": "We are working on it", "closure": "It is done"} {
		if _, err := r.issues.Change(r.Ctx, i.Issue.ID, issue.Change{Stage: &stage}); err != nil {
			t.Fatal(err)
		}
		if text := r.page(t, told.Follow); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in %s", stage, want, text)
		}
	}
}

func TestOnlyALinkLeadsToAReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, first := r.send(t, id1, nil, map[string]string{"mine.txt": "a secret"})
	_, second := r.send(t, strings.Repeat("c", 32), nil, nil)
	list := r.all(t)
	file := list[1].Attachments[0].ID
	for path, status := range map[string]int{
		"/f/" + strings.Repeat("A", 43): 404, "/f/x": 404,
		"/" + first.Follow + "/files/" + file:  200,
		"/" + second.Follow + "/files/" + file: 404, // of another report
		"/" + second.Follow + "/files/x":       404,
	} {
		res, text := r.do(t, http.MethodGet, path, "", nil, "Accept-Language", "fr-CH, en;q=0.8")
		if res.StatusCode != status {
			t.Errorf("%s: %d, not %d", path, res.StatusCode, status)
		}
		if status == 404 && !strings.Contains(text, "<h1>") {
			t.Errorf("%s: no page: %s", path, text)
		}
	}
	// What is kept leads nowhere.
	var hash string
	if err := r.DB.QueryRowContext(t.Context(), `SELECT token_hash FROM follow_link LIMIT 1`).Scan(&hash); err != nil || strings.Contains(first.Follow+second.Follow, hash) || len(hash) != 64 {
		t.Errorf("%s %v", hash, err)
	}
	// Tries are counted.
	code := 0
	for range 130 {
		res, _ := r.do(t, http.MethodGet, "/f/"+strings.Repeat("A", 43), "", nil)
		code = res.StatusCode
	}
	if code != http.StatusTooManyRequests {
		t.Errorf("guessing goes on: %d", code)
	}
}

func TestEveryLanguageHasEveryWord(t *testing.T) {
	t.Parallel()
	for language, words := range widget.PageWords() {
		for name := range widget.PageWords()["en"] {
			if words[name] == "" {
				t.Errorf("%s has no %s", language, name)
			}
		}
	}
	if n := len(widget.PageWords()); n != 8 {
		t.Errorf("%d languages", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"report\"\r\n\r\n{\"id\":\"aaaaaaaaaaaaaaaaaaaa\",\"text\":\"hi\"}\r\n--x--\r\n"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a\"\r\n\r\nabc\r\n--x--\r\n"))
	f.Add("application/json", []byte("{}"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		widget.DecodeForTest(t, contentType, body)
	})
}
