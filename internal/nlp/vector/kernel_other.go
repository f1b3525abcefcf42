//go:build !amd64 || purego

package vector

func dot(a, b []int8) int32 { return dotGo(a, b) }

// fastest returns the quickest kernel this machine can run.
func fastest() kernel { return portable() }
