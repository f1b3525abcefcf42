package cache

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDirectivesAreRead(t *testing.T) {
	t.Parallel()
	secs := func(d *time.Duration) string {
		if d == nil {
			return "-"
		}
		return fmt.Sprint(int64(*d / time.Second))
	}
	for control, want := range map[string]string{
		"":                                   "- - false false",
		"max-age=5":                          "5 - false false",
		"max-age=5, max-age=5":               "5 - false false",
		"max-age=5, max-age=6":               "0 - false false",
		"MAX-AGE = 5":                        "5 - false false",
		`max-age="5"`:                        "5 - false false",
		"max-age=5.5":                        "0 - false false",
		"max-age=":                           "0 - false false",
		"max-age":                            "0 - false false",
		"s-maxage=7,,no-store":               "- 7 true false",
		`no-cache="a, no-store", s-maxage=1`: "- 1 false true",
		`no-cache="a, no-store`:              "- - false true",
		`x="\"no-store\"", no-cache`:         "- - false true",
		"no-storex, xno-store":               "- - false false",
		" , ,no-store\t,":                    "- - true false",
	} {
		d := Parse(control, "")
		if got := fmt.Sprintf("%s %s %v %v", secs(d.MaxAge), secs(d.SMaxAge), d.NoStore, d.NoCache); got != want {
			t.Errorf("%s: %s, want %s", control, got, want)
		}
	}
	if d := Parse("", "No-Cache"); !d.NoCache {
		t.Error("Pragma does not count")
	}
	if d := Parse("max-age=1", "no-cache"); d.NoCache {
		t.Error("Pragma counts beside Cache-Control")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"max-age=1", `private="a\"b", no-store`, "a=b=c", `x="`, "no-cache,,,max-age=9999999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := Parse(s, "")
		for _, v := range []*time.Duration{d.MaxAge, d.SMaxAge, d.MinFresh, d.StaleIfError, d.StaleWhileRevalidate, d.MaxStale} {
			if v != nil && (*v < 0 || *v > forever) {
				t.Fatalf("%q: %v", s, *v)
			}
		}
		// What is said in front holds whatever follows; a quote that has no end
		// must not hide what stands before it.
		if d := Parse("no-store, "+s, ""); !d.NoStore {
			t.Fatalf("%q hides no-store", s)
		}
	})
}

func FuzzNotModified(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add(`"a,b"`, `W/"a,b"`)
	f.Add(`*`, `"x"`)
	f.Fuzz(func(t *testing.T, list, tag string) {
		answer := Fields{{"ETag", tag}}
		got := NotModified(answer, Fields{{"If-None-Match", list}})
		if got && strings.TrimSpace(list) != "*" && !strings.Contains(list, strings.TrimPrefix(strings.TrimSpace(tag), "W/")) {
			t.Fatalf("%q is not in %q", tag, list)
		}
	})
}

// TestAStoreStaysInItsBounds: whatever is put, the bytes kept are those of the
// entries that can be found, and never more than allowed.
func TestAStoreStaysInItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := int64(rapid.IntRange(20_000, 400_000).Draw(t, "most"))
		s := NewStore(most)
		now := time.Unix(1_700_000_000, 0)
		value := ""
		values := func(string) string { return value }
		for range rapid.IntRange(1, 300).Draw(t, "acts") {
			key := fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "key"))
			owner := fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "owner"))
			value = fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "value"))
			switch rapid.IntRange(0, 5).Draw(t, "act") {
			case 0:
				s.Delete(key)
				if e, known := s.Get(key, []string{owner}, values); e != nil || known {
					t.Fatal("what was deleted is there")
				}
			case 1:
				s.Pass(key, owner, now.Add(time.Second))
				if !s.Passes(key, owner, now) || s.Passes(key, owner, now.Add(time.Minute)) {
					t.Fatal("Pass is not remembered, or for too long")
				}
			default:
				fields := Fields{{"Cache-Control", "max-age=10"}}
				if rapid.Bool().Draw(t, "varies") {
					fields = append(fields, Field{"Vary", "X-A"})
				}
				e := New(Answer{Status: 200, Fields: fields, Requested: now, Received: now}, Directives{}, false, Rules{})
				e.Body = make([]byte, rapid.IntRange(0, 8000).Draw(t, "size"))
				if s.Put(key, owner, e, values) {
					if got, _ := s.Get(key, []string{owner}, values); got != e {
						t.Fatal("what was put is not found")
					}
				} else if int64(len(e.Body)) < most/shards-2000 {
					t.Fatalf("an answer of %d bytes found no place in %d", len(e.Body), most)
				}
			}
			if st := s.Stats(); st.Bytes > most || st.Bytes < 0 || st.Entries == 0 && st.Bytes != 0 {
				t.Fatalf("%+v of %d", st, most)
			}
		}
		for i := range s.shards {
			sh := &s.shards[i]
			var sum int64
			for el := sh.used.Front(); el != nil; el = el.Next() {
				n := el.Value.(*stored)
				sum += n.size
				if set := sh.sets[n.key]; set == nil || set.list[n.secondary] != el {
					t.Fatalf("%q is kept and can't be found", n.key)
				}
			}
			if sum != sh.bytes {
				t.Fatalf("%d bytes counted, %d there", sh.bytes, sum)
			}
		}
	})
}

func TestAStoreIsForMany(t *testing.T) {
	t.Parallel()
	s := NewStore(200_000)
	now := time.Now()
	none := func(string) string { return "" }
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				key := fmt.Sprint(i * w % 50)
				e := New(Answer{Status: 200, Fields: Fields{{"Cache-Control", "max-age=10"}}, Requested: now, Received: now}, Directives{}, false, Rules{})
				e.Body = []byte(key)
				s.Put(key, "", e, none)
				if got, _ := s.Get(key, []string{""}, none); got != nil && string(got.Body) != key {
					t.Errorf("%s: got %s", key, got.Body)
				}
				if i%100 == 0 {
					s.Delete(key)
				}
			}
		})
	}
	wg.Wait()
}

func TestAgesAndLifetimes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	e := New(Answer{Status: 200, Fields: Fields{{"Cache-Control", "max-age=100"}, {"Age", "10"}, {"Date", now.Add(-20 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}},
		Requested: now.Add(-3 * time.Second), Received: now}, Directives{}, false, Rules{})
	// RFC 9111 4.2.3: the larger of what Date says (20) and Age with the delay
	// of the answer (13).
	if got := e.Age(now); got != 20*time.Second {
		t.Errorf("Age = %v", got)
	}
	if got := e.Left(now.Add(50 * time.Second)); got != 30*time.Second {
		t.Errorf("Left = %v", got)
	}
	if got := e.Age(now.Add(-time.Hour)); got != 20*time.Second {
		t.Errorf("a clock set back makes it %v old", got)
	}
}
