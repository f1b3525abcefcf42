package issue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Entered is when an issue came into a stage, and who moved it there.
type Entered struct {
	Stage     string      `json:"stage" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure"`
	EnteredAt time.Time   `json:"entered_at"`
	By        audit.Actor `json:"by"`
}

// maxStageMoves bounds how much history is read for the stages of one issue.
const maxStageMoves = 1000

// entered returns the stages that an issue has been in.
func entered(ctx context.Context, q db.Queryer, ws workspace.ID, i *Issue) ([]Entered, error) {
	list, err := db.All(ctx, q, scanHistory, `SELECT `+historyColumns+` FROM issue_history WHERE workspace_id = $1 AND issue_id = $2 AND field IN ('created', 'stage')
		ORDER BY at DESC, id DESC LIMIT $3`, ws, i.ID, maxStageMoves)
	if err != nil {
		return nil, fmt.Errorf("list stages of issue %s: %w", i.ID, err)
	}
	slices.Reverse(list)
	first := Entered{Stage: i.Stage, EnteredAt: i.CreatedAt}
	if k := slices.IndexFunc(list, func(h HistoryEntry) bool { return h.Field == "stage" }); k >= 0 {
		first.Stage = list[k].From
	}
	return walk(list, first), nil
}

// walk follows an issue through its stages, from the one it was made in: the
// latest entry into each, in the order of the stages. What was undone did not
// happen.
func walk(history []HistoryEntry, start Entered) []Entered {
	var way []Entered
	for _, h := range history {
		switch {
		case h.Field == "created":
			start.By = h.Actor
		case h.Reason == undone && len(way) > 0 && way[len(way)-1].Stage == h.From:
			way = way[:len(way)-1]
		default:
			way = append(way, Entered{Stage: h.To, EnteredAt: h.At, By: h.Actor})
		}
	}
	latest := map[string]Entered{start.Stage: start}
	for _, e := range way {
		latest[e.Stage] = e
	}
	var out []Entered
	for _, s := range Stages {
		if e, ok := latest[s]; ok {
			out = append(out, e)
		}
	}
	return out
}
