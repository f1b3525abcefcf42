package otlp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Failure is one time that something went wrong, as a span or log record
// tells it.
type Failure struct {
	ID          string // of the span or log record: the same comes once
	At          time.Time
	Service     string
	Operation   string // POST /pay, or the logger
	Type        string // of the exception, or what error.type says
	Message     string
	Template    string // the message without what changes in it
	Stack       string
	Fatal       bool
	Release     string
	Environment string
	User        string
	Session     string
	TraceID     string
	SpanID      string
}

// Title is how a failure is called.
func (f *Failure) Title() string {
	text := strings.Trim(f.Type+": "+f.Message, ": ")
	if text == "" {
		text = f.Operation + " failed"
	}
	line, _, _ := strings.Cut(text, "\n")
	return span.Clip(line, 300)
}

// group tells which failures are one fault: the service, the operation, and
// the exception with its message, without what changes in it.
func (f *Failure) group() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Service, f.Operation, f.Type, f.Template}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// Recorder groups failures. What it returns counts one in its group in a
// transaction, and returns the group and the reports to be made: of the first
// of a group, for example. A failure that comes again changes nothing.
// Recorded follows the commit.
type Recorder interface {
	Record(ctx context.Context, ws workspace.ID, launchID string, f *Failure) (Keep, error)
	Recorded(ws workspace.ID, launchID string, groups []string)
}

// Keep counts one failure in its group.
type Keep func(ctx context.Context, tx *db.Tx) (group string, reports []feedback.Incoming, err error)

// volatile is what of a message changes from one time to the next.
var volatile = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|\b(?:[0-9a-f]*\d[0-9a-f]*){8,}\b|"[^"]*"|'[^']*'|\d+(?:[.,:]\d+)*`)

func templateOf(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return span.Clip(volatile.ReplaceAllString(line, "<>"), 300)
}

// failuresOf are those of a batch that say something of their own: a span
// that failed because one within it did says nothing new.
func failuresOf(b *span.Batch) []*Failure {
	spans, logs := b.Failures()
	inner := map[string]bool{}
	for _, x := range spans {
		if x.ParentID != "" {
			inner[x.TraceID+x.ParentID] = true
		}
	}
	var out []*Failure
	for _, x := range spans {
		if inner[x.TraceID+x.SpanID] {
			continue
		}
		kind, message, stack := exception(x.Events)
		operation := x.Name
		if x.Route != "" {
			operation = strings.TrimSpace(x.Method + " " + x.Route)
		}
		message = cmp.Or(message, x.Message)
		if message == "" && x.HTTPStatus > 0 {
			message = fmt.Sprintf("answered %d", x.HTTPStatus)
		}
		out = append(out, &Failure{ID: "span:" + x.TraceID + x.SpanID, At: x.End(), Service: x.Service, Operation: operation, Type: cmp.Or(kind, x.Error), Message: message, Stack: stack,
			Release: x.Release, Environment: x.Environment, User: x.User, Session: x.Session, TraceID: x.TraceID, SpanID: x.SpanID})
	}
	for _, x := range logs {
		kind, message, stack := exceptionIn(x.Attrs)
		out = append(out, &Failure{ID: "log:" + x.ID, At: x.At, Service: x.Service, Operation: "log", Type: cmp.Or(kind, x.Error), Message: cmp.Or(message, x.Body), Stack: stack, Fatal: x.Severity >= 21,
			Release: x.Release, Environment: x.Environment, User: x.User, Session: x.Session, TraceID: x.TraceID, SpanID: x.SpanID})
	}
	for _, f := range out {
		f.Template = templateOf(f.Message)
		if plain := strings.TrimSpace(strings.Trim(f.Type, "0123456789")); plain == "" && f.Message == "answered "+f.Type {
			f.Type = "" // error.type is the status again
		}
	}
	return out
}

// maxRecorded failures of a group are counted one by one in a minute; in a
// storm the rest is only kept as spans and log records.
const maxRecorded = 20

