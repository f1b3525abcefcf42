// Package note is what people of the workspace write to each other about a
// feedback or an issue, and who is called on in it. Nothing of it goes to
// whoever reported.
package note

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The limits of a note.
const (
	maxText     = 10_000 // characters
	maxMentions = 50
)

// Note is one thing that somebody wrote.
type Note struct {
	ID        string        `json:"id"`
	LaunchID  string        `json:"launch_id"`
	Feedback  *feedback.Ref `json:"feedback,omitempty" doc:"Where it was written: on a feedback."`
	Issue     *issue.Ref    `json:"issue,omitempty" doc:"Where it was written: on an issue."`
	Text      string        `json:"text" doc:"Plain text; empty when it was deleted."`
	Author    audit.Actor   `json:"author"`
	Mentions  []Mentioned   `json:"mentions" nullable:"false" doc:"Who is called on in it."`
	CreatedAt time.Time     `json:"created_at"`
	EditedAt  *time.Time    `json:"edited_at,omitempty"`
	DeletedAt *time.Time    `json:"deleted_at,omitempty"`

	feedbackID string
	issueID    string
}

// Mentioned is a member whom a note calls on, by the name they had then: the
// text has it behind an @.
type Mentioned struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Input is a note to be written.
type Input struct {
	Text     string   `json:"text" doc:"1 to 10,000 characters, plain text."`
	Mentions []string `json:"mentions,omitempty" maxItems:"50" doc:"Ids of the members whom the text calls on."`
}

// Subject is what a note is written on: one of both.
type Subject struct {
	FeedbackID string
	IssueID    string // id or key
}

// Place is where a page ended.
type Place struct {
	At int64
	ID string
}

// Mention is a note as whoever is called on in it sees it.
type Mention struct {
	ID       string        `json:"id" doc:"Of the note."`
	At       time.Time     `json:"at"`
	ReadAt   *time.Time    `json:"read_at,omitempty"`
	By       audit.Actor   `json:"by"`
	Snippet  string        `json:"snippet" doc:"First 280 characters of the note."`
	LaunchID string        `json:"launch_id"`
	Feedback *feedback.Ref `json:"feedback,omitempty"`
	Issue    *issue.Ref    `json:"issue,omitempty"`
}

// Told is what the events note.created and note.updated carry: where it was
// written.
type Told struct {
	FeedbackID string `json:"feedback_id,omitempty"`
	IssueID    string `json:"issue_id,omitempty"`
}

// Called is what the event mention.updated carries: whose mentions changed.
type Called struct {
	Members []string `json:"members" nullable:"false"`
}

// valid tidies a note's text or says what is wrong with it.
func (in *Input) valid() error {
	refuse := func(location, msg string) error {
		return errs.WithFields(msg, errs.Field{Location: "body." + location, Message: msg})
	}
	in.Text = strings.TrimSpace(strings.ReplaceAll(in.Text, "\r\n", "\n"))
	switch {
	case in.Text == "":
		return refuse("text", "The note is empty; write something first.")
	case !utf8.ValidString(in.Text) || strings.ContainsRune(in.Text, 0):
		return refuse("text", "The note holds a NUL character or invalid UTF-8; remove it.")
	case utf8.RuneCountInString(in.Text) > maxText:
		return refuse("text", "The note is longer than 10,000 characters; shorten it or write two.")
	case len(in.Mentions) > maxMentions:
		return refuse("mentions", "A note can call on at most 50 people; name fewer.")
	}
	in.Mentions = slices.Clone(in.Mentions)
	slices.Sort(in.Mentions)
	in.Mentions = slices.Compact(in.Mentions)
	return nil
}

// changeable says whether somebody may change a note: its author, and who
// manages the people of the workspace.
func (n *Note) changeable(a workspace.Actor) error {
	if a.Kind == n.Author.Kind && a.ID == n.Author.ID || a.Can(workspace.ManageMembers) {
		return nil
	}
	return errs.New(errs.Denied, "Only %s or an admin may change this note; write one of your own.", n.Author.Name)
}

// snippetRunes is what a mention shows of a note.
const snippetRunes = 280

func snippet(text string) string {
	n := 0
	for i := range text {
		if n++; n > snippetRunes {
			return text[:i] + "…"
		}
	}
	return text
}

func ids(list []Mentioned) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.ID
	}
	return out
}
