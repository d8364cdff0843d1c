package identity_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/identity"
)

// strangerPasswords are no common ones: random, phrases, or too long to be guessed though simple.
var strangerPasswords = []string{
	"h7#kQ2vz", "x9TqLm4w", "correct horse battery staple", "kxqm-4v7z-p2wd-9hjt", "michael19850612", "trombone fjord 12",
	"Ich fahre gern nach Husum", "пыльный граммофон", "雨の日は本を読む", "summer in the north of Norway", "aQ3!aQ3!bR4?",
	rightPassword, strings.Repeat("lorem ipsum ", 10),
}

func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		// as they are
		"password", "12345678", "qwertyuiop", "iloveyou", "1q2w3e4r", "p@ssw0rd", "trustno1", "passw0rd", "baseball",
		"PASSWORD", "  Password ", "QwErTy123",
		// with something before or after
		"password1", "Password1!", "Summer2024", "Summer2024!", "welcome123!", "!monkey12", "Monkey123456", "admin@2025",
		"123dragon", "London_1999", "Microtracker1", "letmein!!",
		// with signs for letters
		"P4ssw0rd", "P@$$w0rd", "p@ssword", "adm1n2024", "we1c0me99", "pr1nc3ss", "5unsh1ne",
		// no more than a pattern
		"aaaaaaaa", "ababababab", "11112222", "abcdefgh", "87654321", "1234567890123", "0987654321", "abc1abc1", "123123123",
		"adminadmin", "monkeymonkey", "йййййййй", "",
	} {
		if !identity.IsCommonPassword(password) {
			t.Errorf("%q was let pass", password)
		}
	}
}

func TestOtherPasswordsAreNotCommon(t *testing.T) {
	t.Parallel()
	for _, password := range strangerPasswords {
		if identity.IsCommonPassword(password) {
			t.Errorf("%q was refused", password)
		}
		if identity.IsGuessable(password, "ada.lovelace@example.com", "Ada Lovelace") {
			t.Errorf("%q was taken for Ada's own name", password)
		}
	}
}

func TestEveryPasswordOfTheListIsFound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("common_passwords.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(list) < 20_000 || !slices.IsSorted(list) {
		t.Errorf("the list has %d lines; sorted: %v", len(list), slices.IsSorted(list))
	}
	for _, password := range list {
		if !identity.IsCommonPassword(password) {
			t.Errorf("%q was not found", password)
		}
	}
}

func TestThePasswordsOfTheAccountsOwnWordsAreGuessable(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"ada.lovelace@example.com", "ADA.LOVELACE@EXAMPLE.COM", "ada.lovelace", "adalovelace", "Ada Lovelace", "lovelace1815",
		"Lovelace!", "L0velace1", "example2026", "example.com", "ada12345", "lovelace",
	} {
		if !identity.IsGuessable(password, " Ada.Lovelace+stats@example.com", "Ada Lovelace") {
			t.Errorf("%q was let pass", password)
		}
	}
}

func TestAShortNameForbidsNothing(t *testing.T) {
	t.Parallel()
	for _, account := range [][2]string{{"", ""}, {"a@b", "X"}, {"jo@x.io", "Jo"}} {
		for _, password := range []string{"jo123456789", "x", "h7#kQ2vz", "1234", ""} {
			if identity.IsGuessable(password, account[0], account[1]) {
				t.Errorf("%q was refused to %q", password, account)
			}
		}
	}
}

func FuzzNoPasswordBreaksTheChecks(f *testing.F) {
	for _, password := range strangerPasswords {
		f.Add(password, "ada@example.com", "Ada")
	}
	f.Add("\xff\x00\n", "@", "\n")
	f.Fuzz(func(t *testing.T, password, email, name string) {
		if identity.IsCommonPassword(password) != identity.IsCommonPassword(strings.ToLower(strings.TrimSpace(password))) {
			t.Error("case or white space makes a difference")
		}
		identity.IsGuessable(password, email, name)
	})
}

func BenchmarkIsCommonPassword(b *testing.B) {
	for _, c := range []struct{ name, password string }{
		{"listed", "iloveyou"},
		{"decorated", "Summer2024!"},
		{"spelled", "!P4$$w0rd11"}, // the most look-ups
		{"random", "h7kQ2vzT9mXw"},
		{"phrase", "correct horse battery staple"},
		{"longest", strings.Repeat("xyzw5678", 15) + "abcdefgh"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				identity.IsCommonPassword(c.password)
			}
		})
	}
}

func BenchmarkIsGuessable(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		identity.IsGuessable("h7kQ2vzT9mXw", "ada.lovelace@example.com", "Ada Lovelace")
	}
}
