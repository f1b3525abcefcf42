package demo

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// told makes a trace of what an instance did.
func (in *instance) told(r *http.Request, a asked, out *outcome, began time.Time, query time.Duration, status int) {
	if in.shop.tell == nil {
		return
	}
	cause := out.cause
	if cause == "" && status == http.StatusInternalServerError {
		cause = "unexpected end of " + a.route
	}
	in.shop.tell(traced{service: in.service, release: *in.release.Load(), instance: in.addr, region: a.region, user: a.user, session: r.Header.Get("X-Session-Id"), version: a.version,
		method: r.Method, route: a.route, parent: r.Header.Get("Traceparent"), call: a.id, began: began, took: time.Since(began), query: query, status: status, cause: cause})
}

// attribute is one of a span, in OTLP's JSON.
type attribute map[string]any

func text(key, value string) attribute {
	return attribute{"key": key, "value": map[string]string{"stringValue": value}}
}

func whole(key string, n int) attribute {
	return attribute{"key": key, "value": map[string]string{"intValue": strconv.Itoa(n)}}
}

func spanID() string {
	var b [8]byte
	for i, v := 0, rand.Uint64(); i < 8; i, v = i+1, v>>8 { //nolint:gosec // names a span, guards nothing
		b[i] = byte(v)
	}
	return hex.EncodeToString(b[:])
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// spans sends a batch as OTLP/HTTP in JSON (OpenTelemetry Protocol
// Specification): for each call the server's span, with its query below it.
func (s *Senders) spans(ctx context.Context, batch []traced) error {
	to, ok := s.channels["otlp"]
	if !ok {
		return nil
	}
	var resources []any
	for _, t := range batch {
		parts := strings.Split(t.parent, "-")
		if len(parts) != 4 || t.service == "addressify" { // somebody else's sends us nothing
			continue
		}
		id, end := spanID(), t.began.Add(t.took)
		attrs := []attribute{text("http.request.method", t.method), text("http.route", operationOf(t.route).path), whole("http.response.status_code", t.status), text("user.id", t.user), text("session.id", t.session),
			text("app.version", t.version), text("shop.region", t.region)}
		server := map[string]any{"traceId": parts[1], "spanId": id, "parentSpanId": parts[2], "name": t.method + " " + operationOf(t.route).path, "kind": 2, "startTimeUnixNano": nanos(t.began), "endTimeUnixNano": nanos(end), "attributes": attrs}
		if t.status >= 500 || t.status == 499 {
			server["status"] = map[string]any{"code": 2, "message": t.cause}
			server["events"] = []any{map[string]any{"timeUnixNano": nanos(end), "name": "exception", "attributes": []attribute{text("exception.type", exceptionOf(t)), text("exception.message", t.cause)}}}
		}
		spans := []any{server}
		if t.query > 0 {
			q := map[string]any{"traceId": parts[1], "spanId": spanID(), "parentSpanId": id, "name": "SELECT " + strings.ReplaceAll(t.route, "-", "_"), "kind": 3,
				"startTimeUnixNano": nanos(t.began), "endTimeUnixNano": nanos(t.began.Add(min(t.query, t.took))), "attributes": []attribute{text("db.system.name", "postgresql"), text("db.namespace", t.service)}}
			if strings.HasPrefix(t.cause, "sequential scan") {
				q["attributes"] = append(q["attributes"].([]attribute), text("db.query.plan", t.cause))
			}
			spans = append(spans, q)
		}
		resources = append(resources, map[string]any{
			"resource":   map[string]any{"attributes": []attribute{text("service.name", t.service), text("service.version", t.release), text("service.instance.id", t.instance), text("deployment.environment.name", "production")}},
			"scopeSpans": []any{map[string]any{"scope": map[string]string{"name": "shop"}, "spans": spans}}})
	}
	if len(resources) == 0 {
		return nil
	}
	return s.post(ctx, "/in/otlp/"+to.Key+"/v1/traces", map[string]any{"resourceSpans": resources}, nil)
}

func (s *Senders) post(ctx context.Context, path string, in any, head http.Header) error {
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write for %s: %w", path, err)
	}
	return s.api.send(ctx, http.MethodPost, path, "application/json", bytes.NewReader(b), head, nil)
}

