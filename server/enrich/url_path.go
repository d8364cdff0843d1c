package enrich

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// appendPath appends "/" and the path, escaped in one spelling, as long as buffer stays within limit bytes, and reports
// whether that was all of it. It never cuts through an escape, a character or a parameter of a path's segment, whose
// beginning may be another's name. soft is where the first of softLimit bytes end, at such a place but the last.
//
// Characters that must not be stored are replaced, not dropped, lest what stood around them join to form another.
func appendPath(buffer []byte, path string, softLimit, limit int) (out []byte, soft int, whole bool) {
	path = dropPathSession(path)
	start := len(buffer)
	buffer = append(buffer, '/')
	soft = len(buffer)
	for len(path) > 0 {
		before := len(buffer)
		read := 1
		switch c := path[0]; {
		case c == '\\':
			buffer = append(buffer, '/') // as browsers do
		case isPathByte(c):
			buffer = append(buffer, c)
		default:
			var char [utf8.UTFMax]byte
			var n int
			n, read = decodeChar(&char, path)
			buffer = appendChar(buffer, char[:n])
		}
		if len(buffer) > limit {
			buffer = buffer[:before]
			if i := bytes.LastIndexAny(buffer[start:], ";/"); buffer[start+i] == ';' {
				buffer = buffer[:start+i]
			}
			return buffer, min(soft, len(buffer)), false
		}
		if len(buffer) <= softLimit {
			soft = len(buffer)
		}
		path = path[read:]
	}
	return buffer, soft, true
}

func appendChar(buffer, char []byte) []byte {
	if r, size := utf8.DecodeRune(char); size == len(char) && isUnsafeRune(r) {
		return append(buffer, "%EF%BF%BD"...)
	}
	for _, c := range char {
		if isUnreserved(c) {
			buffer = append(buffer, c)
		} else {
			buffer = appendEscape(buffer, c)
		}
	}
	return buffer
}

// decodeChar reads one character that begins with "%" or a byte outside ASCII, be its bytes escaped or not. It returns
// how many bytes it put into char, and from how many bytes of s. A byte that begins no valid UTF-8 stands alone; a "%"
// that escapes nothing stands for itself.
func decodeChar(char *[utf8.UTFMax]byte, s string) (n, read int) {
	var ends [utf8.UTFMax]int
	for n < len(char) && read < len(s) {
		c, size := s[read], 1
		if c == '%' {
			if b, ok := unescape(s[read:]); ok {
				c, size = b, 3
			}
		}
		if n > 0 && utf8.RuneStart(c) {
			break
		}
		char[n] = c
		read += size
		ends[n] = read
		n++
		if char[0] < utf8.RuneSelf {
			break
		}
	}
	_, size := utf8.DecodeRune(char[:n])
	return size, ends[size-1]
}

// dropPathSession cuts out what servers that keep sessions in the path put there: "/cart;jsessionid=1F2E/items".
func dropPathSession(path string) string {
	for from := 0; ; {
		i := strings.IndexByte(path[from:], ';')
		if i < 0 {
			return path
		}
		start := from + i
		end := len(path)
		if j := strings.IndexAny(path[start+1:], `;/\`); j >= 0 {
			end = start + 1 + j
		}
		name, _, _ := strings.Cut(path[start+1:end], "=")
		if isSensitive(decodeComponent(name)) {
			path, from = path[:start]+path[end:], start
		} else {
			from = end
		}
	}
}

// unescape reads "%2F" at the beginning of s.
func unescape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := hexDigit(s[1]), hexDigit(s[2])
	return high<<4 | low&0x0f, high < 16 && low < 16
}

// hexDigit returns the value of a hexadecimal digit, or 255.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	default:
		return 255
	}
}

func appendEscape(buffer []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(buffer, '%', hex[c>>4], hex[c&0x0f])
}

// isUnreserved reports whether c means the same escaped and unescaped (RFC 3986, 2.3).
func isUnreserved(c byte) bool {
	return isWordByte(c) || c == '.' || c == '~'
}

// isPathByte reports whether browsers leave c as it is in a path (WHATWG URL, path percent-encode set) and it is no
// escape.
func isPathByte(c byte) bool {
	return isWordByte(c) || c > ' ' && c < 0x7f && strings.IndexByte("\"#%<>?^`{}", c) < 0
}
