package widget

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Mount adds the addresses that pages call: the script, what it sends to, and
// the page of a reporter. All of them work below any prefix that a gateway or
// proxy cuts off: they are only ever named relative to one another.
func (s *Service) Mount(mux *http.ServeMux) {
	mux.Handle("/in/widget/{key}", channel.CORS(web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		switch r.Method {
		case http.MethodPost:
			return s.take(w, r)
		case http.MethodGet, http.MethodHead:
			return s.tell(w, r)
		}
		w.Header().Set("Allow", "GET, HEAD, POST")
		return errs.New(errs.Invalid, "Settings are read here with GET, and reports sent with POST.")
	})))
	mux.Handle("GET /w/preview", web.Handler(s.preview))
	mux.Handle("GET /w/{name}", channel.CORS(web.Handler(s.moving)))
	mux.Handle("GET /w/{version}/{name}", channel.CORS(web.Handler(s.fixed)))
	s.mountPage(mux)
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "POST /channels/{id}/test", "test-widget", "Send a test report by a widget's channel", func(ctx context.Context, in *web.ByID) (*web.Body[feedback.Receipt], error) {
		r, err := s.test(ctx, in.ID)
		return &web.Body[feedback.Receipt]{Body: r}, err
	}, web.Status(http.StatusAccepted))
}

// tell answers how the widget of a channel looks.
func (s *Service) tell(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Channels.Find(r.Context(), r.PathValue("key"))
	if err != nil {
		return err
	}
	if c.Kind != Name {
		return errs.New(errs.NotFound, "This key belongs to a channel of kind %s; copy the script from a widget's page.", c.Kind)
	}
	set, err := settingsOf(c.Settings)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.JSON(w, http.StatusOK, struct {
		Settings
		Enabled bool `json:"enabled"`
	}{set, c.Enabled})
}

// receipt is what the script is told.
type receipt struct {
	Ref    string `json:"ref"`
	Follow string `json:"follow"` // relative to where hypercare is found
}

// take accepts a report: raw into the ledger, and a link to follow it by.
func (s *Service) take(w http.ResponseWriter, r *http.Request) error {
	ctx, c, err := s.Channels.Enter(r, r.PathValue("key"), 1, Name)
	if err != nil {
		return err
	}
	body, free, err := s.body(w, r)
	if err != nil {
		s.Channels.Refused(c, err)
		return err
	}
	defer free()
	contentType := r.Header.Get("Content-Type")
	rep, err := decode(contentType, body)
	if err != nil {
		s.Channels.Refused(c, err)
		return err
	}
	list, err := s.Channels.Accept(ctx, c, []feedback.Incoming{{Raw: body, Format: formatReport, ContentType: contentType, NaturalKey: c.ID + ":" + rep.ID}})
	if err != nil {
		return err
	}
	token, err := s.mint(ctx, c, list[0].ID, rep)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.JSON(w, http.StatusAccepted, receipt{Ref: reference(c.ID, rep.ID), Follow: "f/" + token})
}

// waitForSlot is how long a request waits until others have left.
const waitForSlot = 5 * time.Second

// body reads a whole body, while few others do. free must be called when it
// is not needed any more.
func (s *Service) body(w http.ResponseWriter, r *http.Request) (b []byte, free func(), err error) {
	t := time.NewTimer(waitForSlot)
	defer t.Stop()
	select {
	case s.slots <- struct{}{}:
	case <-r.Context().Done():
		return nil, nil, r.Context().Err()
	case <-t.C:
		return nil, nil, errs.TooBusy(waitForSlot, "More reports arrive than can be read at once; send this one again in a moment.")
	}
	free = func() { <-s.slots }
	b, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		return b, free, nil
	}
	free()
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, nil, errs.New(errs.TooLarge, "The report is larger than the %d MB taken here; send fewer or smaller files.", e.Limit>>20)
	}
	return nil, nil, errs.New(errs.Invalid, "The report did not arrive whole; send it again.")
}

var (
	versionForm = regexp.MustCompile(`^v[0-9a-f]{12}$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}\.js$`)
)

