package feedback

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/person"
)

// Limits of one report. They keep a single sender from filling the disk and
// every later step (triage, search, the page) within its time.
const (
	MaxText        = 64 << 10 // bytes
	MaxTitle       = 1 << 10
	MaxShort       = 512 // names, versions, ids
	MaxURL         = 4 << 10
	MaxAttrs       = 64 // entries
	MaxAttachments = 10
	MaxBatch       = 1000
	MaxBody        = 5 << 20
)

// Input is one report as a sender states it. Only Text is required (a Title
// alone is taken as the text).
type Input struct {
	Text        string            `json:"text,omitempty" doc:"What the person or machine said, as plain text of at most 64 KiB."`
	Title       string            `json:"title,omitempty" doc:"Subject line, where there is one."`
	Channel     string            `json:"channel,omitempty" doc:"Way in, for example api, e-mail, review; api when absent." example:"review"`
	ExternalID  string            `json:"external_id,omitempty" doc:"The sender's own id of this report: the natural key. The same id on the same channel of a launch is the same report, however often it is sent."`
	OccurredAt  *time.Time        `json:"occurred_at,omitempty" doc:"When it happened (RFC 3339); the time of receipt when absent."`
	Author      *Author           `json:"author,omitempty"`
	Rating      *float64          `json:"rating,omitempty" doc:"Stars from 1 to 5."`
	Language    string            `json:"language,omitempty" doc:"ISO 639-1 code of the person's language, where the sender knows it." example:"de"`
	AppVersion  string            `json:"app_version,omitempty"`
	URL         string            `json:"url,omitempty" doc:"Where it happened; query values are dropped before it is stored."`
	Attrs       map[string]string `json:"attrs,omitempty" doc:"Custom attributes: at most 64, each name and value at most 512 bytes."`
	Attachments []AttachmentInput `json:"attachments,omitempty"`
}

// Author is what the sender knows about who reports. Ids, address, number,
// device and session are identities: each joins later reports to the same
// person. Application, client address and agent are shared by many; they only
// have persons suggested as the same.
type Author struct {
	Name        string            `json:"name,omitempty"`
	Email       string            `json:"email,omitempty"`
	UserID      string            `json:"user_id,omitempty"`
	SessionID   string            `json:"session_id,omitempty"`
	ExternalID  string            `json:"external_id,omitempty"`
	Phone       string            `json:"phone,omitempty" doc:"Number of a telephone, however it is written. Before it is stored a keyed hash takes its place, unless the workspace says that numbers are kept."`
	DeviceID    string            `json:"device_id,omitempty" doc:"Of an installation or device."`
	Application string            `json:"application,omitempty" doc:"Application or key that the person's calls come with, as the call log names it."`
	Address     string            `json:"address,omitempty" doc:"Network address of the person's client."`
	Agent       string            `json:"agent,omitempty" doc:"The client's User-Agent."`
	Attrs       map[string]string `json:"attrs,omitempty" doc:"Segment attributes of the person, for example tier or region."`
}

// AttachmentInput is a file sent with a report.
type AttachmentInput struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Data        []byte `json:"data,omitempty" doc:"The bytes, base64."`
}

