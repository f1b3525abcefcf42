package issue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The lanes that cards of a column may be counted by.
const (
	LaneSeverity = "severity"
	LaneOwner    = "owner"
)

// lanes are the columns behind the lanes.
var lanes = map[string]string{LaneSeverity: "severity", LaneOwner: "owner_id"}

// BoardQuery selects what a board shows.
type BoardQuery struct {
	Query            // its words and facets; order, page and the counts of facets are the board's own
	Stage     string // only this column
	StageKey  *Key   // where a page of that column ended
	PerColumn int
	Lane      string // counts the cards of each column by severity or owner
}

// Column is one stage of a board.
type Column struct {
	Stage     string         `json:"stage" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure"`
	Count     int            `json:"count" doc:"All issues in this stage that fit, shown or not."`
	Limit     int            `json:"limit,omitempty" doc:"How many it should hold at most; absent: any number."`
	MedianAge int64          `json:"median_age_seconds" doc:"For how long half of them have been in this stage."`
	Lanes     map[string]int `json:"lanes,omitempty" doc:"By severity or owner's id, none for nobody; only when asked for."`
	Cards     []Card         `json:"items" nullable:"false" doc:"The highest priority first; in closure what was closed last."`
	Next      string         `json:"next_cursor,omitempty" doc:"With stage it answers what follows in this column."`
}

// Card is an issue as a board shows it.
type Card struct {
	ID             string    `json:"id"`
	Key            string    `json:"key" example:"HC-12"`
	Number         int64     `json:"number"`
	Title          string    `json:"title"`
	Stage          string    `json:"stage" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure"`
	StageEnteredAt time.Time `json:"stage_entered_at"`
	Severity       string    `json:"severity" enum:"sev1,sev2,sev3,sev4"`
	Category       string    `json:"category"`
	Area           string    `json:"area"`
	Owner          *Owner    `json:"owner,omitempty"`
	Reports        int       `json:"reports"`
	People         int       `json:"people" doc:"Distinct persons among the reporters."`
	Priority       float64   `json:"priority"`
	BlockedBy      int       `json:"blocked_by,omitempty" doc:"How many open issues block it."`

	ownerID string
}

// Board answers the columns of a launch, each with its first cards.
func (s *Service) Board(ctx context.Context, launchID string, q BoardQuery) ([]Column, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	l, err := s.launches.Get(ctx, launchID)
	if err != nil {
		return nil, err
	}
	if q.Lane != "" && lanes[q.Lane] == "" {
		return nil, errs.New(errs.Invalid, "There are no lanes by %.40q; use severity or owner.", q.Lane)
	}
	stages := Stages
	if q.Stage != "" {
		if !slices.Contains(Stages, q.Stage) {
			return nil, errs.New(errs.Invalid, "There is no stage %.40q; use %s.", q.Stage, strings.Join(Stages, ", "))
		}
		stages = []string{q.Stage}
	}
	out := make([]Column, len(stages))
	for k, stage := range stages {
		out[k] = Column{Stage: stage, Limit: l.WIPLimits[stage], Cards: []Card{}}
	}
	var hits []int64
	if strings.TrimSpace(q.Text) != "" {
		if hits, err = db.Search(ctx, s.db, string(a.Workspace), searchKind, q.Text, maxHits); err != nil || len(hits) == 0 {
			return out, err
		}
	}
	if err := s.heads(ctx, a.Workspace, launchID, q, hits, out); err != nil {
		return nil, err
	}
	var cards []*Card
	for k := range out {
		if out[k].Count == 0 {
			continue
		}
		if err := s.cards(ctx, a.Workspace, launchID, q, hits, &out[k]); err != nil {
			return nil, err
		}
		for i := range out[k].Cards {
			cards = append(cards, &out[k].Cards[i])
		}
	}
	return out, s.dressCards(ctx, a.Workspace, cards)
}

