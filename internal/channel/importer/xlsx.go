package importer

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// Workbooks are read here and not with excelize, whose row iterator drops XML
// errors (a sheet that is cut off just ends), loads the whole file, and can
// tell a date from a number only by its looks. Tests write with excelize.

// Limits of a workbook, beside those of every compressed file.
const (
	maxParts       = 10_000
	maxSharedText  = 192 << 20
	maxSheets      = 200
	maxPart        = 32 << 20 // styles, list of sheets
	maxCell        = 1 << 20  // XML of one cell; Excel itself stops at 32,767 characters
	sheetProbeRows = 200
)

// A workbook is an open XLSX file.
type workbook struct {
	parts    map[string]*zip.File
	date1904 bool
	dates    []bool // by cell style: shown as date or time
	shared   sharedText
}

type sheetInfo struct {
	name, part string
	hidden     bool
}

func notWorkbook(err error) error {
	return errs.Wrap(errs.Unprocessable, err, "The file is not an Excel workbook, or is damaged; open it in Excel and save it as .xlsx or CSV.")
}

// openWorkbook looks at the list of parts, before anything is unpacked.
func openWorkbook(f io.ReaderAt, size int64) (*workbook, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, notWorkbook(err)
	}
	if len(z.File) > maxParts {
		return nil, errs.New(errs.TooLarge, "The workbook has more than %d parts, as only a zip bomb has; save it as CSV.", maxParts)
	}
	wb := &workbook{parts: map[string]*zip.File{}}
	total := int64(0)
	for _, p := range z.File {
		if p.UncompressedSize64 > MaxUnpacked {
			return nil, bomb(MaxUnpacked+1, size)
		}
		total += int64(p.UncompressedSize64)
		if err := bomb(total, size); err != nil {
			return nil, err
		}
		wb.parts[strings.ToLower(strings.ReplaceAll(p.Name, `\`, "/"))] = p
	}
	return wb, nil
}

// part opens a part, which may unpack to limit bytes.
func (wb *workbook) part(name string, limit int64) (io.ReadCloser, *zip.File, error) {
	p, ok := wb.parts[strings.ToLower(name)]
	if !ok {
		return nil, nil, notWorkbook(fmt.Errorf("part %s is missing", name))
	}
	if p.UncompressedSize64 > uint64(limit) {
		return nil, nil, errs.New(errs.TooLarge, "The workbook's part %.60q is larger than %d MB; save the sheet as CSV.", name, limit>>20)
	}
	r, err := p.Open()
	if err != nil {
		return nil, nil, notWorkbook(err)
	}
	return r, p, nil
}

// decodePart reads a small part into v.
func (wb *workbook) decodePart(name string, v any) error {
	r, _, err := wb.part(name, maxPart)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if err := xml.NewDecoder(r).Decode(v); err != nil {
		return notWorkbook(fmt.Errorf("read %s: %w", name, err))
	}
	return nil
}

// sheets returns the worksheets in the order of their tabs.
func (wb *workbook) sheets() ([]sheetInfo, error) {
	var book struct {
		Props struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	main := "xl/workbook.xml"
	if _, ok := wb.parts[main]; !ok {
		return nil, notWorkbook(errors.New("no workbook.xml"))
	}
	if err := wb.decodePart(main, &book); err != nil {
		return nil, err
	}
	wb.date1904 = book.Props.Date1904 == "1" || book.Props.Date1904 == "true"
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := wb.decodePart("xl/_rels/workbook.xml.rels", &rels); err != nil {
		return nil, err
	}
	targets := map[string]string{}
	for _, r := range rels.List {
		if t := strings.TrimPrefix(r.Target, "/"); t != r.Target {
			targets[r.ID] = t
		} else {
			targets[r.ID] = path.Join("xl", r.Target)
		}
	}
	var out []sheetInfo
	for _, s := range book.Sheets {
		for _, a := range s.Attrs {
			if a.Name.Local == "id" && targets[a.Value] != "" && len(out) < maxSheets {
				out = append(out, sheetInfo{s.Name, targets[a.Value], s.State == "hidden" || s.State == "veryHidden"})
			}
		}
	}
	return out, nil
}

// readStyles learns which cell styles show dates. A workbook without styles
// has none.
func (wb *workbook) readStyles() error {
	if _, ok := wb.parts["xl/styles.xml"]; !ok {
		return nil
	}
	var styles struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := wb.decodePart("xl/styles.xml", &styles); err != nil {
		return err
	}
	custom := map[int]bool{}
	for _, f := range styles.Formats {
		custom[f.ID] = dateFormat(f.Code)
	}
	for _, c := range styles.Cells {
		date, ok := custom[c.Format]
		if !ok {
			// ECMA-376 part 1, 18.8.30: built-in formats, also of East Asian
			// locales.
			date = c.Format >= 14 && c.Format <= 22 || c.Format >= 27 && c.Format <= 36 || c.Format >= 45 && c.Format <= 47 || c.Format >= 50 && c.Format <= 58
		}
		wb.dates = append(wb.dates, date)
	}
	return nil
}

// dateFormat reports whether a number format shows a date or a time: it has
// one of their letters outside of quotes, escapes and brackets.
func dateFormat(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			// [h], [mm] and [ss] count hours; others are colours and locales.
			bracket = i+1 >= len(code) || !strings.ContainsRune("hHmMsS", rune(code[i+1]))
		case c == ']':
			bracket = false
		case bracket:
		case strings.ContainsRune("yYdDhHsSmM", rune(c)):
			return !strings.EqualFold(code, "General")
		case c == ';':
			return false // the format of negative numbers does not matter
		}
	}
	return false
}

// sharedText holds the workbook's strings in one block, for there may be a
// million.
type sharedText struct {
	text []byte
	ends []uint32
}

func (s *sharedText) get(i int) (string, bool) {
	if i < 0 || i >= len(s.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return string(s.text[from:s.ends[i]]), true
}

func (wb *workbook) readShared() error {
	const name = "xl/sharedStrings.xml"
	if _, ok := wb.parts[strings.ToLower(name)]; !ok {
		return nil
	}
	r, _, err := wb.part(name, MaxUnpacked)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	s := newXMLScan(r)
	inText, phonetic := false, false
	for {
		t, err := s.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return notWorkbook(fmt.Errorf("read %s: %w", name, err))
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				inText = !phonetic
			case "rPh":
				phonetic = true
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				wb.shared.ends = append(wb.shared.ends, uint32(len(wb.shared.text)))
			}
		case xml.CharData:
			if inText {
				wb.shared.text = append(wb.shared.text, t...)
			}
			if len(wb.shared.text) > maxSharedText {
				return errs.New(errs.TooLarge, "The workbook holds more than %d MB of text; save the sheet as CSV.", maxSharedText>>20)
			}
		}
	}
}

// xmlScan reads XML tokens of bounded size.
type xmlScan struct {
	d     *xml.Decoder
	guard *tokenGuard
}

// tokenGuard ends a read that goes on for too long within one token.
type tokenGuard struct {
	r     io.Reader
	n     int
	total int64
}

var errLongToken = errors.New("a cell is longer than 1 MB")

func (g *tokenGuard) Read(b []byte) (int, error) {
	if g.n > maxCell {
		return 0, errLongToken
	}
	n, err := g.r.Read(b)
	g.n += n
	g.total += int64(n)
	return n, err
}

func newXMLScan(r io.Reader) *xmlScan {
	g := &tokenGuard{r: r}
	d := xml.NewDecoder(g)
	d.Strict = true
	return &xmlScan{d, g}
}

// token returns the next token, which is valid until the next call. Nesting
// is not checked; that the end is reached is what matters.
func (s *xmlScan) token() (xml.Token, error) {
	s.guard.n = 0
	return s.d.RawToken()
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
