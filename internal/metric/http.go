package metric

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Prefix is what Grafana and promtool are given as the URL of a Prometheus.
const Prefix = web.Prefix + "/prometheus"

// maxItems bounds lists of labels and series.
const maxItems = 50_000

// Routes adds the API that Prometheus has, below Prefix, and what is ours.
// version is what buildinfo tells.
func (s *Store) Routes(api *web.API, version string) {
	for path, fn := range map[string]func(*http.Request, Space) (body, error){
		"/query":        s.query,
		"/query_range":  s.queryRange,
		"/labels":       s.bounded(s.labelNames),
		"/series":       s.bounded(s.seriesOf),
		"/format_query": s.format,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			api.Mux.Handle(method+" "+Prefix+"/api/v1"+path, s.prometheus(fn))
		}
	}
	get := func(path string, fn func(*http.Request, Space) (body, error)) {
		api.Mux.Handle("GET "+Prefix+"/api/v1"+path, s.prometheus(fn))
	}
	get("/label/{name}/values", s.bounded(s.labelValues))
	get("/metadata", s.metadata)
	none := func(*http.Request, Space) (body, error) { return body{data: []byte("[]")}, nil }
	get("/query_exemplars", none)
	get("/status/buildinfo", func(*http.Request, Space) (body, error) {
		return asJSON(map[string]string{"version": "3.0.0", "application": "hypercare " + version, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""})
	})
	api.Mux.Handle("POST "+Prefix+"/api/v1/write", web.Handler(s.remoteWrite))
	web.Route(api, "GET /metrics/state", "get-metrics-state", "How many series there are, and whether all could be stored", func(ctx context.Context, _ *struct{}) (*web.Body[State], error) {
		st, err := s.State(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[State]{Body: *st}, nil
	})
	s.trafficRoutes(api)
}

// body is the data of an answer, as JSON.
type body struct {
	data  []byte
	notes annotations.Annotations
	query string // for where in it a note belongs
}

func asJSON(v any) (body, error) {
	b, err := json.Marshal(v)
	return body{data: b}, err
}

// errorTypes are Prometheus' words for kinds of errors.
var errorTypes = map[errs.Kind]struct {
	name   string
	status int
}{
	errs.Invalid:         {"bad_data", http.StatusBadRequest},
	errs.TooLarge:        {"bad_data", http.StatusRequestEntityTooLarge},
	errs.Unprocessable:   {"execution", http.StatusUnprocessableEntity},
	errs.Unauthenticated: {"unauthorized", http.StatusUnauthorized},
	errs.Denied:          {"forbidden", http.StatusForbidden},
	errs.NotFound:        {"not_found", http.StatusNotFound},
	errs.Busy:            {"too_many_requests", http.StatusTooManyRequests},
	errs.Unavailable:     {"timeout", http.StatusServiceUnavailable},
}

// Prometheus is a handler that answers in the form that Prometheus' clients
// read, for what stands above this package. fn is called for who may read.
func Prometheus(fn func(*http.Request, workspace.Actor) (any, error)) http.Handler {
	return answering(func(r *http.Request, a workspace.Actor) (body, error) {
		v, err := fn(r, a)
		if err != nil {
			return body{}, err
		}
		return asJSON(v)
	})
}

// FormatFloat writes a number as Prometheus' API has it.
func FormatFloat(v float64) string {
	b := appendFloat(nil, v)
	return string(b[1 : len(b)-1])
}

func (s *Store) prometheus(fn func(*http.Request, Space) (body, error)) http.Handler {
	return answering(func(r *http.Request, a workspace.Actor) (body, error) { return fn(r, s.In(a.Workspace)) })
}

