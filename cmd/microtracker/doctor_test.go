package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// expectFinding fails unless the check came out so, and says this; what is not well must say what to do.
func expectFinding(t *testing.T, found findings, check string, want verdict, says string) {
	t.Helper()
	for _, one := range found {
		if one.Verdict != verdictOK && one.Remedy == "" {
			t.Errorf("%s does not say what to do: %s", one.Check, one.Message)
		}
	}
	for _, one := range found {
		if one.Check == check && one.Verdict == want && strings.Contains(one.Message+": "+one.Remedy, says) {
			return
		}
	}
	t.Errorf("%s is not %q with %q: %+v", check, want, says, found)
}

func TestDoctorNamesTheVariableThatWasMeant(t *testing.T) {
	t.Parallel()
	var flags cli
	program, err := kong.New(&flags)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		variable string
		want     verdict
		says     string
	}{
		"known":           {"MICROTRACKER_LISTEN=:80", verdictOK, "1 MICROTRACKER_ variables"},
		"another's":       {"LISTEN=:80", verdictOK, "0 MICROTRACKER_ variables"},
		"misspelt":        {"MICROTRACKER_LISEN=:80", verdictWarn, "did you mean MICROTRACKER_LISTEN?"},
		"misspelt prefix": {"MICRO_TRACKER_LISTEN=:80", verdictWarn, "did you mean MICROTRACKER_LISTEN?"},
		"nothing alike":   {"MICROTRACKER_FAVOURITE_COLOUR=red", verdictWarn, "unset it"},
		"of localpg":      {"MICROTRACKER_PG_BIN=/usr/bin", verdictOK, "1 MICROTRACKER_ variables"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found findings
			examineVariables([]string{test.variable}, program.Model.Node, &found)
			expectFinding(t, found, "settings", test.want, test.says)
		})
	}
}

func TestDoctorJudgesAddresses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listen, publicURL, admin string
		check                    string
		want                     verdict
		says                     string
	}{
		"on this machine alone":    {"127.0.0.1:8080", "", "", "public url", verdictOK, ""},
		"for others, without":      {":8080", "", "", "public url", verdictWarn, "--public-url"},
		"encrypted":                {":8080", "https://stats.example.com", "", "public url", verdictOK, ""},
		"in the clear":             {":8080", "http://stats.example.com", "", "public url", verdictWarn, "in the clear"},
		"in the clear, local":      {":8080", "http://localhost:8080", "", "public url", verdictOK, ""},
		"below a path":             {":8080", "https://example.com/stats", "", "public url", verdictFail, "below a path"},
		"no address":               {":8080", "stats.example.com", "", "public url", verdictFail, "https://"},
		"a listener for strangers": {"127.0.0.1:8080", "", "0.0.0.0:9", "admin", verdictFail, "--admin-expose"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := doctorCommand{Serve: serveCommand{Listen: test.listen, PublicURL: test.publicURL, Admin: adminFlags{AdminListen: test.admin}}}
			var found findings
			c.examineAddresses(&found)
			expectFinding(t, found, test.check, test.want, test.says)
		})
	}
}

func TestDoctorJudgesProxies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proxies   []netip.Prefix
		publicURL string
		want      verdict
		says      string
	}{
		"none":                 {nil, "", verdictOK, ""},
		"one":                  {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "https://s.example", verdictOK, ""},
		"everybody":            {[]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, "", verdictFail, "everybody"},
		"one that is not said": {nil, "https://s.example", verdictWarn, "--trusted-proxies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := doctorCommand{Serve: serveCommand{PublicURL: test.publicURL, TrustedProxies: test.proxies}}
			var found findings
			c.examineProxies(&found)
			expectFinding(t, found, "proxies", test.want, test.says)
		})
	}
}

// certificate writes a certificate for the host and returns its files.
func certificate(t *testing.T, host string, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: until.AddDate(-1, 0, 0), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestDoctorReadsTheCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		until time.Time
		host  string
		want  verdict
		says  string
	}{
		"well":        {now.AddDate(0, 3, 0), "stats.example.com", verdictOK, "2026-06-01"},
		"soon":        {now.AddDate(0, 0, 10), "stats.example.com", verdictWarn, "2026-03-11"},
		"over":        {now.AddDate(0, 0, -1), "stats.example.com", verdictFail, "expired"},
		"not yet":     {now.AddDate(2, 0, 0), "stats.example.com", verdictFail, "clock"},
		"for another": {now.AddDate(0, 3, 0), "www.example.org", verdictFail, "not for stats.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, key := certificate(t, test.host, test.until)
			c := doctorCommand{Serve: serveCommand{TLSCert: cert, TLSKey: key, PublicURL: "https://stats.example.com"}}
			var found findings
			c.examineTLS(&found, now)
			expectFinding(t, found, "tls", test.want, test.says)
		})
	}
	var found findings
	c := doctorCommand{Serve: serveCommand{TLSCert: "/nowhere", TLSKey: "/nowhere"}}
	c.examineTLS(&found, now)
	expectFinding(t, found, "tls", verdictFail, "belong together")
}

