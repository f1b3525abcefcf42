package issue

import (
	"context"
	"net/http"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
)

type listInput struct {
	ID       string   `path:"id"`
	Q        string   `query:"q" maxLength:"500" doc:"Words of title, description or key that must all occur; the last may be unfinished."`
	Stage    []string `query:"stage" doc:"In this and the other lists: several values are alternatives; none means empty, any means filled."`
	Severity []string `query:"severity"`
	Category []string `query:"category"`
	Area     []string `query:"area"`
	Owner    []string `query:"owner"`
	Tag      []string `query:"tag"`
	Open     string   `query:"open" enum:"true,false" doc:"true: not closed; false: closed; absent: both."`
	Sort     string   `query:"sort" enum:"priority,updated,created,reach" default:"priority" doc:"Highest or newest first."`
	Cursor   string   `query:"cursor"`
	Limit    int      `query:"limit" minimum:"0" maximum:"200" doc:"50 when absent."`
	Facets   bool     `query:"facets" doc:"Answer the counts of each filter's values too."`
}

func (in *listInput) query() (Query, error) {
	key, err := web.ReadCursor[*Key](in.Cursor)
	if err != nil {
		return Query{}, err
	}
	q := Query{Text: in.Q, Sort: in.Sort, After: key, Limit: web.Limit(in.Limit, 50, 200), Facets: in.Facets,
		Where: map[string][]string{"stage": in.Stage, "severity": in.Severity, "category": in.Category, "area": in.Area, "owner": in.Owner, "tag": in.Tag}}
	if in.Open != "" {
		open := in.Open == "true"
		q.Open = &open
	}
	return q, nil
}

// ListBody is a page of issues with the counts of each filter's values.
type ListBody struct {
	Items      []*Issue           `json:"items" nullable:"false"`
	NextCursor string             `json:"next_cursor,omitempty"`
	Total      int                `json:"total"`
	AtLeast    bool               `json:"at_least,omitempty" doc:"The words match more than were looked at; total and counts are of the newest ones."`
	Facets     map[string][]Count `json:"facets,omitempty" doc:"By filter: the values there are, and how many each would give, were this filter not set."`
	TookMS     float64            `json:"took_ms"`
}

// AcceptInput says what a feedback becomes part of.
type AcceptInput struct {
	IssueID string `json:"issue_id,omitempty" doc:"Id or key of the issue to join; absent: a new one is made."`
}

// AcceptManyInput says what feedback becomes part of.
type AcceptManyInput struct {
	IDs     []string `json:"ids" minItems:"1" maxItems:"1000"`
	Group   bool     `json:"group,omitempty" doc:"Alike ones share one issue."`
	IssueID string   `json:"issue_id,omitempty" doc:"Id or key of the issue that all of them join."`
}

// IgnoreInput says why a feedback needs nothing done.
type IgnoreInput struct {
	Reason string `json:"reason,omitempty" maxLength:"1000"`
}

// IgnoreManyInput says which feedback needs nothing done, and why.
type IgnoreManyInput struct {
	IDs    []string `json:"ids" minItems:"1" maxItems:"1000"`
	Reason string   `json:"reason,omitempty" maxLength:"1000"`
}

// MergeInput says where an issue's feedback goes.
type MergeInput struct {
	Into string `json:"into" minLength:"1" doc:"Id or key of the issue that gets the feedback."`
}

// SplitInput says what becomes an issue of its own.
type SplitInput struct {
	FeedbackIDs []string `json:"feedback_ids" minItems:"1" maxItems:"1000"`
	Title       string   `json:"title,omitempty" maxLength:"200" doc:"Absent: taken from the feedback."`
}

// ChangedBody is an issue after an act.
type ChangedBody struct {
	Issue
	UndoID string `json:"undo_id" doc:"Takes the act back: POST /undo/{id}."`
}

// MergedBody is the issue that has the feedback after a merger.
type MergedBody struct {
	Issue  *Issue `json:"issue"`
	UndoID string `json:"undo_id"`
}

// SplitBody is what a split left and made.
type SplitBody struct {
	Issue    *Issue `json:"issue"`
	NewIssue *Issue `json:"new_issue"`
	UndoID   string `json:"undo_id"`
}

