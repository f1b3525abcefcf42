package workspace

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/secret"
)

// NewMember is a person to be added.
type NewMember struct {
	Name     string      `json:"name" minLength:"1" maxLength:"100"`
	Email    string      `json:"email" maxLength:"320"`
	Password secret.Text `json:"password" doc:"Their first password, which they may change."`
	Role     Role        `json:"role" enum:"owner,admin,lead,responder,viewer"`
}

// Members lists the people of the workspace; whoever may read may see them,
// since they are mentioned and assigned.
func (s *Service) Members(ctx context.Context) ([]Member, error) {
	a, err := Need(ctx, Read)
	if err != nil {
		return nil, err
	}
	return listMembers(ctx, s.db, a.Workspace)
}

// Member returns one, for showing a name beside an id.
func (s *Service) Member(ctx context.Context, id string) (Member, error) {
	a, err := Need(ctx, Read)
	if err != nil {
		return Member{}, err
	}
	return getMember(ctx, s.db, a.Workspace, id)
}

// AddMember adds a person.
func (s *Service) AddMember(ctx context.Context, in NewMember) (Member, error) {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return Member{}, err
	}
	email, err := validEmail(in.Email)
	if err != nil {
		return Member{}, err
	}
	if err := validPassword(in.Password); err != nil {
		return Member{}, err
	}
	if err := mayGrant(a, in.Role); err != nil {
		return Member{}, err
	}
	hash := hashPassword(in.Password)
	now := s.now()
	m := Member{ID: db.NewID(), Name: strings.TrimSpace(in.Name), Email: email, Role: in.Role, CreatedAt: now.UTC().Truncate(time.Microsecond)}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := insertMember(ctx, tx, Actor{Workspace: a.Workspace, ID: m.ID, Name: m.Name, Email: email, Role: m.Role}, hash, db.Micros(now)); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "member.add", "member", m.ID, map[string]any{"email": email, "role": m.Role})
	})
	if err == nil {
		s.tellMember(a, m.ID)
	}
	return m, err
}

// mayGrant keeps people from handing out more than they have.
func mayGrant(a Actor, r Role) error {
	if !r.known() {
		return errs.New(errs.Invalid, "There is no role %q; use owner, admin, lead, responder or viewer.", r)
	}
	if r == Owner && a.Role != Owner {
		return errs.New(errs.Denied, "Only an owner can make an owner.")
	}
	return nil
}

// MemberChange is what may change of a member; absent fields stay.
type MemberChange struct {
	Name     *string      `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Role     *Role        `json:"role,omitempty" enum:"owner,admin,lead,responder,viewer"`
	Disabled *bool        `json:"disabled,omitempty" doc:"A disabled member can't sign in."`
	Password *secret.Text `json:"password,omitempty"`
	Current  *secret.Text `json:"current_password,omitempty" doc:"The password that holds now: needed to change one's own."`
}

// ChangeMember changes a person. Everyone may change their own name and
// password, the rest is for who manages members. The last owner stays. A new
// password ends every session of the person but the one that set it.
func (s *Service) ChangeMember(ctx context.Context, id string, c MemberChange) (Member, error) {
	a, err := Need(ctx, Read)
	if err != nil {
		return Member{}, err
	}
	own := a.Kind == "member" && a.ID == id && c.Role == nil && c.Disabled == nil
	if !own {
		if a, err = Need(ctx, ManageMembers); err != nil {
			return Member{}, err
		}
	}
	var hash string
	if c.Password != nil {
		if err := s.mayReplace(ctx, a, id, c); err != nil {
			return Member{}, err
		}
		hash = hashPassword(*c.Password)
	}
	var m Member
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		before, err := getMember(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		if before.Role == Owner && a.Role != Owner {
			return errs.New(errs.Denied, "Only an owner can change an owner.")
		}
		detail := map[string]any{}
		if c.Name != nil {
			if _, err := tx.ExecContext(ctx, `UPDATE account SET name = $1 WHERE id = $2`, strings.TrimSpace(*c.Name), id); err != nil {
				return err
			}
			detail["name"] = *c.Name
		}
		if c.Role != nil {
			if err := mayGrant(a, *c.Role); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE member SET role = $1 WHERE workspace_id = $2 AND account_id = $3`, *c.Role, a.Workspace, id); err != nil {
				return err
			}
			detail["role"] = *c.Role
		}
		if c.Disabled != nil {
			var at int64
			if *c.Disabled {
				at = db.Micros(s.now())
			}
			if _, err := tx.ExecContext(ctx, `UPDATE member SET disabled_at = $1 WHERE workspace_id = $2 AND account_id = $3`, at, a.Workspace, id); err != nil {
				return err
			}
			detail["disabled"] = *c.Disabled
		}
		if c.Password != nil {
			if _, err := tx.ExecContext(ctx, `UPDATE account SET password_hash = $1 WHERE id = $2`, hash, id); err != nil {
				return err
			}
			// Whoever knew the old password is out; who gave it goes on.
			if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account_id = $1 AND workspace_id = $2 AND hash <> $3`, id, a.Workspace, a.session); err != nil {
				return err
			}
			detail["password"] = "changed"
		}
		var owners int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM member WHERE workspace_id = $1 AND role = $2 AND disabled_at = 0`, a.Workspace, Owner).Scan(&owners); err != nil {
			return err
		}
		if owners == 0 {
			return errs.New(errs.Conflict, "This is the last owner; make somebody else owner first.")
		}
		if m, err = getMember(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "member.change", "member", id, detail)
	})
	s.forgetAll()
	if err == nil {
		s.tellMember(a, id)
	}
	return m, err
}

