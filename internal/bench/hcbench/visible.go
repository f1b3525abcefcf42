//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

// visible measures how long it takes until a call that was answered is in the
// live tail, and until it is found.
func (b *gatewayRun) visible(ctx context.Context) (err error) {
	cfg, remove, err := b.c.config()
	if err != nil {
		return err
	}
	defer remove()
	srv, err := proc.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	// The rig answers only while it measures.
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer up.Close()
	s, err := published(ctx, cfg, srv, fmt.Sprintf(document, strings.TrimPrefix(up.URL, "http://")))
	if err != nil {
		return err
	}
	token, err := cfg.NewToken(ctx, "viewer", "tail")
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/v1/calls/tail?backlog=0", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	tail, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = tail.Body.Close() }()
	lines := bufio.NewScanner(tail.Body)
	var shown, found []time.Duration
	for range 30 {
		id, err := b.oneCall(ctx, s)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := awaitTail(lines, id); err != nil {
			return err
		}
		shown = append(shown, time.Since(began))
		if id, err = b.oneCall(ctx, s); err != nil {
			return err
		}
		began = time.Now()
		for srv.Call(ctx, token, "GET", "/api/v1/calls/"+id, nil, nil) != nil {
			if time.Since(began) > 30*time.Second {
				return fmt.Errorf("call %s is not found after 30 s", id)
			}
		}
		found = append(found, time.Since(began))
	}
	for _, part := range []struct {
		name, budget string
		list         []time.Duration
		most         time.Duration
	}{{"a call is in the live tail", "1 s", shown, time.Second}, {"a call is found", "3 s", found, 3 * time.Second}} {
		slices.Sort(part.list)
		worst := part.list[len(part.list)-1]
		b.report.line(part.name, fmt.Sprintf("after %d ms, at most %d ms", part.list[len(part.list)/2].Milliseconds(), worst.Milliseconds()), part.budget, worst <= part.most)
	}
	return nil
}

func (b *gatewayRun) oneCall(ctx context.Context, s *side) (id string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr.String()+"/echo", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("X-API-Key", s.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the gateway answered %s", resp.Status)
	}
	return resp.Header.Get("X-Request-Id"), nil
}

// awaitTail reads the stream until a call is in it.
func awaitTail(lines *bufio.Scanner, id string) error {
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var batch struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		}
		if !ok || json.Unmarshal([]byte(data), &batch) != nil {
			continue
		}
		for _, c := range batch.Items {
			if c.ID == id {
				return nil
			}
		}
	}
	return errors.Join(errors.New("the live tail ended"), lines.Err())
}
