package mail

import (
	"regexp"
	"strings"
)

// Why a mail was not written by a person to us, in words for people.
const (
	WhyBounce      = "a mail server says what became of another mail"
	WhyReceipt     = "a receipt says that a mail was shown"
	WhyAutomatic   = "it was sent by a program (Auto-Submitted)"
	WhyVacation    = "it is an automatic reply"
	WhyBulk        = "it was sent to many (Precedence)"
	WhyList        = "it came by a mailing list"
	WhySuppress    = "its sender wants no automatic replies (X-Auto-Response-Suppress)"
	WhyEmptySender = "its envelope has no sender"
)

var vacation = regexp.MustCompile(`(?i)^\s*(?:automatic reply|auto(?:matic|mated)?[- ]?(?:reply|response)|auto:|out of (?:the )?office|ooo:|abwesenheits|automatische (?:antwort|abwesenheit)|abwesend:|` +
	`r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|resposta autom[áa]tica|automatisch antwoord|afwezig|autosvar|automatiskt svar|automatyczna odpowied[źz]|自动回复|自動応答|自動返信)`)

// Machine says why a mail is none of a person, "" when it is one. lists takes
// mailing lists as a person's way to write.
func (m *Message) Machine(lists bool) string {
	h := m.Head
	kind, _ := mediaType(h.Get("Content-Type"))
	local, _, _ := strings.Cut(m.From.Email, "@")
	switch {
	case m.Report != nil && m.Report.Kind == "disposition-notification":
		return WhyReceipt
	case m.Report != nil, kind == "multipart/report", local == "mailer-daemon", strings.HasPrefix(local, "mail-daemon"), local == "postmaster" && m.NoSender:
		return WhyBounce
	}
	// RFC 3834 5: only "no" is a person.
	if v, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))), ";"); v != "" && strings.TrimSpace(v) != "no" {
		if strings.HasPrefix(v, "auto-replied") {
			return WhyVacation
		}
		return WhyAutomatic
	}
	if v := strings.ToLower(h.Get("Precedence")); v == "auto_reply" {
		return WhyVacation
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-AutoReply-From", "X-Autoresponder", "X-Mail-Autoreply"} {
		if v := strings.ToLower(strings.TrimSpace(h.Get(name))); h.Has(name) && v != "no" && v != "false" {
			return WhyVacation
		}
	}
	if vacation.MatchString(m.Subject) {
		return WhyVacation
	}
	if !lists {
		if h.Has("List-Id") || h.Has("List-Post") || h.Has("Mailing-List") || h.Has("X-Mailing-List") { // RFC 2919, RFC 2369
			return WhyList
		}
		switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
		case "bulk", "junk":
			return WhyBulk
		case "list":
			return WhyList
		}
	}
	if v := strings.ToLower(strings.TrimSpace(h.Get("X-Auto-Response-Suppress"))); v != "" && v != "none" {
		return WhySuppress
	}
	if m.NoSender {
		return WhyEmptySender
	}
	return ""
}

var replyPrefix = regexp.MustCompile(`(?i)^\s*(?:(?:re|aw|antw|antwort|sv|vs|rv|ref|res|r|odp|ynt|回复|答复|回覆|返信)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]|\[(?:ext|extern|external|ticket[^\]]*)\])\s*`)

var forwardPrefix = regexp.MustCompile(`(?i)^\s*(?:fwd?|wg|tr|rv|i|enc|doorst|vl|pd|转发|轉寄)\s*[:：]\s*`)

// Topic is a subject without what replies put before it, and whether it had
// that.
func Topic(subject string) (topic string, reply bool) {
	for range 20 {
		at := replyPrefix.FindStringIndex(subject)
		if at == nil {
			break
		}
		reply = reply || strings.ContainsAny(subject[:at[1]], ":：")
		subject = subject[at[1]:]
	}
	return strings.TrimSpace(subject), reply
}

// Forwarded tells a subject of what was passed on.
func Forwarded(subject string) bool {
	topic, _ := Topic(subject)
	return forwardPrefix.MatchString(topic)
}