func TestDoctorTriesThePorts(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	go func() {
		for {
			conn, err := taken.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	var found findings
	examinePort(t.Context(), "listen", taken.Addr().String(), "http", "/livez", "ready", verdictFail, &found)
	expectFinding(t, found, "listen", verdictFail, "taken by another program")
	found = nil
	examinePort(t.Context(), "listen", freeAddress(t), "http", "/livez", "ready", verdictFail, &found)
	expectFinding(t, found, "listen", verdictOK, "free")
	found = nil
	examinePort(t.Context(), "listen", "192.0.2.1:80", "http", "/livez", "ready", verdictFail, &found)
	expectFinding(t, found, "listen", verdictFail, "of this machine")
}

// well is what a database says with which nothing is wrong.
func well() *repo.Inspection {
	return &repo.Inspection{
		VersionNum: 180_001, Encoding: "UTF8", MaySkipForeignKeys: true, MayMakeTables: true, Free: 90, Limit: 97,
		Settings: map[string]string{
			"server_version": "18.1", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on", "track_counts": "on",
		},
		Schema: repo.Readiness{Applied: 9, Embedded: 9}, Data: &repo.DataInspection{Users: 3, Operators: 1},
	}
}

func TestDoctorJudgesADatabase(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(i *repo.Inspection)
		check  string
		want   verdict
		says   string
	}{
		"an old version":           {func(i *repo.Inspection) { i.VersionNum = 140_009 }, "version", verdictFail, "too old"},
		"version 15":               {func(i *repo.Inspection) { i.VersionNum = 150_004 }, "version", verdictWarn, "16 and newer"},
		"a replica":                {func(i *repo.Inspection) { i.IsReplica = true }, "database", verdictFail, "primary"},
		"Latin 1":                  {func(i *repo.Inspection) { i.Encoding = "LATIN1" }, "encoding", verdictFail, "UTF8"},
		"an old schema":            {func(i *repo.Inspection) { i.Schema.Applied = 8 }, "schema", verdictWarn, "migrate up"},
		"a newer schema":           {func(i *repo.Inspection) { i.Schema.Applied = 10 }, "schema", verdictWarn, "newer"},
		"without fsync":            {func(i *repo.Inspection) { i.Settings["fsync"] = "off" }, "durability", verdictFail, "fsync off"},
		"commits in the air":       {func(i *repo.Inspection) { i.Settings["synchronous_commit"] = "off" }, "durability", verdictFail, "synchronous_commit off"},
		"without autovacuum":       {func(i *repo.Inspection) { i.Settings["autovacuum"] = "off" }, "autovacuum", verdictFail, "autovacuum"},
		"a table without":          {func(i *repo.Inspection) { i.Data.TablesWithoutAutovacuum = []string{"visitors"} }, "autovacuum", verdictWarn, "visitors"},
		"another time":             {func(i *repo.Inspection) { i.ClockAhead = -3 * time.Second }, "clock", verdictWarn, "-3s"},
		"a slow question":          {func(i *repo.Inspection) { i.ClockAhead, i.Uncertainty = 3*time.Second, 3*time.Second }, "clock", verdictOK, ""},
		"a role that may little":   {func(i *repo.Inspection) { i.MayMakeTables = false }, "privileges", verdictFail, "partitions"},
		"a role without the trick": {func(i *repo.Inspection) { i.MaySkipForeignKeys = false }, "privileges", verdictWarn, "GRANT SET ON PARAMETER"},
		"few connections":          {func(i *repo.Inspection) { i.Limit, i.Free = 20, 20 }, "connections", verdictFail, "max_connections"},
		"few free ones":            {func(i *repo.Inspection) { i.Free = 5 }, "connections", verdictWarn, "5 are free"},
		"unknown zones":            {func(i *repo.Inspection) { i.MissingZones = []string{"Mars/Olympus"} }, "time zones", verdictFail, "Mars/Olympus"},
		"no partition":             {func(i *repo.Inspection) { i.Data.MissingPartitions = []string{"events_2026_04"} }, "partitions", verdictFail, "events_2026_04"},
		"old ids":                  {func(i *repo.Inspection) { i.Data.HasOldEventIDs = true }, "event ids", verdictWarn, "three days"},
		"nobody":                   {func(i *repo.Inspection) { i.Data.Users, i.Data.Operators = 0, 0 }, "operator", verdictWarn, "user create"},
		"no operator":              {func(i *repo.Inspection) { i.Data.Operators = 0 }, "operator", verdictWarn, "operator"},
		"late jobs": {func(i *repo.Inspection) {
			i.Data.Work.Queues = []repo.QueueState{{Queue: "mail", Waiting: 4, OldestWaiting: 11 * time.Minute}}
		}, "jobs", verdictWarn, "11m0s in the queue mail"},
		"failed jobs": {func(i *repo.Inspection) { i.Data.Work.FailedJobs = 2 }, "failed jobs", verdictWarn, "2 were given up"},
		"late schedule": {func(i *repo.Inspection) {
			i.Data.Work.Schedules = []repo.ScheduleState{{Name: "prune", Lag: time.Hour}}
		}, "schedules", verdictWarn, "prune by 1h"},
		"late rollups": {func(i *repo.Inspection) { i.Data.Work.OldestMark = 20 * time.Minute }, "rollups", verdictWarn, "20m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inspection := well()
			test.change(inspection)
			var found findings
			examineServer(inspection, &found)
			examineRole(inspection, databaseFlags{MaxConns: 20, IngestConns: 2}, &found)
			examineData(inspection, &found)
			examineWork(&inspection.Data.Work, &found)
			expectFinding(t, found, test.check, test.want, test.says)
			for _, one := range found {
				if one.Check != test.check && one.Verdict != verdictOK {
					t.Errorf("it also finds %+v", one)
				}
			}
		})
	}
}

