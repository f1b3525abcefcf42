package issue

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

type fakeClusterer []Cluster

func (f fakeClusterer) Clusters(context.Context, workspace.ID, string) ([]Cluster, int, time.Time, error) {
	return f, 9, time.Unix(1, 0).UTC(), nil
}

func TestProposals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if p := must(b.s.Proposals(b.Ctx, b.LaunchID, 10))(t); len(p.Items) != 0 {
		t.Errorf("without a clusterer proposals = %v", p.Items)
	}
	ids := b.Add("one", "two", "three", "four", "five")
	b.s.SetClusterer(fakeClusterer{
		{FeedbackIDs: ids[:1], Title: "alone", People: 1, Severity: "sev4", Category: "bug"},
		{FeedbackIDs: ids[1:], Title: "four", Words: []string{"slow", "list"}, People: 3, Unnamed: 1, Severity: "sev1", Category: "bug"},
	})
	p := must(b.s.Proposals(b.Ctx, b.LaunchID, 10))(t)
	if len(p.Items) != 2 || p.Considered != 9 {
		t.Fatalf("proposals = %d of %d considered, want 2 of 9", len(p.Items), p.Considered)
	}
	first := p.Items[0]
	if first.Title != "four" || first.Count != 4 || first.Reason != "4 reports share “slow”, “list”" || len(first.Sample) != 3 || first.Sample[0].ID != ids[1] {
		t.Errorf("first = %+v", first)
	}
	if p.Items[1].Reason != "nothing else untriaged is like it" {
		t.Errorf("second = %+v", p.Items[1])
	}
	// It says what the issue will say.
	made := must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids[:1], true, ""))(t).Issues[0]
	if want := Score(Facts{Reports: 1, People: 1, Severity: "sev4"}); p.Items[1].Priority != want.Priority || len(p.Items[1].PriorityReason) != len(made.PriorityReason) {
		t.Errorf("proposed priority %g, want %g", p.Items[1].Priority, want.Priority)
	}
	if diff := cmp.Diff(1, len(must(b.s.Proposals(b.Ctx, b.LaunchID, 1))(t).Items)); diff != "" {
		t.Errorf("limited to one -want +got:\n%s", diff)
	}
	if _, err := b.s.Proposals(b.Other().Ctx, b.LaunchID, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("from another workspace = %v, want not found", err)
	}
	if _, err := b.s.Proposals(b.As(workspace.Intake), b.LaunchID, 1); !errs.Is(err, errs.Denied) {
		t.Errorf("as intake = %v, want denied", err)
	}
}
