package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

type rig struct {
	*feedbacktest.Bench
	s        *Service
	channels *channel.Service
	notices  *notice.Service
	releases *release.Service
	server   *httptest.Server
	t        *testing.T
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	log := slog.New(slog.DiscardHandler)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	u := undo.NewService(b.DB)
	issues := issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: u, Log: log})
	r := &rig{Bench: b, t: t, channels: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check}),
		notices:  notice.NewService(notice.Deps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Issues: issues, Undo: u}),
		releases: release.NewService(b.DB, b.Bus, b.Launches.Check)}
	r.s = NewService(Deps{DB: b.DB, Bus: b.Bus, Log: log, Channels: r.channels, Feedback: b.Feedback, Notices: r.notices, Releases: r.releases})
	mux := http.NewServeMux()
	r.s.Mount(mux)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func (r *rig) channel(kind string, in channel.Input) *channel.Channel {
	r.t.Helper()
	in.Kind = kind
	c, err := r.channels.Create(r.Ctx, r.LaunchID, in)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// send posts to an address and has what came processed.
func (r *rig) send(path, body string, header ...string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Process()
	return res.StatusCode, string(b)
}

func (r *rig) groups() []*Group {
	r.t.Helper()
	list, err := r.s.List(r.Ctx, Filter{Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *rig) reports() []*feedback.Feedback {
	r.t.Helper()
	var out []*feedback.Feedback
	list, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{Channel: "alert", Limit: 200})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range list {
		f, err := r.Feedback.Get(r.Ctx, d.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

func promJSON(status string, starts time.Time, names ...string) string {
	var alerts []map[string]any
	for _, n := range names {
		a := map[string]any{"status": status, "labels": map[string]string{"alertname": "HighErrors", "severity": "critical", "pod": n}, "annotations": map[string]string{"summary": "Errors of pod " + n, "description": "More than 5 % of calls fail."},
			"startsAt": starts.Format(time.RFC3339Nano), "fingerprint": "fp-" + n, "generatorURL": "http://prom/graph"}
		if status == "resolved" {
			a["endsAt"] = starts.Add(time.Minute).Format(time.RFC3339Nano)
		}
		alerts = append(alerts, a)
	}
	b, err := json.Marshal(map[string]any{"version": "4", "groupKey": `{}:{alertname="HighErrors"}`, "status": status, "receiver": "hypercare", "alerts": alerts})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestAlertmanagersGroupIsOneReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(Alertmanager, channel.Input{})
	start := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	path := "/in/alertmanager/" + c.Key
	for range 3 { // repeat_interval
		if code, body := r.send(path, promJSON("firing", start, "a", "b")); code != http.StatusOK {
			t.Fatal(code, body)
		}
	}
	g := r.groups()
	if len(g) != 1 || g[0].Open != 2 || g[0].Total != 2 || g[0].State != Firing || g[0].Severity != "sev1" {
		t.Fatalf("%+v", g[0])
	}
	reports := r.reports()
	if len(reports) != 1 || !strings.Contains(reports[0].Text, "More than 5 %") || !strings.Contains(reports[0].Text, "Errors of pod b") || !reports[0].OccurredAt.Equal(start) {
		t.Fatalf("%d reports: %+v", len(reports), reports)
	}
	r.send(path, promJSON("resolved", start, "a", "b"))
	one, err := r.s.Get(r.Ctx, g[0].ID)
	if err != nil || one.State != Resolved || one.Open != 0 || one.EndedAt == nil || one.FeedbackID != reports[0].ID || len(one.Alerts) != 2 || one.Alerts[0].Times != 3 {
		t.Fatalf("%+v %v", one, err)
	}
	th, err := r.notices.Thread(r.Ctx, one.FeedbackID)
	if err != nil || len(th.Items) != 1 || !strings.HasPrefix(th.Items[0].Text, "All 2 alerts are resolved") {
		t.Errorf("%+v %v", th, err)
	}
	// What is told late of an end that is known does not begin it again.
	r.send(path, promJSON("firing", start, "a"))
	if g := r.groups(); len(g) != 1 || g[0].State != Resolved {
		t.Errorf("late: %+v", g)
	}
	// A new start is a new alert, and a new report.
	r.send(path, promJSON("firing", start.Add(30*time.Minute), "a"))
	if g := r.groups(); len(g) != 2 || len(r.reports()) != 2 {
		t.Errorf("again: %d groups, %d reports", len(g), len(r.reports()))
	}
}

func TestPrometheusItselfMayPost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(Alertmanager, channel.Input{})
	start := time.Now().Add(-time.Minute).UTC()
	post := func(ends time.Time) {
		b, err := json.Marshal([]map[string]any{{"labels": map[string]string{"alertname": "Slow", "job": "shop"}, "annotations": map[string]string{"summary": "Slow"}, "startsAt": start, "endsAt": ends}})
		if err != nil {
			t.Fatal(err)
		}
		if code, body := r.send("/in/alertmanager/"+c.Key+"/api/v2/alerts", string(b)); code != http.StatusOK {
			t.Fatal(code, body)
		}
	}
	post(time.Now().Add(4 * time.Minute))
	post(time.Now().Add(5 * time.Minute))
	if g := r.groups(); len(g) != 1 || g[0].State != Firing || g[0].Service != "shop" {
		t.Fatalf("%+v", g[0])
	}
	// Nobody tells it any more: it is over.
	r.s.now = func() time.Time { return time.Now().Add(6 * time.Minute) }
	if err := r.s.Sweep(r.Ctx); err != nil {
		t.Fatal(err)
	}
	if g := r.groups(); g[0].State != Resolved {
		t.Errorf("%+v", g[0])
	}
}

func pager(key, action, dedup, summary string) string {
	b, err := json.Marshal(map[string]any{"routing_key": key, "event_action": action, "dedup_key": dedup,
		"payload": map[string]any{"summary": summary, "source": "shop-1", "severity": "error", "component": "checkout", "custom_details": map[string]any{"queue": map[string]any{"size": 7}}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestPagerDutysRules(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(PagerDuty, channel.Input{})
	if len(c.Key) != 32 {
		t.Fatalf("a routing key has 32 characters, not %d", len(c.Key))
	}
	do := func(action, dedup string) {
		t.Helper()
		if code, body := r.send("/v2/enqueue", pager(c.Key, action, dedup, "Queue 17 is full")); code != http.StatusAccepted || !strings.Contains(body, `"success"`) {
			t.Fatal(code, body)
		}
	}
	do("resolve", "q") // nothing is open: dropped
	if len(r.groups()) != 0 {
		t.Fatal("a resolve made an alert")
	}
	do("trigger", "q")
	do("trigger", "q")
	do("acknowledge", "q")
	if g := r.groups(); len(g) != 1 || g[0].State != Acknowledged || g[0].Total != 1 {
		t.Fatalf("%+v", g)
	}
	do("resolve", "q")
	do("acknowledge", "q")
	do("trigger", "q") // after a resolve it is a new one
	g := r.groups()
	if len(g) != 2 || g[0].State != Firing || g[1].State != Resolved || len(r.reports()) != 2 {
		t.Fatalf("%+v", g)
	}
	one, err := r.s.Get(r.Ctx, g[0].ID)
	if err != nil || one.Alerts[0].Labels["queue.size"] != "7" || one.Alerts[0].Labels["source"] != "shop-1" {
		t.Errorf("%+v %v", one.Alerts[0], err)
	}
	// Without a key of its own it gets one, and says so.
	_, body := r.send("/v2/enqueue", pager(c.Key, "trigger", "", "Disk full"))
	var answer pagerAnswer
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.DedupKey == "" {
		t.Fatal(body, err)
	}
	r.send("/v2/enqueue", pager(c.Key, "resolve", answer.DedupKey, ""))
	if g := r.groups(); g[0].State != Resolved {
		t.Errorf("%+v", g[0])
	}
	for body, want := range map[string]string{
		`{"event_action":"trigger"}`: "payload.summary", pager(strings.Repeat("0", 32), "trigger", "", "x"): "No channel has this key", pager(c.Key, "celebrate", "", "x"): "event_action", "{": "no JSON",
	} {
		if code, got := r.send("/v2/enqueue", body); code != http.StatusBadRequest || !strings.Contains(got, want) || !strings.Contains(got, "invalid event") {
			t.Errorf("%s: %d %s", body, code, got)
		}
	}
}

func TestChangeEventsAreReleases(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(PagerDuty, channel.Input{})
	body := `{"routing_key":"` + c.Key + `","payload":{"summary":"Deployed checkout v3.0.4","source":"checkout","timestamp":"` + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + `"},"links":[{"href":"https://ci.example/1"}]}`
	for range 2 {
		if code, got := r.send("/v2/change/enqueue", body); code != http.StatusAccepted {
			t.Fatal(code, got)
		}
	}
	list, err := r.releases.List(r.Ctx, r.LaunchID, 0, "", 10)
	if err != nil || len(list) != 1 || list[0].Version != "3.0.4" || list[0].Service != "checkout" || list[0].URL != "https://ci.example/1" || list[0].Source != "pagerduty" {
		t.Errorf("%+v %v", list, err)
	}
}

func TestAStormIsOneReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(Alertmanager, channel.Input{})
	names := make([]string, 3_000)
	for i := range names {
		names[i] = fmt.Sprintf("pod-%d", i)
	}
	start := time.Now().Add(-time.Minute)
	for from := 0; from < len(names); from += 1000 {
		if code, body := r.send("/in/alertmanager/"+c.Key, promJSON("firing", start, names[from:from+1000]...)); code != http.StatusOK {
			t.Fatal(code, body)
		}
	}
	g := r.groups()
	if len(g) != 1 || g[0].Open != len(names) || g[0].Total != len(names) || len(r.reports()) != 1 {
		t.Fatalf("%d groups, %+v, %d reports", len(g), g[0], len(r.reports()))
	}
	done, err := r.s.Resolve(r.Ctx, g[0].ID)
	if err != nil || done.State != Resolved || done.Open != 0 {
		t.Errorf("%+v %v", done, err)
	}
}

func TestCloudEventsInTheirForms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(CloudEvents, channel.Input{})
	path := "/in/cloudevents/" + c.Key
	binary := []string{"ce-id", "1", "ce-source", "shop", "ce-type", "checkout.failed", "ce-specversion", "1.0", "Content-Type", "application/json"}
	for range 2 { // source and id: once
		if code, body := r.send(path, `{"summary":"Checkout fails","severity":"error"}`, binary...); code != http.StatusAccepted {
			t.Fatal(code, body)
		}
	}
	if g := r.groups(); len(g) != 1 || g[0].Title != "Checkout fails" || g[0].Severity != "sev2" || g[0].Service != "shop" {
		t.Fatalf("%+v", g[0])
	}
	structured := `{"specversion":"1.0","id":"2","source":"shop","type":"disk.resolved","subject":"disk-1","data":{"message":"fine"}}`
	if code, body := r.send(path, structured, "Content-Type", "application/cloudevents+json; charset=utf-8"); code != http.StatusAccepted {
		t.Fatal(code, body)
	}
	batch := `[{"specversion":"1.0","id":"3","source":"a","type":"t","data":{"title":"One"}},{"specversion":"1.0","id":"4","source":"b","type":"t","data":{"title":"Two"}}]`
	if code, body := r.send(path, batch, "Content-Type", "application/cloudevents-batch+json"); code != http.StatusAccepted {
		t.Fatal(code, body)
	}
	if g := r.groups(); len(g) != 3 {
		t.Errorf("%d groups", len(g))
	}
	for _, bad := range [][]string{{"Content-Type", "application/json"}, {"ce-id", "1", "ce-specversion", "1.0"}, {"ce-id", "1", "ce-source", "s", "ce-type", "t", "ce-specversion", "0.3"}} {
		if code, body := r.send(path, `{}`, bad...); code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d %s", bad, code, body)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, r.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("WebHook-Request-Origin", "events.example")
	res, err := r.server.Client().Do(req)
	if err != nil || res.Header.Get("WebHook-Allowed-Origin") != "events.example" {
		t.Errorf("handshake: %v %v", res, err)
	}
	_ = res.Body.Close()
}

func TestAnyJSONByAMapping(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(JSON, channel.Input{Settings: map[string]any{"each": "body.items", "when": "body.level != 'debug'", "title": "body.what", "key": "string(body.no)",
		"kind": `body.level == "note" ? "feedback" : body.level == "deploy" ? "release" : "alert"`, "severity": "body.level", "version": "body.v", "email": "body.by.?mail.orValue('')"}})
	body := `{"items":[{"no":1,"what":"Disk full","level":"critical"},{"no":2,"what":"noise","level":"debug"},
		{"no":3,"what":"It is great","level":"note","by":{"mail":"ann@x.example"}},{"no":4,"what":"Shop","level":"deploy","v":"9.1"}]}`
	for range 2 {
		if code, got := r.send("/in/webhook/"+c.Key, body); code != http.StatusOK {
			t.Fatal(code, got)
		}
	}
	if g := r.groups(); len(g) != 1 || g[0].Title != "Disk full" || g[0].Severity != "sev1" {
		t.Fatalf("%+v", g)
	}
	if list, err := r.releases.List(r.Ctx, r.LaunchID, 0, "", 10); err != nil || len(list) != 1 || list[0].Version != "9.1" {
		t.Errorf("%+v %v", list, err)
	}
	notes, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{Channel: JSON, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, d := range notes {
		if d.Format == "" {
			said++
			if f, err := r.Feedback.Get(r.Ctx, d.ID); err != nil || f.Text != "It is great" || f.Author.Email != "ann@x.example" {
				t.Errorf("%+v %v", f, err)
			}
		}
	}
	if said != 1 {
		t.Errorf("%d notes, want 1", said)
	}
	// What can't be read is dead with the reason, and nothing is lost.
	r.send("/in/webhook/"+c.Key, `{"items":[{"no":5,"level":"error"}]}`)
	dead, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{State: feedback.DeliveryDead, Limit: 5})
	if err != nil || len(dead) != 1 || !strings.Contains(dead[0].Reason, "neither a title nor a text") {
		t.Errorf("%+v %v", dead, err)
	}
	if code, _ := r.send("/in/webhook/"+c.Key, `{`); code != http.StatusUnprocessableEntity {
		t.Errorf("no JSON: %d", code)
	}
	for _, m := range []map[string]any{{"title": "body."}, {"when": "foo(body)"}, {"each": strings.Repeat("x", 5000)}} {
		if _, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: JSON, Settings: m}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%.40v: %v", m, err)
		}
	}
}

func TestAPreviewShowsWhatADocumentMeans(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	list, err := r.s.Preview(r.Ctx, PreviewInput{Kind: JSON, Sample: `{"title":"Disk full","level":"warning","status":"ok","timestamp":1700000000}`})
	if err != nil || len(list) != 1 || list[0].Title != "Disk full" || list[0].Severity != "warning" || list[0].Time == nil || list[0].Time.Year() != 2023 {
		t.Errorf("%+v %v", list, err)
	}
	for m, field := range map[Mapping]string{{Title: `1/0`}: "title", {Each: `body.x`}: "each", {Title: `"x"`, Kind: `"y"`}: "kind", {Title: `"x"`, Time: `"then"`}: "time", {When: `body.`}: "when", {}: "title"} {
		_, err := r.s.Preview(r.Ctx, PreviewInput{Kind: JSON, Mapping: m, Sample: `{}`})
		if f := errs.Fields(err); !errs.Is(err, errs.Invalid) || len(f) != 1 || f[0].Location != "settings."+field {
			t.Errorf("%+v: %v %v", m, err, f)
		}
	}
	if _, err := r.s.Preview(r.As(workspace.Viewer), PreviewInput{Kind: JSON, Sample: `{}`}); !errs.Is(err, errs.Denied) {
		t.Error(err)
	}
}

func TestGrafanaSigns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(Grafana, channel.Input{Secrets: map[string]string{"hmac": "s3cret"}})
	body := promJSON("firing", time.Now().Add(-time.Minute), "a")
	sign := func(key, prefix string) string {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte(prefix + body))
		return hex.EncodeToString(m.Sum(nil))
	}
	at := fmt.Sprint(time.Now().Unix())
	for name, tc := range map[string]struct {
		header []string
		want   int
	}{
		"none":  {nil, http.StatusUnauthorized},
		"wrong": {[]string{"X-Grafana-Alerting-Signature", sign("other", "")}, http.StatusUnauthorized},
		"body":  {[]string{"X-Grafana-Alerting-Signature", sign("s3cret", "")}, http.StatusOK},
		"time":  {[]string{"X-Grafana-Alerting-Signature", sign("s3cret", at+":"), "X-Grafana-Alerting-Timestamp", at}, http.StatusOK},
		"old":   {[]string{"X-Grafana-Alerting-Signature", sign("s3cret", "1:"), "X-Grafana-Alerting-Timestamp", "1"}, http.StatusUnauthorized},
	} {
		if code, got := r.send("/in/grafana/"+c.Key, body, tc.header...); code != tc.want {
			t.Errorf("%s: %d %s", name, code, got)
		}
	}
}

func TestAlertsAreOfTheirWorkspace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(Alertmanager, channel.Input{})
	r.send("/in/alertmanager/"+c.Key, promJSON("firing", time.Now().Add(-time.Minute), "a"))
	id := r.groups()[0].ID
	if _, err := r.s.Get(r.Other().Ctx, id); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if _, err := r.s.Resolve(r.As(workspace.Viewer), id); !errs.Is(err, errs.Denied) {
		t.Error(err)
	}
	if list, err := Between(r.Ctx, r.DB, r.Workspace, r.LaunchID, time.Now().Add(-time.Hour), time.Now(), 10); err != nil || len(list) != 1 || list[0].Title != "Errors of pod a" {
		t.Errorf("%+v %v", list, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(promJSON("firing", time.Unix(1700000000, 0), "a")))
	f.Add([]byte(pager("k", "trigger", "", "Queue 17")))
	f.Add([]byte(`{"specversion":"1.0","id":"2","source":"shop","type":"t"}`))
	m, err := jsonMapping.compile()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var all []told
		if list, err := readWebhook(raw); err == nil {
			all = append(all, list...)
		}
		if list, err := readAlerts(raw, time.Unix(1700000000, 0)); err == nil {
			all = append(all, list...)
		}
		if e, bad := readPager(raw); len(bad) == 0 {
			all = append(all, e.told())
		}
		if c, bad := readPagerChange(raw); len(bad) == 0 {
			_, _ = c.release() // must not panic
		}
		for _, kind := range []string{"application/cloudevents+json", "application/cloudevents-batch+json"} {
			_, _ = readCloudEvents(http.Header{"Content-Type": {kind}}, raw)
		}
		if v, err := decode(raw); err == nil {
			if items, err := m.read(v); err == nil {
				for i := range items {
					all = append(all, items[i].told())
				}
			}
		}
		for _, one := range all {
			one.tidy()
			if one.Key == "" || one.Group == "" && one.Title == "" || len(one.Title) > maxTitle || len(one.Labels) > maxLabels || bytes.ContainsRune([]byte(one.Text), 0) {
				t.Errorf("%+v", one)
			}
		}
	})
}
