// Package ads reads what ad platforms export: CSV files of what each ad cost on each day, in the forms that the platforms give
// them; and it makes and checks the addresses that ads lead to. All of it is pure: bytes in, rows out. It takes any bytes, holds one
// row at a time and a hash of each row's key. docs/ads.md tells of it.
package ads

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"strings"
	"time"

	"github.com/microtracker/microtracker/server/enrich"
)

const (
	// MaxRows is how many rows a file may have.
	MaxRows = 1_000_000
	// maxText is the length of ids and names in runes: that of their columns.
	maxText = 255
)

// ErrTooManyRows: a file has more than MaxRows.
var ErrTooManyRows = fmt.Errorf("the file has more than %d rows: split it, by months for instance", MaxRows)

// Reason says why a row is not taken.
type Reason string

// The reasons. All but the first two are mistakes; these are rows that are no figures of an ad.
const (
	ReasonTotal        Reason = "total"
	ReasonEmpty        Reason = "empty"
	ReasonUnreadable   Reason = "unreadable"
	ReasonMissingID    Reason = "missing_id"
	ReasonBadPlatform  Reason = "bad_platform"
	ReasonBadDate      Reason = "bad_date"
	ReasonNotDaily     Reason = "not_daily"
	ReasonFuture       Reason = "future"
	ReasonBadNumber    Reason = "bad_number"
	ReasonNegative     Reason = "negative"
	ReasonOverflow     Reason = "overflow"
	ReasonWrongMoney   Reason = "wrong_currency"
	ReasonDuplicate    Reason = "duplicate"
	ReasonUnfilled     Reason = "macro"
	ReasonSpreadsheets Reason = "spreadsheet"
)

// Row is one row of a file: what an ad cost on a day, or why it is not taken.
type Row struct {
	// Line is where it begins in the file, from 1 on.
	Line int
	// Reason is empty for a row that is taken; Detail then says in words what is wrong and what to do.
	Reason Reason
	Detail string

	Platform                         string
	Date                             time.Time
	CampaignID, CampaignName         string
	AdsetID, AdsetName, AdID, AdName string
	Impressions, Clicks              int64
	// Cents is what was spent, in hundredths of the currency.
	Cents int64
}

// IsLeftOut reports whether the row is no mistake though it is not taken.
func (r *Row) IsLeftOut() bool { return r.Reason == ReasonTotal || r.Reason == ReasonEmpty }

// Limits say what a file may hold.
type Limits struct {
	// Currency is the project's; rows in another are refused.
	Currency string
	// Today returns the date, at midnight UTC, that it is in the ad account of the platform: later ones are refused.
	Today func(platform string) time.Time
}

// Reader reads the rows of a file.
type Reader struct {
	layout  Layout
	limits  Limits
	text    *decoder
	rows    *scanner
	keys    *keys
	columns [fieldCount]int
	count   int
	wrong   string // what is wrong with the currency of all rows
}

// fieldCount is how many fields there are.
const fieldCount = 13

// Position is a place in a file between two rows. Its zero value is the file's beginning.
type Position struct {
	// Bytes is from where on the file has to be read, Text how many bytes of its text in UTF-8 from there on have been dealt with.
	Bytes int64 `json:"bytes"`
	Text  int64 `json:"text"`
	// Lines and Rows are how many were before.
	Lines int `json:"lines"`
	Rows  int `json:"rows"`
}

// NewReader reads what the layout says of a file, of which file is what follows at.Bytes. Behind the beginning it has to be told which
// rows were taken before: see Seen.
func NewReader(file io.Reader, layout Layout, limits Limits, at Position) (*Reader, error) {
	text := newDecoder(file, layout.Encoding, at.Bytes)
	r := &Reader{layout: layout, limits: limits, text: text, rows: newScanner(text, layout.Delimiter[0]), keys: newKeys(), count: at.Rows}
	r.rows.next, r.rows.taken = at.Lines+1, at.Text
	if _, err := io.CopyN(io.Discard, r.rows.from, at.Text); err != nil {
		return nil, fmt.Errorf("go to line %d of the file: %w", at.Lines+1, err)
	}
	for i, field := range Fields() {
		r.columns[i] = -1
		if at, ok := layout.Columns[field]; ok {
			r.columns[i] = at
		}
	}
	r.wrong = wrongCurrency(layout, limits.Currency)
	return r, nil
}

