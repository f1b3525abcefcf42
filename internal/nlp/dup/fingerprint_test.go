package dup

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const javaTrace = `Saving an order fails since this morning.
java.lang.IllegalStateException: order 4711 is closed
	at org.springframework.aop.Foo.invoke(Foo.java:12)
	at com.shop.order.OrderService.save(OrderService.java:88)
	at com.shop.order.OrderController.post(OrderController.java:41)
	at java.base/java.lang.Thread.run(Thread.java:833)
Caused by: java.lang.NullPointerException: Cannot invoke "Customer.id()"
	at com.shop.customer.CustomerCache.lookup(CustomerCache.java:31)
	at com.shop.order.OrderService.save(OrderService.java:85)
	... 22 more`

// errorTexts are one error per language, told twice as two users or two
// releases would tell it, and a different error of the same kind.
var errorTexts = []struct{ name, first, again, other, kind, frame string }{
	{
		"java", javaTrace,
		"2026-11-20 ERROR [http-9] c.s.Foo - failed\n" + strings.NewReplacer(":31", ":35", "4711", "815", ":88", ":90").Replace(javaTrace[strings.IndexByte(javaTrace, '\n')+1:]),
		strings.ReplaceAll(javaTrace, "lookup", "evict"),
		"NullPointerException", "com.shop.customer.CustomerCache.lookup",
	},
	{
		"java lambda",
		"java.io.IOException: x\n\tat a.b.C$$Lambda$33/0x00000008.run(Unknown Source)\n\tat a.b.C.lambda$go$0(C.java:3)",
		"java.io.IOException: y\n\tat a.b.C$$Lambda$97/0x0000ffff.run(Unknown Source)\n\tat a.b.C.lambda$go$4(C.java:9)",
		"java.io.IOException: y\n\tat a.b.D.stop(D.java:9)\n\tat a.b.C.go(C.java:9)",
		"IOException", "",
	},
	{
		"python",
		"Traceback (most recent call last):\n  File \"/srv/app/views.py\", line 10, in get\n    x = load(id)\n  File \"/srv/app/load.py\", line 3, in load\n    return d[id]\nKeyError: 'a17'",
		"it says\nTraceback (most recent call last):\n  File \"C:\\app\\views.py\", line 12, in get\n    x = load(id)\n  File \"C:\\app\\load.py\", line 5, in load\n    return d[id]\nKeyError: 'b99'",
		"Traceback (most recent call last):\n  File \"/srv/app/views.py\", line 10, in get\n    x = save(id)\n  File \"/srv/app/save.py\", line 3, in save\n    d[id] = 1\nKeyError: 'a17'",
		"KeyError", "load.py:load",
	},
	{
		"javascript",
		"TypeError: Cannot read properties of undefined (reading 'total')\n    at renderCart (https://shop.example/assets/cart.3f2a1b9c.js:1:2345)\n    at async HTMLButtonElement.onClick (https://shop.example/assets/cart.3f2a1b9c.js:1:99)\n    at run (node_modules/react-dom/index.js:1:1)",
		"Uncaught TypeError: Cannot read properties of undefined (reading 'total')\n    at renderCart (https://shop.example/assets/cart.99aa77bb.js:1:77)\n    at async HTMLButtonElement.onClick (https://shop.example/assets/cart.99aa77bb.js:2:1)",
		"TypeError: Cannot read properties of undefined (reading 'total')\n    at renderList (https://shop.example/assets/list.3f2a1b9c.js:1:2345)",
		"TypeError", "cart.js:renderCart",
	},
	{
		"firefox",
		"TypeError: cart is null\nrenderCart@https://shop.example/cart.js:10:5\nonClick@https://shop.example/cart.js:20:1",
		"TypeError: cart is null\nrenderCart@https://shop.example/cart.js:11:9\nonClick@https://shop.example/cart.js:22:1",
		"TypeError: cart is null\nrenderList@https://shop.example/list.js:10:5",
		"TypeError", "cart.js:renderCart",
	},
	{
		"go",
		"panic: runtime error: index out of range [5] with length 3\n\ngoroutine 17 [running]:\ngithub.com/acme/shop/cart.(*Cart).Total(0xc000123456, 0x5)\n\t/home/ci/shop/cart/cart.go:41 +0x1d\nmain.main()\n\t/home/ci/shop/main.go:12 +0x25",
		"panic: runtime error: index out of range [9] with length 2\n\ngoroutine 1 [running]:\ngithub.com/acme/shop/cart.(*Cart).Total(0xc000aaaaaa, 0x9)\n\t/root/x/cart/cart.go:44 +0x2d\nmain.main()\n\t/root/x/main.go:13 +0x22\nexit status 2",
		"panic: runtime error: index out of range [5] with length 3\n\ngoroutine 17 [running]:\ngithub.com/acme/shop/tax.Rate(0xc000123456, 0x5)\n\t/home/ci/shop/tax/tax.go:41 +0x1d",
		"panic", "cart.(*Cart).Total",
	},
	{
		"csharp",
		"Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an object.\n   at Shop.Cart.Total(Int32 n) in C:\\src\\Cart.cs:line 31\n   at Shop.Web.CartController.<Get>d__12.MoveNext()",
		"System.NullReferenceException: Object reference not set to an instance of an object.\n   at Shop.Cart.Total(Int32 n) in /app/Cart.cs:line 35\n   at Shop.Web.CartController.<Get>d__14.MoveNext()",
		"System.NullReferenceException: Object reference not set to an instance of an object.\n   at Shop.Tax.Rate(Int32 n) in C:\\src\\Tax.cs:line 31",
		"NullReferenceException", "Shop.Cart.Total",
	},
	{
		"ruby",
		"app/models/cart.rb:12:in `total': undefined method `price' for nil (NoMethodError)\n\tfrom app/controllers/carts.rb:3:in `show'\n\tfrom /usr/lib/ruby/gems/3.1/rack.rb:9:in `call'",
		"app/models/cart.rb:14:in `total': undefined method `price' for nil (NoMethodError)\n\tfrom app/controllers/carts.rb:5:in `show'",
		"app/models/cart.rb:12:in `total': undefined method `price' for nil (NoMethodError)\n\tfrom app/controllers/orders.rb:3:in `list'",
		"NoMethodError", "",
	},
	{
		"php",
		"PHP Fatal error:  Uncaught InvalidArgumentException: bad id 5 in /var/www/src/Cart.php:10\nStack trace:\n#0 /var/www/src/Web.php(12): Cart->total(5)\n#1 /var/www/vendor/x/Kernel.php(3): Web->run()\n#2 {main}",
		"PHP Fatal error:  Uncaught InvalidArgumentException: bad id 17 in /srv/www/src/Cart.php:11\nStack trace:\n#0 /srv/www/src/Web.php(15): Cart->total(17)\n#1 /srv/www/vendor/x/Kernel.php(5): Web->run()\n#2 {main}",
		"PHP Fatal error:  Uncaught InvalidArgumentException: bad id 5 in /var/www/src/Tax.php:10\nStack trace:\n#0 /var/www/src/Web.php(12): Tax->rate(5)",
		"InvalidArgumentException", "Cart->total",
	},
	{
		"rust",
		"thread 'main' panicked at src/cart.rs:10:5:\nindex out of bounds: the len is 3 but the index is 5\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:617:5\n   3: shop::cart::total::h0123456789abcdef\n             at ./src/cart.rs:10:5\n   4: shop::main",
		"thread 'worker-3' panicked at src/cart.rs:12:9:\nindex out of bounds: the len is 8 but the index is 9\nstack backtrace:\n   0: rust_begin_unwind\n   3: shop::cart::total::hfedcba9876543210\n   4: shop::main",
		"thread 'main' panicked at src/tax.rs:10:5:\nindex out of bounds: the len is 3 but the index is 5\nstack backtrace:\n   3: shop::tax::rate::h0123456789abcdef\n   4: shop::main",
		"panic", "shop::cart::total",
	},
	{
		"log line",
		"2026-11-20 10:00:01,123 ERROR [main] com.shop.Billing - cannot charge card 4111 for order 17: gateway timeout after 30s",
		"ERROR cannot charge card 5555 for order 99: gateway timeout after 31s",
		"2026-11-20 10:00:01,123 ERROR [main] com.shop.Billing - cannot refund card 4111 for order 17: gateway closed",
		"log", "",
	},
	{
		"error code",
		"[ERROR] ORA-00942: table or view \"X1\" does not exist (request 6f1ee52c-0d4c-4a43-9d1c-3bde0f8df5a1)",
		"ERROR: ORA-00942: table or view \"Y7\" does not exist (request 00000000-0d4c-4a43-9d1c-3bde0f8df5a1)",
		"[ERROR] ORA-00955: table or view \"X1\" does not exist (request 6f1ee52c-0d4c-4a43-9d1c-3bde0f8df5a1)",
		"log", "",
	},
	{
		"inline", "When I press save it shows TypeError: total is not a function and stops",
		"Again TypeError: total is not a function and stops", "Again TypeError: price is undefined here",
		"TypeError", "",
	},
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, e := range errorTexts {
		got := Fingerprint(e.first)
		if !strings.HasPrefix(got, FingerprintVersion) || len(got) != len(FingerprintVersion)+16 {
			t.Errorf("%s: fingerprint %q, want e1: and 16 digits", e.name, got)
			continue
		}
		tr, _ := parseTrace(e.first)
		if tr.kind != e.kind || e.frame != "" && (len(tr.frames) == 0 || tr.frames[0] != e.frame) {
			t.Errorf("%s: type %q, frames %q; want type %q, first frame %q", e.name, tr.kind, tr.frames, e.kind, e.frame)
		}
		if again := Fingerprint(e.again); again != got {
			a, _ := parseTrace(e.again)
			t.Errorf("%s: the same error told again has another fingerprint: %+v, %+v", e.name, tr, a)
		}
		if other := Fingerprint(e.other); other == got || other == "" {
			o, _ := parseTrace(e.other)
			t.Errorf("%s: another error has fingerprint %q, the first %q: %+v", e.name, other, got, o)
		}
		if was, ok := seen[got]; ok && was != "java lambda" {
			t.Errorf("%s and %s have the same fingerprint", e.name, was)
		}
		seen[got] = e.name
	}
}

