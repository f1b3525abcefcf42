package sentry

import (
	"encoding/json"
	"strings"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/errs"
)

// surroundings is what a delivery says beside the payload of an event.
type surroundings struct {
	eventID string // of the envelope; it wins
	traceID string
	client  string // address that it came from
	keepIP  string
}

// parseEvent reads the payload of an event.
func parseEvent(raw []byte, by surroundings) (*crash.Event, error) {
	var w wireEvent
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, errs.New(errs.Invalid, "The event is no JSON object: %v.", err)
	}
	e := baseEvent(&w, by)
	b := e.Body
	b.Message, b.Template = w.LogEntry.Formatted, w.LogEntry.Template
	if b.Message == "" {
		b.Message, b.Template = w.Message.Formatted, w.Message.Template
	}
	for _, x := range w.Exception {
		b.Exceptions = append(b.Exceptions, exception(x, b.Platform))
	}
	b.Stack = threadStack(&w, b.Platform)
	if len(w.Exception) == 1 && w.Exception[0].text("type") == "" {
		// A message that was sent with its stack comes as an exception
		// without a class.
		if b.Message == "" {
			b.Message = b.Exceptions[0].Value
		}
		b.Stack, b.Exceptions = b.Exceptions[0].Frames, nil
	}
	if len(b.Exceptions) > 0 && len(b.Exceptions[len(b.Exceptions)-1].Frames) > 0 {
		b.Stack = nil
	}
	for _, c := range w.Breadcrumbs {
		b.Breadcrumbs = append(b.Breadcrumbs, breadcrumb(c))
	}
	b.Culprit = string(w.Culprit)
	b.Fingerprint = w.Fingerprint
	for _, raw := range read[[]object](w.DebugMeta["images"]) {
		if raw.text("type") == "sourcemap" {
			if b.DebugIDs == nil {
				b.DebugIDs = map[string]string{}
			}
			if file := raw.text("code_file"); file != "" && len(b.DebugIDs) < 200 {
				b.DebugIDs[file] = strings.ToLower(raw.text("debug_id"))
			}
		}
	}
	return e, nil
}

// baseEvent reads what events and feedback have in common.
func baseEvent(w *wireEvent, by surroundings) *crash.Event {
	id := by.eventID
	if id == "" {
		id = eventID(string(w.EventID))
	}
	e := &crash.Event{EventID: id, At: w.Timestamp.Time, Level: string(w.Level), Release: string(w.Release), Environment: string(w.Environment), Transaction: string(w.Transaction),
		Body: &crash.Body{Platform: string(w.Platform), Logger: string(w.Logger), Server: string(w.Server), Dist: string(w.Dist), Tags: w.Tags.toMap(), Modules: w.Modules.toMap(), Extra: w.Extra,
			Contexts: map[string]json.RawMessage{}}}
	b := e.Body
	if e.Level == "" {
		e.Level = "error"
	}
	if name := w.SDK.text("name"); name != "" {
		b.SDK = strings.TrimSpace(name + " " + w.SDK.text("version"))
	}
	for name, raw := range w.Contexts {
		if name != "feedback" {
			b.Contexts[name] = raw
		}
	}
	trace := w.Contexts.object("trace")
	if e.TraceID = strings.ToLower(trace.text("trace_id")); e.TraceID == "" {
		e.TraceID = by.traceID
	}
	e.SpanID = strings.ToLower(trace.text("span_id"))
	b.Request = request(w.Request)
	if b.Request != nil {
		e.URL = b.Request.URL
		for _, h := range b.Request.Headers {
			if strings.EqualFold(h[0], "X-Request-Id") {
				e.RequestID = h[1]
			}
		}
	}
	for _, name := range []string{"request_id", "request.id", "x-request-id"} {
		if v := b.Tags[name]; v != "" {
			e.RequestID = v
		}
	}
	for _, name := range []string{"session_id", "session.id", "session"} {
		if v := b.Tags[name]; v != "" {
			e.SessionID = v
			break
		}
	}
	e.User = user(w, by)
	return e
}

