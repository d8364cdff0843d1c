package ads

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

const (
	// SampleSize is how much of a file's beginning Detect needs, in bytes.
	SampleSize = 256 << 10
	// maxPreamble is how far down the header may stand.
	maxPreamble = 30
	// previewRows is how many rows are shown with a layout.
	previewRows = 10
	// sampledRows is how many rows numbers and dates are guessed from.
	sampledRows = 1000
)

// Layout says how a file is read. Detect makes it, whoever imports may change it.
type Layout struct {
	// Platform is whose figures all rows are; empty: the column says it.
	Platform  string    `json:"platform,omitempty"`
	Encoding  Encoding  `json:"encoding"`
	Delimiter string    `json:"delimiter"`
	DateOrder DateOrder `json:"date_order"`
	// DecimalMark is "." or ",".
	DecimalMark string `json:"decimal_mark"`
	// HeaderLine is the line of the titles, from 1 on.
	HeaderLine int `json:"header_line"`
	// Currency is the code that the titles or the rows name, or what whoever imports says; empty: none is known.
	Currency string `json:"currency,omitempty"`
	// CurrencySign is a sign that stands with amounts where no code is known: "$".
	CurrencySign string `json:"currency_sign,omitempty"`
	// Columns are the places of the fields, from 0 on.
	Columns map[Field]int `json:"columns"`
}

// Found is what the beginning of a file says.
type Found struct {
	Layout Layout
	// Titles are those of the columns, and Rows the first rows below, as they stand there.
	Titles []string
	Rows   [][]string
	// IsDateOrderGuessed says that days and months could be meant either way.
	IsDateOrderGuessed bool
	// Missing are the fields without a column that no row can do without.
	Missing []Field
}

// ErrNoTable: a file in which no separator makes a row of titles.
var ErrNoTable = errors.New("no row of titles was found in the first 30 lines: export it as CSV with its column titles, and at least a date, ids and what was spent")

// Detect guesses how a file is to be read from its beginning, of SampleSize bytes or all of it. ErrNoTable.
func Detect(sample []byte) (*Found, error) {
	encoding := detectEncoding(sample)
	best, bestKnown := -1, 1 // more than one title must be known
	var titles []string
	layout := Layout{Encoding: encoding}
	for _, delimiter := range []string{",", ";", "\t", "|"} {
		rows := newScanner(newDecoder(bytes.NewReader(sample), encoding, 0), delimiter[0])
		for range maxPreamble {
			cells, err := rows.read()
			if errors.Is(err, io.EOF) {
				break
			}
			if known := len(columnsOf(cells)); known > bestKnown {
				best, bestKnown, titles = rows.line, known, slices.Clone(cells)
				layout.Delimiter, layout.HeaderLine = delimiter, rows.line
			}
		}
	}
	if best < 0 {
		return nil, ErrNoTable
	}
	layout.Columns = columnsOf(titles)
	layout.Platform = platformOf(titles, layout.HeaderLine)
	if layout.Platform != "" {
		delete(layout.Columns, FieldPlatform) // Meta's is another: where on Meta it was shown
	}
	layout.DecimalMark, layout.DateOrder = ".", YearFirst // until the rows say more
	found, err := Look(sample, layout)
	if err != nil {
		return nil, err
	}
	found.guess(sample)
	return found, nil
}

// columnsOf finds the fields by their titles: of several for one field the one that says it best, of these the first.
func columnsOf(titles []string) map[Field]int {
	columns, ranks := make(map[Field]int), make(map[Field]int)
	for i, title := range titles {
		name, _ := headerName(title)
		field, rank := fieldOf(name)
		if field == "" {
			continue
		}
		if _, taken := columns[field]; !taken || rank < ranks[field] {
			columns[field], ranks[field] = i, rank
		}
	}
	return columns
}

// Look shows the titles and first rows of a file as the layout reads them. ErrNoTable where the titles are not there.
func Look(sample []byte, layout Layout) (*Found, error) {
	found := &Found{Layout: layout}
	err := found.each(sample, previewRows, func(cells []string) { found.Rows = append(found.Rows, slices.Clone(cells)) })
	if err != nil {
		return nil, err
	}
	for _, field := range required() {
		if _, ok := layout.Columns[field]; !ok {
			found.Missing = append(found.Missing, field)
		}
	}
	if _, ok := layout.Columns[FieldPlatform]; !ok && layout.Platform == "" {
		found.Missing = append(found.Missing, FieldPlatform)
	}
	return found, nil
}

// each calls row with the first rows below the titles, which it keeps.
func (f *Found) each(sample []byte, limit int, row func(cells []string)) error {
	rows := newScanner(newDecoder(bytes.NewReader(sample), f.Layout.Encoding, 0), f.Layout.Delimiter[0])
	f.Titles = nil
	for limit > 0 {
		cells, err := rows.read()
		switch {
		case errors.Is(err, io.EOF) && f.Titles == nil:
			return ErrNoTable
		case errors.Is(err, io.EOF):
			return nil
		case err != nil || rows.line < f.Layout.HeaderLine:
		case f.Titles == nil:
			f.Titles = slices.Clone(cells)
		default:
			row(cells)
			limit--
		}
	}
	return nil
}

