package call

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"pgregory.net/rapid"
)

func drawText(t *rapid.T, label string, most int) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, label))
}

func TestARecordComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r Record
		for _, f := range intFields {
			*r.int(f) = rapid.Int64().Draw(t, f.String())
		}
		for _, f := range fixedFields {
			copy(r.fixed(f), rapid.SliceOfN(rapid.Byte(), columns[f].size, columns[f].size).Draw(t, f.String()))
		}
		for _, f := range textFields {
			if f == RequestBody || f == ResponseBody {
				*r.text(f) = drawText(t, f.String(), 40)
			} else {
				*r.text(f) = rapid.StringN(0, 12, columns[f].size).Draw(t, f.String())
			}
		}
		frames := appendFrame([]byte("before"), &r)[len("before"):]
		body, rest, err := nextFrame(frames)
		if err != nil || len(rest) > 0 {
			t.Fatal(err)
		}
		var got Record
		if err := decode(body, &got); err != nil || got != r {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, r)
		}
	})
}

func TestWhatIsTooLongOrNoTextIsCut(t *testing.T) {
	t.Parallel()
	long := string(bytes.Repeat([]byte("ä"), 300))
	r := Record{Method: long, Agent: "a\xffb", Request: Payload{Capture: Whole, Body: string(make([]byte, MaxBody+1))}, Response: Payload{Capture: Whole, Body: "\xff"}}
	body, _, err := nextFrame(appendFrame(nil, &r))
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := decode(body, &got); err != nil {
		t.Fatal(err)
	}
	if want := long[:64]; got.Method != want {
		t.Errorf("method %q, want %q", got.Method, want)
	}
	if got.Agent != "a\uFFFDb" {
		t.Errorf("agent %q", got.Agent)
	}
	if got.Request.Capture != Cut || len(got.Request.Body) != MaxBody {
		t.Errorf("a long body is %q with %d bytes", got.Request.Capture, len(got.Request.Body))
	}
	if got.Response.Capture != Whole || got.Response.Body != "\xff" {
		t.Errorf("a short body is %+v", got.Response)
	}
	if clip("aä", 2) != "a" || clip("aä", 3) != "aä" {
		t.Errorf("clip cuts through a rune: %q %q", clip("aä", 2), clip("aä", 3))
	}
}

// FuzzSpool reads whatever may lie in a spool file: what comes out are whole
// records, and they come out again of what they were in.
func FuzzSpool(f *testing.F) {
	r := testRecord(1)
	one := appendFrame([]byte(spoolMagic), &r)
	f.Add(one)
	f.Add(append(bytes.Clone(one), one[len(spoolMagic):]...))
	f.Add(one[:len(one)-3])
	f.Add([]byte(spoolMagic))
	f.Add([]byte{})
	f.Add(append(bytes.Clone(one), make([]byte, 64)...))
	huge := bytes.Clone(one)
	binary.LittleEndian.PutUint32(huge[len(spoolMagic):], 1<<31)
	f.Add(huge)
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, torn, err := soundFrames(b)
		if err != nil {
			return
		}
		if !torn && len(b) > 0 && len(frames) != len(b)-len(spoolMagic) {
			t.Fatal("something was left out, and nothing was torn")
		}
		var h head
		h.place(frames)
		h.show(1)
		n, again := 0, []byte(spoolMagic)
		var r Record
		if err := eachFrame(h.units, func(body []byte) error {
			n++
			if err := decode(body, &r); err != nil {
				return err
			}
			again = appendFrame(again, &r)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n != h.rows {
			t.Fatalf("%d rows, %d frames", h.rows, n)
		}
		if _, torn, err := soundFrames(again); torn || err != nil {
			t.Fatal("what was written again can't be read", torn, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	r := testRecord(1)
	body, _ := splitFrame(appendFrame(nil, &r))
	f.Add(body)
	f.Fuzz(func(_ *testing.T, b []byte) {
		var r Record
		_ = decode(b, &r) // must not panic
		if len(b) >= frameFixed {
			_, _ = frameWorkspace(b)
		}
	})
}

// FuzzIndex reads whatever may lie in an index file.
func FuzzIndex(f *testing.F) {
	var b bytes.Buffer
	w := newIndexWriter(&b)
	for n := range 5 {
		r := testRecord(n)
		w.row(&r)
	}
	w.endGroup()
	if err := w.close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	terms, err := termsOf("orders 3")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		x, err := readIndex(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for g := range x.groups {
			_, _ = x.mayHave(g, User, "u_3")
			for _, w := range x.groups[g].words {
				_, _ = x.mayHaveWords(w, terms)
			}
		}
	})
}

func TestATornSpoolIsReadToItsTear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := testLog(t, Config{Dir: dir})
	for n := range 10 {
		put(t, l, testRecord(n))
	}
	must(t, l.Close())
	list, err := listSpools(dir)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("spools %v", list)
	}
	path := spoolPath(dir, list[0])
	whole, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
	l, k := testLog(t, Config{Dir: dir})
	if s := l.Stats(); s.Calls != 9 {
		t.Errorf("%d calls, want the 9 that are whole", s.Calls)
	}
	k.must(t)
	put(t, l, testRecord(20))
	must(t, l.Close())
	l, _ = testLog(t, Config{Dir: dir})
	if s := l.Stats(); s.Calls != 10 || s.Segments != 1 {
		t.Errorf("%+v", s)
	}
	must(t, l.Close())
}
