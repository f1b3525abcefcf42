package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/corpus"
)

// imported is an import as the API tells it.
type imported struct {
	ID       string          `json:"id"`
	State    string          `json:"state"`
	Mapping  json.RawMessage `json:"mapping"`
	Error    string          `json:"error"`
	Progress struct {
		RowsRead   int `json:"rows_read"`
		Accepted   int `json:"accepted"`
		Duplicates int `json:"duplicates"`
		Bad        int `json:"bad"`
		Processed  int `json:"processed"`
	} `json:"progress"`
}

// upload sends a file; the answer may be a refusal.
func (w world) upload(t *testing.T, name string, content []byte) (imported, answer) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	a := w.send(t, "POST", "/api/v1/launches/"+w.launch+"/imports", map[string]string{"Content-Type": m.FormDataContentType()}, &b)
	var im imported
	if a.status < 300 {
		if err := json.Unmarshal(a.body, &im); err != nil {
			t.Fatalf("upload %s: %v: %.300s", name, err, a.body)
		}
	}
	return im, a
}

func (w world) startImport(t *testing.T, im imported) {
	t.Helper()
	body := fmt.Sprintf(`{"mapping":%s}`, im.Mapping)
	if a := w.send(t, "POST", "/api/v1/imports/"+im.ID+"/start", nil, strings.NewReader(body)); a.status >= 300 {
		t.Fatalf("start import: %d %s", a.status, a.body)
	}
}

// ended waits until an import is done or failed.
func (w world) ended(t *testing.T, id string) imported {
	t.Helper()
	var im imported
	waitFor(t, 3*time.Minute, "the import to end", func() (bool, string) {
		w.get(t, "/api/v1/imports/"+id, &im)
		return im.State == "done" || im.State == "failed", fmt.Sprintf("%+v", im)
	})
	return im
}

