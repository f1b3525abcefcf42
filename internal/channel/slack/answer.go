package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	maxWaiting  = 256              // answers; more are left out, the report is kept anyway
	senders     = 2                // at once
	attempts    = 3                // for one answer
	responseAge = 30 * time.Minute // how long Slack takes answers at a response_url
	drainTime   = 3 * time.Second  // for what waits when the program ends
)

// answer is a word to be sent about a report.
type answer struct {
	ws            workspace.ID
	launchID, key string // of the report
	to            string // response_url
	until         time.Time
}

func (s *Service) queue(a answer) {
	select {
	case s.answers <- a:
	default:
		s.log.Warn("an answer to Slack was left out: too many wait", "waiting", maxWaiting)
	}
}

// Run sends answers until ctx ends, and then what waits still.
func (s *Service) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					s.drain(context.WithoutCancel(ctx))
					return
				case a := <-s.answers:
					s.tell(ctx, a)
				}
			}
		})
	}
	all.Wait()
}

func (s *Service) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case a := <-s.answers:
			s.tell(ctx, a)
		default:
			return
		}
	}
}

// tell sends one answer, again if need be.
func (s *Service) tell(ctx context.Context, a answer) {
	text, err := s.words(ctx, a)
	for n := 1; err == nil; n++ {
		var again bool
		if again, err = s.post(ctx, a.to, text); err == nil {
			return
		}
		if !again || n == attempts || s.now().After(a.until) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.pause * time.Duration(n)):
			err = nil
		}
	}
	s.log.WarnContext(ctx, "an answer to Slack could not be sent", "launch", a.launchID, "err", err)
}

// words says what became of a report.
func (s *Service) words(ctx context.Context, a answer) (string, error) {
	id, err := s.feedback.ByNaturalKey(ctx, s.db, a.ws, a.launchID, Kind, a.key)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("the report %s is gone", a.key)
	}
	if s.base == "" {
		return "It is in the launch team's inbox; the reference is " + id + ".", nil
	}
	return fmt.Sprintf("It is in the launch team's inbox: <%s/launches/%s/feedback?item=%s|%s>", s.base, a.launchID, id, id), nil
}

// post sends a text to a response_url, for the person who asked alone. again
// says whether it is worth another try.
func (s *Service) post(ctx context.Context, to, text string) (again bool, err error) {
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": text})
	if err != nil {
		return false, err
	}
	if err := s.out.Check(to); err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.out.Do(req)
	if err != nil {
		return true, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // so that the connection is used again
	if res.StatusCode/100 != 2 {
		return res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests, fmt.Errorf("status %d from Slack", res.StatusCode)
	}
	return false, nil
}
