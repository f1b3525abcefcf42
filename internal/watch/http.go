package watch

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

type byName struct {
	Name string `path:"name" maxLength:"100"`
}

// Routes adds the operations of this package, and the two that Prometheus has
// for its rules.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /rule-groups", "list-rule-groups", "Groups of recording and alert rules", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Group]], error) {
		list, err := s.Groups(ctx)
		return &web.Body[web.Page[*Group]]{Body: web.NewPage(list, "")}, err
	})
	web.Route(api, "POST /rule-groups/check", "check-rule-group", "What is wrong with a group's document", func(ctx context.Context, in *web.Body[struct {
		Document string `json:"document"`
	}]) (*web.Body[Check], error) {
		c, err := s.Check(ctx, in.Body.Document)
		if err != nil {
			return nil, err
		}
		return &web.Body[Check]{Body: *c}, nil
	})
	web.Route(api, "GET /rule-groups/{name}", "get-rule-group", "One group of rules", func(ctx context.Context, in *byName) (*web.Body[Group], error) {
		return groupBody(s.Get(ctx, in.Name))
	})
	web.Route(api, "PUT /rule-groups/{name}", "put-rule-group", "Save a group of rules; with a fault nothing changes", func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"100"`
		Body struct {
			Document string `json:"document" minLength:"1" doc:"A rule file of Prometheus with this one group."`
		}
	}) (*web.Body[Group], error) {
		return groupBody(s.Put(ctx, in.Name, in.Body.Document))
	})
	web.Route(api, "DELETE /rule-groups/{name}", "delete-rule-group", "Remove a group of rules; its alerts end", func(ctx context.Context, in *byName) (*struct{}, error) {
		return nil, s.Remove(ctx, in.Name)
	})
	web.Route(api, "GET /alerts", "list-alerts", "Alerts, newest first", func(ctx context.Context, in *struct {
		State  string `query:"state" enum:"pending,firing,resolved" doc:"Pending and firing ones when absent."`
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Alert]], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, State(in.State), before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].ID)
		}
		return &web.Body[web.Page[*Alert]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /alerts/count", "count-alerts", "How many alerts are active", func(ctx context.Context, _ *struct{}) (*web.Body[Counts], error) {
		c, err := s.Count(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[Counts]{Body: *c}, nil
	})
	api.Mux.Handle("GET "+metric.Prefix+"/api/v1/rules", metric.Prometheus(s.prometheusRules))
	api.Mux.Handle("GET "+metric.Prefix+"/api/v1/alerts", metric.Prometheus(s.prometheusAlerts))
}

func groupBody(g *Group, err error) (*web.Body[Group], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[Group]{Body: *g}, nil
}

// promAlert is an alert as Prometheus' API has it.
type promAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       State             `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

type promRule struct {
	State         string            `json:"state,omitempty"`
	Name          string            `json:"name"`
	Query         string            `json:"query"`
	Duration      *float64          `json:"duration,omitempty"`
	KeepFiringFor *float64          `json:"keepFiringFor,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
	Alerts        *[]promAlert      `json:"alerts,omitempty"`
	Health        string            `json:"health"`
	LastError     string            `json:"lastError,omitempty"`
	Type          string            `json:"type"`
	Evaluated     time.Time         `json:"lastEvaluation"`
	Took          float64           `json:"evaluationTime"`
}

type promGroup struct {
	Name      string     `json:"name"`
	File      string     `json:"file"`
	Interval  float64    `json:"interval"`
	Limit     int        `json:"limit"`
	Rules     []promRule `json:"rules"`
	Evaluated time.Time  `json:"lastEvaluation"`
	Took      float64    `json:"evaluationTime"`
}

// active are the alerts that are pending or firing, at most that many.
const mostActive = 5000

func (s *Service) active(ctx context.Context, ws workspace.ID) (map[string][]promAlert, error) {
	list, err := listAlerts(ctx, s.db, ws, []State{Pending, Firing}, "", mostActive)
	if err != nil {
		return nil, err
	}
	out := map[string][]promAlert{}
	for _, a := range list {
		p := promAlert{Labels: a.Labels, Annotations: a.Annotations, State: a.State, ActiveAt: a.ActiveAt, Value: metric.FormatFloat(a.value)}
		if a.Value == nil {
			p.Value = "NaN"
		}
		key := a.Group + "\x00" + a.Rule
		out[key] = append(out[key], p)
	}
	return out, nil
}

func (s *Service) prometheusAlerts(r *http.Request, a workspace.Actor) (any, error) {
	active, err := s.active(r.Context(), a.Workspace)
	if err != nil {
		return nil, err
	}
	out := []promAlert{}
	for _, list := range active {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b promAlert) int { return a.ActiveAt.Compare(b.ActiveAt) })
	return map[string]any{"alerts": out}, nil
}

func (s *Service) prometheusRules(r *http.Request, a workspace.Actor) (any, error) {
	groups, err := listGroups(r.Context(), s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	active, err := s.active(r.Context(), a.Workspace)
	if err != nil {
		return nil, err
	}
	kind, out := r.Form.Get("type"), []promGroup{}
	for _, g := range groups {
		file, faults := s.read(g.Document)
		if faults != nil {
			continue
		}
		p := promGroup{Name: g.Name, File: g.Name + ".yaml", Interval: time.Duration(file.Interval).Seconds(), Limit: file.Limit, Rules: []promRule{}, Evaluated: moment(g.EvaluatedAt)}
		for i, one := range file.Rules {
			if one.Alert != "" && kind == "record" || one.Alert == "" && kind == "alert" {
				continue
			}
			p.Rules = append(p.Rules, promRuleOf(g, i, one, active))
		}
		out = append(out, p)
	}
	return map[string]any{"groups": out}, nil
}

func promRuleOf(g *Group, i int, one rulefmt.Rule, active map[string][]promAlert) promRule {
	p := promRule{Query: one.Expr, Labels: one.Labels, Health: "unknown", Evaluated: moment(g.EvaluatedAt)}
	if g.EvaluatedAt != nil {
		p.Health = "ok"
	}
	for name, why := range g.Faults {
		if strings.HasPrefix(name, strconv.Itoa(i+1)+" ") {
			p.Health, p.LastError = "err", why
		}
	}
	if one.Alert == "" {
		p.Name, p.Type = one.Record, "recording"
		return p
	}
	hold, keep := time.Duration(one.For).Seconds(), time.Duration(one.KeepFiringFor).Seconds()
	list := active[g.Name+"\x00"+one.Alert]
	if list == nil {
		list = []promAlert{}
	}
	p.Name, p.Type, p.Duration, p.KeepFiringFor, p.Annotations, p.Alerts, p.State = one.Alert, "alerting", &hold, &keep, one.Annotations, &list, "inactive"
	for _, a := range list {
		if p.State != string(Firing) {
			p.State = string(a.State)
		}
	}
	return p
}
