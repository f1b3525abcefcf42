package mail

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// Outlook sends some mail as winmail.dat, in TNEF ([MS-OXTNEF]): attachments,
// and in older versions the text, are in there.
const (
	tnefSignature = 0x223E9F78
	maxTNEFFiles  = 100

	attBody         = 0x0002800C
	attAttachData   = 0x0006800F
	attAttachTitle  = 0x00018010
	attAttachRend   = 0x00069002 // begins an attachment
	attMAPIProps    = 0x00069003
	attAttachment   = 0x00069005 // properties of an attachment
	propBody        = 0x1000
	propBodyHTML    = 0x1013
	propAttachData  = 0x3701
	propAttachLong  = 0x3707
	propAttachShort = 0x3704
	propAttachMIME  = 0x370E
)

type tnef struct {
	text, html string
	files      []File
}

// cursor reads little-endian values and says when there are none left.
type cursor struct {
	b  []byte
	ok bool
}

func (c *cursor) take(n int) []byte {
	if !c.ok || n < 0 || n > len(c.b) {
		c.ok = false
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) u16() int {
	if b := c.take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) u32() int {
	if b := c.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// readTNEF returns what can be read; ok is false when it is no TNEF.
func readTNEF(b []byte) (out tnef, ok bool) {
	c := &cursor{b, true}
	if c.u32() != tnefSignature {
		return out, false
	}
	c.u16() // key
	var file *File
	for c.ok && len(c.b) > 0 {
		c.take(1) // level
		id, data := c.u32(), c.take(c.u32())
		c.u16() // checksum
		if data == nil {
			break
		}
		switch id {
		case attBody:
			out.text = toUTF8(bytes.TrimRight(data, "\x00"), "")
		case attMAPIProps:
			properties(data, func(prop, typ int, v []byte) {
				switch prop {
				case propBody:
					out.text = stringOf(typ, v)
				case propBodyHTML:
					out.html = toUTF8(bytes.TrimRight(v, "\x00"), "")
				}
			})
		case attAttachRend:
			if len(out.files) == maxTNEFFiles {
				return out, true
			}
			out.files = append(out.files, File{})
			file = &out.files[len(out.files)-1]
		case attAttachTitle:
			if file != nil && file.Name == "" {
				file.Name = toUTF8(bytes.TrimRight(data, "\x00"), "")
			}
		case attAttachData:
			if file != nil {
				file.Data = data
			}
		case attAttachment:
			if file != nil {
				file.properties(data)
			}
		}
	}
	return out, true
}

func (f *File) properties(data []byte) {
	properties(data, func(prop, typ int, v []byte) {
		switch prop {
		case propAttachLong:
			f.Name = stringOf(typ, v)
		case propAttachShort:
			if f.Name == "" {
				f.Name = stringOf(typ, v)
			}
		case propAttachMIME:
			f.ContentType = stringOf(typ, v)
		case propAttachData:
			if f.Data == nil && typ == 0x102 {
				f.Data = v
			}
		}
	})
}

// properties reads a list of MAPI properties.
func properties(data []byte, each func(prop, typ int, value []byte)) {
	c := &cursor{data, true}
	for range min(c.u32(), 10_000) {
		typ, prop := c.u16(), c.u16()
		if prop >= 0x8000 { // named
			c.take(16)
			if c.u32() == 0 {
				c.u32()
			} else {
				c.padded(c.u32())
			}
		}
		many := typ&0x1000 != 0
		typ &^= 0x1000
		size, variable := sizeOf(typ)
		count := 1
		if many || variable {
			count = c.u32()
		}
		for range min(count, 10_000) {
			var v []byte
			if variable {
				v = c.padded(c.u32())
			} else {
				v = c.take(size)
			}
			if !c.ok {
				return
			}
			if !many {
				each(prop, typ, v)
			}
		}
		if !c.ok {
			return
		}
	}
}

// padded takes n bytes that are filled up to a multiple of four.
func (c *cursor) padded(n int) []byte {
	b := c.take(n)
	if c.ok {
		c.take(min((4-n%4)%4, len(c.b)))
	}
	return b
}

func sizeOf(typ int) (size int, variable bool) {
	switch typ {
	case 0x1E, 0x1F, 0x102, 0x0D:
		return 0, true
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		return 8, false
	case 0x48:
		return 16, false
	}
	return 4, false
}

func stringOf(typ int, v []byte) string {
	if typ != 0x1F {
		return toUTF8(bytes.TrimRight(v, "\x00"), "")
	}
	u := make([]uint16, len(v)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(v[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(u)), "\x00")
}
