package calllog

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
)

func TestTokensBecomeFilters(t *testing.T) {
	t.Parallel()
	is := func(f call.Field, v ...string) call.Filter { return call.Filter{Field: f, Op: call.Is, Values: v} }
	not := func(f call.Filter) call.Filter { f.Not = true; return f }
	for _, tc := range []struct {
		q    string
		want call.Query
	}{
		{"", call.Query{}},
		{"route:/pay status:5xx ms>1000 key:acme", call.Query{
			Where: []call.Filter{{Field: call.Path, Op: call.Prefix, Values: []string{"/pay"}}, is(call.Status, "5xx"), {Field: call.Latency, Op: call.Above, Values: []string{"1000000"}}},
			Any:   []call.Filter{is(call.Application, "acme"), {Field: call.Key, Op: call.Prefix, Values: []string{"acme"}}}}},
		{"status:404,5xx -method:get", call.Query{Where: []call.Filter{is(call.Status, "404", "5xx"), not(is(call.Method, "GET"))}}},
		{"route:list path:/orders* agent:*Fire* -path:*health*", call.Query{Where: []call.Filter{is(call.Route, "list"), {Field: call.Path, Op: call.Prefix, Values: []string{"/orders"}},
			{Field: call.Agent, Op: call.Contains, Values: []string{"Fire"}}, not(call.Filter{Field: call.Path, Op: call.Contains, Values: []string{"health"}})}}},
		{"ms>=1.5s ms<250us upstream_ms<=20 in>10kB out<1MB", call.Query{Where: []call.Filter{{Field: call.Latency, Op: call.AtLeast, Values: []string{"1500000"}}, {Field: call.Latency, Op: call.Below, Values: []string{"250"}},
			{Field: call.UpstreamLatency, Op: call.AtMost, Values: []string{"20000"}}, {Field: call.BytesIn, Op: call.Above, Values: []string{"10000"}}, {Field: call.BytesOut, Op: call.Below, Values: []string{"1000000"}}}}},
		{`user:"a b" session:"" path:"/a*"`, call.Query{Where: []call.Filter{is(call.User, "a b"), is(call.Session, ""), is(call.Path, "/a*")}}},
		{"upstream:orders upstream:orders/10.0.0.1:80", call.Query{Where: []call.Filter{{Field: call.Upstream, Op: call.Prefix, Values: []string{"orders/"}}, is(call.Upstream, "orders/10.0.0.1:80")}}},
		{"has:user -has:error has:payload user:*", call.Query{Where: []call.Filter{not(is(call.User, "")), is(call.Error, ""), not(is(call.RequestCapture, "")), not(is(call.User, ""))}}},
		{"-key:acme", call.Query{Where: []call.Filter{not(is(call.Application, "acme")), not(call.Filter{Field: call.Key, Op: call.Prefix, Values: []string{"acme"}})}}},
		{`timeout "card declined" ip:10.0.0.0/8`, call.Query{Text: `timeout "card declined"`, Where: []call.Filter{is(call.Client, "10.0.0.0/8")}}},
		{"HOST:API.Example.com", call.Query{Where: []call.Filter{is(call.Host, "api.example.com")}}},
		{"7f3a-22 /orders/17", call.Query{Text: "7f3a-22 /orders/17"}},
	} {
		got, err := parse(tc.q)
		if err != nil {
			t.Errorf("%q: %v", tc.q, err)
			continue
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", tc.q, d)
		}
	}
}

// TestErrorsNameTheToken holds that whoever mistypes learns where.
func TestErrorsNameTheToken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ q, at, says string }{
		{"status:5xx colour:red", "query.q[11:21]", "no field \"colour\""},
		{"status:5yy", "query.q[0:10]", "no value of status"},
		{"ms>fast", "query.q[0:7]", "is no time"},
		{"a path>3", "query.q[2:8]", "is a text"},
		{"user:", "query.q[0:5]", "value is missing"},
		{`x "open`, "query.q[2:7]", "quotation mark"},
		{"-word", "query.q[0:5]", "not left out"},
		{"path:a*b", "query.q[0:8]", "stands at the end"},
		{"path:a*,b", "query.q[0:9]", "stands alone"},
		{"key:a key:b", "query.q[6:11]", "once"},
		{"in>10parsecs", "query.q[0:12]", "is no size"},
		{"has:ms", "query.q[0:6]", "has: takes"},
		{"trace:xyz", "query.q[0:9]", "hexadecimal"},
		{"ip:10.0.0.0/99", "query.q[0:14]", "no network"},
		{"status>1,2", "query.q[0:10]", "one value"},
	} {
		_, err := parse(tc.q)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: %v, want it to say %q", tc.q, err, tc.says)
			continue
		}
		if f := errs.Fields(err); len(f) != 1 || f[0].Location != tc.at {
			t.Errorf("%q: at %+v, want %s", tc.q, f, tc.at)
		}
	}
}

func TestMomentsAreReadAsPeopleGiveThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{"": {}, "now": now, "15m": now.Add(-15 * time.Minute), "-2h": now.Add(-2 * time.Hour), "7d": now.AddDate(0, 0, -7),
		"1d12h": now.Add(-36 * time.Hour), "2026-11-27T10:00:00+01:00": time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)} {
		if got, err := Moment(s, now, time.Time{}); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"yesterday", "-", "d", "1x", "--5m"} {
		if got, err := Moment(s, now, time.Time{}); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

// FuzzParse holds that no search breaks anything, and that what is accepted is
// accepted by the log too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"route:/pay status:5xx ms>1000 key:acme", `user:"a,b",c has:payload -x:y "a b"`, "ip:10.0.0.0/8,::1 time>2026-11-27T10:00:00Z", `a"b c"d:e<=f`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := parse(s)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		for _, w := range append(q.Where, q.Any...) {
			if err := w.Check(); err != nil {
				t.Fatalf("%q: %v", s, err)
			}
		}
	})
}
