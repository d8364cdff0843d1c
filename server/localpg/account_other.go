//go:build !linux

package localpg

import (
	"os/exec"
	"syscall"
)

// bypassCapabilities is empty: only Linux splits root's power.
func bypassCapabilities() [][]uintptr { return nil }

// attributes starts a program as the account, in a session of its own.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if a.other {
		attributes.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attributes
}

// start begins a prepared program.
func (a account) start(cmd *exec.Cmd) error { return cmd.Start() }
