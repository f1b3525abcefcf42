package calllog

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// api serves the operations; the header Role says who asks.
func (r *rig) api(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	r.Routes(web.NewAPI(mux, "test"))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		a := workspace.Actor{Workspace: home, Kind: "member", ID: "ada", Name: "Ada", Role: workspace.Role(q.Header.Get("Role"))}
		if ws := q.Header.Get("Workspace"); ws != "" {
			a.Workspace = workspace.ID(ws)
		}
		mux.ServeHTTP(w, q.WithContext(workspace.As(q.Context(), a)))
	}))
	t.Cleanup(s.Close)
	return s.URL + web.Prefix
}

type asker struct {
	t    *testing.T
	base string
	role workspace.Role
	ws   string
}

func (k asker) open(path string, query ...string) *http.Response {
	k.t.Helper()
	v := url.Values{}
	for i := 0; i < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	r, err := http.NewRequestWithContext(k.t.Context(), "GET", k.base+path+"?"+v.Encode(), nil)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Role", string(k.role))
	r.Header.Set("Workspace", k.ws)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// get reads an answer of 200 into out, else it returns what is wrong.
func (k asker) get(out any, path string, query ...string) string {
	k.t.Helper()
	resp := k.open(path, query...)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		return fmt.Sprintf("%d %s", resp.StatusCode, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		k.t.Fatalf("%s: %v in %s", path, err, b)
	}
	return ""
}

// fill puts known calls into a log: one a second, of the last minutes.
func (r *rig) fill(t *testing.T, n int) (start time.Time) {
	t.Helper()
	start = time.Now().UTC().Truncate(time.Second).Add(-time.Duration(n) * time.Second)
	for i := range n {
		x := call.Record{Time: start.Add(time.Duration(i) * time.Second).UnixMicro(), Workspace: home, API: "shop", Route: []string{"list", "pay"}[i%2], Method: "GET",
			Path: fmt.Sprintf("/orders/%d", i), Status: []int64{200, 503}[i%2], Latency: int64(i+1) * 1000, User: fmt.Sprintf("u%d", i%5), Application: "acme", Key: "hck_1"}
		x.ID[0], x.ID[15] = 9, byte(i)
		x.Trace[0], x.Trace[1] = 7, byte(i/10)
		if i == 3 {
			x.Agent = "=1+1"
			x.Request = call.Payload{Capture: call.Whole, Type: "text/plain", Head: "Content-Type: text/plain\nX-A: b", Body: "the zebra word"}
			x.Response = call.Payload{Capture: call.Cut, Body: "\xff\x00"}
		}
		if !r.log.Append(&x) {
			t.Fatal("dropped")
		}
	}
	other := call.Record{Time: start.UnixMicro(), Workspace: "elsewhere", Path: "/secret", Status: 200}
	r.log.Append(&other)
	if err := r.log.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return start
}

const noDocument = "gateway: 1\n"

func TestCallsAreListedCountedAndCharted(t *testing.T) {
	t.Parallel()
	r := newRig(t, noDocument)
	start := r.fill(t, 40)
	k := asker{t, r.api(t), workspace.Viewer, ""}
	var all []Call
	for cursor := ""; ; {
		var p Page
		if no := k.get(&p, "/calls", "q", "status:5xx", "limit", "7", "cursor", cursor); no != "" {
			t.Fatal(no)
		}
		if !p.Complete {
			t.Error("not complete")
		}
		all = append(all, p.Items...)
		if cursor = p.NextCursor; cursor == "" {
			break
		}
	}
	if len(all) != 20 || all[0].Path != "/orders/39" || all[19].Path != "/orders/1" || all[0].Latency != 40000 || all[0].Trace != "0703"+strings.Repeat("0", 28) {
		t.Errorf("%d calls, first %+v", len(all), all[0])
	}
	var p Page
	if no := k.get(&p, "/calls", "order", "oldest", "columns", "path,ms", "limit", "1", "from", start.Format(time.RFC3339)); no != "" {
		t.Fatal(no)
	}
	if want := (Call{ID: all[19].ID[:30] + "00", At: start, Path: "/orders/0", Latency: 1000}); len(p.Items) != 1 || p.Items[0] != want {
		t.Errorf("two columns: %+v, want %+v", p.Items, want)
	}
	var n Counted
	if no := k.get(&n, "/calls/count", "q", "ms>=10 ms<20 route:pay"); no != "" || n.Count != 5 {
		t.Errorf("count %d %s", n.Count, no)
	}
	var h Histogram
	if no := k.get(&h, "/calls/histogram", "buckets", "4", "from", start.Format(time.RFC3339), "to", start.Add(40*time.Second).Format(time.RFC3339)); no != "" {
		t.Fatal(no)
	}
	if h.Total != 40 || len(h.Bars) != 4 || h.Bars[1].Two != 5 || h.Bars[1].Five != 5 || h.Step != 10_000_000 {
		t.Errorf("histogram %+v", h)
	}
	var m Heatmap
	if no := k.get(&m, "/calls/heatmap"); no != "" {
		t.Fatal(no)
	}
	var sum, bad int64
	for _, c := range m.Cells {
		sum, bad = sum+c.Count, bad+c.Errors
	}
	if sum != 40 || bad != 20 || m.Columns != 60 {
		t.Errorf("heatmap of %d calls, %d errors", sum, bad)
	}
	var f Facets
	if no := k.get(&f, "/calls/facets", "fields", "route,status,user", "top", "3"); no != "" {
		t.Fatal(no)
	}
	if f.All.Count != 40 || len(f.Facets) != 3 || f.Facets[0].Field != "route" || f.Facets[0].Values[0].Count != 20 || len(f.Facets[2].Values) != 3 || f.Facets[2].Other != 16 || f.Facets[2].Count != 5 || f.All.P95 < 36000 || f.All.P95 > 40000 {
		t.Errorf("facets %+v", f)
	}
	var one Call
	if no := k.get(&one, "/calls/"+all[0].ID); no != "" || one != all[0] {
		t.Errorf("one call %+v %s", one, no)
	}
	var list web.Page[Call]
	if no := k.get(&list, "/traces/"+all[0].Trace+"/calls"); no != "" || len(list.Items) != 10 || list.Items[0].Path != "/orders/30" {
		t.Errorf("trace: %d calls %s", len(list.Items), no)
	}
	if no := k.get(&list, "/calls/around", "user", "u2", "at", start.Add(20*time.Second).Format(time.RFC3339), "before", "10s", "after", "5s"); no != "" || len(list.Items) != 3 {
		t.Errorf("around: %+v %s", list.Items, no)
	}
	var names web.Page[FieldName]
	if no := k.get(&names, "/calls/fields"); no != "" || len(names.Items) < 30 {
		t.Errorf("fields %+v %s", names, no)
	}
	if no := k.get(&p, "/calls", "q", "status:5xx colour:red"); !strings.HasPrefix(no, "422") || !strings.Contains(no, `"location":"query.q[11:21]"`) || !strings.Contains(no, "colour:red") {
		t.Errorf("a wrong token: %s", no)
	}
	// Another workspace has its own.
	k.ws = "third"
	if no := k.get(&p, "/calls"); no != "" || len(p.Items) != 0 {
		t.Errorf("another workspace sees %+v %s", p.Items, no)
	}
	if no := k.get(&one, "/calls/"+all[0].ID); !strings.HasPrefix(no, "404") {
		t.Errorf("another workspace gets %s", no)
	}
	k.role = workspace.Intake
	if no := k.get(&p, "/calls"); !strings.HasPrefix(no, "403") {
		t.Errorf("intake gets %s", no)
	}
}

// TestPayloadsAreForThoseWhoMay covers the body itself and the two ways round
// it: searching for its words, and exporting it.
func TestPayloadsAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	r := newRig(t, noDocument)
	r.fill(t, 10)
	base := r.api(t)
	lead, viewer := asker{t, base, workspace.Lead, ""}, asker{t, base, workspace.Viewer, ""}
	var p Page
	if no := lead.get(&p, "/calls", "q", "zebra"); no != "" || len(p.Items) != 1 || p.Items[0].RequestCapture != "whole" || p.Items[0].ResponseCapture != "cut" {
		t.Fatalf("a lead finds %+v %s", p.Items, no)
	}
	id := p.Items[0].ID
	var n Counted
	if no := viewer.get(&n, "/calls/count", "q", "zebra"); no != "" || n.Count != 0 {
		t.Errorf("a viewer finds words of a payload: %d %s", n.Count, no)
	}
	var b Payload
	if no := viewer.get(&b, "/calls/"+id+"/payload"); !strings.HasPrefix(no, "403") {
		t.Errorf("a viewer opens a payload: %s", no)
	}
	if no := lead.get(&b, "/calls/"+id+"/payload"); no != "" || b.Request.Body != "the zebra word" || len(b.Request.Headers) != 2 || b.Request.Headers[1] != (Header{"X-A", "b"}) || !b.Response.Base64 || b.Response.Body != "/wA=" {
		t.Errorf("payload %+v %s", b, no)
	}
	if resp := viewer.open("/calls/export", "format", "jsonl", "payload", "true"); resp.StatusCode != 403 {
		t.Errorf("a viewer exports payloads: %s", resp.Status)
	}
	text, _ := io.ReadAll(lead.open("/calls/export", "format", "jsonl", "payload", "true", "q", "has:payload").Body)
	var row full
	if err := json.Unmarshal(text, &row); err != nil || row.Payload.Request.Body != "the zebra word" || row.ID != id {
		t.Errorf("export %s %v", text, err)
	}
	log, err := audit.List(t.Context(), r.db, string(home), "", 10)
	if err != nil || len(log) != 2 || log[1].Action != "call.payload" || log[1].Subject.ID != id || log[1].Actor.ID != "ada" || log[0].Action != "call.export" {
		t.Errorf("audit %+v %v", log, err)
	}
}

func TestExportsAreTablesThatRunNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, noDocument)
	r.fill(t, 10)
	k := asker{t, r.api(t), workspace.Viewer, ""}
	resp := k.open("/calls/export", "format", "csv", "columns", "path,ms,agent,status", "q", "status:5xx", "limit", "4")
	if resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(resp.Header.Get("Content-Disposition"), ".csv") {
		t.Errorf("headers %v", resp.Header)
	}
	rows, err := csv.NewReader(resp.Body).ReadAll()
	if err != nil || len(rows) != 5 || strings.Join(rows[0], " ") != "path ms agent status" || strings.Join(rows[4], " ") != "/orders/3 4 '=1+1 503" {
		t.Errorf("rows %q %v", rows, err)
	}
	text, _ := io.ReadAll(k.open("/calls/export", "format", "jsonl").Body)
	if strings.Count(string(text), "\n") != 10 || strings.Contains(string(text), "zebra") {
		t.Errorf("jsonl %s", text)
	}
	// What the policy of the workspace covers is covered in what leaves.
	m, err := mask.Compile(mask.Spec{Patterns: []string{"orders/3"}})
	if err != nil {
		t.Fatal(err)
	}
	r.cover = func(context.Context, workspace.ID) (*mask.Masker, error) { return m, nil }
	if text, _ = io.ReadAll(k.open("/calls/export", "format", "csv", "columns", "path").Body); !strings.Contains(string(text), "/[masked]\n") || strings.Contains(string(text), "orders/3") {
		t.Errorf("covered: %s", text)
	}
	if resp := k.open("/calls/export", "format", "xml"); resp.StatusCode != 422 {
		t.Errorf("xml: %s", resp.Status)
	}
	if resp := k.open("/calls/export", "format", "csv", "q", "colour:red"); resp.StatusCode != 422 {
		t.Errorf("a wrong token: %s", resp.Status)
	}
}

