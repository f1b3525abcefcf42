// Package privacy says for each workspace what happens to personal data and
// secrets before anything is stored, exported or sent to a model, and keeps
// sealed originals where its policy says that named roles may see them again.
// What such data looks like, and how it is covered, is in mask.
package privacy

import (
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Settings are what a workspace decided.
type Settings struct {
	Kinds         mask.Policy      `json:"kinds" doc:"By kind: password, token, card, iban, id, email, phone, name, ip."`
	RevealRoles   []workspace.Role `json:"reveal_roles" nullable:"false" doc:"Members with these roles may see sealed originals, with a reason, which is in the audit log."`
	RetentionDays int              `json:"retention_days" minimum:"1" maximum:"3650" doc:"How long sealed originals are kept."`
	UpdatedAt     *time.Time       `json:"updated_at,omitempty" doc:"Absent while the workspace has what comes with the product."`
	UpdatedBy     string           `json:"updated_by,omitempty"`
}

// Bounds.
const (
	defaultDays = 30
	maxDays     = 3650
	maxTry      = 64 << 10 // bytes that are tried out
	maxReason   = 500
)

// defaults are the settings of who said nothing.
func defaults() Settings {
	return Settings{Kinds: mask.Default(), RevealRoles: []workspace.Role{workspace.Owner, workspace.Admin}, RetentionDays: defaultDays}
}

// roles may be named; tokens have none of their own to see anything with.
var roles = []workspace.Role{workspace.Owner, workspace.Admin, workspace.Lead, workspace.Responder, workspace.Viewer}

func (s *Settings) validate() error {
	if err := s.Kinds.Validate(); err != nil {
		return errs.Wrap(errs.Invalid, err, "This policy can't be kept: %s.", err.Error())
	}
	for _, r := range s.RevealRoles {
		if !slices.Contains(roles, r) {
			return errs.New(errs.Invalid, "%.40q is no role of members; use owner, admin, lead, responder or viewer.", r)
		}
	}
	slices.Sort(s.RevealRoles)
	s.RevealRoles = slices.Compact(s.RevealRoles)
	if s.RetentionDays < 1 || s.RetentionDays > maxDays {
		return errs.New(errs.Invalid, "Originals are kept from 1 to %d days, not %d.", maxDays, s.RetentionDays)
	}
	return nil
}

// Feedback is the kind of subject that reports are.
const Feedback = "feedback"

// Place is where something that is sealed stands in a covered text.
type Place struct {
	Field string `json:"field" doc:"text, title, url, author.name, attrs.NAME or author.attrs.NAME."`
	At    int    `json:"at" doc:"Byte of the placeholder."`
	Kind  string `json:"kind"`
}

// Original is what stood there.
type Original struct {
	Place
	Value string `json:"value"`
}
