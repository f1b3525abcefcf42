package publication

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Outline is what is in force, for people to read.
type Outline struct {
	Number int64      `json:"number" doc:"0: nothing was published yet."`
	Note   string     `json:"note"`
	By     string     `json:"by"`
	At     *time.Time `json:"at,omitempty"`
	gateway.Outline
}

// Outline returns what is in force. Everybody in the workspace may see which
// routes there are; the settings of policies only who may see the document.
func (s *Service) Outline(ctx context.Context) (*Outline, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	p, err := current(ctx, s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	out := &Outline{Number: p.Number, Note: p.Note, By: p.By, Outline: (&gateway.Config{}).Outline(false)}
	if p.Number == 0 {
		return out, nil
	}
	out.At = &p.At
	c, err := gateway.Parse([]byte(p.Document))
	if err != nil {
		return nil, fmt.Errorf("read what is published: %w", err)
	}
	_, err = workspace.Need(ctx, workspace.ManageLaunch)
	out.Outline = c.Outline(err == nil)
	return out, nil
}
