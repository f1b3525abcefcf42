package mail

import (
	"strings"
)

// Report is what a mail server says of the delivery of a mail (RFC 3464), or
// a reader's program of its being shown (RFC 8098).
type Report struct {
	Kind       string // delivery-status, disposition-notification
	OriginalID string // Message-ID of the mail that it is about
	Recipients []Delivery
}

// Delivery is what became of a mail to one recipient.
type Delivery struct {
	To         string
	Action     string // failed, delayed, delivered, relayed, expanded
	Status     string // as in RFC 3463: 5.1.1
	Diagnostic string
}

// Failed returns the first delivery that failed for good.
func (r *Report) Failed() (Delivery, bool) {
	for _, d := range r.Recipients {
		if d.Action == "failed" || d.Action == "" && strings.HasPrefix(d.Status, "5") {
			return d, true
		}
	}
	return Delivery{}, false
}

// Why is the reason in one sentence.
func (d Delivery) Why() string {
	what := strings.TrimSpace(d.Diagnostic)
	if _, after, ok := strings.Cut(what, ";"); ok {
		what = strings.TrimSpace(after)
	}
	if what == "" {
		what = d.Status
	}
	if len(what) > 300 {
		what = strings.ToValidUTF8(what[:300], "")
	}
	if d.To == "" {
		return "The mail did not arrive: " + what + "."
	}
	return "The mail did not arrive at " + d.To + ": " + strings.TrimSuffix(what, ".") + "."
}

const maxRecipients = 100

func readReport(kind string, parts []*part) *Report {
	r := &Report{Kind: kind}
	for _, p := range parts {
		switch p.kind {
		case "message/delivery-status", "message/global-delivery-status":
			r.Kind = "delivery-status"
			r.statuses(p.body)
		case "message/disposition-notification", "message/global-disposition-notification":
			r.Kind = "disposition-notification"
			h, _ := splitHead(p.body)
			if list := ids(h.Get("Original-Message-ID")); len(list) > 0 {
				r.OriginalID = list[0]
			}
		case "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers":
			h, _ := splitHead(p.body)
			if list := ids(h.Get("Message-ID")); len(list) > 0 {
				r.OriginalID = list[0]
			}
		}
	}
	if r.Kind == "" {
		r.Kind = "delivery-status"
	}
	return r
}

// statuses reads the groups of fields: the first is of the message, the others
// of one recipient each.
func (r *Report) statuses(body []byte) {
	for rest := body; len(rest) > 0 && len(r.Recipients) < maxRecipients; {
		var h Header
		before := len(rest)
		h, rest = splitHead(rest)
		if len(rest) == before {
			return
		}
		if !h.Has("Final-Recipient") && !h.Has("Original-Recipient") && !h.Has("Action") {
			continue
		}
		d := Delivery{Action: strings.ToLower(strings.TrimSpace(h.Get("Action"))), Status: strings.TrimSpace(h.Get("Status")), Diagnostic: clean(words(h.Get("Diagnostic-Code")))}
		for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
			_, to, ok := strings.Cut(h.Get(name), ";")
			if a, valid := address(to); ok && valid {
				d.To = a.Email
				break
			}
		}
		r.Recipients = append(r.Recipients, d)
	}
}
