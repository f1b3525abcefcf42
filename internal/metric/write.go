package metric

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/errs"
)

// The bounds of one series: beyond them it is a mistake of the sender.
const (
	maxLabels = 64
	maxName   = 1024            // bytes of a label's name
	maxValue  = 4096            // bytes of a label's value
	maxSeries = 32 << 10        // bytes of all of them
	maxAhead  = 5 * time.Minute // a sample of the future would make those of now too old, for everyone
)

// Tally is what became of the samples of one write.
type Tally struct {
	Stored  int
	Limited int // of new series beyond the workspace's limit
	Refused int // too old, of the future, twice for one time, not valid
	First   string

	histograms int // of Stored
}

// Lost is how many were not stored.
func (t Tally) Lost() int { return t.Limited + t.Refused }

// Error says in a sentence what was not stored; "" for nothing.
func (t Tally) Error() string {
	switch {
	case t.Lost() == 0:
		return ""
	case t.Refused == 0:
		return fmt.Sprintf("%d samples were not stored: they are of new series, and the workspace has as many active series as it may have; send fewer labels or ask for a higher limit (--metrics-series).", t.Limited)
	}
	return fmt.Sprintf("%d samples were not stored (%d of them beyond the limit of active series); the first because %s.", t.Lost(), t.Limited, t.First)
}

// Write stores what fn appends, together. A sample that can't be stored is
// counted and the others are; an error is for what says nothing about the
// samples, and then none is stored.
func (p Space) Write(ctx context.Context, fn func(*Writer) error) (Tally, error) {
	if p.store.share == nil {
		return p.write(ctx, nil, fn)
	}
	g := newGathered()
	tally, err := p.write(ctx, g, fn)
	if err == nil && g.samples > 0 {
		g.done()
		p.store.share.put(ctx, p.ws, g)
	}
	return tally, err
}

// write stores; what it stored is noted in g for other nodes, unless that is
// nil.
func (p Space) write(ctx context.Context, g *gathered, fn func(*Writer) error) (Tally, error) {
	s := p.store
	if p.ws == "" {
		return Tally{}, errNobody
	}
	if err := s.storing(); err != nil {
		return Tally{}, err
	}
	d, err := s.opened()
	if err != nil {
		return Tally{}, err
	}
	w := &Writer{app: d.AppenderV2(ctx), ws: p.ws, b: labels.NewBuilder(labels.EmptyLabels()), words: &s.words, shared: g, latest: s.now().Add(maxAhead).UnixMilli()}
	if err := fn(w); err != nil {
		return Tally{}, errors.Join(err, w.app.Rollback())
	}
	if err := w.app.Commit(); err != nil {
		s.fail(ctx, err.Error())
		return Tally{}, errs.Wrap(errs.Unavailable, err, "The metrics could not be written to disk; try again in a moment.")
	}
	c := s.series.of(p.ws)
	c.stored.Add(uint64(w.tally.Stored))
	c.limited.Add(uint64(w.tally.Limited))
	c.refused.Add(uint64(w.tally.Refused))
	s.series.stored.Add(uint64(w.tally.Stored))
	s.series.refused.Add(uint64(w.tally.Lost()))
	return w.tally, nil
}

// Writer appends to the series of one workspace. It is an storage.AppenderV2
// that OTLP's translation writes to, without Commit of its own.
type Writer struct {
	app    storage.AppenderV2
	ws     string
	b      *labels.Builder
	words  *wordbook
	shared *gathered // nil: nobody else needs it
	latest int64
	last   storage.SeriesRef // that app gave: the only one it is given back
	tally  Tally
}

// Append implements storage.AppenderV2.
func (w *Writer) Append(ref storage.SeriesRef, l labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AppendV2Options) (storage.SeriesRef, error) {
	plain := l
	if ref == 0 || ref != w.last {
		if why := invalid(l); why != "" {
			return 0, w.refuse(invalidError(why))
		}
		w.b.Reset(l)
		l, ref = w.b.Set(tenant, w.ws).Labels(), 0
		w.words.learn(w.ws, l.Get(model.MetricNameLabel), o)
	}
	if t > w.latest {
		return 0, w.refuse(errFuture)
	}
	ref, err := w.app.Append(ref, l, st, t, v, h, fh, storage.AppendV2Options{RejectOutOfOrder: o.RejectOutOfOrder})
	if err != nil {
		return 0, w.refuse(err)
	}
	w.last = ref
	if h != nil || fh != nil {
		w.tally.histograms++
	}
	w.tally.Stored++
	if w.shared != nil {
		w.shared.add(plain, o.Metadata, st, t, v, h, fh)
	}
	return ref, nil
}

var errFuture = errors.New("its time is in the future")

