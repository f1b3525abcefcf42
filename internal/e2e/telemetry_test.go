package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

type waterfall struct {
	Sentence, Failure string
	Spans             []struct {
		Service, Name, Kind, Status, Route, Error, User, Release string
		Depth                                                    int
		HTTPStatus                                               int `json:"http_status"`
	}
}

// TestTelemetryOfOthers lets OpenTelemetry's own SDKs, for Node.js with
// auto-instrumentation and for Go, send to hypercare: only an address is ours.
func TestTelemetryOfOthers(t *testing.T) {
	t.Parallel()
	clients(t) // without them nothing below would add up
	cfg := fresh(t)
	skipOnPostgres(t, cfg)
	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Args = append(cfg.Args, "--otlp", addr)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, cfg, "admin")
	w.launch = newLaunch(t, w.Server, w.token)
	c := w.channel(t, "otlp", nil)
	t.Run("sdks", func(t *testing.T) {
		for _, protocol := range []string{"http/protobuf", "http/json"} {
			t.Run(strings.ReplaceAll(protocol, "/", "-"), func(t *testing.T) {
				t.Parallel()
				w.nodeShop(t, protocol, w.URL+"/in/otlp/"+c.Key)
			})
		}
		t.Run("go", func(t *testing.T) {
			t.Parallel()
			w.goShop(t, "http://"+addr, newToken(t, cfg, "intake"))
		})
	})
	w.get(t, "/api/v1/channels/"+c.ID, &c)
	if c.State != "receiving" || c.Received < 8 {
		t.Errorf("channel: %+v", c)
	}
	var list struct {
		Items []struct{ Service, Release string }
	}
	w.get(t, "/api/v1/telemetry/services", &list)
	if len(list.Items) != 3 {
		t.Errorf("services: %+v", list)
	}
}

// nodeShop runs a program with @opentelemetry/auto-instrumentations-node.
func (w world) nodeShop(t *testing.T, protocol, endpoint string) {
	service := "shop-" + strings.TrimPrefix(protocol, "http/")
	cmd := exec.CommandContext(t.Context(), "node", "--require", "@opentelemetry/auto-instrumentations-node/register", "otel/shop.cjs")
	cmd.Dir = clients(t)
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL="+protocol, "OTEL_SERVICE_NAME="+service,
		"OTEL_RESOURCE_ATTRIBUTES=service.version=3.0.4,deployment.environment.name=production", "OTEL_TRACES_EXPORTER=otlp", "OTEL_LOGS_EXPORTER=otlp", "OTEL_METRICS_EXPORTER=otlp",
		"OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_NODE_ENABLED_INSTRUMENTATIONS=http", "OTEL_NODE_RESOURCE_DETECTORS=env", "OTEL_LOG_LEVEL=warn")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var spans struct {
		Items []struct {
			TraceID string `json:"trace_id"`
		}
	}
	w.get(t, "/api/v1/spans?user=u-otel&service="+service, &spans)
	if len(spans.Items) != 1 {
		t.Fatalf("%d spans of the user, want 1", len(spans.Items))
	}
	var got waterfall
	w.get(t, "/api/v1/traces/"+spans.Items[0].TraceID, &got)
	if len(got.Spans) != 3 || got.Spans[0].Kind != "client" || got.Spans[1].Kind != "server" || got.Spans[1].HTTPStatus != 504 || got.Spans[1].Route != "/checkout/pay" ||
		got.Spans[2].Name != "pool.acquire card-processor" || got.Spans[2].Depth != 2 || got.Spans[2].Error != "TypeError" || got.Spans[2].Release != "3.0.4" {
		t.Errorf("waterfall: %+v", got)
	}
	if !strings.HasSuffix(got.Sentence, "of the time was spent waiting for a connection.") || !strings.Contains(got.Failure, "no connection within 8000 ms") {
		t.Errorf("says %q, %q", got.Sentence, got.Failure)
	}
	var logs struct {
		Items []struct{ Body, Level, Service string }
	}
	w.get(t, "/api/v1/logs?trace="+spans.Items[0].TraceID, &logs)
	if len(logs.Items) != 1 || logs.Items[0].Level != "warn" || logs.Items[0].Body != "no free connection, 41 wait" {
		t.Errorf("logs: %+v", logs)
	}
	var series struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	w.get(t, `/api/v1/prometheus/api/v1/query?query=http_server_duration_milliseconds_count%7Bjob%3D%22`+service+`%22%7D+or+http_server_request_duration_seconds_count%7Bjob%3D%22`+service+`%22%7D`, &series)
	if len(series.Data.Result) == 0 {
		t.Errorf("no metrics of %s", service)
	}
}

