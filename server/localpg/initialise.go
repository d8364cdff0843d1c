package localpg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// initialise makes the server's files beside their final place and moves them there in one step, so that a
// kill at any moment leaves either nothing or a whole server.
func initialise(ctx context.Context, cfg Config, f folder) (_ metadata, err error) {
	began := time.Now()
	in, err := choose(ctx, cfg.BinDir, f.data(), 0)
	if err != nil {
		return metadata{}, err
	}
	cfg.Logger.InfoContext(ctx, "initialising a local PostgreSQL, this happens once", "major", in.Major, "dir", f.base())

	making, err := os.MkdirTemp(string(f), initPrefix)
	if err != nil {
		return metadata{}, fmt.Errorf("make a folder for the new PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(making)
		}
	}()
	meta := newMetadata(in.Major)
	if err := fill(ctx, cfg, in, meta, making); err != nil {
		return metadata{}, err
	}

	// os.Rename does not replace a directory, even an empty one; Remove removes no other.
	_ = os.Remove(f.base())
	if err := os.Rename(making, f.base()); err != nil {
		return metadata{}, fmt.Errorf("move the new PostgreSQL into place: %w", err)
	}
	if err := syncDir(string(f)); err != nil {
		return metadata{}, fmt.Errorf("move the new PostgreSQL into place: %w", err)
	}
	cfg.Logger.InfoContext(ctx, "initialised the local PostgreSQL", "took", time.Since(began).Round(time.Millisecond))
	return meta, nil
}

// fill makes the content of the folder making: our mark first, so that it may be cleared away if we are
// killed, then the data directory with the database in it.
func fill(ctx context.Context, cfg Config, in Installation, meta metadata, making string) error {
	if err := os.Chmod(making, dirMode()); err != nil {
		return fmt.Errorf("open the new PostgreSQL folder to its account: %w", err)
	}
	if err := meta.write(making); err != nil {
		return err
	}
	data := filepath.Join(making, "data")
	runner, err := chooseAccount(data)
	if err != nil {
		return err
	}
	if runner, err = runner.reachable(ctx, in, making); err != nil {
		return err
	}
	password := filepath.Join(making, "password")
	if err := os.WriteFile(password, []byte(meta.Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the new password: %w", err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	for _, path := range []string{password, data} {
		if err := runner.give(path); err != nil {
			return fmt.Errorf("give the data directory to the account of PostgreSQL: %w", err)
		}
	}

	initdb := runner.command(ctx, in.program("initdb"), making, initdbArguments(cfg, in, meta, data, password)...)
	if err := runTool(runner, initdb); err != nil {
		return fmt.Errorf("initialise the data directory: %w", err)
	}
	if err := os.Remove(password); err != nil {
		return fmt.Errorf("remove the password file: %w", err)
	}
	// In single-user mode no port is open yet, and no database driver is needed.
	create := runner.command(ctx, in.program("postgres"), making,
		"--single", "-D", data, "-c", "exit_on_error=true", "-c", "log_checkpoints=off", "postgres")
	create.Stdin = strings.NewReader("CREATE DATABASE " + meta.Database + "\n")
	if err := runTool(runner, create); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// initdbArguments ask for UTF-8 text that sorts by code point, the same on every machine and for ever: the
// order of an operating system's locales changes between releases and breaks indexes.
func initdbArguments(cfg Config, in Installation, meta metadata, data, password string) []string {
	args := []string{
		"-D", data, "-U", meta.User, "--pwfile", password,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums", "--no-instructions",
	}
	switch {
	case in.Major >= 17:
		args = append(args, "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C")
	case runtime.GOOS == "linux":
		args = append(args, "--locale", "C.UTF-8")
	default: // without that locale; upper and lower case then know only ASCII
		args = append(args, "--locale", "C")
	}
	if cfg.Ephemeral {
		args = append(args, "--no-sync")
	}
	return args
}

// runTool runs a program to its end; the error quotes the last of what it said.
func runTool(runner account, cmd *exec.Cmd) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// A child that outlives a killed program must not keep us waiting for its output.
	cmd.WaitDelay = 5 * time.Second
	if err := runner.run(cmd); err != nil {
		said := output.Bytes()
		said = said[max(0, len(said)-logTail):]
		return fmt.Errorf("%w, saying: %s", err, bytes.TrimSpace(said))
	}
	return nil
}
