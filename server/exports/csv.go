package exports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"unicode"

	"github.com/microtracker/microtracker/repo"
)

// ByteOrderMark is what a file begins with by which some spreadsheets know that it is UTF-8.
const ByteOrderMark = "\ufeff"

// Writer writes events as lines of CSV: RFC 4180, UTF-8.
type Writer struct {
	columns []column
	// identities: also what recognises visitors elsewhere.
	identities bool
	cells      []string
}

// NewWriter makes a writer of these columns; identities says whether what recognises visitors elsewhere is written.
func NewWriter(names []string, identities bool) (*Writer, error) {
	chosen, err := choose(names)
	if err != nil {
		return nil, err
	}
	return &Writer{columns: chosen, identities: identities, cells: make([]string, len(chosen))}, nil
}

// Header appends the line of the names.
func (w *Writer) Header(to *bytes.Buffer) error {
	for i := range w.columns {
		w.cells[i] = w.columns[i].name
	}
	return w.line(to)
}

// Event appends an event's line.
func (w *Writer) Event(to *bytes.Buffer, event *repo.ExportedEvent) error {
	for i := range w.columns {
		c := &w.columns[i]
		if c.isIdentity && !w.identities {
			w.cells[i] = ""
			continue
		}
		text := c.cell(event)
		if c.isAddress && !w.identities {
			text, _, _ = strings.Cut(text, "?")
		}
		if !c.isNumber {
			text = Harmless(text)
		}
		w.cells[i] = text
	}
	return w.line(to)
}

// line appends the cells. The package csv ends lines with a line feed alone, or else changes those within cells, too.
func (w *Writer) line(to *bytes.Buffer) error {
	csvWriter := csv.NewWriter(to)
	if err := csvWriter.Write(w.cells); err != nil {
		return fmt.Errorf("write a line of the export: %w", err)
	}
	csvWriter.Flush()
	if err := csvWriter.Error(); err != nil {
		return fmt.Errorf("write a line of the export: %w", err)
	}
	to.Truncate(to.Len() - 1)
	to.WriteString("\r\n")
	return nil
}

// Harmless returns the text as a cell that no spreadsheet takes for a formula: with an apostrophe before it where it could. What
// it begins with decides, also behind spaces, invisible characters and quotation marks, which some programs take off, and in
// the wide forms that some take for the same.
func Harmless(text string) string {
	for _, r := range text {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−':
			return "'" + text
		case '\'', '"', '`', '‘', '’', '“', '”', '„', '‚', '«', '»', '＇', '＂':
			continue
		}
		if !unicode.IsSpace(r) && unicode.IsPrint(r) {
			return text
		}
	}
	return text
}
