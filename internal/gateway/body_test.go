package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// note is a Tap that keeps what it was told.
type note struct {
	mu              sync.Mutex
	request, answer strings.Builder
	status          int
	fields          map[string]string
}

func (n *note) Request(b []byte) { n.mu.Lock(); defer n.mu.Unlock(); n.request.Write(b) }
func (n *note) Answer(b []byte)  { n.mu.Lock(); defer n.mu.Unlock(); n.answer.Write(b) }
func (n *note) Head(status int, fields []h1.Field) {
	n.status, n.fields = status, map[string]string{}
	for _, f := range fields {
		n.fields[strings.ToLower(string(f.Name))] = string(f.Value)
	}
}

// tapping is a policy that taps every exchange.
type tapping chan *note

func (p tapping) check(x *Exchange) *refusal {
	n := &note{}
	x.Tap(n)
	x.atEnd(func() { p <- n })
	return nil
}

func TestTapsSeeContentInBothLanes(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 {
			w.Header().Set("X-Came-As", "chunks")
		}
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/chunks" {
			w.(http.Flusher).Flush()
		}
		_, _ = fmt.Fprintf(w, "got %s", body)
	})
	g := newRig(t, oneUpstream(up))
	taps := make(tapping, 1)
	for _, r := range g.snap.Load().routes {
		r.policies = append(r.policies, namedPolicy{"tap", taps})
	}
	large := strings.Repeat("0123456789", 20_000)
	for lane, c := range clients(t) {
		for _, tc := range []struct {
			method, path, body string
			length             bool
		}{
			{"GET", "/", "", true},
			{"HEAD", "/", "", true},
			{"POST", "/", "hello", true},
			{"POST", "/", "hello chunks", false},
			{"POST", "/chunks", "hello", true},
			{"POST", "/chunks", large, false},
			{"POST", "/", large, true},
		} {
			name := fmt.Sprintf("%s %s %s %.20q", lane, tc.method, tc.path, tc.body)
			var body io.Reader
			if tc.body != "" {
				if body = strings.NewReader(tc.body); !tc.length {
					body = io.MultiReader(body)
				}
			}
			req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+g.addr+tc.path, body)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			want := "got " + tc.body
			if tc.method == "HEAD" {
				want = ""
			}
			if err != nil || string(got) != want {
				t.Errorf("%s: answer is %.40q of %d bytes, %v", name, got, len(got), err)
			}
			if (resp.Header.Get("X-Came-As") == "chunks") != !tc.length {
				t.Errorf("%s: the upstream got it framed otherwise", name)
			}
			n := <-taps
			if n.request.String() != tc.body || n.answer.String() != want || n.status != 200 {
				t.Errorf("%s: the tap saw %d bytes, then %d with status %d", name, n.request.Len(), n.answer.Len(), n.status)
			}
			if n.fields["date"] == "" || n.fields["transfer-encoding"] != "" {
				t.Errorf("%s: the tap saw fields %v", name, n.fields)
			}
		}
	}
}
