package view

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// undoKind is how acts on views are known to undo: all of them put a view
// back as it was.
const undoKind = "view.change"

// Service is what the rest of the product may do with views.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	launches *launch.Service
	undo     *undo.Service
	now      func() time.Time
}

// NewService returns the service on d.
func NewService(d *db.DB, bus *event.Bus, launches *launch.Service, u *undo.Service) *Service {
	s := &Service{db: d, bus: bus, launches: launches, undo: u, now: time.Now}
	// Whoever reads may keep views for themselves, and so take back what they did to them.
	u.HandleFor(workspace.Read, undoKind, s.takeBack)
	return s
}

func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// show fills in what depends on who asks.
func (s *Service) show(ctx context.Context, a workspace.Actor, list ...*View) error {
	var ids []string
	for _, v := range list {
		v.Mine = v.Owner.ID == a.ID
		v.Editable = mayChange(a, v) == nil
		ids = append(ids, v.Owner.ID)
	}
	slices.Sort(ids)
	names, err := workspace.Names(ctx, s.db, a.Workspace, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, v := range list {
		v.Owner.Name = names[v.Owner.ID]
	}
	return nil
}

// mayChange refuses who must not change a view that they see.
func mayChange(a workspace.Actor, v *View) error {
	switch {
	case v.Owner.ID != a.ID && !a.Can(workspace.ManageLaunch):
		return errs.New(errs.Denied, "Only who shared this view, a lead or an admin may change it; save one of your own.")
	case v.Shared:
		return mayShare(a)
	}
	return nil
}

// mayShare refuses who must not show the workspace anything.
func mayShare(a workspace.Actor) error {
	if !a.Can(workspace.WorkFeedback) {
		return errs.New(errs.Denied, "The role %s can't share views; save it for yourself.", a.Role)
	}
	return nil
}

// List returns the views of a launch that the actor sees, by page, shared
// ones first, in their order.
func (s *Service) List(ctx context.Context, launchID string) ([]*View, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	list, err := visible(ctx, s.db, a.Workspace, launchID, a.ID)
	if err != nil {
		return nil, err
	}
	return list, s.show(ctx, a, list...)
}

// Get returns one view that the actor sees.
func (s *Service) Get(ctx context.Context, id string) (*View, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	v, err := get(ctx, s.db, a, id)
	if err != nil {
		return nil, err
	}
	return v, s.show(ctx, a, v)
}

// Create saves a view behind the others.
func (s *Service) Create(ctx context.Context, launchID string, in Input) (*View, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	now := s.micro()
	v := &View{ID: db.NewID(), LaunchID: launchID, Page: in.Page, Name: in.Name, Query: in.Query, Shared: in.Shared, Owner: Owner{ID: a.ID}, CreatedAt: now, UpdatedAt: now}
	if err := v.validate(); err != nil {
		return nil, err
	}
	if v.Shared {
		if err := mayShare(a); err != nil {
			return nil, err
		}
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := count(ctx, tx, a.Workspace, launchID, a.ID)
		if err != nil {
			return err
		}
		if n >= maxViews {
			return errs.New(errs.Conflict, "You have %d views of this launch already; remove some first.", n)
		}
		beside, err := group(ctx, tx, a.Workspace, v)
		if err != nil {
			return err
		}
		v.Position = len(beside) + 1
		if err := put(ctx, tx, a.Workspace, v); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "view.create", nil, v)
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, a, v, v.Shared)
	return v, s.show(ctx, a, v)
}

// Changed is a view after a change, and how to take the change back.
type Changed struct {
	View   *View
	UndoID string // "" when only its place changed
}

// Change renames, overwrites, shares or moves a view.
func (s *Service) Change(ctx context.Context, id string, c Change) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	out := &Changed{}
	var was *View
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		v, err := held(ctx, tx, a, id)
		if err != nil {
			return err
		}
		before := *v
		was, out.View = &before, v
		set(&v.Name, c.Name)
		set(&v.Query, c.Query)
		set(&v.Shared, c.Shared)
		v.UpdatedAt = s.micro()
		if err := mayChange(a, was); err != nil {
			return err
		}
		if err := mayChange(a, v); err != nil {
			return err
		}
		if err := v.validate(); err != nil {
			return err
		}
		if err := s.place(ctx, tx, a.Workspace, was, v, c.Position); err != nil {
			return err
		}
		if err := put(ctx, tx, a.Workspace, v); err != nil {
			return err
		}
		if becomes := v.says(); was.says() != becomes {
			if out.UndoID, err = s.undo.Record(ctx, tx, a, undoKind, act{was.stored(), &becomes}); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, a, "view.change", was, v)
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, a, out.View, was.Shared || out.View.Shared)
	return out, s.show(ctx, a, out.View)
}

