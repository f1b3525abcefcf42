//go:build amd64 && !purego

package vector

import "golang.org/x/sys/cpu"

//go:noescape
func scanAVX2(q *int8, n int, rows *int8, count int, out *int32)

//go:noescape
func scanVNNI(q *int8, n int, rows *int8, count int, out *int32)

// hasVNNI: VPDPBUSD multiplies unsigned by signed bytes, so scanVNNI adds 128
// to the stored side and takes 128 times the sum of q off again.
func hasVNNI() bool {
	x := &cpu.X86
	return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VNNI
}

func dot(a, b []int8) int32 {
	if !cpu.X86.HasAVX2 || len(a) == 0 {
		return dotGo(a, b)
	}
	var s int32
	scanAVX2(&a[0], len(a), &b[0], 1, &s)
	return s
}

func dotAVX2(a, b []int8) int32 {
	var s [1]int32
	scanWith(scanAVX2, a, b, s[:])
	return s[0]
}

func dotVNNI(a, b []int8) int32 {
	var s [1]int32
	scanWith(scanVNNI, a, b, s[:])
	return s[0]
}

func scanWith(scan func(*int8, int, *int8, int, *int32), q, rows []int8, out []int32) {
	if len(q) == 0 {
		clear(out)
		return
	}
	if len(out) == 0 {
		return
	}
	_ = rows[len(out)*len(q)-1]
	scan(&q[0], len(q), &rows[0], len(out), &out[0])
}

func avx2() kernel {
	return kernel{"avx2", dotAVX2, func(q, rows []int8, out []int32) { scanWith(scanAVX2, q, rows, out) }, distanceGo}
}

func vnni() kernel {
	return kernel{"avx512vnni", dotVNNI, func(q, rows []int8, out []int32) { scanWith(scanVNNI, q, rows, out) }, distanceGo}
}

// fastest returns the quickest kernel this machine can run.
func fastest() kernel {
	switch {
	case hasVNNI():
		return vnni()
	case cpu.X86.HasAVX2:
		return avx2()
	}
	return portable()
}
