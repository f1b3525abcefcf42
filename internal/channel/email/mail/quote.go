package mail

import (
	"regexp"
	"strings"
)

// The words by which programs of many languages begin what they quote.
var (
	// On Monday Ada wrote: / Am Montag schrieb Ada: / Le lundi, Ada a écrit :
	attribution = regexp.MustCompile(`(?i)^(?:[>\s]*)(?:` +
		`on\b.{4,300}\bwrote\s*:|` +
		`(?:am|um)\b.{4,300}\bschrieb\b.{0,200}:|` +
		`.{4,200}\bschrieb\s*(?:am\b.{4,200})?:|` +
		`le\b.{4,300}\ba\s+[ée]crit\s*:|` +
		`el\b.{4,300}\bescribi[óo]\s*:|` +
		`il\b.{4,300}\bha\s+scritto\s*:|` +
		`(?:em|a|no dia)\b.{4,300}\bescreveu\s*:|` +
		`op\b.{4,300}\b(?:schreef|het volgende geschreven)\b.{0,200}:|` +
		`(?:w dniu|dnia|.{4,40})\b.{4,300}\bnapisa[łl]\(?a?\)?\s*:|` +
		`den\b.{4,300}\bskrev\b.{0,200}:|` +
		`.{4,300}\b(?:написал|пишет)(?:\(а\)|а)?\s*:|` +
		`.{4,300}(?:写道|寫道|のメール|さんは書きました)\s*[:：]|` +
		`\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}.{2,200}<[^<>\s]+@[^<>\s]+>\s*:` +
		`)\s*$`)

	// -----Original Message-----
	divider = regexp.MustCompile(`(?i)^[>\s]*[-_]{2,}\s*(?:original message|urspr[üu]ngliche nachricht|originalnachricht|message d['’]origine|message original|mensaje original|messaggio originale|mensagem original|` +
		`oorspronkelijk bericht|oprindelig meddelelse|ursprungligt meddelande|wiadomo[śs][ćc] oryginalna|исходное сообщение|原始邮件|元のメッセージ|reply message|antwort nachricht)\s*[-_]{2,}\s*$`)

	// The head that Outlook puts before what is quoted.
	fromLine  = regexp.MustCompile(`(?i)^[>\s]*\*?(?:from|von|de|da|van|från|fra|od|от|发件人|差出人)\s?\*?\s*[:：]\s*\*?\s*\S`)
	otherLine = regexp.MustCompile(`(?i)^[>\s]*\*?(?:sent|date|gesendet|datum|envoy[ée]|enviado(?: el)?|fecha|data|inviato|verzonden|skickat|sendt|wys[łl]ano|отправлено|发送时间|送信日時|to|an|[àa]|para|a|aan|till|til|do|кому|收件人|宛先|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|[äa]mne|emne|temat|тема|主题|件名)\s?\*?\s*[:：]`)

	// Sent from my iPhone
	device = regexp.MustCompile(`(?i)^\s*(?:sent (?:from|via|with) (?:my |the )?\S+|get outlook for (?:ios|android)|von (?:meinem|meiner|unterwegs)\b.{0,40} gesendet|gesendet (?:von|mit)\b.{0,60}|diese nachricht wurde von meinem\b.{0,60}|` +
		`envoy[ée] (?:de|depuis|[àa] partir de)\b.{0,60}|t[ée]l[ée]charger outlook pour\b.{0,40}|enviado (?:desde|do|de)\b.{0,60}|inviato (?:da|dal)\b.{0,60}|verzonden (?:vanaf|met|via)\b.{0,60}|wys[łl]ano z\b.{0,60}|skickat från\b.{0,60}|sendt fra\b.{0,60}).{0,40}$`)
)

const (
	maxLines     = 20_000
	maxSignature = 20 // lines
)

// Split tells what somebody wrote from what they quoted and how they sign.
// Together the parts are the whole text.
func Split(text string) (fresh, quoted string) {
	lines := strings.SplitN(text, "\n", maxLines)
	end := len(lines)
	for i := range lines {
		if cutsAt(lines, i) {
			end = i
			break
		}
	}
	own, below := lines[:end], lines[end:]
	// Who answers below or between the quotes: those lines are their own.
	var answers []string
	if end < len(lines) && !blockQuote(lines[end:]) {
		answers, below = between(below)
	}
	own, signature := unsign(own)
	if len(answers) > 0 {
		var sig []string
		answers, sig = unsign(answers)
		own = append(append(append([]string{}, own...), ""), answers...)
		signature = append(signature, sig...)
	}
	fresh = strings.Trim(join(own), "\n")
	quoted = strings.Trim(join(append(append([]string{}, signature...), below...)), "\n")
	return strings.TrimSpace(fresh), quoted
}

