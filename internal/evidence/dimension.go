package evidence

import (
	"regexp"
	"strings"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/calllog"
)

// dimension is one way in which calls may be alike.
type dimension struct {
	name   string
	field  call.Field
	values func(raw string) []string // what a raw value says; nil: itself
	weight float64                   // of two that explain the same, the heavier is named
	effect bool                      // what it looked like, not why: named last
	say    string                    // "went to %s"
}

// dimensions are what the reports of an issue may have in common.
var dimensions = []dimension{
	{name: "policy", field: call.Policy, weight: 1.06, say: "were answered by the policy %s"},
	{name: "limit", field: call.Limit, weight: 1.03, say: "exceeded the limit %s"},
	{name: "upstream", field: call.Upstream, values: upstreamNames, weight: 1, say: "went to %s"},
	{name: "release", field: call.Release, weight: .97, say: "were served by release %s"},
	{name: "client_version", field: call.Agent, values: clientVersions, weight: .95, say: "came from %s"},
	{name: "region", field: call.Host, values: regions, weight: .96, say: "were in %s"},
	{name: "application", field: call.Application, weight: .96, say: "came by the application %s"},
	{name: "host", field: call.Host, weight: .9, say: "went to the host %s"},
	{name: "route", field: call.Route, weight: .9, say: "hit %s"},
	{name: "node", field: call.Node, weight: .7, say: "passed the node %s"},
	{name: "version", field: call.Version, weight: .6, say: "used version %s of the API"},
	{name: "api", field: call.API, weight: .6, say: "used the API %s"},
	{name: "error", field: call.Error, weight: .5, effect: true, say: "ended with %s"},
	{name: "status", field: call.Status, weight: .5, effect: true, say: "were answered %s"},
}

// fieldsAsked are those of the dimensions, each once.
var fieldsAsked = func() []call.Field {
	var list []call.Field
	seen := map[call.Field]bool{}
	for _, d := range dimensions {
		if !seen[d.field] {
			seen[d.field] = true
			list = append(list, d.field)
		}
	}
	return list
}()

func (d *dimension) of(raw string) []string {
	if d.values != nil {
		return d.values(raw)
	}
	if raw == "" {
		return nil
	}
	return []string{raw}
}

// rawOf is a field of a call as the log has it.
func rawOf(c *calllog.Call, f call.Field) string {
	switch f {
	case call.Policy:
		return c.Policy
	case call.Limit:
		return c.Limit
	case call.Upstream:
		return c.Upstream
	case call.Release:
		return c.Release
	case call.Agent:
		return c.Agent
	case call.Host:
		return c.Host
	case call.Application:
		return c.Application
	case call.Route:
		return c.Route
	case call.Node:
		return c.Node
	case call.Version:
		return c.Version
	case call.API:
		return c.API
	case call.Error:
		return c.Error
	case call.Status:
		if c.Status > 0 {
			return itoa(c.Status)
		}
	}
	return ""
}

// upstreamNames are the upstream and its target: "orders/10.0.0.5:8080".
func upstreamNames(raw string) []string {
	name, _, ok := strings.Cut(raw, "/")
	switch {
	case raw == "":
		return nil
	case ok && name != "":
		return []string{name, raw}
	}
	return []string{raw}
}

var (
	regionLabel = regexp.MustCompile(`^(?:[a-z]{2}-[a-z]+(?:-?\d{0,2})|(?:eu|us|ap|uk|de|fr|es|it|nl|ch|at|jp|in|br|au|ca)\d{0,2})$`)
	product     = regexp.MustCompile(`([A-Za-z][\w.-]{1,40})/v?(\d+(?:\.\d+){0,3}[\w.-]{0,20})`)
)

// regions are the parts of a host that name one.
func regions(host string) []string {
	host, _, _ = strings.Cut(host, ":")
	for label := range strings.SplitSeq(host, ".") {
		if regionLabel.MatchString(label) {
			return []string{label}
		}
	}
	return nil
}

// clientVersions is the product and version that an agent says; of browsers,
// which name each other, the one that it is.
func clientVersions(agent string) []string {
	found := product.FindAllStringSubmatch(agent, 12)
	if len(found) == 0 {
		return nil
	}
	byName := map[string]string{}
	for _, m := range found {
		byName[m[1]] = m[1] + "/" + m[2]
	}
	if byName["Mozilla"] != "" {
		for _, b := range []string{"Edg", "OPR", "Firefox", "Chrome", "Version"} {
			if byName[b] != "" {
				v, _, _ := strings.Cut(byName[b], ".")
				return []string{v}
			}
		}
		return nil
	}
	return []string{found[0][0]}
}
