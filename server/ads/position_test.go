package ads_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/server/ads"
)

// encode writes a text as files of an encoding have it, with a mark in front where there is one.
func encode(text string, encoding ads.Encoding) string {
	var out strings.Builder
	switch encoding {
	case ads.Windows1252:
		for _, r := range text {
			out.WriteByte(byte(r)) // none of those beyond Latin 1
		}
	case ads.UTF16LE, ads.UTF16BE:
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			low, high := byte(unit), byte(unit>>8)
			if encoding == ads.UTF16BE {
				low, high = high, low
			}
			out.WriteString(string([]byte{low, high}))
		}
	case ads.UTF8:
		return "\ufeff" + text
	}
	return out.String()
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader

	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// Whatever a file holds: read in pieces, each from where the last one ended, it has the rows that it has when it is read at once.
func TestAReaderGoesOnWhereAnotherEnded(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 9))
	for _, encoding := range []ads.Encoding{ads.UTF8, ads.UTF16LE, ads.UTF16BE, ads.Windows1252} {
		name := []string{"plain", "\"with, comma\"", "\"with\nbreak and \"\"quotes\"\"\"", "äöü", strings.Repeat("long ", 300), strings.Repeat("endless ", 10_000), "\"open"}
		if encoding != ads.Windows1252 {
			name = append(name, "日本 🙂")
		}
		var text strings.Builder
		text.WriteString("Report\nDay,Campaign ID,Ad group ID,Ad ID,Ad name,Impr.,Clicks,Cost\n")
		for i := range 3000 {
			of := name[random.IntN(4)]
			if random.IntN(100) == 0 {
				of = name[4+random.IntN(len(name)-4)]
			}
			fmt.Fprintf(&text, "2026-10-%02d,1,2,%d,%s,100,5,%d.25%s", 1+i%19, i%2500/19, of, i, []string{"\n", "\r\n"}[i%2])
		}
		file := encode(text.String(), encoding)
		layout := ads.Layout{
			Platform: "google", Encoding: encoding, Delimiter: ",", DateOrder: ads.YearFirst, DecimalMark: ".", HeaderLine: 2,
			Columns: places("date", "campaign_id", "adset_id", "ad_id", "ad_name", "impressions", "clicks", "spend"),
		}
		open := func(at ads.Position, taken []ads.Row) (*ads.Reader, *counted) {
			rest := &counted{Reader: strings.NewReader(file[at.Bytes:])}
			reader, err := ads.NewReader(rest, layout, limits("EUR"), at)
			if err != nil {
				t.Fatal(err)
			}
			for i := range taken {
				if taken[i].Reason == "" {
					reader.Seen(&taken[i])
				}
			}
			return reader, rest
		}
		readUpTo := func(reader *ads.Reader, most int) (rows []ads.Row, isEnd bool) {
			for len(rows) < most {
				row, err := reader.Read()
				if errors.Is(err, io.EOF) {
					return rows, true
				}
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row)
			}
			return rows, false
		}
		whole, _ := open(ads.Position{}, nil)
		want, _ := readUpTo(whole, 1<<30)
		var got []ads.Row
		for at, isEnd := (ads.Position{}), false; !isEnd; {
			reader, _ := open(at, got)
			var rows []ads.Row
			rows, isEnd = readUpTo(reader, 1+random.IntN(400))
			got = append(got, rows...)
			// What was read before is at most what one look at the file brings.
			if at = reader.Position(); at.Text > 64<<10 {
				t.Fatalf("%+v", at)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s, seed %d (-at once +in pieces):\n%s", encoding, seed, diff)
		}
		half, _ := open(ads.Position{}, nil)
		readUpTo(half, len(want)/2)
		at := half.Position()
		rest, bytes := open(at, nil)
		if rows, _ := readUpTo(rest, 1<<30); len(rows) != len(want)-len(want)/2 || bytes.n != len(file)-int(at.Bytes) {
			t.Errorf("%s: %d rows of %d and %d bytes of %d were read", encoding, len(rows), len(want), bytes.n, len(file))
		}
	}
}
