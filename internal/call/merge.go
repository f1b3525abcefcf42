package call

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// Merging keeps the number of files low: those of an hour become one when the
// hour is over, or some when they are many before; hours in which little
// happened become one file a day. Row groups that are large enough are moved
// as they are, only small ones are read and written again, so that a call is
// written into a row group once when there is much traffic, and at most a few
// times when there is little.

// plan returns sets of segments that should be one, the most urgent first.
// skip names segments that can't be merged.
func planMerges(list []*segment, now int64, t tuning, skip func(*segment) bool) [][]*segment {
	type window struct {
		ws    workspace.ID
		start int64
	}
	hours := map[window][]*segment{}
	days := map[window][]*segment{}
	for _, s := range list {
		if skip(s) || s.Rows >= t.fileRows/2 {
			continue
		}
		hour := s.From / hourMicros
		if s.To/hourMicros == hour {
			w := window{s.Workspace, hour}
			hours[w] = append(hours[w], s)
		}
		if day := hour / 24; s.To/hourMicros/24 == day && s.Rows < t.groupRows/4 {
			w := window{s.Workspace, day}
			days[w] = append(days[w], s)
		}
	}
	var plans [][]*segment
	for w, group := range hours {
		if hourIsDue(group, (w.start+1)*hourMicros, now, t) {
			plans = append(plans, packs(group, t.fileRows)...)
		}
	}
	for w, group := range days {
		end := (w.start + 1) * 24 * hourMicros
		if now >= end+(t.late+time.Hour).Microseconds() {
			plans = append(plans, packs(group, t.groupRows)...)
		}
	}
	// A segment may be in the plan of its hour and in that of its day: only
	// the first counts, the rest is planned again.
	slices.SortFunc(plans, func(a, b []*segment) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0].From, b[0].From), cmp.Compare(a[0].path, b[0].path))
	})
	taken := map[*segment]bool{}
	return slices.DeleteFunc(plans, func(p []*segment) bool {
		if slices.ContainsFunc(p, func(s *segment) bool { return taken[s] }) {
			return true
		}
		for _, s := range p {
			taken[s] = true
		}
		return false
	})
}

// hourIsDue reports whether the segments of an hour should be merged now.
func hourIsDue(group []*segment, end, now int64, t tuning) bool {
	switch {
	case len(group) < 2:
		return false
	case len(group) >= t.mergeAt:
		return true
	case now < end+t.grace.Microseconds():
		return false
	}
	// Stragglers of an hour that was merged already wait until most are there.
	merged := slices.ContainsFunc(group, func(s *segment) bool { return len(s.Replaces) > 0 })
	return !merged || now >= end+t.late.Microseconds()
}

// packs parts a group, by time, into sets that have at most so many rows
// each. A set of one is none.
func packs(group []*segment, most int) [][]*segment {
	slices.SortFunc(group, func(a, b *segment) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.path, b.path))
	})
	var sets [][]*segment
	var set []*segment
	rows := 0
	end := func() {
		if len(set) > 1 {
			sets = append(sets, set)
		}
		set, rows = nil, 0
	}
	for _, s := range group {
		if rows+s.Rows > most {
			end()
		}
		set = append(set, s)
		rows += s.Rows
	}
	end()
	return sets
}

// mergeAll merges what is due. Heads that wait go before each merge.
func (k *keeper) mergeAll() error {
	for !k.stopped() {
		plans := planMerges(k.l.segments, k.l.now(), k.l.cfg.tune, k.l.files.isBroken)
		if len(plans) == 0 {
			return nil
		}
		if err := k.merge(plans[0]); err != nil {
			return err
		}
		if err := k.cutAll(); err != nil {
			return err
		}
	}
	return nil
}

// merge makes one segment out of some of one workspace.
func (k *keeper) merge(old []*segment) error {
	l := k.l
	from := origin{Workspace: old[0].Workspace}
	rows := 0
	for _, s := range old {
		from.Replaces = append(from.Replaces, s.Name)
		rows += s.Rows
	}
	w := k.writer()
	path := filepath.Join(folderOf(l.cfg.Dir, from.Workspace), segmentName(old[0].From, l.manifest.Next))
	if err := w.begin(path, from); err != nil {
		return err
	}
	m := &merger{k: k, w: w}
	for _, s := range old {
		if err := m.take(s); err != nil {
			w.abort()
			if l.files.isBroken(s) { // left out of the next plan
				return nil
			}
			return fmt.Errorf("merge segment %s: %w", s.Name, err)
		}
	}
	if err := m.flush(); err != nil {
		w.abort()
		return err
	}
	if got := w.rows(); got != rows {
		w.abort()
		return fmt.Errorf("merging %v would make %d calls out of %d; nothing was changed", from.Replaces, got, rows)
	}
	meta, err := w.finish()
	if err != nil {
		return err
	}
	return k.commit([]segmentMeta{meta}, old, nil)
}

// merger collects small row groups until they fill one.
type merger struct {
	k      *keeper
	w      *segmentWriter
	rows   int
	bytes  int64
	frames []byte
}

// take takes over all row groups of a segment.
func (m *merger) take(s *segment) error {
	l := m.k.l
	o, err := l.files.get(s)
	if err != nil {
		return err
	}
	defer l.files.put(o)
	for i, g := range s.Groups {
		large := g.Rows >= l.cfg.tune.groupRows/2 || g.Bytes >= groupBytes/2
		if large && o.index != nil {
			if err := m.flush(); err != nil {
				return err
			}
			if err := m.w.copyGroup(o, i); err != nil {
				if failed := m.w.failed(); failed != nil {
					return failed
				}
				l.files.damaged(s, err)
				return err
			}
			continue
		}
		if m.rows+g.Rows > l.cfg.tune.groupRows || m.bytes+g.Bytes > groupBytes {
			if err := m.flush(); err != nil {
				return err
			}
		}
		if err := m.read(o, i); err != nil {
			l.files.damaged(s, err)
			return err
		}
		m.rows += g.Rows
		m.bytes += g.Bytes
	}
	return nil
}

// read reads a row group as frames.
func (m *merger) read(o *openSegment, group int) (err error) {
	defer caught(&err)
	m.frames = slices.Grow(m.frames, int(o.meta.Groups[group].Bytes))
	return newScratch().whole(o, group, func(r *Record) { m.frames = appendFrame(m.frames, r) })
}

// flush writes what was collected as one row group.
func (m *merger) flush() error {
	if m.rows == 0 {
		return nil
	}
	list := make([]frame, 0, m.rows)
	for rest := m.frames; len(rest) > 0; {
		body, next := splitFrame(rest)
		list = append(list, frame{frameTime(body), body})
		rest = next
	}
	sortFrames(list)
	err := m.k.addFrames(m.w, list)
	m.rows, m.bytes, m.frames = 0, 0, nil
	return err
}