// place gives a view its position: where it is asked to be, or last among
// those it comes to by being shared or kept private.
func (s *Service) place(ctx context.Context, tx *db.Tx, ws workspace.ID, was, v *View, to *int) error {
	if to == nil && was.Shared == v.Shared {
		return nil
	}
	list, err := group(ctx, tx, ws, v)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(x *View) bool { return x.ID == v.ID })
	at := len(list) + 1
	if to != nil {
		at = min(max(*to, 1), at)
	}
	v.Position = at
	return renumber(ctx, tx, ws, slices.Insert(list, at-1, v), v.UpdatedAt)
}

// Delete removes a view and returns how to bring it back.
func (s *Service) Delete(ctx context.Context, id string) (undoID string, err error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return "", err
	}
	var v *View
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if v, err = held(ctx, tx, a, id); err != nil {
			return err
		}
		if err := mayChange(a, v); err != nil {
			return err
		}
		if err := remove(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		if undoID, err = s.undo.Record(ctx, tx, a, undoKind, act{Was: v.stored()}); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "view.delete", v, nil)
	})
	if err != nil {
		return "", err
	}
	s.tell(ctx, a, v, v.Shared)
	return undoID, nil
}

// audit logs what was done to what others see; what people keep for
// themselves is nobody's business.
func (s *Service) audit(ctx context.Context, tx *db.Tx, a workspace.Actor, action string, was, v *View) error {
	if (was == nil || !was.Shared) && (v == nil || !v.Shared) {
		return nil
	}
	detail, id := map[string]any{}, ""
	for name, x := range map[string]*View{"from": was, "to": v} {
		if x != nil {
			id = x.ID
			detail[name] = map[string]any{"page": x.Page, "name": x.Name, "query": x.Query, "shared": x.Shared}
		}
	}
	return a.Audit(ctx, tx, action, "view", id, detail)
}

// tell lets the others look again when what they see has changed.
func (s *Service) tell(ctx context.Context, a workspace.Actor, v *View, shared bool) {
	if shared {
		s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "view.updated", LaunchID: v.LaunchID, ID: v.ID, By: workspace.By(ctx)})
	}
}

// says is what a view says, its place aside.
type says struct {
	ID, LaunchID, Owner, Page, Name, Query string
	Shared                                 bool
}

// stored is a view as undo keeps it.
type stored struct {
	says
	Position  int
	CreatedAt int64
}

// act is what it takes to go back behind an act.
type act struct {
	Was     stored
	Becomes *says `json:",omitempty"` // nil: it was removed
}

func (v *View) says() says {
	return says{ID: v.ID, LaunchID: v.LaunchID, Owner: v.Owner.ID, Page: v.Page, Name: v.Name, Query: v.Query, Shared: v.Shared}
}

func (v *View) stored() stored { return stored{v.says(), v.Position, db.Micros(v.CreatedAt)} }

func (k stored) view() *View {
	return &View{ID: k.ID, LaunchID: k.LaunchID, Owner: Owner{ID: k.Owner}, Page: k.Page, Name: k.Name, Query: k.Query, Shared: k.Shared,
		Position: k.Position, CreatedAt: db.Time(k.CreatedAt)}
}

// takeBack is the undo.Handler of acts on views. Whoever could not do the act
// can't take it back either.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	var d act
	if err := json.Unmarshal(detail, &d); err != nil {
		return nil, fmt.Errorf("read act on a view: %w", err)
	}
	v := d.Was.view()
	v.UpdatedAt = s.micro()
	shared := v.Shared || d.Becomes != nil && d.Becomes.Shared
	if !shared && v.Owner.ID != a.ID {
		return nil, errs.New(errs.NotFound, "There is no view %.60s here; its owner keeps it private.", v.ID)
	}
	if err := mayChange(a, v); err != nil {
		return nil, err
	}
	now, err := find(ctx, tx, a.Workspace, v.ID)
	switch {
	case err != nil:
		return nil, err
	case now == nil && d.Becomes != nil:
		return nil, errs.New(errs.Conflict, "The view was removed since; undo that first.")
	case now != nil && (d.Becomes == nil || now.says() != *d.Becomes):
		return nil, errs.New(errs.Conflict, "The view was changed again since; undo that first.")
	}
	if err := put(ctx, tx, a.Workspace, v); err != nil {
		return nil, err
	}
	if err := s.audit(ctx, tx, a, "view.change", now, v); err != nil {
		return nil, err
	}
	return func() { s.tell(ctx, a, v, shared) }, nil
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}
