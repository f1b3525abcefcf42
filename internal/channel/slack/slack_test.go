package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/outbound"
	"github.com/hypercare/hypercare/internal/secret"
)

const testSecret = "8f742231b10e8888abcd99yyyzzz85a5"

// The example of docs.slack.dev, "Verifying requests from Slack".
func TestTheSignatureOfSlacksDocumentation(t *testing.T) {
	t.Parallel()
	body := []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
	h := http.Header{"X-Slack-Request-Timestamp": {"1531420618"}, "X-Slack-Signature": {"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}}
	at := time.Unix(1531420618, 0)
	if err := verify(testSecret, h, body, at.Add(4*time.Minute)); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"late":   verify(testSecret, h, body, at.Add(6*time.Minute)),
		"early":  verify(testSecret, h, body, at.Add(-6*time.Minute)),
		"secret": verify("other", h, body, at),
		"body":   verify(testSecret, h, append([]byte("x"), body...), at),
		"none":   verify(testSecret, http.Header{}, body, at),
	} {
		if !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a &lt;b&gt; &amp;amp; c":                                                                "a <b> &amp; c",
		"ask <@U1> or <@U2|ann> in <#C1|shop>":                                                   "ask @U1 or @ann in #shop",
		"see <https://x.example/a?b=1&amp;c=2|the page>":                                         "see the page (https://x.example/a?b=1&c=2)",
		"<https://x.example> <http://x.example|x.example>":                                       "https://x.example http://x.example",
		"<mailto:a@x.example|a@x.example> <!here> <!subteam^S1|@ops> <!date^1^{date}|yesterday>": "a@x.example @here @ops yesterday",
		"1 &lt; 2, *bold* and snake_case":                                                        "1 < 2, *bold* and snake_case",
		"broken <tail":                                                                           "broken <tail",
		"<>":                                                                                     "",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

type rig struct {
	*feedbacktest.Bench
	t        *testing.T
	s        *Service
	channels *channel.Service
	c        *channel.Channel
	server   *httptest.Server
	told     chan string // what was sent to the response_url
	back     *httptest.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	log := slog.New(slog.DiscardHandler)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Bench: b, t: t, told: make(chan string, 8),
		channels: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})}
	near, err := outbound.ParseNetworks("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	out := outbound.New(outbound.Config{Allow: near})
	t.Cleanup(func() { _ = out.Close() })
	r.s = NewService(Deps{DB: b.DB, Log: log, Channels: r.channels, Feedback: b.Feedback, Outbound: out, Base: "https://care.example"})
	r.s.pause = time.Millisecond
	if r.c, err = r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: Kind, Secrets: map[string]string{signingSecret: testSecret}}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	r.s.Mount(mux)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	failed := false
	r.back = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !failed { // Slack has a bad moment: it is asked again
			failed = true
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(q.Body)
		r.told <- string(body)
	}))
	t.Cleanup(r.back.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{}, 2)
	go func() { b.Feedback.Commit(ctx); done <- struct{}{} }()
	go func() { r.s.Run(ctx); done <- struct{}{} }()
	t.Cleanup(func() { stop(); <-done; <-done })
	return r
}

// send signs a body as Slack does, posts it and has what came processed.
func (r *rig) send(contentType, body, key string, at time.Time) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+"/in/slack/"+r.c.Key, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	ts := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("v0:" + ts + ":" + body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Slack-Request-Timestamp", ts)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Process()
	return res.StatusCode, string(b)
}

const form = "application/x-www-form-urlencoded"

func (r *rig) form(v url.Values) (int, string) {
	return r.send(form, v.Encode(), testSecret, time.Now())
}

