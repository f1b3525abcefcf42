package workspace_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

const password = secret.Text("correct horse battery")

func setup(t *testing.T) (*workspace.Service, context.Context) {
	t.Helper()
	s := workspace.NewService(dbtest.Open(t), event.New())
	link, err := s.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Setup(t.Context(), workspace.SetupInput{Token: link, WorkspaceName: "Acme", Name: "Olga", Email: "olga@acme.example", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return s, workspace.As(t.Context(), a)
}

func TestSetupWorksOnce(t *testing.T) {
	t.Parallel()
	s := workspace.NewService(dbtest.Open(t), event.New())
	ctx := t.Context()
	link, err := s.NewSetupLink(ctx)
	if err != nil || link == "" {
		t.Fatalf("NewSetupLink = %q, %v", link.Reveal(), err)
	}
	in := workspace.SetupInput{Token: link, WorkspaceName: "Acme", Name: "Olga", Email: "Olga@Acme.example", Password: password}
	for _, bad := range []struct {
		change func(*workspace.SetupInput)
		kind   errs.Kind
	}{
		{func(in *workspace.SetupInput) { in.Token = "guess" }, errs.Denied},
		{func(in *workspace.SetupInput) { in.Password = "short" }, errs.Invalid},
		{func(in *workspace.SetupInput) { in.Email = "nobody" }, errs.Invalid},
	} {
		try := in
		bad.change(&try)
		if _, err := s.Setup(ctx, try); !errs.Is(err, bad.kind) {
			t.Errorf("Setup = %v, want %s", err, bad.kind)
		}
	}
	a, err := s.Setup(ctx, in)
	if err != nil || a.Role != workspace.Owner || a.Email != "olga@acme.example" {
		t.Fatalf("Setup = %+v, %v", a, err)
	}
	if _, err := s.Setup(ctx, in); !errs.Is(err, errs.Denied) {
		t.Errorf("second Setup = %v, want denied", err)
	}
	if link, err := s.NewSetupLink(ctx); link != "" || err != nil {
		t.Errorf("link after setup = %q, %v", link.Reveal(), err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s, owner := setup(t)
	ctx := t.Context()
	for _, bad := range []struct {
		email    string
		password secret.Text
	}{{"olga@acme.example", "wrong password"}, {"nobody@acme.example", password}, {"", ""}} {
		if _, _, err := s.SignIn(ctx, bad.email, bad.password, ""); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("SignIn(%q) = %v", bad.email, err)
		}
	}
	a, key, err := s.SignIn(ctx, " OLGA@acme.example ", password, "test")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Authenticate(ctx, key)
	if err != nil || got.ID != a.ID || got.Role != workspace.Owner {
		t.Errorf("Authenticate = %+v, %v", got, err)
	}
	if err := s.SignOut(ctx, key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, key); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("after sign-out: %v", err)
	}

	m, err := s.AddMember(owner, workspace.NewMember{Name: "Vic", Email: "vic@acme.example", Password: password, Role: workspace.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err = s.SignIn(ctx, "vic@acme.example", password, "")
	if err != nil {
		t.Fatal(err)
	}
	off := true
	if _, err := s.ChangeMember(owner, m.ID, workspace.MemberChange{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, key); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a disabled member's session still works: %v", err)
	}
	if _, _, err := s.SignIn(ctx, "vic@acme.example", password, ""); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a disabled member signs in: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s, owner := setup(t)
	past := time.Now().Add(-time.Hour)
	if _, _, err := s.CreateToken(owner, workspace.NewToken{Name: "x", Role: workspace.Viewer, ExpiresAt: &past}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a token that expires in the past: %v", err)
	}
	tok, key, err := s.CreateToken(owner, workspace.NewToken{Name: "ci", Role: workspace.Responder})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(key.Reveal(), tok.Prefix) || len(key.Reveal()) < 40 {
		t.Errorf("secret %d characters, prefix %q", len(key.Reveal()), tok.Prefix)
	}
	a, err := s.Authenticate(t.Context(), key)
	if err != nil || a.Role != workspace.Responder || a.Kind != "token" {
		t.Fatalf("Authenticate = %+v, %v", a, err)
	}
	if _, _, err := s.CreateToken(workspace.As(t.Context(), a), workspace.NewToken{Name: "y", Role: workspace.Owner}); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder made a token: %v", err)
	}
	if err := s.RevokeToken(owner, tok.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), key); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a revoked token still works: %v", err)
	}
	for _, junk := range []secret.Text{"", "hc_", "hcs_x", "' OR 1=1 --"} {
		if _, err := s.Authenticate(t.Context(), junk); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("Authenticate(junk) = %v", err)
		}
	}
}

func TestNobodyGetsMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	s, owner := setup(t)
	add := func(role workspace.Role) (workspace.Member, context.Context) {
		t.Helper()
		m, err := s.AddMember(owner, workspace.NewMember{Name: string(role), Email: string(role) + "@acme.example", Password: password, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		o, _ := workspace.ActorFrom(owner)
		return m, workspace.As(t.Context(), workspace.Actor{Workspace: o.Workspace, Kind: "member", ID: m.ID, Role: role})
	}
	_, admin := add(workspace.Admin)
	viewer, viewing := add(workspace.Viewer)
	o, _ := workspace.ActorFrom(owner)
	up, name := workspace.Owner, "Victoria"
	for what, err := range map[string]error{
		"an admin makes an owner":        second(s.ChangeMember(admin, viewer.ID, workspace.MemberChange{Role: &up})),
		"an admin changes the owner":     second(s.ChangeMember(admin, o.ID, workspace.MemberChange{Name: &name})),
		"a viewer raises their own role": second(s.ChangeMember(viewing, viewer.ID, workspace.MemberChange{Role: &up})),
		"a viewer adds a member":         second(s.AddMember(viewing, workspace.NewMember{Name: "x", Email: "x@acme.example", Password: password, Role: workspace.Viewer})),
		"a viewer reads the audit log":   second(s.Audit(viewing, "", 10)),
		"a viewer lists tokens":          second(s.Tokens(viewing)),
	} {
		if !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v, want denied", what, err)
		}
	}
	if m, err := s.ChangeMember(viewing, viewer.ID, workspace.MemberChange{Name: &name}); err != nil || m.Name != name {
		t.Errorf("a viewer's own name: %+v, %v", m, err)
	}
	down := workspace.Viewer
	if _, err := s.ChangeMember(owner, o.ID, workspace.MemberChange{Role: &down}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the last owner steps down: %v, want a conflict", err)
	}
	log, err := s.Audit(owner, "", 50)
	if err != nil || len(log) < 4 || log[0].Action != "member.change" {
		t.Errorf("audit = %+v, %v", log, err)
	}
}

