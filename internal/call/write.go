package call

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// writer moves what was appended into the spool. It is one goroutine, the
// only one that touches the newest head's file.
type writer struct {
	l       *Log
	file    *spool
	broken  bool // the file's end is unknown
	scratch []byte
	pending []byte // placed in the head, not on disk yet
	looked  time.Time
	free    int64
	told    int64 // drops that were reported
}

// write is the writer's life.
func (l *Log) write() {
	w := &writer{l: l}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	armed := false
	for {
		select {
		case <-l.buf.wake:
			if !armed {
				timer.Reset(l.cfg.tune.flush)
				armed = true
			}
		case <-timer.C:
			armed = false
			if len(w.pending) == 0 { // else the next second tries again
				_ = w.flush()
			}
		case reply := <-l.flushes:
			reply <- w.flush()
		case <-second.C:
			w.second()
		case <-l.seals:
			w.seal()
		case <-l.quit:
			w.end()
			return
		}
	}
}

// flush brings on disk what waits.
func (w *writer) flush() error {
	l := w.l
	for again := true; again; {
		again = len(w.pending) > 0 // what waited before, and then what came since
		if !again {
			w.scratch = l.buf.take(w.scratch[:0])
			if len(w.scratch) == 0 {
				return nil
			}
			w.pending = l.head.place(w.scratch)
			l.tail.publish(w.pending)
			if cap(w.scratch) > 4<<20 {
				w.scratch = nil
			}
		}
		err := w.store()
		l.setTrouble(partSpool, err)
		if err != nil {
			return err
		}
		w.pending = nil
		now := l.now()
		l.synced.Store(now)
		l.mu.Lock()
		l.head.show(now)
		full := l.head.rows >= l.cfg.tune.cutRows || l.head.bytes >= l.cfg.tune.cutBytes
		l.mu.Unlock()
		if full {
			w.seal()
		}
	}
	return nil
}

// store writes what is pending into the spool, and syncs it.
func (w *writer) store() error {
	l := w.l
	if err := w.room(); err != nil {
		return err
	}
	if w.file == nil {
		f, err := createSpool(l.cfg.disk, spoolPath(l.cfg.Dir, l.head.n))
		if err != nil {
			return err
		}
		w.file, w.broken = f, false
	}
	if w.broken {
		if err := w.file.repair(); err != nil {
			return err
		}
		w.broken = false
	}
	if err := w.file.append(w.pending); err != nil {
		w.broken = true
		return err
	}
	return nil
}

var (
	errNoRoom = errors.New("no room")
	errBehind = errors.New("behind")
)

// room refuses to write when the disk is nearly full, or when too much waits
// to be made into segments.
func (w *writer) room() error {
	l := w.l
	if now := time.Now(); now.Sub(w.looked) >= time.Second || w.free < l.cfg.MinFree {
		w.looked, w.free = now, l.cfg.disk.free(l.cfg.Dir)
	}
	if w.free >= 0 && w.free < l.cfg.MinFree {
		return fmt.Errorf("%w: %d MB are free in %s, %d MB are left alone", errNoRoom, w.free>>20, l.cfg.Dir, l.cfg.MinFree>>20)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sealed) >= l.cfg.tune.heads+1 {
		return fmt.Errorf("%w: %d parts of the spool wait to be made into segments", errBehind, len(l.sealed))
	}
	return nil
}

// seal ends the newest head and begins another.
func (w *writer) seal() {
	l := w.l
	if w.file != nil {
		_ = w.file.f.Close() // all of it is synced
		w.file = nil
	}
	l.mu.Lock()
	l.sealed = append(l.sealed, l.head)
	l.head = &head{n: l.head.n + 1}
	l.mu.Unlock()
	l.nudge()
}

// second is what has to be looked after without a record coming.
func (w *writer) second() {
	l := w.l
	if len(w.pending) > 0 {
		_ = w.flush()
	}
	l.mu.Lock()
	old := l.head.born > 0 && l.now()-l.head.born >= l.cfg.tune.cutAge.Microseconds()
	why := l.stateLocked()
	l.mu.Unlock()
	if old && len(w.pending) == 0 {
		w.seal()
	}
	if lost := l.buf.lost.Load(); lost > w.told {
		if why == "" {
			why = "More calls came than could be written; the buffer was full."
		}
		l.log.Warn("calls were not recorded", "dropped", lost-w.told, "why", why)
		w.told = lost
	}
}

// end writes what is left. What is in the spool is read again at the next
// start.
func (w *writer) end() {
	if err := w.flush(); err != nil {
		w.l.log.Error("the end of the call log could not be written", "bytes", len(w.pending), "err", err)
	}
	if w.file == nil {
		return
	}
	if w.broken {
		_ = w.file.repair()
	}
	_ = w.file.f.Close()
}

// setTrouble notes why a part of the log has stopped, nil for that it works;
// it is logged when that changes.
func (l *Log) setTrouble(part string, err error) {
	why := ""
	if err != nil {
		why = sentence(part, l.cfg.Dir, err)
	}
	l.mu.Lock()
	before := l.trouble[part]
	l.trouble[part] = why
	l.mu.Unlock()
	switch {
	case why != "" && before == "":
		l.log.Error("the call log has stopped", "part", part, "err", err)
	case why == "" && before != "":
		l.log.Info("the call log goes on", "part", part)
	}
}

// sentence says what is wrong and what to do.
func sentence(part, dir string, err error) string {
	begin, end := "Calls are not recorded", "Traffic goes on, and recording starts again by itself."
	if part == partSegments {
		begin, end = "Calls are only recorded as long as the spool has room", "It is tried again by itself."
	}
	switch {
	case part == partCluster:
		return fmt.Sprintf("Calls are only recorded as long as this node's spool has room, and new ones are not found: ClickHouse does not take them (%v). It is tried again by itself.", err)
	case errors.Is(err, errNoRoom), isFull(err):
		return fmt.Sprintf("%s: the disk that holds %s is full; make room, or keep calls for a shorter time. %s", begin, dir, end)
	case errors.Is(err, errBehind):
		return fmt.Sprintf("%s: the disk is too slow for so many, or segments can't be written. %s", begin, end)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%s: %s may not be written to; give hypercare the right to. %s", begin, dir, end)
	default:
		return fmt.Sprintf("%s: writing to %s failed (%v). %s", begin, dir, err, end)
	}
}

// nudge wakes who makes segments.
func (l *Log) nudge() {
	select {
	case l.work <- struct{}{}:
	default:
	}
}
