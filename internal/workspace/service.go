package workspace

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/secret"
)

// sessionLife is how long a sign-in lasts without being used again.
const sessionLife = 14 * 24 * time.Hour

// authCacheLife bounds how long another node's revocation stays unseen; on
// this node a revocation counts at once.
const authCacheLife = 10 * time.Second

// Service is what the rest of the product may do with workspaces, members,
// sessions and tokens.
type Service struct {
	db  *db.DB
	bus *event.Bus
	now func() time.Time

	mu    sync.Mutex
	cache map[string]cached // hash of a cookie or token -> who it is
}

type cached struct {
	credential
	until time.Time
}

// NewService returns the service on d that tells bus what changed.
func NewService(d *db.DB, bus *event.Bus) *Service {
	return &Service{db: d, bus: bus, now: time.Now, cache: map[string]cached{}}
}

func (a Actor) audit() audit.Actor { return audit.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name} }

// Audit writes what the actor did to the log, in tx.
func (a Actor) Audit(ctx context.Context, tx *db.Tx, action, kind, id string, detail map[string]any) error {
	return audit.Write(ctx, tx, string(a.Workspace), audit.Entry{Actor: a.audit(), Action: action, Subject: audit.Subject{Kind: kind, ID: id}, Detail: detail})
}

// SetupNeeded reports whether nobody has an account yet.
func (s *Service) SetupNeeded(ctx context.Context) (bool, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM account LIMIT 1) AS t`).Scan(&n); err != nil {
		return false, fmt.Errorf("count accounts: %w", err)
	}
	return n == 0, nil
}

// NewSetupLink makes the one-time secret of the setup link and forgets
// earlier ones; "" when setup is done.
func (s *Service) NewSetupLink(ctx context.Context) (secret.Text, error) {
	need, err := s.SetupNeeded(ctx)
	if err != nil || !need {
		return "", err
	}
	link := secret.New("")
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		// A day covers nodes that start together and a link left overnight.
		if _, err := tx.ExecContext(ctx, `DELETE FROM setup_link WHERE created_at < $1`, db.Micros(s.now().Add(-24*time.Hour))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO setup_link (hash, created_at) VALUES ($1, $2)`, link.Hash(), db.Micros(s.now()))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make setup link: %w", err)
	}
	return link, nil
}

// SetupInput is what the first owner fills in.
type SetupInput struct {
	Token         secret.Text `json:"token" doc:"From the link that the first start printed."`
	WorkspaceName string      `json:"workspace_name" minLength:"1" maxLength:"100"`
	Name          string      `json:"name" minLength:"1" maxLength:"100"`
	Email         string      `json:"email" maxLength:"320"`
	Password      secret.Text `json:"password"`
}

// Setup makes the workspace and its owner. The link works once.
func (s *Service) Setup(ctx context.Context, in SetupInput) (Actor, error) {
	email, err := validEmail(in.Email)
	if err != nil {
		return Actor{}, err
	}
	if err := validPassword(in.Password); err != nil {
		return Actor{}, err
	}
	hash := hashPassword(in.Password)
	a := Actor{Workspace: ID(db.NewID()), Kind: "member", ID: db.NewID(), Name: strings.TrimSpace(in.Name), Email: email, Role: Owner}
	now := db.Micros(s.now())
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := db.Affected(tx.ExecContext(ctx, `DELETE FROM setup_link WHERE hash = $1`, in.Token.Hash()))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Denied, "This setup link is used up or too old; restart hypercare to print a new one.")
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM setup_link`); err != nil {
			return err
		}
		// The command line may have made a workspace before anyone signed in.
		err = tx.QueryRowContext(ctx, `UPDATE workspace SET name = $1 WHERE id = (SELECT id FROM workspace ORDER BY created_at, id LIMIT 1) RETURNING id`,
			strings.TrimSpace(in.WorkspaceName)).Scan(&a.Workspace)
		if db.IsNoRows(err) {
			_, err = tx.ExecContext(ctx, `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, a.Workspace, strings.TrimSpace(in.WorkspaceName), now)
		}
		if err != nil {
			return fmt.Errorf("name the workspace: %w", err)
		}
		if err := insertMember(ctx, tx, a, hash, now); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "workspace.create", "workspace", string(a.Workspace), nil)
	})
	return a, err
}

