package issue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Cluster is untriaged feedback that tells the same, as the triage package
// finds it.
type Cluster struct {
	FeedbackIDs []string // the one that stands for all first
	Title       string
	Words       []string // what its members share and others lack
	People      int      // distinct persons
	Unnamed     int      // reports that name nobody
	Severity    string   // of most members
	Category    string
	Area        string
	Recent      int // occurred in the last 24 hours
	Before      int // in the seven days before those
	Negative    int
}

// clusterer groups untriaged feedback: the triage package.
type clusterer interface {
	Clusters(ctx context.Context, ws workspace.ID, launchID string) (list []Cluster, considered int, at time.Time, err error)
}

// SetClusterer hands in who groups untriaged feedback (it lies above).
func (s *Service) SetClusterer(c clusterer) { s.clusterer = c }

// Proposal is an issue that could be made from untriaged feedback. Nothing is
// made by itself: accepting its feedback as a group makes it.
type Proposal struct {
	Title          string               `json:"title"`
	Count          int                  `json:"count" doc:"Reports."`
	People         int                  `json:"people" doc:"Distinct persons among the reporters."`
	Severity       string               `json:"severity"`
	Category       string               `json:"category"`
	Area           string               `json:"area"`
	Priority       float64              `json:"priority" doc:"What the issue's priority would be."`
	PriorityReason []Line               `json:"priority_reason" nullable:"false"`
	Reason         string               `json:"reason" doc:"Why these belong together."`
	Words          []string             `json:"words" nullable:"false" doc:"What its reports share and others lack."`
	FeedbackIDs    []string             `json:"feedback_ids" nullable:"false" doc:"At most 1,000, the one that stands for all first."`
	Sample         []*feedback.Feedback `json:"sample" nullable:"false" doc:"The first three."`
}

// Proposals are the issues that untriaged feedback asks for, ranked.
type Proposals struct {
	Items      []Proposal `json:"items" nullable:"false"`
	Considered int        `json:"considered" doc:"Untriaged feedback that was looked at."`
	ComputedAt time.Time  `json:"computed_at"`
}

const sampleRows = 3

// Proposals ranks groups of untriaged feedback as if they were issues.
func (s *Service) Proposals(ctx context.Context, launchID string, limit int) (*Proposals, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	out := &Proposals{Items: []Proposal{}, ComputedAt: s.now()}
	if s.clusterer == nil {
		return out, nil
	}
	list, considered, at, err := s.clusterer.Clusters(ctx, a.Workspace, launchID)
	if err != nil {
		return nil, fmt.Errorf("group untriaged feedback: %w", err)
	}
	out.Considered, out.ComputedAt = considered, at
	for _, c := range list {
		out.Items = append(out.Items, propose(c))
	}
	slices.SortStableFunc(out.Items, func(x, y Proposal) int {
		return cmp.Or(cmp.Compare(y.Priority, x.Priority), cmp.Compare(y.Count, x.Count))
	})
	out.Items = out.Items[:min(limit, len(out.Items))]
	return out, s.sample(ctx, a.Workspace, out.Items)
}

func propose(c Cluster) Proposal {
	scored := Score(Facts{Reports: len(c.FeedbackIDs), People: c.People, Unnamed: c.Unnamed, Severity: c.Severity, Recent: c.Recent, Before: c.Before})
	p := Proposal{Title: c.Title, Count: len(c.FeedbackIDs), People: c.People, Severity: c.Severity, Category: c.Category, Area: c.Area,
		Priority: scored.Priority, PriorityReason: scored.Lines, Words: append([]string{}, c.Words...), FeedbackIDs: c.FeedbackIDs[:min(len(c.FeedbackIDs), maxIDs)]}
	switch {
	case p.Count == 1:
		p.Reason = "nothing else untriaged is like it"
	case len(c.Words) > 0:
		p.Reason = fmt.Sprintf("%d reports share “%s”", p.Count, strings.Join(c.Words[:min(4, len(c.Words))], "”, “"))
	default:
		p.Reason = fmt.Sprintf("%d reports mean the same", p.Count)
	}
	return p
}

// sample adds the first rows of each proposal, with one look at the records.
func (s *Service) sample(ctx context.Context, ws workspace.ID, list []Proposal) error {
	var ids []string
	for _, p := range list {
		ids = append(ids, p.FeedbackIDs[:min(sampleRows, len(p.FeedbackIDs))]...)
	}
	rows, err := s.feedback.Rows(ctx, ws, ids)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Sample = []*feedback.Feedback{}
		for _, id := range list[i].FeedbackIDs[:min(sampleRows, len(list[i].FeedbackIDs))] {
			if f := rows[id]; f != nil {
				list[i].Sample = append(list[i].Sample, f)
			}
		}
	}
	return nil
}

func (s *Service) proposalRoutes(api *web.API) {
	web.Route(api, "GET /launches/{id}/proposals", "list-proposals", "Issues proposed from feedback that nobody has triaged yet, ranked as issues are", func(ctx context.Context, in *struct {
		web.ByID
		Limit int `query:"limit" minimum:"0" maximum:"100" doc:"20 when absent."`
	}) (*web.Body[Proposals], error) {
		p, err := s.Proposals(ctx, in.ID, web.Limit(in.Limit, 20, 100))
		if err != nil {
			return nil, err
		}
		return &web.Body[Proposals]{Body: *p}, nil
	})
}
