package watch

import (
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/metric"
)

// TestTemplatesEnd: a template runs for each series and no context ends it, so
// one that could run for ever, or write without end, is refused.
func TestTemplatesEnd(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rule := func(where, text string) string {
		return "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up\n        " + where + ":\n          x: '" + text + "'\n"
	}
	for _, where := range []string{"annotations", "labels"} {
		for _, bad := range []string{
			"{{ range 1000000000000 }}x{{ end }}",
			"{{ range $i := 1000000000000 }}x{{ end }}",
			"{{ with 1000000000000 }}{{ range . }}x{{ end }}{{ end }}",
			"{{ $n := 1000000000000 }}{{ if true }}{{ else }}{{ range $n }}x{{ end }}{{ end }}",
			`{{ define "a" }}{{ template "b" }}{{ template "b" }}{{ end }}{{ define "b" }}x{{ end }}{{ template "a" }}`,
			`{{ block "a" . }}x{{ end }}`,
			`{{ range query "up" }}{{ range query "up" }}x{{ end }}{{ end }}`,
			`{{ range query "up" }}x{{ else }}{{ range 1000000000000 }}x{{ end }}{{ end }}`,
			`{{ range query "up" | len }}x{{ end }}`,
			strings.Repeat("x", 10_001),
		} {
			_, err := w.Put(w.as("w1"), "g", rule(where, bad))
			if errs.KindOf(err) != errs.Invalid {
				t.Errorf("%s %.60q: %v", where, bad, err)
			}
		}
		for _, good := range []string{
			`{{ $labels.job }} is at {{ $value | humanize }}`,
			`{{ range query "up" }}{{ .Labels.job }} {{ .Value }}{{ end }}`,
			`{{ range $i, $s := query "up" | sortByLabel "job" }}{{ if $s.Value }}{{ $i }}{{ end }}{{ else }}none{{ end }}`,
			`{{ with query "up" }}{{ . | first | value | humanize }}{{ end }}`,
		} {
			if _, err := w.Put(w.as("w1"), "g", rule(where, good)); err != nil {
				t.Errorf("%s %q: %v", where, good, err)
			}
		}
	}
}

// TestATemplateThatWritesTooMuchHurtsNobodyElse: a short one can write more
// than the library has a length for.
func TestATemplateThatWritesTooMuchHurtsNobodyElse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.metrics.In("w1").Write(t.Context(), func(a *metric.Writer) error {
		for i := range 50 {
			l := labels.FromStrings("__name__", "big", "i", strconv.Itoa(i), "text", strings.Repeat("x", 4000))
			if _, err := a.Append(0, l, 0, w.at.UnixMilli(), 1, nil, nil, storage.AppendV2Options{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.put("w1", "g", "groups:\n  - name: g\n    rules:\n      - alert: Large\n        expr: vector(1)\n        annotations:\n          x: '{{ range query \"big\" }}"+
		strings.Repeat("{{ .Labels.text }}", 100)+"{{ end }}'\n")
	w.put("w2", "g", "groups:\n  - name: g\n    rules:\n      - alert: Small\n        expr: vector(1)\n")
	if err := w.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.round(t.Context(), w.at)
	if got := w.states("w2"); got != "Small firing" {
		t.Errorf("the other workspace's alerts are %q", got)
	}
}

// TestSlowRulesKeepNobodyElseWaiting: a workspace gets its turn, and what is
// left of its groups the next.
func TestSlowRulesKeepNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.patience = 0 // over after the first groups
	const groups = 6
	for i := range groups {
		name := "g" + strconv.Itoa(i)
		w.put("w1", name, "groups:\n  - name: "+name+"\n    rules:\n      - {record: a, expr: vector(1)}\n")
	}
	w.put("w2", "z", "groups:\n  - name: z\n    rules:\n      - alert: Small\n        expr: vector(1)\n")
	if err := w.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := func() (n int) {
		for _, r := range w.loaded {
			if r.ws == "w1" && !r.last.IsZero() {
				n++
			}
		}
		return n
	}
	w.round(t.Context(), w.at)
	if got := w.states("w2"); got != "Small firing" || done() == 0 || done() > atOnce {
		t.Errorf("after one round the other workspace has %q, and %d groups were evaluated of the slow one", got, done())
	}
	for range groups {
		w.round(t.Context(), w.at)
	}
	if done() != groups {
		t.Errorf("%d groups of %d were evaluated", done(), groups)
	}
}
