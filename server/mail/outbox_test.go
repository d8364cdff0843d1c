package mail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/microtracker/microtracker/server/mail"
)

func TestTheOutboxKeepsAMailForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "outbox")
	var announced []string
	outbox, err := mail.NewOutbox(dir, func(path string, m mail.Message) { announced = append(announced, path, m.Link) })
	if err != nil {
		t.Fatal(err)
	}
	m := mail.ResetPassword(recipient, "Zoë", link, 60)
	if err := outbox.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "000001.eml")
	if len(announced) != 2 || announced[0] != path || announced[1] != link {
		t.Fatalf("announced %q", announced)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, string(raw), m)
	if !strings.Contains(string(raw), link) {
		t.Error("the link cannot be copied from the file")
	}
	for name, want := range map[string]os.FileMode{path: 0o600, dir: 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v (%v), want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestTheOutboxKeepsTheNewestAndWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "outbox")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.txt", "1.eml", "-00001.eml", "draft.eml"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	outbox, err := mail.NewOutbox(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	for range 203 {
		sending.Go(func() {
			if err := outbox.Send(t.Context(), mail.VerifyEmail(recipient, "Ada", link)); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
	for number := 1; number <= 203; number++ {
		_, err := os.Stat(filepath.Join(dir, fmt.Sprintf("%06d.eml", number)))
		if kept := err == nil; kept != (number > 3) {
			t.Errorf("mail %d: kept %v", number, kept)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 204 {
		t.Errorf("%d files, want 200 mails and 4 others (%v)", len(entries), err)
	}
}

func TestTheOutboxGoesOnAfterAnother(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "outbox")
	var last string
	for range 2 {
		outbox, err := mail.NewOutbox(dir, func(path string, _ mail.Message) { last = filepath.Base(path) })
		if err != nil {
			t.Fatal(err)
		}
		if err := outbox.Send(t.Context(), mail.VerifyEmail(recipient, "Ada", link)); err != nil {
			t.Fatal(err)
		}
	}
	if last != "000002.eml" {
		t.Errorf("the second mail is %s", last)
	}
}

func TestTheOutboxRefusesAFolderThatOthersMayRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "outbox")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := mail.NewOutbox(dir, nil); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("err = %v", err)
	}
}
