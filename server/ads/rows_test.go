package ads_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/server/ads"
)

// limits are those of a project in a currency on 20 October 2026.
func limits(currency string) ads.Limits {
	return ads.Limits{Currency: currency, Today: func(string) time.Time { return time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC) }}
}

// read detects the layout of a file and reads its rows, one line of text each.
func read(t *testing.T, file, currency string) (*ads.Found, []string) {
	t.Helper()
	found, err := ads.Detect([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return found, rowsOf(t, file, found.Layout, currency)
}

func rowsOf(t *testing.T, file string, layout ads.Layout, currency string) []string {
	t.Helper()
	var rows []string
	reader, err := ads.NewReader(strings.NewReader(file), layout, limits(currency), ads.Position{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Reason != "" {
			rows = append(rows, fmt.Sprintf("%d: %s", row.Line, row.Reason))
			continue
		}
		rows = append(rows, fmt.Sprintf("%d: %s %s %s %s/%s/%s %s/%s/%s %d %d %d", row.Line, row.Platform, row.Date.Format(time.DateOnly), "",
			row.CampaignID, row.AdsetID, row.AdID, row.CampaignName, row.AdsetName, row.AdName, row.Impressions, row.Clicks, row.Cents))
	}
}

// places are the columns of a file with these fields.
func places(fields ...ads.Field) map[ads.Field]int {
	columns := make(map[ads.Field]int)
	for i, field := range fields {
		columns[field] = i
	}
	return columns
}

// utf16le is a text as spreadsheets like it.
func utf16le(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out.WriteByte(byte(unit))
		out.WriteByte(byte(unit >> 8))
	}
	return out.String()
}

func TestExportsAreReadAsTheirPlatformsWriteThem(t *testing.T) {
	t.Parallel()
	const google = "Ad report\nOctober 5, 2026 - October 6, 2026\n" +
		"Day\tCampaign ID\tCampaign\tAd group ID\tAd group\tAd ID\tCurrency code\tImpr.\tClicks\tCost\n" +
		"2026-10-05\t11\tBrand, all\t21\tExact\t31\tUSD\t1,234\t56\t\"$1,234.56\"\n" +
		"2026-10-06\t11\tBrand, all\t21\tExact\t31\tUSD\t --\t0\t0.00\n" +
		"Total: Campaigns\t --\t --\t --\t --\t --\tUSD\t1,234\t56\t\"$1,234.56\"\n"
	for _, test := range []struct {
		name, file, currency, layout string
		rows                         []string
	}{
		{"Meta in English", "\ufeff" + `"Campaign name","Campaign ID","Ad set name","Ad set ID","Ad name","Ad ID","Day","Impressions","Clicks (all)","Link clicks","Amount spent (USD)","Reporting starts","Reporting ends"` + "\r\n" +
			`,,,,,,,3000,80,60,"24.68",2026-10-05,2026-10-06` + "\r\n" +
			`"Autumn, ""big"" sale",c:120210000000000011,Set,120210000000000021,"Blue` + "\n" + `shoe",120210000000000031,2026-10-05,1000,50,40,12.34,2026-10-05,2026-10-05` + "\r\n" +
			`Autumn,120210000000000011,Set,120210000000000021,Blue,120210000000000032,2026-10-05,1000,,,,2026-10-05,2026-10-06` + "\r\n", "USD", "facebook utf-8 , ymd . 1 USD", []string{
			"2: total", `3: facebook 2026-10-05  120210000000000011/120210000000000021/120210000000000031 Autumn, "big" sale/Set/Blue shoe 1000 40 1234`, "5: not_daily",
		}},
		{"Meta in German", `Kampagnenname;Kampagnen-ID;Anzeigengruppen-ID;Anzeigen-ID;Tag;Impressionen;Link-Klicks;Ausgegebener Betrag (EUR)` + "\n" +
			`Herbst;1;2;3;05.10.2026;1.234;56;1.234,56` + "\n" + `Herbst;1;2;4;13.10.2026;0;0;0` + "\n", "EUR", "facebook utf-8 ; dmy , 1 EUR", []string{
			"2: facebook 2026-10-05  1/2/3 Herbst// 1234 56 123456", "3: facebook 2026-10-13  1/2/4 Herbst// 0 0 0",
		}},
		{"Meta in German, which begins with the days", "Tag;Kampagnen-ID;Anzeigengruppen-ID;Anzeigen-ID;Impressionen;Link-Klicks;Ausgegebener Betrag (EUR)\n" +
			"05.10.2026;1;2;3;1.234;56;1.234,56\n13.10.2026;1;2;3;0;0;0\nGesamt;;;;1.234;56;1.234,56\n", "EUR", "facebook utf-8 ; dmy , 1 EUR", []string{
			"2: facebook 2026-10-05  1/2/3 // 1234 56 123456", "3: facebook 2026-10-13  1/2/3 // 0 0 0", "4: total",
		}},
		{"Meta in French, as Windows writes it", "Nom de la campagne;Identifiant de la campagne;Identifiant de l'ensemble de publicit\xe9s;Identifiant de la publicit\xe9;Jour;Impressions;Clics sur un lien;Montant d\xe9pens\xe9 (EUR)\n" +
			"\xc9t\xe9;1;2;3;2026-10-05;1\xa0234;5;12,30 \x80\n", "EUR", "facebook windows-1252 ; ymd , 1 EUR", []string{"2: facebook 2026-10-05  1/2/3 Été// 1234 5 1230"}},
		{"Meta in Spanish", "Nombre de la campaña,Identificador de la campaña,Identificador del conjunto de anuncios,Identificador del anuncio,Día,Impresiones,Clics en el enlace,Importe gastado (EUR)\n" +
			"Otoño,1,2,3,2026-10-05,10,1,0.99\n", "EUR", "facebook utf-8 , ymd . 1 EUR", []string{"2: facebook 2026-10-05  1/2/3 Otoño// 10 1 99"}},
		{"Google", google, "USD", "google utf-8 \t ymd . 3 USD", []string{
			"4: google 2026-10-05  11/21/31 Brand, all/Exact/ 1234 56 123456", "5: google 2026-10-06  11/21/31 Brand, all/Exact/ 0 0 0", "6: total",
		}},
		{"Google in UTF-16", utf16le(google), "USD", "google utf-16le \t ymd . 3 USD", []string{
			"4: google 2026-10-05  11/21/31 Brand, all/Exact/ 1234 56 123456", "5: google 2026-10-06  11/21/31 Brand, all/Exact/ 0 0 0", "6: total",
		}},
		{"Microsoft", "Gregorian date,Campaign name,Campaign ID,Ad group,Ad group ID,Ad ID,Impressions,Clicks,Spend,Currency code\n" +
			"10/5/2026,Brand,1,Exact,2,3,100,5,1.50,USD\n10/13/2026,Brand,1,Exact,2,3,100,5,1.50,USD\n©2026 All rights reserved.\n", "USD", "microsoft utf-8 , mdy . 1 USD", []string{
			"2: microsoft 2026-10-05  1/2/3 Brand/Exact/ 100 5 150", "3: microsoft 2026-10-13  1/2/3 Brand/Exact/ 100 5 150", "4: total",
		}},
		{"TikTok", "Campaign name,Campaign ID,Ad group name,Ad group ID,Ad name,Ad ID,By Day,Cost,Impressions,Clicks (destination),Currency\n" +
			"Unboxing,1,All,2,Clip,3,2026-10-05 00:00:00,7.10,900,12,JPY\nTotal of 1 results,-,-,-,-,-,-,7.10,900,12,JPY\n", "JPY", "tiktok utf-8 , ymd . 1 JPY", []string{
			"2: tiktok 2026-10-05  1/2/3 Unboxing/All/Clip 900 12 710", "3: total",
		}},
		{"our own", "platform,date,campaign_id,adset_id,ad_id,impressions,clicks,spend\nreddit,20261005,1,2,3,10,1,0.10\n,2026-10-05,1,2,4,10,1,0.10\n", "EUR", " utf-8 , ymd . 1 ", []string{
			"2: reddit 2026-10-05  1/2/3 // 10 1 10", "3: bad_platform",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, rows := read(t, test.file, test.currency)
			l := found.Layout
			if got := fmt.Sprintf("%s %s %s %s %s %d %s", l.Platform, l.Encoding, l.Delimiter, l.DateOrder, l.DecimalMark, l.HeaderLine, l.Currency); got != test.layout {
				t.Errorf("layout %q, want %q", got, test.layout)
			}
			if len(found.Missing) > 0 {
				t.Errorf("missing %v among %q", found.Missing, found.Titles)
			}
			if diff := cmp.Diff(test.rows, rows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsWrongWithARowIsSaid(t *testing.T) {
	t.Parallel()
	const titles = "platform,date,campaign_id,adset_id,ad_id,impressions,clicks,spend,currency\n"
	for row, want := range map[string]string{
		"x,2026-10-05,1,2,3,1,1,1,EUR":                     "",
		"x,2026-10-20,1,2,3,1,1,9999999999.99,":            "",
		"x,2026-10-05,1,2,3,2147483647,1,(0),":             "",
		"x,2026-10-21,1,2,3,1,1,1,EUR":                     "future",
		"x,2026-02-30,1,2,3,1,1,1,EUR":                     "bad_date",
		"x,yesterday,1,2,3,1,1,1,EUR":                      "bad_date",
		"x,1926-10-05,1,2,3,1,1,1,EUR":                     "bad_date",
		"x,2026-10-05,,2,3,1,1,1,EUR":                      "missing_id",
		"x,2026-10-05,1,--,3,1,1,1,EUR":                    "missing_id",
		"x,2026-10-05,1,2,{{ad.id}},1,1,1,EUR":             "macro",
		"x,2026-10-05,1.20211E+17,2,3,1,1,1,EUR":           "spreadsheet",
		"x,2026-10-05,1,2,3,1,1,1,USD":                     "wrong_currency",
		"x,2026-10-05,1,2,3,1,1,-1,":                       "negative",
		"x,2026-10-05,1,2,3,-1,1,1,":                       "negative",
		"x,2026-10-05,1,2,3,1,1,(1.00),":                   "negative",
		"x,2026-10-05,1,2,3,1,1,10000000000,":              "overflow",
		"x,2026-10-05,1,2,3,2147483648,1,1,":               "overflow",
		"x,2026-10-05,1,2,3,1.5,1,1,":                      "bad_number",
		"x,2026-10-05,1,2,3,1,1,1.005,":                    "bad_number",
		"x,2026-10-05,1,2,3,1,1,12K,":                      "bad_number",
		"x,2026-10-05,1,2,3,1,1,1e3,":                      "bad_number",
		`x,2026-10-05,1,2,3,1,1,"1,23",`:                   "bad_number",
		"A B,2026-10-05,1,2,3,1,1,1,":                      "bad_platform",
		",,,,,,,,":                                         "empty",
		`x,2026-10-05,1,2,"` + strings.Repeat("a", 70_000): "unreadable",
	} {
		found, rows := read(t, titles+"y,2026-10-01,1,2,3,1,1,1.00,EUR\n"+row+"\ny,2026-10-02,1,2,3,1,1,1.00,EUR\n", "EUR")
		if found.Layout.DecimalMark != "." {
			t.Fatalf("%s: %+v", row, found.Layout)
		}
		got := rows[1]
		if want == "" && !strings.HasPrefix(got, "3: x ") || want != "" && got != "3: "+want {
			t.Errorf("%.80s: %s, want %q", row, got, want)
		}
		if want != "unreadable" && (len(rows) != 3 || !strings.HasPrefix(rows[2], "4: y")) {
			t.Errorf("%.80s: what follows is %v", row, rows[2:])
		}
	}
	twice := titles + "x,2026-10-05,1,2,3,1,1,1,\nx,2026-10-05,1,2,4,1,1,1,\nx,2026-10-05,1,2,3,1,1,2,\n"
	if _, rows := read(t, twice, "EUR"); rows[2] != "4: duplicate" {
		t.Errorf("twice the same: %v", rows)
	}
	if _, rows := read(t, "Day,Campaign ID,Ad set ID,Ad ID,Impressions,Link clicks,Amount spent (USD)\n2026-10-05,1,2,3,1,1,1\n", "EUR"); rows[0] != "2: wrong_currency" {
		t.Errorf("in dollars: %v", rows)
	}
	if _, rows := read(t, "Day,Campaign ID,Ad set ID,Ad ID,Impressions,Link clicks,Amount spent\n2026-10-05,1,2,3,1,1,£1\n", "EUR"); rows[0] != "2: wrong_currency" {
		t.Errorf("in pounds: %v", rows)
	}
}

func TestALayoutMayBeChanged(t *testing.T) {
	t.Parallel()
	const file = "Datum;K;G;A;Imp;Kl;Geld\n05.06.2026;1;2;3;1.000;1;0.5\n"
	if _, err := ads.Detect([]byte(file)); !errors.Is(err, ads.ErrNoTable) {
		t.Errorf("one title is enough: %v", err)
	}
	layout := ads.Layout{
		Platform: "facebook", Encoding: ads.UTF8, Delimiter: ";", DateOrder: ads.MonthFirst, DecimalMark: ".", HeaderLine: 1,
		Columns: places("date", "campaign_id", "adset_id", "ad_id", "impressions", "clicks", "spend"),
	}
	if err := layout.Check(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"2: bad_number"}, rowsOf(t, file, layout, "EUR")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2: facebook 2026-05-06  1/2/3 // 1 1 50"}, rowsOf(t, strings.Replace(file, "1.000", "1", 1), layout, "EUR")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	found, err := ads.Look([]byte(file), layout)
	if err != nil || len(found.Titles) != 7 || len(found.Rows) != 1 || len(found.Missing) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	delete(layout.Columns, ads.FieldAdID)
	if found, err = ads.Look([]byte(file), layout); err != nil || len(found.Missing) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	for wrong, change := range map[string]func(l *ads.Layout){
		"encoding":     func(l *ads.Layout) { l.Encoding = "ebcdic" },
		"delimiter":    func(l *ads.Layout) { l.Delimiter = "x" },
		"decimal_mark": func(l *ads.Layout) { l.DecimalMark = "" },
		"date_order":   func(l *ads.Layout) { l.DateOrder = "" },
		"header_line":  func(l *ads.Layout) { l.HeaderLine = 0 },
		"currency":     func(l *ads.Layout) { l.Currency = "dollars" },
		"columns":      func(l *ads.Layout) { l.Columns = places("nothing") },
	} {
		changed := layout
		change(&changed)
		if err := changed.Check(); err == nil || !strings.HasPrefix(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("platform,date,campaign_id,adset_id,ad_id,impressions,clicks,spend\nx,2026-10-05,1,2,3,1,1,1.5\n"), ",", ".")
	f.Add([]byte("\xff\xfed\x00a\x00y\x00"), "\t", ",")
	f.Add([]byte("Day,Cost\n\"unclosed\n\n\r\n,,\"\"\"x\"y\n"), ";", ".")
	f.Fuzz(func(t *testing.T, file []byte, delimiter, decimal string) {
		layouts := []ads.Layout{{
			Platform: "x", Encoding: ads.UTF8, Delimiter: delimiter, DateOrder: ads.DayFirst, DecimalMark: decimal, HeaderLine: 1,
			Columns: places("date", "campaign_id", "adset_id", "ad_id", "impressions", "clicks", "spend"),
		}}
		if found, err := ads.Detect(file); err == nil {
			layouts = append(layouts, found.Layout)
		}
		for _, layout := range layouts {
			if layout.Check() != nil {
				continue
			}
			reader, err := ads.NewReader(strings.NewReader(string(file)), layout, limits("EUR"), ads.Position{})
			if err != nil {
				t.Fatal(err)
			}
			last := 0
			for {
				row, err := reader.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if row.Line <= last || row.Line <= layout.HeaderLine {
					t.Fatalf("line %d behind %d", row.Line, last)
				}
				last = row.Line
				if row.Reason != "" {
					continue
				}
				if row.Cents < 0 || row.Cents > 999_999_999_999 || row.Clicks < 0 || row.Impressions > 1<<31-1 || row.AdID == "" || strings.ContainsRune(row.AdID+row.AdName, 0) || row.Date.Year() < 2000 {
					t.Fatalf("%+v", row)
				}
			}
		}
	})
}
