package email

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
)

// settings of a channel, as its form has them.
type settings struct {
	Address  string `json:"address,omitempty"` // answers come from it
	Sender   string `json:"sender,omitempty"`  // name beside it
	Plus     *bool  `json:"plus,omitempty"`    // answers go to address+token
	Lists    bool   `json:"lists,omitempty"`   // mail of mailing lists is a person's
	Ack      bool   `json:"acknowledge,omitempty"`
	AckText  string `json:"acknowledge_text,omitempty"`
	IMAPHost string `json:"imap_host,omitempty"`
	IMAPPort number `json:"imap_port,omitempty"`
	IMAPTLS  string `json:"imap_tls,omitempty"`
	IMAPUser string `json:"imap_user,omitempty"`
	Folder   string `json:"imap_folder,omitempty"`
	Seen     bool   `json:"imap_seen,omitempty"` // mark what was taken as read
	Days     number `json:"imap_days,omitempty"` // of mail before the channel was made
	SMTPHost string `json:"smtp_host,omitempty"`
	SMTPPort number `json:"smtp_port,omitempty"`
	SMTPTLS  string `json:"smtp_tls,omitempty"`
	SMTPUser string `json:"smtp_user,omitempty"`
}

// number is one that a form may send as a text.
type number int

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `" `)
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != float64(int(v)) {
		return errs.New(errs.Invalid, "%.40q is no whole number.", s)
	}
	*n = number(v)
	return nil
}

// The secrets of a channel.
const (
	imapPassword = "imap_password"
	smtpPassword = "smtp_password"
)

// How a connection to a mail server is kept private.
const (
	implicitTLS = "tls"
	startTLS    = "starttls"
	noTLS       = "none"
)

func settingsOf(m map[string]any) (settings, error) {
	var s settings
	b, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		if errs.Is(err, errs.Invalid) {
			return s, err
		}
		return s, errs.New(errs.Invalid, "The settings of the mail channel can't be read: %v.", err)
	}
	for _, p := range []*string{&s.Address, &s.Sender, &s.IMAPHost, &s.IMAPUser, &s.Folder, &s.SMTPHost, &s.SMTPUser} {
		*p = strings.TrimSpace(*p)
	}
	s.Address = strings.ToLower(s.Address)
	s.IMAPTLS, s.SMTPTLS = cmp.Or(s.IMAPTLS, implicitTLS), cmp.Or(s.SMTPTLS, startTLS)
	s.Folder = cmp.Or(s.Folder, "INBOX")
	if s.IMAPPort == 0 {
		s.IMAPPort = 143
		if s.IMAPTLS == implicitTLS {
			s.IMAPPort = 993
		}
	}
	if s.SMTPPort == 0 {
		s.SMTPPort = map[string]number{implicitTLS: 465, startTLS: 587, noTLS: 25}[s.SMTPTLS]
	}
	return s, nil
}

// plus reports whether answers may go to the address with a token.
func (s *settings) plus() bool { return s.Plus == nil || *s.Plus }

func check(m map[string]any) error {
	s, err := settingsOf(m)
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error { return errs.New(errs.Invalid, format, args...) }
	local, domain, _ := strings.Cut(s.Address, "@")
	switch {
	case s.Address != "" && (local == "" || domain == "" || strings.ContainsAny(s.Address, " <>,;\"\r\n\t") || strings.Count(s.Address, "@") != 1):
		return refuse("%.60q is no e-mail address; write it like feedback@shop.example.", s.Address)
	case strings.ContainsAny(s.Sender, "\r\n"):
		return refuse("The sender's name must be one line.")
	case len(s.AckText) > 5000:
		return refuse("The acknowledgement has %d bytes, at most 5,000 are sent; shorten it.", len(s.AckText))
	case s.Days < 0 || s.Days > 3650:
		return refuse("Mail of 0 to 3650 days before can be taken, not of %d.", s.Days)
	}
	for _, side := range []struct {
		name, host, tls, user string
		port                  number
	}{{"IMAP", s.IMAPHost, s.IMAPTLS, s.IMAPUser, s.IMAPPort}, {"SMTP", s.SMTPHost, s.SMTPTLS, s.SMTPUser, s.SMTPPort}} {
		switch {
		case side.host == "":
			continue
		case strings.ContainsAny(side.host, " /@\r\n") || strings.Count(side.host, ":") == 1:
			return refuse("%.100q is no host of a mail server; write it like mail.shop.example, the port apart.", side.host)
		case side.port < 1 || side.port > 65535:
			return refuse("%d is no port; %s mostly has 993 or 143, SMTP 587, 465 or 25.", side.port, side.name)
		case side.tls != implicitTLS && side.tls != startTLS && side.tls != noTLS:
			return refuse("%.20q is no way to protect the connection; use tls, starttls or none.", side.tls)
		case side.tls == noTLS && side.user != "" && !isLocal(side.host):
			return refuse("A password is not sent to %s without TLS; choose tls or starttls.", side.host)
		}
	}
	switch {
	case s.IMAPHost != "" && s.IMAPUser == "":
		return refuse("A mailbox needs a user name.")
	case s.SMTPHost != "" && s.Address == "":
		return refuse("Answers need an address that they come from; write it like feedback@shop.example.")
	case s.Ack && s.SMTPHost == "":
		return refuse("Acknowledgements need a server that sends (SMTP).")
	}
	return nil
}

