package mail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/mail"
)

func TestWhatIsToldOfAMailHasNeitherLinkNorAddress(t *testing.T) {
	t.Parallel()
	m := mail.ResetPassword(recipient, "Zoë", link, 60)
	told := mail.WithoutSecrets(fmt.Errorf("554 <%s>: spam: %s", m.To, m.Text), m).Error()
	if !strings.Contains(told, "554 <a***@example.com>: spam:") || !strings.Contains(told, "[link]") {
		t.Errorf("told %q", told)
	}
	for _, secret := range []string{"ada@", "token", "stats.example.com"} {
		if strings.Contains(told, secret) {
			t.Errorf("%q tells %q", told, secret)
		}
	}
}
