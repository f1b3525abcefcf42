package person

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Segment is a named filter over people: all of its conditions hold.
type Segment struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Conditions []Condition `json:"conditions" nullable:"false"`
	CreatedAt  time.Time   `json:"created_at"`
	UpdatedAt  time.Time   `json:"updated_at"`
}

// Condition is about one attribute: a person's own, or where the person has
// none the organisation's.
type Condition struct {
	Attribute string   `json:"attribute" maxLength:"512" example:"tier" doc:"An attribute; or organisation, domain or language."`
	Not       bool     `json:"not,omitempty" doc:"None of the values, instead of one of them."`
	Values    []string `json:"values" nullable:"false" doc:"One of these; any value at all when empty."`
}

// SegmentInput is a segment to be kept.
type SegmentInput struct {
	Name       string      `json:"name" maxLength:"200"`
	Conditions []Condition `json:"conditions" nullable:"false"`
}

const (
	maxConditions = 10
	maxValues     = 50
	maxSegments   = 500
)

func (in *SegmentInput) tidy() error {
	in.Name = strings.Join(strings.Fields(in.Name), " ")
	if in.Name == "" || !plain(in.Name, 200) {
		return errs.New(errs.Invalid, "Name the segment, with at most 200 bytes.")
	}
	if n := len(in.Conditions); n == 0 || n > maxConditions {
		return errs.New(errs.Invalid, "A segment has 1 to %d conditions, not %d.", maxConditions, n)
	}
	for i := range in.Conditions {
		c := &in.Conditions[i]
		if c.Attribute = strings.TrimSpace(c.Attribute); c.Attribute == "" || !plain(c.Attribute, maxShort) || strings.ContainsAny(c.Attribute[:1], "$[") || strings.Contains(c.Attribute, `"`) {
			return errs.New(errs.Invalid, "%.40q is not the name of an attribute; name one that people or organisations have.", c.Attribute)
		}
		if len(c.Values) > maxValues {
			return errs.New(errs.Invalid, "%d values are given for %s; at most %d are alternatives.", len(c.Values), c.Attribute, maxValues)
		}
		for _, v := range c.Values {
			if !plain(v, maxShort) {
				return errs.New(errs.Invalid, "A value of %s is longer than %d bytes, or no text.", c.Attribute, maxShort)
			}
		}
		if c.Values == nil {
			c.Values = []string{}
		}
	}
	return nil
}

// where is a segment as a condition on person p and its organisation o, with
// parameters from number first on.
func (g *Segment) where(first int) (string, []any) {
	var parts []string
	var args []any
	for _, c := range g.Conditions {
		value := ""
		switch c.Attribute {
		case "organisation":
			value = `o.name`
		case "domain":
			value = `p.domain`
		case "language":
			value = `p.language`
		default:
			hole := `CAST(` + db.In(first+len(args), 1) + ` AS TEXT)`
			value = `COALESCE(p.attrs ->> ` + hole + `, o.attrs ->> ` + hole + `)`
			args = append(args, c.Attribute)
		}
		value = `COALESCE(` + value + `, '')`
		switch {
		case len(c.Values) > 0 && c.Not:
			value += ` NOT IN (` + db.In(first+len(args), len(c.Values)) + `)`
		case len(c.Values) > 0:
			value += ` IN (` + db.In(first+len(args), len(c.Values)) + `)`
		case c.Not:
			value += ` = ''`
		default:
			value += ` <> ''`
		}
		args = append(args, db.Args(c.Values)...)
		parts = append(parts, value)
	}
	return `(` + strings.Join(parts, ` AND `) + `)`, args
}

const segmentColumns = `id, name, conditions, created_at, updated_at`

func scanSegment(s db.Scanner) (*Segment, error) {
	var g Segment
	var conditions string
	var created, updated int64
	if err := s.Scan(&g.ID, &g.Name, &conditions, &created, &updated); err != nil {
		return nil, err
	}
	g.CreatedAt, g.UpdatedAt = db.Time(created), db.Time(updated)
	var kept struct {
		All []Condition `json:"all"`
	}
	err := json.Unmarshal([]byte(conditions), &kept)
	g.Conditions = kept.All
	return &g, err
}

