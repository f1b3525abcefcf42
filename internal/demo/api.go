package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// API is a hypercare, by its address and a token of an admin.
type API struct {
	URL   string // without /api/v1
	Token string

	client http.Client
}

// NewAPI speaks to a hypercare.
func NewAPI(url, token string) *API {
	return &API{URL: url, Token: token, client: http.Client{Timeout: 30 * time.Second}}
}

// statusError is an answer that is no success.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// Call sends in as JSON, where there is one, and reads the answer into out.
func (a *API) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	return a.send(ctx, method, "/api/v1"+path, "application/json", body, http.Header{"Authorization": {"Bearer " + a.Token}}, out)
}

func (a *API) send(ctx context.Context, method, path, kind string, body io.Reader, head http.Header, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, a.URL+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header = head.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		return &statusError{resp.StatusCode, fmt.Sprintf("%s %s: %s: %s", method, path, resp.Status, b[:min(len(b), 600)])}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}
