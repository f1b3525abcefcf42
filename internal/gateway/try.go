package gateway

import "time"

// maxFailed is how many tries before the last an exchange remembers.
const maxFailed = 3

// Try is one that did not serve: what was asked, why that was not enough, and
// how long it took.
type Try struct {
	Upstream string
	Class    Class // OK: it answered, with a status that asks for another try
	Took     time.Duration
}

// Failed are the tries before the last, as many as are remembered. The slice
// holds as long as the exchange.
func (x *Exchange) Failed() []Try { return x.failed[:x.nFailed] }

// noteTry remembers a try after which there is another, and forgets its
// failure: what becomes of the exchange is up to the next.
func (x *Exchange) noteTry(t *target, took time.Duration) {
	if x.nFailed < len(x.failed) {
		x.failed[x.nFailed] = Try{t.label, x.Err, took}
		x.nFailed++
	}
	x.Err = OK
}

// UpstreamLabel names the target that was asked last, as "name/host:port"; ""
// when none was.
func (x *Exchange) UpstreamLabel() string {
	if x.Upstream == nil {
		return ""
	}
	return x.Upstream.label
}
