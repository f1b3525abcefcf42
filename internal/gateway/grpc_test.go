package gateway

import (
	"testing"
	"time"
)

func TestTimeoutsOfGRPC(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{"200m": 200 * time.Millisecond, "1H": time.Hour, "99999999u": 99999999 * time.Microsecond, "3S": 3 * time.Second, "7n": 7, "2M": 2 * time.Minute} {
		if got, ok := grpcTimeout([]byte(in)); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "m", "5", "5d", "-5m", "123456789S", "9999H", "1.5S"} {
		if got, ok := grpcTimeout([]byte(in)); ok {
			t.Errorf("%q was read as %v", in, got)
		}
	}
}
