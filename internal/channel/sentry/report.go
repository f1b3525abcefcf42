package sentry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

// report is what somebody said, and the event that it is about.
type report struct {
	in      feedback.Incoming
	about   string // event id
	traceID string
	at      time.Time
}

// parseFeedback reads a feedback item: the payload of an event whose
// contexts.feedback has what was said (spec 1.3.0).
func parseFeedback(raw []byte, by surroundings, d *feedback.Raw) (report, error) {
	var w wireEvent
	if err := json.Unmarshal(raw, &w); err != nil {
		return report{}, errs.New(errs.Invalid, "The feedback is no JSON object: %v.", err)
	}
	said := w.Contexts.object("feedback")
	message := strings.TrimSpace(said.text("message"))
	if message == "" {
		return report{}, errs.New(errs.Invalid, "The feedback says nothing: contexts.feedback.message is empty.")
	}
	e := baseEvent(&w, by)
	at := e.At
	if at.IsZero() || at.After(d.ReceivedAt.Add(time.Hour)) {
		at = d.ReceivedAt
	}
	in := feedback.Input{Text: clip(message, feedback.MaxText), OccurredAt: &at, AppVersion: clip(e.Release, feedback.MaxShort), URL: clip(said.text("url"), feedback.MaxURL), Attrs: map[string]string{}}
	if in.URL == "" {
		in.URL = clip(e.URL, feedback.MaxURL)
	}
	a := feedback.Author{Name: clip(said.text("name"), feedback.MaxShort), Email: said.text("contact_email"), UserID: clip(e.User.ID, feedback.MaxShort), SessionID: clip(e.SessionID, feedback.MaxShort)}
	if a.Email == "" {
		a.Email = e.User.Email
	}
	if a.Name == "" {
		a.Name = clip(e.User.Name, feedback.MaxShort)
	}
	author(&in, a)
	r := report{about: eventID(said.text("associated_event_id")), traceID: e.TraceID, at: at}
	put(in.Attrs, "environment", e.Environment)
	put(in.Attrs, "trace_id", e.TraceID)
	put(in.Attrs, "request_id", e.RequestID)
	put(in.Attrs, "transaction", e.Transaction)
	put(in.Attrs, "replay_id", said.text("replay_id"))
	put(in.Attrs, "source", said.text("source"))
	put(in.Attrs, "sdk", e.Body.SDK)
	put(in.Attrs, "error_event_id", r.about)
	n := 0
	for k, v := range e.Body.Tags {
		if n++; n <= 30 {
			put(in.Attrs, "tag."+k, v)
		}
	}
	r.in = feedback.Incoming{Input: in, NaturalKey: "said:" + id(e.EventID, d, raw)}
	return r, nil
}

// parseUserReport reads what SDKs sent before there was the feedback item.
func parseUserReport(raw []byte, by surroundings, d *feedback.Raw) (report, error) {
	o := read[object](raw)
	comments := strings.TrimSpace(o.text("comments"))
	if comments == "" {
		return report{}, errs.New(errs.Invalid, "The report says nothing: comments is empty.")
	}
	at := d.ReceivedAt
	in := feedback.Input{Text: clip(comments, feedback.MaxText), OccurredAt: &at, Attrs: map[string]string{}}
	author(&in, feedback.Author{Name: clip(o.text("name"), feedback.MaxShort), Email: o.text("email")})
	r := report{about: eventID(o.text("event_id")), traceID: by.traceID, at: at}
	if r.about == "" {
		r.about = by.eventID
	}
	put(in.Attrs, "error_event_id", r.about)
	r.in = feedback.Incoming{Input: in, NaturalKey: "report:" + id(r.about, d, raw)}
	return r, nil
}

// link joins a report to the error that it is about, and takes over what that
// knows and the report does not say.
func (s *Service) link(ctx context.Context, tx *db.Tx, d *feedback.Raw, r report) (feedback.Incoming, error) {
	e, err := s.Crash.Link(ctx, tx, d.Workspace, crash.Report{LaunchID: d.LaunchID, NaturalKey: r.in.NaturalKey, Channel: d.Channel, EventID: r.about, TraceID: r.traceID, At: r.at})
	if err != nil || e == nil {
		return r.in, err
	}
	in := r.in
	attrs := map[string]string{}
	for k, v := range in.Input.Attrs {
		attrs[k] = v
	}
	in.Input.Attrs = attrs
	attrs["error_id"] = e.GroupID
	for k, v := range map[string]string{"trace_id": e.TraceID, "environment": e.Environment, "request_id": e.RequestID, "transaction": e.Transaction} {
		if attrs[k] == "" {
			put(attrs, k, v)
		}
	}
	if in.Input.AppVersion == "" {
		in.Input.AppVersion = clip(e.Release, feedback.MaxShort)
	}
	if in.Input.URL == "" {
		in.Input.URL = e.URL
	}
	a := feedback.Author{}
	if in.Input.Author != nil {
		a = *in.Input.Author
	}
	if a.UserID == "" {
		a.UserID = clip(e.User.ID, feedback.MaxShort)
	}
	if a.SessionID == "" {
		a.SessionID = clip(e.SessionID, feedback.MaxShort)
	}
	if a.Email == "" {
		a.Email = e.User.Email
	}
	author(&in.Input, a)
	return in, nil
}

