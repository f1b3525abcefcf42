package calllog

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// importTime is how long records of another gateway may wait for room in the
// buffer, and for the disk.
const importTime = 20 * time.Second

// importGroup records go to disk at once.
const importGroup = 1000

// Import takes records that another gateway wrote, and returns when they are
// on disk. Their ids must say which line they were made of: again passes over
// those that are here already, for a sender that does not know how far it came.
func (s *Service) Import(ctx context.Context, records []call.Record, again bool) (kept int, err error) {
	a, err := s.need(ctx, workspace.SendFeedback)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, importTime)
	defer cancel()
	for i := range records {
		r := &records[i]
		r.Workspace = a.Workspace
		if again {
			switch _, err := s.store.Get(ctx, a.Workspace, r.ID); {
			case err == nil:
				continue
			case errs.KindOf(err) != errs.NotFound:
				return kept, err
			}
		}
		for !s.store.Append(r) { // no room: what is there goes to disk first
			if err := s.store.Sync(ctx); err != nil {
				return kept, errs.Wrap(errs.Unavailable, err, "The call log does not take more now: %s; send the same again.", whyNot(s.store.Stats().State))
			}
			if ctx.Err() != nil {
				return kept, errs.TooBusy(2*time.Second, "More calls arrive than can be written; send the same again in two seconds.")
			}
		}
		if kept++; kept%importGroup == 0 { // the buffer is for the traffic too
			if err := s.store.Sync(ctx); err != nil {
				return kept, errs.Wrap(errs.Unavailable, err, "The calls could not be written: %s; send the same again.", whyNot(s.store.Stats().State))
			}
		}
	}
	if err := s.store.Sync(ctx); err != nil {
		return kept, errs.Wrap(errs.Unavailable, err, "The calls could not be written: %s; send the same again.", whyNot(s.store.Stats().State))
	}
	return kept, nil
}

func whyNot(state string) string {
	if state == "" {
		return "the disk is slow"
	}
	return state
}

// QueryKeys returns the names of a query's parameters, as calls keep them.
func QueryKeys(query string) string { return string(appendKeys(nil, []byte(query))) }