func getSegment(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Segment, error) {
	g, err := scanSegment(q.QueryRowContext(ctx, `SELECT `+segmentColumns+` FROM segment WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no segment %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get segment %s: %w", id, err)
	}
	return g, nil
}

// Segments returns all of them, by name.
func (s *Service) Segments(ctx context.Context) ([]*Segment, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, scanSegment, `SELECT `+segmentColumns+` FROM segment WHERE workspace_id = $1 ORDER BY key LIMIT $2`, a.Workspace, maxSegments)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	return list, nil
}

// PutSegment makes a segment, or changes the one with an id.
func (s *Service) PutSegment(ctx context.Context, id string, in SegmentInput) (*Segment, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if err := in.tidy(); err != nil {
		return nil, err
	}
	conditions, err := json.Marshal(map[string]any{"all": in.Conditions})
	if err != nil {
		return nil, err
	}
	made := id == ""
	if made {
		id = db.NewID()
	}
	var g *Segment
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now := db.Micros(s.now())
		var err error
		if made {
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM segment WHERE workspace_id = $1`, a.Workspace).Scan(&n); err != nil {
				return fmt.Errorf("count segments: %w", err)
			}
			if n >= maxSegments {
				return errs.New(errs.Conflict, "There are %d segments already; delete one first.", n)
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO segment (workspace_id, id, name, key, conditions, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
				a.Workspace, id, in.Name, keyOf(in.Name), string(conditions), now)
		} else {
			if _, err := getSegment(ctx, tx, a.Workspace, id); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE segment SET name = $1, key = $2, conditions = $3, updated_at = $4 WHERE workspace_id = $5 AND id = $6`,
				in.Name, keyOf(in.Name), string(conditions), now, a.Workspace, id)
		}
		if db.IsUnique(err) {
			return errs.New(errs.Conflict, "There is a segment named %s already.", in.Name)
		} else if err != nil {
			return fmt.Errorf("put segment %s: %w", id, err)
		}
		if g, err = getSegment(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "segment.put", "segment", id, nil)
	})
	return g, err
}

// DeleteSegment removes a segment.
func (s *Service) DeleteSegment(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := db.Affected(tx.ExecContext(ctx, `DELETE FROM segment WHERE workspace_id = $1 AND id = $2`, a.Workspace, id))
		if err != nil {
			return fmt.Errorf("delete segment %s: %w", id, err)
		}
		if n == 0 {
			return errs.New(errs.NotFound, "There is no segment %s in this workspace.", id)
		}
		return a.Audit(ctx, tx, "segment.delete", "segment", id, nil)
	})
}

// maxMembers bounds whom a segment or an organisation stands for in a list
// of feedback.
const maxMembers = 50_000

// Members returns the ids of the people of any of these segments or
// organisations.
func Members(ctx context.Context, q db.Queryer, ws workspace.ID, segments, organisations []string) ([]string, error) {
	args := []any{ws, maxMembers}
	var any []string
	for _, id := range segments {
		g, err := getSegment(ctx, q, ws, id)
		if err != nil {
			return nil, err
		}
		text, more := g.where(len(args) + 1)
		any, args = append(any, text), append(args, more...)
	}
	if len(organisations) > 0 {
		any = append(any, `p.organisation_id IN (`+db.In(len(args)+1, len(organisations))+`)`)
		args = append(args, db.Args(organisations)...)
	}
	where := strings.Join(any, ` OR `)
	list, err := db.All(ctx, q, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT p.id FROM person p LEFT JOIN organisation o ON o.workspace_id = p.workspace_id AND o.id = p.organisation_id
		WHERE p.workspace_id = $1 AND p.merged_into = '' AND (`+where+`) ORDER BY p.created_at DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return list, nil
}
