package e2e

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alertBench is a launch with channels for alerts.
type alertBench struct{ world }

func (b alertBench) channel(t *testing.T, kind string) string {
	t.Helper()
	var c struct{ Key string }
	if err := b.Call(t.Context(), b.token, "POST", "/api/v1/launches/"+b.launch+"/channels", map[string]any{"kind": kind}, &c); err != nil {
		t.Fatal(err)
	}
	return c.Key
}

type alertGroup struct {
	Kind, Title, Severity, State string
	Open, Total                  int
}

func (b alertBench) groups(t *testing.T) map[string]alertGroup {
	t.Helper()
	var list struct{ Items []alertGroup }
	b.get(t, "/api/v1/alert-groups?launch_id="+b.launch, &list)
	out := map[string]alertGroup{}
	for _, g := range list.Items {
		out[g.Kind+": "+g.Title] = g
	}
	return out
}

// TestAlertsOfAPrometheus runs Debian's Prometheus and Alertmanager,
// unmodified. Prometheus tells us itself, as if we were an Alertmanager; the
// Alertmanager tells us by its webhook and as if we were PagerDuty.
func TestAlertsOfAPrometheus(t *testing.T) {
	t.Parallel()
	prometheus, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (scripts/setup.sh installs Debian's package prometheus)")
	}
	manager, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		t.Skip("alertmanager is not installed (scripts/setup.sh installs Debian's package prometheus-alertmanager)")
	}
	b := alertBench{newWorld(t)}
	skipOnPostgres(t, b.Config)
	direct, webhook, pager := b.channel(t, "alertmanager"), b.channel(t, "alertmanager"), b.channel(t, "pagerduty")
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	address := freeAddress(t)
	config := write("alertmanager.yml", fmt.Sprintf(`route: {receiver: hypercare, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
  - name: hypercare
    webhook_configs: [{url: %[1]q, send_resolved: true}]
    pagerduty_configs: [{url: %[2]q, routing_key: %[3]s, severity: warning}]
`, b.URL+"/in/alertmanager/"+webhook, b.URL+"/v2/enqueue", pager))
	write("rules.yml", `groups:
  - name: shop
    interval: 1s
    rules:
      - alert: CheckoutSlow
        expr: vector(2) > 1
        labels: {severity: critical, service: checkout}
        annotations: {summary: Checkout is slow, description: 'It takes {{ $value }} seconds.'}
`)
	scrape := write("prometheus.yml", fmt.Sprintf(`global: {evaluation_interval: 1s}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: [%q]}]
    - path_prefix: /in/alertmanager/%s
      static_configs: [{targets: [%q]}]
`, address, direct, strings.TrimPrefix(b.URL, "http://")))
	run := func(path string, args ...string) {
		t.Helper()
		var log bytes.Buffer
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if t.Failed() {
				t.Log(log.String())
			}
		})
	}
	run(manager, "--config.file="+config, "--storage.path="+filepath.Join(dir, "am"), "--web.listen-address="+address, "--cluster.listen-address=")
	run(prometheus, "--rules.alert.resend-delay=1s", "--config.file="+scrape, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address=127.0.0.1:0")
	waitFor(t, 60*time.Second, "the alert by three ways", func() (bool, string) {
		var list struct{ Items []alertGroup }
		b.get(t, "/api/v1/alert-groups?state=firing&launch_id="+b.launch, &list)
		kinds := map[string]int{}
		for _, g := range list.Items {
			if g.Kind == "alertmanager" && (g.Title != "Checkout is slow" || g.Severity != "sev1") || g.Total != 1 {
				t.Fatalf("%+v", g)
			}
			kinds[g.Kind]++
		}
		return kinds["alertmanager"] == 2 && kinds["pagerduty"] == 1, fmt.Sprint(kinds)
	})
	waitFor(t, 20*time.Second, "their reports", func() (bool, string) {
		var list struct{ Total int }
		b.get(t, "/api/v1/launches/"+b.launch+"/feedback?channel=alert", &list)
		return list.Total == 3, fmt.Sprint(list.Total)
	})
}

// freeAddress is a local address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestAlertsOfOtherClients lets PagerDuty's and CloudEvents' own JavaScript
// clients send. PagerDuty's speaks https only, so TLS ends before hypercare.
func TestAlertsOfOtherClients(t *testing.T) {
	t.Parallel()
	dir := clients(t)
	b := alertBench{newWorld(t)}
	skipOnPostgres(t, b.Config)
	to, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(proxy.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("alerts", "send.mjs"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SERVER="+strings.TrimPrefix(proxy.URL, "https://"), "KEY="+b.channel(t, "pagerduty"),
		"SINK="+b.URL+"/in/cloudevents/"+b.channel(t, "cloudevents"), "NODE_EXTRA_CA_CERTS="+authority)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`["trigger",202,`, `["acknowledge",202,`, `["resolve",202,`, `["stays",202,"stays"]`, `["change",202,`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	waitFor(t, 20*time.Second, "what was sent", func() (bool, string) {
		g := b.groups(t)
		var releases struct {
			Items []struct{ Version, Source string }
		}
		b.get(t, "/api/v1/launches/"+b.launch+"/releases", &releases)
		ok := g["pagerduty: Queue 17 is full"].State == "resolved" && g["pagerduty: Disk full"].State == "firing" &&
			g["cloudevents: Checkout fails, binary"].Total == 1 && g["cloudevents: Checkout fails, structured"].Total == 1 &&
			len(releases.Items) == 1 && releases.Items[0].Version == "3.0.4" && releases.Items[0].Source == "pagerduty"
		return ok, fmt.Sprintf("%+v %+v", g, releases)
	})
}
