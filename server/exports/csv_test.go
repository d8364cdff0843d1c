package exports_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/exports"
)

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "",
		"/pricing":                    "/pricing",
		"a=b":                         "a=b",
		"=1+1":                        "'=1+1",
		"+1":                          "'+1",
		"-1":                          "'-1",
		"@SUM(A1)":                    "'@SUM(A1)",
		"\t=1":                        "'\t=1",
		"\r=1":                        "'\r=1",
		"\n=1":                        "'\n=1",
		"  =1":                        "'  =1",
		"\u00a0=1":                    "'\u00a0=1",
		"\u200b=1":                    "'\u200b=1",
		"\ufeff=1":                    "'\ufeff=1",
		`"=1"`:                        `'"=1"`,
		`'=1`:                         `''=1`,
		`" ' =1`:                      `'" ' =1`,
		"＝1":                          "'＝1",
		"＋1":                          "'＋1",
		"－1":                          "'－1",
		"＠SUM(A1)":                    "'＠SUM(A1)",
		"−1":                          "'−1",
		"“=1”":                        "'“=1”",
		" plain":                      " plain",
		`"plain"`:                     `"plain"`,
		`=HYPERLINK("http://a","b")`:  `'=HYPERLINK("http://a","b")`,
		strings.Repeat(" ", 9) + "=1": "'" + strings.Repeat(" ", 9) + "=1",
	} {
		if got := exports.Harmless(text); got != want {
			t.Errorf("Harmless(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 5000) // 10 kB
	left := int32(-5)
	event := &repo.ExportedEvent{
		Event: repo.Event{
			CreatedAt: time.Date(2026, 3, 29, 3, 0, 0, 5e6, time.FixedZone("", 7200)), EventID: uuid.MustParse("00000000-0000-4000-8000-000000000001"),
			EventType: "click", Name: "a,b\r\n\"c\"", Title: long, URL: "https://example.com/?gclid=1", X: &left, Meta: []byte(`{"a": 1}`),
		},
		Session: repo.TrackingSession{Source: "=cmd|' /C calc'!A0", ClickID: "1", Country: "DE", Region: "BE"},
	}
	names := []string{"time", "event_name", "title", "url", "x", "y", "properties", "source", "click_id", "region"}
	for identities, want := range map[bool][]string{
		true:  {"2026-03-29T01:00:00.005Z", "a,b\n\"c\"", long, "https://example.com/?gclid=1", "-5", "", `{"a": 1}`, "'=cmd|' /C calc'!A0", "1", "DE-BE"},
		false: {"2026-03-29T01:00:00.005Z", "a,b\n\"c\"", long, "https://example.com/", "-5", "", `{"a": 1}`, "'=cmd|' /C calc'!A0", "", "DE-BE"},
	} {
		var file bytes.Buffer
		w, err := exports.NewWriter(names, identities)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Header(&file); err != nil {
			t.Fatal(err)
		}
		if err := w.Event(&file, event); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(file.Bytes(), []byte("\"a,b\r\n\"\"c\"\"\"")) {
			t.Errorf("the line feed in a cell is changed: %q", file.String()[:200])
		}
		lines, err := csv.NewReader(&file).ReadAll() // which reads \r\n in a cell as \n
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{names, want}, lines); diff != "" {
			t.Error(diff)
		}
	}
}

func TestColumnsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	all := exports.Columns()
	if len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Errorf("a name is there twice: %v", all)
	}
	if err := exports.Check(append(all, "nonsense")); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("err = %v, want one that names the column", err)
	}
	var file bytes.Buffer
	w, err := exports.NewWriter(all, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Event(&file, new(repo.ExportedEvent)); err != nil { // nothing is there
		t.Error(err)
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add(" '\"=1")
	f.Fuzz(func(t *testing.T, text string) {
		got := exports.Harmless(text)
		if strings.TrimPrefix(got, "'") != text && got != text {
			t.Errorf("Harmless(%q) = %q: the text is changed", text, got)
		}
		if rest := strings.TrimLeft(got, " \"\u00a0"); rest != "" && strings.ContainsRune("=+-@\t\r\n", rune(rest[0])) {
			t.Errorf("Harmless(%q) = %q: a formula", text, got)
		}
	})
}

func TestThePageNamesEveryColumn(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/exports.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "### The columns")
	_, table, _ = strings.Cut(table, "|---|---|")
	var named []string
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for i, text := range strings.Split(first, "`") {
			if i%2 == 1 {
				named = append(named, text)
			}
		}
	}
	if diff := cmp.Diff(exports.Columns(), named); diff != "" {
		t.Errorf("the columns (-) and docs/exports.md (+) differ:\n%s", diff)
	}
}
