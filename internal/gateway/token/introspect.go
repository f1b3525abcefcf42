package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/secret"
)

// IntrospectorConfig says whom to ask about tokens.
type IntrospectorConfig struct {
	Config
	Endpoint string // or:
	Discover string // an issuer that says itself where it is asked
	ClientID string
	Secret   secret.Text
	Active   time.Duration // how long a yes is believed
	Inactive time.Duration // how long a no is
	Stale    time.Duration // how long a token without exp is believed while the issuer does not answer
}

// Introspector asks the issuer about tokens (RFC 7662) and remembers the
// answers. While the issuer does not answer, tokens that are known go on until
// they expire.
type Introspector struct {
	cfg       IntrospectorConfig
	sources   *Sources
	discovery *discovery
	cache     cache[*answer]

	mu      sync.Mutex
	flights map[[sha256.Size]byte]*flight
	down    time.Time // until then the issuer is not asked again
	failing bool
}

// answer is what the issuer said of a token.
type answer struct {
	token *Token // nil: it does not hold
	why   *Error
	fresh time.Time // until then it is believed without asking
}

// maxFlights bounds the questions that are under way at once.
const maxFlights = 64

func newIntrospector(s *Sources, cfg IntrospectorConfig) *Introspector {
	i := &Introspector{cfg: cfg, sources: s, flights: map[[sha256.Size]byte]*flight{}}
	if cfg.Endpoint == "" {
		i.discovery = &discovery{issuer: cfg.Discover}
	}
	return i
}

// Verify returns the token if its issuer says that it is active.
func (i *Introspector) Verify(raw []byte, now time.Time) (*Token, *Error) {
	if len(raw) > maxToken {
		return nil, invalid("the token is too long")
	}
	sum := sha256.Sum256(raw)
	a, known := i.cache.get(sum)
	if known && now.Before(a.fresh) {
		return i.of(a, now)
	}
	f, wait := i.ask(sum, raw)
	if f != nil && f.wait(i.sources.limits.Wait) && f.err == nil {
		if a, ok := i.cache.get(sum); ok {
			return i.of(a, now)
		}
	}
	if known && a.token != nil && i.lasts(a, now) {
		return i.of(a, now)
	}
	return nil, unavailable(wait)
}

// of holds an answer against the clock.
func (i *Introspector) of(a *answer, now time.Time) (*Token, *Error) {
	if a.token == nil {
		return nil, a.why
	}
	if err := i.cfg.timely(a.token, now); err != nil {
		return nil, err
	}
	return a.token, nil
}

// lasts reports whether a token is still believed though the issuer does not
// answer.
func (i *Introspector) lasts(a *answer, now time.Time) bool {
	return !a.token.Expires.IsZero() || now.Before(a.fresh.Add(i.cfg.Stale))
}

// ask begins a question unless the same is under way, or the issuer failed a
// moment ago, or too many are under way.
func (i *Introspector) ask(sum [sha256.Size]byte, raw []byte) (f *flight, wait time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if f := i.flights[sum]; f != nil {
		return f, 0
	}
	if wait := time.Until(i.down); wait > 0 {
		return nil, wait
	}
	if len(i.flights) >= maxFlights {
		return nil, time.Second
	}
	f = &flight{done: make(chan struct{})}
	token := string(raw) // the lane's buffer does not last
	if !i.sources.spawn(func(ctx context.Context) { i.load(ctx, sum, token, f) }) {
		return nil, time.Second
	}
	i.flights[sum] = f
	return f, 0
}

func (i *Introspector) load(ctx context.Context, sum [sha256.Size]byte, token string, f *flight) {
	a, err := i.question(ctx, token)
	if err == nil {
		now := time.Now()
		until := a.fresh
		if a.token != nil {
			if until = a.token.Expires; until.IsZero() {
				until = a.fresh.Add(i.cfg.Stale)
			}
		}
		i.cache.put(sum, a, now, until)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil {
		i.down = time.Now().Add(i.sources.limits.Again / 2)
		if !i.failing {
			i.sources.log.Warn("ask an issuer about a token; those that are known go on", "issuer", i.cfg.Discover+i.cfg.Endpoint, "err", err)
		}
	} else if i.failing {
		i.sources.log.Info("an issuer answers again", "issuer", i.cfg.Discover+i.cfg.Endpoint)
	}
	i.failing = err != nil
	f.err = err
	delete(i.flights, sum)
	close(f.done)
}

// question asks the issuer (RFC 7662 section 2).
func (i *Introspector) question(ctx context.Context, token string) (*answer, error) {
	endpoint := i.cfg.Endpoint
	if i.discovery != nil {
		m, err := i.discovery.find(ctx, i.sources.client)
		if err != nil {
			return nil, err
		}
		if endpoint = m.Introspection; endpoint == "" {
			return nil, fmt.Errorf("discover %s: it names no introspection endpoint", i.cfg.Discover)
		}
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", endpoint, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if i.cfg.ClientID != "" { // RFC 6749 2.3.1
		req.SetBasicAuth(url.QueryEscape(i.cfg.ClientID), url.QueryEscape(i.cfg.Secret.Reveal()))
	}
	resp, err := i.sources.client.HTTP(64 << 10).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered with status %d", req.URL.Redacted(), resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", req.URL.Redacted(), err)
	}
	return i.read(body, time.Now())
}

// read takes an answer: active and of the right issuer and audience.
func (i *Introspector) read(body []byte, now time.Time) (*answer, error) {
	claims, err := claimsOf(body)
	if err != nil {
		return nil, fmt.Errorf("read what the issuer says of a token: %w", err)
	}
	active, ok := claims["active"].(bool)
	if !ok {
		return nil, errors.New("the issuer does not say whether the token is active")
	}
	if !active {
		return &answer{why: invalid("the token is not active"), fresh: now.Add(i.cfg.Inactive)}, nil
	}
	cfg := i.cfg.Config
	cfg.NoExpiry = true // exp is optional here (RFC 7662 2.2)
	if _, says := claims["iss"]; !says {
		cfg.Issuer = "" // and so is iss: it was the issuer who said it
	}
	t, why := cfg.take(claims, now)
	if why != nil {
		return &answer{why: why, fresh: now.Add(i.cfg.Inactive)}, nil
	}
	return &answer{token: t, fresh: now.Add(i.cfg.Active)}, nil
}