func answering(fn func(*http.Request, workspace.Actor) (body, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		ans, err := func() (body, error) {
			a, err := workspace.Need(r.Context(), workspace.Read)
			if err != nil {
				return body{}, err
			}
			if err := r.ParseForm(); err != nil {
				return body{}, errs.Wrap(errs.Invalid, err, "The form can't be read; send it URL-encoded and below 1 MB.")
			}
			return fn(r, a)
		}()
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			p := web.ProblemOf(r.Context(), err)
			kind, ok := errorTypes[errs.Kind(p.Code)]
			if !ok {
				kind.name, kind.status = "internal", http.StatusInternalServerError
			}
			for k, v := range p.GetHeaders() {
				w.Header()[k] = v
			}
			if kind.status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="hypercare"`)
			}
			_ = web.JSON(w, kind.status, map[string]string{"status": "error", "errorType": kind.name, "error": p.Detail})
			return
		}
		b := append([]byte(`{"status":"success","data":`), ans.data...)
		warnings, infos := ans.notes.AsStrings(ans.query, 10, 10)
		for name, list := range map[string][]string{"warnings": warnings, "infos": infos} {
			if text, err := json.Marshal(list); err == nil && len(list) > 0 {
				b = append(append(b, `,"`+name+`":`...), text...)
			}
		}
		_, _ = w.Write(append(b, '}')) // the client is gone if this fails
	})
}

func (s *Store) query(r *http.Request, p Space) (body, error) {
	at, err := timeOf(r.Form.Get("time"), "time", s.now())
	if err != nil {
		return body{}, err
	}
	ctx, cancel, err := withTimeout(r)
	if err != nil {
		return body{}, err
	}
	defer cancel()
	ans, err := p.Query(ctx, r.Form.Get("query"), at)
	return answer(ans, err, r)
}

func (s *Store) queryRange(r *http.Request, p Space) (body, error) {
	start, err := timeOf(r.Form.Get("start"), "start", time.Time{})
	if err != nil {
		return body{}, err
	}
	end, err := timeOf(r.Form.Get("end"), "end", time.Time{})
	if err != nil {
		return body{}, err
	}
	step, err := durationOf(r.Form.Get("step"), "step")
	if err != nil {
		return body{}, err
	}
	ctx, cancel, err := withTimeout(r)
	if err != nil {
		return body{}, err
	}
	defer cancel()
	ans, err := p.QueryRange(ctx, r.Form.Get("query"), start, end, step)
	return answer(ans, err, r)
}

func answer(ans *Answer, err error, r *http.Request) (body, error) {
	if err != nil {
		return body{}, err
	}
	defer ans.Close()
	b, err := appendValue(nil, ans.Value)
	return body{data: b, notes: ans.Notes, query: r.Form.Get("query")}, err
}

func (s *Store) format(r *http.Request, _ Space) (body, error) {
	expr, err := s.parser.ParseExpr(r.Form.Get("query"))
	if err != nil {
		return body{}, errs.Wrap(errs.Invalid, err, "%s", err.Error())
	}
	return asJSON(expr.Pretty(0))
}

// bounded has what reads the index wait for its turn, as queries do, and end in
// time.
func (s *Store) bounded(fn func(*http.Request, Space) (body, error)) func(*http.Request, Space) (body, error) {
	return func(r *http.Request, p Space) (body, error) {
		ctx, cancel, err := withTimeout(r)
		if err != nil {
			return body{}, err
		}
		defer cancel()
		leave, err := s.gate.enter(ctx, p.ws)
		if err != nil {
			return body{}, err
		}
		defer leave()
		return fn(r.WithContext(ctx), p)
	}
}

// between opens the series of a request's range, by default all of them.
func between(r *http.Request, p Space) (storage.Querier, *storage.SelectHints, error) {
	start, err := timeOf(r.Form.Get("start"), "start", time.UnixMilli(math.MinInt64/2))
	if err != nil {
		return nil, nil, err
	}
	end, err := timeOf(r.Form.Get("end"), "end", time.UnixMilli(math.MaxInt64/2))
	if err != nil {
		return nil, nil, err
	}
	if end.Before(start) {
		return nil, nil, errs.New(errs.Invalid, "The end of the range is before its start; swap them.")
	}
	q, err := p.Querier(start.UnixMilli(), end.UnixMilli())
	return q, &storage.SelectHints{Start: start.UnixMilli(), End: end.UnixMilli(), Func: "series"}, err
}

func (s *Store) selectors(r *http.Request, need bool) ([][]*labels.Matcher, error) {
	list := r.Form["match[]"]
	if len(list) == 0 && need {
		return nil, errs.New(errs.Invalid, "Send at least one match[], such as match[]=up.")
	}
	out, err := s.parser.ParseMetricSelectors(list)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "%s", err.Error())
	}
	return out, nil
}

// collect gathers texts over each selector, or over all series without one.
func (s *Store) collect(r *http.Request, p Space, read func(storage.Querier, []*labels.Matcher) ([]string, annotations.Annotations, error)) (body, error) {
	sets, err := s.selectors(r, false)
	if err != nil {
		return body{}, err
	}
	q, _, err := between(r, p)
	if err != nil {
		return body{}, err
	}
	defer func() { _ = q.Close() }()
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	seen := map[string]bool{}
	var notes annotations.Annotations
	for _, set := range sets {
		list, more, err := read(q, set)
		if err != nil {
			return body{}, queryError(err)
		}
		notes.Merge(more)
		for _, v := range list {
			seen[v] = true
		}
	}
	out := slices.Sorted(maps.Keys(seen))
	limit := limitOf(r)
	if len(out) > limit {
		out = out[:limit]
		notes.Add(errors.New("results truncated due to limit"))
	}
	if out == nil {
		out = []string{}
	}
	b, err := asJSON(out)
	b.notes = notes
	return b, err
}

func (s *Store) labelNames(r *http.Request, p Space) (body, error) {
	return s.collect(r, p, func(q storage.Querier, set []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelNames(r.Context(), nil, set...)
	})
}

func (s *Store) labelValues(r *http.Request, p Space) (body, error) {
	name := r.PathValue("name")
	if plain := model.UnescapeName(name, model.ValueEncodingEscaping); plain != "" {
		name = plain
	}
	return s.collect(r, p, func(q storage.Querier, set []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelValues(r.Context(), name, nil, set...)
	})
}

func (s *Store) seriesOf(r *http.Request, p Space) (body, error) {
	sets, err := s.selectors(r, true)
	if err != nil {
		return body{}, err
	}
	q, hints, err := between(r, p)
	if err != nil {
		return body{}, err
	}
	defer func() { _ = q.Close() }()
	limit, seen := limitOf(r), map[string]labels.Labels{}
	var notes annotations.Annotations
	for _, set := range sets {
		list := q.Select(r.Context(), false, hints, set...)
		for list.Next() && len(seen) <= limit {
			l := list.At().Labels()
			seen[l.String()] = l
		}
		if err := list.Err(); err != nil {
			return body{}, queryError(err)
		}
		notes.Merge(list.Warnings())
	}
	all := slices.SortedFunc(maps.Values(seen), labels.Compare)
	if len(all) > limit {
		all = all[:limit]
		notes.Add(errors.New("results truncated due to limit"))
	}
	b := []byte{'['}
	for i, l := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLabels(b, l)
	}
	return body{data: append(b, ']'), notes: notes}, nil
}

func (s *Store) metadata(r *http.Request, p Space) (body, error) {
	type entry struct {
		Type model.MetricType `json:"type"`
		Help string           `json:"help"`
		Unit string           `json:"unit"`
	}
	all := s.words.of(p.ws, r.Form.Get("metric"))
	out, limit := map[string][]entry{}, limitOf(r)
	for _, name := range slices.SortedFunc(maps.Keys(all), cmp.Compare[string]) {
		if len(out) == limit {
			break
		}
		m := all[name]
		out[name] = []entry{{cmp.Or(m.Type, model.MetricTypeUnknown), m.Help, m.Unit}}
	}
	return asJSON(out)
}

func limitOf(r *http.Request) int {
	if n, err := strconv.Atoi(r.Form.Get("limit")); err == nil && n > 0 {
		return min(n, maxItems)
	}
	return maxItems
}

// withTimeout takes the request's own timeout where it is shorter than ours.
func withTimeout(r *http.Request) (context.Context, context.CancelFunc, error) {
	d := queryTimeout
	if text := r.Form.Get("timeout"); text != "" {
		own, err := durationOf(text, "timeout")
		if err != nil {
			return nil, nil, err
		}
		d = min(d, own)
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	return ctx, cancel, nil
}

// timeOf reads Unix seconds or RFC 3339; def when there is none.
func timeOf(text, name string, def time.Time) (time.Time, error) {
	if text == "" && !def.IsZero() {
		return def, nil
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(v) < 1e11 {
		return time.UnixMilli(int64(math.Round(v * 1000))).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	if text != "" && !def.IsZero() { // Grafana sends these for "everything"
		switch v, err := strconv.ParseFloat(text, 64); {
		case err == nil && v < 0:
			return time.UnixMilli(math.MinInt64 / 2), nil
		case err == nil:
			return time.UnixMilli(math.MaxInt64 / 2), nil
		}
	}
	return time.Time{}, errs.New(errs.Invalid, "The parameter %s must be a time: Unix seconds or like 2026-11-21T08:00:00Z.", name)
}

// durationOf reads seconds or a duration as PromQL has it.
func durationOf(text, name string) (time.Duration, error) {
	if v, err := strconv.ParseFloat(text, 64); err == nil && v > 0 && v < 1e9 {
		return time.Duration(v * float64(time.Second)), nil
	}
	if d, err := model.ParseDuration(text); err == nil && d > 0 {
		return time.Duration(d), nil
	}
	return 0, errs.New(errs.Invalid, "The parameter %s must be seconds or a duration such as 15s or 5m.", name)
}
