// Package otlp takes telemetry as OpenTelemetry sends it: traces, logs and
// metrics by OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp),
// in protobuf and JSON. It translates; spans and log records are kept by
// package span, metrics by package metric. What fails is grouped by a rule
// that is handed in (Recorder), and a new version of a service becomes a
// release.
//
// Telemetry does not pass the ledger of deliveries: decision 16 says why.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Name of the kind of channel.
const Name = "otlp"

// KeyHeader names the channel where the address does not.
const KeyHeader = "X-Hypercare-Key"

// Deps are what a Service is made of.
type Deps struct {
	DB       *db.DB
	Log      *slog.Logger
	Channels *channel.Service
	Feedback *feedback.Service
	Releases *release.Service
	Spans    *span.Service
	Metrics  *metric.Store
	// Record counts failures in their groups; nil: they are only kept.
	Record Recorder
	// Mask is how a workspace or launch covers what must not be kept; what
	// always is covered when nil.
	Mask func(ctx context.Context, ws workspace.ID, launchID string) (*mask.Masker, error)
}

// Service takes telemetry.
type Service struct {
	db       *db.DB
	log      *slog.Logger
	channels *channel.Service
	feedback *feedback.Service
	releases *release.Service
	spans    *span.Service
	metrics  *metric.Store
	record   Recorder
	mask     func(context.Context, workspace.ID, string) (*mask.Masker, error)
	now      func() time.Time
	surges   surges
}

// NewService returns the service, and adds its kind of channel.
func NewService(d Deps) (*Service, error) {
	s := &Service{db: d.DB, log: d.Log, channels: d.Channels, feedback: d.Feedback, releases: d.Releases, spans: d.Spans, metrics: d.Metrics, record: d.Record, mask: d.Mask,
		now: time.Now, surges: surges{groups: map[string]*surge{}}}
	if s.mask == nil {
		plain, err := mask.Compile(mask.Spec{})
		if err != nil {
			return nil, fmt.Errorf("mask telemetry: %w", err)
		}
		s.mask = func(context.Context, workspace.ID, string) (*mask.Masker, error) { return plain, nil }
	}
	s.channels.Add(channel.Kind{Name: Name, Label: "OpenTelemetry", Limit: 6000, Check: checkSettings, Setup: setup})
	return s, nil
}

// settings are those of a channel.
type settings struct {
	errors      bool // new and surging errors become feedback
	minSeverity int  // of log records that are kept
}

func checkSettings(m map[string]any) error {
	for name, v := range m {
		switch name {
		case "errors":
			if _, ok := v.(bool); !ok {
				return errs.New(errs.Invalid, "The setting errors must be true or false: whether new errors become feedback.")
			}
		case "min_severity":
			if n, ok := v.(float64); !ok || n < 0 || n > 24 {
				return errs.New(errs.Invalid, "The setting min_severity must be a number from 0 to 24, such as 9 for info.")
			}
		default:
			return errs.New(errs.Invalid, "An OpenTelemetry channel has no setting %.40q; it takes errors and min_severity.", name)
		}
	}
	if m["errors"] == nil {
		m["errors"] = true
	}
	return nil
}

func settingsOf(c *channel.Channel) settings {
	s := settings{errors: true}
	if c == nil {
		return settings{}
	}
	if v, ok := c.Settings["errors"].(bool); ok {
		s.errors = v
	}
	if v, ok := c.Settings["min_severity"].(float64); ok {
		s.minSeverity = int(v)
	}
	return s
}

func setup(c *channel.Channel, base string) []channel.Step {
	at := base + "/in/otlp/" + c.Key
	return []channel.Step{
		{Title: "Any SDK: set these where the service starts", Language: "sh", Text: "export OTEL_EXPORTER_OTLP_ENDPOINT=" + at +
			"\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_SERVICE_NAME=checkout\nexport OTEL_RESOURCE_ATTRIBUTES=service.version=1.4.2,deployment.environment.name=production"},
		{Title: "A collector: add this exporter", Language: "yaml", Text: "exporters:\n  otlphttp/hypercare:\n    endpoint: " + at + "\n    compression: gzip"},
		{Title: "Node.js, without changing its code", Language: "sh", Text: "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\nnode --require @opentelemetry/auto-instrumentations-node/register server.js"},
	}
}

// Routes adds the addresses that exporters send to. Those below /in/ are for
// a channel; at the others a token of the workspace, or a channel's key in a
// header, says whose it is.
func (s *Service) Routes(mux *http.ServeMux) {
	for signal, h := range map[string]http.HandlerFunc{"traces": s.traces, "logs": s.logs, "metrics": s.takeMetrics} {
		for _, base := range []string{"", web.Prefix + "/otlp"} {
			mux.Handle("POST "+base+"/v1/"+signal, h)
		}
		mux.Handle("/in/otlp/{key}/v1/"+signal, channel.CORS(post(h), KeyHeader, "traceparent", "tracestate"))
	}
	// Where Prometheus itself takes OTLP.
	mux.Handle("POST "+metric.Prefix+"/api/v1/otlp/v1/metrics", http.HandlerFunc(s.takeMetrics))
}

func post(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "Send telemetry with POST.", http.StatusMethodNotAllowed)
			return
		}
		h(w, r)
	}
}

// sender is who sends: a channel, or a token of a workspace, which belongs to
// no launch.
type sender struct {
	ws       workspace.ID
	c        *channel.Channel // nil: a token
	settings settings
}

func (f *sender) launch() string {
	if f.c == nil {
		return ""
	}
	return f.c.LaunchID
}

// enter finds out who sends.
func (s *Service) enter(r *http.Request) (context.Context, *sender, error) {
	key := r.PathValue("key")
	if key == "" {
		key = r.Header.Get(KeyHeader)
	}
	if key == "" {
		a, err := workspace.Need(r.Context(), workspace.SendFeedback)
		if errs.KindOf(err) == errs.Unauthenticated {
			err = errs.New(errs.Unauthenticated, "Send the key of a channel as %s, or an API token as \"Authorization: Bearer hc_...\".", KeyHeader)
		}
		return r.Context(), &sender{ws: a.Workspace}, err
	}
	ctx, c, err := s.channels.Enter(r, key, 1, Name)
	if err != nil {
		return nil, nil, err
	}
	return ctx, &sender{ws: c.Workspace, c: c, settings: settingsOf(c)}, nil
}

// arrived counts what a channel brought.
func (s *Service) arrived(f *sender, n int, rejected string) {
	if f.c == nil {
		return
	}
	if n > 0 {
		s.channels.Arrived(f.c, n)
	}
	if rejected != "" {
		s.channels.Refused(f.c, errs.New(errs.Invalid, "%s", rejected))
	}
}

// refused counts what was not taken.
func (s *Service) refused(f *sender, err error) {
	if f != nil && f.c != nil {
		s.channels.Refused(f.c, err)
	}
}
