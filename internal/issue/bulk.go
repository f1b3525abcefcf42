package issue

import (
	"context"
	"slices"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// maxChanged bounds how many issues one act changes.
const maxChanged = 500

// BulkChange is what may change of many issues at once; absent fields stay.
type BulkChange struct {
	Stage      *string  `json:"stage,omitempty" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure" doc:"closure closes them, any other stage reopens them."`
	Severity   *string  `json:"severity,omitempty" enum:"sev1,sev2,sev3,sev4"`
	Category   *string  `json:"category,omitempty"`
	Area       *string  `json:"area,omitempty" maxLength:"100"`
	OwnerID    *string  `json:"owner_id,omitempty" doc:"A member's id; empty: nobody."`
	Urgency    *int     `json:"urgency,omitempty" minimum:"0" maximum:"5" doc:"0: back to what severity and trend suggest."`
	AddTags    []string `json:"add_tags,omitempty" maxItems:"30"`
	RemoveTags []string `json:"remove_tags,omitempty" maxItems:"30"`
	Reason     string   `json:"reason,omitempty" maxLength:"1000" doc:"Why; kept in the history of each."`
}

// for1 is the change as it is for one issue.
func (c *BulkChange) for1(i *Issue) Change {
	one := Change{Stage: c.Stage, Severity: c.Severity, Category: c.Category, Area: c.Area, OwnerID: c.OwnerID, Urgency: c.Urgency}
	if len(c.AddTags)+len(c.RemoveTags) > 0 {
		tags := slices.DeleteFunc(slices.Clone(i.Tags), func(t string) bool { return slices.Contains(c.RemoveTags, t) })
		tags = append(tags, c.AddTags...)
		one.Tags = &tags
	}
	return one
}

// tidy brings the tags into the form they are kept in, or refuses them.
func (c *BulkChange) tidy() error {
	for _, list := range [][]string{c.AddTags, c.RemoveTags} {
		for k, tag := range list {
			t, err := feedback.ValidTag(tag)
			if err != nil {
				return err
			}
			list[k] = t
		}
	}
	return nil
}

// BulkChanged is what became of issues that were to be changed.
type BulkChanged struct {
	Changed   int
	Unchanged int // they were like that already
	UndoID    string
}

// ChangeMany changes issues of a launch in one act: all of them or, when one
// can't be, none. Those that are like that already are left out.
func (s *Service) ChangeMany(ctx context.Context, launchID string, ids []string, c BulkChange) (*BulkChanged, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	if c.Reason, err = validReason(c.Reason); err != nil {
		return nil, err
	}
	if err := c.tidy(); err != nil {
		return nil, err
	}
	var out BulkChanged
	out.UndoID, err = s.do(ctx, a, actChange, func(t *act) error {
		out = BulkChanged{}
		list, err := t.ofLaunch(ctx, launchID, ids)
		if err != nil {
			return err
		}
		names, err := t.owners(ctx, list, c.OwnerID)
		if err != nil {
			return err
		}
		var fields, changed []string
		for _, i := range list {
			before := i.fields()
			one := c.for1(i)
			one.apply(i, t)
			if err := i.validate(); err != nil {
				return errs.Wrap(errs.KindOf(err), err, "%s can't be changed like that, so none was: %s", i.Key, errs.Message(err))
			}
			did, err := t.change(ctx, i, before, names, c.Reason)
			if err != nil {
				return err
			}
			if len(did) == 0 {
				out.Unchanged++
				continue
			}
			fields, changed = append(fields, did...), append(changed, i.ID)
		}
		if out.Changed = len(changed); out.Changed == 0 {
			return errs.New(errs.Conflict, "All of these are like that already; nothing was changed.")
		}
		slices.Sort(fields)
		t.subject, t.id, t.detail["fields"], t.detail["issues"] = "launch", launchID, slices.Compact(fields), changed
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// ofLaunch finds and locks issues of a launch, by id or key, each once. The
// first that can't be worked on is named.
func (t *act) ofLaunch(ctx context.Context, launchID string, ids []string) ([]*Issue, error) {
	switch {
	case len(ids) == 0:
		return nil, errs.New(errs.Invalid, "Name at least one issue.")
	case len(ids) > maxChanged:
		return nil, errs.New(errs.TooLarge, "%d issues are too many for one act; take at most %d at a time.", len(ids), maxChanged)
	}
	var own []string
	for _, id := range ids {
		if numberOf(id) != 0 {
			i, err := get(ctx, t.tx, t.ws, id)
			if err != nil {
				return nil, err
			}
			id = i.ID
		}
		if !slices.Contains(own, id) {
			own = append(own, id)
		}
	}
	there, err := getMany(ctx, t.tx, t.ws, slices.DeleteFunc(slices.Clone(own), func(id string) bool { return !storable(id) }))
	if err != nil {
		return nil, err
	}
	for _, id := range own {
		switch i := there[id]; {
		case i == nil:
			return nil, errs.New(errs.NotFound, "There is no issue %.60s in this workspace; nothing was changed.", id)
		case i.LaunchID != launchID:
			return nil, errs.New(errs.Unprocessable, "%s belongs to another launch; nothing was changed.", i.Key)
		}
	}
	// Without a new time of change: those that are like that already keep theirs.
	locked, err := lock(ctx, t.tx, t.ws, own, 0)
	if err != nil {
		return nil, err
	}
	list := make([]*Issue, len(own))
	for k, id := range own {
		if list[k] = locked[id]; list[k] == nil {
			return nil, errs.New(errs.Conflict, "%s is gone: what made it was undone. Look again, then decide.", there[id].Key)
		}
		if into := list[k].mergedInto; into != "" {
			i, err := resolve(ctx, t.tx, t.ws, into)
			if err != nil {
				return nil, err
			}
			return nil, errs.New(errs.Conflict, "%s was merged into %s; change that one. Nothing was changed.", list[k].Key, i.Key)
		}
	}
	return list, nil
}

// owners names everybody who owns one of the issues or is going to.
func (t *act) owners(ctx context.Context, list []*Issue, next *string) (map[string]string, error) {
	if next == nil {
		return nil, nil
	}
	if _, err := owner(ctx, t.tx, t.ws, *next); err != nil {
		return nil, err
	}
	ids := []string{*next}
	for _, i := range list {
		ids = append(ids, i.ownerID)
	}
	slices.Sort(ids)
	return workspace.Names(ctx, t.tx, t.ws, slices.Compact(ids))
}

// ChangeManyInput says what becomes of which issues.
type ChangeManyInput struct {
	IDs    []string   `json:"ids" minItems:"1" maxItems:"500" doc:"Ids or keys."`
	Change BulkChange `json:"change"`
}

// ChangedManyBody says how many were changed.
type ChangedManyBody struct {
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged" doc:"They were like that already."`
	UndoID    string `json:"undo_id"`
}

// MergeManyInput says which issues become one.
type MergeManyInput struct {
	IDs  []string `json:"ids" minItems:"1" maxItems:"100" doc:"Ids or keys; the one that stays may be among them."`
	Into string   `json:"into" minLength:"1" doc:"Id or key of the issue that stays."`
}

func (s *Service) bulkRoutes(api *web.API) {
	web.Route(api, "POST /launches/{id}/issues/change", "change-many-issues", "Change many issues of a launch at once; all or none, reversible as one", func(ctx context.Context, in *struct {
		web.ByID
		Body ChangeManyInput
	}) (*web.Body[ChangedManyBody], error) {
		r, err := s.ChangeMany(ctx, in.ID, in.Body.IDs, in.Body.Change)
		if err != nil {
			return nil, err
		}
		return &web.Body[ChangedManyBody]{Body: ChangedManyBody(*r)}, nil
	})
	web.Route(api, "POST /launches/{id}/issues/merge", "merge-many-issues", "Merge many issues of a launch into one; reversible as one", func(ctx context.Context, in *struct {
		web.ByID
		Body MergeManyInput
	}) (*web.Body[MergedBody], error) {
		c, err := s.MergeMany(ctx, in.ID, in.Body.IDs, in.Body.Into)
		if err != nil {
			return nil, err
		}
		return &web.Body[MergedBody]{Body: MergedBody(*c)}, nil
	})
}
