package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/release"
)

// Mapping says what a JSON document means, by expressions in CEL over `body`
// (one item of it, where Each is set) and `all` (the whole). What names a
// field that is not there is empty.
type Mapping struct {
	Each     string `json:"each,omitempty" doc:"List of items in the document, each of which is one; the document itself when empty."`
	When     string `json:"when,omitempty" doc:"Only what this is true for is taken."`
	Kind     string `json:"kind,omitempty" doc:"What it is: alert (the default), feedback or release."`
	Key      string `json:"key,omitempty" doc:"The same as long as it is the same thing."`
	Group    string `json:"group,omitempty" doc:"What belongs together is one report; the title without numbers when empty."`
	Title    string `json:"title,omitempty"`
	Text     string `json:"text,omitempty"`
	State    string `json:"state,omitempty" doc:"firing, acknowledged or resolved, or a word for it such as ok."`
	Severity string `json:"severity,omitempty"`
	Time     string `json:"time,omitempty"`
	Service  string `json:"service,omitempty"`
	URL      string `json:"url,omitempty"`
	Version  string `json:"version,omitempty" doc:"Of a release; the app's version of feedback."`
	Author   string `json:"author,omitempty" doc:"Of feedback: name."`
	Email    string `json:"email,omitempty" doc:"Of feedback."`
	UserID   string `json:"user_id,omitempty" doc:"Of feedback."`
}

// fields are the expressions by their names, in the order of forms.
func (m *Mapping) fields() []mapped {
	return []mapped{{"each", &m.Each}, {"when", &m.When}, {"kind", &m.Kind}, {"key", &m.Key}, {"group", &m.Group}, {"title", &m.Title}, {"text", &m.Text}, {"state", &m.State},
		{"severity", &m.Severity}, {"time", &m.Time}, {"service", &m.Service}, {"url", &m.URL}, {"version", &m.Version}, {"author", &m.Author}, {"email", &m.Email}, {"user_id", &m.UserID}}
}

type mapped struct {
	name string
	expr *string
}

// defaults fills in what m does not say.
func (m Mapping) defaults(d Mapping) Mapping {
	other := d.fields()
	for i, f := range m.fields() {
		if strings.TrimSpace(*f.expr) == "" {
			*f.expr = *other[i].expr
		}
	}
	return m
}

// mappingOf reads a mapping out of a channel's settings.
func mappingOf(settings map[string]any) Mapping {
	var m Mapping
	for _, f := range m.fields() {
		*f.expr, _ = settings[f.name].(string)
	}
	return m
}

// jsonMapping is what any JSON means unless the channel says otherwise.
var jsonMapping = Mapping{
	Title:    `has(body.title) ? body.title : has(body.summary) ? body.summary : has(body.name) ? body.name : has(body.message) ? body.message : ""`,
	Text:     `has(body.text) ? body.text : has(body.description) ? body.description : has(body.message) ? body.message : ""`,
	State:    `has(body.state) ? body.state : has(body.status) ? body.status : ""`,
	Severity: `has(body.severity) ? body.severity : has(body.level) ? body.level : has(body.priority) ? body.priority : ""`,
	Key:      `has(body.id) ? body.id : has(body.key) ? body.key : ""`,
	Service:  `has(body.service) ? body.service : has(body.source) ? body.source : ""`,
	Time:     `has(body.time) ? body.time : has(body.timestamp) ? body.timestamp : ""`,
	URL:      `has(body.url) ? body.url : has(body.link) ? body.link : ""`,
}

const (
	maxExpression = 2 << 10
	maxItems      = 20_000
	maxCost       = 100_000
)

var mappingEnv, mappingErr = cel.NewEnv(
	cel.Variable("body", cel.DynType),
	cel.Variable("all", cel.DynType),
	cel.OptionalTypes(),
	ext.Strings(),
	cel.CrossTypeNumericComparisons(true),
	cel.ParserRecursionLimit(40),
	cel.ParserExpressionSizeLimit(maxExpression),
	cel.ExpressionNodeLimit(1_000),
)

// compiled is a mapping ready to run.
type compiled struct {
	each, when cel.Program
	text       map[string]cel.Program
}

