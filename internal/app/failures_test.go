package app

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/web"
)

// TestFailuresOfTelemetryAreErrors sends the same failing span thrice, with
// another order each time: it is one error, and one report.
func TestFailuresOfTelemetryAreErrors(t *testing.T) {
	t.Parallel()
	n := oneNode(t)
	var l launch.Launch
	n.call("POST", "/launches", map[string]any{"name": "Shop"}, &l)
	var c struct{ Key string }
	n.call("POST", "/launches/"+l.ID+"/channels", map[string]any{"kind": "otlp"}, &c)
	at := time.Now().Add(-time.Minute)
	for _, order := range []string{"1", "2", "3"} {
		body := strings.NewReplacer("$N", order, "$AT", nanosOf(at), "$END", nanosOf(at.Add(time.Second))).Replace(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"checkout"}}]},"scopeSpans":[{"spans":[
			{"traceId":"0102030405060708090a0b0c0d0e0f1$N","spanId":"a1a1a1a1a1a1a1a$N","name":"charge","startTimeUnixNano":"$AT","endTimeUnixNano":"$END","status":{"code":2},
			"attributes":[{"key":"user.id","value":{"stringValue":"u$N"}}],
			"events":[{"timeUnixNano":"$END","name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"CardError"}},{"key":"exception.message","value":{"stringValue":"order 88-2043$N was declined"}},{"key":"exception.stacktrace","value":{"stringValue":"at charge (pay.js:1)"}}]}]}]}]}]}`)
		if status, answer := n.raw("POST", n.URL()+"/in/otlp/"+c.Key+"/v1/traces", map[string]string{"Content-Type": "application/json"}, strings.NewReader(body)); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
	}
	var errors web.Page[*crash.Group]
	n.call("GET", "/launches/"+l.ID+"/errors", nil, &errors)
	if len(errors.Items) != 1 || errors.Items[0].Events != 3 || errors.Items[0].Users != 3 || errors.Items[0].Kind != "CardError" || errors.Items[0].Culprit != "charge" {
		t.Fatalf("%+v", errors.Items)
	}
	var list feedback.ListBody
	until(t, "the report", func() bool { n.call("GET", "/launches/"+l.ID+"/feedback", nil, &list); return list.Total > 0 })
	if list.Total != 1 || list.Items[0].Channel != "otlp" {
		t.Errorf("%d reports, %+v", list.Total, list.Items[0])
	}
	var about web.Page[*feedback.Feedback]
	n.call("GET", "/errors/"+errors.Items[0].ID+"/feedback", nil, &about)
	if len(about.Items) != 1 {
		t.Errorf("%d reports of the error", len(about.Items))
	}
}

func nanosOf(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }
