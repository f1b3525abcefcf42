package feedback

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Batch is several reports in one request.
type Batch struct {
	Items []Input `json:"items" maxItems:"1000"`
}

// RowReceipt says what became of one report of a batch.
type RowReceipt struct {
	Index      int          `json:"index"`
	Status     int          `json:"status" doc:"202 kept, 422 refused."`
	ID         string       `json:"id,omitempty"`
	DeliveryID string       `json:"delivery_id,omitempty"`
	Duplicate  bool         `json:"duplicate,omitempty"`
	Error      *web.Problem `json:"error,omitempty"`
}

// BatchReceipt answers a batch row by row: bad ones are refused, the others
// kept.
type BatchReceipt struct {
	Items      []RowReceipt `json:"items" nullable:"false"`
	Accepted   int          `json:"accepted"`
	Rejected   int          `json:"rejected"`
	Duplicates int          `json:"duplicates"`
}

// handleAccept takes one report or a batch. It is a raw handler because it is
// the hottest path of the product and answers a batch row by row.
func (s *Service) handleAccept(w http.ResponseWriter, r *http.Request) error {
	if _, err := workspace.Need(r.Context(), workspace.SendFeedback); err != nil {
		return err // before the body is read
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" && (err != nil || t != "application/json") {
		return errs.New(errs.Invalid, "The body must be JSON (Content-Type: application/json), not %.60q.", r.Header.Get("Content-Type"))
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		return errs.New(errs.Invalid, "The Idempotency-Key is longer than 255 bytes; use a shorter one, for example a UUID.")
	}
	hash := ""
	if key != "" {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	}
	launchID := r.PathValue("id")
	if items, ok, err := batchOf(body); err != nil {
		return err
	} else if ok {
		return s.acceptBatch(w, r, launchID, items, key, hash)
	}
	in, err := DecodeInput(body, s.now())
	if err != nil {
		return err
	}
	list, err := s.Accept(r.Context(), launchID, []Incoming{{Input: in, Raw: body}}, key, hash)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return errs.New(errs.Unprocessable, "This Idempotency-Key was used for a batch; use a new one.")
	}
	return web.JSON(w, http.StatusAccepted, list[0])
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= MaxBody {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBody)); err != nil {
		return nil, web.BadJSON(err)
	}
	return b.Bytes(), nil
}

// batchOf reports whether a body is a batch, and its raw items.
func batchOf(body []byte) ([]json.RawMessage, bool, error) {
	// A report has no field "items", so a look for it spares a second parse.
	if !bytes.Contains(body, []byte(`"items"`)) {
		return nil, false, nil
	}
	var probe struct {
		Items *[]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &probe); err != nil {
		return nil, false, web.BadJSON(err)
	}
	if probe.Items == nil {
		return nil, false, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&probe); err != nil {
		return nil, false, web.BadJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false, errs.New(errs.Invalid, "There is more behind the JSON value; send one value.")
	}
	switch n := len(*probe.Items); {
	case n == 0:
		return nil, false, errs.New(errs.Invalid, "The batch has no items; send at least one.")
	case n > MaxBatch:
		return nil, false, errs.New(errs.TooLarge, "The batch has %d items, at most %d are taken at once; send several batches.", n, MaxBatch)
	}
	return *probe.Items, true, nil
}

