//go:build !linux

package repotest

import (
	"os/exec"
	"strconv"
	"strings"
)

// processName is the name or path of a process's program.
func processName(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return string(out), err
}

// processStart is when a process started, to the second.
func processStart(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	return strings.NewReplacer(" ", "-", ":", "-").Replace(strings.TrimSpace(string(out))), err
}