// Position is where the next row begins.
func (r *Reader) Position() Position {
	from := r.text.jointBefore(r.rows.taken)
	return Position{Bytes: from.raw, Text: r.rows.taken - from.text, Lines: r.rows.next - 1, Rows: r.count}
}

// Seen notes a row that was taken before the reader began: others with its key are refused.
func (r *Reader) Seen(row *Row) { r.keys.add(row) }

// wrongCurrency says what is wrong with the currency that a layout names; empty: nothing.
func wrongCurrency(layout Layout, currency string) string {
	if layout.Currency != "" && layout.Currency != currency {
		return fmt.Sprintf("the file is in %s and the project in %s: export it in the project's currency", layout.Currency, currency)
	}
	if sign := layout.CurrencySign; layout.Currency == "" && sign != "" && !mayBe(sign, currency) {
		return fmt.Sprintf("amounts are in %s and the project in %s: export them in the project's currency", sign, currency)
	}
	return ""
}

// mayBe reports whether a sign is used for the currency.
func mayBe(sign, currency string) bool {
	switch sign {
	case "€":
		return currency == "EUR"
	case "£":
		return currency == "GBP" || currency == "EGP" || currency == "GIP" || currency == "FKP" || currency == "SHP"
	case "¥":
		return currency == "JPY" || currency == "CNY"
	case "₹":
		return currency == "INR"
	}
	return true // many call theirs a dollar
}

// Read returns the next row, also one that is not taken; io.EOF, ErrTooManyRows, or what reading the file met.
func (r *Reader) Read() (Row, error) {
	for {
		cells, err := r.rows.read()
		row := Row{Line: r.rows.line}
		switch {
		case errors.Is(err, errTooLong):
			row.refuse(ReasonUnreadable, err.Error())
		case err != nil:
			return row, err
		case row.Line <= r.layout.HeaderLine:
			continue
		default:
			r.fill(&row, cells)
		}
		if r.count++; r.count > MaxRows {
			return row, ErrTooManyRows
		}
		return row, nil
	}
}

func (r *Row) refuse(reason Reason, detail string) {
	if r.Reason == "" {
		r.Reason, r.Detail = reason, detail
	}
}

// The places of the fields in Reader.columns.
const (
	atPlatform = iota
	atDate
	atEndDate
	atCampaignID
	atCampaignName
	atAdsetID
	atAdsetName
	atAdID
	atAdName
	atImpressions
	atClicks
	atSpend
	atCurrency
)

// fill reads the cells into the row.
func (r *Reader) fill(row *Row, cells []string) {
	cell := func(at int) string {
		if column := r.columns[at]; column >= 0 && column < len(cells) {
			return strings.TrimFunc(cells[column], isBlank)
		}
		return ""
	}
	row.Platform = r.layout.Platform
	if row.Platform == "" {
		row.Platform = strings.ToLower(enrich.FixText(cell(atPlatform), maxText))
	}
	row.CampaignID, row.AdsetID, row.AdID = id(cell(atCampaignID)), id(cell(atAdsetID)), id(cell(atAdID))
	row.CampaignName, row.AdsetName, row.AdName = name(cell(atCampaignName)), name(cell(atAdsetName)), name(cell(atAdName))
	noDate := name(cell(atDate)) == "" || isTotal(cell(atDate)) // a table that begins with the days has its total's name there
	if reason := noFigures(cells, noDate && row.CampaignID == "" && row.AdsetID == "" && row.AdID == ""); reason != "" {
		row.refuse(reason, "")
		return
	}
	r.fillDate(row, cell(atDate), cell(atEndDate))
	for _, number := range []struct {
		title string
		at    int
		read  func(string, byte) (int64, error)
		into  *int64
	}{{"impressions", atImpressions, parseCount, &row.Impressions}, {"clicks", atClicks, parseCount, &row.Clicks}, {"spend", atSpend, parseCents, &row.Cents}} {
		var err error
		if *number.into, err = number.read(cell(number.at), r.layout.DecimalMark[0]); err != nil {
			row.refuse(reasonOf(err), fmt.Sprintf("%s %q: %v", number.title, show(cell(number.at)), err))
		}
	}
	if r.wrong != "" {
		row.refuse(ReasonWrongMoney, r.wrong)
	}
	if currency := strings.ToUpper(cell(atCurrency)); currency != "" && currency != r.limits.Currency {
		row.refuse(ReasonWrongMoney, fmt.Sprintf("it is in %q and the project in %s: export it in the project's currency", show(currency), r.limits.Currency))
	}
	row.checkIDs()
	r.refuseDuplicate(row)
}

// refuseDuplicate refuses a row that would be taken, had not one before it the same key.
func (r *Reader) refuseDuplicate(row *Row) {
	if row.Reason != "" {
		return
	}
	if line := r.keys.add(row); line != 0 {
		row.refuse(ReasonDuplicate, fmt.Sprintf("line %d has the same ad and day: export without breakdowns, one row for each", line))
	}
}

func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, errNegative):
		return ReasonNegative
	case errors.Is(err, errOverflow):
		return ReasonOverflow
	}
	return ReasonBadNumber
}

func (r *Reader) fillDate(row *Row, date, end string) {
	var ok bool
	if row.Date, ok = parseDate(date, r.layout.DateOrder); !ok || row.Date.Year() < 2000 {
		row.refuse(ReasonBadDate, fmt.Sprintf("%q is no day that can be read: choose the order of dates, or export with a column of days", show(date)))
		return
	}
	if end != "" {
		if until, ok := parseDate(end, r.layout.DateOrder); !ok || !until.Equal(row.Date) {
			row.refuse(ReasonNotDaily, fmt.Sprintf("it is of %q to %q: export it broken down by day", show(date), show(end)))
			return
		}
	}
	if row.Date.After(r.limits.Today(row.Platform)) {
		row.refuse(ReasonFuture, row.Date.Format(time.DateOnly)+" has not come yet: see whether the order of dates is right")
	}
}

// checkIDs refuses a row that does not say whose figures it has.
func (r *Row) checkIDs() {
	if r.Platform == "" || len(r.Platform) > 64 || strings.Trim(r.Platform, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" {
		r.refuse(ReasonBadPlatform, fmt.Sprintf("%q is no platform: write facebook, google, microsoft, tiktok or another in small letters", show(r.Platform)))
	}
	for _, given := range []struct{ title, id string }{{"campaign", r.CampaignID}, {"ad set", r.AdsetID}, {"ad", r.AdID}} {
		switch {
		case given.id == "":
			r.refuse(ReasonMissingID, fmt.Sprintf("it has no id of the %s: export with the columns of the ids", given.title))
		case enrich.IsMacro(given.id):
			r.refuse(ReasonUnfilled, fmt.Sprintf("the id of the %s is a macro, %q: export it from the platform", given.title, show(given.id)))
		case isRounded(given.id):
			r.refuse(ReasonSpreadsheets, fmt.Sprintf("a spreadsheet has rounded the id of the %s to %s: import the file as it was exported", given.title, show(given.id)))
		}
	}
}

// isRounded knows what a spreadsheet makes of a long id: 1.20211E+17.
func isRounded(id string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(id), "E+")
	return ok && exponent != "" && isDigits(exponent) && isDigits(strings.NewReplacer(".", "", ",", "").Replace(mantissa)) && mantissa != ""
}

// id is an id as it is kept: without the formula that keeps spreadsheets from rounding it, and without the letters that Meta puts before
// it in some exports.
func id(text string) string {
	if strings.HasPrefix(text, `="`) && strings.HasSuffix(text, `"`) && len(text) > 3 {
		text = text[2 : len(text)-1]
	}
	text = strings.TrimPrefix(text, "'")
	if prefix, digits, ok := strings.Cut(text, ":"); ok && digits != "" && isDigits(digits) && (prefix == "c" || prefix == "cg" || prefix == "a" || prefix == "ag") {
		text = digits
	}
	return name(text)
}

