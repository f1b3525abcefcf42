package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	post := func(fields, body string) string {
		return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body
	}
	for name, tc := range map[string]struct {
		raw  string
		want error
	}{
		"length and chunks":       {post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"), ErrAmbiguous},
		"chunks and length":       {post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\nG"), ErrAmbiguous},
		"two lengths":             {post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"), ErrAmbiguous},
		"the same length twice":   {post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), ErrAmbiguous},
		"list of lengths":         {post("Content-Length: 5, 5\r\n", "hello"), ErrAmbiguous},
		"length with plus":        {post("Content-Length: +5\r\n", "hello"), ErrAmbiguous},
		"length with blank":       {post("Content-Length: 5 5\r\n", "hello"), ErrAmbiguous},
		"negative length":         {post("Content-Length: -1\r\n", ""), ErrAmbiguous},
		"empty length":            {post("Content-Length:\r\n", ""), ErrAmbiguous},
		"length without end":      {post("Content-Length: 9999999999999999999\r\n", ""), ErrAmbiguous},
		"hexadecimal length":      {post("Content-Length: 0x5\r\n", "hello"), ErrAmbiguous},
		"unknown coding":          {post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), ErrCoding},
		"identity":                {post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), ErrCoding},
		"list of codings":         {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), ErrCoding},
		"quoted coding":           {post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), ErrCoding},
		"coding twice":            {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), ErrAmbiguous},
		"blank before colon":      {post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), ErrMalformed},
		"tab before colon":        {post("Content-Length\t: 5\r\n", "hello"), ErrMalformed},
		"folded line":             {"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n", ErrMalformed},
		"folded first line":       {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ErrMalformed},
		"bare LF":                 {"GET / HTTP/1.1\nHost: a\n\n", ErrMalformed},
		"bare LF between":         {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", ErrMalformed},
		"CR behind version":       {"GET / HTTP/1.1\rXHost: a\r\nHost: a\r\n\r\n", ErrMalformed},
		"bare CR in value":        {"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n", ErrMalformed},
		"NUL in value":            {"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n", ErrMalformed},
		"DEL in value":            {"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\x7fc\r\n\r\n", ErrMalformed},
		"blank in name":           {"GET / HTTP/1.1\r\nHost: a\r\nX A: b\r\n\r\n", ErrMalformed},
		"no name":                 {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", ErrMalformed},
		"no colon":                {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", ErrMalformed},
		"two hosts":               {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", ErrNoHost},
		"no host":                 {"GET / HTTP/1.1\r\n\r\n", ErrNoHost},
		"empty host":              {"GET / HTTP/1.1\r\nHost:\r\n\r\n", ErrNoHost},
		"user in host":            {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", ErrNoHost},
		"path in host":            {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ErrNoHost},
		"port only":               {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", ErrNoHost},
		"port no number":          {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", ErrNoHost},
		"two ports":               {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", ErrNoHost},
		"bracket left open":       {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", ErrNoHost},
		"name in brackets":        {"GET / HTTP/1.1\r\nHost: [example]\r\n\r\n", ErrNoHost},
		"chunks in HTTP/1.0":      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrAmbiguous},
		"HTTP/2.0":                {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", ErrVersion},
		"HTTP/1.2":                {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", ErrVersion},
		"no version":              {"GET /\r\nHost: a\r\n\r\n", ErrMalformed},
		"two blanks":              {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"blank behind version":    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", ErrMalformed},
		"tab for blank":           {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"blank in target":         {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"fragment in target":      {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"no slash in target":      {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"asterisk for GET":        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"CONNECT":                 {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"absolute without a path": {"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"empty line before":       {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"method no token":         {"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", ErrMalformed},
		"drops its length":        {post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"), ErrMalformed},
		"drops its coding":        {post("Connection: close, transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), ErrMalformed},
		"too many fields":         {"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", MaxFields) + "\r\n", ErrTooLarge},
		"long target":             {"GET /" + strings.Repeat("a", MaxTarget) + " HTTP/1.1\r\nHost: a\r\n\r\n", ErrTooLarge},
	} {
		var h Head
		if n, err := h.ParseRequest([]byte(tc.raw)); !errors.Is(err, tc.want) || n != 0 {
			t.Errorf("%s: ParseRequest = %d, %v; want %v", name, n, err, tc.want)
		}
	}
}

func TestRequestsThatAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw, host, target string
		length            int64
		chunked, closes   bool
	}{
		"plain":            {"GET /a?b=c HTTP/1.1\r\nHost: a.example:8000\r\n\r\n", "a.example:8000", "/a?b=c", -1, false, false},
		"body":             {"POST / HTTP/1.1\r\nhOsT: a\r\ncontent-LENGTH:  12 \r\n\r\n", "a", "/", 12, false, false},
		"zero":             {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "a", "/", 0, false, false},
		"chunks":           {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", "a", "/", -1, true, false},
		"close":            {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", "a", "/", -1, false, true},
		"old":              {"GET / HTTP/1.0\r\n\r\n", "", "/", -1, false, true},
		"old but kept":     {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "", "/", -1, false, false},
		"absolute":         {"GET http://b.example/x HTTP/1.1\r\nHost: a\r\n\r\n", "b.example", "/x", -1, false, false},
		"asterisk":         {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a", "*", -1, false, false},
		"six":              {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "[::1]:80", "/", -1, false, false},
		"encoded slash":    {"GET /a%2F..%2fb HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/a%2F..%2fb", -1, false, false},
		"Latin-1 in value": {"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xe9\r\n\r\n", "a", "/", -1, false, false},
	} {
		var h Head
		n, err := h.ParseRequest([]byte(tc.raw + "GARBAGE"))
		if err != nil || n != len(tc.raw) {
			t.Errorf("%s: ParseRequest = %d, %v; want %d", name, n, err, len(tc.raw))
			continue
		}
		if string(h.Host) != tc.host || string(h.Target) != tc.target || h.Length != tc.length || h.Chunked != tc.chunked || h.Close != tc.closes {
			t.Errorf("%s: host %q target %q length %d chunked %v close %v", name, h.Host, h.Target, h.Length, h.Chunked, h.Close)
		}
	}
}

func TestHeadIsAwaited(t *testing.T) {
	t.Parallel()
	raw := "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
	var h Head
	for i := range len(raw) {
		if n, err := h.ParseRequest([]byte(raw[:i])); n != 0 || err != nil {
			t.Fatalf("after %d bytes: %d, %v", i, n, err)
		}
	}
}

func TestFieldsOfTheConnectionAreDropped(t *testing.T) {
	t.Parallel()
	var h Head
	raw := "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Trace, keep-alive\r\nX-Trace: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-Keep: 2\r\nProxy-Connection: x\r\n\r\n"
	if _, err := h.ParseRequest([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, f := range h.Fields {
		if !h.HopByHop(f.Name) {
			kept = append(kept, string(f.Name))
		}
	}
	if got := strings.Join(kept, " "); got != "Host X-Keep" {
		t.Errorf("kept %q", got)
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw    string
		status int
		want   error
	}{
		"plain":            {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 200, nil},
		"no reason":        {"HTTP/1.1 204 \r\n\r\n", 204, nil},
		"no blank either":  {"HTTP/1.1 204\r\n\r\n", 204, nil},
		"both lengths":     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 0, ErrAmbiguous},
		"two lengths":      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", 0, ErrAmbiguous},
		"status no number": {"HTTP/1.1 2x0 OK\r\n\r\n", 0, ErrMalformed},
		"short status":     {"HTTP/1.1 20 OK\r\n\r\n", 0, ErrMalformed},
		"status below 100": {"HTTP/1.1 099 OK\r\n\r\n", 0, ErrMalformed},
		"not HTTP":         {"SSH-2.0-OpenSSH\r\n\r\n", 0, ErrMalformed},
		"control":          {"HTTP/1.1 200 O\x01K\r\n\r\n", 0, ErrMalformed},
	} {
		var h Head
		_, err := h.ParseResponse([]byte(tc.raw))
		if !errors.Is(err, tc.want) || err == nil && h.Status != tc.status {
			t.Errorf("%s: status %d, %v; want %d, %v", name, h.Status, err, tc.status, tc.want)
		}
	}
}

func TestChunksThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw  string
		want error
	}{
		"bare LF":                 {"5\nhello\r\n0\r\n\r\n", ErrChunk},
		"extension":               {"5;a=b\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"LF in extension":         {"5;a\nb\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"negative":                {"-5\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"0x":                      {"0x5\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"blank":                   {"5 \r\nhello\r\n0\r\n\r\n", ErrChunk},
		"no digits":               {"\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"too long":                {"5\r\nhello!\r\n0\r\n\r\n", ErrChunk},
		"many digits":             {"0000000000000005\r\nhello\r\n0\r\n\r\n", ErrChunk},
		"CR without LF":           {"5\r\nhello\rX0\r\n\r\n", ErrChunk},
		"trailer bare LF":         {"0\r\nA: b\n\r\n", ErrTrailers},
		"trailer NUL":             {"0\r\nA: \x00\r\n\r\n", ErrTrailers},
		"folded trailer":          {"0\r\n A: b\r\n\r\n", ErrTrailers},
		"trailer without colon":   {"0\r\nA\r\n\r\n", ErrTrailers},
		"trailer without name":    {"0\r\n: b\r\n\r\n", ErrTrailers},
		"blank in trailer's name": {"0\r\nA : b\r\n\r\n", ErrTrailers},
		"many trailers":           {"0\r\n" + strings.Repeat("A: b\r\n", maxTrailerFields+1) + "\r\n", ErrTooLarge},
		"trailers without an end": {"0\r\nA: " + strings.Repeat("b", maxTrailers) + "\r\n\r\n", ErrTooLarge},
	} {
		var b Body
		b.Start(&Head{Chunked: true, Length: -1}, false, false)
		if _, _, err := b.Take([]byte(tc.raw)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// TestBodiesInAnyPieces: however a body is cut by reads, the same bytes belong
// to it, and the same content comes out.
func TestBodiesInAnyPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		chunked := rapid.Bool().Draw(t, "chunked")
		h := Head{Length: int64(len(content)), Chunked: chunked}
		raw := bytes.Clone(content)
		toPass, trailing := 0, false
		if chunked {
			h.Length = -1
			raw = nil
			for rest := content; len(rest) > 0; {
				n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
				raw = AppendChunk(raw, rest[:n])
				rest = rest[n:]
			}
			raw = append(raw, LastSize...)
			toPass = len(raw)
			if trailing = rapid.Bool().Draw(t, "trailers"); trailing {
				raw = append(raw, "X-Sum: 1\r\nX-More:\t2 3 \r\n"...)
			}
			raw = append(raw, "\r\n"...)
		} else {
			toPass = len(raw)
		}
		next := []byte("GET / HTTP/1.1\r\n")
		all := append(bytes.Clone(raw), next...)
		var raws, plain Body
		raws.Start(&h, false, false)
		plain.Start(&h, false, false)
		var got, passed []byte
		taken := 0
		for rest := all; len(rest) > 0 && !raws.Done(); {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pass, took, err := raws.Take(rest[:n])
			if err != nil {
				t.Fatalf("Take: %v", err)
			}
			passed = append(passed, rest[:pass]...)
			piece := bytes.Clone(rest[:n])
			size, used, err := plain.Content(piece)
			if err != nil || used != took {
				t.Fatalf("Content used %d, %v; Take took %d", used, err, took)
			}
			got = append(got, piece[:size]...)
			taken += took
			rest = rest[n:]
			if took < n && !raws.Done() {
				t.Fatalf("left bytes behind in the middle")
			}
		}
		if !raws.Done() || !plain.Done() || taken != len(raw) {
			t.Fatalf("took %d of %d, done %v", taken, len(raw), raws.Done())
		}
		if !bytes.Equal(passed, raw[:toPass]) {
			t.Fatalf("passed on %q, want %q", passed, raw[:toPass])
		}
		for _, b := range []*Body{&raws, &plain} {
			var tail []string
			for _, f := range b.Trailers(nil) {
				tail = append(tail, string(f.Name)+"="+string(f.Value))
			}
			if got := strings.Join(tail, " "); trailing && got != "X-Sum=1 X-More=2 3" || !trailing && got != "" {
				t.Fatalf("trailers are %q", got)
			}
		}
		if !bytes.Equal(got, content) || raws.Size() != int64(len(content)) {
			t.Fatalf("content is %q, want %q", got, content)
		}
	})
}

// FuzzRequest: what this parser takes, net/http takes too, and both see the
// same message.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
		"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h Head
		n, err := h.ParseRequest(raw)
		if err != nil || n == 0 {
			return
		}
		other, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			if theirs(err, &h) {
				return
			}
			t.Fatalf("net/http refuses %q: %v", raw[:n], err)
		}
		if other.Method != string(h.Method) || other.Host != string(h.Host) {
			t.Fatalf("%q: %s %s here, %s %s there", raw[:n], h.Method, h.Host, other.Method, other.Host)
		}
		want := h.Length
		if want < 0 && !h.Chunked {
			want = 0
		}
		if other.ContentLength != want || (len(other.TransferEncoding) > 0) != h.Chunked {
			t.Fatalf("%q: length %d chunked %v here, %d %v there", raw[:n], h.Length, h.Chunked, other.ContentLength, other.TransferEncoding)
		}
		// A body that both read to its end is the same.
		var b Body
		b.Start(&h, false, false)
		rest := bytes.Clone(raw[n:])
		size, _, err := b.Content(rest)
		if err != nil || !b.Done() {
			return
		}
		there, err := io.ReadAll(other.Body)
		if err == nil && !bytes.Equal(there, rest[:size]) {
			t.Fatalf("%q: body %q here, %q there", raw, rest[:size], there)
		}
		if err != nil && len(raw[n:]) < 1<<15 && !h.Chunked {
			t.Fatalf("%q: net/http can't read the body: %v", raw, err)
		}
	})
}

// theirs are refusals of net/http that say nothing about the message's
// borders: targets that it wants to decode, and the PRI method.
func theirs(err error, h *Head) bool {
	s := err.Error()
	return strings.Contains(s, "invalid URL escape") || strings.Contains(s, "parse ") || string(h.Method) == "PRI" || strings.Contains(s, "invalid method") ||
		strings.Contains(s, "malformed Host")
}

func BenchmarkParseRequest(b *testing.B) {
	raw := []byte("GET /api/v1/orders/17?x=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nX-Api-Key: 0123456789abcdef\r\nAccept-Encoding: gzip\r\n\r\n")
	var h Head
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.ParseRequest(raw); err != nil {
			b.Fatal(err)
		}
	}
}
