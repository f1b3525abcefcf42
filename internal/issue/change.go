package issue

import (
	"context"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Create makes an issue by hand, gathering feedback where some is named.
func (s *Service) Create(ctx context.Context, launchID string, in Input) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if err := s.launches.Check(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	var id string
	undoID, err := s.do(ctx, a, actCreate, func(t *act) error {
		if _, err := owner(ctx, t.tx, t.ws, in.OwnerID); err != nil {
			return err
		}
		var err error
		if len(in.FeedbackIDs) == 0 {
			id, err = t.write(ctx, launchID, in)
		} else {
			id, err = t.gatherInto(ctx, launchID, in)
		}
		t.subject, t.id, t.detail["title"] = "issue", id, in.Title
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a.Workspace, id, undoID)
}

// write makes an issue that nobody has reported.
func (t *act) write(ctx context.Context, launchID string, in Input) (string, error) {
	i := &Issue{LaunchID: launchID, Stage: Intake, StageEnteredAt: t.now, Severity: "sev3", Category: "other", CreatedAt: t.now, UpdatedAt: t.now}
	in.fill(i, t.actor)
	if err := i.validate(); err != nil {
		return "", err
	}
	if err := t.insert(ctx, []*Issue{i}); err != nil {
		return "", err
	}
	t.note(i.ID, "created", "", i.Title, "")
	return i.ID, nil
}

// gatherInto makes an issue of feedback that is in none yet.
func (t *act) gatherInto(ctx context.Context, launchID string, in Input) (string, error) {
	places, err := t.places(ctx, launchID, in.FeedbackIDs)
	if err != nil {
		return "", err
	}
	for _, p := range places {
		if p.IssueID != "" {
			return "", t.already(ctx, p)
		}
	}
	return t.gather(ctx, places, func(i *Issue) { in.fill(i, t.actor) })
}

// fill puts what a person wrote over what the feedback suggests.
func (in *Input) fill(i *Issue, a workspace.Actor) {
	for _, f := range []struct {
		dst *string
		v   string
	}{{&i.Title, in.Title}, {&i.Description, in.Description}, {&i.Stage, in.Stage}, {&i.Severity, in.Severity}, {&i.Category, in.Category}, {&i.Area, in.Area}, {&i.ownerID, in.OwnerID}} {
		if f.v != "" {
			*f.dst = f.v
		}
	}
	if i.Stage == Closure {
		now := i.StageEnteredAt
		i.ClosedAt = &now
	}
	i.Tags = in.Tags
	if in.Urgency != 0 {
		i.urgencySet, i.UrgencySetBy = in.Urgency, a.Name
	}
}

// insert numbers and writes new issues.
func (t *act) insert(ctx context.Context, list []*Issue) error {
	first, err := workspace.Next(ctx, t.tx, t.ws, "issue", len(list))
	if err != nil {
		return err
	}
	for k, i := range list {
		i.ID, i.Number = db.NewID(), first+int64(k)
		i.Key = keyOf(i.Number)
		t.made[i.ID] = true
		t.touch(i.ID)
		t.back.Made = append(t.back.Made, making{ID: i.ID, Fields: i.fields()})
	}
	return insert(ctx, t.tx, t.ws, list)
}

// Change changes what people decide of an issue.
func (s *Service) Change(ctx context.Context, id string, c Change) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if c.Reason, err = validReason(c.Reason); err != nil {
		return nil, err
	}
	var changed string
	undoID, err := s.do(ctx, a, actChange, func(t *act) error {
		i, _, err := t.target(ctx, id)
		if err != nil {
			return err
		}
		t.subject, t.id, changed = "issue", i.ID, i.ID
		before, beforeOwner := i.fields(), i.ownerID
		c.apply(i, t)
		if err := i.validate(); err != nil {
			return err
		}
		var names map[string]string
		if i.ownerID != beforeOwner {
			if _, err := owner(ctx, t.tx, t.ws, i.ownerID); err != nil {
				return err
			}
			if names, err = workspace.Names(ctx, t.tx, t.ws, []string{beforeOwner, i.ownerID}); err != nil {
				return err
			}
		}
		fields, err := t.change(ctx, i, before, names, c.Reason)
		if err == nil && len(fields) == 0 {
			return errs.New(errs.Invalid, "Nothing of %s would change.", i.Key)
		}
		t.detail["fields"] = fields
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a.Workspace, changed, undoID)
}

// apply puts a change on an issue.
func (c *Change) apply(i *Issue, t *act) {
	for _, f := range []struct{ dst, v *string }{{&i.Title, c.Title}, {&i.Description, c.Description}, {&i.Severity, c.Severity}, {&i.DismissedSeverity, c.Dismissed}, {&i.Category, c.Category}, {&i.Area, c.Area}, {&i.ownerID, c.OwnerID}} {
		if f.v != nil {
			*f.dst = *f.v
		}
	}
	if c.Tags != nil {
		i.Tags = *c.Tags
	}
	if c.Urgency != nil && *c.Urgency != i.urgencySet {
		i.urgencySet, i.UrgencySetBy = *c.Urgency, t.actor.Name
		if i.urgencySet == 0 {
			i.UrgencySetBy = ""
		}
	}
	if c.Stage != nil && *c.Stage != i.Stage {
		i.Stage, i.StageEnteredAt, i.ClosedAt = *c.Stage, t.now, nil
		if i.Stage == Closure {
			now := t.now
			i.ClosedAt = &now
		}
	}
}

// change saves an issue whose fields were before, with a line of history for
// each that differs, and returns those. When none does nothing is written.
func (t *act) change(ctx context.Context, i *Issue, before map[string]string, names map[string]string, reason string) ([]string, error) {
	after := i.fields()
	fields := []string{}
	for _, f := range fieldOrder {
		from, to := before[f], after[f]
		if from == to {
			continue
		}
		fields = append(fields, f)
		t.back.Changes = append(t.back.Changes, change{Issue: i.ID, Field: f, From: from, To: to})
		switch f {
		case fieldStageEnteredAt, fieldClosedAt, fieldUrgencyBy:
			// They follow from another field, which tells it.
		case fieldOwner:
			t.note(i.ID, f, orID(names, from), orID(names, to), reason)
		default:
			t.note(i.ID, f, from, to, reason)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	i.UpdatedAt = t.now
	return fields, save(ctx, t.tx, t.ws, i)
}

func orID(names map[string]string, id string) string {
	if n, ok := names[id]; ok {
		return n
	}
	return id
}

// The fields that people decide, as history and undo name them.
const (
	fieldTitle          = "title"
	fieldDescription    = "description"
	fieldStage          = "stage"
	fieldStageEnteredAt = "stage_entered_at"
	fieldClosedAt       = "closed_at"
	fieldSeverity       = "severity"
	fieldDismissed      = "dismissed_severity"
	fieldCategory       = "category"
	fieldArea           = "area"
	fieldOwner          = "owner"
	fieldUrgency        = "urgency"
	fieldUrgencyBy      = "urgency_set_by"
	fieldTags           = "tags"
)

var fieldOrder = []string{fieldTitle, fieldDescription, fieldStage, fieldStageEnteredAt, fieldClosedAt, fieldSeverity, fieldDismissed, fieldCategory, fieldArea, fieldOwner, fieldUrgency, fieldUrgencyBy, fieldTags}

// fields are what people decide of an issue, as text.
func (i *Issue) fields() map[string]string {
	return map[string]string{
		fieldTitle: i.Title, fieldDescription: i.Description, fieldStage: i.Stage, fieldSeverity: i.Severity, fieldDismissed: i.DismissedSeverity, fieldCategory: i.Category, fieldArea: i.Area,
		fieldOwner: i.ownerID, fieldUrgency: strconv.Itoa(i.urgencySet), fieldUrgencyBy: i.UrgencySetBy, fieldTags: strings.Join(i.Tags, ","),
		fieldStageEnteredAt: strconv.FormatInt(db.Micros(i.StageEnteredAt), 10), fieldClosedAt: strconv.FormatInt(micros(i.ClosedAt), 10),
	}
}

// setField is the inverse of fields for one of them.
func (i *Issue) setField(field, value string) error {
	switch field {
	case fieldTitle:
		i.Title = value
	case fieldDescription:
		i.Description = value
	case fieldStage:
		i.Stage = value
	case fieldSeverity:
		i.Severity = value
	case fieldDismissed:
		i.DismissedSeverity = value
	case fieldCategory:
		i.Category = value
	case fieldArea:
		i.Area = value
	case fieldOwner:
		i.ownerID = value
	case fieldUrgencyBy:
		i.UrgencySetBy = value
	case fieldTags:
		i.Tags = splitTags(value)
	default:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return err
		}
		switch field {
		case fieldUrgency:
			i.urgencySet = int(n)
		case fieldStageEnteredAt:
			i.StageEnteredAt = db.Time(n)
		case fieldClosedAt:
			i.ClosedAt = timePtr(n)
		}
	}
	return nil
}
