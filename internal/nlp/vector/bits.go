package vector

import "math/bits"

// signs packs the signs of v, one bit per number, into out.
func signs(v []int8, out []uint64) {
	clear(out)
	for i, x := range v {
		if x > 0 {
			out[i/64] |= 1 << (i % 64)
		}
	}
}

func distanceGo(q, rows []uint64, out []uint16) {
	w := len(q)
	for i := range out {
		n := 0
		for j, x := range rows[i*w:][:w] {
			n += bits.OnesCount64(x ^ q[j])
		}
		out[i] = uint16(n)
	}
}
