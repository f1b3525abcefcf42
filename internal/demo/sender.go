package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// traced is what an instance of the shop did for one call.
type traced struct {
	service, release, instance, region string
	user, session                      string
	method, route, parent              string // parent: the Traceparent that came with it
	began                              time.Time
	took, db                           time.Duration
	status                             int
	cause                              string
}

// Senders are the other ways in: traces, crashes, alerts, release markers.
type Senders struct {
	api    *API
	launch string
}

func newSenders(_ context.Context, api *API, launch string) (*Senders, error) {
	return &Senders{api: api, launch: launch}, nil
}

func (s *Senders) close() {}

var praise = []string{"5 of 5", "All good so far.", "Nice shop, quick delivery.", "No complaints.", "The new checkout is much better than the old one."}

// introduce tells which address and which user are one person, by a survey
// that they answered.
func (s *Senders) introduce(ctx context.Context, people []*Person) error {
	before := time.Now().Add(-26 * time.Hour).UTC()
	var items []map[string]any
	for i, one := range people {
		items = append(items, map[string]any{"channel": "survey", "external_id": "welcome-" + one.ID, "text": praise[i%len(praise)], "rating": 5, "occurred_at": before.Add(time.Duration(i) * time.Second),
			"author": map[string]any{"email": one.Email, "user_id": one.ID, "name": one.Name, "attrs": map[string]string{"region": one.Region, "device": one.Device}}})
	}
	if len(items) == 0 {
		return nil
	}
	if err := s.api.Call(ctx, "POST", "/launches/"+s.launch+"/feedback", map[string]any{"items": items}, nil); err != nil {
		return fmt.Errorf("introduce the shop's people: %w", err)
	}
	return nil
}

// release marks a release, as who deploys does.
func (s *Senders) release(ctx context.Context, service, version string) error {
	return s.api.Call(ctx, "POST", "/launches/"+s.launch+"/releases", map[string]any{"service": service, "version": version, "title": service + " " + version}, nil)
}

// alert tells that a fault fires, or is over.
func (s *Senders) alert(_ *Fault, _ *Scenario, _ bool) {}

// trace takes what an instance did. It does not wait.
func (s *Senders) trace(traced) {}

// told makes a trace of what an instance did.
func (in *instance) told(r *http.Request, a asked, out *outcome, _ string, began time.Time, db time.Duration, status int) {
	if in.shop.tell == nil {
		return
	}
	in.shop.tell(traced{service: in.service, release: *in.release.Load(), instance: in.addr, region: a.region, user: a.user, session: r.Header.Get("X-Session-Id"),
		method: r.Method, route: a.route, parent: r.Header.Get("Traceparent"), began: began, took: time.Since(began), db: db, status: status, cause: out.cause})
}
