package workspace_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// browser is a client with the session of somebody who signed in.
type browser struct {
	t      *testing.T
	url    string
	cookie *http.Cookie
}

func (b *browser) send(method, path, body string) (int, map[string]any) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+web.Prefix+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if b.cookie != nil {
		req.AddCookie(b.cookie)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	for _, c := range resp.Cookies() {
		b.cookie = c
	}
	out := map[string]any{}
	_ = json.NewDecoder(resp.Body).Decode(&out)
	return resp.StatusCode, out
}

func TestPasswordAndWorkspaceOverHTTP(t *testing.T) {
	t.Parallel()
	s := workspace.NewService(dbtest.Open(t), event.New())
	mux := http.NewServeMux()
	s.Routes(web.NewAPI(mux, "test"))
	srv := httptest.NewServer(web.Chain(web.Routes(mux), s.Authentication))
	t.Cleanup(srv.Close)
	link, err := s.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	here, there := &browser{t: t, url: srv.URL}, &browser{t: t, url: srv.URL}
	code, me := here.send("POST", "/setup", `{"token":"`+link.Reveal()+`","workspace_name":"Acme","name":"Olga","email":"olga@acme.example","password":"correct horse battery"}`)
	if code != http.StatusOK {
		t.Fatalf("setup: %d %v", code, me)
	}
	// Only guesses are counted against an account.
	for i := range 12 {
		if code, _ := there.send("POST", "/session", `{"email":"olga@acme.example","password":"correct horse battery"}`); code != http.StatusOK {
			t.Fatalf("sign in elsewhere, time %d: %d", i, code)
		}
	}
	self := "/users/" + me["id"].(string)
	if code, p := here.send("PATCH", self, `{"password":"another horse battery"}`); code != http.StatusUnprocessableEntity {
		t.Errorf("a new password without the present one: %d %v", code, p)
	}
	if code, p := here.send("PATCH", self, `{"password":"another horse battery","current_password":"correct horse battery"}`); code != http.StatusOK {
		t.Errorf("a new password with the present one: %d %v", code, p)
	}
	if code, _ := here.send("GET", "/me", ""); code != http.StatusOK {
		t.Errorf("the session that set it: %d", code)
	}
	if code, _ := there.send("GET", "/me", ""); code != http.StatusUnauthorized {
		t.Errorf("the session elsewhere: %d, want 401", code)
	}
	if code, w := here.send("PATCH", "/workspace", `{"name":"Acme & Sons"}`); code != http.StatusOK || w["name"] != "Acme & Sons" {
		t.Errorf("rename: %d %v", code, w)
	}
	if code, _ := here.send("PATCH", "/workspace", `{"name":""}`); code != http.StatusUnprocessableEntity {
		t.Errorf("an empty name: %d, want 422", code)
	}
	if code, roles := here.send("GET", "/roles", ""); code != http.StatusOK || len(roles["items"].([]any)) != 6 {
		t.Errorf("roles: %d %v", code, roles)
	}
	if code, _ := there.send("GET", "/roles", ""); code != http.StatusUnauthorized {
		t.Errorf("roles for nobody: %d, want 401", code)
	}
	// Guessing is counted with guessing at the sign-in page.
	busy := 0
	for range 12 {
		if code, _ = here.send("PATCH", self, `{"password":"some other password","current_password":"a guess"}`); code == http.StatusTooManyRequests {
			busy++
		}
	}
	if busy == 0 {
		t.Error("twelve guesses of the present password were all answered")
	}
	if code, _ := there.send("POST", "/session", `{"email":"Olga@acme.example","password":"a guess"}`); code != http.StatusTooManyRequests {
		t.Errorf("guessing on at the sign-in page: %d, want 429", code)
	}
}
