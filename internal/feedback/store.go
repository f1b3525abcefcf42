package feedback

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// base are the columns that never change after the insert, reading those that
// triage writes, state those that people and rules write.
const (
	baseColumns    = `id, num, launch_id, import_id, channel, external_id, title, text, occurred_at, received_at, person_id, author_name, author_email, rating, app_version, url, attrs, came_by`
	readingColumns = `language, category, category_confidence, sentiment, sentiment_score, emotion, severity, severity_confidence, area, summary, security, unsure, alike, duplicate_of, fingerprint, reading, pass, static_vector, sentence_vector`
	stateColumns   = `state, issue_id, assignee_id, tags, snoozed_until, triaged_at`
)

// bytesOf reinterprets a vector for the database, without a copy.
func bytesOf(v []int8) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v))
}

func vectorOf(b []byte) []int8 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(&b[0])), len(b))
}

func (f *Feedback) pass() int {
	if f.ReadFully {
		return 1
	}
	return 0
}

func (f *Feedback) baseValues() ([]any, error) {
	attrs := f.Attrs
	if attrs == nil {
		attrs = map[string]string{}
	}
	b, err := json.Marshal(attrs)
	if err != nil {
		return nil, err
	}
	rating := 0.0
	if f.Rating != nil {
		rating = *f.Rating
	}
	came, err := cameBy(f.CameBy)
	if err != nil {
		return nil, err
	}
	return []any{f.ID, f.Number, f.LaunchID, f.ImportID, f.Channel, f.ExternalID, f.Title, f.Text, db.Micros(f.OccurredAt), db.Micros(f.ReceivedAt),
		f.Author.PersonID, f.Author.Name, f.Author.Email, rating, f.AppVersion, f.URL, string(b), came}, nil
}

func (f *Feedback) readingValues() ([]any, error) {
	reading := []byte("{}")
	if f.Reading != nil {
		var err error
		if reading, err = json.Marshal(f.Reading); err != nil {
			return nil, err
		}
	}
	return []any{f.Language, f.Category, f.CategoryConfidence, f.Sentiment, f.SentimentScore, f.Emotion, f.Severity, f.SeverityConfidence, f.Area, f.Summary,
		f.Security, f.Unsure, f.Alike, f.DuplicateOf, f.Fingerprint, string(reading), f.pass(), bytesOf(f.StaticVector), bytesOf(f.SentenceVector)}, nil
}

// stateValues are those at a time: what is not new any more is done with.
func (f *Feedback) stateValues(now time.Time) []any {
	switch {
	case f.State == New:
		f.TriagedAt = nil
	case f.TriagedAt == nil:
		f.TriagedAt = &now
	}
	return []any{f.State, f.IssueID, f.AssigneeID, strings.Join(f.Tags, ","), microsOf(f.SnoozedUntil), microsOf(f.TriagedAt)}
}

