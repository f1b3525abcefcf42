// Package slack takes reports from Slack: a slash command, a shortcut on a
// message, and mentions of the app. Requests are signed by Slack, kept raw in
// the ledger and answered within its three seconds; what became of a report
// is told later, at the address that came with the request.
//
// Sources: docs.slack.dev, "Verifying requests from Slack", "Implementing
// slash commands", "Handling user interaction", "Events API over HTTP" and
// "Formatting message text".
package slack

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/outbound"
)

// Kind is the kind of channel, and the format of its deliveries.
const Kind = "slack"

// signingSecret is what Slack signs its requests with.
const signingSecret = "signing_secret"

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Log      *slog.Logger
	Channels *channel.Service
	Feedback *feedback.Service
	Outbound *outbound.Client
	Base     string // where people find this hypercare; links are left out when empty
}

// Service takes reports from Slack and answers there.
type Service struct {
	db       *db.DB
	log      *slog.Logger
	channels *channel.Service
	feedback *feedback.Service
	out      *outbound.Client
	base     string
	now      func() time.Time
	answers  chan answer
	pause    time.Duration // before an answer that failed is sent again
}

// NewService returns the service and hands in its kind of channel and who
// reads its deliveries.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, log: d.Log, channels: d.Channels, feedback: d.Feedback, out: d.Outbound, base: strings.TrimSuffix(d.Base, "/"), now: time.Now,
		answers: make(chan answer, maxWaiting), pause: 2 * time.Second}
	s.channels.Add(kind)
	s.feedback.Handle(Kind, s.handle)
	return s
}

var kind = channel.Kind{
	Name: Kind, Label: "Slack", Limit: 600, Secrets: []string{signingSecret},
	Note: "A command, a shortcut on messages and mentions of an app: what people write in Slack is a report.",
	Fields: []channel.Field{{Name: signingSecret, Label: "Signing secret", Type: "secret",
		Hint: "On the app's page in Slack: Basic Information > App Credentials. Nothing is taken until it is set."}},
	Setup: func(c *channel.Channel, base string) []channel.Step {
		return []channel.Step{
			{Title: "api.slack.com/apps > Create New App > From a manifest; then set its signing secret here", Language: "yaml", Text: manifest(base + "/in/slack/" + c.Key)},
			{Title: "Install the app to the workspace, then try it in Slack", Language: "text", Text: "/hypercare The checkout hangs after I pay"},
		}
	},
}

// manifest describes the app to Slack (docs.slack.dev, "App manifest
// reference").
func manifest(address string) string {
	return `display_information:
  name: hypercare
  description: Tell the launch team what you see
features:
  bot_user:
    display_name: hypercare
    always_online: true
  shortcuts:
    - name: Report to hypercare
      type: message
      callback_id: hypercare_report
      description: Make a report of this message
  slash_commands:
    - command: /hypercare
      url: ` + address + `
      description: Tell the launch team what you see
      usage_hint: what happened
      should_escape: true
oauth_config:
  scopes:
    bot:
      - commands
      - app_mentions:read
settings:
  interactivity:
    is_enabled: true
    request_url: ` + address + `
  event_subscriptions:
    request_url: ` + address + `
    bot_events:
      - app_mention
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false
`
}

// handle reads one delivery.
func (s *Service) handle(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	r, err := read(d.ContentType, d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	rep, err := r.report()
	if err != nil || rep == nil {
		return feedback.Outcome{}, err
	}
	if err := rep.Input.Validate(s.now()); err != nil {
		return feedback.Outcome{}, err
	}
	return feedback.Outcome{
		Apply: func(context.Context, *db.Tx) ([]feedback.Incoming, error) {
			return []feedback.Incoming{*rep}, nil
		},
		After: func() {
			// The address holds for half an hour; a replay comes later.
			if r.ResponseURL != "" && s.now().Sub(d.ReceivedAt) < responseAge {
				s.queue(answer{ws: d.Workspace, launchID: d.LaunchID, key: rep.NaturalKey, to: r.ResponseURL, until: d.ReceivedAt.Add(responseAge)})
			}
		},
	}, nil
}

var errNoSecret = errs.New(errs.Unauthenticated, "The channel has no signing secret; set it as the app's page in Slack shows it under Basic Information.")
