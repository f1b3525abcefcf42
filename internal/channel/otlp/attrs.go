package otlp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/span"
)

const maxValue = 1000 // bytes of one attribute
const maxStack = 6000 // bytes of a stack trace

// reader makes of attributes what is kept. It lives for one request, whose
// spans say the same things again and again.
type reader struct {
	m     *mask.Masker
	known map[string]string // what a value looks like covered
}

// Attributes that have a column of their own, and say who somebody is: they
// are not kept a second time.
var inColumns = []string{"user.id", "enduser.id", "session.id", "user.email", "service.name", "service.version", "deployment.environment.name", "deployment.environment"}

// Attributes of a resource that are kept with each of its spans: they tell
// apart where a thing ran.
var ofResource = []string{"service.namespace", "service.instance.id", "host.name", "k8s.namespace.name", "k8s.pod.name", "k8s.deployment.name", "container.name",
	"cloud.provider", "cloud.region", "cloud.availability_zone", "faas.name", "telemetry.sdk.language", "process.runtime.name", "process.runtime.version", "browser.platform", "device.model.name", "os.name"}

// resource is what all spans of a resource have in common.
type resource struct {
	attrs                         pcommon.Map
	service, release, environment string
}

func resourceOf(r pcommon.Resource) resource {
	a := r.Attributes()
	return resource{attrs: a, service: text(a, "service.name"), release: text(a, "service.version"), environment: text(a, "deployment.environment.name", "deployment.environment")}
}

// text returns the first of some attributes that is there.
func text(m pcommon.Map, names ...string) string {
	for _, n := range names {
		if v, ok := m.Get(n); ok {
			if s := v.AsString(); s != "" {
				return s
			}
		}
	}
	return ""
}

func number(m pcommon.Map, names ...string) int {
	n, _ := strconv.Atoi(text(m, names...)) // no number: 0
	return n
}

// who are a span's or log record's user and session, by the semantic
// conventions (https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/).
func who(own pcommon.Map, res resource) (user, session string) {
	user = text(own, "user.id", "enduser.id", "user.email")
	if user == "" {
		user = text(res.attrs, "user.id", "enduser.id", "user.email")
	}
	if session = text(own, "session.id"); session == "" {
		session = text(res.attrs, "session.id")
	}
	return user, session
}

// object writes attributes as a JSON object, covered and bounded. What has no
// room is left out, the last first.
func (r *reader) object(res *resource, m pcommon.Map, max int) json.RawMessage {
	var b bytes.Buffer
	add := func(k string, v pcommon.Value) {
		mark := b.Len()
		if mark == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		r.key(&b, k)
		b.WriteByte(':')
		r.value(&b, k, v)
		if b.Len() >= max {
			b.Truncate(mark)
		}
	}
	for k, v := range m.All() {
		if !slices.Contains(inColumns, k) {
			add(k, v)
		}
	}
	if res != nil {
		for _, k := range ofResource {
			if v, ok := res.attrs.Get(k); ok {
				if _, own := m.Get(k); !own {
					add(k, v)
				}
			}
		}
	}
	if b.Len() == 0 {
		return nil
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (r *reader) key(b *bytes.Buffer, k string) {
	b.Write(quoted(span.Clip(k, 200)))
}

func (r *reader) value(b *bytes.Buffer, k string, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeBool, pcommon.ValueTypeInt:
		b.WriteString(v.AsString())
	case pcommon.ValueTypeDouble:
		if text, err := json.Marshal(v.Double()); err == nil { // no NaN in JSON
			b.Write(text)
		} else {
			b.WriteString("null")
		}
	case pcommon.ValueTypeEmpty:
		b.WriteString("null")
	default:
		most := maxValue
		if strings.HasSuffix(k, "stacktrace") {
			most = maxStack
		}
		b.Write(quoted(r.cover(k, span.Clip(v.AsString(), most))))
	}
}

func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always can be
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// cover masks a value by the last part of its name (http.request.header.authorization)
// and by what it looks like.
func (r *reader) cover(name, value string) string {
	if len(value) < 4 {
		return value
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	key := last + "\x00" + value
	if c, ok := r.known[key]; ok {
		return c
	}
	c := r.m.Header(last, value)
	if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
		if json.Valid([]byte(value)) {
			c = string(r.m.Body("application/json", []byte(value), false))
		}
	}
	if len(r.known) < 4096 {
		r.known[key] = c
	}
	return c
}

// said covers a text that a service wrote.
func (r *reader) said(s string, most int) string { return r.cover("", span.Clip(s, most)) }
