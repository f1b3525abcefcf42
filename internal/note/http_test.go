package note

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/workspace"
)

func TestHTTPStory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	bob, asBob := b.member("Bob", workspace.Responder)
	b.accept(id, "")
	step := func(code, want int, out map[string]any) map[string]any {
		t.Helper()
		if code != want {
			t.Fatalf("= %d %v, want %d", code, out, want)
		}
		return out
	}
	call := func(route, body string, want int) map[string]any {
		t.Helper()
		code, out := b.call(b.Ctx, route, body)
		return step(code, want, out)
	}
	made := call("POST /feedback/"+id+"/notes", fmt.Sprintf(`{"text":"@Bob look","mentions":[%q]}`, bob), 201)
	if made["text"] != "@Bob look" || made["undo_id"] == "" {
		t.Errorf("made = %v", made)
	}
	call("POST /issues/HC-1/notes", `{"text":"on the issue"}`, 201)
	noteID := made["id"].(string)
	edited := call("PATCH /notes/"+noteID, fmt.Sprintf(`{"text":"@Bob look again","mentions":[%q]}`, bob), 200)
	if edited["edited_at"] == nil {
		t.Errorf("edited = %v", edited)
	}
	page := call("GET /issues/HC-1/notes?limit=1", "", 200)
	if next := call("GET /issues/HC-1/notes?limit=1&cursor="+page["next_cursor"].(string), "", 200); len(next["items"].([]any)) != 1 {
		t.Errorf("next page = %v", next)
	}
	if l := call("GET /feedback/"+id+"/notes", "", 200); len(l["items"].([]any)) != 1 || l["next_cursor"] != nil {
		t.Errorf("notes = %v", l)
	}
	code, mine := b.call(asBob, "GET /me/mentions", "")
	if step(code, 200, mine); mine["unread"] != 1.0 {
		t.Errorf("mentions = %v", mine)
	}
	code, left := b.call(asBob, "POST /me/mentions/read", `{"all":true}`)
	if step(code, 200, left); left["unread"] != 0.0 {
		t.Errorf("left = %v", left)
	}
	gone := call("DELETE /notes/"+noteID, "", 200)
	call("POST /undo/"+gone["undo_id"].(string), "", 204)
}

func TestHTTPRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	b.accept(id, "")
	noteID := b.add(b.Ctx, Subject{FeedbackID: id}, "there").Note.ID
	left, _ := b.member("Gone", workspace.Responder)
	b.member("Owner", workspace.Owner)
	disabled := true
	if _, err := b.members.ChangeMember(b.Ctx, left, workspace.MemberChange{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	many := `["` + strings.Repeat(`x","`, 60) + `x"]`
	for _, tc := range []struct {
		route, body string
		want        int
	}{
		{"POST /feedback/" + id + "/notes", `{"text":"  \n "}`, 422},
		{"POST /feedback/" + id + "/notes", `{}`, 422},
		{"POST /feedback/" + id + "/notes", `{"text":"a\u0000b"}`, 422},
		{"POST /feedback/" + id + "/notes", `{"text":"` + strings.Repeat("ä", maxText+1) + `"}`, 422},
		{"POST /feedback/" + id + "/notes", `{"text":"x","mentions":["nobody"]}`, 422},
		{"POST /feedback/" + id + "/notes", `{"text":"x","mentions":["` + left + `"]}`, 422},
		{"POST /feedback/" + id + "/notes", `{"text":"x","mentions":` + many + `}`, 422},
		{"POST /feedback/nothing/notes", `{"text":"x"}`, 404},
		{"POST /issues/HC-9/notes", `{"text":"x"}`, 404},
		{"PATCH /notes/nothing", `{"text":"x"}`, 404},
		{"PATCH /notes/" + noteID, `{"text":""}`, 422},
		{"DELETE /notes/nothing", ``, 404},
		{"GET /feedback/nothing/notes", ``, 404},
		{"GET /issues/HC-9/notes", ``, 404},
		{"GET /issues/HC-1/notes?cursor=%21", ``, 422},
		{"GET /me/mentions?cursor=%21", ``, 422},
		{"POST /me/mentions/read", `{}`, 422},
		{"POST /me/mentions/read", `{"ids":["x"],"all":true}`, 422},
	} {
		code, out := b.call(b.Ctx, tc.route, tc.body)
		if detail, _ := out["detail"].(string); code != tc.want || detail == "" {
			t.Errorf("%s %.60s = %d %v, want %d with a sentence", tc.route, tc.body, code, out, tc.want)
		}
	}
	// The longest there may be is kept whole.
	if code, out := b.call(b.Ctx, "POST /feedback/"+id+"/notes", `{"text":"`+strings.Repeat("ä", maxText)+`"}`); code != 201 || len([]rune(out["text"].(string))) != maxText {
		t.Errorf("the longest note = %d", code)
	}
}
