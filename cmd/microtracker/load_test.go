package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/load"
)

func TestLoadSendsVisitsAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir())
	p.until(t, "serving")
	key := p.demoProjectKey(t)
	ledger := filepath.Join(t.TempDir(), "ledger")

	output, err := command(t, "load", "--url", p.url, "--project-key", key, "--events", "1000", "--connections", "16",
		"--days", "3", "--json", "--ledger", ledger).Output()
	var got figures
	if jsonErr := json.Unmarshal(output, &got); err != nil || jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, output)
	}
	if got.Events != 1000 || got.Accepted+got.Bots != 1000 || got.Bots == 0 || got.Failed != 0 || got.LatencyMS.P50 <= 0 || got.EventsPerSecond <= 0 {
		t.Errorf("%s", output)
	}
	file, err := os.Open(ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	statuses, err := load.ReadLedger(file)
	if err != nil || len(statuses) != 1000 {
		t.Errorf("%d events in the ledger, %v", len(statuses), err)
	}

	// Ctrl-C ends a run with its figures.
	endless := command(t, "load", "--url", p.url, "--project-key", key, "--duration", "10m", "--rate", "100")
	var table, lines bytes.Buffer
	endless.Stdout, endless.Stderr = &table, &lines
	if err := endless.Start(); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Second)
	_ = endless.Process.Signal(syscall.SIGINT)
	if err := endless.Wait(); err != nil || !strings.Contains(table.String(), "latency p50") || !strings.Contains(lines.String(), "/s  p99") {
		t.Errorf("%v\n%s%s", err, lines.String(), table.String())
	}

	if output, err := command(t, "load", "--url", p.url, "--project-key", "mt_pub_wrong").CombinedOutput(); err == nil ||
		!strings.Contains(string(output), "it is no project's public key") {
		t.Errorf("a wrong key: %v\n%s", err, output)
	}
}
