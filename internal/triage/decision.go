package triage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Who decides.
const (
	EngineOffline = "offline" // the nlp package
	EngineRule    = "rule"
	EnginePerson  = "person"
)

// ByHand is the reason of what a person changed and gave none for.
const ByHand = "Changed by hand"

// What is decided of a feedback: the keys of Decision.Outcome.
const (
	FieldCategory    = "category"
	FieldSeverity    = "severity"
	FieldSentiment   = "sentiment"
	FieldEmotion     = "emotion"
	FieldLanguage    = "language"
	FieldArea        = "area"
	FieldSpam        = "spam"
	FieldSecurity    = "security"
	FieldDuplicateOf = "duplicate_of"
	FieldAssignee    = "assignee"
	FieldTags        = "tags"
	FieldState       = "state"
	FieldIssue       = "issue"

	FieldSnoozedUntil = "snoozed_until"
	FieldDismissed    = "dismissed" // a suggestion; value says which
)

// decided are all of them; the place of each is its bit in fields, so new
// ones go last.
var decided = []string{FieldCategory, FieldSeverity, FieldSentiment, FieldEmotion, FieldLanguage, FieldArea, FieldSpam, FieldSecurity,
	FieldDuplicateOf, FieldAssignee, FieldTags, FieldState, FieldIssue, FieldSnoozedUntil, FieldDismissed}

// read are those that every reading of the engine decides.
var read = fieldsOf(FieldCategory, FieldSeverity, FieldSentiment, FieldEmotion, FieldLanguage, FieldArea, FieldSpam, FieldSecurity)

// fields is a set of what is decided.
type fields int64

func fieldsOf(names ...string) (m fields) {
	for _, n := range names {
		if i := slices.Index(decided, n); i >= 0 {
			m |= 1 << i
		}
	}
	return m
}

func (m fields) has(name string) bool { return m&fieldsOf(name) != 0 }

// Decision is what somebody or something decided of a feedback, once.
type Decision struct {
	ID          string         `json:"id"`
	At          time.Time      `json:"at"`
	Engine      string         `json:"engine" enum:"offline,rule,person"`
	Version     string         `json:"version" doc:"Of the engine or of the rule's text; for a person the name."`
	RuleID      string         `json:"rule_id,omitempty"`
	Feedback    FeedbackRef    `json:"feedback"`
	Inputs      string         `json:"inputs,omitempty" doc:"Short hash of what was read: equal inputs and version give an equal outcome."`
	Outcome     map[string]any `json:"outcome" doc:"Field to value."`
	Confidence  float64        `json:"confidence" doc:"Of the category; 1 for rules and people."`
	Reason      string         `json:"reason"`
	Corrections []Correction   `json:"corrections" nullable:"false" doc:"What people changed in it, also what they took back."`
}

// FeedbackRef names the feedback a decision is about.
type FeedbackRef struct {
	ID      string `json:"id"`
	Number  int64  `json:"number"`
	Title   string `json:"title"`
	Snippet string `json:"snippet"`
}

// Ledger keeps what was decided and what people made of it.
type Ledger struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	launches *launch.Service
	members  *workspace.Service
	undo     *undo.Service
	now      func() time.Time

	mu      sync.Mutex
	tells   []func(workspace.ID, Lesson)
	forgets []func(workspace.ID)
}

// LedgerDeps are what a Ledger needs.
type LedgerDeps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Launches *launch.Service
	Members  *workspace.Service
	Undo     *undo.Service
}

// NewLedger returns the ledger on d and takes over the undoing of what it does.
func NewLedger(d LedgerDeps) *Ledger {
	l := &Ledger{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, launches: d.Launches, members: d.Members, undo: d.Undo, now: time.Now}
	d.Undo.Handle(undoKind, l.takeBack)
	d.Undo.Handle(snoozeKind, l.unsnooze)
	d.Undo.Handle(dismissKind, l.undismiss)
	return l
}

// outcome is what the engine decided, in the order in which it is shown.
type outcome struct {
	Category    string `json:"category"`
	Severity    string `json:"severity"`
	Sentiment   string `json:"sentiment"`
	Emotion     string `json:"emotion"`
	Language    string `json:"language"`
	Area        string `json:"area"`
	Spam        bool   `json:"spam"`
	Security    bool   `json:"security"`
	DuplicateOf string `json:"duplicate_of,omitempty"`
}

// Record writes what the engine read of each feedback and what rules did with
// it, in tx: one row for each feedback and reading, one for each rule that
// matched. Rules that failed are counted by Rules.Record and decide nothing.
func (l *Ledger) Record(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, list []*feedback.Feedback, applied []Applied) error {
	here := make(map[string]bool, len(list))
	rows := make([][]any, 0, len(list)+len(applied))
	now := db.Micros(l.now())
	for _, f := range list {
		here[f.ID] = true
		r := f.Reading
		if r == nil {
			continue
		}
		o := outcome{Severity: r.Severity.Level, Sentiment: r.Sentiment.Label, Emotion: r.Emotion.Name, Language: r.Language.Code, Area: r.Area.Name,
			Spam: r.Spam.Yes, Security: r.Security.Yes, DuplicateOf: f.DuplicateOf}
		confidence := 0.0
		if len(r.Categories) > 0 {
			o.Category, confidence = r.Categories[0].Name, r.Categories[0].Confidence
		}
		has := read
		if o.DuplicateOf != "" {
			has |= fieldsOf(FieldDuplicateOf)
		}
		text, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("record decision on %s: %w", f.ID, err)
		}
		rows = append(rows, []any{ws, "", launchID, f.ID, now, EngineOffline, engineVersion(r), "", inputsOf(f), int64(has), string(text), confidence, r.Reason})
	}
	for _, a := range applied {
		if !a.Matched || !here[a.FeedbackID] {
			continue
		}
		has, text, err := ruleOutcome(a.Actions)
		if err != nil {
			return fmt.Errorf("record rule %s on %s: %w", a.RuleID, a.FeedbackID, err)
		}
		rows = append(rows, []any{ws, "", launchID, a.FeedbackID, now, EngineRule, a.Version, a.RuleID, "", int64(has), text, 1.0, "Rule: " + a.Name})
	}
	return insertDecisions(ctx, tx, rows)
}