// AcceptedBody is a feedback that became or joined an issue.
type AcceptedBody struct {
	Feedback *feedback.Feedback `json:"feedback"`
	Issue    *Issue             `json:"issue"`
	Joined   bool               `json:"joined" doc:"The issue was there before."`
	UndoID   string             `json:"undo_id"`
}

// AcceptedManyBody is feedback that became or joined issues.
type AcceptedManyBody struct {
	Issues   []*Issue `json:"issues" nullable:"false"`
	Accepted int      `json:"accepted" doc:"Feedback that was accepted; what was part of an issue already is not counted."`
	UndoID   string   `json:"undo_id"`
}

// IgnoredBody is a feedback that was set aside.
type IgnoredBody struct {
	Feedback *feedback.Feedback `json:"feedback"`
	UndoID   string             `json:"undo_id"`
}

// IgnoredManyBody says how many were set aside.
type IgnoredManyBody struct {
	Ignored int    `json:"ignored"`
	UndoID  string `json:"undo_id"`
}

// SuggestionBody is an issue that something may belong to.
type SuggestionBody struct {
	Issue      *Issue  `json:"issue"`
	Confidence float64 `json:"confidence" minimum:"0" maximum:"1"`
	Reason     string  `json:"reason"`
}

func suggestionPage(list []Suggestion, err error) (*web.Body[web.Page[SuggestionBody]], error) {
	if err != nil {
		return nil, err
	}
	out := make([]SuggestionBody, len(list))
	for i, s := range list {
		out[i] = SuggestionBody(s)
	}
	return &web.Body[web.Page[SuggestionBody]]{Body: web.NewPage(out, "")}, nil
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	s.issueRoutes(api)
	s.partRoutes(api)
	s.mergeRoutes(api)
	s.feedbackRoutes(api)
	s.proposalRoutes(api)
	s.boardRoutes(api)
	s.bulkRoutes(api)
	s.linkRoutes(api)
	s.previewRoutes(api)
}

func (s *Service) issueRoutes(api *web.API) {
	web.Route(api, "GET /launches/{id}/issues", "list-issues", "Issues of a launch: filter, search, sort, count", func(ctx context.Context, in *listInput) (*web.Body[ListBody], error) {
		q, err := in.query()
		if err != nil {
			return nil, err
		}
		l, err := s.List(ctx, in.ID, q)
		if err != nil {
			return nil, err
		}
		body := ListBody{Items: l.Items, Total: l.Total, AtLeast: l.AtLeast, Facets: l.Facets, TookMS: float64(l.Took.Microseconds()) / 1000}
		if body.Items == nil {
			body.Items = []*Issue{}
		}
		if l.More {
			body.NextCursor = web.Cursor(l.Last)
		}
		return &web.Body[ListBody]{Body: body}, nil
	})
	web.Route(api, "POST /launches/{id}/issues", "create-issue", "Make an issue by hand, gathering feedback where some is named", func(ctx context.Context, in *struct {
		web.ByID
		Body Input
	}) (*web.Body[ChangedBody], error) {
		return changedBody(s.Create(ctx, in.ID, in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /issues/{id}", "get-issue", "One issue, by id or key (HC-12)", func(ctx context.Context, in *web.ByID) (*web.Body[Issue], error) {
		i, err := s.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Issue]{Body: *i}, nil
	})
	web.Route(api, "PATCH /issues/{id}", "change-issue", "Change an issue; stage closure closes it, any other stage reopens it", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[ChangedBody], error) {
		return changedBody(s.Change(ctx, in.ID, in.Body))
	})
}

func changedBody(c *Changed, err error) (*web.Body[ChangedBody], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[ChangedBody]{Body: ChangedBody{*c.Issue, c.UndoID}}, nil
}

func errBadCursor() error {
	return errs.New(errs.Invalid, "The cursor is not one of ours; start again without it.")
}

