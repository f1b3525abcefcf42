package triage

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
)

// editedOne answers a correction of one feedback.
type editedOne struct {
	Feedback *feedback.Feedback `json:"feedback"`
	UndoID   string             `json:"undo_id,omitempty" doc:"Absent when nothing changed."`
}

// editedMany answers a correction of many.
type editedMany struct {
	Changed     int    `json:"changed" doc:"Feedback that has the wanted values now."`
	Corrections int    `json:"corrections" doc:"Fields of them that triage had decided otherwise."`
	Confirmed   int    `json:"confirmed" doc:"Severities, categories and areas that triage had right."`
	UndoID      string `json:"undo_id,omitempty" doc:"Absent when nothing changed."`
}

// editMany is an Edit of several feedback.
type editMany struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"1000"`
	Edit
}

// SnoozeInput says until when something is put off.
type SnoozeInput struct {
	Until *time.Time `json:"until,omitempty" nullable:"true" doc:"At most a year ahead; null or absent brings it back to triage."`
}

// snoozeMany puts several feedback off.
type snoozeMany struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"1000"`
	SnoozeInput
}

// snoozedMany answers putting many off.
type snoozedMany struct {
	Changed int    `json:"changed" doc:"Feedback that was put off or brought back; what is done with stays as it is."`
	UndoID  string `json:"undo_id,omitempty" doc:"Absent when nothing changed."`
}

// undoable names what takes an act back.
type undoable struct {
	UndoID string `json:"undo_id,omitempty" doc:"Absent when nothing changed."`
}

// deskRoutes adds what people do at the desk beside correcting: putting off
// and waving off.
func (l *Ledger) deskRoutes(api *web.API) {
	web.Route(api, "POST /feedback/{id}/snooze", "snooze-feedback", "Put a feedback off until a time, or bring it back", func(ctx context.Context, in *struct {
		web.ByID
		Body SnoozeInput
	}) (*web.Body[editedOne], error) {
		out, err := l.Snooze(ctx, "", []string{in.ID}, in.Body.Until)
		if err != nil {
			return nil, err
		}
		f, err := l.feedback.Get(ctx, in.ID)
		return &web.Body[editedOne]{Body: editedOne{f, out.UndoID}}, err
	})
	web.Route(api, "POST /launches/{id}/feedback/snooze", "snooze-many-feedback", "Put several feedback off until a time, or bring them back", func(ctx context.Context, in *struct {
		web.ByID
		Body snoozeMany
	}) (*web.Body[snoozedMany], error) {
		out, err := l.Snooze(ctx, in.ID, in.Body.IDs, in.Body.Until)
		if err != nil {
			return nil, err
		}
		return &web.Body[snoozedMany]{Body: snoozedMany{out.Changed, out.UndoID}}, nil
	})
	web.Route(api, "POST /feedback/{id}/dismiss", "dismiss-suggestion", "Wave off something that triage suggests for a feedback; it is not suggested again", func(ctx context.Context, in *struct {
		web.ByID
		Body Dismissal
	}) (*web.Body[undoable], error) {
		id, err := l.Dismiss(ctx, in.ID, in.Body)
		return &web.Body[undoable]{Body: undoable{id}}, err
	})
}

// Routes adds the operations on decisions and corrections.
func (l *Ledger) Routes(api *web.API) {
	web.Route(api, "PATCH /feedback/{id}", "correct-feedback", "Correct what triage said, assign, tag", func(ctx context.Context, in *struct {
		web.ByID
		Body Edit
	}) (*web.Body[editedOne], error) {
		out, err := l.Correct(ctx, "", []string{in.ID}, in.Body)
		if err != nil {
			return nil, err
		}
		f, err := l.feedback.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[editedOne]{Body: editedOne{f, out.UndoID}}, nil
	})
	web.Route(api, "POST /launches/{id}/feedback/correct", "correct-many-feedback", "Correct, assign or tag several feedback at once", func(ctx context.Context, in *struct {
		web.ByID
		Body editMany
	}) (*web.Body[editedMany], error) {
		out, err := l.Correct(ctx, in.ID, in.Body.IDs, in.Body.Edit)
		if err != nil {
			return nil, err
		}
		return &web.Body[editedMany]{Body: editedMany{len(out.Feedback), out.Corrections, out.Confirmed, out.UndoID}}, nil
	})
	l.deskRoutes(api)
	web.Route(api, "GET /launches/{id}/decisions", "list-decisions", "What was decided of a launch's feedback, newest first", func(ctx context.Context, in *struct {
		web.ByID
		Field     string `query:"field" enum:"category,severity,sentiment,emotion,language,area,spam,security,duplicate_of,assignee,tags,state,issue,snoozed_until,dismissed"`
		Corrected string `query:"corrected" enum:"true,false" doc:"Only decisions that people corrected (in this field), or only the others."`
		Wrong     string `query:"wrong" enum:"true" doc:"Only decisions of which a value (of this field) is another one now: those that accuracy counts as corrected."`
		From      string `query:"from" maxLength:"200" doc:"Of the wrong ones, those that had said this of the field."`
		To        string `query:"to" maxLength:"200" doc:"Of the wrong ones, those whose field has this value now."`
		Engine    string `query:"engine" enum:"offline,rule,person"`
		Cursor    string `query:"cursor"`
		Limit     int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[Decision]], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		f := DecisionFilter{Field: in.Field, Engine: in.Engine, Wrong: in.Wrong != "", From: in.From, To: in.To, Before: before, Limit: web.Limit(in.Limit, 50, 200)}
		if in.Corrected != "" {
			yes := in.Corrected == "true"
			f.Corrected = &yes
		}
		list, err := l.Decisions(ctx, in.ID, f)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == f.Limit {
			next = web.Cursor(list[len(list)-1].ID)
		}
		return &web.Body[web.Page[Decision]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /feedback/{id}/decisions", "list-decisions-of-feedback", "What was decided of one feedback, newest first", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[Decision]], error) {
		list, err := l.DecisionsOf(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Decision]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /launches/{id}/decisions/accuracy", "get-accuracy", "How often people left triage's word as it was", func(ctx context.Context, in *web.ByID) (*web.Body[Accuracy], error) {
		out, err := l.Accuracy(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Accuracy]{Body: *out}, nil
	})
}
