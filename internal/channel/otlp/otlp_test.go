package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/otlp"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is the way in over real sockets.
type rig struct {
	*feedbacktest.Bench
	t        *testing.T
	spans    *span.Service
	channels *channel.Service
	releases *release.Service
	server   *httptest.Server
	groups   *groups
	c        *channel.Channel
}

// groups makes a report of the first failure of a kind, as the product's own
// grouping does, and remembers all.
type groups struct{ seen []*otlp.Failure }

func (g *groups) Record(_ context.Context, _ workspace.ID, _ string, f *otlp.Failure) (otlp.Keep, error) {
	return func(context.Context, *db.Tx) (string, []feedback.Incoming, error) {
		first := !slices.ContainsFunc(g.seen, func(o *otlp.Failure) bool { return o.Type == f.Type && o.Service == f.Service })
		g.seen = append(g.seen, f)
		if !first {
			return "g", nil, nil
		}
		return "g", []feedback.Incoming{{NaturalKey: "new:" + f.Service + f.Type, Input: feedback.Input{Title: f.Title(), Text: "A new error: " + f.Title()}}}, nil
	}, nil
}

func (g *groups) Recorded(workspace.ID, string, []string) {}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	metrics, err := metric.Open(t.TempDir(), metric.Options{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = metrics.Close() })
	r := &rig{Bench: b, t: t, groups: &groups{}, spans: span.NewService(span.Deps{DB: b.DB, Log: log}), releases: release.NewService(b.DB, b.Bus, b.Launches.Check),
		channels: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})}
	s, err := otlp.NewService(otlp.Deps{DB: b.DB, Log: log, Channels: r.channels, Feedback: b.Feedback, Releases: r.releases, Spans: r.spans, Metrics: metrics, Record: r.groups})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Routes(mux)
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "" { // what stands in front finds out whose token it is
			req = req.WithContext(workspace.As(req.Context(), workspace.Actor{Workspace: b.Workspace, Kind: "token", ID: "t", Role: workspace.Intake}))
		}
		mux.ServeHTTP(w, req)
	}))
	t.Cleanup(r.server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); r.spans.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	if r.c, err = r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: otlp.Name}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) post(path, kind string, body []byte, header ...string) (int, http.Header, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header, text
}

const traceHex = "0102030405060708090a0b0c0d0e0f10"

