package app

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestEveryEventIsDescribed keeps the document of the stream complete: the
// UI's types are made from it.
func TestEveryEventIsDescribed(t *testing.T) {
	t.Parallel()
	published := regexp.MustCompile(`"([a-z]+\.(?:created|updated|deleted|progress|published))"`)
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "/internal/event\"") && !strings.Contains(string(text), "tell(") {
			return err
		}
		for _, m := range published.FindAllStringSubmatch(string(text), -1) {
			seen[m[1]] = true
			if _, ok := events[m[1]]; !ok {
				t.Errorf("%s publishes %s, which the stream's document does not know: add it to events", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for typ := range events {
		if !seen[typ] {
			t.Errorf("nobody publishes %s", typ)
		}
	}
}

// watchEvents reads a stream as an actor: the data of its first n events.
func watchEvents(t *testing.T, url string, n int, last string) (events []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", last)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	for sc := bufio.NewScanner(resp.Body); len(events) < n && sc.Scan(); {
		if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok && data != "{}" {
			events = append(events, data)
		}
	}
	return events
}

// TestAStreamIsOneWorkspaces: live and replayed, nobody is told of another
// tenant, and who may not read is told nothing.
func TestAStreamIsOneWorkspaces(t *testing.T) {
	t.Parallel()
	a := &App{bus: event.New(), streams: make(chan struct{})}
	mux := http.NewServeMux()
	a.eventRoutes(web.NewAPI(mux, "test"))
	serve := func(ws workspace.ID, r workspace.Role) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			mux.ServeHTTP(w, req.WithContext(workspace.As(req.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "x", Role: r})))
		}))
		t.Cleanup(srv.Close)
		return srv.URL + "/api/v1/events"
	}
	begin := a.bus.Last()
	publish := func(ws, id string) { a.bus.Publish(event.Event{Workspace: ws, Type: "issue.updated", ID: id}) }
	publish("w1", "one")
	publish("w2", "secret")
	publish("w1", "two")
	got := watchEvents(t, serve("w1", workspace.Viewer), 2, begin)
	if all := strings.Join(got, "\n"); len(got) != 2 || strings.Contains(all, "secret") || !strings.Contains(all, `"one"`) || !strings.Contains(all, `"two"`) {
		t.Errorf("replay = %s", all)
	}

	live := make(chan []string)
	go func() { live <- watchEvents(t, serve("w2", workspace.Owner), 1, a.bus.Last()) }()
	for !a.bus.Watched("w2") {
		runtime.Gosched()
	}
	publish("w1", "theirs")
	publish("w2", "ours")
	if got := <-live; len(got) != 1 || !strings.Contains(got[0], `"ours"`) {
		t.Errorf("live = %v", got)
	}

	resp, err := http.Get(serve("w1", workspace.Intake))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("an intake token watches: %d", resp.StatusCode)
	}
}

// TestTheDocumentTellsEventsApart: each type has a schema of its own whose
// type is one value, and the mapping says which.
func TestTheDocumentTellsEventsApart(t *testing.T) {
	t.Parallel()
	api := web.NewAPI(http.NewServeMux(), "test")
	(&App{bus: event.New()}).eventRoutes(api)
	schemas := api.OpenAPI().Components.Schemas.Map()
	union := schemas["StreamEvent"]
	if len(union.OneOf) != len(events) || len(union.Discriminator.Mapping) != len(events) {
		t.Fatalf("%d events, %d schemas, %d in the mapping", len(events), len(union.OneOf), len(union.Discriminator.Mapping))
	}
	for typ, ref := range union.Discriminator.Mapping {
		one := schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if one == nil || !slices.Equal(one.Properties["type"].Enum, []any{typ}) {
			t.Errorf("%s is described as %+v", typ, one)
		} else if data := one.Properties["data"]; (data != nil) != (events[typ] != nil) {
			t.Errorf("%s: data = %+v", typ, data)
		}
	}
}
