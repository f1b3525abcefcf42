package triage

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of a preview: as much as can be looked at while somebody waits.
const (
	previewRows   = 5000
	previewTime   = 2 * time.Second
	previewSample = 20
)

// PreviewInput is a rule to be tried.
type PreviewInput struct {
	When string `json:"when" maxLength:"8192"`
	Then *Then  `json:"then,omitempty"`
}

// Preview is what a rule would have done.
type Preview struct {
	Matched  int                  `json:"matched"`
	Scanned  int                  `json:"scanned" doc:"The newest feedback looked at."`
	Failed   int                  `json:"failed" doc:"Feedback on which the condition could not be worked out."`
	Complete bool                 `json:"complete" doc:"All of the launch's feedback was looked at."`
	Sample   []*feedback.Feedback `json:"sample" nullable:"false" doc:"The newest that match, as they are."`
	Error    string               `json:"error,omitempty" doc:"Why the condition can't be used, or why it failed."`
	TookMS   float64              `json:"took_ms"`
}

// Preview tries a rule on the newest feedback of a launch and changes
// nothing. What is wrong with the condition is part of the answer: the editor
// shows it beside the text while it is being written.
func (r *Rules) Preview(ctx context.Context, launchID string, in PreviewInput) (*Preview, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if _, err := r.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	out := &Preview{Sample: []*feedback.Feedback{}}
	cond, err := r.grammar.compile(in.When)
	if err == nil && in.Then != nil && !in.Then.empty() {
		then := *in.Then
		err = r.validThen(ctx, &then)
	}
	if errs.Is(err, errs.Invalid) {
		out.Error = errs.Message(err)
		return out, nil
	} else if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := r.try(ctx, a.Workspace, launchID, cond, out); err != nil {
		return nil, err
	}
	out.TookMS = float64(time.Since(start).Microseconds()) / 1000
	return out, nil
}

func (r *Rules) try(ctx context.Context, ws workspace.ID, launchID string, cond *condition, out *Preview) error {
	limit, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	nums, total, err := r.feedback.Numbers(ctx, ws, launchID, feedback.ListQuery{Sort: feedback.SortReceived, Limit: previewRows})
	if err != nil {
		return err
	}
	ids, err := r.feedback.IDsOf(ctx, ws, nums)
	if err != nil {
		return err
	}
	for len(ids) > 0 && limit.Err() == nil {
		n := min(len(ids), 250)
		list, err := r.feedback.GetMany(ctx, r.db, ws, ids[:n])
		if err != nil {
			return err
		}
		ids = ids[n:]
		past, err := r.past(ctx, ws, list)
		if err != nil {
			return err
		}
		for _, f := range list {
			yes, err := cond.match(limit, &facts{f: f, attrs: past.attrs(f)})
			if limit.Err() != nil {
				break
			}
			out.Scanned++
			switch {
			case err != nil:
				out.Failed++
				out.Error = "On feedback " + f.ID + ": " + err.Error() + "."
				if errors.Is(err, errCost) && out.Failed >= maxOverruns {
					return nil
				}
			case yes:
				out.Matched++
				if len(out.Sample) < previewSample {
					out.Sample = append(out.Sample, f.Listed())
				}
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	out.Complete = out.Scanned >= total
	return nil
}

// Routes adds the operations on rules.
func (r *Rules) Routes(api *web.API) {
	web.Route(api, "GET /launches/{id}/rules", "list-rules", "Rules of a launch, in the order in which they run", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[Rule]], error) {
		list, err := r.List(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Rule]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /launches/{id}/rules", "create-rule", "Add a rule; it goes last", func(ctx context.Context, in *struct {
		web.ByID
		Body RuleInput
	}) (*web.Body[Rule], error) {
		rule, err := r.Create(ctx, in.ID, in.Body)
		return &web.Body[Rule]{Body: rule}, err
	}, web.Status(http.StatusCreated))
	web.Route(api, "PATCH /rules/{id}", "change-rule", "Change, switch off or move a rule", func(ctx context.Context, in *struct {
		web.ByID
		Body RuleChange
	}) (*web.Body[Rule], error) {
		rule, err := r.Change(ctx, in.ID, in.Body)
		return &web.Body[Rule]{Body: rule}, err
	})
	web.Route(api, "DELETE /rules/{id}", "delete-rule", "Remove a rule; what it did stays", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, r.Delete(ctx, in.ID)
	})
	web.Route(api, "POST /launches/{id}/rules/preview", "preview-rule", "Try a rule on past feedback; nothing is changed", func(ctx context.Context, in *struct {
		web.ByID
		Body PreviewInput
	}) (*web.Body[Preview], error) {
		p, err := r.Preview(ctx, in.ID, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[Preview]{Body: *p}, nil
	})
}
