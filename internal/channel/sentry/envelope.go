package sentry

import (
	"bytes"
	"encoding/json"

	"github.com/hypercare/hypercare/internal/errs"
)

// Bounds of an envelope.
const (
	maxEnvelope = 24 << 20 // bytes, unpacked
	maxItems    = 100
	maxEvent    = 2 << 20 // bytes of an event
)

// envelope is a parsed envelope
// (develop.sentry.dev/sdk/foundations/transport/envelopes).
type envelope struct {
	header envelopeHeader
	items  []item
}

type envelopeHeader struct {
	EventID string `json:"event_id"`
	DSN     string `json:"dsn"`
	Trace   struct {
		TraceID string `json:"trace_id"`
	} `json:"trace"`
}

// item is one thing in an envelope.
type item struct {
	itemHeader
	payload []byte
}

type itemHeader struct {
	Type           string `json:"type"`
	Length         *int   `json:"length"`
	FileName       string `json:"filename"`
	ContentType    string `json:"content_type"`
	AttachmentType string `json:"attachment_type"`
	ItemCount      int64  `json:"item_count"`
}

// parseEnvelope reads lines of JSON: a header, then for each item a header
// and a payload, which has the length that its header says, or ends with the
// line.
func parseEnvelope(raw []byte) (*envelope, error) {
	line, rest := cutLine(raw)
	e := &envelope{}
	if err := json.Unmarshal(line, &e.header); err != nil {
		return nil, errs.New(errs.Invalid, "The envelope does not begin with a header, a JSON object on a line of its own.")
	}
	e.header.EventID = eventID(e.header.EventID)
	for {
		rest = bytes.TrimLeft(rest, "\r\n")
		if len(rest) == 0 {
			return e, nil
		}
		if len(e.items) == maxItems {
			return nil, errs.New(errs.TooLarge, "The envelope has more than %d items; send fewer at a time.", maxItems)
		}
		line, rest = cutLine(rest)
		var it item
		if err := json.Unmarshal(line, &it.itemHeader); err != nil || it.Type == "" {
			return nil, errs.New(errs.Invalid, "Item %d of the envelope has no header with a type.", len(e.items)+1)
		}
		if it.Length == nil {
			it.payload, rest = cutLine(rest)
		} else {
			n := *it.Length
			if n < 0 || n > len(rest) {
				return nil, errs.New(errs.Invalid, "Item %d of the envelope says it has %d bytes, %d are left; it was cut off.", len(e.items)+1, n, len(rest))
			}
			it.payload, rest = rest[:n:n], rest[n:]
			if len(rest) > 0 && rest[0] != '\n' && rest[0] != '\r' {
				return nil, errs.New(errs.Invalid, "Item %d of the envelope is longer than the %d bytes that its header says.", len(e.items)+1, n)
			}
		}
		e.items = append(e.items, it)
	}
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), rest
}

// eventID is an id in the form that all are compared in: 32 lower
// hexadecimal digits; "" when it is none.
func eventID(s string) string {
	out := make([]byte, 0, 32)
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		case c == '-':
			continue
		default:
			return ""
		}
		out = append(out, c)
	}
	if len(out) != 32 {
		return ""
	}
	return string(out)
}

// naturalKey is what the same envelope has again when its sender did not see
// the answer; "" for what may come twice without harm.
func (e *envelope) naturalKey() string {
	for _, it := range e.items {
		switch it.Type {
		case "event", "error", "default", "feedback", "user_report", "transaction":
			if e.header.EventID != "" {
				return it.Type + ":" + e.header.EventID
			}
		}
	}
	return ""
}

// has says of what an envelope's items are counted as, for limits.
var categoryOf = map[string]string{
	"event": "error", "error": "error", "default": "error", "user_report": "feedback", "feedback": "feedback", "attachment": "attachment",
	"session": "session", "sessions": "session", "transaction": "transaction", "span": "span", "profile": "profile", "profile_chunk": "profile_chunk",
	"replay_event": "replay", "replay_recording": "replay", "replay_video": "replay", "check_in": "monitor", "statsd": "metric_bucket", "metric_buckets": "metric_bucket",
	"log": "log_item", "trace_metric": "trace_metric", "client_report": "internal",
}
