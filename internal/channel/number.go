package channel

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Named returns the channel of a kind that is called by its number, its id or
// its name, as the tools of others name their projects. It is for a sender
// that has a token of the workspace.
func (s *Service) Named(ctx context.Context, kind, name string) (*Channel, error) {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return nil, err
	}
	num, _ := strconv.ParseInt(name, 10, 64) // 0: no channel has it
	list, err := db.All(ctx, s.db, scan, `SELECT `+columns+` FROM channel WHERE workspace_id = $1 AND kind = $2 AND (num = $3 OR id = $4 OR lower(name) = $5) ORDER BY id LIMIT 2`,
		a.Workspace, kind, num, name, strings.ToLower(name))
	switch {
	case err != nil:
		return nil, fmt.Errorf("find channel %s: %w", name, err)
	case len(list) == 0:
		return nil, errs.New(errs.NotFound, "No channel of kind %s is called %.60q; use the number at the end of its address.", kind, name)
	case len(list) > 1:
		return nil, errs.New(errs.Conflict, "Several channels are called %.60q; use the number at the end of the address.", name)
	case !list[0].Enabled:
		return nil, errs.New(errs.Denied, "The channel %s is switched off; switch it on in its settings.", list[0].Name)
	}
	return list[0], nil
}
