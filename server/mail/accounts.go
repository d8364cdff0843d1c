package mail

import (
	"embed"
	htmltemplate "html/template"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"
)

//go:embed templates
var files embed.FS

//nolint:gochecknoglobals // parsed once, never written
var (
	verifyEmail     = parse("verify_email")
	resetPassword   = parse("reset_password")
	passwordChanged = parse("password_changed")
	newSignIn       = parse("new_sign_in")
)

// VerifyEmail asks the owner of an address to prove it by opening link. It may reach somebody who never heard of us.
// Links, here and below, are absolute http or https addresses; any other is left out.
func VerifyEmail(to, name, link string) Message {
	return verifyEmail.message(to, "Confirm your e-mail address", page{Name: plainName(name), Link: plainLink(link)})
}

// ResetPassword brings the link with which a new password can be set, and says for how many minutes it works.
func ResetPassword(to, name, link string, validMinutes int) Message {
	valid := strconv.Itoa(validMinutes) + " minutes"
	if validMinutes == 1 {
		valid = "1 minute"
	}
	return resetPassword.message(to, "Reset your password",
		page{Name: plainName(name), Link: plainLink(link), Valid: valid})
}

// PasswordChanged tells an account's owner that its password is a new one, and who changed it from where.
func PasswordChanged(to, name string, when time.Time, ip, device string) Message {
	return passwordChanged.message(to, "Your password was changed", occurrence(name, when, ip, device))
}

// NewSignIn tells an account's owner that somebody signed in from a browser or place not known before.
func NewSignIn(to, name string, when time.Time, ip, device string) Message {
	return newSignIn.message(to, "New sign-in to your account", occurrence(name, when, ip, device))
}

// page is what the templates read. Nothing in it can be taken for markup or, but for Link, for a link.
type page struct {
	Subject string
	Name    string // empty: no name is better than this one
	Link    string
	Valid   string // how long Link works

	When, IP, Device string
}

// occurrence has its time in UTC: where the reader is, is not known.
func occurrence(name string, when time.Time, ip, device string) page {
	return page{
		Name:   plainName(name),
		When:   when.UTC().Format("2 January 2006, 15:04 UTC"),
		IP:     plainIP(ip),
		Device: plainDevice(device),
	}
}

// templates is one kind of mail.
type templates struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

func parse(kind string) templates {
	return templates{
		text: texttemplate.Must(texttemplate.ParseFS(files, "templates/layout.txt", "templates/"+kind+".txt")),
		html: htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html", "templates/"+kind+".html")),
	}
}

func (t templates) message(to, subject string, p page) Message {
	p.Subject = subject
	var text, html strings.Builder
	if err := t.text.ExecuteTemplate(&text, "layout.txt", p); err != nil {
		panic("mail: " + err.Error()) // A template names a field that page lacks; the tests run each of them.
	}
	if err := t.html.ExecuteTemplate(&html, "layout.html", p); err != nil {
		panic("mail: " + err.Error())
	}
	return Message{To: to, Subject: subject, Text: text.String(), HTML: html.String(), Link: p.Link}
}