// reports are those that were made, without the deliveries they came by.
func (r *rig) reports() []*feedback.Feedback {
	r.t.Helper()
	list, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{Channel: Kind, Limit: 50})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []*feedback.Feedback
	for _, d := range list {
		if d.Format != "" {
			continue
		}
		f, err := r.Feedback.Get(r.Ctx, d.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// who is the identity that a report's person is known by.
func (r *rig) who(f *feedback.Feedback) (v string) {
	r.t.Helper()
	if err := r.DB.QueryRowContext(r.Ctx, `SELECT value FROM person_identity WHERE workspace_id = $1 AND person_id = $2`, r.Workspace, f.Author.PersonID).Scan(&v); err != nil {
		r.t.Fatal(err)
	}
	return v
}

func (r *rig) command(text, trigger string) url.Values {
	return url.Values{"command": {"/hypercare"}, "text": {text}, "trigger_id": {trigger}, "team_id": {"T1"}, "team_domain": {"acme"}, "channel_id": {"C1"}, "channel_name": {"shop"},
		"user_id": {"U1"}, "user_name": {"ann"}, "response_url": {r.back.URL + "/commands/1"}}
}

func TestASlashCommandIsAReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 2 { // Slack repeats what it thinks was lost
		code, body := r.form(r.command("The checkout hangs for <@U7|bob> &amp; me", "1.2.3"))
		if code != http.StatusOK || !strings.Contains(body, `"ephemeral"`) || !strings.Contains(body, "the reference is") {
			t.Fatal(code, body)
		}
	}
	list := r.reports()
	if len(list) != 1 {
		t.Fatalf("%d reports", len(list))
	}
	f := list[0]
	if f.Text != "The checkout hangs for @bob & me" || f.Author.Name != "ann" || r.who(f) != "slack:T1:U1" || f.URL != "https://acme.slack.com/archives/C1" || f.Attrs["slack_channel"] != "shop" || f.Channel != Kind {
		t.Errorf("%+v %+v", f, f.Author)
	}
	said := <-r.told
	var a struct{ Text string }
	if err := json.Unmarshal([]byte(said), &a); err != nil || !strings.Contains(a.Text, "<https://care.example/launches/"+r.LaunchID+"/feedback?item="+f.ID) {
		t.Errorf("%s %v", said, err)
	}
	if code, body := r.form(r.command(" ", "1.2.4")); code != http.StatusOK || !strings.Contains(body, "Write what you see") || len(r.reports()) != 1 {
		t.Errorf("empty: %d %s", code, body)
	}
}

func TestAMessageIsOneReportHoweverManyNoteIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	note := func(by, trigger string) {
		t.Helper()
		payload, err := json.Marshal(map[string]any{"type": "message_action", "callback_id": "hypercare_report", "trigger_id": trigger, "response_url": r.back.URL + "/actions/" + trigger,
			"team": map[string]string{"id": "T1", "domain": "acme"}, "channel": map[string]string{"id": "C1", "name": "shop"}, "user": map[string]string{"id": by, "name": "name-" + by},
			"message": map[string]any{"type": "message", "user": "U9", "ts": "1700000000.000200", "thread_ts": "1690000000.000100", "text": "Prices are *wrong* on <https://shop.example/p|the page>",
				"user_profile": map[string]string{"display_name": "Zoe"}, "files": []map[string]string{{"name": "screen.png"}}}})
		if err != nil {
			t.Fatal(err)
		}
		if code, body := r.form(url.Values{"payload": {string(payload)}}); code != http.StatusOK || body != "" {
			t.Fatal(code, body)
		}
	}
	note("U1", "1")
	note("U2", "2")
	list := r.reports()
	if len(list) != 1 {
		t.Fatalf("%d reports", len(list))
	}
	f := list[0]
	if f.Text != "Prices are *wrong* on the page (https://shop.example/p)\n[file: screen.png]" || f.Author.Name != "Zoe" || r.who(f) != "slack:T1:U9" || f.Attrs["noted_by"] != "name-U1" ||
		f.Attrs["slack_thread"] != "1690000000.000100" || f.URL != "https://acme.slack.com/archives/C1/p1700000000000200" || !f.OccurredAt.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("%+v %+v", f, f.Author)
	}
	for range 2 { // both who noted it hear of it
		if said := <-r.told; !strings.Contains(said, f.ID) {
			t.Error(said)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	event := func(body string) (int, string) { return r.send("application/json", body, testSecret, time.Now()) }
	if code, body := event(`{"type":"url_verification","token":"t","challenge":"abc"}`); code != http.StatusOK || !strings.Contains(body, `"challenge":"abc"`) {
		t.Error(code, body)
	}
	mention := `{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"app_mention","user":"U1","channel":"C1","ts":"1700000001.000100","text":"<@U0HC> Login fails"}}`
	for range 3 {
		if code, body := event(mention); code != http.StatusOK {
			t.Fatal(code, body)
		}
	}
	for _, other := range []string{
		`{"type":"event_callback","team_id":"T1","event_id":"Ev2","event":{"type":"reaction_added","user":"U1"}}`,
		`{"type":"event_callback","team_id":"T1","event_id":"Ev3","event":{"type":"app_mention","bot_id":"B1","user":"U1","channel":"C1","ts":"1700000002.000100","text":"<@U0HC> I am a bot"}}`,
	} {
		if code, body := event(other); code != http.StatusOK {
			t.Error(code, body)
		}
	}
	if list := r.reports(); len(list) != 1 || list[0].Text != "Login fails" || r.who(list[0]) != "slack:T1:U1" {
		t.Errorf("%+v", list)
	}
	for _, bad := range []string{`{`, `{"type":"hello"}`, `{"type":"url_verification"}`} {
		if code, body := event(bad); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
	if code, _ := r.form(url.Values{"payload": {`{"type":"block_actions"}`}}); code != http.StatusUnprocessableEntity {
		t.Errorf("block_actions: %d", code)
	}
}

func TestOnlySlackMaySend(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := r.command("x", "9").Encode()
	if code, _ := r.send(form, body, "other", time.Now()); code != http.StatusUnauthorized {
		t.Errorf("another secret: %d", code)
	}
	if code, _ := r.send(form, body, testSecret, time.Now().Add(-10*time.Minute)); code != http.StatusUnauthorized {
		t.Errorf("an old signature: %d", code)
	}
	if _, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Secrets: map[string]string{signingSecret: ""}}); err != nil {
		t.Fatal(err)
	}
	if code, got := r.send(form, body, testSecret, time.Now()); code != http.StatusUnauthorized || !strings.Contains(got, "has no signing secret") {
		t.Errorf("no secret: %d %s", code, got)
	}
	if n := len(r.reports()); n != 0 {
		t.Errorf("%d reports", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := &Service{log: slog.New(slog.DiscardHandler), answers: make(chan answer, maxWaiting)}
	for range maxWaiting + 10 {
		s.queue(answer{})
	}
	if len(s.answers) != maxWaiting {
		t.Errorf("%d wait", len(s.answers))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(form, []byte("command=%2Fhypercare&text=It+hangs&trigger_id=1&team_domain=acme&channel_id=C1"))
	f.Add(form, []byte(`payload={"type":"message_action","message":{"ts":"1.2","text":"<@U1|x> <"}}`))
	f.Add("application/json", []byte(`{"type":"event_callback","event_id":"E","event":{"type":"app_mention","text":"<@U> a","ts":"1700000001.1"}}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		q, err := read(contentType, body)
		if err != nil {
			return
		}
		in, err := q.report()
		if err != nil || in == nil {
			return
		}
		if in.Input.Text == "" || !utf8.ValidString(in.Input.Text) || len(in.NaturalKey) > 500 {
			t.Errorf("%+v", in)
		}
		if err := in.Input.Validate(time.Now()); err != nil && !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}
