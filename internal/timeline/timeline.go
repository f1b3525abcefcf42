// Package timeline is what happened to a feedback or an issue, in order: its
// arrival, what the engine and rules said, what people decided, changed,
// corrected and wrote. It keeps nothing itself: the ledger, the history and
// the notes are the records, and it makes one list of them.
package timeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/triage"
	"github.com/hypercare/hypercare/internal/workspace"
)

// What an entry is about.
const (
	Arrived   = "arrived"   // a feedback came in
	Read      = "read"      // the engine read it
	Rule      = "rule"      // a rule did something with it
	Decided   = "decided"   // a person accepted, ignored, assigned, tagged it ...
	Corrected = "corrected" // a person put right what triage said
	Changed   = "changed"   // a line of an issue's history
	Noted     = "note"      // a person wrote a note
	Written   = "message"   // the reporter or the team wrote to the other
)

// Entry is one thing that happened.
type Entry struct {
	ID         string          `json:"id"`
	At         time.Time       `json:"at"`
	Kind       string          `json:"kind" enum:"arrived,read,rule,decided,corrected,changed,note,message"`
	Actor      audit.Actor     `json:"actor" doc:"Who: kind is member, token, system, rule or reporter; the id is empty where only a name is known."`
	Field      string          `json:"field,omitempty" doc:"Of corrected and changed: what changed."`
	From       string          `json:"from,omitempty"`
	To         string          `json:"to,omitempty"`
	Outcome    map[string]any  `json:"outcome,omitempty" doc:"Of read, rule and decided: field to value; members by name, issues by key, feedback by number."`
	Confidence float64         `json:"confidence,omitempty" doc:"Of read: of the category."`
	Version    string          `json:"version,omitempty" doc:"Of read and rule: of the engine or the rule's text."`
	Channel    string          `json:"channel,omitempty" doc:"Of arrived: how it came in."`
	Reason     string          `json:"reason,omitempty"`
	Feedback   []feedback.Ref  `json:"feedback,omitempty" doc:"Of changed: the reports it is about, the first 20 of them."`
	Note       *note.Note      `json:"note,omitempty"`
	Message    *notice.Message `json:"message,omitempty"`
	UndoneAt   *time.Time      `json:"undone_at,omitempty" doc:"Of corrected: when it was taken back."`
}

// What to show.
const (
	All     = "all"
	Notes   = "notes"
	Changes = "changes"
)

// Place is where a page ended.
type Place struct {
	At int64
	ID string
}

// Query selects a page.
type Query struct {
	Show  string // All, Notes or Changes; All when empty
	After Place  // where the page before ended; the zero value for the newest
	Limit int
}

// Page is entries, newest first.
type Page struct {
	Items []Entry
	More  bool
	Last  Place
}

// Service makes the list.
type Service struct {
	db       *db.DB
	feedback *feedback.Service
	ledger   *triage.Ledger
	issues   *issue.Service
	notes    *note.Service
	notices  *notice.Service
}

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Feedback *feedback.Service
	Ledger   *triage.Ledger
	Issues   *issue.Service
	Notes    *note.Service
	Notices  *notice.Service
}

// NewService returns the service.
func NewService(d Deps) *Service {
	return &Service{d.DB, d.Feedback, d.Ledger, d.Issues, d.Notes, d.Notices}
}

func (q Query) wants(show string) bool { return q.Show == "" || q.Show == All || q.Show == show }

// OfFeedback returns a page of what happened to a feedback.
func (s *Service) OfFeedback(ctx context.Context, id string, q Query) (*Page, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []Entry
	if q.wants(Changes) {
		decisions, corrections, err := s.ledger.Trail(ctx, a.Workspace, f.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, arrival(f))
		for _, d := range decisions {
			all = append(all, ofDecision(d))
		}
		for _, c := range corrections {
			all = append(all, ofCorrection(c))
		}
		if err := s.name(ctx, a.Workspace, all); err != nil {
			return nil, err
		}
	}
	if q.wants(Notes) {
		list, err := s.notes.OfFeedback(ctx, f.ID, note.Place(q.After), q.Limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, ofNotes(list)...)
		messages, err := s.notices.Messages(ctx, a.Workspace, f.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if m.State != notice.Cancelled {
				all = append(all, Entry{ID: m.ID, At: m.CreatedAt, Kind: Written, Actor: m.Author, Message: m})
			}
		}
	}
	return page(all, q), nil
}

