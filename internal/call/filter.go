package call

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

// Op is how a filter compares.
type Op string

// The comparisons. Is takes several values and holds for any of them; the
// others take one.
const (
	Is       Op = "is"
	Prefix   Op = "prefix"
	Contains Op = "contains"
	Above    Op = "above"
	AtLeast  Op = "at_least"
	Below    Op = "below"
	AtMost   Op = "at_most"
)

// Filter is one condition on a field. Values are texts as people write them:
// a status may be 404 or 5xx, a latency 250ms or microseconds, a time RFC
// 3339 or microseconds, an address may be a network (10.0.0.0/8), an empty
// value means that there is none.
type Filter struct {
	Field  Field    `json:"field"`
	Op     Op       `json:"op"`
	Values []string `json:"values"`
	Not    bool     `json:"not,omitempty"`
}

// maxValues is how many values a filter may name.
const maxValues = 1000

// span is a range of numbers, both ends in it.
type span struct{ lo, hi int64 }

// matcher is a filter made ready.
type matcher struct {
	field Field
	not   bool
	spans []span            // of numbers
	text  func(string) bool // of texts
	id    func([]byte) bool // of ids
	exact [][]byte          // what one of must be there; nil: unknown
}

// Check says what is wrong with a filter, without asking for anything.
func (f Filter) Check() error {
	_, err := f.matcher()
	return err
}

// matcher checks a filter and makes it ready.
func (f Filter) matcher() (*matcher, error) {
	if f.Field >= fieldCount || f.Field == Workspace {
		return nil, errs.New(errs.Invalid, "A call has no such field; take one of the list.")
	}
	if f.Op == "" {
		f.Op = Is
	}
	switch {
	case len(f.Values) == 0:
		return nil, errs.New(errs.Invalid, "The filter on %s names no value; give one.", f.Field)
	case len(f.Values) > maxValues:
		return nil, errs.New(errs.Invalid, "The filter on %s names %d values; %d are allowed.", f.Field, len(f.Values), maxValues)
	case f.Op != Is && len(f.Values) > 1:
		return nil, errs.New(errs.Invalid, "The filter %s on %s takes one value, not %d.", f.Op, f.Field, len(f.Values))
	}
	m := &matcher{field: f.Field, not: f.Not}
	var err error
	switch f.Field.kind() {
	case kindInt:
		err = m.numbers(f)
	case kindFixed:
		err = m.ids(f)
	default:
		err = m.texts(f)
	}
	return m, err
}

func (f Filter) cannot() error {
	return errs.New(errs.Invalid, "The field %s can't be compared by %q.", f.Field, f.Op)
}

func (m *matcher) numbers(f Filter) error {
	for _, v := range f.Values {
		lo, hi, err := number(f.Field, v)
		if err != nil {
			return err
		}
		s := span{lo, hi}
		switch f.Op {
		case Is:
		case Above:
			if hi == math.MaxInt64 {
				continue // nothing is above
			}
			s = span{hi + 1, math.MaxInt64}
		case AtLeast:
			s = span{lo, math.MaxInt64}
		case Below:
			if lo == math.MinInt64 {
				continue
			}
			s = span{math.MinInt64, lo - 1}
		case AtMost:
			s = span{math.MinInt64, hi}
		default:
			return f.cannot()
		}
		m.spans = append(m.spans, s)
	}
	return nil
}

// number reads a value of a field of numbers; it may mean a range.
func number(f Field, v string) (lo, hi int64, err error) {
	v = strings.TrimSpace(v)
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return n, n, nil
	}
	switch f {
	case Status:
		if len(v) == 3 && strings.EqualFold(v[1:], "xx") && '1' <= v[0] && v[0] <= '9' {
			lo = int64(v[0]-'0') * 100
			return lo, lo + 99, nil
		}
	case Latency, UpstreamLatency, FirstByte:
		if d, err := time.ParseDuration(strings.ReplaceAll(v, " ", "")); err == nil {
			return d.Microseconds(), d.Microseconds(), nil
		}
	case Time:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UnixMicro(), t.UnixMicro(), nil
		}
	}
	return 0, 0, errs.New(errs.Invalid, "%.60q is no value of %s; give a number.", v, f)
}

func (m *matcher) ids(f Filter) error {
	size := columns[f.Field].size
	switch f.Op {
	case Is:
		var want [][]byte
		for _, v := range f.Values {
			id, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(v), "-", ""))
			if v == "" {
				id, err = make([]byte, size), nil
			}
			if err != nil || len(id) != size {
				return errs.New(errs.Invalid, "%.60q is no value of %s; give its %d hexadecimal digits.", v, f.Field, 2*size)
			}
			want = append(want, id)
		}
		m.exact = want
		m.id = func(id []byte) bool {
			return slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(w, id) })
		}
	case Prefix:
		want := strings.ToLower(strings.TrimSpace(f.Values[0]))
		if strings.Trim(want, "0123456789abcdef") != "" {
			return errs.New(errs.Invalid, "%.60q is no beginning of %s; give hexadecimal digits.", f.Values[0], f.Field)
		}
		m.id = func(id []byte) bool {
			var text [32]byte
			return strings.HasPrefix(textOf(hex.AppendEncode(text[:0], id)), want)
		}
	default:
		return f.cannot()
	}
	return nil
}

