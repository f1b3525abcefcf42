package call

import (
	"testing"
)

func sample() *Record {
	return &Record{Time: 1764200000000000, ID: ID{1, 147, 2, 15: 9}, Trace: ID{1, 2, 3}, Span: SpanID{4}, Workspace: "ws_1", API: "orders", Version: "v2", Route: "orders.get", Operation: "getOrder",
		Method: "GET", Host: "api.example.com", Path: "/v2/orders/81727", Query: "expand&page", Protocol: "HTTP/1.1", Status: 200, Upstream: "10.0.0.3:8080", Attempts: 1,
		Application: "shop", Key: "hk_a81b", User: "u_81728", Session: "s_9912ab", Client: "203.0.113.9", Agent: "okhttp/4.12", BytesIn: 120, BytesOut: 1024,
		Latency: 8123, UpstreamLatency: 8050, FirstByte: 7999, Cache: "miss", Limit: "ok", Policy: "key", Node: "n1", Release: "2026.11.3"}
}

func BenchmarkAppendFrame(b *testing.B) {
	r := sample()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = appendFrame(buf[:0], r)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecode(b *testing.B) {
	buf := appendFrame(nil, sample())
	var r Record
	body, _ := splitFrame(buf)
	for b.Loop() {
		if err := decode(body, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	l := newBuffer(2, 1<<30)
	r := sample()
	var dst []byte
	i := 0
	for b.Loop() {
		r.ID[15]++
		l.put(r)
		if i++; i%4096 == 0 {
			dst = l.take(dst[:0])
		}
	}
}