// tellMember says that a person of the workspace is new or another.
func (s *Service) tellMember(a Actor, id string) {
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "member.updated", ID: id})
}

// mayReplace checks a new password and, of people who change their own, the
// present one: an unlocked screen must not be enough to keep its owner out.
func (s *Service) mayReplace(ctx context.Context, a Actor, id string, c MemberChange) error {
	if err := validPassword(*c.Password); err != nil {
		return err
	}
	if a.Kind != "member" || a.ID != id {
		return nil
	}
	if c.Current == nil || *c.Current == "" {
		return errs.WithFields("Give the present password as well, so that nobody else can change it.", errs.Field{Location: "body.current_password", Message: "is needed to set a new one"})
	}
	var hash string
	err := s.db.QueryRowContext(ctx, `SELECT a.password_hash FROM account a JOIN member m ON m.account_id = a.id WHERE m.workspace_id = $1 AND a.id = $2`, a.Workspace, id).Scan(&hash)
	if err != nil {
		return fmt.Errorf("find account %s: %w", id, err)
	}
	if !checkPassword(hash, *c.Current) {
		return errs.WithFields("The present password is wrong; nothing was changed.", errs.Field{Location: "body.current_password", Message: "is wrong"})
	}
	if *c.Current == *c.Password {
		return errs.WithFields("That is the password that holds already; choose another one.", errs.Field{Location: "body.password", Message: "must be another one"})
	}
	return nil
}

// NewToken is a token to be made.
type NewToken struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100"`
	Role      Role       `json:"role" enum:"owner,admin,lead,responder,viewer,intake"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Tokens lists the workspace's API tokens.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return nil, err
	}
	return listTokens(ctx, s.db, a.Workspace)
}

// CreateToken makes an API token and returns its secret, the only time.
func (s *Service) CreateToken(ctx context.Context, in NewToken) (Token, secret.Text, error) {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return Token{}, "", err
	}
	if err := mayGrant(a, in.Role); err != nil {
		return Token{}, "", err
	}
	if strings.TrimSpace(in.Name) == "" {
		return Token{}, "", errs.New(errs.Invalid, "A token needs a name, to know it by later.")
	}
	if in.ExpiresAt != nil && in.ExpiresAt.Before(s.now()) {
		return Token{}, "", errs.New(errs.Invalid, "The token would expire in the past; give a later time or none.")
	}
	key := secret.New("hc_")
	t := Token{ID: db.NewID(), Name: strings.TrimSpace(in.Name), Prefix: key.Reveal()[:9], Role: in.Role,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond), ExpiresAt: in.ExpiresAt}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := insertToken(ctx, tx, a.Workspace, t, key.Hash(), a.ID); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "token.create", "token", t.ID, map[string]any{"name": t.Name, "role": t.Role})
	})
	return t, key, err
}

// RevokeToken ends a token at once.
func (s *Service) RevokeToken(ctx context.Context, id string) error {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := db.Affected(tx.ExecContext(ctx, `UPDATE api_token SET revoked_at = $1 WHERE workspace_id = $2 AND id = $3 AND revoked_at = 0`,
			db.Micros(s.now()), a.Workspace, id))
		if err != nil {
			return fmt.Errorf("revoke token %s: %w", id, err)
		}
		if n == 0 {
			return errs.New(errs.NotFound, "There is no valid token %s in this workspace.", id)
		}
		return a.Audit(ctx, tx, "token.revoke", "token", id, nil)
	})
	s.forgetAll()
	return err
}

// Local returns an actor for the command line on the data folder itself,
// whose owner may do anything: the only workspace's owner, or a new workspace
// when there is none yet.
func (s *Service) Local(ctx context.Context) (Actor, error) {
	ids, err := db.All(ctx, s.db, func(r db.Scanner) (id ID, err error) { return id, r.Scan(&id) }, `SELECT id FROM workspace ORDER BY created_at, id LIMIT 1`)
	if err != nil {
		return Actor{}, fmt.Errorf("find workspace: %w", err)
	}
	a := Actor{Kind: "system", ID: "cli", Name: "command line", Role: Owner}
	if len(ids) == 1 {
		a.Workspace = ids[0]
		return a, nil
	}
	a.Workspace = ID(db.NewID())
	return a, s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)`, a.Workspace, "My workspace", db.Micros(s.now())); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "workspace.create", "workspace", string(a.Workspace), nil)
	})
}

// Audit lists what was done in the workspace, newest first.
func (s *Service) Audit(ctx context.Context, before string, limit int) ([]audit.Entry, error) {
	a, err := Need(ctx, ManageMembers)
	if err != nil {
		return nil, err
	}
	return audit.List(ctx, s.db, string(a.Workspace), before, limit)
}