func microsOf(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

func timeOf(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

// insert writes new feedback and makes it searchable; rows that exist stay as
// they are (a replay). It returns the ids that are new.
func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Feedback, now time.Time) (map[string]bool, error) {
	rows := make([][]any, len(list))
	for i, f := range list {
		base, err := f.baseValues()
		if err != nil {
			return nil, fmt.Errorf("write feedback %s: %w", f.ID, err)
		}
		reading, err := f.readingValues()
		if err != nil {
			return nil, fmt.Errorf("write feedback %s: %w", f.ID, err)
		}
		rows[i] = slices.Concat([]any{ws, db.Micros(now)}, base, reading, f.stateValues(now))
	}
	ids, err := db.InsertReturning(ctx, tx, `INSERT INTO feedback (workspace_id, changed_at, `+baseColumns+`, `+readingColumns+`, `+stateColumns+`)`,
		"ON CONFLICT DO NOTHING RETURNING id", rows, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return nil, err
	}
	fresh := make(map[string]bool, len(ids))
	for _, id := range ids {
		fresh[id] = true
	}
	docs := make([]db.SearchDoc, 0, len(list))
	for _, f := range list {
		if fresh[f.ID] {
			docs = append(docs, db.SearchDoc{Num: f.Number, Title: f.Title + " " + f.Author.Name, Text: f.Text})
		}
	}
	return fresh, db.PutSearch(ctx, tx, string(ws), searchKind, docs)
}

// searchKind is this package's share of the full-text index.
const searchKind = "feedback"

// save writes what triage and people may change.
func save(ctx context.Context, tx *db.Tx, ws workspace.ID, f *Feedback, now time.Time) error {
	reading, err := f.readingValues()
	if err != nil {
		return fmt.Errorf("write feedback %s: %w", f.ID, err)
	}
	values := slices.Concat([]any{ws, f.ID, db.Micros(now)}, reading, f.stateValues(now))
	n, err := db.Affected(tx.ExecContext(ctx, saveText, values...))
	if err != nil {
		return fmt.Errorf("save feedback %s: %w", f.ID, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "There is no feedback %s in this workspace any more.", f.ID)
	}
	return nil
}

var saveText = func() string {
	var b strings.Builder
	b.WriteString(`UPDATE feedback SET changed_at = $3`)
	n := 4
	for c := range strings.SplitSeq(readingColumns+", "+stateColumns, ", ") {
		fmt.Fprintf(&b, ", %s = $%d", c, n)
		n++
	}
	return b.String() + ` WHERE workspace_id = $1 AND id = $2`
}()

const allColumns = baseColumns + `, ` + readingColumns + `, ` + stateColumns

func scan(s db.Scanner) (*Feedback, error) {
	f := &Feedback{}
	var occurred, received, snoozed, triaged int64
	var rating float64
	var attrs, reading, tags, came string
	var pass int
	var static, sentence []byte
	err := s.Scan(&f.ID, &f.Number, &f.LaunchID, &f.ImportID, &f.Channel, &f.ExternalID, &f.Title, &f.Text, &occurred, &received,
		&f.Author.PersonID, &f.Author.Name, &f.Author.Email, &rating, &f.AppVersion, &f.URL, &attrs, &came,
		&f.Language, &f.Category, &f.CategoryConfidence, &f.Sentiment, &f.SentimentScore, &f.Emotion, &f.Severity, &f.SeverityConfidence, &f.Area, &f.Summary,
		&f.Security, &f.Unsure, &f.Alike, &f.DuplicateOf, &f.Fingerprint, &reading, &pass, &static, &sentence,
		&f.State, &f.IssueID, &f.AssigneeID, &tags, &snoozed, &triaged)
	if err != nil {
		return nil, err
	}
	f.OccurredAt, f.ReceivedAt, f.SnoozedUntil, f.TriagedAt = db.Time(occurred), db.Time(received), timeOf(snoozed), timeOf(triaged)
	if rating != 0 {
		f.Rating = &rating
	}
	f.ReadFully = pass == 1
	f.StaticVector, f.SentenceVector = vectorOf(static), vectorOf(sentence)
	f.Tags = splitTags(tags)
	f.Snippet = snippet(f.Text)
	if f.CameBy, err = readCameBy(came, f.Author.Email); err != nil {
		return nil, fmt.Errorf("read by what %s came: %w", f.ID, err)
	}
	if err := json.Unmarshal([]byte(attrs), &f.Attrs); err != nil {
		return nil, fmt.Errorf("read attributes of %s: %w", f.ID, err)
	}
	f.Reading = &nlp.Result{}
	if err := json.Unmarshal([]byte(reading), f.Reading); err != nil {
		return nil, fmt.Errorf("read reading of %s: %w", f.ID, err)
	}
	return f, nil
}

func splitTags(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}

// listColumns are what a list shows; the wide ones stay in the database, and
// of the text only listedRunes are read.
const listColumns = `id, num, launch_id, import_id, channel, external_id, title, substr(text, 1, 400), occurred_at, received_at, person_id, author_name, author_email, rating, app_version,
	language, category, category_confidence, sentiment, sentiment_score, emotion, severity, severity_confidence, area, summary, security, unsure, alike, duplicate_of, pass, ` + stateColumns

func scanListed(s db.Scanner) (*Feedback, error) {
	f := &Feedback{}
	var occurred, received, snoozed, triaged int64
	var rating float64
	var text, tags string
	var pass int
	err := s.Scan(&f.ID, &f.Number, &f.LaunchID, &f.ImportID, &f.Channel, &f.ExternalID, &f.Title, &text, &occurred, &received,
		&f.Author.PersonID, &f.Author.Name, &f.Author.Email, &rating, &f.AppVersion,
		&f.Language, &f.Category, &f.CategoryConfidence, &f.Sentiment, &f.SentimentScore, &f.Emotion, &f.Severity, &f.SeverityConfidence, &f.Area, &f.Summary,
		&f.Security, &f.Unsure, &f.Alike, &f.DuplicateOf, &pass, &f.State, &f.IssueID, &f.AssigneeID, &tags, &snoozed, &triaged)
	f.OccurredAt, f.ReceivedAt, f.SnoozedUntil, f.TriagedAt = db.Time(occurred), db.Time(received), timeOf(snoozed), timeOf(triaged)
	if rating != 0 {
		f.Rating = &rating
	}
	f.Tags, f.ReadFully = splitTags(tags), pass == 1
	f.cover(text)
	return f, err
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Feedback, error) {
	f, err := scan(q.QueryRowContext(ctx, `SELECT `+allColumns+` FROM feedback WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no feedback %s in this workspace; it may still be on its way.", id)
	case err != nil:
		return nil, fmt.Errorf("get feedback %s: %w", id, err)
	}
	return f, nil
}

// getMany returns the feedback with these ids, whole, in the order of ids;
// those that are gone are left out.
func getMany(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]*Feedback, error) {
	found := map[string]*Feedback{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scan, `SELECT `+allColumns+` FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("get %d feedback: %w", len(ids), err)
		}
		for _, f := range list {
			found[f.ID] = f
		}
	}
	out := make([]*Feedback, 0, len(ids))
	for _, id := range ids {
		if f := found[id]; f != nil {
			out = append(out, f)
		}
	}
	return out, nil
}

// listByNum returns list rows in the order of nums.
func listByNum(ctx context.Context, q db.Queryer, ws workspace.ID, nums []int64) ([]*Feedback, error) {
	if len(nums) == 0 {
		return nil, nil
	}
	list, err := db.All(ctx, q, scanListed, `SELECT `+listColumns+` FROM feedback WHERE workspace_id = $1 AND num IN (`+db.In(2, len(nums))+`)`,
		append([]any{ws}, db.Args(nums)...)...)
	if err != nil {
		return nil, fmt.Errorf("list feedback: %w", err)
	}
	place := make(map[int64]int, len(nums))
	for i, n := range nums {
		place[n] = i
	}
	slices.SortFunc(list, func(a, b *Feedback) int { return place[a.Number] - place[b.Number] })
	return list, nil
}

// listByID returns list rows in the order of ids; what is gone is left out.
func listByID(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]*Feedback, error) {
	list, err := db.All(ctx, q, scanListed, `SELECT `+listColumns+` FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(ids))+`)`,
		append([]any{ws}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("list feedback: %w", err)
	}
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(list, func(a, b *Feedback) int { return place[a.ID] - place[b.ID] })
	return list, nil
}

func attachmentsOf(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string) ([]Attachment, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (a Attachment, err error) {
		err = s.Scan(&a.ID, &a.Name, &a.ContentType, &a.Size, &a.SHA256)
		a.URL = "/api/v1/attachments/" + a.ID
		return a, err
	}, `SELECT id, name, content_type, size, sha256 FROM attachment WHERE workspace_id = $1 AND delivery_id = $2 ORDER BY id`, ws, feedbackID)
	if err != nil {
		return nil, fmt.Errorf("list attachments of %s: %w", feedbackID, err)
	}
	return list, nil
}

func (s *Service) attachment(ctx context.Context, ws workspace.ID, id string) (Attachment, error) {
	var a Attachment
	err := s.db.QueryRowContext(ctx, `SELECT id, name, content_type, size, sha256 FROM attachment WHERE workspace_id = $1 AND id = $2`, ws, id).
		Scan(&a.ID, &a.Name, &a.ContentType, &a.Size, &a.SHA256)
	if db.IsNoRows(err) {
		return a, errs.New(errs.NotFound, "There is no attachment %s in this workspace.", id)
	} else if err != nil {
		return a, fmt.Errorf("get attachment %s: %w", id, err)
	}
	return a, nil
}

// Rows returns list rows by id, for showing beside something else.
func (s *Service) Rows(ctx context.Context, ws workspace.ID, ids []string) (map[string]*Feedback, error) {
	out := make(map[string]*Feedback, len(ids))
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, s.db, scanListed, `SELECT `+listColumns+` FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("get %d rows of feedback: %w", len(ids), err)
		}
		if err := s.Name(ctx, ws, list...); err != nil {
			return nil, err
		}
		for _, f := range list {
			out[f.ID] = f
		}
	}
	return out, nil
}

