//go:build amd64 && !purego

package use

import "golang.org/x/sys/cpu"

// available returns every set of kernels this machine can run.
func available() []kernels {
	ks := []kernels{portable()}
	if cpu.X86.HasAVX2 {
		ks = append(ks, avx2())
	}
	if k := fastest(); k.name != ks[len(ks)-1].name {
		ks = append(ks, k)
	}
	return ks
}
