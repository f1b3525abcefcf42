package triage

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// real gives a desk the real engine, from the ledger to the second reading.
func real(t *testing.T) (*desk, *Service) {
	t.Helper()
	d := newDesk(t)
	s := NewService(Deps{DB: d.DB, Bus: d.Bus, Log: slog.New(slog.DiscardHandler), Feedback: d.Feedback, Engine: nlp.New(), Ledger: d.ledger, Rules: d.rules})
	d.Feedback.SetReader(s)
	d.Feedback.OnDrop(func(ws workspace.ID, launchID string, ids []string, _ []int64) { s.Forget(ws, launchID, ids) })
	t.Cleanup(s.Close)
	return d, s
}

func (d *desk) category(t *testing.T, id string) string {
	t.Helper()
	f, err := d.Feedback.Get(d.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return f.Category
}

// TestCorrectionsTeach: after 20 corrections of one kind, unseen reports of
// the kind follow, at once, without a restart; others stay as they were; and
// taking the corrections back forgets them.
func TestCorrectionsTeach(t *testing.T) {
	t.Parallel()
	d, _ := real(t)
	suppliers := []string{"Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Tyrell", "Cyberdyne", "Soylent"}
	texts := func(from, n int) (out []string) {
		for i := range n {
			who := suppliers[(from+i)%len(suppliers)]
			out = append(out, []string{
				"The purchase order for %s %d waits for the approval of my manager.",
				"Please approve purchase order %[2]d to supplier %[1]s, the manager is on holiday.",
				"%s: purchase order %d was sent for approval last week and nobody approved it.",
				"Who approves purchase orders to %s? Number %d has been waiting.",
			}[i%4])
			out[i] = fmt.Sprintf(out[i], who, 4000+from*37+i*11)
		}
		return out
	}
	others := []string{
		"The app crashes when I open the camera.", "Great update, thank you so much!", "Could you add a dark theme please?",
		"How do I export my data to Excel?", "The page takes a minute to load.", "I love the new design.",
	}
	taught := d.Add(texts(0, 20)...)
	before := map[string]int{}
	for _, id := range taught {
		before[d.category(t, id)]++
	}
	if before["documentation"] > 0 {
		t.Fatalf("the engine itself says documentation: %v; choose another category for this test", before)
	}
	to := "documentation"
	var undo []string
	for _, id := range taught {
		e, err := d.ledger.Correct(d.Ctx, d.LaunchID, []string{id}, Edit{Category: &to})
		if err != nil {
			t.Fatal(err)
		}
		undo = append(undo, e.UndoID)
	}
	follow := func(ids []string) (n int) {
		for _, id := range ids {
			if d.category(t, id) == to {
				n++
			}
		}
		return n
	}
	if n := follow(d.Add(texts(100, 12)...)); n < 9 {
		t.Errorf("after 20 corrections %d of 12 like them follow, want 9 or more", n)
	}
	if n := follow(d.Add(others...)); n != 0 {
		t.Errorf("%d of %d others follow too", n, len(others))
	}
	for _, id := range undo {
		if err := d.undo.Undo(d.Ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if n := follow(d.Add(texts(200, 12)...)); n != 0 {
		t.Errorf("after taking the corrections back %d of 12 still follow", n)
	}
}

func TestAlikeAndClusters(t *testing.T) {
	t.Parallel()
	d, s := real(t)
	spin := []string{
		"Card payment spins forever after the 3-D Secure step", "After 3-D Secure the card payment just spins and never finishes",
		"payment spinner never stops after 3-D Secure confirmation with my card",
	}
	ids := d.Add(append(spin, "Please add a dark theme to the settings page", "The export to Excel loses the last column", "I love it, thank you!")...)
	found, err := s.Alike(d.Ctx, d.Workspace, d.LaunchID, ids[2], 5)
	if err != nil || len(found) < 2 {
		t.Fatalf("Alike = %+v, %v", found, err)
	}
	for i, want := range map[int]bool{0: true, 1: true} {
		if best := found[i].FeedbackID; (best == ids[0] || best == ids[1]) != want || found[i].Reason == "" {
			t.Errorf("candidate %d = %+v", i, found[i])
		}
	}
	if f, err := d.Feedback.Get(d.Ctx, ids[2]); err != nil || f.Alike < 1 {
		t.Errorf("the third report counts %d alike, %v", f.Alike, err)
	}
	if n, err := s.RereadOnce(d.Ctx); err != nil || n != len(ids) {
		t.Fatalf("RereadOnce = %d, %v", n, err)
	}
	if f, err := d.Feedback.Get(d.Ctx, ids[2]); err != nil || !f.ReadFully || f.Reading.Pass != nlp.Full {
		t.Errorf("after the second reading: %+v, %v", f.Reading, err)
	}
	c, err := s.Clusters(d.Ctx, d.Workspace, d.LaunchID)
	if err != nil || len(c.List) == 0 || len(c.List[0].FeedbackIDs) != 3 {
		t.Fatalf("Clusters = %+v, %v", c, err)
	}
	groups, err := s.Group(d.Ctx, d.Workspace, d.LaunchID, ids)
	if err != nil || len(groups) != 4 || len(groups[0]) != 3 {
		t.Errorf("Group = %v, %v; want three together and three alone", groups, err)
	}
	other := d.other()
	if _, err := s.Alike(other.Ctx, other.Workspace, d.LaunchID, ids[0], 5); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace asks what is alike: %v", err)
	}
	if c, err := s.Clusters(other.Ctx, other.Workspace, d.LaunchID); err != nil || len(c.List) != 0 {
		t.Errorf("another workspace sees clusters %+v, %v", c, err)
	}
	s.Forget(d.Workspace, d.LaunchID, ids[:2])
	if found, err := s.Alike(d.Ctx, d.Workspace, d.LaunchID, ids[2], 5); err != nil || len(found) > 0 && (found[0].FeedbackID == ids[0] || found[0].FeedbackID == ids[1]) {
		t.Errorf("what was deleted is still found: %+v, %v", found, err)
	}
}

// TestSecondReadingKeepsCorrections: what people said stands.
func TestSecondReadingKeepsCorrections(t *testing.T) {
	t.Parallel()
	d, s := real(t)
	id := d.Add("The app crashes every time I open it")[0]
	to, low := "question", "sev4"
	if _, err := d.ledger.Correct(d.Ctx, d.LaunchID, []string{id}, Edit{Category: &to, Severity: &low}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RereadOnce(d.Ctx); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Feedback.Get(d.Ctx, id); err != nil || f.Category != to || f.Severity != low || !f.ReadFully {
		t.Errorf("after the second reading %s %s, %v", f.Category, f.Severity, err)
	}
}

// TestOneBadTextDoesNotStopTheProgram: a panic of the engine is an error of
// its delivery.
func TestOneBadTextDoesNotStopTheProgram(t *testing.T) {
	t.Parallel()
	err := each(t.Context(), []*feedback.Feedback{{}, {}, {}}, func(*feedback.Feedback) { panic("on purpose") })
	if err == nil || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("each = %v", err)
	}
}
