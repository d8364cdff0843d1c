package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/microtracker/microtracker/server/localpg"
)

const (
	// diskLow and diskVeryLow are how many bytes free make a word, and a failure.
	diskLow     = 5 << 30
	diskVeryLow = 500 << 20
)

// examineMachine checks what the machine has to offer: programs, room, ports.
func (c *doctorCommand) examineMachine(ctx context.Context, flags *cli, found *findings) {
	if flags.Database.DatabaseURL == "" {
		examinePrograms(ctx, found)
		examineDisk(flags.Database.DataDir, found)
	}
	scheme := "http"
	if c.Serve.TLSCert != "" {
		scheme = "https"
	}
	examinePort(ctx, "listen", c.Serve.Listen, scheme, "/grpc.health.v1.Health/Check", `"SERVING_STATUS_SERVING"`, verdictFail, found)
	if c.Serve.Admin.AdminListen == "" {
		found.ok("admin", "metrics and readiness are served nowhere, as is asked for")
		return
	}
	examinePort(ctx, "admin", c.Serve.Admin.AdminListen, "http", "/livez", `"ready": true`, verdictWarn, found)
}

func examinePrograms(ctx context.Context, found *findings) {
	installed, err := localpg.Installations(ctx, os.Getenv("MICROTRACKER_PG_BIN"))
	switch {
	case err != nil:
		found.fail("programs", err.Error(), "correct MICROTRACKER_PG_BIN")
	case len(installed) == 0:
		found.fail("programs", "no PostgreSQL is installed here, and DATABASE_URL names none",
			fmt.Sprintf("install PostgreSQL %d or newer, or set DATABASE_URL", localpg.OldestMajor))
	default:
		found.ok("programs", "PostgreSQL %d in %s", installed[0].Major, installed[0].BinDir)
	}
}

// examineDisk looks at the disk that a local database is on, or will be.
func examineDisk(dir string, found *findings) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		found.fail("disk", err.Error(), "name another folder in --data-dir")
		return
	}
	for existing := absolute; ; existing = filepath.Dir(existing) {
		var disk unix.Statfs_t
		err := unix.Statfs(existing, &disk)
		if errors.Is(err, os.ErrNotExist) && existing != filepath.Dir(existing) {
			continue
		}
		if err != nil {
			found.fail("disk", fmt.Sprintf("%s: %v", existing, err), "name another folder in --data-dir")
			return
		}
		free := disk.Bavail * uint64(disk.Bsize)
		message := fmt.Sprintf("%.1f GiB are free for %s", float64(free)/(1<<30), absolute)
		switch {
		case free < diskVeryLow:
			found.fail("disk", message, "make room: without it nothing can be stored")
		case free < diskLow:
			found.warn("disk", message, "make room soon")
		default:
			found.ok("disk", "%s", message)
		}
		return
	}
}

// examinePort checks that an address is free, or that a server of ours answers there.
func examinePort(ctx context.Context, check, address, scheme, path, says string, otherwise verdict, found *findings) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err == nil {
		_ = listener.Close() // it was only to see that nobody has it
		found.ok(check, "%s is free", address)
		return
	}
	if !errors.Is(err, unix.EADDRINUSE) {
		found.fail(check, err.Error(), "choose an address of this machine, and a port above 1023 unless you are root")
		return
	}
	switch answer := askServer(ctx, address, scheme, path); {
	case strings.Contains(answer, says):
		found.ok(check, "a running server has %s, and is well", address)
	case answer != "":
		*found = append(*found, finding{
			Check: check, Verdict: otherwise, Message: "something answers at " + address + ", and does not say that it is well",
			Remedy: "if it is a microtracker, see its log and /readyz; else choose another address",
		})
	default:
		*found = append(*found, finding{
			Check: check, Verdict: otherwise, Message: address + " is taken by another program",
			Remedy: "end that one, or choose another address with --" + map[string]string{"listen": "listen", "admin": "admin-listen"}[check],
		})
	}
}

// askServer returns what a server says of itself; empty if it says nothing.
func askServer(ctx context.Context, address, scheme, path string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	method, body := http.MethodGet, io.Reader(nil)
	if strings.HasPrefix(path, "/grpc.") {
		method, body = http.MethodPost, strings.NewReader("{}")
	}
	req, err := http.NewRequestWithContext(ctx, method, scheme+"://"+net.JoinHostPort(host, port)+path, body)
	if err != nil {
		return ""
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:") {
			return err.Error() // somebody is there, under the name that the certificate is for
		}
		return ""
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return ""
	}
	return string(answer)
}
