// Package issue is one problem or wish that gathers many feedback and walks
// the seven stages: accepting and joining feedback, merging and splitting
// without losing a reporter, how far it reaches and what to do first. It
// decides nothing alone: what may belong together is suggested by the triage
// package, handed in, and done by people, who can take it back.
package issue

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
)

// The seven stages, in their order. Movement between them is free.
const (
	Intake         = "intake"
	Triage         = "triage"
	Analysis       = "analysis"
	Prioritisation = "prioritisation"
	Planning       = "planning"
	Resolution     = "resolution"
	Closure        = "closure"
)

// Stages are the stages in their order.
var Stages = []string{Intake, Triage, Analysis, Prioritisation, Planning, Resolution, Closure}

// Severities are from critical to low.
var Severities = []string{"sev1", "sev2", "sev3", "sev4"}

// Ref names an issue beside something else.
type Ref = feedback.IssueRef

// Issue is one problem or wish.
type Issue struct {
	ID             string    `json:"id"`
	Number         int64     `json:"number"`
	Key            string    `json:"key" example:"HC-12" doc:"What people say aloud; works wherever an id does."`
	LaunchID       string    `json:"launch_id"`
	Title          string    `json:"title"`
	Description    string    `json:"description"`
	Stage          string    `json:"stage" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure"`
	StageEnteredAt time.Time `json:"stage_entered_at"`
	Severity       string    `json:"severity" enum:"sev1,sev2,sev3,sev4"`
	// SuggestedSeverity never changes Severity by itself.
	SuggestedSeverity *SeveritySuggestion `json:"suggested_severity,omitempty" doc:"Present when many of the reports read as more severe than the issue says."`
	DismissedSeverity string              `json:"dismissed_severity,omitempty" doc:"The suggestion that a person said no to; only a worse one is made again."`
	Category          string              `json:"category"`
	Area              string              `json:"area"`
	Owner             *Owner              `json:"owner,omitempty"`
	Tags              []string            `json:"tags" nullable:"false"`
	Urgency           int                 `json:"urgency" minimum:"1" maximum:"5"`
	UrgencySuggested  int                 `json:"urgency_suggested" minimum:"1" maximum:"5" doc:"From severity and trend; what urgency is unless a person set it."`
	UrgencySetBy      string              `json:"urgency_set_by,omitempty" doc:"Who set the urgency; absent when it is as suggested."`
	Impact            float64             `json:"impact" doc:"From 0 to 20, by how far it reaches."`
	Priority          float64             `json:"priority" doc:"Impact times urgency, from 0 to 100."`
	PriorityReason    []Line              `json:"priority_reason" nullable:"false" doc:"The sum behind the priority, line by line."`
	Reach             Reach               `json:"reach"`
	Sentiment         Sentiments          `json:"sentiment"`
	FirstReceivedAt   *time.Time          `json:"first_received_at,omitempty" doc:"Of its earliest report, whichever issue that came in by."`
	LastReceivedAt    *time.Time          `json:"last_received_at,omitempty"`
	Trend             []int               `json:"trend" nullable:"false" doc:"Reports that occurred on each of the last 14 days (UTC), today last."`
	MergedInto        *Ref                `json:"merged_into,omitempty" doc:"The issue that has its feedback now; what is done to this one is done there."`
	Merged            []Ref               `json:"merged,omitempty" doc:"Issues that were merged into this one; only when one issue is asked for."`
	Links             []Link              `json:"links,omitempty" doc:"How it hangs together with others; only when one issue is asked for."`
	Stages            []Entered           `json:"stages,omitempty" doc:"The stages it has been in, in their order, with the latest time it entered each; only when one issue is asked for."`
	CreatedAt         time.Time           `json:"created_at"`
	UpdatedAt         time.Time           `json:"updated_at"`
	ClosedAt          *time.Time          `json:"closed_at,omitempty"`

	ownerID    string
	mergedInto string
	urgencySet int
	reach      float64
	refreshAt  int64
	facts      facts
}

// Owner is the member who drives an issue.
type Owner struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// SeveritySuggestion is a severity that the reports ask for.
type SeveritySuggestion struct {
	Level  string `json:"level" enum:"sev1,sev2,sev3"`
	Reason string `json:"reason"`
}

// Reach is how many said it, and who they are.
type Reach struct {
	Feedback int       `json:"feedback" doc:"Reports."`
	People   int       `json:"people" doc:"Distinct persons among the reporters."`
	Unnamed  int       `json:"unnamed" doc:"Reports that name nobody."`
	Met      int       `json:"met" doc:"People whose calls failed in the same way and who reported nothing, from the call log."`
	Segments []Segment `json:"segments" nullable:"false" doc:"People by attribute, the largest first."`
}

