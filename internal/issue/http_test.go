package issue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/web"
)

// client calls the API of a bench as its owner.
type client struct {
	t testing.TB
	h http.Handler
}

func (b *bench) client() *client {
	mux := http.NewServeMux()
	api := web.NewAPI(mux, "test")
	b.s.Routes(api)
	b.undo.Routes(api)
	return &client{b.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, r.WithContext(b.Ctx)) })}
}

// call returns the status and the JSON of the answer.
func (c *client) call(route, body string) (int, map[string]any) {
	c.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequest(method, web.Prefix+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			c.t.Fatalf("%s: %v in %s", route, err, w.Body)
		}
	}
	return w.Code, out
}

// at follows names and indexes into JSON.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func TestHTTPStory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.client()
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "The app crashes", "tier=vip"), feedback.Input{Text: "It crashes too"}, feedback.Input{Text: "Thank you"}, feedback.Input{Text: "Spam"})
	b.s.SetFinder(fakeFinder{ids[1]: {{ids[0], .8, "same words"}}})

	step := func(route, body string, want int) map[string]any {
		t.Helper()
		code, out := c.call(route, body)
		if code != want {
			t.Fatalf("%s %s = %d %v, want %d", route, body, code, out, want)
		}
		return out
	}
	check := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s -want +got:\n%s", what, diff)
		}
	}
	made := step("POST /feedback/"+ids[0]+"/accept", "", 200)
	check("made", []any{at(made, "issue", "key"), at(made, "joined"), at(made, "feedback", "state")}, []any{"HC-1", false, "accepted"})
	joined := step("POST /feedback/"+ids[1]+"/accept", `{"issue_id":"hc-1"}`, 200)
	check("joined", []any{at(joined, "issue", "reach", "feedback"), at(joined, "joined"), at(joined, "feedback", "issue", "key")}, []any{2.0, true, "HC-1"})
	many := step("POST /launches/"+b.LaunchID+"/feedback/accept", fmt.Sprintf(`{"ids":[%q]}`, ids[2]), 200)
	check("many", []any{at(many, "accepted"), at(many, "issues", 0, "key")}, []any{1.0, "HC-2"})
	ignored := step("POST /feedback/"+ids[3]+"/ignore", `{"reason":"an advertisement"}`, 200)
	check("ignored", at(ignored, "feedback", "state"), any("ignored"))
	step("POST /undo/"+at(ignored, "undo_id").(string), "", 204)
	check("ignored many", at(step("POST /launches/"+b.LaunchID+"/feedback/ignore", fmt.Sprintf(`{"ids":[%q]}`, ids[3]), 200), "ignored"), any(1.0))

	list := step("GET /launches/"+b.LaunchID+"/issues?facets=true&sort=priority", "", 200)
	check("list", []any{at(list, "items", 0, "key"), at(list, "items", 1, "key"), at(list, "total"), at(list, "facets", "severity", 0, "value")}, []any{"HC-1", "HC-2", 2.0, "sev1"})
	one := step("GET /issues/hc-1", "", 200)
	check("lines", at(one, "priority_reason", 0, "label"), any("1 person reported it"))
	check("trend", len(at(one, "trend").([]any)), 14)
	changed := step("PATCH /issues/HC-1", `{"stage":"analysis","reason":"looked at it"}`, 200)
	check("changed", []any{at(changed, "stage"), at(changed, "key")}, []any{"analysis", "HC-1"})
	step("POST /undo/"+at(changed, "undo_id").(string), "", 204)
	history := step("GET /issues/HC-1/history?limit=2", "", 200)
	check("history", []any{at(history, "items", 0, "field"), at(history, "items", 0, "to"), at(history, "items", 0, "actor", "name")}, []any{"stage", "intake", "Ada owner"})
	next := step("GET /issues/HC-1/history?limit=2&cursor="+url.QueryEscape(at(history, "next_cursor").(string)), "", 200)
	check("history, next page", at(next, "items", 0, "field"), any("feedback"))
	check("feedback", at(step("GET /issues/HC-1/feedback", "", 200), "items", 1, "id"), any(ids[0]))
	check("reporters", at(step("GET /issues/HC-1/reporters", "", 200), "items", 0, "attrs", "tier"), any("vip"))

	hand := step("POST /launches/"+b.LaunchID+"/issues", `{"title":"By hand","severity":"sev4"}`, 201)
	check("by hand", at(hand, "key"), any("HC-3"))
	split := step("POST /issues/HC-1/split", fmt.Sprintf(`{"feedback_ids":[%q]}`, ids[1]), 200)
	check("split", []any{at(split, "issue", "key"), at(split, "new_issue", "key")}, []any{"HC-1", "HC-4"})
	check("similar", at(step("GET /issues/HC-4/similar", "", 200), "items", 0, "issue", "key"), any("HC-1"))
	merged := step("POST /issues/HC-4/merge", `{"into":"HC-1"}`, 200)
	check("merged", []any{at(merged, "issue", "key"), at(merged, "issue", "merged", 0, "key")}, []any{"HC-1", "HC-4"})
	check("the merged one", at(step("GET /issues/HC-4", "", 200), "merged_into", "key"), any("HC-1"))
	step("POST /undo/"+at(merged, "undo_id").(string), "", 204)
	step("POST /undo/"+at(split, "undo_id").(string), "", 204)
	step("GET /issues/HC-4", "", 404)
}

func TestHTTPRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.client()
	ids := b.Add("one")
	step := func(route, body string, want int) {
		t.Helper()
		code, out := c.call(route, body)
		detail, _ := out["detail"].(string)
		if code != want || detail == "" {
			t.Errorf("%s %.80s = %d %v, want %d with a sentence", route, body, code, out, want)
		}
	}
	step("POST /feedback/"+ids[0]+"/accept", `{"issue_id":7}`, 422)
	step("POST /feedback/"+ids[0]+"/accept", `{"issue":"HC-1"}`, 422)
	step("POST /feedback/"+ids[0]+"/accept", `{`, 400)
	step("POST /feedback/"+ids[0]+"/accept", `{"issue_id":"HC-9"}`, 404)
	step("POST /feedback/nothing/accept", ``, 404)
	step("POST /launches/"+b.LaunchID+"/feedback/accept", `{"ids":[]}`, 422)
	step("POST /launches/"+b.LaunchID+"/feedback/accept", `{"ids":["x"]}`, 404)
	step("POST /launches/"+b.LaunchID+"/issues", `{"title":""}`, 422)
	step("POST /launches/"+b.LaunchID+"/issues", `{"title":"x","urgency":9}`, 422)
	step("POST /launches/nothing/issues", `{"title":"x"}`, 404)
	step("GET /launches/"+b.LaunchID+"/issues?sort=best", "", 422)
	step("GET /launches/"+b.LaunchID+"/issues?cursor=%21", "", 422)
	step("GET /launches/"+b.LaunchID+"/issues?limit=1000", "", 422)
	step("GET /issues/HC-1/history?cursor=%21", "", 422)
	step("GET /issues/HC-1", "", 404)
	step("PATCH /issues/HC-1", `{"stage":"done"}`, 422)
	step("POST /issues/HC-1/merge", `{}`, 422)
	// What PostgreSQL can't even look for.
	made := b.accept(ids[0], "").Issue.ID
	step("GET /issues/%00", "", 404)
	step("GET /issues/%ff", "", 404)
	step("GET /issues/HC-1/reporters?cursor="+web.Cursor("\x00"), "", 422)
	step("GET /issues/HC-1/history?cursor="+web.Cursor(Place{1, "\x00"}), "", 422)
	step("PATCH /issues/"+made, `{"title":"a\u0000b"}`, 422)
	step("PATCH /issues/"+made, `{"area":"x","reason":"\u0000"}`, 422)
	step("PATCH /issues/"+made, `{"owner_id":"\u0000"}`, 422)
	step("POST /issues/"+made+"/split", `{"feedback_ids":["\u0000"]}`, 404)
	if code, out := c.call("GET /launches/"+b.LaunchID+"/issues?area=%00&tag=%ff&q=%00", ""); code != 200 || at(out, "total") != 0.0 {
		t.Errorf("a filter by what can't be = %d %v, want an empty list", code, out)
	}
}
