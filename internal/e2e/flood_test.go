package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/wire"
)

// TestFloodIsToldToComeBack sends far more at once than can be written. Each
// sender gets an answer in time: 202, or 429 that says when to come back; and
// whoever comes back gets in.
func TestFloodIsToldToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const clients, perBatch = 48, 1000
	bodies := make([][]byte, clients)
	for i := range bodies {
		items := make([]map[string]any, perBatch)
		for k := range items {
			items[k] = map[string]any{"text": fmt.Sprintf("The dashboard is empty, case %d of %d", k, i), "external_id": fmt.Sprintf("flood-%d-%d", i, k)}
		}
		b, err := json.Marshal(map[string]any{"items": items})
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = b
	}
	var mu sync.Mutex
	refused, slowest := 0, time.Duration(0)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := wire.New(w.Addr, 30*time.Second)
			defer c.Close()
			req := wire.Request("POST", "/api/v1/launches/"+w.launch+"/feedback", w.Addr, w.token, bodies[i])
			for range 60 {
				sent := time.Now()
				res, err := c.Do(req)
				took := time.Since(sent)
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				mu.Lock()
				slowest = max(slowest, took)
				mu.Unlock()
				switch {
				case res.Status == 202:
					var answer struct{ Accepted, Rejected int }
					if err := json.Unmarshal(res.Body, &answer); err != nil || answer.Accepted != perBatch {
						t.Errorf("client %d: accepted %d of %d, %v", i, answer.Accepted, perBatch, err)
					}
					return
				case res.Status == 429 && res.RetryAfter >= 1 && strings.Contains(string(res.Body), "detail"):
					mu.Lock()
					refused++
					mu.Unlock()
					<-time.After(time.Duration(res.RetryAfter) * time.Second)
				default:
					t.Errorf("client %d: %d, Retry-After %d, %.300s", i, res.Status, res.RetryAfter, res.Body)
					return
				}
			}
			t.Errorf("client %d never got in", i)
		})
	}
	wg.Wait()
	t.Logf("%d items, %d answers 429, slowest answer %s", clients*perBatch, refused, slowest.Round(time.Millisecond))
	if refused == 0 {
		t.Error("nobody was told to come back: the queue is not bounded, or this flood is too small to show it")
	}
	if slowest > 10*time.Second {
		t.Errorf("an answer took %s", slowest)
	}
	// The counts are read one after the other while deliveries move from one
	// to the next, so that a single look may count a batch twice or not.
	waitFor(t, time.Minute, fmt.Sprintf("%d deliveries to be in the ledger", clients*perBatch), func() (bool, string) {
		var d struct {
			Counts map[string]int `json:"counts"`
		}
		w.get(t, "/api/v1/deliveries?limit=1&launch_id="+w.launch, &d)
		return d.Counts["accepted"]+d.Counts["processed"] == clients*perBatch, fmt.Sprint(d.Counts)
	})
}