// rowsCSV makes a file of generated rows.
func rowsCSV(rows int) []byte {
	g := corpus.New(11, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	var b bytes.Buffer
	b.WriteString("id,title,text,created_at,email,rating\r\n")
	for i := range rows {
		it := g.Next()
		fmt.Fprintf(&b, "row-%d,%q,\"%s\",%s,%s,%d\r\n", i, "", strings.ReplaceAll(it.Text, `"`, `""`), it.OccurredAt.Format(time.RFC3339), it.Author.Email, 1+i%5)
	}
	return b.Bytes()
}

// TestKillDuringImportResumes kills the process in the middle of an import;
// after the restart it goes on by itself and every row is there once. On
// PostgreSQL, where another node could be at work on it, that takes the age at
// which a job counts as dead (35 s and more), so there it is killed once.
func TestKillDuringImportResumes(t *testing.T) {
	t.Parallel()
	const rows = 6000
	w := newWorld(t)
	im, a := w.upload(t, "history.csv", rowsCSV(rows))
	if im.ID == "" {
		t.Fatalf("upload: %d %s", a.status, a.body)
	}
	w.startImport(t, im)
	kills := 2
	if w.Config.DatabaseURL != "" {
		kills = 1
	}
	for round := range kills {
		waitFor(t, time.Minute, "the import to be under way", func() (bool, string) {
			w.get(t, "/api/v1/imports/"+im.ID, &im)
			return im.Progress.RowsRead > round*1000 || im.State == "done", fmt.Sprintf("%+v", im)
		})
		w.Kill()
		w.Server = start(t, w.Config)
	}
	im = w.ended(t, im.ID)
	if im.State != "done" || im.Progress.Bad != 0 {
		t.Fatalf("the import ended as %+v", im)
	}
	w.processed(t)
	seen := map[string]int{}
	for _, f := range w.feedback(t) {
		seen[f.ExternalID]++
	}
	for i := range rows {
		if n := seen[fmt.Sprintf("row-%d", i)]; n != 1 {
			t.Fatalf("row %d is there %d times (%d rows in all)", i, n, len(seen))
		}
	}
	if len(seen) != rows {
		t.Errorf("%d rows are there, want %d", len(seen), rows)
	}
}

// TestBadFilesAreRefusedOrReported sends files that are broken, hostile or
// partly bad. None may take the server down, and good rows are kept.
func TestBadFilesAreRefusedOrReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		file     string
		content  []byte
		good     int // rows that must be kept; -1: the file must be refused
		bad      int
		mentions string
	}{
		"ragged rows":              {"a.csv", []byte("id,text\nr1,The export is broken today\nr2\nr3,Search finds nothing,more,and more\nr4,Login works again\n"), 2, 2, ""},
		"ends in mid-row":          {"b.csv", []byte("id,text\ne1,The export is broken today\ne2,\"This one never en"), 1, 1, ""},
		"JSON lines, one broken":   {"c.jsonl", []byte(`{"id":"j1","text":"Fine row"}` + "\n" + `{"id":"j2","text":` + "\n" + `{"id":"j3","text":"Another fine row"}` + "\n"), 2, 1, ""},
		"a date in the future":     {"d.csv", []byte("id,text,created_at\nf1,Fine row about login,2026-01-05T10:00:00Z\nf2,From tomorrow,2999-01-01T00:00:00Z\n"), 1, 1, ""},
		"semicolons and BOM":       {"e.csv", []byte("\xef\xbb\xbfid;text\ns1;\"Umlaute, Kommas; und\nZeilen\"\n"), 1, 0, ""},
		"HTML in rows":             {"h.csv", []byte("id,text\nh1,<script>alert(1)</script> the page is broken\n"), 1, 0, ""},
		"empty":                    {"f.csv", nil, -1, 0, ""},
		"a picture":                {"g.png", append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 2, 255}, 4000)...), -1, 0, ""},
		"a zip that is no sheet":   {"i.xlsx", zipOf(t, "hello.txt", 100), -1, 0, ""},
		"an XLSX that is a bomb":   {"j.xlsx", zipOf(t, "xl/worksheets/sheet1.xml", 1<<30), -1, 0, ""},
		"a file cut in the middle": {"k.xlsx", zipOf(t, "xl/worksheets/sheet1.xml", 100_000)[:200], -1, 0, ""},
	} {
		before := len(w.feedback(t))
		im, a := w.upload(t, tt.file, tt.content)
		if im.ID == "" {
			if tt.good >= 0 {
				t.Errorf("%s: refused as a whole: %d %s", name, a.status, a.body)
				continue
			}
			refused(t, name, a, 400, 413, 415, 422)
			continue
		}
		if im.State != "failed" {
			body := fmt.Sprintf(`{"mapping":%s}`, im.Mapping)
			if s := w.send(t, "POST", "/api/v1/imports/"+im.ID+"/start", nil, strings.NewReader(body)); s.status >= 300 {
				if tt.good >= 0 {
					t.Errorf("%s: start: %d %s", name, s.status, s.body)
				} else {
					refused(t, name, s, 400, 409, 413, 415, 422)
				}
				continue
			}
			im = w.ended(t, im.ID)
		}
		if tt.good < 0 {
			if im.State != "failed" || len(im.Error) < 12 {
				t.Errorf("%s: should fail with a sentence, is %+v", name, im)
			}
			continue
		}
		w.processed(t)
		if kept := len(w.feedback(t)) - before; im.State != "done" || kept != tt.good || im.Progress.Bad != tt.bad {
			t.Errorf("%s: kept %d rows, want %d; %d bad, want %d; %+v", name, kept, tt.good, im.Progress.Bad, tt.bad, im)
		}
		if tt.bad > 0 {
			errs := w.send(t, "GET", "/api/v1/imports/"+im.ID+"/errors", nil, nil)
			if n := bytes.Count(bytes.TrimSpace(errs.body), []byte("\n")); errs.status != 200 || n < tt.bad {
				t.Errorf("%s: the error file has %d rows, want %d: %d %.300s", name, n, tt.bad, errs.status, errs.body)
			}
		}
	}
	_, peak := w.RSS()
	t.Logf("peak %d MB", peak>>20)
	if peak > 900<<20 {
		t.Errorf("%d MB at the peak: something was unpacked whole", peak>>20)
	}
}

// zipOf returns an archive of one file of zeros.
func zipOf(t *testing.T, name string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
