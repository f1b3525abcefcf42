package calllog

import (
	"context"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// How long answers may take. A list then has what was found; all else says
// that it took too long.
const (
	listTime  = 8 * time.Second
	countTime = 20 * time.Second
)

// Search says which calls are meant, as people write it.
type Search struct {
	Q    string `query:"q" maxLength:"2000" doc:"Tokens: status:5xx route:/pay ms>1000 key:acme -path:*health*; see GET /calls/fields."`
	From string `query:"from" doc:"RFC 3339, or how long ago: 15m, 24h, 7d."`
	To   string `query:"to" doc:"The same; it is not in the range any more. Now when absent."`
}

// query makes a search ready for who asks: words in payloads are only found
// by who may see payloads.
func (in Search) query(a workspace.Actor, now time.Time) (call.Query, error) {
	q, err := parse(in.Q)
	if err != nil {
		return q, err
	}
	q.Bare = !a.Can(workspace.ReadPayload)
	if q.From, err = Moment(in.From, now, time.Time{}); err != nil {
		return q, err
	}
	q.To, err = Moment(in.To, now, time.Time{})
	return q, err
}

// chart is query for charts, which need two ends: the last hour when nothing
// is said.
func (in Search) chart(a workspace.Actor, now time.Time) (call.Query, error) {
	q, err := in.query(a, now)
	if q.To.IsZero() {
		q.To = now.UTC().Truncate(time.Microsecond)
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-time.Hour)
	}
	return q, err
}

// List is a part of a list: which calls, in which order, and which fields of
// them.
type List struct {
	Search
	Order   string `query:"order" enum:"newest,oldest" doc:"newest when absent"`
	Columns string `query:"columns" doc:"Bring these fields only, with id and time: status,path,ms. All when absent."`
	Cursor  string `query:"cursor"`
	Limit   int    `query:"limit" minimum:"0" maximum:"1000" doc:"100 when absent"`
}

func (in List) query(a workspace.Actor, now time.Time) (call.Query, error) {
	q, err := in.Search.query(a, now)
	if err != nil {
		return q, err
	}
	if q.Fields, err = columns(in.Columns); err != nil {
		return q, err
	}
	q.Oldest, q.Limit = in.Order == "oldest", in.Limit
	q.After, err = call.ParseCursor(in.Cursor)
	return q, err
}

// columns reads names of fields; parts of payloads are not among them.
func columns(s string) ([]call.Field, error) {
	list, err := namesOf(s)
	out := make([]call.Field, len(list))
	for i, n := range list {
		out[i] = n.field
	}
	return out, err
}

func namesOf(s string) ([]name, error) {
	var list []name
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		n, ok := nameOf(word)
		if !ok {
			return nil, errs.New(errs.Invalid, "A call has no field %.60q; GET /calls/fields lists them.", word)
		}
		list = append(list, n)
	}
	if len(list) > len(names) {
		return nil, errs.New(errs.Invalid, "%d fields are named; name each once.", len(list))
	}
	return list, nil
}

// List returns calls, newest or oldest first.
func (s *Service) List(ctx context.Context, in List) (*Page, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	q, err := in.query(a, time.Now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	p, err := s.store.Find(ctx, a.Workspace, q)
	if err != nil {
		return nil, err
	}
	return &Page{Items: shapeAll(p.Calls), NextCursor: p.Next.String(), Complete: p.Complete, Looked: looked(p.Info)}, nil
}

// Count returns how many calls a search means.
func (s *Service) Count(ctx context.Context, in Search) (int64, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return 0, err
	}
	q, err := in.query(a, time.Now())
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	return s.store.Count(ctx, a.Workspace, q)
}

