// Package evidence finds what stands behind a report: the calls of whoever
// wrote it, errors, spans, alerts and releases of those minutes, ranked by how
// likely each is what the report is about, with the reason and the strength of
// the join. It knows what the reports of an issue have in common beyond
// chance, and how many people met the same failure without saying so.
//
// It reads what others keep and changes none of it; its own are the pins of
// people, with copies that outlive their sources, and what it learnt from
// their votes. The model is in model.go; docs/adr/0015 says why it is one of
// named parts that anybody can add up.
package evidence

import (
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/errs"
)

// The kinds of evidence.
const (
	Call    = "call"
	Error   = "error"
	Span    = "span"
	Log     = "log"
	Alert   = "alert"
	Release = "release"
	Session = "session"
	Issue   = "issue"
)

var kinds = []string{Call, Error, Span, Log, Alert, Release, Session, Issue}

// Strength is how far a join may be believed.
type Strength string

// The strengths.
const (
	Strong Strength = "strong" // may be believed without looking
	Likely Strength = "likely"
	Weak   Strength = "weak"
)

// Join is by what something is tied to whoever reported.
type Join string

// The joins, from the surest to none.
const (
	ByTrace       Join = "trace"
	BySession     Join = "session"
	ByUser        Join = "user_id"
	ByEmail       Join = "email"
	ByDevice      Join = "device"
	ByAddress     Join = "address"
	ByApplication Join = "application"
	ByTime        Join = "time"
	ByText        Join = "text"
	ByNothing     Join = "none"
)

// Evidence is what was found for one feedback.
type Evidence struct {
	Person     *Person  `json:"person,omitempty"`
	Window     Window   `json:"window"`
	Items      []Item   `json:"items" nullable:"false" doc:"The likeliest first; at most 30."`
	Before     []Before `json:"before" nullable:"false" doc:"Calls of whoever reported in the two minutes before, oldest first."`
	CallsTotal int      `json:"calls_total" doc:"Their calls in the window."`
	TiedBy     Join     `json:"tied_by" doc:"By what those calls are tied to the reporter."`
	Truncated  bool     `json:"truncated,omitempty" doc:"Time ran out before everything was looked at."`
	TookMS     float64  `json:"took_ms"`
}

// Person is who reported.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Item is one piece of evidence.
type Item struct {
	ID         string    `json:"id" example:"call:018f3a5c7e4b7cc0a1b2c3d4e5f60718"`
	Kind       string    `json:"kind" enum:"call,error,span,log,alert,release,session,issue"`
	At         time.Time `json:"at"`
	Title      string    `json:"title"`
	Reason     string    `json:"reason" doc:"One sentence: why it is here and how sure that is."`
	Score      float64   `json:"score" doc:"From 0 to 1."`
	Strength   Strength  `json:"strength" enum:"strong,likely,weak" doc:"strong: may be believed without looking."`
	Join       Join      `json:"join" enum:"user_id,session,trace,email,application,device,address,time,text,none"`
	Pinned     bool      `json:"pinned"`
	ByHand     bool      `json:"added_by_hand"`
	Contradict bool      `json:"contradicts" doc:"It speaks against what the report says."`
	Kept       bool      `json:"kept_copy" doc:"The source is gone or older than what is kept; this is the copy that was made when it was pinned."`
	Note       string    `json:"note,omitempty" doc:"Of who pinned it."`
	PinnedBy   string    `json:"pinned_by,omitempty"`
	Useful     *bool     `json:"useful,omitempty" doc:"What I voted."`
	Parts      []Part    `json:"parts" nullable:"false" doc:"The sum behind the score."`
	FeedbackID string    `json:"feedback_id,omitempty" doc:"The report it belongs to, in the list of an issue."`

	Call    *calllog.Call `json:"call,omitempty"`
	Error   *Thing        `json:"error,omitempty"`
	Span    *Thing        `json:"span,omitempty"`
	Log     *Thing        `json:"log,omitempty"`
	Alert   *Thing        `json:"alert,omitempty"`
	Release *Thing        `json:"release,omitempty"`
	Session *Thing        `json:"session,omitempty"`
	Issue   *Thing        `json:"issue,omitempty"`
}

// Thing is what is known, in short, of something that is no call.
type Thing struct {
	ID      string            `json:"id"`
	Key     string            `json:"key,omitempty" doc:"What people call it: of an issue."`
	Title   string            `json:"title,omitempty"`
	Message string            `json:"message,omitempty"`
	Service string            `json:"service,omitempty"`
	State   string            `json:"state,omitempty"`
	Level   string            `json:"level,omitempty"`
	Release string            `json:"release,omitempty"`
	Trace   string            `json:"trace,omitempty"`
	URL     string            `json:"url,omitempty"`
	From    *time.Time        `json:"from,omitempty"`
	To      *time.Time        `json:"to,omitempty"`
	Took    float64           `json:"duration_ms,omitempty"`
	Count   int64             `json:"count,omitempty"`
	People  int64             `json:"people,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// Part is one line of the sum behind a score.
type Part struct {
	Name   string  `json:"name" doc:"identity, time, trace, abnormal, text, symptom, url, release, surge, repeat, reading."`
	Weight float64 `json:"weight" doc:"What it adds to the logit; below 0 it speaks against."`
	Say    string  `json:"say"`
}

// Before is a call of the two minutes before a report.
type Before struct {
	calllog.Call
	OffsetMS int64 `json:"offset_ms" doc:"To the report; below 0: before it."`
	Bad      bool  `json:"bad"`
}

// things puts a thing where its kind has it.
func (i *Item) put(t *Thing) {
	switch i.Kind {
	case Error:
		i.Error = t
	case Span:
		i.Span = t
	case Log:
		i.Log = t
	case Alert:
		i.Alert = t
	case Release:
		i.Release = t
	case Session:
		i.Session = t
	case Issue:
		i.Issue = t
	}
}

// split parts an id into kind and the rest.
func split(id string) (kind, rest string, err error) {
	kind, rest, ok := strings.Cut(id, ":")
	if ok && rest != "" && len(id) <= maxID {
		for _, k := range kinds {
			if k == kind {
				return kind, rest, nil
			}
		}
	}
	return "", "", errs.New(errs.Invalid, "%.80q is no id of evidence; write it like call:018f3a5c7e4b7cc0a1b2c3d4e5f60718.", id)
}

const maxID = 200

// Bounds of an answer.
const (
	maxItems  = 30
	keptItems = 10 // of a feedback, in the table
	maxBefore = 40
	before    = 2 * time.Minute
)