// shop is a request of a service whose payment failed.
func shop(version string, at time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	for k, v := range map[string]string{"service.name": "checkout", "service.version": version, "deployment.environment.name": "production", "cloud.region": "eu-1", "process.command_args": "node secret.js"} {
		rs.Resource().Attributes().PutStr(k, v)
	}
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	put := func(id, parent byte, name string, kind ptrace.SpanKind, took time.Duration) ptrace.Span {
		x := spans.AppendEmpty()
		x.SetTraceID(pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
		x.SetSpanID(pcommon.SpanID{id})
		if parent > 0 {
			x.SetParentSpanID(pcommon.SpanID{parent})
		}
		x.SetName(name)
		x.SetKind(kind)
		x.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		x.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(took)))
		return x
	}
	root := put(1, 0, "POST", ptrace.SpanKindServer, 8*time.Second)
	for k, v := range map[string]string{"http.request.method": "POST", "http.route": "/pay", "user.id": "u-17", "session.id": "s-17", "http.request.header.authorization": "Bearer abc", "note": "card 4111 1111 1111 1111"} {
		root.Attributes().PutStr(k, v)
	}
	root.Attributes().PutInt("http.response.status_code", 504)
	root.Status().SetCode(ptrace.StatusCodeError)
	inner := put(2, 1, "charge card 88-20431", ptrace.SpanKindClient, 7*time.Second)
	inner.Status().SetCode(ptrace.StatusCodeError)
	e := inner.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Second)))
	e.Attributes().PutStr("exception.type", "TimeoutError")
	e.Attributes().PutStr("exception.message", "no connection within 8000 ms")
	e.Attributes().PutStr("exception.stacktrace", "at acquire (pool.js:12)")
	return td
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTracesComeByKeyHeaderOrToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now().Add(-time.Minute)
	req := ptraceotlp.NewExportRequestFromTraces(shop("1.0", now))
	proto, asJSON := must(req.MarshalProto()), must(req.MarshalJSON())
	in := "/in/otlp/" + r.c.Key + "/v1/traces"
	for name, send := range map[string]func() (int, http.Header, []byte){
		"protobuf": func() (int, http.Header, []byte) { return r.post(in, "application/x-protobuf", proto) },
		"gzip": func() (int, http.Header, []byte) {
			return r.post(in, "application/x-protobuf", gzipped(t, proto), "Content-Encoding", "gzip")
		},
		"JSON": func() (int, http.Header, []byte) { return r.post(in, "application/json", asJSON) },
		"key in a header": func() (int, http.Header, []byte) {
			return r.post("/v1/traces", "application/x-protobuf", proto, otlp.KeyHeader, r.c.Key)
		},
		"token": func() (int, http.Header, []byte) {
			return r.post("/v1/traces", "application/x-protobuf", proto, "Authorization", "Bearer hc_x")
		},
		"below the API": func() (int, http.Header, []byte) {
			return r.post("/api/v1/otlp/v1/traces", "application/x-protobuf", proto, "Authorization", "Bearer hc_x")
		},
	} {
		code, h, text := send()
		if code != http.StatusOK {
			t.Errorf("%s: %d %s", name, code, text)
		}
		if name == "JSON" && (h.Get("Content-Type") != "application/json" || !strings.HasPrefix(string(text), "{")) {
			t.Errorf("%s answers %q %q", name, h.Get("Content-Type"), text)
		}
	}
	list, err := r.spans.ByTrace(r.Ctx, r.Workspace, traceHex)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d spans, %v", len(list), err)
	}
	root, inner := list[0], list[1]
	if root.Service != "checkout" || root.Kind != "server" || root.Route != "/pay" || root.HTTPStatus != 504 || root.User != "u-17" || root.Session != "s-17" || root.Release != "1.0" || root.Environment != "production" || root.DurationMS != 8000 {
		t.Errorf("root = %+v", root)
	}
	if got := string(root.Attrs); !strings.Contains(got, `"cloud.region":"eu-1"`) || strings.Contains(got, "abc") || strings.Contains(got, "4111") || strings.Contains(got, "secret.js") || strings.Contains(got, "u-17") {
		t.Errorf("attributes = %s", got)
	}
	if inner.Error != "TimeoutError" || inner.Message != "no connection within 8000 ms" || inner.ParentID != root.SpanID || len(inner.Events) != 1 {
		t.Errorf("inner = %+v", inner)
	}
}

func TestFailuresAreGroupedAndTheFirstIsReported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now().Add(-time.Minute)
	in := "/in/otlp/" + r.c.Key + "/v1/traces"
	for i := range 3 {
		body := must(ptraceotlp.NewExportRequestFromTraces(shop("1.0", now.Add(time.Duration(i)*time.Second))).MarshalProto())
		for range 2 { // sent again, as after an answer that was lost
			if code, _, text := r.post(in, "application/x-protobuf", body); code != http.StatusOK {
				t.Fatalf("%d %s", code, text)
			}
		}
	}
	if n := len(r.groups.seen); n != 3 {
		t.Fatalf("%d failures, want the innermost of 3 traces", n)
	}
	f := r.groups.seen[0]
	if f.Type != "TimeoutError" || f.Operation != "charge card 88-20431" || f.Template != "no connection within <> ms" || f.Stack == "" || f.TraceID != traceHex {
		t.Errorf("%+v", f)
	}
	r.Process()
	list, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{ChannelID: r.c.ID, Limit: 50})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	got, err := r.Feedback.Get(r.Ctx, list[0].ID)
	if err != nil || got.Channel != otlp.Name || got.Title != "TimeoutError: no connection within 8000 ms" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestANewVersionIsARelease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now().Add(-time.Minute)
	for i, v := range []string{"1.0", "1.0", "1.1"} {
		body := must(ptraceotlp.NewExportRequestFromTraces(shop(v, now.Add(time.Duration(i)*time.Second))).MarshalProto())
		if code, _, text := r.post("/v1/traces", "application/x-protobuf", body, otlp.KeyHeader, r.c.Key); code != http.StatusOK {
			t.Fatalf("%d %s", code, text)
		}
	}
	list, err := r.releases.List(r.Ctx, r.LaunchID, 0, "", 10)
	if err != nil || len(list) != 1 || list[0].Version != "1.1" || list[0].Service != "checkout" || list[0].Source != "otlp" {
		t.Errorf("%+v %v", list, err)
	}
}

