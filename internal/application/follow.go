package application

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// ringRow is an application with one of its keys, or without.
type ringRow struct {
	ws, app, name, plan, apis         string
	disabled, changed                 int64
	keyID, kind, prefix, hash, sealed string
	expires, revoked, used            int64
}

// Refresh reads what changed since the last look: everything at first. One
// refresh runs at a time.
func (s *Service) Refresh(ctx context.Context) error {
	r := s.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	at := s.now()
	// First the clock: what it stands for is committed, and so is all before.
	var clock int64
	if err := s.db.QueryRowContext(ctx, `SELECT at FROM application_clock WHERE id = 1`).Scan(&clock); err != nil {
		return fmt.Errorf("read the clock of changes: %w", err)
	}
	if clock != r.clock {
		if err := s.reread(ctx, at); err != nil {
			return err
		}
		r.clock = clock
	}
	r.seen.Store(time.Now().UnixNano())
	return nil
}

// reread brings the maps up to date with what changed behind the clock that
// they stand at.
func (s *Service) reread(ctx context.Context, at time.Time) error {
	r := s.ring
	// All workspaces: the node's gateway serves them all.
	rows, err := db.All(ctx, s.db, func(q db.Scanner) (x ringRow, err error) {
		return x, q.Scan(&x.ws, &x.app, &x.name, &x.plan, &x.apis, &x.disabled, &x.changed, &x.keyID, &x.kind, &x.prefix, &x.hash, &x.sealed, &x.expires, &x.revoked, &x.used)
	}, `SELECT a.workspace_id, a.id, a.name, a.plan, a.apis, a.disabled_at, a.changed_at,
			COALESCE(k.id, ''), COALESCE(k.kind, ''), COALESCE(k.prefix, ''), COALESCE(k.hash, ''), COALESCE(k.sealed, ''),
			COALESCE(k.expires_at, 0), COALESCE(k.revoked_at, 0), COALESCE(k.used_at, 0)
		FROM application a LEFT JOIN application_key k ON k.workspace_id = a.workspace_id AND k.application_id = a.id WHERE a.changed_at > $1`, r.clock)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	plans, err := allPlans(ctx, s.db)
	if err != nil {
		return err
	}
	e := r.edit()
	for i := range rows { // first take away all of what changed
		e.remove(named{rows[i].ws, rows[i].app})
	}
	for i := range rows {
		s.take(ctx, e, &rows[i], at)
	}
	e.done()
	compiled := map[named]*gateway.Plan{}
	for _, p := range plans {
		c, err := gateway.CompilePlan(p.workspace, p.Name, p.PlanLimits)
		if err != nil {
			s.log.WarnContext(ctx, "a plan can't be used", "workspace", p.workspace, "plan", p.Name, "err", err)
			continue
		}
		compiled[named{p.workspace, p.Name}] = c
	}
	r.plans.Store(&compiled)
	return nil
}

