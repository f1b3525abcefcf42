package widget

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// viaPage is how replies reach who has a link: they are read on the page.
const viaPage = "page"

// page implements notice.Carrier.
type page struct{ s *Service }

// Reach implements notice.Carrier.
func (p page) Reach(ctx context.Context, ws workspace.ID, f *feedback.Feedback) (notice.Reach, bool, error) {
	if f.Channel != Name {
		return notice.Reach{}, false, nil
	}
	id, err := linkOf(ctx, p.s.DB, ws, f.ID, p.s.now())
	return notice.Reach{ChannelID: id}, id != "", err
}

// Send implements notice.Carrier: what is sent stands on the page.
func (p page) Send(_ context.Context, m *notice.Outgoing) (string, error) {
	return "page:" + m.ID, nil
}

var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

func (s *Service) mountPage(mux *http.ServeMux) {
	mux.HandleFunc("GET /f/style.css", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/css; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(s.style) // the client is gone if this fails
	})
	mux.HandleFunc("GET /f/{token}", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.show) })
	mux.HandleFunc("POST /f/{token}", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.add) })
	mux.HandleFunc("GET /f/{token}/files/{id}", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.file) })
}

// answer finds the report of a token, and says what is wrong on a page.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, fn func(http.ResponseWriter, *http.Request, *link) error) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer") // the address is the key
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	language := pickLanguage(r.URL.Query().Get("lang"), "", r.Header.Get("Accept-Language"))
	err := func() error {
		if wait, ok := s.reads.Allow(web.ClientIP(r), s.now()); !ok {
			return errs.TooBusy(wait, "")
		}
		token := r.PathValue("token")
		if !tokenForm.MatchString(token) {
			return errs.New(errs.NotFound, "")
		}
		l, err := byToken(r.Context(), s.DB, token, s.now())
		if db.IsNoRows(err) {
			return errs.New(errs.NotFound, "")
		} else if err != nil {
			return err
		}
		language = pickLanguage(r.URL.Query().Get("lang"), l.language, r.Header.Get("Accept-Language"))
		l.language = language
		return fn(w, r.WithContext(workspace.System(r.Context(), l.ws)), l)
	}()
	if err == nil {
		return
	}
	p := web.ProblemOf(r.Context(), err)
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	words := pageWords[language]
	say := words["broken"]
	switch errs.KindOf(err) {
	case errs.NotFound:
		say = words["gone"]
	case errs.Busy:
		say = words["busy"]
	case errs.TooLarge, errs.Invalid:
		say = words["toolarge"]
	}
	render(w, p.Status, view{Language: language, W: words, Error: say})
}

// said is one message of the thread as the page shows it.
type said struct {
	Mine  bool
	Who   string
	At    time.Time
	Text  string
	Files []feedback.Attachment
}

// show answers the page.
func (s *Service) show(w http.ResponseWriter, r *http.Request, l *link) error {
	ctx := r.Context()
	v := view{Language: l.language, W: pageWords[l.language], Ref: l.ref, Path: r.PathValue("token"), State: "received", Sent: r.URL.Query().Has("sent"), zone: zoneOf(l.zone)}
	id, err := madeOf(ctx, s.DB, l.ws, l.deliveryID)
	if err != nil {
		return err
	}
	if id == "" {
		// Processed, and nothing there: the report was removed.
		if state, err := stateOf(ctx, s.DB, l.ws, l.deliveryID); err != nil {
			return err
		} else if state == "" || state == feedback.DeliveryProcessed {
			return errs.New(errs.NotFound, "")
		}
	} else {
		f, err := s.Feedback.Get(ctx, id)
		if err != nil {
			return err
		}
		v.Open = true
		if v.State, err = s.state(ctx, f); err != nil {
			return err
		}
		v.Said = []said{{Mine: true, At: f.ReceivedAt, Text: f.Text, Files: own(f.Attachments)}}
		list, err := s.Notices.Messages(ctx, l.ws, id)
		if err != nil {
			return err
		}
		for _, m := range list {
			switch {
			case m.Direction == notice.In:
				v.Said = append(v.Said, said{Mine: true, At: m.CreatedAt, Text: m.Text, Files: m.Attachments})
			case m.State == notice.Sent:
				at := m.CreatedAt
				if m.SentAt != nil {
					at = *m.SentAt
				}
				v.Said = append(v.Said, said{Who: m.Author.Name, At: at, Text: m.Text, Files: m.Attachments})
			}
		}
	}
	render(w, http.StatusOK, v)
	return nil
}

// own leaves out what the script added: it is nothing the reporter wrote.
func own(list []feedback.Attachment) []feedback.Attachment {
	var out []feedback.Attachment
	for _, a := range list {
		if a.Name != "breadcrumbs.json" {
			out = append(out, a)
		}
	}
	return out
}

// state is where a report stands, in the words of who wrote it: what is only
// the team's own order stays with the team.
func (s *Service) state(ctx context.Context, f *feedback.Feedback) (string, error) {
	switch {
	case f.State == feedback.Ignored:
		return "read", nil
	case f.State != feedback.Accepted || f.Issue == nil:
		return "received", nil // also what was called spam
	}
	i, err := s.Issues.Get(ctx, f.Issue.ID)
	if err != nil {
		return "", err
	}
	switch i.Stage {
	case issue.Closure:
		return "done", nil
	case issue.Resolution:
		return "fixing", nil
	case issue.Planning:
		return "planned", nil
	}
	return "looking", nil
}

// waitToRead is how long an answer waits for what was just written to stand
// on the page.
const waitToRead = 3 * time.Second

