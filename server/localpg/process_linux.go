package localpg

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// isPostmasterOf reports whether a process is the server of this folder: its arguments name the data directory, or,
// should they spell it otherwise, it works there. Root in a container may often not see where others work.
func isPostmasterOf(pid int, f folder) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if args, err := os.ReadFile(filepath.Join(proc, "cmdline")); err == nil &&
		bytes.Contains(args, []byte("\x00-D\x00"+f.data()+"\x00")) {
		return true
	}
	works, err := os.Stat(filepath.Join(proc, "cwd"))
	if err != nil {
		return false
	}
	data, err := os.Stat(f.data())
	return err == nil && os.SameFile(works, data)
}

// isZombie reports whether a process has ended without its parent having asked how. A container's first
// process often never asks.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	// The state follows the program's name, which is in brackets and may itself hold some.
	_, state, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	return bytes.HasPrefix(state, []byte("Z"))
}