func (s *Service) acceptBatch(w http.ResponseWriter, r *http.Request, launchID string, raw []json.RawMessage, key, hash string) error {
	out := BatchReceipt{Items: make([]RowReceipt, len(raw))}
	var good []Incoming
	var place []int
	for i, item := range raw {
		in, err := DecodeInput(item, s.now())
		if err != nil {
			p := web.ProblemOf(r.Context(), err)
			out.Items[i] = RowReceipt{Index: i, Status: p.Status, Error: p}
			out.Rejected++
			continue
		}
		good = append(good, Incoming{Input: in, Raw: item})
		place = append(place, i)
	}
	if len(good) > 0 {
		list, err := s.Accept(r.Context(), launchID, good, key, hash)
		if err != nil {
			return err
		}
		if len(list) != len(good) {
			return errs.New(errs.Unprocessable, "This Idempotency-Key was used for another number of reports; use a new one.")
		}
		for k, rec := range list {
			out.Items[place[k]] = RowReceipt{Index: place[k], Status: http.StatusAccepted, ID: rec.ID, DeliveryID: rec.DeliveryID, Duplicate: rec.Duplicate}
			if rec.Duplicate {
				out.Duplicates++
			} else {
				out.Accepted++
			}
		}
	}
	status := http.StatusAccepted
	if len(good) == 0 {
		status = http.StatusUnprocessableEntity
	}
	return web.JSON(w, status, out)
}

// FilterInput selects feedback of a launch.
type FilterInput struct {
	ID           string    `path:"id"`
	Tab          string    `query:"tab" enum:"triage,mine,later,ideas,done,all" doc:"triage: new and not put off; mine: of these, assigned to the asker; later: put off; ideas: of triage, feature requests; done: accepted, ignored, spam. All when absent."`
	Q            string    `query:"q" maxLength:"500" doc:"Words that must all occur; the last may be unfinished; \"quoted words\" stand together."`
	State        []string  `query:"state" doc:"In this and the other lists: several values are alternatives; none means empty, any means filled."`
	Category     []string  `query:"category"`
	Severity     []string  `query:"severity"`
	Sentiment    []string  `query:"sentiment"`
	Emotion      []string  `query:"emotion"`
	Language     []string  `query:"language"`
	Channel      []string  `query:"channel"`
	Area         []string  `query:"area"`
	Version      []string  `query:"version"`
	Assignee     []string  `query:"assignee"`
	Issue        []string  `query:"issue"`
	Import       []string  `query:"import"`
	Person       []string  `query:"person"`
	Segment      []string  `query:"segment" doc:"Ids: what people of a segment reported."`
	Organisation []string  `query:"organisation" doc:"Ids: what people of an organisation reported."`
	Flag         []string  `query:"flag" doc:"security, unsure"`
	Tag          []string  `query:"tag"`
	From         time.Time `query:"from" doc:"Happened at or after."`
	To           time.Time `query:"to" doc:"Happened before."`
	RatingMin    float64   `query:"rating_min" minimum:"0" maximum:"5" doc:"At least so many stars; what has none is left out."`
	RatingMax    float64   `query:"rating_max" minimum:"0" maximum:"5" doc:"At most so many stars; what has none is left out."`
	Waiting      string    `query:"waiting" maxLength:"20" example:"4h" doc:"To triage, and received longer ago than this: a duration such as 90m or 24h."`
	Sort         string    `query:"sort" enum:"-occurred,occurred,-received,received,severity,-alike,rating" default:"-occurred"`

	TriagedFrom time.Time `query:"triaged_from" doc:"Accepted, ignored or called spam at or after."`
	TriagedTo   time.Time `query:"triaged_to" doc:"Accepted, ignored or called spam before."`
}

type listInput struct {
	FilterInput
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" minimum:"0" maximum:"200" doc:"50 when absent."`
	Facets bool   `query:"facets" doc:"Answer the counts of each filter's values and of the tabs too."`
}

// query turns the parameters into what List takes.
func (in *listInput) query() (ListQuery, error) {
	key, err := web.ReadCursor[*Key](in.Cursor)
	if err != nil {
		return ListQuery{}, err
	}
	q, err := in.FilterInput.query()
	q.After, q.Limit, q.Facets = key, web.Limit(in.Limit, 50, 200), in.Facets
	return q, err
}

