package people_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/people"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
)

func TestACustomerSystemTellsOfPeople(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	channels := channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})
	persons := person.NewService(b.DB, undo.NewService(b.DB), feedbacktest.Phones(t))
	mux := http.NewServeMux()
	mux.Handle("POST /in/people/{key}", people.New(channels, b.Feedback, persons))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	c, err := channels.Create(b.Ctx, b.LaunchID, channel.Input{Kind: "people", Secrets: map[string]string{"token": "s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	send := func(token, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/in/people/"+c.Key, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	const feed = `{"people": [{"email": "ann@acme.example", "name": "Ann", "attrs": {"role": "buyer"}}, {"name": "Nobody"}],
		"organisations": [{"name": "Acme", "domains": ["acme.example"], "attrs": {"tier": "gold"}}]}`
	if status, text := send("wrong", feed); status != 403 {
		t.Errorf("a wrong token: %d %s", status, text)
	}
	for _, bad := range []string{"[]", `{"people": [{"mail": "x"}]}`, `{}`, `{"people": []}`} {
		if status, text := send("s3cret", bad); status != 422 {
			t.Errorf("%s: %d %s", bad, status, text)
		}
	}
	status, text := send("s3cret", feed)
	if status != 202 || !strings.Contains(text, `"people":2`) || !strings.Contains(text, `"row":1`) || !strings.Contains(text, "Say who it is") {
		t.Fatalf("a feed: %d %s", status, text)
	}
	if status, text := send("s3cret", `{"user_id": "7", "email": "ann@acme.example", "name": "Ann Lee"}`); status != 202 {
		t.Fatalf("one person: %d %s", status, text)
	}
	for range 3 {
		if _, err := b.Feedback.ProcessOnce(b.Ctx); err != nil {
			t.Fatal(err)
		}
	}
	list, err := persons.List(b.Ctx, person.Filter{}, 0, "", 10)
	if err != nil || len(list) != 1 || list[0].Name != "Ann Lee" || list[0].Organisation == nil || list[0].Attributes()["tier"] != "gold" || list[0].Attrs["role"] != "buyer" {
		t.Errorf("people = %+v, %v", list, err)
	}
}

func FuzzReadFeed(f *testing.F) {
	f.Add([]byte(`{"people": [{"email": "a@b.c", "phone": "+49 1"}]}`))
	f.Add([]byte(`{"user_id": "7"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		feed, err := person.ReadFeed(body)
		if err != nil {
			return
		}
		if bad, err := feed.Valid(); err == nil && len(bad) > len(feed.People)+len(feed.Organisations) {
			t.Errorf("%d refusals of %d", len(bad), len(feed.People))
		}
	})
}
