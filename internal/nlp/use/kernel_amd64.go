//go:build amd64 && !purego

package use

import "golang.org/x/sys/cpu"

// fastest returns the quickest kernels this machine can run.
func fastest() kernels {
	x := &cpu.X86
	if !x.HasAVX2 {
		return portable()
	}
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VNNI {
		return vnni()
	}
	return avx2()
}

func avx2() kernels {
	return kernels{"avx2", tileAVX2, maxAbsSIMD, roundSIMD, widenSIMD, scoresSIMD, blendSIMD}
}

func vnni() kernels {
	k := avx2()
	k.name, k.tile = "avx512vnni", tileVNNI
	return k
}

// The assembly below reads whole vectors and checks nothing: the wrappers make
// the slices prove their lengths first.

//go:noescape
func dot4x16AVX2(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)

//go:noescape
func dot8x32VNNI(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)

//go:noescape
func dot4x32VNNI(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)

//go:noescape
func maxAbsAVX2(x *float32, n int) float32

//go:noescape
func roundAVX2(dst *int16, x *float32, n int, k float32)

//go:noescape
func widenAVX2(dst *float32, acc *int32, n int, k float32, scale, bias *float32, floor float32)

//go:noescape
func scoresAVX2(p *float32, n int, q *float32, width int, keys *float32, stride int)

//go:noescape
func blendAVX2(out *float32, width int, p *float32, n int, values *float32, stride int)

// tileAVX2 works on 4 rows and half a panel at a time. Rows past the last one
// are computed and thrown away: the buffers hold 128 rows, a multiple of 8.
func tileAVX2(k int, a []int16, w []int8, c []int32, n, rows int) {
	pad := (rows + 3) &^ 3
	_, _, _ = a[pad*k-1], w[panel*k-1], c[(pad-1)*n+panel-1]
	for r := 0; r < rows; r += 4 {
		dot4x16AVX2(k/2, &a[r*k], 2*k, &w[0], &c[r*n], 4*n)
		dot4x16AVX2(k/2, &a[r*k], 2*k, &w[panel], &c[r*n+panel/2], 4*n)
	}
}

func tileVNNI(k int, a []int16, w []int8, c []int32, n, rows int) {
	pad := (rows + 3) &^ 3
	_, _, _ = a[pad*k-1], w[panel*k-1], c[(pad-1)*n+panel-1]
	r := 0
	for ; r+4 < rows; r += 8 {
		if r+8 > pad {
			break
		}
		dot8x32VNNI(k/2, &a[r*k], 2*k, &w[0], &c[r*n], 4*n)
	}
	for ; r < rows; r += 4 {
		dot4x32VNNI(k/2, &a[r*k], 2*k, &w[0], &c[r*n], 4*n)
	}
}

func maxAbsSIMD(x []float32) float32 { return maxAbsAVX2(&x[0], len(x)) }

func roundSIMD(dst []int16, x []float32, k float32) {
	_ = dst[len(x)-1]
	roundAVX2(&dst[0], &x[0], len(x), k)
}

func widenSIMD(dst []float32, acc []int32, k float32, scale, bias []float32, floor float32) {
	n := len(acc)
	_, _, _ = dst[n-1], scale[n-1], bias[n-1]
	widenAVX2(&dst[0], &acc[0], n, k, &scale[0], &bias[0], floor)
}

func scoresSIMD(p, q, keys []float32, stride int) {
	_ = keys[(len(p)-1)*stride+len(q)-1]
	scoresAVX2(&p[0], len(p), &q[0], len(q), &keys[0], stride)
}

func blendSIMD(out, p, values []float32, stride int) {
	_ = values[(len(p)-1)*stride+len(out)-1]
	blendAVX2(&out[0], len(out), &p[0], len(p), &values[0], stride)
}
