package enrich

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"
)

//go:generate go run zones_generate.go /usr/share/zoneinfo

// checkedNetworks is how many of a file's networks OpenLocator reads to see that it is whole: a second's work at most.
const checkedNetworks = 1 << 17

// ErrNoCountries is returned for an .mmdb file that tells no address's country, such as one of network operators.
var ErrNoCountries = errors.New("no country in it: take a country or city database, such as GeoLite2-City or DB-IP City Lite")

// Location is where a visitor is.
type Location struct {
	Country string // ISO 3166-1 alpha-2, such as "DE", and "XK" for Kosovo; "" if unknown
	Region  string // ISO 3166-2 without the country: "BY" of DE-BY, at most 3 characters; "" if unknown, and without Country
}

// Locator tells where visitors are: by their address from a file of the operator's, else by their time zone. It is safe
// for concurrent use, and a nil Locator knows no place.
type Locator struct {
	addresses atomic.Pointer[maxminddb.Reader]
	zones     map[string]string // time zone to country; read only
}

// OpenLocator reads an .mmdb file that has the records of MaxMind's or DB-IP's country and city databases. Without a
// path the Locator knows time zones alone.
//
// The file is read into memory, of which it takes its size, and let go: whoever then overwrites or deletes it does no
// harm, and whoever wants the new one opens another Locator. The first networks of the file are read to see that it is
// whole; OpenLocator returns an error that says what to do if it is not, and ErrNoCountries, wrapped, if none of them
// has a country.
func OpenLocator(path string) (*Locator, error) {
	l := &Locator{zones: zoneTable()}
	if path == "" {
		return l, nil
	}
	file, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("read the file of addresses and countries: %w; name an .mmdb file, or none to go by time zones", err)
	}
	reader, err := openAddresses(file)
	if err != nil {
		return nil, fmt.Errorf("use %s to locate addresses: %w", path, err)
	}
	l.addresses.Store(reader)
	return l, nil
}

func openAddresses(file []byte) (reader *maxminddb.Reader, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			reader, err = nil, fmt.Errorf("it is broken, download it again: %v", broken)
		}
	}()
	reader, err = maxminddb.OpenBytes(file)
	if err != nil {
		return nil, fmt.Errorf("it is no whole .mmdb file, download and unpack it again: %w", err)
	}
	located, checked := 0, 0
	for network := range reader.Networks() {
		var found record
		if err := network.Decode(&found); err != nil {
			return nil, fmt.Errorf("it is broken, download it again: network %s: %w", network.Prefix(), err)
		}
		if found.location().Country != "" {
			located++
		}
		if checked++; checked == checkedNetworks {
			break
		}
	}
	if located == 0 {
		return nil, fmt.Errorf("%s: %w", FixText(reader.Metadata.DatabaseType, 100), ErrNoCountries)
	}
	return reader, nil
}

// record is what of an address's record counts.
type record struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Registered struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"registered_country"`
	Subdivisions []struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"subdivisions"`
}

// location takes the country where the address is used, else the one where it was registered, which has no region then.
func (r *record) location() Location {
	if !isCountry(r.Country.Code) {
		if isCountry(r.Registered.Code) {
			return Location{Country: r.Registered.Code}
		}
		return Location{}
	}
	l := Location{Country: r.Country.Code}
	if len(r.Subdivisions) > 0 && isRegion(r.Subdivisions[0].Code) {
		l.Region = r.Subdivisions[0].Code
	}
	return l
}

// Locate says where a visitor with this address and IANA time zone is. Private, local and unknown addresses, those with
// a broken record, and the zero Addr, count for nothing: then the time zone tells the country. A zone that lies in several countries
// stands for the most populous one, by the tz database; "UTC" and "Etc/…" for none.
func (l *Locator) Locate(ip netip.Addr, timeZone string) Location {
	if l == nil {
		return Location{}
	}
	if found := l.byAddress(ip); found.Country != "" {
		return found
	}
	return Location{Country: l.zones[timeZone]}
}

func (l *Locator) byAddress(ip netip.Addr) (found Location) {
	reader := l.addresses.Load()
	ip = ip.Unmap()
	if reader == nil || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return Location{}
	}
	defer func() {
		if recover() != nil { // The reader returns errors; one that it missed must not end the server.
			found = Location{}
		}
	}()
	result := reader.Lookup(ip)
	if !result.Found() {
		return Location{}
	}
	var r record
	if result.Decode(&r) != nil {
		return Location{}
	}
	return r.location()
}

// Close lets the file's memory go. Locate may go on, by time zones alone.
func (l *Locator) Close() error {
	if l != nil {
		l.addresses.Store(nil)
	}
	return nil
}

// isCountry reports whether code may be a country's. Some files tell continents and "unknown" in the same place.
func isCountry(code string) bool {
	if len(code) != 2 || !isUpper(code[0]) || !isUpper(code[1]) {
		return false
	}
	return code != "EU" && code != "AP" && code != "XX" && code != "ZZ"
}

func isRegion(code string) bool {
	for i := range len(code) {
		if !isUpper(code[i]) && (code[i] < '0' || code[i] > '9') {
			return false
		}
	}
	return len(code) >= 1 && len(code) <= 3
}

func isUpper(c byte) bool {
	return c >= 'A' && c <= 'Z'
}

func zoneTable() map[string]string {
	zones := make(map[string]string, strings.Count(zoneCountries, "/"))
	for line := range strings.Lines(zoneCountries) {
		country, names, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.FieldsSeq(names) {
			zones[name] = country
		}
	}
	return zones
}
