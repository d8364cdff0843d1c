package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is who PostgreSQL runs as. It refuses to run as root, so root hands it to somebody else. The zero
// value is ourselves.
type account struct {
	other    bool
	uid, gid uint32
	// capabilities are Linux capabilities by number, given to the other account; see reachable.
	capabilities []uintptr
}

// chooseAccount takes the owner of the data directory when there is one already, since PostgreSQL insists on
// owning it.
func chooseAccount(data string) (account, error) {
	uid, gid, err := owner(data)
	exists := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return account{}, fmt.Errorf("find the owner of the data directory: %w", err)
	}
	if os.Geteuid() != 0 {
		if exists && int(uid) != os.Geteuid() {
			return account{}, fmt.Errorf("the data in %s belongs to the user with id %d: "+
				"start as root or as that user, or choose another folder", data, uid)
		}
		return account{}, nil
	}
	if exists && uid != 0 {
		return account{other: true, uid: uid, gid: gid}, nil
	}
	// initdb insists on an account with a name.
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		if found, err := lookUp(name); err == nil {
			return found, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and this machine has neither a user postgres " +
		"nor nobody: make one, start as an ordinary user, or set DATABASE_URL")
}

// lookUp finds an account by its name; it refuses one with root's power.
func lookUp(name string) (account, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return account{}, err
	}
	uid, uidErr := strconv.ParseInt(found.Uid, 10, 64) // macOS gives nobody the id -2
	gid, gidErr := strconv.ParseInt(found.Gid, 10, 64)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return account{}, err
	}
	if uid == 0 {
		return account{}, errors.New("the user " + name + " is root")
	}
	return account{other: true, uid: uint32(uid), gid: uint32(gid)}, nil
}

func owner(path string) (uid, gid uint32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, errors.New("the file system does not tell owners")
	}
	return stat.Uid, stat.Gid, nil
}

// reachable returns the account with what it needs to get at the programs and at dir, or says that it cannot.
//
// A clone below /root, which has mode 0700, is closed to every other account, and we must not loosen somebody's
// directories. There the account receives the capability to search and read past permission bits, and where
// root itself lacks that (as in a container with Docker's default set) the wider one to ignore them. PostgreSQL's
// superuser can then read any file, so it is a last resort, tried only after running without. A user namespace
// that maps root's files to another id would do no better, the files being root's still, and containers usually
// forbid making one; a bind mount elsewhere needs more privilege than either capability.
func (a account) reachable(ctx context.Context, in Installation, dir string) (account, error) {
	if !a.other {
		return a, nil
	}
	var problem error
	for _, capabilities := range append([][]uintptr{nil}, bypassCapabilities()...) {
		a.capabilities = capabilities
		err := a.run(a.command(ctx, in.program("postgres"), dir, "-V"))
		if err == nil {
			return a, nil
		}
		if problem == nil {
			problem = err
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and the user with id %d reaches not both %s and %s: "+
		"start as an ordinary user, or move both to a place that everybody may enter: %w", a.uid, in.BinDir, dir, problem)
}

// give makes a file or directory of ours the account's.
func (a account) give(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// command prepares a PostgreSQL program, to be begun with start, in a session of its own: a Ctrl-C in the terminal must reach us alone,
// so that requests finish before the database stops.
func (a account) command(ctx context.Context, path, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, environment(), a.attributes()
	// The session's id is the program's: end its children with it.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// run runs a prepared program to its end.
func (a account) run(cmd *exec.Cmd) error {
	if err := a.start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// environment leaves out the PG* variables, which steer every PostgreSQL program, and our own secrets.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
