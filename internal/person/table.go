package person

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of a file of people.
const (
	maxTableBytes = 20 << 20
	maxTableRows  = 50_000
	shownRows     = 10 // of a preview
	shownErrors   = 200
)

// TableColumn says what a column of a file is taken for.
type TableColumn struct {
	Header string `json:"header"`
	As     string `json:"as" example:"attrs.tier" doc:"A field of a person, attrs.NAME, organisation.attrs.NAME, or empty when the column is left out."`
}

// TableResult is what became of a file of people, or would.
type TableResult struct {
	FeedResult
	DryRun     bool          `json:"dry_run"`
	Rows       int           `json:"rows"`
	Columns    []TableColumn `json:"columns" nullable:"false"`
	Sample     []Input       `json:"sample" nullable:"false" doc:"The first people of the file, as they were read."`
	MoreErrors int           `json:"more_errors,omitempty" doc:"How many beyond those listed."`
}

// headers are what columns are commonly called, in the forms that customer
// systems export.
var headers = func() map[string]string {
	m := map[string]string{}
	for as, names := range map[string]string{
		"user_id":      "user_id userid uid login customer_id contact_id member_id kundennummer benutzer_id",
		"email":        "email e_mail mail email_address e_mail_address e_mail_adresse correo courriel",
		"external_id":  "external_id id crm_id record_id",
		"phone":        "phone phone_number telephone tel mobile mobile_phone telefon telefonnummer handy",
		"device_id":    "device_id device",
		"name":         "name full_name display_name contact_name contact vollname",
		"first_name":   "first_name firstname given_name vorname",
		"last_name":    "last_name lastname surname family_name nachname",
		"language":     "language lang locale sprache",
		"organisation": "organisation organization company account account_name company_name firma unternehmen kunde",
	} {
		for n := range strings.FieldsSeq(names) {
			m[n] = as
		}
	}
	return m
}()

// columnOf says what a column with a header is.
func columnOf(header string) string {
	name := strings.TrimSpace(header)
	low := strings.ToLower(name)
	for _, p := range []string{"organisation.", "organization.", "company.", "account."} {
		if rest, ok := strings.CutPrefix(low, p); ok && rest != "" && rest != "name" {
			return "organisation.attrs." + rest
		} else if rest == "name" && ok {
			return "organisation"
		}
	}
	key := strings.Trim(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '.' || r == '/' {
			return '_'
		}
		return r
	}, low), "_")
	if as := headers[key]; as != "" {
		return as
	}
	if key = strings.TrimPrefix(strings.TrimPrefix(key, "attrs_"), "attribute_"); key == "" {
		return ""
	}
	return "attrs." + key
}

// table reads a file of people row by row.
type table struct {
	r       *csv.Reader
	columns []TableColumn
}

// newTable reads the head of a file: its first row decides what columns are.
func newTable(data []byte) (*table, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, errs.New(errs.Invalid, "The file is not UTF-8; save it as CSV UTF-8.")
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errs.New(errs.Invalid, "The file holds a NUL character; it is no CSV file.")
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	t := &table{r: csv.NewReader(bytes.NewReader(data))}
	t.r.FieldsPerRecord, t.r.LazyQuotes, t.r.TrimLeadingSpace = -1, true, true
	for _, comma := range []rune{';', '\t'} {
		if bytes.Count(first, []byte(string(comma))) > bytes.Count(first, []byte(string(t.r.Comma))) {
			t.r.Comma = comma
		}
	}
	head, err := t.r.Read()
	if err != nil {
		return nil, errs.New(errs.Invalid, "The file is empty; its first row must name the columns.")
	}
	if len(head) > 200 {
		return nil, errs.New(errs.Invalid, "The file has %d columns; at most 200 are read.", len(head))
	}
	who := false
	seen := map[string]bool{}
	for _, h := range head {
		c := TableColumn{h, columnOf(h)}
		if seen[c.As] {
			c.As = "" // the first of a name counts
		}
		seen[c.As] = true
		switch c.As {
		case UserID, Email, ExternalID, Phone, DeviceID:
			who = true
		}
		t.columns = append(t.columns, c)
	}
	if !who {
		return nil, errs.New(errs.Invalid, "No column says who people are; name one email, user_id, external_id or phone.")
	}
	return t, nil
}

