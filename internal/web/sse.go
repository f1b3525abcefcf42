package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// EventsOf describes the answer of a stream of one type of event: what each
// carries as data.
type EventsOf struct{ Data any }

// EventStream writes Server-Sent Events (WHATWG HTML 9.2) that are of one
// request alone. What all who watch a workspace see goes through Stream.
type EventStream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// NewEventStream begins a stream.
func NewEventStream(w http.ResponseWriter) *EventStream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	return &EventStream{w: w, rc: http.NewResponseController(w)}
}

// Send writes one event and flushes. An error means that the client has gone,
// or is too slow to be served.
func (s *EventStream) Send(name string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write event %s: %w", name, err)
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(15 * time.Second))
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, b); err != nil {
		return err
	}
	return s.rc.Flush()
}

// Beat gives a sign of life.
func (s *EventStream) Beat() error { return s.Send("beat", struct{}{}) }

// BeatEvery is how often a quiet stream should give one.
const BeatEvery = beatEvery
