package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Item is one of the things that evidence puts beside a report.
type Item struct {
	ID       string  `json:"id"`
	Kind     string  `json:"kind"`
	Title    string  `json:"title"`
	Reason   string  `json:"reason"`
	Score    float64 `json:"score"`
	Strength string  `json:"strength"`
	Join     string  `json:"join"`
}

// Answer is what evidence said of one report, beside what is true.
type Answer struct {
	Report *Report
	Items  []Item
	Window string
	Took   float64 // ms, as evidence says

	Rank    int // of the first true call among the calls; 0: it is not there
	Overall int // the same among all items
	Alike   int // of the first call that the same fault failed, whoever's it is
	Strong  int // calls, errors and spans that may be believed without looking
	False   int // of those, what is not true
}

// Factor is one of the things that reports have in common.
type Factor struct {
	Field  string  `json:"field"`
	Value  string  `json:"value"`
	In     int     `json:"in"`
	Of     int     `json:"of"`
	PValue float64 `json:"p_value"`
}

// Verdict is what was said of the cause of an issue, beside what is true.
type Verdict struct {
	Fault    *Fault // nil: an issue of reports about all sorts of things
	Reports  int
	Label    string   `json:"label"`
	Release  string   `json:"release"`
	Sentence string   `json:"sentence"`
	Factors  []Factor `json:"factors"`
	Reach    struct {
		People int `json:"people"`
		Calls  int `json:"calls"`
	} `json:"reach"`
	People int // who truly met the fault

	Named int // place of the first factor that names the true cause; 0: none does
}

// causeDepth is how many factors are looked at for the true cause.
const causeDepth = 3

// leastReports is how many reports an issue needs to be asked for its cause.
const leastReports = 3

// Result is an examined play.
type Result struct {
	Record   *Record
	Answers  []*Answer
	Verdicts []*Verdict
}

