package sentry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

// found is what is in a delivery, read and not written yet.
type found struct {
	set      settings
	events   []*crash.Prepared
	reports  []report
	sessions []crash.Session
	dropped  []crash.Dropped
}

// skip counts what is not kept.
func (f *found) skip(category string, n int64) {
	f.dropped = append(f.dropped, crash.Dropped{Kind: "skipped", Category: category, Count: max(n, 1)})
}

// readEnvelope says what an envelope is.
func (s *Service) readEnvelope(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	env, err := parseEnvelope(d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	f := &found{}
	if f.set, err = s.settings(ctx, d); err != nil {
		return feedback.Outcome{}, err
	}
	by := surroundings{eventID: env.header.EventID, traceID: strings.ToLower(env.header.Trace.TraceID), client: clientOf(d), keepIP: f.set.ip}
	var events []*crash.Event
	var files []feedback.StoredFile
	for i, it := range env.items {
		switch it.Type {
		case "event", "error", "default":
			e, err := parseEvent(it.payload, by)
			if err != nil {
				return feedback.Outcome{}, err
			}
			if len(events) == 0 { // an envelope has one
				events = append(events, e)
			}
		case "feedback":
			r, err := parseFeedback(it.payload, by, d)
			if err != nil {
				return feedback.Outcome{}, err
			}
			f.reports = append(f.reports, r)
		case "user_report":
			r, err := parseUserReport(it.payload, by, d)
			if err != nil {
				return feedback.Outcome{}, err
			}
			f.reports = append(f.reports, r)
		case "attachment":
			file, err := s.file(it)
			if err != nil {
				return feedback.Outcome{}, err
			}
			if file.Size > 0 {
				files = append(files, file)
			}
		case "session":
			if n, ok := parseSession(it.payload, d); ok {
				f.sessions = append(f.sessions, n)
			}
		case "sessions":
			f.sessions = append(f.sessions, parseSessions(it.payload, d, i)...)
		case "client_report":
			f.dropped = append(f.dropped, parseClientReport(it.payload)...)
		default:
			f.skip(it.Type, it.ItemCount)
		}
	}
	if len(events)+len(f.reports) == 0 && len(files) > 0 {
		f.skip("attachment", int64(len(files)))
	}
	if err := s.prepare(ctx, d, f, events, files); err != nil {
		return feedback.Outcome{}, err
	}
	return s.outcome(d, f), nil
}

// file stores an attachment.
func (s *Service) file(it item) (feedback.StoredFile, error) {
	if len(it.payload) == 0 {
		return feedback.StoredFile{}, nil
	}
	name, kind := it.FileName, it.ContentType
	if name == "" {
		name = "attachment"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	return s.Feedback.PutFile(clip(name, 200), clip(kind, 200), it.payload)
}

// prepare makes events ready and gives the files of the delivery to whom they
// belong: to the report that it brings, or else to the event.
func (s *Service) prepare(ctx context.Context, d *feedback.Raw, f *found, events []*crash.Event, files []feedback.StoredFile) error {
	for _, e := range events {
		for _, file := range files {
			e.Body.Attachments = append(e.Body.Attachments, crash.Attachment{Name: file.Name, ContentType: file.ContentType, Size: file.Size, SHA256: file.SHA256})
		}
		p, err := s.Crash.Prepare(ctx, d.Workspace, d.LaunchID, e)
		if err != nil {
			return err
		}
		f.events = append(f.events, p)
	}
	for i := range f.reports {
		if i == 0 {
			f.reports[i].in.Files = files[:min(len(files), feedback.MaxAttachments)]
		}
		probe := f.reports[i].in.Input // what can't be kept is said now, and not when it is written
		if err := probe.Validate(time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// outcome writes what was found.
func (s *Service) outcome(d *feedback.Raw, f *found) feedback.Outcome {
	var groups []string
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) ([]feedback.Incoming, error) {
			groups = groups[:0]
			var out []feedback.Incoming
			for _, p := range f.events {
				k, err := s.Crash.Keep(ctx, tx, d.Workspace, p, f.set.rule)
				if err != nil {
					return nil, err
				}
				groups, out = append(groups, k.GroupID), append(out, k.Reports...)
			}
			for _, r := range f.reports {
				in, err := s.link(ctx, tx, d, r)
				if err != nil {
					return nil, err
				}
				out = append(out, in)
			}
			for _, n := range f.sessions {
				if err := s.Crash.KeepSession(ctx, tx, d.Workspace, n); err != nil {
					return nil, err
				}
			}
			if d.Attempts > 1 { // counted the first time
				return out, nil
			}
			return out, s.Crash.NoteDropped(ctx, tx, d.Workspace, d.LaunchID, f.dropped)
		},
		After: func() { s.Crash.Tell(d.Workspace, d.LaunchID, groups...) },
	}
}

// readStore says what an event without an envelope is.
func (s *Service) readStore(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	f := &found{}
	var err error
	if f.set, err = s.settings(ctx, d); err != nil {
		return feedback.Outcome{}, err
	}
	e, err := parseEvent(d.Payload, surroundings{client: clientOf(d), keepIP: f.set.ip})
	if err != nil {
		return feedback.Outcome{}, err
	}
	return s.single(ctx, d, f, e)
}

func (s *Service) single(ctx context.Context, d *feedback.Raw, f *found, e *crash.Event, files ...feedback.StoredFile) (feedback.Outcome, error) {
	if e.EventID == "" {
		e.EventID = ownID(d)
	}
	if err := s.prepare(ctx, d, f, []*crash.Event{e}, files); err != nil {
		return feedback.Outcome{}, err
	}
	return s.outcome(d, f), nil
}

// readMinidump keeps a minidump as an event that has it as a file: it is not
// read here.
func (s *Service) readMinidump(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	f := &found{}
	var err error
	if f.set, err = s.settings(ctx, d); err != nil {
		return feedback.Outcome{}, err
	}
	_, params, err := mime.ParseMediaType(d.ContentType)
	if err != nil {
		return feedback.Outcome{}, errs.New(errs.Invalid, "The form has no boundary.")
	}
	form := multipart.NewReader(bytes.NewReader(d.Payload), params["boundary"])
	said := []byte("{}")
	var files []feedback.StoredFile
	for range maxItems {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return feedback.Outcome{}, errs.New(errs.Invalid, "The form can't be read: %v.", err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return feedback.Outcome{}, errs.New(errs.Invalid, "The form can't be read: %v.", err)
		}
		switch {
		case part.FormName() == "sentry" && json.Valid(data):
			said = data
		case part.FileName() != "" || part.FormName() == "upload_file_minidump":
			name := part.FileName()
			if name == "" {
				name = part.FormName()
			}
			file, err := s.Feedback.PutFile(clip(name, 200), "application/octet-stream", data)
			if err != nil {
				return feedback.Outcome{}, err
			}
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return feedback.Outcome{}, errs.New(errs.Invalid, "The form has no file; a minidump is in the field upload_file_minidump.")
	}
	e, err := parseEvent(said, surroundings{client: clientOf(d), keepIP: f.set.ip})
	if err != nil {
		return feedback.Outcome{}, err
	}
	if len(e.Body.Exceptions) == 0 {
		e.Body.Exceptions = []crash.Exception{{Type: "Minidump", Value: "The program crashed and wrote a minidump", Unhandled: true}}
	}
	if e.Body.Platform == "" {
		e.Body.Platform = "native"
	}
	e.Level = "fatal"
	return s.single(ctx, d, f, e, files...)
}

// readSecurity says what a browser's report is: of the Content Security
// Policy, as report-uri sends it (CSP 2) or report-to (Reporting API).
func (s *Service) readSecurity(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	f := &found{}
	var err error
	if f.set, err = s.settings(ctx, d); err != nil {
		return feedback.Outcome{}, err
	}
	o := read[object](d.Payload)
	if list := read[[]object](d.Payload); len(list) > 0 {
		o = list[0]
	}
	r := o.object("csp-report")
	if len(r) == 0 {
		r = o.object("body")
	}
	if len(r) == 0 {
		return feedback.Outcome{}, errs.New(errs.Invalid, "The report is none of a Content-Security-Policy; it has no csp-report.")
	}
	directive, _, _ := strings.Cut(r.text("effective-directive", "effectiveDirective", "violated-directive"), " ")
	blocked := r.text("blocked-uri", "blockedURL")
	host := blocked
	if _, rest, ok := strings.Cut(blocked, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
	}
	page := r.text("document-uri", "documentURL")
	e := &crash.Event{At: d.ReceivedAt, Level: "warning", URL: page, User: crash.User{IP: clientOf(d)}, Transaction: directive,
		Body: &crash.Body{Platform: "javascript", Logger: "csp", Exceptions: []crash.Exception{{Type: "CSP", Value: "Blocked " + directive + " from " + host}}, Fingerprint: []string{"csp", directive, host},
			Tags: map[string]string{"directive": directive, "blocked": host}, Extra: json.RawMessage(d.Payload), Request: &crash.Request{URL: page}, Contexts: map[string]json.RawMessage{}}}
	return s.single(ctx, d, f, e)
}

// ownID is an id for an event whose sender gave none: the same for each
// reading of a delivery.
func ownID(d *feedback.Raw) string {
	return hashID("delivery", d.ID)
}