// briefColumns are what grouping looks at.
const briefColumns = `id, num, launch_id, title, substr(text, 1, 2000), occurred_at, received_at, person_id, language, category, severity, sentiment, area, summary, static_vector, sentence_vector, state, issue_id`

// Briefs returns feedback by number with what grouping looks at, in the order
// of nums.
func (s *Service) Briefs(ctx context.Context, ws workspace.ID, nums []int64) ([]*Feedback, error) {
	byNum := make(map[int64]*Feedback, len(nums))
	for part := range slices.Chunk(nums, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (*Feedback, error) {
			f := &Feedback{}
			var occurred, received int64
			var static, sentence []byte
			err := r.Scan(&f.ID, &f.Number, &f.LaunchID, &f.Title, &f.Text, &occurred, &received, &f.Author.PersonID, &f.Language, &f.Category, &f.Severity, &f.Sentiment,
				&f.Area, &f.Summary, &static, &sentence, &f.State, &f.IssueID)
			f.Snippet = snippet(f.Text)
			f.OccurredAt, f.ReceivedAt = db.Time(occurred), db.Time(received)
			f.StaticVector, f.SentenceVector = vectorOf(static), vectorOf(sentence)
			return f, err
		}, `SELECT `+briefColumns+` FROM feedback WHERE workspace_id = $1 AND num IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("read %d feedback: %w", len(nums), err)
		}
		for _, f := range list {
			byNum[f.Number] = f
		}
	}
	out := make([]*Feedback, 0, len(nums))
	for _, n := range nums {
		if f := byNum[n]; f != nil {
			out = append(out, f)
		}
	}
	return out, nil
}

// RecentVectors returns the vectors of the newest n feedback of a workspace.
func (s *Service) RecentVectors(ctx context.Context, ws workspace.ID, n int) (static, sentence [][]int8, err error) {
	rows, err := db.All(ctx, s.db, func(r db.Scanner) (v [2][]byte, err error) { return v, r.Scan(&v[0], &v[1]) },
		`SELECT static_vector, sentence_vector FROM feedback WHERE workspace_id = $1 ORDER BY num DESC LIMIT $2`, ws, n)
	if err != nil {
		return nil, nil, fmt.Errorf("read recent vectors: %w", err)
	}
	for _, v := range rows {
		if v[0] != nil {
			static = append(static, vectorOf(v[0]))
		}
		if v[1] != nil {
			sentence = append(sentence, vectorOf(v[1]))
		}
	}
	return static, sentence, nil
}