// name is a text as it is kept; dashes stand for none.
func name(text string) string {
	text = enrich.FixText(text, maxText)
	if strings.Trim(text, "-–—") == "" {
		return ""
	}
	return text
}

// noFigures knows the rows of an export that are no ad's: empty ones, totals, what stands below the table. isNobodys says that neither a
// date nor an id is there.
func noFigures(cells []string, isNobodys bool) Reason {
	first := ""
	for _, cell := range cells {
		if first = strings.TrimFunc(cell, isBlank); first != "" {
			break
		}
	}
	if first == "" {
		return ReasonEmpty
	}
	if strings.HasPrefix(first, "©") || isTotal(first) && (isNobodys || strings.Contains(first, ":")) {
		return ReasonTotal
	}
	if isNobodys {
		return ReasonTotal
	}
	return ""
}

// isTotal knows the name of a row of totals: Total, Total: Campaigns, Gesamt.
func isTotal(text string) bool {
	lower := strings.ToLower(show(text))
	for _, word := range []string{"total", "gesamt", "insgesamt", "totaux", "totales"} {
		if rest, ok := strings.CutPrefix(lower, word); ok && (rest == "" || strings.IndexAny(rest, ":- –") == 0) {
			return true
		}
	}
	return false
}

// keys remembers which keys a file has had and on which lines, by hashes of 128 bits that nobody outside can foresee.
type keys struct {
	seeds [2]maphash.Seed
	lines map[[2]uint64]uint32
	text  []byte
}

func newKeys() *keys {
	return &keys{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, lines: map[[2]uint64]uint32{}}
}

// add notes the row and returns the line of the one before with its key, 0 if it is the first.
func (k *keys) add(row *Row) int {
	k.text = row.Date.AppendFormat(k.text[:0], time.DateOnly)
	for _, part := range [...]string{row.Platform, row.CampaignID, row.AdsetID, row.AdID} {
		k.text = append(append(k.text, 0), part...) // no text that was fixed has a NUL
	}
	sum := [2]uint64{maphash.Bytes(k.seeds[0], k.text), maphash.Bytes(k.seeds[1], k.text)}
	if line, ok := k.lines[sum]; ok {
		return int(line)
	}
	k.lines[sum] = uint32(row.Line)
	return 0
}

// Input is a row that somebody sends without a file.
type Input struct {
	Platform, Date                                                    string
	CampaignID, CampaignName, AdsetID, AdsetName, AdID, AdName, Spend string
	Impressions, Clicks                                               int64
}

// Checker checks rows that come without a file, by the rules for those in files.
type Checker struct{ reader Reader }

// NewChecker begins to check rows, each key of which may come once.
func NewChecker(limits Limits) *Checker {
	return &Checker{Reader{layout: Layout{DateOrder: YearFirst, DecimalMark: "."}, limits: limits, keys: newKeys()}}
}

// Check returns the row at a place, taken or refused.
func (c *Checker) Check(place int, given Input) Row {
	row := Row{
		Line: place, Platform: given.Platform, CampaignID: id(given.CampaignID), AdsetID: id(given.AdsetID), AdID: id(given.AdID),
		CampaignName: name(given.CampaignName), AdsetName: name(given.AdsetName), AdName: name(given.AdName),
	}
	c.reader.fillDate(&row, given.Date, "")
	for _, count := range []struct {
		title string
		given int64
		into  *int64
	}{{"impressions", given.Impressions, &row.Impressions}, {"clicks", given.Clicks, &row.Clicks}} {
		switch {
		case count.given < 0:
			row.refuse(ReasonNegative, fmt.Sprintf("%s %d: %v", count.title, count.given, errNegative))
		case count.given > math.MaxInt32:
			row.refuse(ReasonOverflow, fmt.Sprintf("%s %d: %v", count.title, count.given, errOverflow))
		default:
			*count.into = count.given
		}
	}
	var err error
	if row.Cents, err = parseCents(given.Spend, '.'); err != nil {
		row.refuse(reasonOf(err), fmt.Sprintf("spend %q: %v", show(given.Spend), err))
	}
	row.checkIDs()
	c.reader.refuseDuplicate(&row)
	return row
}
