package mask

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
)

// Foreign covers what came in a format of others, so that who reads the format
// still can: within the strings of JSON, in forms and in plain text; in e-mail
// below the head, without touching what parts are told apart by; in Sentry
// envelopes item by item. What it does not know it leaves as it is: who reads
// that covers what it keeps of it.
func (m *Masker) Foreign(contentType string, raw []byte) []byte {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "application/x-ndjson":
		if !json.Valid(raw) && kind != "application/x-ndjson" {
			return raw // the reader says what is wrong with it
		}
		return m.values(raw)
	case kind == "message/rfc822":
		return m.mail(raw)
	case kind == "application/x-sentry-envelope":
		return m.envelope(raw)
	case kind == "application/x-www-form-urlencoded":
		return m.form(raw, false)
	case kind == "text/plain" || kind == "": // browsers name so what must not ask first
		if head := bytes.TrimSpace(raw); len(head) > 0 && (head[0] == '{' || head[0] == '[') {
			if json.Valid(raw) {
				return m.values(raw)
			}
			return m.envelope(raw)
		}
		return []byte(m.Text(string(raw)))
	}
	return raw
}

// values covers JSON by what values look like and by names, but is not changed
// where nothing was covered.
func (m *Masker) values(raw []byte) []byte { return m.json(raw, false) }

// longestLine is the one of encoded parts (RFC 2045: 76) and a bit.
const longestLine = 60

// mail covers a message (RFC 5322) below its head, line by line.
func (m *Masker) mail(raw []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(raw))
	head := true
	for line := range bytes.Lines(raw) {
		text := bytes.TrimRight(line, "\r\n")
		switch {
		case len(text) == 0:
			head = false
		case head && !bytes.HasPrefix(bytes.ToLower(text), []byte("subject:")):
		case bytes.HasPrefix(text, []byte("--")): // a boundary; heads of parts follow
			head = true
		case len(text) > longestLine && bytes.IndexByte(text, ' ') < 0: // base64
		default:
			if covered := m.Text(string(text)); covered != string(text) {
				out.WriteString(covered)
				out.Write(line[len(text):])
				continue
			}
		}
		out.Write(line)
	}
	return out.Bytes()
}

// envelope covers the items of a Sentry envelope that are JSON, and says in
// their heads how long they are then. The head of the envelope stays.
// https://develop.sentry.dev/sdk/data-model/envelopes/
func (m *Masker) envelope(raw []byte) []byte {
	head, rest, ok := bytes.Cut(raw, []byte("\n"))
	if !ok {
		return raw
	}
	out := append(make([]byte, 0, len(raw)), head...)
	out = append(out, '\n')
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			out, rest = append(append(out, line...), '\n'), after
			continue
		}
		var item map[string]json.RawMessage
		if json.Unmarshal(line, &item) != nil {
			return append(out, rest...)
		}
		var payload []byte
		n := -1
		if v, there := item["length"]; there && json.Unmarshal(v, &n) == nil && n >= 0 && n <= len(after) {
			payload, after = after[:n], after[n:]
			after = bytes.TrimPrefix(after, []byte("\n"))
		} else {
			payload, after, _ = bytes.Cut(after, []byte("\n"))
		}
		if p := bytes.TrimSpace(payload); len(p) > 0 && p[0] == '{' && json.Valid(p) {
			if covered := m.json(payload, false); len(covered) != len(payload) || !bytes.Equal(covered, payload) {
				payload = covered
				if n >= 0 {
					item["length"], _ = json.Marshal(len(payload))
					line, _ = json.Marshal(item) // they were JSON before
				}
			}
		}
		out = append(append(append(append(out, line...), '\n'), payload...), '\n')
		rest = after
	}
	return out
}