// settle waits until every report was read.
func settle(ctx context.Context, api *API, launch string) error {
	for {
		var l struct {
			Counts struct {
				Waiting int `json:"waiting"`
			} `json:"counts"`
		}
		if err := api.Call(ctx, "GET", "/launches/"+launch, nil, &l); err != nil {
			return fmt.Errorf("wait until the reports are read: %w", err)
		}
		if l.Counts.Waiting == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until the reports are read: %w", context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Check holds the truth itself against the call log: each call that a report
// is about has to be there, as the person met it.
func Check(ctx context.Context, api *API, rec *Record) error {
	mine := map[string]*Call{}
	for _, c := range rec.Calls {
		mine[c.ID] = c
	}
	wrong := []error{checkChannels(ctx, api, rec.Launch)}
	for _, r := range rec.Reports {
		if r.Fault != "" && len(r.Calls) == 0 {
			wrong = append(wrong, fmt.Errorf("report %s is about %s and no call", r.ID, r.Fault))
		}
		for _, id := range r.Calls {
			var got struct {
				Status  int    `json:"status"`
				User    string `json:"user"`
				Session string `json:"session"`
				Route   string `json:"route"`
				Trace   string `json:"trace"`
			}
			if err := api.Call(ctx, "GET", "/calls/"+id, nil, &got); err != nil {
				return fmt.Errorf("look for the call of report %s: %w", r.ID, err)
			}
			c := mine[id]
			if got.Status != c.Status || got.User != c.Person.ID || got.Session != c.Session || got.Route != c.Route || got.Trace != c.Trace {
				wrong = append(wrong, fmt.Errorf("call %s of report %s is %+v in the log; met was %d %s of %s in %s", id, r.ID, got, c.Status, c.Route, c.Person.ID, c.Session))
			}
		}
	}
	return errors.Join(wrong...)
}

// checkChannels holds that what the shop sent by other ways was taken.
func checkChannels(ctx context.Context, api *API, launch string) error {
	var list struct {
		Items []struct {
			Kind     string `json:"kind"`
			Received int    `json:"received"`
			Refused  int    `json:"refused"`
			Last     string `json:"last_refusal"`
		} `json:"items"`
	}
	if err := api.Call(ctx, "GET", "/launches/"+launch+"/channels", nil, &list); err != nil {
		return fmt.Errorf("ask how the channels are: %w", err)
	}
	var wrong []error
	for _, c := range list.Items {
		if c.Refused > 0 || c.Received == 0 && c.Kind == "otlp" { // there is always a call, not always an alert
			wrong = append(wrong, fmt.Errorf("channel %s took %d and refused %d: %s", c.Kind, c.Received, c.Refused, c.Last))
		}
	}
	return errors.Join(wrong...)
}

// Examine asks evidence for every report and the cause of every fault's
// issue, as a responder would, and marks the answers.
func Examine(ctx context.Context, api *API, rec *Record) (*Result, error) {
	if err := settle(ctx, api, rec.Launch); err != nil {
		return nil, err
	}
	res := &Result{Record: rec}
	groups := map[string][]string{}
	met := map[string]*Call{}
	for _, c := range rec.Calls {
		met[c.ID] = c
	}
	for _, r := range rec.Reports {
		a, err := ask(ctx, api, r, met)
		if err != nil {
			return nil, err
		}
		res.Answers = append(res.Answers, a)
		groups[r.Fault] = append(groups[r.Fault], r.ID)
	}
	for _, f := range append(slices.Clone(rec.Scenario.Faults), nil) {
		id := ""
		if f != nil {
			id = f.ID
		}
		if len(groups[id]) < leastReports {
			continue
		}
		v, err := judgeIssue(ctx, api, rec, f, groups[id])
		if err != nil {
			return nil, err
		}
		res.Verdicts = append(res.Verdicts, v)
	}
	return res, nil
}

func ask(ctx context.Context, api *API, r *Report, met map[string]*Call) (*Answer, error) {
	var got struct {
		Items  []Item `json:"items"`
		Window struct {
			Why string `json:"why"`
		} `json:"window"`
		Took float64 `json:"took_ms"`
	}
	if err := api.Call(ctx, "GET", "/feedback/"+r.ID+"/evidence", nil, &got); err != nil {
		return nil, fmt.Errorf("ask for the evidence of %s: %w", r.ID, err)
	}
	a := &Answer{Report: r, Items: got.Items, Window: got.Window.Why, Took: got.Took}
	a.mark(met)
	return a, nil
}

// mark holds what was proposed against the truth. A strong join to a call of
// the person that the same fault failed after the report is no false one: the
// report is not of that call, and still it is what the report is about.
func (a *Answer) mark(met map[string]*Call) {
	calls, about := 0, a.Report.Fault
	for i, it := range a.Items {
		id, isCall := strings.CutPrefix(it.ID, "call:")
		right := isCall && slices.Contains(a.Report.Calls, id)
		c := met[id]
		alike := isCall && about != "" && c != nil && c.Fault == about
		if isCall {
			calls++
		}
		if right && a.Rank == 0 {
			a.Rank, a.Overall = calls, i+1
		}
		if alike && a.Alike == 0 {
			a.Alike = calls
		}
		if it.Strength != "strong" {
			continue
		}
		switch {
		case isCall:
			a.Strong++
			if !right && !(alike && c.Person.ID == a.Report.User) {
				a.False++
			}
		case it.Kind == "error" || it.Kind == "span" || it.Kind == "log":
			a.Strong++
			if about == "" {
				a.False++
			}
		}
	}
}

// judgeIssue makes an issue of reports, as a responder does who sees that they
// are about one thing, and asks for its cause.
func judgeIssue(ctx context.Context, api *API, rec *Record, f *Fault, ids []string) (*Verdict, error) {
	var first struct {
		Issue struct {
			ID string `json:"id"`
		} `json:"issue"`
	}
	if err := api.Call(ctx, "POST", "/feedback/"+ids[0]+"/accept", map[string]any{}, &first); err != nil {
		return nil, fmt.Errorf("make an issue: %w", err)
	}
	if err := api.Call(ctx, "POST", "/launches/"+rec.Launch+"/feedback/accept", map[string]any{"ids": ids[1:], "issue_id": first.Issue.ID}, nil); err != nil {
		return nil, fmt.Errorf("join reports to an issue: %w", err)
	}
	v := &Verdict{Fault: f, Reports: len(ids)}
	var status *statusError
	if err := api.Call(ctx, "GET", "/issues/"+first.Issue.ID+"/cause", nil, v); errors.As(err, &status) && status.status == 404 {
		v.Sentence = "there is no such question"
	} else if err != nil {
		return nil, fmt.Errorf("ask for the cause of an issue: %w", err)
	}
	if f == nil {
		return v, nil
	}
	met := map[string]bool{}
	for _, c := range rec.Calls {
		if c.Fault == f.ID {
			met[c.Person.ID] = true
		}
	}
	v.People = len(met)
	for i, factor := range v.Factors {
		if i < causeDepth && v.Named == 0 && f.names(factor) {
			v.Named = i + 1
		}
	}
	return v, nil
}

// names tells whether a factor names a fault's true cause.
func (f *Fault) names(x Factor) bool {
	return slices.ContainsFunc(f.Causes, func(c Cause) bool {
		switch {
		case c.Field != x.Field:
			return false
		case c.Field == "agent" || c.Field == "client_version": // "ShopApp/2.1.0" is as good
			return strings.Contains(x.Value, c.Value)
		case c.Field == "upstream" && !strings.Contains(c.Value, "/"): // one of its targets is as good when there is one
			name, _, _ := strings.Cut(x.Value, "/")
			return x.Value == c.Value || name == c.Value && serviceNamed(name).instances == 1
		}
		return c.Value == x.Value
	})
}

// Run plays several seeds at once, each on a hypercare of its own that start
// gives, and examines them; without asking it only holds the truth against
// the call log.
func Run(ctx context.Context, seeds []uint64, size Size, pace Pace, asking bool, start func(ctx context.Context) (*API, func() error, error)) ([]*Result, error) {
	list, errs := make([]*Result, len(seeds)), make([]error, len(seeds))
	var wg sync.WaitGroup
	for i, seed := range seeds {
		wg.Go(func() {
			if list[i], errs[i] = one(ctx, seed, size, pace, asking, start); errs[i] != nil {
				errs[i] = fmt.Errorf("seed %d: %w", seed, errs[i])
			}
		})
	}
	wg.Wait()
	list = slices.DeleteFunc(list, func(r *Result) bool { return r == nil })
	slices.SortFunc(list, func(a, b *Result) int { return cmp.Compare(a.Record.Scenario.Seed, b.Record.Scenario.Seed) })
	return list, errors.Join(errs...)
}

func one(ctx context.Context, seed uint64, size Size, pace Pace, asking bool, start func(ctx context.Context) (*API, func() error, error)) (_ *Result, err error) {
	api, stop, err := start(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	st, err := Open(ctx, api, fmt.Sprintf("Shop, seed %d", seed))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	rec, err := Play(ctx, st, NewScenario(seed, size), pace)
	if err != nil {
		return nil, err
	}
	if err := settle(ctx, api, rec.Launch); err != nil {
		return nil, err
	}
	if err := Check(ctx, api, rec); err != nil {
		return nil, err
	}
	if !asking {
		return &Result{Record: rec}, nil
	}
	return Examine(ctx, api, rec)
}
