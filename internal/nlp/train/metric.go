package train

import (
	"cmp"
	"slices"
)

// MacroF1 returns accuracy, the mean F1 over k classes and each class's F1.
func MacroF1(pred, gold []int, k int) (accuracy, macro float64, per []float64) {
	tp, fp, fn := make([]float64, k), make([]float64, k), make([]float64, k)
	for i, g := range gold {
		if pred[i] == g {
			accuracy++
			tp[g]++
			continue
		}
		fn[g]++
		if pred[i] >= 0 {
			fp[pred[i]]++
		}
	}
	per = make([]float64, k)
	for c := range per {
		per[c] = f1(tp[c], fp[c], fn[c])
		macro += per[c] / float64(k)
	}
	if len(gold) > 0 {
		accuracy /= float64(len(gold))
	}
	return accuracy, macro, per
}

// F1 is the F1 of one yes-or-no label.
func F1(pred, gold []bool) float64 {
	var tp, fp, fn float64
	for i, g := range gold {
		switch {
		case g && pred[i]:
			tp++
		case g:
			fn++
		case pred[i]:
			fp++
		}
	}
	return f1(tp, fp, fn)
}

func f1(tp, fp, fn float64) float64 {
	if tp == 0 {
		return 0
	}
	return 2 * tp / (2*tp + fp + fn)
}

// BestThreshold returns the score from which on saying yes gives the best F1.
func BestThreshold(scores []float32, gold []bool) (threshold float32, best float64) {
	order := make([]int, len(scores))
	var positives float64
	for i := range order {
		order[i] = i
		if gold[i] {
			positives++
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	threshold = 1
	var tp, fp float64
	for n, i := range order {
		if gold[i] {
			tp++
		} else {
			fp++
		}
		if n+1 < len(order) && scores[order[n+1]] == scores[i] {
			continue
		}
		if f := f1(tp, fp, positives-tp); f > best {
			best, threshold = f, scores[i]
			if n+1 < len(order) {
				threshold = (scores[i] + scores[order[n+1]]) / 2
			}
		}
	}
	return threshold, best
}

// ArgMax is the index of the largest value.
func ArgMax(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
