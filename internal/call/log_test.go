package call

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

func wsID(s string) workspace.ID { return workspace.ID(s) }

// fullDisk is a disk that can become full: a write then takes half of what it
// is given.
type fullDisk struct {
	full atomic.Bool
	free atomic.Int64
}

func (d *fullDisk) disk() disk {
	d.free.Store(1 << 40)
	fake := realDisk
	fake.create = func(path string) (outFile, error) {
		if d.full.Load() {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.ENOSPC}
		}
		f, err := realDisk.create(path)
		return &fullFile{f, d}, err
	}
	fake.free = func(string) int64 { return d.free.Load() }
	return fake
}

type fullFile struct {
	outFile
	d *fullDisk
}

func (f *fullFile) Write(b []byte) (int, error) {
	if f.d.full.Load() {
		n, err := f.outFile.Write(b[:len(b)/2])
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return f.outFile.Write(b)
}

func TestAFullDiskStopsTheLogAndNotTheTraffic(t *testing.T) {
	t.Parallel()
	d, clk := &fullDisk{}, &clock{start}
	l, k := testLog(t, Config{disk: d.disk(), Buffer: 64 << 10, Now: clk.now})
	dir := l.cfg.Dir
	put(t, l, testRecord(0), testRecord(1))
	d.full.Store(true)
	r := testRecord(2)
	if !l.Append(&r) {
		t.Error("a call was refused while there was room in the buffer")
	}
	if err := l.Sync(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("sync on a full disk: %v", err)
	}
	if s := l.Stats().State; !strings.Contains(s, "disk") || !strings.Contains(s, "Traffic goes on") || !strings.HasSuffix(s, ".") {
		t.Errorf("state %q", s)
	}
	accepted := 3
	for n := 3; n < 3000; n++ { // returns at once, however full all is
		if r := testRecord(n); l.Append(&r) {
			accepted++
		}
	}
	if s := l.Stats(); s.Dropped == 0 || int(s.Appended) != accepted || s.Dropped != 3000-int64(accepted) {
		t.Errorf("%+v, %d were taken", s, accepted)
	}
	d.full.Store(false)
	must(t, l.Sync(t.Context()))
	if s := l.Stats(); s.State != "" || s.Calls != int64(accepted) {
		t.Errorf("with room again: %+v, %d were taken", s, accepted)
	}
	// Segments can't be written, the spool is there.
	sealNow(t, l)
	d.full.Store(true)
	k.planned = time.Time{}
	k.round()
	if s := l.Stats(); !strings.Contains(s.State, "disk") || s.Segments != 0 || s.Calls != int64(accepted) {
		t.Errorf("segments on a full disk: %+v", s)
	}
	d.full.Store(false)
	k.must(t)
	if s := l.Stats(); s.Segments != 1 || s.Calls != int64(accepted) {
		t.Errorf("segments with room again: %+v", s)
	}
	// Neither can segments be merged, and none is taken for damaged by that.
	put(t, l, testRecord(5000))
	sealNow(t, l)
	k.must(t)
	clk.t = clk.t.Add(24 * time.Hour)
	d.full.Store(true)
	k.planned = time.Time{}
	k.round()
	if s := l.Stats(); !strings.Contains(s.State, "disk") || s.Segments != 2 || s.Unreadable > 0 {
		t.Errorf("merging on a full disk: %+v", s)
	}
	d.full.Store(false)
	k.must(t)
	accepted++
	if s := l.Stats(); s.Segments != 1 || s.Calls != int64(accepted) || s.Unreadable > 0 {
		t.Errorf("merging with room again: %+v", s)
	}
	must(t, l.Close())
	l, _ = testLog(t, Config{Dir: dir})
	if got := len(everything(t, l, "ws_a")); got != accepted {
		t.Errorf("%d calls after opening again, want %d", got, accepted)
	}
	must(t, l.Close())
}

func TestSomeOfTheDiskIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := &fullDisk{}
	cfg := Config{Dir: t.TempDir(), disk: d.disk(), manual: true}
	l, err := Open(cfg)
	must(t, err)
	d.free.Store(100 << 20)
	r := testRecord(1)
	l.Append(&r)
	if err := l.Sync(t.Context()); !errors.Is(err, errNoRoom) {
		t.Errorf("with 100 MB free: %v", err)
	}
	d.free.Store(300 << 20)
	must(t, l.Sync(t.Context()))
	must(t, l.Close())
}

