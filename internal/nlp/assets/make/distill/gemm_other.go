//go:build !amd64

package main

import "math"

func mul8x32(k int, a, b, c []float32, n int) { mul8x32Go(k, a, b, c, n) }

// step is AdaGrad on one row: g = d*k; g2 += g*g; e -= rate*g/sqrt(g2).
func step(e, g2, d []float32, k, rate float32) {
	for i := range e {
		g := d[i] * k
		g2[i] += g * g
		e[i] -= rate * g / (float32(math.Sqrt(float64(g2[i]))) + 1e-8)
	}
}

// sum adds src to dst.
func sum(dst, src []float32) {
	for i := range dst {
		dst[i] += src[i]
	}
}
