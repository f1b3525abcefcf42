package mail

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// wire writes a message with the line ends of the wire.
func wire(s string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimPrefix(s, "\n"), "\n", "\r\n"))
}

func TestReadPlain(t *testing.T) {
	t.Parallel()
	m := Read(wire(`
Return-Path: <ada@shop.example>
Delivered-To: feedback+abc@care.example
From: "Ada, L." <Ada@Shop.example>
To: Feedback <feedback@care.example>, team: Bob <bob@x.example>, undisclosed:;
Subject: =?utf-8?Q?K=C3=A4se?= =?utf-8?B?IGlzdA==?= =?iso-8859-1?Q?_w=FCst?=
Message-ID: <1@shop.example>
In-Reply-To: <b@x>
References: <a@x>
 <b@x> <a@x>
Date: Fri, 27 Nov 2026 08:15:00 +0100 (CET)
Content-Language: de-AT, en

Der Warenkorb ist leer.
`))
	if m.From != (Address{"Ada, L.", "ada@shop.example"}) || m.Sender != "ada@shop.example" || m.ID != "<1@shop.example>" || m.Subject != "Käse ist wüst" {
		t.Errorf("%+v", m)
	}
	if got := fmt.Sprint(m.To); got != "[feedback+abc@care.example feedback@care.example bob@x.example]" {
		t.Errorf("to %s", got)
	}
	if fmt.Sprint(m.References, m.InReplyTo) != "[<a@x> <b@x>] [<b@x>]" || m.Language != "de" || m.Text != "Der Warenkorb ist leer." {
		t.Errorf("%+v", m)
	}
	if !m.Date.Equal(time.Date(2026, 11, 27, 7, 15, 0, 0, time.UTC)) {
		t.Errorf("date %v", m.Date)
	}
}

