package importer

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/hypercare/hypercare/internal/errs"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// read is what came out of a file: "number|column=value|..." for good rows,
// "number! reason" for bad ones.
func read(t testing.TB, name string, file []byte) (Plan, []string) {
	t.Helper()
	p, err := Probe(bytes.NewReader(file), int64(len(file)), name)
	if err != nil {
		t.Fatalf("Probe(%s): %v", name, err)
	}
	rows, _ := readFrom(t, file, p, "")
	return p, rows
}

// readFrom also returns the position behind each row.
func readFrom(t testing.TB, file []byte, p Plan, resume string) (rows, positions []string) {
	t.Helper()
	r, err := Open(bytes.NewReader(file), int64(len(file)), p, resume)
	if err != nil {
		t.Fatalf("Open(%+v, %q): %v", p, resume, err)
	}
	defer func() { _ = r.Close() }()
	for {
		row, err := r.Next()
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, positions
		case errors.As(err, &bad):
			if bad.Offset != r.Position() {
				t.Errorf("RowError.Offset = %s, Position = %s", bad.Offset, r.Position())
			}
			rows = append(rows, fmt.Sprintf("%d! %s", bad.Row, bad.Reason))
		case err != nil:
			t.Fatalf("Next: %v", err)
		default:
			rows = append(rows, show(row))
		}
		positions = append(positions, r.Position())
	}
}

func show(r Row) string {
	var b strings.Builder
	fmt.Fprint(&b, r.Number)
	seen := map[string]bool{}
	for _, n := range r.names {
		if v, ok := r.Values[n]; ok && !seen[n] {
			seen[n] = true
			fmt.Fprintf(&b, "|%s=%s", n, v)
		}
	}
	return b.String()
}

