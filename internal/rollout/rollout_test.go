package rollout_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/rollout"
	"github.com/hypercare/hypercare/internal/workspace"
)

// version is an upstream that can be made to fail or to be slow.
type version struct {
	url   string
	fails atomic.Bool
	slow  atomic.Int64 // nanoseconds
	calls atomic.Int64
}

func newVersion(t *testing.T, name string) *version {
	v := &version{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d := v.slow.Load(); d > 0 {
			wait := time.NewTimer(time.Duration(d))
			select {
			case <-wait.C:
			case <-r.Context().Done():
			}
		}
		v.calls.Add(1)
		if v.fails.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, name)
	}))
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

// node is one process: a gateway that listens, with its services.
type node struct {
	t       *testing.T
	gateway *gateway.Gateway
	url     string
	pub     *publication.Service
	*rollout.Service
	bus   *event.Bus
	clock *clock
}

// clock runs, and can be set ahead.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

func newNode(t *testing.T, d *db.DB, c *clock) *node {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	n := &node{t: t, gateway: gateway.New(gateway.Options{Log: log}), bus: event.New(), clock: c}
	n.pub = publication.NewService(d, n.bus, log, n.gateway)
	n.Service = rollout.NewService(rollout.Deps{DB: d, Bus: n.bus, Log: log, Server: n.gateway, Publisher: n.pub, Now: c.now,
		Users: func(_ context.Context, _ workspace.ID, attribute, value string) ([]string, error) {
			return []string{attribute + value}, nil
		}})
	if err := n.pub.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.url = "http://" + ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- n.gateway.Serve(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = n.gateway.Shutdown(ctx)
		<-served
	})
	return n
}

// call asks the gateway as a user and answers which version it was.
func (n *node) call(path, user string) (string, int) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.url+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("X-User", user)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatalf("a call was lost: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatalf("an answer broke off: %v", err)
	}
	return string(b), resp.StatusCode
}

// calls makes so many calls, each as another user, and waits until they are
// counted.
func (n *node) calls(count int) map[string]int {
	n.t.Helper()
	counted := func() (sum uint64) {
		for _, s := range n.gateway.Rollouts() {
			for _, x := range s.Tallies {
				for _, k := range x.Statuses {
					sum += k
				}
			}
		}
		return sum
	}
	before := counted()
	out := map[string]int{}
	for i := range count {
		v, _ := n.call("/list", fmt.Sprint(n.url, i))
		out[v]++
	}
	for end := time.Now().Add(5 * time.Second); len(n.gateway.Rollouts()) > 0 && counted()-before < uint64(count); {
		if time.Now().After(end) {
			n.t.Fatal("calls are not counted")
		}
	}
	return out
}

func (n *node) tick(ctx context.Context) {
	n.t.Helper()
	if err := n.Tick(ctx); err != nil {
		n.t.Fatal(err)
	}
}

type world struct {
	*node
	db         *db.DB
	v1, v2     *version
	lead, view context.Context
}

func setup(t *testing.T) *world {
	t.Helper()
	d := dbtest.Open(t)
	for _, id := range []string{"w1", "w2"} {
		if err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, id, id, 1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{node: newNode(t, d, &clock{}), db: d, v1: newVersion(t, "v1"), v2: newVersion(t, "v2"), lead: as(t, "w1", workspace.Lead), view: as(t, "w1", workspace.Viewer)}
	w.publish(w.document())
	return w
}

func as(t *testing.T, ws workspace.ID, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "m", Name: "Ada", Role: r})
}

func (w *world) document() string {
	return fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: v1, targets: [{url: %q}]} # stable\n  - {name: v2, targets: [{url: %q}]}\napis:\n  - name: shop\n    upstream: v1\n    routes:\n      - {name: list, path: /list}\n      - {name: pay, path: /pay}\n", w.v1.url, w.v2.url)
}

func (w *world) publish(doc string) {
	w.t.Helper()
	if _, err := w.pub.Publish(w.lead, publication.Input{Document: doc}); err != nil {
		w.t.Fatal(err)
	}
}

