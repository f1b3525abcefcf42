package person

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

type cursor struct {
	At int64
	ID string
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	s.personRoutes(api)
	s.sameRoutes(api)
	s.organisationRoutes(api)
	s.segmentRoutes(api)
	s.eraseRoutes(api)
}

func body[T any](v *T, err error) (*web.Body[T], error) {
	if err != nil {
		return nil, err
	}
	return &web.Body[T]{Body: *v}, nil
}

func (s *Service) personRoutes(api *web.API) {
	web.Route(api, "GET /persons/{id}", "get-person", "A person with identities, organisation and attributes", func(ctx context.Context, in *web.ByID) (*web.Body[Person], error) {
		return body(s.Get(ctx, in.ID))
	})
	web.Route(api, "GET /persons", "list-persons", "People, newest first", func(ctx context.Context, in *struct {
		Q            string `query:"q" maxLength:"200" doc:"Part of the name or the e-mail address."`
		Organisation string `query:"organisation" doc:"Id: who belongs to it."`
		Segment      string `query:"segment" doc:"Id: who is in it."`
		Cursor       string `query:"cursor"`
		Limit        int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Person]], error) {
		c, err := web.ReadCursor[cursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, Filter{in.Q, in.Organisation, in.Segment}, c.At, c.ID, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(cursor{db.Micros(last.CreatedAt), last.ID})
		}
		return &web.Body[web.Page[*Person]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "PUT /persons", "put-person", "Make a person or change one, found by identity", func(ctx context.Context, in *struct{ Body Input }) (*web.Body[Person], error) {
		return body(s.Put(ctx, in.Body))
	})
	web.Route(api, "PATCH /persons/{id}", "change-person", "Change name, organisation or attributes by hand", func(ctx context.Context, in *struct {
		web.ByID
		Body Edit
	}) (*web.Body[Person], error) {
		return body(s.Change(ctx, in.ID, in.Body))
	})
	web.Route(api, "POST /people/batch", "put-people", "Take in what a customer system tells of organisations and people; each is found by name or identity", func(ctx context.Context, in *struct{ Body Feed }) (*web.Body[FeedResult], error) {
		return body(s.Take(ctx, in.Body))
	}, web.MaxBody(5<<20))
	api.Raw("POST /people/import", "import-people", "Take in a CSV file of people; its first row names the columns", s.handleImport, nil, TableResult{},
		web.QueryParams("dry_run", "true: only say what would become of it."))
	web.Route(api, "GET /people/settings", "get-people-settings", "What the workspace says of people's data", func(ctx context.Context, _ *struct{}) (*web.Body[Settings], error) {
		x, err := s.Settings(ctx)
		return body(&x, err)
	})
	web.Route(api, "PUT /people/settings", "put-people-settings", "Say what is kept of people's data", func(ctx context.Context, in *struct{ Body Settings }) (*web.Body[Settings], error) {
		if err := s.PutSettings(ctx, in.Body); err != nil {
			return nil, err
		}
		x, err := s.Settings(ctx)
		return body(&x, err)
	})
}

func (s *Service) handleImport(w http.ResponseWriter, r *http.Request) error {
	if _, err := workspace.Need(r.Context(), workspace.ManageLaunch); err != nil {
		return err // before the body is read
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTableBytes))
	if err != nil {
		return errs.New(errs.TooLarge, "The file is larger than %d MB, or was cut off; split it, or send it again.", maxTableBytes>>20)
	}
	out, err := s.ImportTable(r.Context(), data, r.URL.Query().Get("dry_run") == "true")
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, out)
}

func (s *Service) sameRoutes(api *web.API) {
	web.Route(api, "POST /persons/{id}/merge", "merge-person", "Merge a person into another; undo_id takes it back", func(ctx context.Context, in *struct {
		web.ByID
		Body MergeInput
	}) (*web.Body[Change], error) {
		return body(s.Merge(ctx, in.ID, in.Body))
	})
	web.Route(api, "POST /persons/{id}/split", "split-person", "Give some identities, and the reports that came by them, to a new person", func(ctx context.Context, in *struct {
		web.ByID
		Body SplitInput
	}) (*web.Body[Change], error) {
		return body(s.Split(ctx, in.ID, in.Body))
	})
	web.Route(api, "GET /persons/{id}/history", "list-person-history", "Mergers and splits of a person, newest first", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[*Merger]], error) {
		list, err := s.History(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Merger]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /people/suggestions", "list-person-suggestions", "Persons who may be the same, the surest first", func(ctx context.Context, in *struct {
		Person string `query:"person" doc:"Id: only about this person."`
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Suggestion]], error) {
		c, err := web.ReadCursor[SuggestionCursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Suggestions(ctx, in.Person, c, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if in.Person == "" && len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(SuggestionCursor{last.Score, last.ID})
		}
		return &web.Body[web.Page[*Suggestion]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "POST /people/suggestions/{id}/different", "decide-different", "Remember that the two of a suggestion are not the same", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.Different(ctx, in.ID)
	}, web.Status(http.StatusNoContent))
}