// OfIssue returns a page of what happened to an issue, with the notes on its
// feedback and on issues that were merged into it.
func (s *Service) OfIssue(ctx context.Context, id string, q Query) (*Page, error) {
	if _, err := workspace.Need(ctx, workspace.Read); err != nil {
		return nil, err
	}
	var all []Entry
	if q.wants(Changes) {
		history, err := s.issues.History(ctx, id, issue.Place(q.After), q.Limit+1)
		if err != nil {
			return nil, err
		}
		for _, h := range history {
			all = append(all, Entry{ID: h.ID, At: h.At, Kind: Changed, Actor: h.Actor, Field: h.Field, From: h.From, To: h.To, Reason: h.Reason, Feedback: h.Feedback})
		}
	}
	if q.wants(Notes) {
		list, err := s.notes.OfIssue(ctx, id, note.Place(q.After), q.Limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, ofNotes(list)...)
	}
	return page(all, q), nil
}

// page sorts what the records gave, each at least as far as the page reaches,
// and cuts the page out.
func page(all []Entry, q Query) *Page {
	if q.After.At != 0 {
		all = slices.DeleteFunc(all, func(e Entry) bool {
			at := e.At.UnixMicro()
			return at > q.After.At || at == q.After.At && e.ID >= q.After.ID
		})
	}
	slices.SortFunc(all, func(a, b Entry) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	p := &Page{Items: all, More: len(all) > q.Limit}
	if p.More {
		p.Items = all[:q.Limit]
		last := p.Items[q.Limit-1]
		p.Last = Place{last.At.UnixMicro(), last.ID}
	}
	return p
}

func arrival(f *feedback.Feedback) Entry {
	name := f.Author.Name
	if name == "" {
		name = f.Author.Email
	}
	return Entry{ID: f.ID, At: f.ReceivedAt, Kind: Arrived, Actor: audit.Actor{Kind: "reporter", ID: f.Author.PersonID, Name: name}, Channel: f.Channel}
}

func ofDecision(d triage.Decision) Entry {
	e := Entry{ID: d.ID, At: d.At, Outcome: d.Outcome, Version: d.Version, Reason: d.Reason}
	switch d.Engine {
	case triage.EngineRule:
		e.Kind, e.Actor, e.Reason = Rule, audit.Actor{Kind: "rule", ID: d.RuleID, Name: strings.TrimPrefix(d.Reason, "Rule: ")}, ""
	case triage.EnginePerson:
		e.Kind, e.Actor, e.Version = Decided, audit.Actor{Kind: "member", Name: d.Version}, ""
		if d.Reason == triage.ByHand || strings.HasPrefix(d.Reason, d.Version+" ") {
			e.Reason = "" // it says no more than the entry itself
		}
	default:
		e.Kind, e.Actor, e.Confidence = Read, audit.Actor{Kind: "system", ID: "system", Name: "hypercare"}, d.Confidence
	}
	return e
}

func ofCorrection(c triage.Correction) Entry {
	return Entry{ID: c.ID, At: c.At, Kind: Corrected, Actor: audit.Actor{Kind: "member", ID: c.ByID, Name: c.By}, Field: c.Field, From: c.From, To: c.To, UndoneAt: c.UndoneAt}
}

func ofNotes(list []*note.Note) []Entry {
	out := make([]Entry, len(list))
	for i, n := range list {
		out[i] = Entry{ID: n.ID, At: n.CreatedAt, Kind: Noted, Actor: n.Author, Note: n}
	}
	return out
}

// name puts names of members and numbers of feedback where outcomes have
// their ids.
func (s *Service) name(ctx context.Context, ws workspace.ID, list []Entry) error {
	members, err := workspace.Names(ctx, s.db, ws, outcomesOf(list, triage.FieldAssignee))
	if err != nil {
		return err
	}
	reports, err := feedback.Refs(ctx, s.db, ws, outcomesOf(list, triage.FieldDuplicateOf))
	if err != nil {
		return err
	}
	for _, e := range list {
		if id, _ := e.Outcome[triage.FieldAssignee].(string); members[id] != "" {
			e.Outcome[triage.FieldAssignee] = members[id]
		}
		if id, _ := e.Outcome[triage.FieldDuplicateOf].(string); reports[id].ID != "" {
			e.Outcome[triage.FieldDuplicateOf] = fmt.Sprintf("#%d", reports[id].Number)
		}
	}
	return nil
}

// outcomesOf are the different values of a field, sorted.
func outcomesOf(list []Entry, field string) []string {
	values := map[string]bool{}
	for _, e := range list {
		if v, _ := e.Outcome[field].(string); v != "" {
			values[v] = true
		}
	}
	return slices.Sorted(maps.Keys(values))
}
