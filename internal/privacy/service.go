package privacy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Service is what the rest of the product may do with policies and originals.
type Service struct {
	db          *db.DB
	box         *secret.Box
	now         func() time.Time
	checkLaunch func(context.Context, workspace.ID, string) error

	mu    sync.Mutex
	known map[scope]*Cover
}

type scope struct {
	ws       workspace.ID
	launchID string
}

// coverLife bounds how long another node's change stays unseen; on this node
// a change counts at once.
const coverLife = 5 * time.Second

// maxKnown bounds what is remembered: launches that something arrives for.
const maxKnown = 10_000

// NewService returns the service. checkLaunch tells whether a launch is there.
func NewService(d *db.DB, box *secret.Box, checkLaunch func(context.Context, workspace.ID, string) error) *Service {
	return &Service{db: d, box: box, now: time.Now, checkLaunch: checkLaunch, known: map[scope]*Cover{}}
}

// Cover is a policy made ready.
type Cover struct {
	Storage, Export, Model *mask.Masker
	RetentionDays          int // of sealed originals
	until                  time.Time
}

// Cover returns what covers things of a launch, or of the workspace where
// launchID is empty. Who is about to store what came from outside, to write it
// to a file or to send it to a model goes through here.
func (s *Service) Cover(ctx context.Context, ws workspace.ID, launchID string) (*Cover, error) {
	key, now := scope{ws, launchID}, s.now()
	s.mu.Lock()
	c := s.known[key]
	s.mu.Unlock()
	if c != nil && now.Before(c.until) {
		return c, nil
	}
	set, err := s.settings(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	c = &Cover{Storage: set.Kinds.ForStorage(), Export: set.Kinds.ForExport(), Model: set.Kinds.ForModel(), RetentionDays: set.RetentionDays, until: now.Add(coverLife)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[key] = c
	return c, nil
}

func (s *Service) forget(ws workspace.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.known {
		if k.ws == ws {
			delete(s.known, k)
		}
	}
}

// settings are those of a launch: what it says over what the workspace says
// over what comes with the product.
func (s *Service) settings(ctx context.Context, ws workspace.ID, launchID string) (Settings, error) {
	out := defaults()
	list, err := policies(ctx, s.db, ws, launchID)
	if err != nil {
		return out, err
	}
	for _, r := range list {
		out.Kinds = out.Kinds.Over(r.Kinds)
		out.UpdatedAt, out.UpdatedBy = r.UpdatedAt, r.UpdatedBy
		if r.launch == "" {
			out.RevealRoles, out.RetentionDays = r.RevealRoles, r.RetentionDays
		}
	}
	return out, nil
}

// Settings returns what holds in the workspace, or for a launch.
func (s *Service) Settings(ctx context.Context, launchID string) (Settings, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return Settings{}, err
	}
	if launchID != "" {
		if err := s.checkLaunch(ctx, a.Workspace, launchID); err != nil {
			return Settings{}, err
		}
	}
	set, err := s.settings(ctx, a.Workspace, launchID)
	if err != nil || set.UpdatedBy == "" {
		return set, err
	}
	names, err := workspace.Names(ctx, s.db, a.Workspace, []string{set.UpdatedBy})
	if name := names[set.UpdatedBy]; name != "" {
		set.UpdatedBy = name
	}
	return set, err
}

// Set changes what holds in the workspace, from now on: what is stored stays
// as it is. Originals that are sealed already are kept for the new time.
func (s *Service) Set(ctx context.Context, in Settings) (Settings, error) {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return in, err
	}
	if err := in.validate(); err != nil {
		return in, err
	}
	in.Kinds = mask.Default().Over(in.Kinds)
	in.UpdatedBy = a.ID
	before, err := s.settings(ctx, a.Workspace, "")
	if err != nil {
		return in, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := put(ctx, tx, a.Workspace, "", in, s.now()); err != nil {
			return err
		}
		if before.RetentionDays != in.RetentionDays {
			if _, err := tx.ExecContext(ctx, `UPDATE sealed_original SET expires_at = created_at + $1 WHERE workspace_id = $2`,
				int64(in.RetentionDays)*(24*time.Hour).Microseconds(), a.Workspace); err != nil {
				return fmt.Errorf("move the end of originals: %w", err)
			}
		}
		return a.Audit(ctx, tx, "privacy.update", "privacy", "", changes(before, in))
	})
	if err != nil {
		return in, err
	}
	s.forget(a.Workspace)
	return s.Settings(ctx, "")
}

