package analysis

import "slices"

// Watch looks at growing evidence again and again. Its chance of calling a
// canary worse that is not, over a whole rollout however long, is bounded by
// Limits.Significance: each look may be wrong with a part of it only, and the
// parts add up to all of it. That is alpha spending (Lan and DeMets 1983) with
// the function 1 - 1/(k+1): the k-th look has 1/(k(k+1)) of the level, and by
// Bonferroni's inequality the sum holds whatever binds the looks together.
// Fewer looks waste less, so that there are two series of them:
//
//   - Of all evidence of a period: a look each time it has grown by half, which
//     finds small differences. It has nine tenths of the level.
//   - Of what is new: a look at each block of at least MinSample calls of both,
//     which finds at once what broke in the middle of a long period.
//
// In each series half of a look's level is for all routes together and half is
// divided among the routes (all of it for the first where there is one route).
type Watch struct {
	Looks  int     `json:"looks"`  // at all evidence, so far
	Blocks int     `json:"blocks"` // looks at what was new, so far
	Size   float64 `json:"size"`   // of the evidence at the last look
	Epoch  int64   `json:"epoch"`  // period that Size is of

	from []Pair // where the present block began
}

const (
	growth = 1.5 // of the evidence from one look to the next
	mostly = 0.9 // of the level is for all evidence, the rest for what is new
)

// Begin starts a new period of evidence; what was spent stays spent.
func (w *Watch) Begin(epoch int64) {
	if w.Epoch != epoch {
		w.Epoch, w.Size, w.from = epoch, 0, nil
	}
}

// Look judges the evidence. The first pair is of all routes together; the
// others are of single routes. looked is false when it is not time for a look:
// then only the figures in the finding are new.
func (w *Watch) Look(l Limits, pairs []Pair) (f Finding, looked bool) {
	whole := pairs[0]
	if !whole.enough(l) {
		return whole.Test(l, l.Significance), false
	}
	if size := whole.size(); size >= w.Size*growth {
		w.Looks++
		w.Size = size
		f, looked = judge(l, pairs, spend(mostly*l.Significance, w.Looks)), true
		if f.Verdict == Worse {
			return f, true
		}
	}
	if fresh := w.fresh(pairs); fresh[0].enough(l) {
		w.Blocks++
		w.from = clone(pairs)
		if b := judge(l, fresh, spend((1-mostly)*l.Significance, w.Blocks)); b.Verdict == Worse {
			return b, true
		}
	}
	if !looked {
		f = whole.Test(l, spend(mostly*l.Significance, max(w.Looks, 1)))
		if f.Verdict == Worse {
			// By the level of a look that was taken already: it is not spent twice.
			f = Finding{Verdict: Same, Reason: "no difference found yet: " + whole.failures() + "; " + whole.latency(l)}
		}
	}
	return f, looked
}

// spend is the level of the k-th look.
func spend(level float64, k int) float64 { return level / (float64(k) * float64(k+1)) }

// judge looks at all routes together and at each that has enough calls.
func judge(l Limits, pairs []Pair, level float64) Finding {
	var routes []Pair
	if len(pairs) > 2 { // with one route it is the same as all
		for _, p := range pairs[1:] {
			if p.enough(l) {
				routes = append(routes, p)
			}
		}
	}
	if len(routes) > 0 {
		level /= 2
	}
	f := pairs[0].Test(l, level)
	if f.Verdict == Worse {
		return f
	}
	for _, p := range routes {
		if r := p.Test(l, level/float64(len(routes))); r.Verdict == Worse {
			return r
		}
	}
	return f
}

// fresh is what the pairs gained since the present block began.
func (w *Watch) fresh(pairs []Pair) []Pair {
	out := make([]Pair, len(pairs))
	for i, p := range pairs {
		out[i] = p
		at := slices.IndexFunc(w.from, func(o Pair) bool { return o.Name == p.Name })
		if at < 0 {
			continue
		}
		out[i].Canary = p.Canary.Minus(w.from[at].Canary)
		if !p.Baseline {
			out[i].Stable = p.Stable.Minus(w.from[at].Stable)
		}
	}
	return out
}

func clone(pairs []Pair) []Pair {
	out := slices.Clone(pairs)
	for i := range out {
		out[i].Canary.Latency = slices.Clone(out[i].Canary.Latency)
		out[i].Stable.Latency = slices.Clone(out[i].Stable.Latency)
	}
	return out
}
