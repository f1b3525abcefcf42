package notice

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	type input struct {
		web.ByID
		Body Input
	}
	sent := func(r *SentReply, err error) (*web.Body[SentReply], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[SentReply]{Body: *r}, nil
	}
	web.Route(api, "GET /feedback/{id}/messages", "list-messages", "What the reporter and the team wrote to each other, oldest first", func(ctx context.Context, in *web.ByID) (*web.Body[Thread], error) {
		t, err := s.Thread(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Thread]{Body: *t}, nil
	})
	web.Route(api, "POST /feedback/{id}/messages", "send-message", "Answer the reporter; it goes out in half a minute", func(ctx context.Context, in *input) (*web.Body[SentReply], error) {
		return sent(s.Reply(ctx, in.ID, in.Body))
	}, web.Status(http.StatusAccepted), web.MaxBody(40<<20))
	web.Route(api, "POST /issues/{id}/messages", "send-issue-message", "Answer everybody who reported an issue, each in their own thread", func(ctx context.Context, in *input) (*web.Body[SentReply], error) {
		return sent(s.ReplyIssue(ctx, in.ID, in.Body))
	}, web.Status(http.StatusAccepted), web.MaxBody(40<<20))
}