func (m *matcher) texts(f Filter) error {
	v := f.Values[0]
	switch f.Op {
	case Is:
		return m.oneOf(f)
	case Prefix:
		m.text = func(s string) bool { return strings.HasPrefix(s, v) }
	case Contains:
		m.text = func(s string) bool { return strings.Contains(s, v) }
	default:
		return f.cannot()
	}
	return nil
}

func (m *matcher) oneOf(f Filter) error {
	var nets []netip.Prefix
	want := map[string]bool{}
	for _, v := range f.Values {
		if f.Field == Client && strings.Contains(v, "/") {
			p, err := netip.ParsePrefix(v)
			if err != nil {
				return errs.New(errs.Invalid, "%.60q is no network; write it like 10.0.0.0/8.", v)
			}
			nets = append(nets, p.Masked())
			continue
		}
		want[v] = true
		m.exact = append(m.exact, []byte(v))
	}
	if len(nets) == 0 {
		m.text = func(s string) bool { return want[s] }
		return nil
	}
	m.exact = nil
	m.text = func(s string) bool {
		if want[s] {
			return true
		}
		a, err := netip.ParseAddr(s)
		return err == nil && slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return nil
}

func (m *matcher) number(v int64) bool {
	return slices.ContainsFunc(m.spans, func(s span) bool { return s.lo <= v && v <= s.hi })
}

// record reports whether a call passes.
func (m *matcher) record(r *Record) bool {
	var ok bool
	switch m.field.kind() {
	case kindInt:
		ok = m.number(*r.int(m.field))
	case kindFixed:
		ok = m.id(r.fixed(m.field))
	default:
		ok = m.text(*r.text(m.field))
	}
	return ok != m.not
}

// cannotBe reports whether nothing in a batch passes, as far as its filters
// know.
func (m *matcher) cannotBe(b batch) (bool, error) {
	if m.not || m.exact == nil {
		return false, nil
	}
	for _, v := range m.exact {
		if may, err := b.mayHave(m.field, v); may || err != nil {
			return false, err
		}
	}
	return true, nil
}

// cost orders filters: those that read least go first.
func (m *matcher) cost() int {
	switch {
	case m.field.payload():
		return 3
	case m.field.kind() == kindFixed:
		return 2
	case m.field == Path || m.field == User || m.field == Session || m.field == Client:
		return 1
	}
	return 0
}

// apply takes out of rows those that don't pass.
func (m *matcher) apply(b batch, rows bitset) error {
	switch m.field.kind() {
	case kindInt:
		v, err := b.ints(m.field)
		if err != nil {
			return err
		}
		m.sift(rows, func(i int) bool { return m.number(v[i]) })
	case kindFixed:
		v, err := b.ids(m.field)
		if err != nil {
			return err
		}
		n := columns[m.field].size
		m.sift(rows, func(i int) bool { return m.id(v[i*n : (i+1)*n]) })
	case kindText:
		return m.applyText(b, rows)
	default:
		return m.applyWide(b, rows)
	}
	return nil
}

func (m *matcher) sift(rows bitset, ok func(int) bool) {
	rows.each(func(i int) {
		if ok(i) == m.not {
			rows.drop(i)
		}
	})
}

func (m *matcher) applyText(b batch, rows bitset) error {
	values, err := b.values(m.field)
	if err != nil {
		return err
	}
	pass := make([]bool, len(values))
	hits := 0
	for i, v := range values {
		if pass[i] = m.text(v) != m.not; pass[i] {
			hits++
		}
	}
	switch hits {
	case 0:
		clear(rows)
		return nil
	case len(values):
		return nil
	}
	codes, err := b.codes(m.field)
	if err != nil {
		return err
	}
	rows.each(func(i int) {
		at := i
		if codes != nil {
			at = int(codes[i])
		}
		if !pass[at] {
			rows.drop(i)
		}
	})
	return nil
}

func (m *matcher) applyWide(b batch, rows bitset) error {
	empty := m.text("") // wide leaves out what is empty
	n := b.rows()
	pass := make([]bool, n)
	for i := range pass {
		pass[i] = empty
	}
	for _, w := range b.blocks() {
		if !rows.any(w.first, w.first+w.rows) {
			continue
		}
		if err := b.wide(m.field, w.first, w.first+w.rows, func(i int, s string) { pass[i] = m.text(s) }); err != nil {
			return err
		}
	}
	m.sift(rows, func(i int) bool { return pass[i] })
	return nil
}

// String is the filter as a sentence has it.
func (f Filter) String() string {
	not := ""
	if f.Not {
		not = "not "
	}
	return fmt.Sprintf("%s %s%s %s", f.Field, not, f.Op, strings.Join(f.Values, ", "))
}
