package issue

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// verbs are all that the service can be asked, on an issue, feedback and
// launch of its own workspace; writes are those that change something.
func (b *bench) verbs(launchID, issueID, into, feedbackID string) (reads, writes map[string]func(context.Context) error) {
	title := "x"
	return map[string]func(context.Context) error{
			"get": func(ctx context.Context) error { _, err := b.s.Get(ctx, issueID); return err },
			"list": func(ctx context.Context) error {
				_, err := b.s.List(ctx, launchID, Query{Limit: 5, Facets: true})
				return err
			},
			"feedback":  func(ctx context.Context) error { _, err := b.s.Feedback(ctx, issueID, 0, 5); return err },
			"history":   func(ctx context.Context) error { _, err := b.s.History(ctx, issueID, Place{}, 5); return err },
			"reporters": func(ctx context.Context) error { _, err := b.s.Reporters(ctx, issueID, "", 5); return err },
			"suggest":   func(ctx context.Context) error { _, err := b.s.Suggest(ctx, feedbackID); return err },
			"similar":   func(ctx context.Context) error { _, err := b.s.Similar(ctx, issueID); return err },
			"groups":    func(ctx context.Context) error { _, err := b.s.Groups(ctx, issueID); return err },
			"board": func(ctx context.Context) error {
				_, err := b.s.Board(ctx, launchID, BoardQuery{PerColumn: 5, Lane: LaneOwner})
				return err
			},
			"preview merge": func(ctx context.Context) error {
				_, err := b.s.PreviewMerge(ctx, launchID, []string{issueID}, into)
				return err
			},
			"preview split": func(ctx context.Context) error {
				list, err := b.s.Feedback(ctx, issueID, 0, 1)
				if err != nil {
					return err
				}
				_, err = b.s.PreviewSplit(ctx, issueID, []string{list[0].ID})
				return err
			},
		}, map[string]func(context.Context) error{
			"accept": func(ctx context.Context) error { _, err := b.s.Accept(ctx, feedbackID, ""); return err },
			"join":   func(ctx context.Context) error { _, err := b.s.Accept(ctx, feedbackID, issueID); return err },
			"accept many": func(ctx context.Context) error {
				_, err := b.s.AcceptMany(ctx, launchID, []string{feedbackID}, true, "")
				return err
			},
			"ignore": func(ctx context.Context) error { _, err := b.s.Ignore(ctx, "", []string{feedbackID}, ""); return err },
			"ignore many": func(ctx context.Context) error {
				_, err := b.s.Ignore(ctx, launchID, []string{feedbackID}, "")
				return err
			},
			"create": func(ctx context.Context) error { _, err := b.s.Create(ctx, launchID, Input{Title: "x"}); return err },
			"change": func(ctx context.Context) error { _, err := b.s.Change(ctx, issueID, Change{Title: &title}); return err },
			"merge":  func(ctx context.Context) error { _, err := b.s.Merge(ctx, issueID, into); return err },
			"split": func(ctx context.Context) error {
				_, err := b.s.Split(ctx, issueID, []string{feedbackID}, "")
				return err
			},
			"change many": func(ctx context.Context) error {
				_, err := b.s.ChangeMany(ctx, launchID, []string{issueID, into}, BulkChange{AddTags: []string{"x"}})
				return err
			},
			"merge many": func(ctx context.Context) error {
				_, err := b.s.MergeMany(ctx, launchID, []string{issueID}, into)
				return err
			},
			"link":   func(ctx context.Context) error { _, err := b.s.Link(ctx, issueID, into, "blocks"); return err },
			"unlink": func(ctx context.Context) error { _, err := b.s.Unlink(ctx, issueID, "x"); return err },
		}
}