// heads counts the columns and their lanes, from an index.
func (s *Service) heads(ctx context.Context, ws workspace.ID, launchID string, q BoardQuery, hits []int64, out []Column) error {
	args := []any{ws, launchID}
	where := narrow(q.facets(), hits, binder(&args))
	lane := "''"
	if q.Lane != "" {
		lane = lanes[q.Lane]
	}
	type count struct {
		stage, lane string
		n           int
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (c count, err error) { return c, r.Scan(&c.stage, &c.lane, &c.n) },
		`SELECT stage, `+lane+` AS lane, COUNT(*) FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = ''`+where+` GROUP BY stage, lane`, args...)
	if err != nil {
		return fmt.Errorf("count the board of launch %s: %w", launchID, err)
	}
	byStage := make(map[string]*Column, len(out))
	for k := range out {
		byStage[out[k].Stage] = &out[k]
		if q.Lane != "" {
			out[k].Lanes = map[string]int{}
		}
	}
	for _, c := range list {
		col := byStage[c.stage]
		col.Count += c.n
		if q.Lane != "" {
			col.Lanes[cmp.Or(c.lane, "none")] = c.n
		}
	}
	return s.ages(ctx, ws, launchID, q, hits, byStage)
}

// ages finds the middle of the ages of each column: the rows in their order
// come out of an index, and of each column one or two are taken.
func (s *Service) ages(ctx context.Context, ws workspace.ID, launchID string, q BoardQuery, hits []int64, byStage map[string]*Column) error {
	args := []any{ws, launchID}
	bind := binder(&args)
	where := narrow(q.facets(), hits, bind)
	var middle []string
	for _, stage := range Stages {
		if c := byStage[stage]; c != nil && c.Count > 0 {
			middle = append(middle, "stage = "+bind(stage)+" AND place IN ("+bind((c.Count+1)/2)+", "+bind((c.Count+2)/2)+")")
		}
	}
	if len(middle) == 0 {
		return nil
	}
	type span struct {
		stage     string
		low, high int64
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (a span, err error) { return a, r.Scan(&a.stage, &a.low, &a.high) },
		`SELECT stage, MIN(stage_entered_at), MAX(stage_entered_at) FROM (
			SELECT stage, stage_entered_at, ROW_NUMBER() OVER (PARTITION BY stage ORDER BY stage_entered_at DESC) AS place
			FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = ''`+where+`) AS x
		WHERE `+strings.Join(middle, " OR ")+` GROUP BY stage`, args...)
	if err != nil {
		return fmt.Errorf("find ages on the board of launch %s: %w", launchID, err)
	}
	now := db.Micros(s.now())
	for _, a := range list {
		byStage[a.stage].MedianAge = max(0, now-(a.low+(a.high-a.low)/2)) / time.Second.Microseconds()
	}
	return nil
}

// facets are the filters of a board, one column being one of them.
func (q *BoardQuery) facets() Query {
	where := maps.Clone(q.Where)
	if q.Stage != "" {
		if where == nil {
			where = map[string][]string{}
		}
		where["stage"] = []string{q.Stage}
	}
	return Query{Where: where}
}

// binder names the parameters of a statement as they are added.
func binder(args *[]any) func(any) string {
	return func(v any) string {
		*args = append(*args, v)
		return fmt.Sprintf("$%d", len(*args))
	}
}

const cardColumns = `id, num, title, stage, stage_entered_at, severity, category, area, owner_id, reports, people, priority`

func scanCard(r db.Scanner) (c Card, err error) {
	var at int64
	err = r.Scan(&c.ID, &c.Number, &c.Title, &c.Stage, &at, &c.Severity, &c.Category, &c.Area, &c.ownerID, &c.Reports, &c.People, &c.Priority)
	c.Key, c.StageEnteredAt = keyOf(c.Number), db.Time(at)
	return c, err
}

// cards reads the first cards of a column, or those behind a key.
func (s *Service) cards(ctx context.Context, ws workspace.ID, launchID string, q BoardQuery, hits []int64, col *Column) error {
	args := []any{ws, launchID, col.Stage}
	bind := binder(&args)
	where := narrow(Query{Where: q.Where}, hits, bind)
	order := "priority"
	if col.Stage == Closure {
		order = "stage_entered_at"
	}
	if q.StageKey != nil && q.Stage != "" {
		var v any = q.StageKey.V
		if col.Stage == Closure {
			v = int64(q.StageKey.V)
		}
		where += " AND (" + order + ", num) < (" + bind(v) + ", " + bind(q.StageKey.Num) + ")"
	}
	limit := bind(q.PerColumn + 1)
	list, err := db.All(ctx, s.db, scanCard, `SELECT `+cardColumns+` FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND stage = $3`+where+
		` ORDER BY `+order+` DESC, num DESC LIMIT `+limit, args...)
	if err != nil {
		return fmt.Errorf("list %s of launch %s: %w", col.Stage, launchID, err)
	}
	if len(list) > q.PerColumn {
		list = list[:q.PerColumn]
		last := list[len(list)-1]
		key := Key{V: last.Priority, Num: last.Number}
		if col.Stage == Closure {
			key.V = float64(db.Micros(last.StageEnteredAt))
		}
		col.Next = web.Cursor(key)
	}
	col.Cards = append(col.Cards, list...)
	return nil
}

