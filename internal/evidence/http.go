package evidence

import (
	"context"
	"net/http"
	"strings"

	"github.com/hypercare/hypercare/internal/web"
)

// PinInput says what is kept.
type PinInput struct {
	EvidenceID string `json:"evidence_id" minLength:"3" maxLength:"200" example:"call:018f3a5c7e4b7cc0a1b2c3d4e5f60718"`
	Note       string `json:"note,omitempty" maxLength:"2000"`
}

// VoteInput says whether something was of use.
type VoteInput struct {
	EvidenceID string `json:"evidence_id" minLength:"3" maxLength:"200"`
	Useful     bool   `json:"useful"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /feedback/{id}/evidence", "get-evidence", "What stands behind a feedback: calls, errors, alerts, releases, each with the reason and the strength of the join", func(ctx context.Context, in *web.ByID) (*web.Body[Evidence], error) {
		e, err := s.Of(ctx, in.ID)
		return body(e, err)
	})
	web.Route(api, "POST /feedback/{id}/evidence/pins", "pin-evidence", "Keep a copy with the feedback, for good; what was not proposed is added by hand", func(ctx context.Context, in *struct {
		web.ByID
		Body PinInput
	}) (*web.Body[Item], error) {
		i, err := s.Pin(ctx, in.ID, in.Body.EvidenceID, in.Body.Note)
		return body(i, err)
	}, web.Status(http.StatusCreated))
	web.Route(api, "DELETE /feedback/{id}/evidence/pins/{evidence_id}", "unpin-evidence", "Let go of a copy", func(ctx context.Context, in *struct {
		web.ByID
		EvidenceID string `path:"evidence_id"`
	}) (*struct{}, error) {
		return nil, s.Unpin(ctx, in.ID, in.EvidenceID)
	})
	web.Route(api, "POST /feedback/{id}/evidence/votes", "vote-on-evidence", "Say whether something that was found is of use; it teaches the order", func(ctx context.Context, in *struct {
		web.ByID
		Body VoteInput
	}) (*struct{}, error) {
		return nil, s.Vote(ctx, in.ID, in.Body.EvidenceID, in.Body.Useful)
	})
	web.Route(api, "GET /evidence", "list-evidence-summaries", "What was found for some feedback when it arrived, in short; what was not looked at is left out", func(ctx context.Context, in *struct {
		FeedbackIDs string `query:"feedback_ids" required:"true" minLength:"1" maxLength:"8000" doc:"Ids, by comma; at most 200."`
	}) (*web.Body[web.Page[Summary]], error) {
		ids := strings.FieldsFunc(in.FeedbackIDs, func(c rune) bool { return c == ',' || c == ' ' })
		list, err := s.Summaries(ctx, ids[:min(len(ids), 200)])
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Summary]]{Body: web.NewPage(list, "")}, nil
	})
	near := func(kind string) func(context.Context, *web.ByID) (*web.Body[web.Page[Report]], error) {
		return func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[Report]], error) {
			list, err := s.Near(ctx, kind+":"+in.ID, 100)
			if err != nil {
				return nil, err
			}
			return &web.Body[web.Page[Report]]{Body: web.NewPage(list, "")}, nil
		}
	}
	web.Route(api, "GET /issues/{id}/evidence", "get-issue-evidence", "What stands behind the reports of an issue: pinned first, kept copies included", func(ctx context.Context, in *web.ByID) (*web.Body[OfIssue], error) {
		e, err := s.OfIssue(ctx, in.ID)
		return body(e, err)
	})
	web.Route(api, "GET /issues/{id}/cause", "get-issue-cause", "What the reports of an issue have in common beyond chance, whether the launch or a release brought it, and how many people met it", func(ctx context.Context, in *web.ByID) (*web.Body[Cause], error) {
		c, err := s.CauseOf(ctx, in.ID)
		return body(c, err)
	})
	web.Route(api, "GET /calls/{id}/reports", "list-call-reports", "Feedback that a call stands behind, the likeliest first", near(Call))
}

func body[T any](v *T, err error) (*web.Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[T]{Body: *v}, nil
}
