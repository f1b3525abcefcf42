package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hypercare/hypercare/internal/event"
)

// beatEvery is how often a quiet stream gives a sign of life, which a browser
// can tell a dead line by: it is an event, since comments are not told.
const beatEvery = 15 * time.Second

// Stream serves a workspace's events as Server-Sent Events (WHATWG HTML
// 9.2), with replay by Last-Event-ID. It ends when the client goes, when done
// closes, or when the client is too slow to be served.
func Stream(w http.ResponseWriter, r *http.Request, bus *event.Bus, workspace string, done <-chan struct{}) error {
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("last_event_id")
	}
	sub, replay, missed := bus.Subscribe(workspace, last)
	defer sub.Close()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(15 * time.Second))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil
	}
	emit := func(e event.Event) bool {
		b, err := json.Marshal(e)
		return err == nil && send("id: %s\nevent: %s\ndata: %s\n\n", bus.ID(e.Seq), e.Type, b)
	}
	// Not the newest ID: a line that is cut during the replay takes it up there.
	ok := send("retry: 2000\nid: %s\nevent: hello\ndata: {}\n\n", sub.From)
	if missed {
		ok = ok && send("event: reload\ndata: {}\n\n")
	}
	for _, e := range replay {
		ok = ok && emit(e)
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for ok && rc.Flush() == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-done:
			return nil
		case <-beat.C:
			ok = send("event: beat\ndata: {}\n\n")
		case e, open := <-sub.C:
			if !open {
				return nil
			}
			ok = emit(e)
		}
	}
	return nil
}
