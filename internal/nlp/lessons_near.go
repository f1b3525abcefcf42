package nlp

import "math/bits"

// nearestSigns returns the numbers of the up to look rows of signs, 8 words
// each, that differ from q in the fewest bits; rows of zeros are skipped. It
// counts how many rows lie at each distance first, which needs no sorting.
func nearestSigns(q, signs []uint64) []int {
	n := len(signs) / 8
	if n == 0 {
		return nil
	}
	dist := make([]uint16, n)
	var count [514]int
	q0, q1, q2, q3, q4, q5, q6, q7 := q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]
	for i := range dist {
		r := (*[8]uint64)(signs[8*i:])
		if r[0]|r[1]|r[2]|r[3]|r[4]|r[5]|r[6]|r[7] == 0 {
			dist[i] = 513
			continue
		}
		d := bits.OnesCount64(q0^r[0]) + bits.OnesCount64(q1^r[1]) + bits.OnesCount64(q2^r[2]) + bits.OnesCount64(q3^r[3]) +
			bits.OnesCount64(q4^r[4]) + bits.OnesCount64(q5^r[5]) + bits.OnesCount64(q6^r[6]) + bits.OnesCount64(q7^r[7])
		dist[i] = uint16(d)
		count[d]++
	}
	limit, sum := 0, 0
	for limit < 512 && sum+count[limit] < look {
		sum += count[limit]
		limit++
	}
	out := make([]int, 0, look)
	for i, d := range dist { // those nearer than the limit always fit
		if int(d) < limit {
			out = append(out, i)
		}
	}
	for i := n - 1; i >= 0 && len(out) < look; i-- { // newest first at the limit
		if int(dist[i]) == limit {
			out = append(out, i)
		}
	}
	return out
}
