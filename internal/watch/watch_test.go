package watch

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/workspace"
)

const doc = `groups:
  - name: shop
    interval: 1m
    labels: {team: web}
    rules:
      - record: job:errors:ratio
        expr: sum by (job) (errors) / sum by (job) (requests)
      - alert: ManyErrors
        expr: job:errors:ratio > 0.1
        for: 3m
        keep_firing_for: 2m
        labels: {severity: sev2, tier: '{{ $labels.job | toUpper }}'}
        annotations:
          summary: '{{ $labels.job }} fails {{ $value | humanizePercentage }} of its requests'
`

// world is a service on records and series of a test's own, with a clock that
// the test turns.
type world struct {
	*Service
	t       *testing.T
	db      *db.DB
	bus     *event.Bus
	metrics *metric.Store
	at      time.Time
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.Open(t), bus: event.New(), at: time.Now().Add(-80 * time.Minute).Truncate(time.Minute)}
	var err error
	if w.metrics, err = metric.Open(filepath.Join(t.TempDir(), "metrics"), metric.Options{}, slog.New(slog.DiscardHandler)); err == nil {
		err = w.metrics.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.metrics.Close(); err != nil {
			t.Error(err)
		}
	})
	w.restart()
	for _, id := range []string{"w1", "w2"} {
		if err := w.db.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, id, id, 1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// restart makes a new service on the same records.
func (w *world) restart() {
	w.Service = NewService(w.db, w.bus, slog.New(slog.DiscardHandler), w.metrics)
	w.now = func() time.Time { return w.at }
}

func (w *world) as(ws workspace.ID) context.Context { return workspace.System(w.t.Context(), ws) }

// step stores samples of a workspace, evaluates every group, and turns the
// clock by a minute.
func (w *world) step(ws workspace.ID, errors, requests float64) {
	w.t.Helper()
	_, err := w.metrics.In(ws).Write(w.t.Context(), func(a *metric.Writer) error {
		for name, v := range map[string]float64{"errors": errors, "requests": requests} {
			if _, err := a.Append(0, labels.FromStrings("__name__", name, "job", "api"), 0, w.at.UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.turn()
}

func (w *world) turn() {
	w.t.Helper()
	if err := w.load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for key, r := range w.loaded {
		if err := w.evaluate(w.t.Context(), r, w.at); err != nil {
			w.t.Fatal(err)
		}
		if r.removed {
			delete(w.loaded, key)
		}
	}
	w.at = w.at.Add(time.Minute)
}

// states lists alerts as "rule state".
func (w *world) states(ws workspace.ID, list ...State) string {
	w.t.Helper()
	if len(list) == 0 {
		list = []State{""}
	}
	var out []string
	for _, st := range list {
		alerts, err := w.List(w.as(ws), st, "", 100)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, a := range alerts {
			out = append(out, a.Rule+" "+string(a.State))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (w *world) put(ws workspace.ID, name, document string) {
	w.t.Helper()
	if _, err := w.Put(w.as(ws), name, document); err != nil {
		w.t.Fatal(err)
	}
}

// TestAnAlertFromPendingToResolved walks the states minute by minute, with
// keep_firing_for, templates, events, and another workspace that sees nothing.
func TestAnAlertFromPendingToResolved(t *testing.T) {
	t.Parallel()
	w := setup(t)
	sub, _, _ := w.bus.Subscribe("w1", "")
	defer sub.Close()
	w.put("w1", "shop", doc)
	for i, st := range []struct {
		errors float64
		want   string
	}{
		{0, ""}, {20, "ManyErrors pending"}, {20, "ManyErrors pending"}, {0, ""}, // it never fired
		{20, "ManyErrors pending"}, {20, "ManyErrors pending"}, {20, "ManyErrors pending"}, {20, "ManyErrors firing"},
		{30, "ManyErrors firing"},
		{0, "ManyErrors firing"}, {0, "ManyErrors firing"}, // kept
		{0, ""},
	} {
		w.step("w1", st.errors, 100)
		if got := w.states("w1"); got != st.want {
			t.Fatalf("minute %d: %q, want %q", i, got, st.want)
		}
		if got := w.states("w2", Pending, Firing, Resolved); got != "" {
			t.Fatalf("the other workspace sees %q", got)
		}
	}
	history, err := w.List(w.as("w1"), Resolved, "", 10)
	if err != nil || len(history) != 1 {
		t.Fatalf("history %v %v", history, err)
	}
	a := history[0]
	if a.Labels["severity"] != "sev2" || a.Labels["tier"] != "API" || a.Labels["team"] != "web" || a.Labels["alertname"] != "ManyErrors" || a.Annotations["summary"] != "api fails 30% of its requests" {
		t.Errorf("labels %v, annotations %v", a.Labels, a.Annotations)
	}
	if a.FiredAt.Sub(a.ActiveAt) != 3*time.Minute || a.ResolvedAt.Sub(*a.FiredAt) != 4*time.Minute {
		t.Errorf("active %s, fired %s, resolved %s", a.ActiveAt, a.FiredAt, a.ResolvedAt)
	}
	var told []string
	for len(sub.C) > 0 {
		e := <-sub.C
		if e.Type == "alert.updated" {
			told = append(told, string(e.Data))
		}
	}
	for i, want := range []string{`"pending"`, `"inactive"`, `"pending"`, `"firing"`, `"resolved"`} {
		if i >= len(told) || !strings.Contains(told[i], want) {
			t.Fatalf("events %v, want %s as the %d.", told, want, i+1)
		}
	}
	// Rules write series too, and only where they belong.
	ans, err := w.metrics.In("w1").Vector(t.Context(), `count_over_time(ALERTS{alertname="ManyErrors",alertstate="firing"}[1h])`, w.at)
	if err != nil || len(ans) != 1 || ans[0].F != 4 {
		t.Errorf("ALERTS: %v %v", ans, err)
	}
	if ans, err := w.metrics.In("w2").Vector(t.Context(), `{__name__=~".+"}`, w.at); err != nil || len(ans) != 0 {
		t.Errorf("the other's series: %v %v", ans, err)
	}
}

// TestAlertsOutliveARestart stops in every state, and goes on with a new
// service: what was firing does not fire anew, what was pending has its time.
func TestAlertsOutliveARestart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put("w1", "shop", doc)
	for range 3 {
		w.step("w1", 20, 100)
	}
	w.restart()                      // pending for two minutes
	w.at = w.at.Add(5 * time.Minute) // nobody evaluated: does not count
	w.step("w1", 20, 100)
	if got := w.states("w1"); got != "ManyErrors pending" {
		t.Fatalf("after the first restart: %q", got)
	}
	w.step("w1", 20, 100)
	w.step("w1", 20, 100)
	if got := w.states("w1"); got != "ManyErrors firing" {
		t.Fatalf("its time came: %q", got)
	}
	before, err := w.List(w.as("w1"), Firing, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	sub, _, _ := w.bus.Subscribe("w1", "")
	defer sub.Close()
	w.restart()
	for range 3 {
		w.step("w1", 20, 100)
	}
	after, err := w.List(w.as("w1"), Firing, "", 10)
	if err != nil || len(after) != 1 || after[0].ID != before[0].ID || !after[0].FiredAt.Equal(*before[0].FiredAt) {
		t.Errorf("after the second restart: %+v %v, before %+v", after, err, before)
	}
	if len(sub.C) != 0 {
		t.Errorf("told of %+v", <-sub.C)
	}
	if got := w.states("w1", Resolved); got != "" {
		t.Errorf("history %q", got)
	}
}

// TestChangedAndRemovedRules carry on what stays, and end what goes.
func TestChangedAndRemovedRules(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put("w1", "shop", doc)
	for range 4 {
		w.step("w1", 20, 100)
	}
	w.put("w1", "shop", strings.Replace(doc, "> 0.1", "> 0.05", 1)) // another threshold
	w.step("w1", 7, 100)
	if got := w.states("w1", Firing, Resolved); got != "ManyErrors firing" {
		t.Errorf("changed: %q", got)
	}
	if err := w.Remove(w.as("w1"), "shop"); err != nil {
		t.Fatal(err)
	}
	w.turn()
	if got := w.states("w1", Pending, Firing, Resolved); got != "ManyErrors resolved" {
		t.Errorf("removed: %q", got)
	}
	if ans, err := w.metrics.In("w1").Vector(t.Context(), `ALERTS or job:errors:ratio`, w.at); err != nil || len(ans) != 0 {
		t.Errorf("series of removed rules: %v %v", ans, err)
	}
	if len(w.loaded) != 0 {
		t.Errorf("still loaded: %v", w.loaded)
	}
	if _, err := w.Get(w.as("w1"), "shop"); !errs.Is(err, errs.NotFound) {
		t.Errorf("get: %v", err)
	}
	w.put("w1", "shop", doc) // again
	w.step("w1", 20, 100)
	if got := w.states("w1"); got != "ManyErrors pending" {
		t.Errorf("saved again: %q", got)
	}
}

func TestFaultsHaveLineAndReason(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, tc := range map[string]struct {
		from, to string
		line     int
		reason   string
	}{
		"expression": {"> 0.1", "> ", 9, "rule 2: could not parse expression"},
		"field":      {"for: 3m", "fro: 3m", 10, "field fro not found"},
		"duration":   {"for: 3m", "for: soon", 10, `not a valid duration`},
		"template":   {"| toUpper", "| noSuch", 0, `function "noSuch" not defined`},
		"both":       {"record: job:errors:ratio", "record: x\n        alert: y", 6, "only one of 'record' and 'alert'"},
		"interval":   {"interval: 1m", "interval: 1s", 3, "5s or longer"},
		"groups":     {"groups:", "groups: []\nx:", 2, "field x not found"},
		"YAML":       {"rules:", "rules: [", 5, ""},
	} {
		bad := strings.Replace(doc, tc.from, tc.to, 1)
		c, err := w.Check(w.as("w1"), bad)
		if err != nil || c.Valid || len(c.Faults) == 0 || !strings.Contains(c.Faults[0].Reason, tc.reason) || tc.line != 0 && c.Faults[0].Line != tc.line {
			t.Errorf("%s: %+v %v, want line %d: %s", name, c, err, tc.line, tc.reason)
		}
		if _, err := w.Put(w.as("w1"), "shop", bad); !errs.Is(err, errs.Invalid) || len(errs.Fields(err)) == 0 {
			t.Errorf("%s was saved: %v", name, err)
		}
	}
	if c, err := w.Check(w.as("w1"), doc); err != nil || !c.Valid || c.Name != "shop" || c.Recording != 1 || c.Alerting != 1 {
		t.Errorf("good: %+v %v", c, err)
	}
	if _, err := w.Put(w.as("w1"), "other", doc); !errs.Is(err, errs.Invalid) {
		t.Errorf("under another name: %v", err)
	}
	viewer := workspace.As(t.Context(), workspace.Actor{Workspace: "w1", Role: workspace.Viewer})
	if _, err := w.Put(viewer, "shop", doc); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer saves: %v", err)
	}
	if err := w.Remove(viewer, "shop"); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer removes: %v", err)
	}
}

// TestRulesThatFailSaySo evaluates a rule whose result can't be made series.
func TestRulesThatFailSaySo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.put("w1", "bad", "groups:\n  - name: bad\n    rules:\n      - record: twice\n        expr: label_replace({__name__=~\"errors|requests\"}, \"__name__\", \"x\", \"\", \"\")\n")
	w.step("w1", 1, 1)
	g, err := w.Get(w.as("w1"), "bad")
	if err != nil || len(g.Faults) != 1 || g.EvaluatedAt == nil {
		t.Fatalf("group %+v %v", g, err)
	}
	w.put("w1", "bad", strings.Replace(g.Document, "errors|requests", "errors", 1))
	w.step("w1", 1, 1)
	if g, err = w.Get(w.as("w1"), "bad"); err != nil || len(g.Faults) != 0 {
		t.Errorf("put right: %+v %v", g.Faults, err)
	}
}

// TestOneNodeEvaluates has two services on one lease.
func TestOneNodeEvaluates(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := NewService(w.db, w.bus, slog.New(slog.DiscardHandler), w.metrics)
	take := func(s *Service, at time.Time) (ours bool) {
		t.Helper()
		if err := w.db.Tx(t.Context(), func(tx *db.Tx) (err error) {
			ours, err = takeLease(t.Context(), tx, lease, s.self, at, at.Add(leaseFor))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return ours
	}
	now := w.at
	for i, st := range []struct {
		s     *Service
		after time.Duration
		want  bool
	}{
		{w.Service, 0, true}, {other, 0, false}, {w.Service, 10 * time.Second, true}, {other, 20 * time.Second, false},
		{other, 26 * time.Second, true}, {w.Service, 27 * time.Second, false},
	} {
		if got := take(st.s, now.Add(st.after)); got != st.want {
			t.Errorf("%d: %v, want %v", i, got, st.want)
		}
	}
	other.ours.Store(true)
	if err := w.db.Tx(t.Context(), func(tx *db.Tx) error { return leaveLease(t.Context(), tx, lease, other.self) }); err != nil {
		t.Fatal(err)
	}
	if !take(w.Service, now.Add(28*time.Second)) {
		t.Error("what was left can't be taken")
	}
}

// TestRunEvaluatesWhatIsSaved runs the loop itself.
func TestRunEvaluatesWhatIsSaved(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.now = time.Now
	sub, _, _ := w.bus.Subscribe("w1", "")
	defer sub.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	w.put("w1", "always", "groups: [{name: always, rules: [{alert: Always, expr: vector(1)}]}]")
	for e := range sub.C {
		if e.Type == "alert.updated" {
			break
		}
	}
	if got := w.states("w1"); got != "Always firing" {
		t.Errorf("states %q", got)
	}
	cancel()
	<-done
}

// TestPromtoolAgrees has Debian's promtool evaluate the same rules over the
// same samples, and wants the same alerts at every minute.
func TestPromtoolAgrees(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (scripts/setup.sh installs Debian's package prometheus)")
	}
	w := setup(t)
	rules := strings.Replace(doc, "    labels: {team: web}\n", "", 1) // labels of a group are younger than that promtool
	w.put("w1", "shop", rules)
	values := []float64{0, 20, 20, 0, 20, 25, 20, 20, 30, 0, 0, 20, 0, 0, 0, 0, 40, 40, 40, 40, 40}
	var test, list strings.Builder
	for i, v := range values {
		fmt.Fprintf(&list, "%v ", v)
		w.step("w1", v, 100)
		fmt.Fprintf(&test, "      - eval_time: %dm\n        alertname: ManyErrors\n        exp_alerts:\n", i)
		alerts, err := w.List(w.as("w1"), Firing, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			// The rows follow annotations to about a minute; here each is of its own.
			fmt.Fprintf(&test, "          - exp_labels: {job: api, severity: sev2, tier: API}\n            exp_annotations: {summary: %q}\n", a.Annotations["summary"])
		}
	}
	dir := t.TempDir()
	text := fmt.Sprintf("rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n      - {series: 'errors{job=\"api\"}', values: '%s'}\n      - {series: 'requests{job=\"api\"}', values: '100x%d'}\n    alert_rule_test:\n%s",
		strings.TrimSpace(list.String()), len(values)-1, test.String())
	for name, body := range map[string]string{"rules.yaml": rules, "test.yaml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), tool, "test", "rules", filepath.Join(dir, "test.yaml")).CombinedOutput()
	if err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