func (s *Service) partRoutes(api *web.API) {
	type pageInput struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"50 when absent."`
	}
	web.Route(api, "GET /issues/{id}/feedback", "list-issue-feedback", "The feedback of an issue, newest number first", func(ctx context.Context, in *pageInput) (*web.Body[web.Page[*feedback.Feedback]], error) {
		before, err := web.ReadCursor[int64](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Feedback(ctx, in.ID, before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].Number)
		}
		return &web.Body[web.Page[*feedback.Feedback]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /issues/{id}/history", "list-issue-history", "Every change of an issue, newest first", func(ctx context.Context, in *pageInput) (*web.Body[web.Page[HistoryEntry]], error) {
		after, err := web.ReadCursor[Place](in.Cursor)
		if err != nil {
			return nil, err
		}
		if !storable(after.ID) {
			return nil, errBadCursor()
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.History(ctx, in.ID, after, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(Place{last.At.UnixMicro(), last.ID})
		}
		return &web.Body[web.Page[HistoryEntry]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /issues/{id}/reporters", "list-issue-reporters", "The distinct persons who reported an issue, with their reports", func(ctx context.Context, in *pageInput) (*web.Body[web.Page[Reporter]], error) {
		after, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		if !storable(after) {
			return nil, errBadCursor()
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Reporters(ctx, in.ID, after, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].PersonID)
		}
		return &web.Body[web.Page[Reporter]]{Body: web.NewPage(list, next)}, nil
	})
}

func (s *Service) mergeRoutes(api *web.API) {
	web.Route(api, "GET /issues/{id}/similar", "list-similar-issues", "Issues that this one may be merged with, with confidence and reason", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[SuggestionBody]], error) {
		return suggestionPage(s.Similar(ctx, in.ID))
	})
	web.Route(api, "POST /issues/{id}/merge", "merge-issue", "Merge an issue into another; reversible", func(ctx context.Context, in *struct {
		web.ByID
		Body MergeInput
	}) (*web.Body[MergedBody], error) {
		c, err := s.Merge(ctx, in.ID, in.Body.Into)
		if err != nil {
			return nil, err
		}
		return &web.Body[MergedBody]{Body: MergedBody(*c)}, nil
	})
	web.Route(api, "POST /issues/{id}/split", "split-issue", "Make an issue of its own from some of the feedback; reversible", func(ctx context.Context, in *struct {
		web.ByID
		Body SplitInput
	}) (*web.Body[SplitBody], error) {
		c, err := s.Split(ctx, in.ID, in.Body.FeedbackIDs, in.Body.Title)
		if err != nil {
			return nil, err
		}
		return &web.Body[SplitBody]{Body: SplitBody(*c)}, nil
	})
}

func (s *Service) feedbackRoutes(api *web.API) {
	web.Route(api, "POST /feedback/{id}/accept", "accept-feedback", "Make an issue from a feedback, or join it to one", func(ctx context.Context, in *struct {
		web.ByID
		Body *AcceptInput
	}) (*web.Body[AcceptedBody], error) {
		if in.Body == nil {
			in.Body = &AcceptInput{}
		}
		r, err := s.Accept(ctx, in.ID, in.Body.IssueID)
		if err != nil {
			return nil, err
		}
		return &web.Body[AcceptedBody]{Body: AcceptedBody(*r)}, nil
	})
	web.Route(api, "POST /launches/{id}/feedback/accept", "accept-many-feedback", "Make issues from feedback of a launch, or join all of it to one", func(ctx context.Context, in *struct {
		web.ByID
		Body AcceptManyInput
	}) (*web.Body[AcceptedManyBody], error) {
		r, err := s.AcceptMany(ctx, in.ID, in.Body.IDs, in.Body.Group, in.Body.IssueID)
		if err != nil {
			return nil, err
		}
		return &web.Body[AcceptedManyBody]{Body: AcceptedManyBody(*r)}, nil
	})
	web.Route(api, "POST /feedback/{id}/ignore", "ignore-feedback", "Set a feedback aside: it needs nothing done", func(ctx context.Context, in *struct {
		web.ByID
		Body *IgnoreInput
	}) (*web.Body[IgnoredBody], error) {
		if in.Body == nil {
			in.Body = &IgnoreInput{}
		}
		r, err := s.Ignore(ctx, "", []string{in.ID}, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		f, err := s.feedback.Get(ctx, in.ID)
		return &web.Body[IgnoredBody]{Body: IgnoredBody{f, r.UndoID}}, err
	})
	web.Route(api, "POST /launches/{id}/feedback/ignore", "ignore-many-feedback", "Set feedback of a launch aside", func(ctx context.Context, in *struct {
		web.ByID
		Body IgnoreManyInput
	}) (*web.Body[IgnoredManyBody], error) {
		r, err := s.Ignore(ctx, in.ID, in.Body.IDs, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &web.Body[IgnoredManyBody]{Body: IgnoredManyBody(*r)}, nil
	})
}
