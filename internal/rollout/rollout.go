// Package rollout brings a new version of what stands behind an API into
// service: a share of the traffic, step by step, while its failures and its
// latency are held against the stable version's; back at once when it does
// worse. The gateway sends the traffic and counts; package analysis judges;
// this one keeps what is under way, decides, and tells. Promotion is a
// publication: the document stays the truth of what is stable.
package rollout

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/rollout/analysis"
)

// Strategy is how traffic changes over.
type Strategy string

// The strategies.
const (
	CanaryStrategy Strategy = "canary"     // share by share
	BlueGreen      Strategy = "blue_green" // all at once
)

// State is where a rollout stands.
type State string

// The states. Running, paused and promoting are under way; the others are ends.
const (
	Running    State = "running"
	Paused     State = "paused"
	Promoting  State = "promoting"
	Promoted   State = "promoted"
	RolledBack State = "rolled_back" // by the analysis
	Aborted    State = "aborted"     // by a person, or since the ground went
)

// ended reports whether nothing follows.
func (s State) ended() bool { return s == Promoted || s == RolledBack || s == Aborted }

// Step is a share of the traffic, and how long it is looked at.
type Step struct {
	Weight float64 `json:"weight" minimum:"0" maximum:"100" doc:"Percent of the traffic."`
	Hold   string  `json:"hold,omitempty" doc:"At least this long, such as 10m; 5m when absent." example:"10m"`
	Pause  bool    `json:"pause,omitempty" doc:"Then wait until somebody says go on."`

	hold time.Duration
}

// Segment names persons by one of their attributes.
type Segment struct {
	Attribute string `json:"attribute" minLength:"1" maxLength:"100" example:"tier"`
	Value     string `json:"value" minLength:"1" maxLength:"200" example:"gold"`
}

// Targeting names requests that go to the canary whatever its weight.
type Targeting struct {
	gateway.Targeting
	Segments []Segment `json:"segments,omitempty" maxItems:"20" doc:"Signed-in users who are persons with this attribute."`
}

// Analysis says what counts as worse.
type Analysis struct {
	Off                bool     `json:"off,omitempty" doc:"Let time alone decide."`
	MinSample          int      `json:"min_sample,omitempty" minimum:"20" maximum:"1000000" doc:"Calls of each version before anything is said; 50 when absent."`
	Window             string   `json:"window,omitempty" doc:"Evidence older than this is let go, such as 10m (default)." example:"10m"`
	MaxErrorDifference float64  `json:"max_error_difference,omitempty" minimum:"0" maximum:"100" doc:"Percentage points by which calls may fail more often; 0 when absent: any difference that is no chance."`
	Quantile           float64  `json:"latency_quantile,omitempty" minimum:"0.5" maximum:"0.999" doc:"0.95 when absent."`
	MaxLatencyRatio    float64  `json:"max_latency_ratio,omitempty" minimum:"1" maximum:"100" doc:"By which the quantile may grow; 1.25 when absent."`
	MinLatencyChange   string   `json:"min_latency_change,omitempty" doc:"What is slower by less is not; 5ms when absent." example:"5ms"`
	Significance       float64  `json:"significance,omitempty" minimum:"0.000001" maximum:"0.2" doc:"Chance that a canary that is as good is rolled back, in the whole rollout; 0.01 when absent."`
	Count4xx           bool     `json:"count_4xx,omitempty" doc:"Answers of 4xx are failures too."`
	window, minLatency duration // parsed
}

type duration = time.Duration

// Health is asked before traffic goes anywhere.
type Health struct {
	Path    string `json:"path,omitempty" maxLength:"500" doc:"That every target of the canary has to answer with 2xx or 3xx; absent: it has to take a connection." example:"/healthz"`
	Timeout string `json:"timeout,omitempty" doc:"3s when absent." example:"3s"`
	Skip    bool   `json:"skip,omitempty" doc:"Ask nothing."`

	timeout time.Duration
}

