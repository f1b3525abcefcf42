package slack

import "strings"

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// plain turns Slack's markup of a message ("Formatting message text") into
// plain text: <@U1|ann> is @ann, <https://x|y> is "y (https://x)", &amp; is &.
// Asterisks and underscores stay: they may be meant.
func plain(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(entities.Replace(before))
		if !ok {
			return b.String()
		}
		inner, after, ok := strings.Cut(rest, ">")
		if !ok { // no markup after all
			b.WriteString("<" + entities.Replace(rest))
			return b.String()
		}
		b.WriteString(reference(inner))
		s = after
	}
}

func reference(inner string) string {
	target, label, _ := strings.Cut(inner, "|")
	target, label = entities.Replace(target), entities.Replace(label)
	if target == "" {
		return label
	}
	switch name := target[1:]; target[0] {
	case '@', '#':
		if label == "" {
			return target
		}
		return target[:1] + strings.TrimLeft(label, "@#")
	case '!': // <!here>, <!subteam^S1|@ops>, <!date^...|yesterday>
		if label != "" {
			return label
		}
		name, _, _ = strings.Cut(name, "^")
		return "@" + name
	}
	if label == "" || label == target || strings.TrimPrefix(target, "mailto:") == label {
		return strings.TrimPrefix(target, "mailto:")
	}
	if _, host, ok := strings.Cut(target, "://"); ok && strings.TrimSuffix(host, "/") == strings.TrimSuffix(label, "/") {
		return target // Slack made a link of what was typed
	}
	return label + " (" + target + ")"
}