// next reads a person, and what the row says of their organisation. line is
// where it stands in the file.
func (t *table) next() (in Input, org map[string]string, line int, err error) {
	row, err := t.r.Read()
	line, _ = t.r.FieldPos(0)
	if err != nil {
		return in, nil, line, err
	}
	in.Attrs, org = map[string]string{}, map[string]string{}
	first, last := "", ""
	for i, c := range t.columns {
		if i >= len(row) || c.As == "" {
			continue
		}
		v := strings.TrimSpace(row[i])
		switch c.As {
		case "user_id":
			in.UserID = v
		case "email":
			in.Email = v
		case "external_id":
			in.ExternalID = v
		case "phone":
			in.Phone = v
		case "device_id":
			in.DeviceID = v
		case "name":
			in.Name = v
		case "first_name":
			first = v
		case "last_name":
			last = v
		case "language":
			in.Language = v
		case "organisation":
			in.Organisation = v
		default:
			if name, ok := strings.CutPrefix(c.As, "organisation.attrs."); ok && v != "" {
				org[name] = v
			} else if name, ok := strings.CutPrefix(c.As, "attrs."); ok && v != "" { // an empty cell says nothing
				in.Attrs[name] = v
			}
		}
	}
	if in.Name == "" {
		in.Name = strings.TrimSpace(first + " " + last)
	}
	return in, org, line, nil
}

// errDry rolls a trial back.
var errDry = errors.New("dry run")

// ImportTable takes in a file of people: CSV (RFC 4180) with a row of headers,
// separated by comma, semicolon or tab. What a row lacks stays as it is.
func (s *Service) ImportTable(ctx context.Context, data []byte, dry bool) (*TableResult, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if len(data) > maxTableBytes {
		return nil, errs.New(errs.TooLarge, "The file is larger than %d MB; split it.", maxTableBytes>>20)
	}
	t, err := newTable(data)
	if err != nil {
		return nil, err
	}
	out := &TableResult{DryRun: dry, Columns: t.columns, Sample: []Input{}, FeedResult: FeedResult{Errors: []RowError{}}}
	var rows []numbered
	orgs := map[string]*OrganisationInput{}
	var order []string
	for {
		in, org, line, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if out.Rows++; out.Rows > maxTableRows {
			return nil, errs.New(errs.TooLarge, "The file has more than %d rows; split it.", maxTableRows)
		}
		if err != nil {
			out.Errors = append(out.Errors, RowError{line, "person", "The row can't be read: " + err.Error() + "."})
			continue
		}
		if len(out.Sample) < shownRows {
			out.Sample = append(out.Sample, in)
		}
		rows = append(rows, numbered{line, in})
		if key := keyOf(in.Organisation); key != "" && len(org) > 0 {
			if orgs[key] == nil {
				orgs[key] = &OrganisationInput{Name: in.Organisation, Attrs: map[string]string{}}
				order = append(order, key)
			}
			for k, v := range org {
				orgs[key].Attrs[k] = v
			}
		}
	}
	var touched []string
	if dry {
		err = s.tryRows(ctx, a.Workspace, rows, out)
	} else {
		touched, err = s.importRows(ctx, a, rows, order, orgs, out)
	}
	if err != nil {
		return nil, err
	}
	if n := len(out.Errors); n > shownErrors {
		out.Errors, out.MoreErrors = out.Errors[:shownErrors], n-shownErrors
	}
	s.tell(ctx, a.Workspace, touched...)
	return out, nil
}

func (s *Service) importRows(ctx context.Context, a workspace.Actor, rows []numbered, order []string, orgs map[string]*OrganisationInput, out *TableResult) ([]string, error) {
	var touched []string
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		touched = nil
		for _, key := range order {
			_, _, more, err := putOrganisation(ctx, tx, a.Workspace, *orgs[key], s.now())
			if err != nil {
				return err
			}
			touched = append(touched, more...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	more, err := s.takeRows(ctx, a.Workspace, rows, &out.FeedResult)
	if err != nil {
		return nil, err
	}
	return append(touched, more...), s.db.Tx(ctx, func(tx *db.Tx) error {
		return a.Audit(ctx, tx, "people.import", "workspace", string(a.Workspace), map[string]any{"rows": out.Rows, "created": out.Created, "updated": out.Updated})
	})
}

// triedRows bounds a trial: it holds the writer while it lasts.
const triedRows = 2000

// tryRows does the first rows and takes all of it back.
func (s *Service) tryRows(ctx context.Context, ws workspace.ID, rows []numbered, out *TableResult) error {
	rows = rows[:min(len(rows), triedRows)]
	var one FeedResult
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		one = FeedResult{}
		u := upsert{s: s, tx: tx, ws: ws, now: s.now()}
		for _, r := range rows {
			done, err := u.put(ctx, r.in)
			if err := one.refuse(err, r.row, "person"); err != nil {
				return err
			}
			one.count(done)
		}
		return errDry
	})
	if !errors.Is(err, errDry) {
		return err
	}
	out.Created, out.Updated, out.Unchanged = one.Created, one.Updated, one.Unchanged
	out.Errors = append(out.Errors, one.Errors...)
	return nil
}

// strict reads JSON and refuses what it does not know.
func strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return web.BadJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errs.New(errs.Invalid, "There is more behind the JSON value; send one value.")
	}
	return nil
}
