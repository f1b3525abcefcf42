package alert

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// cloudEvent is an event by CloudEvents 1.0 (https://cloudevents.io), brought
// into its structured form whatever form it came in.
type cloudEvent struct {
	ID, Source, Type string
	Whole            map[string]any // attributes, and data
}

func (e *cloudEvent) check() error {
	for _, name := range []string{"id", "source", "type", "specversion"} {
		if s, _ := e.Whole[name].(string); strings.TrimSpace(s) == "" {
			return errs.New(errs.Invalid, "The CloudEvent lacks its attribute %s; CloudEvents 1.0 requires it.", name)
		}
	}
	if v, _ := e.Whole["specversion"].(string); !strings.HasPrefix(v, "1.") {
		return errs.New(errs.Invalid, "specversion %.20q is not supported; send CloudEvents 1.0.", v)
	}
	e.ID, _ = e.Whole["id"].(string)
	e.Source, _ = e.Whole["source"].(string)
	e.Type, _ = e.Whole["type"].(string)
	return nil
}

// readCloudEvents reads a request in binary, structured or batched form.
func readCloudEvents(h http.Header, body []byte) ([]cloudEvent, error) {
	kind := strings.ToLower(strings.TrimSpace(strings.SplitN(h.Get("Content-Type"), ";", 2)[0]))
	var list []map[string]any
	switch {
	case kind == "application/cloudevents-batch+json":
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, errs.New(errs.Invalid, "The batch of CloudEvents is no JSON array of objects: %v.", err)
		}
	case strings.HasPrefix(kind, "application/cloudevents"):
		var one map[string]any
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, errs.New(errs.Invalid, "The CloudEvent is no JSON object: %v.", err)
		}
		list = append(list, one)
	case h.Get("Ce-Id") != "" || h.Get("Ce-Specversion") != "":
		one := map[string]any{}
		for name, v := range h {
			if attr, ok := strings.CutPrefix(strings.ToLower(name), "ce-"); ok {
				value, err := url.PathUnescape(v[0]) // the HTTP binding, section 3.1.3.2
				if err != nil {
					value = v[0]
				}
				one[attr] = value
			}
		}
		if kind != "" {
			one["datacontenttype"] = h.Get("Content-Type")
		}
		if len(body) > 0 {
			var data any
			if strings.Contains(kind, "json") {
				if err := json.Unmarshal(body, &data); err != nil {
					return nil, errs.New(errs.Invalid, "The data of the CloudEvent is no JSON, though it says so: %v.", err)
				}
			} else {
				data = string(body)
			}
			one["data"] = data
		}
		list = append(list, one)
	default:
		return nil, errs.New(errs.Invalid, "This is no CloudEvent: send ce- headers, or the content type application/cloudevents+json.")
	}
	out := make([]cloudEvent, len(list))
	for i, one := range list {
		out[i].Whole = one
		if err := out[i].check(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cloudMapping is what a CloudEvent means unless the channel says otherwise.
var cloudMapping = Mapping{
	Key:      `has(body.subject) ? body.source + "#" + body.subject : body.source + "#" + body.type`,
	Group:    `body.source + "#" + body.type`,
	Title:    `has(body.data.summary) ? body.data.summary : has(body.data.title) ? body.data.title : has(body.data.message) ? body.data.message : body.type`,
	Text:     `has(body.data.description) ? body.data.description : has(body.data.message) ? body.data.message : ""`,
	State:    `has(body.data.state) ? body.data.state : has(body.data.status) ? body.data.status : body.type.matches("(?i)(resolved|recovered|closed|ok)$") ? "resolved" : "firing"`,
	Severity: `has(body.severity) ? body.severity : has(body.data.severity) ? body.data.severity : ""`,
	Time:     `has(body.time) ? body.time : ""`,
	Service:  `body.source`,
}
