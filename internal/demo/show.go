package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Show is a demo for people to look at.
type Show struct {
	API     *API
	Seed    uint64 // of the first story; the next follow
	Pace    Pace
	Replace bool // what is published on the gateway may go
	Out     io.Writer
}

// shown is the size of the stories of a show.
var shown = Size{People: 140, Length: 60, Chatter: 40, Reports: 10}

// publicationNote is by which a publication of ours is known.
const publicationNote = "Shop of the demo"

// Free tells whether the gateway has nothing that a demo would take away.
func Free(ctx context.Context, api *API) (bool, error) {
	var now struct {
		Document string `json:"document"`
		Note     string `json:"note"`
	}
	if err := api.Call(ctx, "GET", "/gateway", nil, &now); err != nil {
		return false, fmt.Errorf("ask what is published: %w", err)
	}
	return now.Document == "" || now.Note == publicationNote, nil
}

// Play tells one story after the other until ctx ends.
func (s *Show) Play(ctx context.Context) (err error) {
	if !s.Replace {
		free, err := Free(ctx, s.API)
		if err != nil {
			return err
		}
		if !free {
			return fmt.Errorf("something is published on the gateway of %s that is not of a demo, and the demo would replace it; add --replace-gateway if that may be", s.API.URL)
		}
	}
	st, err := Open(ctx, s.API, "Checkout 3.0 (demo)")
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // the process ends with it
	gold := map[string]any{"name": "Gold customers", "conditions": []any{map[string]any{"attribute": "tier", "values": []string{"gold"}}}}
	var status *statusError
	if err := s.API.Call(ctx, "POST", "/segments", gold, nil); err != nil && !(errors.As(err, &status) && status.status == http.StatusConflict) { // an earlier demo made it
		return fmt.Errorf("make a segment: %w", err)
	}
	r := &responder{api: s.API, launch: st.Launch, todo: make(chan *Report, 256), issues: map[string]string{}, count: map[string]int{}}
	st.Wrote = r.take
	var wg sync.WaitGroup
	defer wg.Wait()
	work, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() { r.work(work) })
	for seed := s.Seed; ctx.Err() == nil; seed++ {
		sc := NewScenario(seed, shown)
		_, _ = fmt.Fprintf(s.Out, "%s  a story of %s begins: %d people\n", clockOf(), s.Pace.Of(sc.Length).Round(time.Second), len(sc.People))
		st.Told = func(f *Fault, on bool) {
			what := "ends: "
			if on {
				what = "begins: "
			}
			_, _ = fmt.Fprintf(s.Out, "%s  %s%s\n", clockOf(), what, f.Sentence())
		}
		if _, err := Play(ctx, st, sc, s.Pace); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func clockOf() string { return time.Now().Format("15:04:05") }

// Sentence says what a fault is.
func (f *Fault) Sentence() string {
	where := f.Service
	if f.Instance >= 0 {
		where += ", one instance"
	}
	switch f.Kind {
	case UpstreamTimeout:
		return where + " no longer answers"
	case ReleaseStatus:
		return where + " " + f.Release + " fails"
	case SlowRegion:
		return where + " is slow in " + f.Region
	case Quota:
		return applications[f.Device] + " has used up its calls"
	case ExpiredCertificate:
		return "the certificate of " + where + " has expired"
	case AuthBreak:
		return applications[f.Device] + " " + f.Version + " can't sign in"
	case DataBug:
		return where + " " + f.Release + " answers empty lists"
	case ThirdParty:
		return where + " is away"
	case MemoryLeak:
		return where + " " + f.Release + " loses memory"
	case RateLimit:
		return "the limit of " + f.Routes[0] + " is far too low"
	case BadCanary:
		return where + " " + f.Release + ", which some get, refuses what is right"
	}
	return "the name of " + where + " does not resolve"
}

// responder makes issues of what comes in, as a team would; the rest is left
// for who looks.
type responder struct {
	api    *API
	launch string
	todo   chan *Report
	issues map[string]string // fault of a seed -> issue
	count  map[string]int
}

// take is told of a report. It does not wait.
func (r *responder) take(rep *Report) {
	select {
	case r.todo <- rep:
	default: // the team is busy
	}
}

func (r *responder) work(ctx context.Context) {
	rnd := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a story, not a secret
	for {
		select {
		case <-ctx.Done():
			return
		case rep := <-r.todo:
			if rep.Fault == "" || rep.Vague || settle(ctx, r.api, r.launch) != nil {
				continue
			}
			key := rep.story + rep.Fault
			r.count[key]++
			if r.issues[key] == "" && r.count[key] < 3 || r.issues[key] != "" && rnd.IntN(2) == 0 {
				continue
			}
			var made struct {
				Issue struct {
					ID string `json:"id"`
				} `json:"issue"`
			}
			in := map[string]any{}
			if id := r.issues[key]; id != "" {
				in["issue_id"] = id
			}
			if err := r.api.Call(ctx, "POST", "/feedback/"+rep.ID+"/accept", in, &made); err == nil {
				r.issues[key] = made.Issue.ID
			} // else a person was faster
		}
	}
}
