package accesslog_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/accesslog"
	"github.com/hypercare/hypercare/internal/channel/accesslog/tail"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is the way in over a real socket, onto a real call log.
type rig struct {
	*feedbacktest.Bench
	t        *testing.T
	channels *channel.Service
	calls    *calllog.Service
	server   *httptest.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	store, err := call.Open(call.Config{Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	r := &rig{Bench: b, t: t, channels: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check}),
		calls: calllog.NewService(calllog.Deps{DB: b.DB, Log: log, Node: "n", Each: func(context.Context, func(context.Context, workspace.ID) error) error { return nil }}, store)}
	mux := http.NewServeMux()
	accesslog.NewService(r.channels, r.calls.Import).Routes(mux)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	return r
}

func (r *rig) channel(format string, fields map[string]any) *channel.Channel {
	r.t.Helper()
	c, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: accesslog.Name, Name: "Edge EU", Settings: map[string]any{"format": format, "fields": fields}})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) push(key string, body []byte, header ...string) (int, accesslog.Answer) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+"/in/accesslog/"+key, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var ans accesslog.Answer
	if err := json.NewDecoder(res.Body).Decode(&ans); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, ans
}

func (r *rig) list() []calllog.Call {
	r.t.Helper()
	p, err := r.calls.List(r.Ctx, calllog.List{Order: "oldest"})
	if err != nil {
		r.t.Fatal(err)
	}
	return p.Items
}

// lines are what the products wrote, with their time put in.
var lines = map[string]struct {
	text   string
	fields map[string]any
}{
	"nginx": {text: `{"msec":"$SEC","request_method":"POST","host":"shop.example","request_uri":"/checkout/pay?order=7&token=abc","server_protocol":"HTTP/1.1","status":"504","request_time":"8.004","upstream_response_time":"0.004, 8.000","upstream_addr":"10.0.0.5:80, 10.0.0.6:80","request_length":"512","bytes_sent":"1024","remote_addr":"192.0.2.7","remote_user":"-","jwt_sub":"u-17","http_user_agent":"curl/8","http_traceparent":"00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01","cookie_sid":"s-17"}`,
		fields: map[string]any{"user": "jwt_sub", "session": "cookie_sid"}},
	"traefik": {text: `{"ClientAddr":"192.0.2.7:41234","ClientHost":"192.0.2.7","ClientUsername":"u-17","DownstreamContentSize":1024,"DownstreamStatus":504,"Duration":8004000000,"OriginDuration":8004000000,"OriginStatus":504,"RequestContentSize":512,"RequestHost":"shop.example","RequestMethod":"POST","RequestPath":"/checkout/pay?order=7&token=abc","RequestProtocol":"HTTP/1.1","RetryAttempts":1,"RouterName":"pay@docker","ServiceAddr":"10.0.0.5:80","StartUTC":"$RFC","TLSVersion":"1.3","level":"info","request_User-Agent":"curl/8","trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"1112131415161718","s":"s-17"}`,
		fields: map[string]any{"session": "s"}},
	"envoy": {text: `{"authority":"shop.example","bytes_received":512,"bytes_sent":1024,"downstream_remote_address":"192.0.2.7:41234","duration":8004,"method":"POST","path":"/checkout/pay?order=7&token=abc","protocol":"HTTP/1.1","request_id":"01020304-0506-0708-090a-0b0c0d0e0f10","response_code":504,"response_flags":"UT","route_name":"pay","start_time":"$RFC","upstream_host":"10.0.0.5:80","upstream_service_time":"8004","user_agent":"curl/8","x_forwarded_for":"192.0.2.7, 10.0.0.1","user":"u-17","session":"s-17"}`},
	"kong": {text: `{"started_at":$MS,"client_ip":"192.0.2.7","latencies":{"request":8004,"proxy":8004,"kong":1},"request":{"method":"POST","uri":"/checkout/pay?order=7&token=abc","size":"512","headers":{"host":"shop.example","user-agent":"curl/8","traceparent":"00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01","x-user":["u-17"],"x-session":"s-17"}},"response":{"status":504,"size":"1024"},"route":{"name":"pay"},"service":{"name":"10.0.0.5:80","host":"10.0.0.5"},"consumer":{"username":"acme"}}`,
		fields: map[string]any{"user": "request.headers.x-user", "session": "request.headers.x-session"}},
	"apinto": {text: `{"time_iso8601":"$END","request_id":"01020304-0506-0708-090a-0b0c0d0e0f10","src_ip":"192.0.2.7","status":504,"request_time":"8004","response_time":"8004","request_method":"POST","request_uri":"/checkout/pay?order=7&token=abc","host":"shop.example","proxy":{"proxy_addr":"10.0.0.5:80"},"request_length":"512","bytes":1024,"application":"acme","u":"u-17","s":"s-17","ua":"curl/8"}`,
		fields: map[string]any{"user": "u", "session": "s", "agent": "ua", "bytes_out": "bytes"}},
	"json": {text: `{"time":"$RFC","method":"post","path":"/checkout/pay?order=7&token=abc","host":"shop.example","status":504,"duration_ms":8004,"bytes_in":512,"bytes":1024,"client_ip":"192.0.2.7","user":"u-17","session":"s-17","user_agent":"curl/8","upstream":"10.0.0.5:80","trace_id":"0102030405060708090a0b0c0d0e0f10"}`},
}