func TestSplitLettersAreJoined(t *testing.T) {
	t.Parallel()
	// The two bytes of é, in two encoded words.
	if got := words("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?= ol=?utf-8?Q?=C3=A9?="); got != "café olé" {
		t.Errorf("%q", got)
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	for charset, c := range map[string]struct{ body, want string }{
		"iso-8859-15":           {"=A4 20", "€ 20"},
		"windows-1251":          {"=CF=F0=E8=E2=E5=F2", "Привет"},
		"KOI8-R":                {"=F0=D2=C9=D7=C5=D4", "Привет"},
		"shift_jis":             {"=93=FA=96{", "日本"},
		"iso-2022-jp":           {"=1B$BF|K\\=1B(B", "日本"},
		"gb18030":               {"=C4=E3=BA=C3", "你好"},
		"big5":                  {"=A7A=A6n", "你好"},
		"cp-850":                {"gr=81n", "grün"},
		"no-such-charset":       {"gr=FCn", "grün"}, // read as windows-1252
		"us-ascii":              {"gr=C3=BCn", "grün"},
		"x-unknown; name=\"a\"": {"plain", "plain"},
	} {
		m := Read(wire("From: a@x\nContent-Type: text/plain; charset=" + charset + "\nContent-Transfer-Encoding: quoted-printable\n\n" + c.body + "\n"))
		if m.Text != c.want {
			t.Errorf("%s: %q, want %q", charset, m.Text, c.want)
		}
	}
}

func TestPartsAndFiles(t *testing.T) {
	t.Parallel()
	m := Read(wire(`
From: a@x
Content-Type: multipart/mixed; boundary="out er"

preamble
--out er
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain; charset=utf-8

Plain words
--in
Content-Type: multipart/related; boundary=rel

--rel
Content-Type: text/html

<p>HTML <b>words</b></p><img src="cid:1">
--rel
Content-Type: image/png
Content-ID: <1>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--rel--
--in--
--out er
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQ
*garbage*=
--out er
Content-Type: text/x-log; name="../../etc/app.log"
Content-Disposition: attachment

line
--out er
Content-Type: message/rfc822

Subject: inner

body
--out er
Content-Type: application/pkcs7-signature; name=smime.p7s

x
--out er--
epilogue
`))
	if m.Text != "Plain words" {
		t.Errorf("text %q", m.Text)
	}
	var got []string
	for _, f := range m.Files {
		got = append(got, fmt.Sprintf("%s %s %d %v", f.Name, f.ContentType, len(f.Data), f.Inline))
	}
	want := []string{"image.png image/png 8 true", "résumé.pdf application/pdf 13 false", "app.log text/x-log 4 false", "message.eml message/rfc822 22 false"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files\n%v\nwant\n%v", got, want)
	}
}

func TestBrokenMailIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, want string }{
		"cut off":              {"From: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello", "Hello"},
		"no boundary named":    {"From: a@x\nContent-Type: multipart/mixed\n\n--b\n\nHello\n--b--", "Hello"},
		"boundary never there": {"From: a@x\nContent-Type: multipart/mixed; boundary=zz\n\nHello", "Hello"},
		"bad content type":     {"From: a@x\nContent-Type: text/plain; charset=utf-8; format\n\nHello", "Hello"},
		"line that is none":    {"From: a@x\nthis is no field\nSubject: s\n\nHello", "Hello"},
		"no head":              {"Hello there", "Hello there"},
		"mbox":                 {"From a@x Fri Nov 27\nFrom: a@x\n\nHello", "Hello"},
		"bad quoting":          {"From: a@x\nContent-Transfer-Encoding: quoted-printable\n\nHello =ZZ =\nworld=", "Hello =ZZ world"},
		"NUL":                  {"From: a@x\n\nHel\x00lo", "Hello"},
		"empty":                {"", ""},
		"only a html":          {"From: a@x\nContent-Type: text/html\n\n<style>p{}</style><p>Hello<br>world", "Hello\nworld"},
	} {
		m := Read([]byte(c.raw))
		if m.Text != c.want {
			t.Errorf("%s: %q, want %q", name, m.Text, c.want)
		}
		if m.ID == "" {
			t.Errorf("%s: no id", name)
		}
	}
	a := Read([]byte("Received: from x\nFrom: a@x\n\nHello\n"))
	b := Read([]byte("Received: from y\r\nFrom: a@x\r\n\r\nHello"))
	if a.ID != b.ID || a.ID == Read([]byte("From: a@x\n\nOther")).ID {
		t.Errorf("ids of mail without one: %s %s", a.ID, b.ID)
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	got := plain(`<html><head><title>x</title></head><body><div style="display: none">preview<br></div><h1>Title</h1>
<p>One   two<br>three &amp; four</p><ul><li>a</li><li>b</li></ul><table><tr><td>1</td><td>2</td></tr></table>
See <a href="https://shop.example/x?y=1">the cart</a> or <a href="https://a.example">https://a.example</a>.<pre>  a
    b</pre><div>On Mon, Ada wrote:</div><blockquote><p>old</p><blockquote>older</blockquote></blockquote><script>no()</script></body>`)
	want := `Title

One two
three & four

- a
- b

1 2

See the cart (https://shop.example/x?y=1) or https://a.example.

  a
    b

On Mon, Ada wrote:

> old
>
> > older`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFlowedLinesAreJoined(t *testing.T) {
	t.Parallel()
	m := Read(wire("From: a@x\nContent-Type: text/plain; format=flowed\n\nThis is one \nline.\n>quoted \n>here\n-- \nAda\n"))
	if m.Text != "This is one line.\n> quoted here\n-- \nAda" {
		t.Errorf("%q", m.Text)
	}
}

func TestQuotesAreCutAndKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, fresh string }{
		"en":            {"It works now.\n\nOn Fri, 27 Nov 2026 at 10:00, Team <t@x.example> wrote:\n> Please try again.\n", "It works now."},
		"en, broken":    {"Yes.\n\nOn Fri, Nov 27, 2026 at 10:00 AM A Very Long Name Of A Team <\nteam@x.example> wrote:\n\n> Try.\n", "Yes."},
		"de":            {"Geht wieder.\n\nAm 27.11.2026 um 10:00 schrieb Team <t@x.example>:\n> Bitte.", "Geht wieder."},
		"de, other":     {"Geht.\n\nTeam <t@x.example> schrieb am Fr., 27. Nov. 2026, 10:00:\n\n> Bitte.", "Geht."},
		"fr":            {"Merci.\n\nLe ven. 27 nov. 2026 à 10:00, Team <t@x.example> a écrit :\n> Essayez.", "Merci."},
		"es":            {"Gracias.\n\nEl vie, 27 nov 2026 a las 10:00, Team (<t@x.example>) escribió:\n> Pruebe.", "Gracias."},
		"it":            {"Grazie.\n\nIl giorno ven 27 nov 2026 alle ore 10:00 Team <t@x.example> ha scritto:\n> Prova.", "Grazie."},
		"pt":            {"Obrigado.\n\nEm sex., 27 de nov. de 2026 às 10:00, Team <t@x.example> escreveu:\n> Tente.", "Obrigado."},
		"nl":            {"Bedankt.\n\nOp vr 27 nov 2026 om 10:00 schreef Team <t@x.example>:\n> Probeer.", "Bedankt."},
		"pl":            {"Dziękuję.\n\npt., 27 lis 2026 o 10:00 Team <t@x.example> napisał(a):\n> Spróbuj.", "Dziękuję."},
		"outlook":       {"Thanks!\n\n________________________________\nFrom: Team <t@x.example>\nSent: Friday, November 27, 2026 10:00 AM\nTo: Ada\nSubject: Re: Cart\n\nPlease try.", "Thanks!"},
		"outlook de":    {"Danke!\n\nVon: Team <t@x.example>\nGesendet: Freitag, 27. November 2026 10:00\nAn: Ada\nBetreff: AW: Korb\n\nBitte.", "Danke!"},
		"divider":       {"Merci\n-----Message d'origine-----\nDe : Team\nfoo", "Merci"},
		"original":      {"Ok\n\n-----Original Message-----\nFrom: x", "Ok"},
		"signature":     {"Broken.\n-- \nAda Lovelace\n+1 555", "Broken."},
		"phone":         {"Broken.\n\nSent from my iPhone", "Broken."},
		"phone de":      {"Kaputt.\n\nVon meinem iPhone gesendet", "Kaputt."},
		"below":         {"On Fri, 27 Nov 2026, Team wrote:\n> Which browser?\nFirefox 130.\n> Which page?\nThe cart.\n", "Firefox 130.\n\nThe cart."},
		"sign, quote":   {"Hi\n-- \nAda\n\nOn Fri, 27 Nov 2026, Team <t@x> wrote:\n> x", "Hi"},
		"no quote":      {"From: the cart I get to a page\nthat says: 5 > 4\nand nothing else:", "From: the cart I get to a page\nthat says: 5 > 4\nand nothing else:"},
		"shell":         {"I ran:\n> npm start\nand it failed", "I ran:\n> npm start\nand it failed"},
		"nothing fresh": {"> only\n> quoted", ""},
		"japanese":      {"ありがとう\n\n2026年11月27日(金) 10:00 Team <t@x.example>:\n> はい", "ありがとう"},
	} {
		fresh, quoted := Split(c.text)
		if fresh != c.fresh {
			t.Errorf("%s: %q, want %q", name, fresh, c.fresh)
		}
		for _, w := range strings.Fields(c.text) {
			if !strings.Contains(fresh, w) && !strings.Contains(quoted, w) {
				t.Errorf("%s: %q is lost: %q | %q", name, w, fresh, quoted)
			}
		}
	}
}

