package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/openapi"
)

// BenchmarkValidate is one request with a small JSON body held against its
// operation, in both versions of the format.
func BenchmarkValidate(b *testing.B) {
	for _, version := range []string{"3.0.3", "3.1.0"} {
		b.Run(version, func(b *testing.B) {
			d, err := openapi.Read([]byte(strings.Replace(shopSpec, "3.0.3", version, 1)))
			if err != nil {
				b.Fatal(err)
			}
			m := d.Matcher()
			body := []byte(`{"amount":1,"currency":"EUR","lines":[{"sku":"a"},{"sku":"b"}]}`)
			b.ReportAllocs()
			for b.Loop() {
				op, params := m.Find("POST", "/orders")
				if faults := d.Check(op, openapi.Request{Params: params, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}); faults != nil {
					b.Fatal(faults)
				}
			}
		})
	}
}
