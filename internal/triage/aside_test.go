package triage

import (
	"fmt"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestSetAsideTellsWhatPeopleIgnored leaves out what the engine, rules and
// acceptance decided, tells many at once as one, and pages without loss.
func TestSetAsideTellsWhatPeopleIgnored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var texts []string
	for k := range 12 {
		texts = append(texts, fmt.Sprint("Report ", k))
	}
	ids := d.Add(texts...)
	decide := func(role workspace.Role, state string, ids ...string) {
		t.Helper()
		a, _ := workspace.ActorFrom(d.As(role))
		err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
			for _, id := range ids {
				if err := d.ledger.Human(d.Ctx, tx, a, d.LaunchID, []string{id}, map[string]any{FieldState: state}, "by hand"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	decide(workspace.Lead, feedback.Ignored, ids[0])
	decide(workspace.Lead, feedback.Accepted, ids[1])
	decide(workspace.Responder, feedback.Ignored, ids[2:9]...)
	decide(workspace.Lead, feedback.Ignored, ids[9], ids[10])

	far := db.Micros(time.Now().Add(time.Hour))
	total, before, lines := map[string]int{}, "", 0
	for {
		list, err := d.ledger.SetAside(d.Ctx, d.Workspace, d.LaunchID, before, far, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			total[x.By] += x.Count
			before, lines = x.Next, lines+1
			if (x.Count == 1) != (x.Row != nil) {
				t.Errorf("%d by %s with row %v", x.Count, x.By, x.Row)
			}
		}
		if len(list) < 2 {
			break
		}
	}
	// The seven may fall on both sides of a minute.
	if total["Ada lead"] != 3 || total["Ada responder"] != 7 || lines > 3+1+3 {
		t.Errorf("told %v in %d lines", total, lines)
	}
	if list, err := d.ledger.SetAside(d.Ctx, d.Workspace, d.LaunchID, "", db.Micros(time.Now().Add(-time.Hour)), 9); err != nil || len(list) != 0 {
		t.Errorf("an hour ago: %v, %v", list, err)
	}
	if list, err := d.ledger.SetAside(d.Ctx, d.other().Workspace, d.LaunchID, "", far, 9); err != nil || len(list) != 0 {
		t.Errorf("from another workspace: %v, %v", list, err)
	}
}