// fail counts the failures of a batch in their groups, and makes the reports
// that the rule asks for: of a new group, and of a surge; never of each.
func (s *Service) fail(ctx context.Context, f *sender, b *span.Batch) error {
	if s.record == nil {
		return nil
	}
	var keeps []Keep
	var reports []feedback.Incoming
	for _, x := range failuresOf(b) {
		counted, surge := s.surges.count(f.launch()+x.group(), s.now())
		if counted {
			k, err := s.record.Record(ctx, f.ws, f.launch(), x)
			if err != nil {
				return fmt.Errorf("read failure %s: %w", x.ID, err)
			}
			keeps = append(keeps, k)
		}
		if surge > 0 {
			reports = append(reports, surgeReport(x, surge, s.now()))
		}
	}
	if len(keeps)+len(reports) == 0 {
		return nil
	}
	fresh := 0
	var groups []string
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		made := slices.Clone(reports)
		fresh, groups = 0, nil
		for _, keep := range keeps {
			group, more, err := keep(ctx, tx)
			if err != nil {
				return fmt.Errorf("record failure: %w", err)
			}
			groups, made = append(groups, group), append(made, more...)
		}
		if !f.settings.errors || len(made) == 0 {
			return nil
		}
		for i := range made {
			made[i].ChannelID, made[i].Input.Channel = f.c.ID, Name
			if err := made[i].Input.Validate(s.now()); err != nil {
				return fmt.Errorf("report of a failure: %w", err)
			}
		}
		receipts, err := s.feedback.AcceptIn(ctx, tx, f.ws, f.launch(), made)
		for _, r := range receipts {
			if !r.Duplicate {
				fresh++
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if fresh > 0 {
		s.feedback.Accepted(fresh)
	}
	slices.Sort(groups)
	s.record.Recorded(f.ws, f.launch(), slices.Compact(groups))
	return nil
}

func surgeReport(f *Failure, n int, now time.Time) feedback.Incoming {
	at := f.At
	text := fmt.Sprintf("An error surges: %d times in %d minutes. %s\nin %s, %s", n, int(surgeTime.Minutes()), f.Title(), f.Service, f.Operation)
	if f.Release != "" {
		text += "\nrelease " + f.Release
	}
	return feedback.Incoming{NaturalKey: fmt.Sprintf("surge:%s:%s", f.group(), now.UTC().Format("2006-01-02T15")),
		Input: feedback.Input{Title: f.Title(), Text: text, OccurredAt: &at, AppVersion: f.Release,
			Attrs: map[string]string{"implicit": "error", "service": f.Service, "transaction": f.Operation, "trace_id": f.TraceID}}}
}

// A surge is so many failures of a group within surgeTime, and so many times
// as many as in that time before, within the hour.
const (
	surgeTime   = 5 * time.Minute
	surgeLeast  = 50
	surgeTimes  = 5
	surgeSlots  = 12 // of surgeTime that are remembered: an hour
	maxSurges   = 20_000
	surgePauses = 6 * time.Hour
)

// surges counts failures by group, on this node.
type surges struct {
	mu     sync.Mutex
	groups map[string]*surge
}

type surge struct {
	slots  [surgeSlots]int
	last   int64 // number of the newest slot
	minute int64
	inMin  int
	since  time.Time
	told   time.Time
}

// count notes a failure. It reports whether the failure is one of those that
// are counted one by one, and how many there were when it begins a surge.
func (s *surges) count(key string, now time.Time) (counted bool, began int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[key]
	if g == nil {
		if len(s.groups) >= maxSurges {
			clear(s.groups)
		}
		g = &surge{since: now}
		s.groups[key] = g
	}
	slot := now.Unix() / int64(surgeTime.Seconds())
	for ; g.last < slot; g.last++ {
		if slot-g.last >= surgeSlots {
			g.slots, g.last = [surgeSlots]int{}, slot
			break
		}
		g.slots[(g.last+1)%surgeSlots] = 0
	}
	g.slots[slot%surgeSlots]++
	if m := now.Unix() / 60; m != g.minute {
		g.minute, g.inMin = m, 0
	}
	g.inMin++
	n, before := g.slots[slot%surgeSlots], 0
	for i, v := range g.slots {
		if i != int(slot%surgeSlots) {
			before += v
		}
	}
	usual := before / (surgeSlots - 1)
	// What is new is told as new.
	if now.Sub(g.since) > surgeTime && n >= surgeLeast && n >= surgeTimes*max(usual, 1) && now.Sub(g.told) > surgePauses {
		g.told, began = now, n
	}
	return g.inMin <= maxRecorded, began
}
