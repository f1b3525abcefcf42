//go:build !amd64 || purego

package use

// fastest returns the quickest kernels this machine can run.
func fastest() kernels { return portable() }