// user is who met it. An address is kept as the channel says: {{auto}} and,
// of browsers that let it be known, the one that the request came from.
func user(w *wireEvent, by surroundings) crash.User {
	u := crash.User{ID: w.User.text("id"), Email: w.User.text("email"), Name: w.User.text("username", "name"), IP: w.User.text("ip_address")}
	infer := w.SDK.object("settings").text("infer_ip")
	if u.IP == "{{auto}}" || u.IP == "" && infer == "auto" {
		u.IP = by.client
	}
	switch by.keepIP {
	case "none":
		u.IP = ""
	case "network":
		u.IP = crash.Network(u.IP)
	}
	return u
}

func request(o object) *crash.Request {
	if len(o) == 0 {
		return nil
	}
	r := &crash.Request{Method: o.text("method"), URL: o.text("url"), Query: o.text("query_string")}
	if r.Query == "" {
		list := make([]string, 0, 4)
		for _, kv := range read[pairs](o["query_string"]) {
			list = append(list, kv[0]+"="+kv[1])
		}
		r.Query = strings.Join(list, "&")
	}
	r.Headers = read[pairs](o["headers"])
	if data := o.text("data"); data != "" {
		r.Data = data
	} else if raw := o["data"]; len(raw) > 0 && string(raw) != "null" {
		r.Data = string(raw)
	}
	return r
}

func exception(o object, platform string) crash.Exception {
	x := crash.Exception{Type: o.text("type"), Value: o.text("value"), Module: o.text("module")}
	m := o.object("mechanism")
	x.Mechanism = m.text("type")
	if handled, there := m.truth("handled"); there && !handled {
		x.Unhandled = true
	}
	if x.Type == "" {
		x.Type = "Error"
	}
	x.Frames = frames(o.object("stacktrace"), platform)
	return x
}

// threadStack is the stack of the thread that sent the event.
func threadStack(w *wireEvent, platform string) []crash.Frame {
	if f := frames(w.Stacktrace, platform); len(f) > 0 {
		return f
	}
	var out []crash.Frame
	for _, t := range w.Threads {
		crashed, _ := t.truth("crashed")
		current, _ := t.truth("current")
		if f := frames(t.object("stacktrace"), platform); len(f) > 0 && (len(out) == 0 || crashed || current) {
			out = f
		}
	}
	return out
}

// library is in the paths of code that is not the product's own.
var library = []string{"node_modules/", "site-packages/", "dist-packages/", "/usr/lib/", "/pkg/mod/", "node:", "vendor/bundle"}

func frames(o object, platform string) []crash.Frame {
	list := read[[]object](o["frames"])
	out := make([]crash.Frame, 0, len(list))
	for _, f := range list {
		fr := crash.Frame{Function: f.text("function"), Module: f.text("module"), File: f.text("filename"), Path: f.text("abs_path"), Package: f.text("package"), Line: f.int("lineno"), Column: f.int("colno"),
			Pre: f.list("pre_context"), Context: f.text("context_line"), Post: f.list("post_context"), Vars: f["vars"]}
		if fr.Path == "" && (platform == "javascript" || platform == "node") {
			fr.Path = fr.File
		}
		if own, there := f.truth("in_app"); there {
			fr.InApp = own
		} else {
			fr.InApp = true
			for _, l := range library {
				if strings.Contains(fr.Path, l) || strings.HasPrefix(fr.File, l) {
					fr.InApp = false
				}
			}
		}
		if fr.Function == "" && fr.File == "" && fr.Path == "" && fr.Module == "" {
			fr.Function = f.text("instruction_addr")
		}
		out = append(out, fr)
	}
	return out
}

func breadcrumb(o object) crash.Breadcrumb {
	c := crash.Breadcrumb{Type: o.text("type"), Category: o.text("category"), Level: o.text("level"), Message: o.text("message"), Data: o["data"]}
	var m moment
	_ = m.UnmarshalJSON(o["timestamp"]) // never fails
	if !m.IsZero() {
		c.At = &m.Time
	}
	return c
}
