package event_test

import (
	"testing"

	"github.com/hypercare/hypercare/internal/event"
)

func TestSubscribersSeeTheirWorkspaceOnly(t *testing.T) {
	t.Parallel()
	b := event.New()
	sub, _, _ := b.Subscribe("w1", "")
	defer sub.Close()
	b.Publish(event.Event{Workspace: "w2", Type: "issue.created", ID: "secret"})
	b.Publish(event.Event{Workspace: "w1", Type: "issue.created", ID: "mine"})
	if e := <-sub.C; e.ID != "mine" {
		t.Errorf("got %+v", e)
	}
	if len(sub.C) != 0 {
		t.Error("another workspace's event came through")
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	b := event.New()
	b.Publish(event.Event{Workspace: "w1", Type: "a.b", ID: "1"})
	last := b.Last()
	for _, id := range []string{"2", "3"} {
		b.Publish(event.Event{Workspace: "w1", Type: "a.b", ID: id})
		b.Publish(event.Event{Workspace: "w2", Type: "a.b", ID: id})
	}
	sub, replay, missed := b.Subscribe("w1", last)
	sub.Close()
	if missed || len(replay) != 2 || replay[0].ID != "2" || replay[1].ID != "3" {
		t.Errorf("replay = %+v, missed %v", replay, missed)
	}
	for _, id := range []string{"1-1", "junk", "999999999999999-1"} {
		if sub, _, missed := b.Subscribe("w1", id); !missed {
			t.Errorf("Subscribe(%q) does not say that events are lost", id)
		} else {
			sub.Close()
		}
	}
	for range 5000 {
		b.Publish(event.Event{Workspace: "w1", Type: "a.b"})
	}
	if _, _, missed := b.Subscribe("w1", last); !missed {
		t.Error("the ring was overrun and nobody says so")
	}
}

func TestSlowSubscriberIsDropped(t *testing.T) {
	t.Parallel()
	b := event.New()
	sub, _, _ := b.Subscribe("w1", "")
	for range 1000 {
		b.Publish(event.Event{Workspace: "w1", Type: "a.b"}) // must not wait
	}
	n := 0
	for range sub.C {
		n++
	}
	if n == 0 || n >= 1000 {
		t.Errorf("read %d events before the end", n)
	}
	sub.Close() // again: harmless
}
