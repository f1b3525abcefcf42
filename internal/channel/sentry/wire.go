package sentry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// SDKs differ in how they write one thing, and a field that one gets wrong
// must not cost the event: each is read by itself, and left out where it is
// not what it should be.

// wireEvent is the payload of an event
// (develop.sentry.dev/sdk/foundations/transport/event-payloads).
type wireEvent struct {
	EventID     text            `json:"event_id"`
	Timestamp   moment          `json:"timestamp"`
	Platform    text            `json:"platform"`
	Level       text            `json:"level"`
	Logger      text            `json:"logger"`
	Transaction text            `json:"transaction"`
	Server      text            `json:"server_name"`
	Release     text            `json:"release"`
	Dist        text            `json:"dist"`
	Environment text            `json:"environment"`
	Culprit     text            `json:"culprit"`
	Type        text            `json:"type"`
	Message     wireMessage     `json:"message"`
	LogEntry    wireMessage     `json:"logentry"`
	Tags        pairs           `json:"tags"`
	Modules     pairs           `json:"modules"`
	Fingerprint texts           `json:"fingerprint"`
	User        object          `json:"user"`
	Request     object          `json:"request"`
	Contexts    object          `json:"contexts"`
	Extra       json.RawMessage `json:"extra"`
	SDK         object          `json:"sdk"`
	DebugMeta   object          `json:"debug_meta"`
	Exception   values          `json:"exception"`
	Threads     values          `json:"threads"`
	Breadcrumbs values          `json:"breadcrumbs"`
	Stacktrace  object          `json:"stacktrace"`
}

// text is a string, or a number or truth value written as one.
type text string

// UnmarshalJSON takes what it can.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	switch {
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	case len(b) > 0 && b[0] != '{' && b[0] != '[' && string(b) != "null":
		*t = text(b)
	}
	return nil
}

// texts is a list of them.
type texts []string

// UnmarshalJSON takes what it can.
func (t *texts) UnmarshalJSON(b []byte) error {
	var list []text
	if json.Unmarshal(b, &list) != nil {
		return nil
	}
	for _, s := range list {
		*t = append(*t, string(s))
	}
	return nil
}

// moment is a time: seconds since 1970, or RFC 3339 with or without a zone.
type moment struct{ time.Time }

// UnmarshalJSON takes what it can.
func (m *moment) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1e11 {
		whole, part := math.Modf(f)
		m.Time = time.Unix(int64(whole), int64(part*1e9)).UTC()
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return nil
}

// object is an object whose fields are read one by one; empty when it is none.
type object map[string]json.RawMessage

// UnmarshalJSON takes what it can.
func (o *object) UnmarshalJSON(b []byte) error {
	m := map[string]json.RawMessage{}
	if json.Unmarshal(b, &m) == nil {
		*o = m
	}
	return nil
}

// text is a field as a text.
func (o object) text(names ...string) string {
	for _, n := range names {
		var t text
		if raw := o[n]; len(raw) > 0 && json.Unmarshal(raw, &t) == nil && t != "" {
			return string(t)
		}
	}
	return ""
}

func (o object) object(name string) object { return read[object](o[name]) }

func (o object) int(name string) int {
	f, err := strconv.ParseFloat(o.text(name), 64)
	if err != nil || math.Abs(f) > 1<<31 || math.IsNaN(f) {
		return 0
	}
	return int(f)
}

func (o object) list(name string) []string {
	var t texts
	_ = t.UnmarshalJSON(o[name]) // never fails
	return t
}

// truth is a field that is true, false or absent.
func (o object) truth(name string) (value, there bool) {
	err := json.Unmarshal(o[name], &value)
	return value, err == nil && string(o[name]) != "null"
}

// values are objects in a list, or in a list called values.
type values []object

// UnmarshalJSON takes what it can.
func (v *values) UnmarshalJSON(b []byte) error {
	var list []object
	if json.Unmarshal(b, &list) != nil {
		var in struct {
			Values []object `json:"values"`
		}
		_ = json.Unmarshal(b, &in) // none then
		list = in.Values
	}
	for _, o := range list {
		if len(o) > 0 {
			*v = append(*v, o)
		}
	}
	return nil
}

// pairs are names and values: an object, or a list of pairs.
type pairs [][2]string

// UnmarshalJSON takes what it can.
func (p *pairs) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if start, err := d.Token(); err == nil && start == json.Delim('{') {
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil
			}
			var raw json.RawMessage
			if d.Decode(&raw) != nil {
				return nil
			}
			if v, ok := scalar(raw); ok {
				*p = append(*p, [2]string{fmt.Sprint(name), v})
			}
		}
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil {
		return nil
	}
	for _, raw := range list {
		var pair []json.RawMessage
		if json.Unmarshal(raw, &pair) == nil && len(pair) == 2 {
			name, ok := scalar(pair[0])
			v, okV := scalar(pair[1])
			if ok && okV {
				*p = append(*p, [2]string{name, v})
			}
			continue
		}
		o := read[object](raw)
		if name := o.text("key", "name"); name != "" {
			*p = append(*p, [2]string{name, o.text("value")})
		}
	}
	return nil
}

// scalar is a value as a text; a list is its parts, comma between them.
func scalar(raw json.RawMessage) (string, bool) {
	var list texts
	if len(raw) > 0 && raw[0] == '[' {
		_ = list.UnmarshalJSON(raw) // never fails
		return strings.Join(list, ", "), len(list) > 0
	}
	var t text
	_ = t.UnmarshalJSON(raw) // never fails
	return string(t), t != ""
}

func (p pairs) toMap() map[string]string {
	m := make(map[string]string, len(p))
	for _, kv := range p {
		if len(m) < 1000 {
			m[kv[0]] = kv[1]
		}
	}
	return m
}

// wireMessage is a text, or a template with the values that belong in it.
type wireMessage struct{ Formatted, Template string }

// UnmarshalJSON takes what it can.
func (m *wireMessage) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		m.Formatted = s
		return nil
	}
	o := read[object](b)
	m.Formatted, m.Template = o.text("formatted"), o.text("message")
	if m.Formatted == "" {
		m.Formatted, m.Template = m.Template, ""
		if params := o.list("params"); len(params) > 0 && m.Formatted != "" {
			m.Template = m.Formatted
			m.Formatted = fill(m.Template, params)
		}
	}
	if m.Template == m.Formatted {
		m.Template = ""
	}
	return nil
}

// fill puts values into a template as the logging of Python writes them.
func fill(s string, params []string) string {
	for _, p := range params {
		i := strings.Index(s, "%")
		if i < 0 || i+1 >= len(s) || !strings.ContainsRune("sdrfi", rune(s[i+1])) {
			return s
		}
		s = s[:i] + strings.ReplaceAll(p, "%", "٪") + s[i+2:]
	}
	return strings.ReplaceAll(s, "٪", "%")
}

// read reads JSON into a T, as far as it is one.
func read[T any](raw []byte) (v T) {
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &v) // the zero value then
	}
	return v
}