// engineVersion tells a reading of words only from one with sentence vectors.
func engineVersion(r *nlp.Result) string {
	if r.Pass == nlp.Full {
		return r.Version + "/full"
	}
	return r.Version + "/first"
}

// inputsOf is a short hash of what the engine read.
func inputsOf(f *feedback.Feedback) string {
	var stack [1024]byte
	b := append(stack[:0], f.Title...)
	b = append(append(b, 0), f.Text...)
	b = append(b, 0)
	if f.Rating != nil {
		b = strconv.AppendFloat(b, *f.Rating, 'g', -1, 64)
	}
	b = append(append(b, 0), f.Reading.Language.Code...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func ruleOutcome(t Then) (fields, string, error) {
	m := map[string]any{}
	if t.Assign != "" {
		m[FieldAssignee] = t.Assign
	}
	if len(t.Tag) > 0 {
		m[FieldTags] = t.Tag
	}
	if t.Severity != "" {
		m[FieldSeverity] = t.Severity
	}
	if t.Ignore {
		m[FieldState] = feedback.Ignored
	}
	return encodeOutcome(m)
}

func encodeOutcome(m map[string]any) (fields, string, error) {
	var has fields
	for k := range m {
		has |= fieldsOf(k)
	}
	text, err := json.Marshal(m)
	return has, string(text), err
}

// Human writes what a person decided of feedback beside correcting it, for
// example {"state": "accepted", "issue": "HC-12"}, in the transaction that
// does it. Corrections are recorded by Correct.
func (l *Ledger) Human(ctx context.Context, tx *db.Tx, a workspace.Actor, launchID string, feedbackIDs []string, outcome map[string]any, reason string) error {
	has, text, err := encodeOutcome(outcome)
	if err != nil {
		return fmt.Errorf("record decision on %d feedback: %w", len(feedbackIDs), err)
	}
	rows := make([][]any, len(feedbackIDs))
	for i, id := range feedbackIDs {
		rows[i] = []any{a.Workspace, "", launchID, id, db.Micros(l.now()), EnginePerson, a.Name, "", "", int64(has), text, 1.0, reason}
	}
	return insertDecisions(ctx, tx, rows)
}

// DecisionFilter selects decisions of a launch.
type DecisionFilter struct {
	Field     string // one of the Field constants; "" for any
	Engine    string // "" for any
	Corrected *bool  // nil for any
	Wrong     bool   // only what has another value now: what Accuracy counts as wrong
	From, To  string // with Wrong: the value that was decided, and the one that holds; "" for any
	Before    string // id of the last decision of the page before; "" for the first page
	Limit     int
}

// Decisions returns a page of a launch's decisions, newest first, with what
// people corrected in them.
func (l *Ledger) Decisions(ctx context.Context, launchID string, f DecisionFilter) ([]Decision, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := l.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	if f.Field != "" {
		if err := oneOf("field", f.Field, decided); err != nil {
			return nil, err
		}
	}
	if f.Field == "" && (f.From != "" || f.To != "") {
		return nil, errs.New(errs.Invalid, "Say of which field: from and to are values of one, for example field=category&from=bug.")
	}
	f.Wrong = f.Wrong || f.From != "" || f.To != ""
	list, err := listDecisions(ctx, l.db, a.Workspace, launchID, f)
	if err != nil {
		return nil, err
	}
	return list, l.complete(ctx, a.Workspace, list)
}

// DecisionsOf returns all decisions on one feedback, newest first.
func (l *Ledger) DecisionsOf(ctx context.Context, feedbackID string) ([]Decision, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := l.feedback.Get(ctx, feedbackID); err != nil {
		return nil, err
	}
	list, err := decisionsOf(ctx, l.db, a.Workspace, feedbackID)
	if err != nil {
		return nil, err
	}
	return list, l.complete(ctx, a.Workspace, list)
}

// Trail returns everything that was decided and corrected of one feedback,
// newest decision and oldest correction first.
func (l *Ledger) Trail(ctx context.Context, ws workspace.ID, feedbackID string) ([]Decision, []Correction, error) {
	list, err := decisionsOf(ctx, l.db, ws, feedbackID)
	if err != nil {
		return nil, nil, err
	}
	corrections, err := correctionsOf(ctx, l.db, ws, []string{feedbackID})
	return list, corrections, err
}

// complete fills in what feedback the decisions are about and what people
// corrected: two queries, however many decisions.
func (l *Ledger) complete(ctx context.Context, ws workspace.ID, list []Decision) error {
	ids := make([]string, 0, len(list))
	for _, d := range list {
		ids = append(ids, d.Feedback.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	refs, err := feedbackRefs(ctx, l.db, ws, ids)
	if err != nil {
		return err
	}
	corrections, err := correctionsOf(ctx, l.db, ws, ids)
	if err != nil {
		return err
	}
	byDecision := map[string][]Correction{}
	for _, c := range corrections {
		byDecision[c.DecisionID] = append(byDecision[c.DecisionID], c)
	}
	for i := range list {
		if ref, ok := refs[list[i].Feedback.ID]; ok {
			list[i].Feedback = ref
		}
		list[i].Corrections = append([]Correction{}, byDecision[list[i].ID]...)
	}
	return nil
}
