package gateway

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The states of a target, as events tell them.
const (
	TargetUp      = "up"
	TargetDown    = "down"    // by active checks: not asked
	TargetEjected = "ejected" // by requests that failed: left alone for a while
)

// TargetChange is a target that came into another state.
type TargetChange struct {
	Workspace string    `json:"-"`
	Upstream  string    `json:"upstream"`
	Target    string    `json:"target" example:"10.0.0.7:8080"`
	State     string    `json:"state" enum:"up,down,ejected"`
	Why       string    `json:"why"`
	At        time.Time `json:"at"`
}

// teller says what becomes of the targets of an upstream, to the log and to
// who wants to know.
func (g *Gateway) teller(workspace, name string) func(*target, string, string) {
	return func(t *target, state, why string) {
		g.log.Info("target of the gateway", "workspace", workspace, "upstream", name, "target", t.addr, "state", state, "why", why)
		if g.changed != nil {
			g.changed(TargetChange{Workspace: workspace, Upstream: name, Target: t.addr, State: state, Why: why, At: time.Now().UTC()})
		}
	}
}

// checkup is a health check of one target that goes on from snapshot to
// snapshot.
type checkup struct {
	pool *pool
	spec string
}

// checkups starts the checks of a snapshot, goes on with those that it has in
// common with the one before, and ends the others.
func (g *Gateway) checkups(s *snapshot) {
	running := map[checkup]context.CancelFunc{}
	if g.draining.Load() {
		s = newSnapshot()
	}
	for key, u := range s.upstreams {
		ws, _, _ := strings.Cut(key, " ")
		u.tell = g.teller(ws, u.name)
		for _, t := range u.targets {
			if u.health == nil {
				t.healthy.Store(true) // nobody would find out any more
				continue
			}
			h := u.health.filled()
			id := checkup{t.pool, fmt.Sprintf("%+v", h)}
			if end := g.checks[id]; end != nil {
				running[id] = end
				delete(g.checks, id)
				continue
			}
			ctx, end := context.WithCancel(context.Background())
			running[id] = end
			g.bg.Go(func() { watchTarget(ctx, t, h, u.tell) })
		}
	}
	for _, end := range g.checks {
		end()
	}
	g.checks = running
}

// watchTarget asks a target again and again, until ctx ends.
func watchTarget(ctx context.Context, t *target, h HealthCheck, tell func(*target, string, string)) {
	interval := time.Duration(h.Interval)
	// Not all at once; the first soon.
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(min(interval, time.Second)))) / 4) //nolint:gosec // a spread, no secret
	defer timer.Stop()
	good, bad := 0, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		err := t.ask(ctx, h)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		switch up := t.healthy.Load(); {
		case up && bad >= h.Unhealthy:
			why := fmt.Sprintf("%d checks failed in a row: %v", bad, err)
			t.why.Store(&why)
			t.healthy.Store(false)
			tell(t, TargetDown, why)
		case !up && good >= h.Healthy:
			t.since.Store(time.Now().UnixNano())
			t.healthy.Store(true)
			tell(t, TargetUp, fmt.Sprintf("%d checks in a row were good", good))
		}
		timer.Reset(max(interval-time.Since(began), 10*time.Millisecond))
	}
}

// ask asks a target once.
func (t *target) ask(ctx context.Context, h HealthCheck) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(h.Timeout))
	defer cancel()
	if h.Kind == healthGRPC {
		return t.askGRPC(ctx, h)
	}
	if h.Kind == healthHTTP {
		return t.askHTTP(ctx, h)
	}
	c, err := t.pool.connect(time.Duration(h.Timeout))
	if err != nil {
		return err
	}
	return c.Close()
}

func (t *target) askHTTP(ctx context.Context, h HealthCheck) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.scheme()+"://"+t.host+h.Path, nil)
	if err != nil {
		return err
	}
	req.Host = cmp.Or(h.Host, t.host)
	req.Header.Set("User-Agent", "hypercare-health")
	var resp *http.Response
	if t.h2 {
		tr := t.pool.transport()
		defer tr.CloseIdleConnections()
		if resp, err = tr.RoundTrip(req); err != nil {
			return err
		}
	} else {
		c, err := t.pool.connect(time.Duration(h.Timeout))
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
		defer stop()
		req.Close = true
		if err := req.Write(c); err != nil {
			return err
		}
		if resp, err = http.ReadResponse(bufio.NewReaderSize(io.LimitReader(c, 64<<10), 4<<10), req); err != nil {
			return err
		}
	}
	_ = resp.Body.Close()
	if len(h.Statuses) > 0 && slices.Contains(h.Statuses, resp.StatusCode) || len(h.Statuses) == 0 && resp.StatusCode/100 == 2 {
		return nil
	}
	return fmt.Errorf("it answered %d", resp.StatusCode)
}

func (t *target) scheme() string {
	if t.tls != nil {
		return "https"
	}
	return "http"
}

// askGRPC asks by the protocol of grpc.health.v1 (grpc/doc/health-checking.md).
func (t *target) askGRPC(ctx context.Context, h HealthCheck) error {
	message := append([]byte{0x0a, byte(len(h.Service))}, h.Service...) // field 1: service
	if h.Service == "" {
		message = nil
	}
	body := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))) //nolint:gosec // it is short
	body = append(body, message...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.scheme()+"://"+t.host+"/grpc.health.v1.Health/Check", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {"hypercare-health"}}
	tr := t.pool.transport()
	defer tr.CloseIdleConnections()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if status := cmp.Or(resp.Trailer.Get("Grpc-Status"), resp.Header.Get("Grpc-Status")); resp.StatusCode != 200 || status != "0" {
		return fmt.Errorf("it answered %d with grpc-status %q", resp.StatusCode, status)
	}
	// Field 1 is the status; 1 is SERVING.
	if !bytes.Equal(answer[min(5, len(answer)):], []byte{0x08, 0x01}) {
		return errors.New("it answered that it is not serving")
	}
	return nil
}
