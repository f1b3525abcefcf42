package importer

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// Tickets come as Zendesk exports them, or as its ticket import takes them:
// {subject, description or comments[]{body|html_body, created_at, public},
// created_at, requester or requester_id with side-loaded users}.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_import/

// isTicket reports whether o is one of these and not just any object that
// has a subject.
func isTicket(o object) bool {
	if inner, ok := o.get("ticket").(object); ok {
		o = inner
	}
	if !o.has("subject") && !o.has("raw_subject") {
		return false
	}
	if list, ok := o.get("comments").([]value); ok && len(list) > 0 {
		_, ok := list[0].(object)
		return ok
	}
	for _, key := range []string{"requester", "requester_id", "submitter_id", "raw_subject", "via"} {
		if o.has(key) && o.has("description") {
			return true
		}
	}
	return false
}

type zendeskUser struct{ name, email string }

const maxUsers = 200_000

// readUsers reads the list of side-loaded users at which w stands. What can't
// be read is left out: a name is not worth refusing a ticket.
func readUsers(w *window) (map[string]zendeskUser, error) {
	users := map[string]zendeskUser{}
	r := &jsonReader{plan: Plan{Format: JSON, Layout: layoutArray, Indent: -1}, w: w}
	for len(users) < maxUsers {
		row, err := r.Next()
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			continue
		case errors.Is(err, io.EOF):
			return users, nil
		case err != nil:
			return nil, err
		}
		if id := row.Values["id"]; id != "" {
			users[id] = zendeskUser{cut(row.Values["name"], 200), cut(row.Values["email"], 320)}
		}
	}
	return users, nil
}

// ticket lays a ticket out as a row: what the requester said as "text", who
// that is, and every other field but the conversation.
func (r *jsonReader) ticket(o object) object {
	if inner, ok := o.get("ticket").(object); ok {
		o = inner
	}
	requester := o.text("requester_id")
	user := r.users[requester]
	if who, ok := o.get("requester").(object); ok {
		user.name = first(who.text("name"), user.name)
		user.email = first(who.text("email"), user.email)
		requester = first(requester, who.text("id"))
	}
	row := object{
		{"id", first(o.text("id"), o.text("external_id"))},
		{"subject", first(o.text("subject"), o.text("raw_subject"))},
		{"text", ticketText(o, requester)},
		{"created_at", o.text("created_at")},
		{"requester_name", user.name},
		{"requester_email", user.email},
		{"requester_id", requester},
		{"via", first(o.text("via", "channel"), o.text("channel"))},
	}
	for _, m := range o {
		switch m.key {
		case "id", "subject", "raw_subject", "description", "comments", "created_at", "requester", "requester_id", "via", "channel", "url", "fields":
		case "custom_fields":
			row = append(row, customFields(m.val)...)
		default:
			row = append(row, m)
		}
	}
	return row
}

func customFields(v value) object {
	var out object
	list, _ := v.([]value)
	for _, f := range list {
		if f, ok := f.(object); ok && f.has("value") {
			out = append(out, member{"field_" + f.text("id"), f.get("value")})
		}
	}
	return out
}

// ticketText returns what the requester said in public: the description, and
// each later word; agents' replies are no feedback.
func ticketText(o object, requester string) string {
	var parts []string
	say := func(s string) {
		if s = strings.TrimSpace(s); s != "" && (len(parts) == 0 || parts[0] != s) {
			parts = append(parts, s)
		}
	}
	say(o.text("description"))
	list, _ := o.get("comments").([]value)
	opened := len(parts) > 0
	for _, c := range list {
		c, ok := c.(object)
		if !ok || c.get("public") == false {
			continue
		}
		author := c.text("author_id")
		// Without an author only the opening comment is surely the
		// requester's.
		if author != "" && author == requester || !opened && (author == "" || requester == "") {
			say(commentText(c))
			opened = true
		}
	}
	return strings.Join(parts, "\n\n")
}

func commentText(c object) string {
	if s := first(c.text("plain_body"), c.text("body"), c.text("value")); s != "" {
		return s
	}
	return htmlText(c.text("html_body"))
}

func first(options ...string) string {
	for _, s := range options {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// htmlText returns what a reader of HTML sees, as plain text. It is for
// fields that are HTML by their definition; elsewhere markup is kept as it
// was written.
func htmlText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			lines := strings.Split(b.String(), "\n")
			for i := range lines {
				lines[i] = strings.Join(strings.Fields(lines[i]), " ")
			}
			return strings.TrimSpace(strings.Join(lines, "\n"))
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "script", "style":
				hidden++
			case "br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote":
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "script", "style":
				hidden = max(0, hidden-1)
			case "p", "div":
				b.WriteByte('\n')
			}
		}
	}
}

// isIssue reports whether o is a GitHub issue as its API or its command line
// tool writes it.
func isIssue(o object) bool {
	if !o.has("title") || !o.has("number") {
		return false
	}
	_, isNumber := o.get("number").(json.Number)
	link := first(o.text("html_url"), o.text("url"))
	return isNumber && (o.text("user", "login") != "" || o.text("author", "login") != "" ||
		strings.Contains(link, "/issues/") || strings.Contains(link, "/pull/"))
}

// issueRow lays a GitHub issue out as a row, without the API's many links.
func issueRow(o object) object {
	link := o.text("html_url")
	if url := o.text("url"); link == "" && !strings.Contains(url, "://api.") {
		link = url
	}
	key := "#" + o.text("number")
	if _, path, ok := strings.Cut(link, "://"); ok {
		// host/owner/repo/issues/7: the number alone is not unique across
		// repositories.
		if p := strings.Split(path, "/"); len(p) >= 5 {
			key = p[1] + "/" + p[2] + key
		}
	}
	return object{
		{"key", key},
		{"title", o.text("title")},
		{"body", o.text("body")},
		{"author", first(o.text("user", "login"), o.text("author", "login"))},
		{"created_at", first(o.text("created_at"), o.text("createdAt"))},
		{"url", link},
		{"labels", o.text("labels")},
		{"state", o.text("state")},
		{"state_reason", first(o.text("state_reason"), o.text("stateReason"))},
		{"milestone", o.text("milestone", "title")},
		{"comments", commentCount(o.get("comments"))},
		{"reactions", o.text("reactions", "total_count")},
		{"author_association", first(o.text("author_association"), o.text("authorAssociation"))},
		{"closed_at", first(o.text("closed_at"), o.text("closedAt"))},
	}
}

func commentCount(v value) value {
	if list, ok := v.([]value); ok {
		return json.Number(itoa(len(list)))
	}
	return v
}