func (in *FilterInput) query() (ListQuery, error) {
	var waiting time.Duration
	if in.Waiting != "" {
		var err error
		if waiting, err = time.ParseDuration(in.Waiting); err != nil || waiting <= 0 {
			return ListQuery{}, errs.New(errs.Invalid, "%q is not how long something waits; use a duration such as 90m or 24h.", in.Waiting)
		}
	}
	return ListQuery{Text: in.Q, From: in.From, To: in.To, TriagedFrom: in.TriagedFrom, TriagedTo: in.TriagedTo, MinStars: in.RatingMin, MaxStars: in.RatingMax, Tab: Tab(in.Tab), Waiting: waiting, Sort: Sort(in.Sort),
		Segments: in.Segment, Organisations: in.Organisation,
		Where: map[Field][]string{FieldState: in.State, FieldCategory: in.Category, FieldSeverity: in.Severity, FieldSentiment: in.Sentiment, FieldEmotion: in.Emotion,
			FieldLanguage: in.Language, FieldChannel: in.Channel, FieldArea: in.Area, FieldVersion: in.Version, FieldAssignee: in.Assignee, FieldIssue: in.Issue,
			FieldImport: in.Import, FieldPerson: in.Person, FieldFlags: in.Flag, FieldTag: in.Tag}}, nil
}

// ListBody is a page of feedback with the counts of each filter's values.
type ListBody struct {
	Items      []*Feedback        `json:"items" nullable:"false"`
	NextCursor string             `json:"next_cursor,omitempty"`
	Total      int                `json:"total"`
	AtLeast    bool               `json:"at_least,omitempty" doc:"The words match more than were looked at; total and counts are of the first ones."`
	Facets     map[string][]Count `json:"facets,omitempty" doc:"By filter: the values there are, and how many each would give, were this filter not set."`
	Tabs       map[string]int     `json:"tabs,omitempty" doc:"With facets: what each tab holds under the other filters."`
	Pace       *Pace              `json:"pace,omitempty" doc:"With facets: of what waited an hour ago or came in since, how much was triaged."`
	TookMS     float64            `json:"took_ms"`
}

