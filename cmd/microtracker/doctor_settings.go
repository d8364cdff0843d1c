package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/telemetry"
)

const (
	// certificateSoon is how long before its end a certificate is worth a word.
	certificateSoon = 21 * 24 * time.Hour
	// geoIPOld is when a file of addresses no longer knows who has which.
	geoIPOld = 120 * 24 * time.Hour
	// dialTimeout bounds asking another program whether it is there.
	dialTimeout = 3 * time.Second
)

// examineSettings checks what the flags, the environment and the settings file say.
func (c *doctorCommand) examineSettings(ctx context.Context, flags *cli, program *kong.Kong, found *findings) {
	examineVariables(os.Environ(), program.Model.Node, found)
	if flags.Config != "" {
		found.ok("settings", "%s was read", flags.Config)
	}
	if tracing, err := telemetry.NewTracing(ctx, telemetry.TracingConfig{Getenv: os.Getenv, Version: version}); err != nil {
		found.fail("traces", err.Error(), "change the variable, or unset it")
	} else if tracing != nil {
		found.ok("traces", "spans are made, as the OTEL_ variables ask")
		_ = tracing.Close() // it has made none
	}
	c.examineAddresses(found)
	c.examineTLS(found, time.Now())
	c.examineProxies(found)
	c.examineMail(ctx, flags, found)
	c.examineGeoIP(found, time.Now())
}

// moreVariables are those that are read elsewhere than in the command line.
func moreVariables() []string {
	return []string{"MICROTRACKER_PG_BIN", "MICROTRACKER_TEST_DATABASE_URL"}
}

// examineVariables looks for variables that look like ours and are not: a misspelt one is otherwise lost in silence.
func examineVariables(environ []string, node *kong.Node, found *findings) {
	known := map[string]bool{}
	for _, name := range moreVariables() {
		known[name] = true
	}
	collectVariables(node, known)
	count, unknown := 0, 0
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "MICROTRACKER") && !strings.HasPrefix(name, "MICRO_TRACKER") {
			continue
		}
		if known[name] {
			count++
			continue
		}
		unknown++
		remedy := "unset it; microtracker serve --help lists those that there are"
		if near := nearest(name, known); near != "" {
			remedy = "did you mean " + near + "?"
		}
		found.warn("settings", "the variable "+name+" means nothing here", remedy)
	}
	if unknown == 0 {
		found.ok("settings", "%d MICROTRACKER_ variables are set, and all are known", count)
	}
}

func collectVariables(node *kong.Node, into map[string]bool) {
	for _, flag := range node.Flags {
		for _, name := range flag.Envs {
			into[name] = true
		}
	}
	for _, child := range node.Children {
		collectVariables(child, into)
	}
}

// nearest returns the known name that is at most three edits away, the nearest of them; empty if there is none.
func nearest(name string, known map[string]bool) string {
	best, bestDistance := "", 4
	names := make([]string, 0, len(known))
	for candidate := range known {
		names = append(names, candidate)
	}
	slices.Sort(names)
	for _, candidate := range names {
		if d := editDistance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// editDistance is how many letters to put in, leave out or change turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// examineAddresses checks where the server listens and how it says that it is reached.
func (c *doctorCommand) examineAddresses(found *findings) {
	if err := c.Serve.Admin.check(); err != nil {
		found.fail("admin", err.Error(), "see above")
	}
	if c.Serve.PublicURL == "" {
		if isLocal(c.Serve.Listen) {
			found.ok("public url", "none is set, and only this machine reaches %s", c.Serve.Listen)
			return
		}
		found.warn("public url", "none is set, though others can reach "+c.Serve.Listen,
			"say with --public-url how browsers reach the server: links in mails begin with it")
		return
	}
	u, err := url.Parse(c.Serve.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		found.fail("public url", fmt.Sprintf("%q is no address of a web site", c.Serve.PublicURL), "say one such as https://stats.example.com")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		found.fail("public url", fmt.Sprintf("%q has more than scheme and host", c.Serve.PublicURL),
			"give the server a host name of its own: it is not served below a path")
	case u.Scheme == "http" && !isLocal(net.JoinHostPort(u.Hostname(), "80")):
		found.warn("public url", c.Serve.PublicURL+" is not encrypted: passwords and cookies travel in the clear",
			"put a proxy with TLS in front, or use --tls-cert and --tls-key, and say https://")
	default:
		found.ok("public url", "%s", c.Serve.PublicURL)
	}
}

// isLocal reports whether only this machine reaches the address.
func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// examineTLS checks the server's own certificate.
func (c *doctorCommand) examineTLS(found *findings, now time.Time) {
	if c.Serve.TLSCert == "" && c.Serve.TLSKey == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.Serve.TLSCert, c.Serve.TLSKey)
	if err != nil {
		found.fail("tls", "the certificate cannot be used: "+err.Error(), "give --tls-cert and --tls-key PEM files that belong together")
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		found.fail("tls", "the certificate cannot be read: "+err.Error(), "have it issued anew")
		return
	}
	host := ""
	if u, err := url.Parse(c.Serve.PublicURL); err == nil {
		host = u.Hostname()
	}
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		found.fail("tls", "the certificate has expired on "+until, "have it renewed and start the server anew")
	case now.Before(leaf.NotBefore):
		found.fail("tls", "the certificate is not valid before "+leaf.NotBefore.UTC().Format(time.RFC3339), "is this machine's clock right?")
	case host != "" && leaf.VerifyHostname(host) != nil:
		found.fail("tls", "the certificate is not for "+host, "have one issued for the host of --public-url")
	case left < certificateSoon:
		found.warn("tls", "the certificate expires on "+until, "have it renewed; the server reads it when it starts")
	default:
		found.ok("tls", "the certificate is valid until %s", until)
	}
}

