package main

import (
	"math"

	"golang.org/x/sys/cpu"
)

//go:noescape
func mulAVX512(k int, a, b, c *float32, n int)

//go:noescape
func stepAVX512(e, g2, d *float32, n int, k, rate float32)

//go:noescape
func sumAVX512(dst, src *float32, n int)

var wide = cpu.X86.HasAVX512F

func mul8x32(k int, a, b, c []float32, n int) {
	if !wide {
		mul8x32Go(k, a, b, c, n)
		return
	}
	_, _, _ = a[8*k-1], b[panelWidth*k-1], c[7*n+panelWidth-1]
	mulAVX512(k, &a[0], &b[0], &c[0], n)
}

// step is AdaGrad on one row: g = d*k; g2 += g*g; e -= rate*g/sqrt(g2).
func step(e, g2, d []float32, k, rate float32) {
	if wide && len(e)%16 == 0 {
		_, _ = g2[len(e)-1], d[len(e)-1]
		stepAVX512(&e[0], &g2[0], &d[0], len(e), k, rate)
		return
	}
	for i := range e {
		g := d[i] * k
		g2[i] += g * g
		e[i] -= rate * g / (float32(math.Sqrt(float64(g2[i]))) + 1e-8)
	}
}

// sum adds src to dst.
func sum(dst, src []float32) {
	if wide && len(dst)%16 == 0 {
		_ = src[len(dst)-1]
		sumAVX512(&dst[0], &src[0], len(dst))
		return
	}
	for i := range dst {
		dst[i] += src[i]
	}
}
