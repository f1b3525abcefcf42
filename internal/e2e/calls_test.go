package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestKillCostsAtMostTheLastMomentOfTheCallLog kills the process while traffic
// passes, three times over one folder. What is lost are calls of the last
// moment: 50 ms until they are written, and a sync of the disk. That is
// printed; what fails the test is a second, since other tests sync too. All
// else is in the log, once, and nothing that nobody made.
func TestKillCostsAtMostTheLastMomentOfTheCallLog(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer up.Close()
	cfg := fresh(t)
	skipOnPostgres(t, cfg)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, cfg, "admin")
	doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: shop, upstream: up, routes: [{name: all, prefix: /}]}\n", up.URL)
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		t.Fatal(err)
	}
	made := map[string]time.Duration{} // id: how long before the end it was answered
	for range 3 {
		answered, killed := w.killInTraffic(t, 8, 1300*time.Millisecond)
		for _, a := range answered {
			made[a.id] = killed.Sub(a.at)
		}
		w.Server = start(t, cfg)
	}
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	l, err := call.Open(call.Config{Dir: filepath.Join(cfg.Data, "calls"), MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	found := map[string]int{}
	for q := (call.Query{Limit: 1000}); ; {
		page, err := l.Find(t.Context(), onlyWorkspace(t, cfg.Data), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Calls {
			found[c.ID.String()]++
		}
		if page.Next.IsZero() {
			break
		}
		q.After = page.Next
	}
	var lost, safe int
	var oldest time.Duration // of those that are lost
	for id, before := range made {
		if before > time.Second {
			safe++
		}
		if found[id] == 0 {
			lost++
			oldest = max(oldest, before)
		}
	}
	twice, extra := 0, 0
	for id, n := range found {
		if n > 1 {
			twice++
		}
		if _, known := made[id]; !known {
			extra++ // made, and the client was not told any more
		}
	}
	t.Logf("%d calls answered; %d of them are lost, the oldest %s before a kill", len(made), lost, oldest.Round(time.Millisecond))
	if oldest > time.Second || twice > 0 || extra > 3*8 || l.Stats().Unreadable > 0 {
		t.Errorf("lost up to %s, %d calls twice, %d that nobody made, log %+v", oldest, twice, extra, l.Stats())
	}
	if safe < 100 {
		t.Errorf("only %d calls were made; this test says nothing", safe)
	}
}

type passed struct {
	id string
	at time.Time
}

// killInTraffic kills the process while several clients call its gateway, and
// returns what they were answered, and until when it was surely alive.
func (w world) killInTraffic(t *testing.T, clients int, after time.Duration) ([]passed, time.Time) {
	t.Helper()
	var state struct {
		URL string `json:"url"`
	}
	w.get(t, "/api/v1/gateway/state", &state)
	all := make([][]passed, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			c := http.Client{Transport: tr, Timeout: 10 * time.Second}
			for {
				resp, err := c.Get(state.URL + "/orders") //nolint:noctx // ends with its timeout
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode == 200 {
					all[i] = append(all[i], passed{resp.Header.Get("X-Request-Id"), time.Now()})
				}
			}
		})
	}
	<-time.After(after)
	killed := time.Now()
	w.Kill()
	wg.Wait()
	var list []passed
	for _, part := range all {
		list = append(list, part...)
	}
	return list, killed
}

// onlyWorkspace is the one whose calls are in a log.
func onlyWorkspace(t *testing.T, data string) workspace.ID {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(data, "calls", "segments"))
	if err != nil || len(list) != 1 {
		t.Fatalf("segments of %d workspaces, %v", len(list), err)
	}
	return workspace.ID(list[0].Name())
}
