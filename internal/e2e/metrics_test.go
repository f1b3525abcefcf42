package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// promtool runs Debian's promtool, unmodified, against a server. That of
// Prometheus 2.42 knows no other way to sign in than a name and a password in
// the URL; the token is the password.
func promtool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (scripts/setup.sh installs Debian's package prometheus)")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return string(out), err
}

// raw posts a body and returns the status and the answer.
func (w world) raw(t *testing.T, token, path string, headers map[string]string, body []byte) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// remoteWrite is a request of remote write 1.0 with one series.
func remoteWrite(t *testing.T, name string, at time.Time, v float64) []byte {
	t.Helper()
	req := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "shop"}},
		Samples: []prompb.Sample{{Timestamp: at.UnixMilli(), Value: v}},
	}}, Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: name, Help: "Orders taken."}}}
	text, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return s2.EncodeSnappy(nil, text)
}

var protoBody = map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}

// TestMetricsInAndOut writes by both forms of remote write and by OTLP, and
// asks with Debian's promtool; kills the process and asks again.
func TestMetricsInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	intake, viewer := newToken(t, w.Config, "intake"), newToken(t, w.Config, "viewer")
	now := time.Now()
	const write = "/api/v1/prometheus/api/v1/write"
	if code, _, text := w.raw(t, intake, write, protoBody, remoteWrite(t, "orders_total", now, 42)); code != http.StatusNoContent {
		t.Fatalf("remote write 1: %d %s", code, text)
	}
	two := writev2.Request{Symbols: []string{"", "__name__", "queue_length", "queue", "mail"}, Timeseries: []writev2.TimeSeries{{
		LabelsRefs: []uint32{1, 2, 3, 4}, Samples: []writev2.Sample{{Timestamp: now.UnixMilli(), Value: 7}},
		Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_GAUGE},
	}}}
	text, err := two.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	second := map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}
	if code, h, text := w.raw(t, intake, write, second, s2.EncodeSnappy(nil, text)); code != http.StatusNoContent || h.Get("X-Prometheus-Remote-Write-Samples-Written") != "1" {
		t.Fatalf("remote write 2: %d %v %s", code, h, text)
	}
	w.sendOTLP(t, intake, now)
	// Who may only send may not read, and the other way round.
	if code, _, _ := w.raw(t, intake, "/api/v1/prometheus/api/v1/query?query=up", nil, nil); code != http.StatusForbidden {
		t.Errorf("intake reads: %d", code)
	}
	if code, _, _ := w.raw(t, viewer, write, protoBody, remoteWrite(t, "x", now, 1)); code != http.StatusForbidden {
		t.Errorf("viewer writes: %d", code)
	}
	if code, _, text := w.raw(t, intake, write, protoBody, remoteWrite(t, "orders_total", now.Add(-24*time.Hour), 1)); code != http.StatusBadRequest || !strings.Contains(text, "1 samples were not stored") {
		t.Errorf("too old: %d %s", code, text)
	}

	check := func(server string) {
		t.Helper()
		url := strings.Replace(server, "http://", "http://any:"+viewer+"@", 1)
		at := fmt.Sprintf("--time=%d", now.Unix()+1)
		for _, tc := range []struct {
			args []string
			want string
		}{
			{[]string{"query", "instant", at, url, "orders_total"}, `orders_total{job="shop"} => 42 @`},
			{[]string{"query", "instant", at, url, `sum(queue_length{queue="mail"}) * 2`}, `{} => 14 @`},
			{[]string{"query", "instant", at, url, `http_server_requests_total`}, `http_server_requests_total{http_route="/pay", instance="pod-1", job="payments"} => 5 @`},
			{[]string{"query", "instant", at, url, `histogram_quantile(0.5, http_server_request_duration_seconds_bucket)`}, `{http_route="/pay", instance="pod-1", job="payments"} => 0.`},
			{[]string{"query", "instant", at, url, `app_workers_ratio`}, `=> 0.5 @`},
			{[]string{"query", "range", fmt.Sprintf("--start=%d", now.Unix()-30), fmt.Sprintf("--end=%d", now.Unix()+60), "--step=15s", url, "orders_total"}, "42 @["},
			{[]string{"query", "series", "--match=orders_total", "--match=queue_length", url}, "queue=\"mail\""},
			{[]string{"query", "labels", url, "job"}, "payments\nshop"},
		} {
			out, err := promtool(t, tc.args...)
			if err != nil || !strings.Contains(out, tc.want) {
				t.Errorf("promtool %v: %v\n%s\nwant %s", tc.args, err, out, tc.want)
			}
		}
		if out, err := promtool(t, "query", "instant", at, server, "orders_total"); err == nil || !strings.Contains(out, "Sign in") {
			t.Errorf("without a token: %v %s", err, out)
		}
		if out, err := promtool(t, "query", "instant", at, url, "sum("); err == nil || !strings.Contains(out, "parse error") {
			t.Errorf("not PromQL: %v %s", err, out)
		}
	}
	check(w.URL + "/api/v1/prometheus")
	var meta struct {
		Data map[string][]struct{ Type, Help string }
	}
	w.get(t, "/api/v1/prometheus/api/v1/metadata?metric=orders_total", &meta)
	if list := meta.Data["orders_total"]; len(list) != 1 || list[0].Type != "counter" || list[0].Help != "Orders taken." {
		t.Errorf("metadata %+v", meta)
	}
	w.Kill()
	again := world{Server: start(t, w.Config), token: w.token}
	check(again.URL + "/api/v1/prometheus")
}

