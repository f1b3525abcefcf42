package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestShapedCallsStayApart sends many calls at once through everything that
// changes or answers them, while what is published changes: each answer
// belongs to its request, body and all.
func TestShapedCallsStayApart(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"path":%q,"body":%q,"tag":%q,"pad":"%s"}`, r.URL.Path, b, r.Header.Get("X-Tag"), strings.Repeat("p", 3000))
	})
	docs := []string{}
	for _, ttl := range []string{"1m", "2m"} {
		docs = append(docs, twoUpstreams(up, up, "      compress: {}\n      cache: {ttl: "+ttl+"}\n      mirror: {upstream: shadow, share: 0.3}\n      waf: {larger: pass}\n"+
			"      transform: [{request: {headers: {set: {X-Tag: \"{query.n}\"}}, json: {set: {/seen: \"{path}\"}}}, response: {json: {set: {/n: \"{query.n}\"}, remove: [/pad]}}}]\n"))
	}
	g := newRig(t, docs[0])
	const workers, calls = 6, 30
	var wg sync.WaitGroup
	for lane, c := range plainClients(t) {
		for w := range workers {
			wg.Go(func() {
				for i := range calls {
					n := fmt.Sprint(i % 7) // some are asked for again and come from the cache
					path := fmt.Sprintf("/%s/%d", lane, i%7)
					one := call{method: "GET", path: path + "?n=" + n, header: http.Header{"Host": {"api.example"}, "Accept-Encoding": {[]string{"gzip", "zstd", "identity"}[(i+w)%3]}}}
					want := ""
					if i%3 == 0 {
						one.method, one.body, one.chunks = "POST", fmt.Sprintf(`{"w":%d}`, w), i%2 == 0
						want = fmt.Sprintf(`{"w":%d,"seen":%q}`, w, path)
					}
					resp, body := one.do(t, c, g.addr)
					var got struct{ Path, Body, Tag, N, Pad string }
					if err := json.Unmarshal([]byte(decoded(t, resp.Header.Get("Content-Encoding"), body)), &got); err != nil {
						t.Errorf("%s %s: %v", lane, path, err)
						return
					}
					if resp.StatusCode != 200 || got.Path != path || got.Body != want || got.Tag != n || got.N != n || got.Pad != "" {
						t.Errorf("%s %s %s: %d %+v", lane, one.method, path, resp.StatusCode, got)
					}
				}
			})
		}
	}
	for i := range 20 {
		if err := g.Apply([]byte(docs[i%2])); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	for _, x := range g.recorded() {
		if x.Err != OK || x.Cache == "" {
			t.Errorf("recorded %d %v %q", x.Status, x.Err, x.Cache)
		}
	}
}