func insertMember(ctx context.Context, tx *db.Tx, a Actor, hash string, now int64) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.Email, a.Name, hash, now); err != nil {
		if db.IsUnique(err) {
			return errs.New(errs.Conflict, "There is an account with the address %s already.", a.Email)
		}
		return fmt.Errorf("insert account %s: %w", a.ID, err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO member (workspace_id, account_id, role, created_at) VALUES ($1, $2, $3, $4)`,
		a.Workspace, a.ID, a.Role, now); err != nil {
		return fmt.Errorf("insert member %s: %w", a.ID, err)
	}
	return nil
}

func validEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if p, err := mail.ParseAddress(s); err != nil || p.Address != s {
		return "", errs.WithFields("That is not an e-mail address.", errs.Field{Location: "body.email", Message: "is not an e-mail address"})
	}
	return s, nil
}

// SignIn checks a password and returns a session's secret for the cookie.
func (s *Service) SignIn(ctx context.Context, email string, password secret.Text, agent string) (Actor, secret.Text, error) {
	a := Actor{Kind: "member"}
	var hash string
	var disabled int64
	err := s.db.QueryRowContext(ctx, `SELECT a.id, a.name, a.email, a.password_hash, m.workspace_id, m.role, m.disabled_at
		FROM account a JOIN member m ON m.account_id = a.id WHERE a.email = $1 ORDER BY m.created_at LIMIT 1`,
		strings.ToLower(strings.TrimSpace(email))).Scan(&a.ID, &a.Name, &a.Email, &hash, &a.Workspace, &a.Role, &disabled)
	if db.IsNoRows(err) {
		hash = decoyHash
	} else if err != nil {
		return a, "", fmt.Errorf("find account: %w", err)
	}
	if !checkPassword(hash, password) || a.ID == "" || disabled != 0 {
		return Actor{}, "", errs.New(errs.Unauthenticated, "E-mail or password is wrong; try again.")
	}
	key, err := s.newSession(ctx, a, agent)
	return a, key, err
}

func (s *Service) newSession(ctx context.Context, a Actor, agent string) (secret.Text, error) {
	key := secret.New("hcs_")
	now := s.now()
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE expires_at < $1`, db.Micros(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO session (hash, workspace_id, account_id, created_at, expires_at, agent) VALUES ($1, $2, $3, $4, $5, $6)`,
			key.Hash(), a.Workspace, a.ID, db.Micros(now), db.Micros(now.Add(sessionLife)), agent[:min(len(agent), 200)])
		return err
	})
	if err != nil {
		return "", fmt.Errorf("start session: %w", err)
	}
	return key, nil
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, key secret.Text) error {
	s.forget(key.Hash())
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE hash = $1`, key.Hash())
		return err
	})
}

// Authenticate resolves a cookie ("hcs_...") or token ("hc_...") to an actor.
func (s *Service) Authenticate(ctx context.Context, key secret.Text) (Actor, error) {
	hash, now := key.Hash(), s.now()
	s.mu.Lock()
	c, ok := s.cache[hash]
	s.mu.Unlock()
	if !ok || now.After(c.until) {
		find := findToken
		if strings.HasPrefix(key.Reveal(), "hcs_") {
			find = findSession
		}
		found, err := find(ctx, s.db, hash)
		if db.IsNoRows(err) {
			return Actor{}, errs.New(errs.Unauthenticated, "This session or token is not valid any more; sign in again or make a new token.")
		} else if err != nil {
			return Actor{}, fmt.Errorf("find credential: %w", err)
		}
		c = cached{found, now.Add(authCacheLife)}
		s.remember(ctx, hash, c, now)
	}
	if c.expires != 0 && db.Micros(now) >= c.expires {
		return Actor{}, errs.New(errs.Unauthenticated, "This session or token has expired; sign in again or make a new token.")
	}
	return c.actor, nil
}

