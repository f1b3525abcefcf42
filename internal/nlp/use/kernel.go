package use

import "math"

// A matrix is [k][n] int8 weights with a scale and a bias per column. w holds
// panels of 32 columns; a panel holds, for each pair of rows, the pairs of its
// columns, which is the order in which 16-bit multiply-add instructions read.
type matrix struct {
	k, n        int
	w           []int8
	scale, bias []float32
}

const panel = 32

// topLevel is the largest activation as an integer. With it a sum of 1536
// products by weights of at most 127 stays below 2^31.
const topLevel = 8191

// kernels are the inner loops. All sets of them return the same bits: sums of
// products are integers, and float operations have a fixed order and are never
// fused.
type kernels struct {
	name string
	// rows is how many rows of activations tile reads; a buffer is padded to it.
	// tile sets c[r][0:32] = sum over k of a[r][k] * w[k][0:32] for one panel.
	tile func(k int, a []int16, w []int8, c []int32, n int, rows int)
	// maxAbs returns the largest magnitude in x (length a multiple of 8).
	maxAbs func(x []float32) float32
	// round sets dst = x*k to the nearest integers, ties to even.
	round func(dst []int16, x []float32, k float32)
	// widen sets dst = acc*(k*scale) + bias, and at least floor.
	widen func(dst []float32, acc []int32, k float32, scale, bias []float32, floor float32)
	// scores sets p[j] = q . keys[j*stride:].
	scores func(p, q, keys []float32, stride int)
	// blend sets out = sum over j of p[j] * values[j*stride:].
	blend func(out, p, values []float32, stride int)
}

func portable() kernels {
	return kernels{"portable", tileGo, maxAbsGo, roundGo, widenGo, scoresGo, blendGo}
}

// quantize turns rows of x into integers with a scale per row.
func (e *Encoder) quantize(s *scratch, x []float32, rows, d int) {
	for r := range rows {
		row := x[r*d:][:d]
		top := e.kern.maxAbs(row)
		if top == 0 {
			s.rowScale[r] = 0
			clear(s.q[r*d:][:d])
			continue
		}
		s.rowScale[r] = top / topLevel
		e.kern.round(s.q[r*d:][:d], row, topLevel/top)
	}
}

// product sets dst = s.q * m + bias, cut off below zero if relu.
func (e *Encoder) product(m *matrix, s *scratch, dst []float32, rows int, relu bool) {
	for j := 0; j < m.n; j += panel {
		e.kern.tile(m.k, s.q, m.w[j*m.k:][:panel*m.k], s.acc[j:], m.n, rows)
	}
	floor := float32(math.Inf(-1))
	if relu {
		floor = 0
	}
	for r := range rows {
		e.kern.widen(dst[r*m.n:][:m.n], s.acc[r*m.n:][:m.n], s.rowScale[r], m.scale, m.bias, floor)
	}
}

// tileGo multiplies two columns at once: their weights lie 32 bits apart in one
// 64-bit number, and so do the sums, of which neither leaves its half.
func tileGo(k int, a []int16, w []int8, c []int32, n, rows int) {
	var both [panel / 2 * wide]int64 // [panel/2][k]
	for i := 0; i < k; i += 2 {
		line := (*[2 * panel]int8)(w[i*panel:])
		for p := range panel / 2 {
			both[p*k+i] = int64(line[4*p]) + int64(line[4*p+2])<<32
			both[p*k+i+1] = int64(line[4*p+1]) + int64(line[4*p+3])<<32
		}
	}
	for p := 0; p < panel/2; p += 2 {
		w0, w1 := both[p*k:][:k], both[(p+1)*k:][:k]
		r := 0
		for ; r+4 <= rows; r += 4 {
			a0, a1, a2, a3 := a[r*k:][:k], a[(r+1)*k:][:k], a[(r+2)*k:][:k], a[(r+3)*k:][:k]
			var s00, s01, s10, s11, s20, s21, s30, s31 int64
			for i := range w0 {
				u, v := w0[i], w1[i]
				x := int64(a0[i])
				s00 += x * u
				s01 += x * v
				x = int64(a1[i])
				s10 += x * u
				s11 += x * v
				x = int64(a2[i])
				s20 += x * u
				s21 += x * v
				x = int64(a3[i])
				s30 += x * u
				s31 += x * v
			}
			for j, s := range [4][2]int64{{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}} {
				part(c[(r+j)*n+2*p:], s)
			}
		}
		for ; r < rows; r++ {
			var s [2]int64
			for i, x := range a[r*k:][:k] {
				s[0] += int64(x) * w0[i]
				s[1] += int64(x) * w1[i]
			}
			part(c[r*n+2*p:], s)
		}
	}
}

// part writes the four sums held in two numbers.
func part(c []int32, s [2]int64) {
	for i, v := range s {
		low := int32(v)
		c[2*i], c[2*i+1] = low, int32((v-int64(low))>>32)
	}
}

func maxAbsGo(x []float32) float32 {
	var top float32
	for _, v := range x {
		top = max(top, v, -v)
	}
	return top
}

func roundGo(dst []int16, x []float32, k float32) {
	for i, v := range x {
		dst[i] = int16(math.RoundToEven(float64(float32(v * k))))
	}
}

func widenGo(dst []float32, acc []int32, k float32, scale, bias []float32, floor float32) {
	for i, v := range acc {
		dst[i] = max(float32(float32(v)*float32(k*scale[i]))+bias[i], floor)
	}
}

func scoresGo(p, q, keys []float32, stride int) {
	for j := range p {
		key := keys[j*stride:][:len(q)]
		var sum [8]float32
		for i := 0; i+8 <= len(q); i += 8 {
			a, b := (*[8]float32)(q[i:]), (*[8]float32)(key[i:])
			for l := range sum {
				sum[l] += float32(a[l] * b[l])
			}
		}
		p[j] = fold(&sum)
	}
}

func blendGo(out, p, values []float32, stride int) {
	clear(out)
	for j, w := range p {
		for i, v := range values[j*stride:][:len(out)] {
			out[i] += float32(w * v)
		}
	}
}
