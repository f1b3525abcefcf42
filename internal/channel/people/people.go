// Package people takes in what customer systems tell of people and
// organisations: a webhook of JSON. What a message says is told by
// person.Feed.
package people

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/web"
)

const (
	kind    = "people"
	format  = "people"
	token   = "token"
	maxBody = 5 << 20
)

// Channel is the way in.
type Channel struct {
	channels *channel.Service
	people   *person.Service
}

// New adds the kind and who reads its deliveries.
func New(channels *channel.Service, f *feedback.Service, people *person.Service) *Channel {
	c := &Channel{channels, people}
	channels.Add(channel.Kind{
		Name: kind, Label: "People", Secrets: []string{token}, Setup: setup,
		Note:   "A customer system tells who people are, to which organisation they belong, and what they are worth.",
		Fields: []channel.Field{{Name: token, Label: "Token", Hint: "When it is set, the sender must send it as Authorization: Bearer. Do set it: who sends here decides who counts.", Type: "secret"}},
	})
	f.Handle(format, c.read)
	return c
}

func setup(c *channel.Channel, base string) []channel.Step {
	return []channel.Step{{Title: "Send people as they change", Language: "sh",
		Text: "curl -X POST " + base + "/in/people/" + c.Key + ` \
  -H 'Authorization: Bearer YOUR_TOKEN' -H 'Content-Type: application/json' \
  -d '{"people": [{"email": "ann@acme.example", "name": "Ann", "organisation": "Acme", "attrs": {"role": "buyer"}}],
       "organisations": [{"name": "Acme", "domains": ["acme.example"], "attrs": {"tier": "enterprise", "region": "eu"}}]}'`}}
}

// Answer is what a sender is told.
type Answer struct {
	ID            string            `json:"id"`
	People        int               `json:"people"`
	Organisations int               `json:"organisations"`
	Errors        []person.RowError `json:"errors"` // what is left out of it
}

// ServeHTTP takes a message: POST /in/people/{key}.
func (c *Channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	web.Handler(c.take).ServeHTTP(w, r)
}

func (c *Channel) take(w http.ResponseWriter, r *http.Request) error {
	ctx, ch, err := c.channels.Enter(r, r.PathValue("key"), 1, kind)
	if err != nil {
		return err
	}
	if err := c.allowed(r, ch); err != nil {
		c.channels.Refused(ch, err)
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		err = errs.New(errs.TooLarge, "The message is larger than %d MB, or was cut off; send several.", maxBody>>20)
		c.channels.Refused(ch, err)
		return err
	}
	feed, bad, err := parse(body)
	if err != nil {
		c.channels.Refused(ch, err)
		return err
	}
	list, err := c.channels.Accept(ctx, ch, []feedback.Incoming{{Raw: body, Format: format, ContentType: "application/json", NaturalKey: r.Header.Get("Idempotency-Key")}})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, Answer{list[0].ID, len(feed.People), len(feed.Organisations), bad})
}

func (c *Channel) allowed(r *http.Request, ch *channel.Channel) error {
	want, err := c.channels.Secret(ch, token)
	if err != nil || want == "" {
		return err
	}
	got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(got), []byte(want.Reveal())) != 1 {
		return errs.New(errs.Denied, "This channel asks for its token; send it as Authorization: Bearer.")
	}
	return nil
}

func parse(body []byte) (person.Feed, []person.RowError, error) {
	feed, err := person.ReadFeed(body)
	if err != nil {
		return feed, nil, err
	}
	bad, err := feed.Valid()
	return feed, bad, err
}

// read makes people of a delivery.
func (c *Channel) read(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	feed, _, err := parse(d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	var touched []string
	var in context.Context
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) ([]feedback.Incoming, error) {
			var err error
			if _, touched, err = c.people.TakeIn(ctx, tx, d.Workspace, feed); err != nil {
				return nil, fmt.Errorf("take in people: %w", err)
			}
			in = ctx
			return nil, nil
		},
		After: func() { c.people.Took(context.WithoutCancel(in), d.Workspace, touched) },
	}, nil
}
