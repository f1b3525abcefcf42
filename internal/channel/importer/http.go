package importer

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// errorPage is how many bad rows the download reads at once.
const errorPage = 1000

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	api.Raw("POST /launches/{id}/imports", "upload-import", "Upload a file of feedback (CSV, JSONL, JSON, XLSX, Zendesk or GitHub export; at most 512 MB) to preview it", s.handleUpload,
		nil, Import{}, web.Status(http.StatusCreated), multipartBody)
	api.Raw("GET /imports/{id}/errors", "list-import-errors", "Rows that could not be kept, as a CSV file with the reason beside each row, or as JSON pages", s.handleErrors,
		nil, web.Page[RowIssue]{}, queryParam("format", "csv (a download) or json"), queryParam("cursor", "Of the next page of JSON."), queryParam("limit", "Rows of a page of JSON, 50 when absent, at most 1,000."))
	one := func(i *Import, err error) (*web.Body[Import], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[Import]{Body: *i}, nil
	}
	web.Route(api, "GET /launches/{id}/imports", "list-imports", "Imports of a launch, newest first", func(ctx context.Context, in *struct {
		web.ByID
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Import]], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, in.ID, before, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].ID)
		}
		return &web.Body[web.Page[*Import]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /imports/{id}", "get-import", "One import with its progress; with a sample until it is started", func(ctx context.Context, in *web.ByID) (*web.Body[Import], error) {
		return one(s.Get(ctx, in.ID))
	})
	web.Route(api, "POST /imports/{id}/preview", "preview-import", "Map the sample anew, or try the whole file without keeping anything", func(ctx context.Context, in *struct {
		web.ByID
		Body struct {
			Mapping *Mapping `json:"mapping,omitempty" doc:"The guessed one, or that of the last preview, when absent."`
			DryRun  bool     `json:"dry_run,omitempty" doc:"Read the whole file and count good, duplicate and bad rows."`
		}
	}) (*web.Body[Import], error) {
		return one(s.Preview(ctx, in.ID, in.Body.Mapping, in.Body.DryRun))
	})
	web.Route(api, "POST /imports/{id}/start", "start-import", "Import the file in the background", func(ctx context.Context, in *struct {
		web.ByID
		Body struct {
			Mapping *Mapping `json:"mapping,omitempty" doc:"That of the last preview when absent."`
		}
	}) (*web.Body[Import], error) {
		return one(s.Start(ctx, in.ID, in.Body.Mapping))
	})
	web.Route(api, "POST /imports/{id}/cancel", "cancel-import", "Stop an import; what it brought in stays", func(ctx context.Context, in *web.ByID) (*web.Body[Import], error) {
		return one(s.Cancel(ctx, in.ID))
	})
	web.Route(api, "POST /imports/{id}/undo", "undo-import", "Take everything away that an import brought in", func(ctx context.Context, in *web.ByID) (*web.Body[Import], error) {
		return one(s.Undo(ctx, in.ID))
	})
}

// multipartBody documents the form of an upload.
func multipartBody(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Description: "The file, under its name."}},
	}}}}
}

func queryParam(name, doc string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "string"}})
	}
}

// handleUpload streams the form's file to the data folder.
func (s *Service) handleUpload(w http.ResponseWriter, r *http.Request) error {
	if _, err := workspace.Need(r.Context(), workspace.ManageLaunch); err != nil {
		return err // before the body is read
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxFile+1<<20)
	form, err := r.MultipartReader()
	if err != nil {
		return errs.Wrap(errs.Invalid, err, "Send the file as multipart/form-data in a part named file.")
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return errs.New(errs.Invalid, "The form has no part named file; send the file in one.")
		}
		if err != nil {
			return uploadError(errs.Wrap(errs.Invalid, err, "The form can't be read; send the file again."))
		}
		if part.FormName() != "file" {
			continue // NextPart skips what is left of it
		}
		i, err := s.Upload(r.Context(), r.PathValue("id"), uploadName(part), part)
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusCreated, i)
	}
}

// uploadName returns the file's name as it was sent.
func uploadName(p *multipart.Part) string {
	if _, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return params["filename"]
	}
	return p.FileName()
}

// Errors returns a page of the rows of an import that could not be kept,
// behind row after.
func (s *Service) Errors(ctx context.Context, id string, after int64, limit int) ([]RowIssue, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return errorsOf(ctx, s.deps.DB, a.Workspace, id, after, limit)
}

func (s *Service) handleErrors(w http.ResponseWriter, r *http.Request) error {
	i, err := s.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	switch r.URL.Query().Get("format") {
	case "json":
		return s.jsonErrors(w, r, i)
	case "", "csv":
	default:
		return errs.New(errs.Invalid, "The format must be csv or json.")
	}
	list, err := s.Errors(r.Context(), i.ID, 0, errorPage)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": i.FileName + ".errors.csv"}))
	out := csv.NewWriter(w)
	_ = out.Write([]string{"row", "reason", "raw"}) // errors of out are sticky: see Error
	for len(list) > 0 {
		for _, e := range list {
			_ = out.Write([]string{strconv.FormatInt(e.Row, 10), inert(e.Reason), inert(e.Raw)})
		}
		if len(list) < errorPage {
			break
		}
		if list, err = s.Errors(r.Context(), i.ID, list[len(list)-1].Row, errorPage); err != nil {
			s.deps.Log.WarnContext(r.Context(), "error file is cut off", "import", i.ID, "err", err)
			break // the answer has begun
		}
	}
	out.Flush()
	return nil // if out failed the client is gone
}

// inert keeps a spreadsheet from taking a stranger's text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (s *Service) jsonErrors(w http.ResponseWriter, r *http.Request, i *Import) error {
	q := r.URL.Query()
	after, err := web.ReadCursor[int64](q.Get("cursor"))
	if err != nil {
		return err
	}
	n := 0
	if v := q.Get("limit"); v != "" {
		if n, err = strconv.Atoi(v); err != nil {
			return errs.New(errs.Invalid, "The limit must be a number.")
		}
	}
	limit := web.Limit(n, 50, errorPage)
	list, err := s.Errors(r.Context(), i.ID, after, limit)
	if err != nil {
		return err
	}
	next := ""
	if len(list) == limit {
		next = web.Cursor(list[limit-1].Row)
	}
	page := web.NewPage(list, next)
	total := int(i.Progress.Bad)
	page.Total = &total
	return web.JSON(w, http.StatusOK, page)
}