func TestMachinesAreToldFromPeople(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ head, why string }{
		"person":        {"From: Ada <ada@x.example>\nSubject: Cart", ""},
		"says no":       {"From: ada@x.example\nAuto-Submitted: no", ""},
		"generated":     {"From: ada@x.example\nAuto-Submitted: auto-generated", WhyAutomatic},
		"replied":       {"From: ada@x.example\nAuto-Submitted: auto-replied (vacation)", WhyVacation},
		"bulk":          {"From: ada@x.example\nPrecedence: bulk", WhyBulk},
		"list":          {"From: ada@x.example\nList-Id: <l.x.example>", WhyList},
		"suppress":      {"From: ada@x.example\nX-Auto-Response-Suppress: DR, OOF, AutoReply", WhySuppress},
		"vacation":      {"From: ada@x.example\nSubject: Automatic reply: Re: Cart", WhyVacation},
		"vacation de":   {"From: ada@x.example\nSubject: Abwesenheitsnotiz: Korb", WhyVacation},
		"vacation fr":   {"From: ada@x.example\nSubject: =?utf-8?Q?R=C3=A9ponse_automatique?= : x", WhyVacation},
		"autoreply":     {"From: ada@x.example\nX-Autoreply: yes", WhyVacation},
		"daemon":        {"From: MAILER-DAEMON@x.example", WhyBounce},
		"empty":         {"Return-Path: <>\nFrom: ada@x.example", WhyEmptySender},
		"office talk":   {"From: ada@x.example\nSubject: The door of our office is out of order", ""},
		"reply to auto": {"From: ada@x.example\nSubject: Re: Auto: Cart", ""},
	} {
		if got := Read(wire(c.head + "\n\nx\n")).Machine(false); got != c.why {
			t.Errorf("%s: %q, want %q", name, got, c.why)
		}
	}
	if got := Read(wire("From: a@x\nList-Id: <l>\nPrecedence: list\n\nx")).Machine(true); got != "" {
		t.Errorf("a list that is taken: %q", got)
	}
}

