package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2024, 6, 15, 12, 0, 0, 0, time.UTC)

// sampleOf reads the first rows of a file.
func sampleOf(t testing.TB, name string, file []byte) (Plan, []Row) {
	t.Helper()
	p, err := Probe(bytes.NewReader(file), int64(len(file)), name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(file), int64(len(file)), p, "")
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for len(rows) < sampleRows {
		row, err := r.Next()
		var bad *RowError
		if errors.As(err, &bad) {
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return p, rows
}

// repeat builds a CSV of n rows by filling %d in a line with the row number.
func repeat(header, line string, n int) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "#", fmt.Sprint(i)) + "\n")
	}
	return b.String()
}

func TestGuess(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file string
		want       Mapping
	}{
		{"labelled reviews", repeat("", `{"id":"r#","text":"It crashes when I open # of them","label":["bug"],"stars":3,"source":"RE_store_apps","app":null,"split":"dev"}`, 30),
			Mapping{ExternalID: "id", Text: "text", Rating: "stars", RatingMax: 5, Attrs: map[string]string{"label": "label", "source": "source", "app": "app", "split": "split"}}},
		{"reports", repeat("", `{"id":"P-#","text":"cvs mailing list # do not work","title":"cvs list #","severity":"trivial","priority":"P3","created":"2000-10-25 10:37:00","repo":"a/b"}`, 30),
			Mapping{ExternalID: "id", Text: "text", Title: "title", OccurredAt: "created", Attrs: map[string]string{"severity": "severity", "priority": "priority", "repo": "repo"}}},
		{"pairs", repeat("", `{"id":"p#","review_id":"r1","app":"org.x","text":"I enjoy it when it works #","issue_id":"#","issue_title":"Freezes with # tabs","issue_body":"Long words about # and more of them","label":"match","score":0.81}`, 30),
			Mapping{ExternalID: "id", Text: "text", Rating: "score", RatingMax: 5, Attrs: map[string]string{"app": "app", "issue_body": "issue_body", "issue_id": "issue_id", "issue_title": "issue_title", "label": "label", "review_id": "review_id"}}},
		{"play store", repeat("reviewId,userName,content,score,thumbsUpCount,reviewCreatedVersion,at,replyContent", `#abc,Ann Lee,"The app, version #, crashes",4,#,1.2.3,2024-01-02 10:00:00,"Thank you for telling us, dear customer number #"`, 30),
			Mapping{ExternalID: "reviewId", Text: "content", Rating: "score", RatingMax: 5, AppVersion: "reviewCreatedVersion", OccurredAt: "at", AuthorName: "userName",
				Attrs: map[string]string{"thumbsUpCount": "thumbsUpCount", "replyContent": "replyContent"}}},
		{"app store", repeat("Title;Review;Rating;Date;Author;Version;Country;URL", `Bad #;"It does not start # any more";1;03.04.2024;ann;2.0;DE;https://example.com/#`, 30),
			Mapping{Title: "Title", Text: "Review", Rating: "Rating", RatingMax: 5, OccurredAt: "Date", AuthorName: "Author", AppVersion: "Version", URL: "URL", Attrs: map[string]string{"Country": "Country"}}},
		{"German survey", repeat("Nr.;Zeitstempel;E-Mail-Adresse;Bewertung;Was können wir besser machen?;Sprache", `#;13.04.2024 10:22;ann#@example.com;8;Die Suche findet # meiner Dokumente nicht;de`, 30),
			Mapping{ExternalID: "Nr.", OccurredAt: "Zeitstempel", AuthorEmail: "E-Mail-Adresse", Rating: "Bewertung", RatingMax: 10, Text: "Was können wir besser machen?", Language: "Sprache"}},
		{"French", repeat("Identifiant,Avis,Note,Date de création,Nom", `#,"Très bonne application, mais lente # fois",4,14/04/2024,Anne`, 30),
			Mapping{ExternalID: "Identifiant", Text: "Avis", Rating: "Note", RatingMax: 5, OccurredAt: "Date de création", AuthorName: "Nom", DateOrder: "dmy"}},
		{"Japanese", repeat("投稿者,評価,タイトル,レビュー,日付", `太郎,★★★☆☆,良い#,とても使いやすいですが時々落ちます #,2024年4月3日`, 30),
			Mapping{AuthorName: "投稿者", Rating: "評価", RatingMax: 5, Title: "タイトル", Text: "レビュー", OccurredAt: "日付"}},
		{"no useful names", repeat("a,b,c,d", `#,"The page stays empty when I press save # times",ann#@example.com,2024-04-03T10:00:00Z`, 30),
			Mapping{Text: "b", AuthorEmail: "c", OccurredAt: "d", Attrs: map[string]string{"a": "a"}}},
		{"NPS", repeat("Respondent ID,NPS score,Comment,Submitted at", `#,9,I like it a lot #,4/25/2024 1:05 PM`, 30),
			Mapping{ExternalID: "Respondent ID", Rating: "NPS score", RatingMax: 10, Text: "Comment", OccurredAt: "Submitted at", DateOrder: "mdy"}},
		{"votes are no rating", repeat("id,body,score", `#,Some long words that a person said #,25#`, 30),
			Mapping{ExternalID: "id", Text: "body", Attrs: map[string]string{"score": "score"}}},
		{"id that repeats", repeat("id,text", `7,Some long words that a person said #`, 30),
			Mapping{Text: "text", Attrs: map[string]string{"id": "id"}}},
		{"zendesk", `{"tickets":[{"id":1,"subject":"Help","description":"It is broken","created_at":"2024-03-01T10:00:00Z","requester":{"id":3,"name":"Ann","email":"ann@example.com"},"via":{"channel":"email"},"status":"open"}]}`,
			Mapping{ExternalID: "id", Title: "subject", Text: "text", OccurredAt: "created_at", AuthorName: "requester_name", AuthorEmail: "requester_email", UserID: "requester_id", Channel: "via", Attrs: map[string]string{"status": "status"}}},
		{"github", `[{"number":7,"title":"Crash","body":"Steps to make it crash","user":{"login":"ann"},"labels":[{"name":"bug"}],"created_at":"2024-01-01T00:00:00Z","html_url":"https://github.com/o/r/issues/7","state":"open","comments":3}]`,
			Mapping{ExternalID: "key", Title: "title", Text: "body", AuthorName: "author", OccurredAt: "created_at", URL: "url",
				Attrs: map[string]string{"labels": "labels", "state": "state", "comments": "comments", "author_association": "author_association", "closed_at": "closed_at", "milestone": "milestone", "reactions": "reactions", "state_reason": "state_reason"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, rows := sampleOf(t, "x", []byte(strings.TrimLeft(tc.file, "\n")))
			got, reasons := guess(p.Columns, rows, noon)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("mapping (-want +got):\n%s\nreasons %q", d, reasons)
			}
			if err := got.Validate(p.Columns); err != nil {
				t.Errorf("Validate: %v", err)
			}
			for field, column := range got.columns() {
				if (*column != "") != (reasons[field] != "") {
					t.Errorf("field %s = %q has the reason %q", field, *column, reasons[field])
				}
			}
		})
	}
}