// sendOTLP sends a counter, a gauge and a histogram, as protobuf with gzip and
// as JSON, and deltas, which have no translation.
func (w world) sendOTLP(t *testing.T, token string, now time.Time) {
	t.Helper()
	m := pmetric.NewMetrics()
	rm := m.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "payments")
	rm.Resource().Attributes().PutStr("service.instance.id", "pod-1")
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	ts := pcommon.NewTimestampFromTime(now)
	counter := list.AppendEmpty()
	counter.SetName("http.server.requests")
	sum := counter.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	point := sum.DataPoints().AppendEmpty()
	point.SetTimestamp(ts)
	point.SetIntValue(5)
	point.Attributes().PutStr("http.route", "/pay")
	hist := list.AppendEmpty()
	hist.SetName("http.server.request.duration")
	hist.SetUnit("s")
	h := hist.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(ts)
	hp.ExplicitBounds().FromRaw([]float64{0.1, 1})
	hp.BucketCounts().FromRaw([]uint64{2, 2, 0})
	hp.SetCount(4)
	hp.SetSum(1.2)
	hp.Attributes().PutStr("http.route", "/pay")
	text, err := pmetricotlp.NewExportRequestFromMetrics(m).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	code, head, answer := w.raw(t, token, "/v1/metrics", map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}, packed.Bytes())
	if code != http.StatusOK || head.Get("Content-Type") != "application/x-protobuf" {
		t.Fatalf("OTLP protobuf: %d %q", code, answer)
	}
	asJSON := fmt.Sprintf(`{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[
		{"name":"app.workers","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"%[1]d","asDouble":0.5}]}},
		{"name":"app.deltas","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"%[1]d","asInt":"3"}]}}]}]}]}`, now.UnixNano())
	code, _, answer = w.raw(t, token, "/api/v1/otlp/v1/metrics", map[string]string{"Content-Type": "application/json"}, []byte(asJSON))
	var partial struct {
		PartialSuccess struct {
			Rejected json.RawMessage `json:"rejectedDataPoints"`
			Message  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal([]byte(answer), &partial); err != nil || code != http.StatusOK || !strings.Contains(string(partial.PartialSuccess.Rejected), "1") || !strings.Contains(partial.PartialSuccess.Message, "app.deltas") {
		t.Fatalf("OTLP JSON: %d %s %v", code, answer, err)
	}
	code, _, answer = w.raw(t, token, "/v1/metrics", map[string]string{"Content-Type": "application/json"}, []byte("{"))
	if code != http.StatusBadRequest || !strings.Contains(answer, "message") {
		t.Errorf("not OTLP: %d %s", code, answer)
	}
}

// TestAPrometheusWritesHere runs Debian's Prometheus, unmodified: it scrapes
// our /metrics with a token and writes what it scraped to us.
func TestAPrometheusWritesHere(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (scripts/setup.sh installs Debian's package prometheus)")
	}
	w := newWorld(t)
	skipOnPostgres(t, w.Config)
	dir := t.TempDir()
	host := strings.TrimPrefix(w.URL, "http://")
	cfg := fmt.Sprintf(`global: {scrape_interval: 1s}
scrape_configs:
  - job_name: hypercare
    authorization: {credentials: %[1]s}
    static_configs: [{targets: [%[2]q]}]
remote_write:
  - url: %[3]s/api/v1/prometheus/api/v1/write
    authorization: {credentials: %[1]s}
    queue_config: {batch_send_deadline: 500ms}
`, w.token, host, w.URL)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address=127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	waitFor(t, 30*time.Second, "what Prometheus scraped", func() (bool, string) {
		var ans struct {
			Data struct {
				Result []struct {
					Value [2]any `json:"value"`
				} `json:"result"`
			} `json:"data"`
		}
		w.get(t, "/api/v1/prometheus/api/v1/query?query="+`count({job="hypercare",__name__=~"hypercare_http_request_duration_seconds_bucket|up"})%20>%202`, &ans)
		return len(ans.Data.Result) == 1, fmt.Sprint(ans)
	})
}

// TestTrafficBecomesMetrics calls a published route, and reads its rate and
// latency back; /metrics names the tenant's routes only to whom it belongs.
func TestTrafficBecomesMetrics(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer up.Close()
	w := newWorld(t)
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}], breaker: {failures: 0.9}}\napis:\n  - name: orders\n    upstream: up\n    routes:\n      - {name: all, prefix: /}\n", up.URL)
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		t.Fatal(err)
	}
	var state struct{ URL string }
	w.get(t, "/api/v1/gateway/state", &state)
	for _, path := range []string{"/a", "/b", "/c", "/bad"} {
		res, err := http.Get(state.URL + path) //nolint:noctx // ends with the server
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	var traffic struct {
		Routes []struct {
			API, Route       string
			Requests, Errors float64
			P95              *float64 `json:"p95_ms"`
			Spark            []float64
		}
	}
	waitFor(t, 40*time.Second, "the samples", func() (bool, string) {
		w.get(t, "/api/v1/gateway/traffic?range=5m", &traffic)
		return len(traffic.Routes) == 1 && traffic.Routes[0].Requests >= 4, fmt.Sprintf("%+v", traffic)
	})
	if r := traffic.Routes[0]; r.Route != "all" || r.Errors < 0.2 || r.Errors > 0.3 || r.P95 == nil || *r.P95 <= 0 || len(r.Spark) != 30 {
		t.Errorf("traffic %+v", r)
	}
	var route struct {
		Series map[string][]*float64
	}
	waitFor(t, 40*time.Second, "the chart", func() (bool, string) {
		w.get(t, "/api/v1/gateway/traffic/route?api=orders&route=all&range=5m", &route)
		return len(route.Series["rate"]) > 0 && len(route.Series["2xx"]) > 0 && len(route.Series["p95_ms"]) > 0, fmt.Sprint(route.Series)
	})
	var breaker struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	w.get(t, "/api/v1/prometheus/api/v1/query?query=hypercare_gateway_breaker_state", &breaker)
	if len(breaker.Data.Result) != 1 || breaker.Data.Result[0].Value[1] != "0" {
		t.Errorf("breaker %+v", breaker)
	}
	const own, total = `hypercare_gateway_requests_total{api="orders"`, `hypercare_gateway_all_requests_total{class="2xx"} 3`
	public, mine := w.text(t, "", "/metrics"), w.text(t, w.token, "/metrics")
	if strings.Contains(public, "orders") || !strings.Contains(public, total) {
		t.Error("/metrics without a token names a tenant's API, or lacks the totals")
	}
	if !strings.Contains(mine, own) || !strings.Contains(mine, total) {
		t.Error("/metrics with a token lacks its own routes")
	}
}

