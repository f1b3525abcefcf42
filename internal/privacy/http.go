package privacy

import (
	"context"

	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// setInput is what may be changed.
type setInput struct {
	Kinds         mask.Policy `json:"kinds"`
	RevealRoles   []string    `json:"reveal_roles" nullable:"false"`
	RetentionDays int         `json:"retention_days" minimum:"1" maximum:"3650"`
}

func (in *setInput) settings() Settings {
	set := Settings{Kinds: in.Kinds, RetentionDays: in.RetentionDays, RevealRoles: []workspace.Role{}}
	for _, r := range in.RevealRoles {
		set.RevealRoles = append(set.RevealRoles, workspace.Role(r))
	}
	return set
}

// launchInput are the rules of a launch.
type launchInput struct {
	Kinds mask.Policy `json:"kinds" doc:"Only those that differ from the workspace's; none takes them back."`
}

type tryInput struct {
	Text  string      `json:"text" maxLength:"65536"`
	Kinds mask.Policy `json:"kinds,omitempty" doc:"Tried over the rules that hold, without being saved."`
}

// revealInput says why.
type revealInput struct {
	Reason string `json:"reason" minLength:"3" maxLength:"500" doc:"Goes into the audit log."`
}

type revealed struct {
	Items []Original `json:"items" nullable:"false"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	body := func(set Settings, err error) (*web.Body[Settings], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[Settings]{Body: set}, nil
	}
	web.Route(api, "GET /privacy", "get-privacy", "What happens to personal data and secrets in this workspace", func(ctx context.Context, _ *struct{}) (*web.Body[Settings], error) {
		return body(s.Settings(ctx, ""))
	})
	web.Route(api, "PUT /privacy", "set-privacy", "Change it, for what arrives from now on", func(ctx context.Context, in *struct{ Body setInput }) (*web.Body[Settings], error) {
		return body(s.Set(ctx, in.Body.settings()))
	})
	web.Route(api, "GET /launches/{id}/privacy", "get-launch-privacy", "What holds for a launch", func(ctx context.Context, in *web.ByID) (*web.Body[Settings], error) {
		return body(s.Settings(ctx, in.ID))
	})
	web.Route(api, "PUT /launches/{id}/privacy", "set-launch-privacy", "Rules of a launch that differ from the workspace's", func(ctx context.Context, in *struct {
		web.ByID
		Body launchInput
	}) (*web.Body[Settings], error) {
		return body(s.SetLaunch(ctx, in.ID, in.Body.Kinds))
	})
	web.Route(api, "POST /privacy/try", "try-privacy", "What would be covered in a text; nothing is kept", func(ctx context.Context, in *struct{ Body tryInput }) (*web.Body[Tried], error) {
		out, err := s.Try(ctx, in.Body.Text, in.Body.Kinds)
		return &web.Body[Tried]{Body: out}, err
	})
	web.Route(api, "POST /feedback/{id}/reveal", "reveal-feedback", "See the sealed originals of a report, with a reason; audited", func(ctx context.Context, in *struct {
		web.ByID
		Body revealInput
	}) (*web.Body[revealed], error) {
		list, err := s.Reveal(ctx, Feedback, in.ID, in.Body.Reason)
		return &web.Body[revealed]{Body: revealed{list}}, err
	})
}