const bounce = `
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: feedback+tok@care.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Original-Recipient: rfc822;ann@gone.example
Final-Recipient: rfc822; ann2@gone.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ann@gone.example>:
 no such user.

Final-Recipient: rfc822; bob@gone.example
Action: delayed
Status: 4.4.1
--b
Content-Type: text/rfc822-headers

Message-ID: <hc.1@care.example>
Subject: Re: Cart
--b--
`

func TestDeliveryReports(t *testing.T) {
	t.Parallel()
	m := Read(wire(bounce))
	if m.Machine(false) != WhyBounce || m.Report == nil || m.Report.OriginalID != "<hc.1@care.example>" || len(m.Report.Recipients) != 2 {
		t.Fatalf("%+v %+v", m, m.Report)
	}
	d, ok := m.Report.Failed()
	if !ok || d.To != "ann@gone.example" || d.Why() != "The mail did not arrive at ann@gone.example: 550 5.1.1 <ann@gone.example>: no such user." {
		t.Errorf("%+v %q", d, d.Why())
	}
	m = Read(wire("From: a@x\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <1@x>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n"))
	if m.Machine(false) != WhyReceipt || m.Report.OriginalID != "<1@x>" {
		t.Errorf("%q %+v", m.Machine(false), m.Report)
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"Re: Cart": "Cart true", "AW: Re: Cart": "Cart true", "SV: Re[2]: Cart": "Cart true", "Cart": "Cart false", "Regarding carts": "Regarding carts false",
		"Fwd: Cart": "Fwd: Cart false", "[EXT] Re: Cart": "Cart true", "回复：Cart": "Cart true", "Re:": " true"} {
		topic, reply := Topic(s)
		if got := fmt.Sprint(topic, " ", reply); got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
	if !Forwarded("WG: Korb") || !Forwarded("Re: Fwd: x") || Forwarded("Cart") {
		t.Error("forwarded")
	}
}

// attribute writes one of TNEF.
func attribute(b *bytes.Buffer, level byte, id uint32, data []byte) {
	b.WriteByte(level)
	_ = binary.Write(b, binary.LittleEndian, id)
	_ = binary.Write(b, binary.LittleEndian, uint32(len(data)))
	b.Write(data)
	b.Write([]byte{0, 0})
}

// property writes a MAPI property of a variable length.
func property(b *bytes.Buffer, typ, id uint16, v []byte) {
	_ = binary.Write(b, binary.LittleEndian, []uint16{typ, id})
	_ = binary.Write(b, binary.LittleEndian, []uint32{1, uint32(len(v))})
	b.Write(v)
	b.Write(make([]byte, (4-len(v)%4)%4))
}

func sampleTNEF() []byte {
	var b, props, file bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, uint32(tnefSignature))
	b.Write([]byte{1, 0})
	_ = binary.Write(&props, binary.LittleEndian, uint32(3))
	_ = binary.Write(&props, binary.LittleEndian, []uint16{0x03, 0x0E17})
	_ = binary.Write(&props, binary.LittleEndian, uint32(1))
	_ = binary.Write(&props, binary.LittleEndian, []uint16{0x1E, 0x8001}) // a named one
	props.Write(make([]byte, 16))
	_ = binary.Write(&props, binary.LittleEndian, []uint32{0, 7, 1, 3})
	props.WriteString("abc\x00")
	property(&props, 0x1F, propBody, []byte("H\x00i\x00\xfc\x00\x00\x00"))
	attribute(&b, 1, attMAPIProps, props.Bytes())
	attribute(&b, 2, attAttachRend, make([]byte, 14))
	attribute(&b, 2, attAttachTitle, []byte("REPORT~1.PDF\x00"))
	attribute(&b, 2, attAttachData, []byte("%PDF"))
	_ = binary.Write(&file, binary.LittleEndian, uint32(2))
	property(&file, 0x1E, propAttachLong, []byte("report of november.pdf\x00"))
	property(&file, 0x1E, propAttachMIME, []byte("application/pdf\x00"))
	attribute(&b, 2, attAttachment, file.Bytes())
	return b.Bytes()
}

