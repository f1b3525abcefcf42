package event_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

func TestRowsComeOnlyWhileSomebodyWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := event.New()
		asked := 0
		publish := func(n int, size int) event.Event {
			t.Helper()
			ids := make([]string, n)
			for i := range ids {
				ids[i] = fmt.Sprint("id", i)
			}
			sub, _, _ := b.Subscribe("w2", "") // somebody watches, elsewhere
			last := b.Last()
			err := event.PublishRows(b, event.Event{Workspace: "w1", Type: "a.b"}, ids, func(ids []string) ([]string, error) {
				asked++
				return []string{strings.Repeat("x", size), ids[0]}, nil
			})
			sub.Close()
			if err != nil {
				t.Fatal(err)
			}
			replayed, list, _ := b.Subscribe("w1", last)
			replayed.Close()
			if len(list) != 1 {
				t.Fatalf("%d events", len(list))
			}
			return list[0]
		}
		// Reading the replay was watching; it wears off.
		<-time.After(2 * time.Minute)
		if e := publish(1, 1); asked != 0 || e.Data != nil || e.ID != "id0" || e.Count != 1 {
			t.Errorf("nobody watches: asked %d times, %+v", asked, e)
		}
		// Who left a moment ago may come back and is replayed the rows.
		if e := publish(3, 1); asked != 1 || string(e.Data) != `{"items":["x","id0"]}` || e.ID != "" || len(e.IDs) != 3 || e.Count != 3 {
			t.Errorf("watched: asked %d times, %+v %s", asked, e, e.Data)
		}
		if e := publish(event.MaxRows, 40_000); asked != 2 || e.Data != nil || len(e.IDs) != event.MaxRows {
			t.Errorf("rows of 40 kB: %d bytes of data, %d ids", len(e.Data), len(e.IDs))
		}
		if e := publish(event.MaxRows+1, 1); asked != 2 || e.Data != nil || e.IDs != nil || e.Count != event.MaxRows+1 {
			t.Errorf("many: asked %d times, %+v", asked, e)
		}
		<-time.After(2 * time.Minute)
		if b.Watched("w1") {
			t.Error("the last watcher went two minutes ago and still counts")
		}
	})
}

func TestRowsThatCanNotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	b := event.New()
	sub, _, _ := b.Subscribe("w1", "")
	defer sub.Close()
	broken := errors.New("broken")
	err := event.PublishRows(b, event.Event{Workspace: "w1", Type: "a.b"}, []string{"1"}, func([]string) ([]string, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	if e := <-sub.C; e.ID != "1" || e.Data != nil {
		t.Errorf("event = %+v", e)
	}
	if err := event.PublishRows(b, event.Event{Workspace: "w1", Type: "a.b"}, nil, func([]string) ([]string, error) { return nil, broken }); err != nil || len(sub.C) != 0 {
		t.Errorf("nothing changed, and yet: %v, %d events", err, len(sub.C))
	}
}

// TestACutReplayIsTakenUpWhereItWas: the ID that a stream begins with is that
// of the last event which its reader has, not of the newest.
func TestACutReplayIsTakenUpWhereItWas(t *testing.T) {
	t.Parallel()
	b := event.New()
	b.Publish(event.Event{Workspace: "w1", Type: "a.b"})
	last := b.Last()
	b.Publish(event.Event{Workspace: "w1", Type: "a.b", ID: "unseen"})
	sub, _, _ := b.Subscribe("w1", last+"\nevent: forged")
	sub.Close()
	if sub.From != last {
		t.Errorf("From = %q, want %q", sub.From, last)
	}
	again, replay, missed := b.Subscribe("w1", sub.From)
	again.Close()
	if missed || len(replay) != 1 || replay[0].ID != "unseen" {
		t.Errorf("replay = %+v, missed %v", replay, missed)
	}
	fresh, _, _ := b.Subscribe("w1", "")
	fresh.Close()
	if fresh.From != b.Last() {
		t.Errorf("a new reader begins at %q, not at %q", fresh.From, b.Last())
	}
}
