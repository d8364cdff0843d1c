package enrich_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/microtracker/microtracker/server/enrich"
)

func TestAnAddressIsLocatedByTheFile(t *testing.T) {
	t.Parallel()
	l, err := enrich.OpenLocator(writeFile(t, testDatabase(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ip, zone string
		want     enrich.Location
	}{
		{"81.2.69.142", "America/New_York", enrich.Location{Country: "DE", Region: "BY"}},
		{"::ffff:81.2.69.142", "", enrich.Location{Country: "DE", Region: "BY"}},
		{"2001:218::1", "Europe/Berlin", enrich.Location{Country: "JP", Region: "13"}},
		{"2001:218::1%eth0", "", enrich.Location{Country: "JP", Region: "13"}},
		{"5.5.5.5", "Europe/Berlin", enrich.Location{Country: "FR"}}, // registered only
		{"6.6.6.6", "", enrich.Location{Country: "GB"}},              // a region of no such form
		{"7.7.7.7", "Asia/Tokyo", enrich.Location{Country: "JP"}},    // "EU" is no country
		{"8.8.8.8", "Asia/Tokyo", enrich.Location{Country: "JP"}},    // not in the file
		{"9.9.9.9", "Asia/Tokyo", enrich.Location{Country: "JP"}},    // a record without a country
		{"10.0.0.1", "Asia/Tokyo", enrich.Location{Country: "JP"}},   // private, though it is in the file
		{"127.0.0.1", "Asia/Tokyo", enrich.Location{Country: "JP"}},
		{"::1", "Asia/Tokyo", enrich.Location{Country: "JP"}},
		{"fe80::1%eth0", "Asia/Tokyo", enrich.Location{Country: "JP"}},
		{"", "Asia/Tokyo", enrich.Location{Country: "JP"}},
		{"", "", enrich.Location{}},
		{"8.8.8.8", "UTC", enrich.Location{}},
	} {
		ip, _ := netip.ParseAddr(test.ip)
		if got := l.Locate(ip, test.zone); got != test.want {
			t.Errorf("%q in %q: %+v, want %+v", test.ip, test.zone, got, test.want)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := l.Locate(netip.MustParseAddr("81.2.69.142"), "Asia/Tokyo"); got.Country != "JP" {
		t.Errorf("closed: %+v", got)
	}
}

func TestATimeZoneTellsTheCountry(t *testing.T) {
	t.Parallel()
	l, err := enrich.OpenLocator("")
	if err != nil {
		t.Fatal(err)
	}
	for zone, want := range map[string]string{
		"Europe/Berlin": "DE", "Europe/Kyiv": "UA", "Europe/Kiev": "UA", "Asia/Kolkata": "IN", "Asia/Calcutta": "IN", "US/Pacific": "US",
		"America/Argentina/Buenos_Aires": "AR", "America/Buenos_Aires": "AR", "Asia/Saigon": "VN", "Europe/Vienna": "AT", "Europe/Zurich": "CH",
		"Europe/Oslo": "NO", "Iceland": "IS", "Atlantic/Reykjavik": "IS", "Africa/Asmera": "ER", "America/Coral_Harbour": "CA", "PRC": "CN",
		"Asia/Hong_Kong": "HK", "Asia/Taipei": "TW", "Pacific/Honolulu": "US", "GB": "GB", "America/Ciudad_Juarez": "MX",
		"": "", "UTC": "", "Etc/UTC": "", "Etc/GMT+3": "", "GMT": "", "CET": "", "EST5EDT": "", "Europe/Nowhere": "", "europe/berlin": "", "DE": "", "\x00\xff": "",
	} {
		if got := l.Locate(netip.MustParseAddr("8.8.8.8"), zone); got != (enrich.Location{Country: want}) {
			t.Errorf("%q: %+v, want %q", zone, got, want)
		}
	}
	var none *enrich.Locator
	if got := none.Locate(netip.Addr{}, "Europe/Berlin"); got != (enrich.Location{}) || none.Close() != nil {
		t.Errorf("nil: %+v", got)
	}
}

func TestAFileThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	whole := testDatabase(t)
	for name, test := range map[string]struct {
		path, want string
	}{
		"none":      {filepath.Join(t.TempDir(), "none.mmdb"), "no such file"},
		"a folder":  {t.TempDir(), "name an .mmdb file"},
		"empty":     {writeFile(t, nil), "download and unpack"},
		"a page":    {writeFile(t, []byte("<html>404</html>")), "download and unpack"},
		"cut short": {writeFile(t, whole[:len(whole)/2]), "download and unpack"},
		"broken":    {writeFile(t, bytes.Replace(whole, []byte("\x48iso_code"), []byte("\xffiso_code"), 1)), "broken"},
	} {
		l, err := enrich.OpenLocator(test.path)
		if err == nil || l != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	operators := buildDatabase(t, map[string]any{"8.8.8.0/24": map[string]any{"autonomous_system_number": "15169"}})
	if _, err := enrich.OpenLocator(writeFile(t, operators)); !errors.Is(err, enrich.ErrNoCountries) {
		t.Error(err)
	}
}

func TestABrokenRecordGivesTheZone(t *testing.T) {
	t.Parallel()
	// More networks than are looked at when opening, and the last one's record is broken.
	networks := map[string]any{}
	good := map[string]any{"country": map[string]any{"iso_code": "DE"}}
	for i := range 1 << 17 {
		networks[netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i>>16), byte(i >> 8), byte(i), 0}), 24).String()] = good
	}
	networks["100.0.0.0/24"] = map[string]any{"country": map[string]any{"iso_code": []byte{0xff, 0xff, 0xff}}}
	l, err := enrich.OpenLocator(writeFile(t, buildDatabase(t, networks)))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Locate(netip.MustParseAddr("20.1.1.1"), "Asia/Tokyo"); got.Country != "DE" {
		t.Errorf("%+v", got)
	}
	if got := l.Locate(netip.MustParseAddr("100.0.0.1"), "Asia/Tokyo"); got.Country != "JP" {
		t.Errorf("%+v", got)
	}
}

