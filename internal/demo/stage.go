package demo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Stage is where a scenario is played: a launch of a running hypercare, with
// the shop behind its gateway.
type Stage struct {
	API     *API
	Launch  string
	Gateway string // address of it
	Shop    *Shop
	Senders *Senders
	Wrote   func(*Report)           // is told of each report that was sent; nil: nobody
	Told    func(f *Fault, on bool) // is told when a fault begins and ends; nil: nobody

	keys map[string]string // application -> key

	mu     sync.Mutex
	on     []*Fault
	canary map[string]string // fault id -> rollout
	told   map[string]bool   // causes were added to these faults
}

// Open makes a launch with everything that the shop needs, and publishes it.
func Open(ctx context.Context, api *API, name string) (_ *Stage, err error) {
	s := &Stage{API: api, keys: map[string]string{}, canary: map[string]string{}, told: map[string]bool{}}
	var launch struct {
		ID string `json:"id"`
	}
	in := map[string]any{"name": name, "scope": "The shop's new checkout: eleven services, three regions, web, iOS, Android and one partner.", "services": serviceNames()}
	if err := api.Call(ctx, "POST", "/launches", in, &launch); err != nil {
		return nil, fmt.Errorf("create the launch: %w", err)
	}
	s.Launch = launch.ID
	if s.Senders, err = newSenders(ctx, api, s.Launch); err != nil {
		return nil, err
	}
	if s.Shop, err = OpenShop(s.Senders.trace); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Shop.Close())
		}
	}()
	if err := s.register(ctx); err != nil {
		return nil, err
	}
	if err := s.publish(ctx); err != nil {
		return nil, err
	}
	var state struct {
		URL string `json:"url"`
	}
	if err := api.Call(ctx, "GET", "/gateway/state", nil, &state); err != nil {
		return nil, fmt.Errorf("ask for the gateway: %w", err)
	}
	if s.Gateway = state.URL; s.Gateway == "" {
		return nil, errors.New("this hypercare has no gateway; start it with --gateway :8000")
	}
	return s, nil
}

func serviceNames() []string {
	list := make([]string, len(services))
	for i, s := range services {
		list[i] = s.name
	}
	return list
}

