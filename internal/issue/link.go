package issue

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Link is how an issue hangs together with another, seen from the first.
type Link struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"blocks,blocked_by,relates_to,duplicates,duplicated_by,causes,caused_by" doc:"What the issue is to the other: it blocks it, is blocked by it, and so on."`
	Issue     Neighbour `json:"issue"`
	By        string    `json:"by" doc:"Who linked them."`
	CreatedAt time.Time `json:"created_at"`
}

// Neighbour is the other issue of a link.
type Neighbour struct {
	ID       string `json:"id"`
	Key      string `json:"key" example:"HC-12"`
	Title    string `json:"title"`
	Stage    string `json:"stage"`
	Severity string `json:"severity"`
}

// The kinds of link as they are kept. relatesTo has no direction.
const (
	blocks     = "blocks"
	relatesTo  = "relates_to"
	duplicates = "duplicates"
	causes     = "causes"
)

// maxLinks bounds the links of one issue.
const maxLinks = 100

// kinds are the names of a link from its two ends.
var kinds = []struct{ from, to string }{{blocks, "blocked_by"}, {relatesTo, relatesTo}, {duplicates, "duplicated_by"}, {causes, "caused_by"}}

// tie is a link as it is kept: once, by its active side.
type tie struct {
	ID       string `json:"id"`
	LaunchID string `json:"launch_id"`
	From     string `json:"from"`
	Kind     string `json:"kind"`
	To       string `json:"to"`
	By       string `json:"by"`
	At       int64  `json:"at"`
}

// newTie returns the tie that a link of a kind from one issue to another is;
// its Kind is empty when there is no such kind.
func newTie(from, kind, to string) tie {
	for _, k := range kinds {
		switch kind {
		case k.from:
			return tie{From: from, Kind: k.from, To: to}.tidy()
		case k.to:
			return tie{From: to, Kind: k.from, To: from}.tidy()
		}
	}
	return tie{}
}

// tidy gives a tie without direction the one direction it is kept in.
func (l tie) tidy() tie {
	if l.Kind == relatesTo && l.From > l.To {
		l.From, l.To = l.To, l.From
	}
	return l
}

// same reports whether two ties say the same.
func (l tie) same(o tie) bool { return l.From == o.From && l.Kind == o.Kind && l.To == o.To }

// seenFrom returns what the tie is called at one end, and the other end.
func (l tie) seenFrom(id string) (kind, other string) {
	for _, k := range kinds {
		if k.from == l.Kind {
			if l.From == id {
				return k.from, l.To
			}
			return k.to, l.From
		}
	}
	return l.Kind, l.To
}

// Linked is an issue after it was linked, and how to take that back.
type Linked struct {
	Issue  *Issue
	LinkID string
	UndoID string
}

// Link ties an issue to another of the same launch. Both may be named by key.
func (s *Service) Link(ctx context.Context, id, to, kind string) (*Linked, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if newTie("", kind, "").Kind == "" {
		return nil, errs.New(errs.Invalid, "There is no kind of link %.40q; use blocks, blocked_by, relates_to, duplicates, duplicated_by, causes or caused_by.", kind)
	}
	if strings.TrimSpace(to) == "" {
		return nil, errs.New(errs.Invalid, "Name the issue to link to.")
	}
	out := &Linked{}
	var from string
	out.UndoID, err = s.do(ctx, a, actLink, func(t *act) error {
		x, y, err := t.pair(ctx, id, to)
		if err != nil {
			return err
		}
		from = x.ID
		t.subject, t.id, t.detail["to"], t.detail["kind"] = "issue", x.ID, y.ID, kind
		l := newTie(x.ID, kind, y.ID)
		l.ID, l.LaunchID, l.By, l.At = db.NewID(), x.LaunchID, a.Name, db.Micros(t.now)
		out.LinkID = l.ID
		return t.link(ctx, l, map[string]*Issue{x.ID: x, y.ID: y})
	})
	if err != nil {
		return nil, err
	}
	c, err := s.changed(ctx, a.Workspace, from, out.UndoID)
	if err != nil {
		return nil, err
	}
	out.Issue = c.Issue
	return out, nil
}

// pair finds and locks two issues of one launch. The launch is held first:
// whether links go in a circle is a question about all of them.
func (t *act) pair(ctx context.Context, id, to string) (x, y *Issue, err error) {
	if x, err = resolve(ctx, t.tx, t.ws, id); err != nil {
		return nil, nil, err
	}
	if err := launch.Hold(ctx, t.tx, t.ws, x.LaunchID); err != nil {
		return nil, nil, err
	}
	if x, err = resolve(ctx, t.tx, t.ws, id); err != nil {
		return nil, nil, err
	}
	if y, err = resolve(ctx, t.tx, t.ws, to); err != nil {
		return nil, nil, err
	}
	switch {
	case x.ID == y.ID:
		return nil, nil, errs.New(errs.Invalid, "%s can't be linked to itself; name another issue.", x.Key)
	case x.LaunchID != y.LaunchID:
		return nil, nil, errs.New(errs.Unprocessable, "%s belongs to another launch than %s; links tie issues of one launch.", y.Key, x.Key)
	}
	list, err := t.lock(ctx, x.ID, y.ID)
	if err != nil {
		return nil, nil, err
	}
	return list[x.ID], list[y.ID], nil
}

// link writes a tie between two locked issues, unless it is there, is one too
// many or would close a circle.
func (t *act) link(ctx context.Context, l tie, ends map[string]*Issue) error {
	for _, id := range []string{l.From, l.To} {
		have, err := linksOf(ctx, t.tx, t.ws, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, l.same) {
			return errs.New(errs.Conflict, "%s %s %s already.", ends[l.From].Key, spoken(l.Kind), ends[l.To].Key)
		}
		if len(have) >= maxLinks {
			return errs.New(errs.Unprocessable, "%s has %d links, which is as many as an issue can have; take one away first.", ends[id].Key, maxLinks)
		}
	}
	if err := t.writeLinks(ctx, linkStep{After: &l}); err != nil {
		return err
	}
	if err := t.straight(ctx, l.LaunchID); err != nil {
		return err
	}
	t.noteLink(nil, &l, ends, "")
	return nil
}

// spoken is a kind of link in a sentence.
func spoken(kind string) string {
	if kind == relatesTo {
		return "relates to"
	}
	return kind
}

// Unlink takes a link of an issue away.
func (s *Service) Unlink(ctx context.Context, id, linkID string) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	var from string
	undoID, err := s.do(ctx, a, actUnlink, func(t *act) error {
		x, err := resolve(ctx, t.tx, t.ws, id)
		if err != nil {
			return err
		}
		if err := launch.Hold(ctx, t.tx, t.ws, x.LaunchID); err != nil {
			return err
		}
		have, err := linksOf(ctx, t.tx, t.ws, x.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(have, func(l tie) bool { return l.ID == linkID })
		if at < 0 {
			return errs.New(errs.NotFound, "%s has no link %.60s; it may be gone already.", x.Key, linkID)
		}
		l := have[at]
		ends, err := t.lock(ctx, l.From, l.To)
		if err != nil {
			return err
		}
		from = x.ID
		t.subject, t.id, t.detail["kind"] = "issue", x.ID, l.Kind
		_, t.detail["to"] = l.seenFrom(x.ID)
		t.noteLink(&l, nil, ends, "")
		return t.writeLinks(ctx, linkStep{Before: &l})
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a.Workspace, from, undoID)
}

// links are the links of an issue as it sees them: what blocks it first, by
// number within a kind.
func (s *Service) links(ctx context.Context, ws workspace.ID, id string) ([]Link, error) {
	ties, err := linksOf(ctx, s.db, ws, id)
	if err != nil || len(ties) == 0 {
		return nil, err
	}
	var ids []string
	for _, l := range ties {
		_, other := l.seenFrom(id)
		ids = append(ids, other)
	}
	others, err := getMany(ctx, s.db, ws, ids)
	if err != nil {
		return nil, err
	}
	order := []string{"blocked_by", blocks, "caused_by", causes, duplicates, "duplicated_by", relatesTo}
	out := make([]Link, 0, len(ties))
	for _, l := range ties {
		kind, other := l.seenFrom(id)
		if o := others[other]; o != nil {
			out = append(out, Link{ID: l.ID, Kind: kind, Issue: Neighbour{ID: o.ID, Key: o.Key, Title: o.Title, Stage: o.Stage, Severity: o.Severity}, By: l.By, CreatedAt: db.Time(l.At)})
		}
	}
	slices.SortStableFunc(out, func(x, y Link) int { return slices.Index(order, x.Kind) - slices.Index(order, y.Kind) })
	return out, nil
}

const tieColumns = `id, launch_id, from_id, kind, to_id, by_name, created_at`

func scanTie(r db.Scanner) (l tie, err error) {
	return l, r.Scan(&l.ID, &l.LaunchID, &l.From, &l.Kind, &l.To, &l.By, &l.At)
}

// linksOf returns the ties of some issues, oldest first.
func linksOf(ctx context.Context, q db.Queryer, ws workspace.ID, ids ...string) ([]tie, error) {
	var out []tie
	for _, id := range ids {
		list, err := db.All(ctx, q, scanTie, `SELECT `+tieColumns+` FROM issue_link WHERE workspace_id = $1 AND from_id = $2
			UNION SELECT `+tieColumns+` FROM issue_link WHERE workspace_id = $1 AND to_id = $2 ORDER BY created_at, id`, ws, id)
		if err != nil {
			return nil, fmt.Errorf("list links of issue %s: %w", id, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// LinkInput says what an issue is to another.
type LinkInput struct {
	To   string `json:"to" minLength:"1" doc:"Id or key of the other issue."`
	Kind string `json:"kind" enum:"blocks,blocked_by,relates_to,duplicates,duplicated_by,causes,caused_by" doc:"What this issue is to the other."`
}

// LinkedBody is an issue after it was linked.
type LinkedBody struct {
	Issue  *Issue `json:"issue"`
	LinkID string `json:"link_id"`
	UndoID string `json:"undo_id"`
}

func (s *Service) linkRoutes(api *web.API) {
	web.Route(api, "POST /issues/{id}/links", "link-issue", "Tie an issue to another; reversible", func(ctx context.Context, in *struct {
		web.ByID
		Body LinkInput
	}) (*web.Body[LinkedBody], error) {
		l, err := s.Link(ctx, in.ID, in.Body.To, in.Body.Kind)
		if err != nil {
			return nil, err
		}
		return &web.Body[LinkedBody]{Body: LinkedBody(*l)}, nil
	}, web.Status(http.StatusCreated))
	web.Route(api, "DELETE /issues/{id}/links/{link}", "unlink-issue", "Take a link of an issue away; reversible", func(ctx context.Context, in *struct {
		web.ByID
		Link string `path:"link"`
	}) (*web.Body[ChangedBody], error) {
		return changedBody(s.Unlink(ctx, in.ID, in.Link))
	}, web.Status(http.StatusOK))
}
