//go:build !amd64 || purego

package vector

// available returns every kernel this machine can run.
func available() []kernel { return []kernel{portable()} }
