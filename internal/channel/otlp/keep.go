package otlp

import (
	"context"
	"errors"
	"fmt"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/span"
)

// keep brings a batch on disk, and then does what follows from it. When what
// follows fails, the batch is on disk nevertheless: the sender is not told, the
// log is.
func (s *Service) keep(ctx context.Context, f *sender, b *span.Batch) error {
	if err := s.spans.Write(ctx, b); err != nil {
		if errs.KindOf(err) == errs.Internal && !errors.Is(err, context.Canceled) {
			// An exporter sends again only what it is told to.
			return errs.Wrap(errs.Unavailable, err, "The telemetry could not be written; send the same again.")
		}
		return err
	}
	if err := s.follow(ctx, f, b); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "what follows from telemetry could not be written", "workspace", f.ws, "err", err)
	}
	return nil
}

func (s *Service) follow(ctx context.Context, f *sender, b *span.Batch) error {
	deployed, err := s.spans.Note(ctx, b)
	if err != nil {
		return err
	}
	if f.c == nil { // a token belongs to no launch
		return nil
	}
	return errors.Join(s.mark(ctx, f, deployed), s.fail(ctx, f, b))
}

// mark makes release markers of versions that are new beside older ones.
func (s *Service) mark(ctx context.Context, f *sender, deployed []span.Seen) error {
	if len(deployed) == 0 {
		return nil
	}
	var made []string
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		made = nil
		for _, d := range deployed {
			in := release.Input{Version: d.Release, Service: d.Service, At: d.FirstAt}
			if d.Environment != "" {
				in.Title = d.Service + " " + d.Release + " in " + d.Environment
			}
			r, fresh, err := release.Mark(ctx, tx, f.ws, f.launch(), Name, in, s.now())
			if err != nil {
				return fmt.Errorf("mark release %s of %s: %w", d.Release, d.Service, err)
			}
			if fresh {
				made = append(made, r.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range made {
		s.releases.Told(ctx, f.ws, f.launch(), id)
	}
	return nil
}