// Input is a rollout to be started.
type Input struct {
	API       string         `json:"api" minLength:"1" maxLength:"100"`
	Version   string         `json:"version,omitempty" maxLength:"100"`
	Routes    []string       `json:"routes,omitempty" maxItems:"1000" doc:"Names; absent: all that lead to the stable upstream."`
	Strategy  Strategy       `json:"strategy,omitempty" enum:"canary,blue_green" doc:"canary (default): share by share. blue_green: all at once, and back at once."`
	Stable    string         `json:"stable,omitempty" maxLength:"100" doc:"Upstream that the routes lead to; found out when absent."`
	Canary    string         `json:"canary" minLength:"1" maxLength:"100" doc:"Upstream with the new version; it has to be in the document in force."`
	Steps     []Step         `json:"steps,omitempty" maxItems:"50" doc:"5, 25, 50 and 100 percent for 5m each when absent; for blue_green 0 percent for 1m, to know the stable version, then 100 for 5m."`
	Targeting Targeting      `json:"targeting,omitempty" doc:"Requests that go to the canary whatever its weight. They are judged only where the weight is 0."`
	Sticky    gateway.Sticky `json:"sticky,omitempty"`
	Analysis  Analysis       `json:"analysis,omitempty"`
	Health    Health         `json:"health,omitempty"`
	Confirm   bool           `json:"confirm,omitempty" doc:"A person has to promote it; else it promotes itself behind the last step."`
	Note      string         `json:"note,omitempty" maxLength:"500"`
}

// Rollout is one with where it stands.
type Rollout struct {
	ID string `json:"id"`
	Input
	State       State            `json:"state" enum:"running,paused,promoting,promoted,rolled_back,aborted"`
	Step        int              `json:"step" doc:"Index into steps."`
	Weight      float64          `json:"weight" doc:"Percent that goes to the canary now; 0 when it has ended, unless it was promoted."`
	StepAt      time.Time        `json:"step_at" doc:"When the step began."`
	NextAt      *time.Time       `json:"next_at,omitempty" doc:"When the step has been held for long enough."`
	Reason      string           `json:"reason,omitempty" doc:"Why it is in this state."`
	Finding     analysis.Finding `json:"finding" doc:"What the latest look came to."`
	Publication int64            `json:"publication,omitempty" doc:"Number of the publication that promoted it."`
	By          string           `json:"by"`
	CreatedAt   time.Time        `json:"created_at"`
	EndedAt     *time.Time       `json:"ended_at,omitempty"`
}

// Event is one line of a rollout's history.
type Event struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind" enum:"started,advanced,paused,resumed,judged,promoting,promoted,rolled_back,aborted"`
	State  State     `json:"state"`
	Step   int       `json:"step"`
	By     string    `json:"by" doc:"hypercare when it did so itself."`
	ByKind string    `json:"by_kind" enum:"member,token,system"`
	Reason string    `json:"reason"`
}

// Told is what events of rollouts carry.
type Told struct {
	Kind    string  `json:"kind"`
	API     string  `json:"api"`
	Version string  `json:"version,omitempty"`
	State   State   `json:"state"`
	Step    int     `json:"step"`
	Weight  float64 `json:"weight"`
	Reason  string  `json:"reason,omitempty"`
}

const defaultHold = "5m"

// normalize fills in what was left out and says what is wrong.
func (in *Input) normalize() error {
	in.API, in.Version, in.Note = strings.TrimSpace(in.API), strings.TrimSpace(in.Version), strings.TrimSpace(in.Note)
	in.Strategy = cmp.Or(in.Strategy, CanaryStrategy)
	if in.Strategy != CanaryStrategy && in.Strategy != BlueGreen {
		return errs.New(errs.Invalid, "There is no strategy %q; use canary or blue_green.", in.Strategy)
	}
	if len(in.Steps) == 0 {
		in.Steps = []Step{{Weight: 5}, {Weight: 25}, {Weight: 50}, {Weight: 100}}
		if in.Strategy == BlueGreen {
			in.Steps = []Step{{Weight: 0, Hold: "1m"}, {Weight: 100}}
			if in.Analysis.Off {
				in.Steps = in.Steps[1:]
			}
		}
	}
	slices.Sort(in.Routes)
	in.Routes = slices.Compact(in.Routes)
	in.Sticky.By = cmp.Or(in.Sticky.By, gateway.StickyUser)
	a := &in.Analysis
	a.MinSample, a.Window, a.Quantile = cmp.Or(a.MinSample, 50), cmp.Or(a.Window, "10m"), cmp.Or(a.Quantile, 0.95)
	a.MaxLatencyRatio, a.MinLatencyChange, a.Significance = cmp.Or(a.MaxLatencyRatio, 1.25), cmp.Or(a.MinLatencyChange, "5ms"), cmp.Or(a.Significance, 0.01)
	in.Health.Timeout = cmp.Or(in.Health.Timeout, "3s")
	if err := in.parse(); err != nil {
		return err
	}
	for i, s := range in.Steps {
		switch {
		case s.Weight < 0 || s.Weight > 100:
			return errs.New(errs.Invalid, "Step %d has a weight of %g; it is from 0 to 100 percent.", i+1, s.Weight)
		case i > 0 && s.Weight < in.Steps[i-1].Weight:
			return errs.New(errs.Invalid, "Step %d goes back from %g to %g percent; weights only grow.", i+1, in.Steps[i-1].Weight, s.Weight)
		}
	}
	if in.Canary == in.Stable {
		return errs.New(errs.Invalid, "Stable and canary are the same upstream %q; name two.", in.Canary)
	}
	if err := (&gateway.Rollout{Targeting: in.Targeting.Targeting, Sticky: in.Sticky}).Check(); err != nil {
		return errs.Wrap(errs.Invalid, err, "This rollout can't be started: %v.", err)
	}
	return nil
}