func gz(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func utf16le(s string, bom bool) []byte {
	var out []byte
	if bom {
		s = "\uFEFF" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func utf16be(s string) []byte {
	b := utf16le(s, true)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return b
}

func latin(s string) []byte {
	b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err)
	}
	return b
}

const plainCSV = "id,text,stars\n1,\"It crashes, often\",1\n2,\"two\nlines\",5\n3,\"says \"\"no\"\"\",3\n"

var plainRows = []string{"2|id=1|text=It crashes, often|stars=1", "3|id=2|text=two\nlines|stars=5", `4|id=3|text=says "no"|stars=3`}

func TestRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxRow)
	for _, tc := range []struct {
		name, file string
		bytes      []byte
		format     Format
		rows       []string
		note       string // part of a note
	}{
		{name: "csv", file: plainCSV, format: CSV, rows: plainRows},
		{name: "csv with CRLF", file: "id,text\r\n1,one\r\n2,\"a\r\nb\"\r\n", format: CSV, rows: []string{"2|id=1|text=one", "3|id=2|text=a\r\nb"}},
		{name: "csv with CR only", file: "id,text\r1,one\r2,two", format: CSV, rows: []string{"2|id=1|text=one", "3|id=2|text=two"}},
		{name: "csv by semicolon", file: strings.ReplaceAll(strings.ReplaceAll(plainCSV, ", ", "\x01"), ",", ";"), format: CSV,
			rows: []string{"2|id=1|text=It crashes\x01often|stars=1", plainRows[1], plainRows[2]}},
		{name: "csv by tab", file: "id\ttext\n1\ta, b, c\n2\td; e\n", format: CSV, rows: []string{"2|id=1|text=a, b, c", "3|id=2|text=d; e"}},
		{name: "csv by bar", file: "id|text\n1|a, b\n2|c\n", format: CSV, rows: []string{"2|id=1|text=a, b", "3|id=2|text=c"}},
		{name: "csv that names its separator", file: "sep=;\nid;text\n1;a,b,c\n", format: CSV, rows: []string{"3|id=1|text=a,b,c"}},
		{name: "csv with mark", bytes: []byte("\xEF\xBB\xBF" + plainCSV), format: CSV, rows: plainRows},
		{name: "csv in UTF-16LE", bytes: utf16le(plainCSV, true), format: CSV, rows: plainRows, note: "UTF-16"},
		{name: "csv in UTF-16BE", bytes: utf16be(plainCSV), format: CSV, rows: plainRows, note: "UTF-16"},
		{name: "csv in UTF-16LE without mark", bytes: utf16le(plainCSV, false), format: CSV, rows: plainRows, note: "UTF-16"},
		{name: "csv in Windows-1252", bytes: latin("id,text\n1,Größe für 5 €\n2,naïve – “ok”\n"), format: CSV,
			rows: []string{"2|id=1|text=Größe für 5 €", "3|id=2|text=naïve – “ok”"}, note: "Windows-1252"},
		{name: "csv in UTF-8 with one bad row", file: "id,text\n1,schön größer\n2,b\xFFd\n3,für\n", format: CSV,
			rows: []string{"2|id=1|text=schön größer", "3! is not valid UTF-8; save the file as UTF-8", "4|id=3|text=für"}, note: "not valid UTF-8"},
		{name: "csv compressed", bytes: gz(plainCSV), format: CSV, rows: plainRows, note: "gzip"},
		{name: "csv without header", file: "1,The app crashes at start,2024-01-02\n2,I love the new design,2024-01-03\n", format: CSV,
			rows: []string{"1|column 1=1|column 2=The app crashes at start|column 3=2024-01-02", "2|column 1=2|column 2=I love the new design|column 3=2024-01-03"}, note: "numbered"},
		{name: "csv below a heading", file: "Exported on Monday\n\nid,text,stars\n1,one,5\n2,two,4\n", format: CSV, rows: []string{"4|id=1|text=one|stars=5", "5|id=2|text=two|stars=4"}, note: "above the header"},
		{name: "csv with unnamed and double columns", file: "id,text,,text\n1,a,b,c\n", format: CSV, rows: []string{"2|id=1|text=a|column 3=b|text 2=c"}},
		{name: "csv ragged", file: "id,text,stars\n1,one,5\n2,two\n3,three,3,4\n4,four,4\n", format: CSV, rows: []string{"2|id=1|text=one|stars=5",
			`3! has 2 fields where the header has 3; put quotes around fields that contain the separator ","`,
			`4! has 4 fields where the header has 3; put quotes around fields that contain the separator ","`, "5|id=4|text=four|stars=4"}},
		{name: "csv that ends within a row", file: "id,text,stars\n1,one,5\n2,tw", format: CSV, rows: []string{"2|id=1|text=one|stars=5", "3! is cut off: the file ends after 2 fields of 3; export it again"}},
		{name: "csv that ends within quotes", file: "id,text,stars\n1,one,5\n2,\"two\nlines,\nand", format: CSV,
			rows: []string{"2|id=1|text=one|stars=5", "3! is cut off: the file ends inside a quoted field; export it again, or close the quote"}},
		{name: "csv with a quote that never ends", file: "id,text\n1,\"one\n2,two\n3,three\n", format: CSV,
			rows: []string{"2! is cut off: the file ends inside a quoted field; export it again, or close the quote", "3|id=2|text=two", "4|id=3|text=three"}},
		{name: "csv with a quote that never ends in a large file", file: "id,text\n1,\"one\n2,two\n" + strings.Repeat("3,"+long[:1000]+"\n", 2000), format: CSV,
			rows: append([]string{"2! is longer than 1024 kB, or has a quote that is never closed", "3|id=2|text=two"},
				numbered(4, 2000, "|id=3|text="+long[:1000])...)},
		{name: "csv with stray quotes", file: "id,text\n1,\"say \"hi\" to\"\n2,5\" screen\n3,\"ok\"\n", format: CSV,
			rows: []string{`2! has a quote inside a quoted field; write it twice ("")`, `3|id=2|text=5" screen`, "4|id=3|text=ok"}},
		{name: "csv with NUL", file: "id,text\n1,a\x00b\n2," + strings.Repeat("fine ", 30) + "\n", format: CSV,
			rows: []string{"2! contains a NUL character; remove it", "3|id=2|text=" + strings.Repeat("fine ", 30)}},
		{name: "csv with SQL and HTML", file: "id,text\n1,\"'); DROP TABLE feedback; --\"\n2,<script>alert(1)</script>\n", format: CSV,
			rows: []string{"2|id=1|text='); DROP TABLE feedback; --", "3|id=2|text=<script>alert(1)</script>"}},
		{name: "csv with a row of 10 MB", file: "id,text\n1,one\n2," + strings.Repeat("x", 10<<20) + "\n3,three\n", format: CSV,
			rows: []string{"2|id=1|text=one", "3! is longer than 1024 kB, or has a quote that is never closed", "4|id=3|text=three"}},
		{name: "plain lines", file: "feedback\nGreat \"app\", really\n\"Oh\" says my mother\n\nToo slow\n", format: CSV,
			rows: []string{"2|feedback=Great \"app\", really", "3|feedback=\"Oh\" says my mother", "5|feedback=Too slow"}},

		{name: "rows.jsonl", file: `{"id":1,"text":"one","user":{"name":"Ann","plan":{"tier":"pro"}},"tags":["a","b"],"ok":true,"n":1.50,"none":null}` + "\n\n" + `{"id":2,"text":"two"}`, format: JSONL,
			rows: []string{"1|id=1|text=one|user.name=Ann|user.plan.tier=pro|tags=a, b|ok=true|n=1.50", "3|id=2|text=two"}},
		{name: "bad.jsonl", file: "{\"id\":1}\n{\"id\":2,}\nnope\n[1]\n{\"id\":\"a\\u0000b\"}\n{\"id\":6}\n{\"id\":", format: JSONL,
			rows: []string{"1|id=1", "2! is not valid JSON: invalid character '}' looking for beginning of object key string", "3! is not valid JSON: invalid character 'o' in literal null (expecting 'u')",
				`4! is not a JSON object such as {"text": "..."}`, "5! contains a NUL character; remove it", "6|id=6", "7! is cut off: the file ends in the middle of it; export it again"}},
		{name: "first line bad", file: "{\"id\":1,\n{\"id\":2}\n{\"id\":3}\n", format: JSONL,
			rows: []string{"1! is not valid JSON: it ends too early", "2|id=2", "3|id=3"}},
		{name: "utf8.jsonl", file: "{\"text\":\"b\xFFd\"}\n{\"text\":\"ok\"}\n", format: JSONL, rows: []string{"1! is not valid UTF-8; save the file as UTF-8", "2|text=ok"}},
		{name: "10 MB line", file: "{\"text\":\"one\"}\n{\"text\":\"" + strings.Repeat("x", 10<<20) + "\"}\n{\"text\":\"three\"}\n", format: JSONL,
			rows: []string{"1|text=one", "2! is longer than 4 MB", "3|text=three"}},
		{name: "one object", file: `{"text":"one","tags":[{"name":"a"},{"name":"b"}]}`, format: JSONL, rows: []string{"1|text=one|tags=a, b"}},
		{name: "jsonl compressed", bytes: gz("{\"text\":\"one\"}\n{\"text\":\"two\"}\n"), format: JSONL, rows: []string{"1|text=one", "2|text=two"}},
		{name: "jsonl with mark", file: "\xEF\xBB\xBF{\"text\":\"one\"}\n{\"text\":\"two\"}\n", format: JSONL, rows: []string{"1|text=one", "2|text=two"}},

		{name: "array", file: `[{"text":"one"}, {"text":"two, ]}"} ,{"text":"th\"ree"}]`, format: JSON, rows: []string{"1|text=one", "2|text=two, ]}", `3|text=th"ree`}},
		{name: "pretty array", file: "[\n  {\n    \"text\": \"one\"\n  },\n  {\n    \"text\": \"two\"\n  }\n]\n", format: JSON, rows: []string{"1|text=one", "2|text=two"}},
		{name: "wrapped array", file: `{"meta":{"page":1},"links":[{"rel":"next"}],"reviews":[{"text":"one"},{"text":"two"}],"total":2}`, format: JSON, rows: []string{"1|text=one", "2|text=two"}, note: `"reviews"`},
		{name: "deep array", file: `{"feed":{"title":"x","entry":[{"content":"one"},{"content":"two"}]}}`, format: JSON, rows: []string{"1|content=one", "2|content=two"}, note: `"feed.entry"`},
		{name: "objects in a row", file: "{\n \"text\": \"one\"\n}\n{\n \"text\": \"two\"\n}\n", format: JSON, rows: []string{"1|text=one", "2|text=two"}},
		{name: "array with a bad element", file: `[{"text":"one"},{"text":},{"text":"three"},4]`, format: JSON,
			rows: []string{"1|text=one", "2! is not valid JSON: invalid character '}' looking for beginning of value", "3|text=three", `4! is not a JSON object such as {"text": "..."}`}},
		{name: "array with brackets that don't match", file: "[\n{\"text\":\"one\"},\n{\"text\":[},\n{\"text\":\"three\"}\n]", format: JSON,
			rows: []string{"1|text=one", "2! is not valid JSON: its brackets don't match", "3|text=three"}},
		{name: "array that ends in an element", file: `[{"text":"one"},{"text":"tw`, format: JSON, rows: []string{"1|text=one", "2! is cut off: the file ends in the middle of it; export it again"}},
		{name: "array that is not closed", file: `[{"text":"one"},`, format: JSON, rows: []string{"1|text=one", "2! is missing: the file ends before its list is closed; export it again"}},
		{name: "array with an element of 10 MB", file: `[{"text":"one"},{"text":"` + strings.Repeat("x", 10<<20) + `"},{"text":"three"}]`, format: JSON, rows: []string{"1|text=one", "2! is longer than 4 MB", "3|text=three"}},

		{name: "zendesk export", file: `{"tickets":[{"id":7,"subject":"Help","description":"It is broken","created_at":"2024-03-01T10:00:00Z","requester_id":3,"status":"open","tags":["vip","eu"],
			"via":{"channel":"email"},"custom_fields":[{"id":360,"value":"pro"},{"id":361,"value":null}],
			"comments":[{"author_id":3,"body":"It is broken","public":true},{"author_id":9,"body":"Did you restart?","public":true},{"author_id":3,"html_body":"<p>Yes &amp; twice.<br>No luck</p><script>x</script>","public":true},{"author_id":3,"body":"secret","public":false}]}],
			"users":[{"id":3,"name":"Ann","email":"ann@example.com"},{"id":9,"name":"Bo"}],"count":1}`, format: Zendesk,
			rows: []string{"1|id=7|subject=Help|text=It is broken\n\nYes & twice.\nNo luck|created_at=2024-03-01T10:00:00Z|requester_name=Ann|requester_email=ann@example.com|requester_id=3|via=email|status=open|tags=vip, eu|field_360=pro"}},
		{name: "zendesk lines", file: `{"ticket":{"subject":"A","comments":[{"html_body":"<b>one</b>"},{"body":"agent"}],"created_at":"2024-01-01T00:00:00Z","requester":{"id":1,"name":"Bo","email":"bo@example.com"}}}` + "\n" +
			`{"subject":"B","description":"two","requester_id":5}`, format: Zendesk,
			rows: []string{"1|subject=A|text=one|created_at=2024-01-01T00:00:00Z|requester_name=Bo|requester_email=bo@example.com|requester_id=1", "2|subject=B|text=two|requester_id=5"}},
		{name: "zendesk minimal", file: `{"tickets":[{"subject":"A","description":"one","created_at":"2024-01-01"}]}`, format: Zendesk, rows: []string{"1|subject=A|text=one|created_at=2024-01-01"}},
		{name: "github", file: `[{"number":7,"title":"Crash","body":"Steps","user":{"login":"ann"},"labels":[{"name":"bug"},{"name":"ui"}],"created_at":"2024-01-01T00:00:00Z","html_url":"https://github.com/o/r/issues/7","state":"open","comments":3,"url":"https://api.github.com/x"},
			{"number":8,"title":"Fix","user":{"login":"bo"},"pull_request":{"url":"u"},"html_url":"https://github.com/o/r/pull/8"}]`, format: GitHub,
			rows: []string{"1|key=o/r#7|title=Crash|body=Steps|author=ann|created_at=2024-01-01T00:00:00Z|url=https://github.com/o/r/issues/7|labels=bug, ui|state=open|comments=3", "2! is a pull request, not an issue; it was left out"}},
		{name: "gh.jsonl", file: `{"number":7,"title":"Crash","body":"Steps","author":{"login":"ann"},"labels":[],"createdAt":"2024-01-01T00:00:00Z","url":"https://github.com/o/r/issues/7","comments":[{"body":"x"}]}`, format: GitHub,
			rows: []string{"1|key=o/r#7|title=Crash|body=Steps|author=ann|created_at=2024-01-01T00:00:00Z|url=https://github.com/o/r/issues/7|comments=1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := tc.bytes
			if file == nil {
				file = []byte(tc.file)
			}
			p, rows := read(t, tc.name, file)
			if p.Format != tc.format {
				t.Errorf("format = %s, want %s", p.Format, tc.format)
			}
			if d := cmp.Diff(tc.rows, rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", cut(d, 4000))
			}
			if tc.note != "" && !strings.Contains(strings.Join(p.Notes, " "), tc.note) {
				t.Errorf("notes = %q, want one with %q", p.Notes, tc.note)
			}
			checkResume(t, file, p)
		})
	}
}

