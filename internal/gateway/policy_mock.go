package gateway

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
	"github.com/hypercare/hypercare/internal/openapi"
)

// MockPolicy answers in the upstream's place: what it says, or an example out
// of the API's OpenAPI document.
type MockPolicy struct {
	When    string            `yaml:"when,omitempty" json:"when,omitempty" doc:"Condition in CEL; see transform. Where it does not hold the upstream is asked."`
	Status  int               `yaml:"status,omitempty" json:"status,omitempty" doc:"200 when absent."`
	Headers map[string]string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Texts may hold {names}."`
	Body    string            `yaml:"body,omitempty" json:"body,omitempty" doc:"May hold {names}."`
	JSON    any               `yaml:"json,omitempty" json:"json,omitempty" doc:"In place of body: sent as JSON."`
	OpenAPI bool              `yaml:"openapi,omitempty" json:"openapi,omitempty" doc:"The example of the API's OpenAPI document, or one made from its schema; a request picks another by Prefer: code=404, example=NAME."`
	Delay   Duration          `yaml:"delay,omitempty" json:"delay,omitempty"`
}

var mockKind = policyKind{
	name: "mock",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Mock == nil {
			return
		}
		if _, err := compileMock(p.Mock); err != nil {
			k.fault(path+".mock"+err.at, "%s", err.why)
		}
		if p.Mock.OpenAPI && k.openapi == "" {
			k.fault(path+".mock.openapi", "there are no examples; name the API's document as openapi")
		}
		k.durations(path+".mock", map[string]Duration{"delay": p.Mock.Delay})
	},
	build: func(b *building, p *Policies) policy {
		if p.Mock == nil {
			return nil
		}
		out, err := compileMock(p.Mock)
		if err != nil {
			return nil
		}
		out.params = b.params
		if p.Mock.OpenAPI {
			doc, op := b.spec()
			if doc == nil {
				return nil // Load tells
			}
			out.examples = &examples{operation: op, matcher: doc.Matcher(), base: b.base, status: p.Mock.Status}
		}
		return out
	},
}

func compileMock(m *MockPolicy) (*mock, *misplaced) {
	out := &mock{status: m.Status, delay: time.Duration(m.Delay)}
	if out.status == 0 {
		out.status = 200
	}
	if out.status < 200 || out.status > 599 {
		return nil, &misplaced{".status", "a status is from 200 to 599"}
	}
	if m.Delay > Duration(maxDelay) {
		return nil, &misplaced{".delay", "a delay is at most " + maxDelay.String()}
	}
	var err error
	if out.when, err = compileCondition(m.When); err != nil {
		return nil, &misplaced{".when", err.Error()}
	}
	if m.OpenAPI && (m.Body != "" || m.JSON != nil) {
		return nil, &misplaced{".openapi", "an answer has either an example or a body of its own"}
	}
	if m.Body != "" && m.JSON != nil {
		return nil, &misplaced{".json", "an answer has either body or json"}
	}
	body := m.Body
	kind := "text/plain; charset=utf-8"
	if m.JSON != nil {
		b, err := json.Marshal(m.JSON)
		if err != nil {
			return nil, &misplaced{".json", "this can't be written as JSON"}
		}
		out.body, kind = template{{text: string(b)}}, "application/json"
	} else if out.body, err = compileTemplate(body); err != nil {
		return nil, &misplaced{".body", err.Error()}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		if !headerForm.MatchString(name) || reservedOfAnswers[strings.ToLower(name)] {
			return nil, &misplaced{".headers", strconv.Quote(name) + " can't be set here"}
		}
		t, err := compileTemplate(m.Headers[name])
		if err != nil {
			return nil, &misplaced{".headers", err.Error()}
		}
		if strings.EqualFold(name, "content-type") {
			kind = ""
		}
		out.headers = append(out.headers, namedTemplate{name, t})
	}
	if kind != "" && (m.Body != "" || m.JSON != nil) {
		out.headers = append(out.headers, namedTemplate{"Content-Type", template{{text: kind}}})
	}
	return out, nil
}

// mock answers by itself.
type mock struct {
	when    *condition
	params  []string
	status  int
	headers []namedTemplate
	body    template
	delay   time.Duration

	examples *examples // nil: the body is its own
}

func (p *mock) check(x *Exchange) *refusal {
	if !p.when.holds(x, p.params) {
		return nil
	}
	if p.delay > 0 && !x.wait(p.delay) {
		x.Err, x.Status, x.close = ClientGone, 499, true
		return &refusal{done: true}
	}
	if p.examples != nil {
		return p.example(x)
	}
	fields := p.fields(x)
	return x.respond(p.status, fields, []byte(p.body.fill(x, p.params)))
}

func (p *mock) fields(x *Exchange) []h1.Field {
	x.Status = p.status
	fields := make([]h1.Field, 0, len(p.headers)+2)
	for _, h := range p.headers {
		fields = append(fields, h1.Field{Name: []byte(h.name), Value: []byte(lineSafe(h.value.fill(x, p.params)))})
	}
	return fields
}

// examples are answers out of an OpenAPI document.
type examples struct {
	operation *openapi.Operation // of the route; nil: found by the address
	matcher   *openapi.Matcher
	base      string
	status    int
}

// example answers with one; Prefer (RFC 7240) may name it, as other mock
// servers have it: code=404, example=NAME.
func (p *mock) example(x *Exchange) *refusal {
	e := p.examples
	op := e.operation
	if op == nil {
		path := string(x.Path)
		if op, _ = e.matcher.Find(string(x.Method), strings.TrimPrefix(path, e.base)); op == nil {
			return &refusal{status: 404, class: NoRoute, reason: "the description of this API has no such operation"}
		}
	}
	want := openapi.Wanted{Status: e.status}
	want.Type, _ = joined(x.Fields, "accept")
	preferred, _ := joined(x.Fields, "prefer")
	for part := range strings.FieldsFuncSeq(preferred, func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "code":
			want.Status, _ = strconv.Atoi(value)
		case "example":
			want.Name = value
		}
	}
	got, ok := op.Example(want)
	if !ok {
		return &refusal{status: 501, class: Refused, reason: "the description of this API shows no such answer"}
	}
	fields := p.fields(x)
	for _, name := range slices.Sorted(maps.Keys(got.Header)) {
		if headerForm.MatchString(name) && !reservedOfAnswers[strings.ToLower(name)] {
			fields = append(fields, h1.Field{Name: []byte(name), Value: []byte(lineSafe(got.Header[name]))})
		}
	}
	if got.Type != "" {
		fields = setField(fields, "Content-Type", lineSafe(got.Type))
	}
	return x.respond(got.Status, fields, got.Body)
}

// respond is a policy's own answer.
func (x *Exchange) respond(status int, fields []h1.Field, body []byte) *refusal {
	x.Status = status
	r := reply{status: status, reason: reasonPhrase(status), fields: fields, framing: framedLength, length: int64(len(body)), body: body, last: true}
	if noBody(status) {
		r.framing, r.length, r.body = framedNone, 0, nil
	}
	if err := x.lane.answer(&r); err != nil {
		x.left(err)
	}
	return &refusal{done: true}
}

// maxDelay bounds what policies let requests wait.
const maxDelay = 30 * time.Second

// wait lets a request wait; false when the client did not.
func (x *Exchange) wait(d time.Duration) bool {
	until := time.Now().Add(d)
	for left := d; left > 0; left = time.Until(until) {
		t := time.NewTimer(min(left, lookEvery))
		<-t.C
		if x.lane.gone() {
			return false
		}
	}
	return true
}