// author fills in who reports. What is no e-mail address stays readable
// beside it.
func author(in *feedback.Input, a feedback.Author) {
	a.Email = strings.TrimSpace(a.Email)
	if m, err := mail.ParseAddress(a.Email); err == nil && len(m.Address) <= 320 && !strings.ContainsAny(m.Address, " \t\r\n<>") && strings.Count(m.Address, "@") == 1 {
		a.Email = m.Address
	} else {
		put(in.Attrs, "contact", a.Email)
		a.Email = ""
	}
	if a.Name != "" || a.Email != "" || a.UserID != "" || a.SessionID != "" {
		in.Author = &a
	}
}

func put(m map[string]string, name, value string) {
	if value = clip(value, feedback.MaxShort); value != "" && name != "" && len(name) <= feedback.MaxShort && len(m) < feedback.MaxAttrs {
		m[name] = value
	}
}

// clip cuts a text to n bytes, at the start of a character.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// id names a report: as its sender does, or by what it says.
func id(given string, d *feedback.Raw, raw []byte) string {
	if given != "" {
		return given
	}
	return hashID(d.ID, string(raw))
}

func hashID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// parseSession reads what is told of one session.
func parseSession(raw []byte, d *feedback.Raw) (crash.Session, bool) {
	o := read[object](raw)
	attrs := o.object("attrs")
	var started, told moment
	_ = started.UnmarshalJSON(o["started"]) // never fails
	_ = told.UnmarshalJSON(o["timestamp"])
	if started.IsZero() {
		started.Time = d.ReceivedAt
	}
	if told.IsZero() {
		told.Time = d.ReceivedAt
	}
	n := crash.Session{LaunchID: d.LaunchID, ID: clip(o.text("sid"), 100), Release: attrs.text("release"), Environment: attrs.text("environment"), Who: o.text("did"), Started: started.Time, Sessions: 1}
	if n.ID == "" {
		return n, false
	}
	// Many SDKs number what they tell; the others tell it in order of time.
	n.Seq = told.UnixMicro()
	switch o.text("status") {
	case "crashed":
		n.Crashed = 1
	case "abnormal":
		n.Abnormal = 1
	default:
		if o.int("errors") > 0 || o.text("status") == "errored" || o.text("status") == "unhandled" {
			n.Errored = 1
		}
	}
	return n, true
}

// parseSessions reads sessions that are told of together. at is the item's
// place in its envelope.
func parseSessions(raw []byte, d *feedback.Raw, at int) []crash.Session {
	o := read[object](raw)
	attrs := o.object("attrs")
	var out []crash.Session
	for i, a := range read[[]object](o["aggregates"]) {
		if i == 200 {
			break
		}
		var started moment
		_ = started.UnmarshalJSON(a["started"]) // never fails
		if started.IsZero() {
			started.Time = d.ReceivedAt
		}
		n := crash.Session{LaunchID: d.LaunchID, ID: fmt.Sprintf("d:%s:%d:%d", d.ID, at, i), Seq: 1, Release: attrs.text("release"), Environment: attrs.text("environment"), Who: a.text("did"), Started: started.Time,
			Errored: count(a, "errored"), Crashed: count(a, "crashed"), Abnormal: count(a, "abnormal")}
		n.Sessions = count(a, "exited") + n.Errored + n.Crashed + n.Abnormal
		if n.Sessions > 0 {
			out = append(out, n)
		}
	}
	return out
}

func count(o object, name string) int64 { return int64(min(max(o.int(name), 0), 1_000_000)) }

// parseClientReport reads what an SDK says that it dropped.
func parseClientReport(raw []byte) []crash.Dropped {
	var out []crash.Dropped
	for i, o := range read[[]object](read[object](raw)["discarded_events"]) {
		if i == 50 {
			break
		}
		if n := count(o, "quantity"); n > 0 {
			out = append(out, crash.Dropped{Kind: "client", Category: o.text("category"), Reason: o.text("reason"), Count: n})
		}
	}
	return out
}
