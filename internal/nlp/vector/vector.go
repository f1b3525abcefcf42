// Package vector keeps unit vectors as int8 and finds the nearest ones. It is
// exact integer arithmetic: same vectors, same answers, on every machine. What
// the vectors stand for is the caller's business.
package vector

import "math"

// Unit is the length that Quantize gives a vector.
const Unit = 127

// Quantize rounds a unit vector times 127 to int8.
func Quantize(v []float32) []int8 {
	q := make([]int8, len(v))
	for i, x := range v {
		q[i] = int8(math.RoundToEven(float64(max(-Unit, min(Unit, x*Unit)))))
	}
	return q
}

// Dot returns the inner product of two vectors of the same length; it panics
// when b is shorter. No sum of fewer than 131,072 numbers overflows.
func Dot(a, b []int8) int32 {
	b = b[:len(a)]
	n := len(a) &^ (block - 1)
	sum := dot(a[:n], b[:n])
	for i := n; i < len(a); i++ {
		sum += int32(a[i]) * int32(b[i])
	}
	return sum
}

// Cosine returns the cosine of two quantized vectors in [-1, 1], 0 when one of
// them is zero or they differ in length.
func Cosine(a, b []int8) float64 {
	if len(a) != len(b) {
		return 0
	}
	aa, bb := Dot(a, a), Dot(b, b)
	if aa == 0 || bb == 0 {
		return 0
	}
	return max(-1, min(1, float64(Dot(a, b))/math.Sqrt(float64(aa)*float64(bb))))
}

// block is the length that the kernels work in multiples of.
const block = 64

// kernel is one implementation of the two inner loops, over lengths that are
// multiples of block.
type kernel struct {
	name string
	dot  func(a, b []int8) int32
	// scan sets out[i] to the inner product of q and row i of rows.
	scan func(q, rows []int8, out []int32)
	// distance sets out[i] to how many bits differ between q and row i.
	distance func(q, rows []uint64, out []uint16)
}

func portable() kernel { return kernel{"portable", dotGo, scanGo, distanceGo} }

func dotGo(a, b []int8) int32 {
	var s int32
	for i, x := range a {
		s += int32(x) * int32(b[i])
	}
	return s
}

func scanGo(q, rows []int8, out []int32) {
	for i := range out {
		out[i] = dotGo(q, rows[i*len(q):][:len(q)])
	}
}
