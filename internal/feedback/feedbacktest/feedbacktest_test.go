package feedbacktest_test

import (
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

func TestBench(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	ids := b.Add("The app crashes when I pay", "Thank you")
	ids = append(ids, b.AddTo(b.LaunchID, feedbacktest.From("u1", "Please add a dark theme", "tier=enterprise"))...)
	for i, want := range []string{"sev1", "sev3", "sev4"} {
		f, err := b.Feedback.Get(b.Ctx, ids[i])
		if err != nil {
			t.Fatal(err)
		}
		if f.Severity != want || f.State != feedback.New || (f.Author.PersonID != "") != (i == 2) {
			t.Errorf("feedback %d = %q severity %s, state %s, person %q; want severity %s", i, f.Text, f.Severity, f.State, f.Author.PersonID, want)
		}
	}
	if _, err := b.Other().Feedback.Get(b.Other().Ctx, ids[0]); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace got %v, want not found", err)
	}
}