// remember caches a credential and notes, at that rate, that it is in use.
func (s *Service) remember(ctx context.Context, hash string, c cached, now time.Time) {
	s.mu.Lock()
	if len(s.cache) > 10_000 {
		clear(s.cache)
	}
	s.cache[hash] = c
	s.mu.Unlock()
	// Losing this note is harmless, so its error is not the caller's.
	_ = s.db.Tx(ctx, func(tx *db.Tx) error {
		if c.actor.Kind == "token" {
			_, err := tx.ExecContext(ctx, `UPDATE api_token SET last_used_at = $1 WHERE hash = $2 AND last_used_at < $3`,
				db.Micros(now), hash, db.Micros(now.Add(-time.Minute)))
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE session SET expires_at = $1 WHERE hash = $2 AND expires_at < $3`,
			db.Micros(now.Add(sessionLife)), hash, db.Micros(now.Add(sessionLife-time.Hour)))
		return err
	})
}

func (s *Service) forget(hash string) {
	s.mu.Lock()
	delete(s.cache, hash)
	s.mu.Unlock()
}

// forgetAll makes every credential be looked up again.
func (s *Service) forgetAll() {
	s.mu.Lock()
	clear(s.cache)
	s.mu.Unlock()
}

// Workspace returns the actor's own.
func (s *Service) Workspace(ctx context.Context) (Workspace, error) {
	a, ok := ActorFrom(ctx)
	if !ok {
		return Workspace{}, errs.New(errs.Unauthenticated, "Sign in first.")
	}
	w := Workspace{ID: a.Workspace}
	if err := s.db.QueryRowContext(ctx, `SELECT name FROM workspace WHERE id = $1`, a.Workspace).Scan(&w.Name); err != nil {
		return w, fmt.Errorf("get workspace %s: %w", a.Workspace, err)
	}
	return w, nil
}

// Change is what may change of a workspace; absent fields stay.
type Change struct {
	Name *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
}

// Change renames the actor's workspace.
func (s *Service) Change(ctx context.Context, c Change) (Workspace, error) {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return Workspace{}, err
	}
	before, err := s.Workspace(ctx)
	if err != nil || c.Name == nil {
		return before, err
	}
	name := strings.TrimSpace(*c.Name)
	if name == "" {
		return Workspace{}, errs.WithFields("A workspace needs a name, such as that of the company or team.", errs.Field{Location: "body.name", Message: "must not be empty"})
	}
	if name == before.Name {
		return before, nil
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE workspace SET name = $1 WHERE id = $2`, name, a.Workspace); err != nil {
			return fmt.Errorf("rename workspace %s: %w", a.Workspace, err)
		}
		return a.Audit(ctx, tx, "workspace.rename", "workspace", string(a.Workspace), map[string]any{"from": before.Name, "to": name})
	})
	if err != nil {
		return Workspace{}, err
	}
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "workspace.updated", ID: string(a.Workspace)})
	return Workspace{ID: a.Workspace, Name: name}, nil
}

// Each calls fn as the system for every workspace, for housekeeping jobs.
func (s *Service) Each(ctx context.Context, fn func(context.Context, ID) error) error {
	ids, err := db.All(ctx, s.db, func(r db.Scanner) (id ID, err error) { return id, r.Scan(&id) }, `SELECT id FROM workspace ORDER BY id`)
	if err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	for _, id := range ids {
		if err := fn(System(ctx, id), id); err != nil {
			return err
		}
	}
	return nil
}