func numbered(from, n int, tail string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(from+i) + tail
	}
	return out
}

// checkResume reads again from behind several rows: the rest must be the same.
func checkResume(t testing.TB, file []byte, p Plan) {
	t.Helper()
	// A plan must survive being kept.
	kept, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Plan
	if err := json.Unmarshal(kept, &again); err != nil {
		t.Fatal(err)
	}
	rows, positions := readFrom(t, file, again, "")
	for i := 0; i < len(rows); i += max(1, len(rows)/5) {
		rest, _ := readFrom(t, file, again, positions[i])
		if d := cmp.Diff(rows[i+1:], rest, cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); d != "" {
			t.Errorf("resumed behind row %d at %s (-want +got):\n%s", i, positions[i], cut(d, 2000))
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		file []byte
		want string
		kind errs.Kind
	}{
		{"empty.csv", nil, "empty", errs.Unprocessable},
		{"blank.csv", []byte(" \n\n"), "white space", errs.Unprocessable},
		{"old.xls", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1aaaaaaa"), "old Excel", errs.Unprocessable},
		{"a.pdf", []byte("%PDF-1.4 ..."), "PDF", errs.Unprocessable},
		{"a.zip", []byte("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaa"), "zip archive", errs.Unprocessable},
		{"a.xlsx", []byte("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaa"), "not an Excel workbook", errs.Unprocessable},
		{"a.bin", bytes.Repeat([]byte{0, 1, 2, 3, 0, 9}, 100), "not text", errs.Unprocessable},
		{"a.csv.gz", gz(""), "empty", errs.Unprocessable},
		{"a.json", []byte("[]"), "no rows", errs.Unprocessable},
		{"a.json", []byte("[nope]"), "No row", errs.Unprocessable},
		{"a.json", []byte("{\n\"a\": 1,\n \"b\": {\"x\": 1}\n, nope"), "No row", errs.Unprocessable},
		{"bomb.csv.gz", gz("text\n" + strings.Repeat("a\n", 20<<20)), "zip bomb", errs.TooLarge},
	} {
		t.Run(tc.name+" "+tc.want, func(t *testing.T) {
			t.Parallel()
			_, err := Probe(bytes.NewReader(tc.file), int64(len(tc.file)), tc.name)
			if err == nil || !errs.Is(err, tc.kind) || !strings.Contains(errs.Message(err), tc.want) {
				t.Errorf("Probe = %v (kind %s), want %s with %q", err, errs.KindOf(err), tc.kind, tc.want)
			}
		})
	}
}

// TestDamagedGzip: what unpacks before the damage is kept.
func TestDamagedGzip(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "%d,text %x\n", i, i*2654435761)
	}
	file := gz(b.String())
	file = file[:len(file)/2]
	p, rows := read(t, "half.csv.gz", file)
	if len(rows) < 5000 || !strings.Contains(rows[len(rows)-1], "damaged") {
		t.Fatalf("%d rows, last %q; want thousands and the last to say that the file is damaged", len(rows), rows[len(rows)-1])
	}
	for i, r := range rows[:len(rows)-1] {
		if want := fmt.Sprintf("%d|id=%d|text=text %x", i+2, i, i*2654435761); r != want {
			t.Fatalf("row %d = %q, want %q", i, r, want)
		}
	}
	checkResume(t, file, p)
}

