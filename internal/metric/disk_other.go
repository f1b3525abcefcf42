//go:build !unix

package metric

func freeBytes(string) int64 { return -1 }