// TestFingerprintsDoNotChange pins one value: stored fingerprints must stay
// comparable until the version changes.
func TestFingerprintsDoNotChange(t *testing.T) {
	t.Parallel()
	if got, want := Fingerprint(javaTrace), "e1:a72e117b1929d12c"; got != want {
		t.Errorf("Fingerprint(javaTrace) = %s, want %s; when the rules change, raise FingerprintVersion", got, want)
	}
}

func TestProseHasNoFingerprint(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Great app", "I meet an error at the checkout (see picture)", "Error", "ERROR", "Exception",
		"There is a NullPointerException somewhere", "at work (mornings) it is slow", "error: 500", "Errors: many",
		"at 5 pm (CET) nothing works\nat home (wifi) it does", "File \"report.xls\" is empty", "#1 wish: dark mode",
		"Please add e-mail@example.com:80 to the list", "Failure is not an option", "1: a::b",
	} {
		if got := Fingerprint(s); got != "" {
			tr, _ := parseTrace(s)
			t.Errorf("Fingerprint(%q) = %s (%+v), want none", s, got, tr)
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	for _, e := range errorTexts {
		f.Add(e.first)
		f.Add(e.again)
	}
	f.Add("\x00\xff ERROR \xc3: \x00 broken bytes here")
	f.Add(strings.Repeat("Caused by: a.B: c\n\tat a.b(C.java:1)\n", 100))
	f.Fuzz(func(t *testing.T, s string) {
		got := Fingerprint(s)
		if got != "" && (!strings.HasPrefix(got, FingerprintVersion) || len(got) != len(FingerprintVersion)+16) {
			t.Fatalf("fingerprint %q", got)
		}
		if again := Fingerprint(s); again != got {
			t.Fatalf("two answers for one text: %q, %q", got, again)
		}
		if tr, ok := parseTrace(s); ok && !utf8.ValidString(tr.String()) {
			t.Fatalf("name %q is not UTF-8", tr.String())
		}
	})
}
