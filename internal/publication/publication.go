// Package publication is what a workspace publishes on the gateway: one
// document, checked whole, compared before it comes into force, kept with
// everything that was in force before it, and taken back with one verb. The
// gateway package serves it and knows no database; this one keeps it and
// knows no traffic.
package publication

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Publication is a document that is or was in force.
type Publication struct {
	Number   int64     `json:"number" doc:"Counts up in the workspace; the highest is in force."`
	Document string    `json:"document,omitempty" doc:"YAML as it was written; absent in lists."`
	Note     string    `json:"note"`
	FromNum  int64     `json:"rolled_back_to,omitempty" doc:"The number whose document this is again."`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Live     bool      `json:"live"`
}

// Input is a document to be published.
type Input struct {
	Document string `json:"document" minLength:"1" doc:"YAML or JSON; see docs/operations/gateway.md."`
	Note     string `json:"note,omitempty" maxLength:"500" doc:"What changes and why."`
	Base     *int64 `json:"base,omitempty" doc:"Number of the publication that the change was made from; when another is in force by now it is refused."`
}

// Check is what there is to say of a document before it is published.
type Check struct {
	Valid   bool            `json:"valid"`
	Faults  []gateway.Fault `json:"faults" nullable:"false"`
	Changes []Change        `json:"changes" nullable:"false" doc:"Against what is in force."`
	Text    string          `json:"text" doc:"The same as a unified diff of the documents; empty where nothing changes."`
	Number  int64           `json:"number" doc:"What is in force: the base to publish from."`
}

// Server is the gateway, as far as this package needs it.
type Server interface {
	Load([]gateway.Document) error
}

// Service keeps publications and brings them into force.
type Service struct {
	db     *db.DB
	bus    *event.Bus
	log    *slog.Logger
	server Server
	fetch  Fetch // nil: nothing by URL
	now    func() time.Time

	wake   chan struct{}
	mu     sync.Mutex
	fresh  *gateway.Document // published here a moment ago, and read already
	loaded int64             // head of what was loaded
}

// NewService returns the service. server may be nil: a node without a gateway.
func NewService(d *db.DB, bus *event.Bus, log *slog.Logger, server Server) *Service {
	return &Service{db: d, bus: bus, log: log, server: server, now: time.Now, wake: make(chan struct{}, 1)}
}

// Wake makes Follow look at once: another node has said that it published.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Current returns what is in force; number 0 and an empty document before
// anything was published.
func (s *Service) Current(ctx context.Context) (*Publication, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	return current(ctx, s.db, a.Workspace)
}

// Get returns one publication.
func (s *Service) Get(ctx context.Context, num int64) (*Publication, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	return get(ctx, s.db, a.Workspace, num)
}

// List returns a page of publications without their documents, newest first,
// before a number (0 for the newest).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]Publication, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.db, a.Workspace, before, limit)
}

