//go:build !linux

package localpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// isPostmasterOf reports whether a process is the server of this folder: its arguments name the data directory.
func isPostmasterOf(pid int, f folder) bool {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), " -D "+f.data()+" ")
}

// isZombie reports whether a process has ended without its parent having asked how.
func isZombie(pid int) bool {
	out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}
