package sentry_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // the protocol names chunks by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/crash"
)

const minified = "function a(r){throw new Error(r.t)}a({});\n//# sourceMappingURL=app.js.map\n"

// minifiedMap says that column 9 of it is the name pay, and column 14 the
// line that throws.
const minifiedMap = `{"version":3,"sources":["webpack:///./src/pay.ts"],"sourcesContent":["// pay\nexport function pay(order) {\n  throw new Error(order.total)\n}\n"],"names":["pay"],"mappings":"SACgBA,KACd"}`

func sum(b []byte) string {
	s := sha1.Sum(b) //nolint:gosec // see above
	return hex.EncodeToString(s[:])
}

// bundleOf is a bundle as sentry-cli makes it.
func bundleOf(t *testing.T, debugID string, files map[string]string) []byte {
	t.Helper()
	type entry struct {
		Type    string            `json:"type"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	m := map[string]entry{}
	var b bytes.Buffer
	b.WriteString("SYSB\x02\x00\x00\x00")
	z := zip.NewWriter(&b)
	z.SetOffset(8)
	for name, text := range files {
		kind := "minified_source"
		if strings.HasSuffix(name, ".map") {
			kind = "source_map"
		}
		e := entry{Type: kind, URL: "~/" + name, Headers: map[string]string{}}
		if debugID != "" {
			e.Headers["debug-id"] = debugID
		}
		m["files/_/_/"+name] = e
		w, err := z.Create("files/_/_/" + name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
	}
	w, err := z.Create("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"files": m}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const org = "/api/0/organizations/any"

func (r *rig) assemble(t *testing.T, bundle []byte, project, version string) (int, string) {
	t.Helper()
	body := fmt.Sprintf(`{"checksum":"%s","chunks":["%s"],"projects":["%s"],"version":"%s"}`, sum(bundle), sum(bundle), project, version)
	res, answer := r.post(org+"/artifactbundle/assemble/", []byte(body), "Authorization", "Bearer hc_test", "Content-Type", "application/json")
	return res.StatusCode, answer
}

func (r *rig) chunk(t *testing.T, name string, data []byte) (int, string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = form.Close()
	res, answer := r.post(org+"/chunk-upload/", b.Bytes(), "Authorization", "Bearer hc_test", "Content-Type", form.FormDataContentType())
	return res.StatusCode, answer
}

func scriptError(n int, release, debug string) string {
	return fmt.Sprintf(`{"event_id":"%s","timestamp":%d,"platform":"javascript","release":"%s"%s,"exception":{"values":[{"type":"Error","value":"x","stacktrace":{"frames":[
		{"function":"?","filename":"https://shop.example/static/app.js","abs_path":"https://shop.example/static/app.js","lineno":1,"colno":37,"in_app":true},
		{"function":"a","filename":"https://shop.example/static/app.js","abs_path":"https://shop.example/static/app.js","lineno":1,"colno":15,"in_app":true}]}}]}}`, eid(n), time.Now().Unix(), release, debug)
}

func TestSourceMapsAreUploadedAndUsed(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Settings: map[string]any{"report_new": false}})
	project := fmt.Sprint(r.c.Number)
	const id = "85314830-023f-4cf1-a267-535f4e37bb17"
	bundle := bundleOf(t, id, map[string]string{"static/app.js": minified, "static/app.js.map": minifiedMap})
	if code, answer := r.assemble(t, bundle, project, ""); code != 200 || !strings.Contains(answer, `"not_found"`) || !strings.Contains(answer, sum(bundle)) {
		t.Fatalf("before: %d %s", code, answer)
	}
	if code, answer := r.chunk(t, sum([]byte("else")), bundle); code != http.StatusUnprocessableEntity {
		t.Errorf("a chunk of another name: %d %s", code, answer)
	}
	if code, answer := r.chunk(t, sum(bundle), bundle); code != 200 {
		t.Fatalf("chunk: %d %s", code, answer)
	}
	if code, answer := r.assemble(t, bundle, "77", ""); code != 404 {
		t.Errorf("another project: %d %s", code, answer)
	}
	for range 2 { // the second finds it
		if code, answer := r.assemble(t, bundle, project, ""); code != 200 || !strings.Contains(answer, `"ok"`) {
			t.Fatalf("assemble: %d %s", code, answer)
		}
	}
	// By release and address, without a debug id.
	older := bundleOf(t, "", map[string]string{"static/app.js": minified, "static/app.js.map": minifiedMap})
	r.chunk(t, sum(older), older)
	if code, answer := r.assemble(t, older, project, "shop@1.0.0"); code != 200 || !strings.Contains(answer, `"ok"`) {
		t.Fatalf("assemble: %d %s", code, answer)
	}
	bad := []byte("no archive")
	r.chunk(t, sum(bad), bad)
	if code, answer := r.assemble(t, bad, project, ""); code != 200 || !strings.Contains(answer, `"error"`) {
		t.Errorf("no archive: %d %s", code, answer)
	}
	if res, _ := r.post(org+"/chunk-upload/", nil); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", res.StatusCode)
	}
	r.send(eid(1), "event", scriptError(1, "", `,"debug_meta":{"images":[{"type":"sourcemap","code_file":"https://shop.example/static/app.js","debug_id":"`+id+`"}]}`))
	r.send(eid(2), "event", scriptError(2, "shop@1.0.0", ""))
	r.send(eid(3), "event", scriptError(3, "shop@9.9.9", `,"debug_meta":{"images":[{"type":"sourcemap","code_file":"https://shop.example/static/app.js","debug_id":"00000000-023f-4cf1-a267-535f4e37bb17"}]}`))
	list := r.errors()
	if len(list) != 2 {
		t.Fatalf("%d errors, want one that is mapped and one that is not: %+v", len(list), list)
	}
	for _, g := range list {
		events, _, err := r.crash.Events(r.Ctx, g.ID, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.crash.Event(r.Ctx, events[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		f := e.Body.Exceptions[0].Frames[1]
		if e.Release == "shop@9.9.9" {
			if len(e.Body.Notes) != 1 || f.Minified != nil {
				t.Errorf("%+v %v", f, e.Body.Notes)
			}
			continue
		}
		want := crash.Minified{Function: "a", File: "https://shop.example/static/app.js", Line: 1, Column: 15}
		if g.Events != 2 || f.Function != "pay" || f.File != "src/pay.ts" || f.Line != 3 || f.Context != "  throw new Error(order.total)" || f.Minified == nil || *f.Minified != want {
			t.Errorf("%+v %+v", g, f)
		}
	}
	n, err := r.crash.ErasePerson(r.Ctx, r.Workspace, crash.Person{IDs: []string{"nobody"}})
	if n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}

func TestAPersonIsErased(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Settings: map[string]any{"report_new": false}})
	for i := range 4 {
		r.send(eid(i+1), "event", failure(i+1, "Broken", "pay", "1", fmt.Sprintf("u%d", i%2)))
	}
	var b bytes.Buffer
	who := crash.Person{IDs: []string{"u1"}, Emails: []string{"u1@shop.example"}}
	if err := r.crash.ExportPerson(r.Ctx, r.Workspace, who, &b); err != nil || strings.Count(b.String(), "\n") != 2 {
		t.Errorf("%v\n%s", err, b.String())
	}
	if n, err := r.crash.ErasePerson(r.Ctx, r.Workspace, who); err != nil || n != 3 {
		t.Errorf("%d %v", n, err)
	}
	g := r.errors()[0]
	users, err := r.crash.Users(r.Ctx, g.ID, 0, "", 10)
	if err != nil || len(users) != 1 || users[0].Who != "id:u0" {
		t.Errorf("%+v %v", users, err)
	}
	if events, _, err := r.crash.Events(r.Ctx, g.ID, 0, 10); err != nil || len(events) != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// TestALargeGroupKeepsASample keeps the newest events and some of those
// before, however many there were.
func TestALargeGroupKeepsASample(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Settings: map[string]any{"report_new": false}})
	for part := range 8 {
		var b bytes.Buffer
		for i := range 80 {
			n := part*80 + i + 1
			b.Reset()
			b.Write(envelope(eid(n), "event", failure(n, "Broken", "pay", "1", "u")))
			if res, answer := r.post(fmt.Sprintf("/api/%d/envelope/", r.c.Number), b.Bytes(), "X-Sentry-Auth", r.auth()); res.StatusCode != 200 {
				t.Fatal(answer)
			}
		}
		r.Process()
	}
	g := r.errors()[0]
	events, _, err := r.crash.Events(r.Ctx, g.ID, 0, 1000)
	if err != nil || g.Events != 640 || len(events) > 240 || len(events) < 150 {
		t.Errorf("%d of %d events are kept, %v", len(events), g.Events, err)
	}
	if err := r.crash.Sweep(r.Ctx); err != nil {
		t.Error(err)
	}
}