// begin starts a rollout of the shop to v2 that keeps users together.
func (w *world) begin(change func(*rollout.Input)) *rollout.Rollout {
	w.t.Helper()
	in := rollout.Input{API: "shop", Canary: "v2", Sticky: gateway.Sticky{By: gateway.StickyHeader, Name: "X-User"},
		Steps: []rollout.Step{{Weight: 20, Hold: "1m"}, {Weight: 60, Hold: "1m"}}}
	// Loopback is noisy while tests run: only what is much slower is slower.
	in.Analysis.MinLatencyChange = "40ms"
	if change != nil {
		change(&in)
	}
	r, err := w.Start(w.lead, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) get(id string) *rollout.Detail {
	w.t.Helper()
	r, err := w.Get(w.view, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func kinds(d *rollout.Detail) string {
	var out []string
	for _, e := range d.Events {
		out = append(out, e.Kind)
	}
	return strings.Join(out, " ")
}

func TestStepByStepToPromotion(t *testing.T) {
	t.Parallel()
	w := setup(t)
	sub, _, _ := w.bus.Subscribe("w1", "")
	defer sub.Close()
	r := w.begin(nil)
	if r.State != rollout.Running || r.Weight != 20 || r.Stable != "v1" || r.NextAt == nil {
		t.Fatalf("started as %+v", r)
	}
	if got := w.calls(400); got["v2"] < 40 || got["v2"] > 130 {
		t.Errorf("of 400 users at 20 %%: %v", got)
	}
	w.tick(t.Context())
	d := w.get(r.ID)
	if d.Finding.Verdict != "same" || !strings.Contains(d.Finding.Reason, "no difference found: canary fails 0 % of") || d.Figures.Held != 2 || len(d.Figures.Variants) != 2 {
		t.Errorf("finding %+v, figures %+v", d.Finding, d.Figures)
	}
	if d.Step != 0 {
		t.Error("went on before the step was held")
	}
	w.clock.forward(61 * time.Second)
	w.tick(t.Context())
	if d := w.get(r.ID); d.Step != 1 || d.Weight != 60 || kinds(d) != "advanced judged started" {
		t.Fatalf("behind the first step: %+v, %s", d.Rollout, kinds(d))
	}
	// Time alone does not go on: nothing has been called in this step.
	w.clock.forward(61 * time.Second)
	w.tick(t.Context())
	if d := w.get(r.ID); d.State != rollout.Running || d.Step != 1 {
		t.Fatalf("without calls: %+v", d.Rollout)
	}
	w.calls(400)
	w.tick(t.Context())
	w.tick(t.Context())
	w.tick(t.Context())
	d = w.get(r.ID)
	if d.State != rollout.Promoted || d.Publication != 2 || d.EndedAt == nil || !strings.HasPrefix(kinds(d), "promoted promoting") {
		t.Fatalf("at the end: %+v, %s", d.Rollout, kinds(d))
	}
	p, err := w.pub.Current(w.lead)
	if err != nil || p.Document != strings.Replace(w.document(), "    upstream: v1", "    upstream: v2", 1) || p.Note != "shop leads to v2: rollout promoted" || p.By != "hypercare" {
		t.Errorf("in force: %+v, %v", p, err)
	}
	for i := range 50 {
		if v, _ := w.call("/pay", fmt.Sprint(i)); v != "v2" {
			t.Fatalf("after the promotion a call went to %s", v)
		}
	}
	// It stays promoted when the publication is taken back.
	if _, err := w.pub.RollBack(w.lead, 0, ""); err != nil {
		t.Fatal(err)
	}
	w.tick(t.Context())
	if v, _ := w.call("/list", "a"); v != "v1" {
		t.Errorf("after the publication was taken back: %s", v)
	}
	if _, err := w.Act(w.lead, r.ID, rollout.Abort, ""); !errs.Is(err, errs.Unprocessable) || !strings.Contains(errs.Message(err), "publication 2") {
		t.Errorf("abort what was promoted: %v", err)
	}
	// Everyone was told, each change is audited.
	var told []string
	for len(sub.C) > 0 {
		if e := <-sub.C; strings.HasPrefix(e.Type, "rollout.") {
			told = append(told, e.Type)
		}
	}
	if got := strings.Join(told, " "); got != "rollout.created rollout.updated rollout.updated rollout.updated rollout.updated" {
		t.Errorf("events %s", got)
	}
	log, err := audit.List(t.Context(), w.db, "w1", "", 50)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range log {
		if strings.HasPrefix(e.Action, "rollout.") {
			actions = append(actions, e.Action+" "+e.Actor.Kind)
		}
	}
	if got := strings.Join(actions, ", "); got != "rollout.promoted system, rollout.promoting system, rollout.advanced system, rollout.start member" {
		t.Errorf("audited %s", got)
	}
}

func TestAFailingCanaryIsRolledBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.begin(nil)
	w.v2.fails.Store(true)
	w.calls(400)
	w.tick(t.Context())
	d := w.get(r.ID)
	if d.State != rollout.RolledBack || d.Finding.Verdict != "worse" || d.Finding.Metric != "errors" || d.Weight != 0 ||
		!strings.HasPrefix(d.Reason, "canary fails 100 % of") || !strings.HasSuffix(d.Reason, "; p < 0.001") {
		t.Fatalf("%+v", d.Rollout)
	}
	w.v2.calls.Store(0)
	if got := w.calls(100); got["v1"] != 100 || w.v2.calls.Load() != 0 {
		t.Errorf("after the rollback: %v", got)
	}
	if kinds(d) != "rolled_back started" || d.Events[0].By != "hypercare" || d.Events[0].ByKind != "system" {
		t.Errorf("history %+v", d.Events)
	}
	// Another can be started now.
	w.v2.fails.Store(false)
	if again := w.begin(nil); again.State != rollout.Running {
		t.Errorf("the next one: %+v", again)
	}
}

func TestASlowCanaryIsRolledBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.v2.slow.Store(int64(60 * time.Millisecond))
	r := w.begin(func(in *rollout.Input) { in.Analysis.MinSample = 20 })
	w.calls(150)
	w.tick(t.Context())
	if d := w.get(r.ID); d.State != rollout.RolledBack || d.Finding.Metric != "latency" || !strings.Contains(d.Reason, "p95 of canary is") {
		t.Errorf("%+v", d.Rollout)
	}
}

func TestAnalysisThatIsOffLetsTimeDecide(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.v2.fails.Store(true)
	r := w.begin(func(in *rollout.Input) { in.Analysis.Off = true; in.Confirm = true })
	w.calls(200)
	for range 2 {
		w.clock.forward(61 * time.Second)
		w.tick(t.Context())
	}
	d := w.get(r.ID)
	if d.State != rollout.Paused || d.Step != 1 || !strings.Contains(d.Reason, "waits for somebody to promote it") {
		t.Fatalf("%+v", d.Rollout)
	}
	p, err := w.Act(w.lead, r.ID, rollout.Promote, "we know better")
	if err != nil || p.State != rollout.Promoted || p.Publication != 2 {
		t.Errorf("promoted: %+v, %v", p, err)
	}
	if d := w.get(r.ID); d.Events[1].Reason != "we know better" || d.Events[1].By != "Ada" {
		t.Errorf("history %+v", d.Events)
	}
}

func TestPeopleSteer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.begin(func(in *rollout.Input) { in.Steps[0].Pause = true })
	act := func(verb string) *rollout.Rollout {
		t.Helper()
		r, err := w.Act(w.lead, r.ID, verb, "")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	w.calls(400)
	w.clock.forward(61 * time.Second)
	w.tick(t.Context())
	if d := w.get(r.ID); d.State != rollout.Paused || d.Step != 0 || d.Weight != 20 || !strings.Contains(d.Reason, "waits for somebody to go on") {
		t.Fatalf("behind a step with a pause: %+v", d.Rollout)
	}
	if r := act(rollout.Resume); r.State != rollout.Running || r.Step != 1 {
		t.Errorf("resumed: %+v", r)
	}
	if r := act(rollout.Pause); r.State != rollout.Paused || r.Weight != 60 {
		t.Errorf("paused: %+v", r)
	}
	if _, err := w.Act(w.lead, r.ID, rollout.Advance, ""); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("beyond the last step: %v", err)
	}
	// What breaks while it is paused is rolled back all the same.
	if r := act(rollout.Resume); r.State != rollout.Running || r.Step != 1 {
		t.Errorf("resumed: %+v", r)
	}
	act(rollout.Pause)
	w.v2.fails.Store(true)
	w.calls(200)
	w.tick(t.Context())
	if d := w.get(r.ID); d.State != rollout.RolledBack {
		t.Errorf("broken while paused: %+v", d.Rollout)
	}
	w.v2.fails.Store(false)
	r = w.begin(nil)
	if a, err := w.Act(w.lead, r.ID, rollout.Abort, "bad translation"); err != nil || a.State != rollout.Aborted || a.Reason != "bad translation" || a.Weight != 0 {
		t.Errorf("aborted: %+v, %v", a, err)
	}
	if got := w.calls(50); got["v1"] != 50 {
		t.Errorf("after the abort: %v", got)
	}
	for _, verb := range []string{rollout.Pause, rollout.Resume, rollout.Advance, rollout.Promote, rollout.Abort} {
		if _, err := w.Act(w.lead, r.ID, verb, ""); !errs.Is(err, errs.Unprocessable) {
			t.Errorf("%s what has ended: %v", verb, err)
		}
	}
}

