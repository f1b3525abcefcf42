package alert

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The kinds of channels, and the formats of their deliveries.
const (
	Alertmanager = "alertmanager"
	Grafana      = "grafana"
	PagerDuty    = "pagerduty"
	CloudEvents  = "cloudevents"
	JSON         = "webhook"

	formatAlerts = "alertmanager-alerts" // what Prometheus posts
	formatChange = "pagerduty-change"
)

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Channels *channel.Service
	Feedback *feedback.Service
	Notices  *notice.Service
	Releases *release.Service
}

// Service takes alerts in and answers what there are.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	channels *channel.Service
	feedback *feedback.Service
	notices  *notice.Service
	releases *release.Service
	now      func() time.Time
}

// NewService returns the service and hands in its kinds of channels and who
// reads their deliveries.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, channels: d.Channels, feedback: d.Feedback, notices: d.Notices, releases: d.Releases, now: time.Now}
	for _, k := range kinds {
		s.channels.Add(k)
	}
	for format, h := range map[string]feedback.Handler{
		Alertmanager: s.handleWebhook, Grafana: s.handleWebhook, formatAlerts: s.handleAlerts, PagerDuty: s.handlePager, formatChange: s.handleChange,
		CloudEvents: s.handleMapped, JSON: s.handleMapped,
	} {
		s.feedback.Handle(format, h)
	}
	return s
}

var kinds = []channel.Kind{
	{Name: Alertmanager, Label: "Alertmanager, Prometheus", Limit: 6000, Note: "Alerts of Alertmanager, or of Prometheus itself. What Alertmanager groups is one report.",
		Setup: func(c *channel.Channel, base string) []channel.Step {
			host := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
			scheme, _, _ := strings.Cut(base, "://")
			return []channel.Step{
				{Title: "alertmanager.yml", Language: "yaml", Text: "receivers:\n  - name: hypercare\n    webhook_configs:\n      - url: " + base + "/in/alertmanager/" + c.Key + "\n        send_resolved: true"},
				{Title: "Or prometheus.yml, without Alertmanager", Language: "yaml", Text: "alerting:\n  alertmanagers:\n    - scheme: " + scheme + "\n      path_prefix: /in/alertmanager/" + c.Key + "\n      static_configs:\n        - targets: ['" + host + "']"},
			}
		}},
	{Name: Grafana, Label: "Grafana", Limit: 6000, Secrets: []string{"hmac"}, Note: "Grafana's alerts, by a contact point of the kind Webhook.",
		Fields: []channel.Field{{Name: "hmac", Label: "HMAC secret", Type: "secret", Hint: "As in the contact point; requests that are not signed with it are refused."}},
		Setup: func(c *channel.Channel, base string) []channel.Step {
			return []channel.Step{{Title: "Contact point > Webhook > URL", Language: "text", Text: base + "/in/grafana/" + c.Key}}
		}},
	{Name: PagerDuty, Label: "PagerDuty Events v2", Limit: 6000, Note: "Whatever sends to PagerDuty sends here: only the address and the routing key change. Change events are release markers.",
		Setup: func(c *channel.Channel, base string) []channel.Step {
			return []channel.Step{
				{Title: "Address and routing key", Language: "text", Text: base + "/v2/enqueue\n" + c.Key},
				{Title: "Try it", Language: "sh", Text: "curl " + base + "/v2/enqueue -H 'Content-Type: application/json' -d '{\"routing_key\":\"" + c.Key + "\",\"event_action\":\"trigger\",\"dedup_key\":\"try\",\"payload\":{\"summary\":\"Checkout is slow\",\"source\":\"shop\",\"severity\":\"warning\"}}'"},
				{Title: "Tell of a release", Language: "sh", Text: "curl " + base + "/v2/change/enqueue -H 'Content-Type: application/json' -d '{\"routing_key\":\"" + c.Key + "\",\"payload\":{\"summary\":\"Deployed checkout 3.0.4\",\"source\":\"checkout\"}}'"},
			}
		}},
	{Name: CloudEvents, Label: "CloudEvents", Limit: 6000, Note: "Events by CloudEvents 1.0 over HTTP: binary, structured or batched.",
		Fields: mappingFields(cloudMapping), Check: checkMapping,
		Setup: func(c *channel.Channel, base string) []channel.Step {
			return []channel.Step{{Title: "Send an event", Language: "sh", Text: "curl " + base + "/in/cloudevents/" + c.Key + " -H 'ce-id: 1' -H 'ce-source: shop' -H 'ce-type: checkout.failed' -H 'ce-specversion: 1.0' -H 'Content-Type: application/json' -d '{\"summary\":\"Checkout fails\",\"severity\":\"error\"}'"}}
		}},
	{Name: JSON, Label: "JSON webhook", Limit: 6000, Note: "Any JSON: say with expressions in CEL what it means, and look at it with a sample of yours.",
		Fields: mappingFields(jsonMapping), Check: checkMapping,
		Setup: func(c *channel.Channel, base string) []channel.Step {
			return []channel.Step{{Title: "Send", Language: "sh", Text: "curl " + base + "/in/webhook/" + c.Key + " -H 'Content-Type: application/json' -d '{\"title\":\"Checkout fails\",\"severity\":\"error\",\"status\":\"firing\"}'"}}
		}},
}

