package issue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

// audited counts the audit rows of an action.
func (b *bench) audited(action string) (n int) {
	b.t.Helper()
	if err := b.DB.QueryRowContext(b.Ctx, `SELECT COUNT(*) FROM audit WHERE workspace_id = $1 AND action = $2`, b.Workspace, action).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestChangeMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sam := b.member("sam")
	b.made("one", "two", "three")
	sev1, planning := "sev1", Planning
	must(b.s.Change(b.Ctx, "HC-3", Change{Severity: &sev1, Stage: &planning, OwnerID: &sam, Tags: &[]string{"mobile"}}))(t)
	before, audits := b.state(b.LaunchID), b.audited(actChange)

	ids := []string{b.get("HC-1").ID, "hc-2", "HC-3", "HC-2"}
	got := must(b.s.ChangeMany(b.Ctx, b.LaunchID, ids, BulkChange{Severity: &sev1, Stage: &planning, OwnerID: &sam, AddTags: []string{" Mobile "}, Reason: "found in the war room"}))(t)
	if got.Changed != 2 || got.Unchanged != 1 {
		t.Errorf("changed %d, left %d; want 2 and 1", got.Changed, got.Unchanged)
	}
	for _, key := range []string{"HC-1", "HC-2"} {
		i := b.get(key)
		if i.Severity != "sev1" || i.Stage != Planning || i.Owner == nil || i.Owner.Name != "sam" || cmp.Diff(i.Tags, []string{"mobile"}) != "" || i.Urgency != 5 {
			t.Errorf("%s = %+v", key, i)
		}
		fields := map[string]string{}
		for _, h := range must(b.s.History(b.Ctx, key, Place{}, 4))(t) {
			fields[h.Field] = h.To
			if h.Reason != "found in the war room" {
				t.Errorf("history of %s = %+v, want its reason", key, h)
			}
		}
		if diff := cmp.Diff(map[string]string{"stage": "planning", "severity": "sev1", "owner": "sam", "tags": "mobile"}, fields); diff != "" {
			t.Errorf("history of %s -want +got:\n%s", key, diff)
		}
	}
	if n := b.audited(actChange); n != audits+1 {
		t.Errorf("%d audit rows for one act", n-audits)
	}
	b.takeBack(got.UndoID)
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("undone -before +after:\n%s", diff)
	}
	off := must(b.s.ChangeMany(b.Ctx, b.LaunchID, []string{"HC-1", "HC-3"}, BulkChange{RemoveTags: []string{"mobile"}}))(t)
	if off.Changed != 1 || off.Unchanged != 1 || len(b.get("HC-3").Tags) != 0 {
		t.Errorf("taking a tag off = %+v, tags %v", off, b.get("HC-3").Tags)
	}
}

func TestChangeManyRefusesAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two", "three")
	must(b.s.Create(b.Ctx, b.Launch("Second"), Input{Title: "elsewhere"}))(t)
	must(b.s.Merge(b.Ctx, "HC-3", "HC-2"))(t)
	full := make([]string, maxTags)
	for k := range full {
		full[k] = fmt.Sprint("tag", k)
	}
	must(b.s.Change(b.Ctx, "HC-2", Change{Tags: &full}))(t)
	before, audits := b.state(b.LaunchID), b.audited(actChange)
	sev1, sev3, nobody, odd := "sev1", "sev3", "x", "sev9"
	for name, tc := range map[string]struct {
		ids  []string
		c    BulkChange
		want errs.Kind
		says string
	}{
		"unknown":        {[]string{"HC-1", "HC-99"}, BulkChange{Severity: &sev1}, errs.NotFound, "HC-99"},
		"unknown id":     {[]string{"HC-1", "nothing"}, BulkChange{Severity: &sev1}, errs.NotFound, "nothing"},
		"odd id":         {[]string{"HC-1", "\x00"}, BulkChange{Severity: &sev1}, errs.NotFound, "no issue"},
		"merged":         {[]string{"HC-1", "HC-3"}, BulkChange{Severity: &sev1}, errs.Conflict, "HC-3 was merged into HC-2"},
		"another launch": {[]string{"HC-1", "HC-4"}, BulkChange{Severity: &sev1}, errs.Unprocessable, "HC-4 belongs to another launch"},
		"too many tags":  {[]string{"HC-1", "HC-2"}, BulkChange{AddTags: []string{"more"}}, errs.Invalid, "HC-2 can't be changed"},
		"bad tag":        {[]string{"HC-1"}, BulkChange{AddTags: []string{"a,b"}}, errs.Invalid, "tag"},
		"bad severity":   {[]string{"HC-1"}, BulkChange{Severity: &odd}, errs.Invalid, "HC-1"},
		"no member":      {[]string{"HC-1"}, BulkChange{OwnerID: &nobody}, errs.Invalid, "no member"},
		"nothing to do":  {[]string{"HC-1"}, BulkChange{Severity: &sev3}, errs.Conflict, "already"},
		"none":           {nil, BulkChange{Severity: &sev1}, errs.Invalid, "at least one"},
		"too many":       {make([]string, maxChanged+1), BulkChange{Severity: &sev1}, errs.TooLarge, "501"},
	} {
		_, err := b.s.ChangeMany(b.Ctx, b.LaunchID, tc.ids, tc.c)
		if !errs.Is(err, tc.want) || !strings.Contains(errs.Message(err), tc.says) {
			t.Errorf("%s = %v, want %s that says %q", name, err, tc.want, tc.says)
		}
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" || b.audited(actChange) != audits {
		t.Errorf("refused, and yet -before +after:\n%s", diff)
	}
}

func TestMergeMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "one"), feedbacktest.From("u2", "two"), feedbacktest.From("u1", "three"))
	for _, id := range ids {
		b.accept(id, "")
	}
	b.made("four")
	before, audits := b.state(b.LaunchID), b.audited(actMerge)
	p := must(b.s.PreviewMerge(b.Ctx, b.LaunchID, []string{"HC-1", "HC-2", "HC-4"}, "HC-3"))(t)
	got := must(b.s.MergeMany(b.Ctx, b.LaunchID, []string{"HC-1", "HC-2", "HC-3", "HC-4"}, "HC-3"))(t)
	if i := got.Issue; i.Key != "HC-3" || i.Reach.Feedback != 3 || i.Reach.People != 2 || len(i.Merged) != 3 {
		t.Errorf("merged = %s with %+v, from %v", i.Key, i.Reach, i.Merged)
	}
	if a := p.After; a.Reports != got.Issue.Reach.Feedback || a.People != got.Issue.Reach.People || a.Priority != got.Issue.Priority || a.Severity != got.Issue.Severity || len(p.From) != 3 {
		t.Errorf("the preview said %+v of %d, it became %+v, priority %g", a, len(p.From), got.Issue.Reach, got.Issue.Priority)
	}
	if n := b.audited(actMerge); n != audits+1 {
		t.Errorf("%d audit rows for one act", n-audits)
	}
	b.takeBack(got.UndoID)
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("undone -before +after:\n%s", diff)
	}
	for name, err := range map[string]error{
		"itself only": func() error { _, err := b.s.MergeMany(b.Ctx, b.LaunchID, []string{"HC-3"}, "HC-3"); return err }(),
		"too many":    func() error { _, err := b.s.MergeMany(b.Ctx, b.LaunchID, make([]string, 101), "HC-3"); return err }(),
		"nowhere":     func() error { _, err := b.s.MergeMany(b.Ctx, b.LaunchID, []string{"HC-1"}, " "); return err }(),
		"other launch": func() error {
			_, err := b.s.MergeMany(b.Ctx, b.Launch("Second"), []string{"HC-1"}, "HC-3")
			return err
		}(),
	} {
		if k := errs.KindOf(err); err == nil || k == errs.Internal {
			t.Errorf("%s = %v, want a refusal", name, err)
		}
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("refused, and yet -before +after:\n%s", diff)
	}
}

