package issue

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// facts is what is shown of the counts and never searched or sorted by.
type facts struct {
	Unnamed    int            `json:"unnamed"`
	Met        int            `json:"met,omitempty"`
	Segments   []Segment      `json:"segments"`
	Sentiment  Sentiments     `json:"sentiment"`
	Severities map[string]int `json:"severities"`
	Day        int64          `json:"day"`  // days since 1970 of the last of Days
	Days       []int          `json:"days"` // reports by the day on which they occurred
	Suggested  int            `json:"suggested"`
	Lines      []Line         `json:"lines"`
}

// searchKind is this package's share of the full-text index.
const searchKind = "issue"

// own are the columns that people decide, counted those that follow the
// feedback.
const (
	ownColumns = `id, num, launch_id, title, description, stage, stage_entered_at, severity, dismissed_severity, category, area, owner_id, tags, urgency_set, urgency_by,
		merged_into, created_at, updated_at, closed_at`
	countedColumns = `reports, people, reach, impact, urgency, priority, first_received_at, last_received_at, refresh_at, facts`
	allColumns     = ownColumns + `, ` + countedColumns
)

func scan(s db.Scanner) (*Issue, error) {
	i := &Issue{}
	var entered, created, updated, closed, first, last int64
	var tags, text string
	var reach float64
	err := s.Scan(&i.ID, &i.Number, &i.LaunchID, &i.Title, &i.Description, &i.Stage, &entered, &i.Severity, &i.DismissedSeverity, &i.Category, &i.Area, &i.ownerID, &tags, &i.urgencySet, &i.UrgencySetBy,
		&i.mergedInto, &created, &updated, &closed,
		&i.Reach.Feedback, &i.Reach.People, &reach, &i.Impact, &i.Urgency, &i.Priority, &first, &last, &i.refreshAt, &text)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &i.facts); err != nil {
		return nil, fmt.Errorf("read facts of issue %s: %w", i.ID, err)
	}
	i.Key, i.Tags, i.reach = keyOf(i.Number), splitTags(tags), reach
	i.StageEnteredAt, i.CreatedAt, i.UpdatedAt = db.Time(entered), db.Time(created), db.Time(updated)
	i.ClosedAt, i.FirstReceivedAt, i.LastReceivedAt = timePtr(closed), timePtr(first), timePtr(last)
	i.Reach.Unnamed, i.Reach.Met, i.Reach.Segments = i.facts.Unnamed, i.facts.Met, append([]Segment{}, i.facts.Segments...)
	i.Sentiment, i.UrgencySuggested = i.facts.Sentiment, i.facts.Suggested
	i.PriorityReason = append([]Line{}, i.facts.Lines...)
	i.SuggestedSeverity = suggestSeverity(i.Severity, i.DismissedSeverity, i.facts.Severities)
	return i, nil
}

func splitTags(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, ",")
}

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

// storable reports whether s can be in the records: PostgreSQL refuses to look
// for anything else.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// get returns an issue by id or key, as it is in the records.
func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Issue, error) {
	var i *Issue
	err := sql.ErrNoRows
	if num := numberOf(id); num != 0 {
		i, err = scan(q.QueryRowContext(ctx, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND num = $2`, ws, num))
	} else if storable(id) {
		i, err = scan(q.QueryRowContext(ctx, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND id = $2`, ws, id))
	}
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no issue %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get issue %s: %w", id, err)
	}
	return i, nil
}

// resolve is get that follows mergers to the issue that has the feedback now.
func resolve(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Issue, error) {
	i, err := get(ctx, q, ws, id)
	for err == nil && i.mergedInto != "" {
		i, err = get(ctx, q, ws, i.mergedInto) // a circle can't be made, see Merge
	}
	return i, err
}

// getMany returns issues by id; those that are gone are left out.
func getMany(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]*Issue, error) {
	out := make(map[string]*Issue, len(ids))
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scan, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("get %d issues: %w", len(ids), err)
		}
		for _, i := range list {
			out[i.ID] = i
		}
	}
	return out, nil
}

func (i *Issue) ownValues() []any {
	return []any{i.ID, i.Number, i.LaunchID, i.Title, i.Description, i.Stage, db.Micros(i.StageEnteredAt), i.Severity, i.DismissedSeverity, i.Category, i.Area, i.ownerID, strings.Join(i.Tags, ","), i.urgencySet, i.UrgencySetBy,
		i.mergedInto, db.Micros(i.CreatedAt), db.Micros(i.UpdatedAt), micros(i.ClosedAt)}
}

// insert writes new issues and makes them searchable.
func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Issue) error {
	rows := make([][]any, len(list))
	docs := make([]db.SearchDoc, len(list))
	for k, i := range list {
		rows[k] = append([]any{ws}, i.ownValues()...)
		docs[k] = i.searchDoc()
	}
	if err := db.Insert(ctx, tx, `INSERT INTO issue (workspace_id, `+ownColumns+`)`, "", rows); err != nil {
		return err
	}
	return db.PutSearch(ctx, tx, string(ws), searchKind, docs)
}