func TestLinesOfEachProductAreCalls(t *testing.T) {
	t.Parallel()
	for name, tc := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			start := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
			end := start.Add(8004 * time.Millisecond)
			ms := func(at time.Time) string { b, _ := json.Marshal(at.UnixMilli()); return string(b) }
			sec := ms(end)
			text := strings.NewReplacer("$SEC", sec[:len(sec)-3]+"."+sec[len(sec)-3:], "$MS", ms(start), "$RFC", start.Format(time.RFC3339Nano), "$END", end.Format("2006-01-02T15:04:05.000Z07:00")).Replace(tc.text)
			c := r.channel(name, tc.fields)
			if code, ans := r.push(c.Key, []byte(text+"\n")); code != http.StatusOK || ans.Accepted != 1 || ans.Rejected != 0 {
				t.Fatalf("%d %+v", code, ans)
			}
			list := r.list()
			if len(list) != 1 {
				t.Fatalf("%d calls", len(list))
			}
			got := list[0]
			if got.API != name+":edge-eu" || got.Method != "POST" || got.Path != "/checkout/pay" || got.Query != "order&token" || got.Host != "shop.example" || got.Status != 504 ||
				got.Latency != 8_004_000 || got.User != "u-17" || got.Session != "s-17" || got.Client != "192.0.2.7" || got.Agent != "curl/8" || got.BytesIn != 512 || got.BytesOut != 1024 ||
				got.Trace != "0102030405060708090a0b0c0d0e0f10" || !strings.Contains(got.Upstream, "10.0.0.5:80") {
				t.Errorf("%+v", got)
			}
			if !got.At.Equal(start) {
				t.Errorf("at %v, want %v", got.At, start)
			}
			around, err := r.calls.Around(r.Ctx, calllog.Around{User: "u-17", At: time.Now().Format(time.RFC3339)})
			if err != nil || len(around) != 1 {
				t.Errorf("of the user: %d, %v", len(around), err)
			}
		})
	}
}

func TestGoodLinesAreKeptBesideBadOnes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel("json", nil)
	now := time.Now().UTC().Format(time.RFC3339Nano)
	body := `{"time":"` + now + `","path":"/a","status":200}
not JSON
{"path":"/b","status":200}

{"time":"` + now + `"}
{"time":"` + now + `","path":"/c","status":404}`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	code, ans := r.push(c.Key, packed.Bytes(), "Content-Encoding", "gzip")
	if code != http.StatusOK || ans.Accepted != 2 || ans.Rejected != 3 || len(ans.Errors) != 3 || ans.Errors[0].Line != 2 || ans.Errors[1].Line != 3 || ans.Errors[2].Line != 5 {
		t.Errorf("%d %+v", code, ans)
	}
	if list := r.list(); len(list) != 2 {
		t.Errorf("%d calls", len(list))
	}
}

func TestAFollowedFileIsTakenOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel("json", nil)
	s, err := accesslog.NewSender(r.server.URL, c.Key, "", "host:/var/log/a.json")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Format(time.RFC3339Nano)
	one := `{"time":"` + now + `","path":"/a","status":200}` + "\n"
	b := tail.Batch{Lines: []byte(one + one + one), Count: 3} // the same thrice: three calls
	for i, want := range []accesslog.Answer{{Accepted: 3}, {Known: 3}} {
		b.Again = i > 0
		ans, err := s.Send(t.Context(), b)
		if err != nil || ans.Accepted != want.Accepted || ans.Known != want.Known {
			t.Errorf("time %d: %+v %v", i+1, ans, err)
		}
	}
	// Of the next a part was kept before the process was killed.
	b = tail.Batch{Lines: []byte(one + one), Count: 2, Offset: int64(2 * len(one)), Again: true}
	if ans, err := s.Send(t.Context(), b); err != nil || ans.Accepted != 1 || ans.Known != 1 {
		t.Errorf("%+v %v", ans, err)
	}
	if n := len(r.list()); n != 4 {
		t.Errorf("%d calls, want 4", n)
	}
	off := false
	if _, err := r.channels.Change(r.Ctx, c.ID, channel.Change{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), b); err == nil || !strings.Contains(err.Error(), "switched off") {
		t.Errorf("switched off: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, m := range map[string]map[string]any{
		"unknown format": {"format": "apache"},
		"unknown field":  {"fields": map[string]any{"colour": "x"}},
		"no name":        {"fields": map[string]any{"user": 7}},
		"unknown unit":   {"unit": "h"},
		"other setting":  {"path": "/etc/passwd"},
	} {
		if _, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: accesslog.Name, Settings: m}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: accesslog.Name})
	if err != nil || c.Settings["format"] != "nginx" {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := accesslog.NewSender("care.example", "k", "", ""); err == nil {
		t.Error("an address without a scheme was taken")
	}
}

func FuzzLine(f *testing.F) {
	for name, l := range lines {
		f.Add(name, []byte(l.text))
	}
	f.Fuzz(func(t *testing.T, format string, raw []byte) {
		r, err := accesslog.RecordForTest(format, raw)
		if err != nil {
			return
		}
		if r.Latency < 0 || r.Status < 0 || r.BytesIn < 0 || strings.Contains(r.Query, "=") {
			t.Errorf("%+v", r)
		}
	})
}