// TestRoundTrip: what encoding/csv writes is read back as it was.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := rapid.IntRange(2, 6).Draw(t, "columns")
		comma := rapid.SampledFrom([]rune(",;\t|")).Draw(t, "comma")
		cell := rapid.StringOf(rapid.SampledFrom([]rune("ab ,;|\t\"'\n\r\nöß日🙂<>=x1")))
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = comma
		header := make([]string, cols)
		for i := range header {
			header[i] = []string{"id", "text", "stars", "created_at", "email", "version"}[i]
		}
		_ = w.Write(header)
		var want []string
		for i := range rapid.IntRange(1, 30).Draw(t, "rows") {
			rec := []string{fmt.Sprint("r", i)}
			line := fmt.Sprintf("%d|id=r%d", i+2, i)
			for c := 1; c < cols; c++ {
				v := cell.Draw(t, "cell")
				rec = append(rec, v)
				if v != "" {
					line += "|" + header[c] + "=" + v
				}
			}
			_ = w.Write(rec)
			want = append(want, line)
		}
		w.Flush()
		syntax := csvSyntax{delim: byte(comma), eol: '\n'}
		p := Plan{Format: CSV, Layout: layoutCSV, Encoding: utf8Text, Bytes: int64(b.Len()), Delimiter: string(comma), Header: true, Columns: header}
		_, n, _, _ := syntax.record(b.Bytes(), true, nil)
		p.Start, p.Before = int64(n), 1
		r, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), p, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("Next: %v in\n%q", err, b.String())
			}
			got = append(got, show(row))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read %q, wrote %q as\n%q", got, want, b.String())
		}
		if d := sniffDelimiter(b.Bytes(), '\n', true); d != byte(comma) {
			t.Logf("separator %q taken for %q", comma, d) // may be: a cell is full of separators
		}
	})
}