func TestTNEF(t *testing.T) {
	t.Parallel()
	raw := append(wire("From: a@x\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n"), sampleTNEF()...)
	m := Read(raw)
	if m.Text != "Hiü" || len(m.Files) != 1 || m.Files[0].Name != "report of november.pdf" || m.Files[0].ContentType != "application/pdf" || string(m.Files[0].Data) != "%PDF" {
		t.Errorf("%q %+v", m.Text, m.Files)
	}
	if m = Read(wire("From: a@x\nContent-Type: application/ms-tnef; name=winmail.dat\n\nnone")); len(m.Files) != 1 || m.Files[0].Name != "winmail.dat" {
		t.Errorf("what is none stays a file: %+v", m.Files)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(wire(bounce))
	f.Add(append(wire("From: a@x\nContent-Type: application/ms-tnef\n\n"), sampleTNEF()...))
	f.Add([]byte("From: =?utf-8?B?/w==?= <a@x>\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html\n\n<p>On Mon 1 Ada wrote:<blockquote>x\n--b--"))
	f.Add([]byte("Subject: Re: Re[1]: x\nContent-Type: text/plain; format=flowed; delsp=yes; charset=iso-2022-jp\n\n> a \n> b\n-- \nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Read(raw)
		if !utf8.ValidString(m.Text) || !utf8.ValidString(m.Subject) || !utf8.ValidString(m.From.Name+m.From.Email) || strings.ContainsRune(m.Text+m.Subject+m.From.Name, 0) {
			t.Fatalf("not a text: %q %q %+v", m.Text, m.Subject, m.From)
		}
		if m.ID == "" || m.ID != ID(raw) || strings.ContainsAny(m.ID, " \r\n") {
			t.Fatalf("id %q", m.ID)
		}
		for _, file := range m.Files {
			if file.Name == "" || strings.ContainsAny(file.Name, "/\\\x00") || len(file.Data) == 0 {
				t.Fatalf("file %q of %d bytes", file.Name, len(file.Data))
			}
		}
		fresh, quoted := Split(m.Text)
		if len(fresh)+len(quoted) > len(m.Text)+2 {
			t.Fatalf("more than there was: %q %q of %q", fresh, quoted, m.Text)
		}
		m.Machine(false)
		Topic(m.Subject)
	})
}
