package release_test

import (
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestMarkersAreKeptOnce(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	s := release.NewService(b.DB, b.Bus, b.Launches.Check)
	at := time.Now().Add(-time.Hour)
	first, err := s.Mark(b.Ctx, b.LaunchID, release.Input{Version: "3.0.4", Service: "checkout", At: at})
	if err != nil || first.Kind != release.Deploy || first.Source != "api" {
		t.Fatalf("%+v %v", first, err)
	}
	again, err := s.Mark(b.As(workspace.Intake), b.LaunchID, release.Input{Version: "3.0.4", Service: "checkout"})
	if err != nil || again.ID != first.ID || !again.At.Equal(first.At) {
		t.Errorf("again: %+v %v", again, err)
	}
	for i := range 3 {
		if _, err := s.Mark(b.Ctx, b.LaunchID, release.Input{Title: "flag on", Kind: release.Config, At: at.Add(time.Duration(i) * time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List(b.Ctx, b.LaunchID, 0, "", 3)
	if err != nil || len(list) != 3 || list[0].Title != "flag on" {
		t.Fatalf("%+v %v", list, err)
	}
	last := list[2]
	if list, err = s.List(b.Ctx, b.LaunchID, last.At.UnixMicro(), last.ID, 3); err != nil || len(list) != 1 || list[0].ID != first.ID {
		t.Errorf("page 2: %+v %v", list, err)
	}
	if near, err := release.Between(b.Ctx, b.DB, b.Workspace, b.LaunchID, at.Add(30*time.Second), at.Add(90*time.Second), 10); err != nil || len(near) != 1 {
		t.Errorf("between: %+v %v", near, err)
	}
	other := b.Other()
	if err := s.Delete(other.Ctx, first.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace: %v", err)
	}
	if err := s.Delete(b.As(workspace.Responder), first.ID); !errs.Is(err, errs.Denied) {
		t.Errorf("responder: %v", err)
	}
	if err := s.Delete(b.Ctx, first.ID); err != nil {
		t.Error(err)
	}
	for _, in := range []release.Input{{}, {Version: "1", At: time.Now().Add(48 * time.Hour)}, {Version: "1", Kind: "party"}} {
		if _, err := s.Mark(b.Ctx, b.LaunchID, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
