// Package alert takes alerts of other systems: Alertmanager's and Grafana's
// webhooks, Prometheus itself, PagerDuty's Events API v2, CloudEvents, and any
// JSON by a mapping. Alerts that belong together are a group, and a group is
// one report, however many alerts it has and however often they are told.
package alert

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The states of an alert and of a group.
const (
	Firing       = "firing"
	Acknowledged = "acknowledged"
	Resolved     = "resolved"
)

// Group is alerts that belong together, as their sender groups them.
type Group struct {
	ID           string     `json:"id"`
	LaunchID     string     `json:"launch_id"`
	ChannelID    string     `json:"channel_id"`
	Kind         string     `json:"kind" doc:"Of the channel." example:"alertmanager"`
	Title        string     `json:"title"`
	Severity     string     `json:"severity" enum:"sev1,sev2,sev3,sev4" doc:"The worst of its alerts."`
	Service      string     `json:"service,omitempty"`
	URL          string     `json:"url,omitempty" doc:"Where the sender shows it."`
	State        string     `json:"state" enum:"firing,acknowledged,resolved"`
	Open         int        `json:"open" doc:"Alerts that are not resolved."`
	Total        int        `json:"total"`
	StartedAt    time.Time  `json:"started_at"`
	LastAt       time.Time  `json:"last_at"`
	EndedAt      *time.Time `json:"ended_at,omitempty"`
	FeedbackID   string     `json:"feedback_id,omitempty" doc:"The report that was made of it; only when one group is asked for."`
	Alerts       []*Alert   `json:"alerts,omitempty" doc:"Newest first, 200 at most; only when one group is asked for."`
	key          string
	new, touched bool
}

// Alert is one alert of a group.
type Alert struct {
	ID        string            `json:"id"`
	GroupID   string            `json:"group_id"`
	LaunchID  string            `json:"launch_id"`
	Key       string            `json:"dedup_key" doc:"The same as long as it is open."`
	Title     string            `json:"title"`
	Text      string            `json:"text,omitempty"`
	Severity  string            `json:"severity" enum:"sev1,sev2,sev3,sev4"`
	State     string            `json:"state" enum:"firing,acknowledged,resolved"`
	Labels    map[string]string `json:"labels"`
	URL       string            `json:"url,omitempty"`
	Times     int               `json:"times" doc:"How often it was told."`
	StartedAt time.Time         `json:"started_at"`
	LastAt    time.Time         `json:"last_at"`
	EndedAt   *time.Time        `json:"ended_at,omitempty"`
	expires   time.Time
	channelID string
	new       bool
}

// told is what a sender says of an alert.
type told struct {
	Key, Group, Title, Text  string
	Severity, State, Service string
	URL                      string
	Labels                   map[string]string
	StartedAt                time.Time // zero: now, and it goes on as long as it is open
	EndedAt                  time.Time // of what is resolved; zero: now
	Expires                  time.Time // it is over then unless told again; zero: not by itself
}

// Bounds of what is kept of an alert.
const (
	maxTitle  = 500
	maxText   = 16 << 10
	maxLabels = 64
	maxLabel  = 512
	maxKey    = 512
)

func (t *told) tidy() {
	// As precise as it is kept: the same start must stay the same.
	t.StartedAt, t.EndedAt = t.StartedAt.UTC().Truncate(time.Microsecond), t.EndedAt.UTC().Truncate(time.Microsecond)
	t.Title, t.Text = clip(strings.TrimSpace(t.Title), maxTitle), clip(strings.TrimSpace(t.Text), maxText)
	t.Key, t.Group, t.URL, t.Service = clip(t.Key, maxKey), clip(t.Group, maxKey), clip(t.URL, 2000), clip(t.Service, 200)
	if t.Title == "" {
		t.Title = "Alert"
	}
	labels := make(map[string]string, min(len(t.Labels), maxLabels))
	for _, k := range sortedKeys(t.Labels) {
		if len(labels) == maxLabels {
			break
		}
		labels[clip(k, maxLabel)] = clip(t.Labels[k], maxLabel)
	}
	t.Labels = labels
	if t.Group == "" {
		t.Group = template(t.Title)
	}
	if t.Key == "" {
		t.Key = t.Group
	}
}

// clip brings a text to at most n bytes of valid UTF-8 without NUL.
func clip(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 { // in the middle of a rune
		n--
	}
	return s[:n]
}

// template is a title without what differs between alerts of one kind: words
// with digits in them are all the same.
func template(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:()[]\"'", r) })
	for i, w := range words {
		if strings.ContainsFunc(w, unicode.IsDigit) {
			words[i] = "#"
		}
	}
	return strings.Join(words, " ")
}

// severityOf reads the many words that there are for how bad it is.
func severityOf(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "critical", "crit", "page", "fatal", "emergency", "emerg", "alert", "disaster", "p0", "p1", "s1", "sev0", "sev1", "1":
		return "sev1"
	case "error", "err", "major", "high", "severe", "p2", "s2", "sev2", "2":
		return "sev2"
	case "info", "information", "informational", "low", "none", "notice", "ok", "debug", "p4", "p5", "s4", "sev4", "4", "5":
		return "sev4"
	}
	return "sev3"
}

// stateOf reads the words for the state of an alert.
func stateOf(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "resolved", "resolve", "ok", "okay", "up", "closed", "close", "recovered", "recovery", "normal", "healthy", "inactive", "success", "fixed", "green":
		return Resolved
	case "acknowledged", "acknowledge", "ack", "acked":
		return Acknowledged
	}
	return Firing
}

// Find returns one alert. The caller has checked that its actor may read.
func Find(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Alert, error) {
	a, err := scanAlert(q.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM outside_alert WHERE workspace_id = $1 AND id = $2`, ws, id))
	if db.IsNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no alert %.60s in this workspace any more.", id)
	} else if err != nil {
		return nil, fmt.Errorf("get alert %s: %w", id, err)
	}
	return a, nil
}

// Between returns alerts of a launch that were open at some moment of a time,
// newest first, for evidence. The caller has checked that its actor may read.
func Between(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, from, to time.Time, limit int) ([]*Alert, error) {
	list, err := db.All(ctx, q, scanAlert, `SELECT `+alertColumns+` FROM outside_alert WHERE workspace_id = $1 AND launch_id = $2 AND started_at < $3 AND started_at >= $4
			AND (ended_at = 0 OR ended_at >= $5) ORDER BY started_at DESC LIMIT $6`,
		ws, launchID, db.Micros(to), db.Micros(from.Add(-7*24*time.Hour)), db.Micros(from), limit)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return list, nil
}