// changes are what an audit entry says of a change.
func changes(before, after Settings) map[string]any {
	out := map[string]any{}
	for _, k := range mask.Kinds {
		if b, n := before.Kinds[k], after.Kinds[k]; b != n {
			out[k] = ruleText(n)
		}
	}
	if fmt.Sprint(before.RevealRoles) != fmt.Sprint(after.RevealRoles) {
		out["reveal_roles"] = after.RevealRoles
	}
	if before.RetentionDays != after.RetentionDays {
		out["retention_days"] = after.RetentionDays
	}
	return out
}

func ruleText(r mask.Rule) string {
	s := string(r.Storage)
	if r.Storage == mask.Keep && r.Exports {
		s += ", covered in exports"
	}
	if r.Storage == mask.Keep && r.Models {
		s += ", covered before models"
	}
	return s
}

// SetLaunch gives a launch rules of its own for some kinds; none: it has what
// the workspace has.
func (s *Service) SetLaunch(ctx context.Context, launchID string, kinds mask.Policy) (Settings, error) {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return Settings{}, err
	}
	if err := s.checkLaunch(ctx, a.Workspace, launchID); err != nil {
		return Settings{}, err
	}
	if err := kinds.Validate(); err != nil {
		return Settings{}, errs.Wrap(errs.Invalid, err, "This policy can't be kept: %s.", err.Error())
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if len(kinds) == 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_policy WHERE workspace_id = $1 AND launch_id = $2`, a.Workspace, launchID); err != nil {
				return fmt.Errorf("delete privacy policy of launch %s: %w", launchID, err)
			}
		} else if err := put(ctx, tx, a.Workspace, launchID, Settings{Kinds: kinds, UpdatedBy: a.ID}, s.now()); err != nil {
			return err
		}
		detail := map[string]any{}
		for k, r := range kinds {
			detail[k] = ruleText(r)
		}
		return a.Audit(ctx, tx, "privacy.update", "launch", launchID, detail)
	})
	if err != nil {
		return Settings{}, err
	}
	s.forget(a.Workspace)
	return s.Settings(ctx, launchID)
}

// Tried is what a policy would make of a text.
type Tried struct {
	Storage string      `json:"storage"`
	Exports string      `json:"exports"`
	Models  string      `json:"models"`
	Found   []mask.Span `json:"found" nullable:"false" doc:"All that was recognised, whatever the policy does with it, by bytes of the text."`
}

// Try shows what a policy, which need not be saved, makes of a text. Nothing
// of it is kept.
func (s *Service) Try(ctx context.Context, text string, kinds mask.Policy) (Tried, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return Tried{}, err
	}
	if len(text) > maxTry {
		return Tried{}, errs.New(errs.Invalid, "At most 64 KiB can be tried at once; shorten the text.")
	}
	set, err := s.settings(ctx, a.Workspace, "")
	if err != nil {
		return Tried{}, err
	}
	if err := kinds.Validate(); err != nil {
		return Tried{}, errs.Wrap(errs.Invalid, err, "This policy can't be tried: %s.", err.Error())
	}
	p := set.Kinds.Over(kinds)
	stored := p.ForStorage().Text(text)
	found := mask.Find(text)
	if found == nil {
		found = []mask.Span{}
	}
	return Tried{Storage: stored, Exports: p.ForExport().Text(stored), Models: p.ForModel().Text(stored), Found: found}, nil
}
