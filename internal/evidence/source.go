package evidence

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Calls is the call log, as far as evidence asks it: package call's Log or
// Cluster.
type Calls interface {
	Find(ctx context.Context, ws workspace.ID, q call.Query) (*call.Page, error)
	Get(ctx context.Context, ws workspace.ID, id call.ID) (*call.Record, error)
	Count(ctx context.Context, ws workspace.ID, q call.Query) (int64, error)
	Facets(ctx context.Context, ws workspace.ID, q call.Query, fields []call.Field, top int) (*call.Facets, error)
}

// Source brings evidence of one kind that is no call: errors, spans, logs,
// alerts, releases, sessions, issues. The packages that keep those know
// nothing of evidence; app hands an adapter in for each.
type Source interface {
	Kind() string
	// Look returns what there is for a report, at most ask.Limit.
	Look(ctx context.Context, ws workspace.ID, ask Ask) ([]Found, error)
	// Get returns one by the part of its id behind the kind, for what people
	// add by hand; errs.NotFound when it is gone.
	Get(ctx context.Context, ws workspace.ID, id string) (*Found, error)
}

// Ask says what a source is asked for.
type Ask struct {
	LaunchID   string
	FeedbackID string
	From, To   time.Time
	Who        *Who
	Traces     []string // of the calls that were found: the worst first
	Limit      int
}

// Found is what a source found.
type Found struct {
	ID    string // without the kind
	At    time.Time
	Until time.Time // of what lasts, such as an alert; zero: a moment
	Title string
	Names []string // operation, service, transaction: what texts and calls call it
	Words string   // of a message, where there is one

	Bad     float64 // how abnormal it is by itself, 0 to 1
	BadSay  string
	Status  int64 // where it has one
	Trace   string
	Session string
	User    string
	Email   string
	Release string
	Join    Join // by what it is tied to the reporter; empty: by the fields above
	JoinSay string
	Thing   Thing
}

// stored is an item as tables have it.
func stored(i *Item) (string, error) {
	b, err := json.Marshal(i)
	return string(b), err
}