// moving serves the newest script: kept for some minutes, then asked for by
// its digest. Its parts come from their fixed addresses.
func (s *Service) moving(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if name != "w.js" || s.Version == "" {
		return s.missing(name)
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=300")
	tag := `"` + s.Version + `"`
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		h.Set("Vary", "Accept-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return s.serve(w, r, name)
}

// fixed serves a file of a build by its digest: it never changes, and stays
// when the program is a newer one.
func (s *Service) fixed(w http.ResponseWriter, r *http.Request) error {
	version, name := r.PathValue("version"), r.PathValue("name")
	if !versionForm.MatchString(version) || !nameForm.MatchString(name) {
		return s.missing(version + "/" + name)
	}
	const forever = "public, max-age=31536000, immutable"
	if version[1:] == s.Version {
		if _, err := fs.Stat(s.Files, name); err == nil {
			w.Header().Set("Cache-Control", forever)
			return s.serve(w, r, name)
		}
		return s.missing(name)
	}
	body, err := s.oldFile(r.Context(), version[1:], name)
	if err != nil {
		return err
	}
	if body == nil {
		return s.missing(version + "/" + name)
	}
	w.Header().Set("Cache-Control", forever)
	encoding := "gzip"
	if !web.Accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		if body, err = unzip(body); err != nil {
			return err
		}
		encoding = ""
	}
	return script(w, r, body, encoding)
}

func (s *Service) missing(name string) error {
	if s.Version == "" {
		return errs.New(errs.NotFound, "The widget is not built into this program; run make ui and build it again.")
	}
	return errs.New(errs.NotFound, "There is no file %.60q of the widget; load /w/w.js, or copy the script again from the channel's page.", name)
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, name string) error {
	for _, e := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}} {
		if e.encoding != "" && !web.Accepts(r.Header.Get("Accept-Encoding"), e.encoding) {
			continue
		}
		if body, err := fs.ReadFile(s.Files, name+e.suffix); err == nil {
			return script(w, r, body, e.encoding)
		}
	}
	return s.missing(name)
}

func script(w http.ResponseWriter, r *http.Request, body []byte, encoding string) error {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Timing-Allow-Origin", "*")
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone if this fails
	}
	return nil
}

// samplePage shows the widget on a page that looks like somebody's; settings
// come in its address, so that they are seen before they are saved.
const samplePage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sample page</title><meta name="robots" content="noindex"><link rel="stylesheet" href="../f/style.css">
<script async src="w.js"></script><script defer src="vVERSION/sample.js"></script></head>
<body class="sample"><header aria-hidden="true"><i></i><i></i><i></i></header><main aria-hidden="true"><b></b><i></i><i></i><i></i><p><u></u><u></u><u></u></p><i></i><i></i></main></body></html>
`

func (s *Service) preview(w http.ResponseWriter, r *http.Request) error {
	if s.Version == "" {
		return s.missing("w.js")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "no-cache")
	_, _ = io.WriteString(w, strings.ReplaceAll(samplePage, "VERSION", s.Version)) // the client is gone if this fails
	return nil
}

// test sends a report by a channel, the way the script does, so that a person
// sees it arrive.
func (s *Service) test(ctx context.Context, channelID string) (feedback.Receipt, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return feedback.Receipt{}, err
	}
	c, err := s.Channels.ByID(ctx, a.Workspace, channelID)
	if err != nil {
		return feedback.Receipt{}, err
	}
	if c.Kind != Name {
		return feedback.Receipt{}, errs.New(errs.Invalid, "Only widgets are tried out this way; send to the channel %s from its own program.", c.Name)
	}
	rep, err := json.Marshal(map[string]any{"id": randomID(), "kind": "praise", "text": "This is a test report from the settings of the widget " + c.Name + ".",
		"user": map[string]string{"name": a.Name}, "page": map[string]string{"url": web.BaseOf(ctx) + "/", "title": "Settings"}, "language": "en"})
	if err != nil {
		return feedback.Receipt{}, err
	}
	id := randomID()
	raw := "--" + id + "\r\nContent-Disposition: form-data; name=\"report\"\r\n\r\n" + string(rep) + "\r\n--" + id + "--\r\n"
	list, err := s.Channels.Accept(s.Channels.As(ctx, c), c, []feedback.Incoming{{Raw: []byte(raw), Format: formatReport, ContentType: "multipart/form-data; boundary=" + id, NaturalKey: c.ID + ":test:" + id}})
	if err != nil {
		return feedback.Receipt{}, err
	}
	return list[0], nil
}
