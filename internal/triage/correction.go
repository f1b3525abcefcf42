package triage

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The values that people may choose from; categories are nlp.Categories.
var (
	Severities = []string{"sev1", "sev2", "sev3", "sev4"}
	Sentiments = []string{"negative", "neutral", "positive"}
	Emotions   = []string{"anger", "fear", "joy", "love", "sadness", "surprise", "none"}
)

// triaged are the fields whose change by a person is a correction.
var triaged = []string{FieldCategory, FieldSeverity, FieldSentiment, FieldEmotion, FieldLanguage, FieldArea, FieldSpam}

// Correction is one field of a feedback as triage had it and as a person put
// it; where both are the same the person confirmed it.
type Correction struct {
	ID         string     `json:"id"`
	FeedbackID string     `json:"feedback_id"`
	DecisionID string     `json:"decision_id,omitempty" doc:"The decision it corrects."`
	Field      string     `json:"field" enum:"category,severity,sentiment,emotion,language,area,spam"`
	From       string     `json:"from"`
	To         string     `json:"to"`
	By         string     `json:"by" doc:"Name of who corrected it."`
	ByID       string     `json:"by_id"`
	At         time.Time  `json:"at"`
	UndoneAt   *time.Time `json:"undone_at,omitempty"`
}

// Edit is what a person may change of a feedback; absent fields stay.
type Edit struct {
	Category   *string   `json:"category,omitempty" enum:"bug,performance,usability,feature_request,integration,data,security,documentation,question,praise,other"`
	Severity   *string   `json:"severity,omitempty" enum:"sev1,sev2,sev3,sev4"`
	Sentiment  *string   `json:"sentiment,omitempty" enum:"negative,neutral,positive"`
	Emotion    *string   `json:"emotion,omitempty" enum:"anger,fear,joy,love,sadness,surprise,none"`
	Language   *string   `json:"language,omitempty" doc:"ISO 639-1 code, or unknown." maxLength:"16"`
	Area       *string   `json:"area,omitempty" doc:"Empty for none." maxLength:"100"`
	Spam       *bool     `json:"spam,omitempty" doc:"True puts it on the spam list, false takes it off."`
	AssigneeID *string   `json:"assignee_id,omitempty" doc:"Id of a member; empty for nobody."`
	Tags       *[]string `json:"tags,omitempty" doc:"All tags it shall have." maxItems:"50"`
	AddTags    *[]string `json:"add_tags,omitempty" doc:"Tags it shall have too." maxItems:"50"`
}

// Edited is what became of an Edit.
type Edited struct {
	Feedback    []*feedback.Feedback
	Corrections int    // fields of feedback that were corrected
	Confirmed   int    // fields that triage had right, as a person says now
	UndoID      string // "" when nothing changed
}

// MaxEdit bounds the feedback changed at once.
const MaxEdit = 1000

const undoKind = "feedback.correct"

// undoItem is what it takes to put one field back.
type undoItem struct {
	FeedbackID   string  `json:"feedback_id"`
	CorrectionID string  `json:"correction_id,omitempty"`
	Field        string  `json:"field"`
	Was          string  `json:"was"`
	Becomes      string  `json:"becomes"`
	Number       float64 `json:"number"` // confidence or score that went with Was
	Unsure       bool    `json:"unsure"`
	State        string  `json:"state"`
	ReadFully    bool    `json:"read_fully"`
}

// maxTags bounds the tags of one feedback.
const maxTags = 50

// setting is one checked field of an Edit.
type setting struct {
	field, value string
	add          bool // the value's tags are added
}

// on is the value that the setting gives a feedback.
func (s setting) on(f *feedback.Feedback) string {
	if !s.add {
		return s.value
	}
	tags := append(strings.Split(s.value, ","), f.Tags...)
	slices.Sort(tags)
	return strings.Join(slices.Compact(tags), ",")
}

