package application

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/gateway"
)

// Ring holds all valid keys of all workspaces in memory, by hash: a look-up
// waits for nothing, and goes on while the database is away. It implements
// gateway.Keys.
type Ring struct{ state atomic.Pointer[ringState] }

type ringState struct {
	keys map[[sha256.Size]byte]*gateway.Consumer
	byID map[string][][sha256.Size]byte // hashes by workspace and application
	seen int64                          // newest changed_at that is in keys
	at   time.Time                      // of the last look at the records
}

// trustFor is how long the ring is believed to be complete after a look.
const trustFor = 5 * time.Second

// Find implements gateway.Keys.
func (r *Ring) Find(sum [sha256.Size]byte) (*gateway.Consumer, bool) {
	s := r.state.Load()
	if s == nil {
		return nil, false
	}
	return s.keys[sum], time.Since(s.at) < trustFor
}

// Len is how many keys there are.
func (r *Ring) Len() int {
	if s := r.state.Load(); s != nil {
		return len(s.keys)
	}
	return 0
}

// Refresh reads what changed since the last look: everything at first.
func (s *Service) Refresh(ctx context.Context) error {
	old := s.ring.state.Load()
	since := int64(0)
	if old != nil {
		// A transaction may commit some seconds after it took its time.
		since = old.seen - (10 * time.Second).Microseconds()
	}
	at := s.now()
	type row struct {
		ws, app, name, plan, apis         string
		disabled, changed                 int64
		keyID, prefix, hash               string
		keyExpires, keyRevoked, keyExists int64
	}
	// All workspaces: the node's gateway serves them all.
	rows, err := db.All(ctx, s.db, func(q db.Scanner) (r row, err error) {
		return r, q.Scan(&r.ws, &r.app, &r.name, &r.plan, &r.apis, &r.disabled, &r.changed, &r.keyID, &r.prefix, &r.hash, &r.keyExpires, &r.keyRevoked, &r.keyExists)
	}, `SELECT a.workspace_id, a.id, a.name, a.plan, a.apis, a.disabled_at, a.changed_at,
			COALESCE(k.id, ''), COALESCE(k.prefix, ''), COALESCE(k.hash, ''), COALESCE(k.expires_at, 0), COALESCE(k.revoked_at, 0), CASE WHEN k.id IS NULL THEN 0 ELSE 1 END
		FROM application a LEFT JOIN application_key k ON k.workspace_id = a.workspace_id AND k.application_id = a.id WHERE a.changed_at > $1`, since)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	next := &ringState{keys: map[[sha256.Size]byte]*gateway.Consumer{}, byID: map[string][][sha256.Size]byte{}, at: at}
	if old != nil {
		next.seen = old.seen
		if len(rows) == 0 {
			next.keys, next.byID = old.keys, old.byID
			s.ring.state.Store(next)
			return nil
		}
		maps.Copy(next.keys, old.keys)
		maps.Copy(next.byID, old.byID)
	}
	for _, r := range rows { // first take away all of what changed
		id := r.ws + " " + r.app
		for _, sum := range next.byID[id] {
			delete(next.keys, sum)
		}
		delete(next.byID, id)
		next.seen = max(next.seen, r.changed)
	}
	for _, r := range rows {
		if r.disabled != 0 || r.keyExists == 0 || r.keyRevoked != 0 || r.keyExpires != 0 && r.keyExpires <= db.Micros(at) {
			continue
		}
		var sum [sha256.Size]byte
		if _, err := hex.Decode(sum[:], []byte(r.hash[:min(len(r.hash), 2*len(sum))])); err != nil || len(r.hash) != 2*len(sum) {
			s.log.WarnContext(ctx, "a key's hash can't be read", "workspace", r.ws, "key", r.keyID)
			continue
		}
		c := &gateway.Consumer{Workspace: r.ws, Application: r.app, Name: r.name, Key: r.prefix, KeyID: r.keyID, Plan: r.plan, APIs: split(r.apis)}
		if r.keyExpires != 0 {
			c.Expires = db.Time(r.keyExpires)
		}
		next.keys[sum] = c
		id := r.ws + " " + r.app
		next.byID[id] = append(next.byID[id], sum)
	}
	s.ring.state.Store(next)
	return nil
}

// Follow keeps the ring up to date until ctx ends.
func (s *Service) Follow(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "follow keys; known ones keep working", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