// Check says what is wrong with a document, or what it would change.
func (s *Service) Check(ctx context.Context, document string) (*Check, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	out := &Check{Faults: []gateway.Fault{}, Changes: []Change{}}
	next, err := s.parse(ctx, a.Workspace, document)
	if err != nil {
		faults, ok := errors.AsType[gateway.Faults](err)
		if !ok {
			return nil, fmt.Errorf("check document: %w", err)
		}
		out.Faults = faults
		return out, nil
	}
	out.Valid = true
	now, err := current(ctx, s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	out.Number, out.Text = now.Number, textDiff(now.Number, now.Document, document)
	out.Changes, err = compare(now.Document, next)
	return out, err
}

// Difference is what one publication changed against another.
type Difference struct {
	Number  int64    `json:"number"`
	Against int64    `json:"against"`
	Changes []Change `json:"changes" nullable:"false"`
	Text    string   `json:"text" doc:"Unified diff of the documents."`
}

// Diff compares two publications; against 0 is the one before.
func (s *Service) Diff(ctx context.Context, num, against int64) (*Difference, error) {
	p, err := s.Get(ctx, num)
	if err != nil {
		return nil, err
	}
	if against == 0 {
		against = num - 1
	}
	old := &Publication{}
	if against > 0 {
		if old, err = s.Get(ctx, against); err != nil {
			return nil, err
		}
	}
	c, err := gateway.Parse([]byte(p.Document))
	if err != nil {
		return nil, refused(err)
	}
	out := &Difference{Number: num, Against: against, Text: textDiff(against, old.Document, p.Document)}
	out.Changes, err = compare(old.Document, c)
	return out, err
}

// Publish brings a document into force. With a fault nothing changes.
func (s *Service) Publish(ctx context.Context, in Input) (*Publication, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if strings.ContainsRune(in.Document, 0) {
		return nil, errs.New(errs.Invalid, "The document holds a NUL character; remove it.")
	}
	c, err := s.parse(ctx, a.Workspace, in.Document)
	if err != nil {
		return nil, refused(err)
	}
	return s.put(ctx, a, in, c, 0)
}

// parse checks a document as the gateway does, and what it names here. Its
// error is of type gateway.Faults.
func (s *Service) parse(ctx context.Context, ws workspace.ID, document string) (*gateway.Config, error) {
	c, err := gateway.Parse([]byte(document))
	if err != nil {
		return nil, err
	}
	var faults gateway.Faults
	known := map[string]bool{"": true}
	for i, api := range c.APIs {
		if api.State == gateway.StateDeprecated && api.Deprecated == "" { // asked for here, since what was published before goes on
			faults = append(faults, gateway.FaultAt([]byte(document), fmt.Sprintf("apis[%d].state", i), "say since when it is deprecated: add deprecated: %s", s.now().UTC().Format(time.DateOnly)))
		}
		if known[api.OpenAPI] {
			continue
		}
		ok, err := hasOpenAPI(ctx, s.db, ws, api.OpenAPI)
		if err != nil {
			return nil, err
		}
		if known[api.OpenAPI] = ok; !ok {
			faults = append(faults, gateway.FaultAt([]byte(document), fmt.Sprintf("apis[%d].openapi", i), "there is no OpenAPI document %s in this workspace; import it first", api.OpenAPI))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// refused turns faults into an answer that names each with its line.
func refused(err error) error {
	faults, ok := errors.AsType[gateway.Faults](err)
	if !ok {
		return fmt.Errorf("check document: %w", err)
	}
	fields := make([]errs.Field, len(faults))
	for i, f := range faults {
		fields[i] = errs.Field{Location: fmt.Sprintf("body.document:%d %s", f.Line, f.Path), Message: f.Reason}
	}
	msg := fmt.Sprintf("The document has %d faults and was not published; the first is on line %d: %s.", len(faults), faults[0].Line, faults[0].Reason)
	if len(faults) == 1 {
		msg = fmt.Sprintf("The document was not published: line %d, %s: %s.", faults[0].Line, faults[0].Path, faults[0].Reason)
	}
	return errs.WithFields(msg, fields...)
}

// RollBack brings the document of an earlier publication into force again; 0
// is the one before the present one.
func (s *Service) RollBack(ctx context.Context, to int64, note string) (*Publication, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	now, err := current(ctx, s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	if to == 0 {
		to = now.Number - 1
	}
	if to < 1 || to >= now.Number {
		return nil, errs.New(errs.Unprocessable, "There is no earlier publication %d to go back to.", to)
	}
	old, err := get(ctx, s.db, a.Workspace, to)
	if err != nil {
		return nil, err
	}
	c, err := s.parse(ctx, a.Workspace, old.Document)
	if err != nil {
		return nil, refused(err)
	}
	if note == "" {
		note = fmt.Sprintf("Back to %d", to)
	}
	return s.put(ctx, a, Input{Document: old.Document, Note: note, Base: &now.Number}, c, to)
}

// sentence makes one of an error that a library or a lower package wrote.
func sentence(err error) string {
	s := err.Error()
	return strings.TrimSuffix(strings.ToUpper(s[:1])+s[1:], ".") + "."
}

// put brings a document that was checked into force.
func (s *Service) put(ctx context.Context, a workspace.Actor, in Input, c *gateway.Config, from int64) (*Publication, error) {
	p := &Publication{Document: in.Document, Note: strings.TrimSpace(in.Note), FromNum: from, By: a.Name, Live: true}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		// First, since it holds the head: who publishes beside this one waits and then sees it.
		if err := nextSeq(ctx, tx); err != nil {
			return err
		}
		var err error
		if p.Number, err = workspace.Next(ctx, tx, a.Workspace, "publication", 1); err != nil {
			return err
		}
		now, err := current(ctx, tx, a.Workspace)
		if err != nil {
			return err
		}
		if in.Base != nil && *in.Base != now.Number {
			return errs.New(errs.Conflict, "%s has published number %d meanwhile; look at what changed, then publish again.", now.By, now.Number)
		}
		if now.Number > 0 && now.Document == in.Document && from == 0 {
			return errs.New(errs.Conflict, "This document is in force already, as number %d.", now.Number)
		}
		p.At = s.now().UTC().Truncate(time.Microsecond)
		if !p.At.After(now.At) {
			p.At = now.At.Add(time.Microsecond)
		}
		if err := claimHosts(ctx, tx, a.Workspace, c, p.At); err != nil {
			return err
		}
		if err := insert(ctx, tx, a.Workspace, p, a.ID); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "gateway.publish", "publication", fmt.Sprint(p.Number), map[string]any{"note": p.Note, "rolled_back_to": from})
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.fresh = &gateway.Document{Workspace: string(a.Workspace), Text: []byte(in.Document), Config: c}
	s.mu.Unlock()
	if err := s.Load(context.WithoutCancel(ctx)); err != nil {
		// It is in force where it was read; here the old one keeps serving.
		s.log.ErrorContext(ctx, "load what is published", "workspace", a.Workspace, "number", p.Number, "err", err)
	}
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "gateway.published", ID: fmt.Sprint(p.Number)})
	return p, nil
}

// Load brings what all workspaces publish into force on this node.
func (s *Service) Load(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Before the documents: one that comes between is loaded twice, not never.
	seq, err := head(ctx, s.db)
	if err != nil {
		return err
	}
	docs, err := all(ctx, s.db)
	if err != nil {
		return err
	}
	for i := range docs {
		docs[i].OpenAPI = s.resolver(workspace.ID(docs[i].Workspace))
		if f := s.fresh; f != nil && f.Workspace == docs[i].Workspace && bytes.Equal(f.Text, docs[i].Text) {
			docs[i].Config = f.Config
		}
	}
	s.fresh = nil
	err = s.server.Load(docs)
	if _, fault := errors.AsType[gateway.Faults](err); err == nil || fault {
		s.loaded = seq // what has a fault stays as it was, until the next publication
	}
	if err != nil {
		return fmt.Errorf("load documents: %w", err)
	}
	return nil
}

// Follow loads what other nodes publish, each half second, until ctx ends.
func (s *Service) Follow(ctx context.Context) {
	if s.server == nil || !s.db.Shared() {
		return
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
		seq, err := head(ctx, s.db)
		s.mu.Lock()
		same := seq == s.loaded
		s.mu.Unlock()
		if err == nil && !same {
			err = s.Load(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "follow what is published", "err", err)
		}
	}
}
