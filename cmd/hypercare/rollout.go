package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/web"
)

// rolloutVerbs are what is done to one that is under way.
var rolloutVerbs = []string{rollout.Pause, rollout.Resume, rollout.Advance, rollout.Promote, rollout.Abort}

const rolloutUsage = `usage: hypercare rollout list
       hypercare rollout start --api A --canary UPSTREAM [--steps 5:10m,25:10m,100:10m] (or -f rollout.yaml)
       hypercare rollout show|pause|resume|advance|promote|abort [ID]
(hypercare rollout start -h lists the flags; without an ID the only one that is under way is meant)`

// rollouts brings new versions into service.
func rollouts(ctx context.Context, args []string, io streams) (err error) {
	if len(args) == 0 {
		return errors.New(rolloutUsage)
	}
	verb := args[0]
	var r remote
	fs := flags("rollout "+verb, io)
	r.define(fs)
	reason := ""
	start := startFlags{}
	switch {
	case verb == "start":
		start.define(fs)
	case verb == "list", verb == "show":
	case slices.Contains(rolloutVerbs, verb):
		fs.StringVar(&reason, "reason", "", "`why`, for the history")
	default:
		return fmt.Errorf("there is no hypercare rollout %s\n%s", verb, rolloutUsage)
	}
	rest, err := parse(fs, args[1:])
	if err != nil {
		return err
	}
	var in rollout.Input
	switch {
	case verb == "start":
		if in, err = start.input(io); err != nil {
			return err
		}
		fallthrough
	case verb == "list":
		if len(rest) > 0 {
			return fmt.Errorf("rollout %s takes no argument %q", verb, rest[0])
		}
	case len(rest) > 1:
		return errors.New("one rollout at a time: " + strings.Join(rest, " "))
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	switch verb {
	case "list":
		return listRollouts(ctx, c, io)
	case "start":
		var out rollout.Rollout
		if err := c.call(ctx, http.MethodPost, "/gateway/rollouts", in, &out); err != nil {
			return err
		}
		_, err = fmt.Fprintf(io.out, "%s: %g %% of %s goes to %s.\n", out.ID, out.Weight, strings.TrimSpace(out.API+" "+out.Version), out.Canary)
		return err
	}
	id, err := theRollout(ctx, c, rest)
	if err != nil {
		return err
	}
	if verb == "show" {
		return showRollout(ctx, c, io, id)
	}
	var out rollout.Rollout
	if err := c.call(ctx, http.MethodPost, "/gateway/rollouts/"+id+"/"+verb, map[string]string{"reason": reason}, &out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s is %s: %s.\n", out.ID, strings.ReplaceAll(string(out.State), "_", " "), out.Reason)
	return err
}

// startFlags say what is to be started.
type startFlags struct {
	in                                 rollout.Input
	file, routes, steps, sticky, match string
	blueGreen, noAnalysis              bool
}

func (s *startFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&s.file, "f", "", "`file` with the rollout in YAML or JSON, as the API takes it; flags win")
	fs.StringVar(&s.in.API, "api", "", "`name` of the API")
	fs.StringVar(&s.in.Version, "api-version", "", "its `version`")
	fs.StringVar(&s.routes, "routes", "", "`names`, comma separated; all that lead to the stable upstream when absent")
	fs.StringVar(&s.in.Canary, "canary", "", "`upstream` with the new version")
	fs.StringVar(&s.in.Stable, "stable", "", "`upstream` with the old one; found out when absent")
	fs.StringVar(&s.steps, "steps", "", "`percent:time` for each step, such as 5:10m,50:30m,100:1h")
	fs.StringVar(&s.sticky, "sticky", "", "what keeps a person with one version: user, application, address, none, header:`NAME` or cookie:NAME")
	fs.StringVar(&s.match, "match", "", "`NAME=VALUE` of a header whose requests go to the new version whatever its share")
	fs.BoolVar(&s.blueGreen, "blue-green", false, "all at once")
	fs.BoolVar(&s.noAnalysis, "no-analysis", false, "let time alone decide")
	fs.BoolVar(&s.in.Confirm, "confirm", false, "wait for somebody to promote it")
	fs.StringVar(&s.in.Health.Path, "health", "", "`path` that every target has to answer well before anything goes there")
	fs.StringVar(&s.in.Note, "note", "", "`what` is new")
}

func (s *startFlags) input(io streams) (rollout.Input, error) {
	in := rollout.Input{}
	if s.file != "" {
		doc, err := readDocument(s.file, io.in)
		if err != nil {
			return in, err
		}
		if in, err = readRollout(doc); err != nil {
			return in, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	for _, f := range []struct{ from, into *string }{{&s.in.API, &in.API}, {&s.in.Version, &in.Version}, {&s.in.Canary, &in.Canary}, {&s.in.Stable, &in.Stable},
		{&s.in.Health.Path, &in.Health.Path}, {&s.in.Note, &in.Note}} {
		if *f.from != "" {
			*f.into = *f.from
		}
	}
	in.Confirm = in.Confirm || s.in.Confirm
	in.Analysis.Off = in.Analysis.Off || s.noAnalysis
	if s.blueGreen {
		in.Strategy = rollout.BlueGreen
	}
	if s.routes != "" {
		in.Routes = strings.Split(s.routes, ",")
	}
	if s.sticky != "" {
		by, name, _ := strings.Cut(s.sticky, ":")
		in.Sticky = gateway.Sticky{By: by, Name: name}
	}
	if s.match != "" {
		name, value, ok := strings.Cut(s.match, "=")
		if !ok {
			return in, fmt.Errorf("--match is NAME=VALUE, not %q", s.match)
		}
		in.Targeting.Headers = append(in.Targeting.Headers, gateway.ValueMatch{Name: name, Equals: value})
	}
	if s.steps != "" {
		in.Steps = nil
		for part := range strings.SplitSeq(s.steps, ",") {
			weight, hold, _ := strings.Cut(part, ":")
			w, err := strconv.ParseFloat(strings.TrimSuffix(weight, "%"), 64)
			if err != nil {
				return in, fmt.Errorf("--steps is percent:time, such as 5:10m,100:1h; %q is not", part)
			}
			in.Steps = append(in.Steps, rollout.Step{Weight: w, Hold: hold})
		}
	}
	if in.API == "" || in.Canary == "" {
		return in, errors.New("say what is new: --api and --canary, or -f with both in it")
	}
	return in, nil
}

// readRollout reads a rollout as the API takes it, out of YAML or JSON.
func readRollout(doc []byte) (in rollout.Input, err error) {
	text, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return in, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return in, d.Decode(&in)
}

// theRollout is the one that is named, or the only one that is under way.
func theRollout(ctx context.Context, c *client, rest []string) (string, error) {
	if len(rest) == 1 {
		return rest[0], nil
	}
	var page web.Page[rollout.Rollout]
	if err := c.call(ctx, http.MethodGet, "/gateway/rollouts", nil, &page); err != nil {
		return "", err
	}
	var ids []string
	for _, r := range page.Items {
		if r.EndedAt == nil {
			ids = append(ids, r.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", errors.New("no rollout is under way; hypercare rollout list shows those that were")
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("%d rollouts are under way; name one: %s", len(ids), strings.Join(ids, " "))
}

func listRollouts(ctx context.Context, c *client, io streams) error {
	var page web.Page[rollout.Rollout]
	if err := c.call(ctx, http.MethodGet, "/gateway/rollouts", nil, &page); err != nil {
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tSTARTED\tAPI\tFROM\tTO\tSTATE\tWEIGHT\tREASON")
	for _, r := range page.Items {
		reason := r.Reason
		if r.EndedAt == nil && r.Finding.Reason != "" {
			reason = r.Finding.Reason
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%g %%\t%s\n", r.ID, r.CreatedAt.Format(time.DateTime), strings.TrimSpace(r.API+" "+r.Version), r.Stable, r.Canary, r.State, r.Weight, reason)
	}
	return w.Flush()
}

func showRollout(ctx context.Context, c *client, io streams, id string) error {
	var d rollout.Detail
	if err := c.call(ctx, http.MethodGet, "/gateway/rollouts/"+id, nil, &d); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(io.out, "%s  %s from %s to %s: %s, step %d of %d, %g %%\n%s\n\n", d.ID, strings.TrimSpace(d.API+" "+d.Version), d.Stable, d.Canary, d.State, d.Step+1, len(d.Steps), d.Weight, d.Figures.Compared)
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "VERSION\tCALLS\tFAILED\tP50\tP95\tP99")
	for _, v := range d.Figures.Variants {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%.1f ms\t%.1f ms\t%.1f ms\n", v.Variant, v.Calls, v.Failures, v.P50, v.P95, v.P99)
	}
	_, _ = fmt.Fprintln(w)
	for _, e := range d.Events {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.At.Format(time.DateTime), e.Kind, e.By, e.Reason)
	}
	return w.Flush()
}