// Validate refuses what can't be kept as it is and tidies the rest in place:
// white space around short fields, and upper case in codes. now bounds
// OccurredAt: a clock may be a day ahead of ours (time zones), not more.
func (in *Input) Validate(now time.Time) error {
	var bad []errs.Field
	refuse := func(field, format string, args ...any) {
		bad = append(bad, errs.Field{Location: field, Message: fmt.Sprintf(format, args...)})
	}
	text := func(field string, s *string, limit int, trim bool) {
		if trim {
			*s = strings.TrimSpace(*s)
		}
		switch {
		case len(*s) > limit:
			refuse(field, "is %d bytes long, at most %d are kept; shorten it", len(*s), limit)
		case !utf8.ValidString(*s):
			refuse(field, "is not valid UTF-8; convert it first")
		case strings.ContainsRune(*s, 0):
			refuse(field, "contains a NUL character; remove it")
		}
	}
	text("text", &in.Text, MaxText, false)
	text("title", &in.Title, MaxTitle, true)
	text("channel", &in.Channel, 64, true)
	text("external_id", &in.ExternalID, MaxShort, true)
	text("language", &in.Language, 16, true)
	text("app_version", &in.AppVersion, MaxShort, true)
	text("url", &in.URL, MaxURL, true)
	if strings.TrimSpace(in.Text) == "" && in.Title == "" {
		refuse("text", "is empty; send what the person said")
	}
	in.Channel = strings.ToLower(in.Channel)
	if in.Channel == "" {
		in.Channel = "api"
	}
	if strings.ContainsFunc(in.Channel, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) {
		refuse("channel", "may hold only letters, digits, '-', '_' and '.'")
	}
	in.Language = strings.ToLower(in.Language)
	if i := strings.IndexAny(in.Language, "-_"); i > 0 {
		in.Language = in.Language[:i] // "pt-BR": the reading needs the language only
	}
	if in.Rating != nil && !(*in.Rating >= 0 && *in.Rating <= 5) { // also refuses NaN
		refuse("rating", "is %v, it must lie between 0 and 5 stars", *in.Rating)
	}
	if in.OccurredAt != nil {
		switch {
		case in.OccurredAt.After(now.Add(24 * time.Hour)):
			refuse("occurred_at", "%s lies in the future; send the time at which it happened", in.OccurredAt.UTC().Format(time.RFC3339))
		case in.OccurredAt.Year() < 1990:
			refuse("occurred_at", "%s is too long ago to be a report; check the date's format", in.OccurredAt.UTC().Format(time.RFC3339))
		}
	}
	attrs := func(field string, m map[string]string) {
		if len(m) > MaxAttrs {
			refuse(field, "has %d entries, at most %d are kept", len(m), MaxAttrs)
			return
		}
		for k, v := range m {
			if k == "" || len(k) > MaxShort || len(v) > MaxShort || !utf8.ValidString(k) || !utf8.ValidString(v) || strings.ContainsRune(k+v, 0) {
				refuse(field, "entry %.40q must have a name, and name and value of at most %d bytes of UTF-8 each", k, MaxShort)
				return
			}
		}
	}
	attrs("attrs", in.Attrs)
	if a := in.Author; a != nil {
		text("author.name", &a.Name, MaxShort, true)
		text("author.email", &a.Email, 320, true)
		text("author.user_id", &a.UserID, MaxShort, true)
		text("author.session_id", &a.SessionID, MaxShort, true)
		text("author.external_id", &a.ExternalID, MaxShort, true)
		text("author.phone", &a.Phone, MaxShort, true)
		text("author.device_id", &a.DeviceID, MaxShort, true)
		text("author.application", &a.Application, MaxShort, true)
		text("author.address", &a.Address, MaxShort, true)
		text("author.agent", &a.Agent, MaxShort, true)
		if a.Phone != "" && !person.IsHashed(a.Phone) && person.NormalPhone(a.Phone, "") == "" {
			refuse("author.phone", "%.40q is not the number of a telephone", a.Phone)
		}
		a.Email = strings.ToLower(a.Email)
		if a.Email != "" && (strings.Count(a.Email, "@") != 1 || strings.ContainsAny(a.Email, " \t\r\n<>")) {
			refuse("author.email", "%.60q is not an e-mail address", a.Email)
		}
		attrs("author.attrs", a.Attrs)
	}
	if len(in.Attachments) > MaxAttachments {
		refuse("attachments", "has %d files, at most %d are kept with one report", len(in.Attachments), MaxAttachments)
	}
	for i := range in.Attachments {
		f := &in.Attachments[i]
		text(fmt.Sprintf("attachments[%d].name", i), &f.Name, MaxShort, true)
		text(fmt.Sprintf("attachments[%d].content_type", i), &f.ContentType, MaxShort, true)
		if len(f.Data) == 0 {
			refuse(fmt.Sprintf("attachments[%d].data", i), "is empty")
		}
	}
	if len(bad) > 0 {
		return errs.WithFields("This report can't be kept: "+bad[0].Location+" "+bad[0].Message+".", bad...)
	}
	return nil
}

// payload is how a valid input is written to the delivery ledger.
func (in *Input) payload() ([]byte, error) { return json.Marshal(in) }
