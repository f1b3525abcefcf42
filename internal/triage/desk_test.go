package triage

import (
	"context"
	"log/slog"
	"testing"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// desk is a bench whose reports go through rules and into the ledger.
type desk struct {
	*feedbacktest.Bench
	rules   *Rules
	ledger  *Ledger
	members *workspace.Service
	undo    *undo.Service
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	b := feedbacktest.New(tb)
	d := &desk{Bench: b, members: workspace.NewService(b.DB, b.Bus), undo: undo.NewService(b.DB)}
	var err error
	log := slog.New(slog.DiscardHandler)
	d.rules, err = NewRules(RulesDeps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Launches: b.Launches, Members: d.members})
	if err != nil {
		tb.Fatal(err)
	}
	d.ledger = NewLedger(LedgerDeps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Launches: b.Launches, Members: d.members, Undo: d.undo})
	b.Feedback.SetReader(deskReader{d})
	return d
}

// other is the same desk in another workspace.
func (d *desk) other() *desk {
	o := *d
	o.Bench = d.Bench.Other()
	return &o
}

type deskReader struct{ d *desk }

func (r deskReader) Read(ctx context.Context, ws workspace.ID, launchID string, list []*feedback.Feedback) (feedback.Record, error) {
	for _, f := range list {
		f.ApplyReading(r.d.Bench.Read(f))
	}
	applied, err := r.d.rules.Apply(ctx, ws, launchID, list)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *db.Tx, added []*feedback.Feedback) error {
		if err := r.d.ledger.Record(ctx, tx, ws, launchID, added, applied); err != nil {
			return err
		}
		return r.d.rules.Record(ctx, tx, ws, applied)
	}, nil
}

// member adds a person to the workspace and returns the id.
func (d *desk) member(tb testing.TB, name string) string {
	tb.Helper()
	return d.join(tb, name, workspace.Responder)
}

func (d *desk) join(tb testing.TB, name string, role workspace.Role) string {
	tb.Helper()
	m, err := d.members.AddMember(d.Ctx, workspace.NewMember{Name: name, Email: name + "." + string(d.Workspace) + "@example.com", Password: secret.Text("correct horse " + name), Role: role})
	if err != nil {
		tb.Fatal(err)
	}
	return m.ID
}

// leave takes a member's sign-in away; an owner stays behind.
func (d *desk) leave(tb testing.TB, id string) {
	tb.Helper()
	d.join(tb, "owner", workspace.Owner)
	disabled := true
	if _, err := d.members.ChangeMember(d.Ctx, id, workspace.MemberChange{Disabled: &disabled}); err != nil {
		tb.Fatal(err)
	}
}

func (d *desk) rule(tb testing.TB, name, when string, then Then) Rule {
	tb.Helper()
	r, err := d.rules.Create(d.Ctx, d.LaunchID, RuleInput{Name: name, When: when, Then: then})
	if err != nil {
		tb.Fatalf("Create(%s): %v", when, err)
	}
	return r
}

func (d *desk) get(tb testing.TB, id string) *feedback.Feedback {
	tb.Helper()
	f, err := d.Feedback.Get(d.Ctx, id)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func (d *desk) correct(tb testing.TB, e Edit, ids ...string) *Edited {
	tb.Helper()
	out, err := d.ledger.Correct(d.Ctx, "", ids, e)
	if err != nil {
		tb.Fatalf("Correct(%+v): %v", e, err)
	}
	return out
}

// accept puts feedback on an issue, as the issue package does.
func (d *desk) accept(tb testing.TB, ids ...string) {
	tb.Helper()
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		_, err := d.Feedback.Change(d.Ctx, tx, d.Workspace, ids, func(f *feedback.Feedback) error {
			f.State, f.IssueID = feedback.Accepted, "issue"
			return nil
		})
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}