// TestTheTailBringsCallsAsTheyCome sends through a real gateway while somebody
// follows.
func TestTheTailBringsCallsAsTheyCome(t *testing.T) {
	t.Parallel()
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(500)
		}
	})
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: a, upstream: up, routes: [{name: all, prefix: /}]}\n", up))
	send := func(path string) {
		t.Helper()
		r.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	}
	send("/bad/before")
	send("/good/before")
	r.calls(t, 2)
	k := asker{t, r.api(t), workspace.Viewer, ""}
	resp := k.open("/calls/tail", "q", "status:5xx", "backlog", "5")
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	in := bufio.NewScanner(resp.Body)
	next := func() (list []string) {
		t.Helper()
		for in.Scan() {
			data, ok := strings.CutPrefix(in.Text(), "data: ")
			var b Tailed
			if !ok || json.Unmarshal([]byte(data), &b) != nil || len(b.Items) == 0 {
				continue
			}
			for _, c := range b.Items {
				list = append(list, c.Path)
			}
			return list
		}
		t.Fatal("the stream ended")
		return nil
	}
	if got := next(); len(got) != 1 || got[0] != "/bad/before" {
		t.Errorf("first %q", got)
	}
	send("/good/now")
	send("/bad/now")
	if got := next(); len(got) != 1 || got[0] != "/bad/now" {
		t.Errorf("then %q", got)
	}
	if resp := k.open("/calls/tail", "q", "colour:red"); resp.StatusCode != 422 {
		t.Errorf("a wrong token: %s", resp.Status)
	}
}