func TestBlueGreenSwitchesAtOnceAndBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bad := newVersion(t, "bad")
	bad.fails.Store(true)
	if _, err := w.Start(w.lead, rollout.Input{API: "shop", Canary: "v2", Strategy: rollout.BlueGreen, Health: rollout.Health{Path: "/health"}}); err != nil {
		t.Fatalf("with a healthy green: %v", err)
	}
	list, err := w.List(w.view, "", 10)
	if err != nil || len(list) != 1 || list[0].Weight != 0 || len(list[0].Steps) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	id := list[0].ID
	w.calls(200)
	w.tick(t.Context())
	w.clock.forward(61 * time.Second)
	w.tick(t.Context())
	if d := w.get(id); d.Weight != 100 || d.Step != 1 {
		t.Fatalf("after the baseline: %+v", d.Rollout)
	}
	if got := w.calls(100); got["v2"] != 100 {
		t.Errorf("switched: %v", got)
	}
	w.tick(t.Context())
	if d := w.get(id); d.Finding.Verdict != "same" || !strings.Contains(d.Finding.Reason, "stable before") || len(d.Figures.Variants) != 3 || !d.Figures.Variants[2].Before {
		t.Errorf("held against before: %+v, %+v", d.Finding, d.Figures.Variants)
	}
	w.v2.fails.Store(true)
	w.calls(100)
	w.tick(t.Context())
	if d := w.get(id); d.State != rollout.RolledBack {
		t.Fatalf("green broke: %+v", d.Rollout)
	}
	if got := w.calls(50); got["v1"] != 50 {
		t.Errorf("switched back: %v", got)
	}
	// A green that is not well gets nothing.
	before := w.v2.calls.Load()
	_, err = w.Start(w.lead, rollout.Input{API: "shop", Canary: "v2", Strategy: rollout.BlueGreen, Health: rollout.Health{Path: "/health"}})
	if !errs.Is(err, errs.Unprocessable) || !strings.Contains(errs.Message(err), "answered 500 to /health") || w.v2.calls.Load() != before+1 {
		t.Errorf("with an ill green: %v", err)
	}
	// One that falls ill before the switch gets nothing either.
	w.v2.fails.Store(false)
	r, err := w.Start(w.lead, rollout.Input{API: "shop", Canary: "v2", Strategy: rollout.BlueGreen, Health: rollout.Health{Path: "/health"}})
	if err != nil {
		t.Fatal(err)
	}
	w.v2.fails.Store(true)
	w.clock.forward(61 * time.Second)
	w.tick(t.Context())
	if d := w.get(r.ID); d.State != rollout.Paused || d.Weight != 0 || !strings.HasPrefix(d.Reason, "before the switch:") {
		t.Errorf("ill before the switch: %+v", d.Rollout)
	}
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.begin(nil)
	w.calls(400)
	w.tick(t.Context())
	had := w.get(r.ID)
	next := newNode(t, w.db, w.clock)
	next.tick(t.Context())
	for i := range 100 {
		u := fmt.Sprint("user", i)
		a, _ := w.call("/list", u)
		if b, _ := next.call("/list", u); a != b {
			t.Fatalf("%s had %s and gets %s from the next node", u, a, b)
		}
	}
	d, err := next.Get(w.view, r.ID)
	if err != nil || d.Step != 0 || d.Figures.Variants[0].Calls < had.Figures.Variants[0].Calls {
		t.Errorf("the next node knows %+v, %v", d, err)
	}
}