func (m Mapping) compile() (*compiled, error) {
	if mappingErr != nil {
		return nil, fmt.Errorf("set up the language of mappings: %w", mappingErr)
	}
	c := &compiled{text: map[string]cel.Program{}}
	for _, f := range m.fields() {
		text := strings.TrimSpace(*f.expr)
		if text == "" {
			continue
		}
		refuse := func(err error) error { return wrong(f.name, "%s can't be read: %s", f.name, firstLine(err.Error())) }
		tree, iss := mappingEnv.Compile(text)
		if iss.Err() != nil {
			return nil, refuse(iss.Err())
		}
		prg, err := mappingEnv.Program(tree, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize), cel.InterruptCheckFrequency(100))
		if err != nil {
			return nil, refuse(err)
		}
		switch f.name {
		case "each":
			c.each = prg
		case "when":
			c.when = prg
		default:
			c.text[f.name] = prg
		}
	}
	return c, nil
}

// wrong is the error of one expression, which a form shows at its field.
func wrong(field, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return errs.WithFields(msg+".", errs.Field{Location: "settings." + field, Message: msg})
}

func firstLine(s string) string {
	s = strings.TrimPrefix(s, "ERROR: <input>:")
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSuffix(line, ".")
}

// Item is what one item of a document means.
type Item struct {
	Kind     string     `json:"kind" enum:"alert,feedback,release"`
	Key      string     `json:"key,omitempty"`
	Group    string     `json:"group,omitempty"`
	Title    string     `json:"title"`
	Text     string     `json:"text,omitempty"`
	State    string     `json:"state,omitempty"`
	Severity string     `json:"severity,omitempty"`
	Service  string     `json:"service,omitempty"`
	URL      string     `json:"url,omitempty"`
	Version  string     `json:"version,omitempty"`
	Author   string     `json:"author,omitempty"`
	Email    string     `json:"email,omitempty"`
	UserID   string     `json:"user_id,omitempty"`
	Time     *time.Time `json:"time,omitempty"`
	Skipped  bool       `json:"skipped,omitempty" doc:"The condition is not true for it."`
	labels   map[string]string
}

// read says what a document means, item by item.
func (c *compiled) read(all any) ([]Item, error) {
	list := []any{all}
	if c.each != nil {
		v, _, err := c.each.Eval(map[string]any{"body": all, "all": all})
		if err != nil {
			return nil, wrong("each", "each found no list in the document: %s", firstLine(err.Error()))
		}
		native, ok := v.Value().([]any)
		if !ok {
			rv, _ := v.Value().([]ref.Val)
			for _, x := range rv {
				native = append(native, x.Value())
			}
			if rv == nil {
				return nil, wrong("each", "each is no list but %s", v.Type().TypeName())
			}
		}
		list = native
	}
	if len(list) > maxItems {
		return nil, errs.New(errs.TooLarge, "The document has %d items, at most %d are taken; send several.", len(list), maxItems)
	}
	out := make([]Item, 0, len(list))
	for i, body := range list {
		it, err := c.item(body, all)
		if err != nil {
			if len(list) > 1 {
				return nil, errs.WithFields(fmt.Sprintf("Item %d: %s", i+1, errs.Message(err)), errs.Fields(err)...)
			}
			return nil, err
		}
		out = append(out, it)
	}
	return out, nil
}

