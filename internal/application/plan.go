package application

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Plan is what the applications that have it may use, on routes with the plan
// policy.
type Plan struct {
	ID           string `json:"id"`
	Name         string `json:"name" doc:"What applications and documents call it by; it stays."`
	Description  string `json:"description,omitempty"`
	Applications int    `json:"applications" doc:"How many have it."`
	gateway.PlanLimits
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
}

// NewPlan is a plan to be made.
type NewPlan struct {
	Name        string `json:"name" minLength:"1" maxLength:"100"`
	Description string `json:"description,omitempty" maxLength:"500"`
	gateway.PlanLimits
}

// PlanChange is what may change of a plan; absent fields stay.
type PlanChange struct {
	Description *string             `json:"description,omitempty" maxLength:"500"`
	Limits      *gateway.PlanLimits `json:"limits,omitempty" doc:"All of them, in place of those before."`
}

// maxPlans bounds the plans of a workspace, which are listed whole.
const maxPlans = 200

func (p *Plan) validate(ws workspace.ID) error {
	p.Description = strings.TrimSpace(p.Description)
	if !nameForm.MatchString(p.Name) {
		return errs.New(errs.Invalid, "%q can't be a plan; use letters, digits, dots, dashes and underscores.", p.Name)
	}
	if p.Limits == nil {
		p.Limits = []gateway.PlanRate{}
	}
	if p.Quotas == nil {
		p.Quotas = []gateway.PlanQuota{}
	}
	if _, err := gateway.CompilePlan(string(ws), p.Name, p.PlanLimits); err != nil {
		return errs.New(errs.Invalid, "The plan can't be used: %v.", err)
	}
	return nil
}

// Plans returns the workspace's plans, by name.
func (s *Service) Plans(ctx context.Context) ([]*Plan, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return listPlans(ctx, s.db, a.Workspace)
}

// CreatePlan makes a plan.
func (s *Service) CreatePlan(ctx context.Context, in NewPlan) (*Plan, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	p := &Plan{ID: db.NewID(), Name: strings.TrimSpace(in.Name), Description: in.Description, PlanLimits: in.PlanLimits}
	if err := p.validate(a.Workspace); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if p.ChangedAt, err = tick(ctx, tx, s.now()); err != nil {
			return err
		}
		p.CreatedAt = p.ChangedAt
		all, err := listPlans(ctx, tx, a.Workspace)
		if err != nil {
			return err
		}
		if len(all) >= maxPlans {
			return errs.New(errs.Conflict, "The workspace has %d plans, the most it may have.", maxPlans)
		}
		for _, o := range all {
			if o.Name == p.Name {
				return errs.New(errs.Conflict, "There is a plan %s already; choose another name.", p.Name)
			}
		}
		if err := putPlan(ctx, tx, a.Workspace, p); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "plan.create", "plan", p.ID, map[string]any{"name": p.Name, "limits": p.PlanLimits})
	})
	if err != nil {
		return nil, err
	}
	s.planChanged(ctx, a.Workspace, p.ID)
	return p, nil
}

// ChangePlan changes what a plan allows, for all who have it, at once.
func (s *Service) ChangePlan(ctx context.Context, id string, c PlanChange) (*Plan, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var p *Plan
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := tick(ctx, tx, s.now()) // holds every other change of a plan
		if err != nil {
			return err
		}
		if p, err = getPlan(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		set(&p.Description, c.Description)
		set(&p.PlanLimits, c.Limits)
		p.ChangedAt = now
		if err := p.validate(a.Workspace); err != nil {
			return err
		}
		if err := putPlan(ctx, tx, a.Workspace, p); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "plan.change", "plan", id, map[string]any{"name": p.Name, "change": c})
	})
	if err != nil {
		return nil, err
	}
	s.planChanged(ctx, a.Workspace, id)
	return p, nil
}

// DeletePlan takes away a plan that no application has.
func (s *Service) DeletePlan(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tick(ctx, tx, s.now()); err != nil {
			return err
		}
		p, err := getPlan(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		if p.Applications > 0 {
			return errs.New(errs.Conflict, "%d applications have the plan %s; give them another first.", p.Applications, p.Name)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM plan WHERE workspace_id = $1 AND id = $2`, a.Workspace, id); err != nil {
			return fmt.Errorf("delete plan %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "plan.delete", "plan", id, map[string]any{"name": p.Name})
	})
	if err != nil {
		return err
	}
	s.planChanged(ctx, a.Workspace, id)
	return nil
}

func (s *Service) planChanged(ctx context.Context, ws workspace.ID, id string) {
	s.follow(ctx)
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "plan.updated", ID: id})
}

const planColumns = `p.id, p.name, p.description, p.limits, p.created_at, p.changed_at,
	(SELECT COUNT(*) FROM application a WHERE a.workspace_id = p.workspace_id AND a.plan = p.name)`

func scanPlan(s db.Scanner) (*Plan, error) {
	p := &Plan{}
	var limits string
	var created, changed int64
	if err := s.Scan(&p.ID, &p.Name, &p.Description, &limits, &created, &changed, &p.Applications); err != nil {
		return nil, err
	}
	p.CreatedAt, p.ChangedAt = db.Time(created), db.Time(changed)
	return p, json.Unmarshal([]byte(limits), &p.PlanLimits)
}

func listPlans(ctx context.Context, q db.Queryer, ws workspace.ID) ([]*Plan, error) {
	list, err := db.All(ctx, q, scanPlan, `SELECT `+planColumns+` FROM plan p WHERE p.workspace_id = $1 ORDER BY p.name LIMIT $2`, ws, maxPlans)
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return list, nil
}

func getPlan(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Plan, error) {
	p, err := scanPlan(q.QueryRowContext(ctx, `SELECT `+planColumns+` FROM plan p WHERE p.workspace_id = $1 AND p.id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no plan %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get plan %s: %w", id, err)
	}
	return p, nil
}

func putPlan(ctx context.Context, tx *db.Tx, ws workspace.ID, p *Plan) error {
	limits, err := json.Marshal(p.PlanLimits)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO plan (workspace_id, id, name, description, limits, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (workspace_id, id) DO UPDATE SET description = excluded.description, limits = excluded.limits, changed_at = excluded.changed_at`,
		ws, p.ID, p.Name, p.Description, string(limits), db.Micros(p.CreatedAt), db.Micros(p.ChangedAt))
	if err != nil {
		return fmt.Errorf("write plan %s: %w", p.ID, err)
	}
	return nil
}
