package sentry

import (
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
)

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("{}\n{\"type\":\"event\",\"length\":2}\n{}\n"))
	f.Add([]byte("{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"dsn\":\"https://e12d836b15bb49d7bbf99e64295d995b:@sentry.io/42\"}\n{\"type\":\"attachment\",\"length\":10,\"content_type\":\"text/plain\",\"filename\":\"hello.txt\"}\n\xef\xbb\xbfHello\r\n\n{\"type\":\"event\"}\n{\"message\":\"hello world\",\"level\":\"error\"}"))
	f.Add([]byte("{}\n{\"type\":\"session\"}\n{\"sid\":\"1\",\"status\":\"crashed\"}\n{\"type\":\"sessions\",\"length\":0}\n\n"))
	f.Add([]byte("{}\r\n{\"type\":\"feedback\"}\r\n{\"contexts\":{\"feedback\":{\"message\":\"x\"}}}\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEnvelope(raw)
		if err != nil {
			return
		}
		_ = e.naturalKey()
		d := &feedback.Raw{ID: "d", ReceivedAt: time.Unix(1, 0)}
		size := 0
		for i, it := range e.items {
			size += len(it.payload)
			ev, err := parseEvent(it.payload, surroundings{keepIP: "network"})
			if err == nil && ev.Body == nil {
				t.Fatal("an event without a body")
			}
			_, _ = parseFeedback(it.payload, surroundings{}, d)
			_, _ = parseUserReport(it.payload, surroundings{}, d)
			_, _ = parseSession(it.payload, d)
			_ = parseSessions(it.payload, d, i)
			_ = parseClientReport(it.payload)
		}
		if size > len(raw) {
			t.Fatalf("%d bytes of payload in %d", size, len(raw))
		}
	})
}
