package call

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// The questions of a query, as statements of ClickHouse.

// where is what of a plan the table can be asked for. The workspace is always
// in it, and first.
func (p *plan) where(q Query) (string, error) {
	cond := []string{"workspace = " + literal(string(p.ws))}
	if p.from > math.MinInt64 {
		cond = append(cond, fmt.Sprintf("time >= %d", p.from))
	}
	if p.to < math.MaxInt64 {
		cond = append(cond, fmt.Sprintf("time <= %d", p.to))
	}
	for _, f := range q.Where {
		c, err := f.sql()
		if err != nil {
			return "", err
		}
		cond = append(cond, c)
	}
	var any []string
	for _, f := range q.Any {
		c, err := f.sql()
		if err != nil {
			return "", err
		}
		any = append(any, c)
	}
	if len(any) > 0 {
		cond = append(cond, "("+strings.Join(any, " OR ")+")")
	}
	for _, t := range p.terms {
		cond = append(cond, "position("+wordsColumn+", "+literal(t.spelt)+") > 0")
	}
	return strings.Join(cond, " AND "), nil
}

// sql is a filter as a condition, of the same meaning as its matcher.
func (f Filter) sql() (string, error) {
	m, err := f.matcher()
	if err != nil {
		return "", err
	}
	name := "`" + columns[f.Field].name + "`"
	var cond string
	switch f.Field.kind() {
	case kindInt:
		cond = spansSQL(name, m.spans)
	case kindFixed:
		cond = idsSQL(name, f, m)
	default:
		cond = textsSQL(name, f)
	}
	if f.Not {
		return "NOT (" + cond + ")", nil
	}
	return "(" + cond + ")", nil
}

func spansSQL(name string, spans []span) string {
	var list []string
	for _, s := range spans {
		switch {
		case s.lo == math.MinInt64 && s.hi == math.MaxInt64:
			list = append(list, "1")
		case s.lo == math.MinInt64:
			list = append(list, fmt.Sprintf("%s <= %d", name, s.hi))
		case s.hi == math.MaxInt64:
			list = append(list, fmt.Sprintf("%s >= %d", name, s.lo))
		default:
			list = append(list, fmt.Sprintf("%s BETWEEN %d AND %d", name, s.lo, s.hi))
		}
	}
	if len(list) == 0 {
		return "0"
	}
	return strings.Join(list, " OR ")
}

func idsSQL(name string, f Filter, m *matcher) string {
	if f.Op == Prefix {
		return "startsWith(lower(hex(" + name + ")), " + literal(strings.ToLower(strings.TrimSpace(f.Values[0]))) + ")"
	}
	list := make([]string, len(m.exact))
	for i, id := range m.exact {
		list[i] = name + " = " + fixed(id)
	}
	return strings.Join(list, " OR ")
}

func textsSQL(name string, f Filter) string {
	switch f.Op {
	case Prefix:
		if f.Values[0] == "" {
			return "1"
		}
		return "startsWith(" + name + ", " + literal(f.Values[0]) + ")"
	case Contains:
		if f.Values[0] == "" {
			return "1"
		}
		return "position(" + name + ", " + literal(f.Values[0]) + ") > 0"
	}
	var list, exact []string
	for _, v := range f.Values {
		if p, err := netip.ParsePrefix(v); err == nil && f.Field == Client {
			list = append(list, networkSQL(name, p.Masked()))
		} else {
			exact = append(exact, literal(v))
		}
	}
	if len(exact) > 0 {
		list = append(list, name+" IN ("+strings.Join(exact, ", ")+")")
	}
	return strings.Join(list, " OR ")
}

// networkSQL holds for addresses in a network.
func networkSQL(name string, p netip.Prefix) string {
	first := p.Addr().As16()
	last := first
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	if p.Addr().Is4() {
		n := func(b [16]byte) uint32 {
			return uint32(b[12])<<24 | uint32(b[13])<<16 | uint32(b[14])<<8 | uint32(b[15])
		}
		return fmt.Sprintf("(%[1]s != '' AND position(%[1]s, ':') = 0 AND IPv4StringToNum(%[1]s) BETWEEN %[2]d AND %[3]d)", name, n(first), n(last))
	}
	return fmt.Sprintf("(position(%[1]s, ':') > 0 AND hex(IPv6StringToNum(%[1]s)) BETWEEN '%[2]s' AND '%[3]s')", name, strings.ToUpper(hex.EncodeToString(first[:])), strings.ToUpper(hex.EncodeToString(last[:])))
}

// ask runs a question over all that a query means: its SELECT, and what comes
// behind the WHERE.
func (c *Cluster) ask(ctx context.Context, ws workspace.ID, q Query, what, behind string) (*rows, Info, error) {
	began := time.Now()
	q.After, q.Limit = Cursor{}, 0
	p, err := q.plan(ws)
	if err != nil {
		return nil, Info{}, err
	}
	where, err := p.where(q)
	if err != nil {
		return nil, Info{}, err
	}
	answer, err := c.ch.do(ctx, "SELECT "+what+" FROM calls WHERE "+where+" "+behind+" FORMAT RowBinary", nil)
	return &rows{b: answer}, Info{Took: time.Since(began)}, asError(err)
}