func TestWhatCantBeKeptIsToldAsPartialSuccess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now()
	td := shop("1.0", now.Add(-time.Minute))
	bad := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	bad.SetName("no ids")
	_, _, text := r.post("/in/otlp/"+r.c.Key+"/v1/traces", "application/x-protobuf", must(ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()))
	res := ptraceotlp.NewExportResponse()
	if err := res.UnmarshalProto(text); err != nil || res.PartialSuccess().RejectedSpans() != 1 || !strings.Contains(res.PartialSuccess().ErrorMessage(), "trace id") {
		t.Errorf("%v %d %q", err, res.PartialSuccess().RejectedSpans(), res.PartialSuccess().ErrorMessage())
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range 3 {
		x := records.AppendEmpty()
		x.Body().SetStr(fmt.Sprintf("line %d of jane@example.com", i))
		if i > 0 {
			x.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
		}
		x.SetSeverityText([]string{"", "ERROR", "Information"}[i])
	}
	_, _, text = r.post("/in/otlp/"+r.c.Key+"/v1/logs", "application/json", must(plogotlp.NewExportRequestFromLogs(ld).MarshalJSON()))
	answer := plogotlp.NewExportResponse()
	if err := answer.UnmarshalJSON(text); err != nil || answer.PartialSuccess().RejectedLogRecords() != 1 {
		t.Errorf("%v %s", err, text)
	}
	got, err := r.spans.Logs(r.Ctx, span.Filter{LaunchID: r.LaunchID, Oldest: true})
	if err != nil || len(got) != 2 {
		t.Fatalf("%d logs, %v", len(got), err)
	}
	for _, l := range got {
		if strings.Contains(l.Body, "jane") || l.Severity != 17 && l.Severity != 9 {
			t.Errorf("%+v", l)
		}
	}
}

func TestWhatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ok := must(ptraceotlp.NewExportRequestFromTraces(shop("1", time.Now())).MarshalProto())
	in := "/in/otlp/" + r.c.Key + "/v1/traces"
	for name, tc := range map[string]struct {
		path, kind string
		body       []byte
		header     []string
		want       int
		say        string
	}{
		"nobody":        {"/v1/traces", "application/x-protobuf", ok, nil, 401, "X-Hypercare-Key"},
		"unknown key":   {"/in/otlp/" + strings.Repeat("0", 32) + "/v1/traces", "application/x-protobuf", ok, nil, 404, "No channel"},
		"text":          {in, "text/plain", ok, nil, 415, "OTLP"},
		"not protobuf":  {in, "application/x-protobuf", []byte("hello"), nil, 400, "no OTLP"},
		"not JSON":      {in, "application/json", []byte(`{"resourceSpans": 7}`), nil, 400, "message"},
		"not gzip":      {in, "application/x-protobuf", ok, []string{"Content-Encoding", "gzip"}, 400, "gzip"},
		"brotli":        {in, "application/x-protobuf", ok, []string{"Content-Encoding", "br"}, 400, "br"},
		"a bomb":        {in, "application/x-protobuf", gzipped(t, make([]byte, 17<<20)), []string{"Content-Encoding", "gzip"}, 413, "16 MB"},
		"metrics, text": {"/in/otlp/" + r.c.Key + "/v1/metrics", "text/plain", nil, nil, 415, "OTLP"},
	} {
		if code, _, text := r.post(tc.path, tc.kind, tc.body, tc.header...); code != tc.want || !strings.Contains(string(text), tc.say) {
			t.Errorf("%s: %d %q, want %d %q", name, code, text, tc.want, tc.say)
		}
	}
	if code, _, _ := r.post("/in/otlp/"+r.c.Key+"/v1/metrics", "application/json", []byte(`{}`)); code != http.StatusOK {
		t.Errorf("metrics by key: %d", code)
	}
	off := false
	if _, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := r.post(in, "application/x-protobuf", ok); code != http.StatusForbidden {
		t.Errorf("switched off: %d", code)
	}
	if _, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Settings: map[string]any{"colour": 1}}); err == nil {
		t.Error("a setting that is none was taken")
	}
}

func FuzzTraces(f *testing.F) {
	td := shop("1", time.Now())
	req := ptraceotlp.NewExportRequestFromTraces(td)
	f.Add(must(req.MarshalProto()), false)
	f.Add(must(req.MarshalJSON()), true)
	f.Add(must(pmetricotlp.NewExportRequest().MarshalProto()), false)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		b := otlp.ReadForTest(body, isJSON)
		for _, s := range b {
			if _, err := hex.DecodeString(s.TraceID); err != nil || len(s.Attrs) > 2*span.MaxAttrs || len(s.Name) > 200 {
				t.Errorf("%+v", s)
			}
		}
	})
}
