package gateway

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Outline is what a document publishes, for people to read: APIs, their
// routes with the whole path, and the policies of each in the order in which
// a request meets them.
type Outline struct {
	APIs      []OutlineAPI      `json:"apis" nullable:"false"`
	Upstreams []OutlineUpstream `json:"upstreams" nullable:"false"`
}

// OutlineAPI is an API in one version.
type OutlineAPI struct {
	Name     string         `json:"name"`
	Version  string         `json:"version,omitempty"`
	State    string         `json:"state" enum:"draft,published,deprecated,retired"`
	Hosts    []string       `json:"hosts" nullable:"false" doc:"Empty: any."`
	Base     string         `json:"base,omitempty"`
	Sunset   string         `json:"sunset,omitempty" format:"date"`
	Policies []NamedPolicy  `json:"policies" nullable:"false" doc:"Of every route."`
	Routes   []OutlineRoute `json:"routes" nullable:"false"`
}

// OutlineRoute is a route of an API.
type OutlineRoute struct {
	Name     string            `json:"name"`
	Match    string            `json:"match" enum:"path,prefix,regex"`
	Path     string            `json:"path" doc:"Whole, with the base of the API."`
	Methods  []string          `json:"methods" nullable:"false" doc:"Empty: any."`
	Headers  map[string]string `json:"headers,omitempty" doc:"That a request must have; * for any value."`
	Rewrite  string            `json:"rewrite,omitempty"`
	Shares   []Split           `json:"shares" nullable:"false" doc:"Upstreams by weight; mostly one."`
	Policies []NamedPolicy     `json:"policies" nullable:"false" doc:"Those of the API and its own."`
}

// OutlineUpstream is an upstream in a sentence.
type OutlineUpstream struct {
	Name    string   `json:"name"`
	Balance string   `json:"balance"`
	Targets []Target `json:"targets" nullable:"false"`
}

// NamedPolicy is one policy as the document names it.
type NamedPolicy struct {
	Kind   string `json:"kind" example:"limit"`
	Of     string `json:"of" enum:"api,route" doc:"Who asks for it."`
	Detail string `json:"detail,omitempty" doc:"Its settings as YAML; absent for those who may not see the document."`
}

// Outline describes the document; whole says whether the settings of policies
// may be told, which can hold credentials.
func (c *Config) Outline(whole bool) Outline {
	out := Outline{APIs: []OutlineAPI{}, Upstreams: []OutlineUpstream{}}
	for _, u := range c.Upstreams {
		out.Upstreams = append(out.Upstreams, OutlineUpstream{Name: u.Name, Balance: cmp.Or(u.Balance, roundRobin), Targets: u.Targets})
	}
	for _, a := range c.APIs {
		api := OutlineAPI{Name: a.Name, Version: a.Version, State: cmp.Or(a.State, "published"), Hosts: append([]string{}, a.Hosts...), Base: a.Base,
			Sunset: a.Sunset, Policies: outlinePolicies(&a.Policies, &Policies{}, whole), Routes: []OutlineRoute{}}
		for _, r := range a.Routes {
			api.Routes = append(api.Routes, outlineRoute(a, r, whole))
		}
		out.APIs = append(out.APIs, api)
	}
	return out
}

func outlineRoute(a API, r RouteC, whole bool) OutlineRoute {
	kind, path := r.match()
	if kind != matchRegex {
		path = strings.TrimSuffix(a.Base, "/") + path
	}
	shares := append([]Split{}, r.Split...)
	if len(shares) == 0 {
		shares = []Split{{Upstream: cmp.Or(r.Upstream, a.Upstream), Weight: 1}}
	}
	return OutlineRoute{Name: r.Name, Match: kind, Path: path, Methods: append([]string{}, r.Methods...), Headers: r.Headers, Rewrite: r.Rewrite,
		Shares: shares, Policies: outlinePolicies(&a.Policies, &r.Policies, whole)}
}

// named is every policy that is set, by its name in the document.
func (p *Policies) named(of string, whole bool) map[string]NamedPolicy {
	out := map[string]NamedPolicy{}
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		n := NamedPolicy{Kind: name, Of: of}
		if text, err := yaml.Marshal(v.Field(i).Interface()); whole && err == nil {
			n.Detail = strings.TrimSpace(string(text))
			if n.Detail == "{}" {
				n.Detail = ""
			}
		}
		out[name] = n
	}
	return out
}

// outlinePolicies lists what a request meets, as buildPolicies orders it. What
// is no kind of its own comes last.
func outlinePolicies(ofAPI, ofRoute *Policies, whole bool) []NamedPolicy {
	api, route := ofAPI.named("api", whole), ofRoute.named("route", whole)
	list := []NamedPolicy{}
	take := func(name string, once bool) {
		r, own := route[name]
		if a, ok := api[name]; ok && !(own && once) {
			list = append(list, a)
		}
		if own {
			list = append(list, r)
		}
		delete(api, name)
		delete(route, name)
	}
	for i := range policyKinds {
		take(policyKinds[i].name, policyKinds[i].once)
	}
	rest := slices.Collect(maps.Keys(api))
	rest = slices.AppendSeq(rest, maps.Keys(route))
	slices.Sort(rest)
	for _, name := range slices.Compact(rest) {
		take(name, true)
	}
	return list
}
