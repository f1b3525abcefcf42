// Package feedback is what comes in: the ledger of deliveries, the reports
// made from them, their attachments, and the list that people work through.
//
// A report's path: Accept writes a delivery, in a group commit, and answers
// when it is on disk. A Processor claims accepted deliveries in batches,
// resolves persons, has them read (by the triage package, handed in), and
// writes the feedback rows. The ledger is the queue: what is 'accepted' is
// still to be done, whoever died meanwhile.
package feedback

import (
	"time"

	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
)

// The states of a feedback.
const (
	New      = "new"
	Accepted = "accepted"
	Ignored  = "ignored"
	Spam     = "spam"
)

// Feedback is one report from a person or a machine.
type Feedback struct {
	ID                 string            `json:"id"`
	Number             int64             `json:"number" doc:"Counts up in the workspace; people say it aloud."`
	LaunchID           string            `json:"launch_id"`
	Channel            string            `json:"channel"`
	ImportID           string            `json:"import_id,omitempty"`
	ExternalID         string            `json:"external_id,omitempty"`
	Title              string            `json:"title" doc:"Personal data in it is covered, as in snippet and summary."`
	FullTitle          string            `json:"full_title,omitempty" doc:"Absent in lists, and where nothing in the title is covered."`
	Text               string            `json:"text,omitempty" doc:"Absent in lists, which carry snippet."`
	Snippet            string            `json:"snippet" doc:"First 280 characters of the text, personal data covered."`
	OccurredAt         time.Time         `json:"occurred_at"`
	ReceivedAt         time.Time         `json:"received_at"`
	Author             AuthorRef         `json:"author"`
	Rating             *float64          `json:"rating,omitempty"`
	AppVersion         string            `json:"app_version,omitempty"`
	URL                string            `json:"url,omitempty"`
	Attrs              map[string]string `json:"attrs,omitempty"`
	Attachments        []Attachment      `json:"attachments,omitempty"`
	State              string            `json:"state" enum:"new,accepted,ignored,spam"`
	TriagedAt          *time.Time        `json:"triaged_at,omitempty" doc:"When it was accepted, ignored or called spam; absent while it is new."`
	SnoozedUntil       *time.Time        `json:"snoozed_until,omitempty" doc:"Put off until then: it is under later while it is new, and back to triage afterwards."`
	IssueID            string            `json:"-"`
	Issue              *IssueRef         `json:"issue,omitempty"`
	AssigneeID         string            `json:"-"`
	Assignee           *AssigneeRef      `json:"assignee,omitempty"`
	Tags               []string          `json:"tags" nullable:"false"`
	Language           string            `json:"language"`
	Category           string            `json:"category"`
	CategoryConfidence float64           `json:"category_confidence"`
	Sentiment          string            `json:"sentiment"`
	SentimentScore     float64           `json:"sentiment_score" doc:"From -1 to 1."`
	Emotion            string            `json:"emotion"`
	Severity           string            `json:"severity"`
	SeverityConfidence float64           `json:"severity_confidence"`
	Area               string            `json:"area"`
	Summary            string            `json:"summary"`
	Security           bool              `json:"security"`
	Unsure             bool              `json:"unsure" doc:"The engine does not trust its own reading of this text."`
	Alike              int               `json:"alike" doc:"Earlier reports that look like this one."`
	DuplicateOf        string            `json:"duplicate_of,omitempty" doc:"The earlier report that looks most like it; a suggestion."`
	Sealed             []privacy.Place   `json:"sealed,omitempty" doc:"Where originals of what was covered are sealed; absent in lists. POST /feedback/{id}/reveal opens them."`
	Reading            *nlp.Result       `json:"triage,omitempty" doc:"Everything triage said, with reasons."`
	ReadFully          bool              `json:"read_fully" doc:"False until sentence vectors have been added in the background."`

	Sightings      Sighting          `json:"-"`
	CameBy         []person.Identity `json:"-"` // identities and weak signs
	StaticVector   []int8            `json:"-"`
	SentenceVector []int8            `json:"-"`
	Fingerprint    string            `json:"-"`
}

// AuthorRef is who reported, as far as it is known.
type AuthorRef struct {
	PersonID string `json:"person_id,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
}

// IssueRef names the issue that a feedback is joined to.
type IssueRef struct {
	ID    string `json:"id"`
	Key   string `json:"key" example:"HC-12"`
	Title string `json:"title"`
}

// AssigneeRef names the member who works on a feedback.
type AssigneeRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Sighting is the author as the report names them, until a person is found.
type Sighting struct{ Author }

// Attachment is a file that came with a report.
type Attachment struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	URL         string `json:"url"`
}

// snippetRunes is what a list shows of a text.
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

// ApplyReading sets the fields that lists filter by from what triage said.
func (f *Feedback) ApplyReading(r *nlp.Result) {
	f.Reading = r
	f.Language = r.Language.Code
	if len(r.Categories) > 0 {
		f.Category, f.CategoryConfidence = r.Categories[0].Name, r.Categories[0].Confidence
	}
	f.Sentiment, f.SentimentScore, f.Emotion = r.Sentiment.Label, r.Sentiment.Score, r.Emotion.Name
	f.Severity, f.SeverityConfidence = r.Severity.Level, r.Severity.Confidence
	f.Area, f.Summary, f.Security, f.Unsure = r.Area.Name, r.Summary, r.Security.Yes, r.Unsure
	f.Fingerprint = r.Fingerprint
	f.StaticVector, f.SentenceVector = r.Static, r.Sentence
	f.ReadFully = r.Pass == nlp.Full
}
