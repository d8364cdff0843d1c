package ads

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how a file writes its characters.
type Encoding string

// The encodings that exports come in.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
)

// detectEncoding guesses by a byte order mark, by NULs where ASCII would have them in UTF-16, and by what is no UTF-8.
func detectEncoding(sample []byte) Encoding {
	switch {
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return UTF16LE
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return UTF16BE
	}
	var nuls [2]int
	for i, b := range sample {
		if b == 0 {
			nuls[i%2]++
		}
	}
	switch {
	case nuls[1] > len(sample)/4:
		return UTF16LE
	case nuls[0] > len(sample)/4:
		return UTF16BE
	}
	for i := 0; i < utf8.UTFMax && !utf8.Valid(sample) && len(sample) > 0; i++ {
		sample = sample[:len(sample)-1] // the last character may be cut
	}
	if utf8.Valid(sample) {
		return UTF8
	}
	return Windows1252
}

// decoder reads UTF-8 of what r holds in another encoding, without a byte order mark.
type decoder struct {
	from     io.Reader
	encoding Encoding
	raw      [16 << 10]byte
	held     int // bytes of raw that make no character yet
	out      []byte
	begun    bool
	err      error
	// rawAt and textAt are how many bytes of the file have become text, and of how many bytes this text is.
	rawAt, textAt int64
	joints        []joint
}

// joint is a place from where on a file can be decoded anew: in its bytes and in its text.
type joint struct{ raw, text int64 }

// newDecoder decodes a file from one of its bytes on, at which a character begins.
func newDecoder(from io.Reader, encoding Encoding, at int64) *decoder {
	return &decoder{from: from, encoding: encoding, begun: at > 0, rawAt: at}
}

// jointBefore returns the last joint that is not behind a place in the text, and forgets those before it.
func (d *decoder) jointBefore(text int64) joint {
	last := 0
	for i, j := range d.joints {
		if j.text <= text {
			last = i
		}
	}
	if d.joints = d.joints[last:]; len(d.joints) == 0 {
		return joint{raw: d.rawAt}
	}
	return d.joints[0]
}

// Read never returns nothing without an error: it reads on until there is something.
func (d *decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.from.Read(d.raw[d.held:])
		n += d.held
		d.err = err
		if d.begun || d.rawAt == 0 {
			d.joints = append(d.joints, joint{d.rawAt, d.textAt})
		}
		d.held = d.decode(d.raw[:n], err != nil)
		if !d.begun && len(d.out) >= 3 {
			d.out, d.begun = bytes.TrimPrefix(d.out, []byte("\ufeff")), true
		}
		d.rawAt, d.textAt = d.rawAt+int64(n-d.held), d.textAt+int64(len(d.out))
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// decode appends the characters of raw to what is out and moves what is left of raw, which it counts, to its beginning.
func (d *decoder) decode(raw []byte, isLast bool) (left int) {
	d.out = d.out[:0]
	switch d.encoding {
	case UTF16LE, UTF16BE:
		var order binary.ByteOrder = binary.LittleEndian
		if d.encoding == UTF16BE {
			order = binary.BigEndian
		}
		for len(raw) >= 2 {
			r, size := rune(order.Uint16(raw)), 2
			if utf16.IsSurrogate(r) {
				if len(raw) < 4 && !isLast {
					break
				}
				low := rune(utf8.RuneError)
				if len(raw) >= 4 {
					low = rune(order.Uint16(raw[2:]))
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					size = 4
				}
			}
			d.out, raw = utf8.AppendRune(d.out, r), raw[size:]
		}
	case Windows1252:
		for _, b := range raw {
			d.out = utf8.AppendRune(d.out, fromWindows1252(b))
		}
		raw = nil
	default:
		// The first characters together, so that a mark in front of them is seen whole.
		if !d.begun && len(raw) < 3 && !isLast {
			break
		}
		d.out, raw = append(d.out, raw...), nil
	}
	if isLast {
		return 0
	}
	return copy(d.raw[:], raw)
}

func fromWindows1252(b byte) rune {
	const high = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"
	if b < 0x80 || b > 0x9f {
		return rune(b)
	}
	n := 0
	for _, r := range high {
		if n == int(b-0x80) {
			return r
		}
		n++
	}
	return utf8.RuneError
}