func TestNodesAreSummed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := newNode(t, w.db, w.clock)
	r := w.begin(func(in *rollout.Input) { in.Steps[0].Weight = 50; in.Analysis.MinSample = 60 })
	other.tick(t.Context())
	w.v2.fails.Store(true)
	// Neither has seen enough by itself.
	w.calls(80)
	w.tick(t.Context())
	if d := w.get(r.ID); d.Finding.Verdict != "not_enough" {
		t.Fatalf("of one node: %+v", d.Finding)
	}
	other.calls(80)
	other.tick(t.Context())
	w.tick(t.Context())
	d := w.get(r.ID)
	if d.State != rollout.RolledBack || d.Figures.Nodes != 2 {
		t.Fatalf("of two nodes: %+v, %+v", d.Rollout, d.Figures)
	}
	other.tick(t.Context())
	if got := other.calls(50); got["v1"] != 50 {
		t.Errorf("the other node sends %v", got)
	}
}

func TestADocumentThatSaysSomethingElseEndsIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.begin(nil)
	w.tick(t.Context())
	w.publish(strings.Replace(w.document(), "    upstream: v1", "    upstream: v2", 1))
	for range 3 {
		w.tick(t.Context())
		w.clock.forward(6 * time.Second)
	}
	if d := w.get(r.ID); d.State != rollout.Aborted || !strings.Contains(d.Reason, "sends no route of it to v1 any more") {
		t.Errorf("%+v", d.Rollout)
	}
}

