package crash

import (
	"fmt"
	"strings"
	"testing"
)

// vlqOf writes numbers as mappings have them.
func vlqOf(list ...int64) string {
	var b strings.Builder
	for _, n := range list {
		u := uint64(n) << 1
		if n < 0 {
			u = uint64(-n)<<1 | 1
		}
		for {
			d := u & 31
			if u >>= 5; u > 0 {
				d |= 32
			}
			b.WriteByte(base64Digits[d])
			if u == 0 {
				break
			}
		}
	}
	return b.String()
}

func TestMapsAreRead(t *testing.T) {
	t.Parallel()
	// Two lines: a token of 5 numbers, one of 4, one of 1; then one that goes back.
	mappings := vlqOf(0, 0, 0, 0, 0) + "," + vlqOf(10, 0, 2, 4) + "," + vlqOf(5) + ";" + vlqOf(3, 1, -1, -4, 1)
	plain := fmt.Sprintf(`{"version":3,"sourceRoot":"src","sources":["a.ts","b.ts"],"sourcesContent":["l0\nl1\nl2\nl3",null],"names":["pay","total"],"mappings":"%s","debugId":"d1"}`, mappings)
	m, err := readSourceMap([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.tokens) != 4 || m.sources[0] != "src/a.ts" || m.debugID != "d1" || m.nameAt(0, 0) != "pay" || m.nameAt(1, 3) != "total" || m.nameAt(1, 4) != "" {
		t.Errorf("%+v", m.tokens)
	}
	tok := m.find(0, 12)
	if tok == nil || tok.toLine != 2 || tok.toCol != 4 {
		t.Fatalf("%+v", tok)
	}
	if m.find(0, 16) != nil || m.find(2, 0) != nil {
		t.Error("what belongs to no source is said to")
	}
	if pre, at, post := m.around(tok.source, tok.toLine); len(pre) != 2 || at != "l2" || len(post) != 1 {
		t.Errorf("%q %q %q", pre, at, post)
	}
	indexed := fmt.Sprintf(`{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":%s},{"offset":{"line":7,"column":100},"map":%s}]}`, plain, plain)
	if m, err = readSourceMap([]byte(")]}'\n" + indexed)); err != nil {
		t.Fatal(err)
	}
	if tok := m.find(7, 112); tok == nil || tok.source != 2 || tok.toLine != 2 || m.nameAt(7, 100) != "pay" || m.nameAt(8, 3) != "total" {
		t.Errorf("%+v", tok)
	}
	for _, bad := range []string{``, `{}`, `{"version":2}`, `{"version":3,"mappings":"!"}`, `{"version":3,"mappings":"gggggggggggggA"}`, `{"version":3,"mappings":"AAAAAA"}`, `{"version":3,"sections":[{"offset":{"line":-1},"map":{"version":3}}]}`} {
		if _, err := readSourceMap([]byte(bad)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

func FuzzSourceMap(f *testing.F) {
	f.Add([]byte(`{"version":3,"sources":["a"],"names":["b"],"mappings":"AAAAA,CAAC;AACA"}`), 0, 1)
	f.Add([]byte(`{"version":3,"sections":[{"offset":{"line":1,"column":2},"map":{"version":3,"sources":["a"],"sourcesContent":["x"],"mappings":"AAAA"}}]}`), 1, 2)
	f.Fuzz(func(t *testing.T, raw []byte, line, column int) {
		m, err := readSourceMap(raw)
		if err != nil {
			return
		}
		for i := range m.tokens {
			k := &m.tokens[i]
			if k.source >= 0 {
				_ = sourceName(m.sources[k.source])
				_, _, _ = m.around(k.source, k.toLine)
			}
			if k.name >= int32(len(m.names)) {
				t.Fatalf("name %d of %d", k.name, len(m.names))
			}
			if i > 0 && m.before(i, i-1) {
				t.Fatal("not in order")
			}
		}
		_ = m.nameAt(line, column)
	})
}