// examineProxies checks whose word is taken for where a visitor comes from.
func (c *doctorCommand) examineProxies(found *findings) {
	for _, network := range c.Serve.TrustedProxies {
		if network.Bits() == 0 {
			found.fail("proxies", network.String()+" trusts everybody: each visitor may invent his address and escape the limits",
				"name the networks of your proxies alone in --trusted-proxies")
			return
		}
	}
	isHTTPS := strings.HasPrefix(c.Serve.PublicURL, "https://")
	switch {
	case len(c.Serve.TrustedProxies) > 0:
		found.ok("proxies", "%d networks are believed", len(c.Serve.TrustedProxies))
	case isHTTPS && c.Serve.TLSCert == "":
		found.warn("proxies", "the public URL is https, and the server does no TLS itself, so a proxy does, which is not trusted: "+
			"all visitors seem to come from its address", "name the proxy's network in --trusted-proxies")
	default:
		found.ok("proxies", "none is in front")
	}
}

// examineMail checks whether mail can be handed over.
func (c *doctorCommand) examineMail(ctx context.Context, flags *cli, found *findings) {
	m := c.Serve.Mail
	if m.SMTPHost == "" {
		folder := filepath.Join(flags.Database.DataDir, "outbox")
		if c.Serve.PublicURL != "" {
			found.warn("mail", "no mail server is set: nobody gets the links to verify an address or reset a password; they are put into "+folder,
				"set --smtp-host and what belongs to it")
			return
		}
		found.ok("mail", "no mail server is set: mails are put into %s", folder)
		return
	}
	if _, err := m.sender(); err != nil {
		found.fail("mail", err.Error(), "see the --smtp flags and --mail-from")
		return
	}
	if from, err := mail.ParseAddress(m.MailFrom); err == nil && strings.HasSuffix(from.Address, "@localhost") {
		found.warn("mail", "the sender is "+from.Address+", which other mail servers refuse", "set --mail-from to an address of yours")
	}
	port := m.SMTPPort
	if port == 0 {
		port = map[string]int{"starttls": 587, "tls": 465, "none": 25}[m.SMTPTLS]
	}
	address := net.JoinHostPort(m.SMTPHost, strconv.Itoa(port))
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		found.fail("mail", "the mail server cannot be reached: "+err.Error(), "check --smtp-host and --smtp-port, and the firewall")
		return
	}
	_ = conn.Close() // it was only to see that somebody is there
	found.ok("mail", "a mail server takes connections at %s", address)
}

// examineGeoIP checks the file that says where addresses are.
func (c *doctorCommand) examineGeoIP(found *findings, now time.Time) {
	path := c.Serve.GeoIPFile
	if path == "" {
		found.ok("geoip", "no file is set: the browser's time zone says the country")
		return
	}
	locator, err := enrich.OpenLocator(path)
	if err != nil {
		found.fail("geoip", err.Error(), "name another file in --geoip-file")
		return
	}
	_ = locator.Close() // it was read
	info, err := os.Stat(path)
	if err != nil {
		found.fail("geoip", err.Error(), "name another file in --geoip-file")
		return
	}
	if age := now.Sub(info.ModTime()); age > geoIPOld {
		found.warn("geoip", fmt.Sprintf("%s is %d days old", path, int(age.Hours()/24)), "fetch a newer one: networks change their country")
		return
	}
	found.ok("geoip", "%s is of %s", path, info.ModTime().UTC().Format(time.DateOnly))
}
