package metric

import (
	"context"
	"errors"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hypercare/hypercare/internal/workspace"
)

// tenant is the label that says whose series it is. Whatever is sent under
// this name is overwritten, and a query that names it asks for a label that
// no series of its workspace has.
const tenant = "__workspace__"

// errNobody is for what would belong to no workspace.
var errNobody = errors.New("a series must belong to a workspace")

// Space is the series of one workspace: what is read and written through it
// can be of no other.
type Space struct {
	store *Store
	ws    string
}

// In returns the series of a workspace.
func (s *Store) In(ws workspace.ID) Space { return Space{store: s, ws: string(ws)} }

// Querier implements storage.Queryable: PromQL's engine reads through it.
func (p Space) Querier(mint, maxt int64) (storage.Querier, error) {
	if p.ws == "" {
		return nil, errNobody
	}
	d, err := p.store.opened()
	if err != nil {
		return nil, err
	}
	q, err := d.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return querier{q: q, own: labels.MustNewMatcher(labels.MatchEqual, tenant, p.ws)}, nil
}

// querier reads one workspace. It does not embed the library's, so that a
// method which that learns later is not passed on unseen.
type querier struct {
	q   storage.Querier
	own *labels.Matcher
}

// scope makes matchers ask for own series only. ok is false for a matcher of
// the hidden label that a series without it does not fulfil.
func (q querier) scope(list []*labels.Matcher) (out []*labels.Matcher, ok bool) {
	out = make([]*labels.Matcher, 0, len(list)+1)
	for _, m := range list {
		if m.Name != tenant {
			out = append(out, m)
		} else if !m.Matches("") {
			return nil, false
		}
	}
	return append(out, q.own), true
}

// Select implements storage.Querier.
func (q querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, list ...*labels.Matcher) storage.SeriesSet {
	list, ok := q.scope(list)
	if !ok {
		return storage.EmptySeriesSet()
	}
	set := &seriesSet{set: q.q.Select(ctx, sorted, hints, list...), b: labels.NewBuilder(labels.EmptyLabels())}
	if !sorted {
		return set
	}
	return set.sort() // without the hidden label the order is another
}

// LabelValues implements storage.LabelQuerier.
func (q querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, list ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	list, ok := q.scope(list)
	if !ok || name == tenant {
		return nil, nil, nil
	}
	return q.q.LabelValues(ctx, name, hints, list...)
}

// LabelNames implements storage.LabelQuerier.
func (q querier) LabelNames(ctx context.Context, hints *storage.LabelHints, list ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	list, ok := q.scope(list)
	if !ok {
		return nil, nil, nil
	}
	names, notes, err := q.q.LabelNames(ctx, hints, list...)
	return slices.DeleteFunc(names, func(n string) bool { return n == tenant }), notes, err
}

// Close implements storage.LabelQuerier.
func (q querier) Close() error { return q.q.Close() }

// seriesSet takes the hidden label off.
type seriesSet struct {
	set storage.SeriesSet
	b   *labels.Builder
}

// Next implements storage.SeriesSet.
func (s *seriesSet) Next() bool { return s.set.Next() }

// At implements storage.SeriesSet.
func (s *seriesSet) At() storage.Series {
	one := s.set.At()
	s.b.Reset(one.Labels())
	return series{one: one, labels: s.b.Del(tenant).Labels()}
}

// Err implements storage.SeriesSet.
func (s *seriesSet) Err() error { return s.set.Err() }

// Warnings implements storage.SeriesSet.
func (s *seriesSet) Warnings() annotations.Annotations { return s.set.Warnings() }

func (s *seriesSet) sort() storage.SeriesSet {
	var list []storage.Series
	for s.Next() {
		list = append(list, s.At())
	}
	slices.SortFunc(list, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &sortedSet{list: list, at: -1, err: s.Err(), notes: s.Warnings()}
}

type sortedSet struct {
	list  []storage.Series
	at    int
	err   error
	notes annotations.Annotations
}

// Next implements storage.SeriesSet.
func (s *sortedSet) Next() bool { s.at++; return s.at < len(s.list) }

// At implements storage.SeriesSet.
func (s *sortedSet) At() storage.Series { return s.list[s.at] }

// Err implements storage.SeriesSet.
func (s *sortedSet) Err() error { return s.err }

// Warnings implements storage.SeriesSet.
func (s *sortedSet) Warnings() annotations.Annotations { return s.notes }

type series struct {
	one    storage.Series
	labels labels.Labels
}

// Labels implements storage.Labels.
func (s series) Labels() labels.Labels { return s.labels }

// Iterator implements storage.SampleIterable.
func (s series) Iterator(it chunkenc.Iterator) chunkenc.Iterator { return s.one.Iterator(it) }
