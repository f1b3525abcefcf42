package mask

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFindFinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, kind, want string }{
		{"mail me at jane.doe+x@example.co.uk, please", Email, "jane.doe+x@example.co.uk"},
		{"écrivez à andré@société.fr.", Email, "andré@société.fr"},
		{"call +49 30 901820 today", Phone, "+49 30 901820"},
		{"My number is 5551234567", Phone, "5551234567"},
		{"(212) 555-0187 is where I am", Phone, "(212) 555-0187"},
		{"reach us on 555-123-4567.", Phone, "555-123-4567"},
		{"Telefon: 030/901820", Phone, "030/901820"},
		{"телефон 8 912 345-67-89", Phone, "8 912 345-67-89"},
		{"手机 13812345678 谢谢", Phone, "13812345678"},
		{"card 4111 1111 1111 1111 was refused", Card, "4111 1111 1111 1111"},
		{"card 5500005555555559", Card, "5500005555555559"},
		{"IBAN DE89 3704 0044 0532 0130 00, thanks", IBAN, "DE89 3704 0044 0532 0130 00"},
		{"GB82WEST12345698765432", IBAN, "GB82WEST12345698765432"},
		{"from 192.168.10.24 at noon", IP, "192.168.10.24"},
		{"host 2001:db8::8a2e:370:7334 is down", IP, "2001:db8::8a2e:370:7334"},
		{"key sk-proj4Ab9Zx81LmQ2 leaked", Token, "sk-proj4Ab9Zx81LmQ2"},
		{"Authorization: Bearer a8f5f167f44f4964e6c998de", Token, "a8f5f167f44f4964e6c998de"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", Token, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"},
		{"password: Hunter2!x does not work", Password, "Hunter2!x"},
		{"Hello, my name is Maria Perez and", Name, "Maria Perez"},
		{"меня зовут Анна Иванова.", Name, "Анна Иванова"},
	} {
		var got []string
		for _, s := range Find(c.text) {
			got = append(got, s.Kind+"="+c.text[s.Start:s.End])
		}
		if len(got) != 1 || got[0] != c.kind+"="+c.want {
			t.Errorf("Find(%q) = %q, want only %s=%s", c.text, got, c.kind, c.want)
		}
	}
}

func TestFindLeavesAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"version 1.2.3.4 of the app", "Chrome/119.0.0.0 on Windows NT 10.0", "2024-03-01 12:30:45.123", "order 4500123456789",
		"order number 5551234567", "ticket #1234567890", "timestamp 1699999999999", "between 10:15 and 11:30", "npm@10.2.0 and @user",
		"price 1,299.00", "1.000.000,00 EUR", "commit 3f2a9c1d4b5e6f70", "std::vector<int>::iterator", "password is not accepted",
		"the password: field stays empty", "import sk-learn", "task-runner and sk-button-primary-large", "my name is too long for the form",
		"ISBN 978-3-16-148410-0", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "Win32 0x80004005", "IMG_20230514_123456.jpg",
		"from 2019 to 2023, 12 of 300 rows", "build 22631.3007", "1234567", "10000000 rows", "lat 48.8583736, long 2.2922926",
		"https://example.com/?id=12345678901", "2,300 of 10,000", "12/05/2023 08:15", "GPU 0000:01:00.0",
	} {
		if got := Find(text); len(got) != 0 {
			t.Errorf("Find(%q) = %v (%q), want none", text, got, text[got[0].Start:got[0].End])
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	text := "I am bob@example.com, call +44 20 7946 0958!"
	if got, want := Replace(text, Find(text)), "I am [email], call [phone]!"; got != want {
		t.Errorf("Replace = %q, want %q", got, want)
	}
	if got := Replace("abc", []Span{{2, 1, "x"}, {0, 9, "y"}}); got != "abc" {
		t.Errorf("Replace with broken spans = %q, want the text unchanged", got)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("call +49 30 901820, a@b.co 4111 1111 1111 1111 DE89370400440532013000 ::1 eyJ")
	f.Add("\x00\xff@\xff.co password: \xff1")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range Find(text) {
			if s.Start < last || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("bad span %+v after %d in %q", s, last, text)
			}
			last = s.End
		}
		if m := Replace(text, Find(text)); utf8.ValidString(text) && !utf8.ValidString(m) {
			t.Fatalf("Replace broke %q into %q", text, m)
		}
		_ = strings.ToUpper(text)
	})
}

// BenchmarkFind is what every text costs.
func BenchmarkFind(b *testing.B) {
	nothing := strings.Repeat("I pressed Pay, my bank app said approved at 14:02, and the page just kept spinning for order 88-20431 of 3.0.4. ", 10)[:1024]
	for name, text := range map[string]string{"nothing": nothing, "some": nothing[:500] + " mail jane.doe@example.com or card 4111 1111 1111 1111, +49 171 2345678 password: Hunter2!x " + nothing[:430],
		"german": strings.Repeat("Nach dem Update hängt die Übersicht beim Öffnen, und die Größe stimmt überhaupt nicht mehr. ", 11)[:1024], "digits": strings.Repeat("1234567 89 ", 94)[:1024]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Find(text)
			}
		})
	}
}
