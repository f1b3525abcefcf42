package main

// panels is a float32 matrix [k][n] packed in panels of 32 columns.
type panels struct {
	k, n int
	p    []float32
}

const panelWidth = 32

// pack reads a row-major [k][n] matrix; n is a multiple of 32.
func (m *panels) pack(k, n int, w []float32) *panels {
	m.k, m.n = k, n
	if len(m.p) != k*n {
		m.p = make([]float32, k*n)
	}
	for j := 0; j < n; j += panelWidth {
		for i := range k {
			copy(m.p[j*k+i*panelWidth:][:panelWidth], w[i*n+j:])
		}
	}
	return m
}

// packT reads the transpose: w is row-major [n][k].
func (m *panels) packT(k, n int, w []float32) *panels {
	m.k, m.n = k, n
	if len(m.p) != k*n {
		m.p = make([]float32, k*n)
	}
	for j := 0; j < n; j += panelWidth {
		for c := range panelWidth {
			for i, v := range w[(j+c)*k:][:k] {
				m.p[j*k+i*panelWidth+c] = v
			}
		}
	}
	return m
}

// mul sets c[rows][n] = a[rows][k] * m; rows is a multiple of 8.
func (m *panels) mul(c, a []float32, rows int) {
	for j := 0; j < m.n; j += panelWidth {
		b := m.p[j*m.k:][:panelWidth*m.k]
		for r := 0; r < rows; r += 8 {
			mul8x32(m.k, a[r*m.k:], b, c[r*m.n+j:], m.n)
		}
	}
}

func mul8x32Go(k int, a, b, c []float32, n int) {
	for r := range 8 {
		sum := [panelWidth]float32{}
		for i, x := range a[r*k:][:k] {
			for j, w := range (*[panelWidth]float32)(b[i*panelWidth:]) {
				sum[j] += x * w
			}
		}
		copy(c[r*n:][:panelWidth], sum[:])
	}
}
