package triage

import (
	"context"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/nlp/dup"
	"github.com/hypercare/hypercare/internal/workspace"
)

type indexKey struct {
	ws       workspace.ID
	launchID string
}

// launchIndex is what is alike in one launch, in memory.
type launchIndex struct {
	ready chan struct{}
	err   error
	index *dup.Index

	mu    sync.Mutex
	known map[string]bool // what was put in while the load ran
}

func doc(f *feedback.Feedback) dup.Doc {
	return dup.Doc{ID: f.ID, Title: f.Title, Text: f.Text, Language: f.Language, At: f.ReceivedAt, Static: f.StaticVector, Sentence: f.SentenceVector}
}

// index returns a launch's index, building it from the records at first use.
func (s *Service) index(ctx context.Context, ws workspace.ID, launchID string) (*launchIndex, error) {
	key := indexKey{ws, launchID}
	s.mu.Lock()
	x := s.indexes[key]
	if x == nil {
		x = &launchIndex{ready: make(chan struct{}), index: dup.New(), known: map[string]bool{}}
		s.indexes[key] = x
		s.loads.Go(func() {
			defer close(x.ready)
			load, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
			defer cancel()
			x.err = s.feedback.Each(load, ws, launchID, func(list []*feedback.Feedback) error {
				for _, f := range list {
					x.put(f)
				}
				return nil
			})
			x.mu.Lock()
			x.known = nil
			x.mu.Unlock()
			if x.err != nil {
				s.mu.Lock()
				delete(s.indexes, key) // the next one tries again
				s.mu.Unlock()
			}
		})
	}
	s.mu.Unlock()
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case <-x.ready:
		return x, x.err
	case <-wait.Done():
		return nil, errs.New(errs.Unavailable, "The index of likeness of this launch is still being built; try again in a minute.")
	}
}

// put adds a feedback once, whether the load or the pipeline comes first.
func (x *launchIndex) put(f *feedback.Feedback) {
	x.mu.Lock()
	seen := x.known != nil && x.known[f.ID]
	if x.known != nil {
		x.known[f.ID] = true
	}
	x.mu.Unlock()
	if !seen {
		x.index.Add(doc(f))
	}
}

const (
	candidates = 20 // alike items that a feedback is counted with at most
	firstPool  = 80 // of the first reading, which must not take long
)

// duplicates counts what is alike among earlier items, those before it in the
// batch included. The first reading compares by words and errors; meaning,
// which costs a scan of all vectors, comes with the second.
func (s *Service) duplicates(ctx context.Context, b *Batch) error {
	x, err := s.index(ctx, b.Workspace, b.LaunchID)
	if err != nil {
		return err
	}
	later := make(map[string]int, len(b.Items)) // place in the batch
	for i, f := range b.Items {
		later[f.ID] = i
		if b.Pass == nlp.First {
			// A batch that fails is read again: adding again replaces.
			x.index.Add(doc(f))
		} else {
			x.index.SetVectors(f.ID, f.StaticVector, f.SentenceVector)
		}
	}
	return each(ctx, b.Items, func(f *feedback.Feedback) {
		// Asked for one feedback (Alike) everything is scanned; here, where
		// a hundred thousand may wait, only what finds most.
		pool, scan := 0, dup.ScanBest
		if b.Pass == nlp.First {
			pool, scan = firstPool, dup.ScanNone
		}
		found := x.index.Search(doc(f), dup.Options{K: candidates, Pool: pool, Scan: scan, Exclude: f.ID, Before: f.ReceivedAt.Add(time.Microsecond), MinConfidence: dup.Related})
		f.Alike, f.DuplicateOf = 0, ""
		for _, c := range found {
			// Reports of one batch have one time; the order decides.
			if at, mate := later[c.ID]; mate && at > later[f.ID] && b.Pass == nlp.First {
				continue
			}
			if f.Alike++; f.DuplicateOf == "" && c.Confidence >= dup.Duplicate {
				f.DuplicateOf = c.ID
			}
		}
	})
}

// Alike is a feedback that looks like another.
type Alike struct {
	FeedbackID string
	Score      float64
	Confidence float64
	Kind       string // duplicate or related
	Reason     string
}

// Alike returns the feedback of the launch most like one, best first.
func (s *Service) Alike(ctx context.Context, ws workspace.ID, launchID, feedbackID string, k int) ([]Alike, error) {
	list, err := s.feedback.GetMany(ctx, s.db, ws, []string{feedbackID})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || list[0].LaunchID != launchID {
		return nil, errs.New(errs.NotFound, "There is no feedback %s in this launch.", feedbackID)
	}
	x, err := s.index(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	var out []Alike
	for _, c := range x.index.Search(doc(list[0]), dup.Options{K: k, Exclude: feedbackID, MinConfidence: 0.3}) {
		kind := "related"
		if c.Confidence >= dup.Duplicate {
			kind = "duplicate"
		}
		out = append(out, Alike{c.ID, c.Score, c.Confidence, kind, c.Reason})
	}
	return out, nil
}

// Forget removes deleted feedback from what is alike.
func (s *Service) Forget(ws workspace.ID, launchID string, ids []string) {
	s.mu.Lock()
	x := s.indexes[indexKey{ws, launchID}]
	s.mu.Unlock()
	if x == nil {
		return
	}
	for _, id := range ids {
		x.index.Remove(id)
	}
}
