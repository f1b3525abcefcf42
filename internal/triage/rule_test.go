package triage

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestRulesActOnWhatArrives(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ada := d.member(t, "ada")
	for _, tc := range []struct {
		name, when string
		then       Then
		texts      []string
		check      func(f *feedback.Feedback) bool
	}{
		{"assign", `text.contains("invoice")`, Then{Assign: ada}, []string{"the invoice is wrong"}, func(f *feedback.Feedback) bool { return f.AssigneeID == ada }},
		{"tag", `text.contains("refund")`, Then{Tag: []string{"Money ", "vip"}}, []string{"refund please"}, func(f *feedback.Feedback) bool { return cmp.Equal(f.Tags, []string{"money", "vip"}) }},
		{"severity", `category == "bug" && text.contains("checkout")`, Then{Severity: "sev1"}, []string{"checkout shows an error"}, func(f *feedback.Feedback) bool { return f.Severity == "sev1" && f.SeverityConfidence == 1 }},
		{"ignore", `category == "praise"`, Then{Ignore: true}, []string{"thank you"}, func(f *feedback.Feedback) bool { return f.State == feedback.Ignored }},
		{"sees what came before", `severity == "sev1" && "vip" in tags`, Then{Tag: []string{"both"}}, []string{"refund for the checkout"}, func(f *feedback.Feedback) bool {
			return cmp.Equal(f.Tags, []string{"both", "money", "vip"})
		}},
	} {
		r := d.rule(t, tc.name, tc.when, tc.then)
		for _, id := range d.Add(tc.texts...) {
			if f := d.get(t, id); !tc.check(f) {
				t.Errorf("%s: feedback %q became state %s, severity %s, assignee %q, tags %v", tc.name, f.Text, f.State, f.Severity, f.AssigneeID, f.Tags)
			}
		}
		list, err := d.rules.List(d.Ctx, d.LaunchID)
		if err != nil {
			t.Fatal(err)
		}
		if got := list[len(list)-1]; got.ID != r.ID || got.Hits != 1 || got.Position != len(list) || got.Error != "" {
			t.Errorf("%s: listed last as %+v, want one hit", tc.name, got)
		}
	}
	if f := d.get(t, d.Add("nothing to see")[0]); f.AssigneeID != "" || len(f.Tags) != 0 || f.State != feedback.New {
		t.Errorf("a feedback that no rule matches became %+v", f)
	}
}

func TestRulesSeeTheAuthor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, "enterprise", `author.attrs.tier == "enterprise" && author.name == "u1"`, Then{Severity: "sev2"})
	ids := d.AddTo(d.LaunchID, feedbacktest.From("u1", "slow", "tier=enterprise"), feedbacktest.From("u2", "slow", "tier=free"), feedback.Input{Text: "slow"})
	for i, want := range []string{"sev2", "sev3", "sev3"} {
		if f := d.get(t, ids[i]); f.Severity != want {
			t.Errorf("feedback %d has severity %s, want %s", i, f.Severity, want)
		}
	}
	// Stored feedback has the person's attributes, whatever that report said.
	p, err := d.rules.Preview(d.Ctx, d.LaunchID, PreviewInput{When: `author.attrs.tier == "enterprise"`})
	if err != nil || p.Matched != 1 || p.Scanned != 3 || !p.Complete || len(p.Sample) != 1 || p.Sample[0].ID != ids[0] || p.Sample[0].Text != "" {
		t.Errorf("Preview = %+v, %v; want the first of three", p, err)
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("it crashes", "thanks", "please add a theme")
	before := d.get(t, ids[0])
	p, err := d.rules.Preview(d.Ctx, d.LaunchID, PreviewInput{When: `category == "bug"`, Then: &Then{Severity: "sev4", Ignore: true}})
	if err != nil || p.Matched != 1 || p.Error != "" {
		t.Fatalf("Preview = %+v, %v", p, err)
	}
	if diff := cmp.Diff(before, d.get(t, ids[0])); diff != "" {
		t.Errorf("the preview changed a feedback:\n%s", diff)
	}
	for _, in := range []PreviewInput{{When: `category ==`}, {When: `true`, Then: &Then{Severity: "sev9"}}, {When: `true`, Then: &Then{Assign: "nobody"}}} {
		if p, err := d.rules.Preview(d.Ctx, d.LaunchID, in); err != nil || p.Error == "" || p.Scanned != 0 {
			t.Errorf("Preview(%+v) = %+v, %v; want the reason in the answer", in, p, err)
		}
	}
	p, err = d.rules.Preview(d.Ctx, d.LaunchID, PreviewInput{When: `author.name + 1 == 2`})
	if err != nil || p.Failed != 3 || p.Matched != 0 || !strings.Contains(p.Error, "no such overload") {
		t.Errorf("Preview of a failing condition = %+v, %v", p, err)
	}
}

func TestFailingRuleIsSkippedAndShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bad := d.rule(t, "bad", `author.name + 1 == 2`, Then{Ignore: true})
	d.rule(t, "good", `true`, Then{Tag: []string{"seen"}})
	id := d.Add("hello")[0]
	if f := d.get(t, id); f.State != feedback.New || !cmp.Equal(f.Tags, []string{"seen"}) {
		t.Errorf("feedback became %s %v, want new and seen", f.State, f.Tags)
	}
	list, err := d.rules.List(d.Ctx, d.LaunchID)
	if err != nil || list[0].Failures != 1 || list[0].Hits != 0 || !strings.Contains(list[0].Error, id) || list[1].Hits != 1 {
		t.Fatalf("List = %+v, %v; want the failure on the first", list, err)
	}
	when := `author.name == "x"`
	r, err := d.rules.Change(d.Ctx, bad.ID, RuleChange{When: &when})
	if err != nil || r.Failures != 0 || r.Error != "" {
		t.Errorf("after a new condition the rule is %+v, %v; want no failures", r, err)
	}
}

func TestCostlyRuleRests(t *testing.T) {
	if raceEnabled {
		t.Skip("fifty runs to the cost limit take minutes with the race detector, which has nothing to find in them")
	}
	t.Parallel()
	d := newDesk(t)
	many := "[" + strings.Repeat("1,", 400) + "1]"
	d.rule(t, "costly", many+`.all(a, `+many+`.all(b, text.contains("x") == false))`, Then{Ignore: true})
	texts := make([]string, maxOverruns+20)
	for i := range texts {
		texts[i] = "hello"
	}
	d.Add(texts...)
	list, err := d.rules.List(d.Ctx, d.LaunchID)
	if err != nil || list[0].Failures != maxOverruns || !strings.Contains(list[0].Error, "costs too much") {
		t.Errorf("List = %+v, %v; want it stopped after %d overruns", list, err, maxOverruns)
	}
}

func TestBadRulesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	gone := d.member(t, "gone")
	d.leave(t, gone)
	stranger := d.other().member(t, "stranger")
	for _, tc := range []struct {
		in   RuleInput
		want string
	}{
		{RuleInput{Name: " ", When: "true", Then: Then{Ignore: true}}, "name"},
		{RuleInput{Name: "x", When: "true"}, "must do something"},
		{RuleInput{Name: "x", When: "tru", Then: Then{Ignore: true}}, "line 1, column 1: undeclared reference to 'tru'"},
		{RuleInput{Name: "x", When: "true", Then: Then{Severity: "high"}}, "use one of sev1, sev2, sev3, sev4"},
		{RuleInput{Name: "x", When: "true", Then: Then{Tag: []string{"a,b"}}}, "can't be a tag"},
		{RuleInput{Name: "x", When: "true", Then: Then{Assign: gone}}, "can't sign in any more"},
		{RuleInput{Name: "x", When: "true", Then: Then{Assign: stranger}}, "no member"},
	} {
		if _, err := d.rules.Create(d.Ctx, d.LaunchID, tc.in); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Create(%+v) = %v, want invalid with %q", tc.in, err, tc.want)
		}
	}
	r := d.rule(t, "good", "true", Then{Ignore: true})
	when, none := "(", Then{}
	for _, c := range []RuleChange{{When: &when}, {Then: &none}} {
		if _, err := d.rules.Change(d.Ctx, r.ID, c); !errs.Is(err, errs.Invalid) {
			t.Errorf("Change(%+v) = %v, want invalid", c, err)
		}
	}
	for i := range maxRules - 1 {
		rule := Rule{ID: db.NewID(), LaunchID: d.LaunchID, Name: "r", Position: i + 2, When: "true", Then: Then{Ignore: true}}
		if err := d.DB.Tx(t.Context(), func(tx *db.Tx) error { return putRule(t.Context(), tx, d.Workspace, rule) }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.rules.Create(d.Ctx, d.LaunchID, RuleInput{Name: "one more", When: "true", Then: Then{Ignore: true}}); !errs.Is(err, errs.Conflict) {
		t.Errorf("Create of rule %d = %v, want a conflict", maxRules+1, err)
	}
}

func TestRuleWhoseAssigneeLeftSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	now := time.Now()
	d.rules.now = func() time.Time { return now }
	ada := d.member(t, "ada")
	r := d.rule(t, "assign", "true", Then{Assign: ada, Tag: []string{"x"}})
	off := false
	d.leave(t, ada)
	now = now.Add(rebuildSet)
	if f := d.get(t, d.Add("hello")[0]); f.AssigneeID != "" || !cmp.Equal(f.Tags, []string{"x"}) {
		t.Errorf("feedback is assigned to %q with tags %v, want nobody and x", f.AssigneeID, f.Tags)
	}
	list, err := d.rules.List(d.Ctx, d.LaunchID)
	if err != nil || !strings.Contains(list[0].Error, "can't sign in") || list[0].Hits != 1 {
		t.Errorf("List = %+v, %v; want the reason", list, err)
	}
	if _, err := d.rules.Change(d.Ctx, r.ID, RuleChange{Enabled: &off}); err != nil {
		t.Errorf("switching the rule off: %v", err)
	}
}

func TestRulesAreOrderedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var ids []string
	for _, s := range []string{"sev1", "sev2", "sev4"} {
		ids = append(ids, d.rule(t, s, "true", Then{Severity: s}).ID)
	}
	names := func() (out []string) {
		t.Helper()
		list, err := d.rules.List(d.Ctx, d.LaunchID)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range list {
			out = append(out, r.Name)
			if r.Position != i+1 {
				t.Errorf("rule %s is at %d, want %d", r.Name, r.Position, i+1)
			}
		}
		return out
	}
	severity := func() string {
		t.Helper()
		return d.get(t, d.Add("hello")[0]).Severity
	}
	if got := severity(); got != "sev4" {
		t.Errorf("severity %s, want the last rule's", got)
	}
	first, off := 1, false
	if _, err := d.rules.Change(d.Ctx, ids[2], RuleChange{Position: &first}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sev4", "sev1", "sev2"}, names()); diff != "" {
		t.Error(diff)
	}
	if got := severity(); got != "sev2" {
		t.Errorf("severity after the move %s, want the new last rule's", got)
	}
	if _, err := d.rules.Change(d.Ctx, ids[1], RuleChange{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if got := severity(); got != "sev1" {
		t.Errorf("severity with sev2 off %s, want sev1", got)
	}
	if err := d.rules.Delete(d.Ctx, ids[0]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sev4", "sev2"}, names()); diff != "" {
		t.Error(diff)
	}
	if got := severity(); got != "sev4" {
		t.Errorf("severity after the removal %s, want sev4", got)
	}
}

// TestOtherNodesFollowRules has two Rules on one database, as two nodes do.
func TestOtherNodesFollowRules(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if !d.DB.Shared() {
		t.Skip("only PostgreSQL is shared by nodes")
	}
	now := time.Now()
	d.rules.now = func() time.Time { return now }
	node, err := NewRules(RulesDeps{DB: d.DB, Bus: d.Bus, Feedback: d.Feedback, Launches: d.Launches, Members: d.members})
	if err != nil {
		t.Fatal(err)
	}
	if f := d.get(t, d.Add("hello")[0]); f.State != feedback.New {
		t.Fatalf("state %s without rules", f.State)
	}
	if _, err := node.Create(d.Ctx, d.LaunchID, RuleInput{Name: "all", When: "true", Then: Then{Ignore: true}}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(followRules)
	if f := d.get(t, d.Add("hello")[0]); f.State != feedback.Ignored {
		t.Errorf("state %s two seconds after another node made a rule, want ignored", f.State)
	}
}

func TestRulesLeaveAloneWhatPeopleDecided(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ada, bob := d.member(t, "ada"), d.member(t, "bob")
	ids := d.Add("one", "two")
	sev := "sev4"
	tags := []string{"mine"}
	d.correct(t, Edit{Severity: &sev, AssigneeID: &bob, Tags: &tags}, ids[0])
	d.rule(t, "all", "true", Then{Assign: ada, Tag: []string{"x"}, Severity: "sev1", Ignore: true})
	list := []*feedback.Feedback{d.get(t, ids[0]), d.get(t, ids[1])}
	applied, err := d.rules.Apply(d.Ctx, d.Workspace, d.LaunchID, list)
	if err != nil || len(applied) != 2 {
		t.Fatalf("Apply = %v, %v", applied, err)
	}
	if f := list[0]; f.Severity != "sev4" || f.AssigneeID != bob || !cmp.Equal(f.Tags, tags) || f.State != feedback.Ignored {
		t.Errorf("what a person decided became %s %s %v", f.Severity, f.AssigneeID, f.Tags)
	}
	if diff := cmp.Diff(Then{Ignore: true}, applied[0].Actions); diff != "" {
		t.Errorf("what took effect:\n%s", diff)
	}
	if f := list[1]; f.Severity != "sev1" || f.AssigneeID != ada {
		t.Errorf("what nobody decided became %s %s", f.Severity, f.AssigneeID)
	}
	// Once it acted, a rule does not act again on the same feedback.
	err = d.DB.Tx(d.Ctx, func(tx *db.Tx) error { return d.ledger.Record(d.Ctx, tx, d.Workspace, d.LaunchID, list, applied) })
	if err != nil {
		t.Fatal(err)
	}
	if applied, err = d.rules.Apply(d.Ctx, d.Workspace, d.LaunchID, []*feedback.Feedback{d.get(t, ids[1])}); err != nil || len(applied) != 0 {
		t.Errorf("second Apply = %v, %v; want nothing", applied, err)
	}
}

func TestRulesKeepRolesAndTenantsApart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.rule(t, "mine", "true", Then{Ignore: true})
	o := d.other()
	name := "theirs"
	verbs := map[string]struct {
		need workspace.Permission
		call func(*desk, workspace.Role) error
	}{
		"list": {workspace.Read, func(x *desk, role workspace.Role) error {
			_, err := x.rules.List(x.As(role), d.LaunchID)
			return err
		}},
		"create": {workspace.ManageLaunch, func(x *desk, role workspace.Role) error {
			_, err := x.rules.Create(x.As(role), d.LaunchID, RuleInput{Name: "x", When: "true", Then: Then{Ignore: true}})
			return err
		}},
		"preview": {workspace.ManageLaunch, func(x *desk, role workspace.Role) error {
			_, err := x.rules.Preview(x.As(role), d.LaunchID, PreviewInput{When: "true"})
			return err
		}},
		"change": {workspace.ManageLaunch, func(x *desk, role workspace.Role) error {
			_, err := x.rules.Change(x.As(role), r.ID, RuleChange{Name: &name})
			return err
		}},
		"delete": {workspace.ManageLaunch, func(x *desk, role workspace.Role) error { return x.rules.Delete(x.As(role), r.ID) }},
	}
	for verb, v := range verbs {
		if err := v.call(o, workspace.Owner); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s from another workspace = %v, want not found", verb, err)
		}
		for _, role := range []workspace.Role{workspace.Responder, workspace.Viewer, workspace.Intake} {
			err := v.call(d, role)
			if may := (workspace.Actor{Role: role}).Can(v.need); may && err != nil || !may && !errs.Is(err, errs.Denied) {
				t.Errorf("%s as %s = %v", verb, role, err)
			}
		}
	}
	list, err := d.rules.List(d.As(workspace.Lead), d.LaunchID)
	if err != nil || len(list) != 1 || list[0].Name != "mine" {
		t.Errorf("List = %+v, %v; want the one rule untouched", list, err)
	}
	// A rule of one launch does not act in another, nor in another workspace.
	if f := d.get(t, d.AddTo(d.Launch("second"), feedback.Input{Text: "hello"})[0]); f.State != feedback.New {
		t.Errorf("a rule acted in another launch: %s", f.State)
	}
	if f := o.get(t, o.Add("hello")[0]); f.State != feedback.New {
		t.Errorf("a rule acted in another workspace: %s", f.State)
	}
}
