// Package sentry is the channel for the SDKs of Sentry, unmodified: they are
// given a DSN of hypercare and send envelopes of events, feedback and
// sessions. The protocol is here; what errors are is internal/crash.
package sentry

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/release"
)

// Kind is the name of the kind of channel.
const Kind = "sentry"

// The formats that come by it.
const (
	formatEnvelope = "sentry"
	formatEvent    = "sentry.event"    // the payload of an event alone (/store/)
	formatMinidump = "sentry.minidump" // a form with a minidump and what is said of it
	formatSecurity = "sentry.security" // reports of browsers: CSP
)

// Deps are what a Service needs.
type Deps struct {
	Channels *channel.Service
	Crash    *crash.Service
	Feedback *feedback.Service
	Releases *release.Service
	Log      *slog.Logger
}

// Service speaks the protocol.
type Service struct {
	Deps
	large chan struct{} // requests that hold much memory
}

// maxLarge is how many large requests are read at once.
const maxLarge = 6

// New adds the kind to the channels, and says how its deliveries are read.
func New(d Deps) *Service {
	s := &Service{Deps: d, large: make(chan struct{}, maxLarge)}
	d.Channels.Add(channel.Kind{Name: Kind, Label: "Sentry SDK", Limit: 3000, Check: check, Setup: setup})
	d.Feedback.Handle(formatEnvelope, s.readEnvelope)
	d.Feedback.Handle(formatEvent, s.readStore)
	d.Feedback.Handle(formatMinidump, s.readMinidump)
	d.Feedback.Handle(formatSecurity, s.readSecurity)
	return s
}

// settings is how a channel is set.
type settings struct {
	rule crash.Rule
	ip   string // network, address, none
}

// check refuses settings that can't be used, and fills in the rest.
func check(m map[string]any) error {
	known := map[string]any{"report_new": true, "report_regressions": true, "report_users": 0.0, "report_minutes": 60.0, "report_level": "error", "keep_ip": "network"}
	for k, v := range m {
		if _, ok := known[k]; !ok {
			return errs.New(errs.Invalid, "A Sentry channel has no setting %.40q; it has report_new, report_regressions, report_users, report_minutes, report_level and keep_ip.", k)
		}
		known[k] = v
	}
	for _, k := range []string{"report_new", "report_regressions"} {
		if _, ok := known[k].(bool); !ok {
			return errs.New(errs.Invalid, "The setting %s is true or false.", k)
		}
	}
	for k, most := range map[string]int{"report_users": 1_000_000, "report_minutes": 10_080} {
		n, ok := number(known[k])
		if !ok || n < 0 || n > most {
			return errs.New(errs.Invalid, "The setting %s is a number from 0 to %d.", k, most)
		}
		known[k] = float64(n)
	}
	for k, choice := range map[string]string{"report_level": "debug info warning error fatal", "keep_ip": "network address none"} {
		v, _ := known[k].(string)
		if v == "" || !strings.Contains(" "+choice+" ", " "+v+" ") {
			return errs.New(errs.Invalid, "The setting %s is one of %s.", k, strings.ReplaceAll(choice, " ", ", "))
		}
	}
	for k, v := range known {
		m[k] = v
	}
	return nil
}

func number(v any) (int, bool) {
	switch n := v.(type) {
	case float64:
		return int(n), n == float64(int(n))
	case int:
		return n, true
	}
	return 0, false
}

// settingsOf reads the settings of a channel.
func settingsOf(c *channel.Channel) settings {
	m := map[string]any{}
	if c != nil {
		for k, v := range c.Settings {
			m[k] = v
		}
	}
	if check(m) != nil {
		m = map[string]any{}
		_ = check(m) // the empty settings are good
	}
	users, _ := number(m["report_users"])
	minutes, _ := number(m["report_minutes"])
	return settings{crash.Rule{New: m["report_new"].(bool), Regression: m["report_regressions"].(bool), Users: users, Minutes: minutes, Level: m["report_level"].(string)}, m["keep_ip"].(string)}
}

// settings are those of the channel that a delivery came by; where it was
// removed meanwhile, what a new one has.
func (s *Service) settings(ctx context.Context, d *feedback.Raw) (settings, error) {
	if d.ChannelID == "" {
		return settingsOf(nil), nil
	}
	c, err := s.Channels.ByID(ctx, d.Workspace, d.ChannelID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return settings{}, err
	}
	return settingsOf(c), nil
}

// DSN is the address that an SDK is given.
func DSN(c *channel.Channel, base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return ""
	}
	return fmt.Sprintf("%s://%s@%s%s/%d", u.Scheme, c.Key, u.Host, strings.TrimSuffix(u.Path, "/"), c.Number)
}

func setup(c *channel.Channel, base string) []channel.Step {
	dsn := DSN(c, base)
	return []channel.Step{
		{Title: "DSN, for any Sentry SDK", Language: "text", Text: dsn},
		{Title: "Browser", Language: "js", Text: "import * as Sentry from \"@sentry/browser\";\n\nSentry.init({\n  dsn: \"" + dsn + "\",\n  release: \"shop@1.0.0\",\n  integrations: [Sentry.feedbackIntegration()],\n});"},
		{Title: "Node.js", Language: "js", Text: "import * as Sentry from \"@sentry/node\";\n\nSentry.init({ dsn: \"" + dsn + "\", release: \"shop@1.0.0\" });"},
		{Title: "Python", Language: "python", Text: "import sentry_sdk\n\nsentry_sdk.init(dsn=\"" + dsn + "\", release=\"shop@1.0.0\")"},
		{Title: "Go", Language: "go", Text: "err := sentry.Init(sentry.ClientOptions{\n\tDsn:     \"" + dsn + "\",\n\tRelease: \"shop@1.0.0\",\n})"},
		{Title: "Source maps, with an API token of the workspace", Language: "sh", Text: fmt.Sprintf("export SENTRY_URL=%s SENTRY_AUTH_TOKEN=hc_...\nnpx sentry-cli sourcemaps inject ./dist\nnpx sentry-cli sourcemaps upload --org hypercare --project %d --release shop@1.0.0 ./dist", base, c.Number)},
		{Title: "Content security policy reports", Language: "text", Text: fmt.Sprintf("Content-Security-Policy: default-src 'self'; report-uri %s/api/%d/security/?sentry_key=%s", base, c.Number, c.Key)},
	}
}