// guess finds out by the rows how numbers and dates are written and in which currency.
func (f *Found) guess(sample []byte) {
	var numbers, dates []string
	codes := map[string]bool{}
	cell := func(cells []string, field Field) string {
		if at, ok := f.Layout.Columns[field]; ok && at < len(cells) {
			return strings.TrimFunc(cells[at], isBlank)
		}
		return ""
	}
	// An error here was one before.
	_ = f.each(sample, sampledRows, func(cells []string) {
		dates = append(dates, cell(cells, FieldDate))
		numbers = append(numbers, cell(cells, FieldSpend))
		if code := strings.ToLower(cell(cells, FieldCurrency)); isCurrencyCode(code) {
			codes[strings.ToUpper(code)] = true
		}
	})
	f.Layout.DecimalMark = decimalOf(numbers, f.Layout.Delimiter)
	f.Layout.DateOrder, f.IsDateOrderGuessed = dateOrderOf(dates, f.Layout.DecimalMark)
	if at, ok := f.Layout.Columns[FieldSpend]; ok {
		_, f.Layout.Currency = headerName(f.Titles[at])
	}
	for code := range codes {
		if f.Layout.Currency == "" && len(codes) == 1 {
			f.Layout.Currency = code
		}
	}
	for _, number := range numbers {
		if f.Layout.Currency != "" || f.Layout.CurrencySign != "" {
			break
		}
		if code := regexp.MustCompile(`^[A-Z]{3}\b|\b[A-Z]{3}$`).FindString(number); code != "" {
			f.Layout.Currency = code
		} else if at := strings.IndexAny(number, "$€£¥₹"); at >= 0 {
			for _, sign := range number[at:] {
				f.Layout.CurrencySign = string(sign)
				break
			}
		}
	}
}

// decimalOf guesses the decimal mark: where both marks stand the last, else one before other than three digits. Where nothing tells,
// it is a comma between semicolons.
func decimalOf(numbers []string, delimiter string) string {
	votes := map[byte]int{}
	for _, number := range numbers {
		comma, point := strings.LastIndexByte(number, ','), strings.LastIndexByte(number, '.')
		at := max(comma, point)
		if at < 0 {
			continue
		}
		behind, _ := trimCurrency(number[at+1:])
		if comma >= 0 && point >= 0 || len(behind) != 3 {
			votes[number[at]]++
		}
	}
	switch {
	case votes[','] > votes['.'], len(votes) == 0 && delimiter == ";":
		return ","
	}
	return "."
}

// dateOrderOf guesses the order; guessed says that no date tells day and month apart.
func dateOrderOf(dates []string, decimal string) (order DateOrder, guessed bool) {
	votes := make(map[DateOrder]int)
	dotted := false
	for _, date := range dates {
		parts, ok := dateParts(date)
		switch {
		case !ok:
		case parts[0] >= 1000:
			votes[YearFirst]++
		case parts[0] > 12:
			votes[DayFirst]++
		case parts[1] > 12:
			votes[MonthFirst]++
		default:
			votes[""]++
			dotted = dotted || strings.Contains(date, ".")
		}
	}
	switch {
	case votes[DayFirst]+votes[MonthFirst]+votes[""] == 0:
		return YearFirst, false
	case votes[DayFirst] > votes[MonthFirst]:
		return DayFirst, false
	case votes[MonthFirst] > votes[DayFirst]:
		return MonthFirst, false
	case dotted, decimal == ",":
		return DayFirst, !dotted
	}
	return MonthFirst, true
}

// Check says what is wrong with a layout that somebody changed: an error names the field.
func (l Layout) Check() error {
	switch l.Encoding {
	case UTF8, UTF16LE, UTF16BE, Windows1252:
	default:
		return errors.New("encoding: choose utf-8, utf-16le, utf-16be or windows-1252")
	}
	switch l.DateOrder {
	case YearFirst, DayFirst, MonthFirst:
	default:
		return errors.New("date_order: choose ymd, dmy or mdy")
	}
	switch l.Delimiter {
	case ",", ";", "\t", "|":
	default:
		return errors.New("delimiter: choose a comma, a semicolon, a tab or a bar")
	}
	if l.DecimalMark != "." && l.DecimalMark != "," {
		return errors.New("decimal_mark: choose . or ,")
	}
	if l.HeaderLine < 1 || l.HeaderLine > 1000 {
		return errors.New("header_line: it is from 1 to 1000")
	}
	if l.Currency != "" && !isCurrencyCode(strings.ToLower(l.Currency)) {
		return errors.New("currency: write a code of three letters, as USD")
	}
	for field, at := range l.Columns {
		if !slices.Contains(Fields(), field) || at < 0 || at >= maxFields {
			return fmt.Errorf("columns: %s is no field, or %d no column", show(string(field)), at)
		}
	}
	return nil
}