func TestDropsAreLoggedOnceASecond(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var mu sync.Mutex
		l, err := Open(Config{Dir: dir, Buffer: 2000, MinFree: 1, manual: true, Log: slog.New(slog.NewTextHandler(lockedWriter{&mu, &out}, nil)), tune: tuning{flush: time.Hour, cutRows: 1 << 20, cutBytes: 1 << 30, cutAge: time.Hour, heads: 4}})
		must(t, err)
		for n := range 100 {
			r := testRecord(n)
			l.Append(&r)
		}
		<-time.NewTimer(2500 * time.Millisecond).C // of the bubble
		synctest.Wait()
		mu.Lock()
		text := out.String()
		mu.Unlock()
		if n := strings.Count(text, "calls were not recorded"); n != 1 || !strings.Contains(text, fmt.Sprintf("dropped=%d", l.Stats().Dropped)) {
			t.Errorf("logged %d times:\n%s", n, text)
		}
		must(t, l.Close())
	})
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	t.Parallel()
	l, err := Open(Config{Dir: t.TempDir(), MinFree: 1, Now: func() time.Time { return start.Add(3 * time.Hour) }, tune: tuning{flush: time.Millisecond, cutRows: 300, cutBytes: 1 << 20, cutAge: time.Hour,
		heads: 100, mergeAt: 3, grace: time.Minute, late: time.Hour, fileRows: 5000, groupRows: 256}})
	must(t, err)
	const writers, each = 8, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var r Record
			for i := range each {
				r = testRecord(w*each + i)
				for !l.Append(&r) {
				}
				if i%100 == 0 {
					if err := l.Sync(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := int64(0)
			for {
				n, err := l.Count(t.Context(), "ws_a", Query{})
				if err != nil || n < last || n > writers*each {
					t.Errorf("count went from %d to %d: %v", last, n, err)
				}
				last = n
				if _, err := l.Find(t.Context(), "ws_a", Query{Text: "orders", Where: []Filter{{Field: User, Values: []string{"u_3"}}}}); err != nil {
					t.Error(err)
				}
				if _, err := l.Facets(t.Context(), "ws_a", Query{}, []Field{Route, Path}, 5); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
	must(t, l.Sync(t.Context()))
	close(done)
	readers.Wait()
	list := ids(everything(t, l, "ws_a"))
	slices.Sort(list)
	if n := len(slices.Compact(list)); n != writers*each {
		t.Errorf("%d different calls, want %d", n, writers*each)
	}
	must(t, l.Close())
}

func TestWhatIsTooOldOrTooMuchIsDropped(t *testing.T) {
	t.Parallel()
	clk := &clock{start}
	l, k := testLog(t, Config{Now: clk.now})
	for hour := range 6 {
		clk.t = start.Add(time.Duration(hour) * time.Hour)
		r := testRecord(hour)
		r.Time = clk.t.UnixMicro()
		put(t, l, r)
		sealNow(t, l)
		k.must(t)
	}
	l.SetRetention(Retention{Age: 150 * time.Minute})
	k.must(t)
	if s := l.Stats(); s.Calls != 3 || !s.Oldest.Equal(start.Add(3*time.Hour)) {
		t.Errorf("by age: %+v", s)
	}
	l.SetRetention(Retention{Bytes: l.Stats().Bytes - 1})
	k.must(t)
	if s := l.Stats(); s.Calls != 2 || !s.Newest.Equal(start.Add(5*time.Hour)) {
		t.Errorf("by size: %+v", s)
	}
	if list, err := segmentPaths(l.cfg.Dir); err != nil || len(list) != 2 {
		t.Errorf("files left: %v %v", list, err)
	}
	must(t, l.Close())
}

func TestASegmentInUseIsRemovedAfterwards(t *testing.T) {
	t.Parallel()
	clk := &clock{start}
	l, k := testLog(t, Config{Now: clk.now})
	put(t, l, testRecord(1))
	sealNow(t, l)
	k.must(t)
	p, err := Query{}.plan("ws_a")
	must(t, err)
	snap := l.look(p)
	clk.t = start.Add(48 * time.Hour)
	l.SetRetention(Retention{Age: time.Hour})
	k.must(t)
	if n, err := l.Count(t.Context(), "ws_a", Query{}); n != 0 || err != nil {
		t.Errorf("a query that comes after sees %d calls: %v", n, err)
	}
	calls, err := l.fetch(t.Context(), p, snap, []key{{}}, listFields)
	if err != nil || len(calls) != 1 || calls[0].ID != testRecord(1).ID {
		t.Errorf("a query that came before: %v %v", calls, err)
	}
	snap.release()
	if list, err := segmentPaths(l.cfg.Dir); err != nil || len(list) != 0 {
		t.Errorf("files left: %v %v", list, err)
	}
	must(t, l.Close())
}

func TestADamagedSegmentIsToldAndLeftOut(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }})
	for hour := range 3 {
		r := testRecord(hour)
		r.Time += int64(hour) * hourMicros
		put(t, l, r)
		sealNow(t, l)
		k.must(t)
	}
	path := l.segments[1].path + dataSuffix
	whole, err := os.ReadFile(path)
	must(t, err)
	for i := 4; i < len(whole)-2000; i++ {
		whole[i] ^= 0x55
	}
	must(t, os.WriteFile(path, whole, 0o600))
	page, err := l.Find(t.Context(), "ws_a", Query{})
	must(t, err)
	if len(page.Calls) != 2 || page.Info.Unreadable != 1 {
		t.Errorf("%d calls, %+v", len(page.Calls), page.Info)
	}
	if s := l.Stats(); s.Unreadable != 1 {
		t.Errorf("%+v", s)
	}
	must(t, os.WriteFile(path, []byte("PAR1"), 0o600))
	must(t, l.Close())
	l, k = testLog(t, Config{Dir: l.cfg.Dir, Now: func() time.Time { return start.Add(24 * time.Hour) }})
	k.must(t)
	if n, err := l.Count(t.Context(), "ws_a", Query{}); n != 2 || err != nil {
		t.Errorf("%d calls after opening again: %v", n, err)
	}
	must(t, l.Close())
}

