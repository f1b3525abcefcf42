package sentry

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"

	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
)

// Handler takes what SDKs send: /api/{number}/envelope/ and its like. What
// stands below /api/0/ is for sentry-cli.
func (s *Service) Handler() http.Handler {
	intake := channel.CORS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.take(w, r); err != nil {
			refuse(w, r, err)
		}
	}), "X-Sentry-Auth", "X-Requested-With", "Authorization", "Sentry-Trace", "Baggage", "Traceparent")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/0/") {
			s.serveTool(w, r)
			return
		}
		intake.ServeHTTP(w, r)
	})
}

// refuse answers as SDKs read it.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := web.ProblemOf(r.Context(), err)
	code := p.Status
	switch code {
	case http.StatusNotFound:
		code = http.StatusForbidden // a key that nobody has
	case http.StatusUnprocessableEntity:
		code = http.StatusBadRequest
	}
	if wait := errs.RetryAfter(err); wait > 0 {
		seconds := strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))
		w.Header().Set("Retry-After", seconds)
		w.Header().Set("X-Sentry-Rate-Limits", seconds+"::organization:busy")
	}
	w.Header().Set("X-Sentry-Error", p.Detail)
	_ = web.JSON(w, code, map[string]any{"detail": p.Detail, "causes": []string{}})
}

// take reads one request into the ledger.
func (s *Service) take(w http.ResponseWriter, r *http.Request) error {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // api, number, what
	if len(parts) != 3 {
		return errs.New(errs.NotFound, "There is no %s; SDKs send to /api/<number>/envelope/.", r.URL.Path)
	}
	if r.Method != http.MethodPost {
		return errs.New(errs.Invalid, "Send this with POST.")
	}
	key := keyOf(r)
	if key == "" && parts[2] != "envelope" {
		return errs.New(errs.Unauthenticated, "The request names no key; send X-Sentry-Auth, or ?sentry_key=.")
	}
	if key != "" { // before anything is read
		if _, err := s.Channels.Find(r.Context(), key); err != nil {
			return err
		}
	}
	body, done, err := s.body(w, r)
	if err != nil {
		return s.blame(r.Context(), key, err)
	}
	defer done()
	var env *envelope
	var bad error
	if parts[2] == "envelope" {
		if env, bad = parseEnvelope(body); bad == nil && key == "" {
			key = keyOfDSN(env.header.DSN)
		}
		if key == "" {
			if bad != nil {
				return bad
			}
			return errs.New(errs.Unauthenticated, "The envelope names no key; send X-Sentry-Auth, ?sentry_key=, or dsn in its header.")
		}
	}
	ctx, c, err := s.Channels.Enter(r, key, 1, Kind)
	if err != nil {
		return err
	}
	if parts[1] != strconv.FormatInt(c.Number, 10) {
		err := errs.New(errs.Denied, "The key belongs to project %d, the address says %.20s; copy the DSN again.", c.Number, parts[1])
		s.Channels.Refused(c, err)
		return err
	}
	in, id, err := s.incoming(parts[2], body, env, bad, r)
	if err != nil {
		s.Channels.Refused(c, err)
		return err
	}
	in.ContentType = withClient(in.ContentType, r, settingsOf(c).ip)
	if _, err := s.Channels.Accept(ctx, c, []feedback.Incoming{in}); err != nil {
		return err
	}
	if env != nil {
		tellUnsupported(w, env)
	}
	answer := map[string]string{}
	if id != "" {
		answer["id"] = id
	}
	return web.JSON(w, http.StatusOK, answer)
}

// blame counts a request that can't be read with its channel, where it names
// one.
func (s *Service) blame(ctx context.Context, key string, err error) error {
	if c, unknown := s.Channels.Find(ctx, key); unknown == nil && c.Kind == Kind {
		s.Channels.Refused(c, err)
	}
	return err
}

// incoming is a request as it is kept.
func (s *Service) incoming(what string, body []byte, env *envelope, bad error, r *http.Request) (in feedback.Incoming, id string, err error) {
	in = feedback.Incoming{Raw: body, ContentType: r.Header.Get("Content-Type")}
	switch what {
	case "envelope":
		if bad != nil {
			return in, "", bad
		}
		in.Format, in.ContentType, in.NaturalKey = formatEnvelope, "application/x-sentry-envelope", env.naturalKey()
		for _, it := range env.items {
			if categoryOf[it.Type] == "error" && len(it.payload) > maxEvent {
				return in, "", errs.New(errs.TooLarge, "The event has %d bytes, at most %d are taken.", len(it.payload), maxEvent)
			}
		}
		return in, env.header.EventID, nil
	case "store":
		in.Format, in.ContentType = formatEvent, "application/json"
		var e struct {
			EventID string `json:"event_id"`
		}
		if err := json.Unmarshal(body, &e); err != nil {
			return in, "", errs.New(errs.Invalid, "The event is no JSON: %v.", err)
		}
		if len(body) > maxEvent {
			return in, "", errs.New(errs.TooLarge, "The event has %d bytes, at most %d are taken.", len(body), maxEvent)
		}
		if id = eventID(e.EventID); id != "" {
			in.NaturalKey = "event:" + id
		}
		return in, id, nil
	case "minidump":
		in.Format = formatMinidump
		if kind, _, err := mime.ParseMediaType(in.ContentType); err != nil || kind != "multipart/form-data" {
			return in, "", errs.New(errs.Invalid, "A minidump comes as multipart/form-data, in the field upload_file_minidump.")
		}
		return in, "", nil
	case "security":
		in.Format, in.ContentType = formatSecurity, "application/json"
		if !json.Valid(body) {
			return in, "", errs.New(errs.Invalid, "The report is no JSON.")
		}
		return in, "", nil
	}
	return in, "", errs.New(errs.NotFound, "There is no /%.40s/ here; SDKs send to /envelope/.", what)
}