// Count returns how many calls are meant.
func (c *Cluster) Count(ctx context.Context, ws workspace.ID, q Query) (int64, error) {
	r, _, err := c.ask(ctx, ws, q, "toInt64(count())", "")
	if err != nil {
		return 0, err
	}
	n := r.int()
	return n, r.err
}

// Histogram counts calls over time; see Log.
func (c *Cluster) Histogram(ctx context.Context, ws workspace.ID, q Query, buckets int) (*Histogram, error) {
	from, step, err := q.steps(buckets)
	if err != nil {
		return nil, err
	}
	r, info, err := c.ask(ctx, ws, q, fmt.Sprintf("toInt64(intDiv(time - %d, %d)) AS x, toInt64(if(status BETWEEN 100 AND 599, intDiv(status, 100), 0)) AS class, toInt64(count())", from, step), "GROUP BY x, class")
	if err != nil {
		return nil, err
	}
	h := newHistogram(from, step, buckets, info)
	for r.next() {
		x, class, n := r.int(), r.int(), r.int()
		if x >= 0 && x < int64(buckets) && class >= 0 && class < 6 {
			h.Buckets[x].Classes[class] += n
		}
	}
	return h, r.err
}

// Heatmap counts calls over time and latency; see Log.
func (c *Cluster) Heatmap(ctx context.Context, ws workspace.ID, q Query, columns int) (*Heatmap, error) {
	from, step, err := q.steps(columns)
	if err != nil {
		return nil, err
	}
	// Version 18.16 can't group by what a function of arrays takes from a row.
	var y strings.Builder
	for _, bound := range latencyBounds[1:] {
		fmt.Fprintf(&y, "+(latency>=%d)", bound)
	}
	r, info, err := c.ask(ctx, ws, q, fmt.Sprintf("toInt64(intDiv(time - %d, %d)) AS x, toInt64(0%s) AS y, toInt64(count()), toInt64(countIf(status >= 500))", from, step, y.String()), "GROUP BY x, y ORDER BY x, y")
	if err != nil {
		return nil, err
	}
	m := newHeatmap(from, step, info)
	for r.next() {
		m.Cells = append(m.Cells, Cell{X: int(r.int()), Y: int(r.int()), Count: r.int(), Errors: r.int()})
	}
	return m, r.err
}

// bucketSQL is spreadBucket.
const bucketSQL = "toInt64(if(latency < 32, greatest(latency, 0), least((toInt64(floor(log2(latency))) - 4) * 32 + bitAnd(bitShiftRight(latency, toInt64(floor(log2(latency))) - 5), 31), 1152)))"

// Facets counts calls by the values of fields; see Log.
func (c *Cluster) Facets(ctx context.Context, ws workspace.ID, q Query, fields []Field, top int) (*Facets, error) {
	if err := facetable(fields, top); err != nil {
		return nil, err
	}
	began := time.Now()
	out := &Facets{}
	all, err := c.spreads(ctx, ws, q, "''")
	if err != nil {
		return nil, err
	}
	out.All = shareOf(all[""], "")
	for _, f := range fields {
		facet, err := c.facet(ctx, ws, q, f, top, out.All.Count)
		if err != nil {
			return nil, err
		}
		out.Facets = append(out.Facets, *facet)
	}
	out.Info.Took = time.Since(began)
	return out, nil
}

func (c *Cluster) facet(ctx context.Context, ws workspace.ID, q Query, f Field, top int, all int64) (*Facet, error) {
	value := "toString(`" + columns[f].name + "`)"
	r, _, err := c.ask(ctx, ws, q, "toInt64(uniqExact("+value+"))", "")
	if err != nil {
		return nil, err
	}
	out := &Facet{Field: f, Values: int(r.int()), Other: all}
	r, _, err = c.ask(ctx, ws, q, value+" AS v, toInt64(count()) AS n", fmt.Sprintf("GROUP BY v ORDER BY n DESC, v LIMIT %d", top))
	if err != nil {
		return nil, err
	}
	var order []string
	for r.next() {
		v, n := r.text(), r.int()
		order = append(order, v)
		out.Other -= n
	}
	if r.err != nil || len(order) == 0 {
		return out, r.err
	}
	// The fields of text are asked by a filter, so that numbers and texts go
	// the same way.
	q.Where = append(q.Where[:len(q.Where):len(q.Where)], Filter{Field: f, Op: Is, Values: order})
	shares, err := c.spreads(ctx, ws, q, value)
	if err != nil {
		return nil, err
	}
	for _, v := range order {
		out.Shares = append(out.Shares, shareOf(shares[v], v))
	}
	return out, nil
}

func shareOf(s *share, value string) Share {
	if s == nil {
		return Share{Value: value}
	}
	return s.share(value)
}