func mappingFields(d Mapping) []channel.Field {
	hints := map[string]string{
		"each": "CEL: the list in the document whose items are one each, for example body.events. The document itself when empty.",
		"when": "CEL: only what this is true for is taken.", "kind": `CEL: "alert", "feedback" or "release"; an alert when empty.`,
		"key": "CEL: the same as long as it is the same thing.", "group": "CEL: what belongs together is one report.", "state": "CEL: firing or resolved, or a word such as ok.",
	}
	var out []channel.Field
	for _, f := range d.fields() {
		out = append(out, channel.Field{Name: f.name, Label: f.name, Hint: hints[f.name], Type: "text", Placeholder: *f.expr})
	}
	return out
}

func checkMapping(settings map[string]any) error {
	_, err := mappingOf(settings).compile()
	return err
}

func defaultsOf(kind string) Mapping {
	if kind == CloudEvents {
		return cloudMapping
	}
	return jsonMapping
}

func placeOf(d *feedback.Raw) place {
	return place{ws: d.Workspace, launchID: d.LaunchID, channelID: d.ChannelID, kind: d.Channel}
}

// outcome takes alerts in when the delivery is marked as processed.
func (s *Service) outcome(d *feedback.Raw, list []told) feedback.Outcome {
	var changed []*Group
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) (reports []feedback.Incoming, err error) {
			reports, changed, err = s.apply(ctx, tx, placeOf(d), slices.Clone(list))
			return reports, err
		},
		After: func() { s.publish(d.Workspace, d.LaunchID, changed) },
	}
}

func (s *Service) publish(ws workspace.ID, launchID string, changed []*Group) {
	if len(changed) == 0 {
		return
	}
	e := event.Event{Workspace: string(ws), Type: "alertgroup.updated", LaunchID: launchID, Count: len(changed)}
	if len(changed) == 1 {
		e.ID = changed[0].ID
	}
	s.bus.Publish(e)
}

func (s *Service) handleWebhook(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	list, err := readWebhook(d.Payload)
	return s.outcome(d, list), err
}

func (s *Service) handleAlerts(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	list, err := readAlerts(d.Payload, d.ReceivedAt)
	return s.outcome(d, list), err
}

func (s *Service) handlePager(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	e, bad := readPager(d.Payload)
	if len(bad) > 0 {
		return feedback.Outcome{}, errs.New(errs.Invalid, "The event of PagerDuty is not valid: %s.", strings.Join(bad, ", "))
	}
	t := e.told()
	if t.Key == "" { // PagerDuty makes one up: so does the door, for what comes now
		t.Key = d.ID
	}
	return s.outcome(d, []told{t}), nil
}

func (s *Service) handleChange(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	c, bad := readPagerChange(d.Payload)
	if len(bad) > 0 {
		return feedback.Outcome{}, errs.New(errs.Invalid, "The change event of PagerDuty is not valid: %s.", strings.Join(bad, ", "))
	}
	in, err := c.release()
	if err != nil {
		return feedback.Outcome{}, err
	}
	return s.mark(d, "pagerduty", in), nil
}

// mark keeps release markers.
func (s *Service) mark(d *feedback.Raw, source string, list ...release.Input) feedback.Outcome {
	var ids []string
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) ([]feedback.Incoming, error) {
			ids = nil
			for _, in := range list {
				if in.At.IsZero() {
					in.At = d.ReceivedAt
				}
				r, _, err := release.Mark(ctx, tx, d.Workspace, d.LaunchID, source, in, s.now())
				if err != nil {
					return nil, err
				}
				ids = append(ids, r.ID)
			}
			return nil, nil
		},
		After: func() {
			for _, id := range ids {
				s.releases.Told(context.Background(), d.Workspace, d.LaunchID, id)
			}
		},
	}
}

