package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestDoReadsEveryKindOfAnswer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 5000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write(b)
		case "/long": // chunked
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "end")
		case "/busy":
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/close":
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "bye")
		}
	}))
	defer srv.Close()
	host := srv.Listener.Addr().String()
	c := New(host, 5*time.Second)
	defer c.Close()
	for _, tt := range []struct {
		path, body string
		want       Response
		wantBody   string
	}{
		{"/echo", `{"a":1}`, Response{Status: 202}, `{"a":1}`},
		{"/long", "", Response{Status: 200}, long + "end"},
		{"/busy", "", Response{Status: 429, RetryAfter: 3}, ""},
		{"/none", "", Response{Status: 204}, ""},
		{"/close", "", Response{Status: 200}, "bye"},
		{"/echo", `again`, Response{Status: 202}, `again`},
	} {
		var body []byte
		if tt.body != "" {
			body = []byte(tt.body)
		}
		got, err := c.Do(Request("POST", tt.path, host, "", body))
		if err != nil {
			t.Fatalf("%s: %v", tt.path, err)
		}
		if got.Status != tt.want.Status || got.RetryAfter != tt.want.RetryAfter || string(got.Body) != tt.wantBody {
			t.Errorf("%s: got %d, retry after %d, %d bytes", tt.path, got.Status, got.RetryAfter, len(got.Body))
		}
	}
}
