package accesslog

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel/accesslog/tail"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
)

// Sender sends the lines of a followed file to a hypercare.
type Sender struct {
	base   string
	source string
	client *http.Client
}

// NewSender returns a sender to the hypercare at a URL. source names the
// machine and the file; format replaces that of the channel unless it is "".
func NewSender(base, key, format, source string) (*Sender, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errs.New(errs.Invalid, "%.200q is no address of a hypercare; write it like https://care.example.", base)
	}
	if key == "" || strings.ContainsAny(key, "/?# ") {
		return nil, errs.New(errs.Invalid, "Give the key of an access log channel; its page shows it.")
	}
	u.Path += "/in/accesslog/" + key
	if format != "" {
		u.RawQuery = "format=" + url.QueryEscape(format)
	}
	return &Sender{base: u.String(), source: source, client: &http.Client{Timeout: time.Minute}}, nil
}

// Send implements what a tail.Follower hands its lines to.
func (s *Sender) Send(ctx context.Context, b tail.Batch) (*Answer, error) {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	if _, err := z.Write(b.Lines); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base, &body)
	if err != nil {
		return nil, tail.Fatal{Err: err}
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set(SourceHeader, s.source)
	req.Header.Set(OffsetHeader, strconv.FormatInt(b.Offset, 10))
	if b.Again {
		req.Header.Set(AgainHeader, "true")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode == http.StatusOK {
		var ans Answer
		if err := json.Unmarshal(text, &ans); err != nil {
			return nil, tail.Fatal{Err: errs.New(errs.Invalid, "What answers there is no hypercare.")}
		}
		return &ans, nil
	}
	var p web.Problem
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		p.Detail = "it answered " + res.Status
	}
	err = errs.New(errs.Unavailable, "%s", p.Detail)
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusInternalServerError:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 when there is none
		return nil, tail.RetryAfter{Err: err, Wait: time.Duration(seconds) * time.Second}
	}
	return nil, tail.Fatal{Err: err}
}
