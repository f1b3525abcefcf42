//go:build unix

package metric

import "golang.org/x/sys/unix"

// freeBytes is how much room there is for us; negative when that is unknown.
func freeBytes(dir string) int64 {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize) //nolint:unconvert // their types differ between systems
}