// TestDamagedEverywhere: wherever a compressed file is cut, reading it ends,
// and goes on from any row to the same end.
func TestDamagedEverywhere(t *testing.T) {
	t.Parallel()
	whole := gz(plainCSV + strings.Repeat("4,more,5\n", 50))
	for n := 11; n < len(whole); n++ {
		p, err := Probe(bytes.NewReader(whole[:n]), int64(n), "a.csv.gz")
		if err != nil {
			if errs.KindOf(err) == errs.Internal {
				t.Errorf("cut at %d: %v", n, err)
			}
			continue
		}
		checkResume(t, whole[:n], p)
	}
}

func TestPositionRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"x", "1", "1:", "-1:2", "1:2:3", "9999999999999999999999:1"} {
		if _, err := Open(bytes.NewReader([]byte(plainCSV)), int64(len(plainCSV)), Plan{Layout: layoutCSV}, s); !errs.Is(err, errs.Invalid) {
			t.Errorf("Open at %q = %v, want Invalid", s, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{plainCSV, "{\"a\":1}\n{\"b\":[{}]}", `[{"a":"\u0000"},{]`, `{"tickets":[{"subject":"x","comments":[{"body":"y"}]}],"users":[{"id":1}]}`,
		"a;b\n1;\"2\n3;4\n", "sep=|\na|b\n", "\xFF\xFEa\x00,\x00b\x00\n\x001\x00,\x002\x00", "\"", "a,b\r1,2\r", string(gz(plainCSV))} {
		f.Add([]byte(s), "file.csv")
		f.Add([]byte(s), "file.jsonl")
	}
	f.Add(sheetFile(f, [][]any{{"id", "text"}, {1, "one"}, {2, time.Unix(1e9, 0)}}), "a.xlsx")
	f.Fuzz(func(t *testing.T, file []byte, name string) {
		p, err := Probe(bytes.NewReader(file), int64(len(file)), name)
		if err != nil {
			if errs.KindOf(err) == errs.Internal {
				t.Fatalf("Probe: %v is not said to the user", err)
			}
			return
		}
		rows, positions := readFrom(t, file, p, "")
		if len(rows) > len(file)+1 && p.Format != XLSX {
			t.Fatalf("%d rows from %d bytes", len(rows), len(file))
		}
		if len(rows) > 0 {
			i := len(rows) / 2
			if rest, _ := readFrom(t, file, p, positions[i]); !slices.Equal(rest, rows[i+1:]) {
				t.Fatalf("resumed at %s: %q, want %q", positions[i], rest, rows[i+1:])
			}
		}
		var sample []Row
		r, err := Open(bytes.NewReader(file), int64(len(file)), p, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if row, err := r.Next(); err == nil {
				sample = append(sample, row)
			}
		}
		m, _ := Guess(p.Columns, sample)
		for _, row := range sample {
			in, err := m.Apply(row, Options{Channel: "import"})
			if err == nil {
				_ = in.Validate(time.Now())
			}
		}
	})
}

func BenchmarkCSV(b *testing.B) {
	var s strings.Builder
	s.WriteString("id,text,stars,created_at\n")
	for i := range 20000 {
		fmt.Fprintf(&s, "%d,\"The app crashes, always, when I open the settings page number %d\",3,2024-01-02 10:00:00\n", i, i)
	}
	benchmarkRead(b, []byte(s.String()))
}

func BenchmarkJSONL(b *testing.B) {
	var s strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&s, "{\"id\":%d,\"text\":\"The app crashes, always, when I open the settings page number %d\",\"stars\":3,\"created_at\":\"2024-01-02 10:00:00\"}\n", i, i)
	}
	benchmarkRead(b, []byte(s.String()))
}

func benchmarkRead(b *testing.B, file []byte) {
	p, err := Probe(bytes.NewReader(file), int64(len(file)), "x")
	if err != nil {
		b.Fatal(err)
	}
	m := Mapping{Text: "text", ExternalID: "id", Rating: "stars", OccurredAt: "created_at"}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		r, err := Open(bytes.NewReader(file), int64(len(file)), p, "")
		if err != nil {
			b.Fatal(err)
		}
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if _, err := m.Apply(row, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