// dressCards names owners and counts open blockers.
func (s *Service) dressCards(ctx context.Context, ws workspace.ID, list []*Card) error {
	var ids, owners []string
	for _, c := range list {
		ids = append(ids, c.ID)
		if c.ownerID != "" {
			owners = append(owners, c.ownerID)
		}
	}
	slices.Sort(owners)
	names, err := workspace.Names(ctx, s.db, ws, slices.Compact(owners))
	if err != nil {
		return err
	}
	type count struct {
		id string
		n  int
	}
	blocked := map[string]int{}
	for part := range slices.Chunk(ids, 500) {
		counts, err := db.All(ctx, s.db, func(r db.Scanner) (c count, err error) { return c, r.Scan(&c.id, &c.n) },
			`SELECT l.to_id, COUNT(*) FROM issue_link AS l JOIN issue AS i ON i.workspace_id = l.workspace_id AND i.id = l.from_id
			WHERE l.workspace_id = $1 AND l.kind = $2 AND i.stage <> $3 AND l.to_id IN (`+db.In(4, len(part))+`) GROUP BY l.to_id`,
			append([]any{ws, blocks, Closure}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("count what blocks: %w", err)
		}
		for _, c := range counts {
			blocked[c.id] = c.n
		}
	}
	for _, c := range list {
		c.BlockedBy = blocked[c.ID]
		if c.ownerID != "" {
			c.Owner = &Owner{ID: c.ownerID, Name: names[c.ownerID]}
		}
	}
	return nil
}

type boardInput struct {
	ID       string   `path:"id"`
	Q        string   `query:"q" maxLength:"500" doc:"Words of title, description or key that must all occur; the last may be unfinished."`
	Severity []string `query:"severity" doc:"In this and the other lists: several values are alternatives; none means empty, any means filled."`
	Category []string `query:"category"`
	Area     []string `query:"area"`
	Owner    []string `query:"owner"`
	Tag      []string `query:"tag"`
	Lane     string   `query:"lane" enum:"severity,owner" doc:"Counts each column by this too."`
	Stage    string   `query:"stage" enum:"intake,triage,analysis,prioritisation,planning,resolution,closure" doc:"Only this column; with cursor what follows in it."`
	Cursor   string   `query:"cursor"`
	PerStage int      `query:"per_stage" minimum:"0" maximum:"200" doc:"Cards of each column, 50 when absent."`
}

// BoardBody is a board: its columns in the order of the stages.
type BoardBody struct {
	Stages []Column `json:"stages" nullable:"false"`
	TookMS float64  `json:"took_ms"`
}

func (s *Service) boardRoutes(api *web.API) {
	web.Route(api, "GET /launches/{id}/board", "get-board", "The issues of a launch in one column for each stage", func(ctx context.Context, in *boardInput) (*web.Body[BoardBody], error) {
		key, err := web.ReadCursor[*Key](in.Cursor)
		if err != nil {
			return nil, err
		}
		if key != nil && in.Stage == "" {
			return nil, errs.New(errs.Invalid, "A cursor goes on in one column: name its stage too.")
		}
		start := time.Now()
		list, err := s.Board(ctx, in.ID, BoardQuery{Stage: in.Stage, StageKey: key, PerColumn: web.Limit(in.PerStage, 50, 200), Lane: in.Lane,
			Query: Query{Text: in.Q, Where: map[string][]string{"severity": in.Severity, "category": in.Category, "area": in.Area, "owner": in.Owner, "tag": in.Tag}}})
		if err != nil {
			return nil, err
		}
		return &web.Body[BoardBody]{Body: BoardBody{Stages: list, TookMS: float64(time.Since(start).Microseconds()) / 1000}}, nil
	})
}
