package note

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/web"
)

// WrittenBody is a note after an act.
type WrittenBody struct {
	Note
	UndoID string `json:"undo_id" doc:"Takes the act back: POST /undo/{id}."`
}

// DeletedBody is how to get a note back.
type DeletedBody struct {
	UndoID string `json:"undo_id"`
}

// MentionsBody is a page of what calls on somebody.
type MentionsBody struct {
	web.Page[*Mention]
	Unread int `json:"unread" doc:"How much of all of it is not read yet."`
}

// ReadInput says what somebody has read.
type ReadInput struct {
	IDs []string `json:"ids,omitempty" maxItems:"200" doc:"Ids of notes."`
	All bool     `json:"all,omitempty"`
}

// UnreadBody is how much is left to be read.
type UnreadBody struct {
	Unread int `json:"unread"`
}

func written(w *Written, err error) (*web.Body[WrittenBody], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[WrittenBody]{Body: WrittenBody{*w.Note, w.UndoID}}, nil
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	type byPage struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"50 when absent."`
	}
	type newNote struct {
		web.ByID
		Body Input
	}
	list := func(of func(context.Context, string, Place, int) ([]*Note, error)) func(context.Context, *byPage) (*web.Body[web.Page[*Note]], error) {
		return func(ctx context.Context, in *byPage) (*web.Body[web.Page[*Note]], error) {
			after, err := web.ReadCursor[Place](in.Cursor)
			if err != nil {
				return nil, err
			}
			limit := web.Limit(in.Limit, 50, 200)
			notes, err := of(ctx, in.ID, after, limit)
			if err != nil {
				return nil, err
			}
			next := ""
			if len(notes) == limit {
				next = web.Cursor(Place{notes[limit-1].CreatedAt.UnixMicro(), notes[limit-1].ID})
			}
			return &web.Body[web.Page[*Note]]{Body: web.NewPage(notes, next)}, nil
		}
	}
	web.Route(api, "GET /feedback/{id}/notes", "list-feedback-notes", "Notes written on a feedback, newest first", list(s.OfFeedback))
	web.Route(api, "GET /issues/{id}/notes", "list-issue-notes", "Notes on an issue, its feedback and what was merged into it, newest first", list(s.OfIssue))
	web.Route(api, "POST /feedback/{id}/notes", "add-feedback-note", "Write a note on a feedback", func(ctx context.Context, in *newNote) (*web.Body[WrittenBody], error) {
		return written(s.Add(ctx, Subject{FeedbackID: in.ID}, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "POST /issues/{id}/notes", "add-issue-note", "Write a note on an issue", func(ctx context.Context, in *newNote) (*web.Body[WrittenBody], error) {
		return written(s.Add(ctx, Subject{IssueID: in.ID}, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "PATCH /notes/{id}", "edit-note", "Write a note anew; its author and admins may", func(ctx context.Context, in *newNote) (*web.Body[WrittenBody], error) {
		return written(s.Edit(ctx, in.ID, in.Body))
	})
	web.Route(api, "DELETE /notes/{id}", "delete-note", "Delete a note; its author and admins may", func(ctx context.Context, in *web.ByID) (*web.Body[DeletedBody], error) {
		w, err := s.Delete(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[DeletedBody]{Body: DeletedBody{w.UndoID}}, nil
	}, web.Status(http.StatusOK))
	s.mentionRoutes(api)
}

func (s *Service) mentionRoutes(api *web.API) {
	web.Route(api, "GET /me/mentions", "list-mentions", "Notes that call on me, newest first", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"50 when absent."`
	}) (*web.Body[MentionsBody], error) {
		after, err := web.ReadCursor[Place](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, unread, err := s.Mentions(ctx, after, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(Place{list[limit-1].At.UnixMicro(), list[limit-1].ID})
		}
		return &web.Body[MentionsBody]{Body: MentionsBody{web.NewPage(list, next), unread}}, nil
	})
	web.Route(api, "POST /me/mentions/read", "read-mentions", "Mark notes that call on me as read", func(ctx context.Context, in *web.Body[ReadInput]) (*web.Body[UnreadBody], error) {
		unread, err := s.ReadMentions(ctx, in.Body.IDs, in.Body.All)
		if err != nil {
			return nil, err
		}
		return &web.Body[UnreadBody]{Body: UnreadBody{unread}}, nil
	})
}
