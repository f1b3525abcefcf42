package privacy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/workspace"
)

const said = "Pay with 4111 1111 1111 1111 fails, password: Hunter2!x, write to ada@example.com"

func set(t *testing.T, b *feedbacktest.Bench, kinds mask.Policy, roles ...workspace.Role) {
	t.Helper()
	if _, err := b.Privacy.Set(b.Ctx, privacy.Settings{Kinds: kinds, RevealRoles: roles, RetentionDays: 30}); err != nil {
		t.Fatal(err)
	}
}

// TestSecretsAreCoveredBeforeTheLedger holds that what comes with the product
// stores no secret: not in the report, not in the ledger, not in the search.
func TestSecretsAreCoveredBeforeTheLedger(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	in := feedback.Input{Text: said, Title: "Card 5500005555555559 refused", URL: "https://shop.example/pay/ghp_16C7e42F292c6912E7710c838347Ae178B4a?card=4111111111111111&x=1",
		Attrs:  map[string]string{"iban": "DE89370400440532013000", "api_token": "x", "token": "abc", "tier": "gold"},
		Author: &feedback.Author{Email: "ada@example.com", UserID: "4111111111111111", Attrs: map[string]string{"ssn": "219-09-9999"}}}
	id := b.AddTo(b.LaunchID, in)[0]
	f, err := b.Feedback.Get(b.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Pay with [card] fails, password: [password], write to ada@example.com"; f.Text != want {
		t.Errorf("text %q, want %q", f.Text, want)
	}
	if f.Title != "Card [card] refused" || f.URL != "https://shop.example/pay/[token]?card=&x=" || f.Attrs["iban"] != "[iban]" || f.Attrs["token"] != "[masked]" || f.Attrs["tier"] != "gold" || f.Author.Email != "ada@example.com" {
		t.Errorf("title %q, url %q, attrs %v, author %+v", f.Title, f.URL, f.Attrs, f.Author)
	}
	if len(f.Sealed) != 0 {
		t.Errorf("sealed %v without a policy that says so", f.Sealed)
	}
	d, err := b.Feedback.Delivery(b.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"4111 ", "Hunter2", "5500005", "ghp_", "DE893", "219-09"} {
		if strings.Contains(d.Payload, secret) {
			t.Errorf("the ledger shows %q: %s", secret, d.Payload)
		}
	}
	if !strings.Contains(d.Payload, `"user_id":"4111111111111111"`) {
		t.Errorf("who reports is not told any more: %s", d.Payload)
	}
	if in.Attrs["iban"] == "[iban]" {
		t.Error("the sender's own map was changed")
	}
}

func TestSealedOriginalsAreSeenByNamedRolesWithAReason(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	set(t, b, mask.Policy{mask.Card: {Storage: mask.Seal}, mask.Email: {Storage: mask.Seal}}, workspace.Lead)
	id := b.AddTo(b.LaunchID, feedback.Input{Text: said, Attrs: map[string]string{"mail": "bob@example.com"}})[0]
	f, err := b.Feedback.Get(b.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Sealed) != 3 || f.Sealed[0].Field != "attrs.mail" || f.Sealed[1] != (privacy.Place{Field: "text", At: strings.Index(f.Text, "[card]"), Kind: "card"}) {
		t.Fatalf("sealed %+v in %q", f.Sealed, f.Text)
	}
	reveal := func(ctx context.Context, reason string) ([]privacy.Original, error) {
		return b.Privacy.Reveal(ctx, privacy.Feedback, id, reason)
	}
	for name, ctx := range map[string]context.Context{"owner": b.Ctx, "viewer": b.As(workspace.Viewer), "token": workspace.As(b.Ctx, workspace.Actor{Workspace: b.Workspace, Kind: "token", ID: "t", Role: workspace.Lead})} {
		if _, err := reveal(ctx, "a refund"); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	lead := b.As(workspace.Lead)
	if _, err := reveal(lead, " "); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	list, err := reveal(lead, "a refund")
	if err != nil || len(list) != 3 || list[0].Value != "bob@example.com" || list[1].Value != "4111 1111 1111 1111" || list[2].Value != "ada@example.com" {
		t.Fatalf("%+v %v", list, err)
	}
	entries, err := audit.List(b.Ctx, b.DB, string(b.Workspace), "", 10)
	if err != nil || entries[0].Action != "privacy.reveal" || entries[0].Subject.ID != id || entries[0].Detail["reason"] != "a refund" {
		t.Errorf("audit %+v %v", entries, err)
	}
	other := b.Other()
	set(t, other, mask.Policy{}, workspace.Owner)
	if _, err := other.Privacy.Reveal(other.Ctx, privacy.Feedback, id, "not mine"); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace: %v", err)
	}
	if strings.Contains(column(t, b, `SELECT sealed FROM sealed_original WHERE workspace_id = $1`), "bob@") {
		t.Error("an original is not sealed")
	}
	// Time goes by: originals go, the report stays.
	if err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(b.Ctx, `UPDATE sealed_original SET expires_at = 1 WHERE workspace_id = $1`, b.Workspace)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := reveal(lead, "a refund"); !errs.Is(err, errs.NotFound) {
		t.Errorf("after its time: %v", err)
	}
	if err := b.Privacy.Sweep(b.Ctx); err != nil {
		t.Fatal(err)
	}
	if n := column(t, b, `SELECT COUNT(*) FROM sealed_original WHERE workspace_id = $1`); n != "0" {
		t.Errorf("%s originals are left", n)
	}
}

