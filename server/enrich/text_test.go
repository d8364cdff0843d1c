package enrich_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/microtracker/microtracker/server/enrich"
)

func TestTextIsMadeFitToBeStored(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 10, ""},
		{"plain", 10, "plain"},
		{"plain", 5, "plain"},
		{"plain text", 6, "plain"},
		{"plain", 0, ""},
		{"ä", 0, ""},
		{"x", -1, ""},
		{"  a b\t\n", 10, "a b"},
		{"a\nb\tc", 10, "a b c"},
		{"a\x00b\x1b[31m\x7f", 10, "ab[31m"},
		{"äöü", 2, "äö"},
		{"日本語", 3, "日本語"},
		{"a\xffb", 10, "a\uFFFDb"},
		{"a\u202Eb\u2066c\u200Fd\uFEFF", 10, "abcd"},
		{"a\u2028b\u0085c\u00a0d", 10, "a b c d"},
		{"\u202E  x", 10, "x"},
		{"👩\u200d💻 م\u200cن", 10, "👩\u200d💻 م\u200cن"},
	} {
		if got := enrich.FixText(test.text, test.limit); got != test.want {
			t.Errorf("FixText(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func FuzzFixText(f *testing.F) {
	f.Add("a\x00\u202E ä\xff ", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit %= 300
		got := enrich.FixText(text, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > max(0, limit) || strings.TrimSpace(got) != got {
			t.Errorf("FixText(%q, %d) = %q", text, limit, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("FixText(%q, %d) lets %U through", text, limit, r)
			}
		}
		if again := enrich.FixText(got, limit); again != got {
			t.Errorf("FixText(%q, %d) = %q, then %q", text, limit, got, again)
		}
	})
}

func BenchmarkFixText(b *testing.B) {
	for name, text := range map[string]string{"ascii": "Running shoes for the winter | Example Shop", "unicode": "Laufschuhe für den Winter – Beispielladen"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = enrich.FixText(text, 255)
			}
		})
	}
}