// TestGuessOnRealFiles: labelled sets that people bring.
func TestGuessOnRealFiles(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("HYPERCARE_EVAL_DATA")
	if dir == "" {
		dir = "../../../../shared/data"
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Skipf("no data in %s; set HYPERCARE_EVAL_DATA", dir)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		head, err := io.ReadAll(io.LimitReader(f, 4<<20))
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		head = head[:bytes.LastIndexByte(head, '\n')+1]
		p, rows := sampleOf(t, filepath.Base(name), head)
		if len(rows) == 0 {
			continue
		}
		m, reasons := Guess(p.Columns, rows)
		for field, want := range map[string]string{fieldID: "id", fieldText: "text", fieldTitle: "title", fieldRating: "stars", fieldTime: "created", fieldURL: "url", fieldLanguage: "lang"} {
			has := false
			for _, c := range p.Columns {
				has = has || c == want
			}
			if got := *m.columns()[field]; has && got != want {
				t.Errorf("%s: %s = %q, want %q; reasons %q", filepath.Base(name), field, got, want, reasons)
			} else if !has && got != "" {
				t.Logf("%s: %s = %q (%s)", filepath.Base(name), field, got, reasons[field])
			}
		}
		bad := 0
		for _, r := range rows {
			in, err := m.Apply(r, Options{Channel: "import"})
			if err == nil {
				err = in.Validate(time.Now())
			}
			if err != nil {
				if bad++; bad == 1 {
					t.Logf("%s: row %d: %v", filepath.Base(name), r.Number, err)
				}
			}
		}
		if bad*50 > len(rows) {
			t.Errorf("%s: %d of %d rows can't be kept", filepath.Base(name), bad, len(rows))
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		in, want string // want in UTC; "" for no date
		order    dateOrder
	}{
		{"2024-03-04T05:06:07Z", "2024-03-04 05:06:07", ""},
		{"2024-03-04T05:06:07.5+02:00", "2024-03-04 03:06:07.5", ""},
		{"2024-03-04T05:06:07", "2024-03-04 04:06:07", ""},
		{"2024-03-04 05:06", "2024-03-04 04:06:00", ""},
		{"2024-03-04 05:06:07 UTC", "2024-03-04 05:06:07", ""},
		{"2024-03-04 05:06:07 +0000", "2024-03-04 05:06:07", ""},
		{"2024-03-04 05:06:07.123456 PST", "2024-03-04 13:06:07.123456", ""},
		{"2024/3/4", "2024-03-03 23:00:00", ""},
		{"2024-03-04", "2024-03-03 23:00:00", ""},
		{"03/04/2024", "2024-04-02 22:00:00", orderDMY},
		{"03/04/2024", "2024-03-03 23:00:00", orderMDY},
		{"3/4/24 1:05 PM", "2024-03-04 12:05:00", orderMDY},
		{"12/31/2024 12:30 am", "2024-12-30 23:30:00", orderMDY},
		{"03.04.2024, 10:22 Uhr", "2024-04-03 08:22:00", orderMDY},
		{"3.4.24", "2024-04-02 22:00:00", ""},
		{"31-12-2024 23:59:59", "2024-12-31 22:59:59", ""},
		{"Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02 15:04:05", ""},
		{"Mon Jan  2 15:04:05 2006", "2006-01-02 14:04:05", ""},
		{"Mon Jan 02 15:04:05 +0000 2006", "2006-01-02 15:04:05", ""},
		{"Tue Mar 05 2024 10:00:00 GMT+0100 (Central European Standard Time)", "2024-03-05 09:00:00", ""},
		{"March 4, 2024", "2024-03-03 23:00:00", ""},
		{"March 4th, 2024 at 5:06 PM", "2024-03-04 16:06:00", ""},
		{"Monday, March 4, 2024", "2024-03-03 23:00:00", ""},
		{"4 March 2024 17:06", "2024-03-04 16:06:00", ""},
		{"04-Mar-2024", "2024-03-03 23:00:00", ""},
		{"4. März 2024", "2024-03-03 23:00:00", ""},
		{"Montag, 4. Dezember 2023 17:06", "2023-12-04 16:06:00", ""},
		{"4 de agosto de 2024", "2024-08-03 22:00:00", ""},
		{"1er juillet 2024 à 10:00", "2024-07-01 08:00:00", ""},
		{"14 février 2024", "2024-02-13 23:00:00", ""},
		{"2024年4月3日 10:00", "2024-04-03 08:00:00", ""},
		{"1709528767", "2024-03-04 05:06:07", ""},
		{"1709528767.25", "2024-03-04 05:06:07.25", ""},
		{"1709528767123", "2024-03-04 05:06:07.123", ""},
		{"1709528767123456", "2024-03-04 05:06:07.123456", ""},
		{"20240304", "2024-03-03 23:00:00", ""},
		{"45355", "2024-03-03 23:00:00", ""},
		{"45355.5", "2024-03-04 11:00:00", ""},
		{"2024-02-30", "", ""}, {"2024-13-01", "", ""}, {"31/02/2024", "", orderDMY}, {"13/13/2024", "", orderMDY},
		{"5", "", ""}, {"1.2.3", "", ""}, {"10.0.0.1", "", ""}, {"hello", "", ""}, {"2024-03-04 25:00", "", ""}, {"2024-03-04 words", "", ""},
		{"1234", "", ""}, {"99999999", "", ""}, {"4.5.6.7.8", "", ""}, {"May I ask for 2024", "", ""},
	} {
		got, ok := parseTime(tc.in, tc.order, berlin)
		s := ""
		if ok {
			s = got.UTC().Format("2006-01-02 15:04:05.999999")
		}
		if s != tc.want {
			t.Errorf("parseTime(%q, %q) = %q, want %q", tc.in, tc.order, s, tc.want)
		}
	}
}

func TestGuessOrder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		values []string
		want   dateOrder
		why    string
	}{
		{"a day above 12", []string{"01/02/2024", "13/02/2024"}, orderDMY, "13/02/2024"},
		{"a month that can't be", []string{"01/02/2024", "02/13/2024"}, orderMDY, "02/13/2024"},
		{"future", []string{"05/11/2024", "06/12/2024"}, orderMDY, "future"}, // today is 15 June 2024
		{"in order", []string{"01/02/2023", "01/05/2023", "01/09/2023", "02/01/2023", "02/03/2023", "02/10/2023", "03/01/2023"}, orderMDY, "in order"},
		{"nothing tells", []string{"03/04/2023"}, orderDMY, "assumed"},
		{"not ambiguous", []string{"2024-01-02", "03.04.2024"}, orderDMY, ""},
	} {
		got, why := guessOrder(tc.values, noon)
		if got != tc.want || !strings.Contains(why, tc.why) || (why == "") != (tc.why == "") {
			t.Errorf("%s: guessOrder = %s, %q; want %s, %q", tc.name, got, why, tc.want, tc.why)
		}
	}
}