func column(t *testing.T, b *feedbacktest.Bench, query string) string {
	t.Helper()
	list, err := db.All(b.Ctx, b.DB, func(s db.Scanner) (x string, err error) { return x, s.Scan(&x) }, query, b.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "\n")
}

func TestALaunchMayHaveRulesOfItsOwn(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	strict := b.Launch("Clinic")
	if _, err := b.Privacy.SetLaunch(b.Ctx, strict, mask.Policy{mask.Email: {Storage: mask.Drop}}); err != nil {
		t.Fatal(err)
	}
	for launchID, want := range map[string]string{b.LaunchID: "ada@example.com [card]", strict: "[removed] [card]"} {
		id := b.AddTo(launchID, feedback.Input{Text: "ada@example.com 4111111111111111"})[0]
		if f, err := b.Feedback.Get(b.Ctx, id); err != nil || f.Text != want {
			t.Errorf("%q %v, want %q", f.Text, err, want)
		}
	}
	if _, err := b.Privacy.SetLaunch(b.Ctx, strict, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := b.Privacy.Settings(b.Ctx, strict); err != nil || s.Kinds[mask.Email].Storage != mask.Keep || s.UpdatedAt != nil {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := b.Privacy.SetLaunch(b.Ctx, "none", mask.Policy{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a launch that is not there: %v", err)
	}
}

func TestPoliciesAreChangedByAdminsAndChecked(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	if _, err := b.Privacy.Set(b.As(workspace.Lead), privacy.Settings{RetentionDays: 1}); !errs.Is(err, errs.Denied) {
		t.Errorf("a lead: %v", err)
	}
	for _, s := range []privacy.Settings{{RetentionDays: 0}, {RetentionDays: 9999}, {RetentionDays: 1, RevealRoles: []workspace.Role{"intake"}}, {RetentionDays: 1, Kinds: mask.Policy{"shoe": {Storage: mask.Keep}}}} {
		if _, err := b.Privacy.Set(b.Ctx, s); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	got, err := b.Privacy.Set(b.Ctx, privacy.Settings{Kinds: mask.Policy{mask.IP: {Storage: mask.Mask}}, RevealRoles: []workspace.Role{workspace.Owner}, RetentionDays: 7})
	if err != nil || got.Kinds[mask.IP].Storage != mask.Mask || got.Kinds[mask.Card].Storage != mask.Mask || got.RetentionDays != 7 || got.UpdatedAt == nil {
		t.Fatalf("%+v %v", got, err)
	}
	tried, err := b.Privacy.Try(b.As(workspace.Viewer), "10.1.2.3 and ada@example.com", mask.Policy{mask.Email: {Storage: mask.Drop}})
	if err != nil || tried.Storage != "[ip] and [removed]" || len(tried.Found) != 2 {
		t.Errorf("%+v %v", tried, err)
	}
	c, err := b.Privacy.Cover(b.Ctx, b.Workspace, "")
	if err != nil || c.Model.Text("ada@example.com at 10.1.2.3") != "[email] at [ip]" || c.Export.Text("ada@example.com") != "[email]" {
		t.Errorf("%v", err)
	}
}

// TestSealedOriginalsGoWithThePerson holds that erasing a person leaves no
// original of their reports, sealed or not.
func TestSealedOriginalsGoWithThePerson(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	set(t, b, mask.Policy{mask.Card: {Storage: mask.Seal}}, workspace.Lead)
	ids := b.AddTo(b.LaunchID, feedback.Input{Text: said, Author: &feedback.Author{UserID: "ada"}}, feedback.Input{Text: said, Author: &feedback.Author{UserID: "bob"}})
	f, err := b.Feedback.Get(b.Ctx, ids[0])
	if err != nil || len(f.Sealed) != 1 {
		t.Fatalf("sealed %v, %v", f.Sealed, err)
	}
	who := person.Who{IDs: []string{f.Author.PersonID}, Identities: []person.Identity{{Kind: person.UserID, Value: "ada"}}}
	if _, err := b.Feedback.EraseStore().Erase(b.Ctx, b.Workspace, who); err != nil {
		t.Fatal(err)
	}
	if n := column(t, b, `SELECT COUNT(*) FROM sealed_original WHERE workspace_id = $1`); n != "1" {
		t.Errorf("%s originals are left, want Bob's alone", n)
	}
}
