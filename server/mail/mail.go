// Package mail writes the mails of an account (verify, reset, changed, new sign-in) and gets them out: by SMTP, or into a
// folder where there is no mail server, and in the background.
//
// Much of what a mail says was written by strangers, and some mails go to people who never asked for one: whoever
// registers names any address and any name. See plainName for what becomes of names.
package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/microtracker/microtracker/server/enrich"
)

// ErrPermanent marks an error that another try would meet again: a bad address, a mail server that refuses for good.
var ErrPermanent = errors.New("another try will not help")

// Message is one mail, ready to be sent.
type Message struct {
	// To is the bare address, such as "ada@example.com".
	To string
	// Subject is one line. None of this package's holds a stranger's text.
	Subject string
	// Text and HTML say the same; a mail program shows the one it likes better.
	Text, HTML string
	// Link is what the reader is asked to open, as it stands in Text and HTML. Empty if there is nothing to open.
	// It may hold a token: it belongs in the mail, and on the terminal of a newcomer, but in no log.
	Link string
}

// Sender gets a mail out, or at least to the next server. Safe for concurrent use. An error of which another try is
// useless is ErrPermanent.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// maxSubject bounds a subject, in characters.
const maxSubject = 150

// compose makes the MIME message. The Message-ID is made of the content, so that a mail sent twice, because the answer to
// the first time got lost, can be recognised as one. Errors: ErrPermanent for an address that is none.
func compose(m Message, from *netmail.Address, encoding gomail.Encoding) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		// Not err itself, which would repeat the address. No display names, no quoted local parts: they are where
		// header injections live, and no account has one.
		return nil, fmt.Errorf("the recipient is no plain e-mail address: %w", ErrPermanent)
	}
	msg := gomail.NewMsg(gomail.WithEncoding(encoding), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(to)
	msg.Subject(enrich.FixText(m.Subject, maxSubject))
	msg.SetMessageIDWithValue(messageID(m) + from.Address[strings.LastIndexByte(from.Address, '@'):])
	// Nobody's out-of-office reply should answer (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

func messageID(m Message) string {
	sum := sha256.Sum256([]byte(m.To + "\x00" + m.Subject + "\x00" + m.Text))
	return hex.EncodeToString(sum[:16])
}

// MaskAddress is an address as a log may show it: enough to tell one's own, not enough to write to: "a***@example.com".
func MaskAddress(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "***"
	}
	_, first := utf8.DecodeRuneInString(address)
	return enrich.FixText(address[:first]+"***"+address[at:], maxSubject)
}