func TestParseRating(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		best float64
		want float64 // -1: refused
	}{
		{"4", 5, 4}, {"4.5", 5, 4.5}, {"4,5", 0, 4.5}, {"5 stars", 5, 5}, {"1 star", 5, 1}, {"3 Sterne", 5, 3}, {"4/5", 5, 4}, {"8/10", 5, 4}, {"4 out of 5", 10, 4},
		{"4 von 5 Sternen", 5, 4}, {"★★★☆☆", 5, 3}, {"⭐⭐⭐⭐", 5, 4}, {"★★½", 5, 2.5}, {"9", 10, 4.5}, {"80%", 5, 4}, {"75", 100, 3.75},
		{"6", 5, -1}, {"-1", 5, -1}, {"good", 5, -1}, {"11/10", 5, -1}, {"4/0", 5, -1}, {"1e9", 5, -1},
	} {
		got, err := parseRating(tc.in, tc.best)
		if err != nil {
			got = -1
		}
		if got != tc.want {
			t.Errorf("parseRating(%q, %v) = %v, %v; want %v", tc.in, tc.best, got, err, tc.want)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	row := Row{Number: 2, Values: map[string]string{"t": " <b>it's; DROP</b>\r\n ", "s": "Sub\nject", "id": " 7 ", "at": "2024-01-02 03:04:05", "mail": "Ann <Ann@Example.com>", "u": "n/a", "r": "8", "l": "German",
		"v": "null", "c": "App Store (iOS)", "long": strings.Repeat("ä", 400)}}
	m := Mapping{Text: "t", Title: "s", ExternalID: "id", OccurredAt: "at", AuthorEmail: "mail", UserID: "u", Rating: "r", RatingMax: 10, Language: "l", AppVersion: "v", Channel: "c",
		Attrs: map[string]string{"plan": "long", "none": "missing"}}
	in, err := m.Apply(row, Options{Channel: "import"})
	if err == nil {
		err = in.Validate(noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	if in.Text != " <b>it's; DROP</b>\r\n " || in.Title != "Sub ject" || in.ExternalID != "7" || *in.Rating != 4 || in.Language != "de" || in.AppVersion != "" || in.Channel != "app-store-ios" ||
		in.Author.Name != "Ann" || in.Author.Email != "ann@example.com" || in.Author.UserID != "" || in.OccurredAt.Format(time.RFC3339) != "2024-01-02T03:04:05Z" ||
		len(in.Attrs) != 1 || len(in.Attrs["plan"]) > 512 || !strings.HasSuffix(in.Attrs["plan"], "ä…") {
		t.Errorf("Apply = %+v, author %+v, at %v, rating %v", in, in.Author, in.OccurredAt, *in.Rating)
	}
	for _, bad := range []Row{
		{Values: map[string]string{"t": "x", "at": "soon"}}, {Values: map[string]string{"t": "x", "r": "great"}}, {Values: map[string]string{"t": "x", "r": "11"}},
	} {
		if _, err := m.Apply(bad, Options{}); err == nil {
			t.Errorf("Apply(%v) = nil, want an error", bad.Values)
		}
	}
	future, err := m.Apply(Row{Values: map[string]string{"t": "x", "at": "2031-01-01"}}, Options{})
	if err == nil {
		err = future.Validate(noon)
	}
	if err == nil || !strings.Contains(err.Error(), "future") {
		t.Errorf("a date in the future gives %v, want a refusal", err)
	}
}

func TestMappingValidate(t *testing.T) {
	t.Parallel()
	cols := []string{"a", "b"}
	for _, tc := range []struct {
		m    Mapping
		want string
	}{
		{Mapping{Text: "a"}, ""}, {Mapping{Title: "a", Attrs: map[string]string{"x": "b"}}, ""},
		{Mapping{}, "text"}, {Mapping{Text: "c"}, `"c"`}, {Mapping{Text: "a", Attrs: map[string]string{"x": "c"}}, "attrs.x"},
		{Mapping{Text: "a", DateOrder: "ymd"}, "date_order"}, {Mapping{Text: "a", RatingMax: -1}, "rating_max"},
	} {
		err := tc.m.Validate(cols)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Validate(%+v) = %v, want %q", tc.m, err, tc.want)
		}
	}
	var m Mapping
	for _, set := range []string{"text=a", "attrs.plan=b", "rating_max=10", "date_order=mdy"} {
		f, c, _ := strings.Cut(set, "=")
		if err := m.Set(f, c); err != nil {
			t.Errorf("Set(%s): %v", set, err)
		}
	}
	if d := cmp.Diff(Mapping{Text: "a", Attrs: map[string]string{"plan": "b"}, RatingMax: 10, DateOrder: "mdy"}, m); d != "" {
		t.Errorf("Set (-want +got):\n%s", d)
	}
	if err := m.Set("stars", "a"); err == nil || !strings.Contains(err.Error(), "rating") {
		t.Errorf("Set(stars) = %v, want an error that names the fields", err)
	}
}
