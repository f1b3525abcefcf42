package slack

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
)

const (
	maxBody = 1 << 20
	maxSkew = 5 * time.Minute // how far a request's time may be from ours
)

// Mount adds the one address that Slack calls: commands, shortcuts and events.
func (s *Service) Mount(mux *http.ServeMux) {
	mux.Handle("POST /in/slack/{key}", web.Handler(s.take))
}

// ephemeral is an answer that only the person who asked sees.
type ephemeral struct {
	Type string `json:"response_type"`
	Text string `json:"text"`
}

func (s *Service) take(w http.ResponseWriter, r *http.Request) error {
	ctx, c, err := s.channels.Enter(r, r.PathValue("key"), 1, Kind)
	if err != nil {
		return err
	}
	body, err := channel.Body(w, r, maxBody)
	if err == nil {
		err = s.signed(c, r.Header, body)
	}
	var q *request
	if err == nil {
		q, err = read(r.Header.Get("Content-Type"), body)
	}
	if err != nil {
		s.channels.Refused(c, err)
		return err
	}
	switch {
	case q.Challenge != "": // "url_verification": the address is ours
		s.channels.Arrived(c, 1)
		return web.JSON(w, http.StatusOK, map[string]string{"challenge": q.Challenge})
	case q.SSLCheck:
		w.WriteHeader(http.StatusOK)
		return nil
	case q.Command != "" && strings.TrimSpace(q.Text) == "":
		s.channels.Arrived(c, 1)
		return web.JSON(w, http.StatusOK, ephemeral{"ephemeral", "Write what you see behind the command, for example: " + q.Command + " The checkout hangs after I pay"})
	}
	list, err := s.channels.Accept(ctx, c, []feedback.Incoming{{Raw: body, Format: Kind, ContentType: r.Header.Get("Content-Type"), NaturalKey: q.key(c.ID)}})
	if err != nil {
		return err
	}
	if q.Command != "" {
		return web.JSON(w, http.StatusOK, ephemeral{"ephemeral", "Thank you. It is kept; the reference is " + list[0].ID + "."})
	}
	w.WriteHeader(http.StatusOK) // a shortcut hears by its response_url, an event not at all
	return nil
}

// signed checks Slack's signature: HMAC-SHA256 of "v0:time:body" with the
// app's signing secret ("Verifying requests from Slack").
func (s *Service) signed(c *channel.Channel, h http.Header, body []byte) error {
	key, err := s.channels.Secret(c, signingSecret)
	if err != nil {
		return err
	}
	if key == "" {
		return errNoSecret
	}
	return verify(key.Reveal(), h, body, s.now())
}

func verify(secret string, h http.Header, body []byte, now time.Time) error {
	at := h.Get("X-Slack-Request-Timestamp")
	sec, err := strconv.ParseInt(at, 10, 64)
	hash, ok := strings.CutPrefix(h.Get("X-Slack-Signature"), "v0=")
	given, bad := hex.DecodeString(hash)
	if err != nil || !ok || bad != nil || len(given) != sha256.Size {
		return errs.New(errs.Unauthenticated, "The request is not signed by Slack: X-Slack-Request-Timestamp and X-Slack-Signature are missing or malformed.")
	}
	if now.Sub(time.Unix(sec, 0)).Abs() > maxSkew {
		return errs.New(errs.Unauthenticated, "The request was signed more than 5 minutes ago; see that the clock of this server is right.")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + at + ":"))
	mac.Write(body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return errs.New(errs.Unauthenticated, "The signature does not fit; copy the signing secret of the app in Slack into the channel again.")
	}
	return nil
}

// isForm tells a form from JSON.
func isForm(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(cmp.Or(contentType, "application/json"))
	return kind == "application/x-www-form-urlencoded"
}
