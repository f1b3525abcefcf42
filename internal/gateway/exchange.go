package gateway

import (
	"net/netip"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
	"github.com/hypercare/hypercare/internal/gateway/token"
)

// Exchange is one request on its way through the gateway and back, the same
// for both lanes. Its byte slices point into the lane's buffers: they hold
// until the exchange ends and no longer.
type Exchange struct {
	// The request as it came.
	Method []byte
	Host   []byte // without port, in lower case
	HostAs []byte // as it came
	Target []byte // path and query
	Path   []byte // of Target, as it came
	Query  []byte
	Fields []h1.Field
	Length int64 // of the body; -1 when it is not known before
	Body   bool  // there is one
	Proto  Proto
	TLS    bool
	Client netip.Addr // who asks: the connection's peer, or whom a trusted proxy names

	// What the gateway made of it.
	ID        ID
	Workspace string    // whose call it is, by host also where no route took it; "" where that is not known
	Route     *Route    // nil: none took it
	Consumer  *Consumer // whose key it carried
	User      string    // who is signed in, by a token or as the identity policy says; "" for nobody
	Session   string    // of that user
	Proven    bool      // User is of a verified token or certificate, not what the caller says
	Policy    string    // kind that answered in the upstream's place; "" for none
	Cache     string    // what a cache did: see CacheHit; "" without one
	Found     string    // by a policy: rules that matched, what is wrong with the request; also where it only reports
	Variant   Variant   // of a rollout that is under way
	Upstream  *target   // that answered
	Attempts  int
	Status    int
	Err       Class  // why the gateway answered itself
	Captured  Tap    // of the call log; nil: it looks at no bodies
	Release   string // of the upstream that answered, as the policy "log" has it read

	// When.
	Start     time.Time
	Sent      time.Time // the request was sent to the upstream that answered
	FirstByte time.Time // its head was there
	End       time.Time // set when what became of it is told
	BytesIn   int64
	BytesOut  int64

	failed  [maxFailed]Try // tries before the last
	nFailed int

	params   [maxParams][2]int // of the route's path, as offsets into Path
	trace    [16]byte
	span     [8]byte
	parent   [8]byte // span of the caller
	sampled  bool
	extra    []byte        // header lines for the answer
	lines    [256]byte     // where extra begins, so that usual lines are not allocated
	most     int64         // of the body's content; 0: no bound
	changes  *headerChange // of the request's fields
	added    []byte        // header lines for the upstream
	token    *token.Token  // that holds; nil for none
	priority uint8         // 0 is served first
	proven   uint8         // who asks is known: bit 0 as the API wants it, bit 1 as the route does
	dares    []string      // challenges of kinds that found nothing, where any is enough
	tally    *tally        // of its variant
	stable   *upstream     // to turn to where a new version can't be reached
	turned   bool          // it did
	peer     netip.Addr
	trusted  bool // peer is a proxy of ours
	lane     lane
	upgrade  []byte // the protocol a client wants to go over to
	grpc     bool
	grpcEnd  uint8 // the status that ended a gRPC call, and 1; 0: none
	te       bool  // the client understands trailers
	client   *ClientCertificate
	fast     bool     // the lane can pass chunks on as they are
	close    bool     // the client's connection ends after this
	in       *h1.Head // of the request, for what Connection names; nil in the other lane
	content  bool     // bodies go by as content: somebody looks at them; see body.go
	shape    *shaping // nil for most
}

// Proto is how a client speaks.
type Proto uint8

// The protocols of clients.
const (
	HTTP10 Proto = iota
	HTTP11
	HTTP2
)

// String is the protocol as logs have it.
func (p Proto) String() string { return [...]string{"HTTP/1.0", "HTTP/1.1", "HTTP/2.0"}[p] }

// Class says whose fault it was that the gateway answered itself.
type Class uint8

// The classes of failures, as the call log and metrics name them.
const (
	OK            Class = iota
	BadRequest          // what came was no request that can be passed on
	NoRoute             // nothing is published there
	Refused             // a policy said no
	Limited             // too many requests
	NoUpstream          // no target is fit to be asked
	ConnectFailed       // the target could not be reached
	UpstreamReset       // it ended the connection before it had answered
	UpstreamBad         // what it answered is no HTTP
	TimedOut            // it did not answer in time
	ClientGone          // who asked did not wait
	Overloaded          // the gateway itself is full
	Draining            // the gateway is about to stop
)

// String is the class as the call log and metrics have it.
func (c Class) String() string { return classNames[c] }

// lane is the side of an exchange that faces the client: HTTP/1.1 in our own
// codec, or whatever net/http speaks.
type lane interface {
	// more returns the next bytes of the request's body. With framed they are
	// as they stood on the wire, checked, but for trailers; otherwise content.
	// done says that these were the last.
	more() (b []byte, framed, done bool, err error)
	// trailers are the fields behind the body, once more said that it is done.
	trailers() []h1.Field
	// proceed lets a client send its body that waits for 100 Continue.
	proceed() error
	// interim passes on an answer that comes before the answer, such as 103.
	interim(h *h1.Head) error
	// answer sends a head and what is there of the body.
	answer(r *reply) error
	// send passes on more of the body of the answer, as framed as answer said.
	send(b []byte) error
	// finish sends the last of the body and ends the answer.
	finish(b []byte, trailers []h1.Field) error
	// interrupt makes a waiting more fail: nobody wants the body any more.
	interrupt()
	// gone reports whether the client has left, at little cost.
	gone() bool
	// hijack hands the connection over, for upgrades.
	hijack() (conn tunnel, buffered []byte, err error)
}

// reply is a head to be sent to the client, and the start of its body.
type reply struct {
	status  int
	reason  []byte
	fields  []h1.Field
	skip    *h1.Head // drop what this head says belongs to its connection only
	framing framing
	length  int64
	body    []byte
	last    bool // body is all of it
	// trailers follow the body when it is all here; see also lane.finish.
	trailers []h1.Field
	own      bool // the gateway's word, not an upstream's
}

// framing is how the body of an answer is delimited.
type framing uint8

const (
	framedNone    framing = iota // there is none
	framedLength                 // by its length
	framedChunks                 // body and send carry chunks as they came from the wire, without trailers and the line behind them
	framedContent                // body and send carry content of unknown length
)