func TestALocatorIsSharedAndItsFileMayBeOverwritten(t *testing.T) {
	t.Parallel()
	path := writeFile(t, testDatabase(t))
	l, err := enrich.OpenLocator(path)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				if got := l.Locate(netip.MustParseAddr("81.2.69.142"), "Europe/Berlin"); got.Country != "DE" {
					t.Errorf("%+v", got)
					return
				}
			}
		})
	}
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	group.Go(func() { _ = l.Close() })
	group.Wait()
}

func FuzzLocator(f *testing.F) {
	whole := testDatabase(f)
	f.Add(20, byte(0xff), 400, byte(7))
	f.Add(1000, byte(0), 2, byte(0x20))
	f.Fuzz(func(t *testing.T, at int, b byte, also int, c byte) {
		file := slices.Clone(whole)
		file[(at&0xffff)%len(file)] = b
		file[(also&0xffff)%len(file)] = c
		l, err := enrich.OpenLocator(writeFile(t, file))
		if err != nil {
			return
		}
		for _, ip := range []string{"81.2.69.142", "2001:218::1", "5.5.5.5", "255.255.255.254"} {
			got := l.Locate(netip.MustParseAddr(ip), "")
			if len(got.Country) != 2 && got.Country != "" || len(got.Region) > 3 || got.Country == "" && got.Region != "" {
				t.Errorf("%s: %+v", ip, got)
			}
		}
	})
}

func BenchmarkLocate(b *testing.B) {
	l, err := enrich.OpenLocator(writeFile(b, testDatabase(b)))
	if err != nil {
		b.Fatal(err)
	}
	for name, ip := range map[string]string{"address": "81.2.69.142", "zone": "8.8.8.8"} {
		addr := netip.MustParseAddr(ip)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Locate(addr, "Europe/Berlin")
			}
		})
	}
}