func TestASegmentThatCouldNotBeOpenedIsTriedAgain(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }})
	put(t, l, testRecord(1))
	sealNow(t, l)
	k.must(t)
	seg := l.segments[0]
	must(t, os.Rename(seg.path+dataSuffix, seg.path+".away"))
	count := func() int64 {
		n, err := l.Count(t.Context(), "ws_a", Query{})
		must(t, err)
		return n
	}
	if n := count(); n != 0 || l.Stats().Unreadable != 1 {
		t.Errorf("%d calls, %+v", n, l.Stats())
	}
	must(t, os.Rename(seg.path+".away", seg.path+dataSuffix))
	if n := count(); n != 0 {
		t.Errorf("tried again at once")
	}
	l.files.broken[seg].at = time.Now().Add(-2 * tryAgain)
	if n := count(); n != 1 || l.Stats().Unreadable != 0 {
		t.Errorf("%d calls, %+v", n, l.Stats())
	}
	must(t, l.Close())
}

func TestAnIndexThatIsGoneCostsTimeOnly(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }})
	put(t, l, testRecord(1), testRecord(2), testRecord(3))
	sealNow(t, l)
	k.must(t)
	must(t, os.Remove(l.segments[0].path+indexSuffix))
	page, err := l.Find(t.Context(), "ws_a", Query{Text: "orders 2", Where: []Filter{{Field: User, Values: []string{"u_2"}}}})
	if err != nil || len(page.Calls) != 1 {
		t.Errorf("%+v %v", page, err)
	}
	must(t, l.Close())
}

func TestASpoolNeverGrowsWithoutEnd(t *testing.T) {
	t.Parallel()
	tune := small
	tune.cutRows, tune.heads = 1, 2
	l, k := testLog(t, Config{tune: tune})
	var err error
	for n := 0; err == nil && n < 10; n++ {
		r := testRecord(n)
		l.Append(&r)
		err = l.Sync(t.Context())
	}
	if !errors.Is(err, errBehind) {
		t.Errorf("nothing is made into segments, and: %v", err)
	}
	if s := l.Stats().State; !strings.Contains(s, "Traffic goes on") {
		t.Errorf("state %q", s)
	}
	must(t, k.cutAll())
	must(t, l.Sync(t.Context()))
	if s := l.Stats().State; s != "" {
		t.Errorf("state %q", s)
	}
	must(t, l.Close())
}

func TestFoldersAreNamedSafely(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"ws_1A-b": "ws_1A-b", "../x": "x-2e2e2f78", "": "x-", "ä": "x-c3a4", "x-2e": "x-782d3265"} {
		if got := filepath.Base(folderOf("dir", wsID(id))); got != want {
			t.Errorf("folder of %q is %q, want %q", id, got, want)
		}
	}
}
