package evidence

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// failing is a rig with a call that failed and a report of it.
func failing(t *testing.T, sources ...Source) (r *rig, callID, feedbackID string) {
	t.Helper()
	r = newRig(t, sources...)
	r.traffic(60, shopPaths...)
	id := r.call(30*time.Second, func(x *call.Record) {
		by("u1", "s1", "/checkout/pay", 504, 8*time.Second)(x)
		x.Query, x.Agent = "card=4111111111111111", "Shop/4.2"
	})
	r.call(20*time.Second, by("u1", "s1", "/cart", 200, 40*time.Millisecond))
	return r, "call:" + id.String(), r.report(feedbacktest.From("u1", "Paying hangs"))
}

func TestPinsOutliveTheirSource(t *testing.T) {
	t.Parallel()
	r, id, of := failing(t)
	r.sync()
	if _, err := r.s.Pin(r.Ctx, of, id, "  the one  "); err != nil {
		t.Fatal(err)
	}
	e := r.of(of)
	if i := e.Items[0]; i.ID != id || !i.Pinned || i.ByHand || i.Kept || i.Note != "the one" || i.PinnedBy != "Ada owner" {
		t.Errorf("pinned = %+v", i)
	}
	if _, err := r.log.Erase(t.Context(), r.Workspace, call.Query{Where: []call.Filter{{Field: call.User, Values: []string{"u1"}}}}); err != nil {
		t.Fatal(err)
	}
	e = r.of(of)
	var kept *Item
	for i := range e.Items {
		if e.Items[i].ID == id {
			kept = &e.Items[i]
		}
	}
	if kept == nil || !kept.Kept || !kept.Pinned || kept.Call == nil || kept.Call.Status != 504 || strings.Contains(kept.Call.Query, "4111") {
		t.Fatalf("kept copy = %+v", kept)
	}
	if err := r.s.Unpin(r.Ctx, of, id); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Unpin(r.Ctx, of, id); !errs.Is(err, errs.NotFound) {
		t.Errorf("unpinned twice = %v", err)
	}
}

func TestAddedByHand(t *testing.T) {
	t.Parallel()
	r, _, of := failing(t)
	far := r.call(5*24*time.Hour, by("u9", "s9", "/orders", 500, time.Second))
	r.sync()
	i, err := r.s.Pin(r.Ctx, of, "call:"+far.String(), "")
	if err != nil || !i.ByHand || i.Call == nil || i.Call.User != "u9" {
		t.Fatalf("by hand = %+v, %v", i, err)
	}
	for _, id := range []string{"call:0000000000000000000000000000abcd", "release:nothing", "error:x", "release:"} {
		if _, err := r.s.Pin(r.Ctx, of, id, ""); !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Invalid) {
			t.Errorf("pin %s = %v", id, err)
		}
	}
	if e := r.of(of); !e.Items[len(e.Items)-1].ByHand {
		t.Errorf("by hand is not there: %s", show(e))
	}
}