func testDatabase(t testing.TB) []byte {
	t.Helper()
	place := func(country string, regions ...string) map[string]any {
		subdivisions := []any{}
		for _, region := range regions {
			subdivisions = append(subdivisions, map[string]any{"iso_code": region, "names": map[string]any{"en": "Somewhere"}})
		}
		return map[string]any{
			"country":            map[string]any{"iso_code": country, "names": map[string]any{"en": "Country"}},
			"registered_country": map[string]any{"iso_code": "EU"},
			"subdivisions":       subdivisions,
		}
	}
	return buildDatabase(t, map[string]any{
		"81.2.69.0/24":  place("DE", "BY", "M"),
		"2001:218::/32": place("JP", "13"),
		"5.5.5.0/24":    map[string]any{"registered_country": map[string]any{"iso_code": "FR"}},
		"6.6.6.0/24":    place("GB", "Greater London"),
		"7.7.7.0/24":    place("EU", "BY"),
		"9.9.9.0/24":    map[string]any{"city": map[string]any{"names": map[string]any{"en": "Nowhere"}}},
		"10.0.0.0/8":    place("US"),
	})
}

func writeFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// buildDatabase makes an .mmdb file by the specification of the MaxMind DB format, version 2.0: a tree of records of 24
// bits, 16 zero bytes, the data, the metadata. IPv4 networks stand below ::/96. A value is a map, a list, a text, or
// bytes that are written as they are.
func buildDatabase(t testing.TB, networks map[string]any) []byte {
	t.Helper()
	const empty, leaf = 0, 1 << 30 // What a record holds while the tree grows, besides the number of a node.
	tree := [][2]int{{}}
	var data []byte
	offsets := map[string]int{}
	for _, network := range slices.Sorted(maps.Keys(networks)) {
		prefix := netip.MustParsePrefix(network)
		bits, address := prefix.Bits(), prefix.Addr().As16()
		if prefix.Addr().Is4() {
			four := prefix.Addr().As4()
			address, bits = [16]byte{}, bits+96
			copy(address[12:], four[:])
		}
		value := string(appendData(nil, networks[network]))
		offset, ok := offsets[value]
		if !ok {
			offset = len(data)
			offsets[value] = offset
			data = append(data, value...)
		}
		node := 0
		for i := range bits {
			bit := address[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				tree[node][bit] = leaf + offset
				break
			}
			if tree[node][bit] == empty {
				tree = append(tree, [2]int{})
				tree[node][bit] = len(tree) - 1
			}
			node = tree[node][bit]
		}
	}
	var out []byte
	for _, node := range tree {
		for _, to := range node {
			switch {
			case to == empty:
				to = len(tree)
			case to >= leaf:
				to += len(tree) + 16 - leaf
			}
			out = append(out, byte(to>>16), byte(to>>8), byte(to))
		}
	}
	out = append(out, make([]byte, 16)...)
	out = append(out, data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return append(out, appendData(nil, map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1_700_000_000),
		"database_type": "Test-City", "description": map[string]any{"en": "test"}, "ip_version": uint16(6), "languages": []any{"en"},
		"node_count": uint32(len(tree)), "record_size": uint16(24),
	})...)
}

func appendData(out []byte, value any) []byte {
	head := func(kind, size int) []byte {
		if size >= 29 {
			panic("too long for this test")
		}
		if kind > 7 {
			return append(out, byte(size), byte(kind-7))
		}
		return append(out, byte(kind<<5|size))
	}
	switch v := value.(type) {
	case []byte:
		return append(out, v...)
	case string:
		return append(head(2, len(v)), v...)
	case uint16:
		return binary.BigEndian.AppendUint16(head(5, 2), v)
	case uint32:
		return binary.BigEndian.AppendUint32(head(6, 4), v)
	case uint64:
		return binary.BigEndian.AppendUint64(head(9, 8), v)
	case []any:
		out = head(11, len(v))
		for _, item := range v {
			out = appendData(out, item)
		}
		return out
	case map[string]any:
		out = head(7, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = appendData(appendData(out, key), v[key])
		}
		return out
	default:
		panic("no such type in this test")
	}
}