// goShop runs a program with OpenTelemetry's SDK for Go, by a token and the
// port of its own.
func (w world) goShop(t *testing.T, endpoint, token string) {
	cmd := exec.CommandContext(t.Context(), peer(t, "otelpeer"))
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20"+token, "OTEL_SERVICE_NAME=stock")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got waterfall
	w.get(t, "/api/v1/traces/"+strings.TrimSpace(string(out)), &got)
	if len(got.Spans) != 2 || got.Spans[0].Name != "GET /stock" || got.Spans[0].User != "u-go" || got.Spans[1].Error != "*errors.errorString" {
		t.Errorf("waterfall: %+v", got)
	}
	if !strings.HasSuffix(got.Sentence, "of the time was spent in the database: SELECT stock.") {
		t.Errorf("says %q", got.Sentence)
	}
}

const nginxConf = `daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 64; }
http {
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  log_format hypercare escape=json '{"msec":"$msec","request_method":"$request_method","host":"$host","request_uri":"$request_uri","server_protocol":"$server_protocol","status":"$status",'
    '"request_time":"$request_time","upstream_response_time":"$upstream_response_time","upstream_addr":"$upstream_addr","request_length":"$request_length","bytes_sent":"$bytes_sent",'
    '"remote_addr":"$remote_addr","remote_user":"$remote_user","http_user_agent":"$http_user_agent","http_traceparent":"$http_traceparent","session":"$cookie_session","user":"$http_x_user"}';
  access_log %[1]s/access.json hypercare;
  server { listen %[2]s; location / { return 200 "ok\n"; } location /pay { return 504 "late\n"; } }
}
`

// TestNginxIsFollowed has Debian's nginx write its access log, rotates it as
// logrotate does, and kills who follows: every request is a call, once.
func TestNginxIsFollowed(t *testing.T) {
	t.Parallel()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	cfg := fresh(t)
	skipOnPostgres(t, cfg)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, cfg, "admin")
	w.launch = newLaunch(t, w.Server, w.token)
	c := w.channel(t, "accesslog", map[string]any{"format": "nginx", "fields": map[string]any{"user": "user"}})
	dir := t.TempDir()
	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, nginxConf, dir, addr), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(nginx, "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "error.log"))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGTERM); _ = server.Wait() })
	sent := 0
	ask := func(path string, n int) {
		t.Helper()
		for range n {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-User", "u-nginx")
			req.Header.Set("Traceparent", "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			sent++
		}
	}
	waitFor(t, 10*time.Second, "nginx", func() (bool, string) {
		res, err := http.Get("http://" + addr + "/ready")
		if err != nil {
			return false, err.Error()
		}
		sent++
		_ = res.Body.Close()
		return true, ""
	})
	log := filepath.Join(dir, "access.json")
	follow := func() *exec.Cmd {
		t.Helper()
		cmd := exec.Command(binary, "tail", "--file", log, "--url", w.URL, "--key", c.Key)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	arrived := func() {
		t.Helper()
		waitFor(t, 20*time.Second, "all calls", func() (bool, string) {
			var n struct{ Count int }
			w.get(t, "/api/v1/calls/count?q=api:nginx:access-log", &n)
			if n.Count > sent {
				t.Fatalf("%d calls of %d requests", n.Count, sent)
			}
			return n.Count == sent, fmt.Sprintf("%d calls of %d", n.Count, sent)
		})
	}
	tail := follow()
	ask("/orders?id=7", 20)
	arrived()
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	ask("/before-it-notices", 5) // nginx still writes to the old one
	if err := server.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 10*time.Second, "the new log", func() (bool, string) { _, err := os.Stat(log); return err == nil, fmt.Sprint(err) })
	ask("/after", 5)
	arrived()
	_ = tail.Process.Kill()
	_ = tail.Wait()
	ask("/pay", 10)
	tail = follow()
	arrived()
	if err := tail.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := tail.Wait(); err != nil {
		t.Errorf("told to end: %v", err)
	}
	var page struct {
		Items []struct {
			Method, Path, Query, User, Trace, Protocol string
			Status                                     int
			Latency                                    int `json:"latency_us"`
		}
	}
	w.get(t, "/api/v1/calls/around?user=u-nginx&limit=200", &page)
	if len(page.Items) != sent-1 {
		t.Fatalf("%d calls of the user, want %d", len(page.Items), sent-1)
	}
	if first := page.Items[0]; first.Path != "/orders" || first.Query != "id" || first.Status != 200 || first.Method != "GET" || first.Trace != "0102030405060708090a0b0c0d0e0f10" || first.Protocol != "HTTP/1.1" {
		t.Errorf("%+v", first)
	}
	if last := page.Items[len(page.Items)-1]; last.Path != "/pay" || last.Status != 504 {
		t.Errorf("%+v", last)
	}
}
