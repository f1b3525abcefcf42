// Package feedbacktest gives tests of the nouns above feedback a database
// with a workspace, a launch and reports in it, made the way the product
// makes them: accepted into the ledger, then processed.
package feedbacktest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bench is one workspace with one launch and what it takes to work on it.
type Bench struct {
	DB       *db.DB
	Bus      *event.Bus
	Feedback *feedback.Service
	Launches *launch.Service
	Privacy  *privacy.Service
	// Ctx acts as the workspace's owner.
	Ctx       context.Context
	Workspace workspace.ID
	LaunchID  string
	// Read is what triage says of a report; Reading when a test sets nothing.
	Read func(*feedback.Feedback) *nlp.Result
	tb   testing.TB
}

// New returns a bench on a database of its own.
func New(tb testing.TB) *Bench {
	tb.Helper()
	d := dbtest.Open(tb)
	b := &Bench{DB: d, Bus: event.New(), Read: Reading, tb: tb}
	b.Launches = launch.NewService(d, b.Bus)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		tb.Fatal(err)
	}
	b.Privacy = privacy.NewService(d, box, b.Launches.Check)
	b.Feedback = feedback.NewService(feedback.Deps{DB: d, Privacy: b.Privacy, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Files: feedback.NewFiles(tb.TempDir()), Phones: Phones(tb), CheckLaunch: b.Launches.Check})
	b.Feedback.SetReader(reader{b})
	tb.Cleanup(b.Feedback.Close)
	return b.settle(tb)
}

// settle makes a workspace and a launch for b to act in.
func (b *Bench) settle(tb testing.TB) *Bench {
	tb.Helper()
	b.Workspace = workspace.ID(db.NewID())
	err := b.DB.Tx(tb.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(tb.Context(), `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, b.Workspace, "bench", 1)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	b.Ctx = b.As(workspace.Owner)
	b.LaunchID = b.Launch("Go-live")
	return b
}

// Other returns a bench in another workspace of the same database.
func (b *Bench) Other() *Bench {
	b.tb.Helper()
	o := *b
	return o.settle(b.tb)
}

// As returns a context that acts with a role in the bench's workspace.
func (b *Bench) As(r workspace.Role) context.Context {
	return workspace.As(b.tb.Context(), workspace.Actor{Workspace: b.Workspace, Kind: "member", ID: string(r) + "-id", Name: "Ada " + string(r), Role: r})
}

// Launch makes another launch in the bench's workspace and returns its id.
func (b *Bench) Launch(name string) string {
	b.tb.Helper()
	l, err := b.Launches.Create(b.Ctx, launch.Input{Name: name})
	if err != nil {
		b.tb.Fatal(err)
	}
	return l.ID
}

// Add sends reports without an author to the bench's launch, has them
// processed, and returns their ids in the same order.
func (b *Bench) Add(texts ...string) []string {
	b.tb.Helper()
	list := make([]feedback.Input, len(texts))
	for i, t := range texts {
		list[i] = feedback.Input{Text: t}
	}
	return b.AddTo(b.LaunchID, list...)
}

// From is a report by the person with a user id, whose attributes are given
// as "name=value".
func From(user, text string, attrs ...string) feedback.Input {
	m := map[string]string{}
	for _, a := range attrs {
		k, v, _ := strings.Cut(a, "=")
		m[k] = v
	}
	return feedback.Input{Text: text, Author: &feedback.Author{UserID: user, Name: user, Attrs: m}}
}

// AddTo sends reports to a launch, one after the other, so that their numbers
// follow their order, and returns their ids.
func (b *Bench) AddTo(launchID string, list ...feedback.Input) []string {
	b.tb.Helper()
	var ids []string
	for _, in := range list {
		ids = append(ids, b.AddMany(launchID, in)...)
	}
	return ids
}

// AddMany is AddTo for many at once, whose numbers come in any order.
func (b *Bench) AddMany(launchID string, list ...feedback.Input) []string {
	b.tb.Helper()
	var ids []string
	for part := range slices.Chunk(list, 500) {
		items := make([]feedback.Incoming, len(part))
		for i, in := range part {
			if in.Channel == "" {
				in.Channel = "api"
			}
			items[i] = feedback.Incoming{Input: in}
		}
		err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
			receipts, err := b.Feedback.AcceptIn(b.Ctx, tx, b.Workspace, launchID, items)
			for _, r := range receipts {
				ids = append(ids, r.ID)
			}
			return err
		})
		if err != nil {
			b.tb.Fatal(err)
		}
		b.Feedback.Accepted(len(part))
	}
	b.Process()
	return ids
}

// Process works the ledger off.
func (b *Bench) Process() {
	b.tb.Helper()
	for {
		n, err := b.Feedback.ProcessOnce(b.Ctx)
		if err != nil {
			b.tb.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// Reading is a reading of a few plain rules: enough to tell reports apart.
func Reading(f *feedback.Feedback) *nlp.Result {
	text := strings.ToLower(f.Title + " " + f.Text)
	r := &nlp.Result{Version: "bench", Language: nlp.Language{Code: "en", Confidence: 1}, Summary: f.Snippet,
		Sentiment: nlp.Sentiment{Label: "neutral"}, Severity: nlp.Severity{Level: "sev3", Confidence: .8}, KeyPhrases: []string{}}
	category := "bug"
	switch {
	case strings.Contains(text, "thank"):
		r.Sentiment, category = nlp.Sentiment{Label: "positive", Score: .8}, "praise"
	case strings.Contains(text, "crash"), strings.Contains(text, "down"):
		r.Sentiment, r.Severity.Level = nlp.Sentiment{Label: "negative", Score: -.8}, "sev1"
	case strings.Contains(text, "please add"):
		r.Severity.Level, category = "sev4", "feature_request"
	}
	r.Categories = []nlp.Scored{{Name: category, Confidence: .9, Reason: "bench"}}
	return r
}

type reader struct{ b *Bench }

func (r reader) Read(_ context.Context, _ workspace.ID, _ string, list []*feedback.Feedback) (feedback.Record, error) {
	for _, f := range list {
		f.ApplyReading(r.b.Read(f))
	}
	return func(context.Context, *db.Tx, []*feedback.Feedback) error { return nil }, nil
}

// Phones returns a keeper of numbers under a key of the test's own.
func Phones(tb testing.TB) *person.Phones {
	tb.Helper()
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		tb.Fatal(err)
	}
	return person.NewPhones(box)
}