// text gets a page.
func (w world) text(t *testing.T, token, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRulesAndAlertsOverHTTP saves rules, sees what they find, and asks for
// both in the forms of Prometheus.
func TestRulesAndAlertsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const doc = "groups:\n  - name: up\n    interval: 5s\n    rules:\n      - {record: two, expr: vector(2)}\n      - alert: Always\n        expr: vector(1) > 0\n        labels: {severity: sev3}\n        annotations: {summary: 'value {{ $value }}'}\n"
	put := func(name, text string) error {
		return w.Call(t.Context(), w.token, "PUT", "/api/v1/rule-groups/"+name, map[string]any{"document": text}, nil)
	}
	if err := put("up", strings.Replace(doc, "vector(1) > 0", "vector(1", 1)); err == nil || !strings.Contains(err.Error(), "line 7") {
		t.Errorf("a bad expression: %v", err)
	}
	if err := put("up", doc); err != nil {
		t.Fatal(err)
	}
	var alerts struct {
		Items []struct {
			Rule, State string
			Annotations map[string]string
		}
	}
	waitFor(t, 20*time.Second, "the alert", func() (bool, string) {
		w.get(t, "/api/v1/alerts", &alerts)
		return len(alerts.Items) == 1 && alerts.Items[0].State == "firing", fmt.Sprint(alerts)
	})
	if alerts.Items[0].Annotations["summary"] != "value 1" {
		t.Errorf("alert %+v", alerts.Items[0])
	}
	var rules struct {
		Data struct {
			Groups []struct {
				Name  string
				Rules []struct{ Name, Type, State, Health string }
			}
		}
	}
	w.get(t, "/api/v1/prometheus/api/v1/rules", &rules)
	if g := rules.Data.Groups; len(g) != 1 || len(g[0].Rules) != 2 || g[0].Rules[0].Type != "recording" || g[0].Rules[1].State != "firing" || g[0].Rules[1].Health != "ok" {
		t.Errorf("rules as Prometheus has them: %+v", rules)
	}
	var prom struct {
		Data struct {
			Alerts []struct{ State, Value string }
		}
	}
	w.get(t, "/api/v1/prometheus/api/v1/alerts", &prom)
	if a := prom.Data.Alerts; len(a) != 1 || a[0].State != "firing" || a[0].Value != "1" {
		t.Errorf("alerts as Prometheus has them: %+v", prom)
	}
	waitFor(t, 20*time.Second, "the recorded series", func() (bool, string) {
		text := w.text(t, w.token, "/api/v1/prometheus/api/v1/query?query=two")
		return strings.Contains(text, `"2"]`), text
	})
	if err := w.Call(t.Context(), w.token, "DELETE", "/api/v1/rule-groups/up", nil, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 20*time.Second, "the end of the alert", func() (bool, string) {
		w.get(t, "/api/v1/alerts?state=resolved", &alerts)
		return len(alerts.Items) == 1, fmt.Sprint(alerts)
	})
}