// TestOwnPasswordNeedsThePresentOne: a screen left open must not be enough to
// take an account over, and whoever knew the old password is out.
func TestOwnPasswordNeedsThePresentOne(t *testing.T) {
	t.Parallel()
	s, owner := setup(t)
	m, err := s.AddMember(owner, workspace.NewMember{Name: "Vic", Email: "vic@acme.example", Password: password, Role: workspace.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(p secret.Text) (context.Context, secret.Text) {
		t.Helper()
		_, key, err := s.SignIn(t.Context(), "vic@acme.example", p, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Authenticate(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return workspace.As(t.Context(), a), key
	}
	here, hereKey := signIn(password)
	_, thereKey := signIn(password)
	fresh, wrong, empty, short, old := secret.Text("another horse battery"), secret.Text("a wrong guess"), secret.Text(""), secret.Text("short"), password
	for what, c := range map[string]workspace.MemberChange{
		"without the present one": {Password: &fresh},
		"with an empty one":       {Password: &fresh, Current: &empty},
		"with a wrong one":        {Password: &fresh, Current: &wrong},
		"to a short one":          {Password: &short, Current: &old},
		"to the same one":         {Password: &old, Current: &old},
	} {
		if _, err := s.ChangeMember(here, m.ID, c); !errs.Is(err, errs.Invalid) || len(errs.Fields(err)) != 1 {
			t.Errorf("%s: %v, want invalid with the field", what, err)
		}
	}
	if _, err := s.Authenticate(t.Context(), thereKey); err != nil {
		t.Errorf("a refused change ended a session: %v", err)
	}
	if _, err := s.ChangeMember(here, m.ID, workspace.MemberChange{Password: &fresh, Current: &old}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), hereKey); err != nil {
		t.Errorf("the session that set the password ended: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), thereKey); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a session elsewhere lives on: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "vic@acme.example", password, ""); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("the old password still signs in: %v", err)
	}
	// Who manages members sets a password without knowing the present one; all sessions end.
	if _, err := s.ChangeMember(owner, m.ID, workspace.MemberChange{Password: &old}); err != nil {
		t.Errorf("an owner resets a password: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), hereKey); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("after a reset a session lives on: %v", err)
	}
	signIn(password)
}

func TestRenamingTheWorkspace(t *testing.T) {
	t.Parallel()
	bus := event.New()
	s := workspace.NewService(dbtest.Open(t), bus)
	link, err := s.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Setup(t.Context(), workspace.SetupInput{Token: link, WorkspaceName: "Acme", Name: "Olga", Email: "olga@acme.example", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	owner := workspace.As(t.Context(), a)
	sub, _, _ := bus.Subscribe(string(a.Workspace), "")
	defer sub.Close()
	name, blank := " Acme & Sons ", "  "
	if w, err := s.Change(owner, workspace.Change{Name: &name}); err != nil || w.Name != "Acme & Sons" || w.ID != a.Workspace {
		t.Errorf("Change = %+v, %v", w, err)
	}
	if e := <-sub.C; e.Type != "workspace.updated" || e.ID != string(a.Workspace) {
		t.Errorf("event %+v", e)
	}
	if w, err := s.Change(owner, workspace.Change{Name: &name}); err != nil || w.Name != "Acme & Sons" {
		t.Errorf("the same name again = %+v, %v", w, err)
	}
	if w, err := s.Change(owner, workspace.Change{}); err != nil || w.Name != "Acme & Sons" {
		t.Errorf("no change = %+v, %v", w, err)
	}
	log, err := s.Audit(owner, "", 10)
	if err != nil || len(log) != 2 || log[0].Action != "workspace.rename" || log[0].Detail["from"] != "Acme" || log[0].Detail["to"] != "Acme & Sons" {
		t.Errorf("audit = %+v, %v; want one renaming", log, err)
	}
	if _, err := s.Change(owner, workspace.Change{Name: &blank}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a blank name: %v, want invalid", err)
	}
	for _, role := range []workspace.Role{workspace.Lead, workspace.Responder, workspace.Viewer, workspace.Intake} {
		as := workspace.As(t.Context(), workspace.Actor{Workspace: a.Workspace, Kind: "member", ID: "m", Role: role})
		if _, err := s.Change(as, workspace.Change{Name: &blank}); !errs.Is(err, errs.Denied) {
			t.Errorf("a %s renames the workspace: %v, want denied", role, err)
		}
	}
	other := workspace.As(t.Context(), workspace.Actor{Workspace: "elsewhere", Kind: "member", ID: "m", Role: workspace.Owner})
	taken := "Taken over"
	if _, err := s.Change(other, workspace.Change{Name: &taken}); err == nil {
		t.Error("somebody of no workspace renamed one")
	}
	if w, err := s.Workspace(owner); err != nil || w.Name != "Acme & Sons" {
		t.Errorf("in the end it is %+v, %v", w, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	s, owner := setup(t)
	m, err := s.AddMember(owner, workspace.NewMember{Name: "Vic", Email: "vic@acme.example", Password: password, Role: workspace.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	tok, _, err := s.CreateToken(owner, workspace.NewToken{Name: "ci", Role: workspace.Admin})
	if err != nil {
		t.Fatal(err)
	}
	other := workspace.As(t.Context(), workspace.Actor{Workspace: "elsewhere", Kind: "member", ID: "m", Role: workspace.Owner})
	name := "Eve"
	for what, err := range map[string]error{
		"change member": second(s.ChangeMember(other, m.ID, workspace.MemberChange{Name: &name})),
		"get member":    second(s.Member(other, m.ID)),
		"revoke token":  s.RevokeToken(other, tok.ID),
	} {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("%s across tenants: %v, want not found", what, err)
		}
	}
	if l, _ := s.Members(other); len(l) != 0 {
		t.Errorf("members across tenants: %v", l)
	}
	if l, _ := s.Tokens(other); len(l) != 0 {
		t.Errorf("tokens across tenants: %v", l)
	}
	if l, _ := s.Audit(other, "", 10); len(l) != 0 {
		t.Errorf("audit across tenants: %v", l)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	in := workspace.SetupInput{Token: "tok-123", Password: "pw-123"}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "in", in, "p", in.Password)
	b.WriteString(fmt.Sprintf("%v %+v %#v %s", in, in, in, in.Password))
	if strings.Contains(b.String(), "123") {
		t.Errorf("a secret printed: %s", b.String())
	}
}