// parse reads the durations of an input whose gaps are filled.
func (in *Input) parse() error {
	for _, d := range []struct {
		of, text    string
		least, most time.Duration
		into        *time.Duration
	}{
		{"analysis.window", in.Analysis.Window, 10 * time.Second, 24 * time.Hour, &in.Analysis.window},
		{"analysis.min_latency_change", in.Analysis.MinLatencyChange, 0, time.Minute, &in.Analysis.minLatency},
		{"health.timeout", in.Health.Timeout, time.Millisecond, time.Minute, &in.Health.timeout},
	} {
		if err := readDuration(d.of, d.text, d.least, d.most, d.into); err != nil {
			return err
		}
	}
	for i := range in.Steps {
		in.Steps[i].Hold = cmp.Or(in.Steps[i].Hold, defaultHold)
		if err := readDuration("hold", in.Steps[i].Hold, 0, 30*24*time.Hour, &in.Steps[i].hold); err != nil {
			return err
		}
	}
	return nil
}

func readDuration(of, text string, least, most time.Duration, into *time.Duration) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return errs.New(errs.Invalid, "%q can't be %s; write it as 30s or 10m, from %v to %v.", text, of, least, most)
	}
	*into = d
	return nil
}

// limits are what the analysis takes for worse.
func (in *Input) limits() analysis.Limits {
	a := &in.Analysis
	return analysis.Limits{MinSample: uint64(a.MinSample), MaxErrorDifference: a.MaxErrorDifference / 100, Quantile: a.Quantile, MaxLatencyRatio: a.MaxLatencyRatio,
		MinLatencyChange: a.minLatency, Significance: a.Significance, Scale: gateway.LatencyBounds}
}

// record is a rollout as it is kept.
type record struct {
	Rollout
	workspace string
	epoch     int64
	epochAt   time.Time
	watch     analysis.Watch
	rev       int64
}

// settle fills in what follows from the rest.
func (r *record) settle() error {
	if err := r.parse(); err != nil {
		return err
	}
	r.Step = min(max(r.Step, 0), len(r.Steps)-1)
	r.Weight, r.NextAt = 0, nil
	switch {
	case r.State == Promoted || r.State == Promoting:
		r.Weight = 100
	case !r.State.ended():
		r.Weight = r.Steps[r.Step].Weight
	}
	if r.State == Running {
		at := r.StepAt.Add(r.Steps[r.Step].hold)
		r.NextAt = &at
	}
	return nil
}

// overlay is what the gateway is told.
func (r *record) overlay(users []string) gateway.Rollout {
	t := r.Targeting.Targeting
	if len(users) > 0 {
		t.Users = append(slices.Clone(t.Users), users...)
	}
	return gateway.Rollout{ID: r.ID, Workspace: r.workspace, API: r.API, Version: r.Version, Routes: r.Routes, Stable: r.Stable, Canary: r.Canary,
		Weight: r.Weight, Epoch: r.epoch, Targeting: t, Sticky: r.Sticky}
}

func (r *record) told(kind, reason string) json.RawMessage {
	b, _ := json.Marshal(Told{Kind: kind, API: r.API, Version: r.Version, State: r.State, Step: r.Step, Weight: r.Weight, Reason: reason}) // holds nothing that can't be written
	return b
}