// take puts a row into the maps.
func (s *Service) take(ctx context.Context, e *edit, x *ringRow, at time.Time) {
	if x.disabled != 0 {
		return
	}
	id := named{x.ws, x.app}
	app := e.ring.apps[id]
	if app == nil {
		app = &entry{names: []named{id, {x.ws, x.name}}}
		e.ring.apps[id] = app
		c := &gateway.Consumer{Workspace: x.ws, Application: x.app, Name: x.name, Plan: x.plan, APIs: split(x.apis)}
		for _, n := range app.names {
			e.name(n)[n] = c
		}
	}
	if x.keyID == "" || x.revoked != 0 || x.expires != 0 && x.expires <= db.Micros(at) {
		if x.keyID != "" {
			delete(e.ring.used, x.keyID)
		}
		return
	}
	u := e.ring.used[x.keyID]
	if u == nil {
		u = &use{workspace: x.ws, id: x.keyID, written: x.used / 1e6}
		u.at.Store(u.written)
		e.ring.used[x.keyID] = u
	}
	c := gateway.Consumer{Workspace: x.ws, Application: x.app, Name: x.name, Key: x.prefix, KeyID: x.keyID, Plan: x.plan, APIs: split(x.apis), Used: &u.at}
	if x.expires != 0 {
		c.Expires = db.Time(x.expires)
	}
	if x.kind == KindSignature {
		if s.box == nil {
			return
		}
		text, err := s.box.Open(x.sealed, place(workspace.ID(x.ws), x.keyID))
		if err != nil {
			s.log.WarnContext(ctx, "a secret for signatures can't be opened; is the master key the one that it was made with?", "workspace", x.ws, "key", x.keyID, "err", err)
			return
		}
		e.signer(x.keyID)[x.keyID] = &gateway.Signer{Consumer: c, Secret: []byte(text.Reveal())}
		app.signers = append(app.signers, x.keyID)
		e.ring.count.Add(1)
		return
	}
	var sum [sha256.Size]byte
	if b, err := hex.DecodeString(x.hash); err != nil || copy(sum[:], b) != len(sum) || len(b) != len(sum) {
		s.log.WarnContext(ctx, "a key's hash can't be read", "workspace", x.ws, "key", x.keyID)
		return
	}
	e.key(sum)[sum] = &c
	app.hashes = append(app.hashes, sum)
	e.ring.count.Add(1)
}

const (
	followEach  = time.Second
	refreshTime = 3 * time.Second // bounds one look at the records
	noteEach    = 15 * time.Second
)

// Follow keeps the ring up to date, and notes when keys were used, until ctx
// ends.
func (s *Service) Follow(ctx context.Context) {
	tick, note := time.NewTicker(followEach), time.NewTicker(noteEach)
	defer tick.Stop()
	defer note.Stop()
	failing := false
	for {
		look, cancel := context.WithTimeout(ctx, refreshTime)
		err := s.Refresh(look)
		cancel()
		if err != nil && ctx.Err() == nil && !failing {
			s.log.WarnContext(ctx, "follow keys; known ones keep working", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
			defer cancel()
			if err := s.NoteUse(end); err != nil {
				s.log.WarnContext(end, "note when keys were used", "err", err)
			}
			return
		case <-note.C:
			if err := s.NoteUse(ctx); err != nil && ctx.Err() == nil && !failing {
				s.log.WarnContext(ctx, "note when keys were used", "err", err)
			}
		case <-tick.C:
		}
	}
}

const (
	noteGrain = 60    // seconds: later uses than that are written
	noteMost  = 1_000 // keys a time; the rest waits
)

// NoteUse writes when keys were last used, to about a minute.
func (s *Service) NoteUse(ctx context.Context) error {
	s.ring.mu.Lock()
	type fresh struct {
		*use
		at int64
	}
	var list []fresh
	for _, u := range s.ring.used {
		if at := u.at.Load(); at > 0 && at >= u.written+noteGrain {
			if list = append(list, fresh{u, at}); len(list) == noteMost {
				break
			}
		}
	}
	s.ring.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b fresh) int { // two nodes lock rows in one order
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.id, b.id))
	})
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, u := range list {
			if _, err := tx.ExecContext(ctx, `UPDATE application_key SET used_at = $1 WHERE workspace_id = $2 AND id = $3 AND used_at < $1`, u.at*1e6, u.workspace, u.id); err != nil {
				return fmt.Errorf("note use of key %s: %w", u.id, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	for _, u := range list {
		u.written = u.at
	}
	return nil
}

// planRow is a plan of any workspace.
type planRow struct {
	workspace string
	Name      string
	gateway.PlanLimits
}

// allPlans reads those of all workspaces: the node's gateway serves them all.
func allPlans(ctx context.Context, q db.Queryer) ([]planRow, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (p planRow, err error) {
		var limits string
		if err = s.Scan(&p.workspace, &p.Name, &limits); err == nil {
			err = json.Unmarshal([]byte(limits), &p.PlanLimits)
		}
		return p, err
	}, `SELECT workspace_id, name, limits FROM plan`)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	return list, nil
}
