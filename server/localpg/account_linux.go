package localpg

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
)

const (
	// The capabilities' numbers in linux/capability.h.
	capDACOverride   = 1
	capDACReadSearch = 2
	// From linux/prctl.h and linux/securebits.h.
	prSetSecurebits      = 28
	securebitNoSetuidFix = 1 << 2
)

// bypassCapabilities are sets that let an account past directories closed to it, the narrowest first.
func bypassCapabilities() [][]uintptr {
	return [][]uintptr{{capDACReadSearch}, {capDACOverride}}
}

// attributes starts a program as the account, in a session of its own. Ambient capabilities survive the
// change of user and are inherited by what PostgreSQL starts in turn.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true, AmbientCaps: a.capabilities}
	if a.other {
		attributes.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attributes
}

// start begins a prepared program. Without a capability that is cmd.Start.
//
// With one, the kernel's secure bit "no setuid fixup" goes with it. Otherwise the change of user clears the
// capability until the exec, which must already pass the closed directories; and access(2), by which initdb
// looks for its programs, ignores the capabilities of everybody but root. The exec drops all capabilities but
// the one given. A thread's secure bits pass to its children; the thread that carries them ends here, because
// its goroutine ends while locked to it.
func (a account) start(cmd *exec.Cmd) error {
	if len(a.capabilities) == 0 {
		return cmd.Start()
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSecurebits, securebitNoSetuidFix, 0)
		if errno != 0 {
			started <- fmt.Errorf("keep a capability for %s: %w", cmd.Path, errno)
			return
		}
		started <- cmd.Start()
	}()
	return <-started
}