// Segment is a group of people who share an attribute.
type Segment struct {
	Name  string `json:"name" example:"tier=enterprise"`
	Count int    `json:"count"`
}

// Sentiments counts reports by sentiment.
type Sentiments struct {
	Negative int `json:"negative"`
	Neutral  int `json:"neutral"`
	Positive int `json:"positive"`
}

// HistoryEntry is one change of an issue.
type HistoryEntry struct {
	ID     string      `json:"id"`
	At     time.Time   `json:"at"`
	Actor  audit.Actor `json:"actor"`
	Field  string      `json:"field" doc:"What changed: a field of the issue, or feedback, merged, merged_into, split, created, linked." example:"stage"`
	From   string      `json:"from"`
	To     string      `json:"to"`
	Reason string      `json:"reason,omitempty"`
	// Feedback are at most maxNamed.
	Feedback []feedback.Ref `json:"feedback,omitempty" doc:"The reports it is about, the first 20 of them."`

	feedbackIDs []string
}

// Reporter is one person who reported an issue.
type Reporter struct {
	PersonID    string            `json:"person_id"`
	Name        string            `json:"name"`
	Email       string            `json:"email,omitempty"`
	Attrs       map[string]string `json:"attrs" doc:"Segment attributes."`
	Reports     int               `json:"reports"`
	FeedbackIDs []string          `json:"feedback_ids" nullable:"false" doc:"The newest 20 of the reports."`
	MergedFrom  []Ref             `json:"merged_from,omitempty" doc:"The issues by whose merging all of the reports came."`
	FirstAt     time.Time         `json:"first_received_at"`
	LastAt      time.Time         `json:"last_received_at"`
}

// Limits of what people write.
const (
	maxTitle       = 200
	autoTitle      = 120 // of a title taken from feedback
	maxDescription = 20_000
	maxArea        = 100
	maxTags        = 30
	maxReason      = 1000
	maxIDs         = 1000 // feedback of one act
)

// Input is an issue to be made by hand.
type Input struct {
	Title       string   `json:"title" minLength:"1" maxLength:"200"`
	Description string   `json:"description,omitempty" maxLength:"20000"`
	Stage       string   `json:"stage,omitempty" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure" doc:"Absent: intake."`
	Severity    string   `json:"severity,omitempty" enum:"sev1,sev2,sev3,sev4" doc:"Absent: what most of the feedback says, or sev3."`
	Category    string   `json:"category,omitempty" doc:"Absent: what most of the feedback says, or other." example:"bug"`
	Area        string   `json:"area,omitempty" maxLength:"100"`
	OwnerID     string   `json:"owner_id,omitempty"`
	Urgency     int      `json:"urgency,omitempty" minimum:"0" maximum:"5" doc:"0 or absent: as suggested from severity and trend."`
	Tags        []string `json:"tags,omitempty" maxItems:"30"`
	FeedbackIDs []string `json:"feedback_ids,omitempty" maxItems:"1000" doc:"Feedback to gather in it."`
}

// Change is what may change; absent fields stay.
type Change struct {
	Title       *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description *string `json:"description,omitempty" maxLength:"20000"`
	Stage       *string `json:"stage,omitempty" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure" doc:"closure closes the issue, any other stage reopens it."`
	Severity    *string `json:"severity,omitempty" enum:"sev1,sev2,sev3,sev4"`
	// Dismissed says no to a suggested severity.
	Dismissed *string   `json:"dismissed_severity,omitempty" enum:",sev1,sev2,sev3" doc:"No to the suggested severity: it is not suggested again, unless a worse one is. Empty: it may be."`
	Category  *string   `json:"category,omitempty"`
	Area      *string   `json:"area,omitempty" maxLength:"100"`
	OwnerID   *string   `json:"owner_id,omitempty" doc:"A member's id; empty: nobody."`
	Urgency   *int      `json:"urgency,omitempty" minimum:"0" maximum:"5" doc:"0: back to what severity and trend suggest."`
	Tags      *[]string `json:"tags,omitempty" maxItems:"30"`
	Reason    string    `json:"reason,omitempty" maxLength:"1000" doc:"Why; kept in the history."`
}

// keyOf is what people call the issue with a number.
func keyOf(num int64) string { return "HC-" + strconv.FormatInt(num, 10) }