func TestSplitPreviewAgrees(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "It crashes", "tier=enterprise"), feedbacktest.From("u1", "The list is slow today"), feedbacktest.From("u2", "It crashes as well"), feedbacktest.From("u3", "The list is slow"))
	must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids[:1], false, ""))(t)
	must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids[1:], false, "HC-1"))(t)
	b.s.SetGrouper(fakeGrouper{{ids[1], ids[3]}, {ids[0], ids[2]}})
	groups := must(b.s.Groups(b.Ctx, "HC-1"))(t)
	if len(groups) != 2 || groups[0].Title != "The list is slow today" || cmp.Diff(groups[0].FeedbackIDs, []string{ids[1], ids[3]}) != "" {
		t.Errorf("groups = %+v", groups)
	}
	p := must(b.s.PreviewSplit(b.Ctx, "HC-1", groups[0].FeedbackIDs))(t)
	got := must(b.s.Split(b.Ctx, "HC-1", groups[0].FeedbackIDs, ""))(t)
	for _, tc := range []struct {
		what string
		said Outlook
		is   *Issue
	}{{"new", p.New, got.NewIssue}, {"stays", p.Stays, got.Issue}} {
		is := Outlook{Title: tc.is.Title, Severity: tc.is.Severity, Category: tc.is.Category, Area: tc.is.Area, Reports: tc.is.Reach.Feedback, People: tc.is.Reach.People, Unnamed: tc.is.Reach.Unnamed,
			Priority: tc.is.Priority, SuggestedSeverity: tc.is.SuggestedSeverity}
		if diff := cmp.Diff(tc.said, is); diff != "" {
			t.Errorf("%s -said +is:\n%s", tc.what, diff)
		}
	}
	if p.Both != 1 {
		t.Errorf("%d persons are in both, want 1", p.Both)
	}
	for name, list := range map[string][]string{"none": nil, "foreign": {ids[1]}, "odd": {"\x00"}} {
		if _, err := b.s.PreviewSplit(b.Ctx, "HC-1", list); err == nil || errs.KindOf(err) == errs.Internal {
			t.Errorf("%s = %v, want a refusal", name, err)
		}
	}
}

func TestBulkHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two")
	c := b.client()
	path := "/launches/" + b.LaunchID + "/issues/"
	code, out := c.call("POST "+path+"change", `{"ids":["HC-1","HC-2"],"change":{"severity":"sev2"}}`)
	if code != 200 || at(out, "changed") != 2.0 || at(out, "unchanged") != 0.0 {
		t.Fatalf("change = %d %v", code, out)
	}
	if code, _ := c.call("POST /undo/"+at(out, "undo_id").(string), ""); code != 204 {
		t.Errorf("undo = %d", code)
	}
	if code, out := c.call("GET "+path+"merge-preview?ids=HC-1&into=HC-2", ""); code != 200 || at(out, "after", "title") != "two" || at(out, "from", 0, "key") != "HC-1" {
		t.Errorf("preview = %d %v", code, out)
	}
	if code, out := c.call("POST "+path+"merge", `{"ids":["HC-1","HC-2"],"into":"HC-2"}`); code != 200 || at(out, "issue", "key") != "HC-2" {
		t.Errorf("merge = %d %v", code, out)
	}
	for route, body := range map[string]string{
		"POST " + path + "change":                            `{"ids":[],"change":{}}`,
		"POST /launches/" + b.LaunchID + "/issues/change?x":  `{"ids":["HC-2"],"change":{"title":"x"}}`,
		"POST " + path + "merge":                             `{"ids":["HC-1"]}`,
		"GET " + path + "merge-preview?ids=HC-1":             "",
		"POST /issues/HC-2/split/preview":                    `{"feedback_ids":[]}`,
		"POST " + path + "merge?too":                         `{"ids":["HC-2"],"into":"HC-2"}`,
		"GET " + path + "merge-preview?ids=HC-1&into=%00":    "",
		"GET " + path + "merge-preview?ids=HC-%00&into=HC-2": "",
	} {
		if code, out := c.call(route, body); code < 400 || code > 499 || at(out, "detail") == nil {
			t.Errorf("%s %s = %d %v, want a refusal with a sentence", route, body, code, out)
		}
	}
}

// TestChangeManyOfHundreds prints how long the largest act takes.
func TestChangeManyOfHundreds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(maxChanged)
	ids := make([]string, maxChanged)
	for k := range ids {
		ids[k] = fmt.Sprint("HC-", k+1)
	}
	sev1 := "sev1"
	start := time.Now()
	got := must(b.s.ChangeMany(b.Ctx, b.LaunchID, ids, BulkChange{Severity: &sev1}))(t)
	t.Logf("%d issues changed in %v", got.Changed, time.Since(start).Round(time.Millisecond))
	if got.Changed+got.Unchanged != maxChanged || got.Unchanged != maxChanged/4 {
		t.Errorf("changed %d, left %d", got.Changed, got.Unchanged)
	}
}