// spreads counts calls by a value and by how long they took.
func (c *Cluster) spreads(ctx context.Context, ws workspace.ID, q Query, value string) (map[string]*share, error) {
	r, _, err := c.ask(ctx, ws, q, value+" AS v, "+bucketSQL+" AS b, toInt64(count()), toInt64(countIf(status >= 500))", "GROUP BY v, b")
	if err != nil {
		return nil, err
	}
	out := map[string]*share{}
	for r.next() {
		v, b, n, failed := r.text(), r.int(), r.int(), r.int()
		s := out[v]
		if s == nil {
			s = &share{spread: &spread{}}
			out[v] = s
		}
		s.count += n
		s.errors += failed
		if b >= 0 && b < int64(len(s.spread)) {
			s.spread[b] += uint32(min(n, math.MaxUint32))
		}
	}
	return out, r.err
}

// Find returns calls; see Log. Either all of a page is there or an error.
func (c *Cluster) Find(ctx context.Context, ws workspace.ID, q Query) (*Page, error) {
	began := time.Now()
	p, err := q.plan(ws)
	if err != nil {
		return nil, err
	}
	where, err := p.where(q)
	if err != nil {
		return nil, err
	}
	order, beyond := "DESC", "<"
	if p.oldest {
		order, beyond = "ASC", ">"
	}
	if !p.after.IsZero() {
		where += fmt.Sprintf(" AND (time %[1]s %[2]d OR (time = %[2]d AND id %[1]s %[3]s))", beyond, p.after.Time, fixed(p.after.ID[:]))
	}
	// First which, then what is in them: payloads are read of those alone.
	answer, err := c.ch.do(ctx, fmt.Sprintf("SELECT time, id FROM calls WHERE %s ORDER BY time %[2]s, id %[2]s LIMIT %[3]d FORMAT RowBinary", where, order, p.limit+1), nil)
	if err != nil {
		return nil, asError(err)
	}
	var keys []key
	r := &rows{b: answer}
	for r.next() {
		keys = append(keys, key{time: r.int(), id: ID(r.take(16))})
	}
	if r.err != nil {
		return nil, r.err
	}
	page := &Page{Complete: true}
	if len(keys) > p.limit {
		keys = keys[:p.limit]
		last := keys[p.limit-1]
		page.Next = Cursor{last.time, last.id}
	}
	page.Calls, err = c.fetch(ctx, ws, keys, q.brings())
	page.Info.Took = time.Since(began)
	return page, asError(err)
}

// fetch reads the calls of some keys, in their order.
func (c *Cluster) fetch(ctx context.Context, ws workspace.ID, keys []key, fields []Field) ([]Record, error) {
	if len(keys) == 0 {
		return []Record{}, nil
	}
	from, to := keys[0].time, keys[0].time
	ids := make([]string, len(keys))
	for i, k := range keys {
		from, to = min(from, k.time), max(to, k.time)
		ids[i] = literal(hex.EncodeToString(k.id[:]))
	}
	answer, err := c.ch.do(ctx, fmt.Sprintf("SELECT %s FROM calls PREWHERE workspace = %s AND time BETWEEN %d AND %d AND lower(hex(id)) IN (%s) FORMAT RowBinary",
		selected(fields), literal(string(ws)), from, to, strings.Join(ids, ", ")), nil, "max_query_size", "1048576")
	if err != nil {
		return nil, err
	}
	found, err := readRecords(answer, fields)
	if err != nil {
		return nil, err
	}
	byKey := make(map[Cursor]*Record, len(found))
	for i := range found {
		byKey[Cursor{found[i].Time, found[i].ID}] = &found[i]
	}
	calls := make([]Record, 0, len(keys))
	for _, k := range keys {
		if r := byKey[Cursor{k.time, k.id}]; r != nil { // its day may just have been dropped
			calls = append(calls, *r)
		}
	}
	return calls, nil
}

// selected are fields as a statement names them; workspace, time and id come
// with all of them.
func selected(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = "`" + columns[f].name + "`"
	}
	return strings.Join(names, ", ")
}

func readRecords(answer []byte, fields []Field) ([]Record, error) {
	var list []Record
	r := &rows{b: answer}
	for r.next() {
		var c Record
		for _, f := range fields {
			switch columns[f].kind {
			case kindInt:
				*c.int(f) = r.int()
			case kindFixed:
				copy(c.fixed(f), r.take(columns[f].size))
			default:
				*c.text(f) = r.text()
			}
		}
		list = append(list, c)
	}
	return list, r.err
}

// Get returns one call, payload and all.
func (c *Cluster) Get(ctx context.Context, ws workspace.ID, id ID) (*Record, error) {
	return get(ctx, c, ws, id)
}

// ByTrace returns the calls of a trace, oldest first; see Log.
func (c *Cluster) ByTrace(ctx context.Context, ws workspace.ID, trace ID, from, to time.Time) ([]Record, error) {
	return byTrace(ctx, c, ws, trace, from, to)
}

// UserCalls returns the calls of somebody around a moment; see Log.
func (c *Cluster) UserCalls(ctx context.Context, ws workspace.ID, who Who, at time.Time, ago, later time.Duration, limit int) ([]Record, error) {
	return userCalls(ctx, c, ws, who, at, ago, later, limit)
}
