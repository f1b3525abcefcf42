package token

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/outbound"
)

// Sources own everything that is fetched for verifiers: key sets, answers of
// issuers, and the goroutines that fetch them. They outlive publications, so
// that what is known stays known.
type Sources struct {
	client *outbound.Client
	log    *slog.Logger
	limits Limits
	ctx    context.Context
	stop   context.CancelFunc
	work   sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	keySets       map[string]*KeySet
	verifiers     map[string]*Verifier
	introspectors map[string]*Introspector
}

// Limits bound what fetching may take. Its zero value is the default.
type Limits struct {
	Wait    time.Duration // of a request for what is being fetched; 2s
	Fetch   time.Duration // of one fetch; 5s
	Again   time.Duration // between two fetches of a key set that a token asks for, and after a failure; 10s
	Refresh time.Duration // of key sets whose server does not say; 10m
}

func (l *Limits) fill() {
	for p, d := range map[*time.Duration]time.Duration{&l.Wait: 2 * time.Second, &l.Fetch: 5 * time.Second, &l.Again: 10 * time.Second, &l.Refresh: 10 * time.Minute} {
		if *p == 0 {
			*p = d
		}
	}
}

// NewSources returns sources that fetch with a client. Close them.
func NewSources(client *outbound.Client, log *slog.Logger, l Limits) *Sources {
	l.fill()
	s := &Sources{client: client, log: log, limits: l, keySets: map[string]*KeySet{}, verifiers: map[string]*Verifier{}, introspectors: map[string]*Introspector{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends what is being fetched.
func (s *Sources) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.work.Wait()
}

// spawn runs f on a goroutine that Close waits for; false after Close.
func (s *Sources) spawn(f func(ctx context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.Fetch)
		defer cancel()
		f(ctx)
	})
	return true
}

// flight is a fetch that is under way.
type flight struct {
	done chan struct{}
	err  error // to be read when done is closed
}

// wait waits for a flight, at most so long; false when it is not over then.
func (f *flight) wait(d time.Duration) bool {
	select { // most are over soon; no timer for those that are
	case <-f.done:
		return true
	default:
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-f.done:
		return true
	case <-t.C:
		return false
	}
}

// Verifier returns the one with an identity, made at its first use. source is
// where its keys are.
func (s *Sources) Verifier(id string, source KeySource, cfg VerifierConfig) (*Verifier, error) {
	s.mu.Lock()
	v := s.verifiers[id]
	s.mu.Unlock()
	if v != nil {
		return v, nil
	}
	set, err := s.keySet(source)
	if err != nil {
		return nil, err
	}
	v = &Verifier{cfg: cfg, keys: set}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.verifiers[id]; other != nil {
		return other, nil
	}
	s.verifiers[id] = v
	return v, nil
}

// Introspector returns the one with an identity, made at its first use.
func (s *Sources) Introspector(id string, cfg IntrospectorConfig) *Introspector {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.introspectors[id]; i != nil {
		return i
	}
	i := newIntrospector(s, cfg)
	s.introspectors[id] = i
	return i
}

// Housekeep fetches key sets that are due, and forgets what nothing uses any
// more: what is not among used.
func (s *Sources) Housekeep(now time.Time, used map[any]bool) {
	s.mu.Lock()
	sets := map[*KeySet]bool{}
	for id, v := range s.verifiers {
		if used[v] {
			sets[v.keys] = true
		} else {
			delete(s.verifiers, id)
		}
	}
	for id, i := range s.introspectors {
		if !used[i] {
			delete(s.introspectors, id)
		}
	}
	for id, set := range s.keySets {
		if !sets[set] {
			delete(s.keySets, id)
		}
	}
	s.mu.Unlock()
	for set := range sets {
		set.refresh(now)
	}
}

// metadata is what an issuer says of itself (OpenID Connect Discovery 1.0
// section 3, RFC 8414 section 2).
type metadata struct {
	Issuer        string `json:"issuer"`
	Keys          string `json:"jwks_uri"`
	Introspection string `json:"introspection_endpoint"`
}

// discovery finds an issuer's addresses, and keeps them for an hour.
type discovery struct {
	issuer string
	known  atomic.Pointer[discovered]
}

type discovered struct {
	metadata
	at time.Time
}

const discoveredFor = time.Hour

func (d *discovery) find(ctx context.Context, client *outbound.Client) (metadata, error) {
	if k := d.known.Load(); k != nil && time.Since(k.at) < discoveredFor {
		return k.metadata, nil
	}
	var m metadata
	body, _, err := client.Get(ctx, strings.TrimSuffix(d.issuer, "/")+"/.well-known/openid-configuration", 1<<20)
	if err != nil {
		return m, fmt.Errorf("discover %s: %w", d.issuer, err)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("discover %s: read the answer: %w", d.issuer, err)
	}
	// Else one issuer could speak for another (Discovery 1.0 section 4.3).
	if m.Issuer != d.issuer {
		return m, fmt.Errorf("discover %s: it calls itself %.200q", d.issuer, m.Issuer)
	}
	d.known.Store(&discovered{m, time.Now()})
	return m, nil
}