// numberOf reads a key in upper or lower case; 0 when s is none.
func numberOf(s string) int64 {
	if len(s) < 4 || !strings.EqualFold(s[:3], "HC-") {
		return 0
	}
	n, err := strconv.ParseInt(s[3:], 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// validate tidies what people wrote or refuses it.
func (i *Issue) validate() error {
	i.Title, i.Description, i.Area = strings.TrimSpace(i.Title), strings.TrimSpace(i.Description), strings.TrimSpace(i.Area)
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"title", i.Title, maxTitle}, {"description", i.Description, maxDescription}, {"area", i.Area, maxArea}} {
		switch {
		case len([]rune(f.value)) > f.limit:
			return errs.New(errs.Invalid, "The %s is longer than %d characters; shorten it.", f.name, f.limit)
		case !storable(f.value):
			return errs.New(errs.Invalid, "The %s contains a NUL character or invalid UTF-8; remove it.", f.name)
		}
	}
	switch {
	case i.Title == "":
		return errs.New(errs.Invalid, "An issue needs a title.")
	case i.Area == "none" || i.Area == "any" || strings.Contains(i.Area, ","):
		return errs.New(errs.Invalid, "%q can't be an area: use a name without a comma (and not \"none\" or \"any\").", i.Area)
	case !slices.Contains(Stages, i.Stage):
		return errs.New(errs.Invalid, "There is no stage %q; use %s.", i.Stage, strings.Join(Stages, ", "))
	case !slices.Contains(Severities, i.Severity):
		return errs.New(errs.Invalid, "There is no severity %q; use sev1 (critical) to sev4 (low).", i.Severity)
	case i.DismissedSeverity != "" && !slices.Contains(Severities[:3], i.DismissedSeverity):
		return errs.New(errs.Invalid, "Only sev1 to sev3 are ever suggested, so %q can't be dismissed.", i.DismissedSeverity)
	case !slices.Contains(nlp.Categories, i.Category):
		return errs.New(errs.Invalid, "There is no category %q; use %s.", i.Category, strings.Join(nlp.Categories, ", "))
	case i.urgencySet < 0 || i.urgencySet > 5:
		return errs.New(errs.Invalid, "Urgency is a number from 1 (can wait) to 5 (now), or 0 for what is suggested.")
	case len(i.Tags) > maxTags:
		return errs.New(errs.Invalid, "An issue has at most %d tags.", maxTags)
	}
	tags := make([]string, 0, len(i.Tags))
	for _, t := range i.Tags {
		t, err := feedback.ValidTag(t)
		if err != nil {
			return err
		}
		tags = append(tags, t)
	}
	slices.Sort(tags)
	i.Tags = slices.Compact(tags)
	return nil
}

// validReason tidies why somebody did something or refuses it.
func validReason(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case len([]rune(s)) > maxReason:
		return "", errs.New(errs.Invalid, "The reason is longer than %d characters; shorten it.", maxReason)
	case !storable(s):
		return "", errs.New(errs.Invalid, "The reason contains a NUL character or invalid UTF-8; remove it.")
	}
	return s, nil
}

// titleFrom takes an issue's title from feedback: its title where it has one
// of several words, what triage made of it otherwise, cut at a word, without
// personal data.
func titleFrom(f *feedback.Feedback) string {
	title := oneLine(f.Title)
	if len(strings.Fields(title)) < 3 {
		for _, s := range []string{oneLine(f.Summary), title, oneLine(f.Snippet), oneLine(f.Text)} {
			if s != "" {
				title = s
				break
			}
		}
	}
	if title == "" {
		title = fmt.Sprintf("Feedback %d", f.Number)
	}
	title = feedback.Mask(title)
	r := []rune(title)
	if len(r) <= autoTitle {
		return title
	}
	cut := autoTitle - 1
	for k := cut; k > autoTitle*2/3; k-- {
		if r[k] == ' ' {
			cut = k
			break
		}
	}
	return strings.TrimRight(string(r[:cut]), " ,;:") + "…"
}

// oneLine joins words with single spaces and drops control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == 0x85 || r == 0xa0 || r == 0x2028 || r == 0x2029
	}), " ")
}

// common returns the value that most of list has; ties go to the one that
// sorts first (the more severe one), empty values don't count.
func common(list []string) string {
	n := map[string]int{}
	for _, v := range list {
		if v != "" {
			n[v]++
		}
	}
	best := ""
	for _, v := range slices.Sorted(maps.Keys(n)) {
		if best == "" || n[v] > n[best] {
			best = v
		}
	}
	return best
}
