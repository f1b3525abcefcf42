package call

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// keeper makes heads into segments, merges segments and drops old ones. It is
// one goroutine, the only one that changes which segments there are.
type keeper struct {
	l       *Log
	out     *segmentWriter
	used    time.Time // when out was
	planned time.Time // when merges were last looked for
	orphans []segmentMeta
}

// tendEvery is how often the keeper looks by itself; a merge may wait longer.
const (
	tendEvery = 5 * time.Second
	planEvery = time.Minute
)

func (l *Log) tend() {
	k := &keeper{l: l}
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.quit:
			return
		case <-l.work:
			k.planned = time.Time{}
		case <-tick.C:
		case e := <-l.erasures:
			n, err := k.erase(e.ctx, e.p)
			e.reply <- erased{n, err}
			continue
		}
		k.round()
	}
}

// round does what there is to do. After an error it is tried again in the
// next round.
func (k *keeper) round() {
	l := k.l
	err := k.cutAll()
	if now := time.Now(); err == nil && now.Sub(k.planned) >= planEvery {
		k.planned = now
		if err = k.mergeAll(); err == nil {
			err = k.retain()
		}
	}
	l.setTrouble(partSegments, err)
	if k.out != nil && time.Since(k.used) > planEvery {
		k.out = nil // its tables are some megabytes
	}
}

func (k *keeper) stopped() bool {
	select {
	case <-k.l.quit:
		return true
	default:
		return false
	}
}

// cutAll makes segments out of all heads that wait.
func (k *keeper) cutAll() error {
	for !k.stopped() {
		k.l.mu.Lock()
		var h *head
		if len(k.l.sealed) > 0 {
			h = k.l.sealed[0]
		}
		k.l.mu.Unlock()
		if h == nil {
			return nil
		}
		if err := k.cut(h); err != nil {
			return err
		}
	}
	return nil
}

// frame is the body of one, to be sorted.
type frame struct {
	time int64
	body []byte
}

func sortFrames(list []frame) {
	slices.SortFunc(list, func(a, b frame) int {
		if c := cmp.Compare(a.time, b.time); c != 0 {
			return c
		}
		return bytes.Compare(frameID(a.body), frameID(b.body))
	})
}

// part of a head that becomes a segment.
type part struct {
	ws   workspace.ID
	hour int64
}

const hourMicros = int64(time.Hour / time.Microsecond)

// cut makes one head into segments: one for each workspace and hour.
func (k *keeper) cut(h *head) error {
	parts := map[part][]frame{}
	err := eachFrame(h.units, func(body []byte) error {
		ws, err := frameWorkspace(body)
		t := frameTime(body)
		p := part{ws, t / hourMicros}
		parts[p] = append(parts[p], frame{t, body})
		return err
	})
	if err != nil {
		return err
	}
	var made []segmentMeta
	next := k.l.manifest.Next
	for p, list := range parts {
		p.ws = workspace.ID(strings.Clone(string(p.ws))) // it points into the head, which shall go
		meta, err := k.writeFrames(p.ws, next, origin{Workspace: p.ws, Spools: []uint64{h.n}}, list)
		if err != nil {
			k.discard(made)
			return err
		}
		made = append(made, meta)
		next++
	}
	if err := k.commit(made, nil, h); err != nil {
		return err
	}
	if err := os.Remove(spoolPath(k.l.cfg.Dir, h.n)); err != nil && !errors.Is(err, fs.ErrNotExist) { // the next start will
		k.l.log.Warn("remove a spool file that is in segments", "err", err)
	}
	return nil
}

func (k *keeper) writer() *segmentWriter {
	if k.out == nil {
		k.out = &segmentWriter{disk: k.l.cfg.disk}
	}
	k.used = time.Now()
	return k.out
}

