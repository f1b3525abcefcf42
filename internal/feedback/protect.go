package feedback

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/workspace"
)

// protect covers, by the launch's privacy policy, what is about to be written
// into the ledger. Who somebody is (author.email, user_id, session_id,
// external_id) stays: that is what a report is for; what is said in words,
// attributes and addresses is covered. It is done before the group commit, by
// who sends, so that one goroutine does not do it for all.
func (s *Service) protect(ctx context.Context, ws workspace.ID, launchID string, items []Incoming) error {
	if s.privacy == nil || len(items) == 0 {
		return nil
	}
	c, err := s.privacy.Cover(ctx, ws, launchID)
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		it.sealDays = c.RetentionDays
		if it.Format != "" {
			it.Raw = c.Storage.Foreign(it.ContentType, it.Raw)
			continue
		}
		if it.Input.protect(c.Storage, &it.sealed) {
			it.Raw = nil // the covered report is written out in its place
		}
	}
	return nil
}

// protect covers a report in place and reports whether it changed.
func (in *Input) protect(m *mask.Masker, sealed *[]privacy.Sealed) bool {
	changed := false
	cover := func(field string, s *string, limit int) {
		out, kept := m.Cover(*s)
		if out == *s {
			return
		}
		out = within(out, limit)
		for _, o := range kept {
			if o.At < len(out) {
				*sealed = append(*sealed, privacy.Sealed{Field: field, Original: o})
			}
		}
		*s, changed = out, true
	}
	if u := keysOnly(in.URL); u != in.URL {
		in.URL, changed = u, true
	}
	cover("text", &in.Text, MaxText)
	cover("title", &in.Title, MaxTitle)
	cover("url", &in.URL, MaxURL)
	attrs := func(prefix string, of map[string]string) map[string]string {
		var out map[string]string
		for _, k := range slices.Sorted(maps.Keys(of)) {
			v, kept := m.CoverField(k, of[k])
			if v == of[k] {
				continue
			}
			if out == nil {
				out = maps.Clone(of) // the sender's own stays as it is
			}
			v = within(v, MaxShort)
			for _, o := range kept {
				if o.At < len(v) {
					*sealed = append(*sealed, privacy.Sealed{Field: prefix + k, Original: o})
				}
			}
			out[k], changed = v, true
		}
		if out == nil {
			return of
		}
		return out
	}
	in.Attrs = attrs("attrs.", in.Attrs)
	if in.Author != nil {
		a := *in.Author
		cover("author.name", &a.Name, MaxShort)
		a.Attrs = attrs("author.attrs.", a.Attrs)
		in.Author = &a
	}
	return changed
}

// within cuts a text that covering made longer than it may be.
func within(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.TrimSpace(s[:limit])
}

// sealedRows are the originals of reports that are new in the ledger.
func (in *Intake) sealedRows(groups []*group, fresh map[string]bool, now time.Time) [][]any {
	var rows [][]any
	for _, g := range groups {
		for i, r := range g.rows {
			it := &g.items[i]
			if id := r[1].(string); len(it.sealed) > 0 && fresh[id] {
				rows = append(rows, in.privacy.Rows(g.ws, privacy.Feedback, id, it.sealDays, it.sealed, now)...)
			}
		}
	}
	return rows
}

// sealedPlaces tells where a feedback has sealed originals.
func (s *Service) sealedPlaces(ctx context.Context, q db.Queryer, ws workspace.ID, f *Feedback) error {
	if s.privacy == nil {
		return nil
	}
	list, err := s.privacy.Places(ctx, q, ws, privacy.Feedback, f.ID)
	if f.Title == "" { // a title alone became the text
		for i := range list {
			if list[i].Field == "title" {
				list[i].Field = "text"
			}
		}
	}
	f.Sealed = list
	return err
}
