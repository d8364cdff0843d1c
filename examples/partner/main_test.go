package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// partner is a server with a project, and what a partner of that project was given.
type partner struct {
	url string
	env map[string]string
}

func newPartner(t *testing.T) partner {
	t.Helper()
	store := repotest.Store(t)
	passwords := identity.NewPasswords(1)
	srv, err := server.New(server.Config{Store: store, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Passwords: passwords})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, listener, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})

	project := repotest.Project(t, store)
	secret := identity.New(identity.APIKey)
	hash, err := passwords.Hash(t.Context(), secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	key := &repo.APIKey{
		Name: "partner", Scope: "track:write reports:read", SecretPrefix: secret.Prefix(), SecretLast4: secret.Last4(), SecretHash: hash, IsActive: true,
	}
	if err := project.CreateAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	return partner{url, map[string]string{
		"API_KEY": secret.Reveal(), "PROJECT_ID": strconv.FormatInt(project.ID, 10), "MICROTRACKER": url,
	}}
}

func TestOrdersAreStreamedOnceAndReported(t *testing.T) {
	t.Parallel()
	p := newPartner(t)
	for _, status := range []string{"ACCEPTED", "DUPLICATE"} {
		var out strings.Builder
		if err := run(t.Context(), []string{"partner", p.url}, func(name string) string { return p.env[name] }, &out); err != nil {
			t.Fatal(err)
		}
		if said := out.String(); strings.Count(said, "RECEIPT_STATUS_"+status) != 3 || !strings.Contains(said, "2 customers, 3 orders") {
			t.Errorf("it said, where all is %s:\n%s", status, said)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	p := newPartner(t)
	for name, want := range map[string]string{"PROJECT_ID": "PROJECT_ID has to be", "API_KEY": "unauthenticated"} {
		env := func(asked string) string {
			if asked == name {
				return ""
			}
			return p.env[asked]
		}
		err := run(t.Context(), []string{"partner", p.url}, env, t.Output())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v, want an error with %q", name, err, want)
		}
	}
}

// TestTheDocumentedCallsWork runs the shell blocks of docs/api/README.md as they are written, each after the one before, and
// sees that each answers with what is shown below it: the same fields, whatever their values.
func TestTheDocumentedCallsWork(t *testing.T) {
	t.Parallel()
	p := newPartner(t)
	page, err := os.ReadFile("../../docs/api/README.md")
	if err != nil {
		t.Fatal(err)
	}
	calls := regexp.MustCompile("(?s)```sh\n(.*?)```\n+```json\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(calls) < 5 {
		t.Fatalf("the page shows %d calls with their answers", len(calls))
	}
	for _, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", call[1])
		cmd.Env = os.Environ()
		for name, value := range p.env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		output, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%v:\n%s\n%s", err, call[1], output)
			continue
		}
		var got, want any
		if err := json.Unmarshal(output, &got); err != nil {
			t.Errorf("%s\nanswers what is no JSON: %s", call[1], output)
			continue
		}
		if err := json.Unmarshal([]byte(call[2]), &want); err != nil {
			t.Errorf("the page shows what is no JSON: %s", call[2])
			continue
		}
		for _, lack := range lacks("", got, want) {
			t.Errorf("%s\nlacks %s in its answer:\n%s", call[1], lack, output)
		}
	}
}

// lacks names the paths of want that got does not have, with the kind of value that want has there.
func lacks(path string, got, want any) []string {
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		var missing []string
		for key, value := range want {
			inner, has := object[key]
			if !has {
				missing = append(missing, path+"."+key)
				continue
			}
			missing = append(missing, lacks(path+"."+key, inner, value)...)
		}
		return missing
	case []any:
		list, ok := got.([]any)
		if !ok || (len(want) > 0 && len(list) == 0) {
			return []string{path + "[]"}
		}
		if len(want) == 0 {
			return nil
		}
		return lacks(path+"[0]", list[0], want[0])
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			return []string{path}
		}
		return nil
	}
}
