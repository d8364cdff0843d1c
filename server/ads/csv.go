package ads

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	// maxRecord bounds a row of a file in bytes, and maxFields its cells.
	maxRecord = 64 << 10
	maxFields = 512
)

// errTooLong: a row has more than maxRecord bytes or maxFields cells; a quote may be open.
var errTooLong = errors.New("the row is longer than 64 KiB or has more than 512 cells: a quote may be missing")

// scanner reads rows of text with separators, as spreadsheets and platforms write them: a cell may stand in quotes, with quotes
// in it doubled and line breaks as they are. It takes any bytes and holds one row.
type scanner struct {
	from      *bufio.Reader
	delimiter byte
	line      int   // of the row that was read last: where it begins
	next      int   // of the next
	taken     int64 // bytes of the text until there
	text      []byte
	ends      []int
	fields    []string
}

func newScanner(from io.Reader, delimiter byte) *scanner {
	return &scanner{from: bufio.NewReaderSize(from, 64<<10), delimiter: delimiter, next: 1}
}

// read returns the cells of the next row, which are good until the next call; errTooLong for a row that cannot be held, behind
// which it goes on; io.EOF.
func (s *scanner) read() ([]string, error) {
	s.text, s.ends, s.line = s.text[:0], s.ends[:0], s.next
	const (
		begins = iota // of a cell
		plain
		quoted
		closed // behind a quote within quotes
	)
	state, size := begins, 0
	for {
		part, err := s.from.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(part) == 0 && size == 0) {
			return nil, err
		}
		s.taken += int64(len(part))
		isEnd := err != nil
		hasBreak := bytes.HasSuffix(part, []byte("\n"))
		if hasBreak {
			s.next++
		}
		if size += len(part); size > maxRecord {
			return nil, s.skip(hasBreak || isEnd)
		}
		body := part
		if hasBreak {
			body = bytes.TrimSuffix(part[:len(part)-1], []byte("\r"))
		}
		for _, c := range body {
			switch {
			case state == quoted && c == '"':
				state = closed
			case state == quoted:
				s.text = append(s.text, c)
			case state == closed && c == '"':
				s.text = append(s.text, c)
				state = quoted
			case c == s.delimiter:
				s.ends = append(s.ends, len(s.text))
				state = begins
			case state == begins && c == '"':
				state = quoted
			default:
				s.text = append(s.text, c)
				state = plain
			}
		}
		if isEnd || hasBreak && state != quoted {
			break
		}
		if hasBreak {
			s.text = append(s.text, '\n')
		}
	}
	s.ends = append(s.ends, len(s.text))
	if len(s.ends) > maxFields {
		return nil, errTooLong
	}
	whole, begin := string(s.text), 0
	s.fields = s.fields[:0]
	for _, end := range s.ends {
		s.fields = append(s.fields, whole[begin:end])
		begin = end
	}
	return s.fields, nil
}

// skip goes to the end of a line that is too long.
func (s *scanner) skip(atEnd bool) error {
	for !atEnd {
		part, err := s.from.ReadSlice('\n')
		s.taken += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil:
			s.next++
			atEnd = true
		case errors.Is(err, io.EOF):
			atEnd = true
		default:
			return err
		}
	}
	return errTooLong
}
