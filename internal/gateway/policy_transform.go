package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// TransformRule changes requests on their way, answers on theirs, or both.
type TransformRule struct {
	When     string            `yaml:"when,omitempty" json:"when,omitempty" doc:"Condition in CEL over method, path, host, client, user, session, application, plan, headers, query and params; absent: always." example:"headers['x-beta'] == 'yes'"`
	Request  *RequestTransform `yaml:"request,omitempty" json:"request,omitempty"`
	Response *AnswerTransform  `yaml:"response,omitempty" json:"response,omitempty"`
}

// RequestTransform is what is changed of a request. Texts may hold {names}.
type RequestTransform struct {
	Method  string           `yaml:"method,omitempty" json:"method,omitempty" doc:"HEAD stays HEAD."`
	Path    string           `yaml:"path,omitempty" json:"path,omitempty" doc:"In place of the path, such as /v2/{path.id}."`
	Query   *QueryTransform  `yaml:"query,omitempty" json:"query,omitempty"`
	Headers *FieldsTransform `yaml:"headers,omitempty" json:"headers,omitempty"`
	JSON    *JSONTransform   `yaml:"json,omitempty" json:"json,omitempty" doc:"Changes the body; one that is no JSON is refused."`
}

// AnswerTransform is what is changed of an answer.
type AnswerTransform struct {
	Status  map[int]int      `yaml:"status,omitempty" json:"status,omitempty" doc:"Status to status."`
	Headers *FieldsTransform `yaml:"headers,omitempty" json:"headers,omitempty"`
	JSON    *JSONTransform   `yaml:"json,omitempty" json:"json,omitempty" doc:"Changes bodies of a JSON type."`
}

// FieldsTransform changes header fields: renamed first, then removed, set,
// added.
type FieldsTransform struct {
	Rename map[string]string `yaml:"rename,omitempty" json:"rename,omitempty"`
	Remove []string          `yaml:"remove,omitempty" json:"remove,omitempty"`
	Set    map[string]string `yaml:"set,omitempty" json:"set,omitempty" doc:"In place of what is there."`
	Add    map[string]string `yaml:"add,omitempty" json:"add,omitempty" doc:"Besides what is there."`
}

// QueryTransform changes parameters of the query.
type QueryTransform struct {
	Set    map[string]string `yaml:"set,omitempty" json:"set,omitempty"`
	Remove []string          `yaml:"remove,omitempty" json:"remove,omitempty"`
}

// JSONTransform changes a JSON body by JSON Pointer (RFC 6901): removed first,
// then set.
type JSONTransform struct {
	Set     map[string]any `yaml:"set,omitempty" json:"set,omitempty" doc:"Pointer to value; a text may hold {names}."`
	Remove  []string       `yaml:"remove,omitempty" json:"remove,omitempty"`
	MaxBody string         `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"A larger body is refused; 1MB when absent."`
}

var transformKind = policyKind{
	name: "transform",
	check: func(k *checker, path string, p *Policies) {
		for i := range p.Transform {
			at := fmt.Sprintf("%s.transform[%d]", path, i)
			if _, err := compileTransform(&p.Transform[i]); err != nil {
				k.fault(at+err.at, "%s", err.why)
			}
		}
	},
	build: func(b *building, p *Policies) policy {
		if len(p.Transform) == 0 {
			return nil
		}
		out := &transform{gateway: b.g, params: b.params}
		for i := range p.Transform {
			if r, err := compileTransform(&p.Transform[i]); err == nil {
				out.rules = append(out.rules, r)
			}
		}
		return out
	},
}

// misplaced is why a part of a policy can't be used, and where it stands in it.
type misplaced struct {
	at  string // such as .request.path
	why string
}

func (r *TransformRule) empty() bool {
	return r.Request == nil && r.Response == nil
}

func compileTransform(r *TransformRule) (*transformRule, *misplaced) {
	out := &transformRule{}
	var err error
	if out.when, err = compileCondition(r.When); err != nil {
		return nil, &misplaced{".when", err.Error()}
	}
	if r.empty() {
		return nil, &misplaced{"", "this rule changes nothing; give it request or response"}
	}
	if q := r.Request; q != nil {
		if bad := out.ofRequest(q); bad != nil {
			bad.at = ".request" + bad.at
			return nil, bad
		}
	}
	if a := r.Response; a != nil {
		out.answer = &answerChange{status: a.Status}
		for from, to := range a.Status {
			if from < 200 || from > 599 || to < 200 || to > 599 {
				return nil, &misplaced{".response.status", "statuses are from 200 to 599"}
			}
		}
		var bad *misplaced
		if out.answer.fields, bad = compileFields(a.Headers, reservedOfAnswers); bad != nil {
			bad.at = ".response.headers" + bad.at
			return nil, bad
		}
		if out.answer.json, out.answer.most, err = compileJSON(a.JSON); err != nil {
			return nil, &misplaced{".response.json", err.Error()}
		}
	}
	return out, nil
}

