package email

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/hypercare/hypercare/internal/workspace"
)

// An answer's sender is the channel's address with a token: what is sent there
// finds the report, whatever the reporter's program makes of the head. The
// token is a keyed hash of the report's id, so that nobody makes one up.

const tokenLength = 26 // 104 bits; with a key before it 59 of the 64 that RFC 5321 4.5.3.1.1 has room for

func (s *Service) token(ws workspace.ID, feedbackID string) string {
	return s.Box.Mac("mail token", string(ws)+"\x00"+feedbackID)[:tokenLength]
}

// withToken puts a token into an address.
func withToken(address, token string) string {
	local, domain, _ := strings.Cut(address, "@")
	return local + "+" + token + "@" + domain
}

// tokenIn returns the token in an address, "" when there is none.
func tokenIn(address string) string {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	i := strings.LastIndexByte(local, '+')
	if i < 0 || len(local)-i-1 != tokenLength || strings.Trim(local[i+1:], "0123456789abcdef") != "" {
		return ""
	}
	return local[i+1:]
}

// keyIn returns what may be the key of a channel in an address.
func keyIn(address string) string {
	local, _, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return strings.ToLower(local)
}

// ours are Message-IDs that were made here.
var ours = regexp.MustCompile(`^<hc\.([a-z0-9-]{1,60})\.([0-9a-f]{12})@[^<>\s]+>$`)

// messageID returns the Message-ID of what is sent as a message of a thread,
// always the same for the same.
func (s *Service) messageID(ws workspace.ID, id, domain string) string {
	return "<hc." + id + "." + s.Box.Mac("mail id", string(ws)+"\x00"+id)[:12] + "@" + domain + ">"
}

// isOurs reports whether a Message-ID was made here for a workspace.
func (s *Service) isOurs(ws workspace.ID, messageID string) bool {
	m := ours.FindStringSubmatch(messageID)
	return m != nil && s.Box.Mac("mail id", string(ws)+"\x00"+m[1])[:12] == m[2]
}

// shortID brings a Message-ID to a length that keys have room for.
func shortID(id string) string {
	if len(id) <= 400 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "<" + hex.EncodeToString(sum[:]) + "@long>"
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// markValue is how mail of this installation is known.
func (s *Service) markValue() string { return s.Box.Mac("mail mark", "")[:16] }
