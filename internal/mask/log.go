package mask

import (
	"context"
	"log/slog"
)

// Handler is a slog.Handler that covers secrets (passwords, tokens, cards,
// accounts, national ids) in what others write before the next writes it: the
// message, and the text of attributes.
type Handler struct{ next slog.Handler }

// NewHandler returns one before next.
func NewHandler(next slog.Handler) *Handler { return &Handler{next} }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, Logs.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(coverAttr(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	list := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		list[i] = coverAttr(a)
	}
	return &Handler{h.next.WithAttrs(list)}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler { return &Handler{h.next.WithGroup(name)} }

// coverAttr covers the text of an attribute; numbers and times have none.
func coverAttr(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		if s, masked := v.String(), Logs.attr(a.Key, v.String()); masked != s {
			return slog.String(a.Key, masked)
		}
	case slog.KindGroup:
		list := v.Group()
		out := make([]slog.Attr, len(list))
		for i, b := range list {
			out[i] = coverAttr(b)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(out...)}
	case slog.KindAny:
		// Errors quote what came from outside; other values are our own types.
		if err, ok := v.Any().(error); ok {
			if s := err.Error(); Logs.Covered(s) {
				return slog.String(a.Key, Logs.Text(s))
			}
		}
	}
	return a
}

// attr covers the value of a named field.
func (m *Masker) attr(name, value string) string {
	if name = fold(name); m.names[name] && value != "" {
		return hidden
	}
	return m.field(name, value)
}

// Field covers the value of a field by its name and by what it looks like.
func (m *Masker) Field(name, value string) string { return m.attr(name, value) }
