package e2e

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

type alertGroup struct {
	Kind, Title, Severity, State string
	Open, Total                  int
}

// alertGroups are those of the launch by kind and title.
func (w world) alertGroups(t *testing.T) map[string]alertGroup {
	t.Helper()
	var list struct{ Items []alertGroup }
	w.get(t, "/api/v1/alert-groups?launch_id="+w.launch, &list)
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
	w := newWorld(t)
	skipOnPostgres(t, w.Config)
	direct, webhook, pager := w.channel(t, "alertmanager", nil).Key, w.channel(t, "alertmanager", nil).Key, w.channel(t, "pagerduty", nil).Key
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	address, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	config := write("alertmanager.yml", fmt.Sprintf(`route: {receiver: hypercare, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
  - name: hypercare
    webhook_configs: [{url: %[1]q, send_resolved: true}]
    pagerduty_configs: [{url: %[2]q, routing_key: %[3]s, severity: warning}]
`, w.URL+"/in/alertmanager/"+webhook, w.URL+"/v2/enqueue", pager))
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
`, address, direct, strings.TrimPrefix(w.URL, "http://")))
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
		w.get(t, "/api/v1/alert-groups?state=firing&launch_id="+w.launch, &list)
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
		w.get(t, "/api/v1/launches/"+w.launch+"/feedback?channel=alert", &list)
		return list.Total == 3, fmt.Sprint(list.Total)
	})
}

// TestAlertsOfOtherClients lets PagerDuty's and CloudEvents' own JavaScript
// clients send. PagerDuty's speaks https only, so TLS ends before hypercare.
func TestAlertsOfOtherClients(t *testing.T) {
	t.Parallel()
	dir := clients(t)
	w := newWorld(t)
	skipOnPostgres(t, w.Config)
	to, err := url.Parse(w.URL)
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
	cmd.Env = append(os.Environ(), "SERVER="+strings.TrimPrefix(proxy.URL, "https://"), "KEY="+w.channel(t, "pagerduty", nil).Key,
		"SINK="+w.URL+"/in/cloudevents/"+w.channel(t, "cloudevents", nil).Key, "NODE_EXTRA_CA_CERTS="+authority)
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
		g := w.alertGroups(t)
		var releases struct {
			Items []struct{ Version, Source string }
		}
		w.get(t, "/api/v1/launches/"+w.launch+"/releases", &releases)
		ok := g["pagerduty: Queue 17 is full"].State == "resolved" && g["pagerduty: Disk full"].State == "firing" &&
			g["cloudevents: Checkout fails, binary"].Total == 1 && g["cloudevents: Checkout fails, structured"].Total == 1 &&
			len(releases.Items) == 1 && releases.Items[0].Version == "3.0.4" && releases.Items[0].Source == "pagerduty"
		return ok, fmt.Sprintf("%+v %+v", g, releases)
	})
}
