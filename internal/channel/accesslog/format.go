package accesslog

import (
	"maps"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// format says where in a line of a product stands what a call has. Names are
// tried in order; a name with dots goes into objects where no field is called
// like that.
type format struct {
	fields map[string][]string
	unit   string // of durations: s, ms, us, ns
	ended  bool   // the time of a line is that of the end of the call
}

// Names of what a line can say; the keys of format.fields and of the setting
// "fields".
var names = []string{"time", "method", "path", "query", "request", "host", "protocol", "tls", "status", "latency", "upstream_latency", "bytes_in", "bytes_out", "client", "agent",
	"user", "session", "application", "route", "operation", "upstream", "attempts", "trace", "span", "traceparent", "request_id", "error", "release"}

// formats are what products write as JSON, by their name.
var formats = map[string]format{
	// The variables of ngx_http_log_module, whose JSON everybody writes down
	// for himself (https://nginx.org/en/docs/http/ngx_http_log_module.html).
	"nginx": {unit: "s", ended: true, fields: map[string][]string{
		"time": {"msec", "time_iso8601", "time", "timestamp", "@timestamp", "time_local"}, "method": {"request_method", "method"}, "path": {"request_uri", "uri", "path"}, "query": {"args", "query_string"}, "request": {"request"},
		"host": {"host", "http_host", "server_name"}, "protocol": {"server_protocol", "protocol"}, "tls": {"ssl_protocol"}, "status": {"status"},
		"latency": {"request_time"}, "upstream_latency": {"upstream_response_time", "upstream_header_time"}, "bytes_in": {"request_length"}, "bytes_out": {"bytes_sent", "body_bytes_sent"},
		"client": {"remote_addr", "client"}, "agent": {"http_user_agent", "user_agent"}, "user": {"remote_user", "user"}, "session": {"session"}, "upstream": {"upstream_addr"},
		"trace": {"trace_id", "otel_trace_id"}, "span": {"span_id", "otel_span_id"}, "traceparent": {"http_traceparent", "traceparent"}, "request_id": {"request_id"}}},
	// pkg/middlewares/accesslog/logdata.go of Traefik.
	"traefik": {unit: "ns", fields: map[string][]string{
		"time": {"StartUTC", "StartLocal", "time"}, "method": {"RequestMethod"}, "path": {"RequestPath"}, "host": {"RequestHost", "RequestAddr"}, "protocol": {"RequestProtocol"}, "tls": {"TLSVersion"},
		"status": {"DownstreamStatus", "OriginStatus"}, "latency": {"Duration"}, "upstream_latency": {"OriginDuration"}, "bytes_in": {"RequestContentSize"}, "bytes_out": {"DownstreamContentSize", "OriginContentSize"},
		"client": {"ClientHost", "ClientAddr"}, "agent": {"request_User-Agent"}, "user": {"ClientUsername"}, "route": {"RouterName"}, "upstream": {"ServiceAddr", "ServiceURL", "ServiceName"}, "attempts": {"RetryAttempts"},
		"trace": {"trace_id", "TraceId"}, "span": {"span_id", "SpanId"}, "traceparent": {"request_Traceparent"}, "request_id": {"request_X-Request-Id"}}},
	// Envoy's command operators under the names that Istio gives them
	// (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage).
	"envoy": {unit: "ms", fields: map[string][]string{
		"time": {"start_time", "timestamp"}, "method": {"method"}, "path": {"path", "x_envoy_original_path"}, "host": {"authority"}, "protocol": {"protocol"}, "tls": {"downstream_tls_version"},
		"status": {"response_code"}, "latency": {"duration"}, "upstream_latency": {"upstream_service_time", "x_envoy_upstream_service_time", "response_duration"}, "bytes_in": {"bytes_received"}, "bytes_out": {"bytes_sent"},
		"client": {"x_forwarded_for", "downstream_remote_address", "downstream_direct_remote_address"}, "agent": {"user_agent"}, "user": {"user"}, "session": {"session"}, "route": {"route_name"},
		"upstream": {"upstream_host", "upstream_cluster"}, "attempts": {"upstream_request_attempt_count"}, "trace": {"trace_id"}, "traceparent": {"traceparent"}, "request_id": {"request_id"}, "error": {"response_flags"}}},
	// What Kong's log plug-ins write (https://developer.konghq.com/plugins/file-log/).
	"kong": {unit: "ms", fields: map[string][]string{
		"time": {"started_at"}, "method": {"request.method"}, "path": {"request.uri"}, "host": {"request.headers.host"}, "protocol": {"request.protocol"}, "tls": {"request.tls.version"}, "status": {"response.status"},
		"latency": {"latencies.request"}, "upstream_latency": {"latencies.proxy"}, "bytes_in": {"request.size"}, "bytes_out": {"response.size"}, "client": {"client_ip"}, "agent": {"request.headers.user-agent"},
		"user": {"authenticated_entity.consumer_id"}, "application": {"consumer.username", "consumer.custom_id"}, "route": {"route.name", "route.id"}, "upstream": {"service.name", "service.host", "upstream_uri"},
		"traceparent": {"request.headers.traceparent"}, "request_id": {"request.id", "request.headers.x-request-id"}}},
	// entries/http-entry/reader.go of apinto, flat or in the groups of its formatter.
	"apinto": {unit: "ms", ended: true, fields: map[string][]string{
		"time": {"time_iso8601", "msec", "time_local"}, "method": {"request_method", "request.request_method", "request.method"}, "path": {"request_uri", "request.request_uri", "request.uri", "uri"}, "host": {"host", "request.host"},
		"status": {"status", "status_code.status", "response.status"}, "latency": {"request_time", "time.request_time"}, "upstream_latency": {"response_time", "time.response_time"}, "bytes_in": {"request_length", "request.request_length"},
		"client": {"src_ip", "remote_addr", "request.remote_addr"}, "agent": {"http_user_agent", "request.http_user_agent"}, "application": {"application", "application_id"}, "operation": {"api", "api_id"}, "upstream": {"proxy_addr", "proxy.proxy_addr", "proxy.host", "proxy_host"},
		"request_id": {"request_id"}}},
	// Anything else: the usual names, durations in milliseconds.
	"json": {unit: "ms", fields: map[string][]string{
		"time": {"time", "timestamp", "@timestamp", "ts", "start_time"}, "method": {"method", "http_method"}, "path": {"path", "uri", "url"}, "query": {"query"}, "host": {"host"}, "protocol": {"protocol"}, "status": {"status", "status_code", "code"},
		"latency": {"latency", "latency_ms", "duration", "duration_ms", "ms"}, "upstream_latency": {"upstream_latency"}, "bytes_in": {"bytes_in", "request_size"}, "bytes_out": {"bytes_out", "bytes", "size", "response_size"},
		"client": {"client", "client_ip", "remote_addr", "ip"}, "agent": {"user_agent", "agent"}, "user": {"user", "user_id"}, "session": {"session", "session_id"}, "application": {"application"}, "route": {"route"}, "upstream": {"upstream"},
		"trace": {"trace_id", "trace"}, "span": {"span_id", "span"}, "traceparent": {"traceparent"}, "request_id": {"request_id"}, "error": {"error"}, "release": {"release", "version"}}},
}

var units = map[string]float64{"s": 1e6, "ms": 1e3, "us": 1, "ns": 1e-3} // in microseconds

// settings are those of a channel, read.
type settings struct {
	format
	name string // of the format
}

func readSettings(m map[string]any) (settings, error) {
	for k := range m {
		if k != "format" && k != "fields" && k != "unit" {
			return settings{}, errs.New(errs.Invalid, "An access log has no setting %.40q; it takes format, fields and unit.", k)
		}
	}
	name, _ := m["format"].(string)
	if name == "" {
		name = "nginx"
	}
	return named(name, m)
}

// named is a format with what a channel says differently.
func named(name string, m map[string]any) (settings, error) {
	base, ok := formats[name]
	if !ok {
		return settings{}, errs.New(errs.Invalid, "There is no format %.40q; use %s.", name, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	}
	s := settings{format: format{fields: maps.Clone(base.fields), unit: base.unit, ended: base.ended}, name: name}
	if v, there := m["unit"]; there {
		unit, _ := v.(string)
		if units[unit] == 0 {
			return s, errs.New(errs.Invalid, "The unit of durations must be s, ms, us or ns.")
		}
		s.unit = unit
	}
	own, ok := m["fields"].(map[string]any)
	if m["fields"] != nil && !ok {
		return s, errs.New(errs.Invalid, `The setting fields must be an object such as {"user": "jwt_sub"}.`)
	}
	for k, v := range own {
		text, ok := v.(string)
		if !slices.Contains(names, k) {
			return s, errs.New(errs.Invalid, "A call has no field %.40q; those that can be mapped are %s.", k, strings.Join(names, ", "))
		}
		if !ok || text == "" || len(text) > 200 {
			return s, errs.New(errs.Invalid, "The field %s must be mapped to the name of a field in the line.", k)
		}
		s.fields[k] = []string{text}
	}
	return s, nil
}
