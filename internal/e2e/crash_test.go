package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/wire"
)

// sent is what one client knows of one report.
type sent struct {
	external string
	id       string // "": not acknowledged
}

type receipt struct {
	ID        string `json:"id"`
	Duplicate bool   `json:"duplicate"`
}

func (w world) post(c *wire.Conn, external string) (receipt, int, error) {
	body, err := json.Marshal(map[string]any{
		"external_id": external, "channel": "app",
		"text": "The export to CSV loses the last row since the update, report " + external,
	})
	if err != nil {
		return receipt{}, 0, err
	}
	res, err := c.Do(wire.Request("POST", "/api/v1/launches/"+w.launch+"/feedback", w.Addr, w.token, body))
	if err != nil {
		return receipt{}, 0, err
	}
	var r receipt
	if res.Status == 202 {
		err = json.Unmarshal(res.Body, &r)
	}
	return r, res.Status, err
}

// load posts from several clients until stop, and returns what each was told.
func (w world) load(round, clients int, stop *atomic.Bool) [][]sent {
	all := make([][]sent, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := wire.New(w.Addr, 10*time.Second)
			defer c.Close()
			for n := 0; !stop.Load(); n++ {
				s := sent{external: fmt.Sprintf("r%d-c%d-%d", round, i, n)}
				if r, status, err := w.post(c, s.external); err == nil && status == 202 {
					s.id = r.ID
				}
				all[i] = append(all[i], s)
			}
		})
	}
	wg.Wait()
	return all
}

// TestKillLosesNothing kills the process at a random moment under load, three
// times. Whatever was acknowledged must then be there, once; what was not is
// sent again by its client, as clients do, and must be there once as well.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	const clients = 16
	w := newWorld(t)
	cfg := w.Config
	rnd := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{} // external id: id, "" when unknown
	for round := range 3 {
		var stop atomic.Bool
		killed := make(chan struct{})
		time.AfterFunc(300*time.Millisecond+time.Duration(rnd.IntN(1200))*time.Millisecond, func() {
			w.Kill()
			stop.Store(true)
			close(killed)
		})
		all := w.load(round, clients, &stop)
		<-killed
		w.Server = start(t, cfg) // the same records, the same address
		again := wire.New(w.Addr, 20*time.Second)
		acknowledged, unknown := 0, 0
		for _, client := range all {
			lost := 0
			for i, s := range client {
				// Refused connections after the kill are not worth repeating.
				if s.id == "" {
					if lost++; lost > 3 {
						break
					}
					unknown++
				} else {
					acknowledged++
					if i%7 != 0 {
						want[s.external] = s.id
						continue
					}
				}
				r, status, err := w.post(again, s.external)
				if err != nil || status != 202 {
					t.Fatalf("send %s again: %d %v", s.external, status, err)
				}
				if s.id != "" && (r.ID != s.id || !r.Duplicate) {
					t.Errorf("%s was acknowledged as %s; sent again it is %+v", s.external, s.id, r)
				}
				want[s.external] = r.ID
			}
		}
		again.Close()
		t.Logf("round %d: %d acknowledged, %d in the air", round, acknowledged, unknown)
		if acknowledged == 0 {
			t.Fatal("nothing was acknowledged before the kill")
		}
	}
	w.processed(t)
	got := map[string]string{}
	for _, f := range w.feedback(t) {
		if first, twice := got[f.ExternalID]; twice {
			t.Errorf("%s is there twice: %s and %s", f.ExternalID, first, f.ID)
		}
		got[f.ExternalID] = f.ID
	}
	missing := 0
	for external, id := range want {
		if got[external] != id {
			if missing++; missing <= 5 {
				t.Errorf("%s was acknowledged as %s, there is %q", external, id, got[external])
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d are missing or differ", missing, len(want))
	}
	for _, state := range []string{"accepted", "dead"} {
		var left struct {
			Items []struct {
				ID     string `json:"id"`
				Reason string `json:"reason"`
			} `json:"items"`
		}
		w.get(t, "/api/v1/deliveries?launch_id="+w.launch+"&state="+state, &left)
		if len(left.Items) > 0 {
			t.Errorf("%d or more deliveries are %s: %+v", len(left.Items), state, left.Items[0])
		}
	}
}