func TestAWindowBeginsAnew(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.begin(func(in *rollout.Input) { in.Analysis.Window = "10s"; in.Steps[0].Hold = "10m" })
	w.calls(400)
	w.tick(t.Context())
	w.clock.forward(11 * time.Second)
	w.tick(t.Context())
	w.tick(t.Context())
	d := w.get(r.ID)
	if d.Step != 0 || d.Figures.Since.Equal(d.StepAt) || d.Figures.Variants[0].Calls != 0 || d.Finding.Verdict != "same" {
		t.Errorf("%+v, %+v", d.Rollout, d.Figures)
	}
	if kinds(d) != "judged started" {
		t.Errorf("a window is no news: %s", kinds(d))
	}
}

func TestSegmentsAndTenantsAndRoles(t *testing.T) {
	t.Parallel()
	w := setup(t)
	in := rollout.Input{API: "shop", Canary: "v2"}
	in.Targeting.Segments = []rollout.Segment{{Attribute: "tier", Value: "gold"}}
	for _, role := range []workspace.Role{workspace.Responder, workspace.Viewer} {
		if _, err := w.Start(as(t, "w1", role), in); !errs.Is(err, errs.Denied) {
			t.Errorf("%s starts: %v", role, err)
		}
	}
	if _, err := w.Start(as(t, "w2", workspace.Owner), in); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("another workspace rolls out what is not its own: %v", err)
	}
	r, err := w.Start(w.lead, in)
	if err != nil {
		t.Fatal(err)
	}
	other := as(t, "w2", workspace.Owner)
	if _, err := w.Get(other, r.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
	if _, err := w.Act(other, r.ID, rollout.Abort, ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace aborts it: %v", err)
	}
	if list, err := w.List(other, "", 10); err != nil || len(list) != 0 {
		t.Errorf("another workspace lists %v, %v", list, err)
	}
	if _, err := w.Act(w.view, r.ID, rollout.Abort, ""); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer aborts it: %v", err)
	}
	if _, err := w.Start(w.lead, in); !errs.Is(err, errs.Conflict) {
		t.Errorf("two of one API: %v", err)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for says, change := range map[string]func(*rollout.Input){
		"weights only grow":              func(in *rollout.Input) { in.Steps = []rollout.Step{{Weight: 50}, {Weight: 20}} },
		"from 0 to 100 percent":          func(in *rollout.Input) { in.Steps = []rollout.Step{{Weight: 101}} },
		`"soon" can't be hold`:           func(in *rollout.Input) { in.Steps = []rollout.Step{{Weight: 1, Hold: "soon"}} },
		"can't be analysis.window":       func(in *rollout.Input) { in.Analysis.Window = "1s" },
		"needs its name":                 func(in *rollout.Input) { in.Sticky.By = gateway.StickyCookie },
		`There is no strategy "red"`:     func(in *rollout.Input) { in.Strategy = "red" },
		"is no regular expression":       func(in *rollout.Input) { in.Targeting.Headers = []gateway.ValueMatch{{Name: "A", Regex: "("}} },
		"None of these routes":           func(in *rollout.Input) { in.Stable = "v2" },
		"There is no upstream \"v3\" in": func(in *rollout.Input) { in.Canary = "v3" },
	} {
		in := rollout.Input{API: "shop", Canary: "v2"}
		change(&in)
		if _, err := w.Start(w.lead, in); err == nil || !strings.Contains(errs.Message(err), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}