func (r *transformRule) ofRequest(q *RequestTransform) *misplaced {
	var err error
	if r.method = q.Method; r.method != "" && (!nameForm.MatchString(q.Method) || strings.ToUpper(q.Method) != q.Method || q.Method == http.MethodHead || q.Method == http.MethodConnect) {
		return &misplaced{".method", fmt.Sprintf("%q can't be a request's new method; write one such as POST in capitals", q.Method)}
	}
	if q.Path != "" {
		if q.Path[0] != '/' || strings.ContainsAny(q.Path, "?# ") {
			return &misplaced{".path", fmt.Sprintf("%q is no path; it begins with / and has no query", q.Path)}
		}
		if r.path, err = compileTemplate(q.Path); err != nil {
			return &misplaced{".path", err.Error()}
		}
	}
	if p := q.Query; p != nil {
		r.query = &queryChange{remove: map[string]bool{}}
		for _, n := range p.Remove {
			r.query.remove[n] = true
		}
		for _, n := range slices.Sorted(maps.Keys(p.Set)) {
			t, err := compileTemplate(p.Set[n])
			if err != nil {
				return &misplaced{".query.set", err.Error()}
			}
			r.query.remove[n] = true
			r.query.set = append(r.query.set, namedTemplate{n, t})
		}
	}
	var bad *misplaced
	if r.fields, bad = compileFields(q.Headers, reserved); bad != nil {
		bad.at = ".headers" + bad.at
		return bad
	}
	if r.json, r.most, err = compileJSON(q.JSON); err != nil {
		return &misplaced{".json", err.Error()}
	}
	return nil
}

// reservedOfAnswers are fields of answers that frame them or that the gateway
// writes.
var reservedOfAnswers = map[string]bool{"content-length": true, "transfer-encoding": true, "connection": true, "upgrade": true, "trailer": true,
	"keep-alive": true, "proxy-connection": true, "te": true, "x-request-id": true}

func compileFields(f *FieldsTransform, kept map[string]bool) (*fieldsChange, *misplaced) {
	if f == nil {
		return nil, nil
	}
	out := &fieldsChange{rename: map[string]string{}}
	usable := func(name string) bool { return headerForm.MatchString(name) && !kept[strings.ToLower(name)] }
	for _, old := range slices.Sorted(maps.Keys(f.Rename)) {
		if !usable(old) || !usable(f.Rename[old]) {
			return nil, &misplaced{".rename", fmt.Sprintf("%q can't be renamed %q here", old, f.Rename[old])}
		}
		out.rename[strings.ToLower(old)] = f.Rename[old]
	}
	for _, name := range f.Remove {
		if !usable(name) {
			return nil, &misplaced{".remove", fmt.Sprintf("%q can't be removed here", name)}
		}
		out.remove = append(out.remove, name)
	}
	for _, list := range []struct {
		at   string
		from map[string]string
		to   *[]namedTemplate
	}{{".set", f.Set, &out.set}, {".add", f.Add, &out.add}} {
		for _, name := range slices.Sorted(maps.Keys(list.from)) {
			if !usable(name) {
				return nil, &misplaced{list.at, fmt.Sprintf("%q can't be set here", name)}
			}
			if strings.ContainsFunc(list.from[name], isControl) {
				return nil, &misplaced{list.at, fmt.Sprintf("the value of %s has a line break", name)}
			}
			t, err := compileTemplate(list.from[name])
			if err != nil {
				return nil, &misplaced{list.at, err.Error()}
			}
			*list.to = append(*list.to, namedTemplate{name, t})
		}
	}
	return out, nil
}

func compileJSON(j *JSONTransform) (*jsonEdits, int64, error) {
	if j == nil {
		return nil, 0, nil
	}
	most := int64(1e6)
	if j.MaxBody != "" {
		var err error
		if most, err = bytesOf(j.MaxBody); err != nil {
			return nil, 0, err
		}
		if most > maxHeldBody {
			return nil, 0, fmt.Errorf("a body that is changed is held in memory: at most %d MB", maxHeldBody>>20)
		}
	}
	out := &jsonEdits{}
	for _, s := range j.Remove {
		at, err := pointerOf(s)
		if err != nil {
			return nil, 0, err
		}
		out.remove = append(out.remove, at)
	}
	for _, s := range slices.Sorted(maps.Keys(j.Set)) {
		at, err := pointerOf(s)
		if err != nil {
			return nil, 0, err
		}
		set := jsonSetting{at: at}
		if text, ok := j.Set[s].(string); ok {
			set.text, err = compileTemplate(text)
		} else {
			set.value, err = json.Marshal(j.Set[s])
		}
		if err != nil {
			return nil, 0, fmt.Errorf("the value of %s: %w", s, err)
		}
		out.set = append(out.set, set)
	}
	return out, most, nil
}

// maxHeldBody bounds the bodies that policies may ask to be held in memory.
const maxHeldBody = 16 << 20

type namedTemplate struct {
	name  string
	value template
}

// fieldsChange changes fields.
type fieldsChange struct {
	rename   map[string]string // lower case to new name
	remove   []string
	set, add []namedTemplate
}

func (c *fieldsChange) apply(fields []h1.Field, x *Exchange, params []string) []h1.Field {
	if len(c.rename) > 0 {
		for i := range fields {
			if to, ok := c.rename[strings.ToLower(string(fields[i].Name))]; ok {
				fields[i].Name = []byte(to)
			}
		}
	}
	for _, name := range c.remove {
		fields = removeField(fields, name)
	}
	for _, s := range c.set {
		// The value first: it may be made of the one that is replaced.
		v := lineSafe(s.value.fill(x, params))
		fields = setField(fields, s.name, v)
	}
	for _, s := range c.add {
		fields = append(fields, h1.Field{Name: []byte(s.name), Value: []byte(lineSafe(s.value.fill(x, params)))})
	}
	return fields
}
