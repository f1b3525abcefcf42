package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/secret"
)

// node is one process of several on the same records.
type node struct {
	*App
	t     *testing.T
	token string
}

// twoNodes are two processes on one PostgreSQL, each with a data folder.
func twoNodes(t *testing.T) (a, b *node) {
	t.Helper()
	c := dbtest.Config(t)
	if c.URL == "" {
		t.Skip("several nodes need PostgreSQL: run by make test-pg")
	}
	start := func() *node {
		cfg := Config{Listen: "127.0.0.1:0", Data: t.TempDir(), DatabaseURL: secret.Text(c.URL)}
		app, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- app.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		<-app.nodes.hears
		return &node{App: app, t: t}
	}
	a, b = start(), start()
	key, err := CreateToken(t.Context(), a.cfg, "test", "admin")
	if err != nil {
		t.Fatal(err)
	}
	a.token, b.token = key.Reveal(), key.Reveal()
	return a, b
}

// call asks a node's API.
func (n *node) call(method, path string, body any, out any) {
	n.t.Helper()
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			n.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.URL()+"/api/v1"+path, r)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		n.t.Fatalf("%s %s = %d %s, %v", method, path, resp.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			n.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// watch follows a node's stream: the data of events as they come.
func (n *node) watch() <-chan string {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL()+"/api/v1/events", nil)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer func() { _ = resp.Body.Close() }()
		for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
			if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok && data != "{}" {
				out <- data
			}
		}
	}()
	return out
}

// await reads events until one holds all of the words.
func await(t *testing.T, events <-chan string, words ...string) string {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended before %q", words)
			}
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e, w) }) {
				return e
			}
		case <-limit:
			t.Fatalf("nothing with %q came", words)
		}
	}
}

type listed struct {
	Items []struct{ ID string }
	Total int
}

func TestNodesFollowEachOther(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	var launch struct{ ID string }
	a.call("POST", "/launches", map[string]any{"name": "Go-live"}, &launch)
	events := b.watch()
	path := "/launches/" + launch.ID + "/feedback"
	for i := range 3 {
		a.call("POST", path, map[string]any{"text": fmt.Sprint("The pay button spins for ever, case ", i)}, nil)
	}
	toTriage := func(n *node) (l listed) {
		t.Helper()
		n.call("GET", path+"?state=new", nil, &l)
		return l
	}
	// Whichever node processes them, this one is told, and its list has them when it is.
	for toTriage(b).Total < 3 {
		await(t, events, `"feedback.created"`)
	}
	id := toTriage(b).Items[0].ID

	// Node a's list is loaded too, so that nothing below is read for the first time.
	toTriage(a)
	a.call("POST", "/feedback/"+id+"/ignore", map[string]any{}, nil)
	e := await(t, events, `"feedback.updated"`, id, `"ignored"`)
	for _, want := range []string{`"by":{`, `"name":"test"`, `"items":[{`, `"ids":["` + id + `"]`} {
		if !strings.Contains(e, want) {
			t.Errorf("the other node's event lacks %s: %s", want, e)
		}
	}
	// The list follows with the event, not a second later.
	if n := toTriage(b).Total; n != 2 {
		t.Errorf("%d to triage on the other node, want 2", n)
	}

	var accepted struct{ Issue struct{ ID string } }
	b.call("POST", "/feedback/"+toTriage(b).Items[0].ID+"/accept", map[string]any{}, &accepted)
	there := a.watch()
	a.call("PATCH", "/issues/"+accepted.Issue.ID, map[string]any{"title": "Pay button spins"}, nil)
	await(t, events, `"issue.updated"`, "Pay button spins")
	// A node hears its own acts once.
	if first := await(t, there, `"issue.updated"`, "Pay button spins"); first == "" || len(there) > 0 {
		t.Errorf("%d more events of one act", len(there))
	}
}

func TestDeletionsReachOtherNodes(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	var launch struct{ ID string }
	a.call("POST", "/launches", map[string]any{"name": "Go-live"}, &launch)
	path := "/launches/" + launch.ID + "/feedback"
	events := b.watch()
	a.call("POST", path, map[string]any{"text": "The pay button spins for ever"}, nil)
	var l struct {
		Items []struct {
			ID     string
			Number int64
		}
		Total int
	}
	for b.call("GET", path, nil, &l); l.Total == 0; b.call("GET", path, nil, &l) {
		await(t, events, `"feedback.created"`)
	}
	actor, err := a.workspaces.Local(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// More than fits one note, the one that is there among them.
	ids, nums := []string{l.Items[0].ID}, []int64{l.Items[0].Number}
	for i := range 3 * droppedEach {
		ids, nums = append(ids, fmt.Sprintf("%026d", i)), append(nums, int64(1_000_000+i))
	}
	a.nodes.dropped(actor.Workspace, launch.ID, ids, nums)
	a.call("PATCH", "/launches/"+launch.ID, map[string]any{"name": "Told after it"}, nil)
	await(t, events, `"launch.updated"`)
	if b.call("GET", path, nil, &l); l.Total != 0 {
		t.Errorf("%d feedback in the other node's list, want none", l.Total)
	}
}

// TestLostNotesAreSaid: who missed something is told to read again.
func TestLostNotesAreSaid(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	events := b.watch()
	last := b.bus.Last()
	a.nodes.lost.Store(true)
	a.call("POST", "/launches", map[string]any{"name": "Never told"}, nil)
	for range events { // ends when the watchers are sent to read again
	}
	sub, _, missed := b.bus.Subscribe("any", last)
	sub.Close()
	if !missed {
		t.Error("a watcher who comes back is not told that it missed something")
	}
}