// exceptionOf names the class of a failure, as its program would.
func exceptionOf(t traced) string {
	switch {
	case t.status == 499:
		return "DeadlineExceeded"
	case strings.Contains(t.cause, "memory"):
		return "OutOfMemory"
	case strings.Contains(t.cause, "nil pointer"):
		return "RuntimeError"
	}
	return "InternalError"
}

// crashes sends failures as an SDK of Sentry does, in envelopes
// (https://develop.sentry.dev/sdk/data-model/envelopes/).
func (s *Senders) crashes(ctx context.Context, batch []traced) error {
	to, ok := s.channels["sentry"]
	if !ok {
		return nil
	}
	head := http.Header{"X-Sentry-Auth": {"Sentry sentry_version=7, sentry_client=sentry.go/0.50.0, sentry_key=" + to.Key}}
	for _, t := range batch {
		parts := strings.Split(t.parent, "-")
		if t.status < 500 && t.status != 499 || t.cause == "" || len(parts) != 4 || t.service == "addressify" {
			continue
		}
		id := spanID() + spanID()
		event := map[string]any{"event_id": id, "timestamp": float64(t.began.Add(t.took).UnixMilli()) / 1000, "platform": "go", "level": "error", "logger": t.service, "release": t.release, "environment": "production",
			"server_name": t.instance, "transaction": t.method + " " + operationOf(t.route).path, "user": map[string]string{"id": t.user},
			"tags":     map[string]string{"service": t.service, "region": t.region, "app_version": t.version, "request_id": t.call, "session": t.session},
			"contexts": map[string]any{"trace": map[string]string{"trace_id": parts[1], "span_id": spanID(), "parent_span_id": parts[2], "op": "http.server"}},
			"exception": map[string]any{"values": []any{map[string]any{"type": exceptionOf(t), "value": t.cause, "stacktrace": map[string]any{"frames": []any{
				map[string]any{"function": "ServeHTTP", "module": "net/http", "filename": "server.go", "lineno": 2294, "in_app": false},
				map[string]any{"function": "handle", "module": "shop/" + t.service, "filename": t.service + ".go", "lineno": 88, "in_app": true},
				map[string]any{"function": strings.ReplaceAll(t.route, "-", "_"), "module": "shop/" + t.service, "filename": t.route + ".go", "lineno": 41, "in_app": true},
			}}}}}}
		var b bytes.Buffer
		enc := json.NewEncoder(&b) // each part on a line of its own
		if err := errorsOf(enc.Encode(map[string]any{"event_id": id, "sent_at": time.Now().UTC()}), enc.Encode(map[string]any{"type": "event"}), enc.Encode(event)); err != nil {
			return err
		}
		if err := s.api.send(ctx, http.MethodPost, fmt.Sprintf("/api/%d/envelope/", to.Number), "application/x-sentry-envelope", &b, head, nil); err != nil {
			return err
		}
	}
	return nil
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// alert tells that a fault was noticed, or is over, as Alertmanager does
// (webhook version 4). Not every fault has an alert: wrong data and a region
// of three go unnoticed, as they do in life.
func (s *Senders) alert(ctx context.Context, f *Fault, fires bool) {
	to, ok := s.channels["alertmanager"]
	name := map[Kind]string{UpstreamTimeout: "UpstreamTimeouts", ReleaseStatus: "ErrorRateHigh", ExpiredCertificate: "CertificateExpired", ThirdParty: "DependencyDown", MemoryLeak: "MemoryHigh", DNS: "TargetUnreachable"}[f.Kind]
	if !ok || name == "" {
		return
	}
	state := map[bool]string{true: "firing", false: "resolved"}[fires]
	labels := map[string]string{"alertname": name, "service": f.Service, "severity": "critical"}
	a := map[string]any{"status": state, "labels": labels, "annotations": map[string]string{"summary": f.Sentence()}, "startsAt": f.began.UTC(), "endsAt": time.Time{}, "fingerprint": fmt.Sprintf("%016x", uint64(share(f.ID+name)*(1<<53)))}
	if !fires {
		a["endsAt"] = time.Now().UTC()
	}
	body := map[string]any{"version": "4", "groupKey": "{}:{alertname=\"" + name + "\"}", "status": state, "receiver": "hypercare", "groupLabels": labels, "commonLabels": labels,
		"commonAnnotations": map[string]string{}, "externalURL": "http://alertmanager.shop.example", "alerts": []any{a}}
	_ = s.post(ctx, "/in/alertmanager/"+to.Key, body, nil) // an alert that is lost is one that nobody sees
}
