// Package crash is what went wrong inside the launched product, as its own
// error trackers tell it: events, the groups of events that are one fault,
// who met them, sessions by release, and the source maps that make the stacks
// of minified code readable. It knows no protocol; internal/channel/sentry
// speaks one.
package crash

import (
	"encoding/json"
	"time"

	"github.com/hypercare/hypercare/internal/issue"
)

// The states of a group.
const (
	Unresolved = "unresolved"
	Resolved   = "resolved"
	Ignored    = "ignored"
)

// Group is all events that are one fault.
type Group struct {
	ID           string     `json:"id"`
	Number       int64      `json:"number" doc:"Counts up in the workspace; people say it aloud."`
	LaunchID     string     `json:"launch_id"`
	Title        string     `json:"title"`
	Kind         string     `json:"kind" doc:"Class of the exception, or message, csp, minidump." example:"TypeError"`
	Message      string     `json:"message"`
	Culprit      string     `json:"culprit" doc:"Where it was: function and module, or the sender's transaction."`
	Level        string     `json:"level" enum:"fatal,error,warning,info,debug"`
	Platform     string     `json:"platform"`
	State        string     `json:"state" enum:"unresolved,resolved,ignored"`
	ResolvedIn   string     `json:"resolved_in,omitempty" doc:"Release that has the fix; an event of it or of a newer one is a regression."`
	StateAt      *time.Time `json:"state_at,omitempty"`
	StateBy      string     `json:"state_by,omitempty" doc:"Name of who set the state; empty when an event did."`
	Regressions  int        `json:"regressions"`
	RegressedAt  *time.Time `json:"regressed_at,omitempty"`
	FirstAt      time.Time  `json:"first_at"`
	LastAt       time.Time  `json:"last_at"`
	Events       int64      `json:"events"`
	Users        int64      `json:"users" doc:"Distinct users that met it: by id, e-mail, name or address."`
	FirstRelease string     `json:"first_release,omitempty"`
	LastRelease  string     `json:"last_release,omitempty"`
	Grouping     int        `json:"grouping" doc:"Version of the rules that made the group."`
	Hours        []int64    `json:"hours" nullable:"false" doc:"Events in each of the last 24 hours, oldest first."`
	Issue        *issue.Ref `json:"issue,omitempty"`

	issueID string
	burstAt int64
}

// Event is one time that it went wrong. What is in it is masked.
type Event struct {
	ID          string    `json:"id"`
	GroupID     string    `json:"error_id"`
	LaunchID    string    `json:"launch_id"`
	EventID     string    `json:"event_id" doc:"The sender's id."`
	At          time.Time `json:"at"`
	ReceivedAt  time.Time `json:"received_at"`
	Title       string    `json:"title"`
	Level       string    `json:"level"`
	Release     string    `json:"release,omitempty"`
	Environment string    `json:"environment,omitempty"`
	Transaction string    `json:"transaction,omitempty"`
	URL         string    `json:"url,omitempty" doc:"Values of its query are left out."`
	User        User      `json:"user"`
	SessionID   string    `json:"session_id,omitempty"`
	TraceID     string    `json:"trace_id,omitempty"`
	SpanID      string    `json:"span_id,omitempty"`
	RequestID   string    `json:"request_id,omitempty"`
	Body        *Body     `json:"body,omitempty" doc:"Stack and surroundings; only when one event is asked for."`

	Pinned bool `json:"-"` // somebody reported it
	seq    int64
}

// User is who met an event, as the sender tells it.
type User struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
	IP    string `json:"ip,omitempty" doc:"As the channel's setting lets it be kept: the network, the address, or nothing."`
}

// Body is what an event says beside what is searched by.
type Body struct {
	Platform    string                     `json:"platform,omitempty"`
	Logger      string                     `json:"logger,omitempty"`
	Server      string                     `json:"server,omitempty"`
	Dist        string                     `json:"dist,omitempty"`
	SDK         string                     `json:"sdk,omitempty"`
	Message     string                     `json:"message,omitempty"`
	Template    string                     `json:"template,omitempty" doc:"The message before its values were put in."`
	Culprit     string                     `json:"culprit,omitempty"`
	Exceptions  []Exception                `json:"exceptions,omitempty" doc:"Innermost cause first."`
	Stack       []Frame                    `json:"stack,omitempty" doc:"Of the thread that sent it, where there is no exception; caller first."`
	Breadcrumbs []Breadcrumb               `json:"breadcrumbs,omitempty"`
	Request     *Request                   `json:"request,omitempty"`
	Tags        map[string]string          `json:"tags,omitempty"`
	Contexts    map[string]json.RawMessage `json:"contexts,omitempty"`
	Extra       json.RawMessage            `json:"extra,omitempty"`
	Modules     map[string]string          `json:"modules,omitempty"`
	Fingerprint []string                   `json:"fingerprint,omitempty"`
	Attachments []Attachment               `json:"attachments,omitempty"`
	DebugIDs    map[string]string          `json:"debug_ids,omitempty" doc:"Debug id of each script."`
	Notes       []string                   `json:"notes,omitempty" doc:"What could not be done with it, such as a source map that is missing."`
}

// Exception is one of a chain.
type Exception struct {
	Type      string  `json:"type"`
	Value     string  `json:"value"`
	Module    string  `json:"module,omitempty"`
	Mechanism string  `json:"mechanism,omitempty"`
	Unhandled bool    `json:"unhandled,omitempty"`
	Frames    []Frame `json:"frames,omitempty" doc:"Caller first."`
}

// Frame is one call of a stack.
type Frame struct {
	Function string          `json:"function,omitempty"`
	Module   string          `json:"module,omitempty"`
	File     string          `json:"file,omitempty"`
	Path     string          `json:"path,omitempty"`
	Package  string          `json:"package,omitempty"`
	Line     int             `json:"line,omitempty"`
	Column   int             `json:"column,omitempty"`
	InApp    bool            `json:"in_app"`
	Pre      []string        `json:"pre,omitempty"`
	Context  string          `json:"context,omitempty"`
	Post     []string        `json:"post,omitempty"`
	Vars     json.RawMessage `json:"vars,omitempty"`
	Minified *Minified       `json:"minified,omitempty" doc:"Where it was before a source map said where that comes from."`
}

// Minified is a place in code as it ran.
type Minified struct {
	Function string `json:"function,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Breadcrumb is what happened before.
type Breadcrumb struct {
	At       *time.Time      `json:"at,omitempty"`
	Type     string          `json:"type,omitempty"`
	Category string          `json:"category,omitempty"`
	Level    string          `json:"level,omitempty"`
	Message  string          `json:"message,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// Request is the HTTP request that was answered, or the page that was open.
type Request struct {
	Method  string      `json:"method,omitempty"`
	URL     string      `json:"url,omitempty"`
	Query   string      `json:"query,omitempty"`
	Headers [][2]string `json:"headers,omitempty"`
	Data    string      `json:"data,omitempty"`
}

// Attachment is a file that came with an event.
type Attachment struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
}

// stacks returns the frames of all stacks of an event.
func (b *Body) stacks() [][]Frame {
	out := [][]Frame{b.Stack}
	for i := range b.Exceptions {
		out = append(out, b.Exceptions[i].Frames)
	}
	return out
}

// who names a user for counting; "" when nothing is known.
func (u User) who() (key, label string) {
	switch {
	case u.ID != "":
		key, label = "id:"+u.ID, u.ID
	case u.Email != "":
		key, label = "email:"+u.Email, u.Email
	case u.Name != "":
		key, label = "name:"+u.Name, u.Name
	case u.IP != "":
		key, label = "ip:"+u.IP, u.IP
	}
	if u.Email != "" {
		label = u.Email
	} else if u.Name != "" {
		label = u.Name
	}
	return key, label
}
