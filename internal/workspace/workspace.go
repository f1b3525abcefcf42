// Package workspace is the frame of everything: tenants, the people who work
// in them, their roles, sessions and API tokens, and the actor that each
// request and job acts as. It is also home of the rule that a store can't be
// asked without a workspace: every store function takes an ID, and an ID
// comes only from an Actor.
package workspace

import (
	"context"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
)

// ID names a workspace.
type ID string

// Workspace is a tenant.
type Workspace struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

// Role is what a member or a token may do.
type Role string

// The roles, from all to least. Intake is for tokens only: it may send
// feedback and read nothing.
const (
	Owner     Role = "owner"
	Admin     Role = "admin"
	Lead      Role = "lead"
	Responder Role = "responder"
	Viewer    Role = "viewer"
	Intake    Role = "intake"
)

// Permission is one thing that a service checks for.
type Permission string

// The permissions.
const (
	Read          Permission = "read"           // see launches, feedback, issues
	SendFeedback  Permission = "send_feedback"  // intake
	WorkFeedback  Permission = "work_feedback"  // triage, correct, accept, work on issues
	ManageLaunch  Permission = "manage_launch"  // launches, rules, imports, replay
	ReadPayload   Permission = "read_payload"   // open what was captured of calls; each opening is in the audit log
	ManageMembers Permission = "manage_members" // people, tokens, audit
)

var grants = map[Role][]Permission{
	Owner:     {Read, SendFeedback, WorkFeedback, ManageLaunch, ReadPayload, ManageMembers},
	Admin:     {Read, SendFeedback, WorkFeedback, ManageLaunch, ReadPayload, ManageMembers},
	Lead:      {Read, SendFeedback, WorkFeedback, ManageLaunch, ReadPayload},
	Responder: {Read, SendFeedback, WorkFeedback},
	Viewer:    {Read},
	Intake:    {SendFeedback},
}

// Permissions returns what a role grants.
func (r Role) Permissions() []Permission { return slices.Clone(grants[r]) }

// RoleGrants is a role with what it may do.
type RoleGrants struct {
	Role        Role         `json:"role" enum:"owner,admin,lead,responder,viewer,intake"`
	Permissions []Permission `json:"permissions" nullable:"false"`
}

// Roles lists every role with what it grants, from all to least.
func Roles() []RoleGrants {
	var out []RoleGrants
	for _, r := range []Role{Owner, Admin, Lead, Responder, Viewer, Intake} {
		out = append(out, RoleGrants{r, r.Permissions()})
	}
	return out
}

func (r Role) known() bool { _, ok := grants[r]; return ok }

// Actor is who does something: a signed-in member, a token, or the program
// itself.
type Actor struct {
	Workspace ID
	Kind      string // member, token, system
	ID        string
	Name      string
	Email     string
	Role      Role
	session   string // hash of the session it came with; "" for tokens and jobs
}

// Can reports whether the actor's role grants p.
func (a Actor) Can(p Permission) bool { return slices.Contains(grants[a.Role], p) }

type actorKey struct{}

// As returns a context that acts as a.
func As(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// System is the program itself at work in a workspace, for jobs.
func System(ctx context.Context, id ID) context.Context {
	return As(ctx, Actor{Workspace: id, Kind: "system", ID: "system", Name: "hypercare", Role: Owner})
}

// ActorFrom returns who acts, if anyone signed in.
func ActorFrom(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// By names who acts, for the events that tell of it; nil when it is the
// program itself.
func By(ctx context.Context) *event.Actor {
	a, ok := ActorFrom(ctx)
	if !ok || a.Kind == "system" {
		return nil
	}
	return &event.Actor{ID: a.ID, Name: a.Name}
}

// Need returns the actor if it may do p; services begin with it.
func Need(ctx context.Context, p Permission) (Actor, error) {
	a, ok := ActorFrom(ctx)
	if !ok {
		return Actor{}, errs.New(errs.Unauthenticated, "Sign in, or send an API token as \"Authorization: Bearer hc_...\".")
	}
	if !a.Can(p) {
		return Actor{}, errs.New(errs.Denied, "The role %s may not do this (it lacks %s); ask an owner or admin.", a.Role, p)
	}
	return a, nil
}

// Member is a person of the workspace.
type Member struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Email      string     `json:"email"`
	Role       Role       `json:"role" enum:"owner,admin,lead,responder,viewer"`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Token is an API token. The secret itself is shown once and never stored.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix" doc:"First characters of the secret, to recognise it by."`
	Role       Role       `json:"role" enum:"owner,admin,lead,responder,viewer,intake"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}