// Histogram counts the calls of a search over time, by class of status.
func (s *Service) Histogram(ctx context.Context, in Search, buckets int) (*Histogram, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	q, err := in.chart(a, time.Now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	h, err := s.store.Histogram(ctx, a.Workspace, q, buckets)
	if err != nil {
		return nil, err
	}
	return histogram(h, q.From, q.To), nil
}

// Heatmap counts the calls of a search by time and latency.
func (s *Service) Heatmap(ctx context.Context, in Search, columns int) (*Heatmap, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	q, err := in.chart(a, time.Now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	h, err := s.store.Heatmap(ctx, a.Workspace, q, columns)
	if err != nil {
		return nil, err
	}
	return heatmap(h, q.From, q.To, columns), nil
}

// Facets counts the calls of a search by the values of fields.
func (s *Service) Facets(ctx context.Context, in Search, fields string, top int) (*Facets, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	q, err := in.chart(a, time.Now())
	if err != nil {
		return nil, err
	}
	list, err := namesOf(fields)
	if err != nil {
		return nil, err
	}
	const most = 12
	if len(list) > most {
		return nil, errs.New(errs.Invalid, "%d fields are named; %d can be counted at once.", len(list), most)
	}
	by := make([]call.Field, len(list))
	for i, n := range list {
		by[i] = n.field
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	f, err := s.store.Facets(ctx, a.Workspace, q, by, top)
	if err != nil {
		return nil, err
	}
	return facets(f, list), nil
}

// Get returns one call.
func (s *Service) Get(ctx context.Context, id string) (*Call, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	r, err := s.get(ctx, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	c := shape(r)
	return &c, nil
}

func (s *Service) get(ctx context.Context, ws workspace.ID, id string) (*call.Record, error) {
	cid, err := call.ParseID(id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	return s.store.Get(ctx, ws, cid)
}

// Payload returns what was captured of a call. Who opened it is written down.
func (s *Service) Payload(ctx context.Context, id string) (*Payload, error) {
	a, err := s.need(ctx, workspace.ReadPayload)
	if err != nil {
		return nil, err
	}
	r, err := s.get(ctx, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if r.Request.Capture == "" && r.Response.Capture == "" {
		return nil, errs.New(errs.NotFound, "Nothing was captured of this call; its route's policy \u201clog\u201d says what is.")
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		return a.Audit(ctx, tx, "call.payload", "call", id, map[string]any{"path": r.Path, "user": r.User})
	})
	if err != nil {
		return nil, err
	}
	return &Payload{Request: messageOf(&r.Request), Response: messageOf(&r.Response)}, nil
}

// Trace returns the calls of a trace, oldest first. A time range makes it
// faster.
func (s *Service) Trace(ctx context.Context, trace, from, to string) ([]Call, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	id, err := call.ParseID(trace)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	q := call.Query{Oldest: true, Limit: call.MaxLimit, Where: []call.Filter{{Field: call.Trace, Op: call.Is, Values: []string{id.String()}}}}
	if q.From, err = Moment(from, now, time.Time{}); err != nil {
		return nil, err
	}
	if q.To, err = Moment(to, now, time.Time{}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	p, err := s.store.Find(ctx, a.Workspace, q)
	if err != nil {
		return nil, err
	}
	if !p.Complete {
		return nil, errs.New(errs.Busy, "Looking for the trace took too long; say from when to when it was.")
	}
	return shapeAll(p.Calls), nil
}

// Around says whose calls are meant, around which moment. What is empty is
// unknown; a call by any of the rest is theirs.
type Around struct {
	User    string `query:"user"`
	Session string `query:"session"`
	Key     string `query:"key" doc:"First characters of a key, as calls have it."`
	Client  string `query:"client" doc:"Address."`
	At      string `query:"at" doc:"The moment: RFC 3339, or how long ago. Now when absent."`
	Before  string `query:"before" doc:"How much time before it: 15m when absent; 24h at most."`
	After   string `query:"after" doc:"How much time after it: 5m when absent; 24h at most."`
	Limit   int    `query:"limit" minimum:"0" maximum:"1000" doc:"Those nearest to the moment; 100 when absent."`
}

// Around returns the calls of somebody around a moment, oldest first.
func (s *Service) Around(ctx context.Context, in Around) ([]Call, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	at, err := Moment(in.At, now, now.UTC())
	if err != nil {
		return nil, err
	}
	before, err := window(in.Before, 15*time.Minute)
	if err != nil {
		return nil, err
	}
	after, err := window(in.After, 5*time.Minute)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	list, err := s.store.UserCalls(ctx, a.Workspace, call.Who{User: in.User, Session: in.Session, Key: in.Key, Client: in.Client}, at, before, after, in.Limit)
	if err != nil {
		return nil, err
	}
	return shapeAll(list), nil
}

func window(s string, otherwise time.Duration) (time.Duration, error) {
	if s == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, errs.New(errs.Invalid, "%.40q is no length of time up to 24h; write it like 15m.", s)
	}
	return d, nil
}

// eraseTime is how long erasing may take: parts of the log are written anew.
const eraseTime = 10 * time.Minute

// Erase removes all calls of a user for good, and returns how many they were.
// The audit log says that it was done and by whom, not whose calls they were.
func (s *Service) Erase(ctx context.Context, user string) (int64, error) {
	a, err := s.need(ctx, workspace.ManageMembers)
	if err != nil {
		return 0, err
	}
	if user == "" {
		return 0, errs.New(errs.Invalid, "Say whose calls are to be erased: the id of a user.")
	}
	ctx, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	n, err := s.store.Erase(ctx, a.Workspace, call.Query{Where: []call.Filter{{Field: call.User, Op: call.Is, Values: []string{user}}}})
	if err != nil {
		return n, err
	}
	return n, s.db.Tx(ctx, func(tx *db.Tx) error {
		return a.Audit(ctx, tx, "call.erase", "call", "", map[string]any{"calls": n})
	})
}

// FieldNames lists the names that tokens may begin with.
func (s *Service) FieldNames(ctx context.Context) ([]FieldName, error) {
	if _, err := workspace.Need(ctx, workspace.Read); err != nil {
		return nil, err
	}
	out := make([]FieldName, len(names))
	for i, n := range names {
		out[i] = FieldName{Name: n.word, Number: n.field.IsNumber(), Facet: countable(n.field), Example: n.doc}
	}
	return out, nil
}

// countable fields have few values.
func countable(f call.Field) bool {
	switch f {
	case call.Trace, call.Span, call.Parent, call.CallID, call.Time:
		return false
	}
	return !f.IsNumber() || f == call.Status || f == call.Attempts
}
