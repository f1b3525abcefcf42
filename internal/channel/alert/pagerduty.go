package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/release"
)

// pagerEvent is an event of PagerDuty's Events API v2:
// https://developer.pagerduty.com/docs/events-api-v2-overview.
type pagerEvent struct {
	RoutingKey  string       `json:"routing_key"`
	EventAction string       `json:"event_action"`
	DedupKey    string       `json:"dedup_key"`
	Client      string       `json:"client"`
	ClientURL   string       `json:"client_url"`
	Payload     pagerPayload `json:"payload"`
	Links       []pagerLink  `json:"links"`
}

type pagerPayload struct {
	Summary       string          `json:"summary"`
	Source        string          `json:"source"`
	Severity      string          `json:"severity"`
	Timestamp     string          `json:"timestamp"`
	Component     string          `json:"component"`
	Group         string          `json:"group"`
	Class         string          `json:"class"`
	CustomDetails json.RawMessage `json:"custom_details"`
}

type pagerLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// readPager reads an event and says what is wrong with it in the words that
// PagerDuty's own answer has, one for each fault.
func readPager(raw []byte) (*pagerEvent, []string) {
	var e pagerEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, []string{"The event is no JSON object: " + err.Error()}
	}
	var bad []string
	switch e.EventAction {
	case "trigger":
		if strings.TrimSpace(e.Payload.Summary) == "" {
			bad = append(bad, "'payload.summary' is missing or blank")
		}
		if strings.TrimSpace(e.Payload.Source) == "" {
			bad = append(bad, "'payload.source' is missing or blank")
		}
		switch e.Payload.Severity {
		case "critical", "error", "warning", "info":
		default:
			bad = append(bad, "'payload.severity' must be one of: 'critical', 'warning', 'error', 'info'")
		}
	case "acknowledge", "resolve":
		if e.DedupKey == "" {
			bad = append(bad, "'dedup_key' is missing: it names the alert to be changed")
		}
	default:
		bad = append(bad, "'event_action' must be one of: 'trigger', 'acknowledge', 'resolve'")
	}
	if len(e.DedupKey) > 255 {
		bad = append(bad, "'dedup_key' is longer than 255 characters")
	}
	return &e, bad
}

func (e *pagerEvent) told() told {
	p := &e.Payload
	t := told{Key: e.DedupKey, Title: p.Summary, Severity: severityOf(p.Severity), Service: cmp.Or(p.Component, p.Source), URL: e.ClientURL, Labels: map[string]string{}}
	switch e.EventAction {
	case "acknowledge":
		t.State = Acknowledged
	case "resolve":
		t.State = Resolved
	default:
		t.State = Firing
	}
	if t.Group = strings.Join([]string{p.Class, p.Group, p.Component}, "\x1f"); p.Class == "" && p.Group == "" {
		t.Group += template(p.Summary)
	}
	for k, v := range map[string]string{"source": p.Source, "component": p.Component, "group": p.Group, "class": p.Class, "client": e.Client} {
		if v != "" {
			t.Labels[k] = v
		}
	}
	flatten("", p.CustomDetails, t.Labels)
	var text []string
	for _, l := range e.Links {
		if t.URL == "" {
			t.URL = l.Href
		}
		text = append(text, strings.TrimSpace(l.Text+" "+l.Href))
	}
	t.Text = strings.Join(text, "\n")
	return t
}

// flatten writes what is in a JSON value as labels: "a.b" for what is nested.
func flatten(prefix string, raw json.RawMessage, into map[string]string) {
	if len(raw) == 0 || len(into) >= maxLabels {
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil && object != nil {
		for k, v := range object {
			name := k
			if prefix != "" {
				name = prefix + "." + k
			}
			if strings.Count(name, ".") < 4 {
				flatten(name, v, into)
			}
		}
		return
	}
	text := string(raw)
	var s string
	if json.Unmarshal(raw, &s) == nil {
		text = s
	}
	if text != "" && text != "null" {
		into[cmp.Or(prefix, "details")] = text
	}
}

// pagerChange is a change event: something was deployed.
type pagerChange struct {
	RoutingKey string `json:"routing_key"`
	Payload    struct {
		Summary       string          `json:"summary"`
		Source        string          `json:"source"`
		Timestamp     string          `json:"timestamp"`
		CustomDetails json.RawMessage `json:"custom_details"`
	} `json:"payload"`
	Links []pagerLink `json:"links"`
}

func readPagerChange(raw []byte) (*pagerChange, []string) {
	var c pagerChange
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, []string{"The event is no JSON object: " + err.Error()}
	}
	if strings.TrimSpace(c.Payload.Summary) == "" {
		return nil, []string{"'payload.summary' is missing or blank"}
	}
	return &c, nil
}

// release is the marker that a change event is: the version is what its
// details call so, or a number in the summary that looks like one.
func (c *pagerChange) release() (release.Input, error) {
	details := map[string]string{}
	flatten("", c.Payload.CustomDetails, details)
	in := release.Input{Title: clip(c.Payload.Summary, maxTitle), Service: clip(cmp.Or(details["service"], c.Payload.Source), 200),
		Version: clip(cmp.Or(details["version"], details["release"], details["tag"], versionIn(c.Payload.Summary)), 200)}
	if len(c.Links) > 0 {
		in.URL = clip(c.Links[0].Href, 2000)
	}
	if c.Payload.Timestamp != "" {
		at, err := time.Parse(time.RFC3339, c.Payload.Timestamp)
		if err != nil {
			return in, errs.New(errs.Invalid, "payload.timestamp %.40q is no time like 2026-11-21T08:00:00Z.", c.Payload.Timestamp)
		}
		in.At = at
	}
	lower := strings.ToLower(c.Payload.Summary)
	for word, kind := range map[string]string{"rollback": release.Rollback, "rolled back": release.Rollback, "hotfix": release.Hotfix, "config": release.Config, "flag": release.Config} {
		if strings.Contains(lower, word) {
			in.Kind = kind
		}
	}
	if in.Kind == "" {
		in.Kind = release.Deploy
	}
	in.Key = fmt.Sprintf("pagerduty:%s:%s:%s", in.Service, in.Title, c.Payload.Timestamp)
	return in, nil
}

// versionIn finds what looks like a version in a text: 3.0.4, v2.1, 2026.11.2.
func versionIn(text string) string {
	for _, w := range strings.Fields(text) {
		w = strings.Trim(w, ".,;:()[]\"'")
		v := strings.TrimPrefix(strings.ToLower(w), "v")
		if strings.Contains(v, ".") && v[0] >= '0' && v[0] <= '9' && strings.Trim(v, "0123456789.-+abcdefghijklmnopqrstuvwxyz") == "" {
			return strings.TrimPrefix(w, "v")
		}
	}
	return ""
}
