package triage

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// serve returns a client that acts with a role on the desk's routes.
func (d *desk) serve(t *testing.T, role workspace.Role) func(method, path, body string, into any) int {
	t.Helper()
	mux := http.NewServeMux()
	api := web.NewAPI(mux, "test")
	d.rules.Routes(api)
	d.ledger.Routes(api)
	d.undo.Routes(api)
	who, _ := workspace.ActorFrom(d.As(role))
	return func(method, path, body string, into any) int {
		t.Helper()
		r := httptest.NewRequestWithContext(workspace.As(t.Context(), who), method, web.Prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if into != nil && w.Code < 300 {
			if err := json.Unmarshal(answer, into); err != nil {
				t.Fatalf("%s %s answered %s: %v", method, path, answer, err)
			}
		} else if s, ok := into.(*string); ok {
			*s = string(answer)
		}
		return w.Code
	}
}

func TestRulesAndDecisionsOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	call := d.serve(t, workspace.Lead)
	launch := "/launches/" + d.LaunchID
	var rule Rule
	if code := call("POST", launch+"/rules", `{"name":"Crashes","when":"text.contains(\"crash\")","then":{"severity":"sev2","tag":["loud"]}}`, &rule); code != 201 || rule.Position != 1 || !rule.Enabled {
		t.Fatalf("POST rules = %d %+v", code, rule)
	}
	var why string
	if code := call("POST", launch+"/rules", `{"name":"x","when":"text.contains(","then":{"ignore":true}}`, nil); code != 422 {
		t.Errorf("POST of a bad rule = %d, want 422", code)
	}
	ids := d.Add("it crashes", "thank you", "please add a theme")
	var p Preview
	if code := call("POST", launch+"/rules/preview", `{"when":"category == \"praise\""}`, &p); code != 200 || p.Matched != 1 || p.Scanned != 3 || p.Sample[0].ID != ids[1] {
		t.Errorf("preview = %d %+v", code, p)
	}
	if code := call("PATCH", "/rules/"+rule.ID, `{"enabled":false}`, &rule); code != 200 || rule.Enabled || rule.Hits != 1 {
		t.Errorf("PATCH rule = %d %+v", code, rule)
	}
	var rules web.Page[Rule]
	if code := call("GET", launch+"/rules", "", &rules); code != 200 || len(rules.Items) != 1 {
		t.Errorf("GET rules = %d %+v", code, rules)
	}

	var one editedOne
	if code := call("PATCH", "/feedback/"+ids[0], `{"category":"performance","tags":["slow"]}`, &one); code != 200 || one.Feedback.Category != "performance" || one.UndoID == "" {
		t.Fatalf("PATCH feedback = %d %+v", code, one)
	}
	if code := call("PATCH", "/feedback/"+ids[0], `{"category":"slow"}`, &why); code != 422 || !strings.Contains(why, "feature_request") {
		t.Errorf("PATCH of an unknown category = %d %s, want the list of categories", code, why)
	}
	var many editedMany
	if code := call("POST", launch+"/feedback/correct", `{"ids":["`+ids[1]+`","`+ids[2]+`"],"severity":"sev4"}`, &many); code != 200 || many.Changed != 2 || many.Corrections != 1 {
		t.Errorf("correct many = %d %+v, want one of two corrected", code, many)
	}
	var page web.Page[Decision]
	if code := call("GET", launch+"/decisions?corrected=true&field=category", "", &page); code != 200 || len(page.Items) != 1 || page.Items[0].Corrections[0].To != "performance" {
		t.Errorf("corrected decisions = %d %+v", code, page)
	}
	if code := call("GET", launch+"/decisions?limit=2", "", &page); code != 200 || len(page.Items) != 2 || page.NextCursor == "" {
		t.Errorf("decisions = %d %+v", code, page)
	}
	if code := call("GET", launch+"/decisions?cursor=%25%25", "", nil); code != 422 {
		t.Errorf("a made-up cursor = %d, want 422", code)
	}
	if code := call("GET", "/feedback/"+ids[0]+"/decisions", "", &page); code != 200 || len(page.Items) != 3 {
		t.Errorf("decisions of one = %d %+v, want the person's, the rule's and the engine's", code, page)
	}
	var acc Accuracy
	if code := call("GET", launch+"/decisions/accuracy", "", &acc); code != 200 || acc.Fields[0].Reviewed != 1 || acc.Fields[0].Corrected != 1 {
		t.Errorf("accuracy = %d %+v", code, acc)
	}
	if code := call("POST", "/undo/"+one.UndoID, "", nil); code != 204 {
		t.Errorf("undo = %d", code)
	}
	if f := d.get(t, ids[0]); f.Category != "bug" || !cmp.Equal(f.Tags, []string{"loud"}) {
		t.Errorf("after undo: %s %v", f.Category, f.Tags)
	}
	if code := call("DELETE", "/rules/"+rule.ID, "", nil); code != 204 {
		t.Errorf("DELETE rule = %d", code)
	}
	if code := d.serve(t, workspace.Viewer)("PATCH", "/feedback/"+ids[0], `{"category":"data"}`, nil); code != 403 {
		t.Errorf("PATCH as viewer = %d, want 403", code)
	}
}

// TestDocumentedValues keeps the values in the API's document equal to those
// that are accepted.
func TestDocumentedValues(t *testing.T) {
	t.Parallel()
	for field, want := range map[string][]string{"Category": nlp.Categories, "Severity": Severities, "Sentiment": Sentiments, "Emotion": Emotions} {
		f, _ := reflect.TypeFor[Edit]().FieldByName(field)
		if diff := cmp.Diff(want, strings.Split(f.Tag.Get("enum"), ",")); diff != "" {
			t.Errorf("enum of %s -want +got:\n%s", field, diff)
		}
	}
}
