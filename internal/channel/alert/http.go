package alert

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
)

// maxBody bounds a request of a sender, before and after it is unpacked.
const maxBody = 10 << 20

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var from io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, errs.New(errs.Invalid, "The body is no gzip, though it says so.")
		}
		from = io.LimitReader(z, maxBody+1)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(from); err != nil {
		return nil, web.BadJSON(err)
	}
	if b.Len() > maxBody {
		return nil, errs.New(errs.TooLarge, "The body is larger than %d MB; send less at once.", maxBody>>20)
	}
	return b.Bytes(), nil
}

// Mount adds the addresses that senders call.
func (s *Service) Mount(mux *http.ServeMux) {
	one := func(kinds ...string) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			c, err := s.take(w, r, kinds[0], kinds...)
			if err != nil {
				return err
			}
			return web.JSON(w, http.StatusOK, map[string]string{"status": "accepted", "channel": c.Name})
		}
	}
	mux.Handle("POST /in/alertmanager/{key}", one(Alertmanager, Grafana))
	mux.Handle("POST /in/alertmanager/{key}/api/v2/alerts", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		_, err := s.take(w, r, formatAlerts, Alertmanager)
		if err == nil {
			w.WriteHeader(http.StatusOK)
		}
		return err
	}))
	for _, method := range []string{"POST", "PUT"} { // Grafana lets people choose
		mux.Handle(method+" /in/grafana/{key}", web.Handler(s.takeGrafana))
	}
	mux.Handle("POST /in/webhook/{key}", one(JSON))
	mux.Handle("PUT /in/webhook/{key}", one(JSON))
	mux.Handle("POST /in/cloudevents/{key}", web.Handler(s.takeCloudEvents))
	mux.Handle("OPTIONS /in/cloudevents/{key}", web.Handler(s.shakeHands))
	mux.HandleFunc("POST /v2/enqueue", s.takePager)
	mux.HandleFunc("POST /v2/change/enqueue", s.takeChange)
}

// take puts the body of a request into the ledger as it came.
func (s *Service) take(w http.ResponseWriter, r *http.Request, format string, kinds ...string) (*channel.Channel, error) {
	ctx, c, err := s.channels.Enter(r, r.PathValue("key"), 1, kinds...)
	if err != nil {
		return nil, err
	}
	body, err := readBody(w, r)
	if err == nil && !json.Valid(body) {
		err = errs.New(errs.Invalid, "The body is no JSON; send application/json.")
	}
	if err != nil {
		s.channels.Refused(c, err)
		return nil, err
	}
	return c, s.accept(ctx, c, format, body, "")
}

func (s *Service) accept(ctx context.Context, c *channel.Channel, format string, body []byte, key string) error {
	_, err := s.channels.Accept(ctx, c, []feedback.Incoming{{Raw: body, Format: format, ContentType: "application/json", NaturalKey: key}})
	return err
}

// takeGrafana checks the signature that Grafana adds when it has the secret:
// HMAC-SHA256 of the body, or of "timestamp:body".
func (s *Service) takeGrafana(w http.ResponseWriter, r *http.Request) error {
	ctx, c, err := s.channels.Enter(r, r.PathValue("key"), 1, Grafana, Alertmanager)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err == nil {
		err = s.signed(c, r, body)
	}
	if err == nil && !json.Valid(body) {
		err = errs.New(errs.Invalid, "The body is no JSON.")
	}
	if err != nil {
		s.channels.Refused(c, err)
		return err
	}
	if err := s.accept(ctx, c, Grafana, body, ""); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]string{"status": "accepted"})
}

// maxSkew is how old a signature may be.
const maxSkew = 5 * time.Minute

func (s *Service) signed(c *channel.Channel, r *http.Request, body []byte) error {
	key, err := s.channels.Secret(c, "hmac")
	if err != nil || key == "" {
		return err
	}
	given, err := hex.DecodeString(r.Header.Get("X-Grafana-Alerting-Signature"))
	if err != nil || len(given) == 0 {
		return errs.New(errs.Unauthenticated, "The request is not signed; set the channel's HMAC secret in Grafana's contact point.")
	}
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	if at := r.Header.Get("X-Grafana-Alerting-Timestamp"); at != "" {
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil || s.now().Sub(time.Unix(n, 0)).Abs() > maxSkew {
			return errs.New(errs.Unauthenticated, "The signature is older than 5 minutes.")
		}
		mac.Write([]byte(at + ":"))
	}
	mac.Write(body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return errs.New(errs.Unauthenticated, "The signature does not fit; set the same HMAC secret on both sides.")
	}
	return nil
}

