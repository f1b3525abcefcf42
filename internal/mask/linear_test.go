package mask

import (
	"strings"
	"testing"
)

// worst are pieces that make the scanner look around most when they stand one
// after the other.
var worst = []string{"sk-./", "sk-a1/", "eyJ.", "password:", "password for the ", "my name is ", "Bearer ", "Basic ", "://a:", "://a@", "1 ", "1-", "+1", "(1", "1.", "12345678 ", "4111 1111 ", "DE89 ", "DE89", "@", "a@", "a@a.",
	":", "a:", "1:", "-----BEGIN ", "-----BEGIN PRIVATE KEY", "密码", "пароль ", "contraseña ", "_key", "aB", "'", "password is \"", "\xff", "[", "123456789:AA", "token=a1b2c3d4 ", "call 5551234567 ", "secret ", "key: "}

// TestLongTextsOfTheWorstAreCovered ends in a moment: time grows with the
// text, whatever is in it. BenchmarkWorst shows how fast.
func TestLongTextsOfTheWorstAreCovered(t *testing.T) {
	t.Parallel()
	for _, piece := range worst {
		text := strings.Repeat(piece, (1<<16)/len(piece))
		if out := sealing.Text(text); len(out) > 2*len(text)+16 {
			t.Errorf("%q became %d bytes of %d", piece, len(out), len(text))
		}
	}
}

func BenchmarkWorst(b *testing.B) {
	for _, piece := range worst {
		for _, n := range []int{1 << 14, 1 << 18} {
			text := strings.Repeat(piece, n/len(piece))
			b.Run(piece, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					sealing.Text(text)
				}
			})
		}
	}
}
