package dup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
)

// ranked runs RankFile on in and returns "id: candidates" lines.
func ranked(t *testing.T, in string, opt FileOptions) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := RankFile(t.Context(), strings.NewReader(in), &out, opt)
	var b strings.Builder
	for line := range strings.Lines(out.String()) {
		var a fileAnswer
		if e := json.Unmarshal([]byte(line), &a); e != nil {
			t.Fatalf("line %q: %v", line, e)
		}
		b.WriteString(a.ID + ":")
		last := 1e9
		for _, c := range a.Candidates {
			b.WriteString(" " + c.ID)
			if c.Score > last {
				t.Errorf("%s: scores rise: %s", a.ID, line)
			}
			last = c.Score
		}
		b.WriteString("\n")
	}
	return b.String(), err
}

func TestRankFileReadsEveryForm(t *testing.T) {
	t.Parallel()
	const want = "a:\nb: a\nc: b a\n"
	for name, in := range map[string]string{
		"json lines":  `{"id":"a","text":"spinner on payment page"}` + "\n\n" + `{"id":"b","text":"payment page shows spinner"}` + "\n" + `{"id":"c","title":"payment page shows spinner","text":"again"}`,
		"json array":  ` [{"id":"a","text":"spinner on payment page"},{"id":"b","text":"payment page shows spinner"},{"id":"c","title":"payment page shows spinner","text":"again"}]`,
		"csv":         "id,text,title\na,spinner on payment page,\nb,payment page shows spinner,\nc,again,payment page shows spinner\n",
		"csv with ;":  "\xef\xbb\xbfID; Text ;title\r\na;\"spinner, on\npayment page\";\r\nb;payment page shows spinner;\r\nc;again;payment page shows spinner\r\n",
		"number time": `{"id":"a","text":"spinner on payment page","created":1700000000}` + "\n" + `{"id":"b","text":"payment page shows spinner","created":1700000001000}` + "\n" + `{"id":"c","title":"payment page shows spinner","text":"again","created":"1700000002"}`,
	} {
		got, err := ranked(t, in, FileOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRankFileOnlyLooksBack(t *testing.T) {
	t.Parallel()
	in := `{"id":3,"text":"spinner on payment page","created":"2026-03-01T00:00:00Z"}
{"id":1,"text":"spinner on payment page","created":"2026-01-01T00:00:00Z"}
{"id":"same1","text":"spinner on payment page","created":"2026-02-01 10:00:00"}
{"id":"same2","text":"spinner on payment page","created":"2026-02-01T11:00:00+01:00"}
`
	got, err := ranked(t, in, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "3: same1 same2 1\n1:\nsame1: 1\nsame2: same1 1\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, _ = ranked(t, in, FileOptions{Top: 1, Workers: 1}); got != "3: same1\n1:\nsame1: 1\nsame2: same1\n" {
		t.Errorf("top 1: got\n%s", got)
	}
}

func TestRankFileLeavesOutBadRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want, message string }{
		"json lines": {
			`{"id":"a","text":"dark mode"}` + "\n{nonsense\n" + `{"id":"b","text":["x"]}` + "\n" + `{"id":"c","text":"dark mode","created":"tomorrow"}` + "\n" + `{"text":"dark mode"}`,
			"a:\n5: a\n", "3 rows were left out",
		},
		"cut off array": {`[{"id":"a","text":"dark mode"},{"id":"b","te`, "a:\n", "item 2"},
		"ragged csv":    {"id,text\na,dark mode\nb\nc,dark mode,z\nd,dark mode\n", "a:\nd: a\n", "line 3: 1 columns where the header has 2"},
		"no columns":    {"what,is\nthis,file\n", "", "column named text"},
		"empty":         {"", "", ""},
		"nul":           {"{\"id\":\"a\",\"text\":\"dark\\u0000 mode \xff\"}", "a:\n", ""},
	} {
		got, err := ranked(t, test.in, FileOptions{})
		if got != test.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, test.want)
		}
		if (err != nil) != (test.message != "") || err != nil && (!strings.Contains(err.Error(), test.message) || errs.KindOf(err) != errs.Invalid) {
			t.Errorf("%s: error %v, want an invalid one with %q", name, err, test.message)
		}
	}
}

func TestRankFileStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := RankFile(ctx, strings.NewReader(`{"id":"a","text":"x"}`), &bytes.Buffer{}, FileOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestEncodedFile(t *testing.T) {
	t.Parallel()
	enc, err := LoadEncoder(true)
	if err != nil {
		t.Fatal(err)
	}
	in := `{"id":"en","text":"The application crashes when I open the settings"}
{"id":"other","text":"Please add a dark mode to the calendar"}
{"id":"de","text":"Die Anwendung stürzt beim Öffnen der Einstellungen ab"}
{"id":"again","text":"App quits unexpectedly after tapping on settings"}
`
	got, err := ranked(t, in, FileOptions{Encoder: enc})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"de: en", "again: en"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant %q", got, want)
		}
	}
}

func FuzzReadRows(f *testing.F) {
	for _, s := range []string{"", "[", "{}", "[{}]", "id,text\n1,2", "id;text\n\"a;b", "{\"id\":1e999}", "{\"created\":-1e300}", "text\n\xff\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, bad, err := readRows(strings.NewReader(s))
		if err == nil && len(rows)+len(bad) > len(s) {
			t.Fatalf("%d rows of %d bytes", len(rows)+len(bad), len(s))
		}
		setTimes(rows)
	})
}
