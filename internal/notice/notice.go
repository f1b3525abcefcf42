// Package notice is what reporters and the team write to each other: the
// thread of a report. A reply waits half a minute, so that it can be taken
// back, and then goes out by a carrier: e-mail, or the page on which the
// reporter follows up. What reporters answer comes in by channels.
package notice

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The directions of a message.
const (
	In  = "in"
	Out = "out"
)

// The states of a message.
const (
	Received  = "received"
	Queued    = "queued" // goes out when it is due, or is tried again
	Sent      = "sent"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// Message is one thing that a reporter or the team wrote.
type Message struct {
	ID          string                `json:"id"`
	FeedbackID  string                `json:"feedback_id"`
	LaunchID    string                `json:"launch_id"`
	Direction   string                `json:"direction" enum:"in,out"`
	Author      audit.Actor           `json:"author"`
	Text        string                `json:"text"`
	Quoted      string                `json:"quoted,omitempty" doc:"What was cut off as said before."`
	Via         string                `json:"via" example:"email"`
	To          string                `json:"to,omitempty"`
	State       string                `json:"state" enum:"received,queued,sent,failed,cancelled"`
	Reason      string                `json:"reason,omitempty" doc:"Why it failed, or waits."`
	Attachments []feedback.Attachment `json:"attachments,omitempty"`
	CreatedAt   time.Time             `json:"created_at"`
	DueAt       *time.Time            `json:"due_at,omitempty" doc:"When a queued message goes out; until then it can be taken back."`
	SentAt      *time.Time            `json:"sent_at,omitempty"`

	ChannelID  string `json:"-"`
	ExternalID string `json:"-"` // Message-ID of a mail
}

// Reach is one way in which a reporter can be answered.
type Reach struct {
	Via       string `json:"via"`
	To        string `json:"to,omitempty"`
	ChannelID string `json:"channel_id,omitempty"`
}

// Thread is all messages of a report, oldest first.
type Thread struct {
	Items      []*Message `json:"items" nullable:"false"`
	Reach      []Reach    `json:"reach" nullable:"false" doc:"Ways in which the reporter can be answered; the first is taken."`
	Unanswered bool       `json:"unanswered" doc:"The reporter wrote last, or was never answered."`
}

// Input is a reply to be sent.
type Input struct {
	Text  string                     `json:"text" doc:"1 to 20,000 characters, plain text, in the reporter's language."`
	Via   string                     `json:"via,omitempty" doc:"The first way that reaches the reporter when absent."`
	Files []feedback.AttachmentInput `json:"files,omitempty" maxItems:"10"`
}

// Carrier takes replies to reporters in one way.
type Carrier interface {
	// Reach says how it reaches the reporter of f; ok is false when it doesn't.
	Reach(ctx context.Context, ws workspace.ID, f *feedback.Feedback) (Reach, bool, error)
	// Send sends a message of a thread, whose earlier messages come with it,
	// and returns what the message is known by outside. It may be called
	// again for the same message after a crash: ids follow from m.ID. An
	// error that says what is wrong for good (errs.Invalid and its like) is
	// not tried again.
	Send(ctx context.Context, m *Outgoing) (externalID string, err error)
}

// Outgoing is a message on its way, with what a carrier needs to know.
type Outgoing struct {
	*Message
	Workspace workspace.ID
	Feedback  *feedback.Feedback
	Before    []*Message // of the thread, oldest first
}

// Incoming is what a reporter wrote, on its way into a thread.
type Incoming struct {
	FeedbackID, LaunchID string
	Author               audit.Actor // kind reporter
	Text, Quoted         string
	Via, ChannelID       string
	ExternalID           string // makes a repeat harmless
	Files                []feedback.StoredFile
	At                   time.Time
}

const (
	maxText  = 20_000 // characters
	maxFiles = 10
	// sendDelay is how long a reply can be taken back.
	sendDelay = 30 * time.Second
)

func (in *Input) valid() error {
	in.Text = strings.TrimSpace(strings.ReplaceAll(in.Text, "\r\n", "\n"))
	refuse := func(location, msg string) error {
		return errs.WithFields(msg, errs.Field{Location: "body." + location, Message: msg})
	}
	switch {
	case in.Text == "":
		return refuse("text", "The reply is empty; write something first.")
	case !utf8.ValidString(in.Text) || strings.ContainsRune(in.Text, 0):
		return refuse("text", "The reply holds a NUL character or invalid UTF-8; remove it.")
	case utf8.RuneCountInString(in.Text) > maxText:
		return refuse("text", "The reply is longer than 20,000 characters; shorten it or attach a file.")
	case len(in.Files) > maxFiles:
		return refuse("files", "A reply takes 10 files at most; send several.")
	}
	for _, f := range in.Files {
		if len(f.Data) == 0 || f.Name == "" {
			return refuse("files", "A file needs a name and content.")
		}
	}
	return nil
}
