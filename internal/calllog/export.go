package calllog

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of an export.
const (
	maxExport   = 1_000_000 // calls
	maxExports  = 2         // at the same time
	exportPage  = 1000
	exportTime  = 30 * time.Minute
	payloadPage = 50 // with bodies of up to 1 MB each
)

// Export is what to write.
type Export struct {
	Search
	Format  string // csv or jsonl
	Columns string
	Payload bool // what was captured too
	Limit   int  // 0: as many as may be
}

// exportColumns are those of a file when nothing is said.
const exportColumns = "time,id,status,method,host,path,query,route,api,version,ms,upstream_ms,first_byte_ms,in,out,user,session,app,key,ip,agent,upstream,attempts,error,policy,limit,cache,protocol,trace,node,release"

// exportFile is an export that is about to be written.
type exportFile struct {
	s     *Service
	ws    workspace.ID
	q     call.Query
	names []name
	in    Export
	mask  *mask.Masker // nil: as it is stored
}

// export checks an export before anything is written.
func (s *Service) export(ctx context.Context, in Export) (*exportFile, error) {
	need := workspace.Read
	if in.Payload {
		need = workspace.ReadPayload
	}
	a, err := s.need(ctx, need)
	if err != nil {
		return nil, err
	}
	f := &exportFile{s: s, ws: a.Workspace, in: in}
	if s.cover != nil {
		if f.mask, err = s.cover(ctx, a.Workspace); err != nil {
			return nil, err
		}
	}
	if f.q, err = in.query(a, time.Now()); err != nil {
		return nil, err
	}
	switch {
	case in.Format != "csv" && in.Format != "jsonl":
		return nil, errs.New(errs.Invalid, "The format is csv or jsonl, not %.20q.", in.Format)
	case in.Payload && in.Format != "jsonl":
		return nil, errs.New(errs.Invalid, "Payloads are only exported as jsonl.")
	}
	if in.Columns == "" {
		in.Columns = exportColumns
	} else if in.Format == "csv" || !in.Payload {
		if f.q.Fields, err = columns(in.Columns); err != nil {
			return nil, err
		}
	}
	if f.names, err = namesOf(in.Columns); err != nil {
		return nil, err
	}
	f.q.Limit, f.q.Payload = exportPage, in.Payload
	if in.Payload {
		f.q.Limit = payloadPage
		err = s.db.Tx(ctx, func(tx *db.Tx) error {
			return a.Audit(ctx, tx, "call.export", "call", "", map[string]any{"search": in.Q, "from": in.From, "to": in.To})
		})
	}
	return f, err
}

// write streams the calls, page by page.
func (f *exportFile) write(ctx context.Context, w io.Writer, each func()) error {
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	out := bufio.NewWriterSize(w, 64<<10)
	table := csv.NewWriter(out)
	if f.in.Format == "csv" {
		head := make([]string, len(f.names))
		for i, n := range f.names {
			head[i] = n.word
		}
		if err := table.Write(head); err != nil {
			return err
		}
	}
	most := maxExport
	if f.in.Limit > 0 {
		most = min(most, f.in.Limit)
	}
	for n := 0; n < most; {
		f.q.Limit = min(f.q.Limit, most-n)
		page, err := f.page(ctx)
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if err := f.row(table, out, &page.Calls[i]); err != nil {
				return err
			}
		}
		n += len(page.Calls)
		table.Flush()
		if err := out.Flush(); err != nil {
			return err
		}
		each()
		if page.Next.IsZero() {
			return nil
		}
		f.q.After = page.Next
	}
	return nil
}

func (f *exportFile) page(ctx context.Context) (*call.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	return f.s.store.Find(ctx, f.ws, f.q)
}

// full is a call with what was captured of it.
type full struct {
	Call
	Payload *Payload `json:"payload,omitempty"`
}

func (f *exportFile) row(table *csv.Writer, out io.Writer, r *call.Record) error {
	f.protect(r)
	if f.in.Format == "jsonl" {
		row := full{Call: shape(r)}
		if f.in.Payload && (r.Request.Capture != "" || r.Response.Capture != "") {
			row.Payload = &Payload{messageOf(&r.Request), messageOf(&r.Response)}
		}
		b, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("write call %s: %w", r.ID, err)
		}
		_, err = out.Write(append(b, '\n'))
		return err
	}
	cells := make([]string, len(f.names))
	for i, n := range f.names {
		cells[i] = cell(n, r)
	}
	return table.Write(cells)
}

// protect covers what the workspace's policy covers in exports: in what callers
// wrote. Who the caller is (user, session, ip) stays.
func (f *exportFile) protect(r *call.Record) {
	if f.mask == nil {
		return
	}
	r.Path, r.Query, r.Agent = f.mask.Text(r.Path), f.mask.Query(r.Query), f.mask.Text(r.Agent)
	if !f.in.Payload {
		return
	}
	for _, p := range []*call.Payload{&r.Request, &r.Response} {
		p.Head = f.mask.Text(p.Head)
		p.Body = string(f.mask.Body(p.Type, []byte(p.Body), p.Capture == call.Cut))
	}
}

// cell is a value in a table. A spreadsheet would take a text that begins like
// a formula for one, so that gets an apostrophe (OWASP, CSV injection).
func cell(n name, r *call.Record) string {
	v := r.Text(n.field)
	if n.unit == millis {
		us, err := strconv.ParseInt(v, 10, 64)
		if err == nil {
			return strconv.FormatFloat(float64(us)/1000, 'f', -1, 64)
		}
	}
	if v != "" && !n.field.IsNumber() && strings.ContainsRune("=+-@\t\r\n", rune(v[0])) {
		return "'" + v
	}
	return v
}

// download serves an export. What ends early is broken off, so that nobody
// takes a part for all.
func (s *Service) download(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	in := Export{Search: Search{Q: v.Get("q"), From: v.Get("from"), To: v.Get("to")}, Format: v.Get("format"), Columns: v.Get("columns"), Payload: v.Get("payload") == "true"}
	var err error
	if in.Limit, err = number(v.Get("limit"), 0, maxExport); err != nil {
		return err
	}
	f, err := s.export(r.Context(), in)
	if err != nil {
		return err
	}
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return errs.TooBusy(10*time.Second, "%d exports are under way already; try again when one has ended.", maxExports)
	}
	kind := map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}[in.Format]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="calls-`+time.Now().UTC().Format("20060102-150405")+"."+in.Format+`"`)
	rc := http.NewResponseController(w)
	alive := func() { _ = rc.SetWriteDeadline(time.Now().Add(time.Minute)) }
	alive()
	if err := f.write(r.Context(), w, alive); err != nil {
		if r.Context().Err() == nil {
			s.log.WarnContext(r.Context(), "an export of calls broke off", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// number reads one of a query.
func number(s string, otherwise, most int) (int, error) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most {
		return 0, errs.New(errs.Invalid, "%.20q is no number from 0 to %d.", s, most)
	}
	return n, nil
}
