package mail

import (
	"errors"
	"regexp"
	"strings"

	"github.com/microtracker/microtracker/server/enrich"
)

var anyURL = regexp.MustCompile(`(?i)https?://\S*`)

// WithoutSecrets is what a sender says of a mail, without its recipient and anything that was to be clicked: fit to be logged
// and kept.
func WithoutSecrets(err error, m Message) error {
	text := err.Error()
	if m.To != "" {
		text = strings.ReplaceAll(text, m.To, MaskAddress(m.To))
	}
	return errors.New(enrich.FixText(anyURL.ReplaceAllString(text, "[link]"), 500))
}
