package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/microtracker/microtracker/server/mail"
)

// mailFlags say how mail is sent.
type mailFlags struct {
	SMTPHost     string `help:"Mail server. Without one mail is written into the folder outbox beside the data." env:"MICROTRACKER_SMTP_HOST" placeholder:"HOST"`
	SMTPPort     int    `help:"Port of the mail server. Default: the usual one." env:"MICROTRACKER_SMTP_PORT"`
	SMTPUser     string `help:"User at the mail server; none: no login." env:"MICROTRACKER_SMTP_USER" placeholder:"USER"`
	SMTPPassword string `help:"Password at the mail server." env:"MICROTRACKER_SMTP_PASSWORD" placeholder:"PASSWORD"`
	SMTPTLS      string `help:"starttls, tls from the first byte, or none." enum:"starttls,tls,none" default:"starttls" env:"MICROTRACKER_SMTP_TLS"`
	MailFrom     string `help:"Sender of the mails." default:"Micro Tracker <noreply@localhost>" env:"MICROTRACKER_MAIL_FROM"`
}

// open makes what gets mail out. Without a mail server, each mail becomes a file that out tells about.
func (f mailFlags) open(dataDir string, out io.Writer) (sender mail.Sender, err error) {
	if f.SMTPHost == "" {
		sender, err = mail.NewOutbox(filepath.Join(dataDir, "outbox"), func(path string, message mail.Message) { announce(out, path, message) })
	} else {
		sender, err = f.sender()
	}
	if err != nil {
		return nil, fmt.Errorf("set the mail up: %w", err)
	}
	return sender, nil
}

// sender hands mail to the mail server.
func (f mailFlags) sender() (*mail.SMTP, error) {
	return mail.NewSMTP(mail.Config{
		Host: f.SMTPHost, Port: f.SMTPPort, Username: f.SMTPUser, Password: f.SMTPPassword, From: f.MailFrom, TLS: f.SMTPTLS,
	})
}

// announce tells a newcomer, who has no mail server, what was mailed and where its link leads.
func announce(out io.Writer, path string, message mail.Message) {
	// To a terminal that is not there, nobody listens.
	_, _ = fmt.Fprintf(out, "\n  Mail to %s: %s\n  %s\n  %s\n", message.To, message.Subject, message.Link, path)
}
