package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// transform changes requests and answers by the rules whose conditions hold.
type transform struct {
	gateway *Gateway
	params  []string
	rules   []*transformRule
}

// transformRule is one rule, compiled.
type transformRule struct {
	when   *condition
	method string
	path   template
	query  *queryChange
	fields *fieldsChange
	json   *jsonEdits
	most   int64 // of the body that json changes
	answer *answerChange
}

type answerChange struct {
	status map[int]int
	fields *fieldsChange
	json   *jsonEdits
	most   int64
}

type queryChange struct {
	remove map[string]bool
	set    []namedTemplate
}

func (p *transform) check(x *Exchange) *refusal {
	var answers []*answerChange
	for _, r := range p.rules {
		if !r.when.holds(x, p.params) {
			continue
		}
		if no := p.request(x, r); no != nil {
			return no
		}
		if r.answer != nil {
			answers = append(answers, r.answer)
		}
	}
	if len(answers) == 0 || x.grpc {
		return nil
	}
	t := &transforming{x: x, params: p.params, changes: answers}
	for _, a := range answers {
		if !a.json.empty() {
			t.most = max(t.most, a.most)
		}
	}
	if t.most > 0 {
		// What is changed must be whole and readable.
		s := x.shaped()
		s.sent.fields = removeField(removeField(removeField(x.outFields(), "Accept-Encoding"), "Range"), "If-Range")
	}
	x.wrap(func(inner lane) lane { t.lane = inner; return t })
	if t.most > 0 {
		x.atEnd(t.ended)
	}
	return nil
}

func (p *transform) request(x *Exchange, r *transformRule) *refusal {
	if r.method != "" && string(x.Method) != "HEAD" {
		x.shaped().sent.method = []byte(r.method)
	}
	if r.path != nil || r.query != nil {
		if no := p.retarget(x, r); no != nil {
			return no
		}
	}
	if r.fields != nil {
		x.shaped().sent.fields = r.fields.apply(x.outFields(), x, p.params)
	}
	if r.json.empty() || !x.Body || x.grpc {
		return nil
	}
	if v, coded := x.outValue("content-encoding"); coded && !strings.EqualFold(v, "identity") {
		return &refusal{status: 415, class: BadRequest, reason: "a compressed body is not taken here; send it without Content-Encoding"}
	}
	if x.Length > r.most {
		return &refusal{status: 413, class: BadRequest, reason: "the body is larger than this route takes"}
	}
	body, whole, err := x.hold(r.most)
	if err != nil {
		return p.gateway.badHold(x, err)
	}
	if !whole {
		return &refusal{status: 413, class: BadRequest, reason: "the body is larger than this route takes"}
	}
	if len(body) == 0 {
		return nil
	}
	changed, err := r.json.apply(body, x, p.params)
	if err != nil {
		return &refusal{status: 400, class: BadRequest, reason: "the body can't be used: " + err.Error()}
	}
	x.replaceBody(changed)
	return nil
}