func TestDoctorExaminesARealDatabase(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	examine := func(url string) findings {
		var found findings
		flags := &cli{Database: databaseFlags{DatabaseURL: url, MaxConns: 20, IngestConns: 2}}
		new(doctorCommand).examineDatabase(t.Context(), flags, &found, slog.New(slog.DiscardHandler))
		return found
	}
	found := examine(url)
	expectFinding(t, found, "database", verdictOK, "")
	expectFinding(t, found, "schema", verdictOK, "up to date")
	expectFinding(t, found, "durability", verdictFail, "fsync") // of the tests' PostgreSQL, whose data is worthless
	expectFinding(t, found, "notify", verdictOK, "")
	expectFinding(t, found, "partitions", verdictOK, "")
	expectFinding(t, found, "operator", verdictWarn, "no account")
	expectFinding(t, found, "rollups", verdictOK, "0 changes")

	repotest.Exec(t, url, "DROP TABLE events_"+time.Now().UTC().Format("2006_01"))
	repotest.Exec(t, url, `INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES ('mail', '{}', 0, epoch_now() - 3600, 0)`)
	found = examine(url)
	expectFinding(t, found, "partitions", verdictFail, "events_")
	expectFinding(t, found, "jobs", verdictWarn, "in the queue mail")

	repotest.ShutOut(t, url)
	expectFinding(t, examine(url), "database", verdictFail, "PostgreSQL runs")
	expectFinding(t, examine("postgres://%%"), "database", verdictFail, "DATABASE_URL")
}

func TestDoctorIsAProgramThatOthersCanRead(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (findings, int) {
		t.Helper()
		cmd := command(t, args...)
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		var found findings
		if err := json.Unmarshal(out.Bytes(), &found); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		return found, cmd.ProcessState.ExitCode()
	}
	dataDir := t.TempDir()
	found, status := run("doctor", "--json", "--data-dir", dataDir, "--listen", freeAddress(t), "--admin-listen", freeAddress(t))
	expectFinding(t, found, "database", verdictOK, "there is none yet")
	expectFinding(t, found, "disk", verdictOK, dataDir)
	expectFinding(t, found, "programs", verdictOK, "PostgreSQL")
	if entries, err := os.ReadDir(dataDir); status != 0 || err != nil || len(entries) != 0 {
		t.Errorf("exit status %d; it left %v in the folder, %v", status, entries, err)
	}
	found, status = run("doctor", "--json", "--listen", freeAddress(t), "--geoip-file", "/nowhere.mmdb")
	expectFinding(t, found, "settings", verdictFail, "/nowhere.mmdb")
	if status != 1 {
		t.Errorf("exit status %d after a failure", status)
	}
}