// settings checks an Edit and lists what it sets.
func (l *Ledger) settings(ctx context.Context, e Edit) ([]setting, error) {
	var out []setting
	for _, x := range []struct {
		field   string
		value   *string
		allowed []string
	}{{FieldCategory, e.Category, nlp.Categories}, {FieldSeverity, e.Severity, Severities}, {FieldSentiment, e.Sentiment, Sentiments}, {FieldEmotion, e.Emotion, Emotions}} {
		if x.value == nil {
			continue
		}
		if err := oneOf(x.field, *x.value, x.allowed); err != nil {
			return nil, err
		}
		out = append(out, setting{field: x.field, value: *x.value})
	}
	if e.Language != nil {
		code := strings.ToLower(strings.TrimSpace(*e.Language))
		if _, err := language.ParseBase(code); code != "unknown" && (err != nil || len(code) != 2) {
			return nil, refused(FieldLanguage, "There is no language %.20q; use a code of ISO 639-1 such as en, de or ja, or unknown.", *e.Language)
		}
		out = append(out, setting{field: FieldLanguage, value: code})
	}
	if e.Area != nil {
		area := strings.TrimSpace(*e.Area)
		if len(area) > 100 || area == "none" || area == "any" || strings.ContainsAny(area, "\x00\r\n,") {
			return nil, refused(FieldArea, "An area is a few words in one line, at most 100 bytes, without a comma (and not \"none\" or \"any\").")
		}
		out = append(out, setting{field: FieldArea, value: area})
	}
	if e.Spam != nil {
		out = append(out, setting{field: FieldSpam, value: strconv.FormatBool(*e.Spam)})
	}
	if e.AssigneeID != nil {
		if *e.AssigneeID != "" {
			if err := activeMember(ctx, l.members, *e.AssigneeID); err != nil {
				return nil, err
			}
		}
		out = append(out, setting{field: FieldAssignee, value: *e.AssigneeID})
	}
	if e.Tags != nil && e.AddTags != nil {
		return nil, refused("add_tags", "Say either all tags or those to add, not both.")
	}
	if e.Tags != nil {
		tags, err := tidyTags(*e.Tags)
		if err != nil {
			return nil, err
		}
		out = append(out, setting{field: FieldTags, value: tags})
	}
	if e.AddTags != nil {
		tags, err := tidyTags(*e.AddTags)
		if err != nil {
			return nil, err
		}
		if tags != "" {
			out = append(out, setting{field: FieldTags, value: tags, add: true})
		}
	}
	return out, nil
}

func tidyTags(list []string) (string, error) {
	tags := make([]string, 0, len(list))
	for _, t := range list {
		t, err := feedback.ValidTag(t)
		if err != nil {
			return "", err
		}
		tags = append(tags, t)
	}
	slices.Sort(tags)
	return strings.Join(slices.Compact(tags), ","), nil
}

func oneOf(field, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return refused(field, "There is no %s %.40q; use one of %s.", field, value, strings.Join(allowed, ", "))
}

func refused(field, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return errs.WithFields(msg, errs.Field{Location: "body." + field, Message: msg})
}

// valueOf reads a field of a feedback as the ledger writes it.
func valueOf(f *feedback.Feedback, field string) string {
	switch field {
	case FieldCategory:
		return f.Category
	case FieldSeverity:
		return f.Severity
	case FieldSentiment:
		return f.Sentiment
	case FieldEmotion:
		return f.Emotion
	case FieldLanguage:
		return f.Language
	case FieldArea:
		return f.Area
	case FieldSpam:
		return strconv.FormatBool(f.State == feedback.Spam)
	case FieldAssignee:
		return f.AssigneeID
	case FieldTags:
		return strings.Join(f.Tags, ",")
	}
	return ""
}

// numberOf is the confidence or score that goes with a field.
func numberOf(f *feedback.Feedback, field string) float64 {
	switch field {
	case FieldCategory:
		return f.CategoryConfidence
	case FieldSeverity:
		return f.SeverityConfidence
	case FieldSentiment:
		return f.SentimentScore
	}
	return 0
}

// decide puts a person's value into a feedback. A person is sure, and says
// the side of a sentiment but not its strength.
func decide(f *feedback.Feedback, field, value string) {
	switch field {
	case FieldCategory:
		f.Category, f.CategoryConfidence, f.Unsure = value, 1, false
	case FieldSeverity:
		f.Severity, f.SeverityConfidence = value, 1
	case FieldSentiment:
		f.Sentiment = value
		switch value {
		case "negative":
			f.SentimentScore = -max(math.Abs(f.SentimentScore), 0.5)
		case "positive":
			f.SentimentScore = max(math.Abs(f.SentimentScore), 0.5)
		default:
			f.SentimentScore = 0
		}
	case FieldEmotion:
		f.Emotion = value
	case FieldLanguage:
		f.Language = value
	case FieldArea:
		f.Area = value
	case FieldSpam:
		switch {
		case value == "true" && f.State != feedback.Accepted:
			f.State = feedback.Spam
		case value == "false" && f.State == feedback.Spam:
			f.State = feedback.New
		}
	case FieldAssignee:
		f.AssigneeID = value
	case FieldTags:
		f.Tags = []string{}
		if value != "" {
			f.Tags = strings.Split(value, ",")
		}
	}
}

