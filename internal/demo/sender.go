package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// traced is what an instance of the shop did for one call.
type traced struct {
	service, release, instance, region string
	user, session, version             string
	method, route, parent, call        string // parent: the Traceparent that came with it
	began                              time.Time
	took, query                        time.Duration
	status                             int
	cause                              string // what the program says of a failure
}

// Senders are the other ways in: traces, crashes, alerts, release markers.
// Each goes by a channel of its kind, where hypercare has it.
type Senders struct {
	api    *API
	launch string

	channels map[string]way // by kind
	queue    chan traced
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// way is a channel of the launch.
type way struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
	Key    string `json:"key"`
}

// kindsUsed are the channels that a shop sets up.
var kindsUsed = []string{"otlp", "sentry", "alertmanager"}

func newSenders(ctx context.Context, api *API, launch string) (*Senders, error) {
	s := &Senders{api: api, launch: launch, channels: map[string]way{}, queue: make(chan traced, 4096)}
	var known struct {
		Items []struct {
			Kind string `json:"name"`
		} `json:"items"`
	}
	if err := api.Call(ctx, "GET", "/channel-kinds", nil, &known); err != nil {
		return nil, fmt.Errorf("ask for the kinds of channels: %w", err)
	}
	for _, k := range known.Items {
		if !slices.Contains(kindsUsed, k.Kind) {
			continue
		}
		var made way
		if err := api.Call(ctx, "POST", "/launches/"+launch+"/channels", map[string]any{"kind": k.Kind, "name": "Shop", "per_minute": 100_000}, &made); err != nil {
			return nil, fmt.Errorf("make the channel %s: %w", k.Kind, err)
		}
		s.channels[k.Kind] = made
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.done.Go(func() { s.run(run) })
	return s, nil
}

// close sends what waits, for two seconds at most.
func (s *Senders) close() {
	s.stop()
	s.done.Wait()
}

// trace takes what an instance did. It does not wait: what is too much is
// not told, as with any exporter.
func (s *Senders) trace(t traced) {
	if len(s.channels) == 0 {
		return
	}
	select {
	case s.queue <- t:
	default:
	}
}

// run sends spans in batches, and each failure as a crash.
func (s *Senders) run(ctx context.Context) {
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	var batch []traced
	send := func(ctx context.Context) {
		if len(batch) == 0 {
			return
		}
		// A lost batch is telemetry that is missing, as it is in life.
		_ = errors.Join(s.spans(ctx, batch), s.crashes(ctx, batch))
		batch = batch[:0]
	}
	for {
		select {
		case t := <-s.queue:
			if batch = append(batch, t); len(batch) >= 200 {
				send(ctx)
			}
		case <-tick.C:
			send(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			send(last)
			return
		}
	}
}

// introduce tells which address and which user are one person, as the shop's
// customer system does.
func (s *Senders) introduce(ctx context.Context, people []*Person) error {
	if len(people) == 0 {
		return nil
	}
	list := make([]map[string]any, len(people))
	for i, one := range people {
		list[i] = map[string]any{"user_id": one.ID, "email": one.Email, "name": one.Name, "language": one.Language, "attrs": map[string]string{"region": one.Region, "device": one.Device, "tier": one.tier()}}
		if one.Device == "partner" {
			list[i]["organisation"] = applications["partner"]
		}
	}
	in := map[string]any{"people": list, "organisations": []any{map[string]any{"name": applications["partner"], "domains": []string{partnerDomain}, "attrs": map[string]string{"tier": "partner"}}}}
	var done struct {
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := s.api.Call(ctx, "POST", "/people/batch", in, &done); err != nil {
		return fmt.Errorf("introduce the shop's people: %w", err)
	}
	if len(done.Errors) > 0 {
		return fmt.Errorf("introduce the shop's people: %s", done.Errors[0].Message)
	}
	return nil
}

// release marks a release, as who deploys does.
func (s *Senders) release(ctx context.Context, service, version string) error {
	return s.api.Call(ctx, "POST", "/launches/"+s.launch+"/releases", map[string]any{"service": service, "version": version, "title": service + " " + version}, nil)
}
