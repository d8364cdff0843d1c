package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// asProgram makes the test binary be the program, so that tests run, stop and kill it as a process.
const asProgram = "MICROTRACKER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is a running microtracker.
type program struct {
	cmd *exec.Cmd
	url string
	// lines are what it has printed; closed when it ends.
	lines chan string
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// command prepares the program with its arguments.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// serve starts the server on a data folder, with these variables ("NAME=value") in its environment.
func serve(t *testing.T, dataDir string, env ...string) *program {
	t.Helper()
	address := freeAddress(t)
	p := &program{cmd: command(t, "serve", "--demo", "--data-dir", dataDir, "--listen", address), url: "http://" + address, lines: make(chan string, 1000)}
	p.cmd.Env = append(p.cmd.Env, env...)
	output, writer := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() { _, _ = p.end(syscall.SIGKILL), writer.Close() })
	return p
}

// until returns the printed lines up to the first that contains the text.
func (p *program) until(t *testing.T, text string) string {
	t.Helper()
	var seen strings.Builder
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-p.lines:
			seen.WriteString(line + "\n")
			if strings.Contains(line, text) {
				return seen.String()
			}
			if !ok {
				t.Fatalf("it ended without saying %q:\n%s", text, seen.String())
			}
		case <-timeout:
			t.Fatalf("it did not say %q:\n%s", text, seen.String())
		}
	}
}

// said returns what has been printed since it was last read.
func (p *program) said() string {
	var said strings.Builder
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return said.String()
			}
			said.WriteString(line + "\n")
		default:
			return said.String()
		}
	}
}

// end signals the program and waits for it; its exit status is returned as an error.
func (p *program) end(signal os.Signal) error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	_ = p.cmd.Process.Signal(signal) // it may be gone already
	return p.cmd.Wait()
}

func (p *program) tracking() microtrackerv1connect.TrackingServiceClient {
	return microtrackerv1connect.NewTrackingServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Timeout: time.Minute}, p.url)))
}

// demoProjectKey reads the key from the demo shop's page.
func (p *program) demoProjectKey(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/demo/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), `data-project="`)
	key, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("the shop does not carry the tracker: %s", page)
	}
	return key
}

// postmaster returns the process of the folder's PostgreSQL.
func postmaster(t *testing.T, dataDir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestWhatWasAcknowledgedSurvivesSIGKILLOfServerAndDatabase(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	p := serve(t, dataDir)
	p.until(t, "serving")
	key := p.demoProjectKey(t)

	var mu sync.Mutex
	var acknowledged []string
	enough := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			tracking := p.tracking()
			for {
				id := uuid.NewString()
				_, err := tracking.Track(t.Context(), trackRequest(key, id))
				if err != nil {
					return // killed
				}
				mu.Lock()
				acknowledged = append(acknowledged, id)
				if len(acknowledged) == 200 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Error("200 events were not acknowledged in a minute")
	}
	database := postmaster(t, dataDir)
	if err := syscall.Kill(database, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.end(syscall.SIGKILL)
	clients.Wait()

	again := serve(t, dataDir)
	again.until(t, "serving")
	// Sent again, each one that is there is a duplicate.
	for chunk := range len(acknowledged)/100 + 1 {
		ids := acknowledged[chunk*100 : min(len(acknowledged), chunk*100+100)]
		if len(ids) == 0 {
			continue
		}
		res, err := again.tracking().Track(t.Context(), trackRequest(key, ids...))
		if err != nil {
			t.Fatal(err)
		}
		for i, receipt := range res.GetReceipts() {
			if receipt.GetStatus() != microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE {
				t.Errorf("event %s was acknowledged and is not there: %v", ids[i], receipt)
			}
		}
	}
	if err := again.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestAKilledDatabaseIsStartedAgainUnderTheServer(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	p := serve(t, dataDir)
	p.until(t, "serving")
	key := p.demoProjectKey(t)
	if err := syscall.Kill(postmaster(t, dataDir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// As the tracker does: the same id again while the answer is "unavailable".
	id := uuid.NewString()
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := p.tracking().Track(t.Context(), trackRequest(key, id))
		if err == nil {
			if status := res.GetReceipts()[0].GetStatus(); status == microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID {
				t.Errorf("receipt = %v", res)
			}
			break
		}
		if connect.CodeOf(err) != connect.CodeUnavailable || time.Now().After(deadline) {
			t.Fatalf("err = %v, want unavailable and then none; it said:\n%s", err, p.said())
		}
		<-time.After(100 * time.Millisecond)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func trackRequest(key string, ids ...string) *microtrackerv1.TrackRequest {
	req := &microtrackerv1.TrackRequest{ProjectKey: key}
	for i, id := range ids {
		req.Events = append(req.Events, &microtrackerv1.Event{
			EventId: id, EventType: microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW, Url: fmt.Sprintf("https://example.com/%d", i),
		})
	}
	return req
}

func TestSIGTERMLeavesNothingRunningAndThePasswordIsShownOnce(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	first := serve(t, dataDir)
	if seen := first.until(t, "serving"); !strings.Contains(seen, "shown once") || !strings.Contains(seen, "/demo/") {
		t.Errorf("the first start said:\n%s", seen)
	}
	database := postmaster(t, dataDir)
	if err := first.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if err := syscall.Kill(database, 0); err == nil {
		t.Error("the local PostgreSQL still runs")
	}
	second := serve(t, dataDir)
	if seen := second.until(t, "serving"); strings.Contains(seen, "shown once") {
		t.Errorf("the second start said:\n%s", seen)
	}
	made, err := command(t, "user", "create", "grace@example.com", "--data-dir", dataDir).CombinedOutput()
	if err != nil || !strings.Contains(string(made), "created grace@example.com") {
		t.Errorf("user create beside a running server: %v\n%s", err, made)
	}
	if err := second.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestSettingsComeFromFlagThenEnvironmentThenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "settings.yaml")
	// Each is a database that does not answer; the message tells which was tried.
	if err := os.WriteFile(file, []byte("database-url: postgres://u@127.0.0.1:3/file?connect_timeout=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  string
		want string
	}{
		{nil, "", "database=file"},
		{nil, "postgres://u@127.0.0.1:3/env", "database=env"},
		{[]string{"--database-url", "postgres://u@127.0.0.1:3/flag"}, "postgres://u@127.0.0.1:3/env", "database=flag"},
	} {
		cmd := command(t, append([]string{"--config", file, "migrate", "status"}, c.args...)...)
		if c.env != "" {
			cmd.Env = append(cmd.Env, "DATABASE_URL="+c.env)
		}
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), c.want) {
			t.Errorf("%v, %q: %v\n%s\nwant %s", c.args, c.env, err, output, c.want)
		}
	}
	if err := os.WriteFile(file, []byte("databse-url: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := command(t, "--config", file, "version").CombinedOutput(); err == nil || !strings.Contains(string(output), `there is no "databse-url"`) {
		t.Errorf("a misspelt setting: %v\n%s", err, output)
	}
}