// Correct changes feedback as a person says. What triage had decided is kept
// as corrections, which teach and measure; the rest as decisions of a person.
// launchID bounds what may be named; "" for any launch.
func (l *Ledger) Correct(ctx context.Context, launchID string, ids []string, e Edit) (*Edited, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	ids = unique(ids)
	if len(ids) == 0 || len(ids) > MaxEdit {
		return nil, errs.New(errs.Invalid, "Name between 1 and %d feedback to change.", MaxEdit)
	}
	settings, err := l.settings(ctx, e)
	if err != nil {
		return nil, err
	}
	if len(settings) == 0 {
		return nil, errs.New(errs.Invalid, "There is nothing to change; name at least one field.")
	}
	var w *correcting
	err = l.db.Tx(ctx, func(tx *db.Tx) error {
		w = &correcting{actor: a, launchID: launchID, settings: settings, now: l.now()}
		if w.decider, err = deciders(ctx, tx, a.Workspace, ids); err != nil {
			return err
		}
		if w.live, err = liveCorrections(ctx, tx, a.Workspace, ids); err != nil {
			return err
		}
		if w.changed, err = l.feedback.Change(ctx, tx, a.Workspace, ids, w.one); err != nil {
			return err
		}
		if len(w.items) == 0 {
			return nil
		}
		return l.keepCorrecting(ctx, tx, w, e)
	})
	if err != nil {
		return nil, err
	}
	if len(w.items) > 0 {
		l.feedback.Changed(ctx, a.Workspace, w.changed)
		l.tell(a.Workspace, w.lessons())
	}
	return &Edited{Feedback: w.changed, Corrections: len(w.rows) - w.confirmed, Confirmed: w.confirmed, UndoID: w.undoID}, nil
}

func unique(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		had := seen[id]
		seen[id] = true
		return had
	})
}

// correcting is one Correct at work.
type correcting struct {
	actor     workspace.Actor
	launchID  string
	settings  []setting
	now       time.Time
	decider   func(feedbackID, field string) string
	live      []Correction // that hold before
	changed   []*feedback.Feedback
	confirmed int
	rows      [][]any // of correction
	decisions [][]any // of a person
	items     []undoItem
	undoID    string
}

// one changes one feedback and notes what it was.
func (w *correcting) one(f *feedback.Feedback) error {
	if w.launchID != "" && f.LaunchID != w.launchID {
		return errs.New(errs.NotFound, "There is no feedback %s in this launch.", f.ID)
	}
	by := map[string]any{}
	for _, s := range w.settings {
		was, becomes := valueOf(f, s.field), s.on(f)
		if s.add && strings.Count(becomes, ",") >= maxTags {
			return errs.New(errs.TooLarge, "Feedback %d would have more than %d tags; take some away first.", f.Number, maxTags)
		}
		if was == becomes {
			if !w.confirms(f, s.field) {
				continue
			}
			w.confirmed++
		}
		if s.field == FieldSpam && s.value == "true" && f.State == feedback.Accepted {
			return errs.New(errs.Conflict, "Feedback %d belongs to an issue; take it off the issue before you call it spam.", f.Number)
		}
		item := undoItem{FeedbackID: f.ID, Field: s.field, Was: was, Becomes: becomes, Number: numberOf(f, s.field), Unsure: f.Unsure, State: f.State, ReadFully: f.ReadFully}
		decide(f, s.field, becomes)
		if slices.Contains(triaged, s.field) {
			item.CorrectionID = db.NewID()
			w.rows = append(w.rows, []any{w.actor.Workspace, item.CorrectionID, f.LaunchID, f.ID, w.decider(f.ID, s.field), s.field, was, becomes,
				w.actor.ID, w.actor.Name, db.Micros(w.now), db.Micros(f.ReceivedAt)})
		} else if by[s.field] = becomes; s.field == FieldTags {
			by[s.field] = f.Tags
		}
		w.items = append(w.items, item)
	}
	if len(by) == 0 {
		return nil
	}
	has, text, err := encodeOutcome(by)
	if err != nil {
		return fmt.Errorf("record decision on %s: %w", f.ID, err)
	}
	w.decisions = append(w.decisions, []any{w.actor.Workspace, "", f.LaunchID, f.ID, db.Micros(w.now), EnginePerson, w.actor.Name, "", "", int64(has), text, 1.0, ByHand})
	return nil
}

// confirms reports whether to say again what a field of f says means that a
// person stands behind it: when triage suggests it and no person has spoken.
func (w *correcting) confirms(f *feedback.Feedback, field string) bool {
	return slices.Contains(suggested, field) && valueOf(f, field) != "" && sureness(f, field) < 1 &&
		!slices.ContainsFunc(w.live, func(c Correction) bool { return c.FeedbackID == f.ID && c.Field == field })
}