func TestTenantsNeverMeet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	one, two := b.accept(ids[0], ""), b.accept(ids[1], "")
	before := b.state(b.LaunchID)
	other := b.Other()
	b.s.SetFinder(fakeFinder{})
	reads, writes := b.verbs(b.LaunchID, one.Issue.ID, two.Issue.ID, ids[0])
	byKey, _ := b.verbs(b.LaunchID, "HC-1", "HC-2", ids[0])
	for _, verbs := range []map[string]func(context.Context) error{reads, writes, byKey} {
		for name, verb := range verbs {
			if err := verb(other.Ctx); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s from another workspace = %v, want not found", name, err)
			}
		}
	}
	if err := b.undo.Undo(other.Ctx, one.UndoID); !errs.Is(err, errs.NotFound) {
		t.Errorf("undo from another workspace = %v, want not found", err)
	}
	// A foreign id beside one's own.
	own := other.Add("mine")
	mine := must(b.s.Accept(other.Ctx, own[0], ""))(t)
	for name, err := range map[string]error{
		"join":   func() error { _, err := b.s.Accept(other.Ctx, own[0], one.Issue.ID); return err }(),
		"merge":  func() error { _, err := b.s.Merge(other.Ctx, mine.Issue.ID, one.Issue.ID); return err }(),
		"merge2": func() error { _, err := b.s.Merge(other.Ctx, one.Issue.ID, mine.Issue.ID); return err }(),
		"split":  func() error { _, err := b.s.Split(other.Ctx, mine.Issue.ID, ids[:1], ""); return err }(),
		"link":   func() error { _, err := b.s.Link(other.Ctx, mine.Issue.ID, one.Issue.ID, "blocks"); return err }(),
		"link2":  func() error { _, err := b.s.Link(other.Ctx, one.Issue.ID, mine.Issue.ID, "blocks"); return err }(),
		"change many": func() error {
			_, err := b.s.ChangeMany(other.Ctx, other.LaunchID, []string{mine.Issue.ID, one.Issue.ID}, BulkChange{AddTags: []string{"x"}})
			return err
		}(),
		"merge many": func() error {
			_, err := b.s.MergeMany(other.Ctx, other.LaunchID, []string{one.Issue.ID}, mine.Issue.ID)
			return err
		}(),
		"preview merge": func() error {
			_, err := b.s.PreviewMerge(other.Ctx, other.LaunchID, []string{one.Issue.ID}, mine.Issue.ID)
			return err
		}(),
		"many": func() error {
			_, err := b.s.AcceptMany(other.Ctx, other.LaunchID, append(own, ids[0]), false, "")
			return err
		}(),
		"create": func() error {
			_, err := b.s.Create(other.Ctx, other.LaunchID, Input{Title: "x", FeedbackIDs: ids[:1]})
			return err
		}(),
	} {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("%s with a foreign id = %v, want not found", name, err)
		}
	}
	if mine.Issue.Key != "HC-1" {
		t.Errorf("the other workspace counts from %s, want HC-1", mine.Issue.Key)
	}
	if got := must(b.s.Refs(other.Ctx, other.Workspace, []string{one.Issue.ID, mine.Issue.ID}))(t); len(got) != 1 {
		t.Errorf("Refs = %v, want only its own", got)
	}
	if n := must(b.s.CountOpen(other.Ctx, other.Workspace, b.LaunchID))(t); n != 0 {
		t.Errorf("CountOpen of a foreign launch = %d", n)
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("another workspace changed -before +after:\n%s", diff)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three")
	one, two := b.accept(ids[0], ""), b.accept(ids[1], "")
	before := b.state(b.LaunchID)
	reads, writes := b.verbs(b.LaunchID, one.Issue.ID, two.Issue.ID, ids[2])
	for name, verb := range reads {
		if err := verb(b.As(workspace.Viewer)); err != nil {
			t.Errorf("%s as viewer = %v", name, err)
		}
		if err := verb(b.As(workspace.Intake)); !errs.Is(err, errs.Denied) {
			t.Errorf("%s as intake = %v, want denied", name, err)
		}
		if err := verb(t.Context()); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s as nobody = %v, want unauthenticated", name, err)
		}
	}
	for name, verb := range writes {
		for _, r := range []workspace.Role{workspace.Viewer, workspace.Intake} {
			if err := verb(b.As(r)); !errs.Is(err, errs.Denied) {
				t.Errorf("%s as %s = %v, want denied", name, r, err)
			}
		}
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("somebody without the right changed -before +after:\n%s", diff)
	}
	if _, err := b.s.Accept(b.As(workspace.Responder), ids[2], ""); err != nil {
		t.Errorf("accept as responder = %v", err)
	}
}
