package metric

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Each node keeps all series in its own folder, so that any answers any query
// and any may evaluate rules. Where nodes share their records, what one takes
// goes to the others through the database, for some minutes; a node that was
// away for longer, or is new, has a gap.
const (
	shareEvery = time.Second
	fetchEvery = 3 * time.Second
	shareLife  = 15 * time.Minute
	shareBytes = 64 << 20 // on their way out of one node; what is more is not shared
	fetchLap   = 30 * time.Second
)

// share is how a store exchanges samples with those of other nodes.
type share struct {
	db   *db.DB
	log  *slog.Logger
	self string
	out  chan parcel
	size atomic.Int64  // bytes in out
	lost atomic.Uint64 // samples that did not fit

	seen map[string]int64 // ids fetched lately, and their at
	from int64
}

// parcel is what one write stored.
type parcel struct {
	ws      string
	samples int
	body    []byte
}

// Share makes the store exchange samples with other nodes while Exchange
// runs. Where no other node can be there it does nothing.
func (s *Store) Share(d *db.DB) {
	if d.Shared() {
		s.share = &share{db: d, log: s.log, self: db.NewID(), out: make(chan parcel, 10_000), seen: map[string]int64{}}
	}
}

// Exchange sends and fetches until ctx ends; what was taken by then is sent.
func (s *Store) Exchange(ctx context.Context) {
	h := s.share
	if h == nil || s.Wait(ctx) != nil {
		return
	}
	send, fetch := time.NewTicker(shareEvery), time.NewTicker(fetchEvery)
	defer send.Stop()
	defer fetch.Stop()
	h.from = db.Micros(s.now().Add(-shareLife))
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			h.warn(last, h.send(last, s.now()))
			return
		case <-send.C:
			h.warn(ctx, h.send(ctx, s.now()))
		case <-fetch.C:
			h.warn(ctx, s.fetch(ctx))
		}
	}
}

func (h *share) warn(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "exchange metrics with other nodes", "err", err)
	}
}

// put hands over what a write stored; it never waits.
func (h *share) put(ctx context.Context, ws string, g *gathered) {
	text, err := g.req.Marshal()
	if err != nil {
		h.warn(ctx, err)
		return
	}
	p := parcel{ws: ws, samples: g.samples, body: s2.EncodeSnappy(nil, text)}
	n := int64(len(p.body))
	if h.size.Add(n) <= shareBytes {
		select {
		case h.out <- p:
			return
		default:
		}
	}
	h.size.Add(-n)
	if h.lost.Add(uint64(p.samples)) == uint64(p.samples) {
		h.log.WarnContext(ctx, "samples are not told to other nodes: too many are on their way")
	}
}

// send writes what waits, and forgets what is old.
func (h *share) send(ctx context.Context, now time.Time) error {
	for {
		var rows [][]any
		for bytes := 0; len(rows) < 100 && bytes < 4<<20; {
			select {
			case p := <-h.out:
				h.size.Add(-int64(len(p.body)))
				bytes += len(p.body)
				rows = append(rows, []any{p.ws, db.NewID(), h.self, db.Micros(now), p.body})
				continue
			default:
			}
			break
		}
		if len(rows) == 0 {
			return nil
		}
		if err := h.db.Tx(ctx, func(tx *db.Tx) error {
			if err := dropBatches(ctx, tx, now.Add(-shareLife)); err != nil {
				return err
			}
			return db.Insert(ctx, tx, `INSERT INTO metric_batch (workspace_id, id, node, at, body)`, "", rows)
		}); err != nil {
			return fmt.Errorf("send samples: %w", err)
		}
	}
}

func dropBatches(ctx context.Context, tx *db.Tx, before time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM metric_batch WHERE at < $1`, db.Micros(before))
	return err
}

// batchRow is a parcel of another node.
type batchRow struct {
	ws, id string
	at     int64
	body   []byte
}

func fetchBatches(ctx context.Context, q db.Queryer, self string, from int64, after string) ([]batchRow, error) {
	return db.All(ctx, q, func(s db.Scanner) (b batchRow, err error) { return b, s.Scan(&b.ws, &b.id, &b.at, &b.body) },
		`SELECT workspace_id, id, at, body FROM metric_batch WHERE (at, id) > ($1, $2) AND node <> $3 ORDER BY at, id LIMIT 200`, from, after, self)
}

// fetch stores what other nodes sent. It looks back a little each time, since
// rows do not come in the order of their times.
func (s *Store) fetch(ctx context.Context) error {
	h := s.share
	from, after, newest := h.from, "", h.from
	for {
		rows, err := fetchBatches(ctx, h.db, h.self, from, after)
		if err != nil {
			return fmt.Errorf("fetch samples: %w", err)
		}
		for _, r := range rows {
			from, after, newest = r.at, r.id, max(newest, r.at)
			if _, done := h.seen[r.id]; done {
				continue
			}
			if err := s.take(ctx, r); err != nil {
				return err
			}
			h.seen[r.id] = r.at
		}
		if len(rows) < 200 {
			break
		}
	}
	h.from = max(h.from, newest-fetchLap.Microseconds())
	for id, at := range h.seen {
		if at < h.from {
			delete(h.seen, id)
		}
	}
	return nil
}

func (s *Store) take(ctx context.Context, r batchRow) error {
	text, err := s2.Decode(nil, r.body)
	if err != nil {
		return fmt.Errorf("unpack samples of another node: %w", err)
	}
	var req writev2.Request
	if err := req.Unmarshal(text); err != nil {
		return fmt.Errorf("read samples of another node: %w", err)
	}
	_, err = s.In(workspace.ID(r.ws)).write(ctx, nil, func(w *Writer) error { return w.second(&req) })
	return err
}

// gathered is what a write stored, as remote write 2.0 has it.
type gathered struct {
	req     writev2.Request
	symbols writev2.SymbolsTable
	series  map[uint64]int // hash of the labels -> index into req.Timeseries
	samples int
}

func newGathered() *gathered {
	return &gathered{symbols: writev2.NewSymbolTable(), series: map[uint64]int{}}
}

// add notes a sample; l has no hidden label.
func (g *gathered) add(l labels.Labels, m metadata.Metadata, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
	key := l.Hash()
	i, ok := g.series[key]
	if !ok {
		i = len(g.req.Timeseries)
		g.req.Timeseries = append(g.req.Timeseries, writev2.TimeSeries{LabelsRefs: g.symbols.SymbolizeLabels(l, nil),
			Metadata: writev2.Metadata{Type: writev2.FromMetadataType(m.Type), HelpRef: g.symbols.Symbolize(m.Help), UnitRef: g.symbols.Symbolize(m.Unit)}})
		g.series[key] = i
	}
	ts := &g.req.Timeseries[i]
	switch {
	case h != nil:
		ts.Histograms = append(ts.Histograms, writev2.FromIntHistogram(st, t, h))
	case fh != nil:
		ts.Histograms = append(ts.Histograms, writev2.FromFloatHistogram(st, t, fh))
	default:
		ts.Samples = append(ts.Samples, writev2.Sample{StartTimestamp: st, Timestamp: t, Value: v})
	}
	g.samples++
}

// done completes the request.
func (g *gathered) done() { g.req.Symbols = g.symbols.Symbols() }