func (i *Issue) searchDoc() db.SearchDoc {
	// The key in two words, as a search for it is read.
	return db.SearchDoc{Num: i.Number, Title: fmt.Sprintf("%s HC %d", i.Title, i.Number), Text: i.Description}
}

// save writes what people decide of an issue.
func save(ctx context.Context, tx *db.Tx, ws workspace.ID, i *Issue) error {
	_, err := tx.ExecContext(ctx, `UPDATE issue SET title = $3, description = $4, stage = $5, stage_entered_at = $6, severity = $7, category = $8, area = $9, owner_id = $10,
		tags = $11, urgency_set = $12, urgency_by = $13, merged_into = $14, closed_at = $15, updated_at = $16, dismissed_severity = $17 WHERE workspace_id = $1 AND id = $2`,
		ws, i.ID, i.Title, i.Description, i.Stage, db.Micros(i.StageEnteredAt), i.Severity, i.Category, i.Area, i.ownerID,
		strings.Join(i.Tags, ","), i.urgencySet, i.UrgencySetBy, i.mergedInto, micros(i.ClosedAt), db.Micros(i.UpdatedAt), i.DismissedSeverity)
	if err != nil {
		return fmt.Errorf("save issue %s: %w", i.ID, err)
	}
	return db.PutSearch(ctx, tx, string(ws), searchKind, []db.SearchDoc{i.searchDoc()})
}

// remove takes an issue away as if it had never been made; its number is not
// used again.
func remove(ctx context.Context, tx *db.Tx, ws workspace.ID, i *Issue) error {
	for _, text := range []string{
		`DELETE FROM issue_history WHERE workspace_id = $1 AND issue_id = $2`,
		`DELETE FROM issue WHERE workspace_id = $1 AND id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, text, ws, i.ID); err != nil {
			return fmt.Errorf("remove issue %s: %w", i.ID, err)
		}
	}
	return db.DropSearch(ctx, tx, string(ws), searchKind, []int64{i.Number})
}

const historyColumns = `id, at, actor_kind, actor_id, actor_name, field, was, becomes, reason, feedback`

func scanHistory(s db.Scanner) (h HistoryEntry, err error) {
	var at int64
	var about string
	err = s.Scan(&h.ID, &at, &h.Actor.Kind, &h.Actor.ID, &h.Actor.Name, &h.Field, &h.From, &h.To, &h.Reason, &about)
	h.At = db.Time(at)
	h.feedbackIDs = splitTags(about)
	return h, err
}

// listHistory returns a page of what happened to an issue, newest first,
// behind the entry at (at, id).
func listHistory(ctx context.Context, q db.Queryer, ws workspace.ID, issueID string, at int64, id string, limit int) ([]HistoryEntry, error) {
	if at == 0 {
		at = 1 << 62
	}
	list, err := db.All(ctx, q, scanHistory, `SELECT `+historyColumns+` FROM issue_history WHERE workspace_id = $1 AND issue_id = $2 AND (at, id) < ($3, $4)
		ORDER BY at DESC, id DESC LIMIT $5`, ws, issueID, at, id, limit)
	if err != nil {
		return nil, fmt.Errorf("list history of issue %s: %w", issueID, err)
	}
	var ids []string
	for _, h := range list {
		ids = append(ids, h.feedbackIDs...)
	}
	named, err := feedback.Refs(ctx, q, ws, ids)
	if err != nil {
		return nil, err
	}
	for k := range list {
		for _, id := range list[k].feedbackIDs {
			if r, ok := named[id]; ok {
				list[k].Feedback = append(list[k].Feedback, r)
			}
		}
	}
	return list, nil
}

// dress fills in the names that rows refer to, and rolls the trend to today.
func dress(ctx context.Context, q db.Queryer, ws workspace.ID, now time.Time, list ...*Issue) error {
	var owners, mergers []string
	for _, i := range list {
		if i.ownerID != "" {
			owners = append(owners, i.ownerID)
		}
		if i.mergedInto != "" {
			mergers = append(mergers, i.mergedInto)
		}
	}
	slices.Sort(owners)
	names, err := workspace.Names(ctx, q, ws, slices.Compact(owners))
	if err != nil {
		return err
	}
	slices.Sort(mergers)
	into, err := refs(ctx, q, ws, slices.Compact(mergers))
	if err != nil {
		return err
	}
	for _, i := range list {
		i.Trend = roll(i.facts.Days, i.facts.Day, dayOf(now))
		i.Owner, i.MergedInto = nil, nil
		if i.ownerID != "" {
			i.Owner = &Owner{ID: i.ownerID, Name: names[i.ownerID]}
		}
		if r, ok := into[i.mergedInto]; ok {
			i.MergedInto = &r
		}
	}
	return nil
}

func refs(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]Ref, error) {
	out := map[string]Ref{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanRef, `SELECT id, num, title FROM issue WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("name issues: %w", err)
		}
		for _, r := range list {
			out[r.ID] = r
		}
	}
	return out, nil
}

func scanRef(s db.Scanner) (r Ref, err error) {
	var num int64
	err = s.Scan(&r.ID, &num, &r.Title)
	r.Key = keyOf(num)
	return r, err
}