// register makes the plans, applications and keys.
func (s *Stage) register(ctx context.Context) error {
	var plans struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	if err := s.API.Call(ctx, "GET", "/plans", nil, &plans); err != nil {
		return fmt.Errorf("ask for plans: %w", err)
	}
	for _, p := range []string{"own", "partner"} {
		if slices.ContainsFunc(plans.Items, func(have struct {
			Name string `json:"name"`
		}) bool {
			return have.Name == p
		}) {
			continue
		}
		if err := s.API.Call(ctx, "POST", "/plans", map[string]any{"name": p, "limits": []any{}, "quotas": []any{}}, nil); err != nil {
			return fmt.Errorf("make the plan %s: %w", p, err)
		}
	}
	var apps struct {
		Items []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"items"`
	}
	if err := s.API.Call(ctx, "GET", "/applications?limit=200", nil, &apps); err != nil {
		return fmt.Errorf("ask for applications: %w", err)
	}
	known := map[string]string{}
	for _, a := range apps.Items {
		known[a.Name] = a.ID
	}
	for _, device := range slices.Sorted(maps.Keys(applications)) {
		app, plan := struct {
			ID string `json:"id"`
		}{known[applications[device]]}, "own"
		if device == "partner" {
			plan = "partner"
		}
		if app.ID == "" {
			if err := s.API.Call(ctx, "POST", "/applications", map[string]any{"name": applications[device], "plan": plan, "contact": device + "@shop.example"}, &app); err != nil {
				return fmt.Errorf("make the application %s: %w", applications[device], err)
			}
		}
		var key struct {
			Secret string `json:"secret"`
		}
		if err := s.API.Call(ctx, "POST", "/applications/"+app.ID+"/keys", map[string]any{"name": "shop"}, &key); err != nil {
			return fmt.Errorf("make a key of %s: %w", applications[device], err)
		}
		s.keys[device] = key.Secret
	}
	return nil
}

// publish brings the document into force that the faults ask for which are on.
func (s *Stage) publish(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.API.Call(ctx, "POST", "/gateway/publications", map[string]any{"document": document(s.Shop, s.on), "note": publicationNote}, nil)
	if err != nil {
		return fmt.Errorf("publish the shop: %w", err)
	}
	return nil
}

// Begin injects a fault. progress tells how far through its time it is.
func (s *Stage) Begin(ctx context.Context, f *Fault, progress func() float64) error {
	s.mu.Lock()
	s.on = append(s.on, f)
	if f.Instance >= 0 && !s.told[f.ID] {
		in := s.Shop.instances[f.Service][f.Instance]
		f.Causes = append(f.Causes, Cause{"upstream", f.Service + "/" + in.addr})
	}
	s.told[f.ID] = true
	s.mu.Unlock()
	if s.Told != nil {
		s.Told(f, true)
	}
	k := kinds[f.Kind]
	if k.begin != nil {
		if err := k.begin(ctx, s, f); err != nil {
			return fmt.Errorf("begin %s: %w", f.Kind, err)
		}
	}
	if k.does != nil {
		s.Shop.effects.Store(f.ID, k.does(f, progress))
	}
	return nil
}

// End takes a fault back.
func (s *Stage) End(ctx context.Context, f *Fault) error {
	s.mu.Lock()
	s.on = slices.DeleteFunc(s.on, func(x *Fault) bool { return x == f })
	s.mu.Unlock()
	s.Shop.effects.Delete(f.ID)
	if s.Told != nil {
		s.Told(f, false)
	}
	if end := kinds[f.Kind].end; end != nil {
		if err := end(ctx, s, f); err != nil {
			return fmt.Errorf("end %s: %w", f.Kind, err)
		}
	}
	return nil
}

// Close ends what the stage started; the launch and its records stay.
func (s *Stage) Close() error {
	s.Senders.close()
	return s.Shop.Close()
}

// deploy puts a release on an upstream, and marks it.
func (s *Stage) deploy(ctx context.Context, service, upstream, release string) error {
	if release == "" {
		return nil
	}
	s.Shop.Release(upstream, release)
	return s.Senders.release(ctx, service, release)
}

func deploy(ctx context.Context, s *Stage, f *Fault) error {
	return s.deploy(ctx, f.Service, f.Service, f.Release)
}

// fix rolls forward: the trouble is gone with the next release.
func fix(ctx context.Context, s *Stage, f *Fault) error {
	if f.Release == "" {
		return nil // only an instance was ill: it was restarted
	}
	var major, minor, patch int
	_, _ = fmt.Sscanf(f.Release, "%d.%d.%d", &major, &minor, &patch) // ours are of this form
	return s.deploy(ctx, f.Service, f.Service, fmt.Sprintf("%d.%d.%d", major, minor, patch+1))
}

func republish(ctx context.Context, s *Stage, _ *Fault) error { return s.publish(ctx) }

// expire puts an ended certificate on a secure service, or a good one.
func expire(ended bool) act {
	return func(_ context.Context, s *Stage, f *Fault) error {
		end := time.Now().Add(24 * time.Hour)
		if ended {
			end = time.Now().Add(-time.Minute)
		}
		for _, in := range s.Shop.instances[f.Service] {
			c, err := s.Shop.issuer.certificate(end)
			if err != nil {
				return err
			}
			in.cert.Store(c)
		}
		return nil
	}
}

// startCanary sends a part of the people to a new version. Its analysis does
// not count answers of 4xx, as is usual: that is why nobody stops it.
func startCanary(ctx context.Context, s *Stage, f *Fault) error {
	if err := s.deploy(ctx, f.Service, canaryOf(f.Service), f.Release); err != nil {
		return err
	}
	var routes []string
	for _, o := range operations {
		if o.service == f.Service {
			routes = append(routes, o.route)
		}
	}
	var r struct {
		ID string `json:"id"`
	}
	in := map[string]any{"api": "shop", "version": "v3", "routes": routes, "canary": canaryOf(f.Service), "stable": f.Service, "steps": []any{map[string]any{"weight": 40, "hold": "2h"}},
		"analysis": map[string]any{"min_latency_change": "5s"}, "note": f.Service + " " + f.Release}
	if err := s.API.Call(ctx, "POST", "/gateway/rollouts", in, &r); err != nil {
		return err
	}
	s.mu.Lock()
	s.canary[f.ID] = r.ID
	s.mu.Unlock()
	return nil
}

func stopCanary(ctx context.Context, s *Stage, f *Fault) error {
	s.mu.Lock()
	id := s.canary[f.ID]
	s.mu.Unlock()
	if id == "" {
		return nil
	}
	return s.API.Call(ctx, "POST", "/gateway/rollouts/"+id+"/abort", map[string]any{"reason": "refuses orders that are right"}, nil)
}

// token is a JSON Web Token (RFC 7519) of one of the shop's people.
func token(p *Person, session string, now time.Time) string {
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		enc.EncodeToString(fmt.Appendf(nil, `{"sub":%q,"sid":%q,"exp":%d}`, p.ID, session, now.Add(2*time.Hour).Unix()))
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	_, _ = mac.Write([]byte(text)) // a hash takes everything
	return text + "." + enc.EncodeToString(mac.Sum(nil))
}