// IDsBody names all feedback that filters select, for acts on many.
type IDsBody struct {
	IDs   []string `json:"ids" nullable:"false" doc:"The first 1,000."`
	Total int      `json:"total"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	api.Raw("POST /launches/{id}/feedback", "send-feedback", "Send one report, or a batch of at most 1,000 (5 MB); answered when it is on disk", s.handleAccept,
		web.OneOf{Input{}, Batch{}}, web.OneOf{Receipt{}, BatchReceipt{}}, web.Status(http.StatusAccepted),
		web.HeaderParam("Idempotency-Key", "A repeated request with the same key and body is answered as the first was, and kept once."))
	web.Route(api, "GET /launches/{id}/feedback", "list-feedback", "Feedback of a launch: filter, search, sort, count", func(ctx context.Context, in *listInput) (*web.Body[ListBody], error) {
		q, err := in.query()
		if err != nil {
			return nil, err
		}
		l, err := s.List(ctx, in.ID, q)
		if err != nil {
			return nil, err
		}
		body := ListBody{Items: l.Items, Total: l.Total, AtLeast: l.AtLeast, Facets: l.Facets, TookMS: float64(l.Took.Microseconds()) / 1000}
		if body.Items == nil {
			body.Items = []*Feedback{}
		}
		if l.More {
			body.NextCursor = web.Cursor(l.Last)
		}
		if in.Facets {
			body.Pace, body.Tabs = &l.Pace, map[string]int{}
			for tab, n := range l.Tabs {
				body.Tabs[string(tab)] = n
			}
		}
		return &web.Body[ListBody]{Body: body}, nil
	})
	web.Route(api, "GET /launches/{id}/feedback/ids", "list-feedback-ids", "Ids of all feedback that filters select, at most 1,000: for acts on many", func(ctx context.Context, in *FilterInput) (*web.Body[IDsBody], error) {
		q, err := in.query()
		if err != nil {
			return nil, err
		}
		ids, total, err := s.IDs(ctx, in.ID, q)
		return &web.Body[IDsBody]{Body: IDsBody{ids, total}}, err
	})
	web.Route(api, "GET /feedback/{id}", "get-feedback", "One feedback with everything triage said", func(ctx context.Context, in *web.ByID) (*web.Body[Feedback], error) {
		f, err := s.Get(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &web.Body[Feedback]{Body: *f}, nil
	})
	api.Raw("GET /attachments/{id}", "get-attachment", "The bytes of an attachment", s.handleAttachment, nil, nil)
	s.deliveryRoutes(api)
}

func (s *Service) deliveryRoutes(api *web.API) {
	type listIn struct {
		LaunchID  string `query:"launch_id" required:"true"`
		State     string `query:"state" enum:"accepted,processed,dead,undone"`
		Channel   string `query:"channel"`
		ImportID  string `query:"import_id"`
		ChannelID string `query:"channel_id" doc:"Of the channel that it came by."`
		ParentID  string `query:"parent_id" doc:"Those that were made of this delivery."`
		Cursor    string `query:"cursor"`
		Limit     int    `query:"limit" minimum:"0" maximum:"200"`
	}
	type listOut struct {
		web.Page[Delivery]
		Counts map[string]int `json:"counts" doc:"Deliveries of the launch by state."`
	}
	web.Route(api, "GET /deliveries", "list-deliveries", "What arrived and what became of it, newest first", func(ctx context.Context, in *listIn) (*web.Body[listOut], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Deliveries(ctx, DeliveryFilter{LaunchID: in.LaunchID, State: in.State, Channel: in.Channel, ImportID: in.ImportID, ChannelID: in.ChannelID, ParentID: in.ParentID, Before: before, Limit: limit})
		if err != nil {
			return nil, err
		}
		counts, err := s.DeliveryCounts(ctx, in.LaunchID)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].ID)
		}
		return &web.Body[listOut]{Body: listOut{web.NewPage(list, next), counts}}, nil
	})
	web.Route(api, "GET /deliveries/{id}", "get-delivery", "One delivery with its payload as it came", func(ctx context.Context, in *web.ByID) (*web.Body[Delivery], error) {
		d, err := s.Delivery(ctx, in.ID)
		return &web.Body[Delivery]{Body: d}, err
	})
	type replayed struct {
		Count int `json:"count"`
	}
	web.Route(api, "POST /deliveries/{id}/replay", "replay-delivery", "Process a delivery again", func(ctx context.Context, in *web.ByID) (*web.Body[replayed], error) {
		n, err := s.Replay(ctx, in.ID, "")
		return &web.Body[replayed]{Body: replayed{n}}, err
	})
	web.Route(api, "POST /launches/{id}/deliveries/replay", "replay-dead-deliveries", "Process all dead deliveries of a launch again", func(ctx context.Context, in *web.ByID) (*web.Body[replayed], error) {
		n, err := s.Replay(ctx, "", in.ID)
		return &web.Body[replayed]{Body: replayed{n}}, err
	})
}

// safeTypes may be shown by the browser itself; everything else is only ever
// downloaded, so that an uploaded page can't run as ours.
var safeTypes = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "text/plain": true}

func (s *Service) handleAttachment(w http.ResponseWriter, r *http.Request) error {
	a, err := workspace.Need(r.Context(), workspace.Read)
	if err != nil {
		return err
	}
	att, err := s.attachment(r.Context(), a.Workspace, r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := s.files.Open(att.SHA256)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "The file of this attachment is gone from the data folder.")
	}
	defer func() { _ = f.Close() }()
	kind, disposition := "application/octet-stream", "attachment"
	if safeTypes[att.ContentType] {
		kind, disposition = att.ContentType, "inline"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.FormatInt(att.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": att.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = io.Copy(w, f) // the client is gone if this fails
	return nil
}
