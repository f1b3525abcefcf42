package demo_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/demo"
)

// hypercare runs one with a gateway until the test ends.
func hypercare(t *testing.T) *demo.API {
	t.Helper()
	url, token, stop, err := app.Local(t.Context(), app.Config{Data: t.TempDir(), Gateway: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return demo.NewAPI(url, token.Reveal())
}

// play tells a short story.
func play(t *testing.T, seed uint64, size demo.Size, pace time.Duration) (*demo.API, *demo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	api := hypercare(t)
	st, err := demo.Open(ctx, api, "Shop")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	rec, err := demo.Play(ctx, st, demo.NewScenario(seed, size), demo.Pace(pace))
	if err != nil {
		t.Fatal(err)
	}
	return api, rec
}

// TestTheTruthIsWhatTheCallLogHas plays a short story and holds what the
// generator takes for true against the log of the gateway: whoever wrote of a
// fault has calls that it failed, and each is in the log as they met it.
func TestTheTruthIsWhatTheCallLogHas(t *testing.T) {
	t.Parallel()
	kinds := []demo.Kind{demo.ExpiredCertificate, demo.ReleaseStatus, demo.SlowRegion, demo.RateLimit, demo.DNS}
	size := demo.Size{People: 150, Faults: kinds, Length: 24, Chatter: 4, Reports: 3}
	api, rec := play(t, 1, size, 300*time.Millisecond)
	if err := demo.Check(t.Context(), api, rec); err != nil {
		t.Fatal(err)
	}
	met, wrote, other := map[string]int{}, map[string]int{}, 0
	for _, c := range rec.Calls {
		met[c.Fault]++
	}
	for _, r := range rec.Reports {
		if wrote[r.Fault]++; r.Fault == "" {
			other++
		}
	}
	for _, f := range rec.Scenario.Faults {
		if met[f.ID] == 0 || wrote[f.ID] == 0 {
			t.Errorf("%s at %s: %d calls met it, %d reports are about it", f.Kind, f.Service, met[f.ID], wrote[f.ID])
		}
		if len(f.Causes) == 0 {
			t.Errorf("%s at %s has no cause", f.Kind, f.Service)
		}
	}
	if other == 0 {
		t.Error("no report is about something else")
	}
	if n := met[""]; n < len(rec.Calls)/2 {
		t.Errorf("%d of %d calls met no fault: the ordinary is missing", n, len(rec.Calls))
	}
	examined(t, api, rec)
}

// examined holds evidence to floors that are far below what make
// eval-evidence measures: this story is short, and its n is small.
func examined(t *testing.T, api *demo.API, rec *demo.Record) {
	t.Helper()
	res, err := demo.Examine(t.Context(), api, rec)
	if err != nil {
		t.Fatal(err)
	}
	list := []*demo.Result{res}
	f := demo.Sum(list)
	if f.First.Of < 4 || f.First.Value() < 0.5 || f.In3.Value() < 0.6 || f.FalseStrong.Value() > 0.2 {
		var b strings.Builder
		demo.Print(&b, list)
		demo.PrintMisses(&b, list)
		t.Errorf("evidence falls below its floors:\n%s", b.String())
	}
}

func TestASeedIsAlwaysTheSameStory(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 101} {
		if a, b := demo.NewScenario(seed, demo.Usual), demo.NewScenario(seed, demo.Usual); !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d is two stories", seed)
		}
	}
	if demo.NewScenario(100, demo.Usual).Held || !demo.NewScenario(demo.FirstHeld, demo.Usual).Held {
		t.Error("seeds from FirstHeld on use the phrases that are held out, and no other")
	}
}

// TestSeedsInARowHaveEveryKind keeps a default examination about all faults.
func TestSeedsInARowHaveEveryKind(t *testing.T) {
	t.Parallel()
	seen := map[demo.Kind]int{}
	for seed := uint64(101); seed <= 106; seed++ {
		for _, f := range demo.NewScenario(seed, demo.Usual).Faults {
			seen[f.Kind]++
		}
	}
	for _, k := range demo.Kinds {
		if seen[k] < 2 {
			t.Errorf("%s comes %d times in six seeds", k, seen[k])
		}
	}
}