func TestReleasesStandBeside(t *testing.T) {
	t.Parallel()
	r, _, of := failing(t)
	var id string
	err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error {
		m, _, err := release.Mark(r.Ctx, tx, r.Workspace, r.LaunchID, "api", release.Input{Version: "3.0.4", Service: "checkout", At: r.at.Add(-10 * time.Minute)}, r.at)
		id = "release:" + m.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	e := r.of(of)
	for i, x := range e.Items {
		if x.ID == id {
			if i == 0 || x.Strength == Strong || x.Release == nil || x.Release.Release != "3.0.4" {
				t.Errorf("release = %+v", x)
			}
			return
		}
	}
	t.Errorf("no release: %s", show(e))
}

// oneSource brings what it is told to.
type oneSource struct {
	kind  string
	found []Found
	err   error
}

func (s oneSource) Kind() string { return s.kind }

func (s oneSource) Look(context.Context, workspace.ID, Ask) ([]Found, error) { return s.found, s.err }

func (s oneSource) Get(_ context.Context, _ workspace.ID, id string) (*Found, error) {
	for i := range s.found {
		if s.found[i].ID == id {
			return &s.found[i], nil
		}
	}
	return nil, errs.New(errs.NotFound, "There is no %s.", id)
}

func TestSourcesStandBeside(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	r, id, of := failing(t,
		oneSource{kind: Error, found: []Found{{ID: "g1", At: now.Add(-31 * time.Second), Title: "PoolTimeout: no connection to pay", User: "u1", Names: []string{"checkout"}, Words: "no connection to pay", Bad: .9, BadSay: "an exception", Thing: Thing{ID: "g1", Message: "no connection"}}}},
		oneSource{kind: Alert, found: []Found{{ID: "a1", At: now.Add(-5 * time.Minute), Until: now, Title: "Alert PayFails", Names: []string{"PayFails", "/checkout/pay"}, Bad: .8, BadSay: "an alert was firing"}}},
		oneSource{kind: Log, err: errs.New(errs.Unavailable, "away")})
	e := r.of(of)
	if e.Items[0].ID != id || len(e.Items) < 3 {
		t.Fatalf("want the call first: %s", show(e))
	}
	got := map[string]Item{}
	for _, i := range e.Items {
		got[i.Kind] = i
	}
	if x := got[Error]; x.Join != ByUser || x.Error == nil || x.Error.Message != "no connection" || x.Strength == Weak {
		t.Errorf("error = %+v", x)
	}
	if x := got[Alert]; x.Alert == nil || x.Strength == Strong {
		t.Errorf("alert = %+v", x)
	}
	r.sync()
	if _, err := r.s.Pin(r.Ctx, of, "error:g1", ""); err != nil {
		t.Error(err)
	}
}

func TestArrivalsAreFollowed(t *testing.T) {
	t.Parallel()
	r, id, of := failing(t)
	r.sync()
	clock := r.at
	r.s.now = func() time.Time { return clock }
	if n, err := r.s.FollowOnce(r.Ctx); n != 0 || err != nil {
		t.Errorf("at once = %d, %v", n, err) // the call log needs its moment
	}
	clock = r.at.Add(firstAfter)
	if n, err := r.s.FollowOnce(r.Ctx); n != 1 || err != nil {
		t.Fatalf("after a moment = %d, %v", n, err)
	}
	if n, err := r.s.FollowOnce(r.Ctx); n != 0 || err != nil {
		t.Errorf("again at once = %d, %v", n, err)
	}
	list, err := r.s.Summaries(r.Ctx, []string{of, "other"})
	if err != nil || len(list) != 1 || list[0].Strength != Strong || list[0].Items < 1 || !strings.Contains(list[0].Title, "504") {
		t.Errorf("summaries = %+v, %v", list, err)
	}
	near, err := r.s.Near(r.Ctx, id, 10)
	if err != nil || len(near) != 1 || near[0].Feedback.ID != of || near[0].Strength != Strong {
		t.Errorf("near = %+v, %v", near, err)
	}
	clock = r.at.Add(againAfter)
	if n, err := r.s.FollowOnce(r.Ctx); n != 1 || err != nil {
		t.Errorf("when the minutes behind it have passed = %d, %v", n, err)
	}
	clock = r.at.Add(2 * againAfter)
	if n, err := r.s.FollowOnce(r.Ctx); n != 0 || err != nil {
		t.Errorf("a third time = %d, %v", n, err)
	}
	// Another workspace sees none of it.
	o := r.Other()
	if list, err := r.s.Summaries(o.Ctx, []string{of}); err != nil || len(list) > 0 {
		t.Errorf("another workspace got %v, %v", list, err)
	}
	if list, err := r.s.Near(o.Ctx, id, 10); err != nil || len(list) > 0 {
		t.Errorf("another workspace got %v, %v", list, err)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	r, id, of := failing(t)
	r.sync()
	for _, tc := range []struct {
		role        workspace.Role
		route, body string
		want        int
	}{
		{workspace.Viewer, "GET /feedback/" + of + "/evidence", "", 200},
		{workspace.Viewer, "GET /feedback/none/evidence", "", 404},
		{workspace.Intake, "GET /feedback/" + of + "/evidence", "", 403},
		{workspace.Viewer, "POST /feedback/" + of + "/evidence/pins", `{"evidence_id":"` + id + `"}`, 403},
		{workspace.Viewer, "POST /feedback/" + of + "/evidence/votes", `{"evidence_id":"` + id + `","useful":true}`, 403},
		{workspace.Responder, "POST /feedback/" + of + "/evidence/votes", `{"evidence_id":"` + id + `","useful":true}`, 204},
		{workspace.Responder, "POST /feedback/" + of + "/evidence/votes", `{"evidence_id":"call:0000000000000000000000000000abcd","useful":true}`, 404},
		{workspace.Responder, "POST /feedback/" + of + "/evidence/votes", `{"evidence_id":"nonsense","useful":true}`, 422},
		{workspace.Responder, "POST /feedback/" + of + "/evidence/pins", `{"evidence_id":"` + id + `","note":"x"}`, 201},
		{workspace.Responder, "POST /feedback/" + of + "/evidence/pins", `{"evidence_id":"nonsense"}`, 422},
		{workspace.Responder, "POST /feedback/none/evidence/pins", `{"evidence_id":"` + id + `"}`, 404},
		{workspace.Viewer, "GET /calls/" + strings.TrimPrefix(id, "call:") + "/reports", "", 200},
		{workspace.Intake, "GET /calls/" + strings.TrimPrefix(id, "call:") + "/reports", "", 403},
		{workspace.Viewer, "GET /evidence?feedback_ids=" + of, "", 200},
		{workspace.Viewer, "DELETE /feedback/" + of + "/evidence/pins/" + id, "", 403},
		{workspace.Responder, "DELETE /feedback/" + of + "/evidence/pins/" + id, "", 204},
		{workspace.Responder, "DELETE /feedback/" + of + "/evidence/pins/" + id, "", 404},
	} {
		code, out := r.send(tc.role, tc.route, tc.body)
		if detail, _ := out["detail"].(string); code != tc.want || code >= http.StatusBadRequest && detail == "" {
			t.Errorf("%s as %s = %d %v, want %d", tc.route, tc.role, code, out, tc.want)
		}
	}
	_, out := r.send(workspace.Responder, "GET /feedback/"+of+"/evidence", "")
	items := out["items"].([]any)
	best := items[0].(map[string]any)
	if best["id"] != id || best["useful"] != true || best["call"].(map[string]any)["status"] != 504.0 || len(best["parts"].([]any)) < 3 {
		t.Errorf("best = %v", best)
	}
	if out["tied_by"] != "user_id" || out["calls_total"] != 2.0 || len(out["before"].([]any)) != 2 {
		t.Errorf("evidence = %v", out)
	}
}

func TestVotesAreOneEach(t *testing.T) {
	t.Parallel()
	r, id, of := failing(t)
	r.sync()
	for range 3 {
		if err := r.s.Vote(r.Ctx, of, id, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, votes, err := learntOf(t.Context(), r.DB, r.Workspace); err != nil || votes != 1 {
		t.Errorf("votes = %d, %v; want 1", votes, err)
	}
	if err := r.s.Vote(r.As(workspace.Responder), of, id, false); err != nil {
		t.Fatal(err)
	}
	learnt, votes, err := learntOf(t.Context(), r.DB, r.Workspace)
	if err != nil || votes != 2 || len(learnt) == 0 {
		t.Errorf("learnt = %v, %d votes, %v", learnt, votes, err)
	}
	if w, err := r.s.weights(t.Context(), r.Other().Workspace); err != nil || w[partTime] != prior[partTime] {
		t.Errorf("another workspace learnt: %v, %v", w, err)
	}
}