// retarget changes path and query.
func (p *transform) retarget(x *Exchange, r *transformRule) *refusal {
	path, query, asked := bytes.Cut(x.outTarget(nil), []byte("?"))
	if r.path != nil {
		path = []byte(r.path.path(x, p.params))
		// What stands in for a name comes from outside.
		if !cleanPath(path) || bytes.ContainsAny(path, "?# \r\n\x00") || !printable(path) {
			return &refusal{status: 400, class: BadRequest, reason: "the address can't be passed on as this route wants it"}
		}
	}
	if r.query != nil {
		query = r.query.apply(query, x, p.params)
		asked = len(query) > 0
	}
	target := bytes.Clone(path)
	if asked {
		target = append(append(target, '?'), query...)
	}
	x.shaped().sent.target = target
	return nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func (q *queryChange) apply(query []byte, x *Exchange, params []string) []byte {
	var out []byte
	for part := range bytes.SplitSeq(query, []byte("&")) {
		name, _, _ := bytes.Cut(part, []byte("="))
		plain, err := url.QueryUnescape(string(name))
		if len(part) == 0 || err == nil && q.remove[plain] {
			continue
		}
		if len(out) > 0 {
			out = append(out, '&')
		}
		out = append(out, part...)
	}
	for _, s := range q.set {
		if len(out) > 0 {
			out = append(out, '&')
		}
		out = append(out, url.QueryEscape(s.name)+"="+url.QueryEscape(s.value.fill(x, params))...)
	}
	return out
}

// transforming is a lane that changes answers.
type transforming struct {
	lane
	x       *Exchange
	params  []string
	changes []*answerChange
	most    int64 // of a body that is changed; 0: none is

	holding  bool // the body is being gathered
	answered bool
	head     reply
	body     []byte
}

// answer implements lane.
func (t *transforming) answer(r *reply) error {
	if r.own || r.status == 101 {
		t.answered = true
		return t.lane.answer(r)
	}
	out := *r
	out.fields, out.skip = r.endToEnd(), nil
	kind, _ := joined(out.fields, "content-type")
	for _, c := range t.changes {
		if to, ok := c.status[out.status]; ok {
			out.status, out.reason = to, reasonPhrase(to)
			t.x.Status = to
		}
		if c.fields != nil {
			out.fields = c.fields.apply(out.fields, t.x, t.params)
		}
	}
	if noBody(out.status) {
		return t.without(&out)
	}
	if r.framing == framedNone && noBody(r.status) {
		out.framing, out.length = framedLength, 0 // where none could be there is one that is empty
	}
	if t.most == 0 || !isJSON(kind) || r.framing == framedNone {
		t.answered = true
		return t.lane.answer(&out)
	}
	if string(t.x.Method) == "HEAD" {
		out.framing = framedNone // how long it would be nobody knows
		t.answered = true
		return t.lane.answer(&out)
	}
	if coding, ok := joined(out.fields, "content-encoding"); ok && !strings.EqualFold(coding, "identity") {
		return t.refuse("the upstream's answer is compressed and can't be changed as this route wants it")
	}
	t.holding, t.head = true, out
	t.head.fields, t.head.reason, t.head.body = cloneFields(out.fields), bytes.Clone(out.reason), nil // they point into a buffer
	return t.take(r.body, r.last)
}

// without answers where the new status has no body: what comes of it is
// dropped.
func (t *transforming) without(r *reply) error {
	t.answered = true
	r.framing, r.body, r.last, r.trailers = framedNone, nil, true, nil
	if err := t.lane.answer(r); err != nil {
		return err
	}
	t.lane = dropping{t.lane}
	return nil
}

// dropping is a lane whose answer has ended already.
type dropping struct{ lane }

func (dropping) send([]byte) error               { return nil }
func (dropping) finish([]byte, []h1.Field) error { return nil }

// send implements lane.
func (t *transforming) send(b []byte) error {
	if !t.holding {
		return t.lane.send(b)
	}
	return t.take(b, false)
}

// finish implements lane.
func (t *transforming) finish(b []byte, trailers []h1.Field) error {
	if !t.holding {
		return t.lane.finish(b, trailers)
	}
	return t.take(b, true)
}

func (t *transforming) take(b []byte, last bool) error {
	if t.answered {
		return nil
	}
	if int64(len(t.body)+len(b)) > t.most {
		return t.refuse("the upstream's answer is larger than can be changed as this route wants it")
	}
	t.body = append(t.body, b...)
	if !last {
		return nil
	}
	body := t.body
	var err error
	for _, c := range t.changes {
		if c.json.empty() || len(body) == 0 {
			continue
		}
		if body, err = c.json.apply(body, t.x, t.params); err != nil {
			return t.refuse("the upstream's answer can't be changed as this route wants it")
		}
	}
	r := t.head
	r.framing, r.length, r.body, r.last, r.trailers = framedLength, int64(len(body)), body, true, nil
	if !bytes.Equal(body, t.body) {
		weaken(r.fields)
		for _, digest := range []string{"Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"} {
			r.fields = removeField(r.fields, digest)
		}
	}
	t.answered, t.body = true, nil
	return t.lane.answer(&r)
}

// refuse answers in place of an answer that must not be passed on unchanged:
// what was to be cut out would go through.
func (t *transforming) refuse(why string) error {
	t.answered, t.body = true, nil
	t.x.rejectOn(t.lane, 502, UpstreamBad, why, nil)
	return errReplaced
}

// ended answers where the upstream broke off while the body was gathered.
func (t *transforming) ended() {
	if t.holding && !t.answered && t.x.Err != ClientGone {
		class := t.x.Err
		if class == OK {
			class = UpstreamReset
		}
		_ = t.refuse(reasonOf(class))
		t.x.Err = class
	}
}

func cloneFields(fields []h1.Field) []h1.Field {
	out := make([]h1.Field, len(fields))
	for i, f := range fields {
		out[i] = h1.Field{Name: bytes.Clone(f.Name), Value: bytes.Clone(f.Value)}
	}
	return out
}

// weaken makes an ETag weak (RFC 9110 8.8.1): the bytes are others now, the
// meaning may be the same.
func weaken(fields []h1.Field) {
	for i := range fields {
		if h1.Is(fields[i].Name, "etag") && !bytes.HasPrefix(fields[i].Value, []byte("W/")) {
			fields[i].Value = append([]byte("W/"), fields[i].Value...)
		}
	}
}

// isJSON reports whether a media type is JSON (RFC 6839 for +json).
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// noBody reports whether answers with a status have none (RFC 9112 6.3).
func noBody(status int) bool { return status/100 == 1 || status == 204 || status == 304 }

func reasonPhrase(status int) []byte {
	return []byte(http.StatusText(status)) // may be empty (RFC 9112 4)
}
