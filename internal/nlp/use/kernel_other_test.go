//go:build !amd64 || purego

package use

// available returns every set of kernels this machine can run.
func available() []kernels { return []kernels{portable()} }