// handleMapped reads JSON and CloudEvents by the channel's mapping.
func (s *Service) handleMapped(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	c, err := s.channels.ByID(ctx, d.Workspace, d.ChannelID)
	if err != nil {
		return feedback.Outcome{}, err
	}
	m, err := mappingOf(c.Settings).defaults(defaultsOf(c.Kind)).compile()
	if err != nil {
		return feedback.Outcome{}, err
	}
	body, err := decode(d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	items, err := m.read(body)
	if err != nil {
		return feedback.Outcome{}, err
	}
	var alerts []told
	var reports []feedback.Incoming
	var releases []release.Input
	for i := range items {
		it := &items[i]
		switch {
		case it.Skipped:
		case it.Kind == "release":
			releases = append(releases, it.release())
		case it.Kind == "feedback":
			key := "" // of its own, so that a replay makes nothing twice
			if key = "mapped:" + d.ChannelID + ":" + it.Key; it.Key == "" {
				key = "mapped:" + d.ID + ":" + string(rune('a'+i%26)) + it.Title
			}
			r, err := it.report(clip(key, maxKey))
			if err != nil {
				return feedback.Outcome{}, err
			}
			reports = append(reports, r)
		default:
			alerts = append(alerts, it.told())
		}
	}
	out, marks := s.outcome(d, alerts), s.mark(d, d.Channel, releases...)
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) ([]feedback.Incoming, error) {
			if _, err := marks.Apply(ctx, tx); err != nil {
				return nil, err
			}
			more, err := out.Apply(ctx, tx)
			return append(slices.Clone(reports), more...), err
		},
		After: func() { marks.After(); out.After() },
	}, nil
}

// Sweep ends alerts that nobody tells any more: Prometheus says of each until
// when it holds.
func (s *Service) Sweep(ctx context.Context) error {
	for {
		list, err := lapsed(ctx, s.db, s.now(), 500)
		if err != nil || len(list) == 0 {
			return err
		}
		type from struct {
			ws        workspace.ID
			channelID string
		}
		by := map[from][]told{}
		for _, l := range list {
			k := from{l.ws, l.channelID}
			by[k] = append(by[k], told{Key: l.key, State: Resolved})
		}
		for k, ends := range by {
			if err := s.end(ctx, k.ws, k.channelID, ends); err != nil {
				return err
			}
		}
		if len(list) < 500 {
			return nil
		}
	}
}

// end resolves alerts of a channel.
func (s *Service) end(ctx context.Context, ws workspace.ID, channelID string, ends []told) error {
	var changed []*Group
	at := place{ws: ws, channelID: channelID, kind: "hypercare"}
	if c, err := s.channels.ByID(ctx, ws, channelID); err == nil {
		at.kind, at.launchID = c.Kind, c.LaunchID
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		_, changed, err = s.apply(ctx, tx, at, ends)
		return err
	})
	byLaunch := map[string][]*Group{}
	for _, g := range changed {
		byLaunch[g.LaunchID] = append(byLaunch[g.LaunchID], g)
	}
	for _, launchID := range slices.Sorted(maps.Keys(byLaunch)) {
		s.publish(ws, launchID, byLaunch[launchID])
	}
	return err
}

// List returns a page of groups, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return listGroups(ctx, s.db, a.Workspace, f)
}

// Get returns one group with its newest alerts and its report.
func (s *Service) Get(ctx context.Context, id string) (*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	g, err := getGroup(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if g.Alerts, err = alertsOf(ctx, s.db, a.Workspace, id, false, 200); err != nil {
		return nil, err
	}
	g.FeedbackID, err = s.feedback.ByNaturalKey(ctx, s.db, a.Workspace, g.LaunchID, "alert", "alert:"+id)
	return g, err
}

// Resolve ends what is open of a group by hand: its sender forgot it.
func (s *Service) Resolve(ctx context.Context, id string) (*Group, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	g, err := getGroup(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	open, err := alertsOf(ctx, s.db, a.Workspace, id, true, 20_000)
	if err != nil {
		return nil, err
	}
	ends := make([]told, len(open))
	for i, x := range open {
		ends[i] = told{Key: x.Key, State: Resolved}
	}
	if err := s.end(ctx, a.Workspace, g.ChannelID, ends); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		return a.Audit(ctx, tx, "alert.resolve", "alert", id, map[string]any{"alerts": len(ends)})
	})
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, id)
}

// PreviewInput asks what a document means by a mapping.
type PreviewInput struct {
	Kind    string            `json:"kind" enum:"webhook,cloudevents"`
	Mapping Mapping           `json:"mapping"`
	Sample  string            `json:"sample" maxLength:"200000" doc:"The document as it comes: JSON."`
	Headers map[string]string `json:"headers,omitempty" doc:"Of a CloudEvent in binary form."`
}

// Preview says what a document means, and keeps nothing.
func (s *Service) Preview(ctx context.Context, in PreviewInput) ([]Item, error) {
	if _, err := workspace.Need(ctx, workspace.ManageLaunch); err != nil {
		return nil, err
	}
	m, err := in.Mapping.defaults(defaultsOf(in.Kind)).compile()
	if err != nil {
		return nil, err
	}
	body, err := decode([]byte(in.Sample))
	if err != nil {
		return nil, err
	}
	if in.Kind == CloudEvents && len(in.Headers) > 0 {
		h := http.Header{}
		for k, v := range in.Headers {
			h.Set(k, v)
		}
		events, err := readCloudEvents(h, []byte(in.Sample))
		if err != nil {
			return nil, err
		}
		body = events[0].Whole
	}
	items, err := m.read(body)
	return items[:min(len(items), 100)], err
}

func asJSON(v any) []byte {
	b, _ := json.Marshal(v) // of what was read from JSON
	return b
}