// isLocal tells a server on this machine, to which nobody listens.
func isLocal(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Service) tlsFor(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLS != nil {
		c = s.TLS.Clone()
	}
	c.ServerName = strings.Trim(host, "[]")
	return c
}

func (s *Service) kind() channel.Kind {
	secured := []string{implicitTLS, startTLS, noTLS}
	k := channel.Kind{Name: Kind, Label: "E-mail", Limit: 600, PerSender: 600, Secrets: []string{imapPassword, smtpPassword}, Check: check, Setup: s.setup,
		Note: "Mail becomes reports, replies join their thread, and answers go out as mail.",
		Fields: []channel.Field{
			{Name: "address", Label: "Address", Type: "text", Placeholder: "feedback@shop.example", Hint: "Where reporters write to; answers come from it."},
			{Name: "sender", Label: "Sender's name", Type: "text", Placeholder: "Shop team"},
			{Name: "imap_host", Label: "Mailbox: IMAP server", Type: "text", Placeholder: "imap.shop.example", Hint: "Empty when mail is sent or forwarded to hypercare's own SMTP port."},
			{Name: "imap_port", Label: "IMAP port", Type: "number", Placeholder: "993"},
			{Name: "imap_tls", Label: "IMAP security", Type: "select", Options: secured, Default: implicitTLS},
			{Name: "imap_user", Label: "IMAP user", Type: "text"},
			{Name: imapPassword, Label: "IMAP password", Type: "secret"},
			{Name: "imap_folder", Label: "Folder", Type: "text", Placeholder: "INBOX"},
			{Name: "imap_seen", Label: "Mark as read what was taken", Type: "bool"},
			{Name: "imap_days", Label: "Also take mail of so many days before", Type: "number", Placeholder: "0"},
			{Name: "smtp_host", Label: "Answers: SMTP server", Type: "text", Placeholder: "smtp.shop.example", Hint: "Without one nothing is answered by mail."},
			{Name: "smtp_port", Label: "SMTP port", Type: "number", Placeholder: "587"},
			{Name: "smtp_tls", Label: "SMTP security", Type: "select", Options: []string{startTLS, implicitTLS, noTLS}, Default: startTLS},
			{Name: "smtp_user", Label: "SMTP user", Type: "text", Hint: "Empty: no sign-in."},
			{Name: smtpPassword, Label: "SMTP password", Type: "secret", Hint: "That of the mailbox when empty."},
			{Name: "plus", Label: "Answers go to address+token", Type: "bool", Default: true, Hint: "Finds the thread where a program drops References. Switch it off where the server knows no plus addresses."},
			{Name: "lists", Label: "Take mail of mailing lists", Type: "bool", Hint: "Where the address is itself a list or a group."},
			{Name: "acknowledge", Label: "Acknowledge receipt", Type: "bool", Hint: "Once an hour to a sender, never to machines."},
			{Name: "acknowledge_text", Label: "Text of the acknowledgement", Type: "area"},
		}}
	return k
}

// setup says where mail goes.
func (s *Service) setup(c *channel.Channel, _ string) []channel.Step {
	set, err := settingsOf(c.Settings)
	if err != nil {
		return nil
	}
	var steps []channel.Step
	if s.Domain != "" {
		at := c.Key + "@" + s.Domain
		steps = append(steps, channel.Step{Title: "Send or forward mail to", Language: "text", Text: at},
			channel.Step{Title: "Try it", Language: "sh", Text: "swaks --server " + s.Domain + " --to " + at + " --from you@example.com --header 'Subject: Checkout fails' --body 'It says 502.'"})
	}
	if set.IMAPHost != "" {
		steps = append(steps, channel.Step{Title: "Send a mail to the mailbox", Language: "text", Text: cmp.Or(set.Address, set.IMAPUser)})
	}
	if len(steps) == 0 {
		steps = append(steps, channel.Step{Title: "Name a mailbox in the settings, or start hypercare with its own SMTP port", Language: "sh", Text: "hypercare serve --smtp :25 --smtp-domain care.example"})
	}
	return steps
}
