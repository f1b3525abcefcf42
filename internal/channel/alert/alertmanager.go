package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

// webhook is what Alertmanager sends (version 4) and Grafana extends:
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
// Users may template it, so nothing but alerts is counted on.
type webhook struct {
	Version     string            `json:"version"`
	GroupKey    string            `json:"groupKey"`
	Receiver    string            `json:"receiver"`
	Status      string            `json:"status"`
	CommonLabel map[string]string `json:"commonLabels"`
	GroupLabels map[string]string `json:"groupLabels"`
	ExternalURL string            `json:"externalURL"`
	Truncated   int               `json:"truncatedAlerts"`
	Title       string            `json:"title"` // Grafana
	Alerts      []promAlert       `json:"alerts"`
}

// promAlert is one alert as Alertmanager, Grafana and Prometheus send it.
type promAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	// Grafana
	Values       json.RawMessage `json:"values"`
	ValueString  string          `json:"valueString"`
	PanelURL     string          `json:"panelURL"`
	DashboardURL string          `json:"dashboardURL"`
}

// readWebhook reads a webhook of Alertmanager or Grafana.
func readWebhook(raw []byte) ([]told, error) {
	var w webhook
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, errs.New(errs.Invalid, "This is no webhook of Alertmanager: %v.", err)
	}
	if len(w.Alerts) == 0 {
		return nil, errs.New(errs.Invalid, "The webhook holds no alerts; keep \"alerts\" in a template of your own.")
	}
	out := make([]told, 0, len(w.Alerts))
	for _, a := range w.Alerts {
		t := a.told(cmp.Or(w.GroupKey, groupOf(a.Labels)))
		if a.Status == "" {
			t.State = stateOf(w.Status)
		}
		if t.URL == "" {
			t.URL = w.ExternalURL
		}
		out = append(out, t)
	}
	return out, nil
}

// readAlerts reads what Prometheus posts to Alertmanager's API v2.
func readAlerts(raw []byte, now time.Time) ([]told, error) {
	var list []promAlert
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errs.New(errs.Invalid, "This is no list of alerts as Prometheus posts it: %v.", err)
	}
	out := make([]told, 0, len(list))
	for _, a := range list {
		t := a.told(groupOf(a.Labels))
		switch {
		case a.EndsAt.IsZero():
			t.Expires = now.Add(5 * time.Minute) // Alertmanager's resolve_timeout
		case a.EndsAt.After(now):
			t.Expires = a.EndsAt
		default:
			t.State, t.EndedAt = Resolved, a.EndsAt
		}
		out = append(out, t)
	}
	return out, nil
}

func groupOf(labels map[string]string) string {
	return strings.Join([]string{labels["alertname"], labels["job"], labels["service"], labels["severity"]}, "\x1f")
}

func (a *promAlert) told(group string) told {
	t := told{Key: a.Fingerprint, Group: group, State: stateOf(a.Status), Severity: severityOf(a.Labels["severity"]), Labels: a.Labels, StartedAt: a.StartsAt,
		Service: cmp.Or(a.Labels["service"], a.Labels["job"]), URL: cmp.Or(a.PanelURL, a.DashboardURL, a.GeneratorURL)}
	if a.Status == "" && !a.EndsAt.IsZero() && a.EndsAt.Year() > 1 && a.EndsAt.Before(time.Now()) {
		t.State = Resolved
	}
	if t.State == Resolved && a.EndsAt.Year() > 1 {
		t.EndedAt = a.EndsAt
	}
	if t.Key == "" {
		t.Key = fingerprint(a.Labels)
	}
	name := cmp.Or(a.Labels["alertname"], "Alert")
	t.Title = cmp.Or(a.Annotations["summary"], a.Annotations["title"], name)
	text := []string{cmp.Or(a.Annotations["description"], a.Annotations["message"])}
	if t.Title != name {
		text = append(text, name)
	}
	if v := strings.TrimSpace(a.ValueString); v != "" {
		text = append(text, v)
	}
	if r := a.Annotations["runbook_url"]; r != "" {
		text = append(text, "Runbook: "+r)
	}
	t.Text = strings.TrimSpace(strings.Join(text, "\n\n"))
	return t
}

// fingerprint tells alerts of one sender apart by all their labels.
func fingerprint(labels map[string]string) string {
	h := sha256.New()
	for _, k := range sortedKeys(labels) {
		_, _ = fmt.Fprintf(h, "%q=%q,", k, labels[k]) // never fails (hash)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