func join(lines []string) string { return strings.Join(lines, "\n") }

// cutsAt reports whether what is quoted begins at a line.
func cutsAt(lines []string, i int) bool {
	line := lines[i]
	switch {
	case strings.TrimSpace(line) == "":
		return false
	case divider.MatchString(line):
		return true
	case fromLine.MatchString(line) && head(lines[i+1:]):
		return true
	case strings.HasPrefix(strings.TrimSpace(line), "_____") && i+1 < len(lines):
		for _, next := range lines[i+1 : min(i+3, len(lines))] {
			if fromLine.MatchString(next) {
				return true
			}
		}
		return false
	case quotes(line) && run(lines[i:]) >= 1:
		return i == 0 || !introduces(lines[i-1]) // a single > is no quote in the middle of a text
	case len(line) > 400:
		return false
	}
	// "On … wrote:" may be broken into up to three lines.
	joined := ""
	for n := range min(3, len(lines)-i) {
		next := strings.TrimSpace(lines[i+n])
		if n > 0 && next == "" {
			return false
		}
		joined = strings.TrimSpace(joined + " " + next)
		if strings.HasSuffix(next, ":") || strings.HasSuffix(next, "：") {
			return attribution.MatchString(joined) && (n > 0 || strings.ContainsAny(joined, "0123456789@<"))
		}
	}
	return false
}

func quotes(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), ">") }

// run counts quoted lines at the beginning.
func run(lines []string) int {
	for i, l := range lines {
		if !quotes(l) {
			return i
		}
	}
	return len(lines)
}

// introduces reports whether a line announces what is shown below it, such as
// output of a program, so that it is no quote of a mail.
func introduces(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, ":") && !attribution.MatchString(line) && !strings.ContainsAny(line, "@<")
}

// head reports whether the lines after a From go on as the head of a mail.
func head(lines []string) bool {
	n := 0
	for _, l := range lines[:min(6, len(lines))] {
		if otherLine.MatchString(l) {
			n++
		}
	}
	return n >= 2
}

// blockQuote reports whether all that follows is quoted without marks.
func blockQuote(lines []string) bool {
	for _, l := range lines[:min(8, len(lines))] {
		if quotes(l) {
			return false
		}
	}
	return true
}

// between takes lines without a mark out of what is quoted with marks.
func between(lines []string) (own, quoted []string) {
	i := 0
	for i < len(lines) && !quotes(lines[i]) { // the attribution
		quoted = append(quoted, lines[i])
		i++
	}
	for ; i < len(lines); i++ {
		switch {
		case quotes(lines[i]):
			quoted = append(quoted, lines[i])
			if len(own) > 0 && own[len(own)-1] != "" {
				own = append(own, "")
			}
		case strings.TrimSpace(lines[i]) == "":
			if len(own) > 0 && own[len(own)-1] != "" {
				own = append(own, "")
			}
		default:
			if cutsAt(lines, i) && blockQuote(lines[i:]) {
				return own, append(quoted, lines[i:]...)
			}
			own = append(own, lines[i])
		}
	}
	return own, quoted
}

// unsign cuts off how somebody signs: below "-- " (RFC 3676 4.3), or what a
// telephone adds.
func unsign(lines []string) (own, signature []string) {
	for i := len(lines) - 1; i >= 0 && len(lines)-i <= maxSignature+1; i-- {
		if line := lines[i]; line == "-- " || line == "--" || line == "—" {
			return lines[:i], lines[i:]
		}
	}
	end := len(lines)
	for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	if end > 0 && device.MatchString(lines[end-1]) {
		return lines[:end-1], lines[end-1:]
	}
	return lines, nil
}

// Unsigned is a text without how its sender signs, for what is no answer.
func Unsigned(text string) string {
	own, _ := unsign(strings.SplitN(text, "\n", maxLines))
	return strings.TrimSpace(join(own))
}