func (c *compiled) item(body, all any) (Item, error) {
	vars := map[string]any{"body": body, "all": all}
	it := Item{labels: map[string]string{}}
	if c.when != nil {
		v, _, err := c.when.Eval(vars)
		if err != nil && !missing(err) {
			return it, wrong("when", "when failed: %s", firstLine(err.Error()))
		}
		if err != nil || v != types.True {
			it.Skipped = true
		}
	}
	get := func(name string) (string, error) {
		prg := c.text[name]
		if prg == nil {
			return "", nil
		}
		v, _, err := prg.Eval(vars)
		switch {
		case err != nil && missing(err):
			return "", nil
		case err != nil:
			return "", wrong(name, "%s failed: %s", name, firstLine(err.Error()))
		}
		return textOf(v), nil
	}
	for name, to := range map[string]*string{"kind": &it.Kind, "key": &it.Key, "group": &it.Group, "title": &it.Title, "text": &it.Text, "state": &it.State, "severity": &it.Severity,
		"service": &it.Service, "url": &it.URL, "version": &it.Version, "author": &it.Author, "email": &it.Email, "user_id": &it.UserID} {
		var err error
		if *to, err = get(name); err != nil {
			return it, err
		}
	}
	at, err := get("time")
	if err != nil {
		return it, err
	}
	if at != "" {
		t, err := parseTime(at)
		if err != nil {
			return it, err
		}
		it.Time = &t
	}
	if it.Kind == "" {
		it.Kind = "alert"
	}
	switch {
	case it.Skipped:
	case !slices.Contains([]string{"alert", "feedback", "release"}, it.Kind):
		return it, wrong("kind", "kind is %.40q; it must be alert, feedback or release", it.Kind)
	case it.Title == "" && it.Text == "" && it.Version == "":
		return it, wrong("title", "There is neither a title nor a text: say in title where it stands, for example body.summary")
	}
	if raw, err := json.Marshal(body); err == nil {
		flatten("", raw, it.labels)
	}
	return it, nil
}

// missing reports whether an expression named a field that is not there.
func missing(err error) bool {
	return strings.Contains(err.Error(), "no such key") || strings.Contains(err.Error(), "no such attribute") || strings.Contains(err.Error(), "index out of bounds")
}

func textOf(v ref.Val) string {
	switch x := v.(type) {
	case types.Null:
		return ""
	case types.String:
		return string(x)
	case *types.Optional:
		if !x.HasValue() {
			return ""
		}
		return textOf(x.GetValue())
	case types.Double:
		return strings.TrimSuffix(fmt.Sprintf("%f", float64(x)), ".000000")
	case types.Timestamp:
		return x.Time.UTC().Format(time.RFC3339Nano)
	}
	if s, ok := v.ConvertToType(types.StringType).(types.String); ok {
		return string(s)
	}
	return fmt.Sprint(v.Value())
}

// parseTime reads RFC 3339, and seconds or milliseconds since 1970.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	var n float64
	if _, err := fmt.Sscanf(s, "%g", &n); err == nil && strings.Trim(s, "0123456789.e+") == "" {
		if n > 1e11 {
			n /= 1000
		}
		if n > 0 && n < 1e10 {
			return time.UnixMicro(int64(n * 1e6)), nil
		}
	}
	return time.Time{}, wrong("time", "time %.40q is neither RFC 3339 nor seconds since 1970", s)
}

func (it *Item) told() told {
	t := told{Key: it.Key, Group: it.Group, Title: it.Title, Text: it.Text, State: stateOf(it.State), Severity: severityOf(it.Severity), Service: it.Service, URL: it.URL, Labels: it.labels}
	if t.Title == "" {
		t.Title, _, _ = strings.Cut(it.Text, "\n")
	}
	return t
}

func (it *Item) report(key string) (feedback.Incoming, error) {
	in := feedback.Input{Title: clip(it.Title, feedback.MaxTitle), Text: clip(it.Text, feedback.MaxText), URL: clip(it.URL, feedback.MaxURL), AppVersion: clip(it.Version, feedback.MaxShort), OccurredAt: it.Time}
	if it.Author != "" || it.Email != "" || it.UserID != "" {
		in.Author = &feedback.Author{Name: clip(it.Author, feedback.MaxShort), Email: clip(it.Email, 320), UserID: clip(it.UserID, feedback.MaxShort)}
	}
	check := in // Validate fills in a channel: that is the ledger's to say
	err := check.Validate(time.Now())
	return feedback.Incoming{Input: in, NaturalKey: key}, err
}

func (it *Item) release() release.Input {
	in := release.Input{Version: clip(it.Version, 200), Service: clip(it.Service, 200), Title: clip(it.Title, maxTitle), URL: clip(it.URL, 2000), Key: clip(it.Key, 200)}
	if it.Time != nil {
		in.At = *it.Time
	}
	return in
}

var errNoJSON = errors.New("no JSON")

// decode reads JSON as expressions see it.
func decode(raw []byte) (any, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, errs.Wrap(errs.Invalid, errors.Join(errNoJSON, err), "The body is no JSON: %v.", err)
	}
	return v, nil
}