// unsupported are items that are not kept here: SDKs that are told so spare
// themselves the sending.
var unsupported = []string{"profile", "profile_chunk", "replay", "monitor", "metric_bucket", "trace_metric", "log_item", "transaction", "span"}

func tellUnsupported(w http.ResponseWriter, env *envelope) {
	found := map[string]bool{}
	for _, it := range env.items {
		if c := categoryOf[it.Type]; slices.Contains(unsupported, c) {
			found[c] = true
		}
	}
	if len(found) > 0 {
		w.Header().Set("X-Sentry-Rate-Limits", "3600:"+strings.Join(slices.Sorted(maps.Keys(found)), ";")+":organization:unsupported")
	}
}

// keyOf is the key that a request names: in X-Sentry-Auth, the same as
// Authorization, in the query, or as the name of basic authentication.
func keyOf(r *http.Request) string {
	for _, h := range []string{r.Header.Get("X-Sentry-Auth"), r.Header.Get("Authorization")} {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		if !strings.EqualFold(scheme, "Sentry") {
			continue
		}
		for field := range strings.SplitSeq(rest, ",") {
			if name, v, ok := strings.Cut(strings.TrimSpace(field), "="); ok && name == "sentry_key" {
				return strings.Trim(v, `" `)
			}
		}
	}
	q := r.URL.Query()
	if k := q.Get("sentry_key"); k != "" {
		return k
	}
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	return ""
}

func keyOfDSN(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.User == nil {
		return ""
	}
	return u.User.Username()
}

// small is what a request may have before it takes one of the few places for
// large ones.
const small = 512 << 10

// body reads and unpacks a request. done gives back what it holds.
func (s *Service) body(w http.ResponseWriter, r *http.Request) (raw []byte, done func(), err error) {
	done = func() {}
	r.Body = http.MaxBytesReader(w, r.Body, maxEnvelope)
	from, err := unpack(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, done, err
	}
	if c, ok := from.(io.Closer); ok {
		defer func() { _ = c.Close() }() // only read
	}
	if raw, err = io.ReadAll(io.LimitReader(from, small+1)); err == nil && len(raw) > small {
		select {
		case s.large <- struct{}{}:
			done = func() { <-s.large }
		default:
			return nil, done, errs.TooBusy(2*time.Second, "Too many large requests at once; send this again in two seconds.")
		}
		var rest []byte
		if rest, err = io.ReadAll(io.LimitReader(from, maxEnvelope-small)); err == nil {
			raw = append(raw, rest...)
			if len(raw) > maxEnvelope {
				err = errs.New(errs.TooLarge, "The request has more than %d MB when unpacked; send less at a time.", maxEnvelope>>20)
			}
		}
	}
	if err != nil {
		done()
		done = func() {}
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			err = errs.New(errs.TooLarge, "The request has more than %d MB; send less at a time.", maxEnvelope>>20)
		} else if errs.KindOf(err) == errs.Internal {
			err = errs.Wrap(errs.Invalid, err, "The body can't be read; it was cut off, or is not packed as its Content-Encoding says.")
		}
	}
	return raw, done, err
}

// unpack reads the codings that SDKs use.
func unpack(r io.Reader, coding string) (io.Reader, error) {
	bad := func(err error) error {
		return errs.Wrap(errs.Invalid, err, "The body is not packed as its Content-Encoding says.")
	}
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, bad(err)
		}
		return z, nil
	case "deflate": // RFC 9110 says zlib; some send it bare
		head := make([]byte, 2)
		n, err := io.ReadFull(r, head)
		if err != nil {
			return nil, bad(err)
		}
		both := io.MultiReader(strings.NewReader(string(head[:n])), r)
		if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			z, err := zlib.NewReader(both)
			if err != nil {
				return nil, bad(err)
			}
			return z, nil
		}
		return flate.NewReader(both), nil
	case "br":
		return brotli.NewReader(r), nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEnvelope))
		if err != nil {
			return nil, bad(err)
		}
		return z.IOReadCloser(), nil
	}
	return nil, errs.New(errs.Invalid, "The Content-Encoding %.20q can't be read; use gzip, deflate, br or zstd.", coding)
}

// withClient adds to the content type of a delivery, which is kept as it came
// otherwise, from where it came, as far as that may be kept.
func withClient(contentType string, r *http.Request, keep string) string {
	ip := web.ClientIP(r)
	switch keep {
	case "network":
		ip = crash.Network(ip)
	case "none":
		ip = ""
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || ip == "" {
		return contentType
	}
	params["client"] = ip
	if out := mime.FormatMediaType(kind, params); out != "" {
		return out
	}
	return contentType
}

// clientOf reads what withClient wrote.
func clientOf(d *feedback.Raw) string {
	_, params, err := mime.ParseMediaType(d.ContentType)
	if err != nil {
		return ""
	}
	return params["client"]
}