func (s *Service) organisationRoutes(api *web.API) {
	web.Route(api, "GET /organisations", "list-organisations", "Organisations by name", func(ctx context.Context, in *struct {
		Q      string `query:"q" maxLength:"200" doc:"Part of the name."`
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Organisation]], error) {
		after, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Organisations(ctx, in.Q, after, limit)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(keyOf(list[limit-1].Name))
		}
		return &web.Body[web.Page[*Organisation]]{Body: web.NewPage(list, next)}, nil
	})
	web.Route(api, "GET /organisations/{id}", "get-organisation", "An organisation", func(ctx context.Context, in *web.ByID) (*web.Body[Organisation], error) {
		return body(s.Organisation(ctx, in.ID))
	})
	web.Route(api, "PUT /organisations", "put-organisation", "Make an organisation or change one, found by id or name", func(ctx context.Context, in *struct{ Body OrganisationInput }) (*web.Body[Organisation], error) {
		return body(s.PutOrganisation(ctx, in.Body))
	})
	web.Route(api, "DELETE /organisations/{id}", "delete-organisation", "Remove an organisation; its people stay", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.DeleteOrganisation(ctx, in.ID)
	})
}

func (s *Service) segmentRoutes(api *web.API) {
	web.Route(api, "GET /segments", "list-segments", "Segments by name", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Segment]], error) {
		list, err := s.Segments(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Segment]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /segments", "create-segment", "Make a segment", func(ctx context.Context, in *struct{ Body SegmentInput }) (*web.Body[Segment], error) {
		return body(s.PutSegment(ctx, "", in.Body))
	}, web.Status(http.StatusCreated))
	web.Route(api, "PUT /segments/{id}", "change-segment", "Change a segment", func(ctx context.Context, in *struct {
		web.ByID
		Body SegmentInput
	}) (*web.Body[Segment], error) {
		return body(s.PutSegment(ctx, in.ID, in.Body))
	})
	web.Route(api, "DELETE /segments/{id}", "delete-segment", "Remove a segment", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.DeleteSegment(ctx, in.ID)
	})
}

func (s *Service) eraseRoutes(api *web.API) {
	api.Raw("GET /persons/{id}/export", "export-person", "Everything that is kept of a person, as a ZIP file; it is written into the audit log", s.handleExport, nil, nil, web.Produces("application/zip"))
	web.Route(api, "POST /persons/{id}/erase", "erase-person", "Erase a person and all that came from them, for good", func(ctx context.Context, in *web.ByID) (*web.Body[Erasure], error) {
		return body(s.Erase(ctx, in.ID))
	}, web.Status(http.StatusAccepted))
	web.Route(api, "GET /people/erasures", "list-erasures", "The newest erasures; one that is done does not say whom", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Erasure]], error) {
		list, err := s.Erasures(ctx, 50)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Erasure]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "GET /people/erasures/{id}", "get-erasure", "How far an erasure is", func(ctx context.Context, in *web.ByID) (*web.Body[Erasure], error) {
		return body(s.Erasure(ctx, in.ID))
	})
}

// handleExport streams the file: no copy of it stays anywhere. What ends
// early is broken off, so that nobody takes a part for all.
func (s *Service) handleExport(w http.ResponseWriter, r *http.Request) error {
	begun := false
	err := s.Export(r.Context(), r.PathValue("id"), func(p *Person) io.Writer {
		begun = true
		h := w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "person-" + strings.ToLower(p.ID) + ".zip"}))
		return &liveWriter{w, http.NewResponseController(w)}
	})
	if err != nil && begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// liveWriter gives each piece its time.
type liveWriter struct {
	w  io.Writer
	rc *http.ResponseController
}

func (l *liveWriter) Write(b []byte) (int, error) {
	_ = l.rc.SetWriteDeadline(time.Now().Add(time.Minute))
	return l.w.Write(b)
}