func (s *Service) takeCloudEvents(w http.ResponseWriter, r *http.Request) error {
	ctx, c, err := s.channels.Enter(r, r.PathValue("key"), 1, CloudEvents)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	var events []cloudEvent
	if err == nil {
		events, err = readCloudEvents(r.Header, body)
	}
	if err != nil {
		s.channels.Refused(c, err)
		return err
	}
	items := make([]feedback.Incoming, len(events))
	for i, e := range events { // source and id name an event, however often it is sent
		items[i] = feedback.Incoming{Raw: asJSON(e.Whole), Format: CloudEvents, ContentType: "application/cloudevents+json", NaturalKey: clip("ce:"+c.ID+":"+e.Source+"\x1f"+e.ID, 1000)}
	}
	if len(items) > 0 {
		if _, err := s.channels.Accept(ctx, c, items); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// shakeHands answers the question of whether events may be delivered here
// (HTTP 1.1 Web Hooks for Event Delivery, section 4).
func (s *Service) shakeHands(w http.ResponseWriter, r *http.Request) error {
	c, err := s.channels.Find(r.Context(), r.PathValue("key"))
	if err != nil {
		return err
	}
	origin := r.Header.Get("WebHook-Request-Origin")
	if origin == "" {
		return errs.New(errs.Invalid, "WebHook-Request-Origin says who asks; send it.")
	}
	h := w.Header()
	h.Set("WebHook-Allowed-Origin", origin)
	h.Set("WebHook-Allowed-Rate", strconv.Itoa(c.Limit))
	h.Set("Allow", "POST")
	w.WriteHeader(http.StatusOK)
	return nil
}

// pagerAnswer is how PagerDuty answers.
type pagerAnswer struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	DedupKey string   `json:"dedup_key,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

func (s *Service) takePager(w http.ResponseWriter, r *http.Request) {
	s.enqueue(w, r, PagerDuty, func(body []byte) (string, string, []byte, []string) {
		e, bad := readPager(body)
		if e == nil {
			return "", "", nil, bad
		}
		if e.DedupKey == "" && len(bad) == 0 { // PagerDuty makes one up, and so says what to resolve by
			e.DedupKey = db.NewID()
			var whole map[string]any
			if json.Unmarshal(body, &whole) == nil {
				whole["dedup_key"] = e.DedupKey
				body = asJSON(whole)
			}
		}
		return e.RoutingKey, e.DedupKey, body, bad
	})
}

func (s *Service) takeChange(w http.ResponseWriter, r *http.Request) {
	s.enqueue(w, r, formatChange, func(body []byte) (string, string, []byte, []string) {
		c, bad := readPagerChange(body)
		if c == nil {
			return "", "", nil, bad
		}
		return c.RoutingKey, "", body, bad
	})
}

func (s *Service) enqueue(w http.ResponseWriter, r *http.Request, format string, read func([]byte) (key, dedup string, body []byte, bad []string)) {
	refuse := func(status int, message string, list ...string) {
		_ = web.JSON(w, status, pagerAnswer{Status: "invalid event", Message: message, Errors: list})
	}
	body, err := readBody(w, r)
	if err != nil {
		refuse(http.StatusBadRequest, "Event object is invalid", errs.Message(err))
		return
	}
	key, dedup, body, bad := read(body)
	if key == "" && len(bad) == 0 {
		bad = []string{"'routing_key' is missing: it is the key of the channel"}
	}
	if key == "" {
		refuse(http.StatusBadRequest, "Event object is invalid", bad...)
		return
	}
	ctx, c, err := s.channels.Enter(r, key, 1, PagerDuty)
	if err == nil && len(bad) > 0 {
		err = errs.New(errs.Invalid, "The event is not valid: %s.", strings.Join(bad, ", "))
		s.channels.Refused(c, err)
		refuse(http.StatusBadRequest, "Event object is invalid", bad...)
		return
	}
	if err == nil {
		err = s.accept(ctx, c, format, body, "")
	}
	if err != nil {
		p := web.ProblemOf(r.Context(), err)
		if wait := errs.RetryAfter(err); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(max(1, wait.Seconds()))))
		}
		status := p.Status
		if status == http.StatusNotFound {
			status = http.StatusBadRequest // PagerDuty's word for an unknown key
		}
		refuse(status, "Event object is invalid", errs.Message(err))
		return
	}
	_ = web.JSON(w, http.StatusAccepted, pagerAnswer{Status: "success", Message: "Event processed", DedupKey: dedup})
}

type cursor struct {
	At int64
	ID string
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /alert-groups", "list-alert-groups", "Alerts of other systems, grouped, newest first", func(ctx context.Context, in *struct {
		LaunchID string `query:"launch_id"`
		State    string `query:"state" enum:"open,firing,acknowledged,resolved"`
		Cursor   string `query:"cursor"`
		Limit    int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[*Group]], error) {
		c, err := web.ReadCursor[cursor](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.List(ctx, Filter{LaunchID: in.LaunchID, State: in.State, BeforeAt: c.At, BeforeID: c.ID, Limit: limit})
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == limit {
			last := list[limit-1]
			next = web.Cursor(cursor{db.Micros(last.StartedAt), last.ID})
		}
		return &web.Body[web.Page[*Group]]{Body: web.NewPage(list, next)}, nil
	})
	one := func(g *Group, err error) (*web.Body[Group], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[Group]{Body: *g}, nil
	}
	web.Route(api, "GET /alert-groups/{id}", "get-alert-group", "One group with its newest alerts and its report", func(ctx context.Context, in *web.ByID) (*web.Body[Group], error) {
		return one(s.Get(ctx, in.ID))
	})
	web.Route(api, "POST /alert-groups/{id}/resolve", "resolve-alert-group", "End what is open of a group by hand", func(ctx context.Context, in *web.ByID) (*web.Body[Group], error) {
		return one(s.Resolve(ctx, in.ID))
	})
	web.Route(api, "POST /channel-mappings/preview", "preview-channel-mapping", "What a document means by a mapping; nothing is kept", func(ctx context.Context, in *struct{ Body PreviewInput }) (*web.Body[web.Page[Item]], error) {
		list, err := s.Preview(ctx, in.Body)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[Item]]{Body: web.NewPage(list, "")}, nil
	})
}
