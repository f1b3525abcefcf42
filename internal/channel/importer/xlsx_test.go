package importer

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/xuri/excelize/v2"
)

// sheetFile writes a workbook of one sheet with excelize.
func sheetFile(t testing.TB, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, r := range rows {
		for c, v := range r {
			name, err := excelize.CoordinatesToCellName(c+1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellValue("Sheet1", name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return bytesOf(t, f)
}

func bytesOf(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSheet(t *testing.T) {
	t.Parallel()
	day := time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC)
	noon := time.Date(2024, 12, 3, 12, 30, 5, 0, time.UTC)
	file := sheetFile(t, [][]any{
		{"Export of Monday"},
		{},
		{"Id", "Review", "Stars", "Date", "OK"},
		{1, "Crashes\nalways", 1, noon, true},
		{2, "a _x0041_ b", 4.5, day, false},
		{},
		{12345678901234, "<b>'; DROP TABLE x;--</b>", nil, "03/04/2024"},
	})
	p, rows := read(t, "a.xlsx", file)
	want := []string{
		"4|Id=1|Review=Crashes\nalways|Stars=1|Date=2024-12-03 12:30:05|OK=true",
		"5|Id=2|Review=a A b|Stars=4.5|Date=2024-03-31|OK=false",
		"7|Id=12345678901234|Review=<b>'; DROP TABLE x;--</b>|Date=03/04/2024",
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	checkResume(t, file, p)
}

func TestSheetStyles(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	date1904 := true
	if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}); err != nil {
		t.Fatal(err)
	}
	for i, format := range []string{"dd/mm/yyyy hh:mm", `0.00 "days"`, "[h]:mm", "[Red]0.0", "#,##0", "yyyy\"年\"m\"月\""} {
		format := format
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%c2", 'A'+i)
		_ = f.SetCellValue("Sheet1", fmt.Sprintf("%c1", 'A'+i), fmt.Sprintf("name %d", i))
		_ = f.SetCellValue("Sheet1", name, 40000.5)
		_ = f.SetCellStyle("Sheet1", name, name, style)
	}
	p, rows := read(t, "a.xlsx", bytesOf(t, f))
	d := "2013-07-07 12:00:00" // 40,000.5 days after 1 January 1904
	want := []string{"2|name 0=" + d + "|name 1=40000.5|name 2=" + d + "|name 3=40000.5|name 4=40000.5|name 5=" + d}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s\nplan %+v", diff, p)
	}
}

func TestSheetChoice(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile() // Sheet1 stays empty
	for _, s := range []string{"Secret", "Reviews", "More"} {
		if _, err := f.NewSheet(s); err != nil {
			t.Fatal(err)
		}
		_ = f.SetCellValue(s, "A1", "text")
		_ = f.SetCellValue(s, "A2", "from "+s)
	}
	_ = f.SetSheetVisible("Secret", false)
	p, rows := read(t, "a.xlsx", bytesOf(t, f))
	if d := cmp.Diff([]string{"2|text=from Reviews"}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if !strings.Contains(strings.Join(p.Notes, " "), `"Reviews"`) {
		t.Errorf("notes = %q, want the sheet's name", p.Notes)
	}
}

// rewrite copies a workbook with one part changed.
func rewrite(t testing.TB, file []byte, part string, change func(string) string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range r.File {
		rc, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == part {
			data = []byte(change(string(data)))
		}
		out, err := w.Create(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = out.Write(data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const firstSheet = "xl/worksheets/sheet1.xml"

func TestSheetDamage(t *testing.T) {
	t.Parallel()
	good := sheetFile(t, [][]any{{"id", "text"}, {1, "one"}, {2, "two"}, {3, "three"}})
	for _, tc := range []struct {
		name string
		part string
		edit func(string) string
		rows []string
	}{
		{"ends within a row", firstSheet, func(s string) string { return s[:strings.Index(s, `r="A4"`)] },
			[]string{"2|id=1|text=one", "3|id=2|text=two", "4! and what follows is lost: the sheet is damaged"}},
		{"ends between rows", firstSheet, func(s string) string { return s[:strings.Index(s, `<row r="4"`)] },
			[]string{"2|id=1|text=one", "3|id=2|text=two", "4! and what follows is lost: the sheet ends in the middle"}},
		{"bad XML", firstSheet, func(s string) string { return strings.Replace(s, `<row r="4"`, `<row r=4 <<<`, 1) },
			[]string{"2|id=1|text=one", "3|id=2|text=two", "4! and what follows is lost: the sheet is damaged"}},
		{"huge cell", firstSheet, func(s string) string {
			return strings.Replace(s, `<row r="4"`, `<row r="4"><c r="A4" t="str"><v>`+strings.Repeat("x", 3<<20)+`</v></c></row><row r="5"`, 1)
		}, []string{"2|id=1|text=one", "3|id=2|text=two", "4! and what follows is lost: it has a cell of more than 1 MB"}},
		{"far column", firstSheet, func(s string) string {
			return strings.Replace(s, `<row r="4"`, `<row r="4"><c r="XFD4"><v>9</v></c></row><row r="5"`, 1)
		}, []string{"2|id=1|text=one", "3|id=2|text=two", "4! has more than 500 columns", "5|id=3|text=three"}},
		{"value beside the columns", firstSheet, func(s string) string {
			return strings.Replace(s, `</row></sheetData>`, `</row>`+strings.Repeat(`<row></row>`, 5000)+`<row><c r="A1"><v>1</v></c><c r="F1"><v>9</v></c></row></sheetData>`, 1)
		}, []string{"2|id=1|text=one", "3|id=2|text=two", "4|id=3|text=three", "5005! has a value in column 6, where the header has 2 columns"}},
		{"missing shared strings", "xl/sharedStrings.xml", func(string) string { return "<sst></sst>" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := rewrite(t, good, tc.part, tc.edit)
			p, err := Probe(bytes.NewReader(file), int64(len(file)), "a.xlsx")
			if err != nil {
				t.Fatal(err)
			}
			rows, _ := readFrom(t, file, p, "")
			for i := range rows {
				if i < len(tc.rows) && strings.HasPrefix(rows[i], tc.rows[i]) {
					rows[i] = tc.rows[i]
				}
			}
			if tc.rows != nil {
				if d := cmp.Diff(tc.rows, rows); d != "" {
					t.Errorf("rows (-want +got):\n%s", d)
				}
			}
			checkResume(t, file, p)
		})
	}
}

func TestSheetBombs(t *testing.T) {
	t.Parallel()
	good := sheetFile(t, [][]any{{"id", "text"}, {1, "one"}})
	for _, tc := range []struct {
		name, want string
		file       []byte
	}{
		{"text that repeats", "zip bomb", rewrite(t, good, firstSheet, func(s string) string {
			return strings.Replace(s, "</sheetData>", strings.Repeat("<row><c><v>1</v></c></row>", 3<<19)+"</sheetData>", 1)
		})},
		{"shared strings", "zip bomb", rewrite(t, good, "xl/sharedStrings.xml", func(string) string {
			return "<sst>" + strings.Repeat("<si><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></si>", 2<<20) + "</sst>"
		})},
		{"many parts", "parts", manyParts(t)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Probe(bytes.NewReader(tc.file), int64(len(tc.file)), "a.xlsx")
			if !errs.Is(err, errs.TooLarge) || !strings.Contains(errs.Message(err), tc.want) {
				t.Errorf("Probe = %v, want TooLarge with %q", err, tc.want)
			}
		})
	}
}

func manyParts(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range maxParts + 1 {
		if _, err := w.Create(fmt.Sprintf("xl/%d.xml", i)); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	return b.Bytes()
}

// TestLyingZip: a part that unpacks to more than it declares is damaged, not
// unpacked.
func TestLyingZip(t *testing.T) {
	t.Parallel()
	good := rewrite(t, sheetFile(t, [][]any{{"id", "text"}, {1, "one"}}), firstSheet, func(s string) string {
		return strings.Replace(s, "</sheetData>", strings.Repeat("<row><c><v>1</v></c></row>", 1<<20)+"</sheetData>", 1)
	})
	// The central directory holds the size, 24 bytes behind each signature.
	at := 0
	for {
		i := bytes.Index(good[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i
		if bytes.Contains(good[at:min(len(good), at+46+len(firstSheet))], []byte(firstSheet)) {
			copy(good[at+24:], []byte{0, 8, 0, 0})
		}
		at += 4
	}
	p, err := Probe(bytes.NewReader(good), int64(len(good)), "a.xlsx")
	if err != nil {
		return // refused: fine
	}
	rows, _ := readFrom(t, good, p, "")
	if len(rows) > 200 || !strings.Contains(rows[len(rows)-1], "lost") {
		t.Errorf("%d rows, last %q; want the sheet to end as damaged", len(rows), rows[len(rows)-1])
	}
}