// refuse counts a sample that can't be stored.
func (w *Writer) refuse(err error) error {
	var bad histogram.Error
	switch {
	case errors.Is(err, errLimit):
		w.tally.Limited++
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrTooOldSample),
		errors.Is(err, storage.ErrDuplicateSampleForTimestamp), errors.Is(err, errFuture), errors.As(err, &bad), isInvalid(err):
		w.tally.Refused++
		if w.tally.First == "" {
			w.tally.First = err.Error()
		}
	default:
		return err
	}
	return nil
}

// Commit implements storage.AppenderV2: Space.Write does it.
func (*Writer) Commit() error { return nil }

// Rollback implements storage.AppenderV2: Space.Write does it.
func (*Writer) Rollback() error { return nil }

type invalidError string

func (e invalidError) Error() string { return string(e) }

func isInvalid(err error) bool {
	_, ok := errors.AsType[invalidError](err)
	return ok
}

// invalid says what is wrong with the labels of a series.
func invalid(l labels.Labels) string {
	why := ""
	if dup, is := l.HasDuplicateLabelNames(); is {
		return "the label " + dup + " is there twice"
	}
	switch n := l.Len(); {
	case !l.Has(model.MetricNameLabel):
		return "a series has no name"
	case n > maxLabels:
		return fmt.Sprintf("a series has %d labels, more than %d", n, maxLabels)
	case !l.IsValid(model.UTF8Validation):
		return "the labels " + clip(l.String()) + " are not valid"
	}
	total := 0
	l.Range(func(one labels.Label) {
		total += len(one.Name) + len(one.Value)
		if len(one.Name) > maxName {
			why = fmt.Sprintf("the name of the label %s has %d bytes, more than %d", clip(one.Name), len(one.Name), maxName)
		}
		if len(one.Value) > maxValue {
			why = fmt.Sprintf("the value of the label %s has %d bytes, more than %d", clip(one.Name), len(one.Value), maxValue)
		}
	})
	if why == "" && total > maxSeries {
		why = fmt.Sprintf("the labels have %d bytes together, more than %d", total, maxSeries)
	}
	return why
}

func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

// Appender implements storage.Appendable, which the library's rules write
// through.
func (p Space) Appender(ctx context.Context) storage.Appender {
	return &ruleAppender{ctx: ctx, space: p}
}

// ruleAppender gathers, so that all is stored by one Write.
type ruleAppender struct {
	ctx   context.Context //nolint:containedctx // storage.Appendable hands it over that way
	space Space
	list  []sample
	opts  storage.AppendOptions
}

type sample struct {
	l      labels.Labels
	t      int64
	v      float64
	h      *histogram.Histogram
	fh     *histogram.FloatHistogram
	reject bool
}

// Append implements storage.Appender.
func (a *ruleAppender) Append(_ storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	a.list = append(a.list, sample{l: l, t: t, v: v, reject: a.opts.DiscardOutOfOrder})
	return 0, nil
}

// AppendHistogram implements storage.Appender.
func (a *ruleAppender) AppendHistogram(_ storage.SeriesRef, l labels.Labels, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) (storage.SeriesRef, error) {
	a.list = append(a.list, sample{l: l, t: t, h: h, fh: fh})
	return 0, nil
}

// SetOptions implements storage.Appender.
func (a *ruleAppender) SetOptions(o *storage.AppendOptions) { a.opts = *o }

// AppendExemplar implements storage.Appender; none are kept.
func (*ruleAppender) AppendExemplar(storage.SeriesRef, labels.Labels, exemplar.Exemplar) (storage.SeriesRef, error) {
	return 0, nil
}

// AppendHistogramSTZeroSample implements storage.Appender; rules have none.
func (*ruleAppender) AppendHistogramSTZeroSample(storage.SeriesRef, labels.Labels, int64, int64, *histogram.Histogram, *histogram.FloatHistogram) (storage.SeriesRef, error) {
	return 0, nil
}

// AppendSTZeroSample implements storage.Appender; rules have none.
func (*ruleAppender) AppendSTZeroSample(storage.SeriesRef, labels.Labels, int64, int64) (storage.SeriesRef, error) {
	return 0, nil
}

// UpdateMetadata implements storage.Appender; rules have none.
func (*ruleAppender) UpdateMetadata(storage.SeriesRef, labels.Labels, metadata.Metadata) (storage.SeriesRef, error) {
	return 0, nil
}

// Commit implements storage.Appender. What could not be stored is the rule's
// error, but for a time that was written already: two nodes took turns.
func (a *ruleAppender) Commit() error {
	tally, err := a.space.Write(a.ctx, func(w *Writer) error {
		for _, s := range a.list {
			if _, err := w.Append(0, s.l, 0, s.t, s.v, s.h, s.fh, storage.AppendV2Options{RejectOutOfOrder: s.reject}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && tally.Limited > 0 {
		err = errs.New(errs.Unprocessable, "%s", tally.Error())
	}
	return err
}

// Rollback implements storage.Appender.
func (a *ruleAppender) Rollback() error { a.list = nil; return nil }