// keepCorrecting writes what one noted.
func (l *Ledger) keepCorrecting(ctx context.Context, tx *db.Tx, w *correcting, e Edit) error {
	if err := db.Insert(ctx, tx, `INSERT INTO correction (workspace_id, id, launch_id, feedback_id, decision_id, field, was, becomes, by_id, by_name, at, received_at)`, "", w.rows); err != nil {
		return err
	}
	if err := insertDecisions(ctx, tx, w.decisions); err != nil {
		return err
	}
	var err error
	if w.undoID, err = l.undo.Record(ctx, tx, w.actor, undoKind, w.items); err != nil {
		return err
	}
	kind, id := "feedback", w.items[0].FeedbackID
	if len(w.changed) > 1 {
		kind, id = "launch", w.changed[0].LaunchID
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit correction of %s: %w", id, err)
	}
	return w.actor.Audit(ctx, tx, undoKind, kind, id, map[string]any{"change": json.RawMessage(b), "feedback": len(w.changed), "corrections": len(w.rows) - w.confirmed, "confirmed": w.confirmed})
}

// takeBack is the undo.Handler of corrections. What was changed again since
// stays as it is now.
func (l *Ledger) takeBack(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	var items []undoItem
	if err := json.Unmarshal(detail, &items); err != nil {
		return nil, fmt.Errorf("read what to undo: %w", err)
	}
	byFeedback := map[string][]undoItem{}
	var ids, corrections []string
	for _, i := range items {
		if byFeedback[i.FeedbackID] == nil {
			ids = append(ids, i.FeedbackID)
		}
		byFeedback[i.FeedbackID] = append(byFeedback[i.FeedbackID], i)
	}
	live, err := liveCorrections(ctx, tx, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	done, taught := 0, false
	var decisions [][]any
	changed, err := l.feedback.ChangeAll(ctx, tx, a.Workspace, ids, func(list []*feedback.Feedback) error {
		for _, f := range list {
			by := map[string]any{}
			for _, i := range slices.Backward(byFeedback[f.ID]) {
				if valueOf(f, i.Field) != i.Becomes {
					continue
				}
				other := slices.ContainsFunc(live, func(c Correction) bool {
					return c.FeedbackID == f.ID && c.Field == i.Field && c.ID != i.CorrectionID
				})
				if !other && f.ReadFully != i.ReadFully {
					i.readAgain(f)
				}
				restore(f, i)
				done++
				if i.CorrectionID != "" {
					corrections = append(corrections, i.CorrectionID)
					taught = taught || i.Was != i.Becomes
				} else if by[i.Field] = i.Was; i.Field == FieldTags {
					by[i.Field] = f.Tags
				}
			}
			if err := l.decideBack(a, f, by, &decisions); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if done == 0 {
		return nil, errs.New(errs.Conflict, "This was changed again since; undo the later change first.")
	}
	if err := markUndone(ctx, tx, a.Workspace, corrections, l.now()); err != nil {
		return nil, err
	}
	if err := insertDecisions(ctx, tx, decisions); err != nil {
		return nil, err
	}
	return func() {
		l.feedback.Changed(ctx, a.Workspace, changed)
		if taught {
			l.unlearn(a.Workspace)
		}
	}, nil
}

// decideBack adds to rows what a person put back that is no correction: the
// ledger says so, or it would still tell what was taken back.
func (l *Ledger) decideBack(a workspace.Actor, f *feedback.Feedback, by map[string]any, rows *[][]any) error {
	if len(by) == 0 {
		return nil
	}
	has, text, err := encodeOutcome(by)
	if err != nil {
		return fmt.Errorf("record decision on %s: %w", f.ID, err)
	}
	*rows = append(*rows, []any{a.Workspace, "", f.LaunchID, f.ID, db.Micros(l.now()), EnginePerson, a.Name, "", "", int64(has), text, 1.0, "Undone"})
	return nil
}

// readAgain goes back to what a reading says that came after the correction,
// not to the older one that was corrected. A rule's severity stays a rule's.
func (i *undoItem) readAgain(f *feedback.Feedback) {
	if f.Reading == nil || f.Reading.Version == "" || i.Field == FieldSpam || !slices.Contains(triaged, i.Field) || i.Field == FieldSeverity && i.Number == 1 {
		return
	}
	again := *f
	again.ApplyReading(f.Reading)
	i.Was, i.Number, i.Unsure = valueOf(&again, i.Field), numberOf(&again, i.Field), again.Unsure
}

func restore(f *feedback.Feedback, i undoItem) {
	decide(f, i.Field, i.Was)
	switch i.Field {
	case FieldCategory:
		f.CategoryConfidence, f.Unsure = i.Number, i.Unsure
	case FieldSeverity:
		f.SeverityConfidence = i.Number
	case FieldSentiment:
		f.SentimentScore = i.Number
	case FieldSpam:
		f.State = i.State
	}
}
