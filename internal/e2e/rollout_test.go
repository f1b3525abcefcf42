package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestACanaryThatFailsIsTakenBackUnderTraffic rolls a new version out through
// the API while clients call, breaks it, and waits until all traffic is back
// at the stable one: who watches is told why, and every call got an answer.
func TestACanaryThatFailsIsTakenBackUnderTraffic(t *testing.T) {
	t.Parallel()
	version := func(name string, broken *atomic.Bool) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if broken.Load() {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, name)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	var never, broken atomic.Bool
	w := newWorld(t)
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: v1, targets: [{url: %q}]}\n  - {name: v2, targets: [{url: %q}]}\napis:\n  - name: shop\n    upstream: v1\n    routes:\n      - {name: list, path: /list}\n",
		version("v1", &never), version("v2", &broken))
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		t.Fatal(err)
	}
	told := w.events(t)
	type rollout struct {
		ID      string  `json:"id"`
		State   string  `json:"state"`
		Weight  float64 `json:"weight"`
		Reason  string  `json:"reason"`
		Figures struct {
			Variants []struct {
				Variant string `json:"variant"`
				Calls   uint64 `json:"calls"`
			} `json:"variants"`
		} `json:"figures"`
	}
	var state struct {
		URL      string    `json:"url"`
		Rollouts []rollout `json:"rollouts"`
	}
	begin := func() (r rollout) {
		t.Helper()
		err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/rollouts", map[string]any{"api": "shop", "canary": "v2",
			"sticky": map[string]any{"by": "header", "name": "X-User"}, "steps": []any{map[string]any{"weight": 25, "hold": "10m"}},
			"analysis": map[string]any{"min_latency_change": "1s"}}, &r)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := begin()
	w.get(t, "/api/v1/gateway/state", &state)
	if len(state.Rollouts) != 1 || state.Rollouts[0].Weight != 25 {
		t.Fatalf("the gateway's state is %+v", state)
	}

	var mu sync.Mutex
	of := map[string]string{} // user -> version, before it is taken back
	var lost, calls atomic.Int64
	var back atomic.Bool
	stop := make(chan struct{})
	var load sync.WaitGroup
	for c := range 4 {
		load.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				user := fmt.Sprintf("%d-%d", c, i%200)
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, state.URL+"/list", nil)
				req.Header.Set("X-User", user)
				resp, err := client.Do(req)
				if err != nil {
					lost.Add(1)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if v := string(body); err != nil || v != "v1" && v != "v2" || v == "v1" && resp.StatusCode != 200 {
					lost.Add(1)
				}
				calls.Add(1)
				mu.Lock()
				if was := of[user]; was == "" {
					of[user] = string(body)
				} else if !back.Load() && !broken.Load() && was != string(body) {
					t.Errorf("user %s had %s and got %s", user, was, body)
				}
				mu.Unlock()
			}
		})
	}
	detail := func() (d rollout) {
		w.get(t, "/api/v1/gateway/rollouts/"+r.ID, &d)
		return d
	}
	waitFor(t, 20*time.Second, "figures of both versions", func() (bool, string) {
		d := detail()
		return len(d.Figures.Variants) == 2 && d.Figures.Variants[0].Calls > 500 && d.Figures.Variants[1].Calls > 100, fmt.Sprintf("%+v", d)
	})
	if d := detail(); d.State != "running" {
		t.Fatalf("a canary that is well is %+v", d)
	}
	broken.Store(true)
	since := time.Now()
	waitFor(t, 20*time.Second, "the rollback", func() (bool, string) {
		d := detail()
		back.Store(d.State == "rolled_back")
		return d.State == "rolled_back", fmt.Sprintf("%+v", d)
	})
	t.Logf("measured: taken back %.1f s after it broke, %d calls made", time.Since(since).Seconds(), calls.Load())
	if d := detail(); d.Weight != 0 || !strings.Contains(d.Reason, "canary fails") || !strings.Contains(d.Reason, "p < 0.001") {
		t.Errorf("taken back since %q", d.Reason)
	}
	close(stop)
	load.Wait()
	if n := lost.Load(); n > 0 {
		t.Errorf("%d of %d calls were lost", n, calls.Load())
	}
	waitFor(t, 10*time.Second, "the events", func() (bool, string) {
		all := told()
		return strings.Contains(all, `"type":"rollout.created"`) && strings.Contains(all, `"kind":"rolled_back"`), all
	})

	// What is under way when the server stops goes on behind a restart.
	broken.Store(false)
	r = begin()
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	again := world{Server: start(t, w.Config), token: w.token}
	waitFor(t, 10*time.Second, "the rollout to go on", func() (bool, string) {
		again.get(t, "/api/v1/gateway/state", &state)
		return len(state.Rollouts) == 1 && state.Rollouts[0].ID == r.ID && state.Rollouts[0].Weight == 25, fmt.Sprintf("%+v", state)
	})
}

// events follows the stream of events; what it returns is all so far.
func (w world) events(t *testing.T) func() string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all strings.Builder
	go func() {
		defer func() { _ = resp.Body.Close() }()
		for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
			mu.Lock()
			all.WriteString(sc.Text() + "\n")
			mu.Unlock()
		}
	}()
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}