// add takes what a reporter writes more: into the ledger, then to the thread.
func (s *Service) add(w http.ResponseWriter, r *http.Request, l *link) error {
	if wait, ok := s.writes.Allow(r.PathValue("token"), s.now()); !ok {
		return errs.TooBusy(wait, "")
	}
	body, free, err := s.body(w, r)
	if err != nil {
		return err
	}
	defer free()
	contentType := r.Header.Get("Content-Type")
	n, err := decodeNote(contentType, body)
	if err != nil {
		return err
	}
	if n.text != "" || len(n.files) > 0 {
		reporter := workspace.As(r.Context(), workspace.Actor{Workspace: l.ws, Kind: "channel", ID: l.channelID, Name: Name, Role: workspace.Intake})
		list, err := s.Feedback.Accept(reporter, l.launchID, []feedback.Incoming{{Input: feedback.Input{Channel: Name}, Raw: body, Format: formatFollow, ContentType: withParent(contentType, l.deliveryID),
			NaturalKey: "follow:" + l.deliveryID + ":" + n.id, ChannelID: l.channelID}}, "", "")
		if err != nil {
			return err
		}
		s.await(r.Context(), l.ws, list[0].ID)
	}
	to := "?sent"
	if r.URL.Query().Has("lang") {
		to = "?lang=" + l.language + "&sent"
	}
	// Relative: whoever is in front may have cut a prefix off.
	w.Header().Set("Location", r.PathValue("token")+to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// await waits until a delivery is processed, for a while: it is on disk, and
// the page only looks better with it.
func (s *Service) await(ctx context.Context, ws workspace.ID, id string) {
	ctx, cancel := context.WithTimeout(ctx, waitToRead)
	defer cancel()
	t := time.NewTicker(25 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if state, err := stateOf(ctx, s.DB, ws, id); state != feedback.DeliveryAccepted || err != nil {
				return
			}
		}
	}
}

// withParent notes in the type of what came which delivery it adds to: it is
// kept as it came, and the form itself does not say it.
func withParent(contentType, deliveryID string) string {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return contentType // decodeNote has read it: can't be
	}
	params["adds-to"] = deliveryID
	return mime.FormatMediaType(kind, params)
}

func parentOf(contentType string) string {
	_, params, _ := mime.ParseMediaType(contentType)
	return params["adds-to"]
}

// note is what a reporter adds.
type note struct {
	id, text string
	files    []file
}

func decodeNote(contentType string, body []byte) (*note, error) {
	values, files, err := parts(contentType, body)
	if err != nil {
		return nil, err
	}
	n := &note{id: string(values["id"]), text: strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(strings.ReplaceAll(string(values["text"]), "\x00", ""), ""), "\r\n", "\n")), files: files}
	if len(n.text) > maxText {
		return nil, errs.New(errs.TooLarge, "The text has %d bytes, at most %d are kept; shorten it.", len(n.text), maxText)
	}
	if !idForm.MatchString(n.id) {
		n.id = randomID()
	}
	return n, nil
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// readFollow implements feedback.Handler for what reporters add: a message in
// the thread of their report.
func (s *Service) readFollow(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	n, err := decodeNote(d.ContentType, d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	id, err := madeOf(ctx, s.DB, d.Workspace, parentOf(d.ContentType))
	if err != nil {
		return feedback.Outcome{}, err
	}
	if id == "" {
		return feedback.Outcome{}, errors.New("the report it belongs to is not read yet") // tried again
	}
	in := notice.Incoming{FeedbackID: id, LaunchID: d.LaunchID, Author: audit.Actor{Kind: "reporter"}, Text: n.text, Via: viaPage, ChannelID: d.ChannelID, ExternalID: "follow:" + d.ID, At: d.ReceivedAt}
	f, err := s.Feedback.Get(ctx, id)
	if err != nil {
		return feedback.Outcome{}, err
	}
	in.Author.ID, in.Author.Name = f.Author.PersonID, f.Author.Name
	for _, x := range n.files {
		stored, err := s.Feedback.PutFile(x.name, x.contentType, x.data)
		if err != nil {
			return feedback.Outcome{}, err
		}
		in.Files = append(in.Files, stored)
	}
	var made *notice.Message
	return feedback.Outcome{
		Apply: func(ctx context.Context, tx *db.Tx) (_ []feedback.Incoming, err error) {
			made, err = s.Notices.Receive(ctx, tx, d.Workspace, in)
			return nil, err
		},
		After: func() {
			if made != nil {
				s.Notices.Told(context.WithoutCancel(ctx), d.Workspace, made)
			}
		},
	}, nil
}

// shown are files that a browser may show; all others are only downloaded.
var shown = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "text/plain": true}

// file answers a file of the report or its thread.
func (s *Service) file(w http.ResponseWriter, r *http.Request, l *link) error {
	ctx := r.Context()
	id, err := madeOf(ctx, s.DB, l.ws, l.deliveryID)
	if err != nil {
		return err
	}
	owners := []string{id}
	list, err := s.Notices.Messages(ctx, l.ws, id)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Direction == notice.In || m.State == notice.Sent {
			owners = append(owners, m.ID)
		}
	}
	files, err := s.Feedback.AttachmentsOf(ctx, l.ws, owners)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		for _, a := range files[owner] {
			if a.ID == r.PathValue("id") {
				return s.download(w, a)
			}
		}
	}
	return errs.New(errs.NotFound, "")
}

func (s *Service) download(w http.ResponseWriter, a feedback.Attachment) error {
	f, err := s.Feedback.OpenFile(a.SHA256)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "")
	}
	defer func() { _ = f.Close() }() // only read
	kind, disposition := "application/octet-stream", "attachment"
	if shown[a.ContentType] {
		kind, disposition = a.ContentType, "inline"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": a.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = io.Copy(w, f) // the client is gone if this fails
	return nil
}