// writeFrames writes a segment of frames.
func (k *keeper) writeFrames(ws workspace.ID, n uint64, from origin, list []frame) (segmentMeta, error) {
	sortFrames(list)
	w := k.writer()
	if err := w.begin(filepath.Join(folderOf(k.l.cfg.Dir, ws), segmentName(list[0].time, n)), from); err != nil {
		return segmentMeta{}, err
	}
	if err := k.addFrames(w, list); err != nil {
		w.abort()
		return segmentMeta{}, err
	}
	return w.finish()
}

// addFrames adds sorted frames, in as many row groups as they need.
func (k *keeper) addFrames(w *segmentWriter, list []frame) error {
	var r Record
	for _, f := range list {
		if w.group.Rows >= k.l.cfg.tune.groupRows || w.group.Bytes >= groupBytes {
			if err := w.endGroup(); err != nil {
				return err
			}
		}
		if err := decode(f.body, &r); err != nil {
			return err
		}
		if err := w.add(&r, len(f.body)+frameHead); err != nil {
			return err
		}
	}
	return w.endGroup()
}

// discard removes segments that did not get into the log.
func (k *keeper) discard(made []segmentMeta) {
	for _, meta := range made {
		_ = (&segment{path: filepath.Join(folderOf(k.l.cfg.Dir, meta.Workspace), meta.Name)}).remove()
	}
}

// commit brings new segments into the log and takes others, or a head that
// they were made of, out of it: on disk, then in memory, each in one moment.
func (k *keeper) commit(made []segmentMeta, old []*segment, from *head) error {
	l := k.l
	m := l.manifest // only this goroutine changes it
	m.Next += uint64(len(made))
	if from != nil {
		m.Spools = from.n
	}
	left := make([]*segment, 0, len(l.segments)+len(made))
	for _, s := range l.segments {
		if !slices.Contains(old, s) {
			left = append(left, s)
		}
	}
	for _, meta := range made {
		left = append(left, &segment{segmentMeta: meta, path: filepath.Join(folderOf(l.cfg.Dir, meta.Workspace), meta.Name)})
	}
	m.Segments = make([]segmentMeta, len(left))
	for i, s := range left {
		m.Segments[i] = s.segmentMeta
	}
	if err := l.cfg.disk.saveManifest(l.cfg.Dir, &m); err != nil {
		// The new manifest may be on disk or not. So nothing that it names is
		// removed, and no name is used twice, until one is there for sure.
		k.orphans = append(k.orphans, made...)
		l.manifest.Next = m.Next
		return err
	}
	k.discard(k.orphans)
	k.orphans = nil
	m.Segments = nil
	l.mu.Lock()
	l.manifest, l.segments = m, left
	if from != nil {
		l.sealed = slices.DeleteFunc(slices.Clone(l.sealed), func(h *head) bool { return h == from })
	}
	var unused []*segment
	for _, s := range old {
		s.gone = true
		if s.users == 0 {
			unused = append(unused, s)
		}
	}
	l.mu.Unlock()
	for _, s := range unused {
		l.forget(s)
	}
	return nil
}

// forget removes the files of a segment that nobody reads any more.
func (l *Log) forget(s *segment) {
	l.files.drop(s)
	if err := s.remove(); err != nil {
		l.log.Warn("remove a segment of the call log", "segment", s.path, "err", err)
	}
}

// retain drops what is too old or too much.
func (k *keeper) retain() error {
	l := k.l
	l.mu.Lock()
	keep := l.keep
	l.mu.Unlock()
	old := outlived(l.segments, keep, l.now())
	if len(old) == 0 {
		return nil
	}
	return k.commit(nil, old, nil)
}

// outlived returns the segments that are not to be kept.
func outlived(list []*segment, keep Retention, now int64) []*segment {
	newest := slices.Clone(list)
	slices.SortStableFunc(newest, func(a, b *segment) int { return cmp.Compare(b.To, a.To) })
	var drop []*segment
	var sum int64
	for _, s := range newest {
		sum += s.Bytes
		if keep.Age > 0 && s.To < now-keep.Age.Microseconds() || keep.Bytes > 0 && sum > keep.Bytes {
			drop = append(drop, s)
		}
	}
	return drop
}
