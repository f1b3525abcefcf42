//go:build amd64 && !purego

package vector

import "golang.org/x/sys/cpu"

// available returns every kernel this machine can run.
func available() []kernel {
	ks := []kernel{portable()}
	if cpu.X86.HasAVX2 {
		ks = append(ks, avx2())
	}
	if hasVNNI() {
		ks = append(ks, vnni())
	}
	return ks
}
